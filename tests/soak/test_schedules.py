"""No schedule of acts, failures, restarts and wrong clocks breaks the promise (design R1 to R7)."""

from __future__ import annotations

import importlib
from collections import Counter
from collections.abc import Callable

import pytest

from tests.shadow.named import name_of, unnamed
from tests.soak.conftest import SOAK, amount
from tests.soak.faults import KINDS
from tests.soak.play import play
from tests.soak.schedule import MOST_WELCOMES, SIZES, Schedule, make
from tests.soak.shrink import shrink, told

PARTS = 8
SHADOW = not SOAK  # the rules' table decides beside the engine; `make shadow` does so with other seeds


@pytest.mark.parametrize("part", range(PARTS))
def test_schedules(part: int, seed: int, say: Callable[[str], None]) -> None:
    count = amount(40, 1200) // PARTS
    runs = calls = 0
    met: Counter[str] = Counter()
    differ: Counter[str] = Counter()
    strange: list[str] = []  # told at the end: what has no name yet keeps no rule from being tried
    for number in range(count):
        schedule = make(seed * 100_000 + part * 10_000 + number)
        result = play(schedule, shadow=SHADOW)
        runs, calls = runs + result.runs, calls + result.calls
        met += result.met
        if result.broken:
            pytest.fail(told(*shrink(schedule, result)), pytrace=False)
        differ += Counter(name_of(one) for one in result.differences)
        strange += [f"schedule {schedule.seed}: {one}" for one in unnamed(result.differences)]
    say(f"schedules, part {part + 1} of {PARTS}: {count} played, {runs} runs, {calls} calls")
    say("  met: " + ", ".join(f"{kind} {times}" for kind, times in met.most_common()))
    if SHADOW:
        say("  table and engine: " + "; ".join(f"{name} {times}" for name, times in differ.most_common()))
    if SOAK:
        assert set(KINDS) <= met.keys(), "every kind of trouble was met"
    if strange:
        pytest.fail("\n".join(["table and engine differ without a name:", *strange]), pytrace=False)


@pytest.mark.parametrize("name", [*SIZES, MOST_WELCOMES])
def test_what_stands_for_a_large_shop_is_a_constant_of_ccdesk(name: str) -> None:
    module, _, constant = f"ccdesk.{name}".rpartition(".")
    assert hasattr(importlib.import_module(module), constant)


