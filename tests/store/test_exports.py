from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ccdesk.core.exporting import Candidate, Chunk, ChunkState, Planned
from ccdesk.core.models import Contact, Customer, Link, Ownership, Permission
from ccdesk.core.runs import Outcome, RunKind, Trigger
from ccdesk.store.store import SqliteStore
from tests.store.conftest import IMPORT, NOON, OWNED, moments, person, planned

quick = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
candidates = st.builds(
    Candidate,
    st.builds(Customer, st.integers(1, 2**40), st.text(), st.booleans(), updated_at=moments),
    st.binary(),
    st.text(),
    st.text(),
    st.text(),
    st.text(),
    st.booleans(),
)


def ids(found: list[Candidate] | list[Planned]) -> list[int]:
    return [one.customer.id for one in found]


def chunk(first: int, last: int, people: int, number: int = 1) -> Chunk:
    return Chunk(number, IMPORT, first, last, people, NOON)


@quick
@given(one=candidates)
def test_a_candidate_comes_back_as_read(store: SqliteStore, one: Candidate) -> None:
    store.exports.clear()
    assert store.exports.add([one]) == 1
    store.exports.begin_plan()
    store.exports.plan_new_contacts(2**50, 1, IMPORT, OWNED)
    assert store.exports.undecided(("", -1), 9) == [one]
    assert store.exports.many([one.customer.id, one.customer.id + 1]) == {one.customer.id: one}


def test_only_new_people_are_counted_and_the_later_reading_stays(store: SqliteStore) -> None:
    assert store.exports.add([person(1), person(2), person(1, "late@example.com")]) == 2
    assert store.exports.add([person(2, "later@example.com"), person(3)]) == 1
    assert store.exports.add([]) == 0
    assert (store.exports.count(), store.exports.last_id()) == (3, 3)
    planned(store)
    assert [one.customer.email for one in store.exports.unsent(IMPORT, 0, 9)] == [
        "late@example.com",
        "later@example.com",
        "p3@example.com",
    ]


def test_whom_somebody_knows_is_left_to_be_decided(store: SqliteStore) -> None:
    people = [person(number) for number in range(1, 12)]
    people[1] = person(2, "P3@example.com")  # shares an email with 3
    people[3] = person(4, plain=False)
    store.exports.add(people)
    store.staging.add_contacts([Contact("c5", "p5@Example.com", Permission.EXPLICIT)])
    store.links.save([Link(6), Link(700, "p7@example.com")])
    planned(store)
    assert ids(store.exports.undecided(("", -1), 99)) == [2, 3, 4, 5, 6, 7]
    assert ids(store.exports.undecided(("p4@example.com", 4), 1)) == [5]
    assert [number for number, _ in store.exports.rows(IMPORT, 0, 99)] == [1, 8, 9, 10, 11]


def test_a_chunk_takes_its_people_and_gives_them_back(store: SqliteStore) -> None:
    store.exports.add([person(number) for number in range(1, 6)])
    planned(store)
    store.exports.decide([Planned(person(3), "add", "foreign", "c3", Ownership.FOREIGN)])
    one = chunk(1, 4, 3)
    store.exports.open_chunk(one)
    assert [number for number, _ in store.exports.rows(IMPORT, 0, 9)] == [5]
    assert (store.exports.chunks(), store.exports.sent()) == ([one], 3)
    assert store.exports.sent_by_email(["p1@example.com", "p3@example.com"]) == {"p1@example.com": (1, OWNED)}
    done = replace(one, state=ChunkState.DONE, activity_id="a1", reported=("Line 2: odd",))
    store.exports.save_chunk(done)
    assert store.exports.chunks() == [done]
    assert [store.exports.place_in_chunk(done, number) for number in (1, 2, 4)] == [0, 1, 2]
    store.exports.drop_chunk(1)
    assert (store.exports.chunks(), store.exports.sent()) == ([], 0)
    assert [number for number, _ in store.exports.rows(IMPORT, 0, 9)] == [1, 2, 4, 5]


def test_a_plan_made_again_forgets_the_former_but_not_what_was_sent(store: SqliteStore) -> None:
    store.exports.add([person(1), person(2)])
    planned(store)
    store.exports.open_chunk(chunk(1, 1, 1))
    store.staging.add_contacts([Contact("c2", "p2@example.com", Permission.EXPLICIT)])
    planned(store)
    assert store.exports.rows(IMPORT, 0, 9) == []
    assert ids(store.exports.undecided(("", -1), 9)) == [2]


def test_later_readings_change_what_is_not_sent_yet(store: SqliteStore) -> None:
    store.exports.add([person(1), person(2)])
    planned(store)
    sent = chunk(1, 1, 1)
    store.exports.open_chunk(sent)
    out = Customer(1, "new1@example.com", False)
    store.exports.refresh([Candidate(out), Candidate(Customer(2, "new2@example.com", False)), person(3)])
    (first,) = store.exports.unsettled(sent, -1, 9, new_contacts=True)
    assert (first.customer.email, first.customer.accepts_marketing) == ("p1@example.com", False)
    planned(store)
    (second,) = store.exports.undecided(("", -1), 9)
    assert (second.customer.email, second.customer.accepts_marketing) == ("new2@example.com", False)


