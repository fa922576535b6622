"""What is kept of single people, found by index, and the search while somebody types."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from ccdesk.core.losses import Held, LossKind
from ccdesk.core.models import Link, LinkState
from ccdesk.core.runs import Entry, EventStatus, Outcome, QueuedEvent, RunKind, Trigger
from ccdesk.store.store import SqliteStore
from tests.store.conftest import NOON


def entry(number: int | None, email: str, reason: str = "new contact") -> Entry:
    return Entry(number, email, Outcome.ADDED, reason)


def test_the_entries_of_a_person_over_all_runs(store: SqliteStore) -> None:
    for hour in range(3):
        run = store.runs.start(RunKind.EVENTS, Trigger.SCHEDULED, NOON + timedelta(hours=hour))
        store.runs.add_entries(
            run.id,
            [
                entry(1, "ann@x.example", f"{hour}"),
                entry(2, "ben@x.example"),
                entry(None, "Ann@X.example", f"{hour} alone"),
            ],
        )
    found = store.people.entries_of([1], ["ann@x.example"], 100)
    assert [one.entry.reason for one in found] == ["0", "0 alone", "1", "1 alone", "2", "2 alone"]
    assert [one.at for one in found[::2]] == [NOON + timedelta(hours=hour) for hour in range(3)]
    assert [one.entry.reason for one in store.people.entries_of([1], [], 2)] == ["1", "2"], "the newest"
    assert store.people.entries_of([9], ["nobody@x.example"], 100) == []
    assert {one.entry.customer_id for one in store.people.entries_of([1, 2], [], 100)} == {1, 2}
    store.runs.prune(NOON + timedelta(days=400))
    assert len(store.people.entries_of([1], [], 100)) == 3, "runs that go on are kept"


def test_the_entries_of_a_person_keep_their_days(store: SqliteStore) -> None:
    run = store.runs.start(RunKind.EVENTS, Trigger.SCHEDULED, NOON)
    dated = [
        replace(entry(1, "ann@x.example"), acted_at=NOON - timedelta(days=3), code="some"),
        replace(entry(None, "ann@x.example"), acted_at=NOON - timedelta(days=2)),
    ]
    store.runs.add_entries(run.id, dated)
    assert [one.entry for one in store.people.entries_of([1], ["ann@x.example"], 9)] == dated


def test_accounts_that_have_or_had_an_email(store: SqliteStore) -> None:
    known = {"kibo_opted_in": True, "agreed": True, "written_at": NOON, "kibo_updated_at": NOON}
    first, second = Link(1, email="ann@x.example", **known), Link(2, email="Ann@x.example", **known)
    store.links.save([first, second, Link(3, email="ben@x.example", **known)])
    store.links.save([replace(first, email="new@x.example", kibo_updated_at=NOON + timedelta(hours=1))])
    assert store.people.accounts_of("ann@x.example") == [1, 2]
    assert store.people.accounts_of("new@x.example") == [1]
    assert store.people.accounts_of("") == []


def test_what_waits_about_a_person(store: SqliteStore) -> None:
    store.queue.add(QueuedEvent("parked", 1, NOON))
    parked = QueuedEvent("parked", 1, NOON, EventStatus.PARKED, 3, "No.", email="ann@x.example")
    store.queue.save(parked)
    later = NOON + timedelta(hours=1)
    store.queue.add(QueuedEvent("open", 1, later))
    store.queue.add(QueuedEvent("other", 2, NOON))
    store.queue.add(QueuedEvent("done", 3, NOON))
    store.queue.save(QueuedEvent("done", 3, NOON, EventStatus.PROCESSED, processed_at=later))
    assert [one.event_id for one in store.people.queued([1, 3])] == ["parked", "open"]
    assert store.people.queued([1])[0] == store.queue.get("parked") == parked
    held = Held(1, LossKind.LEFT, "ann@x.example", "ann@x.example", NOON)
    store.losses.hold([held, Held(2, LossKind.FLAG, "b", "b", NOON)])
    assert store.people.held([1]) == [held]


@pytest.fixture
def people(store: SqliteStore) -> SqliteStore:
    """A hundred and one people; Ann has two accounts, and one person's email was forgotten."""
    links = [Link(number, email=f"p{number:03}@x.example") for number in range(10, 110)]
    store.links.save([*links, Link(1, email="Ann@x.example"), Link(2, email="ann@X.example")])
    return store


def test_who_begins_with_it_comes_first(people: SqliteStore) -> None:
    people.links.save([Link(500, email="joann@x.example")])
    found = people.people.find(" ANN", 10)
    assert [(one.email, one.customer_ids) for one in found] == [
        ("Ann@x.example", (1, 2)),
        ("joann@x.example", (500,)),
    ]
    assert [one.email for one in people.people.find("p01", 3)] == [f"p01{n}@x.example" for n in range(3)]
    assert people.people.find("", 9) == []
    assert people.people.find("nobody", 9) == []
    assert people.people.find("%", 9) == []


def test_a_number_is_a_customer_id_and_may_begin_an_email(people: SqliteStore) -> None:
    people.links.save([Link(700, email="42@x.example")])
    assert [one.customer_ids for one in people.people.find("42", 9)][:2] == [(42,), (700,)]
    assert people.people.find("9" * 30, 9) == []


def test_a_forgotten_person_is_found_by_number_and_never_by_what_stands_for_them(people: SqliteStore) -> None:
    people.links.save([Link(5, email="gone@x.example", state=LinkState.CLOSED)])
    people.forget_gone(NOON - timedelta(days=1))
    people._database.statement("UPDATE gone SET since = '2000-01-01T00:00:00.000000Z'")
    people._database.statement("DELETE FROM state WHERE name = 'forget.last'")
    assert people.forget_gone(NOON) == 1
    assert people.people.find("gone", 9) == []
    assert people.people.find("~", 9) == []
    [found] = people.people.find("5", 1)
    assert (found.email, found.customer_ids) == ("", (5,))
