from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from ccdesk.core.runs import EventStatus, QueuedEvent
from ccdesk.store.store import SqliteStore
from tests.store.conftest import NOON, MovedClock

MINUTE = timedelta(minutes=1)


def event(number: int, customer: int = 1, *, status: EventStatus = EventStatus.PENDING) -> QueuedEvent:
    return QueuedEvent(f"e{number:03}", customer, NOON + number * MINUTE, status)


def fill(store: SqliteStore, *events: QueuedEvent) -> None:
    """Bring entries into their states the way the engine does."""
    for one in events:
        assert store.queue.add(replace(one, status=EventStatus.PENDING))
        store.queue.save(one)


def ids(events: list[QueuedEvent]) -> list[str]:
    return [one.event_id for one in events]


def test_an_entry_comes_back_with_everything(store: SqliteStore) -> None:
    assert store.queue.add(replace(event(1), email="ann@example.com"))
    full = replace(
        event(1),
        status=EventStatus.RETRY,
        attempts=3,
        error="no answer",
        next_try_at=NOON,
        result="r",
        email="ann@example.com",
    )
    store.queue.save(full)
    assert store.queue.get("e001") == full
    assert store.queue.get("e002") is None


def test_repeats_are_one_entry_with_the_first_ones_id_and_time(store: SqliteStore) -> None:
    assert store.queue.add(event(1))
    assert not store.queue.add(event(1, customer=2)), "known id"
    assert not store.queue.add(event(2)), "same customer"
    assert store.queue.page(include_processed=True, offset=0, limit=9) == [event(1)]


def test_an_entry_that_came_by_a_hint_learns_the_email_from_the_look(store: SqliteStore) -> None:
    assert store.queue.add(event(1))
    assert not store.queue.add(replace(event(2), email="ann@example.com"))
    assert not store.queue.add(replace(event(3), email="later@example.com"))
    assert store.queue.page(include_processed=True, offset=0, limit=9) == [
        replace(event(1), email="ann@example.com")
    ]


@pytest.mark.parametrize("status", [EventStatus.PENDING, EventStatus.RETRY])
def test_an_open_entry_swallows_later_changes(store: SqliteStore, status: EventStatus) -> None:
    fill(store, event(1, status=status))
    assert not store.queue.add(event(2))


@pytest.mark.parametrize("status", [EventStatus.PARKED, EventStatus.PROCESSED])
def test_a_parked_or_processed_entry_does_not(store: SqliteStore, status: EventStatus) -> None:
    fill(store, event(1, status=status))
    assert store.queue.add(event(2))
    assert not store.queue.add(event(1)), "known id"
    assert store.queue.get("e001") == event(1, status=status)


def test_two_processes_cannot_queue_one_customer_twice(opened: Callable[[], SqliteStore]) -> None:
    window, loop = opened(), opened()
    assert window.queue.add(event(1))
    assert not loop.queue.add(event(2))
    assert window.queue.count() == 1


def test_due_entries_oldest_first_after_a_key(store: SqliteStore) -> None:
    fill(
        store,
        event(5, 5),
        replace(event(1, 1, status=EventStatus.RETRY), next_try_at=NOON),
        replace(event(2, 2, status=EventStatus.RETRY), next_try_at=NOON + MINUTE),
        event(3, 3, status=EventStatus.PARKED),
        event(4, 4, status=EventStatus.PROCESSED),
        replace(event(6, 6), created_at=NOON + 5 * MINUTE),
    )
    assert ids(store.queue.due(NOON, None, 9)) == ["e001", "e005", "e006"]
    assert ids(store.queue.due(NOON + MINUTE, None, 2)) == ["e001", "e002"]
    assert ids(store.queue.due(NOON, (NOON + 5 * MINUTE, "e005"), 9)) == ["e006"]
    assert ids(store.queue.due(NOON, (NOON + MINUTE, "e001"), 9)) == ["e005", "e006"]
    assert ids(store.queue.due(NOON, None, 9, early=True)) == ["e001", "e002", "e005", "e006"]


def test_known_ids(store: SqliteStore) -> None:
    fill(store, event(1, 1), event(2, 2, status=EventStatus.PROCESSED))
    asked = [f"e{number:03}" for number in range(2000)]
    assert store.queue.known(asked) == {"e001", "e002"}
    assert store.queue.known([]) == set()


