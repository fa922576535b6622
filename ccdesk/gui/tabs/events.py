"""Events: the queue of customer changes, its next run time, and what needs a person."""

from __future__ import annotations

from itertools import pairwise

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QCheckBox

from ccdesk.core.errors import Busy, CcdeskError
from ccdesk.core.runs import EventStatus, Run, RunKind
from ccdesk.gui import formats
from ccdesk.gui.columns import EVENT_COLUMNS, Queued
from ccdesk.gui.components.split import Split
from ccdesk.gui.components.table_models import PagedModel, Source
from ccdesk.gui.components.table_view import PagedTable
from ccdesk.gui.components.theme import Tone
from ccdesk.gui.components.widgets import button, disable, label, row
from ccdesk.gui.context import Context
from ccdesk.gui.dialogs.find_person import find_person
from ccdesk.gui.dialogs.run_view import RunDialog
from ccdesk.gui.tabs.base import Tab, page_layout
from ccdesk.gui.tabs.event_pane import EventPane, run_of, was_tried
from ccdesk.gui.translation import marked, plural, say
from ccdesk.gui.watch import Snapshot

EMPTY = (
    marked("No events are waiting"),
    marked(
        "Click Refresh to look for customer changes in Kibo. They stay here until a run has processed them."
    ),
)
RETRYABLE = (EventStatus.PARKED, EventStatus.RETRY)
AT_WORK = {
    RunKind.EXPORT: marked("An export is running"),
    RunKind.EVENTS: marked("Customer changes are being synced"),
    RunKind.INBOUND: marked("A check for unsubscribes is running"),
    RunKind.FULL_COMPARE: marked("The daily comparison is running"),
    RunKind.UNDO: marked("A run is being undone"),
}
ELSEWHERE = marked("Another program is working on the same data")
REFRESH = marked("&Refresh")
LOOKING = marked("Asking Kibo…")
SYNC_TIP = marked("Send the changes that wait to Constant Contact now")
NOT_ENABLED = marked("Enable the application on the Info tab first")

NO_RUN = (
    marked("No run is known that dealt with this event"),
    marked("Runs are kept for a limited time: this one may be gone."),
)
PANE_HEIGHT = 168  # pixels
WAITS_AGAIN = (
    marked("The event waits again"),
    marked("It is tried once the application is enabled."),
)
WAIT_AGAIN = (
    marked("The events wait again"),
    marked("They are tried once the application is enabled."),
)


