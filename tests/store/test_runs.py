from __future__ import annotations

import sqlite3
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from ccdesk.core.errors import QuotaUsedUp
from ccdesk.core.runs import Entry, EventStatus, Outcome, QueuedEvent, Run, RunKind, RunStatus, Trigger
from ccdesk.store import runs as module
from ccdesk.store.store import SqliteStore
from tests.store.conftest import NOON

HOUR = timedelta(hours=1)


def make(
    store: SqliteStore,
    kind: RunKind = RunKind.EXPORT,
    status: RunStatus = RunStatus.COMPLETE,
    at: datetime | None = NOON,
) -> Run:
    run = store.runs.start(kind, Trigger.SCHEDULED, at or NOON)
    finished = replace(run, status=status, finished_at=at)
    store.runs.finish(finished)
    return finished


def test_a_run_comes_back_with_everything(store: SqliteStore) -> None:
    run = store.runs.start(RunKind.FULL_COMPARE, Trigger.MANUAL, NOON)
    assert store.runs.get(run.id) == run
    assert run.status is RunStatus.RUNNING
    full = replace(
        run,
        status=RunStatus.WAITING,
        finished_at=NOON + HOUR,
        total_contacts=12,
        error_count=2,
        counts={"added": 3, "ignored": 9},
        calls_constant_contact=4,
        calls_kibo=5,
        message="Today's calls are used up.",
        waiting_until=NOON + 2 * HOUR,
    )
    store.runs.finish(replace(full, failure=QuotaUsedUp(NOON)))
    found = store.runs.get(run.id)
    assert found == full
    assert found is not None
    assert found.failure is None
    assert store.runs.get(run.id + 1) is None


def test_finishing_a_run_that_is_not_there_is_our_bug(store: SqliteStore) -> None:
    with pytest.raises(LookupError):
        store.runs.finish(Run(99, RunKind.EXPORT, Trigger.MANUAL, RunStatus.COMPLETE, NOON))


def test_tally_is_seen_by_those_who_watch(store: SqliteStore) -> None:
    run = store.runs.start(RunKind.EXPORT, Trigger.MANUAL, NOON)
    store.runs.tally(run.id, total=7, counts={"added": 6}, errors=1)
    assert store.runs.get(run.id) == replace(run, total_contacts=7, counts={"added": 6}, error_count=1)


def test_pages_are_newest_first(store: SqliteStore) -> None:
    made = [make(store, kind) for kind in (RunKind.EXPORT, RunKind.EVENTS, RunKind.EXPORT)]
    assert store.runs.page(kind=None, offset=0, limit=2) == [made[2], made[1]]
    assert store.runs.page(kind=None, offset=2, limit=2) == [made[0]]
    assert store.runs.page(kind=RunKind.EXPORT, offset=1, limit=9) == [made[0]]
    assert (store.runs.count(), store.runs.count(kind=RunKind.EXPORT)) == (3, 2)


def entries(*outcomes: Outcome, reason: str = "why", first: int = 0) -> list[Entry]:
    return [
        Entry(number, f"p{number}@example.com", outcome, reason)
        for number, outcome in enumerate(outcomes, start=first)
    ]


def test_entries_keep_their_order_over_many_calls(store: SqliteStore) -> None:
    run, other = make(store), make(store)
    added, error, skipped = Outcome.ADDED, Outcome.ERROR, Outcome.SKIPPED
    made = entries(added, error, added, added, skipped, error, added)
    made[1] = replace(made[1], customer_id=None, code="bad_email")
    made[2] = replace(made[2], acted_at=NOON)
    store.runs.add_entries(run.id, made[:3])
    store.runs.add_entries(other.id, entries(added, first=50))
    store.runs.add_entries(run.id, [])
    store.runs.add_entries(run.id, iter(made[3:]))
    for offset in range(8):
        assert store.runs.entries(run.id, outcome=None, offset=offset, limit=3) == made[offset : offset + 3]
        errors = [entry for entry in made if entry.outcome is error]
        found = store.runs.entries(run.id, outcome=error, offset=offset, limit=2)
        assert found == errors[offset : offset + 2]
    assert store.runs.entry_count(run.id) == 7
    assert store.runs.entry_count(run.id, outcome=added) == 4
    assert store.runs.entry_count(run.id, outcome=Outcome.REMOVED) == 0
    assert store.runs.entry_count(other.id) == 1


def test_kinds_are_counted_most_frequent_first(store: SqliteStore) -> None:
    run = make(store)
    store.runs.add_entries(run.id, entries(Outcome.ADDED, Outcome.SKIPPED, Outcome.SKIPPED))
    store.runs.add_entries(run.id, entries(Outcome.SKIPPED, Outcome.ADDED, reason="other"))
    store.runs.add_entries(run.id, entries(Outcome.SKIPPED))
    assert store.runs.entry_kinds(run.id) == [
        (Outcome.SKIPPED, "why", 3),
        (Outcome.ADDED, "other", 1),
        (Outcome.ADDED, "why", 1),
        (Outcome.SKIPPED, "other", 1),
    ]


