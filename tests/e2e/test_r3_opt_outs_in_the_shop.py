"""Opt-outs in the shop, beside what else is going on with the person (design R1, R3, R5)."""

from __future__ import annotations

import pytest

from ccdesk.core.runs import RunKind
from ccdesk.sandbox.wire.kernel import Fault
from tests.e2e.conftest import exported

ADA, BOB = "ada@example.com", "bob@example.com"


def cycles(world, count):
    for _ in range(count):
        world.cycle()
        world.later(31)


@pytest.mark.parametrize("how", ["signed up, and we wrote the contact since", "joined by preferences"])
def test_an_older_sign_up_that_kibo_has_not_taken_for_a_second_account_lifts_nothing(world, how):
    first, second = world.kibo.add_customer(ADA, True), world.kibo.add_customer(ADA, True)
    exported(world, "bob")
    cycles(world, 1)
    world.cc.leave_list(ADA, world.list_id)
    world.later(30)
    cycles(world, 2)
    path = f"accounts/{second}$"
    world.sandbox.faults.add(Fault("status", service="kibo", method="PUT", path=path, status=409, times=99))
    if how == "joined by preferences":
        world.cc.join_list(ADA, world.list_id)
        world.cc.edit_profile(ADA, first_name="A")
    else:
        world.cc.sign_up(ADA, world.list_id)
    world.later(30)
    cycles(world, 2)
    assert world.opted_in(first)
    assert not world.opted_in(second), "Kibo takes no write to this account"
    if how != "joined by preferences":
        world.kibo.change_name(first, "Adah", "L")
        world.later(31)
        world.cycle()
        world.export()
    world.later(60)
    world.kibo.opt_out(first)
    world.later(10)
    world.run(RunKind.EVENTS)
    assert ADA not in world.members()
    cycles(world, 2)
    assert not world.opted_in(first)


def test_an_account_that_moved_here_after_an_opt_out_elsewhere_makes_no_newcomer_of_those_here(world):
    second, third = world.kibo.add_customer(BOB, True), world.kibo.add_customer(BOB, True)
    exported(world, "ada", "cyd")
    cycles(world, 2)
    world.cc.unsubscribe(ADA)
    world.later(1)
    world.kibo.change_email(world.ids["ada"], BOB)
    world.later(1)
    cycles(world, 3)
    assert not world.opted_in(world.ids["ada"])
    world.kibo.opt_out(third)
    world.later(5)
    cycles(world, 3)
    assert BOB in world.members(), "the second account has agreed all the time"
    assert world.opted_in(second)


@pytest.mark.parametrize("stranger", [True, False])
def test_a_sign_up_since_counts_beside_a_newcomer_too(world, stranger):
    exported(world, "ada", "bob")
    cycles(world, 2)
    world.kibo.opt_out(world.ids["ada"])
    world.later(5)
    if stranger:
        world.kibo.add_customer(ADA, True)
    world.later(5)
    world.cc.sign_up(ADA, world.list_id)
    world.later(10)
    cycles(world, 3)
    assert world.opted_in(world.ids["ada"])
    assert ADA in world.members()


def test_an_opt_out_does_not_wait_for_the_former_contact_of_an_account_that_came_by_the_email(world):
    exported(world, "ada", "bob")
    cycles(world, 2)
    contact = world.desk.why(ADA).contact_id
    world.kibo.opt_out(world.ids["bob"])
    world.later(1)
    world.kibo.change_email(world.ids["ada"], BOB)
    path = f"contacts/{contact}"
    world.sandbox.faults.add(Fault("status", service="cc", method="GET", path=path, status=400, times=999))
    world.later(31)
    world.run(RunKind.EVENTS)
    assert BOB not in world.members()


@pytest.mark.parametrize("wait", ["temp_hold", "pending_confirmation"])
def test_a_sign_up_since_counts_once_the_contact_can_be_mailed(world, wait):
    exported(world, "ada", "bob")
    cycles(world, 1)
    world.kibo.opt_out(world.ids["ada"])
    world.later(5)
    world.cc.sign_up(ADA, world.list_id)
    world.cc.set_permission(ADA, wait)
    world.later(5)
    run = world.run(RunKind.EVENTS)
    [entry] = world.desk.entries(run.id)
    assert entry.reason.startswith("not taken off the list: waiting in Constant Contact")
    assert world.desk.why(ADA, live=True).verdict.should_be_on_list
    cycles(world, 2)
    assert not world.opted_in(world.ids["ada"]), "nobody can mail them yet"
    world.cc.set_permission(ADA, "explicit")
    cycles(world, 2)
    assert world.opted_in(world.ids["ada"])
    assert ADA in world.members()
