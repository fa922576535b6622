"""The state in one word: green only if all is well."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ccdesk.core.errors import Unreachable
from ccdesk.core.runs import RunKind
from ccdesk.gui.standing import Standing, can_sync, look, next_line
from ccdesk.gui.watch import Snapshot
from ccdesk.service.api import Connection, ConnectionState, Status
from ccdesk.service.needs_you import Need, NeedKind
from tests.gui.fakes import NOW, FakeDesk, ready_desk

FAILED = Connection(ConnectionState.FAILED, "Mystic", error=Unreachable())


def snapshot(desk: FakeDesk | None = None, **changes: object) -> Snapshot:
    desk = desk or ready_desk()
    desk.queue = []
    desk.good = dict.fromkeys((RunKind.EVENTS, RunKind.INBOUND), NOW)
    status: Status = replace(desk.status(live=True), **changes)  # type: ignore[arg-type]
    return Snapshot(status, desk.settings(), frozenset(), desk.exported)


def test_all_is_well() -> None:
    seen = look(snapshot())
    assert (seen.standing, seen.line) == (Standing.IN_STEP, "Everything is in step")
    assert next_line(snapshot()).startswith("Next sync: ")
    assert can_sync(snapshot())


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"enabled": False}, "Off"),
        ({"paused_until": NOW}, "Paused until 11:05 AM"),
        ({"kibo_app": False}, "Paused: the application is switched off in Kibo"),
        ({"kibo": FAILED}, "Paused: Kibo does not answer; retrying"),
        ({"constant_contact": FAILED}, "Paused: Constant Contact does not answer; retrying"),
        ({"last_good": {}}, "On: the first look at both sides comes next"),
    ],
)
def test_what_is_paused_or_off_is_never_green(changes: dict[str, object], words: str) -> None:
    seen = look(snapshot(**changes))
    assert (seen.standing, seen.line) == (Standing.PAUSED, words)


def test_nor_is_what_is_not_known_or_not_begun() -> None:
    desk = ready_desk()
    desk.exported = False
    assert look(snapshot(desk)).line == "On, but nothing was exported yet"
    for early in (None, replace(snapshot(), quick=True)):
        assert look(early).standing is Standing.PAUSED
    assert look(snapshot(), unreadable="The data file is gone").standing is Standing.PAUSED
    assert look(snapshot(), RunKind.EVENTS, "The data file is gone").line == "The data file is gone"


@pytest.mark.parametrize("running", [None, RunKind.EXPORT])
@pytest.mark.parametrize("kind", NeedKind)
def test_whatever_needs_a_person_comes_first(kind: NeedKind, running: RunKind | None) -> None:
    needs = (Need(kind, 3, subject="inbound"),)
    seen = look(snapshot(needs_you=needs, enabled=False), running)
    assert (seen.standing, seen.line) == (Standing.NEEDS_YOU, "1 thing needs you")


def test_that_nobody_ran_the_loops_is_no_matter_for_a_person_while_this_program_does() -> None:
    assert look(snapshot(needs_you=(Need(NeedKind.LATE, 0),))).standing is Standing.IN_STEP


@pytest.mark.parametrize("changes", [{"kibo": FAILED}, {"paused_until": NOW}])
def test_runs_that_fail_are_for_nobody_while_it_passes_by_itself(changes: dict[str, object]) -> None:
    late = (Need(NeedKind.LATE, 2, NOW, "events"),)
    assert look(snapshot(needs_you=late, **changes)).standing is Standing.PAUSED
    assert look(snapshot(needs_you=late)).standing is Standing.NEEDS_YOU


def test_a_run_shows() -> None:
    assert look(snapshot(), RunKind.EVENTS).standing is Standing.WORKING
    assert next_line(None) == next_line(snapshot(next_runs={})) == "No sync is planned"


def test_nothing_is_synced_where_something_is_missing() -> None:
    assert not can_sync(None)
    assert not can_sync(snapshot(kibo=FAILED))
    desk = ready_desk()
    desk.stored["contact_list"] = ""
    assert not can_sync(snapshot(desk))
