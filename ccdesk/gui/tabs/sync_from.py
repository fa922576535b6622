"""Sync › From Constant Contact: the next run time, the run under way, and the runs as the seed shows them."""

from __future__ import annotations

from PySide6.QtCore import QTimer, Signal, Slot
from PySide6.QtWidgets import QWidget

from ccdesk.core.runs import Run, RunKind
from ccdesk.gui import formats
from ccdesk.gui.columns import INBOUND_COLUMNS
from ccdesk.gui.components.table_models import PagedModel, Source
from ccdesk.gui.components.table_view import PagedTable
from ccdesk.gui.components.widgets import button, label, row
from ccdesk.gui.context import Context
from ccdesk.gui.dialogs.run_view import RunDialog
from ccdesk.gui.tabs.base import page_layout
from ccdesk.gui.tabs.progress_box import ProgressBox
from ccdesk.gui.translation import marked, say
from ccdesk.gui.watch import Snapshot

EMPTY = (
    marked("Nothing has been fetched yet"),
    marked("Once the application is enabled on the Info tab, opt-outs are fetched every 30 minutes."),
)
TABLE_LEAST = 110  # pixels: what is under way stands above it in the lowest window, too
NOT_ENABLED = marked("Enable the application on the Info tab first")


class FromPage(QWidget):
    """Shows the inbound runs."""

    failed = Signal(object)  # CcdeskError

    def __init__(self, context: Context) -> None:
        super().__init__()
        self.setObjectName("page_from_cc")
        self._context = context
        self._enabled = False
        self.lbl_next = label(formats.next_run(None), name="lbl_inbound_next", wrap=False)
        self.btn_now = button(
            say("Check for u&nsubscribes now"), "btn_inbound_now", self._on_now, icon="sync"
        )
        self.progress = ProgressBox("inbound")
        self._second = QTimer(self, interval=1_000)  # the time passed is shown while one runs
        self._second.timeout.connect(self._show_progress)
        desk = context.desk
        source = Source(
            fetch=lambda offset, limit: desk.runs(kind=RunKind.INBOUND, offset=offset, limit=limit),
            count=lambda: desk.run_count(kind=RunKind.INBOUND),
            key=lambda run: run.id,
        )
        self.model = PagedModel(context.tasks, INBOUND_COLUMNS, source, self)
        self.table = PagedTable("tbl_inbound", self.model, EMPTY)
        self.table.setAccessibleName(say("Runs from Constant Contact"))
        self.table.setMinimumHeight(TABLE_LEAST)
        self.table.link_activated.connect(self._open)
        self.table.row_activated.connect(self._open)
        self.model.load_failed.connect(self.failed)
        layout = page_layout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(10)
        layout.addLayout(row(self.lbl_next, None, self.btn_now))
        layout.addWidget(self.progress)
        layout.addWidget(self.table, 1)
        context.watch.changed.connect(self._on_snapshot)
        context.monitor.changed.connect(self._show_state)
        context.bridge.started.connect(self._on_news)
        context.bridge.progressed.connect(self._on_news)
        context.bridge.finished.connect(self._on_news)
        context.bridge.failed.connect(self._on_news)
        self._show_state()

    def refresh(self) -> None:
        """Read the runs anew."""
        self.model.refresh()

    @Slot(object)
    def _on_snapshot(self, snapshot: Snapshot) -> None:
        self._enabled = snapshot.status.enabled
        status = snapshot.status
        self.lbl_next.setText(formats.next_run(status.next_runs.get(RunKind.INBOUND), enabled=status.enabled))
        self._show_state()

    @Slot()
    def _show_state(self) -> None:
        pending = self._context.monitor.is_pending(RunKind.INBOUND)
        self.btn_now.setEnabled(self._enabled and not pending)
        tip = say("Ask Constant Contact for unsubscribes now") if self._enabled else say(NOT_ENABLED)
        self.btn_now.setToolTip(tip)
        self._show_progress()

    @Slot()
    def _show_progress(self) -> None:
        """Show the run under way, or the steps of the last one that was done in this window."""
        monitor = self._context.monitor
        running = monitor.kind is RunKind.INBOUND and not monitor.previewing
        last = monitor.steps.last.get(RunKind.INBOUND)
        self._second.start() if running else self._second.stop()
        if running:
            self.progress.show_run(monitor.progress, monitor.seconds_to_next_try)
            self.progress.show_steps(monitor.steps.now)
            self.progress.show_time(monitor.seconds)
        elif last is not None:
            self.progress.show_ended(last)
        self.progress.setVisible(running or last is not None)

    @Slot()
    def _on_now(self) -> None:
        self._context.monitor.request(RunKind.INBOUND)

    @Slot(object)
    @Slot(object, object)
    def _on_news(self, *_: object) -> None:
        self.model.refresh()

    @Slot(object)
    @Slot(object, str)
    def _open(self, run: Run, _column: str = "") -> None:
        RunDialog(self._context, run, self.window()).open()
