"""Two mistakes of staff, one in each service: neither hides the other from the guard (design §3a R8)."""

import contextlib

import pytest

from ccdesk.consent import guard
from ccdesk.core.errors import ManyHeld
from ccdesk.core.runs import RunKind
from tests.e2e.conftest import long_known, staff_put_back, staff_take_off


@pytest.fixture
def shop(world, monkeypatch):
    """Fourteen customers, linked for more than a week; three opt-outs within a day are usual."""
    monkeypatch.setattr(guard, "PEOPLE", 3)
    long_known(world, 14)
    return world


def runs(world, minutes=1):
    """Do a cycle; a run that holds people and asks is no failure."""
    for kind in (RunKind.EVENTS, RunKind.INBOUND):
        with contextlib.suppress(ManyHeld):
            world.desk.run(kind)
        world.later(minutes)


def clear_flags(world, numbers):
    for n in numbers:
        world.kibo.opt_out(world.ids[n])
    world.later()


def set_flags(world, numbers):
    for n in numbers:
        world.kibo.opt_in(world.ids[n])
    world.later()


def opted_in(world):
    return {n for n, number in enumerate(world.ids) if world.opted_in(number)}


def members(world):
    """The customers on the list, by their numbers, without those made up later."""
    return {n for n in range(len(world.ids)) if f"p{n}@example.com" in world.members()}


def settle(world):
    for _ in range(3):
        runs(world, 50)


def test_the_list_emptied_and_then_most_flags_cleared(shop):
    staff_take_off(shop, range(12))
    runs(shop)
    assert opted_in(shop) == {*range(14)}
    clear_flags(shop, range(10))
    settle(shop)
    assert opted_in(shop) == {*range(10, 14)}, "nobody was opted out by ccdesk"
    staff_put_back(shop, range(12))
    settle(shop)
    assert members(shop) == {*range(14)}, "nobody was taken off"
    set_flags(shop, range(10))
    settle(shop)
    assert (opted_in(shop), members(shop)) == ({*range(14)}, {*range(14)})
    assert shop.desk.held() == []


def test_the_flags_cleared_and_then_most_of_the_list_emptied(shop):
    clear_flags(shop, range(12))
    runs(shop)
    assert members(shop) == {*range(14)}
    staff_take_off(shop, range(10))
    settle(shop)
    assert members(shop) == {*range(10, 14)}, "nobody was taken off by ccdesk"
    set_flags(shop, range(12))
    settle(shop)
    assert opted_in(shop) == {*range(14)}
    staff_put_back(shop, range(10))
    settle(shop)
    assert (opted_in(shop), members(shop)) == ({*range(14)}, {*range(14)})
    assert shop.desk.held() == []


def test_both_at_once(shop):
    staff_take_off(shop, range(12))
    clear_flags(shop, range(3, 14))
    settle(shop)
    assert opted_in(shop) == {*range(3)}, "nobody was opted out by ccdesk"
    assert members(shop) == {12, 13}, "nobody was taken off by ccdesk"


def test_both_at_once_where_the_opt_outs_in_the_shop_are_few(shop):
    """Three of the five who are gone have opted out as well, which is seen to first: five are gone still."""
    staff_take_off(shop, range(5))
    clear_flags(shop, range(3))
    settle(shop)
    assert opted_in(shop) == {*range(3, 14)}, "nobody was opted out by ccdesk"


def test_a_true_opt_out_within_both_is_carried_in_the_end(shop):
    """Their flag is held, the list is emptied by mistake, and staff put everybody back."""
    clear_flags(shop, range(12))
    runs(shop)
    staff_take_off(shop, range(12))
    runs(shop)
    runs(shop)
    staff_put_back(shop, range(12))
    set_flags(shop, range(11))
    settle(shop)
    assert opted_in(shop) == {*range(14)} - {11}
    assert 11 not in members(shop), "their opt-out is neither lost nor only named"


def test_true_opt_outs_among_those_held_do_not_let_the_others_go(shop):
    """Five are gone from the list, three of them opt out in the shop as well: five are unusual still."""
    staff_take_off(shop, range(5))
    runs(shop)
    clear_flags(shop, range(3))
    settle(shop)
    assert opted_in(shop) == {*range(3, 14)}, "nobody was opted out by ccdesk"
    staff_put_back(shop, range(5))
    settle(shop)
    assert members(shop) == {*range(3, 14)}, "the true ones are off the list for good"
    assert shop.desk.held() == []


def test_flags_set_back_in_parts_while_strangers_opt_out(shop):
    """The hour of rest holds though a burst of new accounts makes it too many."""
    clear_flags(shop, range(12))
    runs(shop)
    fakes = [shop.kibo.add_customer(f"fake{n}@example.com", True) for n in range(6)]
    shop.later()
    runs(shop)
    for customer in fakes:
        shop.kibo.opt_out(customer)
    set_flags(shop, range(10))
    runs(shop)
    runs(shop)
    assert {10, 11} <= members(shop)
    shop.later(60)
    runs(shop)
    assert not {10, 11} & members(shop), "an hour later what remains is ordinary"
    assert {*range(10)} <= members(shop)
