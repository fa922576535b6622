from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ccdesk.core.intents import Act, Ended, JournalLine
from ccdesk.core.models import Contact, Link, LinkState, Permission, WriteBack
from ccdesk.store.store import SqliteStore
from tests.store.conftest import NOON, moments

links = st.builds(
    Link,
    customer_id=st.integers(0, 2**62),
    kibo_updated_at=moments,
    written_at=moments,
    opt_out_at=moments,
    out_since=moments,
    passed_by=st.booleans(),
    active=st.booleans(),
    guest=st.booleans(),
    undated=st.booleans(),
)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SqliteStore]:
    store = SqliteStore(tmp_path_factory.mktemp("links") / "ccdesk.db")
    yield store
    store.close_all()


@settings(max_examples=60, deadline=None)
@given(link=links)
def test_a_link_comes_back_as_it_was_saved(shared: SqliteStore, link: Link) -> None:
    shared.links.save([link])
    found = shared.links.get(link.customer_id)
    assert found == link
    assert found is not None
    assert found.written_at is None or found.written_at.tzinfo is UTC
    assert link in shared.links.by_email(link.email_key)


def begun(customer_id: int, act: Act = Act.ADD) -> JournalLine:
    return JournalLine(act, customer_id, "", "first", NOON)


def test_a_link_tells_the_last_command_about_a_list_whose_end_is_not_known(store: SqliteStore) -> None:
    store.links.save([Link(1), Link(2)])
    store.intents.begin([begun(1), begun(1, Act.REMOVE), begun(1, Act.OPT_OUT), begun(1, Act.ASK)])
    found = store.links.get(1)
    assert found == Link(1, begun=Act.REMOVE)
    store.links.save([replace(found, note="another", begun=None)])  # a link is no place to change it
    assert store.links.many([1, 2]) == {1: Link(1, note="another", begun=Act.REMOVE), 2: Link(2)}
    store.intents.end_last([1], Ended.REFUSED)
    assert [link.begun for link in store.links.page(-1, 9)] == [Act.ADD, None]
    store.intents.end([1], Ended.DONE)
    assert store.links.by_email("")[0].begun is None


def test_saving_again_replaces(store: SqliteStore) -> None:
    link = Link(7, "ann@example.com", contact_id="c1", on_list=True, note="old")
    store.links.save([link])
    store.links.save([replace(link, email="Bob@Example.com ", note="")])
    assert store.links.get(7) == replace(link, email="Bob@Example.com ", note="")
    assert store.links.by_email("ann@example.com") == []
    assert [one.customer_id for one in store.links.by_email("bob@example.com")] == [7]
    assert store.links.count() == 1


def test_unknown_links_are_none_and_absent(store: SqliteStore) -> None:
    assert store.links.get(1) is None
    assert store.links.many([1, 2]) == {}
    assert store.links.by_emails(["x@example.com"]) == {}


def test_look_ups_of_many_go_past_the_limit_of_variables(store: SqliteStore) -> None:
    made = [Link(number, f"p{number // 2}@example.com") for number in range(3000)]
    store.links.save(iter(made))
    assert store.links.many(range(2, 40_000)) == {link.customer_id: link for link in made[2:]}
    found = store.links.by_emails([f"p{number}@example.com" for number in range(2000)] * 2)
    assert len(found) == 1500
    assert [link.customer_id for link in found["p7@example.com"]] == [14, 15]


def test_pages_go_on_above_the_last_id(store: SqliteStore) -> None:
    store.links.save([Link(number) for number in (5, 1, 9, 3)])
    assert [link.customer_id for link in store.links.page(-1, 3)] == [1, 3, 5]
    assert [link.customer_id for link in store.links.page(5, 3)] == [9]


def test_pending_links_only(store: SqliteStore) -> None:
    store.links.save(
        [Link(1), Link(2, pending=WriteBack.OPT_OUT), Link(3, pending=WriteBack.OPT_IN), Link(4)]
    )
    assert [link.customer_id for link in store.links.pending(-1, 10)] == [2, 3]
    assert [link.customer_id for link in store.links.pending(2, 10)] == [3]


def member(contact_id: str, email: str = "m@x.com") -> Contact:
    return Contact(contact_id, email, Permission.EXPLICIT)


def test_off_scan_are_the_members_the_scan_did_not_see(store: SqliteStore) -> None:
    store.links.save(
        [
            Link(1, contact_id="seen", on_list=True),
            Link(2, contact_id="gone", on_list=True),
            Link(3, contact_id="never", on_list=False),
            Link(4, contact_id="", on_list=True),
            Link(5, contact_id="gone too", on_list=True),
            Link(6, "D@x.com", contact_id="", on_list=True),
        ]
    )
    store.staging.add_scan([member("seen"), member("somebody else", "d@x.com")])
    store.staging.add_scan([member("seen")])
    assert [link.customer_id for link in store.links.off_scan(-1, 10)] == [2, 4, 5]
    assert [link.customer_id for link in store.links.off_scan(2, 1)] == [4]
    store.staging.clear_scan()
    assert [link.customer_id for link in store.links.off_scan(-1, 1)] == [1]


def test_settled_off_list_are_those_in_whom_nothing_explains_their_absence(store: SqliteStore) -> None:
    missing = Link(1, kibo_opted_in=True)
    reported = [
        replace(missing, customer_id=2, on_list=True),
        replace(missing, customer_id=3, kibo_opted_in=False),
        replace(missing, customer_id=4, kibo_opted_in=None),
        replace(missing, customer_id=5, state=LinkState.LEFT_LIST),
        replace(missing, customer_id=6, pending=WriteBack.OPT_OUT),
        replace(missing, customer_id=7),
    ]
    again = replace(missing, customer_id=8)
    store.links.save([missing, *reported, again])
    store.intents.begin([begun(7), begun(8, act=Act.OPT_IN)])
    assert store.links.settled_off_list(-1, 10) == [missing, again]
    assert store.links.settled_off_list(1, 1) == [again]


