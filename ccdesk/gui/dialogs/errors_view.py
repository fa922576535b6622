"""The error messages of a run, each naming the customer; to copy or to save as CSV."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QAbstractItemView, QDialog, QVBoxLayout, QWidget

from ccdesk.core.runs import Entry, Outcome, Run
from ccdesk.gui import formats
from ccdesk.gui.columns import ERROR_COLUMNS
from ccdesk.gui.components.messages import Notice
from ccdesk.gui.components.table_models import PagedModel, Source
from ccdesk.gui.components.table_view import PagedTable
from ccdesk.gui.components.theme import Tone
from ccdesk.gui.components.widgets import button, label, row
from ccdesk.gui.context import Context
from ccdesk.gui.dialogs.files import choose_csv
from ccdesk.gui.export_csv import all_errors, to_clipboard, write_errors
from ccdesk.gui.translation import marked, plural, say

EMPTY = (marked("No errors"), marked("Every person in this run has an outcome without an error."))


class ErrorsDialog(QDialog):
    """Lists the errors of one run."""

    def __init__(self, context: Context, run: Run, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context, self._run = context, run
        self.setObjectName("dlg_errors")
        self.setWindowTitle(say("Errors"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(860, 460)
        desk = context.desk
        source = Source(
            fetch=lambda offset, limit: desk.entries(
                run.id, outcome=Outcome.ERROR, offset=offset, limit=limit
            ),
            count=lambda: desk.entry_count(run.id, outcome=Outcome.ERROR),
        )
        self.model = PagedModel(context.tasks, ERROR_COLUMNS, source, self)
        self.table = PagedTable("tbl_errors", self.model, EMPTY)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.table.setAccessibleName(say("Error messages"))
        self.table.show_whole_texts()
        self.notice = Notice("notice_errors")
        self._lay_out()
        self.model.load_failed.connect(self.notice.show_error)
        self.model.refresh()

    def _lay_out(self) -> None:
        kind = formats.kind_words(self._run)
        head = f"{kind}, {formats.long_date(self._run.started_at)}"
        tip = say("Copy the selected messages, or all")
        self.btn_copy = button(say("&Copy"), "btn_errors_copy", self._copy, icon="copy", tip=tip)
        self.btn_export = button(say("&Export CSV…"), "btn_errors_export", self._choose_file, icon="save")
        self.btn_close = button(say("C&lose"), "btn_errors_close", self.accept)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(22, 18, 22, 16)
        layout.setSpacing(12)
        errors = plural("{n} errors", "{n} error", self._run.error_count)
        layout.addWidget(label(errors, "title", name="lbl_errors_title"))
        layout.addWidget(label(head, "muted"))
        layout.addWidget(self.notice)
        layout.addWidget(self.table, 1)
        layout.addLayout(row(self.btn_copy, self.btn_export, None, self.btn_close))
        self.table.setFocus()

    @Slot()
    def _copy(self) -> None:
        chosen = [self.model.row_at(index) for index in self.table.selectionModel().selectedRows()]
        if chosen:
            self._put_on_clipboard(chosen)
            return
        desk, run_id = self._context.desk, self._run.id
        self._context.tasks.run(
            self,
            lambda: list(all_errors(desk, run_id)),
            done=self._put_on_clipboard,
            failed=self.notice.show_error,
            key="copy",
        )

    def _put_on_clipboard(self, entries: list[Entry]) -> None:
        QGuiApplication.clipboard().setText(to_clipboard(entries))
        copied = plural("{n} messages copied", "{n} message copied", len(entries))
        self.notice.show_text(Tone.GOOD, copied)

    @Slot()
    def _choose_file(self) -> None:
        choose_csv(self, say("Export errors"), f"ccdesk-errors-{self._run.id}.csv", self.export_to)

    @Slot(str)
    def export_to(self, name: str) -> None:
        """Write all errors of the run to this file."""
        desk, run_id, target = self._context.desk, self._run.id, Path(name)
        self._context.tasks.run(
            self,
            lambda: write_errors(desk, run_id, target),
            done=lambda written: self.notice.show_text(
                Tone.GOOD, plural("{n} messages saved", "{n} message saved", written), str(target)
            ),
            failed=self.notice.show_error,
            key="export",
        )
