"""What several tabs show of the whole: the snapshot of the status, and the run that is under way."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from ccdesk.core.drift import Chosen
from ccdesk.core.errors import CcdeskError, LoginNeeded, ProxyRefused, Refused, StoreError, Unreachable
from ccdesk.core.runs import Progress, Run, RunKind, RunStatus, Trigger
from ccdesk.core.settings import Settings
from ccdesk.gui.steps import StepsOfRuns
from ccdesk.gui.sync_thread import LoopBridge, LoopControl
from ccdesk.gui.tasks import Refresher, Tasks
from ccdesk.service.api import Connection, ConnectionState, Desk, Status
from ccdesk.service.needs_you import Need, NeedKind
from ccdesk.service.preview import Preview
from ccdesk.service.status import OF_CONNECTIONS, connection_needs

LOOK_AGAIN_MS = 20_000  # the command line may work on the same data
SLOW_MS = 3_000  # so long without an answer is said
VAULT_SLOW_MS = 1_500
FINE = (ConnectionState.CONNECTED, ConnectionState.UNKNOWN)  # as far as is known without asking


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Status, settings and what has been done, read together.

    A `quick` one was read without the keyring, so what it says of the connections is what was remembered.
    While `unanswered`, the services are being asked and have not answered for a while.
    """

    status: Status
    settings: Settings
    fixed: frozenset[str]
    first_export_done: bool
    quick: bool = False
    unanswered: bool = False

    @property
    def kibo_ready(self) -> bool:
        """True when Kibo is connected, or was and has not been asked just now."""
        return self.status.kibo.state in FINE

    @property
    def logged_in(self) -> bool:
        """True when Constant Contact is connected, or was and has not been asked just now."""
        return self.status.constant_contact.state in FINE


