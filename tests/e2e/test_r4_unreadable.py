"""Accounts and contacts whose answers cannot be read: one person's trouble, and never a forgotten opt-out."""

import pytest

from ccdesk.clients.constant_contact.client import ConstantContact
from ccdesk.core.errors import ConfirmNeeded
from ccdesk.core.models import LinkState, WriteBack
from ccdesk.core.runs import EventStatus, Outcome, RunKind, RunStatus
from ccdesk.sandbox.constant_contact.jobs import JobQueue
from ccdesk.sandbox.wire.kernel import Fault
from ccdesk.sync.plan_inbound import UNPROVEN
from ccdesk.sync.runs import export_check, export_session, members_file
from tests.e2e.conftest import furnish, settle
from tests.e2e.spoil import Spoiler

UNREADABLE = {"acceptsMarketing": "maybe"}
NO_LISTS = {"list_memberships": None}
NOBODYS = {"email_address": {"address": 7, "permission_to_send": "implicit"}}


@pytest.fixture
def ready(world):
    return furnish(world)


@pytest.fixture
def spoiler(ready, monkeypatch):
    return Spoiler(monkeypatch)


def link(world, customer):
    return world.container.store.links.get(customer)


def members_of(world, *names):
    return {f"{name}@example.com" for name in names} & world.members()


# ---------------------------------------------------------------- accounts


@pytest.mark.parametrize("bad", [3, 40])
def test_any_number_of_accounts_that_cannot_be_read_stop_no_run(ready, spoiler, bad):
    new = [ready.kibo.add_customer(f"new{n}@example.com", True) for n in range(bad)]
    spoiler.accounts = dict.fromkeys(new, UNREADABLE)
    ready.kibo.opt_in(ready.ids["dora"])
    ready.kibo.opt_out(ready.ids["ada"])
    ready.later()
    run = ready.run(RunKind.EVENTS)
    assert members_of(ready, "ada", "dora") == {"dora@example.com"}
    assert set(ready.entries(run, Outcome.ERROR)) == set(new)
    assert {one.status for one in ready.desk.events()} == {EventStatus.RETRY}
    spoiler.accounts = {}
    ready.later(60)
    ready.run(RunKind.EVENTS)
    assert len(ready.members()) == bad + 3
    ready.quiet_cycles()


def test_an_account_that_cannot_be_read_keeps_nobody_on_the_list(ready, spoiler):
    twin = ready.kibo.add_customer("ADA@example.com", True)
    ready.later()
    ready.cycle()
    spoiler.accounts[twin] = UNREADABLE
    ready.kibo.opt_out(ready.ids["ada"])
    ready.later()
    ready.run(RunKind.EVENTS)
    assert "ada@example.com" not in ready.members()
    spoiler.accounts = {}
    ready.run(RunKind.FULL_COMPARE)
    settle(ready)
    assert "ada@example.com" in ready.members(), "the other account still agrees"
    ready.quiet_cycles()


@pytest.mark.parametrize("whose", ["own", "other"])
def test_an_account_that_cannot_be_read_keeps_no_opt_out_from_the_others(ready, spoiler, whose):
    twin = ready.kibo.add_customer("ada@example.com", True)
    ready.later()
    ready.cycle()
    bad, good = (ready.ids["ada"], twin) if whose == "own" else (twin, ready.ids["ada"])
    spoiler.accounts[bad] = UNREADABLE
    ready.cc.unsubscribe("ada@example.com")
    ready.later()
    run = ready.run(RunKind.INBOUND)
    assert not ready.opted_in(good)
    assert bad in ready.entries(run, Outcome.ERROR)
    assert link(ready, bad).pending is WriteBack.OPT_OUT
    spoiler.accounts = {}
    settle(ready)
    assert not ready.opted_in(bad)
    ready.quiet_cycles()


def test_a_sign_up_of_an_account_that_cannot_be_read_is_told(ready, spoiler):
    gus = ready.kibo.add_customer("gus@example.com", False)
    ready.later()
    spoiler.accounts[gus] = UNREADABLE
    ready.cc.sign_up("gus@example.com", ready.list_id)
    ready.later()
    told = ready.entries(ready.run(RunKind.INBOUND), Outcome.ERROR)
    assert "cannot be read in Kibo" in told[gus].reason


