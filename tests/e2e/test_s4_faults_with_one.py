"""A defect of ours that shows with one person is kept with them, and holds nobody else up (design §4)."""

from __future__ import annotations

import pytest

from ccdesk.core.runs import EventStatus, Outcome, RunKind, RunStatus
from ccdesk.service.needs_you import NeedKind
from ccdesk.sync import item_errors
from ccdesk.sync.outbox import removal, shop_account
from ccdesk.sync.runs import opt_ins
from tests.e2e.conftest import exported

ADA, BOB = "ada@example.com", "bob@example.com"


@pytest.fixture
def broken(monkeypatch):
    """Return what makes a function of a module fail for one customer, and puts it right again."""

    def break_for(module, name, is_about):
        real = getattr(module, name)

        def failing(*args, **more):
            if is_about(*args):
                raise AssertionError(f"{ADA} is more than this can take")
            return real(*args, **more)

        monkeypatch.setattr(module, name, failing)
        return lambda: monkeypatch.setattr(module, name, real)

    return break_for


def opt_in_anew(world):
    for name in ("ada", "bob"):
        world.kibo.opt_out(world.ids[name])
    world.later()
    world.cycle()
    for name in ("ada", "bob"):
        world.kibo.opt_in(world.ids[name])
    world.later()


def opt_out(world):
    for name in ("ada", "bob"):
        world.kibo.opt_out(world.ids[name])
    world.later()


@pytest.mark.parametrize(
    ("act", "module", "name", "is_about"),
    [
        (opt_in_anew, opt_ins, "plan_opt_in", lambda _decision, seen: seen.customer.email == ADA),
        (opt_in_anew, opt_ins, "_not_exported", lambda _ctx, _event, customer, _link: customer.email == ADA),
        (opt_out, removal, "_may_be_listed", lambda _ctx, contact: contact.email == ADA),
    ],
    ids=["who opts in", "who opts in, before anything is read", "who opts out"],
)
def test_the_others_are_done_and_this_one_waits_for_a_person(
    world, broken, caplog, act, module, name, is_about
):
    exported(world, "ada", "bob")
    act(world)
    mend = broken(module, name, is_about)
    run = world.desk.run(RunKind.EVENTS)
    assert run.status is RunStatus.COMPLETE
    entries = world.entries(run)
    assert (entries[world.ids["ada"]].outcome, entries[world.ids["ada"]].code) == (Outcome.ERROR, "our_fault")
    assert entries[world.ids["bob"]].outcome is not Outcome.ERROR
    [waits] = [one for one in world.desk.events() if one.object_id == world.ids["ada"]]
    assert waits.status is EventStatus.PARKED
    assert NeedKind.PARKED in {one.kind for one in world.desk.status(live=False).needs_you}
    assert f"customer {world.ids['ada']} could not be dealt with" in caplog.text
    assert ADA not in waits.error
    mend()
    world.desk.retry_event(waits.event_id)
    world.later()
    world.cycle()
    assert (ADA in world.members()) is (BOB in world.members())


def test_what_kibo_is_owed_stays_owed(world, broken):
    exported(world, "ada", "bob")
    for email in (ADA, BOB):
        world.cc.unsubscribe(email)
    world.later()
    mend = broken(shop_account, "_settled", lambda source, *_: source.email == ADA)
    run = world.desk.run(RunKind.INBOUND)
    assert run.status is RunStatus.COMPLETE
    assert not world.opted_in(world.ids["bob"])
    assert world.entries(run)[world.ids["ada"]].code == "our_fault"
    mend()
    world.later()
    world.cycle()
    assert not world.opted_in(world.ids["ada"])
    world.quiet_cycles()


def test_where_ccdesk_fails_with_many_the_run_fails(world, broken, monkeypatch):
    monkeypatch.setattr(item_errors, "_MOST_FAULTS", 1)
    exported(world, "ada", "bob")
    opt_in_anew(world)
    broken(opt_ins, "plan_opt_in", lambda *_: True)
    run = world.desk.run(RunKind.EVENTS)
    assert (run.status, run.failure.code) == (RunStatus.FAILED, "our_fault")