def test_leaving_the_list_keeps_states(store: SqliteStore) -> None:
    there = [Link(number, kibo_opted_in=True, on_list=True) for number in (1, 3)]
    store.links.save([*there, Link(2, state=LinkState.LEFT_LIST)])
    assert (store.links.count(on_list=True), store.links.count(on_list=False)) == (2, 1)
    store.links.save([Link(4), Link(5, passed_by=True)])
    store.intents.begin([begun(4)])
    assert store.links.leave_list("first", "second", NOON) == []
    assert store.links.many([4, 5]) == {4: Link(4, written_at=NOON), 5: Link(5, written_at=NOON)}
    assert [line.ended for line in store.intents.of(4)] == [Ended.UNKNOWN]
    assert (store.links.count(on_list=True), store.links.count(on_list=False)) == (0, 5)
    assert store.links.get(2) == Link(2, state=LinkState.LEFT_LIST)


def test_who_was_on_a_list_is_taken_up_again_with_it(store: SqliteStore) -> None:
    opted_in = Link(1, kibo_opted_in=True, on_list=True)
    people = [
        opted_in,
        replace(opted_in, customer_id=2),
        replace(opted_in, customer_id=3),
        replace(opted_in, customer_id=4),
        replace(opted_in, customer_id=5, on_list=False),
        replace(opted_in, customer_id=6, on_list=False),
        replace(opted_in, customer_id=7),
        replace(opted_in, customer_id=8),
    ]
    store.links.save(people)
    store.intents.begin([begun(5)])
    assert store.links.leave_list("first", "second", NOON) == []
    assert store.links.count(on_list=True) == 0
    off = replace(opted_in, on_list=False)
    left = replace(off, customer_id=4, state=LinkState.LEFT_LIST, pending=WriteBack.OPT_OUT)
    no = replace(off, customer_id=2, kibo_opted_in=False)
    gone = replace(no, customer_id=7, state=LinkState.CLOSED)
    moved = replace(opted_in, customer_id=8, email="other@example.com")
    store.links.save([no, replace(opted_in, customer_id=3), left, gone, moved])

    later = NOON + timedelta(hours=1)
    assert store.links.leave_list("second", "first", later) == [2]
    assert store.links.page(-1, 9) == [
        opted_in,
        no,
        replace(opted_in, customer_id=3),
        left,
        replace(off, customer_id=5, written_at=NOON),
        replace(off, customer_id=6),
        gone,
        replace(moved, on_list=False),
    ]
    assert store.links.leave_list("first", "third", later) == []
    assert store.links.count(on_list=True) == 0
    assert store.links.leave_list("third", "second", later) == []
    assert [link.customer_id for link in store.links.page(-1, 9) if link.on_list] == [3, 8]


def test_who_was_on_a_list_without_agreeing_is_not_remembered_with_it(store: SqliteStore) -> None:
    """Else they would be taken off it, or put on it again, as if they were there through us."""
    by_others = Link(1, kibo_opted_in=False, on_list=True)
    store.links.save([by_others, replace(by_others, customer_id=2, kibo_opted_in=None)])
    assert store.links.count(on_list=True) == 0
    assert store.links.off_scan(-1, 9) == store.links.page(-1, 9)
    assert store.links.leave_list("first", "second", NOON) == []
    assert store.links.leave_list("second", "first", NOON) == []
    assert [link.on_list for link in store.links.page(-1, 9)] == [False, False]


def test_nothing_is_saved_if_making_the_links_fails(store: SqliteStore) -> None:
    def failing() -> Iterator[Link]:
        yield Link(1)
        raise RuntimeError("reading failed")

    with pytest.raises(RuntimeError):
        store.links.save(failing())
    assert store.links.count() == 0


def test_half_surrogates_are_replaced_rather_than_stopping_a_run(store: SqliteStore) -> None:
    store.links.save([Link(1, "a\ud83d@example.com"), Link(2, "b@example.com")])
    assert [link.email for link in store.links.page(-1, 9)] == ["a?@example.com", "b@example.com"]
    assert store.links.by_email("a\ud83d@example.com")[0].customer_id == 1


def test_a_moment_without_zone_is_refused(store: SqliteStore) -> None:
    with pytest.raises(ValueError, match="time zone"):
        store.links.save([Link(1, written_at=datetime(2026, 1, 1))])


def test_two_stores_in_one_process_do_not_mix(tmp_path: Path) -> None:
    one, other = SqliteStore(tmp_path / "one.db"), SqliteStore(tmp_path / "other.db")
    one.links.save([Link(1)])
    other.links.save([Link(2, written_at=NOON)])
    assert [link.customer_id for link in one.links.page(-1, 9)] == [1]
    assert [link.customer_id for link in other.links.page(-1, 9)] == [2]
    one.close_all()
    other.close_all()


def test_what_one_store_saves_the_other_reads(opened: Callable[[], SqliteStore]) -> None:
    window, command_line = opened(), opened()
    window.links.save([Link(1, "ann@example.com")])
    assert command_line.links.get(1) == Link(1, "ann@example.com")


def test_links_are_found_by_their_contacts(store: SqliteStore) -> None:
    first, second = Link(1, email="a@example.com", contact_id="c1"), Link(2, email="b@x.com", contact_id="c1")
    store.links.save([second, first, Link(3, contact_id="c2"), Link(4, email="nobody@example.com")])
    found = store.links.by_contacts(["c1", "", "c3", "c1"])
    assert found == {"c1": [first, second]}
