"""An export that is cut short is gone on with, and nothing finished is sent again (design §4, R2)."""

from __future__ import annotations

import threading
from collections import Counter

import pytest

from ccdesk.clients.constant_contact import client as constant_contact
from ccdesk.clients.constant_contact.client import ConstantContact
from ccdesk.core.runs import Outcome, RunKind, RunStatus
from ccdesk.sandbox.constant_contact import importing
from ccdesk.sandbox.wire.kernel import Fault
from ccdesk.sync import state_names as names
from ccdesk.sync.runs import (
    export,
    export_batches,
    export_check,
    export_jobs,
    export_send,
    export_session,
    members_file,
)
from tests.e2e.conftest import PowerCut, cut
from tests.e2e.world import World

PEOPLE = 23
CHUNK = 5


@pytest.fixture
def shop(world: World, monkeypatch) -> World:
    """A shop whose imports hold five people each, one sent after the other."""
    monkeypatch.setattr(export_batches, "IMPORT_MAX_ROWS", CHUNK)
    monkeypatch.setattr(export_batches, "LIST_JOB_MAX_IDS", 2)
    monkeypatch.setitem(export_send._AHEAD, export_send.Action.IMPORT, 1)
    world.ids = {
        f"p{n}@example.com": world.kibo.add_customer(f"p{n}@example.com", True, first_name=f"P{n}")
        for n in range(PEOPLE)
    }
    world.later(60)
    world.choose_list()
    return world


def imported(world: World) -> Counter[str]:
    """How often each email was accepted in an import."""
    bodies = world.sandbox.log.all(method="POST", path="contacts_json_import")
    return Counter(row["email"] for one in bodies if one.status == 201 for row in one.body["import_data"])


PLACES = [
    ("Reading customers", 0),
    ("Reading contacts", 0),
    ("Comparing", 0),
    ("Sending", 0),
    ("Sending", 5),
    ("Sending", 15),
    ("Sending", 23),
    ("Checking", 0),
]


@pytest.mark.parametrize(("phase", "at"), PLACES)
@pytest.mark.parametrize("by_file", [True, False])
def test_the_next_export_goes_on_wherever_the_power_went(shop, monkeypatch, phase, at, by_file):
    monkeypatch.setattr(members_file, "FILE_FROM", 0 if by_file else 10**6)
    shop.cc.add_contact("p3@example.com", lists=[shop.cc.add_list("Other")])
    shop.later()
    cut(shop, phase, at)
    first = shop.desk.get_run(1)
    assert first.status is RunStatus.INTERRUPTED
    second = shop.export()
    assert second.resumes == first.id
    assert "Continued in run 2." in shop.desk.get_run(1).message
    assert set(imported(shop).values()) == {1}, "nobody is imported twice"
    assert shop.members() == set(shop.ids)
    assert second.total_contacts == PEOPLE
    assert second.counts["added"] == PEOPLE
    assert second.message == ""
    shop.cycle()
    shop.quiet_cycles()
    third = shop.export()
    assert third.resumes is None
    assert third.counts["unchanged"] == PEOPLE
    assert shop.cc.mails() == []


def test_reading_goes_on_where_it_stopped(world, monkeypatch):
    monkeypatch.setattr(export, "_KEPT_AT_ONCE", 1)
    monkeypatch.setattr(export_session, "_READ_QUICKLY", 0)
    for number in range(450):
        world.kibo.add_customer(f"p{number}@example.com", True)
    world.later(60)
    world.choose_list()
    cut(world, "Reading customers", 200)
    mark = world.sandbox.log.mark()
    run = world.export()
    pages = world.sandbox.log.all(service="kibo", method="GET", path="accounts$", since=mark)
    assert not any(one.query.get("filter") == ["acceptsMarketing eq true"] for one in pages)
    assert run.counts["added"] == 450


