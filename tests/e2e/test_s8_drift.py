"""Both sides compared whole and now: what is named, and that nothing is written (design §8)."""

from __future__ import annotations

import pytest

from ccdesk.core.drift import DriftKind, DriftReport
from ccdesk.core.errors import Busy, ListGone, LoginNeeded, Unreachable
from ccdesk.core.losses import HeldAnswer
from ccdesk.core.models import ContactFields
from ccdesk.core.runs import RunKind
from ccdesk.sandbox.wire.kernel import Fault
from tests.e2e.world import HurriedClock, World

K = DriftKind


@pytest.fixture
def ready(ten_in_step: World) -> World:
    """Ten people, p0 to p9, are in step."""
    return ten_in_step


def drift(world: World) -> dict[str, DriftKind]:
    """Compare both sides; return the kind by email's name, having checked that figures and calls add up."""
    mark = world.sandbox.log.mark()
    before = world.desk.status(live=False).calls.used
    report: DriftReport = world.desk.drift()
    people = list(report.people)
    assert sum(report.kinds.values()) == len(people)
    assert {one.kind for one in people} == set(report.kinds)
    assert world.sandbox.log.writes(since=mark) == []
    assert world.desk.status(live=False).calls.used > before
    assert all(one.reason for one in people)
    assert len({one.email or one.customer_ids for one in people}) == len(people), "each person once"
    world.later()
    return {one.email.partition("@")[0].lower(): one.kind for one in people}


def import_spreadsheet(world: World, *emails: str) -> None:
    service = world.container.connections.mail(world.desk.settings(), "window")
    rows = [service.import_row(ContactFields(email, first_name="Old")) for email in emails]
    service.start_import(rows, world.list_id)
    world.later()


def test_people_in_step_are_not_named(ready: World) -> None:
    assert drift(ready) == {}


def test_the_spreadsheet_that_puts_back_who_opted_out(ready: World) -> None:
    ready.kibo.opt_out(ready.ids["p1"])
    ready.later()
    ready.cycle()
    assert drift(ready) == {}
    import_spreadsheet(ready, "p1@example.com", "p2@example.com", "stranger@example.com")
    assert drift(ready) == {"p1": K.PUT_BACK, "stranger": K.NO_ACCOUNT}
    ready.cycle()
    ready.run(RunKind.FULL_COMPARE)
    assert drift(ready) == {"p1": K.PUT_BACK, "stranger": K.NO_ACCOUNT}, "it is not fought"
    report = ready.desk.drift()
    [found] = [one for one in report.people if one.kind is K.PUT_BACK]
    assert (found.email, found.customer_ids) == ("p1@example.com", (ready.ids["p1"],))
    assert (found.shop, found.mail) == ("opted_out", "on_list")
    assert not found.kind.repairable


def test_what_the_next_run_does_is_repairable_and_then_gone(ready: World) -> None:
    kibo, cc, ids = ready.kibo, ready.cc, ready.ids
    kibo.opt_out(ids["p1"])
    cc.unsubscribe("p2@example.com")
    cc.leave_list("p3@example.com", ready.list_id)
    kibo.add_customer("new@example.com", True)
    kibo.change_email(ids["p4"], "moved@example.com")
    ready.later()
    found = drift(ready)
    due = {
        "p1": K.OPT_OUT_DUE,
        "p2": K.UNSUBSCRIBED,
        "p3": K.LEFT_LIST,
        "new": K.NOT_ADDED,
        "moved": K.NOT_ADDED,
    }
    assert found == {**due, "p4": K.NOBODY_AGREES}
    assert all(kind.repairable for kind in due.values())
    ready.cycle()
    ready.cycle()
    assert drift(ready) == {"p4": K.NOBODY_AGREES}, "the former email stays on the list (the seed's rule)"


def test_a_sign_up_after_the_opt_out_is_due_and_no_disagreement(ready: World) -> None:
    ready.kibo.opt_out(ready.ids["p1"])
    ready.later()
    ready.cycle()
    ready.later(15)
    ready.cc.sign_up("p1@example.com", ready.list_id)
    ready.later()
    assert drift(ready) == {"p1": K.SIGN_UP_DUE}
    ready.cycle()
    assert drift(ready) == {}


