"""A burst of opt-outs is no weapon: the unusual part waits, everybody else goes through (design §3a R8)."""

import contextlib

import pytest

from ccdesk.core.errors import Busy, ManyHeld
from ccdesk.core.losses import HeldAnswer, LossKind
from ccdesk.core.runs import Outcome, RunKind, RunStatus
from ccdesk.sandbox.wire.kernel import Fault

HOURS = 60


@pytest.fixture
def shop(world):
    """A hundred customers, linked by the first export more than a week ago."""
    world.ids = [world.kibo.add_customer(f"p{n}@example.com", True) for n in range(100)]
    world.later()
    world.choose_list()
    world.export()
    world.cycle()
    world.later(8 * 24 * HOURS)
    world.cycle()
    return world


def fakes(world, count=26):
    made = [world.kibo.add_customer(f"fake{n}@example.com", True) for n in range(count)]
    world.later()
    world.cycle()
    assert f"fake{count - 1}@example.com" in world.members()
    return made


def run_held(world, kind):
    """Do a run that holds somebody; return it."""
    with pytest.raises(ManyHeld):
        world.desk.run(kind)
    world.later()
    found = world.desk.runs(kind=kind, limit=1)[0]
    assert found.status is RunStatus.NEEDS_YOU
    return found


def held_in(world, run):
    return {entry.customer_id for entry in world.desk.entries(run.id, outcome=Outcome.HELD, limit=500)}


def emails(*numbers):
    return {f"p{n}@example.com" for n in numbers}


def attack(world):
    """26 made-up accounts opt out, and three true customers among them."""
    made = fakes(world)
    for n in (3, 4, 5):
        world.kibo.opt_out(world.ids[n])
    for customer in made:
        world.kibo.opt_out(customer)
    world.kibo.add_customer("new@example.com", True)
    world.later()
    return made


def test_true_opt_outs_in_a_burst_of_fakes_are_carried_at_once(shop):
    made = attack(shop)
    run = run_held(shop, RunKind.EVENTS)
    assert not emails(3, 4, 5) & shop.members(), "the true ones are off the list"
    assert "new@example.com" in shop.members(), "everybody else's work goes on"
    assert held_in(shop, run) == set(made)
    assert {one.customer_id for one in shop.desk.held()} == set(made)
    needs = [need for need in shop.desk.status(live=False).needs_you if need.kind == "held_opt_outs"]
    assert [need.count for need in needs] == [26]
    # Nobody looks: a further true opt-out still goes through, and so does an unsubscription.
    shop.kibo.opt_out(shop.ids[6])
    shop.cc.unsubscribe("p7@example.com")
    shop.later()
    run_held(shop, RunKind.EVENTS)
    shop.run(RunKind.INBOUND)
    assert not emails(6, 7) & shop.members()
    assert not shop.opted_in(shop.ids[7])


def test_what_was_held_in_the_shop_is_carried_after_a_day_unanswered(shop):
    made = attack(shop)
    run_held(shop, RunKind.EVENTS)
    shop.later(23 * HOURS)
    assert held_in(shop, run_held(shop, RunKind.EVENTS)) == set(made)
    shop.later(1 * HOURS)
    run = shop.run(RunKind.EVENTS)
    assert run.counts["removed"] == 26
    assert not any(email.startswith("fake") for email in shop.members())
    assert shop.desk.held() == []
    shop.quiet_cycles()


def test_not_now_restarts_the_day_at_most_twice(shop):
    attack(shop)
    run_held(shop, RunKind.EVENTS)
    for _ in range(2):
        shop.later(20 * HOURS)
        assert shop.desk.answer_held(HeldAnswer.NOT_NOW) == 26
        shop.later(20 * HOURS)
        run_held(shop, RunKind.EVENTS)
    assert shop.desk.answer_held(HeldAnswer.NOT_NOW) == 26
    shop.later(5 * HOURS)
    assert shop.run(RunKind.EVENTS).counts["removed"] == 26


def test_do_it_lets_those_held_go_and_no_later_ones(shop):
    made = attack(shop)
    run_held(shop, RunKind.EVENTS)
    assert shop.desk.answer_held(HeldAnswer.DO_IT, [LossKind.FLAG]) == 26
    assert shop.run(RunKind.EVENTS).counts["removed"] == len(made)
    more = fakes_more(shop)
    assert held_in(shop, run_held(shop, RunKind.EVENTS)) == set(more)


def fakes_more(world):
    made = [world.kibo.add_customer(f"more{n}@example.com", True) for n in range(26)]
    world.later()
    with contextlib.suppress(ManyHeld):
        world.desk.run(RunKind.EVENTS)
    for customer in made:
        world.kibo.opt_out(customer)
    world.later()
    return made


def test_a_mistake_leaves_everybody_on_the_list_and_stays_named(shop):
    """Staff have cleared the flags of half the shop by an import of a file."""
    for n in range(40):
        shop.kibo.opt_out(shop.ids[n])
    shop.later()
    run = run_held(shop, RunKind.EVENTS)
    assert held_in(shop, run) == set(shop.ids[:40])
    shop.desk.answer_held(HeldAnswer.MISTAKE)
    shop.run(RunKind.EVENTS)
    assert len(shop.members()) == 100
    assert len(shop.desk.held()) == 40
    assert all(one.dropped for one in shop.desk.held())
    shop.later(3 * 24 * HOURS)
    shop.quiet_cycles()
    shop.run(RunKind.FULL_COMPARE)
    shop.cycle()
    assert len(shop.members()) == 100
    shop.kibo.opt_in(shop.ids[0])
    shop.cc.unsubscribe("p1@example.com")
    shop.later()
    shop.cycle()
    shop.cycle()
    assert {one.customer_id for one in shop.desk.held()} == set(shop.ids[2:40])


