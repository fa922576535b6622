"""The queue's bulk and single calls: one person refused, and a service that is down (design §3a R2, R3)."""

import pytest

from ccdesk.core.runs import EventStatus, Outcome, RunKind, RunStatus
from ccdesk.sandbox.constant_contact.jobs import JobQueue
from ccdesk.sandbox.wire.kernel import Fault
from tests.e2e.refusals import LONG, calls, check_placed_plainly, halvings


@pytest.fixture
def ready(world):
    world.ids = {n: world.kibo.add_customer(f"{n}@example.com", True) for n in ("ada", "bob", "cyd")}
    world.later()
    world.choose_list()
    world.export()
    world.cycle()
    return world


def newcomers(world, count, odd=None, first_name="T.J."):
    found = {
        n: world.kibo.add_customer(
            f"n{n}@example.com", True, first_name=first_name if n == odd else f"Name{n}"
        )
        for n in range(count)
    }
    world.later()
    return found


def queue(world):
    return world.desk.events(limit=500)


def everybody(count):
    return {"ada@example.com", "bob@example.com", "cyd@example.com"} | {
        f"n{n}@example.com" for n in range(count)
    }


@pytest.mark.parametrize("spoils", ["row", "request", "job"])
def test_one_row_that_spoils_the_import_of_many_is_found_and_placed_plainly(ready, spoils):
    ready.cc.set_switches(refused_text=r"T\.J\.", import_refused_text=spoils)
    ids = newcomers(ready, 100, odd=42)
    run = ready.run(RunKind.EVENTS)
    assert ready.members() == everybody(100)
    assert (run.counts["added"], run.error_count) == (100, 0)
    check_placed_plainly(ready, run, ids[42])
    assert len(calls(ready, "contacts_json_import")) <= halvings(100)
    assert len(calls(ready, "/v3/contacts")) - len(calls(ready, "/v3/contacts/")) <= 2, "none but that one"
    ready.quiet_cycles()


@pytest.mark.parametrize("welcome", ["true", "false"])
def test_a_refused_name_of_one_person_is_left_out_and_the_person_placed(ready, welcome):
    ready.choose_list(welcome_email=welcome)
    ready.cc.set_switches(refused_text=r"T\.J\.")
    ids = newcomers(ready, 2, odd=1)
    run = ready.run(RunKind.EVENTS)
    assert ready.members() == everybody(2)
    check_placed_plainly(ready, run, ids[1])
    assert ready.entries(run)[ids[0]].reason == "new contact"
    assert len(ready.cc.mails("welcome")) == (2 if welcome == "true" else 0)
    ready.quiet_cycles()


def test_a_long_email_with_a_refused_name_is_created_plainly_with_its_welcome(ready):
    ready.choose_list(welcome_email="true")
    ready.cc.set_switches(refused_text=r"T\.J\.")
    long = ready.kibo.add_customer(LONG, True, first_name="T.J.")
    ready.later()
    run = ready.run(RunKind.EVENTS)
    assert LONG in ready.members()
    check_placed_plainly(ready, run, long)
    assert len(ready.cc.mails("welcome")) == 1


@pytest.mark.parametrize("name", ["T.J.", "Ada"])
def test_a_deleted_contact_is_brought_back_though_the_service_refuses_the_name(ready, name):
    """Even a value that the service keeps itself (constant-contact.md §22)."""
    ready.kibo.change_name(ready.ids["ada"], name, "Hooker")
    ready.kibo.opt_out(ready.ids["ada"])
    ready.later()
    ready.cycle()
    ready.cc.account.rules.fill(ready.cc.account.book.by_email("ada@example.com"), {"first_name": "T.J."})
    ready.cc.delete_contact("ada@example.com")
    ready.later()
    ready.cc.set_switches(refused_text=r"T\.J\.")
    ready.kibo.opt_in(ready.ids["ada"])
    ready.later()
    run = ready.run(RunKind.EVENTS)
    assert "ada@example.com" in ready.members()
    found = ready.entries(run)[ready.ids["ada"]]
    assert found.outcome is Outcome.ADDED
    assert ("email and list alone" in found.reason) == (name == "T.J.")


def test_a_refusal_that_lies_in_the_email_is_asked_only_twice_and_parked(ready):
    ids = newcomers(ready, 1)
    body = '[{"error_key":"contacts.api.validation.error","error_message":"no thank you"}]'
    ready.sandbox.faults.add(
        Fault("status", service="cc", method="POST", path="/contacts$", status=400, body=body, times=9)
    )
    mark = ready.sandbox.log.mark()
    run = ready.run(RunKind.EVENTS)
    assert len(calls(ready, "/v3/contacts", since=mark)) == 2
    assert "no thank you" in ready.entries(run, Outcome.ERROR)[ids[0]].reason
    assert [one.status for one in queue(ready)] == [EventStatus.PARKED]


def foreign(world, count):
    other = world.cc.add_list("Other")
    for n in range(count):
        world.cc.add_contact(f"n{n}@example.com", lists=[other])
    return newcomers(world, count)


@pytest.mark.parametrize("spoils", ["request", "job"])
@pytest.mark.parametrize("bad", [(4,), (0, 1, 2), (0, 1, 2, 3, 29)])
def test_contacts_an_add_job_does_not_take_are_named_and_the_others_added(ready, spoils, bad):
    ids = foreign(ready, 30)
    refused = {f"n{n}@example.com" for n in bad}
    ready.cc.set_switches(list_jobs_refuse=sorted(refused), list_job_refusal=spoils)
    run = ready.desk.run(RunKind.EVENTS)
    assert run.status is RunStatus.COMPLETE, run.message
    assert ready.members() == everybody(30) - refused
    assert set(ready.entries(run, Outcome.ERROR)) == {ids[n] for n in bad}
    assert len(calls(ready, "add_list_memberships")) <= len(bad) * halvings(30)
    assert {one.object_id for one in queue(ready)} == {ids[n] for n in bad}


