"""Saving what support needs into one file: what goes in is shown before anything is written (design §8)."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QDate, Qt, QUrl, Slot
from PySide6.QtWidgets import QCheckBox, QDialog, QFormLayout, QLineEdit, QSpinBox, QVBoxLayout, QWidget

from ccdesk.core.bundles import USUAL_DAYS, Made, Wanted, contents
from ccdesk.core.errors import CcdeskError
from ccdesk.gui.components.bullets import Bullets
from ccdesk.gui.components.messages import Notice
from ccdesk.gui.components.theme import Tone
from ccdesk.gui.components.widgets import button, disable, label, row
from ccdesk.gui.context import Context
from ccdesk.gui.dialogs.files import choose_zip
from ccdesk.gui.dialogs.once import open_once
from ccdesk.gui.translation import marked, plural, say

INTRO = marked(
    "This writes one file with what support needs to see what happened and to play it back on their own "
    "computer. Nothing is sent anywhere: you decide who gets the file."
)
_LONGEST = 3650  # days
_FIELD_HEIGHT = 32
_TEXT_MARGIN = 9  # as in other fields; padding by the style sheet has no effect here


def save_diagnostics(context: Context, parent: QWidget) -> DiagnosticsDialog:
    """Show what would go in, and ask where to save it."""
    return open_once(DiagnosticsDialog, parent, lambda: DiagnosticsDialog(context, parent))


class DiagnosticsDialog(QDialog):
    """What goes into a bundle, and where it is saved."""

    def __init__(self, context: Context, parent: QWidget) -> None:
        super().__init__(parent)
        self._context = context
        self.setObjectName("dlg_diagnostics")
        self.setWindowTitle(say("Save Diagnostics"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(600, 570)
        self.contents = Bullets("diagnostics_contents")
        self.spn_days = QSpinBox()
        self.spn_days.setObjectName("spn_days")
        self.spn_days.setRange(1, _LONGEST)
        self.spn_days.setValue(USUAL_DAYS)
        self.spn_days.setSuffix(say(" days"))
        self.spn_days.setMinimumHeight(_FIELD_HEIGHT)
        self.spn_days.lineEdit().setTextMargins(_TEXT_MARGIN, 0, _TEXT_MARGIN, 0)
        self.spn_days.setAccessibleName(say("How many days back"))
        self.txt_person = QLineEdit()
        self.txt_person.setObjectName("txt_person")
        self.txt_person.setPlaceholderText(say("Everybody, or an email or customer id"))
        self.txt_person.setAccessibleName(say("Only what is about one person"))
        self.chk_plain = QCheckBox(say("Include &emails as they are"))
        self.chk_plain.setObjectName("chk_plain")
        self.chk_plain.setToolTip(
            say("Only if support asks for it: the file then holds your customers' emails.")
        )
        self.chk_plain.toggled.connect(self._show_contents)
        self.notice = Notice("notice_diagnostics")
        self.btn_save = button(say("&Save…"), "btn_save_bundle", self._choose, primary=True)
        self.btn_save.setDefault(True)
        self.btn_close = button(say("&Close"), "btn_diagnostics_close", self.reject)
        self._lay_out()
        self._show_contents()

    def _lay_out(self) -> None:
        form = QFormLayout()
        for words, field in (
            (say("&Of the last"), self.spn_days),
            (say("Only a&bout"), self.txt_person),
        ):
            caption = label(words, wrap=False)
            caption.setMinimumHeight(_FIELD_HEIGHT)  # else it stands above the middle of its field
            caption.setBuddy(field)
            form.addRow(caption, field)
        form.addRow("", self.chk_plain)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 20, 24, 18)
        layout.setSpacing(14)
        layout.addWidget(label(say(INTRO)))
        layout.addWidget(label(say("What goes in"), "label"))
        layout.addWidget(self.contents)
        layout.addLayout(form)
        layout.addStretch(1)
        layout.addWidget(self.notice)
        layout.addLayout(row(None, self.btn_close, self.btn_save))

    @Slot()
    def _show_contents(self) -> None:
        self.contents.show_texts([say(one) for one in contents(self.chk_plain.isChecked())])

    @Slot()
    def _choose(self) -> None:
        today = QDate.currentDate().toString(Qt.DateFormat.ISODate)
        choose_zip(self, say("Save Diagnostics"), f"ccdesk-diagnostics-{today}.zip", self._save)

    def _save(self, chosen: str) -> None:
        self.save_to(Path(chosen))

    def save_to(self, out: Path) -> None:
        """Write the bundle to a file; one of that name is written over."""
        save = self._context.save_bundle
        if save is None:
            return
        wanted = Wanted(
            self.txt_person.text().strip(), self.spn_days.value(), self.chk_plain.isChecked(), over=True
        )
        disable(self.btn_save, self.btn_close)
        self.btn_save.setText(say("Saving…"))
        self._context.tasks.run(self, lambda: save(out, wanted), done=self._saved, failed=self._failed)

    @Slot(object)
    def _saved(self, made: Made) -> None:
        self._ready()
        runs = len(made.runs)
        again = plural("Support can play back {n} runs.", "Support can play back {n} run.", runs)
        others = len(made.only_shown)
        shown = plural("{n} runs can only be looked at.", "{n} run can only be looked at.", others)
        self.notice.show_text(
            Tone.GOOD,
            say("Saved: {file}").format(file=made.path.name),
            " ".join([*([again] if runs else []), *([shown] if others else [])]),
            say("Show &Folder"),
            lambda: self._show_folder(made.path),
        )

    @Slot(object)
    def _failed(self, error: CcdeskError) -> None:
        self._ready()
        self.notice.show_error(error)

    def _ready(self) -> None:
        self.btn_save.setText(say("&Save…"))
        self.btn_save.setEnabled(True)

    def _show_folder(self, path: Path) -> None:
        self._context.open_url(QUrl.fromLocalFile(str(path.parent)).toString())
