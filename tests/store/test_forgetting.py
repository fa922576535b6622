"""An account gone from Kibo for the retention time loses its email; that it opted out is still known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from ccdesk.core.models import Link, LinkState
from ccdesk.core.runs import Entry, EventStatus, Outcome, QueuedEvent, RunKind, Trigger
from ccdesk.core.statements import How
from ccdesk.store.store import SqliteStore
from tests.store.conftest import NOON, MovedClock, person, planned

KEEP = timedelta(days=90)
EMAIL = "Grace.Hopper@People.example"
GONE = Link(
    7, EMAIL, "contact-7", state=LinkState.CLOSED, agreed=False, kibo_opted_in=False, opt_out_at=NOON,
    note=f"former email {EMAIL}",
)  # fmt: skip


def forget(store: SqliteStore, clock: MovedClock, days: float = 0) -> int:
    clock.move(timedelta(days=days))
    return store.forget_gone(clock.now() - KEEP)


def test_the_email_goes_after_the_retention_time_and_not_before(
    store: SqliteStore, clock: MovedClock
) -> None:
    store.links.save([GONE, Link(8, "ann@people.example")])
    assert forget(store, clock) == 0
    assert forget(store, clock, 89) == 0
    assert store.links.get(7) == GONE
    assert forget(store, clock, 2) == 1
    found = store.links.get(7)
    assert found is not None
    assert (found.email, found.contact_id, found.note) == ("", "", "former email ")
    assert (found.state, found.agreed, found.opt_out_at) == (LinkState.CLOSED, False, NOON)
    assert store.links.get(8) == Link(8, "ann@people.example")
    assert forget(store, clock, 2) == 0


def test_not_a_byte_of_it_stays_in_the_file(
    path: Path, opened: Callable[[], SqliteStore], clock: MovedClock
) -> None:
    """Deleted rows stay readable in the file unless they are overwritten, and so does the log beside it."""
    store = opened()
    store.links.save([GONE])
    run = store.runs.start(RunKind.EVENTS, Trigger.MANUAL, NOON)
    forget(store, clock)
    clock.move(timedelta(days=91))
    store.queue.add(QueuedEvent("e", 7, clock.now(), email=EMAIL))
    event = store.queue.get("e")
    assert event is not None
    store.queue.save(replace(event, status=EventStatus.PARKED, error=f"refused {EMAIL}"))
    entries = [
        Entry(7, EMAIL, Outcome.SKIPPED, f"{EMAIL} is gone"),
        Entry(None, EMAIL.lower(), Outcome.ERROR, "x"),
    ]
    store.runs.add_entries(run.id, entries)
    assert forget(store, clock) == 1
    kept = store.runs.entries(run.id, outcome=None, offset=0, limit=9)
    assert [(one.customer_id, one.email, one.reason) for one in kept] == [
        (7, "", " is gone"),
        (None, "", "x"),
    ]
    parked = store.queue.get("e")
    assert parked is not None
    assert (parked.email, parked.error) == ("", "refused ")
    store.close_all()
    for one in path.parent.iterdir():
        assert b"hopper" not in one.read_bytes().lower(), one.name


def test_what_is_deleted_is_overwritten(path: Path, opened: Callable[[], SqliteStore]) -> None:
    store = opened()
    store.links.save([Link(n, f"person{n}@people.example") for n in range(500)])
    store.forget_people()
    store.close_all()
    assert b"people.example" not in path.read_bytes()


def test_the_opt_out_is_found_by_the_same_email(store: SqliteStore, clock: MovedClock) -> None:
    store.links.save([GONE, Link(8, "ann@people.example")])
    forget(store, clock)
    forget(store, clock, 91)
    key = EMAIL.lower()
    assert [one.customer_id for one in store.links.by_email(key)] == [7]
    found = store.links.by_emails([key, "ann@people.example", "x@people.example"])
    assert {name: [one.customer_id for one in links] for name, links in found.items()} == {
        key: [7],
        "ann@people.example": [8],
    }
    store.links.save([Link(9, EMAIL)])
    assert [one.customer_id for one in store.links.by_emails([key])[key]] == [9, 7]
    assert [one.customer_id for one in store.links.by_email("")] == []


def test_who_opted_out_and_is_forgotten_is_no_new_contact_of_an_export(
    store: SqliteStore, clock: MovedClock
) -> None:
    store.links.save([GONE])
    forget(store, clock)
    forget(store, clock, 91)
    store.exports.add([person(20, EMAIL), person(21, "new@people.example")])
    planned(store)
    assert [one.customer.id for one in store.exports.undecided(("", 0), 10)] == [20]


def test_one_who_comes_back_is_not_forgotten(store: SqliteStore, clock: MovedClock) -> None:
    store.links.save([GONE])
    forget(store, clock)
    forget(store, clock, 60)
    store.links.save([replace(GONE, state=LinkState.SYNCED)])
    forget(store, clock, 2)
    store.links.save([GONE])
    assert forget(store, clock, 40) == 0, "it is counted from when it was gone again"
    assert forget(store, clock, 91) == 1


def test_one_who_is_found_again_later_has_an_email_again(store: SqliteStore, clock: MovedClock) -> None:
    store.links.save([GONE])
    forget(store, clock)
    forget(store, clock, 91)
    sealed = store.links.get(7)
    assert sealed is not None
    store.links.save([replace(sealed, note="looked at again")])
    assert [one.customer_id for one in store.links.by_email(EMAIL.lower())] == [7], "a save keeps the hash"
    store.links.save([replace(sealed, email="new@people.example", state=LinkState.SYNCED)])
    assert store.links.by_email(EMAIL.lower()) == []
    assert [one.customer_id for one in store.links.by_email("new@people.example")] == [7]


def test_the_entries_of_others_with_the_email_stay(store: SqliteStore, clock: MovedClock) -> None:
    """Another account of the person is still there: its entries are about somebody who is a customer."""
    store.links.save([GONE, Link(9, EMAIL)])
    run = store.runs.start(RunKind.EVENTS, Trigger.MANUAL, NOON)
    store.runs.add_entries(
        run.id, [Entry(9, EMAIL, Outcome.ADDED, ""), Entry(None, EMAIL, Outcome.ERROR, "")]
    )
    forget(store, clock)
    forget(store, clock, 91)
    kept = store.runs.entries(run.id, outcome=None, offset=0, limit=9)
    assert [one.email for one in kept] == [EMAIL, EMAIL]


def test_what_they_stated_stays_without_the_email(store: SqliteStore, clock: MovedClock) -> None:
    store.links.save([replace(GONE, state=LinkState.SYNCED, kibo_opted_in=True, kibo_updated_at=NOON)])
    store.links.save([replace(GONE, kibo_updated_at=NOON + KEEP)])
    told = [one.how for one in store.ledger.entries(key=EMAIL.lower())]
    assert told == [How.FLAG_SET, How.FLAG_CLEARED]
    forget(store, clock)
    forget(store, clock, 91)
    found = list(store.ledger.entries(key=EMAIL.lower()))
    assert [one.how for one in found] == told, "the hash finds them"
    assert {one.email for one in found} == {""}


@pytest.mark.parametrize("days", [0.0, 0.5])
def test_entries_are_looked_through_at_most_once_a_day(
    store: SqliteStore, clock: MovedClock, days: float
) -> None:
    store.links.save([GONE])
    forget(store, clock)
    clock.move(timedelta(days=91))
    assert forget(store, clock) == 1
    store.links.save([replace(GONE, customer_id=8)])
    assert forget(store, clock, days) == 0