@pytest.mark.parametrize("spoils", ["request", "job"])
def test_a_removal_refused_for_one_takes_the_others_off_and_is_tried_again(ready, spoils):
    ids = newcomers(ready, 30)
    ready.cycle()
    for n in range(20):
        ready.kibo.opt_out(ids[n])
    ready.later()
    ready.cc.set_switches(list_jobs_refuse=["n7@example.com"], list_job_refusal=spoils)
    run = ready.run(RunKind.EVENTS)
    gone = {f"n{n}@example.com" for n in range(20)}
    assert ready.members() == everybody(30) - gone | {"n7@example.com"}
    assert set(ready.entries(run, Outcome.ERROR)) == {ids[7]}
    assert len(calls(ready, "remove_list_memberships")) <= halvings(20)
    assert [one.status for one in queue(ready)] == [EventStatus.RETRY]
    ready.cc.set_switches(list_jobs_refuse=[])
    ready.later(60)
    ready.cycle()
    assert ready.members() == everybody(30) - gone


def test_a_service_that_refuses_every_job_charges_nobody(ready):
    ids = foreign(ready, 30)
    ready.cc.set_switches(list_jobs_refuse=[f"n{n}@example.com" for n in range(30)])
    run = ready.desk.run(RunKind.EVENTS)
    assert run.status is RunStatus.FAILED
    assert run.error_count == 0
    assert {one.object_id: one.attempts for one in queue(ready)} == dict.fromkeys(ids.values(), 0)
    assert len(calls(ready, "add_list_memberships")) <= halvings(30) + 4
    ready.cc.set_switches(list_jobs_refuse=[])
    ready.later()
    ready.cycle()
    assert ready.members() == everybody(30)


def test_who_leaves_after_an_import_that_failed_halfway_is_not_put_back(ready, monkeypatch):
    ready.cc.set_switches(refused_text=r"T\.J\.", import_refused_text="job")
    newcomers(ready, 30, odd=20)
    real, gone = JobQueue._finish, []

    def finish(jobs, job):
        real(jobs, job)
        if job.state == "failed" and not gone and "n3@example.com" in ready.members():
            gone.append(job)
            ready.later()
            ready.cc.leave_list("n3@example.com", ready.list_id)

    monkeypatch.setattr(JobQueue, "_finish", finish)
    ready.run(RunKind.EVENTS)
    assert gone
    assert ready.members() == everybody(30) - {"n3@example.com"}


# ---------------------------------------------------------------- the whole service


@pytest.mark.parametrize("people", [1, 2, 5])
def test_a_login_service_that_is_out_is_no_try_of_anybody(ready, people):
    newcomers(ready, people)
    ready.cc.expire_tokens()
    ready.sandbox.faults.add(Fault("status", path="/token", status=503, times=4))
    run = ready.desk.run(RunKind.EVENTS)
    assert run.status is RunStatus.FAILED
    assert [(one.status, one.attempts) for one in queue(ready)] == [(EventStatus.PENDING, 0)] * people
    ready.sandbox.faults.clear()
    ready.later()
    ready.run(RunKind.EVENTS)
    assert ready.members() == everybody(people)


def test_a_login_service_out_in_the_middle_ends_the_run_and_charges_nobody(ready):
    """It answers again at once: still nobody waits while the others go through."""
    ready.choose_list(welcome_email="true")
    newcomers(ready, 6)
    once = {"service": "cc", "method": "POST", "path": "sign_up_form", "skip": 2}
    ready.sandbox.faults.add(Fault("status", status=401, body="{}", **once))
    ready.sandbox.faults.add(Fault("status", path="/token", status=503, times=4))
    run = ready.desk.run(RunKind.EVENTS)
    assert run.status is RunStatus.FAILED
    assert [(one.status, one.attempts) for one in queue(ready)] == [(EventStatus.PENDING, 0)] * 4
    ready.sandbox.faults.clear()
    ready.later()
    ready.run(RunKind.EVENTS)
    assert ready.members() == everybody(6)


@pytest.mark.parametrize("service", ["cc", "kibo"])
@pytest.mark.parametrize("people", [1, 2, 5])
def test_a_service_that_answers_503_to_everything_is_no_try_of_anybody(ready, service, people):
    ready.kibo.opt_out(ready.ids["ada"])
    newcomers(ready, people)
    ready.desk.look_for_events()
    ready.sandbox.faults.add(Fault("status", service=service, status=503, body="", times=999))
    run = ready.desk.run(RunKind.EVENTS)
    assert run.status is RunStatus.FAILED
    found = queue(ready)
    assert [(one.status, one.attempts) for one in found] == [(EventStatus.PENDING, 0)] * (people + 1)
    ready.sandbox.faults.clear()
    ready.later()
    ready.cycle()
    assert ready.members() == everybody(people) - {"ada@example.com"}


def test_trouble_that_comes_with_one_person_alone_is_theirs(ready):
    ids = newcomers(ready, 4)
    ready.desk.look_for_events()
    path = f"/customer/accounts/{ids[2]}"
    ready.sandbox.faults.add(Fault("status", service="kibo", path=path, status=500, times=99))
    ready.reopen()
    ready.sandbox.faults.add(Fault("status", service="cc", method="POST", path="/contacts$", status=500))
    ready.run(RunKind.EVENTS)
    assert [(one.status, one.attempts) for one in queue(ready)] == [(EventStatus.RETRY, 1)]
    ready.sandbox.faults.clear()
    ready.later(60)
    ready.cycle()
    assert ready.members() == everybody(4)
