"""The list of known differences, and the schedules it is held against (tests/soak/test_schedules.py)."""

from __future__ import annotations

from dataclasses import replace
from unittest.mock import patch

from ccdesk.consent.cells import CELLS, Case, Decision
from ccdesk.consent.model import Act
from ccdesk.consent.reasons import Reason
from ccdesk.consent.table import Cell
from tests.shadow.compare import Difference, Where
from tests.shadow.named import NAMED, name_of, unnamed
from tests.soak.play import play
from tests.soak.schedule import Schedule

ADA = "ada@people.example"
SETTINGS = {"welcome_email": "true", "export_guests": "true"}


def test_every_name_is_used_once_and_says_why() -> None:
    assert len({one.name for one in NAMED}) == len(NAMED)
    assert all(one.sentence.endswith(".") for one in NAMED)


def test_a_difference_of_another_kind_has_no_name() -> None:
    one = Difference(Where.DID, "GOOD x NEVER", "add [synced/off]", "nothing (not_ours)", ADA)
    assert unnamed([one]) == [f"{one.kind} ({ADA})"]
    passed_over = replace(one, where=Where.LEFT_UNDONE, cell="LEFT x SILENT", engine="synced/?")
    assert name_of(replace(passed_over, table="opt_out (left)"))


def test_the_shadow_sees_where_the_two_differ() -> None:
    """A table that takes everybody off the list: the engine does nothing of the kind."""

    def removing(case: Case) -> Decision:
        return Decision(Reason.OPTED_OUT_IN_SHOP, (case.command(Act.REMOVE, case.words),))

    schedule = Schedule(
        1, {}, {}, SETTINGS,
        (
            ("act", "customer", 1, ADA, True, ""),
            ("run", "export", ()), ("wait", 1), ("run", "events", ()), ("run", "inbound", ()),
            ("wait", 31), ("run", "events", ()), ("run", "inbound", ()),
        ),
    )  # fmt: skip
    with patch.dict(CELLS, {Cell.IN_STEP: removing}):
        found = play(schedule, shadow=True).differences
    assert {(one.where, one.cell, one.engine) for one in found} == {
        (Where.LEFT_UNDONE, "ON_LIST x YES_LATER", "synced/on/list")
    }
    assert unnamed(found) != []
    assert play(schedule).differences == []


def test_a_customer_in_step_shows_no_difference() -> None:
    schedule = Schedule(
        1, {}, {}, SETTINGS,
        (
            ("act", "customer", 1, ADA, True, ""),
            ("run", "export", ()), ("wait", 1), ("run", "events", ()), ("run", "inbound", ()),
            ("wait", 31), ("act", "opt_out", 1), ("wait", 31), ("run", "events", ()), ("run", "inbound", ()),
            ("wait", 31), ("act", "opt_in", 1), ("wait", 31), ("run", "events", ()), ("run", "inbound", ()),
            ("wait", 31), ("act", "leave", ADA), ("wait", 31), ("run", "inbound", ()), ("run", "events", ()),
        ),
    )  # fmt: skip
    assert play(schedule, shadow=True).differences == []
