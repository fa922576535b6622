"""Statements kept as links are saved, and the ledger that joins them with the journal (design §8)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from ccdesk.core.exporting import Chunk, ChunkState
from ccdesk.core.intents import Act, Ended, JournalLine
from ccdesk.core.ledger import LedgerEntry
from ccdesk.core.models import Link, LinkState, Ownership, WriteBack
from ccdesk.core.runs import Outcome, RunKind, RunStatus, Trigger
from ccdesk.core.statements import BY_STAFF, UNSUBSCRIBED, Author, How, Says, Side
from ccdesk.store.ledger import _ARMS
from ccdesk.store.store import SqliteStore
from tests.store.conftest import IMPORT, NOON, OWNED, MovedClock, person, planned

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)

IN = Link(
    7,
    email="Ann@Example.com",
    contact_id="c7",
    ownership=Ownership.OWNED,
    agreed=True,
    kibo_opted_in=True,
    kibo_updated_at=NOON - DAY,
    on_list=True,
    written_at=NOON,
)
OUT = replace(
    IN,
    state=LinkState.UNSUBSCRIBED,
    on_list=False,
    pending=WriteBack.OPT_OUT,
    pending_reason=UNSUBSCRIBED,
    out_since=NOON + HOUR,
)


def brief(entries: Iterator[LedgerEntry]) -> list[tuple[How, Author, str]]:
    return [(one.how, one.author, one.outcome) for one in entries]


FIRST = (How.FLAG_SET, Author.UNKNOWN, "")
ADDED = (How.ADDED, Author.US, "done")
UNSUBSCRIBES = (How.UNSUBSCRIBED, Author.PERSON, "")


@pytest.fixture
def exported(store: SqliteStore, clock: MovedClock) -> SqliteStore:
    """A store after a first export of three strangers."""
    run = store.runs.start(RunKind.EXPORT, Trigger.MANUAL, NOON)
    store.exports.add([person(number) for number in (1, 2, 3)])
    planned(store)
    chunk = Chunk(1, IMPORT, 1, 3, 3, NOON, ChunkState.SENT)
    store.exports.open_chunk(chunk)
    store.exports.add_seen([f"p{number}@example.com" for number in (1, 2, 3)])
    store.exports.index_seen()
    link = Link(0, ownership=OWNED, agreed=True, kibo_opted_in=True, on_list=True, written_at=NOON)
    assert store.exports.settle(chunk, run.id, link, Outcome.ADDED, "new contact") == 3
    store.runs.finish(replace(run, status=RunStatus.COMPLETE, finished_at=NOON + HOUR))
    clock.move(2 * DAY)
    return store


def rows(store: SqliteStore) -> int:
    return int(store._database.statement("SELECT COUNT(*) FROM statement")[0][0])  # type: ignore[attr-defined]


def test_strangers_of_an_export_cost_no_row_and_are_told_of_all_the_same(exported: SqliteStore) -> None:
    assert rows(exported) == 0
    found = list(exported.ledger.entries(key="p2@example.com"))
    assert brief(iter(found)) == [FIRST, ADDED]
    first, added = found
    assert (first.email, first.side, first.subject, first.says) == (
        "p2@example.com",
        Side.SHOP,
        "2",
        Says.OPT_IN,
    )
    assert first.at == NOON
    assert (first.run, added.run) == (1, 1)
    assert added.rule == "R2"
    assert len(list(exported.ledger.entries())) == 6


def test_what_only_the_link_told_is_kept_before_it_changes(exported: SqliteStore) -> None:
    link = exported.links.get(1)
    assert link is not None
    before = list(exported.ledger.entries(customer_ids=[1]))
    out = replace(
        link,
        contact_id="c1",
        state=LinkState.UNSUBSCRIBED,
        on_list=False,
        pending=WriteBack.OPT_OUT,
        pending_reason=UNSUBSCRIBED,
        out_since=NOON + DAY,
    )
    exported.links.save([out])
    off = replace(out, kibo_opted_in=False, agreed=False, pending=WriteBack.NOTHING, note=UNSUBSCRIBED)
    line = JournalLine(Act.OPT_OUT, 1, link.email_key, "L", NOON + 2 * DAY, run_id=4)
    exported.intents.begin([line])
    exported.links.save([off])
    exported.intents.end([1], Ended.DONE, acts=[Act.OPT_OUT])
    found = list(exported.ledger.entries(customer_ids=[1]))
    assert brief(iter(found)) == [FIRST, ADDED, UNSUBSCRIBES, (How.FLAG_CLEARED, Author.US, "done")]
    assert found[:2] == before
    assert found[2].at == NOON + DAY
    assert found[3].rule == "R4"
    assert found[3].run == 4
    assert brief(exported.ledger.entries(customer_ids=[2])) == [FIRST, ADDED]


def test_saving_what_states_nothing_keeps_nothing(store: SqliteStore) -> None:
    store.links.save([IN])
    store.links.save([replace(IN, note="noted", read_hash="x")])
    assert rows(store) == 0


def test_one_act_told_of_by_two_accounts_is_one_statement(store: SqliteStore) -> None:
    other = replace(IN, customer_id=8)
    store.links.save([IN, other])
    store.links.save([OUT, replace(other, state=OUT.state, out_since=OUT.out_since, on_list=False)])
    found = [one for one in store.ledger.entries(key="ann@example.com") if one.how is How.UNSUBSCRIBED]
    assert [(one.subject, one.author) for one in found] == [("c7", Author.PERSON)]


def test_link_and_statement_move_together(store: SqliteStore) -> None:
    store.links.save([IN])

    def cut_short() -> None:
        with store.transaction():
            store.links.save([OUT])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        cut_short()
    assert rows(store) == 0
    assert brief(store.ledger.entries(key="ann@example.com")) == [FIRST, ADDED]


def test_the_run_going_on_is_noted_but_not_for_staffs_answer(store: SqliteStore, clock: MovedClock) -> None:
    named = replace(IN, state=LinkState.NEWCOMER, on_list=False, agreed=None, written_at=None)
    store.links.save([IN, replace(named, customer_id=9, email="bo@example.com")])
    run = store.runs.start(RunKind.INBOUND, Trigger.MANUAL, NOON)
    store.links.save(
        [OUT, replace(named, customer_id=9, email="bo@example.com", state=LinkState.NEWCOMER_LEFT)]
    )
    found = {one.how: one for one in store.ledger.entries()}
    assert found[How.UNSUBSCRIBED].run == run.id
    assert found[How.ANSWERED_LEAVE].run is None
    assert found[How.ANSWERED_LEAVE].author is Author.STAFF


def test_links_of_older_stores_tell_what_they_know(store: SqliteStore) -> None:
    store.links.save(
        [replace(OUT, kibo_opted_in=False, agreed=False, pending=WriteBack.NOTHING, note=BY_STAFF)]
    )
    store._database.statement("DELETE FROM statement")  # type: ignore[attr-defined]
    found = list(store.ledger.entries(customer_ids=[7]))
    assert brief(iter(found)) == [
        (How.FLAG_CLEARED, Author.US, "done"),
        (How.UNSUBSCRIBED, Author.STAFF, ""),
    ]


def test_since_limit_and_order(exported: SqliteStore) -> None:
    everything = list(exported.ledger.entries())
    assert [one.at for one in everything] == sorted(one.at for one in everything)
    assert list(exported.ledger.entries(since=NOON + HOUR)) == []
    assert list(exported.ledger.entries(limit=2)) == everything[-2:]
    assert list(exported.ledger.entries(key="nobody@example.com")) == []
    assert list(exported.ledger.entries(customer_ids=[99])) == []


def test_two_readers_at_once_and_one_that_stops_early(exported: SqliteStore) -> None:
    one, other = exported.ledger.entries(), exported.ledger.entries()
    assert next(one) == next(other)
    one.close()  # type: ignore[attr-defined]
    assert len(list(other)) == 5
    assert exported._database.statement("SELECT name FROM temp.sqlite_master") == []  # type: ignore[attr-defined]


def test_who_was_put_back_by_others_is_stated_once(store: SqliteStore) -> None:
    store.links.save([replace(IN, kibo_opted_in=False, agreed=False, on_list=False)])
    store.disagreements.name([7], NOON + HOUR)
    store.disagreements.name([7], NOON + DAY)
    found = [one for one in store.ledger.entries(customer_ids=[7]) if one.how is How.PUT_ON]
    assert [(one.at, one.subject) for one in found] == [(NOON + HOUR, "c7")]


def test_another_shops_people_take_their_statements_with_them(store: SqliteStore) -> None:
    store.links.save([IN])
    store.links.save([OUT])
    assert rows(store) == 3
    store.forget_people()
    assert list(store.ledger.entries()) == []


def test_a_persons_entries_are_found_by_indexes(exported: SqliteStore) -> None:
    arms = _ARMS.format(who="customer_id IN (1, 2)", kibo="kibo_updated_at", now="''")
    plan = exported._database.statement(f"EXPLAIN QUERY PLAN {arms}")  # type: ignore[attr-defined]
    assert plan
    assert [step for *_, step in plan if "SCAN" in step] == []


def test_a_stores_people_are_gone_through_by_pages(store: SqliteStore) -> None:
    store.links.save(
        Link(n, f"p{n}@example.com", kibo_opted_in=True, kibo_updated_at=NOON) for n in range(1201)
    )
    entries = store.ledger.entries()
    assert [one.subject for one in entries] == [str(n) for n in range(1201)]
