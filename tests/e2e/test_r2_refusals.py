"""One person the service refuses stops nobody else, and is placed with email and list alone if that helps.

Design §3a R2; constant-contact.md §22 on §9, §11, §12.
"""

import threading

import pytest

from ccdesk.core.errors import ExitCode
from ccdesk.core.runs import Outcome, RunKind, RunStatus
from ccdesk.sandbox.constant_contact.jobs import JobQueue
from ccdesk.sync.runs import export_batches, export_send
from tests.e2e.refusals import LONG, PEOPLE, calls, check_placed_plainly, halvings


@pytest.fixture
def shop(world):
    """121 customers; the 77th is called "T.J."."""
    world.ids = [
        world.kibo.add_customer(f"p{n}@example.com", True, first_name="T.J." if n == 77 else f"Name{n}")
        for n in range(PEOPLE)
    ]
    world.odd = world.ids[77]
    world.later()
    world.choose_list()
    return world


def everybody(count=PEOPLE):
    return {f"p{n}@example.com" for n in range(count)}


def test_control_characters_are_dropped_before_sending(shop):
    shop.cc.set_switches(refused_text=r"[\x00-\x1f\x7f-\x9f]|[\ud800-\udfff]", import_refused_text="request")
    ann = shop.kibo.add_customer("ann@example.com", True, first_name="An\x00n\x07", last_name="O\x85Neil\x9b")
    shop.later()
    run = shop.export()
    assert run.counts["added"] == PEOPLE + 1
    assert len(calls(shop, "contacts_json_import")) == 1
    assert shop.cc.contact("ann@example.com")["first_name"] == "Ann"
    assert shop.entries(run)[ann].reason == "new contact"


@pytest.mark.parametrize("spoils", ["request", "job"])
def test_one_row_that_spoils_an_import_is_found_and_sent_plainly(shop, spoils):
    shop.cc.set_switches(refused_text=r"T\.J\.", import_refused_text=spoils)
    run = shop.export()
    assert shop.members() == everybody()
    assert (run.counts["added"], run.error_count, run.total_contacts) == (PEOPLE, 0, PEOPLE)
    check_placed_plainly(shop, run, shop.odd)
    others = {one.reason for one in shop.entries(run).values() if one.customer_id != shop.odd}
    assert others == {"new contact"}
    assert len(calls(shop, "contacts_json_import")) <= halvings()
    mark = shop.sandbox.log.mark()
    again = shop.export()
    assert again.counts["unchanged"] == PEOPLE
    assert shop.sandbox.log.writes(since=mark) == []
    shop.quiet_cycles()


@pytest.mark.parametrize("spoils", ["request", "job"])
def test_somebody_refused_even_so_is_named_and_the_others_are_placed(shop, spoils):
    shop.cc.set_switches(refused_text=r"^p77@example\.com$", import_refused_text=spoils)
    run = shop.desk.run(RunKind.EXPORT)
    assert run.status is RunStatus.COMPLETE, run.message
    assert shop.members() == everybody() - {"p77@example.com"}
    error = shop.entries(run, Outcome.ERROR)[shop.odd]
    assert error.code == "refused"
    assert (run.counts["added"], run.error_count, run.total_contacts) == (PEOPLE - 1, 1, PEOPLE)
    shop.cc.set_switches(refused_text="")
    shop.later()
    shop.export()
    assert shop.members() == everybody()


def test_several_refused_people_far_apart_are_all_found(shop):
    for n in (0, 1, 60, 120):
        shop.kibo.change_name(shop.ids[n], "A.B.", "Smith")
    shop.cc.set_switches(refused_text=r"A\.B\.|T\.J\.", import_refused_text="request")
    shop.later()
    run = shop.export()
    assert shop.members() == everybody()
    for n in (0, 1, 60, 77, 120):
        check_placed_plainly(shop, run, shop.ids[n])
    assert len(calls(shop, "contacts_json_import")) <= 5 * halvings()


@pytest.mark.parametrize("spoils", ["request", "job"])
def test_an_add_job_spoiled_by_a_contact_on_50_lists_names_that_one(shop, spoils):
    other = shop.cc.add_list("Other")
    for n in range(10):
        shop.cc.add_contact(f"p{n}@example.com", lists=[other])
    fifty = [other, *(shop.cc.add_list(f"List {n}") for n in range(49))]
    for one in fifty[1:]:
        shop.cc.staff_add_to_list("p4@example.com", one)
    shop.cc.set_switches(full_contacts_spoil_jobs=True, list_job_refusal=spoils)
    shop.later()
    run = shop.export()
    assert shop.members() == everybody() - {"p4@example.com"}
    assert list(shop.entries(run, Outcome.ERROR)) == [shop.ids[4]]
    assert (run.counts["added"], run.total_contacts) == (PEOPLE - 1, PEOPLE)
    assert len(calls(shop, "add_list_memberships")) <= halvings(10)
    shop.cycle()
    assert shop.opted_in(shop.ids[4]), "whom we could not add has not left the list"


