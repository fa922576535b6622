"""The list of known differences, and the schedules it is held against (tests/soak/test_schedules.py)."""

from __future__ import annotations

from dataclasses import replace

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
    assert name_of(replace(one, where=Where.UNNAMED, cell="ON_LIST x SILENT"))


def test_the_shadow_sees_a_rule_that_the_engine_breaks() -> None:
    """An opt-out that is lost where staff delete the contact before the next look (design §3a R2)."""
    schedule = Schedule(
        1, {}, {}, SETTINGS,
        (
            ("act", "customer", 1, ADA, True, ""),
            ("run", "export", ()), ("wait", 1), ("run", "events", ()), ("run", "inbound", ()),
            ("wait", 31), ("act", "unsubscribe", ADA), ("act", "delete_contact", ADA),
            ("wait", 31), ("run", "events", ()), ("run", "inbound", ()),
            ("wait", 31), ("run", "events", ()), ("run", "inbound", ()),
        ),
    )  # fmt: skip
    names = {name_of(one) for one in play(schedule, shadow=True).differences}
    assert names == {"deleted after unsubscribing: the opt-out is lost"}
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
