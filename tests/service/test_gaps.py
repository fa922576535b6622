"""When nothing ran though it should have: what is kept of it, and what is not worth telling."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ccdesk.core.clock import Clock
from ccdesk.core.runs import RunKind, RunStatus, Trigger
from ccdesk.core.settings import Settings, resolve
from ccdesk.service.gaps import Gap, GapReason, forget_alive, last_gap, look_back, note_alive
from ccdesk.service.pausing import PAUSE, pause, paused_until, resume
from ccdesk.service.status import next_run, next_run_name
from ccdesk.service.told import first_time
from ccdesk.store.store import SqliteStore

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
MORNING = NOON + timedelta(hours=19)
A_MINUTE = timedelta(minutes=1)
ON, OFF = resolve({"enabled": "true"}, {}), resolve({}, {})


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    made = SqliteStore(tmp_path / "ccdesk.sqlite3", Clock())
    yield made
    made.close_all()


def look(
    store: SqliteStore, at: datetime, settings: Settings = ON, since: datetime | None = None
) -> Gap | None:
    reason = GapReason.ASLEEP if since else GapReason.NOT_RUNNING
    look_back(store, settings, at, reason, since)
    return last_gap(store)


def test_a_first_start_has_missed_nothing(store: SqliteStore) -> None:
    assert look(store, NOON) is None


def test_a_night_without_the_program_is_kept_with_its_reason(store: SqliteStore) -> None:
    note_alive(store, ON, NOON)
    assert look(store, MORNING) == Gap(NOON, MORNING, GapReason.NOT_RUNNING)
    assert look(store, MORNING + A_MINUTE) == Gap(NOON, MORNING, GapReason.NOT_RUNNING), "the next start"


def test_a_sleep_begins_when_the_loops_last_looked_about(store: SqliteStore) -> None:
    note_alive(store, ON, NOON)
    asleep = NOON + 4 * A_MINUTE
    assert look(store, MORNING, since=asleep) == Gap(asleep, MORNING, GapReason.ASLEEP)


def test_two_programs_that_wake_tell_of_one_sleep(store: SqliteStore) -> None:
    note_alive(store, ON, NOON)
    first = look(store, MORNING, since=NOON)
    assert look(store, MORNING + A_MINUTE, since=NOON + A_MINUTE) == first


@pytest.mark.parametrize(("minutes", "told"), [(29, False), (30, True)])
def test_less_than_a_cycle_is_not_worth_telling(store: SqliteStore, minutes: int, told: bool) -> None:
    note_alive(store, ON, NOON)
    assert (look(store, NOON + minutes * A_MINUTE) is not None) is told


def test_while_it_is_off_nothing_is_missed(store: SqliteStore) -> None:
    note_alive(store, ON, NOON)
    assert look(store, MORNING, OFF) is None
    assert look(store, MORNING + timedelta(hours=9)) is None, "it was enabled just now"
    note_alive(store, ON, NOON)
    forget_alive(store)  # as saving “enabled” does, whichever program does it
    assert look(store, MORNING) is None


def test_a_run_by_hand_shortens_it(store: SqliteStore) -> None:
    note_alive(store, ON, NOON)
    run = store.runs.start(RunKind.INBOUND, Trigger.MANUAL, MORNING - timedelta(hours=2))
    end = MORNING - timedelta(hours=1)
    store.runs.finish(_ended(run, RunStatus.COMPLETE, end))
    assert look(store, MORNING) == Gap(end, MORNING, GapReason.NOT_RUNNING)


def test_a_power_cut_in_the_middle_of_a_run_does_not_hide_it(store: SqliteStore) -> None:
    """The run is closed by the next start, so its end tells nothing."""
    note_alive(store, ON, NOON)
    run = store.runs.start(RunKind.INBOUND, Trigger.SCHEDULED, NOON + A_MINUTE)
    store.runs.finish(_ended(run, RunStatus.INTERRUPTED, MORNING))
    assert look(store, MORNING) == Gap(NOON + A_MINUTE, MORNING, GapReason.NOT_RUNNING)


def test_a_run_that_was_slept_through_does_not_hide_the_night(store: SqliteStore) -> None:
    """The lid is closed while a run waits for a service; it ends after the night, as if nothing had been."""
    note_alive(store, ON, NOON)
    run = store.runs.start(RunKind.EVENTS, Trigger.SCHEDULED, NOON + A_MINUTE)
    store.runs.finish(_ended(run, RunStatus.COMPLETE, MORNING))
    slept = MORNING - NOON - 2 * A_MINUTE
    look_back(store, ON, MORNING, GapReason.ASLEEP, NOON, slept)
    assert last_gap(store) == Gap(NOON + 2 * A_MINUTE, MORNING, GapReason.ASLEEP)


def test_a_nap_in_the_middle_of_a_long_run_is_not_worth_telling(store: SqliteStore) -> None:
    note_alive(store, ON, NOON)
    run = store.runs.start(RunKind.EXPORT, Trigger.MANUAL, NOON + A_MINUTE)
    store.runs.finish(_ended(run, RunStatus.COMPLETE, MORNING))
    look_back(store, ON, MORNING, GapReason.ASLEEP, NOON, 5 * A_MINUTE)
    assert last_gap(store) is None


def test_a_pause_is_no_gap(store: SqliteStore) -> None:
    note_alive(store, ON, NOON)
    pause(store, NOON)
    assert look(store, NOON + PAUSE + 29 * A_MINUTE) is None
    note_alive(store, ON, NOON)
    assert look(store, NOON + 2 * PAUSE) == Gap(NOON + PAUSE, NOON + 2 * PAUSE, GapReason.NOT_RUNNING)


@pytest.mark.parametrize("kept", ["", "{}", "[]", "nonsense", '{"from": "x", "to": "y", "reason": "asleep"}'])
def test_what_cannot_be_read_is_no_gap(store: SqliteStore, kept: str) -> None:
    store.state.set("loop.gap", kept)
    assert last_gap(store) is None


def test_a_pause_ends_by_itself_or_is_ended_and_is_never_longer_than_an_hour(store: SqliteStore) -> None:
    assert pause(store, NOON) == NOON + PAUSE
    assert paused_until(store, NOON + PAUSE - A_MINUTE) == NOON + PAUSE
    assert paused_until(store, NOON + PAUSE) is None
    assert paused_until(store, NOON - A_MINUTE) is None, "the clock has been set back"
    resume(store, NOON + A_MINUTE)
    assert paused_until(store, NOON + A_MINUTE) is None


def test_the_next_run_is_not_before_the_pause_is_over(store: SqliteStore) -> None:
    store.state.set_time(next_run_name(RunKind.EVENTS), NOON + 10 * A_MINUTE)
    assert next_run(store, ON, RunKind.EVENTS, NOON) == NOON + 10 * A_MINUTE
    pause(store, NOON)
    assert next_run(store, ON, RunKind.EVENTS, NOON) == NOON + PAUSE
    assert next_run(store, OFF, RunKind.EVENTS, NOON) is None
    assert next_run(store, ON, RunKind.INBOUND, NOON) is None, "not planned yet"


def test_what_is_told_once_is_told_again_of_another_matter_only(store: SqliteStore) -> None:
    assert [first_time(store, "gap", about) for about in ("a", "a", "b", "b")] == [True, False, True, False]
    assert first_time(store, "tray")


def _ended(run, status, at):  # type: ignore[no-untyped-def]
    from dataclasses import replace

    return replace(run, status=status, finished_at=at)