class EventsTab(Tab):
    """The event grid of the seed; beneath it what is known of the entry chosen."""

    help_part = "events"

    def __init__(self, context: Context) -> None:
        super().__init__("tab_events", context)
        self._enabled, self._parked = False, 0
        self._look_later = False  # somebody asked for a look while something else was at work
        self.lbl_next = label(formats.next_run(None), name="lbl_events_next")
        self.btn_refresh = button(say(REFRESH), "btn_events_refresh", self._look, icon="refresh")
        self.btn_process = button(say("S&ync changes now"), "btn_events_process", self._process, icon="sync")
        self.chk_processed = QCheckBox(say("Show pro&cessed"))
        self.chk_processed.setObjectName("chk_events_processed")
        self.chk_processed.toggled.connect(self._on_show_processed)
        self.lbl_parked = label("", "problem", name="lbl_events_parked", wrap=False)
        self.model = PagedModel(context.tasks, EVENT_COLUMNS, self._source(), self)
        self.table = PagedTable("tbl_events", self.model, EMPTY)
        self.table.setAccessibleName(say("Event queue"))
        self.table.horizontalHeader().moveSection(4, 2)  # beside the customer's id
        self.retry_action = self.table.offer(say("Re&try"), "act_event_retry", self._retry)
        self.table.offer(say("&Why…"), "act_event_why", self._why)
        self.run_action = self.table.offer(say("Open R&un…"), "act_event_run", self._open_run)
        tip = say("Try this event again now")
        self.btn_retry = button(say("Re&try"), "btn_event_retry", self._retry, tip=tip)
        tip = say("Try everything again that needs your attention, or waits for its next try")
        self.btn_retry_all = button(say("Retry &all"), "btn_events_retry_all", self._retry_all, tip=tip)
        tip = say("Why this customer is on the list or not")
        self.btn_why = button(say("&Why…"), "btn_event_why", self._why, tip=tip)
        tip = say("Show the run that dealt with this event last")
        self.btn_run = button(say("Open R&un…"), "btn_event_run", self._open_run, tip=tip)
        self.pane = EventPane(self.btn_why, self.btn_run, self.btn_retry)
        self.split = Split("split_events", say("Size of the details"), self.table, self.pane, PANE_HEIGHT)
        self._lay_out()
        self.table.row_chosen.connect(self._on_chosen)
        self.model.load_failed.connect(self.show_error)
        self.model.refreshed.connect(self._show_state)
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
        layout.addWidget(self.notice)
        head = row(self.lbl_next, self.btn_process, self.btn_refresh)
        head.setStretch(0, 1)
        layout.addLayout(head)
        layout.addWidget(self.split, 1)
        layout.addLayout(row(self.chk_processed, None, self.lbl_parked, self.btn_retry_all, spacing=10))
        pane = (self.btn_why, self.btn_run, self.btn_retry, self.pane.who, self.pane.detail)
        chain = (self.table, self.split.handle(1), *pane, self.chk_processed, self.btn_retry_all)
        for one, other in pairwise((self.btn_process, self.btn_refresh, *chain)):
            self.setTabOrder(one, other)

    def _source(self) -> Source:
        desk, processed = self.context.desk, self.chk_processed.isChecked()

        def fetch(offset: int, limit: int) -> list[Queued]:
            events = desk.events(include_processed=processed, offset=offset, limit=limit)
            emails = desk.emails_of({event.object_id for event in events})
            return [Queued(event, emails.get(event.object_id) or event.email) for event in events]

        return Source(
            fetch=fetch,
            count=lambda: desk.event_count(include_processed=processed),
            key=lambda queued: queued.event.event_id,
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
        self._enabled, self._parked = snapshot.status.enabled, snapshot.status.parked
        status = snapshot.status
        self.lbl_next.setText(formats.next_run(status.next_runs.get(RunKind.EVENTS), enabled=status.enabled))
        self.lbl_parked.setText(formats.parked(snapshot.status.parked))
        self._show_state()
        self._look_now()

    @Slot()
    def _show_state(self) -> None:
        pending = self.context.monitor.is_pending(RunKind.EVENTS)
        self.btn_process.setEnabled(self._enabled and not pending)
        self.btn_process.setToolTip(say(SYNC_TIP if self._enabled else NOT_ENABLED))
        waits = any(queued.event.status in RETRYABLE for queued in self.model.loaded_rows)
        self.btn_retry_all.setVisible(self._parked > 0 or waits)
        self.btn_retry_all.setEnabled(not pending)
        self.split.show_lower(self.model.rowCount() > 0)  # without events there is nothing to choose

    @Slot(object)
    def _on_chosen(self, queued: Queued | None) -> None:
        can_retry = queued is not None and queued.event.status in RETRYABLE
        self.btn_retry.setEnabled(can_retry)
        self.retry_action.setEnabled(can_retry)
        self.btn_why.setEnabled(queued is not None)
        tried = queued is not None and was_tried(queued.event)
        self.btn_run.setEnabled(tried)
        self.run_action.setEnabled(tried)
        self.pane.show_event(queued)

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
        self.btn_refresh.setText(say(LOOKING))
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
        what = say(AT_WORK[kind] if kind is not None else ELSEWHERE)
        self.notice.show_text(
            Tone.NEUTRAL, say("{what}; the queue is looked at when it ends").format(what=what)
        )

    @Slot()
    def _look_now(self) -> None:
        """Do the look that was put off, once nothing is at work any more as far as is known."""
        snapshot = self.context.watch.snapshot
        elsewhere = snapshot is not None and bool(snapshot.status.running)
        if self._look_later and self.context.monitor.kind is None and not elsewhere:
            self._look()

    def _free_refresh(self) -> None:
        self.btn_refresh.setEnabled(True)
        self.btn_refresh.setText(say(REFRESH))

    def _on_looked(self, new: int) -> None:
        self._free_refresh()
        if new:
            self.notice.show_text(Tone.NEUTRAL, plural("{n} new events found", "{n} new event found", new))
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
        queued = self.table.chosen()
        if queued is None:
            return
        desk, event_id = self.context.desk, queued.event.event_id
        disable(self.btn_retry, self.table)
        self.context.tasks.run(
            self,
            lambda: desk.retry_event(event_id),
            done=lambda _: self._on_retried(1),
            failed=self._on_not_retried,
        )

    @Slot()
    def _retry_all(self) -> None:
        disable(self.btn_retry_all, self.table)
        self.context.tasks.run(
            self, self.context.desk.retry_all_events, done=self._on_retried, failed=self._on_not_retried
        )

    def _on_not_retried(self, error: CcdeskError) -> None:
        self._show_state()
        self._on_chosen(self.table.chosen())
        self.show_failure(error)

    def _on_retried(self, retried: int) -> None:
        many = retried != 1
        if self._enabled:
            self.context.monitor.request(RunKind.EVENTS)
        else:
            title, text = WAIT_AGAIN if many else WAITS_AGAIN
            self.notice.show_text(Tone.NEUTRAL, say(title), say(text))
        self.refresh()

    @Slot()
    def _why(self) -> None:
        """Say why the customer of the event chosen is on the list or not."""
        queued = self.table.chosen()
        if queued is not None:
            find_person(self.context, self.window(), str(queued.event.object_id))

    @Slot()
    def _open_run(self) -> None:
        """Open the run that dealt with the event chosen; which one that is, is looked up."""
        queued = self.table.chosen()
        if queued is None or not was_tried(queued.event):
            return
        desk, event = self.context.desk, queued.event
        self.context.tasks.run(
            self, lambda: run_of(desk, event), done=self._on_run, failed=self.show_failure, key="run"
        )

    def _on_run(self, run: Run | None) -> None:
        if run is not None:
            RunDialog(self.context, run, self.window()).open()
        else:
            title, text = NO_RUN
            self.notice.show_text(Tone.NEUTRAL, say(title), say(text))