def test_a_resumed_export_does_not_send_whom_it_cannot_read_any_more(world, monkeypatch):
    monkeypatch.setattr(export_session, "_READ_QUICKLY", 0)
    spoiler = Spoiler(monkeypatch)
    ids = [world.kibo.add_customer(f"p{n}@example.com", True) for n in range(5)]
    world.later(60)
    world.choose_list()
    world.sandbox.faults.add(Fault("status", service="cc", path="/contacts$", status=503, times=9))
    assert world.desk.run(RunKind.EXPORT).status is RunStatus.FAILED
    world.sandbox.faults.clear()
    world.kibo.opt_out(ids[0])
    spoiler.accounts[ids[0]] = UNREADABLE
    world.later()
    run = world.export()
    assert run.resumes == 1
    assert "p0@example.com" not in world.members()
    assert set(world.entries(run, Outcome.ERROR)) == {ids[0]}
    assert len(world.members()) == 4


# ---------------------------------------------------------------- contacts


@pytest.mark.parametrize("people", [1, 3])
def test_an_opt_out_needs_no_reading_of_the_contact(ready, spoiler, people):
    names = ["ada", "bob", "cyd"][:people]
    for name in names:
        spoiler.contacts[f"{name}@example.com"] = NO_LISTS
        ready.kibo.opt_out(ready.ids[name])
    ready.later()
    run = ready.run(RunKind.EVENTS)
    assert members_of(ready, *names) == set()
    assert set(ready.entries(run, Outcome.ERROR)) == {ready.ids[name] for name in names}
    spoiler.contacts = {}
    ready.later(60)
    settle(ready)
    assert ready.desk.events() == []
    assert members_of(ready, *names) == set()
    ready.quiet_cycles()


@pytest.mark.parametrize("people", [1, 3])
def test_an_opt_out_is_carried_although_the_service_shows_no_lists_beside_it(ready, spoiler, people):
    names = ["ada", "bob", "cyd"][:people]
    for name in names:
        spoiler.contacts[f"{name}@example.com"] = NO_LISTS
        ready.cc.unsubscribe(f"{name}@example.com")
    ready.later()
    ready.run(RunKind.INBOUND)
    assert not any(ready.opted_in(ready.ids[name]) for name in names)
    assert list(ready.desk.drift().people) == []
    ready.quiet_cycles()


def test_deleted_contacts_that_show_no_lists_stop_no_run_and_stay_deleted(ready, spoiler):
    gone = ["ada@example.com", *(f"gone{n}@example.com" for n in range(12))]
    for email in gone[1:]:
        ready.cc.add_contact(email)
    for email in gone:
        ready.cc.delete_contact(email)
        spoiler.contacts[email] = NO_LISTS
    ready.cc.unsubscribe("bob@example.com")
    ready.later()
    ready.run(RunKind.INBOUND)
    assert not ready.opted_in(ready.ids["bob"])
    run = ready.export()
    assert "deleted" in ready.entries(run, Outcome.SKIPPED)[ready.ids["ada"]].reason
    ready.kibo.opt_out(ready.ids["ada"])
    ready.later()
    ready.cycle()
    spoiler.contacts = {}  # brought back, lists are shown again
    ready.kibo.opt_in(ready.ids["ada"])
    ready.later()
    ready.run(RunKind.EVENTS)
    assert "ada@example.com" in ready.members()
    ready.quiet_cycles()


def test_who_left_the_list_is_not_put_back_after_an_export_that_could_not_read_them(ready, spoiler):
    ready.cc.leave_list("ada@example.com", ready.list_id)
    ready.later()
    ready.sandbox.faults.add(Fault("status", service="kibo", method="PUT", status=409, times=9))
    ready.run(RunKind.INBOUND)
    spoiler.contacts["ada@example.com"] = NO_LISTS
    ready.export()
    assert link(ready, ready.ids["ada"]).state is LinkState.LEFT_LIST
    spoiler.contacts = {}
    ready.export()
    assert "ada@example.com" not in ready.members()
    ready.sandbox.faults.clear()
    settle(ready)
    assert not ready.opted_in(ready.ids["ada"])
    ready.quiet_cycles()


