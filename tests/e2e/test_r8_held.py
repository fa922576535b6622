"""A held mass opt-out is a question that stays until it is answered (design R8, §5)."""

import pytest

from ccdesk.core.errors import ManyHeld
from ccdesk.core.losses import HeldAnswer
from ccdesk.core.runs import Outcome, RunKind, RunStatus, Trigger
from ccdesk.service.needs_you import NeedKind
from ccdesk.sync.standing_opt_outs import BY_STAFF


@pytest.fixture
def held(world):
    """Staff have unsubscribed forty of a hundred, and the run that saw it asks."""
    for number in range(100):
        world.kibo.add_customer(f"p{number}@example.com", True)
    world.choose_list()
    world.export()
    world.cycle()
    for number in range(40):
        world.cc.account_unsubscribe(f"p{number}@example.com")
    world.later()
    with pytest.raises(ManyHeld):
        world.desk.run(RunKind.INBOUND)
    return world


def newest(world):
    return world.desk.runs(kind=RunKind.INBOUND, limit=1)[0]


def asked(world):
    needs = world.desk.status(live=False).needs_you
    return [need for need in needs if need.kind is NeedKind.HELD]


def test_who_is_held_is_named_with_the_reason(held):
    run = newest(held)
    assert (run.status, run.counts["held"], run.error_count) == (RunStatus.NEEDS_YOU, 40, 0)
    people = held.desk.entries(run.id, outcome=Outcome.HELD)
    assert {entry.email for entry in people} == {f"p{number}@example.com" for number in range(40)}
    assert {entry.reason for entry in people} == {BY_STAFF}
    assert "40 opt-outs are unusually many at once" in run.message
    (need,) = asked(held)
    assert (need.count, need.subject, need.ids, need.stuck) == (40, "inbound", (str(run.id),), True)


def test_it_is_asked_until_it_is_answered_and_in_one_row_only(held):
    first = newest(held)
    held.later()
    with pytest.raises(ManyHeld):
        held.desk.run(RunKind.INBOUND)
    assert held.desk.get_run(first.id).status is RunStatus.CANCELLED
    assert [need.ids for need in asked(held)] == [(str(newest(held).id),)]
    second = newest(held)
    held.run(RunKind.INBOUND, confirmed=True)
    answered = held.desk.get_run(second.id)
    assert answered.status is RunStatus.CANCELLED
    assert answered.message.endswith("Answered: a later run went through.")
    assert asked(held) == []


def test_an_events_run_that_goes_well_does_not_answer_for_kibo(held):
    held.run(RunKind.EVENTS)
    assert newest(held).status is RunStatus.NEEDS_YOU


def test_opt_outs_in_the_shop_are_named_as_well(world):
    customers = [world.kibo.add_customer(f"p{number}@example.com", True) for number in range(100)]
    world.choose_list()
    world.export()
    world.cycle()
    for customer in customers[:30]:
        world.kibo.opt_out(customer)
    world.later()
    with pytest.raises(ManyHeld):
        world.desk.run(RunKind.EVENTS)
    run = world.desk.runs(kind=RunKind.EVENTS, limit=1)[0]
    assert run.status is RunStatus.NEEDS_YOU
    assert {entry.customer_id for entry in world.desk.entries(run.id, outcome=Outcome.HELD)} == set(
        customers[:30]
    )
    (need,) = asked(world)
    assert (need.count, need.subject) == (30, "events")
    world.run(RunKind.EVENTS, confirmed=True)
    assert asked(world) == []


def planned(world, kind=RunKind.INBOUND):
    """Do a run as the loop does it, half an hour later."""
    world.later(30)
    return world.desk.run(kind, trigger=Trigger.SCHEDULED)


def test_a_planned_run_alerts_only_of_people_not_held_before(held):
    since = asked(held)[0].since
    for _ in range(3):
        assert planned(held).status is RunStatus.NEEDS_YOU
    (need,) = asked(held)
    assert (need.count, need.since) == (40, since), "it is one question all the time"
    held.cc.account_unsubscribe("p40@example.com")
    with pytest.raises(ManyHeld):
        planned(held)
    assert planned(held).status is RunStatus.NEEDS_YOU
    assert asked(held)[0].count == 41


def test_a_run_that_holds_some_did_its_work(held):
    for _ in range(4):
        planned(held)
    held.later(30)
    held.run(RunKind.EVENTS)
    assert [need.kind for need in held.desk.status(live=False).needs_you] == [NeedKind.HELD]
    last = newest(held)
    assert held.desk.status(live=False).last_good[RunKind.INBOUND] == last.finished_at


def test_what_is_held_is_not_pending_and_what_was_answered_needs_nobody(held):
    for _ in range(4):
        planned(held)
    assert held.desk.status(live=False).pending.opt_outs == 0
    held.desk.answer_held(HeldAnswer.DO_IT)
    assert asked(held) == [], "a run has yet to go by it, which nobody has to wait for"
    assert held.desk.status(live=False).pending.opt_outs == 40
    held.run(RunKind.INBOUND)
    assert held.desk.status(live=False).needs_you == ()
