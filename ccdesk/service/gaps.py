"""Times in which nothing ran though it should have: kept to be told once (design §9)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from ccdesk.core.clock import Clock, format_time, parse_time
from ccdesk.core.limits import LOOP_EVERY
from ccdesk.core.ports.store import Store
from ccdesk.core.runs import RunStatus
from ccdesk.core.settings import Settings
from ccdesk.service.pausing import last_pause

NOTE_EVERY = timedelta(
    minutes=5
)  # each note is a write to the disk; a gap's begin is known as exactly as that
_WORTH_TELLING = LOOP_EVERY  # from then on a run of each direction is missing
_ALIVE, _GAP = "loop.alive", "loop.gap"
_JUMP = 60.0  # seconds; a busy computer makes the loop late by less


class GapReason(StrEnum):
    """Why nothing ran, as far as is known; the values are those of `ccdesk status --json`."""

    ASLEEP = "asleep"
    NOT_RUNNING = "not running"


@dataclass(frozen=True, slots=True)
class Gap:
    """Nothing ran from `since` to `until`, both aware UTC."""

    since: datetime
    until: datetime
    reason: GapReason


class SleepWatch:
    """Tells that the computer was asleep: the wall clock went on, and the steady one did not.

    On Windows the steady clock goes on as well; there a wait that took far longer than asked for tells it.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._wall, self._steady = clock.now(), clock.monotonic()
        self._overslept = 0.0
        self.slept = timedelta(0)  # how long, when it was found last

    def waited(self, asked: float, took: float) -> None:
        """Take in that a wait of `asked` seconds, which nothing cut short, took `took` seconds."""
        self._overslept += max(0.0, took - asked)

    def asleep_since(self) -> datetime | None:
        """Return when the computer fell asleep if it has been asleep since the last call, else None."""
        wall, steady = self._clock.now(), self._clock.monotonic()
        awake = steady - self._steady - self._overslept
        slept = (wall - self._wall).total_seconds() - awake
        before, self._wall, self._steady, self._overslept = self._wall, wall, steady, 0.0
        if slept < _JUMP:
            return None
        self.slept = timedelta(seconds=slept)
        return before


def look_back(
    store: Store,
    settings: Settings,
    now: datetime,
    reason: GapReason,
    since: datetime | None = None,
    slept: timedelta | None = None,
) -> None:
    """Keep what was missed since the loops were last at work, if it is worth telling, and note them at work.

    `since`: this program was at work until then, and then the computer was asleep for `slept`; what was noted
    last, perhaps by another one, counts as well. While the application is not enabled nothing is missed. A
    run that somebody had done by hand ends a gap; one that was under way all through a sleep does not.
    """
    if not settings.enabled:
        forget_alive(store)
        return
    known = (since, store.state.get_time(_ALIVE))
    if any(known):
        began = max(filter(None, (*known, last_pause(store, now), _last_end(store, slept))))
        if now - began >= _WORTH_TELLING:
            _keep(store, Gap(began, now, reason))
    store.state.set_time(_ALIVE, now)


def note_alive(store: Store, settings: Settings, now: datetime) -> None:
    """Note that the loops are at work."""
    store.state.set_time(_ALIVE, now if settings.enabled else None)


def forget_alive(store: Store) -> None:
    """Forget when they were at work: what comes now begins anew."""
    if store.state.get_time(_ALIVE) is not None:
        store.state.set_time(_ALIVE, None)


def last_gap(store: Store) -> Gap | None:
    """Return the last gap, None if there never was one."""
    try:
        kept = json.loads(store.state.get(_GAP) or "{}")
        since, until = parse_time(kept["from"]), parse_time(kept["to"])
        reason = GapReason(kept["reason"])
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    return Gap(since, until, reason) if since and until else None


def _keep(store: Store, gap: Gap) -> None:
    kept = {"from": format_time(gap.since), "to": format_time(gap.until), "reason": gap.reason.value}
    store.state.set(_GAP, json.dumps(kept))


def _last_end(store: Store, slept: timedelta | None) -> datetime | None:
    """Return when something last ran; a run that was cut short is closed only by the next start.

    A run that lasted as long as the sleep did was slept through, most likely nearly to its end: the sleep is
    what is missing.
    """
    newest = next(iter(store.runs.page(kind=None, offset=0, limit=1)), None)
    if newest is None or newest.status is RunStatus.INTERRUPTED:
        return newest.started_at if newest is not None else None
    end = newest.finished_at
    if slept is not None and end is not None and end - newest.started_at >= slept >= _WORTH_TELLING:
        return end - slept
    return end
