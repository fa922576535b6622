"""An opt-in in the shop that is provably later than an unsubscription asks for the confirmation (design R3).

Windows are as narrow as what was seen allows: the last complete look that saw the flag off proves that the
opt-in is later (design §3a R5). docs/consent.md, row *unsubscribed*: *YES, later* asks, *YES, earlier or not
told* is opted out.
"""

import pytest

from ccdesk.core.drift import DriftKind
from ccdesk.core.runs import RunKind
from ccdesk.sandbox.kibo.state import KiboSwitches
from ccdesk.sandbox.wire.kernel import Fault
from ccdesk.sync.standing_opt_outs import ASKED_BEFORE
from tests.e2e.conftest import exported
from tests.e2e.spoil import Spoiler
from tests.e2e.world import open_world

ADA = "ada@example.com"


def cycles(world, count=1, minutes=31):
    for _ in range(count):
        world.cycle()
        world.later(minutes)


def asked(world):
    return [mail["kind"] for mail in world.cc.mails()]


@pytest.fixture(params=["audit log", "none"])
def out(tmp_path, request):
    """Ada opted out in the shop, is off the list, and has unsubscribed an hour later by an old email."""
    switches = KiboSwitches(audit_log=request.param == "audit log")
    with open_world(tmp_path / "base", kibo_switches=switches) as world:
        exported(world, "ada", "bob")
        world.kibo.opt_out(world.ids["ada"])
        world.later()
        cycles(world, 2)
        assert ADA not in world.members()
        world.cc.unsubscribe(ADA)
        world.later()
        yield world


def runs_between(world):
    cycles(world, 3, 60)
    world.kibo.opt_in(world.ids["ada"])


def only_events_between(world):
    """The unsubscription is seen only after the opt-in."""
    for _ in range(2):
        world.run(RunKind.EVENTS)
        world.later(60)
    world.kibo.opt_in(world.ids["ada"])


def only_a_comparison_between(world):
    """It reads everybody: that look, too, shows the flag off, after the unsubscription."""
    world.later(120)
    world.run(RunKind.FULL_COMPARE)
    world.later(60)
    world.kibo.opt_in(world.ids["ada"])


def compared_in_vain(world):
    """The first look that sees the flag set is a comparison: looks after that one prove nothing."""
    runs_between(world)
    world.later()
    world.run(RunKind.FULL_COMPARE)
    world.later(60)


def edited_between(world):
    cycles(world, 2)
    world.kibo.place_order(world.ids["ada"])
    world.later()
    cycles(world, 2)
    world.kibo.opt_in(world.ids["ada"])


def tried_in_vain(world):
    """The first look notes it: looks after that one saw the flag set."""
    runs_between(world)
    world.later()
    world.sandbox.faults.add(Fault("status", service="cc", method="GET", path="/contacts", times=99))
    for _ in range(3):
        world.desk.run(RunKind.EVENTS)
        world.later(31)
    world.sandbox.faults.clear()


def started_anew(world):
    runs_between(world)
    world.later()
    world.desk.look_for_events()
    world.reopen()
    world.later(60)


def opened_a_second_account(world):
    """Seen off under the same email, it opts in."""
    second = world.kibo.add_customer(ADA, False)
    world.later()
    cycles(world, 3, 60)
    world.kibo.opt_in(second)


@pytest.mark.parametrize(
    "act",
    [
        runs_between,
        only_events_between,
        only_a_comparison_between,
        compared_in_vain,
        edited_between,
        tried_in_vain,
        started_anew,
        opened_a_second_account,
    ],
)
def test_a_later_opt_in_asks_once_and_stands(out, act):
    act(out)
    out.later()
    cycles(out, 3, 120)
    assert asked(out) == ["resubscribe"]
    opted_in = [one.id for one in out.kibo.book if (one.email or "") == ADA and one.accepts]
    assert len(opted_in) == 1
    out.quiet_cycles()


@pytest.mark.parametrize(
    "seen",
    ["at once", "by two looks first", "off again meanwhile", "unreadable", "unreadable to a comparison"],
)
def test_an_opt_in_before_the_unsubscription_does_not_become_later_by_looks(tmp_path, monkeypatch, seen):
    """Looks that saw the flag set already prove nothing; without proof the opt-out stands (R5)."""
    with open_world(tmp_path / "base", kibo_switches=KiboSwitches(audit_log=False)) as world:
        exported(world, "ada", "bob")
        ada = world.ids["ada"]
        world.kibo.opt_out(ada)
        world.later()
        cycles(world, 2)
        world.kibo.opt_in(ada)
        world.later()
        if seen in ("by two looks first", "off again meanwhile"):
            world.desk.look_for_events()
            world.later(60)
            world.kibo.place_order(ada)
            world.later()
            world.desk.look_for_events()
        world.cc.unsubscribe(ADA)
        world.later(60)
        if seen == "off again meanwhile":
            world.kibo.opt_out(ada)
            world.later()
            world.desk.look_for_events()
        if "unreadable" in seen:
            spoiler = Spoiler(monkeypatch)
            spoiler.accounts[ada] = {"acceptsMarketing": "maybe"}
            for _ in range(2):
                world.later(60)
                world.run(RunKind.FULL_COMPARE if "compared" in seen else RunKind.EVENTS)
            spoiler.accounts.clear()
        world.kibo.place_order(ada)
        world.later()
        cycles(world, 2)
        assert asked(world) == []
        assert not world.opted_in(ada)
        world.quiet_cycles()


