"""Help › Licences: what ccdesk is made of, and the texts under which it may be used."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QFontDatabase
from PySide6.QtWidgets import (
    QDialog,
    QListWidget,
    QListWidgetItem,
    QPlainTextEdit,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from ccdesk import licences
from ccdesk.gui.components.messages import Notice
from ccdesk.gui.components.widgets import button, label, row
from ccdesk.gui.context import Context
from ccdesk.gui.dialogs.once import open_once
from ccdesk.gui.translation import marked, say
from ccdesk.licences import Licence

_INTRO = marked("ccdesk is made of these parts. Each is used under its own licence; choose one to read it.")
_TEXT = "text"  # key of the task that reads one


def show_licences(context: Context, parent: QWidget) -> LicencesDialog:
    """Show what ccdesk is made of."""
    return open_once(LicencesDialog, parent, lambda: LicencesDialog(context, parent))


class LicencesDialog(QDialog):
    """The parts on the left, the text of the chosen one on the right; both are read from the disk beside."""

    def __init__(self, context: Context, parent: QWidget) -> None:
        super().__init__(parent)
        self._context = context
        self.setObjectName("dlg_licences")
        self.setWindowTitle(say("Licences"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(940, 600)
        self.lst_parts = QListWidget()
        self.lst_parts.setObjectName("lst_parts")
        self.lst_parts.setAccessibleName(say("Parts of ccdesk"))
        self.lst_parts.currentItemChanged.connect(self._read)
        self.txt_licence = QPlainTextEdit()
        self.txt_licence.setObjectName("txt_licence")
        self.txt_licence.setAccessibleName(say("Text of the licence"))
        self.txt_licence.setReadOnly(True)
        self.txt_licence.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.lbl_part = label(name="lbl_part")
        self.notice = Notice("notice_licences")
        self._lay_out()
        context.tasks.run(self, licences.find_all, done=self._fill, failed=self.notice.show_error)

    def _lay_out(self) -> None:
        right = QWidget()
        text = QVBoxLayout(right)
        text.setContentsMargins(0, 0, 0, 0)
        text.addWidget(self.lbl_part)
        text.addWidget(self.txt_licence, 1)
        split = QSplitter()
        split.setChildrenCollapsible(False)
        split.addWidget(self.lst_parts)
        split.addWidget(right)
        split.setSizes([230, 710])
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 20, 24, 18)
        layout.setSpacing(14)
        layout.addWidget(label(say(_INTRO)))
        layout.addWidget(split, 1)
        layout.addWidget(self.notice)
        layout.addLayout(row(None, button(say("&Close"), "btn_licences_close", self.reject)))

    @Slot(object)
    def _fill(self, parts: tuple[Licence, ...]) -> None:
        for part in parts:
            item = QListWidgetItem(part.name)
            item.setData(Qt.ItemDataRole.UserRole, part)
            item.setToolTip(part.title)
            self.lst_parts.addItem(item)
        self.lst_parts.setCurrentRow(0)
        self.lst_parts.setFocus(Qt.FocusReason.OtherFocusReason)

    @Slot(QListWidgetItem, QListWidgetItem)
    def _read(self, item: QListWidgetItem | None) -> None:
        if item is None:
            return
        part: Licence = item.data(Qt.ItemDataRole.UserRole)
        self.lbl_part.setText(part.title)
        show = partial(self._show, part)
        self._context.tasks.run(self, part.text, done=show, failed=self.notice.show_error, key=_TEXT)

    def _show(self, part: Licence, text: str) -> None:
        self.txt_licence.setPlainText(text or say("{part} brings no text of its own.").format(part=part.name))
