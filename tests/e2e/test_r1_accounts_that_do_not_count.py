"""A flag cleared in a disabled or a guest's account is an opt-out all the same (design §3a R1)."""

from __future__ import annotations

from typing import Any

import pytest

from ccdesk.core.runs import RunKind
from ccdesk.sandbox.wire.kernel import Fault
from tests.e2e.world import World

ADA = "ada@example.com"
KINDS = {"disabled": {"active": False}, "a guest's": {"anonymous": True}}


def put_on_by_staff(world: World) -> None:
    world.cc.add_contact(ADA, permission="implicit", lists=[world.list_id])


def signs_up(world: World) -> None:
    world.cc.sign_up(ADA, world.list_id)


def looks(world: World) -> None:
    world.run(RunKind.EVENTS)


def compares(world: World) -> None:
    world.run(RunKind.FULL_COMPARE)
    world.run(RunKind.EVENTS)


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> dict[str, Any]:
    return KINDS[request.param]


@pytest.fixture
def shop(world: World) -> World:
    world.desk.save_settings({"export_guests": "false"})
    world.choose_list()
    world.kibo.add_customer("bob@example.com", True)
    return world


def ready(shop: World) -> None:
    shop.later(60)
    shop.export()
    shop.cycle()
    shop.later(60)


@pytest.mark.parametrize("comes", [put_on_by_staff, signs_up])
@pytest.mark.parametrize("sees", [looks, compares])
@pytest.mark.parametrize("first", ["before the export", "after it"])
def test_it_is_followed(shop, kind, comes, sees, first):
    if first == "before the export":
        ada = shop.kibo.add_customer(ADA, True, **kind)
        ready(shop)
    else:
        ready(shop)
        ada = shop.kibo.add_customer(ADA, True, **kind)
        shop.later(30)
        shop.run(RunKind.EVENTS)
    comes(shop)
    shop.later(30)
    shop.cycle()
    assert ADA in shop.members()
    shop.later(60)
    shop.kibo.opt_out(ada)
    shop.later(30)
    sees(shop)
    assert ADA not in shop.members()
    shop.quiet_cycles()


def test_it_is_followed_where_the_flag_was_off_before_and_set_meanwhile(shop, kind):
    ada = shop.kibo.add_customer(ADA, False, **kind)
    ready(shop)
    put_on_by_staff(shop)
    for _ in range(2):  # and once more after it has been followed
        shop.kibo.opt_in(ada)
        shop.later(30)
        shop.cycle()
        shop.cc.staff_add_to_list(ADA, shop.list_id)
        shop.later(30)
        shop.cycle()
        assert ADA in shop.members()
        shop.kibo.opt_out(ada)
        shop.later(30)
        shop.cycle()
        assert ADA not in shop.members()
    shop.quiet_cycles()


@pytest.mark.parametrize("how", ["unsubscribes", "leaves"])
def test_an_opt_out_there_switches_off_what_was_set_meanwhile(shop, kind, how):
    ada = shop.kibo.add_customer(ADA, False, **kind)
    ready(shop)
    shop.kibo.opt_in(ada)
    put_on_by_staff(shop)
    shop.later(30)
    shop.cycle()
    assert ADA in shop.members()
    if how == "unsubscribes":
        shop.cc.unsubscribe(ADA)
    else:
        shop.cc.leave_list(ADA, shop.list_id)
    shop.later(30)
    shop.cycle()
    assert not shop.opted_in(ada)
    assert list(shop.desk.drift().people) == []
    shop.quiet_cycles()


def test_another_account_that_agrees_keeps_them_on_the_list(shop, kind):
    shop.kibo.add_customer(ADA, True)
    other = shop.kibo.add_customer(ADA, True, **kind)
    ready(shop)
    shop.kibo.opt_out(other)
    shop.later(30)
    shop.cycle()
    assert ADA in shop.members()
    shop.quiet_cycles()


def test_a_flag_that_was_never_set_is_no_statement(shop, kind):
    ada = shop.kibo.add_customer(ADA, False, **kind)
    put_on_by_staff(shop)
    ready(shop)
    shop.kibo.place_order(ada)
    shop.later(30)
    shop.cycle()
    assert ADA in shop.members()


def test_a_sign_up_after_the_flag_was_cleared_stands(shop, kind):
    ada = shop.kibo.add_customer(ADA, True, **kind)
    ready(shop)
    shop.kibo.opt_out(ada)
    shop.later(5)
    signs_up(shop)
    shop.later(30)
    shop.cycle()
    assert ADA in shop.members()


@pytest.fixture
def member(shop: World) -> int:
    """Ada opted in and is on the list through us; her account's number."""
    ada = shop.kibo.add_customer(ADA, True)
    ready(shop)
    assert ADA in shop.members()
    return ada


@pytest.mark.parametrize("again", [False, True])
def test_a_flag_that_a_look_saw_cleared_is_followed_though_the_account_is_gone_since(shop, member, again):
    """Unless it was seen set again: that the account is gone is no opt-out."""
    shop.kibo.opt_out(member)
    shop.later(10)
    shop.desk.look_for_events()
    if again:
        shop.kibo.opt_in(member)
        shop.later(10)
        shop.run(RunKind.EVENTS)
    shop.later(10)
    if again:
        shop.kibo.place_order(member)
        shop.desk.look_for_events()
    shop.kibo.delete_customer(member)
    shop.later(10)
    shop.cycle()
    assert (ADA in shop.members()) is again
    shop.quiet_cycles()


def test_the_same_of_an_account_that_counts_for_nothing(shop, kind):
    ada = shop.kibo.add_customer(ADA, True, **kind)
    ready(shop)
    put_on_by_staff(shop)
    shop.later(30)
    shop.cycle()
    shop.kibo.opt_out(ada)
    shop.later(10)
    shop.desk.look_for_events()
    shop.kibo.delete_customer(ada)
    shop.later(10)
    shop.cycle()
    assert ADA not in shop.members()
    shop.quiet_cycles()


def test_an_opt_in_that_the_audit_log_shows_to_be_later_is_not_undone(shop, kind):
    first = shop.kibo.add_customer(ADA, True, **kind)
    put_on_by_staff(shop)
    ready(shop)
    second = shop.kibo.add_customer(ADA, False, **kind)
    shop.later(30)
    shop.cycle()
    shop.cc.unsubscribe(ADA)
    shop.later(5)
    shop.kibo.opt_in(second)
    shop.later(30)
    shop.run(RunKind.INBOUND)
    assert not shop.opted_in(first)
    assert shop.opted_in(second)
    shop.cycle()
    shop.quiet_cycles()
    assert shop.opted_in(second)


@pytest.mark.parametrize("sees", [RunKind.EXPORT, RunKind.INBOUND, RunKind.FULL_COMPARE])
def test_an_opt_out_that_its_person_took_back_is_not_carried_once_they_are_deleted(shop, kind, sees):
    """What a run sees of the person goes for the accounts too that it passes over."""
    first, second = shop.kibo.add_customer(ADA, True), shop.kibo.add_customer(ADA, True, **kind)
    ready(shop)
    shop.cc.unsubscribe(ADA)
    shop.sandbox.faults.add(Fault("status", service="kibo", method="PUT", path="accounts", times=99))
    shop.later(30)
    shop.desk.run(RunKind.INBOUND)
    shop.cc.sign_up(ADA, shop.list_id)
    shop.later(30)
    shop.run(sees)
    shop.cc.delete_contact(ADA)
    shop.sandbox.faults.clear()
    shop.later(30)
    shop.cycle()
    assert shop.opted_in(first)
    assert shop.opted_in(second)