def test_a_page_has_unprocessed_oldest_first_then_processed_newest_first(store: SqliteStore) -> None:
    done = [
        replace(event(number, number, status=EventStatus.PROCESSED), processed_at=NOON + number * MINUTE)
        for number in (1, 2, 3)
    ]
    fill(store, *done, event(9, 9), event(8, 8, status=EventStatus.PARKED))
    whole = ["e008", "e009", "e003", "e002", "e001"]
    for offset in range(7):
        for limit in (1, 2, 9):
            page = store.queue.page(include_processed=True, offset=offset, limit=limit)
            assert ids(page) == whole[offset : offset + limit]
    assert ids(store.queue.page(include_processed=False, offset=0, limit=9)) == whole[:2]
    assert store.queue.count() == 2
    assert store.queue.count(include_processed=True) == 5
    assert store.queue.parked_count() == 1


def test_since_when_a_customer_waits_is_told_by_the_oldest_entry_that_is_not_processed(
    store: SqliteStore,
) -> None:
    fill(
        store,
        event(1, status=EventStatus.PROCESSED),
        event(2, status=EventStatus.PARKED),
        event(3),
        event(0, 2),
    )
    assert store.queue.open_since(1) == NOON + 2 * MINUTE
    assert store.queue.open_since(3) is None


def test_a_parked_entry_is_opened_again(store: SqliteStore) -> None:
    fill(store, event(1, status=EventStatus.PARKED))
    store.queue.save(event(1))
    assert ids(store.queue.due(NOON, None, 9)) == ["e001"]


def test_a_parked_entry_opened_beside_a_newer_one_is_closed_with_a_word(
    store: SqliteStore, clock: MovedClock
) -> None:
    fill(store, event(1, status=EventStatus.PARKED), event(2))
    store.queue.save(event(1))
    found = store.queue.get("e001")
    assert found is not None
    assert (found.status, found.processed_at) == (EventStatus.PROCESSED, clock.now())
    assert "e002" in found.result
    assert ids(store.queue.due(NOON, None, 9)) == ["e002"]


def test_a_processed_entry_settles_older_parked_ones_of_its_customer(store: SqliteStore) -> None:
    parked = EventStatus.PARKED
    fill(
        store,
        event(1, status=parked),
        event(3, status=EventStatus.PROCESSED),
        event(4, status=parked),
        event(2, 2, status=parked),
    )
    store.queue.supersede(1, "e003", NOON)
    found = store.queue.get("e001")
    assert found is not None
    assert (found.status, found.processed_at, found.error) == (EventStatus.PROCESSED, NOON, "")
    assert "e003" in found.result
    assert store.queue.get("e004") == event(4, status=parked), "newer: it may be another matter"
    assert store.queue.get("e002") == event(2, 2, status=parked), "another customer"


def test_saving_an_entry_that_is_not_there_is_our_bug(store: SqliteStore) -> None:
    with pytest.raises(LookupError):
        store.queue.save(event(1))


def test_odd_text_in_an_error_is_kept_as_far_as_it_can_be(store: SqliteStore) -> None:
    assert store.queue.add(replace(event(1), error="name \ud83d refused"))
    assert not store.queue.add(replace(event(1), error="name \ud83d refused"))
    found = store.queue.get("e001")
    assert found is not None
    assert found.error == "name ? refused"


def test_an_entry_put_off_by_a_clock_that_was_ahead_does_not_wait_for_it(store: SqliteStore) -> None:
    fill(store, replace(event(1, status=EventStatus.RETRY), next_try_at=NOON + timedelta(days=40)))
    fill(
        store, replace(event(2, customer=2, status=EventStatus.RETRY), next_try_at=NOON + timedelta(hours=12))
    )
    assert ids(store.queue.due(NOON, None, 9)) == ["e001"]


def test_a_parked_change_is_not_entered_again_under_its_other_name(store: SqliteStore) -> None:
    fill(store, replace(event(1, 7, status=EventStatus.PARKED), created_at=NOON))
    assert not store.queue.add(replace(event(2, 7), created_at=NOON + timedelta(seconds=2)))
    assert not store.queue.add(replace(event(3, 7), created_at=NOON - MINUTE))
    assert store.queue.add(replace(event(4, 7), created_at=NOON + MINUTE)), "the customer has changed since"
    assert store.queue.add(replace(event(5, 8), created_at=NOON))
