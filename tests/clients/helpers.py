"""What the tests of the clients share: a clock that does not wait, counts in memory, a token source."""

from __future__ import annotations

import threading
from collections import Counter
from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from ccdesk.clients.constant_contact.client import ConstantContact
from ccdesk.clients.http.policy import CallMeter, DailyBudget
from ccdesk.clients.kibo.client import Kibo
from ccdesk.core.clock import Clock
from ccdesk.core.errors import LoginNeeded

CC = "https://api.example.test/v3"
HOME = "https://home.example.test"
POD = "https://t5.example.test"
NOON = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)


class QuickClock(Clock):
    """Moves on by what is waited; nobody really waits."""

    def __init__(self, at: datetime = NOON) -> None:
        self.at, self.seconds = at, 1000.0
        self.waits: list[float] = []

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return self.seconds

    def wait(self, event: threading.Event, seconds: float) -> bool:
        if event.is_set():
            return True
        if seconds > 0:
            self.waits.append(seconds)
            self.seconds += seconds
            self.at += timedelta(seconds=seconds)
        return False


class Counts:
    """`ports.CallCounts` in memory."""

    def __init__(self) -> None:
        self.rows: Counter[tuple[str, str, str]] = Counter()

    def add(self, service: str, day: str, origin: str) -> None:
        self.rows[service, day, origin] += 1

    def used(self, service: str, day: str) -> dict[str, int]:
        return {origin: n for (s, d, origin), n in self.rows.items() if (s, d) == (service, day)}


class FixedTokens:
    """Hands out "t1", and the next one each time a stale one is brought back; at most `good` of them."""

    def __init__(self, good: int = 9) -> None:
        self.number, self.good = 1, good

    def bearer(self) -> str:
        return f"t{self.number}"

    def renew(self, stale: str) -> str:
        if stale == self.bearer():
            self.number += 1
        if self.number > self.good:
            raise LoginNeeded()
        return self.bearer()


class Memory:
    """Remembers in memory, as `store.state` does on disk."""

    def __init__(self) -> None:
        self.values: dict[str, str] = {}

    def get(self, name: str) -> str:
        return self.values.get(name, "")

    def set(self, name: str, value: str) -> None:
        self.values[name] = value


def mail(clock: QuickClock | None = None, counts: Counts | None = None, **more: object) -> ConstantContact:
    clock = clock or QuickClock()
    budget = DailyBudget(counts or Counts(), "constant_contact", origin=lambda: "test", clock=clock)
    return ConstantContact(CC, FixedTokens(), budget=budget, clock=clock, **more)  # type: ignore[arg-type]


def customers(clock: QuickClock | None = None, **more: object) -> Kibo:
    clock = clock or QuickClock()
    meter = CallMeter(Counts(), "kibo", origin=lambda: "test", clock=clock)
    given = {"tenant_url": POD, **more}
    return Kibo(HOME, "5", "acme.app.1.0.0.Release", lambda: "s3cret", meter=meter, clock=clock, **given)  # type: ignore[arg-type]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
