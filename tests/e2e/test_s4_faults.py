"""One call goes wrong; the next runs put everything right, once."""

import time

import pytest

from ccdesk.clients.kibo.write import OptInWriter
from ccdesk.core.errors import ConfirmNeeded, ExitCode
from ccdesk.core.runs import Outcome, RunKind, RunStatus
from ccdesk.sandbox.wire.kernel import Fault
from ccdesk.service import heartbeat, runner
from tests.e2e.conftest import PowerCut, settle


@pytest.fixture
def ready(world):
    world.ids = {
        name: world.kibo.add_customer(f"{name}@example.com", True, first_name=name.title())
        for name in ("ada", "bob", "cyd")
    }
    world.ids["dora"] = world.kibo.add_customer("dora@example.com", False, first_name="Dora")
    world.later()
    world.choose_list()
    return world


@pytest.fixture
def exported(ready):
    ready.export()
    ready.cycle()
    return ready


def until_settled(world, runs: int = 4) -> None:
    """Run both loops, letting failed entries become due, until everything is done."""
    for _ in range(runs):
        world.desk.run(RunKind.EVENTS)
        world.desk.run(RunKind.INBOUND)
        world.later(60)
    world.quiet_cycles()


@pytest.mark.parametrize(("kind", "sent"), [("drop_before", 2), ("drop_after", 1)])
def test_an_import_whose_answer_is_lost_is_looked_for_before_it_is_sent_again(ready, kind, sent):
    ready.sandbox.faults.add(Fault(kind, service="cc", method="POST", path="contacts_json_import"))
    assert ready.export().counts["added"] == 3
    assert len(imports(ready)) == sent


def imports(world) -> list:
    return [one for one in world.sandbox.log.writes() if "contacts_json_import" in str(one)]


def test_an_import_whose_answer_is_lost_is_not_mistaken_for_somebody_elses(ready):
    ready.sandbox.faults.add(
        Fault("drop_before", service="cc", method="POST", path="contacts_json_import", times=2)
    )
    assert ready.desk.run(RunKind.EXPORT).status is RunStatus.FAILED
    ready.later()
    ready.reopen()
    second = ready.export()
    assert ready.members() == {"ada@example.com", "bob@example.com", "cyd@example.com"}
    assert second.error_count == 0
    ready.kibo.change_name(ready.ids["ada"], "Ada", "Lovelace")
    ready.later()
    ready.export()
    assert ready.cc.contact("ada@example.com")["last_name"] == "Lovelace", "it is known as our own"
    assert ready.cc.mails() == []


@pytest.mark.parametrize("kind", ["drop_before", "drop_after"])
@pytest.mark.parametrize("welcome", ["true", "false"])
def test_a_new_opt_in_whose_answer_is_lost_is_on_the_list_once_with_one_mail(exported, kind, welcome):
    exported.choose_list(welcome_email=welcome)
    exported.kibo.opt_in(exported.ids["dora"])
    exported.later()
    exported.sandbox.faults.add(Fault(kind, service="cc", method="POST", path="/contacts"))
    exported.desk.run(RunKind.EVENTS)
    exported.later(60)
    until_settled(exported)
    assert "dora@example.com" in exported.members()
    assert len(exported.cc.mails()) == (1 if welcome == "true" else 0)


@pytest.mark.parametrize("kind", ["drop_before", "drop_after"])
def test_a_removal_whose_answer_is_lost_is_done(exported, kind):
    exported.kibo.opt_out(exported.ids["ada"])
    exported.later()
    exported.sandbox.faults.add(Fault(kind, service="cc", method="POST", path="remove_list"))
    exported.desk.run(RunKind.EVENTS)
    exported.later(60)
    until_settled(exported)
    assert "ada@example.com" not in exported.members()


@pytest.mark.parametrize("kind", ["drop_before", "drop_after"])
def test_an_opt_out_whose_write_to_kibo_is_lost_stays_pending_until_done(exported, kind):
    exported.cc.unsubscribe("ada@example.com")
    exported.later()
    exported.sandbox.faults.add(Fault(kind, service="kibo", method="PUT", times=9))
    exported.desk.run(RunKind.INBOUND)
    exported.sandbox.faults.clear()
    exported.later(60)
    exported.reopen()
    until_settled(exported)
    assert not exported.opted_in(exported.ids["ada"])


@pytest.mark.parametrize("kind", ["drop_before", "drop_after"])
def test_the_confirmation_mail_is_never_asked_for_twice(exported, kind):
    exported.cc.unsubscribe("ada@example.com")
    exported.later()
    exported.cycle()
    exported.kibo.opt_in(exported.ids["ada"])
    exported.later()
    exported.sandbox.faults.add(Fault(kind, service="cc", method="PUT", path="resubscribe"))
    exported.desk.run(RunKind.EVENTS)
    exported.later(60)
    until_settled(exported)
    sent = [row for row in exported.sandbox.log.all(path="resubscribe") if kind == "drop_after" or row.status]
    assert len(sent) <= 1
    assert len(exported.cc.mails("resubscribe")) <= 1
    assert "ada@example.com" not in exported.members()


