"""The ledger over whole stories (design §8): who stated what and what ccdesk did, no more and no less."""

from __future__ import annotations

import pytest

from ccdesk.core.runs import RunKind
from tests.e2e.world import World

ANN = "ann@example.com"


def told(world: World, who: str | int = ANN) -> list[str]:
    return [
        f"{one.author} {one.how}{f' {one.outcome}' if one.outcome else ''}"
        for one in world.desk.ledger(str(who))
    ]


@pytest.fixture
def ann(world: World) -> int:
    """Ann is exported as a stranger, beside somebody who was off."""
    world.set_up()
    world.log_in()
    world.choose_list()
    number = world.kibo.add_customer(ANN, True)
    world.kibo.add_customer("off@example.com", False)
    world.export()
    return number


EXPORTED = ["unknown flag_set", "us added done"]


def test_quiet_cycles_state_nothing(world: World, ann: int) -> None:
    world.cycle()
    world.export()
    world.cycle()
    assert told(world) == EXPORTED


def test_opted_out_in_the_shop_and_in_again(world: World, ann: int) -> None:
    world.kibo.opt_out(ann)
    world.later()
    world.cycle()
    first, *others = told(world)  # the flag may have been cleared as soon as the export had read it
    assert first == "unknown flag_set"
    assert sorted(others) == ["unknown flag_cleared", "us added done", "us removed done"]
    world.kibo.opt_in(ann)
    world.later()
    world.cycle()
    world.cycle()
    found = told(world)
    assert sorted(found[:3]) == ["unknown flag_cleared", "unknown flag_set", "us added done"]
    # The opt-in may have been made before the removal: Kibo tells only that it came after the opt-out.
    assert sorted(found[3:]) == ["unknown flag_set", "us added done", "us removed done"]


def test_left_the_list(world: World, ann: int) -> None:
    world.cycle()
    world.cc.leave_list(ANN, world.list_id)
    world.later(20)
    world.run(RunKind.INBOUND)
    world.cycle()
    assert sorted(told(world)[2:]) == ["unknown left", "us flag_cleared done"]


def test_unsubscribed_with_two_accounts_is_one_statement_and_two_write_backs(world: World, ann: int) -> None:
    other = world.kibo.add_customer("Ann@Example.com", True)
    world.later()
    world.cycle()
    world.cc.unsubscribe(ANN)
    world.later()
    world.cycle()
    world.cycle()
    found = told(world)
    assert found.count("person unsubscribed") == 1
    assert found.count("us flag_cleared done") == 2
    assert told(world, other) == found
