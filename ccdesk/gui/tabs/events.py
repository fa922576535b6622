"""Events: the queue of customer changes, its next run time, and what needs a person."""

from __future__ import annotations

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QCheckBox

from ccdesk.core.errors import Busy, CcdeskError
from ccdesk.core.runs import EventStatus, QueuedEvent, RunKind
from ccdesk.gui import formats
from ccdesk.gui.columns import EVENT_COLUMNS, EVENT_ICONS, event_words
from ccdesk.gui.components.icons import IconLabel
from ccdesk.gui.components.table_models import PagedModel, Source
from ccdesk.gui.components.table_view import PagedTable
from ccdesk.gui.components.theme import Tone
from ccdesk.gui.components.widgets import button, disable, label, row
from ccdesk.gui.context import Context
from ccdesk.gui.tabs.base import Tab, page_layout
from ccdesk.gui.watch import Snapshot

EMPTY = (
    "No events are waiting",
    "Click Refresh to look for customer changes in Kibo. They stay here until a run has processed them.",
)
HINT = "Select an event to read more about it."
RETRYABLE = (EventStatus.PARKED, EventStatus.RETRY)
AT_WORK = {
    RunKind.EXPORT: "An export is running",
    RunKind.EVENTS: "Customer changes are being synced",
    RunKind.INBOUND: "A check for unsubscribes is running",
    RunKind.FULL_COMPARE: "The daily comparison is running",
    RunKind.UNDO: "A run is being undone",
}
REFRESH = "&Refresh"
LOOKING = "Asking Kibo…"
SYNC_TIP = "Send the changes that wait to Constant Contact now"
NOT_ENABLED = "Enable the application on the Info tab first"


