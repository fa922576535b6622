"""What needs a person, from a store alone: no service is asked, and nothing here waits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ccdesk.cli import needs as cli_needs
from ccdesk.core.clock import Clock
from ccdesk.core.errors import Unreachable
from ccdesk.core.losses import Answer, Held, LossKind
from ccdesk.core.models import Contact, ContactList, Link, Permission, WriteBack
from ccdesk.core.runs import EventStatus, QueuedEvent, Run, RunKind, RunStatus, Trigger
from ccdesk.core.settings import resolve
from ccdesk.service.api import Connection, ConnectionState
from ccdesk.service.connections import secret_missing
from ccdesk.service.lists import remember
from ccdesk.service.needs_you import (
    SHOWN,
    STUCK,
    Need,
    NeedKind,
    last_good_runs,
    needs_you,
    note_good_run,
)
from ccdesk.service.pausing import pause
from ccdesk.service.status import connection_needs
from ccdesk.store.store import SqliteStore
from ccdesk.sync.active_list import name_now, note_active_list
from ccdesk.sync.state_names import WRITES_STOPPED

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
CYCLE = timedelta(minutes=30)
A_MINUTE = timedelta(minutes=1)
LIST = ContactList("list-1", "Newsletter")


class HandClock(Clock):
    def __init__(self) -> None:
        self.at = NOON

    def now(self) -> datetime:
        return self.at


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def store(tmp_path: Path, clock: HandClock) -> Iterator[SqliteStore]:
    made = SqliteStore(tmp_path / "ccdesk.db", clock)
    yield made
    made.close_all()


def look(store: SqliteStore, clock: HandClock, *, enabled: bool = False, paused: bool = False) -> list[Need]:
    stored = {"contact_list": "Newsletter", "enabled": "true" if enabled else "false"}
    return list(needs_you(store, resolve(stored, {}), clock.now(), paused=paused))


def kinds(found: list[Need]) -> list[NeedKind]:
    return [need.kind for need in found]


def do_run(store: SqliteStore, clock: HandClock, status: RunStatus, kind: RunKind = RunKind.INBOUND) -> None:
    run: Run = store.runs.start(kind, Trigger.SCHEDULED, clock.now())
    clock.at += A_MINUTE
    store.runs.finish(replace(run, status=status, finished_at=clock.now()))


def leave_pending(store: SqliteStore, *customer_ids: int, pending: WriteBack = WriteBack.OPT_OUT) -> None:
    store.links.save([Link(number, f"p{number}@example.com", pending=pending) for number in customer_ids])


def test_a_fresh_store_needs_nobody(store: SqliteStore, clock: HandClock) -> None:
    assert look(store, clock, enabled=True) == []
    assert set(last_good_runs(store, clock.now()).values()) == {None}


# ---------------------------------------------------------------- owed to Kibo


def test_pending_opt_outs_for_more_than_two_cycles_are_named(store: SqliteStore, clock: HandClock) -> None:
    leave_pending(store, *range(1, 21))
    clock.at += 2 * CYCLE - A_MINUTE
    assert look(store, clock) == [], "two cycles are given"
    clock.at += 2 * A_MINUTE
    [need] = look(store, clock)
    assert (need.kind, need.count, need.since, need.stuck) == (NeedKind.OWED, 20, NOON, True)
    assert len(need.people) == len(need.ids) == SHOWN
    assert (need.people[0], need.ids[0]) == ("p1@example.com", "1")


@pytest.mark.parametrize(
    ("answer", "pending"),
    [(Answer.NONE, 0), (Answer.MISTAKE, 0), (Answer.DROPPED, 0), (Answer.DO_IT, 1)],
)
def test_who_is_held_or_was_a_mistake_is_not_pending(
    store: SqliteStore, clock: HandClock, answer: Answer, pending: int
) -> None:
    """Kibo has refused nothing: nobody has answered, or it is not to be done (§3a R8)."""
    leave_pending(store, 1)
    store.losses.hold([Held(1, LossKind.LEFT, "p1@example.com", "p1@example.com", NOON, answer=answer)])
    clock.at += 3 * CYCLE
    assert kinds(look(store, clock)).count(NeedKind.OWED) == pending
    assert store.links.pending_summary(WriteBack.OPT_OUT).count == pending


def test_a_cycle_that_fails_again_does_not_make_the_write_back_younger(
    store: SqliteStore, clock: HandClock
) -> None:
    leave_pending(store, 1)
    for _ in range(3):
        clock.at += CYCLE
        leave_pending(store, 1)  # `carry` saves the link whenever its write fails
    [need] = look(store, clock)
    assert need.since == NOON


def test_what_was_carried_is_forgotten_and_a_later_opt_out_begins_anew(
    store: SqliteStore, clock: HandClock
) -> None:
    leave_pending(store, 1)
    clock.at += 3 * CYCLE
    store.links.save([Link(1, "p1@example.com")])
    assert look(store, clock) == []
    leave_pending(store, 1)
    assert look(store, clock) == []
    assert store.links.pending_summary(WriteBack.OPT_OUT).since == clock.at


def test_an_opt_out_after_a_pending_opt_in_is_pending_by_itself(store: SqliteStore, clock: HandClock) -> None:
    leave_pending(store, 1, pending=WriteBack.OPT_IN)
    clock.at += 3 * CYCLE
    assert kinds(look(store, clock)) == [NeedKind.OWED_OPT_INS]
    leave_pending(store, 1)
    assert look(store, clock) == []


def test_cycles_by_hand_count_as_cycles(store: SqliteStore, clock: HandClock) -> None:
    run = store.runs.start(RunKind.INBOUND, Trigger.MANUAL, clock.now())
    clock.at += A_MINUTE
    leave_pending(store, 1)
    store.runs.finish(replace(run, status=RunStatus.COMPLETE, finished_at=clock.now()))
    do_run(store, clock, RunStatus.COMPLETE)
    assert look(store, clock) == []
    do_run(store, clock, RunStatus.CANCELLED)
    assert look(store, clock) == [], "a cancelled one tried nothing"
    do_run(store, clock, RunStatus.COMPLETE)
    assert kinds(look(store, clock)) == [NeedKind.OWED]


def test_writing_that_is_stopped_names_the_customer(store: SqliteStore, clock: HandClock) -> None:
    store.state.set(WRITES_STOPPED, "1042")
    [need] = look(store, clock)
    assert (need.kind, need.subject, need.stuck) == (NeedKind.WRITES_STOPPED, "1042", True)


# ---------------------------------------------------------------- directions


@pytest.mark.parametrize("kind", [RunKind.INBOUND, RunKind.EVENTS])
def test_a_direction_that_failed_twice_is_told(store: SqliteStore, clock: HandClock, kind: RunKind) -> None:
    do_run(store, clock, RunStatus.COMPLETE, kind)
    good = clock.now()
    do_run(store, clock, RunStatus.FAILED, kind)
    assert look(store, clock) == [], "once may happen"
    do_run(store, clock, RunStatus.CANCELLED, kind)
    do_run(store, clock, RunStatus.FAILED, kind)
    [need] = look(store, clock)
    assert (need.kind, need.subject, need.count, need.since) == (NeedKind.LATE, kind.value, 2, good)
    assert need.stuck
    assert last_good_runs(store, clock.now())[kind] == good
    do_run(store, clock, RunStatus.COMPLETE, kind)
    assert look(store, clock) == []


def test_a_clock_that_was_ahead_hides_no_failures(store: SqliteStore, clock: HandClock) -> None:
    do_run(store, clock, RunStatus.COMPLETE)
    clock.at += timedelta(days=400)
    run = store.runs.start(RunKind.INBOUND, Trigger.SCHEDULED, clock.now())
    ended = replace(run, status=RunStatus.COMPLETE, finished_at=clock.now())
    store.runs.finish(ended)
    note_good_run(store, ended)
    clock.at -= timedelta(days=400)
    assert last_good_runs(store, clock.now())[RunKind.INBOUND] is None, "not “checked just now”"
    do_run(store, clock, RunStatus.FAILED)
    do_run(store, clock, RunStatus.FAILED)
    [need] = look(store, clock)
    assert (need.kind, need.count) == (NeedKind.LATE, 2)
    do_run(store, clock, RunStatus.COMPLETE)
    assert last_good_runs(store, clock.now())[RunKind.INBOUND] == clock.now()
    assert look(store, clock) == []


def test_a_direction_nobody_tries_is_told_while_it_is_enabled(store: SqliteStore, clock: HandClock) -> None:
    do_run(store, clock, RunStatus.COMPLETE)
    clock.at += 2 * CYCLE
    assert look(store, clock, enabled=True) == []
    clock.at += CYCLE
    [need] = look(store, clock, enabled=True)
    assert (need.kind, need.count, need.subject) == (NeedKind.LATE, 0, "inbound")
    assert look(store, clock) == [], "switched off it is meant"
    assert look(store, clock, enabled=True, paused=True) == [], "switched off in Kibo as well"
    store.lease.acquire("export")
    assert look(store, clock, enabled=True) == [], "a long export is at work"


def test_a_pause_that_a_person_wanted_makes_nothing_late(store: SqliteStore, clock: HandClock) -> None:
    do_run(store, clock, RunStatus.COMPLETE)
    clock.at += CYCLE - A_MINUTE
    pause(store, clock.now())
    clock.at += 2 * CYCLE
    assert look(store, clock, enabled=True) == [], "the pause is over just now"
    clock.at += 3 * CYCLE
    assert kinds(look(store, clock, enabled=True)) == [NeedKind.LATE]


def test_a_run_that_holds_some_is_a_good_one_after_it_was_answered_too(
    store: SqliteStore, clock: HandClock
) -> None:
    do_run(store, clock, RunStatus.FAILED)
    run = store.runs.start(RunKind.INBOUND, Trigger.SCHEDULED, clock.now())
    clock.at += A_MINUTE
    ended = replace(run, status=RunStatus.NEEDS_YOU, finished_at=clock.now())
    store.runs.finish(ended)
    note_good_run(store, ended)
    assert last_good_runs(store, clock.now())[RunKind.INBOUND] == ended.finished_at
    store.runs.finish(replace(ended, status=RunStatus.CANCELLED))
    do_run(store, clock, RunStatus.FAILED)
    assert look(store, clock) == [], "not two failures in a row"
    assert last_good_runs(store, clock.now())[RunKind.INBOUND] == ended.finished_at
    do_run(store, clock, RunStatus.FAILED)
    assert kinds(look(store, clock)) == [NeedKind.LATE]


def test_an_export_that_failed_is_told_and_holds_up_nothing(store: SqliteStore, clock: HandClock) -> None:
    do_run(store, clock, RunStatus.FAILED, RunKind.EXPORT)
    [need] = look(store, clock)
    assert (need.kind, need.stuck) == (NeedKind.EXPORT_FAILED, False)
    do_run(store, clock, RunStatus.COMPLETE, RunKind.EXPORT)
    assert look(store, clock) == []


# ---------------------------------------------------------------- the queue


def test_parked_and_refused_changes_are_told_apart(store: SqliteStore, clock: HandClock) -> None:
    store.queue.add(QueuedEvent("fine", 1, NOON))
    store.queue.add(QueuedEvent("once", 2, NOON, EventStatus.RETRY, 2, next_try_at=NOON + CYCLE))
    store.queue.add(QueuedEvent("again", 3, NOON - CYCLE, EventStatus.RETRY, 3, next_try_at=NOON + CYCLE))
    store.queue.add(QueuedEvent("parked", 4, NOON - 2 * CYCLE, EventStatus.PARKED, 1, "bad address"))
    refused, parked = look(store, clock)
    assert (refused.kind, refused.count, refused.ids) == (NeedKind.REFUSED, 1, ("again",))
    assert (parked.kind, parked.count, parked.since) == (NeedKind.PARKED, 1, NOON - 2 * CYCLE)
    assert refused.stuck
    assert parked.stuck


# ---------------------------------------------------------------- the list


def test_a_deleted_list_is_told_until_it_is_back_or_another_is_chosen(
    store: SqliteStore, clock: HandClock
) -> None:
    remember(store, LIST, "Newsletter")
    note_active_list(store, [LIST], clock.now())
    assert look(store, clock) == []
    note_active_list(store, [ContactList("other", "Newsletter")], clock.now())
    clock.at += CYCLE
    note_active_list(store, [], clock.now())
    [need] = look(store, clock)
    assert (need.kind, need.subject, need.since, need.stuck) == (
        NeedKind.LIST_DELETED,
        "Newsletter",
        NOON,
        True,
    )
    note_active_list(store, [LIST], clock.now())
    assert look(store, clock) == []
    note_active_list(store, [], clock.now())
    remember(store, ContactList("list-2", "Newsletter"), "Newsletter")
    assert look(store, clock) == []


def test_a_renamed_list_is_known_by_its_new_name(store: SqliteStore) -> None:
    remember(store, LIST, "Newsletter")
    note_active_list(store, [replace(LIST, name="Weekly letter")], NOON)
    assert name_now(store, "Newsletter") == "Weekly letter"
    assert name_now(store, "Another") == "Another", "a name just typed is not that list"


# ---------------------------------------------------------------- connections


def test_what_only_a_person_can_give_a_connection() -> None:
    fine = Connection(ConnectionState.CONNECTED, "Mystic")
    nobody = Connection(ConnectionState.LOGIN_NEEDED)
    run_out = Connection(ConnectionState.LOGIN_NEEDED, "Mystic", expires=NOON, error=Unreachable())
    no_secret = Connection(ConnectionState.FAILED, error=secret_missing())
    silent = Connection(ConnectionState.FAILED, error=Unreachable())

    def told(kibo: Connection, mail: Connection, *, enabled: bool) -> list[Need]:
        return list(connection_needs(kibo, mail, enabled=enabled))

    assert told(fine, fine, enabled=True) == []
    assert told(silent, silent, enabled=True) == [], "an outage needs nobody here"
    assert told(fine, nobody, enabled=False) == [], "not set up yet"
    assert kinds(told(fine, nobody, enabled=True)) == [NeedKind.LOGIN]
    assert told(fine, run_out, enabled=False) == [Need(NeedKind.LOGIN, subject="Mystic")]
    assert kinds(told(no_secret, fine, enabled=False)) == [NeedKind.KIBO_SECRET]


# ---------------------------------------------------------------- words


@pytest.mark.parametrize("kind", NeedKind)
@pytest.mark.parametrize("count", [0, 1, 1_234])
@pytest.mark.parametrize("full", [True, False])
def test_the_command_line_has_words_for_every_kind(kind: NeedKind, count: int, full: bool) -> None:
    need = Need(kind, count, NOON, "inbound", ids=("7",)) if full else Need(kind, count)
    title, next_step = cli_needs.words(need)
    assert title
    assert not title.endswith(".")
    assert next_step.endswith(".")
    assert "None" not in title + next_step


def test_only_known_kinds_hold_work_up() -> None:
    assert set(NeedKind) > STUCK
    assert NeedKind.OWED in STUCK
    assert NeedKind.NEWCOMERS not in STUCK


# ---------------------------------------------------------------- put back by others


def opted_out(number: int, key: str = "") -> Link:
    return Link(number, email=key or f"p{number}@example.com", kibo_opted_in=False, agreed=False)


def test_people_put_back_on_the_list_are_named_until_they_opt_in_again(
    store: SqliteStore, clock: HandClock
) -> None:
    store.links.save([opted_out(1), opted_out(2), opted_out(3, "P2@example.com")])
    store.disagreements.name([2, 3], NOON)
    store.disagreements.name([1, 2], NOON + CYCLE)
    [need] = look(store, clock)
    assert (need.kind, need.count, need.since) == (NeedKind.DISAGREEMENT, 2, NOON)
    assert (need.ids, need.stuck) == (("2", "1"), False), "two accounts of one person are one"
    title, next_step = cli_needs.words(need)
    assert "p1@example.com" in title
    assert "Constant Contact" in next_step
    store.links.save([replace(opted_out(1), kibo_opted_in=True)])
    assert [one.ids for one in look(store, clock)] == [("2",)]
    store.links.save([Link(9, email="p2@example.com", kibo_opted_in=True)])
    assert look(store, clock) == [], "another account of theirs has opted in"
    store.disagreements.forget_answered()
    store.links.save([Link(9, email="p2@example.com", kibo_opted_in=False), opted_out(1)])
    assert look(store, clock) == [], "an opt-out after that is another matter"


def test_who_is_not_on_the_list_any_more_is_not_named(store: SqliteStore, clock: HandClock) -> None:
    store.links.save([replace(opted_out(number), contact_id=f"c{number}") for number in (1, 2, 3)])
    store.disagreements.name([1, 2, 3], NOON)
    there = Contact("c1", "p1@example.com", Permission.IMPLICIT)
    store.staging.add_scan([there, Contact("c9", "p2@example.com", Permission.IMPLICIT)])
    store.disagreements.settle_off_scan()
    assert [one.customer_id for one in store.disagreements.page(0, 9)] == [1, 2]
    assert store.disagreements.count() == 2
    store.disagreements.settle([1])
    assert [one.email for one in store.disagreements.page(0, 9)] == ["p2@example.com"]
    assert store.disagreements.among([1, 2, 3]) == {2}
    store.disagreements.clear()
    assert look(store, clock) == []
