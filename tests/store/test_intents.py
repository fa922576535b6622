"""The journal: what was begun and how it ended, for how long it is kept, and that it forgets people."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from ccdesk.core.intents import KEPT_FOR, SHOP_ACTS, Act, Ended, JournalLine
from ccdesk.core.models import Link, LinkState
from ccdesk.store.store import SqliteStore
from tests.store.conftest import NOON, MovedClock

LINE = JournalLine(
    Act.ADD, 7, "ann@example.com", "list-1", NOON, "c7", NOON + timedelta(minutes=2), 3, "event-1", True
)


def ends(store: SqliteStore, customer_id: int = 7) -> list[Ended]:
    return [line.ended for line in store.intents.of(customer_id)]


def test_a_line_comes_back_as_it_was_written(store: SqliteStore) -> None:
    bare = JournalLine(Act.REMOVE, 8, "", "list-1", NOON)
    store.intents.begin([LINE, bare])
    assert store.intents.of(7) == [replace(LINE, number=1)]
    assert store.intents.of(8) == [replace(bare, number=2)]
    assert store.intents.of(9) == []


def test_commands_about_lists_and_those_to_the_shop_are_closed_apart(
    store: SqliteStore, clock: MovedClock
) -> None:
    others = [replace(LINE, act=Act.OPT_OUT), replace(LINE, act=Act.ASK), replace(LINE, customer_id=8)]
    store.intents.begin([LINE, *others])
    clock.move(timedelta(minutes=1))
    store.intents.end(range(8), Ended.DONE)
    assert ends(store) == [Ended.DONE, Ended.OPEN, Ended.OPEN]
    assert store.intents.of(7)[0].ended_at == clock.now()
    assert ends(store, 8) == [Ended.OPEN]
    store.intents.end([7], Ended.UNKNOWN, acts=SHOP_ACTS)
    assert ends(store) == [Ended.DONE, Ended.UNKNOWN, Ended.OPEN]


def test_the_last_one_ends_as_told_and_those_before_it_are_overtaken(store: SqliteStore) -> None:
    store.intents.begin([LINE, LINE, replace(LINE, act=Act.REMOVE)])
    store.intents.end([7], Ended.DONE)
    assert ends(store) == [Ended.UNKNOWN, Ended.UNKNOWN, Ended.DONE]


def test_how_a_command_ended_is_not_changed_later(store: SqliteStore) -> None:
    store.intents.begin([LINE])
    store.intents.end([7], Ended.DONE)
    store.intents.end([7], Ended.UNKNOWN)
    store.intents.end_last([7], Ended.REFUSED)
    assert ends(store) == [Ended.DONE]


def test_a_refused_try_leaves_the_one_before_it_open(store: SqliteStore) -> None:
    store.intents.begin([LINE, LINE, replace(LINE, act=Act.ASK), replace(LINE, customer_id=8)])
    store.intents.end_last(range(2000), Ended.REFUSED)
    assert ends(store) == [Ended.OPEN, Ended.REFUSED, Ended.OPEN]
    assert ends(store, 8) == [Ended.REFUSED]


def test_a_contact_that_was_asked_is_known_to_every_account_of_its_person(store: SqliteStore) -> None:
    store.links.save(
        [Link(7, contact_id="c7"), Link(8, contact_id="c7"), Link(9), Link(10, contact_id="c10")]
    )
    ask = replace(LINE, act=Act.ASK)
    refused = [replace(ask, contact_id="c10", customer_id=10), replace(ask, begun=NOON + timedelta(days=1))]
    store.intents.begin(refused)
    store.intents.end([7, 10], Ended.REFUSED, acts=[Act.ASK])
    store.intents.begin([replace(ask, contact_id="", customer_id=9)])
    assert [store.intents.asked(one) for one in ("c7", "c10", "", "other")] == [None] * 4
    store.intents.begin([ask])  # open: the mail may have gone
    assert store.intents.asked("c7") == NOON
    assert [link.asked_at for link in store.links.page(-1, 9)] == [NOON, NOON, None, None]
    store.intents.end([7], Ended.UNKNOWN, acts=[Act.ASK])
    assert store.intents.asked("c7") == NOON


def test_nothing_is_written_if_the_rest_of_the_transaction_fails(store: SqliteStore) -> None:
    def begin() -> None:
        with store.transaction():
            store.intents.begin([LINE])
            raise RuntimeError("power cut")

    with pytest.raises(RuntimeError, match="power cut"):
        begin()
    assert store.intents.of(7) == []


def test_lines_outlive_a_year_and_go_after_their_time(store: SqliteStore, clock: MovedClock) -> None:
    elsewhere, later = replace(LINE, list_id="list-2"), replace(LINE, begun=NOON + timedelta(days=1))
    for line in (LINE, elsewhere, replace(LINE, act=Act.REMOVE), later):
        store.intents.begin([line])
        store.intents.end([7], Ended.DONE)
    store.intents.begin([LINE, replace(LINE, act=Act.ASK)])
    store.intents.end([7], Ended.REFUSED)
    store.intents.end([7], Ended.UNKNOWN, acts=[Act.ASK])
    store.intents.begin([LINE])
    clock.move(timedelta(days=365))
    store.intents.prune()
    assert len(store.intents.of(7)) == 7
    clock.move(KEPT_FOR)
    store.intents.prune()
    kept = [(line.act, line.list_id, line.ended) for line in store.intents.of(7)]
    assert kept == [
        (Act.ADD, "list-2", Ended.DONE),
        (Act.REMOVE, "list-1", Ended.DONE),
        (Act.ADD, "list-1", Ended.DONE),
        (Act.ASK, "list-1", Ended.UNKNOWN),
        (Act.ADD, "list-1", Ended.OPEN),
    ]
    assert store.intents.of(7)[2].begun == later.begun
    store.intents.begin([LINE])  # its number is new, though those above were deleted
    assert store.intents.of(7)[-1].number == 8


def test_who_is_forgotten_is_forgotten_by_the_journal(
    store: SqliteStore, path: Path, clock: MovedClock
) -> None:
    gone = Link(7, "ann@example.com", "c7", state=LinkState.CLOSED)
    store.links.save([gone, Link(8, "bob@example.com")])
    former = replace(LINE, email_key="before@example.com")
    store.intents.begin([LINE, former, replace(LINE, customer_id=8, email_key="bob@example.com")])
    store.forget_gone(clock.now())
    clock.move(timedelta(days=91))
    assert store.forget_gone(clock.now() - timedelta(days=90)) == 1
    sealed, blank = store.intents.of(7)
    assert sealed.email_key.startswith("~")
    assert (blank.email_key, blank.contact_id, sealed.contact_id) == ("", "", "")
    assert store.intents.of(8)[0].email_key == "bob@example.com"
    store.forget_people()
    assert store.intents.of(8) == []
