"""The help window: the guide for staff (`docs/guide.md`, or `guide.de.md` beside it), with a search."""

from __future__ import annotations

import re
from collections.abc import Callable

from PySide6.QtCore import Qt, QUrl, Slot
from PySide6.QtGui import QKeySequence, QShortcut, QTextCursor, QTextDocument
from PySide6.QtWidgets import QDialog, QLineEdit, QTextBrowser, QVBoxLayout, QWidget

from ccdesk.gui import assets
from ccdesk.gui.components.theme import scheme
from ccdesk.gui.components.widgets import button, label, row
from ccdesk.gui.translation import language, marked, say

_ENGLISH = "guide.md"
_TIP = marked("One file for support, in which nobody can be recognised")


class HelpDialog(QDialog):
    """Shows the guide beside the window; it does not stop the work."""

    def __init__(
        self,
        parent: QWidget | None = None,
        *,
        save_diagnostics: Callable[[], object] | None = None,
        show_licences: Callable[[], object] | None = None,
        show_about: Callable[[], object] | None = None,
        check_for_updates: Callable[[], object] | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("dlg_help")
        self.setWindowTitle(say("Help: Constant Contact Settings"))
        self.setModal(False)
        self.resize(720, 560)
        self._build()
        close = button(say("C&lose"), "btn_help_close", self.hide)
        more = []
        if save_diagnostics is not None:
            save = say("Save &diagnostics…")
            more.append(button(save, "btn_diagnostics", save_diagnostics, tip=say(_TIP)))
        if show_licences is not None:
            more.append(button(say("L&icences…"), "btn_licences", show_licences))
        if show_about is not None:
            more.append(button(say("&About ccdesk…"), "btn_about", show_about))
        if check_for_updates is not None:
            more.append(button(say("Check for &updates…"), "btn_updates", check_for_updates))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(18, 18, 18, 14)
        layout.addLayout(row(self.search, self.lbl_found, self.btn_next))
        layout.addWidget(self.browser)
        layout.addLayout(row(*more, None, close))
        self._fill()

    def _build(self) -> None:
        self.browser = QTextBrowser()
        self.browser.setObjectName("txt_help")
        self.browser.setAccessibleName(say("Help text"))
        self.browser.setOpenLinks(False)
        self.browser.anchorClicked.connect(self._on_link)
        self.browser.document().setDocumentMargin(14)
        self.search = QLineEdit()
        self.search.setObjectName("inp_help_search")
        self.search.setPlaceholderText(say("Search this guide"))
        self.search.setAccessibleName(say("Search this guide"))
        self.search.setClearButtonEnabled(True)
        self.search.textChanged.connect(self._on_typed)
        self.search.returnPressed.connect(self._find_next)
        self.lbl_found = label(role="muted", name="lbl_help_found", wrap=False)
        self.btn_next = button(say("&Next"), "btn_help_next", self._find_next)
        self.btn_next.setEnabled(False)
        find = QShortcut(QKeySequence(QKeySequence.StandardKey.Find), self)
        find.activated.connect(self.search.setFocus)

    def show_part(self, anchor: str) -> None:
        """Show the guide at a part of it: an English heading in lower case, with hyphens between its words.

        In every language the parts are the same, in the same order.
        """
        self._fill()
        self.show()
        self.raise_()
        self.activateWindow()
        here = dict(zip(_parts(assets.text(_ENGLISH)), _parts(_guide()), strict=False))
        self._go_to(here.get(anchor, ""))
        self.browser.setFocus(Qt.FocusReason.OtherFocusReason)

    def _fill(self) -> None:
        document = self.browser.document()
        link = scheme(self.palette()).colours["link"]
        document.setDefaultStyleSheet(f"a {{ color: {link}; }}")
        features = QTextDocument.MarkdownFeature.MarkdownDialectGitHub
        document.setMarkdown(_guide(), features)
        self.browser.moveCursor(QTextCursor.MoveOperation.Start)

    # going to a place

    @Slot(QUrl)
    def _on_link(self, url: QUrl) -> None:
        self._go_to(url.fragment())

    def _go_to(self, anchor: str) -> None:
        block = self.browser.document().begin()
        while anchor and block.isValid():
            if block.blockFormat().headingLevel() and _slug(block.text()) == anchor:
                top = self.browser.document().documentLayout().blockBoundingRect(block).top()
                self.browser.verticalScrollBar().setValue(int(top))
                return
            block = block.next()

    # searching

    @Slot(str)
    def _on_typed(self, text: str) -> None:
        """Show the first place from the top that has what is typed."""
        wanted = text.strip()
        self.btn_next.setEnabled(bool(wanted))
        self.browser.moveCursor(QTextCursor.MoveOperation.Start)
        found = bool(wanted) and self.browser.find(wanted)
        self.lbl_found.setText("" if found or not wanted else say("Not found"))

    @Slot()
    def _find_next(self) -> None:
        """Show the next place, and after the last one the first again."""
        wanted = self.search.text().strip()
        if wanted and not self.browser.find(wanted):
            self._on_typed(wanted)


def _guide() -> str:
    """Return the guide in the window's language, in English where nobody has written it."""
    name = f"guide.{language()}.md"
    return assets.text(name if assets.path(name).is_file() else _ENGLISH)


def _parts(guide: str) -> list[str]:
    """Return the names of all headings of a guide."""
    return [_slug(heading) for heading in re.findall(r"^#+ (.*)$", guide, re.MULTILINE)]


def _slug(heading: str) -> str:
    """Return the name under which a heading is linked to."""
    return re.sub(r"\W+", "-", heading.strip().lower()).strip("-")