@pytest.mark.parametrize("read_again", [True, False])
def test_what_people_did_while_the_export_lay_still_counts(shop, monkeypatch, read_again):
    monkeypatch.setattr(export_session, "_READ_QUICKLY", 10**6 if read_again else 0)
    cut(shop, "Sending", 10)  # p0 to p9 are on the list
    shop.cc.unsubscribe("p0@example.com")
    shop.kibo.opt_out(shop.ids["p1@example.com"])
    shop.cc.leave_list("p2@example.com", shop.list_id)
    shop.kibo.opt_out(shop.ids["p20@example.com"])
    shop.cc.add_contact("p21@example.com")
    shop.cc.unsubscribe("p21@example.com")
    shop.later()
    run = shop.export()
    entries = shop.entries(run)
    acted = ("p0", "p1", "p2", "p20", "p21")
    told = {name: entries.get(shop.ids[f"{name}@example.com"]) for name in acted}
    if read_again:  # not opted in when it was read: nobody to export
        assert told["p20"] is None
        told["p20"] = told["p1"]
    assert [told[name].outcome for name in ("p0", "p1", "p20", "p21")] == [Outcome.SKIPPED] * 4
    assert told["p0"].reason == told["p21"].reason == "unsubscribed in Constant Contact"
    assert told["p1"].reason == told["p20"].reason == "opted out in Kibo meanwhile"
    assert run.total_contacts == PEOPLE - read_again
    for _ in range(2):
        shop.cycle()
    gone = {f"{name}@example.com" for name in told}
    assert shop.members() == set(shop.ids) - gone
    for name in ("p0", "p1", "p20", "p21"):
        assert not shop.opted_in(shop.ids[f"{name}@example.com"])
    shop.quiet_cycles()


def test_who_is_gone_from_kibo_is_not_sent_where_reading_again_is_cheap(shop):
    cut(shop, "Sending", 10)
    shop.kibo.delete_customer(shop.ids["p20@example.com"])
    shop.export()
    assert shop.members() == set(shop.ids) - {"p20@example.com"}
    assert set(imported(shop).values()) == {1}


@pytest.mark.parametrize("minutes", [5, 25 * 60])
def test_who_is_gone_from_kibo_after_a_day_is_not_sent(shop, monkeypatch, minutes):
    monkeypatch.setattr(export_session, "_READ_QUICKLY", 0)
    cut(shop, "Sending", 10)
    shop.later(minutes)
    if minutes > 60:
        shop.log_in()
        shop.kibo.delete_customer(shop.ids["p20@example.com"])
    shop.kibo.opt_out(shop.ids["p21@example.com"])
    shop.later()
    run = shop.export()
    left = {"p21@example.com"} | ({"p20@example.com"} if minutes > 60 else set())
    assert shop.members() == set(shop.ids) - left
    assert set(imported(shop).values()) == {1}
    assert run.message == ""


def test_an_opt_out_in_kibo_before_the_export_is_gone_on_with_is_an_opt_out(shop):
    cut(shop, "Sending", 10)
    shop.kibo.opt_out(shop.ids["p1@example.com"])
    shop.later()
    shop.cycle()
    shop.cycle()
    assert "p1@example.com" not in shop.members()
    shop.export()
    shop.cycle()
    assert shop.members() == set(shop.ids) - {"p1@example.com"}
    shop.quiet_cycles()


def test_an_opt_out_long_before_the_first_look_is_an_opt_out_where_an_export_was_begun(shop):
    """The program was off for an hour in between, and somebody else's change is the newest."""
    shop.kibo.switches.turn(pull_works=False)
    cut(shop, "Sending", 10)
    shop.kibo.opt_out(shop.ids["p1@example.com"])
    shop.later(60)
    shop.kibo.place_order(shop.ids["p2@example.com"])
    shop.later()
    shop.cycle()
    shop.cycle()
    assert "p1@example.com" not in shop.members()
    assert not any(f"p{n}@example.com" in shop.members() for n in range(10, PEOPLE)), "the export's business"
    shop.export()
    assert shop.members() == set(shop.ids) - {"p1@example.com"}
    shop.quiet_cycles()


def test_the_first_customer_after_the_export_of_an_empty_shop_is_a_change(world):
    world.kibo.switches.turn(pull_works=False)
    world.choose_list()
    world.export()
    world.later(5)
    world.kibo.add_customer("first@example.com", True)
    world.later()
    world.cycle()
    assert world.members() == {"first@example.com"}
    world.quiet_cycles()


def test_who_came_back_while_the_export_lay_still_stays_opted_in(shop):
    cut(shop, "Checking")
    shop.kibo.opt_out(shop.ids["p3@example.com"])
    shop.later()
    shop.cycle()
    shop.cycle()
    assert "p3@example.com" not in shop.members()
    shop.kibo.opt_in(shop.ids["p3@example.com"])
    shop.later()
    run = shop.export()
    (entry,) = [one for one in shop.desk.entries(run.id, limit=100) if one.email == "p3@example.com"]
    assert (entry.outcome, "decided with the customer's event" in entry.reason) == (Outcome.SKIPPED, True)
    shop.cycle()
    assert shop.kibo.book.get(shop.ids["p3@example.com"]).accepts
    assert "p3@example.com" in shop.members()
    shop.quiet_cycles()


