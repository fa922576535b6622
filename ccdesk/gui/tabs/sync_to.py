"""Sync › To Constant Contact: what an export does, the button, its progress, and the last result."""

from __future__ import annotations

from PySide6.QtCore import QTimer, Signal, Slot
from PySide6.QtWidgets import QWidget

from ccdesk.core.errors import CcdeskError
from ccdesk.core.runs import Progress, Run, RunKind, RunStatus
from ccdesk.gui import formats
from ccdesk.gui.columns import run_icon
from ccdesk.gui.components.plain import one_line
from ccdesk.gui.components.step_line import StepLine
from ccdesk.gui.components.widgets import Badge, Card, button, label, row
from ccdesk.gui.context import Context
from ccdesk.gui.dialogs.errors_view import ErrorsDialog
from ccdesk.gui.dialogs.preview_view import PreviewDialog
from ccdesk.gui.dialogs.question import ask
from ccdesk.gui.dialogs.run_view import RunDialog
from ccdesk.gui.dialogs.words import first_export
from ccdesk.gui.tabs.base import scrolling
from ccdesk.gui.tabs.progress_box import ProgressBox, how_far
from ccdesk.gui.tasks import Refresher
from ccdesk.gui.translation import marked, plural, say
from ccdesk.gui.watch import Snapshot
from ccdesk.service.api import Desk
from ccdesk.service.preview import Preview

EXPLAIN = marked(
    "Exports all customers who have opted in to marketing to your contact list. Before you start creating "
    "your email campaigns, you must do an initial export. People who unsubscribed in Constant Contact, were "
    "deleted there, or left the list are not added again."
)
CONTINUED = marked("Continued from an earlier export.")
LOADING = marked("Loading…")
NOT_READ = marked("It could not be read.")
PREVIEW = marked("Preview: nothing is changed.")
NO_EXPORT = marked("No export has been done yet.")
LAST_EXPORT = marked("Last export")


class ResultCard(Card):
    """The last export; with its steps, if it was done in this window."""

    def __init__(self, context: Context) -> None:
        super().__init__(name=say(LAST_EXPORT))
        self._context = context
        self.run: Run | None = None
        self.badge = Badge()
        self.badge.setObjectName("last_export_state")
        self.date = label(role="muted", name="lbl_last_export_date", wrap=False)
        self.words = label(name="lbl_last_export")
        self.line = StepLine("steps_last_export")
        self.btn_view = button(say("&View…"), "btn_last_export_view", self._view)
        self.btn_errors = button(say("Show &Errors…"), "btn_last_export_errors", self._errors)
        self.body.addLayout(row(label(say(LAST_EXPORT), "title", wrap=False), self.badge, self.date, None))
        self.body.addWidget(self.words)
        self.body.addWidget(self.line)
        self.body.addLayout(row(self.btn_view, self.btn_errors, None))
        self.show_run(None)
        self.words.setText(say(LOADING))  # until it has been read, nothing is known

    def show_run(self, run: Run | None) -> None:
        """Show a run, or that there was none."""
        self.run = run
        for part in (self.badge, self.date, self.btn_view):
            part.setVisible(run is not None)
        self.btn_errors.setVisible(run is not None and run.error_count > 0)
        steps = self._context.monitor.steps.last.get(RunKind.EXPORT)
        self.line.show_steps(
            steps if run is not None and steps is not None and steps.run_id == run.id else None
        )
        if run is None:
            self.words.setText(say(NO_EXPORT))
            return
        self.badge.show_state(formats.status_words(run), *run_icon(run))
        self.date.setText(formats.long_date(run.started_at))
        summary = formats.summary(run, plural("{n} contacts", "{n} contact", run.total_contacts))
        said = formats.run_words(run)
        self.words.setText(f"{said}\n{summary}" if said else summary)

    def show_unread(self) -> None:
        """Say that it could not be read, unless it was before."""
        if self.run is None:
            self.words.setText(say(NOT_READ))

    @Slot()
    def _view(self) -> None:
        if self.run is not None:
            RunDialog(self._context, self.run, self.window()).open()

    @Slot()
    def _errors(self) -> None:
        if self.run is not None:
            ErrorsDialog(self._context, self.run, self.window()).open()


def earlier(desk: Desk, run_id: int) -> Run | None:
    """Return the run that this one goes on from, if it is known (in the background)."""
    run = desk.get_run(run_id)
    return desk.get_run(run.resumes) if run is not None and run.resumes is not None else None


def _not_needed(_: object) -> None:
    """Do without: the words shown meanwhile are true without the date."""


