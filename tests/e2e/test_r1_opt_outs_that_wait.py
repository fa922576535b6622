"""An opt-out in the shop that was seen and has still to be acted on outlives what comes between (R1, R8)."""

from __future__ import annotations

import pytest

from ccdesk.consent import guard
from ccdesk.core.drift import DriftKind
from ccdesk.core.runs import RunKind
from ccdesk.sandbox.wire.kernel import Fault
from tests.e2e.conftest import cycle_that_may_ask, exported, long_known

P0, ADA = "p0@example.com", "ada@example.com"


def refuse(world, method, path, status):
    world.sandbox.faults.add(Fault("status", service="cc", method=method, path=path, status=status, times=99))


@pytest.fixture
def held(world, monkeypatch):
    """A shop in which ten opt-outs are held, and an inbound run has passed."""
    monkeypatch.setattr(guard, "PEOPLE", 3)
    long_known(world, 14)
    for number in range(10):
        world.kibo.opt_out(world.ids[number])
    world.later()
    cycle_that_may_ask(world)
    return world


def test_a_stranger_lifts_no_opt_out_that_is_held(held):
    stranger = held.kibo.add_customer(P0, True, first_name="Stranger")
    held.later()
    cycle_that_may_ask(held)
    held.kibo.place_order(held.ids[0])
    held.later()
    cycle_that_may_ask(held)
    held.later(25 * 60)
    for _ in range(3):
        cycle_that_may_ask(held)
    assert P0 not in held.members()
    assert [one.customer_id for one in held.desk.newcomers()] == [stranger]


def test_one_that_is_held_is_carried_although_its_account_is_deleted(held):
    held.kibo.delete_customer(held.ids[0])
    held.later()
    cycle_that_may_ask(held)
    held.later(25 * 60)
    for _ in range(3):
        cycle_that_may_ask(held)
    assert not held.members() & {P0, "p1@example.com", "p2@example.com"}


@pytest.mark.parametrize("stranger", [False, True])
@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("POST", "remove_list", 500), ("POST", "remove_list", 400), ("POST", "remove_list", 429),
     ("GET", "/contacts/", 409)],
)  # fmt: skip
def test_one_whose_removal_failed_is_carried_although_its_account_is_deleted(
    world, method, path, status, stranger
):
    exported(world, "ada", "bob")
    refuse(world, method, path, status)
    world.kibo.opt_out(world.ids["ada"])
    world.later()
    world.desk.run(RunKind.EVENTS)
    world.later(5)
    world.kibo.delete_customer(world.ids["ada"])
    if stranger:
        world.kibo.add_customer(ADA, True)
    world.sandbox.faults.clear()
    world.later()
    for _ in range(4):
        cycle_that_may_ask(world)
    assert ADA not in world.members()


def test_a_removal_that_failed_before_an_inbound_run_as_well(world):
    exported(world, "ada", "bob")
    refuse(world, "GET", "/contacts/", 409)
    world.kibo.opt_out(world.ids["ada"])
    world.later()
    cycle_that_may_ask(world)
    world.kibo.delete_customer(world.ids["ada"])
    world.sandbox.faults.clear()
    world.later()
    for _ in range(4):
        cycle_that_may_ask(world)
    assert ADA not in world.members()


@pytest.mark.parametrize("live", [False, True])
def test_a_stranger_hides_from_nobody_that_a_parked_opt_out_is_mailed_still(world, live):
    exported(world, "ada", "bob")
    refuse(world, "GET", "/contacts/", 409)
    world.kibo.opt_out(world.ids["ada"])
    world.later()
    world.desk.run(RunKind.EVENTS)
    stranger = world.kibo.add_customer(ADA, True)
    world.later()
    world.desk.run(RunKind.EVENTS)
    assert ADA in world.members()
    verdict = world.desk.why(ADA, live=live).verdict
    assert (verdict.in_step, verdict.should_be_on_list) == (False, False)
    found = list(world.desk.drift().people)
    assert [(one.kind, one.customer_ids) for one in found] == [
        (DriftKind.REFUSED, (world.ids["ada"], stranger))
    ]


def test_nobody_is_said_to_be_off_the_list_whose_removal_has_failed(world):
    exported(world, "ada", "bob")
    refuse(world, "POST", "remove_list", 500)
    world.kibo.opt_out(world.ids["ada"])
    world.later()
    world.desk.run(RunKind.EVENTS)
    verdict = world.desk.why(ADA).verdict
    assert not verdict.in_step
    assert "being taken off" in verdict.reason
    assert "not on the list" not in verdict.reason


def test_who_opts_out_of_one_account_and_keeps_another_is_in_step_before_a_run_has_looked(world):
    exported(world, "ada", "bob")
    world.kibo.add_customer(ADA, True)
    world.later()
    world.desk.run(RunKind.EVENTS)
    world.later(120)
    world.desk.run(RunKind.EVENTS)
    world.later(30)
    world.kibo.opt_out(world.ids["ada"])
    world.later()
    assert world.desk.why(ADA, live=True).verdict.in_step
    assert list(world.desk.drift().people) == []
    world.desk.run(RunKind.EVENTS)
    assert ADA in world.members()