def test_new_contacts_seen_are_closed_at_once(store: SqliteStore) -> None:
    run = store.runs.start(RunKind.EXPORT, Trigger.MANUAL, NOON)
    store.exports.add([person(1), person(2, note="shortened"), person(3), person(4, plain=False)])
    planned(store)
    store.exports.decide([Planned(person(4), IMPORT, "ours", "c4", OWNED)])
    one = chunk(1, 4, 4)
    store.exports.open_chunk(one)
    store.exports.add_seen(["p1@example.com", "p2@example.com", "p4@example.com", "x@example.com"])
    store.exports.index_seen()
    pattern = Link(0, ownership=OWNED, agreed=True, on_list=True, written_at=NOON + timedelta(hours=1))
    assert store.exports.settle(one, run.id, pattern, Outcome.ADDED, "new contact") == 2
    assert store.links.get(1) == replace(
        pattern, customer_id=1, email="p1@example.com", kibo_updated_at=NOON, written_hash="hash1"
    )
    assert store.links.by_email("p2@example.com")[0].customer_id == 2
    assert [store.links.get(3), store.links.get(4)] == [None, None]
    found = store.runs.entries(run.id, outcome=Outcome.ADDED, offset=0, limit=9)
    assert [(e.customer_id, e.reason) for e in found] == [(1, "new contact"), (2, "new contact; shortened")]
    assert {kind[1:] for kind in store.runs.entry_kinds(run.id)} == {
        ("new contact", 1),
        ("new contact; shortened", 1),
    }
    assert ids(store.exports.unsettled(one, -1, 9, new_contacts=False)) == [3, 4]
    assert ids(store.exports.unsettled(one, 1, 2, new_contacts=True)) == [2, 3]
    assert store.exports.seen(["p1@example.com", "p3@example.com"]) == {"p1@example.com"}
    store.exports.clear_seen()
    assert store.exports.seen(["p1@example.com"]) == set()


def test_new_contacts_closed_at_once_are_kept_as_guests_if_they_are(store: SqliteStore) -> None:
    run = store.runs.start(RunKind.EXPORT, Trigger.MANUAL, NOON)
    guest = person(2)
    store.exports.add([person(1), replace(guest, customer=replace(guest.customer, is_anonymous=True))])
    planned(store)
    both = chunk(1, 2, 2)
    store.exports.open_chunk(both)
    store.exports.add_seen(["p1@example.com", "p2@example.com"])
    store.exports.index_seen()
    assert store.exports.settle(both, run.id, Link(0), Outcome.ADDED, "new contact") == 2
    kept = [(link.active, link.guest) for link in store.links.page(-1, 9)]
    assert kept == [(True, False), (True, True)]


def test_what_is_refused_as_a_whole_waits_in_two_parts_until_it_is_sent(store: SqliteStore) -> None:
    store.exports.add([person(number) for number in range(1, 8)])
    planned(store)
    whole = chunk(1, 5, 5)
    store.exports.open_chunk(whole)
    assert store.exports.newest_batch([IMPORT]) is None
    assert store.exports.split(whole) == 5
    assert store.exports.chunks() == []
    assert store.exports.newest_batch(["add"]) is None
    assert store.exports.newest_batch(["add", IMPORT]) == (2, IMPORT)
    assert [number for number, _ in store.exports.rows(IMPORT, 0, 9, 2)] == [1, 2, 3]
    assert ids(store.exports.unsent(IMPORT, 0, 9, 1)) == [4, 5]
    assert [number for number, _ in store.exports.rows(IMPORT, 0, 9)] == [6, 7]
    part = chunk(1, 3, 3, number=2)
    store.exports.open_chunk(part, 2)
    assert store.exports.newest_batch([IMPORT]) == (1, IMPORT)
    planned(store)
    assert ids(store.exports.unsent(IMPORT, 0, 9)) == [4, 5, 6, 7], "planned anew, and still apart"
    assert store.exports.newest_batch([IMPORT]) == (1, IMPORT)
    assert store.exports.split(part, keep=[2]) == 2
    (left,) = store.exports.chunks()
    assert (left.number, left.people, left.state) == (2, 1, ChunkState.DONE)
    assert [number for number, _ in store.exports.rows(IMPORT, 0, 9, 3)] == [1]
    assert [number for number, _ in store.exports.rows(IMPORT, 0, 9, 2)] == [3]


def test_who_is_decided_for_is_no_new_contact_any_more(store: SqliteStore) -> None:
    run = store.runs.start(RunKind.EXPORT, Trigger.MANUAL, NOON)
    store.exports.add([person(1)])
    planned(store)
    store.exports.decide([Planned(person(1), IMPORT, "its own words", "", OWNED)])
    one = chunk(1, 1, 1)
    store.exports.open_chunk(one)
    store.exports.add_seen(["p1@example.com"])
    store.exports.index_seen()
    assert store.exports.settle(one, run.id, Link(0), Outcome.ADDED, "new contact") == 0
