"""Staff take people off the list by mistake and put all of them back: that answers it (design §3a R8)."""

import pytest

from ccdesk.consent import guard
from ccdesk.core.errors import ManyHeld
from ccdesk.core.losses import HeldAnswer
from ccdesk.core.runs import Outcome, RunKind, RunStatus
from ccdesk.service.needs_you import NeedKind
from ccdesk.sync.plan_held import OPTED_OUT_MEANWHILE
from tests.e2e.conftest import long_known, staff_put_back, staff_take_off


@pytest.fixture
def few(world, monkeypatch):
    """Twelve customers, of whom five are taken off by mistake; three within a day are usual."""
    monkeypatch.setattr(guard, "PEOPLE", 3)
    long_known(world, 12)
    staff_take_off(world, range(5))
    asked_by(world)
    return world


def asked_by(world):
    """Do a run that asks; return whom it holds."""
    with pytest.raises(ManyHeld):
        world.desk.run(RunKind.INBOUND)
    world.later()
    run = world.desk.runs(kind=RunKind.INBOUND, limit=1)[0]
    assert run.status is RunStatus.NEEDS_YOU
    people = {entry.customer_id for entry in world.desk.entries(run.id, outcome=Outcome.HELD, limit=500)}
    return {n for n, number in enumerate(world.ids) if number in people}


def opted_in(world):
    return {n for n, number in enumerate(world.ids) if world.opted_in(number)}


def members(world):
    return {int(email[1:].partition("@")[0]) for email in world.members()}


def nobody_is_asked(world, *, cycles=3):
    """Every later run goes through, and nothing of it is left in the window."""
    for _ in range(cycles):
        world.cycle()
    assert world.desk.held() == []
    needs = world.desk.status(live=False).needs_you
    assert [need for need in needs if need.kind is NeedKind.HELD] == []


def test_forty_of_a_hundred_taken_off_and_all_put_back(world):
    long_known(world, 100)
    staff_take_off(world, range(40))
    assert asked_by(world) == {*range(40)}
    # True acts of others flow while it is asked.
    world.cc.unsubscribe("p50@example.com")
    world.kibo.opt_out(world.ids[51])
    world.later()
    assert asked_by(world) == {*range(40)}
    world.run(RunKind.EVENTS)
    assert opted_in(world) == {*range(100)} - {50, 51}
    assert members(world) == {*range(40, 100)} - {50, 51}
    staff_put_back(world, range(40))
    world.cc.unsubscribe("p52@example.com")
    world.later()
    nobody_is_asked(world, cycles=1)
    assert opted_in(world) == {*range(100)} - {50, 51, 52}, "nobody of the forty is opted out"
    assert members(world) == {*range(100)} - {50, 51, 52}
    world.quiet_cycles(1)


def test_put_back_in_three_batches(few):
    for batch, rest in (((0, 1), {2, 3, 4}), ((2, 3), {4})):
        staff_put_back(few, batch)
        assert asked_by(few) == rest, "for an hour the rest waits, however few"
    staff_put_back(few, [4])
    nobody_is_asked(few)
    few.later(120)
    nobody_is_asked(few)
    assert (opted_in(few), members(few)) == ({*range(12)}, {*range(12)})
    few.quiet_cycles(1)


def test_one_of_them_unsubscribes_meanwhile(few):
    few.cc.unsubscribe("p0@example.com")
    few.later()
    assert asked_by(few) == {1, 2, 3, 4}
    assert opted_in(few) == {*range(1, 12)}, "their own word is carried at once"
    staff_put_back(few, range(1, 5))
    nobody_is_asked(few)
    assert (opted_in(few), members(few)) == ({*range(1, 12)}, {*range(1, 12)})


@pytest.mark.parametrize("seen_by", [RunKind.INBOUND, RunKind.FULL_COMPARE])
def test_one_of_them_opts_out_in_the_shop_meanwhile(few, seen_by):
    few.kibo.opt_out(few.ids[0])
    few.later()
    few.run(RunKind.EVENTS)
    assert asked_by(few) == {*range(5)}
    staff_put_back(few, range(5))
    run = few.run(seen_by)
    assert few.entries(run, Outcome.SKIPPED)[few.ids[0]].reason == OPTED_OUT_MEANWHILE
    nobody_is_asked(few)
    assert (opted_in(few), members(few)) == ({*range(1, 12)}, {*range(1, 12)})
    assert few.desk.status(live=False).needs_you == (), "it is mended, so nobody has to look"
    few.quiet_cycles(1)


@pytest.mark.parametrize("answered_first", [True, False])
def test_answered_that_it_was_a_mistake_and_put_back(few, answered_first):
    if answered_first:
        assert few.desk.answer_held(HeldAnswer.MISTAKE) == 5
        few.cycle()
        assert opted_in(few) == {*range(12)}
        assert members(few) == {*range(5, 12)}, "put back by staff, not by ccdesk"
        staff_put_back(few, range(5))
    else:
        staff_put_back(few, range(5))
        assert few.desk.answer_held(HeldAnswer.MISTAKE) == 5
    nobody_is_asked(few)
    assert (opted_in(few), members(few)) == ({*range(12)}, {*range(12)})
    few.quiet_cycles(1)


def test_answered_that_it_was_a_mistake_and_one_unsubscribes_before_being_put_back(few):
    few.desk.answer_held(HeldAnswer.MISTAKE)
    few.cycle()
    few.cc.unsubscribe("p0@example.com")
    few.later()
    few.cycle()
    assert opted_in(few) == {*range(1, 12)}
    staff_put_back(few, range(1, 5))
    nobody_is_asked(few)
    assert (opted_in(few), members(few)) == ({*range(1, 12)}, {*range(1, 12)})


def test_after_it_was_put_back_the_next_ones_who_leave_are_ordinary(few):
    staff_put_back(few, range(5))
    few.cycle()
    staff_take_off(few, (0, 6))
    few.cycle()
    assert opted_in(few) == {*range(12)} - {0, 6}
    assert members(few) == {*range(12)} - {0, 6}
    nobody_is_asked(few)
