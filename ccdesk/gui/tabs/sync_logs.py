"""Sync Logs: every run, with its contacts and errors."""

from __future__ import annotations

from PySide6.QtCore import Slot

from ccdesk.core.runs import Run
from ccdesk.gui import formats
from ccdesk.gui.columns import RUN_COLUMNS
from ccdesk.gui.components.table_models import PagedModel, Source
from ccdesk.gui.components.table_view import PagedTable
from ccdesk.gui.components.widgets import button, label, row
from ccdesk.gui.context import Context
from ccdesk.gui.dialogs.errors_view import ErrorsDialog
from ccdesk.gui.dialogs.run_view import RunDialog
from ccdesk.gui.tabs.base import Tab, page_layout

EMPTY = (
    "No runs yet",
    "Go to the Sync tab, select To Constant Contact and click Sync Contacts to export your customers.",
)


class SyncLogsTab(Tab):
    """All runs, newest first."""

    help_part = "logs"

    def __init__(self, context: Context) -> None:
        super().__init__("tab_sync_logs", context)
        desk = context.desk
        source = Source(
            fetch=lambda offset, limit: desk.runs(offset=offset, limit=limit),
            count=desk.run_count,
            key=lambda run: run.id,
        )
        self.model = PagedModel(context.tasks, RUN_COLUMNS, source, self)
        self.table = PagedTable("tbl_logs", self.model, EMPTY)
        self.table.setAccessibleName("All runs")
        self.lbl_count = label("", "muted", name="lbl_logs_count", wrap=False)
        self.btn_refresh = button("&Refresh", "btn_logs_refresh", self.refresh, icon="refresh")
        self.btn_view = button("&View…", "btn_logs_view", self._view_chosen)
        self.btn_errors = button("Show &Errors…", "btn_logs_errors", self._errors_of_chosen)
        self._lay_out()
        self.table.link_activated.connect(self._on_link)
        self.table.row_activated.connect(self._open_run)
        self.table.row_chosen.connect(self._on_chosen)
        self.model.refreshed.connect(self._on_refreshed)
        self.model.load_failed.connect(self.show_error)
        context.bridge.started.connect(self._on_news)
        context.bridge.progressed.connect(self._on_news)
        context.bridge.finished.connect(self._on_news)
        context.bridge.failed.connect(self._on_news)
        self._on_chosen(None)

    def _lay_out(self) -> None:
        layout = page_layout(self)
        layout.setSpacing(10)
        layout.addWidget(self.notice)
        layout.addLayout(row(self.lbl_count, None, self.btn_refresh))
        layout.addWidget(self.table, 1)
        layout.addLayout(row(self.btn_view, self.btn_errors, None))

    def refresh(self) -> None:
        """Read the runs anew."""
        self.model.refresh()

    @Slot()
    def _on_refreshed(self) -> None:
        total = self.model.total
        self.lbl_count.setText(formats.count(total, "run") if total else "")

    @Slot(object)
    def _on_chosen(self, run: Run | None) -> None:
        self.btn_view.setEnabled(run is not None)
        self.btn_errors.setEnabled(run is not None and run.error_count > 0)

    @Slot(object)
    @Slot(object, object)
    def _on_news(self, *_: object) -> None:
        self.model.refresh()

    @Slot(object, str)
    def _on_link(self, run: Run, _column: str) -> None:
        self._open_errors(run)

    @Slot()
    def _view_chosen(self) -> None:
        run = self.table.chosen()
        if run is not None:
            self._open_run(run)

    @Slot()
    def _errors_of_chosen(self) -> None:
        run = self.table.chosen()
        if run is not None:
            self._open_errors(run)

    @Slot(object)
    def _open_run(self, run: Run) -> None:
        RunDialog(self.context, run, self.window()).open()

    def _open_errors(self, run: Run) -> None:
        ErrorsDialog(self.context, run, self.window()).open()