@pytest.mark.parametrize("by_file", [True, False])
def test_an_email_changed_and_seen_to_meanwhile_is_not_forgotten(shop, monkeypatch, by_file):
    """Else a later opt-out took the former email off the list, and the new one stayed on it."""
    monkeypatch.setattr(members_file, "FILE_FROM", 0 if by_file else 10**6)
    shop.kibo.switches.turn(pull_works=False)
    mover = shop.ids["p3@example.com"]
    cut(shop, "Checking")
    shop.kibo.change_email(mover, "new3@example.com")
    shop.later()
    shop.cycle()
    shop.cycle()
    assert "new3@example.com" in shop.members()
    run = shop.export()
    assert (run.message, shop.entries(run)[mover].outcome) == ("", Outcome.SKIPPED)
    shop.cycle()
    shop.kibo.opt_out(mover)
    shop.later()
    shop.cycle()
    assert "new3@example.com" not in shop.members()
    shop.quiet_cycles()


def test_who_comes_back_after_an_opt_out_that_came_while_the_export_lay_still_is_opted_in(shop):
    """Once Kibo was given the opt-out, what shows on the list is no call of ours any more."""
    shop.kibo.switches.turn(pull_works=False)
    shop.kibo.add_customer("last@example.com", True)  # so that no event settles the others
    shop.later(60)
    cut(shop, "Sending", 10)
    shop.cc.unsubscribe("p1@example.com")
    shop.later()
    shop.cycle()
    assert not shop.opted_in(shop.ids["p1@example.com"])
    shop.later(30)
    shop.cc.sign_up("p1@example.com", shop.list_id)
    shop.later()
    shop.run(RunKind.FULL_COMPARE)
    shop.cycle()
    assert "p1@example.com" in shop.members()
    assert shop.opted_in(shop.ids["p1@example.com"])
    shop.export()
    shop.quiet_cycles()


def test_the_beginning_of_the_polls_is_noted_whole(shop, monkeypatch):
    """Else a power cut between two of its parts made the poll of updates begin later than the export."""
    state = shop.container.store.state
    set_time = state.set_time

    def lost(name, value) -> None:
        if name == names.UPDATES_SINCE:
            raise PowerCut
        set_time(name, value)

    monkeypatch.setattr(state, "set_time", lost)
    chosen = state.get_time(names.INBOUND_BEGAN)
    with pytest.raises(PowerCut):
        shop.desk.run(RunKind.EXPORT)
    kept = (names.OPT_OUTS_SINCE, names.UPDATES_SINCE, names.INBOUND_BEGAN)
    assert [state.get_time(name) for name in kept] == [None, None, chosen]


def test_cancel_keeps_what_was_done(shop):
    stop = threading.Event()

    def listen(progress) -> None:
        if progress.sent >= 10:
            stop.set()

    first = shop.desk.run(RunKind.EXPORT, listener=listen, cancel=stop)
    assert first.status is RunStatus.CANCELLED
    second = shop.export()
    assert second.resumes == first.id
    assert set(imported(shop).values()) == {1}
    assert shop.members() == set(shop.ids)


def test_the_daily_quota_is_waited_for(shop):
    body = '{"error_key":"quota_exceeded","error_message":"Limit Exceeded"}'
    shop.sandbox.faults.add(
        Fault("status", service="cc", method="POST", path="import", skip=2, times=9, status=429, body=body)
    )
    first = shop.desk.run(RunKind.EXPORT)
    assert first.status is RunStatus.WAITING
    assert first.waiting_until is not None
    shop.sandbox.faults.clear()
    shop.later(24 * 60)
    second = shop.export()
    assert second.resumes == first.id
    assert set(imported(shop).values()) == {1}
    assert shop.members() == set(shop.ids)