SETTINGS = {"welcome_email": "true", "export_guests": "true"}
ADA = "ada@people.example"
FOUND = {
    # why, asked after every run where the seed is one of four
    "opt-outs that are held were called in step by why": Schedule(
        4, {}, {}, SETTINGS,
        (
            ("run", "events", ()),
            *[("act", "customer", number, f"{number}@people.example", True, "") for number in (1, 2, 3)],
            ("run", "export", ()),
            *[("act", "opt_out", number) for number in (1, 2, 3)],
            ("run", "events", ()),
        ),
        sizes={"consent.guard.PEOPLE": 1},
    ),
    "a new email that cannot be sent hid from why that the former one is mailed still": Schedule(
        4, {}, {}, SETTINGS,
        (
            ("act", "customer", 1, ADA, True, ""),
            ("run", "export", ()),
            ("act", "change_email", 1, "ada"),
            ("run", "events", ()),
        ),
    ),
    # what is remembered, compared with what is read now
    "a hold that ended hid from why that the account is disabled": Schedule(
        4, {}, {}, SETTINGS,
        (
            ("act", "customer", 1, ADA, True, ""),
            ("run", "export", ()),
            ("act", "deactivate", 1),
            ("run", "events", ()),
            ("act", "hold", ADA),
            ("run", "inbound", ()),
            ("act", "release", ADA),
            ("run", "inbound", ()),
        ),
    ),
    "an undo hid from why that the account is disabled": Schedule(
        4, {}, {}, SETTINGS,
        (
            ("act", "customer", 1, ADA, True, ""),
            ("run", "export", ()),
            ("act", "deactivate", 1),
            ("run", "events", ()),
            ("undo", 0.0, False, ()),
            ("act", "staff_add", ADA, "active"),
            ("run", "inbound", ()),
        ),
    ),
    "somebody back by an own sign-up was called a newcomer once their second account was gone": Schedule(
        160088, {}, {}, {"welcome_email": "true", "export_guests": "true"},
        (
            ("act", "customer", 12, ADA, True, "long"),
            ("act", "customer", 16, ADA, True, "address"),
            ("act", "sign_up", ADA),
            ("act", "unsubscribe", ADA),
            ("run", "inbound", ()),
            ("act", "rejoin", ADA),
            ("act", "delete_customer", 16),
            ("run", "inbound", ()),
            ("list",),
        ),
    ),
    # people forgotten: one schedule of ten
    "who left the list after they were forgotten was put back on it": Schedule(
        500242, {}, {}, {"welcome_email": "false", "export_guests": "false"},
        (
            ("run", "export", ()),
            ("act", "customer", 20, ADA, True, "address"),
            ("run", "events", ()),
            ("forget", 0.9),
            ("act", "leave", ADA),
        ),
    ),
    "an import that failed as a whole hid from why that those sent had opted in": Schedule(
        4, {}, {}, {**SETTINGS, "welcome_email": "false"},
        (
            ("act", "customer", 1, ADA, True, ""),
            ("run", "export", ()),
            ("turn", "cc", "activity_outcome", "failed"),
            *[("act", "customer", number, f"{number}@people.example", True, "") for number in range(2, 14)],
            ("wait", 1),
            ("run", "events", ()),
        ),
    ),
    "staff's Add was forgotten once another account was disabled": Schedule(
        6025, {}, {}, SETTINGS,
        (
            ("act", "customer", 1, ADA, True, ""),
            ("run", "export", ()),
            ("act", "opt_out", 1),
            ("act", "customer", 2, ADA, True, "guest"),
            ("act", "customer", 3, ADA, True, "guest"),
            ("wait", 1),
            ("run", "events", ()),
            ("answer", "add"),
            *[thing for act in ("deactivate", "activate", "deactivate")
              for thing in (("act", act, 3), ("wait", 31), ("run", "events", ()))],
        ),
    ),
    "an opt-out that Kibo had not taken yet undid a later opt-in of a second account": Schedule(
        1, {}, {}, {**SETTINGS, "welcome_email": "false"},
        (
            ("act", "customer", 1, ADA, True, ""),
            ("act", "customer", 2, ADA, False, ""),
            ("run", "export", ()),
            *[thing for kind in ("events", "inbound") for thing in (("run", kind, ()), ("wait", 31))],
            ("run", "inbound", ()),
            ("act", "leave", ADA),
            ("run", "inbound", ((0, ("trouble", "bad_request", 9, "kibo", "PUT")),)),
            ("wait", 31),
            ("act", "opt_in", 2),
            ("wait", 31),
            ("run", "events", ()),
            ("wait", 31),
            ("run", "inbound", ()),
        ),
    ),
    "an account that came after a leaving was opted out for it once staff had added another one": Schedule(
        1, {}, {}, {**SETTINGS, "welcome_email": "false"},
        (
            ("act", "customer", 1, ADA, True, ""),
            ("run", "export", ()),
            ("wait", 31),
            ("act", "leave", ADA),
            ("wait", 31),
            ("run", "export", ()),
            ("act", "customer", 2, ADA, True, "guest"),
            ("wait", 31),
            ("run", "events", ()),
            ("act", "customer", 3, ADA, True, "guest"),
            ("wait", 31),
            ("run", "events", ()),
            ("answer", "add"),
            ("wait", 31),
            ("run", "events", ()),
            ("run", "inbound", ()),
        ),
    ),
    "an outage hid from why what the look before it had seen": Schedule(
        4, {}, {}, SETTINGS,
        (
            ("act", "customer", 1, ADA, True, ""),
            ("run", "export", ()),
            ("run", "events", ()),
            ("act", "opt_out", 1),
            ("wait", 1),
            ("run", "events", ((0, ("trouble", "forbidden", 40, "cc")),)),
        ),
    ),
    "a list is deleted and made anew under its name after an undo: it is another list": Schedule(
        360138, {}, {}, {"welcome_email": "false", "export_guests": "true"},
        (
            ("act", "customer", 10, "pzq9@people.example", True, "address"),
            ("run", "export", ()),
            ("undo", 0.11, False, ()),
            ("act", "delete_list"),
            ("list",),
            ("list",),
        ),
    ),
    "an undo takes somebody off the list who is still to confirm: we had put them there": Schedule(
        330147, {"confirmed_opt_in": True}, {}, {"welcome_email": "true", "export_guests": "true"},
        (
            ("run", "export", ()),
            ("act", "customer", 10, "pzq8@people.example", True, ""),
            ("run", "events", ()),
            ("undo", 0.22, False, ()),
        ),
    ),
    "an account is deleted and no event tells: as last read it is there": Schedule(
        320149, {}, {"pull_works": False}, {"welcome_email": "false", "export_guests": "false"},
        (
            ("act", "customer", 2, "pzq1@people.example", False, "long"),
            ("act", "customer", 4, "PZQ1@PEOPLE.EXAMPLE", True, "long"),
            ("run", "export", ()),
            ("run", "events", ((0, ("act", "delete_customer", 4)),)),
        ),
    ),
    "a deleted contact that had unsubscribed keeps its lists, and was said to be on the list": Schedule(
        260125, {"unsubscribe_empties_lists": False}, {}, {"welcome_email": "false", "export_guests": "true"},
        (
            ("act", "contact", "pzq9@people.example", "unsubscribed", "active other", "deleted"),
            ("act", "staff_add", "pzq9@people.example", "active"),
        ),
    ),
    "an account that opted out took the email of somebody who opted in between": Schedule(
        930221, {}, {}, {"welcome_email": "false", "export_guests": "false"},
        (
            ("act", "customer", 3, "pzq2@people.example", True, "inactive"),
            ("run", "export", ()),
            ("act", "opt_out", 3),
            ("act", "customer", 12, "pzq10@people.example", True, "address"),
            ("run", "inbound", ((2, ("act", "change_email", 3, "PZQ10@PEOPLE.EXAMPLE")),)),
            ("run", "export", ()),
        ),
    ),
    "opt-outs called a mistake were dated by a clock an hour behind, our own adding looked later": Schedule(
        1, {}, {}, SETTINGS,
        (
            ("run", "events", ()),
            ("run", "inbound", ((1, ("clock", -1)),)),
            *[("act", "customer", number, f"{number}@people.example", True, "") for number in (1, 2, 3)],
            ("run", "events", ()),
            *[("act", "opt_out", number) for number in (1, 2, 3)],
            ("run", "events", ()),
            ("held", "mistake"),
            ("run", "events", ()),
        ),
        sizes={"consent.guard.PEOPLE": 2},
    ),
    "an opt-in from before the question put on the list whom staff had left out of it": Schedule(
        71012, {}, {}, SETTINGS,
        (
            ("act", "customer", 1, "pzq0@people.example", True, ""),
            ("act", "customer", 8, "pzq5@people.example", True, "address"),
            ("run", "export", ()),
            ("act", "customer", 9, "pzq0@people.example", True, "long"),
            ("list",),
            ("act", "change_email", 1, "pzq7@people.example"),
            ("act", "contact", "pzq7@people.example", "implicit", "active", ""),
        ),
    ),
    "a stranger put somebody on a newly chosen list whose own opt-out nobody had looked at": Schedule(
        1, {}, {}, SETTINGS,
        (
            ("act", "customer", 1, ADA, True, ""),
            ("run", "export", ()),
            ("act", "opt_out", 1),
            ("act", "customer", 2, ADA, True, ""),
            ("list",),
        ),
        sizes={"consent.guard.PEOPLE": 1},
    ),
    "a sign-up before the no in Kibo, judged while Kibo's clock was not known to be an hour behind": Schedule(
        1, {}, {}, SETTINGS,
        (
            ("act", "customer", 1, ADA, True, ""),
            ("act", "contact", ADA, "not_set", "active other", ""),
            ("run", "inbound", ()),
            ("act", "account_unsubscribe", ADA),
            ("act", "rejoin", ADA),
            ("act", "opt_out", 1),
        ),
        ahead={"cc": 3600},
    ),
    "a sign-up after a failed import for two accounts was taken for a contact of ours": Schedule(
        1, {}, {}, SETTINGS,
        (
            ("act", "customer", 1, ADA, True, "address"),
            ("act", "customer", 2, ADA, True, ""),
            ("turn", "cc", "activity_outcome", "failed"),
            ("run", "export", ()),
            ("act", "sign_up", ADA),
        ),
    ),
    "a sign-up that an export saw, and that proves nothing, was told nowhere": Schedule(
        1, {}, {}, SETTINGS,
        (
            ("act", "customer", 1, "bob@people.example", True, ""),
            ("act", "customer", 2, ADA, False, "address"),
            ("run", "inbound", ()),
            ("act", "sign_up", ADA),
            ("act", "activate", 2),
        ),
    ),
    "an account took the email of somebody whom staff had left out of the list, and put them on it": Schedule(
        1, {}, {}, SETTINGS,
        (
            *[("act", "customer", number, f"{number}@people.example", True, "") for number in (1, 2, 3, 4)],
            ("run", "export", ()),
            ("run", "inbound", ((0, ("act", "change_email", 2, ADA)),)),
            ("act", "sign_up", ADA),
            ("list",),
            ("act", "rejoin", "1@people.example"),
            ("run", "export", ()),
            ("run", "events", ()),
        ),
    ),
    "a guest's box kept whose own account had opted out on a newly chosen list": Schedule(
        220113, {}, {}, SETTINGS,
        (
            ("act", "customer", 3, ADA, True, "address"),
            ("act", "customer", 11, ADA, True, "guest"),
            ("run", "export", ()),
            ("list",),
            ("act", "opt_out", 3),
        ),
    ),
    "an opt-out was forgotten with the account, and a new one with its email was exported": Schedule(
        160031, {}, {}, SETTINGS,
        (
            ("act", "customer", 6, ADA, True, "address"),
            ("run", "export", ()),
            ("act", "opt_out", 6),
            ("run", "events", ()),
            ("act", "delete_customer", 6),
            ("act", "customer", 7, ADA, True, ""),
            ("run", "export", ()),
        ),
    ),
    "left, then the whole list was deleted before anybody looked": Schedule(
        130142, {}, {}, SETTINGS,
        (
            ("act", "customer", 7, ADA, True, "address"),
            ("run", "export", ()),
            ("act", "leave", ADA),
            ("act", "delete_list"),
        ),
    ),
    "a sign-up after an import failed with email and list alone was taken for a contact of ours": Schedule(
        140116, {}, {}, SETTINGS,
        (
            ("act", "customer", 7, ADA, True, "address"),
            ("turn", "cc", "activity_outcome", "failed"),
            ("run", "export", ()),
            ("act", "sign_up", ADA),
        ),
    ),
    "the row of a guest was lost, who was disabled then: their own account waited for nothing": Schedule(
        150121, {}, {}, SETTINGS,
        (
            ("act", "customer", 10, "bob@people.example", True, ""),
            ("act", "customer", 2, ADA, True, "guest"),
            ("act", "customer", 5, ADA, True, "address"),
            ("turn", "cc", "import_loses_every", 2),
            ("run", "export", ()),
            ("act", "deactivate", 2),
        ),
    ),
    "left the list, was deleted in the shop before that was brought there; another took the email": Schedule(
        220128, {}, {}, SETTINGS,
        (
            ("act", "customer", 5, ADA, True, "address"),
            ("act", "customer", 3, "cyd@people.example", True, "address"),
            ("run", "export", ()),
            ("act", "leave", ADA),
            ("act", "delete_customer", 5),
            ("run", "full-compare", ()),
            ("act", "change_email", 3, ADA),
        ),
    ),
    "deleted and back on another list between two looks, which nothing tells from leaving": Schedule(
        1, {}, {}, SETTINGS,
        (
            ("act", "customer", 1, ADA, True, "address"),
            ("run", "export", ()),
            ("list",),
            ("act", "delete_contact", ADA),
            ("act", "sign_up", ADA),
            ("act", "delete_list"),
        ),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FOUND)
def test_what_schedules_have_found_before(name: str) -> None:
    assert play(FOUND[name]).broken == []
