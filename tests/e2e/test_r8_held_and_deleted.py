"""What is held, or was called a mistake, stays so whatever becomes of the contact (design §3a R1, R8)."""

from __future__ import annotations

import pytest

from ccdesk.consent import guard
from ccdesk.core.losses import HeldAnswer
from tests.e2e.conftest import cycle_that_may_ask, long_known, staff_take_off

P0 = "p0@example.com"


def all_opted_in(world):
    return all(world.opted_in(number) for number in world.ids)


@pytest.mark.parametrize("mistake", [False, True])
@pytest.mark.parametrize("people", [14, 40])
def test_a_list_that_is_emptied_and_its_contacts_deleted_opts_nobody_out(world, monkeypatch, mistake, people):
    if people < 40:
        monkeypatch.setattr(guard, "PEOPLE", 3)
    long_known(world, people)
    gone = range(people - 2 if people < 40 else 30)
    staff_take_off(world, gone)
    cycle_that_may_ask(world)
    if mistake:
        assert world.desk.answer_held(HeldAnswer.MISTAKE)
        cycle_that_may_ask(world)
    assert all_opted_in(world)
    for number in gone:
        world.cc.delete_contact(f"p{number}@example.com")
    world.later()
    for _ in range(2):
        cycle_that_may_ask(world)
    assert all_opted_in(world)


@pytest.mark.parametrize("how", ["enabled", "moved here", "opts in"])
def test_a_mistake_is_not_carried_for_another_account_of_the_person(world, monkeypatch, how):
    monkeypatch.setattr(guard, "PEOPLE", 3)
    email = "other@example.com" if how == "moved here" else P0
    second = world.kibo.add_customer(email, how != "opts in", active=how != "enabled")
    long_known(world, 14)
    for number in range(12):
        world.cc.account_unsubscribe(f"p{number}@example.com")
    world.later()
    cycle_that_may_ask(world)
    assert world.desk.answer_held(HeldAnswer.MISTAKE)
    cycle_that_may_ask(world)
    world.later(60)
    if how == "enabled":
        world.kibo.activate(second)
    elif how == "moved here":
        world.kibo.change_email(second, P0)
    else:
        world.kibo.opt_in(second)
    world.later()
    for _ in range(2):
        cycle_that_may_ask(world)
    assert world.opted_in(world.ids[0])
