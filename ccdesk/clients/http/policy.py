"""How often, how many a day: the rules by which calls are repeated and counted (how fast: `pace`).

Sources: constant-contact.md §5, kibo.md §4. Every wait here ends at once when the run is cancelled.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from ccdesk.core.clock import Clock
from ccdesk.core.errors import Cancelled, QuotaUsedUp
from ccdesk.core.limits import DAILY_CALLS, RESERVED_SHARE
from ccdesk.core.ports.store import CallCounts


@dataclass(frozen=True, slots=True)
class Retry:
    """How a call that failed in passing is repeated; only GET and calls marked idempotent are.

    A 429 is a refused call: nothing was done, so any verb may be repeated, up to `refusals` times.
    All times are in seconds; a pause doubles up to `ceiling` and is then shortened by up to `jitter`.
    """

    attempts: int = 4
    refusals: int = 8
    statuses: frozenset[int] = frozenset({500, 502, 503, 504})
    first: float = 1.0
    ceiling: float = 30.0
    jitter: float = 0.25

    def pause(self, failures: int) -> float:
        """Return the seconds to wait after that many failures (1 or more)."""
        full = min(self.ceiling, self.first * 2.0 ** min(failures - 1, 16))
        return full * (1.0 - self.jitter * random.random())


ONCE = Retry(attempts=1, refusals=1)


def wait(clock: Clock, cancel: threading.Event, seconds: float) -> None:
    """Wait, unless somebody asks to stop.

    Raises:
        Cancelled: `cancel` was set before or while waiting.

    """
    if clock.wait(cancel, seconds):
        raise Cancelled()


class CallMeter:
    """Counts every call sent to a service by UTC day and origin; refused ones count as well."""

    def __init__(
        self, calls: CallCounts, service: str, *, origin: Callable[[], str], clock: Clock | None = None
    ) -> None:
        self._calls, self._service = calls, service
        self._clock = clock or Clock()
        self.origin = origin

    def count(self) -> None:
        """Count one call that is about to be sent."""
        self._calls.add(self._service, self._day(), self.origin())

    def used(self) -> int:
        """Return today's calls over all origins."""
        return sum(self._calls.used(self._service, self._day()).values())

    def _day(self) -> str:
        return self._clock.now().astimezone(UTC).date().isoformat()


_for_opt_outs: ContextVar[bool] = ContextVar("for_opt_outs", default=False)


class DailyBudget(CallMeter):
    """Counts, and stops before the day's calls are gone; the last share is kept for opt-outs (design §4)."""

    def __init__(
        self,
        calls: CallCounts,
        service: str,
        *,
        origin: Callable[[], str],
        clock: Clock | None = None,
        daily: int = DAILY_CALLS,
        reserved_share: float = RESERVED_SHARE,
    ) -> None:
        super().__init__(calls, service, origin=origin, clock=clock)
        self._daily = daily
        self._open = daily - int(daily * reserved_share)

    def count(self) -> None:
        """Count one call that is about to be sent.

        Raises:
            QuotaUsedUp: only the reserve is left and this call does not serve opt-outs, or nothing is.

        """
        used = self.used()
        if used >= (self._daily if _for_opt_outs.get() else self._open):
            raise QuotaUsedUp(next_midnight(self._clock.now()), detail=f"{used} of {self._daily} calls used")
        super().count()

    @contextmanager
    def reserved(self) -> Iterator[None]:
        """Let the calls made inside, by this thread, use the reserve: they serve opt-outs."""
        token = _for_opt_outs.set(True)
        try:
            yield
        finally:
            _for_opt_outs.reset(token)


def next_midnight(now: datetime) -> datetime:
    """Return the next 00:00 UTC, when the daily quota starts anew (constant-contact.md §5)."""
    return datetime.combine(now.astimezone(UTC).date() + timedelta(days=1), time(), tzinfo=UTC)
