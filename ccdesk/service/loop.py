"""The loops: both every 30 minutes on an own scheduler, and runs asked for in between (design §4, R9).

The same object runs in the window's background thread and headless as `ccdesk run`. It owns no Qt and no
timer thread; it waits on its inbox, so a request or a stop is answered at once.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol

from ccdesk.core.clock import Clock
from ccdesk.core.drift import Chosen
from ccdesk.core.errors import Busy, CcdeskError, StoreError
from ccdesk.core.limits import LOOP_EVERY
from ccdesk.core.runs import Progress, Run, RunKind, Trigger
from ccdesk.service.desk import LocalDesk
from ccdesk.service.gaps import NOTE_EVERY, GapReason, SleepWatch
from ccdesk.service.preview import Preview
from ccdesk.service.scheduler import PlannedJob, UtcScheduler

log = logging.getLogger(__name__)

SOON = timedelta(seconds=5)  # the first run after start
_BUSY_AGAIN = timedelta(seconds=15)
_LONGEST_WAIT = 20.0  # seconds; how late a wake-up from sleep is noticed at most
_STATUS_EVERY = timedelta(hours=1)
_EVERY = {
    RunKind.EVENTS: LOOP_EVERY,
    RunKind.INBOUND: LOOP_EVERY,
    RunKind.FULL_COMPARE: timedelta(days=1),
}


class LoopListener(Protocol):
    """Told of what happens, in the loop's thread."""

    def run_started(self, kind: RunKind, trigger: Trigger) -> None:
        """A run begins."""

    def progress(self, progress: Progress) -> None:
        """A run has got further."""

    def run_finished(self, run: Run) -> None:
        """A run has ended, well or not."""

    def run_failed(self, kind: RunKind, error: CcdeskError) -> None:
        """A run could not begin, or a person must confirm it."""

    def preview_started(self, kind: RunKind) -> None:
        """A run is tried out."""

    def preview_finished(self, preview: Preview) -> None:
        """What the run would do; who is told closes it."""

    def preview_failed(self, kind: RunKind, error: CcdeskError) -> None:
        """It could not be tried out."""

    def schedule_changed(self) -> None:
        """Next run times moved."""


class Silent:
    """A listener that does not listen."""

    def run_started(self, kind: RunKind, trigger: Trigger) -> None:
        """Do nothing."""

    def progress(self, progress: Progress) -> None:
        """Do nothing."""

    def run_finished(self, run: Run) -> None:
        """Do nothing."""

    def run_failed(self, kind: RunKind, error: CcdeskError) -> None:
        """Do nothing."""

    def preview_started(self, kind: RunKind) -> None:
        """Do nothing."""

    def preview_finished(self, preview: Preview) -> None:
        """Close it."""
        preview.close()

    def preview_failed(self, kind: RunKind, error: CcdeskError) -> None:
        """Do nothing."""

    def schedule_changed(self) -> None:
        """Do nothing."""


@dataclass(frozen=True, slots=True)
class _Request:
    kind: RunKind | None  # None: just wake up
    confirmed: bool = False
    leave_out: bool = False
    preview: bool = False
    people: tuple[Chosen, ...] = ()  # to be put right, and nobody else
    undoes: int | None = None  # the run that an undo takes back