@pytest.mark.parametrize("then", ["down", "refused", "cancel"])
def test_a_job_whose_answer_was_lost_may_be_there_whatever_comes_next(shop, then):
    """The call may have been done, so its people may be on the list: a cleared flag is an opt-out."""
    shop.cycle()
    faults, stop = shop.sandbox.faults, threading.Event()
    faults.add(Fault("drop_after", service="cc", method="POST", path="import"))
    if then == "refused":
        nothing = '{"activities":[]}'
        faults.add(Fault("garbage", service="cc", method="GET", path="/activities$", times=2, body=nothing))
        faults.add(Fault("status", service="cc", method="POST", path="import", status=403))
    else:
        faults.add(Fault("status", service="cc", method="GET", path="/activities$", times=20, status=503))
    if then == "cancel":
        wait = shop.container.clock.wait
        looking = export_jobs._LOOK_AGAIN[0]
        shop.container.clock.wait = lambda event, s: (s == looking and stop.set()) or wait(event, s)
    run = shop.desk.run(RunKind.EXPORT, cancel=stop)
    assert run.status is (RunStatus.CANCELLED if then == "cancel" else RunStatus.FAILED)
    assert "p1@example.com" in shop.members()
    faults.clear()
    shop.kibo.opt_out(shop.ids["p1@example.com"])
    shop.later()
    shop.cycle()
    assert "p1@example.com" not in shop.members()
    shop.export()
    assert imported(shop)["p0@example.com"] == 0, "what was found to be there is not sent again"
    assert shop.members() == set(shop.ids) - {"p1@example.com"}