@pytest.mark.parametrize("spoils", ["request", "job"])
def test_a_service_that_takes_nobody_ends_the_run_soon_and_names_nobody(shop, spoils):
    shop.cc.set_switches(refused_text=r"@example", import_refused_text=spoils)
    run = shop.desk.run(RunKind.EXPORT)
    assert run.status is RunStatus.FAILED
    assert run.failure.exit_code is ExitCode.SERVICE
    assert run.error_count == 0
    assert len(calls(shop, "contacts_json_import")) <= halvings() + 6
    shop.cc.set_switches(refused_text="")
    shop.later()
    second = shop.export()
    assert shop.members() == everybody()
    assert second.error_count == 0
    shop.quiet_cycles()


@pytest.mark.parametrize("after", [1, 3, 6, 9])
@pytest.mark.parametrize("spoils", ["request", "job"])
def test_an_export_cut_short_while_it_splits_goes_on_and_finds_the_one(shop, monkeypatch, spoils, after):
    monkeypatch.setattr(export_batches, "IMPORT_MAX_ROWS", 50)
    monkeypatch.setattr("ccdesk.sync.runs.export_session._READ_QUICKLY", 0)
    shop.cc.set_switches(refused_text=r"T\.J\.", import_refused_text=spoils)
    stop, made = threading.Event(), []
    real = export_send.Sender._begin

    def begin(sender, batch):
        made.append(batch)
        if len(made) > after:
            stop.set()
        real(sender, batch)

    monkeypatch.setattr(export_send.Sender, "_begin", begin)
    assert shop.desk.run(RunKind.EXPORT, cancel=stop).status is RunStatus.CANCELLED
    monkeypatch.setattr(export_send.Sender, "_begin", real)
    shop.later()
    shop.reopen()
    mark = shop.sandbox.log.mark()
    run = shop.export()
    assert shop.members() == everybody()
    assert (run.counts["added"], run.total_contacts) == (PEOPLE, PEOPLE)
    check_placed_plainly(shop, run, shop.odd)
    assert len(calls(shop, "contacts_json_import", since=mark)) <= halvings() + 3


def test_who_leaves_after_a_job_that_failed_halfway_is_not_put_back_by_its_second_try(shop, monkeypatch):
    """The first half of the rows had landed; the one who leaves is among them."""
    shop.cc.set_switches(refused_text=r"T\.J\.", import_refused_text="job")
    real, gone = JobQueue._finish, []

    def finish(queue, job):
        real(queue, job)
        if job.state == "failed" and not gone and "p3@example.com" in shop.members():
            gone.append(job)
            shop.later()
            shop.cc.leave_list("p3@example.com", shop.list_id)

    monkeypatch.setattr(JobQueue, "_finish", finish)
    shop.export()
    assert gone
    assert shop.members() == everybody() - {"p3@example.com"}
    shop.cycle()
    assert not shop.opted_in(shop.ids[3])


def test_a_long_email_with_a_refused_name_is_created_plainly(shop):
    long = shop.kibo.add_customer(LONG, True, first_name="T.J.")
    shop.cc.set_switches(refused_text=r"T\.J\.")
    shop.later()
    run = shop.export()
    assert LONG in shop.members()
    check_placed_plainly(shop, run, long)


def test_a_refused_change_of_a_long_email_is_not_told_as_an_update(shop):
    long = shop.kibo.add_customer(LONG, True, first_name="Tom")
    shop.later()
    shop.export()
    shop.cc.set_switches(refused_text=r"T\.J\.")
    shop.kibo.change_name(long, "T.J.", "Hooker")
    shop.later()
    run = shop.export()
    found = shop.entries(run)[long]
    assert found.outcome is Outcome.UNCHANGED
    assert "refused" in found.reason
    assert shop.cc.contact(LONG)["first_name"] == "Tom"
    mark = shop.sandbox.log.mark()
    shop.export()
    assert calls(shop, "/contacts/", since=mark) == []


@pytest.mark.parametrize("spoils", ["request", "job"])
def test_a_refused_change_of_one_who_is_on_the_list_is_not_told_as_an_update(shop, spoils):
    shop.export()
    shop.cc.set_switches(refused_text=r"A\.B\.", import_refused_text=spoils)
    shop.kibo.change_name(shop.ids[3], "A.B.", "Smith")
    shop.kibo.change_name(shop.ids[4], "Bert", "Smith")
    shop.later()
    run = shop.export()
    found = shop.entries(run)
    assert (found[shop.ids[3]].outcome, found[shop.ids[4]].outcome) == (Outcome.UNCHANGED, Outcome.UPDATED)
    assert "refused" in found[shop.ids[3]].reason
    mark = shop.sandbox.log.mark()
    shop.export()
    assert shop.sandbox.log.writes(since=mark) == []