def test_who_leaves_while_they_cannot_be_read_is_known_to_have_left(ready, spoiler):
    spoiler.contacts["ada@example.com"] = NO_LISTS
    run = ready.export()
    assert "waiting" in ready.entries(run)[ready.ids["ada"]].reason
    ready.cc.leave_list("ada@example.com", ready.list_id)
    ready.later()
    spoiler.contacts = {}
    ready.export()
    settle(ready)
    assert not ready.opted_in(ready.ids["ada"])
    assert "ada@example.com" not in ready.members()
    ready.quiet_cycles()


def test_members_that_cannot_be_read_are_told_of_once(ready, spoiler):
    for name in ("ada", "bob", "cyd"):
        spoiler.contacts[f"{name}@example.com"] = NO_LISTS
    first, second = ready.run(RunKind.INBOUND), ready.run(RunKind.INBOUND)
    told = ready.entries(first)
    assert {told[ready.ids[name]].reason for name in ("ada", "bob", "cyd")} == {"waiting (unknown)"}
    assert ready.entries(second) == {}
    spoiler.contacts = {}
    ready.later()
    ready.run(RunKind.INBOUND)
    assert {link(ready, ready.ids[name]).state for name in ("ada", "bob", "cyd")} == {LinkState.SYNCED}
    ready.quiet_cycles()


def test_a_contact_that_says_not_whose_it_is_is_known_by_its_link(ready, spoiler):
    spoiler.contacts["ada@example.com"] = NOBODYS
    run = ready.export()
    assert "waiting" in ready.entries(run)[ready.ids["ada"]].reason
    spoiler.contacts = {}
    settle(ready)
    assert link(ready, ready.ids["ada"]).state is LinkState.SYNCED
    ready.quiet_cycles()


@pytest.mark.parametrize("new", [1, 45])
def test_a_contact_that_may_be_anybodys_holds_up_no_event(ready, spoiler, new):
    ready.cc.add_contact("someone@example.com")
    spoiler.contacts["someone@example.com"] = NOBODYS
    for number in range(new):
        ready.kibo.add_customer(f"new{number}@example.com", True)
    someone = ready.kibo.add_customer("someone@example.com", True)
    ready.later()
    run = ready.run(RunKind.EVENTS)
    assert len(ready.members()) == 3 + new
    assert set(ready.entries(run, Outcome.ERROR)) == {someone}
    spoiler.contacts = {}
    ready.later(60)
    settle(ready)
    assert "someone@example.com" in ready.members()
    ready.quiet_cycles()


def test_an_export_sends_nobody_while_a_contact_may_be_anybodys_and_names_it(ready, spoiler):
    made = ready.cc.add_contact("someone@example.com")
    spoiler.contacts["someone@example.com"] = NOBODYS
    ready.kibo.add_customer("someone@example.com", True)
    ready.later()
    mark = ready.sandbox.log.mark()
    run = ready.desk.run(RunKind.EXPORT)
    assert run.status is RunStatus.FAILED
    assert str(made) in run.message
    assert ready.sandbox.log.writes(since=mark) == []
    spoiler.contacts = {}
    ready.export()
    assert "someone@example.com" in ready.members()


# ---------------------------------------------------------------- refused, and lost on the way


def test_opt_outs_do_not_wait_for_opt_ins_that_cannot_be_sent(ready):
    for number in range(210):
        ready.kibo.add_customer(f"new{number}@example.com", True)
    ready.later()
    ready.kibo.opt_out(ready.ids["ada"])
    ready.later()
    body = '[{"error_key":"contacts.api.queue.full","error_message":"full"}]'
    ready.sandbox.faults.add(
        Fault("status", service="cc", path="json_import", status=429, body=body, times=9)
    )
    assert ready.desk.run(RunKind.EVENTS).status is RunStatus.WAITING
    assert "ada@example.com" not in ready.members()
    assert len(ready.members()) == 2


def end_badly(monkeypatch, outcome, times):
    """Let the next jobs of the service end so, and those after them well."""
    real, left = JobQueue._finish, [outcome] * times

    def finish(queue, job):
        queue._switches.activity_outcome = left.pop() if left else "completed"
        real(queue, job)

    monkeypatch.setattr(JobQueue, "_finish", finish)


@pytest.mark.parametrize("outcome", ["failed", "timed_out"])
def test_an_import_that_fails_is_read_back_and_the_rest_sent_one_by_one(ready, monkeypatch, outcome):
    people = [ready.kibo.add_customer(f"new{number}@example.com", True) for number in range(12)]
    ready.later()
    end_badly(monkeypatch, outcome, times=1)
    run = ready.run(RunKind.EVENTS)
    assert run.counts["added"] == len(people)
    assert len(ready.members()) == 3 + 12
    ready.quiet_cycles()


