"""What needs a person: work that does not get through, and questions only a person can answer.

Design §3a (last bullets) and §5. The items are typed and without words: the window
(`gui/needs.py`) and the command line (`cli/needs.py`) word them each for its own readers.

**To add a kind:** a member of `NeedKind` (and of `STUCK`, if work is held up by it), a function that takes a
`Look` and yields `Need`s from the store, its name in `SOURCES` where it belongs in the order shown, and the
words in the two front ends (`tests/service/test_needs_you.py` holds that no kind is without words).
A source reads the store only: it is asked every few seconds, and all of them together must take no more than
0.2 s on a store of a million people, so it counts by an index and takes at most `SHOWN` people along.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from ccdesk.core.limits import LOOP_EVERY
from ccdesk.core.models import WriteBack
from ccdesk.core.ports.store import Store
from ccdesk.core.ports.waiting import Waiting
from ccdesk.core.runs import LOOPS, Run, RunKind, RunStatus
from ccdesk.core.settings import Settings
from ccdesk.service.held import QUESTIONS, question_about
from ccdesk.service.pausing import last_pause
from ccdesk.sync.active_list import gone_at, name_now
from ccdesk.sync.outbox.welcomes import question
from ccdesk.sync.state_names import WRITES_STOPPED

SHOWN = 5  # people or entries an item names
_CYCLES = 2  # an opt-out may be pending for so many cycles before a person is told
_A_MOMENT = timedelta(minutes=1)  # a run may end while it is looked
_OVERDUE = _CYCLES * LOOP_EVERY + timedelta(minutes=10)  # a cycle may begin a little late
_FAILURES = 2  # in a row
_ATTEMPTS = 3  # after so many refusals waiting longer is no help
_LAST_RUNS = 20  # how far back failures in a row are counted
_DID_ITS_WORK = (RunStatus.COMPLETE, RunStatus.NEEDS_YOU)  # the guard held some: everything else was done
_GOOD_RUN = "good_run."  # name of the time the last run of a kind that did its work ended


class NeedKind(StrEnum):
    """What a person is needed for; the values are the `kind` of `ccdesk status --json`."""

    LOGIN = "login"  # the login has run out, or there is none while the application is enabled
    KIBO_SECRET = "kibo_secret"  # everything of Kibo's set-up is there but the secret
    LIST_DELETED = "list_deleted"  # `subject`: its name
    WRITES_STOPPED = "writes_stopped"  # `subject`: the customer who lost data when written to
    OWED = "owed_opt_outs"  # opt-outs that Kibo has not taken for more than two cycles
    OWED_OPT_INS = "owed_opt_ins"  # the same of opt-ins
    LOOP_STOPPED = "loop_stopped"  # by a fault of ccdesk, twice; only the program it befell knows it
    LATE = "late"  # `subject`: the run's kind; `count`: failures in a row, 0: not tried for too long
    EXPORT_FAILED = "export_failed"  # the last export; it is not tried again by itself
    EXPORT_ASKS = "export_asks"  # what becomes of those who may have left its list; `subject`: the question
    REFUSED = "refused"  # changes refused again and again
    PARKED = "parked"  # changes that are not tried again by themselves
    HELD = "held_opt_outs"  # the guard's (design R8); `subject`: the run's kind, `ids`: the run
    WELCOMES = "welcome_emails"  # unusually many at once: nobody of these is on the list yet (§3a R3)
    NEWCOMERS = "newcomers"  # accounts that came later; nobody has proven their email: Add / Leave
    DISAGREEMENT = "disagreement"  # opted out, and put back on the list by somebody else: no rule mends it


STUCK = frozenset(
    {
        NeedKind.KIBO_SECRET,
        NeedKind.LIST_DELETED,
        NeedKind.WRITES_STOPPED,
        NeedKind.LOOP_STOPPED,
        NeedKind.OWED,
        NeedKind.OWED_OPT_INS,
        NeedKind.LATE,
        NeedKind.REFUSED,
        NeedKind.PARKED,
        NeedKind.HELD,
        NeedKind.WELCOMES,
    }
)
"""Kinds by which work is held up: `ccdesk status` ends with 4 meanwhile. The others are questions."""


@dataclass(frozen=True, slots=True)
class Need:
    """One item: `count` of how many it speaks, `since` when the oldest of them began.

    `people` are emails and `ids` customer or entry ids, the first `SHOWN` of them. What `subject` is, the
    kind says.
    """

    kind: NeedKind
    count: int = 1
    since: datetime | None = None
    subject: str = ""
    people: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()

    @property
    def stuck(self) -> bool:
        """True if work is held up by it."""
        return self.kind in STUCK


@dataclass(frozen=True, slots=True)
class Look:
    """What a source looks at."""

    store: Store
    settings: Settings
    now: datetime
    paused: bool = False  # the application is switched off in Kibo: nothing is tried meanwhile


def needs_you(store: Store, settings: Settings, now: datetime, *, paused: bool = False) -> tuple[Need, ...]:
    """Return what the store shows to need a person, the most pressing first; asks no service.

    Raises:
        StoreError: the store cannot be read.

    """
    look = Look(store, settings, now, paused)
    return tuple(need for source in SOURCES for need in source(look))


def last_good_runs(store: Store, now: datetime) -> dict[RunKind, datetime | None]:
    """Return when each direction last went well: to Constant Contact by export and events, and from there."""
    return {kind: _last_good(store, kind, now) for kind in (RunKind.EXPORT, *LOOPS)}


def note_good_run(store: Store, run: Run) -> None:
    """Remember that a run did its work, if it did: one that asked about people is CANCELLED once answered."""
    if run.status in _DID_ITS_WORK and not run.asks_about_list and run.finished_at is not None:
        store.state.set_time(_GOOD_RUN + run.kind.value, run.finished_at)


def _last_good(store: Store, kind: RunKind, now: datetime) -> datetime | None:
    """Return when a kind last went well; a time to come was noted by a clock that was wrong, and tells none.

    By it a direction would have gone well just now for as long as that time is away, whatever fails.
    """
    runs = (store.runs.last_finished(kind, status) for status in _DID_ITS_WORK)
    ends = [run.finished_at for run in runs if run is not None and not run.asks_about_list]
    ends.append(store.state.get_time(_GOOD_RUN + kind.value))
    latest = now + _A_MOMENT
    return max((end for end in ends if end is not None and end <= latest), default=None)


def _list_deleted(look: Look) -> Iterator[Need]:
    name = look.settings.contact_list
    since = gone_at(look.store, name)
    if since is not None:
        yield Need(NeedKind.LIST_DELETED, since=since, subject=name_now(look.store, name))


def _writes_stopped(look: Look) -> Iterator[Need]:
    customer_id = look.store.state.get(WRITES_STOPPED)
    if customer_id:
        yield Need(NeedKind.WRITES_STOPPED, subject=customer_id, ids=(customer_id,))


def _held(look: Look) -> Iterator[Need]:
    """People whom the guard holds until a person answers; `subject` is the kind of the run that asks.

    It speaks of who is held, and not of the run: a run looks at them anew every half hour, and what was
    answered needs nobody though no run has gone by it yet.
    """
    for kind, losses in QUESTIONS.items():
        waiting = look.store.losses.unanswered(losses, shown=SHOWN)
        if waiting.count:
            run = question_about(look.store.runs, kind)
            asking, ids = (run.kind, (str(run.id),)) if run else (kind, ())
            yield Need(NeedKind.HELD, waiting.count, waiting.since, asking.value, waiting.people, ids)


def _welcomes(look: Look) -> Iterator[Need]:
    """People who would get a welcome email, and are not added before a person has answered."""
    asked = question(look.store)
    if asked.count and look.settings.welcome_email:
        yield Need(NeedKind.WELCOMES, asked.count, asked.since)


def _pending(look: Look) -> Iterator[Need]:
    """What Kibo has not taken in the time of two cycles, or though more than two were tried."""
    since = max(filter(None, (look.now - _CYCLES * LOOP_EVERY, _tried_twice_since(look.store))))
    kinds = ((WriteBack.OPT_OUT, NeedKind.OWED), (WriteBack.OPT_IN, NeedKind.OWED_OPT_INS))
    for pending, kind in kinds:
        waiting = look.store.links.pending_summary(pending, until=since, shown=SHOWN)
        yield from _items(kind, waiting)


def _tried_twice_since(store: Store) -> datetime | None:
    """Return when the last but one cycle began: what was pending before has seen two whole cycles.

    Cycles by hand follow each other fast, so time alone does not tell.
    """
    tried = (*_DID_ITS_WORK, RunStatus.FAILED)
    runs = store.runs.page(kind=RunKind.INBOUND, offset=0, limit=_LAST_RUNS)
    began = [run.started_at for run in runs if run.status in tried]
    return began[_CYCLES - 1] if len(began) >= _CYCLES else None


def _late(look: Look) -> Iterator[Need]:
    """A direction that failed again and again, or that was not tried for too long though it is enabled."""
    excused = look.paused or bool(look.store.lease.holder())
    for kind in LOOPS:
        good = _last_good(look.store, kind, look.now)
        failures = _failures_in_a_row(look.store, kind, good)
        due_from = max(filter(None, (good, last_pause(look.store, look.now))), default=None)
        overdue = look.settings.enabled and good is not None and look.now - (due_from or good) > _OVERDUE
        if failures >= _FAILURES or (overdue and not excused):
            yield Need(NeedKind.LATE, failures, good, kind.value)


def _failures_in_a_row(store: Store, kind: RunKind, good: datetime | None) -> int:
    """Count the runs that failed since a good one; one cut short, cancelled or waiting tells nothing."""
    failures = 0
    for run in store.runs.page(kind=kind, offset=0, limit=_LAST_RUNS):
        if run.status in _DID_ITS_WORK or (good and run.finished_at and run.finished_at <= good):
            break
        failures += run.status is RunStatus.FAILED
    return failures


def _export_failed(look: Look) -> Iterator[Need]:
    newest: list[Run] = look.store.runs.page(kind=RunKind.EXPORT, offset=0, limit=1)
    for run in newest:
        if run.status is RunStatus.FAILED:
            yield Need(NeedKind.EXPORT_FAILED, since=run.finished_at, ids=(str(run.id),))
        elif run.asks_about_list:
            yield Need(NeedKind.EXPORT_ASKS, since=run.finished_at, subject=run.message, ids=(str(run.id),))


def _refused(look: Look) -> Iterator[Need]:
    return _items(NeedKind.REFUSED, look.store.queue.refused(_ATTEMPTS, shown=SHOWN))


def _parked(look: Look) -> Iterator[Need]:
    return _items(NeedKind.PARKED, look.store.queue.parked(shown=SHOWN))


def _newcomers(look: Look) -> Iterator[Need]:
    return _items(NeedKind.NEWCOMERS, look.store.links.newcomers(shown=SHOWN))


def _disagreements(look: Look) -> Iterator[Need]:
    """People who opted out and whom somebody else has put back on the list: they are being mailed."""
    return _items(NeedKind.DISAGREEMENT, look.store.disagreements.waiting(shown=SHOWN))


def _items(kind: NeedKind, waiting: Waiting) -> Iterator[Need]:
    if waiting.count:
        yield Need(kind, waiting.count, waiting.since, people=waiting.people, ids=waiting.ids)


SOURCES: tuple[Callable[[Look], Iterator[Need]], ...] = (
    _list_deleted,
    _writes_stopped,
    _disagreements,
    _held,
    _pending,
    _late,
    _export_failed,
    _refused,
    _parked,
    _welcomes,
    _newcomers,
)
"""Where items come from, in the order they are shown: what keeps mail going out unwanted comes first."""
