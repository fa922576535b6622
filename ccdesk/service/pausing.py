"""A pause that a person has asked for: nothing runs by itself until it is over (design §9).

It is kept in the store, so that it outlives the program and holds for every program on these data. What a
person asks for meanwhile is done.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from ccdesk.core.ports.store import Store

PAUSE = timedelta(hours=1)
_UNTIL = "loop.paused_until"


def pause(store: Store, now: datetime) -> datetime:
    """Begin a pause, or begin it anew; return when it ends."""
    until = now + PAUSE
    store.state.set_time(_UNTIL, until)
    return until


def resume(store: Store, now: datetime) -> None:
    """End a pause that is going on."""
    if paused_until(store, now) is not None:
        store.state.set_time(_UNTIL, now)


def paused_until(store: Store, now: datetime) -> datetime | None:
    """Return when the pause that is going on ends; None without one.

    One that would last longer than any was begun by a clock that has been set back since: it is over.
    """
    until = last_pause(store, now)
    return until if until is not None and now < until else None


def last_pause(store: Store, now: datetime) -> datetime | None:
    """Return when the last pause ended or ends; None without one, or if it cannot be meant."""
    until = store.state.get_time(_UNTIL)
    return until if until is not None and until <= now + PAUSE else None