def test_jobs_that_always_fail_end_the_run_and_cost_little(ready):
    """Then it is the service's trouble: nobody is tried on and on, and nothing is lost."""
    for name in ("ada", "bob", "cyd"):
        ready.kibo.opt_out(ready.ids[name])
    more = [ready.kibo.add_customer(f"more{n}@example.com", True) for n in range(9)]
    ready.later()
    ready.cycle()
    for number in more:
        ready.kibo.opt_out(number)
    ready.later()
    ready.cc.set_switches(activity_outcome="failed")
    run = ready.desk.run(RunKind.EVENTS)
    ready.cc.set_switches(activity_outcome="completed")
    assert run.status is RunStatus.FAILED
    assert run.calls_constant_contact < 30
    ready.later(60)
    settle(ready)
    assert ready.members() == set()
    ready.quiet_cycles()


def test_an_import_that_is_refused_is_sent_in_halves_and_the_last_by_a_call_of_their_own(ready):
    people = [ready.kibo.add_customer(f"new{number}@example.com", True) for number in range(12)]
    ready.later()
    refused = {"service": "cc", "status": 400, "body": '[{"error_key":"x","error_message":"no"}]'}
    ready.sandbox.faults.add(Fault("status", path="json_import", times=4, **refused))  # 12, 6, 3, and one
    ready.sandbox.faults.add(Fault("status", method="POST", path="/contacts$", **refused))
    run = ready.run(RunKind.EVENTS)
    (refused_one,) = ready.entries(run, Outcome.ERROR)
    assert refused_one in people
    assert len(ready.members()) == 3 + 11
    settle(ready)  # refused for good: it waits for a person
    assert len(ready.members()) == 3 + 11
    (parked,) = (one for one in ready.desk.events() if one.status is EventStatus.PARKED)
    ready.desk.retry_event(parked.event_id)
    settle(ready)
    assert len(ready.members()) == 3 + 12
    ready.quiet_cycles()


@pytest.mark.parametrize("trouble", ["refused", "failed", "timed_out"])
@pytest.mark.parametrize("job", ["add", "remove"])
def test_a_job_that_comes_to_nothing_is_done_in_halves(ready, monkeypatch, job, trouble):
    """It may lie in one of its people, who must not hold up the others: least of all an opt-out."""
    people = [ready.ids[name] for name in ("ada", "bob", "cyd")]
    if job == "add":
        for name in ("eve", "fay", "gus"):
            ready.cc.add_contact(f"{name}@example.com")
        people = [ready.kibo.add_customer(f"{name}@example.com", True) for name in ("eve", "fay", "gus")]
    else:
        for customer in people:
            ready.kibo.opt_out(customer)
    ready.later()
    if trouble == "refused":
        body = '[{"error_key":"x","error_message":"no"}]'
        ready.sandbox.faults.add(
            Fault("status", service="cc", path=f"{job}_list_memberships", status=400, body=body, times=3)
        )
    else:
        end_badly(monkeypatch, trouble, times=3)
    run = ready.run(RunKind.EVENTS)
    refused = set(ready.entries(run, Outcome.ERROR))
    assert refused <= set(people)
    assert len(refused) == (0 if trouble == "timed_out" else 1), "then the one was in the half that landed"
    left = len(refused)
    assert len(ready.members()) == (6 - left if job == "add" else left)
    ready.later(60)
    settle(ready)
    for one in ready.desk.events():
        if one.status is EventStatus.PARKED:  # a refusal for good waits for a person; an opt-out never does
            assert job == "add"
            ready.desk.retry_event(one.event_id)
    settle(ready)
    assert len(ready.members()) == (6 if job == "add" else 0)
    ready.quiet_cycles()


def test_our_own_sign_up_without_an_answer_lifts_no_opt_out_of_before_it(ready, monkeypatch):
    ready.desk.save_settings({"welcome_email": "true"})
    ready.kibo.opt_in(ready.ids["dora"])
    ready.later()
    sign_up = ConstantContact.sign_up

    def after_a_no(*arguments, **options):
        monkeypatch.undo()
        ready.kibo.opt_out(ready.ids["dora"])
        ready.later()
        return sign_up(*arguments, **options)

    monkeypatch.setattr(ConstantContact, "sign_up", after_a_no)
    ready.sandbox.faults.add(Fault("drop_after", service="cc", method="POST", path="sign_up_form"))
    ready.run(RunKind.EVENTS)
    assert "dora@example.com" in ready.members()
    settle(ready)
    assert "dora@example.com" not in ready.members()
    assert not ready.opted_in(ready.ids["dora"])
    ready.quiet_cycles()