def test_an_account_kibo_refuses_to_write_stays_pending_and_holds_nobody_up(exported):
    exported.kibo.set_switches(refuse_put_ids={exported.ids["ada"]: 409})
    exported.cc.unsubscribe("ada@example.com")
    exported.cc.unsubscribe("bob@example.com")
    exported.later()
    run = exported.run(RunKind.INBOUND)
    assert run.error_count == 1
    assert "Still owed to Kibo" in exported.entries(run, Outcome.ERROR)[exported.ids["ada"]].reason
    assert not exported.opted_in(exported.ids["bob"])
    exported.kibo.set_switches(refuse_put_ids={})
    exported.cycle()
    assert not exported.opted_in(exported.ids["ada"])


def test_write_backs_stop_when_kibo_loses_data(exported):
    exported.kibo.change_address(
        exported.ids["ada"], address1="1 Main St", cityOrTown="Boston", countryCode="US"
    )
    exported.later()
    exported.cycle()
    exported.kibo.set_switches(put_loses_contacts=True)
    exported.cc.unsubscribe("ada@example.com")
    exported.cc.unsubscribe("bob@example.com")
    exported.later()
    with pytest.raises(ConfirmNeeded, match="stopped"):
        exported.desk.run(RunKind.INBOUND)
    assert exported.desk.runs(limit=1)[0].status is RunStatus.FAILED
    exported.kibo.set_switches(put_loses_contacts=False)
    mark = exported.sandbox.log.mark()
    with pytest.raises(ConfirmNeeded, match="stopped"):
        exported.desk.run(RunKind.INBOUND)
    assert exported.sandbox.log.writes(since=mark) == []
    exported.run(RunKind.INBOUND, confirmed=True)
    assert not exported.opted_in(exported.ids["bob"])


def test_a_quota_used_up_is_a_wait_and_nothing_is_lost(exported):
    exported.kibo.opt_in(exported.ids["dora"])
    exported.later()
    body = '{"error_key": "quota_exceeded", "error_message": "Limit Exceeded"}'
    exported.sandbox.faults.add(Fault("status", service="cc", status=429, body=body, times=5))
    run = exported.desk.run(RunKind.EVENTS)
    assert run.status is RunStatus.WAITING
    assert run.waiting_until is not None
    exported.sandbox.faults.clear()
    exported.later(60)
    until_settled(exported)
    assert "dora@example.com" in exported.members()


def test_a_job_the_service_does_not_know_any_more_is_its_refusal_not_our_fault(ready):
    body = '[{"error_key":"activities.api.not_found","error_message":"The activity was not found."}]'
    fault = Fault("status", service="cc", method="GET", path="/activities/.", status=404, body=body, times=9)
    ready.sandbox.faults.add(fault)
    run = ready.desk.run(RunKind.EXPORT)
    assert run.failure is None or run.failure.exit_code is ExitCode.SERVICE
    ready.sandbox.faults.clear()
    ready.later(31)
    ready.export()
    assert len(ready.members()) == 3


def test_a_cancelled_export_stands_as_far_as_it_got(ready):
    import threading

    cancel = threading.Event()

    def stop_once_planned(progress):
        if progress.phase.startswith("Comparing"):
            cancel.set()

    run = ready.desk.run(RunKind.EXPORT, cancel=cancel, listener=stop_once_planned)
    assert run.status is RunStatus.CANCELLED
    assert ready.members() == set()
    ready.export()
    assert len(ready.members()) == 3


def test_a_run_that_waits_for_an_answer_shows_that_it_lives(world, monkeypatch):
    """Else a program on another computer takes its lease while a 429 is waited out (design §4)."""
    monkeypatch.setattr(heartbeat, "BEAT_SECONDS", 0.05)
    beats = set()

    def wait_for_beats(ctx):
        deadline = time.monotonic() + 10
        while len(beats) < 3 and time.monotonic() < deadline:
            beats.add(ctx.store.lease._read().heartbeat)

    monkeypatch.setitem(runner._ENGINES, RunKind.EVENTS, wait_for_beats)
    world.choose_list()
    world.run(RunKind.EVENTS)
    assert len(beats) >= 3


@pytest.mark.parametrize(("log", "done", "act"), [
    (True, True, "opts in"), (True, True, "edits"), (True, False, "edits"),
    (False, False, "edits"), (False, True, "opts in"),
])  # fmt: skip
def test_an_opt_in_after_an_opt_out_that_was_cut_off_is_not_undone_where_the_audit_log_tells(
    exported, monkeypatch, log, done, act
):
    world = exported
    world.kibo.set_switches(audit_log=log)
    ada, put = world.ids["ada"], OptInWriter._put

    def die(*args):
        if done:
            put(*args)
        raise PowerCut

    world.cc.leave_list("ada@example.com", world.list_id)
    world.later()
    with monkeypatch.context() as dying:
        dying.setattr(OptInWriter, "_put", die)
        with pytest.raises(PowerCut):
            world.desk.run(RunKind.INBOUND)
    world.reopen()
    world.later()
    if act == "opts in":
        world.kibo.opt_in(ada)
    else:
        world.kibo.change_name(ada, "Ada", "New")
    world.later()
    settle(world)
    told = log and act == "opts in"
    assert (world.opted_in(ada), "ada@example.com" in world.members()) == (told, told)
    world.quiet_cycles()
