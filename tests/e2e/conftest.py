from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from ccdesk.core.errors import ManyHeld
from ccdesk.core.runs import RunKind
from tests.e2e.world import COMPANIONS, World, open_world
from tests.shadow.follow import Follower, followed
from tests.shadow.named import unnamed


def pytest_collection_modifyitems(items):
    """Mark the stories over HTTP, so that `-m "not e2e"` leaves them out."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.e2e)


# Stories in which the rules' table decides beside the engine (tests/shadow). Those where somebody acts within
# a call, or several calls are made at once, are not among them: the witness could not tell who did what.
SHADOWED = ("test_r1_newcomers",)


@pytest.fixture
def world(tmp_path):
    with open_world(tmp_path / "base") as world:
        yield world


@pytest.fixture
def ten_in_step(world):
    """Ten people, p0 to p9, are in step; their accounts are `world.ids`."""
    world.ids = {f"p{n}": world.kibo.add_customer(f"p{n}@example.com", True) for n in range(10)}
    world.choose_list()
    world.export()
    world.cycle()
    return world


@pytest.fixture(autouse=True)
def _shadow(request):
    """Compare what the engine did in a story with what the table decides; differences must have a name."""
    if request.module.__name__.rpartition(".")[2] not in SHADOWED:
        yield
        return
    followers: list[Follower] = []

    @contextmanager
    def beside(world: World) -> Iterator[None]:
        with followed(world) as follower:
            followers.append(follower)
            yield

    COMPANIONS.append(beside)
    try:
        yield
    finally:
        COMPANIONS.remove(beside)
    assert unnamed(one for follower in followers for one in follower.differences) == []


def furnish(world):
    """Ada, Bob and Cyd exported; Dora has an account and opted out."""
    world.ids = {
        name: world.kibo.add_customer(f"{name}@example.com", True, first_name=name.title())
        for name in ("ada", "bob", "cyd")
    }
    world.ids["dora"] = world.kibo.add_customer("dora@example.com", False, first_name="Dora")
    world.later()
    world.choose_list()
    world.export()
    world.cycle()
    return world


def settle(world, runs: int = 3) -> None:
    for _ in range(runs):
        world.desk.run(RunKind.EVENTS)
        world.desk.run(RunKind.INBOUND)
        world.later(30)


def exported(world, *names):
    """People who agreed are on the first list, and everything about it is done."""
    world.ids = {
        name: world.kibo.add_customer(f"{name}@example.com", True, first_name=name.title()) for name in names
    }
    world.later()
    world.choose_list()
    world.export()
    world.cycle()
    world.old = world.list_id
    return world


def long_known(world, count):
    """Export so many customers, `p0` and so on, and let more than a week go by: none of them is new (R8)."""
    world.ids = [world.kibo.add_customer(f"p{n}@example.com", True) for n in range(count)]
    world.later()
    world.choose_list()
    world.export()
    world.cycle()
    world.later(8 * 24 * 60)
    world.cycle()


def staff_take_off(world, numbers):
    for n in numbers:
        world.cc.staff_remove_from_list(f"p{n}@example.com", world.list_id)
    world.later()


def staff_put_back(world, numbers):
    for n in numbers:
        world.cc.staff_add_to_list(f"p{n}@example.com", world.list_id)
    world.later()


def change_list(world, name):
    world.list_name = name
    world.choose_list()
    world.later()


class PowerCut(BaseException):
    """The process is gone; nothing of it tidies up."""


def cut(world: World, phase: str, at: int = 0) -> None:
    """Lose the power in an export as soon as a phase has got that far, and start the program anew."""

    def listen(progress) -> None:
        if progress.phase.startswith(phase) and max(progress.sent, progress.done) >= at:
            raise PowerCut

    with pytest.raises(PowerCut):
        world.desk.run(RunKind.EXPORT, listener=listen)
    world.later()
    world.reopen()


def cycle_that_may_ask(world):
    """Do both loops' runs and wait for the next cycle; a run that holds people and asks is no failure."""
    for kind in (RunKind.EVENTS, RunKind.INBOUND):
        with suppress(ManyHeld):
            world.desk.run(kind)
        world.later(1)
    world.later(31)
