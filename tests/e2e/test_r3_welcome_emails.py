"""Many welcome emails at once are asked about first: most likely a file was imported (design §3a R3)."""

from __future__ import annotations

import pytest

from ccdesk.core.errors import ManyWelcomes
from ccdesk.core.runs import Outcome, RunKind, RunStatus, Trigger
from ccdesk.core.welcomes import WelcomeAnswer
from ccdesk.service.needs_you import Need, NeedKind
from ccdesk.sync.outbox.welcomes import MOST, WAITS
from ccdesk.sync.runs import events
from tests.e2e.world import World

MANY = MOST + 5


@pytest.fixture
def shop(world: World) -> World:
    """A shop after its export, with the welcome setting on."""
    world.ids = {"known": world.kibo.add_customer("known@example.com", True)}
    world.later(60)
    world.choose_list(welcome_email="true")
    world.export()
    world.run(RunKind.EVENTS)
    world.later(60)
    return world


def imported(shop: World, name: str = "p", count: int = MANY) -> list[int]:
    """Import a file of customers into the shop; some have emails too long for the sign-up form."""
    emails = (f"{name}{number}{'x' * 50 if number % 10 == 0 else ''}@example.com" for number in range(count))
    people = [shop.kibo.add_customer(email, True) for email in emails]
    shop.later(30)
    return people


def held(shop: World, **options: object) -> None:
    with pytest.raises(ManyWelcomes):
        shop.desk.run(RunKind.EVENTS, **options)
    shop.later()


def waiting(shop: World) -> list[Need]:
    needs = shop.desk.status(live=False).needs_you
    return [need for need in needs if need.kind is NeedKind.WELCOMES]


def welcomed(shop: World) -> int:
    return len(shop.cc.mails("welcome"))


def test_nobody_is_added_or_mailed_before_a_person_has_answered(shop):
    shop.kibo.opt_out(shop.ids["known"])
    imported(shop)
    held(shop)
    assert (shop.members(), welcomed(shop)) == (set(), 0), "everything else is done: an opt-out does not wait"
    [need] = waiting(shop)
    assert (need.count, need.stuck) == (MANY, True)
    [last] = shop.desk.runs(kind=RunKind.EVENTS, limit=1)
    assert last.status is RunStatus.NEEDS_YOU
    named = [one for one in shop.entries(last, Outcome.SKIPPED).values() if one.reason == WAITS]
    assert len(named) == MANY
    assert shop.desk.event_count() == MANY


def test_later_runs_ask_quietly_and_name_only_who_is_new(shop):
    imported(shop)
    held(shop)
    run = shop.desk.run(RunKind.EVENTS, trigger=Trigger.SCHEDULED)
    assert run.status is RunStatus.NEEDS_YOU
    assert shop.entries(run) == {}
    imported(shop, "q", 3)
    held(shop, trigger=Trigger.SCHEDULED)
    [last] = shop.desk.runs(kind=RunKind.EVENTS, limit=1)
    assert len(shop.entries(last)) == 3
    assert waiting(shop)[0].count == MANY + 3


@pytest.mark.parametrize(("answer", "mails"), [(WelcomeAnswer.SEND, MANY), (WelcomeAnswer.WITHOUT, 0)])
@pytest.mark.parametrize("restarted", [False, True])
def test_the_answer_takes_effect_with_the_next_run(shop, answer, mails, restarted):
    imported(shop)
    held(shop)
    assert shop.desk.answer_welcomes(answer) == MANY
    if restarted:
        shop.reopen()
    assert waiting(shop) == []
    shop.run(RunKind.EVENTS)
    assert (len(shop.members()), welcomed(shop)) == (MANY + 1, mails)
    assert waiting(shop) == []
    assert shop.desk.answer_welcomes(answer) == 0
    shop.quiet_cycles()


def test_switching_the_setting_off_answers_as_well(shop):
    imported(shop)
    held(shop)
    shop.desk.save_settings({"welcome_email": "false"})
    assert waiting(shop) == []
    shop.run(RunKind.EVENTS)
    assert (len(shop.members()), welcomed(shop)) == (MANY + 1, 0)


def test_a_run_that_is_confirmed_sends_them(shop):
    imported(shop)
    held(shop)
    shop.run(RunKind.EVENTS, confirmed=True)
    assert (len(shop.members()), welcomed(shop)) == (MANY + 1, MANY)
    assert waiting(shop) == []


def test_so_many_as_a_good_day_brings_are_sent_without_a_question(shop):
    imported(shop, count=MOST)
    shop.run(RunKind.EVENTS)
    assert welcomed(shop) == MOST


def test_batches_do_not_add_up_to_more(shop, monkeypatch):
    monkeypatch.setattr(events, "_BATCH", 10)
    imported(shop)
    held(shop)
    assert welcomed(shop) <= MOST
    assert waiting(shop)[0].count == MANY - welcomed(shop)


def test_an_answer_is_not_about_those_who_came_after_it(shop):
    imported(shop)
    held(shop)
    shop.desk.answer_welcomes(WelcomeAnswer.SEND)
    imported(shop, "q")
    held(shop)
    assert welcomed(shop) == MANY
    assert waiting(shop)[0].count == MANY
    shop.desk.answer_welcomes(WelcomeAnswer.WITHOUT)
    shop.run(RunKind.EVENTS)
    assert (len(shop.members()), welcomed(shop)) == (2 * MANY + 1, MANY)


def test_who_opts_out_while_waiting_is_not_added(shop):
    first, *_ = imported(shop)
    held(shop)
    shop.kibo.opt_out(first)
    shop.later()
    shop.desk.answer_welcomes(WelcomeAnswer.SEND)
    shop.run(RunKind.EVENTS)
    assert (len(shop.members()), welcomed(shop)) == (MANY, MANY - 1)
