"""The steps of a run, by the phases it reports: which are done, which is under way, which were left out.

A run says what it is at in words (`core.runs.Progress.phase`). The plans here put these words in their order,
and name nothing that no run reports; a step that only some runs have is shown once it is reported.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from ccdesk.core.errors import CcdeskError, ConfirmNeeded
from ccdesk.core.runs import Progress, Run, RunKind, RunStatus
from ccdesk.gui.translation import marked


class StepState(StrEnum):
    """How a step stands."""

    DONE = "done"
    CURRENT = "current"
    AHEAD = "ahead"
    SKIPPED = "skipped"  # the run needed no such thing, or ended before it
    FAILED = "failed"  # the run failed while it was at this
    STOPPED = "stopped"  # somebody stopped it
    WAITING = "waiting"  # it goes on by itself later


@dataclass(frozen=True, slots=True)
class Step:
    """A step of a plan, known by the phases that belong to it.

    `always`: shown before it is reported, too. `in_turn`: reported before the step ahead of it, it is done
    beside another one, as when an export sends the first people while the last ones are still being read.
    """

    name: str
    phases: tuple[str, ...]
    always: bool = True
    in_turn: bool = False


@dataclass(frozen=True, slots=True)
class StepNow:
    """A step as it stands."""

    name: str
    state: StepState


_CONNECT = Step(marked("Connect"), ("Connecting to Constant Contact",))
_WHO_LEFT = Step(marked("Look who left"), ("Looking who left the list",))
_FORMER_LIST = Step(marked("Look who left"), _WHO_LEFT.phases, always=False)  # before another list is taken
_SENT_LAST = Step(
    marked("End what was sent"),
    ("Looking for what was sent last", "Waiting for what was sent last"),
    always=False,
)
_READ_CUSTOMERS = Step(
    marked("Read customers"), ("Reading customers from Kibo", "Reading what changed in Kibo since")
)
_READ_CONTACTS = Step(marked("Read contacts"), ("Reading contacts from Constant Contact",))
_SEND = Step(marked("Send"), ("Sending to Constant Contact",), in_turn=True)
_OPT_OUTS = Step(marked("Process opt-outs"), ("Processing opt-outs",))
_CHANGES = Step(marked("Process changes"), ("Processing customer events",))
_WRITE = Step(marked("Write to Kibo"), ("Writing to Kibo",))
_REPAIR = Step(marked("Process changes"), (*_OPT_OUTS.phases, *_CHANGES.phases), always=False)

PLANS: dict[RunKind, tuple[Step, ...]] = {
    RunKind.EXPORT: (
        _CONNECT,
        _FORMER_LIST,
        _SENT_LAST,
        _READ_CUSTOMERS,
        _READ_CONTACTS,
        Step(marked("Compare"), ("Comparing both sides",)),
        _SEND,
        Step(marked("Check"), ("Checking the result",)),
    ),
    RunKind.EVENTS: (
        _CONNECT,
        _FORMER_LIST,
        Step(marked("Look for changes"), ("Looking for changes in Kibo",)),
        _OPT_OUTS,
        _CHANGES,
    ),
    RunKind.INBOUND: (
        _CONNECT,
        _FORMER_LIST,
        Step(marked("Look for opt-outs"), ("Looking for opt-outs in Constant Contact",)),
        Step(marked("Look for changes"), ("Looking for changes in Constant Contact",)),
        _WHO_LEFT,
        _WRITE,
    ),
    RunKind.FULL_COMPARE: (
        _CONNECT,
        _FORMER_LIST,
        _READ_CONTACTS,
        Step(marked("Compare"), ("Comparing customers in Kibo",)),
        _REPAIR,
        _WRITE,
    ),
    RunKind.UNDO: (
        _CONNECT,
        _FORMER_LIST,
        _SENT_LAST,
        Step(marked("Read the list"), ("Reading the list",), always=False),
        Step(marked("Undo"), ("Undoing",)),
    ),
}
BESIDE = ("Looking for accounts in Kibo",)
"""Phases that are part of whatever step the run is at."""
_ENDINGS = {
    RunStatus.RUNNING: StepState.CURRENT,
    RunStatus.FAILED: StepState.FAILED,
    RunStatus.INTERRUPTED: StepState.FAILED,
    RunStatus.CANCELLED: StepState.STOPPED,
    RunStatus.WAITING: StepState.WAITING,
}


class RunSteps:
    """How far one run is in its plan; it never goes back, and an earlier phase told again is part of this."""

    def __init__(self, kind: RunKind) -> None:
        self.kind = kind
        self.run_id = 0
        self.phase = ""  # what the run said last
        self.status = RunStatus.RUNNING
        self.run: Run | None = None  # once it has ended, where all of it is known
        self._plan = PLANS[kind]
        self._seen: set[int] = set()
        self._at = -1

    def tell(self, progress: Progress) -> None:
        """Take in what the run says it is at."""
        self.run_id, self.phase = progress.run_id, progress.phase
        for place in range(max(0, self._at), len(self._plan)):
            step = self._plan[place]
            if progress.phase in step.phases and not (step.in_turn and place - 1 not in self._seen):
                self._at = place
                self._seen.add(place)
                return

    def end(self, status: RunStatus) -> None:
        """Take in how it ended; what it has not come to by then was left out."""
        self.status = status

    @property
    def has_begun(self) -> bool:
        """True once it has said something."""
        return self._at >= 0

    @property
    def has_ended(self) -> bool:
        """True once it goes on no more."""
        return self.status is not RunStatus.RUNNING

    @property
    def steps(self) -> tuple[StepNow, ...]:
        """The steps that are shown."""
        return tuple(StepNow(self._plan[place].name, self._state(place)) for place in self._shown())

    @property
    def number(self) -> int:
        """Which of the steps shown it is at, from 1; 0 before the first."""
        return sum(1 for place in self._shown() if place <= self._at)

    def _shown(self) -> Iterator[int]:
        return (place for place, step in enumerate(self._plan) if step.always or place in self._seen)

    def _state(self, place: int) -> StepState:
        if place == self._at:
            return _ENDINGS.get(self.status, StepState.DONE)
        if place < self._at:
            return StepState.DONE if place in self._seen else StepState.SKIPPED
        return StepState.SKIPPED if self.has_ended else StepState.AHEAD


class StepsOfRuns:
    """The steps of the run of this program under way, and of the last one of each kind. Previews pass.

    `RunMonitor` tells it what happens.
    """

    def __init__(self) -> None:
        self.now: RunSteps | None = None
        self.last: dict[RunKind, RunSteps] = {}

    def begin(self, kind: RunKind) -> None:
        """Note that a run, or a preview of one, begins."""
        self.now = RunSteps(kind)

    def tell(self, progress: Progress) -> None:
        """Note how far it is."""
        if self.now is None or self.now.kind is not progress.kind:
            self.now = RunSteps(progress.kind)
        self.now.tell(progress)

    def finish(self, run: Run) -> None:
        """Note how a run ended."""
        self._end(run.kind, run.status, run)

    def fail(self, kind: RunKind, error: CcdeskError) -> None:
        """Note that a run failed, or stopped to ask a person; one that had said nothing was no run at all."""
        self._end(kind, RunStatus.NEEDS_YOU if isinstance(error, ConfirmNeeded) else RunStatus.FAILED)

    def drop(self) -> None:
        """Forget the one under way: it was a preview, or nobody knows how it ended."""
        self.now = None

    def _end(self, kind: RunKind, status: RunStatus, run: Run | None = None) -> None:
        ended = self.now
        if ended is None or ended.kind is not kind:
            return
        self.now = None
        if ended.has_begun:
            ended.end(status)
            ended.run = run
            self.last[kind] = ended
