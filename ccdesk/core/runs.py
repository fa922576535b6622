"""Runs, their entries and errors, and the event queue (design §2, §4, §6)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from ccdesk.core.errors import CcdeskError


class RunKind(StrEnum):
    """What a run does."""

    EXPORT = "export"
    EVENTS = "events"
    INBOUND = "inbound"
    FULL_COMPARE = "full-compare"
    UNDO = "undo"


ORDINARY = tuple(kind for kind in RunKind if kind is not RunKind.UNDO)
"""The kinds of which one is as good as another; an undo is of a certain run."""
LOOPS = (RunKind.EVENTS, RunKind.INBOUND)
"""The kinds that run again and again while the application is enabled, one for each direction."""


class Trigger(StrEnum):
    """Who started a run."""

    MANUAL = "manual"
    SCHEDULED = "scheduled"


class RunStatus(StrEnum):
    """Run states of design §4."""

    RUNNING = "RUNNING"
    COMPLETE = "COMPLETE"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"
    INTERRUPTED = "INTERRUPTED"
    WAITING = "WAITING"
    NEEDS_YOU = "NEEDS YOU"  # it asks a person (design R8, §3a R2); CANCELLED once answered


class Outcome(StrEnum):
    """What became of one person in one run; the values are the keys of a run's counts."""

    ADDED = "added"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    REMOVED = "removed"
    OPTED_IN = "opted_in"
    OPTED_OUT = "opted_out"
    SKIPPED = "skipped"
    HELD = "held"  # nothing was done: a person is asked first (design R8)
    CONFLICT = "conflicts"
    ERROR = "errors"


COUNT_KEYS = tuple(outcome.value for outcome in Outcome if outcome is not Outcome.ERROR)


@dataclass(frozen=True, slots=True)
class Entry:
    """One person in one run: what was done and why. `code` is set for errors only.

    `acted_at`: when the act happened that is the reason, where the service it was made at dates it. It is not
    part of the reason, by which people are counted.
    """

    customer_id: int | None
    email: str
    outcome: Outcome
    reason: str
    code: str = ""
    acted_at: datetime | None = None


class OffList(StrEnum):
    """What an export does with customers who are contacts in good standing but not on the list (§3a R2)."""

    ASK = ""  # nobody has said: on a list that had members already, a person must
    NEWLY = "newly"  # they are put on it, unless they were left out before
    LEAVE_OUT = "leave_out"  # they may have left it: they stay off until they opt in anew
    ADD = "add"  # all of them are put on it


@dataclass(frozen=True, slots=True)
class Run:
    """One execution of export, events, inbound, full compare or undo.

    `counts` maps `Outcome` values (and further named counts such as "ignored") to people;
    `message` says in words why it failed or waits; `waiting_until` belongs to WAITING. `resumes` is the
    run that was cut short and is gone on with here, `undoes` the one that an undo takes back. `list_id`: the
    active list of that time, "" where that was not noted.
    """

    id: int
    kind: RunKind
    trigger: Trigger
    status: RunStatus
    started_at: datetime
    finished_at: datetime | None = None
    total_contacts: int = 0
    error_count: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    calls_constant_contact: int = 0
    calls_kibo: int = 0
    message: str = ""
    waiting_until: datetime | None = None
    resumes: int | None = None
    undoes: int | None = None
    list_id: str = ""
    failure: CcdeskError | None = field(default=None, compare=False)  # of the run just done; not stored

    @property
    def may_be_undone(self) -> bool:
        """True where it may have added people or switched opt-ins on, by its figures alone (design §8)."""
        if self.kind is RunKind.UNDO or self.status is RunStatus.RUNNING:
            return False
        did = (Outcome.ADDED, Outcome.UPDATED, Outcome.OPTED_IN)
        # What an export had sent when it was cut short has not been counted.
        whole = self.status in (RunStatus.COMPLETE, RunStatus.NEEDS_YOU)
        cut_short = self.kind is RunKind.EXPORT and not whole
        return cut_short or any(self.counts.get(one.value, 0) for one in did)

    @property
    def asks_about_list(self) -> bool:
        """True while an export waits to hear what becomes of customers who may have left its list (§3a R2).

        It sent nobody. One that holds opt-outs waits for the guard's answer instead (R8).
        """
        asks = self.kind is RunKind.EXPORT and self.status is RunStatus.NEEDS_YOU
        return asks and not self.counts.get(Outcome.HELD.value)

    @property
    def changes(self) -> int:
        """People for whom something was written, on either side."""
        changed = (Outcome.ADDED, Outcome.UPDATED, Outcome.REMOVED, Outcome.OPTED_IN, Outcome.OPTED_OUT)
        return sum(self.counts.get(outcome.value, 0) for outcome in changed)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is: `total` 0 means not known yet; `phase` is in words for the window.

    `done` is the phase's own; `read`, `sent` and `confirmed` are people over the whole run: customers read,
    people sent to Constant Contact, people whose outcome is known. `rate` is people a second in this phase.
    `tries`: so often `silent`, a service, has been asked in vain; it is asked again after `pause` seconds.
    """

    run_id: int
    kind: RunKind
    phase: str
    done: int = 0
    total: int = 0
    errors: int = 0
    seconds_left: float | None = None
    read: int = 0
    sent: int = 0
    confirmed: int = 0
    rate: float | None = None
    continued: bool = False
    silent: str = ""
    tries: int = 0
    pause: float = 0.0


class EventStatus(StrEnum):
    """States of a queue entry; the values are what the Events tab and `ccdesk events` show."""

    PENDING = "Pending"
    RETRY = "Retry"  # failed in passing; `next_try_at` says when it is tried again
    PARKED = "Parked"  # needs a person
    PROCESSED = "Processed"


@dataclass(frozen=True, slots=True)
class QueuedEvent:
    """One entry of the queue. `object_id` is the Kibo customer id (seed: Events).

    `email`: the customer's as the look showed it that made the entry, "" where none was read.
    """

    event_id: str
    object_id: int
    created_at: datetime
    status: EventStatus = EventStatus.PENDING
    attempts: int = 0
    error: str = ""
    next_try_at: datetime | None = None
    processed_at: datetime | None = None
    result: str = ""
    email: str = ""