@pytest.fixture
def asked_once(tmp_path):
    """Ada unsubscribed, opted in in the shop, was asked to confirm, confirmed, and unsubscribed again."""
    with open_world(tmp_path / "base", kibo_switches=KiboSwitches(audit_log=False)) as world:
        exported(world, "ada", "bob")
        ada = world.ids["ada"]
        world.cc.unsubscribe(ADA)
        world.later()
        cycles(world, 2)
        assert not world.opted_in(ada)
        world.kibo.opt_in(ada)
        world.later()
        cycles(world, 2)
        assert asked(world) == ["resubscribe"]
        world.cc.click_resubscribe(ADA)
        world.later()
        cycles(world, 2)
        assert ADA in world.members()
        world.cc.unsubscribe(ADA)
        world.later()
        cycles(world, 2)
        assert not world.opted_in(ada)
        world.kibo.opt_in(ada)
        world.later()
        yield world


def goes_on(world):
    cycles(world, 2)


def is_exported_again(world):
    cycles(world, 1)
    world.run(RunKind.EXPORT)


def orders_something(world):
    cycles(world, 1)
    world.kibo.place_order(world.ids["ada"])
    world.later()


def is_compared_whole(world):
    cycles(world, 1)
    world.run(RunKind.FULL_COMPARE)


@pytest.mark.parametrize("act", [goes_on, is_exported_again, orders_something, is_compared_whole])
def test_who_was_asked_once_is_neither_asked_again_nor_undone(asked_once, act):
    """A later opt-in after the one confirmation is named (design §3a R3)."""
    world, ada = asked_once, asked_once.ids["ada"]
    act(world)
    cycles(world, 3)
    assert asked(world) == ["resubscribe"]
    assert world.opted_in(ada), "the opt-in in the shop is the later act"
    assert ADA not in world.members()
    entries = [one for run in world.desk.runs() for one in world.desk.entries(run.id)]
    named = [one.reason for one in entries].count(ASKED_BEFORE)
    assert named == (2 if act is is_exported_again else 1), "an export tells of everybody, other runs once"
    [drift] = world.desk.drift().people
    assert (drift.email, drift.kind) == (ADA, DriftKind.ASKED_BEFORE)
    world.quiet_cycles()


def test_who_was_asked_once_and_unsubscribes_once_more_is_opted_out(asked_once):
    world = asked_once
    cycles(world, 2)
    world.cc.join_list(ADA, world.list_id)
    world.later()
    cycles(world, 2)
    assert ADA in world.members()
    world.cc.unsubscribe(ADA)
    world.later()
    cycles(world, 2)
    assert not world.opted_in(world.ids["ada"])


@pytest.mark.parametrize("sees", ["events", "export", "full-compare"])
@pytest.mark.parametrize("disabled", [False, True])
def test_an_opt_out_that_kibo_has_not_taken_yet_undoes_no_later_opt_in_of_a_second_account(
    world, sees, disabled
):
    """It is owed for the account it came from; the second one has opted in and was put on the list since."""
    first, second = world.kibo.add_customer(ADA, True), world.kibo.add_customer(ADA, True)
    exported(world, "bob")
    world.cycle()
    world.later()
    path = f"accounts/{first}$"
    world.sandbox.faults.add(Fault("status", service="kibo", method="PUT", path=path, status=409, times=99))
    world.cc.leave_list(ADA, world.list_id)
    world.later(30)
    world.run(RunKind.INBOUND)
    assert world.opted_in(first), "Kibo takes no write to this account"
    assert not world.opted_in(second)
    if disabled:
        world.kibo.deactivate(first)
    world.later(60)
    world.kibo.opt_in(second)
    world.later(30)
    world.run(RunKind(sees))
    world.run(RunKind.EVENTS)
    assert ADA in world.members()
    world.later(30)
    world.run(RunKind.INBOUND)
    assert world.opted_in(second)
    assert world.desk.why(ADA, live=True).verdict.should_be_on_list
    world.sandbox.faults.clear()
    cycles(world, 3)
    assert ADA in world.members()
    assert world.opted_in(second)
    assert not world.opted_in(first), "and the opt-out is not lost"
    world.quiet_cycles()