def test_people_are_counted_by_reason_whatever_their_days(store: SqliteStore) -> None:
    run = make(store)
    days = [
        replace(one, acted_at=NOON - timedelta(days=one.customer_id or 0))
        for one in entries(*[Outcome.OPTED_OUT] * 3)
    ]
    store.runs.add_entries(run.id, days)
    assert store.runs.entry_kinds(run.id) == [(Outcome.OPTED_OUT, "why", 3)]


def test_entries_and_tally_move_together(store: SqliteStore) -> None:
    run = make(store)

    def fail_late() -> None:
        with store.transaction():
            store.runs.add_entries(run.id, entries(Outcome.ADDED))
            raise RuntimeError("the tally failed")

    with pytest.raises(RuntimeError):
        fail_late()
    assert store.runs.entry_count(run.id) == 0
    assert store.runs.entry_kinds(run.id) == []


def test_entries_of_no_run_are_our_bug(store: SqliteStore) -> None:
    with pytest.raises(sqlite3.IntegrityError):
        store.runs.add_entries(99, entries(Outcome.ADDED))


def test_open_runs_are_closed(store: SqliteStore) -> None:
    done = make(store)
    left = [store.runs.start(kind, Trigger.MANUAL, NOON) for kind in (RunKind.EXPORT, RunKind.INBOUND)]
    closed = store.runs.close_open(RunStatus.INTERRUPTED, NOON + HOUR, "The program ended.")
    assert closed == [
        replace(run, status=RunStatus.INTERRUPTED, finished_at=NOON + HOUR, message="The program ended.")
        for run in left
    ]
    assert [store.runs.get(run.id) for run in left] == closed
    assert store.runs.get(done.id) == done
    assert store.runs.close_open(RunStatus.INTERRUPTED, NOON, "") == []


def test_the_newest_that_ended_so(store: SqliteStore) -> None:
    make(store, RunKind.EVENTS)
    wanted = make(store, RunKind.EXPORT)
    make(store, RunKind.EXPORT, RunStatus.FAILED)
    assert store.runs.last_finished(RunKind.EXPORT, RunStatus.COMPLETE) == wanted
    assert store.runs.last_finished(RunKind.INBOUND, RunStatus.COMPLETE) is None


def test_pruning_keeps_what_goes_on_what_is_new_and_each_kinds_last_success(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PRUNE_STEP", 2)
    old = make(store)
    kept = [
        make(store),
        make(store, RunKind.EVENTS),
        make(store, status=RunStatus.RUNNING, at=None),
        make(store, status=RunStatus.FAILED, at=NOON + HOUR),
    ]
    failed = make(store, status=RunStatus.FAILED)
    make(store, RunKind.INBOUND, RunStatus.WAITING)  # another came after it: nobody waits for this one
    kept.append(make(store, RunKind.INBOUND, RunStatus.WAITING))
    for run in (old, failed, kept[0]):
        store.runs.add_entries(run.id, entries(*[Outcome.ADDED] * 5))
    store.runs.prune(NOON + HOUR)
    assert sorted(store.runs.page(kind=None, offset=0, limit=99), key=lambda run: run.id) == kept
    assert (store.runs.entry_count(old.id), store.runs.entry_kinds(failed.id)) == (0, [])
    assert store.runs.entry_count(kept[0].id) == 5
    assert make(store).id > failed.id, "ids are never used again"


def test_pruning_takes_processed_events_only(store: SqliteStore) -> None:
    for number, status in enumerate((EventStatus.PROCESSED, EventStatus.PROCESSED, EventStatus.PARKED)):
        event = QueuedEvent(f"e{number}", number, NOON)
        assert store.queue.add(event)
        done_at = NOON + number * HOUR if status is EventStatus.PROCESSED else None
        store.queue.save(replace(event, status=status, processed_at=done_at))
    store.runs.prune(NOON + HOUR)
    assert store.queue.known(["e0", "e1", "e2"]) == {"e1", "e2"}


def test_a_million_entries_page_at_once(store: SqliteStore) -> None:
    """The page at either end is looked up, not counted to: steps of SQLite's machine tell it exactly."""
    run = make(store)
    store._database.statement(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000) "
        f"INSERT INTO entry SELECT {run.id}, i, 'added', i, i, '', '', '', NULL FROM n"
    )
    steps = 0

    def tick() -> None:
        nonlocal steps
        steps += 1

    connection = store._database.connection()
    connection.set_progress_handler(tick, 100)
    assert store.runs.entry_count(run.id) == 1_000_000
    for outcome in (None, Outcome.ADDED):
        for offset in (0, 999_900):
            page = store.runs.entries(run.id, outcome=outcome, offset=offset, limit=100)
            assert [entry.customer_id for entry in page] == list(range(offset + 1, offset + 101))
    connection.set_progress_handler(None, 0)
    assert steps < 200