def test_what_waits_for_somebody_else_is_named_for_what_it_is(ready: World) -> None:
    kibo, cc, ids = ready.kibo, ready.cc, ready.ids
    cc.delete_contact("p1@example.com")
    cc.set_permission("p2@example.com", "temp_hold")
    kibo.deactivate(ids["p3"])
    kibo.add_customer("never@example.com", False)
    kibo.add_customer("no mail", True)
    cc.staff_remove_from_list("p4@example.com", ready.list_id)
    ready.later()
    import_spreadsheet(ready, "never@example.com")
    ready.cycle()
    found = drift(ready)
    assert found == {
        "p1": K.DELETED,
        "p2": K.WAITING,
        "p3": K.NOBODY_AGREES,
        "never": K.NEVER_OPTED_IN,
        "no mail": K.INVALID_EMAIL,
    }


def test_several_accounts_of_one_person_are_one(ready: World) -> None:
    second = ready.kibo.add_customer("P1@example.com", True)
    ready.later()
    ready.cycle()
    ready.kibo.opt_out(ready.ids["p1"])
    ready.later()
    ready.cycle()
    assert drift(ready) == {}, "one account agrees, and that is enough (R1)"
    ready.kibo.opt_out(second)
    ready.later()
    assert drift(ready) == {"p1": K.OPT_OUT_DUE}
    ready.cycle()
    assert drift(ready) == {}


def test_an_account_that_came_after_the_opt_out(ready: World) -> None:
    ready.cc.leave_list("p1@example.com", ready.list_id)
    ready.later()
    ready.cycle()
    second = ready.kibo.add_customer("p1@example.com", True)
    ready.later()
    ready.cycle()
    assert drift(ready) == {"p1": K.NEWCOMER}
    ready.desk.answer_newcomer(second, add=False)
    assert drift(ready) == {"p1": K.NEWCOMER}, "left as it is, and named"


def test_held_and_dropped_opt_outs(world: World) -> None:
    ids = [world.kibo.add_customer(f"q{n}@example.com", True) for n in range(40)]
    world.choose_list()
    world.export()
    world.cycle()
    for customer in ids[:30]:
        world.kibo.opt_out(customer)
    world.later()
    with pytest.raises(Exception, match="unusually many"):
        world.desk.run(RunKind.EVENTS)
    assert set(drift(world).values()) == {K.HELD}
    world.desk.answer_held(HeldAnswer.MISTAKE)
    world.run(RunKind.EVENTS)
    found = drift(world)
    assert (len(found), set(found.values())) == (30, {K.MISTAKE})


def test_before_the_first_export_everybody_opted_in_is_to_be_added(world: World) -> None:
    world.kibo.add_customer("a@example.com", True)
    world.kibo.add_customer("b@example.com", False)
    world.choose_list()
    assert drift(world) == {"a": K.NOT_ADDED}


def test_it_makes_no_list_and_needs_the_one_that_is_chosen(ready: World) -> None:
    ready.cc.delete_list(ready.list_id)
    ready.later()
    with pytest.raises(ListGone):
        ready.desk.drift()
    assert ready.cc.list_id("Kibo customers") is None


def test_it_is_no_run_and_waits_for_none(ready: World) -> None:
    before = ready.desk.run_count()
    drift(ready)
    assert ready.desk.run_count() == before
    lease = ready.container.store.lease
    other = type(lease)(ready.container.store._database, HurriedClock(ready.sandbox.clock))
    other.acquire("another run")
    with pytest.raises(Busy):
        ready.desk.drift()
    other.release()
    assert drift(ready) == {}


@pytest.mark.parametrize("service", ["kibo", "cc"])
def test_a_service_that_fails_is_an_error_and_the_next_comparison_is_whole(
    ready: World, service: str
) -> None:
    path = "accounts" if service == "kibo" else "contacts"
    ready.sandbox.faults.add(Fault("status", service=service, path=path, status=503, times=40))
    with pytest.raises(Unreachable):
        ready.desk.drift()
    ready.sandbox.faults.clear()
    assert drift(ready) == {}
    assert ready.container.store.lease.holder() == ""


def test_without_a_login_it_says_so(ready: World) -> None:
    ready.desk.log_out()
    with pytest.raises(LoginNeeded):
        ready.desk.drift()


def test_the_pretend_shop_is_told_apart_after_a_full_sync(world: World) -> None:
    """In a shop with every oddity nothing is left that a run would still do."""
    from ccdesk.sandbox.seed.shop import seed_shop

    seed_shop(world.kibo, world.cc, 300, 1)
    world.choose_list()
    world.run(RunKind.EXPORT, confirmed=True)
    for _ in range(2):
        world.cycle()
    found = drift(world)
    assert {name: kind for name, kind in found.items() if kind.repairable} == {}