class EventsTab(Tab):
    """The event grid of the seed; below it, the chosen entry in words."""

    help_part = "events"

    def __init__(self, context: Context) -> None:
        super().__init__("tab_events", context)
        self._enabled = False
        self._look_later = False  # somebody asked for a look while something else was at work
        self.lbl_next = label(formats.next_run(None), name="lbl_events_next", wrap=False)
        self.btn_refresh = button(REFRESH, "btn_events_refresh", self._look, icon="refresh")
        self.btn_process = button("S&ync changes now", "btn_events_process", self._process, icon="sync")
        self.chk_processed = QCheckBox("Show pro&cessed")
        self.chk_processed.setObjectName("chk_events_processed")
        self.chk_processed.toggled.connect(self._on_show_processed)
        self.lbl_parked = label("", "problem", name="lbl_events_parked", wrap=False)
        self.model = PagedModel(context.tasks, EVENT_COLUMNS, self._source(), self)
        self.table = PagedTable("tbl_events", self.model, EMPTY)
        self.table.setAccessibleName("Event queue")
        self.icon = IconLabel("info")
        self.lbl_detail = label(HINT, "muted", name="lbl_event_detail")
        self.btn_retry = button("Re&try", "btn_event_retry", self._retry, tip="Try this event again now")
        self._lay_out()
        self.table.row_chosen.connect(self._on_chosen)
        self.model.load_failed.connect(self.show_error)
        context.watch.changed.connect(self._on_snapshot)
        context.monitor.changed.connect(self._show_state)
        context.monitor.changed.connect(self._look_now)
        context.bridge.progressed.connect(self._on_news)
        context.bridge.finished.connect(self._on_news)
        context.bridge.failed.connect(self._on_news)
        self._on_chosen(None)
        self._show_state()

    def _lay_out(self) -> None:
        layout = page_layout(self)
        layout.setSpacing(10)
        detail = row(self.icon, self.lbl_detail, self.btn_retry, spacing=10)
        detail.setStretch(1, 1)
        layout.addWidget(self.notice)
        layout.addLayout(row(self.lbl_next, None, self.btn_process, self.btn_refresh))
        layout.addWidget(self.table, 1)
        layout.addLayout(detail)
        layout.addLayout(row(self.chk_processed, None, self.lbl_parked))

    def _source(self) -> Source:
        desk, processed = self.context.desk, self.chk_processed.isChecked()
        return Source(
            fetch=lambda offset, limit: desk.events(include_processed=processed, offset=offset, limit=limit),
            count=lambda: desk.event_count(include_processed=processed),
            key=lambda event: event.event_id,
        )

    def refresh(self) -> None:
        """Read the queue anew, without asking Kibo."""
        self.model.refresh()
        self.context.watch.refresh()

    def reload(self) -> None:
        """Do what the Refresh button does."""
        if self.btn_refresh.isEnabled():
            self._look()

    @Slot(object)
    def _on_snapshot(self, snapshot: Snapshot) -> None:
        self._enabled = snapshot.status.enabled
        self.lbl_next.setText(formats.next_run(snapshot.status.next_runs.get(RunKind.EVENTS)))
        self.lbl_parked.setText(formats.parked(snapshot.status.parked))
        self._show_state()
        self._look_now()

    @Slot()
    def _show_state(self) -> None:
        pending = self.context.monitor.is_pending(RunKind.EVENTS)
        self.btn_process.setEnabled(self._enabled and not pending)
        self.btn_process.setToolTip(SYNC_TIP if self._enabled else NOT_ENABLED)

    @Slot(object)
    def _on_chosen(self, event: QueuedEvent | None) -> None:
        self.btn_retry.setEnabled(event is not None and event.status in RETRYABLE)
        if event is None:
            self.icon.show_icon("info")
            self.lbl_detail.setText(HINT)
        else:
            self.icon.show_icon(*EVENT_ICONS[event.status])
            self.lbl_detail.setText(f"Customer {event.object_id}: {event_words(event)}")

    @Slot(bool)
    def _on_show_processed(self, _on: bool) -> None:
        self.model.show_source(self._source())

    @Slot(object)
    @Slot(object, object)
    def _on_news(self, *_: object) -> None:
        self.model.refresh()

    @Slot()
    def _look(self) -> None:
        """Ask Kibo what has changed; this only queues (seed: Refresh)."""
        if self.context.monitor.kind is not None:
            self._put_off()
            return
        self._look_later = False
        disable(self.btn_refresh, self.table)
        self.btn_refresh.setText(LOOKING)
        self.notice.clear()
        self.context.tasks.run(
            self,
            self.context.desk.look_for_events,
            done=self._on_looked,
            failed=self._on_look_failed,
            key="look",
        )

    def _put_off(self) -> None:
        """Say that something else is at work, and look when it has ended."""
        self._look_later = True
        kind = self.context.monitor.kind
        what = AT_WORK[kind] if kind is not None else "Another program is working on the same data"
        self.notice.show_text(Tone.NEUTRAL, f"{what}; the queue is looked at when it ends")

    @Slot()
    def _look_now(self) -> None:
        """Do the look that was put off, once nothing is at work any more as far as is known."""
        snapshot = self.context.watch.snapshot
        elsewhere = snapshot is not None and bool(snapshot.status.running)
        if self._look_later and self.context.monitor.kind is None and not elsewhere:
            self._look()

    def _free_refresh(self) -> None:
        self.btn_refresh.setEnabled(True)
        self.btn_refresh.setText(REFRESH)

    def _on_looked(self, new: int) -> None:
        self._free_refresh()
        if new:
            self.notice.show_text(Tone.NEUTRAL, f"{formats.count(new, 'new event')} found")
        else:
            self.notice.clear()
        self.refresh()

    def _on_look_failed(self, error: CcdeskError) -> None:
        self._free_refresh()
        if isinstance(error, Busy):
            self._put_off()
        else:
            self.show_failure(error)
        self.refresh()

    @Slot()
    def _process(self) -> None:
        self.context.monitor.request(RunKind.EVENTS)

    @Slot()
    def _retry(self) -> None:
        event = self.table.chosen()
        if event is None:
            return
        desk, event_id = self.context.desk, event.event_id
        disable(self.btn_retry, self.table)
        self.context.tasks.run(
            self, lambda: desk.retry_event(event_id), done=self._on_retried, failed=self.show_failure
        )

    def _on_retried(self, _: object) -> None:
        if self._enabled:
            self.context.monitor.request(RunKind.EVENTS)
        else:
            self.notice.show_text(
                Tone.NEUTRAL, "The event waits again", "It is tried once the application is enabled."
            )
        self.refresh()