@pytest.mark.parametrize("newest_first", [True, False])
def test_a_job_whose_answer_was_lost_is_found_in_whatever_order_jobs_come(shop, monkeypatch, newest_first):
    """Nothing says how the service sorts its jobs; two days of others come before or after ours."""
    for _ in range(4):
        shop.cc.account.jobs.submit("list_add", {"items_total_count": 1, "list_count": 1}, lambda *_: None)
    shop.later(48 * 60)
    real = ConstantContact.activities

    def pages(client):
        jobs = sorted((j for page in real(client) for j in page), key=lambda job: job.created_at)
        jobs = jobs[::-1] if newest_first else jobs
        return (jobs[at : at + 2] for at in range(0, len(jobs), 2))

    monkeypatch.setattr(ConstantContact, "activities", pages)
    fault = Fault("drop_after", service="cc", method="POST", path="import", times=PEOPLE)
    shop.sandbox.faults.add(fault)
    shop.export()
    sent = shop.sandbox.log.all(method="POST", path="contacts_json_import")
    assert len(sent) == -(-PEOPLE // CHUNK), "what was found to be there is not sent again"
    assert shop.members() == set(shop.ids)


def test_an_export_for_another_list_is_a_new_one(shop):
    cut(shop, "Sending", 10)
    shop.list_name = "Another"
    shop.choose_list()
    run = shop.export()
    assert run.resumes is None
    assert shop.members() == set(shop.ids)


def test_an_export_left_lying_for_long_is_a_new_one(shop):
    cut(shop, "Sending", 10)
    shop.later(60 * 24 * 8)
    shop.log_in()
    run = shop.export()
    assert run.resumes is None
    assert run.counts["added"] == PEOPLE - 10
    assert run.counts["unchanged"] == 10


# ---------------------------------------------------------------- per-person truth


@pytest.fixture
def by_file(shop, monkeypatch):
    monkeypatch.setattr(members_file, "FILE_FROM", 0)
    return shop


def pages_of_the_list(world: World) -> int:
    return len([one for one in world.sandbox.log.all(path="/v3/contacts$") if "lists" in one.query])


def test_the_list_is_read_back_from_the_file(by_file):
    assert by_file.export().counts["added"] == PEOPLE
    assert pages_of_the_list(by_file) == 0


@pytest.mark.parametrize(
    "switches",
    [
        {"export_headings": "numbers"},
        {"export_trouble": "refused"},
        {"export_trouble": "file_missing"},
        {"export_trouble": "never_ends"},
    ],
)
def test_without_a_file_the_list_is_read_by_pages(by_file, switches):
    by_file.cc.switches.turn(**switches)
    assert by_file.export().counts["added"] == PEOPLE
    assert pages_of_the_list(by_file) == 1
    by_file.cycle()
    by_file.quiet_cycles()


@pytest.mark.parametrize("headings", ["titles", "names", "others"])
def test_any_heading_that_tells_will_do(by_file, headings):
    by_file.cc.switches.turn(export_headings=headings, export_bom=True)
    assert by_file.export().counts["added"] == PEOPLE
    assert pages_of_the_list(by_file) == 0


@pytest.mark.parametrize("file", [True, False])
def test_who_is_missing_afterwards_is_an_error_that_says_so(shop, monkeypatch, file):
    monkeypatch.setattr(members_file, "FILE_FROM", 0 if file else 10**6)
    shop.cc.switches.turn(import_loses_every=4)
    run = shop.export()
    assert (run.error_count, run.counts["added"]) == (4, PEOPLE - 4)
    assert run.total_contacts == PEOPLE
    shop.cc.switches.turn(import_loses_every=0)
    assert shop.export().counts["added"] == 4


def test_many_missing_are_looked_for_by_pages(by_file, monkeypatch):
    monkeypatch.setattr(export_check, "_FEW_LOOKUPS", 2)
    by_file.cc.switches.turn(import_loses_every=2)
    run = by_file.export()
    assert run.error_count == len(by_file.ids) - len(by_file.members()) > 2
    assert run.total_contacts == PEOPLE


@pytest.mark.parametrize("told", ["lines", "emails", "objects"])
def test_what_the_job_said_is_told_with_the_person(shop, monkeypatch, told):
    monkeypatch.setattr(export_batches, "IMPORT_MAX_ROWS", 100)
    shop.cc.switches.turn(import_errors=told)
    odd = shop.kibo.add_customer("odd@example.com", True)
    monkeypatch.setattr(importing, "is_email", lambda email: not email.startswith("odd"))
    shop.later()
    run = shop.export()
    entry = shop.entries(run, Outcome.ERROR)[odd]
    assert "which said:" in entry.reason
    assert run.error_count == 1


def test_contacts_only_seen_in_the_file_become_known_and_stay_ours(by_file):
    by_file.export()
    assert by_file.container.store.links.get(by_file.ids["p1@example.com"]).contact_id == ""
    assert by_file.export().counts["unchanged"] == PEOPLE, "before anything else has been read"
    by_file.run(RunKind.EVENTS)
    mark = by_file.sandbox.log.mark()
    by_file.run(RunKind.INBOUND)
    polled = by_file.sandbox.log.all(path="/v3/contacts$", since=mark)
    assert len(polled) == 3, "two polls and a scan of the list, not all we wrote once more"
    link = by_file.container.store.links.get(by_file.ids["p1@example.com"])
    assert link.contact_id
    by_file.quiet_cycles()
    by_file.kibo.change_name(by_file.ids["p1@example.com"], "New", "Name")
    by_file.later()
    assert by_file.export().counts["updated"] == 1
    assert by_file.cc.contact("p1@example.com")["first_name"] == "New"


def test_who_signs_up_while_an_export_is_read_back_is_opted_in(by_file):
    shopper = by_file.kibo.add_customer("new@example.com", False)
    by_file.later(60)

    def listen(progress) -> None:
        if progress.phase.startswith("Sending") and progress.sent == PEOPLE and not joined:
            joined.append(by_file.cc.sign_up("new@example.com", by_file.list_id))

    joined: list = []
    by_file.desk.run(RunKind.EXPORT, listener=listen)
    assert joined
    by_file.later(60 * 24)
    by_file.cycle()
    assert by_file.opted_in(shopper)


def test_who_signed_up_before_an_export_that_reads_a_file_is_opted_in(by_file):
    shopper = by_file.kibo.add_customer("new@example.com", False)
    by_file.later(60)
    by_file.kibo.add_customer("last@example.com", True)  # so that no link knows the shopper
    by_file.later(60)
    by_file.export()
    by_file.cycle()
    by_file.cc.sign_up("new@example.com", by_file.list_id)
    by_file.later(15)
    by_file.kibo.add_customer("more@example.com", True)
    by_file.later()
    by_file.export()
    by_file.cycle()
    assert by_file.opted_in(shopper)
    by_file.quiet_cycles()


def test_who_signs_up_behind_the_page_being_read_is_opted_in(shop, monkeypatch):
    monkeypatch.setattr(constant_contact, "PAGE_SIZE", "5")
    shopper = shop.kibo.add_customer("new@example.com", False)
    shop.cc.add_contact("new@example.com")  # old, so on the first page
    shop.later(60)
    shop.kibo.add_customer("last@example.com", True)
    shop.later(60)

    def listen(progress) -> None:
        if progress.phase.startswith("Checking") and progress.done == 5:
            shop.cc.sign_up("new@example.com", shop.list_id)
            shop.later(0.1)
            shop.cc.sign_up("last@example.com", shop.list_id)  # seen, and the later of the two

    assert shop.desk.run(RunKind.EXPORT, listener=listen).status is RunStatus.COMPLETE
    shop.cycle()
    assert shop.opted_in(shopper)
    shop.quiet_cycles()


def test_who_leaves_before_the_contact_is_known_is_opted_out(by_file):
    by_file.export()
    by_file.cc.leave_list("p1@example.com", by_file.list_id)
    by_file.cc.unsubscribe("p2@example.com")
    by_file.kibo.opt_out(by_file.ids["p3@example.com"])
    by_file.later()
    by_file.cycle()
    by_file.cycle()
    for name in ("p1", "p2"):
        assert not by_file.opted_in(by_file.ids[f"{name}@example.com"])
    assert "p3@example.com" not in by_file.members()
    by_file.quiet_cycles()


# ---------------------------------------------------------------- by itself


def test_who_is_asked_to_go_on_by_itself(shop):
    assert not shop.desk.export_to_continue(), "nothing was ever begun"
    cut(shop, "Sending", 10)
    assert shop.desk.export_to_continue()
    shop.export()
    assert not shop.desk.export_to_continue()


def test_nobody_overrules_a_cancel(shop):
    stop = threading.Event()
    stop.set()
    shop.desk.run(RunKind.EXPORT, cancel=stop)
    assert not shop.desk.export_to_continue()


def test_the_quota_is_there_again_at_midnight(shop):
    body = '{"error_key":"quota_exceeded","error_message":"Limit Exceeded"}'
    shop.sandbox.faults.add(
        Fault("status", service="cc", method="POST", path="import", status=429, body=body)
    )
    first = shop.desk.run(RunKind.EXPORT)
    assert not shop.desk.export_to_continue()
    shop.later((first.waiting_until - shop.sandbox.clock.now()).total_seconds() / 60)
    assert shop.desk.export_to_continue()


def test_a_full_queue_at_the_service_is_a_wait_not_an_error(shop):
    body = '{"error_key":"too_many","error_message":"Queue full"}'
    shop.sandbox.faults.add(
        Fault("status", service="cc", method="POST", path="import", status=429, body=body)
    )
    run = shop.desk.run(RunKind.EXPORT)
    assert (run.status, run.error_count) == (RunStatus.WAITING, 0)
    shop.later(6)
    assert shop.desk.export_to_continue()
    assert shop.export().counts["added"] == PEOPLE


def test_who_left_after_a_job_that_only_landed_in_part_is_not_put_back(shop, monkeypatch):
    """Nobody ever saw them on the list; but a contact made by our import cannot be on none but by leaving."""
    monkeypatch.setattr(export_batches, "IMPORT_MAX_ROWS", 100)
    shop.cc.set_switches(activity_outcome="timed_out")
    assert shop.desk.run(RunKind.EXPORT).status is RunStatus.FAILED
    shop.cc.set_switches(activity_outcome="completed")
    landed = sorted(shop.members())
    assert 0 < len(landed) < PEOPLE
    shop.later()
    shop.cc.leave_list(landed[0], shop.list_id)
    shop.later()
    shop.export()
    assert shop.members() == set(shop.ids) - {landed[0]}
    shop.cycle()
    assert not shop.opted_in(shop.ids[landed[0]])
    shop.quiet_cycles()


def test_an_export_is_gone_on_with_however_many_jobs_have_failed(shop, monkeypatch):
    """Jobs are begun before the first of them is waited for; those that failed as well stop no second run."""
    monkeypatch.setitem(export_send._AHEAD, export_send.Action.IMPORT, 4)
    shop.cc.set_switches(activity_outcome="failed", activity_seconds=3600.0)
    assert shop.desk.run(RunKind.EXPORT).status is RunStatus.FAILED
    shop.cc.account.jobs.finish_all()
    shop.cc.set_switches(activity_outcome="completed", activity_seconds=0.0)
    assert len(shop.container.store.exports.chunks()) > 1
    shop.later()
    shop.export()
    assert shop.members() == set(shop.ids)
    shop.quiet_cycles()


def test_a_list_deleted_after_such_a_job_is_nobodys_leaving(shop, monkeypatch):
    monkeypatch.setattr(export_batches, "IMPORT_MAX_ROWS", 100)
    shop.cc.set_switches(activity_outcome="timed_out")
    shop.desk.run(RunKind.EXPORT)
    shop.cc.set_switches(activity_outcome="completed")
    shop.cc.delete_list(shop.list_id)
    shop.later()
    shop.list_name = "Second"
    shop.choose_list()
    shop.export()
    assert shop.members() == set(shop.ids)
    shop.cycle()
    assert all(shop.opted_in(number) for number in shop.ids.values())