class ToPage(QWidget):
    """Starts and shows exports."""

    failed = Signal(object)  # CcdeskError
    go_to = Signal(str)
    list_missing = Signal()
    not_started = Signal()

    def __init__(self, context: Context) -> None:
        super().__init__()
        self.setObjectName("page_to_cc")
        self._context = context
        self._snapshot: Snapshot | None = None
        self._saving = self._wanted = False  # settings are being saved, and an export was asked for meanwhile
        self._to_cancel = False  # the keyboard was on a button that an export has switched off
        self._continued: int | None = None  # the run under way whose origin is shown
        self.facts = label(role="muted", name="lbl_sync_facts")
        self.btn_sync = button(say("&Sync Contacts"), "btn_sync_contacts", self._on_sync, primary=True)
        tip = say("Show what an export would do; nothing is changed")
        self.btn_preview = button(say("&Preview"), "btn_sync_preview", self._on_preview, tip=tip)
        self.btn_cancel = button(say("&Cancel"), "btn_sync_cancel", context.monitor.cancel)
        self.progress = ProgressBox()
        self._second = QTimer(self, interval=1_000)  # the time passed is shown while something runs
        self._second.timeout.connect(self._show_state)
        self.result = ResultCard(context)
        self._lay_out()
        desk = context.desk
        self._last = Refresher(
            context.tasks,
            lambda: desk.runs(kind=RunKind.EXPORT, limit=1),
            done=lambda runs: self.result.show_run(runs[0] if runs else None),
            failed=self._on_unread,
            parent=self,
        )
        context.watch.changed.connect(self._on_snapshot)
        context.monitor.changed.connect(self._show_state)
        context.bridge.finished.connect(self._on_finished)
        context.bridge.failed.connect(self._on_failed)
        context.bridge.tried_out.connect(self._on_tried_out)
        context.bridge.not_tried_out.connect(self._on_not_tried_out)
        self._show_state()

    def _lay_out(self) -> None:
        card = Card(say("To Constant Contact"))
        card.body.addWidget(label(say(EXPLAIN)))
        card.body.addWidget(self.facts)
        card.body.addLayout(row(self.btn_sync, self.btn_preview, self.btn_cancel, None))
        card.body.addWidget(self.progress)
        layout = scrolling(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(card)
        layout.addWidget(self.result)
        layout.addStretch(1)

    def refresh(self) -> None:
        """Read the last export anew."""
        self._last.poke()

    def _on_unread(self, error: CcdeskError) -> None:
        self.result.show_unread()
        self.failed.emit(error)

    @Slot(object)
    def _on_snapshot(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        name = one_line(snapshot.status.contact_list or snapshot.settings.contact_list)
        members = snapshot.status.in_sync
        if name:
            facts = [say("List: “{name}”").format(name=name)]
            if members:
                facts.append(plural("{n} customers in sync", "{n} customer in sync", members))
            self.facts.setText(" · ".join(facts))
        else:
            self.facts.setText(say("No list has been chosen yet: choose one on the Settings tab first."))
        self._show_state()

    @Slot()
    def _on_sync(self) -> None:
        snapshot = self._snapshot
        if snapshot is None:
            return
        if self._saving:
            self._wanted = True
            self._show_state()
        elif not snapshot.settings.contact_list:
            self.go_to.emit("list")
            self.list_missing.emit()
        elif not snapshot.first_export_done:
            ask(first_export(snapshot.settings.contact_list), self.window(), yes=self._start)
        else:
            self._start()

    @Slot()
    def _on_preview(self) -> None:
        if self._snapshot is not None and not self._snapshot.settings.contact_list:
            self.go_to.emit("list")
            self.list_missing.emit()
        else:
            self._context.monitor.try_out(RunKind.EXPORT)

    @Slot(object)
    def _on_tried_out(self, preview: Preview) -> None:
        """Show what the export would do, unless it was stopped."""
        if preview.run.kind is not RunKind.EXPORT or self._context.monitor.preview_of:
            return  # an undo's, or the first day's: shown where it was asked for
        if preview.run.status is RunStatus.CANCELLED:
            self._context.tasks.run(self, preview.close)
            return
        dialog = PreviewDialog(self._context, preview, self.window())
        dialog.accepted.connect(self._on_sync)
        dialog.open()

    @Slot(object, object)
    def _on_not_tried_out(self, kind: RunKind, error: CcdeskError) -> None:
        if kind is RunKind.EXPORT and not self._context.monitor.preview_of:
            self.failed.emit(error)

    @Slot()
    def on_save_began(self) -> None:
        """Let an export wait for the settings that are being saved: they may name its list."""
        self._saving = True
        self._show_state()

    @Slot(bool)
    def on_save_ended(self, well: bool) -> None:
        """Do the export that was asked for meanwhile, or say that it was not done."""
        wanted, self._saving, self._wanted = self._wanted, False, False
        self._show_state()
        if wanted and well:
            self._snapshot = self._context.watch.snapshot
            self._on_sync()
        elif wanted:
            self.not_started.emit()

    @Slot()
    def _start(self) -> None:
        self._context.monitor.request(RunKind.EXPORT)

    @Slot()
    def _show_state(self) -> None:
        monitor = self._context.monitor
        running, pending = monitor.kind, monitor.is_pending(RunKind.EXPORT) or self._wanted
        trying = monitor.previewing or monitor.waits_for_preview(RunKind.EXPORT)
        had_focus = self.btn_sync.hasFocus()
        self.btn_sync.setEnabled(self._snapshot is not None and not pending)
        busy = pending or trying or self._saving  # the settings being saved may name its list
        self.btn_preview.setEnabled(self._snapshot is not None and not busy)
        self.btn_cancel.setVisible(running is not None)
        self.btn_cancel.setEnabled(running is not None and not monitor.stopping)
        self._keep_keyboard(left=had_focus and pending)
        self.btn_cancel.setText(say("Stopping…") if monitor.stopping else say("&Cancel"))
        self._second.start() if running is not None else self._second.stop()
        if running is not None or pending or trying:
            self._show_progress(pending=pending, trying=trying)
            self.progress.show()
        else:
            self._show_last_changes()

    def _show_last_changes(self) -> None:
        """Show how the last sync of changes went, where one was done in this window."""
        steps = self._context.monitor.steps.last.get(RunKind.EVENTS)
        self._show_origin(None)
        if steps is not None:
            self.progress.show_ended(steps)
        self.progress.setVisible(steps is not None)

    def _show_progress(self, *, pending: bool, trying: bool) -> None:
        """Show the run under way, or what an export or a preview that was asked for waits for."""
        monitor, progress = self._context.monitor, self.progress
        running = monitor.kind
        if monitor.previewing:
            progress.show_origin(say(PREVIEW))
        else:
            self._show_origin(monitor.progress if running is RunKind.EXPORT else None)
        progress.show_time(monitor.seconds)
        progress.show_steps(monitor.steps.now if running is not None else None)
        if monitor.stopping:
            stands = "" if monitor.previewing else say("What was done so far stands.")
            progress.show_words(say("Stopping…"), stands)
        elif running is RunKind.EXPORT:
            progress.show_run(monitor.progress, monitor.seconds_to_next_try)
        elif running is not None:
            kind = say(formats.KIND_WORDS[running])
            waits = self._what_waits(pending=pending, trying=trying)
            progress.show_words(say("Another run is in progress: {kind}").format(kind=kind), waits)
        elif self._wanted:
            progress.show_words(
                say("Your settings are being saved"), say("The export starts when that is done.")
            )
        else:
            progress.show_words(say("Waiting to start…"))

    def _what_waits(self, *, pending: bool, trying: bool) -> str:
        """Return what waits for another run to end; with nothing waiting, how far that one is."""
        monitor = self._context.monitor
        if trying:
            return say("The preview starts when it has ended.")
        if pending:
            return say("The export starts when it has ended.")
        if monitor.progress is None:
            return ""
        phase = say(monitor.progress.phase)
        return " · ".join(
            part for part in (phase, how_far(monitor.progress, monitor.seconds_to_next_try)) if part
        )

    def _keep_keyboard(self, *, left: bool) -> None:
        """Lead the keyboard from the button that starts an export to the one that stops it."""
        self._to_cancel = self._to_cancel or left
        if self._to_cancel and self.btn_cancel.isVisible() and self.btn_cancel.isEnabled():
            self._to_cancel = False
            self.btn_cancel.setFocus()

    def _show_origin(self, progress: Progress | None) -> None:
        """Say which run this one goes on from; its date is looked up once."""
        run_id = progress.run_id if progress is not None and progress.continued else None
        if run_id == self._continued:
            if run_id is None:
                self.progress.show_origin("")  # after a preview
            return
        self._continued = run_id
        self.progress.show_origin(say(CONTINUED) if run_id is not None else "")
        if run_id is not None:
            desk = self._context.desk
            self._context.tasks.run(
                self, lambda: earlier(desk, run_id), done=self._on_earlier, failed=_not_needed, key="earlier"
            )

    def _on_earlier(self, run: Run | None) -> None:
        if run is not None and self._continued is not None:
            began = formats.long_date(run.started_at)
            self.progress.show_origin(
                say("Continued from the export of {date}. What was sent then is not sent again.").format(
                    date=began
                )
            )

    @Slot(object)
    def _on_finished(self, run: Run) -> None:
        if run.kind is RunKind.EXPORT:
            self.result.show_run(run)

    @Slot(object, object)
    def _on_failed(self, kind: RunKind, _error: CcdeskError) -> None:
        if kind is RunKind.EXPORT:  # one that waits for a person's word has a row in the log, too
            self.refresh()