def test_who_leaves_after_an_add_without_an_answer_is_not_added_again(ready):
    ready.kibo.opt_in(ready.ids["dora"])
    ready.later()
    ready.sandbox.faults.add(Fault("drop_after", service="cc", method="POST", path="/contacts$", times=9))
    ready.run(RunKind.EVENTS)
    ready.sandbox.faults.clear()
    assert "dora@example.com" in ready.members()
    ready.run(RunKind.INBOUND)
    ready.cc.leave_list("dora@example.com", ready.list_id)
    ready.later()
    ready.run(RunKind.INBOUND)
    ready.later(60)
    settle(ready)
    assert "dora@example.com" not in ready.members()
    assert not ready.opted_in(ready.ids["dora"])
    ready.quiet_cycles()


def test_a_refused_add_does_not_hide_what_the_person_does_next(ready):
    ready.cc.add_contact("dora@example.com", permission="implicit")
    ready.kibo.opt_in(ready.ids["dora"])
    ready.later()
    ready.desk.save_settings({"welcome_email": "true"})
    body = '[{"error_key":"x","error_message":"no"}]'
    ready.sandbox.faults.add(Fault("status", service="cc", path="sign_up_form", status=400, body=body))
    ready.run(RunKind.EVENTS)
    assert link(ready, ready.ids["dora"]).begun is None
    ready.kibo.opt_out(ready.ids["dora"])
    ready.later()
    ready.run(RunKind.EVENTS)
    ready.cc.sign_up("dora@example.com", ready.list_id)
    ready.later()
    settle(ready)
    assert ready.opted_in(ready.ids["dora"])
    ready.quiet_cycles()


def test_an_unproven_sign_up_hides_nothing_that_follows(ready):
    gus = ready.kibo.add_customer("gus@example.com", False)
    ready.later()
    ready.cc.sign_up("gus@example.com", ready.list_id)
    ready.later()
    ready.kibo.change_name(gus, "Gus", "New")
    ready.later()
    ready.cycle()
    ready.kibo.add_customer("gus@example.com", True)
    ready.later()
    ready.cycle()
    ready.cc.delete_contact("gus@example.com")
    ready.later()
    ready.run(RunKind.FULL_COMPARE)
    assert link(ready, gus).state is LinkState.CONTACT_DELETED
    ready.quiet_cycles()


def test_a_guard_looks_only_at_those_who_may_leave(ready):
    for number in range(60):
        ready.kibo.add_customer(f"new{number}@example.com", True)
    ready.later()
    ready.cycle()
    for number in range(40):
        ready.kibo.opt_out(1005 + number)
    ready.later()
    with pytest.raises(ConfirmNeeded):
        ready.desk.run(RunKind.EVENTS)
    assert len(ready.members()) == 63


# ---------------------------------------------------------------- a removal whose outcome is not known


def opt_out_unread(world, spoiler, people=("ada",)):
    """Take people off the list whose contact cannot be read: what the removal did is not seen."""
    for name in people:
        spoiler.contacts[f"{name}@example.com"] = NO_LISTS
        world.kibo.opt_out(world.ids[name])
    world.later()
    world.run(RunKind.EVENTS)
    assert members_of(world, *people) == set()
    spoiler.contacts = {}
    world.later()


def test_a_removal_of_ours_is_nobodys_leaving(ready, spoiler):
    opt_out_unread(ready, spoiler)
    run = ready.run(RunKind.INBOUND)
    assert ready.entries(run) == {}
    assert link(ready, ready.ids["ada"]).state is not LinkState.LEFT_LIST


def test_an_opt_in_after_a_removal_nobody_saw_counts(ready, spoiler):
    opt_out_unread(ready, spoiler)
    ready.kibo.opt_in(ready.ids["ada"])
    ready.later(30)
    settle(ready)
    assert ready.opted_in(ready.ids["ada"])
    assert "ada@example.com" in ready.members()
    ready.quiet_cycles()