class Watch(QObject):
    """Keeps the snapshot fresh: `check` asks both services, `refresh` reads what is remembered.

    What the services said when asked stays on show until they are asked again or a run ends well: what is
    remembered without asking knows of no trouble, and would turn a failed connection green again.
    """

    changed = Signal(object)  # Snapshot
    failed = Signal(object)  # CcdeskError
    answered = Signal(object)  # Snapshot: what both services just said
    checking = Signal(bool)
    slow = Signal()  # they have been asked for a while and have not answered
    waiting_for_vault = Signal(bool)  # settings are known; the login and the secret are not yet

    def __init__(self, desk: Desk, tasks: Tasks, bridge: LoopBridge, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._desk, self._tasks = desk, tasks
        self.snapshot: Snapshot | None = None
        self.is_read = False  # whether all that is remembered was read, the vault included
        self.checked_at: datetime | None = None  # when both services were asked last, in this window
        self._asked: Snapshot | None = None  # what the services said last
        self._loop_stopped = self._unanswered = False
        self._near = Refresher(
            tasks, lambda: self._read(live=False), done=self._on_near, failed=self._on_failed, parent=self
        )
        self._live = Refresher(
            tasks, lambda: self._read(live=True), done=self._on_live, failed=self._on_live_failed, parent=self
        )
        self._patience = QTimer(self, singleShot=True)
        self._patience.timeout.connect(self._on_slow)
        self._vault_patience = QTimer(self, singleShot=True)
        self._vault_patience.timeout.connect(self._on_vault_slow)
        self._timer = QTimer(self)
        self._timer.setInterval(LOOK_AGAIN_MS)
        self._timer.timeout.connect(self.refresh)
        bridge.started.connect(self._on_news)
        bridge.finished.connect(self._on_finished)
        bridge.failed.connect(self._on_run_failed)
        bridge.schedule_moved.connect(self.refresh)

    def start(self) -> None:
        """Read now, ask the services too, and look again from time to time.

        What needs no keyring is shown first: its password dialog may be open for a minute.
        """
        desk, tasks = self._desk, self._tasks
        tasks.run(
            self,
            lambda: self._snapshot_of(desk.stored_status(), quick=True),
            done=self._on_quick,
            failed=lambda _: None,  # what follows says the same of the store
            key="quick",
        )
        self._vault_patience.start(VAULT_SLOW_MS)
        self.refresh()
        self.check()
        self._timer.start()

    def stop(self) -> None:
        """Look no more."""
        for timer in (self._timer, self._patience, self._vault_patience):
            timer.stop()

    @Slot()
    def refresh(self) -> None:
        """Read what is remembered, soon."""
        self._near.poke()

    @Slot()
    def check(self) -> None:
        """Ask both services, soon."""
        self.checking.emit(True)
        self._patience.start(SLOW_MS)
        self._live.poke()

    @Slot()
    def _on_slow(self) -> None:
        self._unanswered = True
        self.slow.emit()
        if self.snapshot is not None:
            self._on_read(self.snapshot)

    def _read(self, *, live: bool) -> Snapshot:
        return self._snapshot_of(self._desk.status(live=live))

    def _snapshot_of(self, status: Status, *, quick: bool = False) -> Snapshot:
        return Snapshot(
            quick=quick,
            status=status,
            settings=self._desk.settings(),
            fixed=frozenset(self._desk.fixed_by_environment()),
            first_export_done=self._desk.first_export_done(),
        )

    @Slot(object, object)
    def _on_news(self, *_: object) -> None:
        self.refresh()

    @Slot(object)
    def _on_finished(self, run: Run) -> None:
        """A run tells how the services are, too."""
        if run.failure is not None:
            self._on_run_failed(run.kind, run.failure)
        elif run.status is RunStatus.COMPLETE and self._is_troubled():
            self.check()
        self.refresh()

    @Slot(object, object)
    def _on_run_failed(self, _kind: RunKind, error: CcdeskError) -> None:
        if isinstance(error, Unreachable | Refused | ProxyRefused | LoginNeeded):
            self.check()
        self.refresh()

    def _is_troubled(self) -> bool:
        asked = self._asked
        well = asked is None or (asked.kibo_ready and asked.logged_in and asked.status.kibo_app is not False)
        return not well

    def _on_quick(self, snapshot: Snapshot) -> None:
        if self.snapshot is None:
            self._on_read(snapshot)

    @Slot()
    def _on_vault_slow(self) -> None:
        if self.snapshot is not None and self.snapshot.quick:
            self.waiting_for_vault.emit(True)

    def _vault_answered(self) -> None:
        self._vault_patience.stop()
        self.waiting_for_vault.emit(False)

    def _on_near(self, snapshot: Snapshot) -> None:
        self._vault_answered()
        self.is_read = True
        if self._asked is not None:
            snapshot = with_what_was_said(snapshot, self._asked)
        self._on_read(snapshot)

    @Slot()
    def on_loop_stopped(self) -> None:
        """Show from now on that nothing runs by itself any more in this program."""
        self._loop_stopped = True
        if self.snapshot is not None:
            self._on_read(self.snapshot)

    def _on_read(self, snapshot: Snapshot) -> None:
        if self._loop_stopped:
            snapshot = _with_need(snapshot, Need(NeedKind.LOOP_STOPPED))
        self.snapshot = snapshot = replace(snapshot, unanswered=self._unanswered)
        self.changed.emit(snapshot)

    def _on_live(self, snapshot: Snapshot) -> None:
        self._vault_answered()
        self._asked = snapshot
        self.checked_at = datetime.now(UTC)
        self._end_check()
        self._on_read(snapshot)
        self.answered.emit(snapshot)

    def _end_check(self) -> None:
        if self._live.is_due:
            return  # asked for meanwhile, and not answered yet
        self._patience.stop()
        self._unanswered = False
        self.checking.emit(False)

    def _on_failed(self, error: CcdeskError) -> None:
        self._vault_answered()
        self.failed.emit(error)

    def _on_live_failed(self, error: CcdeskError) -> None:
        self._vault_answered()
        self._end_check()
        self.failed.emit(error)


def _with_need(snapshot: Snapshot, need: Need) -> Snapshot:
    """Return a snapshot with what only this program knows to need a person, named once."""
    needs = tuple(one for one in snapshot.status.needs_you if one.kind is not need.kind)
    return replace(snapshot, status=replace(snapshot.status, needs_you=(need, *needs)))


KIBO_SETTINGS = ("kibo_home_url", "kibo_tenant_url", "kibo_tenant_id", "kibo_app_key")
MAIL_SETTINGS = ("cc_api_url", "cc_auth_url", "cc_client_id")


def with_what_was_said(near: Snapshot, asked: Snapshot) -> Snapshot:
    """Return a snapshot read without asking, with the trouble a service told when it was asked."""

    def same(keys: tuple[str, ...]) -> bool:
        return all(getattr(near.settings, key) == getattr(asked.settings, key) for key in keys)

    def of(now: Connection, then: Connection, keys: tuple[str, ...]) -> Connection:
        if then.error is None or isinstance(then.error, StoreError) or not same(keys):
            return now
        hides_it = now.state in FINE and then.state is ConnectionState.FAILED
        return then if hides_it or (now.state is then.state and now.error is None) else now

    status, said = near.status, asked.status
    app = said.kibo_app if status.kibo_app is None and same(KIBO_SETTINGS) else status.kibo_app
    kibo = of(status.kibo, said.kibo, KIBO_SETTINGS)
    mail = of(status.constant_contact, said.constant_contact, MAIL_SETTINGS)
    needs = (
        *connection_needs(kibo, mail, enabled=status.enabled),
        *(need for need in status.needs_you if need.kind not in OF_CONNECTIONS),
    )
    merged = replace(status, kibo=kibo, constant_contact=mail, kibo_app=app, needs_you=needs)
    return replace(near, status=merged)


class RunMonitor(QObject):
    """Knows which run is under way and which ones somebody asked for in this window.

    `previewing`: the run under way is only tried out.
    """

    changed = Signal()
    failed = Signal(object, object, bool)  # RunKind, CcdeskError, whether this window asked for the run

    def __init__(self, loop: LoopControl, bridge: LoopBridge, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._loop = loop
        self.kind: RunKind | None = None
        self.progress: Progress | None = None
        self.stopping = False
        self.started_at = 0.0  # monotonic seconds, of the run under way
        self.told_at = 0.0  # the same of its last progress
        self.asked: set[RunKind] = set()
        self.previewing = False
        self.preview_of = ""  # who asked for the last preview of an export, where that is not the Sync tab
        self._to_try: set[RunKind] = set()
        self.steps = StepsOfRuns()
        bridge.started.connect(self._on_started)
        bridge.progressed.connect(self._on_progress)
        bridge.finished.connect(self._on_finished)
        bridge.failed.connect(self._on_failed)
        bridge.trying_out.connect(self._on_trying_out)
        bridge.tried_out.connect(self._on_tried_out)
        bridge.not_tried_out.connect(self._on_not_tried_out)

    def try_out(self, kind: RunKind, *, of: str = "") -> None:
        """Have a preview of a run done as soon as possible; `of` is kept as `preview_of`."""
        self.preview_of = of
        self._to_try.add(kind)
        self._loop.try_out(kind)
        self.changed.emit()

    def undo(self, run_id: int) -> None:
        """Have a run undone as soon as possible."""
        self.asked.add(RunKind.UNDO)
        self._loop.undo(run_id)
        self.changed.emit()

    def try_out_undo(self, run_id: int) -> None:
        """Have a preview of undoing a run done as soon as possible."""
        self._to_try.add(RunKind.UNDO)
        self._loop.try_out_undo(run_id)
        self.changed.emit()

    def waits_for_preview(self, kind: RunKind) -> bool:
        """Say whether a preview was asked for that has not begun yet."""
        return kind in self._to_try

    @Slot(object)
    def _on_trying_out(self, kind: RunKind) -> None:
        self._to_try.discard(kind)
        self.previewing = True
        self._on_started(kind, Trigger.MANUAL)

    @Slot(object)
    def _on_tried_out(self, preview: Preview) -> None:
        self._end_preview()

    @Slot(object, object)
    def _on_not_tried_out(self, _kind: RunKind, _error: CcdeskError) -> None:
        self._end_preview()

    def _end_preview(self) -> None:
        self.previewing = False
        self.steps.drop()
        self.kind, self.progress, self.stopping = None, None, False
        self.changed.emit()

    def request(self, kind: RunKind, *, confirmed: bool = False, leave_out: bool = False) -> None:
        """Have a run done as soon as possible."""
        self.asked.add(kind)
        if leave_out:
            self._loop.request(kind, leave_out=True)
        else:
            self._loop.request(kind, confirmed=confirmed)
        self.changed.emit()

    def repair(self, people: Sequence[Chosen]) -> None:
        """Have a run done that puts these people right as soon as possible."""
        self.asked.add(RunKind.FULL_COMPARE)
        self._loop.repair(people)
        self.changed.emit()

    def cancel(self) -> None:
        """Stop the run under way between two people."""
        self.stopping = True
        self._loop.cancel_current()
        self.changed.emit()

    def wake(self) -> None:
        """Have the loop look at settings and queue again."""
        self._loop.wake()

    def is_pending(self, kind: RunKind) -> bool:
        """Say whether a run of this kind is under way or asked for."""
        return self.kind is kind or kind in self.asked

    @Slot(object, object)
    def _on_started(self, kind: RunKind, _trigger: Trigger) -> None:
        self.steps.begin(kind)
        self.kind, self.progress, self.stopping = kind, None, False
        self.started_at = self.told_at = time.monotonic()
        self.changed.emit()

    @property
    def seconds(self) -> float:
        """Return how long the run under way has been going on, 0 without one."""
        return time.monotonic() - self.started_at if self.kind is not None else 0.0

    @property
    def seconds_to_next_try(self) -> float:
        """Return how long a service that did not answer is left alone still."""
        pause = self.progress.pause if self.progress is not None else 0.0
        return max(0.0, pause - (time.monotonic() - self.told_at))

    @Slot(object)
    def _on_progress(self, progress: Progress) -> None:
        self.steps.tell(progress)
        self.kind, self.progress = progress.kind, progress
        self.told_at = time.monotonic()
        self.changed.emit()

    @Slot()
    def on_crash(self) -> None:
        """The loop has died: nothing is under way, and what was asked for is not known to be done."""
        self.asked.clear()
        self._to_try.clear()
        self._end_preview()

    @Slot(object)
    def _on_finished(self, run: Run) -> None:
        self.steps.finish(run)
        self._end(run.kind)

    @Slot(object, object)
    def _on_failed(self, kind: RunKind, error: CcdeskError) -> None:
        asked = kind in self.asked
        self.steps.fail(kind, error)
        self._end(kind)
        self.failed.emit(kind, error, asked)

    def _end(self, kind: RunKind) -> None:
        self.asked.discard(kind)
        if self.kind is kind:
            self.kind, self.progress, self.stopping = None, None, False
        self.changed.emit()
