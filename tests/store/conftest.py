"""Real files in tmp_path, a clock that tests move, and a check that no connection is left open."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import TypeVar

import pytest
from hypothesis import strategies as st

from ccdesk.core.clock import Clock
from ccdesk.core.exporting import Candidate
from ccdesk.core.models import Customer, Ownership
from ccdesk.store.store import SqliteStore

T = TypeVar("T")

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


class MovedClock(Clock):
    def __init__(self) -> None:
        self.moment = NOON
        self.seconds = 0.0

    def now(self) -> datetime:
        return self.moment

    def monotonic(self) -> float:
        return self.seconds

    def wait(self, event: threading.Event, seconds: float) -> bool:
        self.move(timedelta(seconds=seconds))
        self.meanwhile()
        return event.is_set()

    def meanwhile(self) -> None:
        """What others do while somebody waits; tests put something else here."""

    def move(self, by: timedelta) -> None:
        self.moment += by
        self.seconds += by.total_seconds()


@pytest.fixture
def clock() -> MovedClock:
    return MovedClock()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ccdesk.db"


@pytest.fixture
def opened(path: Path, clock: MovedClock) -> Iterator[Callable[[], SqliteStore]]:
    """Open the same file as often as asked, as another window or command line would."""
    stores: list[SqliteStore] = []

    def open_one() -> SqliteStore:
        stores.append(SqliteStore(path, clock))
        return stores[-1]

    yield open_one
    for store in stores:
        store.close_all()
    gc.collect()


@pytest.fixture
def store(opened: Callable[[], SqliteStore]) -> SqliteStore:
    return opened()


def in_thread(work: Callable[[], T]) -> T:
    """Run something in a thread of its own and hand back what it returned or raised."""
    results: list[T] = []
    errors: list[BaseException] = []

    def body() -> None:
        try:
            results.append(work())
        except BaseException as error:  # handed to the test
            errors.append(error)

    thread = threading.Thread(target=body)
    thread.start()
    thread.join(30)
    if errors:
        raise errors[0]
    return results[0]


moments = st.none() | st.datetimes(
    min_value=datetime(1980, 1, 1),
    max_value=datetime(2200, 1, 1),
    timezones=st.sampled_from(
        [UTC, timezone(timedelta(hours=-5)), timezone(timedelta(hours=13, minutes=45))]
    ),
)


IMPORT, OWNED = "import", Ownership.OWNED


def person(number: int, email: str = "", **more: object) -> Candidate:
    customer = Customer(number, email or f"p{number}@example.com", True, updated_at=NOON)
    return replace(Candidate(customer, b"{}", f"hash{number}", plain=True), **more)  # type: ignore[arg-type]


def planned(store: SqliteStore) -> None:
    store.exports.begin_plan()
    after: int | None = 0
    while after is not None:
        after = store.exports.plan_new_contacts(after, 3, IMPORT, OWNED)