def test_an_account_that_came_after_a_removal_nobody_saw_is_named(ready, spoiler):
    """It came after the opt-out, so it lifts nothing; nor is its own flag cleared (design §3a R1)."""
    opt_out_unread(ready, spoiler)
    twin = ready.kibo.add_customer("ada@example.com", True)
    ready.later()
    ready.run(RunKind.INBOUND)
    settle(ready)
    assert ready.opted_in(twin)
    assert "ada@example.com" not in ready.members()
    assert link(ready, twin).state is LinkState.NEWCOMER
    ready.quiet_cycles()


def test_a_removal_is_tried_once_a_run_however_often_it_failed(ready, spoiler):
    spoiler.contacts["ada@example.com"] = NO_LISTS
    ready.kibo.opt_out(ready.ids["ada"])
    ready.later()
    for _ in range(10):
        run = ready.run(RunKind.EVENTS)
        assert run.error_count == 1
        ready.later(13 * 60)


def test_an_opt_out_of_two_contacts_waits_for_the_one_that_cannot_be_read(ready, spoiler):
    ready.cc.edit_profile("ada@example.com", new_email="ada2@example.com")
    ready.later(60)
    ready.cc.sign_up("ada@example.com", ready.list_id)
    ready.later()
    spoiler.contacts["ada@example.com"] = NOBODYS
    ready.kibo.opt_out(ready.ids["ada"])
    ready.later()
    run = ready.run(RunKind.EVENTS)
    assert set(ready.entries(run, Outcome.ERROR)) == {ready.ids["ada"]}
    spoiler.contacts = {}
    ready.later(60)
    settle(ready)
    assert "ada@example.com" not in ready.members()


def test_an_opt_out_where_only_the_email_is_known_and_the_lists_cannot_be_read(ready, spoiler):
    ready.kibo.opt_in(ready.ids["dora"])
    ready.later()
    lose_the_answer(ready)
    spoiler.contacts["dora@example.com"] = NO_LISTS
    ready.kibo.opt_out(ready.ids["dora"])
    ready.later(60)
    ready.run(RunKind.EVENTS)
    spoiler.contacts = {}
    ready.later(60)
    settle(ready)
    assert "dora@example.com" not in ready.members()
    ready.quiet_cycles()


def lose_the_answer(world):
    """Create a contact whose answer is lost."""
    world.sandbox.faults.add(Fault("drop_after", service="cc", method="POST", path="/contacts$", times=9))
    world.run(RunKind.EVENTS)
    world.sandbox.faults.clear()
    assert "dora@example.com" in world.members()


# ---------------------------------------------------------------- leaving, seen late or not at all


def test_who_leaves_after_an_add_without_an_answer_may_come_back_in_kibo(ready):
    ready.kibo.opt_in(ready.ids["dora"])
    ready.later()
    lose_the_answer(ready)
    ready.run(RunKind.INBOUND)
    ready.cc.leave_list("dora@example.com", ready.list_id)
    ready.later()
    ready.run(RunKind.INBOUND)
    ready.later(30)
    ready.kibo.opt_out(ready.ids["dora"])
    ready.later()
    ready.kibo.opt_in(ready.ids["dora"])
    ready.later(30)
    settle(ready)
    assert ready.opted_in(ready.ids["dora"])
    assert "dora@example.com" in ready.members()
    ready.quiet_cycles()


def test_who_leaves_while_their_event_finds_them_unreadable_is_not_put_back(ready, spoiler):
    ready.kibo.opt_in(ready.ids["dora"])
    ready.later()
    lose_the_answer(ready)
    ready.run(RunKind.INBOUND)
    spoiler.contacts["dora@example.com"] = NO_LISTS
    ready.later(30)
    ready.run(RunKind.EVENTS)
    ready.cc.leave_list("dora@example.com", ready.list_id)
    ready.later()
    spoiler.contacts = {}
    settle(ready)
    assert "dora@example.com" not in ready.members()
    assert not ready.opted_in(ready.ids["dora"])
    ready.quiet_cycles()


@pytest.fixture
def shop(world):
    world.people = [world.kibo.add_customer(f"p{n}@example.com", True) for n in range(60)]
    world.later(60)
    world.choose_list()
    return world