def test_putting_the_flags_back_answers_it(shop):
    for n in range(40):
        shop.kibo.opt_out(shop.ids[n])
    shop.later()
    run_held(shop, RunKind.EVENTS)
    for n in range(30):
        shop.kibo.opt_in(shop.ids[n])
    shop.later()
    run = run_held(shop, RunKind.EVENTS)
    assert held_in(shop, run) == set(shop.ids[30:40]), "for an hour the rest waits, however few"
    for n in range(30, 38):
        shop.kibo.opt_in(shop.ids[n])
    shop.later()
    run_held(shop, RunKind.EVENTS)
    shop.later(2 * HOURS)
    shop.run(RunKind.EVENTS)
    assert shop.members() == emails(*range(38)) | emails(*range(40, 100))
    assert shop.desk.held() == []


def leave(world, numbers):
    for n in numbers:
        world.cc.staff_remove_from_list(f"p{n}@example.com", world.list_id)
    world.later()


def test_an_emptied_list_is_held_without_end_and_one_who_unsubscribes_goes_through(shop):
    leave(shop, range(60))
    run = run_held(shop, RunKind.INBOUND)
    assert held_in(shop, run) == set(shop.ids[:60])
    shop.later(5 * 24 * HOURS)
    shop.cc.unsubscribe("p0@example.com")
    shop.kibo.opt_out(shop.ids[70])
    shop.later()
    shop.run(RunKind.EVENTS)
    run_held(shop, RunKind.INBOUND)
    assert not shop.opted_in(shop.ids[0])
    assert all(shop.opted_in(number) for number in shop.ids[1:60])
    assert shop.members() == emails(*range(60, 70), *range(71, 100))
    shop.export()
    assert not emails(*range(60)) & shop.members(), "an export puts none of them back"


def test_an_emptied_list_put_back_in_parts_opts_nobody_out(shop):
    leave(shop, range(60))
    run_held(shop, RunKind.INBOUND)
    for part in (range(25), range(25, 50)):
        for n in part:
            shop.cc.staff_add_to_list(f"p{n}@example.com", shop.list_id)
        shop.later()
        run_held(shop, RunKind.INBOUND)
    for n in range(50, 60):
        shop.cc.staff_add_to_list(f"p{n}@example.com", shop.list_id)
    shop.later()
    shop.run(RunKind.INBOUND)
    assert all(shop.opted_in(number) for number in shop.ids)
    assert len(shop.members()) == 100
    assert shop.desk.held() == []
    shop.quiet_cycles()


def test_emptying_in_small_parts_is_noticed_at_the_limit(shop):
    leave(shop, range(20))
    assert shop.run(RunKind.INBOUND).counts["opted_out"] == 20
    leave(shop, range(20, 40))
    assert held_in(shop, run_held(shop, RunKind.INBOUND)) == set(shop.ids[20:40])
    assert all(shop.opted_in(number) for number in shop.ids[20:])


@pytest.mark.parametrize("answer", [HeldAnswer.DO_IT, HeldAnswer.MISTAKE, HeldAnswer.NOT_NOW])
def test_the_answers_to_an_emptied_list(shop, answer):
    leave(shop, range(60))
    run_held(shop, RunKind.INBOUND)
    assert shop.desk.answer_held(answer) == 60
    if answer is HeldAnswer.NOT_NOW:
        shop.later(100 * HOURS)
        run_held(shop, RunKind.INBOUND)
        assert all(shop.opted_in(number) for number in shop.ids)
        return
    run = shop.run(RunKind.INBOUND)
    out = answer is HeldAnswer.DO_IT
    assert run.counts.get("opted_out", 0) == (60 if out else 0)
    assert all(shop.opted_in(number) is not out for number in shop.ids[:60])
    assert len(shop.desk.held()) == (0 if out else 60)
    shop.quiet_cycles()
    shop.export()
    shop.run(RunKind.FULL_COMPARE)
    shop.cycle()
    assert not emails(*range(60)) & shop.members()
    assert all(shop.opted_in(number) is not out for number in shop.ids[:60])


def test_do_it_holds_though_kibo_is_down_meanwhile(shop):
    leave(shop, range(60))
    run_held(shop, RunKind.INBOUND)
    shop.desk.answer_held(HeldAnswer.DO_IT)
    shop.sandbox.faults.add(Fault("status", service="kibo", status=503, body="", times=999))
    assert shop.desk.run(RunKind.INBOUND).status is RunStatus.FAILED
    shop.sandbox.faults.clear()
    shop.later()
    assert shop.run(RunKind.INBOUND).counts["opted_out"] == 60


def test_a_mass_unsubscription_by_staff_is_held_and_one_by_the_people_is_not(shop):
    for n in range(40):
        shop.cc.account_unsubscribe(f"p{n}@example.com")
    for n in range(50, 90):
        shop.cc.unsubscribe(f"p{n}@example.com")
    shop.later()
    run = run_held(shop, RunKind.INBOUND)
    assert held_in(shop, run) == set(shop.ids[:40])
    assert not any(shop.opted_in(number) for number in shop.ids[50:90])


def test_what_is_held_outlives_the_program_and_is_not_answered_during_a_run(shop):
    attack(shop)
    run_held(shop, RunKind.EVENTS)
    before = shop.desk.held()
    shop.reopen()
    assert shop.desk.held() == before
    other = shop.container
    other.store.lease.acquire("events")
    try:
        shop.open()
        with pytest.raises(Busy):
            shop.desk.answer_held(HeldAnswer.DO_IT)
    finally:
        other.store.lease.release()
        shop.container.close()
        shop.container = other
