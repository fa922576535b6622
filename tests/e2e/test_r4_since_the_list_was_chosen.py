"""What people do at Constant Contact counts from the moment the list was chosen (design §3a R4).

Not from the first poll: events, a look, or an export that is cut short may come before that.
"""

import pytest

from ccdesk.core.runs import Outcome, RunKind
from ccdesk.sandbox.wire.kernel import Fault
from ccdesk.sync.plan_inbound import UNPROVEN

ADA = "ada@example.com"


@pytest.fixture
def chosen(world):
    """Ada has not agreed, Bob has; both accounts are old. The list has just been chosen."""
    world.ids = {
        name: world.kibo.add_customer(f"{name}@example.com", accepts)
        for name, accepts in (("ada", False), ("bob", True))
    }
    world.later(24 * 60)
    world.cc.add_contact("bob@example.com")
    world.later()
    world.choose_list()
    world.later(5)
    return world


def nothing(world):
    pass


def looked(world):
    world.desk.look_for_events()


def events(world):
    world.run(RunKind.EVENTS)


def edited_and_events(world):
    """Now a link knows her as not opted in."""
    world.desk.look_for_events()
    world.kibo.place_order(world.ids["ada"])
    world.later()
    world.run(RunKind.EVENTS)


def poll_failed(world):
    world.sandbox.faults.add(Fault("status", service="cc", method="GET", path="/contacts", times=99))
    world.desk.run(RunKind.INBOUND)
    world.sandbox.faults.clear()


BEFORE = pytest.mark.parametrize("before", [nothing, looked, events, edited_and_events, poll_failed])
FIRST = pytest.mark.parametrize("first", [RunKind.INBOUND, RunKind.EXPORT, RunKind.FULL_COMPARE])


def run_and_settle(world, first):
    world.run(first, **({"leave_out": True} if first is RunKind.EXPORT else {}))
    for _ in range(2):
        world.cycle()
        world.later(31)


@BEFORE
@FIRST
def test_a_sign_up_before_the_first_poll_is_carried(chosen, before, first):
    before(chosen)
    chosen.later(31)
    chosen.cc.sign_up(ADA, chosen.list_id)
    chosen.later(60)
    run_and_settle(chosen, first)
    assert chosen.opted_in(chosen.ids["ada"])
    assert ADA in chosen.members()
    chosen.quiet_cycles()


@BEFORE
@FIRST
def test_an_opt_out_before_the_first_poll_is_carried(chosen, before, first):
    before(chosen)
    chosen.later(31)
    chosen.cc.unsubscribe("bob@example.com")
    chosen.later(60)
    run_and_settle(chosen, first)
    assert not chosen.opted_in(chosen.ids["bob"])
    chosen.quiet_cycles()


def test_a_sign_up_that_is_not_provably_later_is_named(chosen):
    events(chosen)
    chosen.later(31)
    chosen.cc.sign_up(ADA, chosen.list_id)
    chosen.later()
    chosen.kibo.place_order(chosen.ids["ada"])  # which may hide an opt-in and another opt-out
    chosen.later(31)
    run = chosen.run(RunKind.INBOUND)
    assert chosen.entries(run, Outcome.SKIPPED)[chosen.ids["ada"]].reason == UNPROVEN
    assert not chosen.opted_in(chosen.ids["ada"])


@FIRST
def test_what_was_before_the_list_was_chosen_changes_nothing(world, first):
    ada = world.kibo.add_customer(ADA, False)
    world.later(24 * 60)
    world.cc.add_list("Kibo customers")
    world.cc.sign_up(ADA, world.list_id)
    world.later(5)
    world.choose_list()
    world.later(31)
    run_and_settle(world, first)
    assert not world.opted_in(ada)


def test_the_list_chosen_last_before_the_first_poll_counts(chosen):
    """A sign-up for a list chosen by mistake is none for the one chosen in its place."""
    chosen.cc.sign_up(ADA, chosen.list_id)
    chosen.later(5)
    chosen.list_name = "Second"
    chosen.choose_list()
    chosen.later(5)
    chosen.cc.staff_add_to_list(ADA, chosen.list_id)
    chosen.later(31)
    run_and_settle(chosen, RunKind.INBOUND)
    assert not chosen.opted_in(chosen.ids["ada"])


def test_a_program_started_anew_still_knows_when_it_was_chosen(chosen):
    events(chosen)
    chosen.later(31)
    chosen.cc.sign_up(ADA, chosen.list_id)
    chosen.later(60)
    chosen.reopen()
    run_and_settle(chosen, RunKind.INBOUND)
    assert chosen.opted_in(chosen.ids["ada"])
