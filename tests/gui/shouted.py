"""Finds texts of the window that are not translated.

While a `Shouting` translator is installed (the fixture `shouting`), everything that goes through it stands in
⟦…⟧, but for the values that are filled in. What stands outside is data, or was forgotten: `unsaid` names it.
"""

import re
from collections import defaultdict

from PySide6.QtCore import Qt, QTranslator
from PySide6.QtGui import QAction
from PySide6.QtWidgets import (
    QAbstractButton,
    QComboBox,
    QGroupBox,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QTableView,
    QTabWidget,
    QWidget,
)

from ccdesk.gui.components.whole_text import WholeText

VALUE = re.compile(r"(\{[^{}]*\})")
SAID = re.compile(r"⟦[^⟦⟧]*⟧")
LETTERS = re.compile(r"[^\W\d_]")
MONTHS = (
    "January|February|March|April|May|June|July|August|September|October|November|December"  # as the seed has
)
# What is the same in every language: names, addresses, and dates as the seed writes them.
NAMES = re.compile(
    r"Kibo eCommerce|Kibo|Constant Contact|ccdesk"
    r"|https?://\S+|\S+@\S+|(?<!\w)/[\w./-]+"
    rf"|(?:{MONTHS}) \d+(?:st|nd|rd|th)(?: \d{{4}})?|\d+:\d\d(?::\d\d)? ?(?:[ap]m|[AP]M)"
    r"|</?p\b[^>]*>"  # what keeps a tooltip plain
)


class Shouting(QTranslator):
    """A language in which every text is its English one, in brackets around all but the values."""

    def translate(self, context, text, comment=None, n=-1):
        parts = VALUE.split(text)
        return "".join(part if VALUE.fullmatch(part) or not part else f"⟦{part}⟧" for part in parts)


def left_over(text, data=()):
    """Return what of a text is neither translated nor data."""
    while SAID.search(text):
        text = SAID.sub(" ", text)
    for known in sorted(data, key=len, reverse=True):
        text = text.replace(known, " ")
    return NAMES.sub(" ", text)


def unsaid(root, data=()):
    """Return the texts of a widget and all it holds, hidden ones too, that are not translated, by place.

    `data`: pieces that may stand there as they are, such as names that came from a service.
    """
    found = defaultdict(list)
    for one in [root, *root.findChildren(QWidget), *root.findChildren(QAction)]:
        for what, text in texts_of(one):
            if LETTERS.search(left_over(text, data)):
                found[f"{one.objectName() or type(one).__name__}: {what}"].append(text)
    return dict(found)


def texts_of(one):
    """Yield what a widget or an action shows or tells, as (kind, text)."""
    yield "tooltip", one.toolTip()
    if isinstance(one, QAction):
        yield "text", one.text()
        return
    yield "title", one.windowTitle()
    yield "accessible name", one.accessibleName()
    yield "accessible description", one.accessibleDescription()
    if isinstance(one, QLabel | QAbstractButton):
        yield "text", one.text()
    if isinstance(one, QGroupBox):
        yield "title", one.title()
    if isinstance(one, WholeText):
        yield "text", one.text()
    if isinstance(one, QLineEdit | QPlainTextEdit | QComboBox):
        yield "placeholder", one.placeholderText()
    if isinstance(one, QComboBox):
        yield from (("item", one.itemText(place)) for place in range(one.count()))
    if isinstance(one, QTabWidget):
        yield from (("tab", one.tabText(place)) for place in range(one.count()))
    if isinstance(one, QTableView) and one.model() is not None:
        yield from _texts_of_table(one.model())


def _texts_of_table(model):
    roles = {"cell": Qt.ItemDataRole.DisplayRole, "cell's tooltip": Qt.ItemDataRole.ToolTipRole}
    for column in range(model.columnCount()):
        yield "head", str(model.headerData(column, Qt.Orientation.Horizontal) or "")
        for row in range(min(model.rowCount(), 50)):
            for what, role in roles.items():
                yield what, str(model.index(row, column).data(role) or "")