class Loop:
    """Runs both loops until stopped; catches everything, so that one failure never ends it."""

    def __init__(self, desk: LocalDesk, clock: Clock, listener: LoopListener | None = None) -> None:
        self.listener: LoopListener = listener or Silent()
        self._desk, self._clock = desk, clock
        self._inbox: queue.Queue[_Request] = queue.Queue()
        self._stop = threading.Event()
        self._cancel = threading.Event()
        self._scheduler = UtcScheduler(clock)
        self._jobs: dict[RunKind, PlannedJob] = {}
        self._app: tuple[datetime, bool | None] | None = None
        self._trouble_told = False
        self._sleep = SleepWatch(clock)
        self._noted_at: datetime | None = None  # when it was last noted that the loops are at work
        self._kept: dict[RunKind, datetime] = {}  # the plan as this loop has kept it

    # -------------------------------------------------------- any thread

    def request(self, kind: RunKind, *, confirmed: bool = False, leave_out: bool = False) -> None:
        """Ask for a run now; it is done after the one going on."""
        self._inbox.put(_Request(kind, confirmed, leave_out))

    def repair(self, people: Sequence[Chosen]) -> None:
        """Ask for a run that puts these people right; it is done after the one going on."""
        self._inbox.put(_Request(RunKind.FULL_COMPARE, people=tuple(people)))

    def try_out(self, kind: RunKind) -> None:
        """Ask for a preview of a run; it is done after the run going on."""
        self._inbox.put(_Request(kind, preview=True))

    def undo(self, run_id: int) -> None:
        """Ask for a run to be undone; it is done after the one going on."""
        self._inbox.put(_Request(RunKind.UNDO, undoes=run_id))

    def try_out_undo(self, run_id: int) -> None:
        """Ask for a preview of what undoing a run would do."""
        self._inbox.put(_Request(RunKind.UNDO, preview=True, undoes=run_id))

    def cancel_current(self) -> None:
        """Stop the run going on between two items; what it did stands."""
        self._cancel.set()

    def wake(self) -> None:
        """Look at the settings again."""
        self._inbox.put(_Request(None))

    def stop(self) -> None:
        """End the loop; a run going on stops between two items."""
        self._stop.set()
        self._cancel.set()
        self._inbox.put(_Request(None))

    # -------------------------------------------------------- the loop's own thread

    def run(self) -> None:
        """Serve until `stop`; plans the jobs first."""
        self._guarded(self.look_back)
        self._guarded(self.plan)
        while not self._stop.is_set():
            self._guarded(self.tick)
            idle = self._scheduler.idle_seconds
            self._take(timeout=_LONGEST_WAIT if idle is None else min(idle, _LONGEST_WAIT))
        self._guarded(self._desk.loops_end)
        self._guarded(self._desk.close)

    def look_back(self) -> None:
        """See whether the loops should have been at work before this program was started."""
        self._sleep.asleep_since()
        self._desk.look_back(GapReason.NOT_RUNNING)
        self._noted_at = self._clock.now()

    def plan(self) -> None:
        """Enter the jobs: at the remembered time if that is to come, else soon."""
        self._scheduler.clear()
        soon = self._clock.now() + SOON
        for kind, every in _EVERY.items():
            remembered = self._desk.planned_run(kind)
            latest = self._clock.now() + every
            at = remembered if remembered and soon < remembered <= latest else soon
            if kind is RunKind.FULL_COMPARE and remembered is None:
                at = latest
            self._jobs[kind] = job = self._scheduler.every(int(every.total_seconds()))
            job.seconds.do(self._scheduled, kind)
            self._set_next(kind, at)

    def tick(self) -> None:
        """Run what is due while the application is enabled; jobs passed while it was not start soon after.

        What was missed while the computer was asleep is done now, each kind once. An export that was cut
        short or had to wait goes on first, enabled or not: a person asked for it. In a pause nothing does.
        """
        self._notice_sleep()
        self._disbelieve_far_plans()
        paused = self._desk.paused_until() is not None
        if not paused and self._export_to_continue():
            self._do(RunKind.EXPORT, Trigger.SCHEDULED)
        if not paused and self._desk.settings().enabled:
            self._take_over_plans()
            self._scheduler.run_pending()
            return
        for job in self._jobs.values():
            if job.should_run:
                job.plan(self._clock.now() + SOON)

    def _notice_sleep(self) -> None:
        """Note that the loops are at work, or that they were not because the computer was asleep."""
        now, since = self._clock.now(), self._sleep.asleep_since()
        if since is not None:
            log.info("the computer was asleep")
            self._desk.look_back(GapReason.ASLEEP, since, self._sleep.slept)
            self._app = None
            self.listener.schedule_changed()
        elif self._noted_at is None or abs(now - self._noted_at) >= NOTE_EVERY:
            self._desk.note_alive()
        else:
            return
        self._noted_at = now

    def _take_over_plans(self) -> None:
        """Leave alone what another loop on the same data has just done: it has planned the next time."""
        now = self._clock.now()
        for kind, job in self._jobs.items():
            if job.should_run:
                planned = self._desk.planned_run(kind)
                others = planned is not None and planned != self._kept.get(kind)
                if others and planned is not None and now < planned <= now + _EVERY[kind] + SOON:
                    job.plan(planned)

    def _export_to_continue(self) -> bool:
        """Ask the store, which comes before all else; if it cannot be used, that is told once."""
        try:
            found = self._desk.export_to_continue()
        except StoreError as error:
            if not self._trouble_told:
                self._trouble_told = True
                self.listener.run_failed(RunKind.EXPORT, error)
            raise
        self._trouble_told = False
        return found

    def _disbelieve_far_plans(self) -> None:
        """Plan soon what is planned further ahead than it ever is: the clock has been set back since."""
        now = self._clock.now()
        for kind, job in self._jobs.items():
            if job.planned_at is not None and job.planned_at > now + _EVERY[kind] + SOON:
                self._set_next(kind, now + SOON)

    def _take(self, timeout: float) -> None:
        """Wait for a request and do it."""
        began, timeout = self._clock.monotonic(), max(0.01, timeout)
        try:
            request = self._inbox.get(timeout=timeout)
        except queue.Empty:
            self._sleep.waited(timeout, self._clock.monotonic() - began)
            return
        if self._stop.is_set():
            return
        if request.kind is None:
            self.listener.schedule_changed()
            return
        if request.preview:
            self._guarded(partial(self._try_out, request.kind, request.undoes))
            return
        if request.undoes is not None:
            undo = partial(self._desk.undo, request.undoes)
            self._guarded(partial(self._tell_of, RunKind.UNDO, Trigger.MANUAL, undo))
            return
        if request.people:
            repair = partial(self._desk.repair, request.people)
            self._guarded(partial(self._tell_of, request.kind, Trigger.MANUAL, repair))
            return
        kind, answers = request.kind, {"confirmed": request.confirmed}
        if request.leave_out:
            answers["leave_out"] = True
        self._guarded(lambda: self._do(kind, Trigger.MANUAL, **answers))

    def _scheduled(self, kind: RunKind) -> None:
        """One scheduled run; its next time is planned already, and is kept first, whatever becomes of it."""
        try:
            self._keep_plan(kind)
        except StoreError as error:  # else nobody is told that nothing is done any more
            self.listener.run_failed(kind, error)
            raise
        if self._stop.is_set() or not self._wanted(kind):
            return
        if not self._do(kind, Trigger.SCHEDULED):
            self._set_next(kind, self._clock.now() + _BUSY_AGAIN)

    def _wanted(self, kind: RunKind) -> bool:
        """Say whether Kibo lets us run: only a definite "off" there pauses (design R9)."""
        if kind is RunKind.FULL_COMPARE and not self._desk.first_export_done():
            return False
        now = self._clock.now()
        if self._app is None or not self._app[1] or abs(now - self._app[0]) >= _STATUS_EVERY:
            try:
                self._app = (now, self._desk.kibo_app_enabled())
            except CcdeskError:
                self._app = (now, None)
        if self._app[1] is False:
            log.info("paused: the application is switched off in Kibo")
            return False
        return True

    def _do(self, kind: RunKind, trigger: Trigger, **answers: bool) -> bool:
        """Do one run and tell of it; False if another program is busy on this store.

        `answers`: what a person said (`confirmed`, `leave_out` of `LocalDesk.run`).
        """

        def run_it(listener: Callable[[Progress], None], cancel: threading.Event) -> Run:
            wish = {"confirmed": False, **answers}
            return self._desk.run(kind, trigger=trigger, listener=listener, cancel=cancel, **wish)

        return self._tell_of(kind, trigger, run_it)

    def _tell_of(self, kind: RunKind, trigger: Trigger, run_it: Callable[..., Run]) -> bool:
        """Have a run done and tell of it, as `_do`."""
        self._guarded(self._notice_sleep)  # the run before may have been slept through, and this one hides it
        self._cancel.clear()
        if self._stop.is_set():
            return True
        self.listener.run_started(kind, trigger)
        try:
            run = run_it(listener=self.listener.progress, cancel=self._cancel)
        except CcdeskError as error:
            self.listener.run_failed(kind, error)
            return not isinstance(error, Busy)
        self.listener.run_finished(run)
        return True

    def _try_out(self, kind: RunKind, undoes: int | None = None) -> None:
        """Try one run out, or an undo, and tell what it would do."""
        self._cancel.clear()
        if self._stop.is_set():
            return
        self.listener.preview_started(kind)
        told, cancel = self.listener.progress, self._cancel
        try:
            if undoes is None:
                preview = self._desk.preview(kind, listener=told, cancel=cancel, past_question=True)
            else:
                preview = self._desk.preview_undo(undoes, listener=told, cancel=cancel)
        except CcdeskError as error:
            self.listener.preview_failed(kind, error)
            return
        self.listener.preview_finished(preview)

    def _set_next(self, kind: RunKind, at: datetime) -> None:
        self._jobs[kind].plan(at)
        self._keep_plan(kind)

    def _keep_plan(self, kind: RunKind) -> None:
        """Have the next time outlive this process, and tell that it moved."""
        at = self._jobs[kind].planned_at
        assert at is not None  # every job is planned from `plan` on
        self._desk.plan_run(kind, at)
        self._kept[kind] = at
        self.listener.schedule_changed()

    def _guarded(self, step: Callable[[], object]) -> None:
        """Do a step; a failure is logged and waited out, so the loop can neither die nor run hot."""
        try:
            step()
        except StoreError as error:
            log.error("the loop could not use its data file: %s", error.title)
            self._clock.wait(self._stop, 5.0)
        except Exception:
            log.exception("a defect in the loop")
            self._clock.wait(self._stop, 5.0)