@pytest.mark.parametrize("unread", [True, False])
def test_who_left_while_an_export_lay_still_is_not_put_back_where_it_cannot_find_them(
    shop, monkeypatch, unread
):
    spoiler = Spoiler(monkeypatch)
    shop.sandbox.faults.add(
        Fault("status", service="cc", method="GET", path="/contacts$", status=503, skip=1, times=9)
    )
    assert shop.desk.run(RunKind.EXPORT).status is RunStatus.FAILED
    shop.sandbox.faults.clear()
    shop.later()
    shop.run(RunKind.INBOUND)
    shop.cc.leave_list("p0@example.com", shop.list_id)
    shop.later()
    shop.kibo.set_switches(refuse_put_ids={shop.people[0]: 409})
    shop.run(RunKind.INBOUND)
    if unread:
        spoiler.contacts["p0@example.com"] = NO_LISTS
    else:
        monkeypatch.setattr(export_check, "_FEW_LOOKUPS", 0)
    assert shop.export().resumes == 1
    spoiler.contacts = {}
    shop.export()
    assert "p0@example.com" not in shop.members()
    shop.kibo.set_switches(refuse_put_ids={})
    settle(shop)
    assert not shop.opted_in(shop.people[0])
    shop.quiet_cycles()


def test_many_opt_outs_reach_one_whose_contact_says_not_whose_it_is(shop, monkeypatch):
    spoiler = Spoiler(monkeypatch)
    monkeypatch.setattr(members_file, "FILE_FROM", 1)
    shop.export()
    for customer in shop.people[:45]:
        shop.kibo.opt_out(customer)
    spoiler.contacts["p0@example.com"] = NOBODYS
    shop.later()
    run = shop.run(RunKind.EVENTS, confirmed=True)
    assert set(shop.entries(run, Outcome.ERROR)) == {shop.people[0]}
    spoiler.contacts = {}
    shop.later(60)
    settle(shop)
    assert len(shop.members()) == 15
    shop.quiet_cycles()


def test_many_who_left_make_nobody_look_deleted_whose_contact_may_be_anybodys(shop, monkeypatch):
    spoiler = Spoiler(monkeypatch)
    monkeypatch.setattr(members_file, "FILE_FROM", 1)
    shop.export()
    for number in range(1, 46):
        shop.cc.leave_list(f"p{number}@example.com", shop.list_id)
    spoiler.contacts["p0@example.com"] = NOBODYS
    shop.later()
    shop.run(RunKind.INBOUND, confirmed=True)
    assert link(shop, shop.people[0]).on_list
    shop.cc.leave_list("p0@example.com", shop.list_id)
    shop.later()
    spoiler.contacts = {}
    settle(shop)
    assert not shop.opted_in(shop.people[0])
    shop.quiet_cycles()


def test_a_sign_up_an_export_met_first_is_told_by_the_next_poll(ready, spoiler):
    gus = ready.kibo.add_customer("gus@example.com", False)
    ready.kibo.add_customer("new@example.com", True)
    ready.later()
    spoiler.accounts[gus] = UNREADABLE
    ready.cc.sign_up("gus@example.com", ready.list_id)
    ready.later()
    assert gus not in ready.entries(ready.export())
    told = ready.entries(ready.run(RunKind.INBOUND), Outcome.ERROR)
    assert "cannot be read in Kibo" in told[gus].reason


# ---------------------------------------------------------------- a "no" nobody saw


@pytest.mark.parametrize("first", [RunKind.EVENTS, RunKind.INBOUND, RunKind.FULL_COMPARE])
@pytest.mark.parametrize("before", ["never in", "out before"])
def test_an_opt_out_between_two_looks_is_not_overturned_by_the_sign_up_before_it(ready, first, before):
    who, email = ready.ids["dora"], "dora@example.com"
    if before == "out before":
        who, email = ready.ids["ada"], "ada@example.com"
        ready.kibo.opt_out(who)
    else:
        ready.kibo.change_name(who, "Dora", "New")
    ready.later()
    ready.cycle()
    ready.kibo.opt_in(who)
    ready.later()
    ready.cc.sign_up(email, ready.list_id)
    ready.later()
    ready.kibo.opt_out(who)
    ready.later()
    told = ready.entries(ready.run(first))
    settle(ready)
    assert not ready.opted_in(who)
    assert first is RunKind.EVENTS or told[who].reason == UNPROVEN
    ready.quiet_cycles()
