"""An opt-out in the shop that was seen and has still to be acted on outlives what comes between (R1, R8)."""

from __future__ import annotations

import pytest

from ccdesk.consent import guard
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
