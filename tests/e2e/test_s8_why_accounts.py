"""What `why` remembers of accounts that count for nothing, whatever has been noted since (design §8, R1)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from ccdesk.core.runs import RunKind
from tests.e2e.asking import ask, both, says
from tests.e2e.conftest import furnish
from tests.e2e.world import World

NOBODY_AGREES = (None, False, False)
OFF_THE_LIST = (None, False, True)


@pytest.fixture
def ready(world: World) -> World:
    """Ada, Bob and Cyd are on the list; Dora has an account and never opted in."""
    furnish(world)
    world.run_id = world.desk.runs(limit=10)[-1].id
    return world


def disable(world: World, name: str = "ada") -> None:
    """Disable somebody's account, which a run then reads."""
    world.kibo.deactivate(world.ids[name])
    world.later()
    world.run(RunKind.EVENTS)
    assert both(world, name) == NOBODY_AGREES


def undo_and_put_back(world: World) -> None:
    world.desk.undo(world.run_id)
    world.later()
    assert both(world, "ada") == OFF_THE_LIST
    world.cc.staff_add_to_list("ada@example.com", world.list_id)
    world.later(60)


def hold_and_release(world: World) -> None:
    world.cc.set_permission("ada@example.com", "temp_hold")
    world.later()
    world.cycle()
    world.cc.set_permission("ada@example.com", "implicit")
    world.later()


def edit(world: World) -> None:
    world.kibo.place_order(world.ids["ada"])
    world.later()


def compare(world: World) -> None:
    world.run(RunKind.FULL_COMPARE)


@pytest.mark.parametrize("happens", [undo_and_put_back, hold_and_release, edit, compare])
def test_a_disabled_account_agrees_to_nothing_whatever_is_noted_since(
    ready: World, happens: Callable[[World], None]
) -> None:
    disable(ready)
    happens(ready)
    ready.cycle()
    assert both(ready, "ada") == NOBODY_AGREES
    ready.kibo.activate(ready.ids["ada"])
    ready.later()
    ready.cycle()
    stored = both(ready, "ada")
    assert stored == (True, True, True)


def test_a_disabled_account_of_which_the_undo_of_a_run_was_noted(ready: World) -> None:
    disable(ready)
    ready.desk.undo(ready.run_id)
    ready.later()
    ready.cycle()
    found = ask(ready, "ada")
    assert says(found) == says(ask(ready, "ada", live=True)) == OFF_THE_LIST
    assert [one.remark for one in found.accounts] == ["account is not active in Kibo"]


@pytest.mark.parametrize("first", [RunKind.EXPORT, RunKind.EVENTS])
def test_a_guest_agrees_only_while_guests_are_exported(ready: World, first: RunKind) -> None:
    ready.ids["gil"] = ready.kibo.add_customer("gil@example.com", True, anonymous=True)
    ready.later()
    ready.run(first)
    ready.cycle()
    assert both(ready, "gil") == (True, True, True)
    assert [one.remark for one in ask(ready, "gil").accounts] == ["guest account"]
    ready.desk.save_settings({"export_guests": "false"})
    assert both(ready, "gil") == NOBODY_AGREES
    ready.cycle()
    assert both(ready, "gil") == NOBODY_AGREES
    ready.desk.save_settings({"export_guests": "true"})
    assert both(ready, "gil") == (True, True, True)


def test_what_a_file_from_before_has_lost_is_read_again_by_the_comparison_of_everything(ready: World) -> None:
    disable(ready)
    lost = ready.container.store.links.get(ready.ids["ada"])
    ready.container.store.links.save([replace(lost, active=True, note="something else")])
    assert says(ask(ready, "ada")) == (True, True, True)
    ready.run(RunKind.FULL_COMPARE)
    assert both(ready, "ada") == NOBODY_AGREES
