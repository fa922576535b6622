"""Where two acts, two accounts or a failure meet: no opt-out is lost, nobody unasked is mailed or held up."""

import json
from datetime import timedelta

import pytest

from ccdesk.core.clock import SKEW
from ccdesk.core.drift import DriftKind
from ccdesk.core.errors import ConfirmNeeded
from ccdesk.core.runs import EventStatus, Outcome, RunKind, RunStatus
from ccdesk.sandbox.constant_contact.switches import CcSwitches
from ccdesk.sandbox.wire.kernel import Fault
from ccdesk.sync.plan_inbound import UNPROVEN
from ccdesk.sync.runs import list_scan
from tests.e2e.conftest import furnish, settle
from tests.e2e.world import open_world


@pytest.fixture
def ready(world):
    return furnish(world)


# ---------------------------------------------------------------- an opt-out and a new email


@pytest.mark.parametrize("leaving", ["unsubscribe", "leave"])
@pytest.mark.parametrize("first", [RunKind.EVENTS, RunKind.INBOUND])
def test_an_opt_out_of_the_old_email_is_not_undone_by_changing_the_email(ready, leaving, first):
    if leaving == "unsubscribe":
        ready.cc.unsubscribe("ada@example.com")
    else:
        ready.cc.leave_list("ada@example.com", ready.list_id)
    ready.later()
    ready.kibo.change_email(ready.ids["ada"], "ada.new@example.com")
    ready.later()
    ready.run(first)
    settle(ready)
    assert "ada.new@example.com" not in ready.members()
    assert not ready.opted_in(ready.ids["ada"])
    ready.quiet_cycles()


def test_an_opt_out_pending_while_the_email_changes_reaches_the_account(ready):
    ready.cc.unsubscribe("ada@example.com")
    ready.later()
    ready.kibo.set_switches(refuse_put_ids={ready.ids["ada"]: 409})
    ready.run(RunKind.INBOUND)
    ready.kibo.set_switches(refuse_put_ids={})
    ready.kibo.change_email(ready.ids["ada"], "ada.new@example.com")
    ready.later()
    settle(ready)
    assert not ready.opted_in(ready.ids["ada"])
    assert "ada.new@example.com" not in ready.members()
    ready.quiet_cycles()


def test_an_opt_in_after_the_email_changed_and_the_opt_out_was_carried_counts(ready):
    ready.cc.unsubscribe("ada@example.com")
    ready.later()
    ready.kibo.change_email(ready.ids["ada"], "ada.new@example.com")
    ready.later()
    settle(ready)
    ready.kibo.opt_in(ready.ids["ada"])
    ready.later()
    settle(ready)
    assert "ada.new@example.com" in ready.members()
    ready.quiet_cycles()


def test_a_new_email_of_a_disabled_account_is_taken_up_when_it_is_enabled(ready):
    ready.kibo.deactivate(ready.ids["ada"])
    ready.kibo.change_email(ready.ids["ada"], "ada.new@example.com")
    ready.later()
    ready.cycle()
    assert "ada.new@example.com" not in ready.members()
    ready.kibo.activate(ready.ids["ada"])
    ready.later()
    ready.cycle()
    assert "ada.new@example.com" in ready.members()


# ---------------------------------------------------------------- shared emails


def test_a_second_account_does_not_put_back_somebody_who_just_left_the_list(ready):
    second = ready.kibo.add_customer("ada@example.com", True)
    ready.later()
    ready.cc.leave_list("ada@example.com", ready.list_id)
    ready.later()
    settle(ready)
    assert "ada@example.com" not in ready.members()
    assert not ready.opted_in(ready.ids["ada"])
    assert not ready.opted_in(second)
    ready.quiet_cycles()


@pytest.mark.parametrize("spelling", [" ada@example.com", "ADA@Example.com"])
def test_an_account_spelled_otherwise_keeps_the_person_on_the_list(ready, spelling):
    ready.kibo.set_switches(email_match_case=True)
    second = ready.kibo.add_customer(spelling, True)
    ready.later()
    ready.cycle()
    ready.kibo.opt_out(ready.ids["ada"])
    ready.later()
    settle(ready)
    assert "ada@example.com" in ready.members()
    assert ready.opted_in(second)
    ready.cc.unsubscribe("ada@example.com")
    ready.later()
    settle(ready)
    assert not ready.opted_in(second)
    ready.quiet_cycles()


def test_a_sign_up_elsewhere_opts_in_no_account_that_opted_out_while_another_is_in(ready):
    first = ready.kibo.add_customer("gus@example.com", False)
    ready.later()
    ready.cc.add_contact("gus@example.com", source="Contact")
    ready.later()
    second = ready.kibo.add_customer("gus@example.com", True)
    ready.later()
    settle(ready)
    assert "gus@example.com" in ready.members()
    assert not ready.opted_in(first)
    ready.kibo.opt_out(second)
    ready.later()
    settle(ready)
    assert "gus@example.com" not in ready.members()
    ready.quiet_cycles()


def test_how_the_clocks_differ_is_remembered_of_runs_that_asked_both(ready):
    """A minute passes for the services alone: to a run that asks one of them the other seems to be behind."""
    ready.later()
    ready.run(RunKind.EVENTS)
    ready.later()
    run = ready.run(RunKind.INBOUND)
    assert run.calls_kibo == 0
    assert ready.container.store.state.get(SKEW) == "0"


def test_a_sign_up_opts_in_no_account_whose_no_is_later(ready):
    first = ready.kibo.add_customer("gus@example.com", False)
    ready.later()
    ready.cc.sign_up("gus@example.com", ready.list_id)
    ready.later()
    second = ready.kibo.add_customer("gus@example.com", False)
    ready.later()
    settle(ready)
    assert ready.opted_in(first)
    assert not ready.opted_in(second)
    ready.quiet_cycles()


def test_a_new_account_after_one_that_is_gone_is_for_staff_to_add(ready):
    """Nobody has proven that it is the person who left the list after their account was deleted (§3a R1)."""
    ready.kibo.delete_customer(ready.ids["ada"])
    ready.run(RunKind.FULL_COMPARE)
    ready.cycle()
    ready.cc.leave_list("ada@example.com", ready.list_id)
    ready.later()
    ready.cycle()
    _, asked_again = ready.cycle()
    assert asked_again.calls_constant_contact <= 3, "the contact of a closed link is not asked for again"
    anew = ready.kibo.add_customer("ada@example.com", True)
    ready.later()
    ready.cycle()
    assert "ada@example.com" not in ready.members()
    assert ready.opted_in(anew)
    assert ready.desk.answer_newcomer(anew, add=True)
    ready.cycle()
    assert "ada@example.com" in ready.members()
    ready.quiet_cycles()


def test_an_account_that_is_gone_keeps_no_sign_up_from_another(ready):
    other = ready.kibo.add_customer("ada@example.com", True)
    ready.later()
    settle(ready)
    ready.kibo.delete_customer(other)
    ready.later()
    ready.cc.unsubscribe("ada@example.com")
    ready.later()
    ready.run(RunKind.FULL_COMPARE)
    settle(ready)
    assert not ready.opted_in(ready.ids["ada"])
    ready.cc.sign_up("ada@example.com", ready.list_id)
    ready.later()
    settle(ready)
    assert ready.opted_in(ready.ids["ada"])
    ready.quiet_cycles()


@pytest.mark.parametrize("no", ["another account's", "a later one"])
def test_our_own_sign_up_whose_answer_was_lost_is_nobodys_act(ready, no):
    ready.desk.save_settings({"welcome_email": "true"})
    gus = ready.kibo.add_customer("gus@example.com", False)
    if no == "another account's":
        other = ready.kibo.add_customer("GUS@example.com", False)
    ready.later()
    settle(ready)
    ready.kibo.opt_in(gus)
    ready.later()
    ready.sandbox.faults.add(Fault("drop_after", service="cc", method="POST", path="sign_up_form", times=9))
    ready.run(RunKind.EVENTS)
    ready.sandbox.faults.clear()
    assert "gus@example.com" in ready.members()
    if no == "a later one":
        ready.kibo.opt_out(gus)
        ready.later()
    ready.run(RunKind.INBOUND)
    settle(ready)
    assert ready.opted_in(gus) is (no == "another account's")
    assert ("gus@example.com" in ready.members()) is ready.opted_in(gus)
    assert no == "a later one" or not ready.opted_in(other)
    ready.quiet_cycles()


@pytest.mark.parametrize("leaving", ["unsubscribe", "leave"])
def test_an_opt_out_on_both_sides_still_reaches_the_other_account(ready, leaving):
    other = ready.kibo.add_customer("Ada@example.com", True)
    ready.later()
    if leaving == "leave":
        ready.cc.leave_list("ada@example.com", ready.list_id)
    else:
        ready.cc.unsubscribe("ada@example.com")
    ready.later()
    ready.export()
    ready.kibo.opt_out(ready.ids["ada"])
    ready.later()
    settle(ready)
    assert not ready.opted_in(other)
    assert "ada@example.com" not in ready.members()
    ready.quiet_cycles()


@pytest.mark.parametrize("change_seen_first", [True, False])
def test_a_sign_up_that_cannot_be_told_to_be_later_than_the_opt_out_is_told(ready, change_seen_first):
    gus = ready.kibo.add_customer("gus@example.com", False)
    ready.later()
    ready.cc.sign_up("gus@example.com", ready.list_id)
    ready.later()
    ready.kibo.change_name(gus, "Gus", "New")
    ready.later()
    if change_seen_first:
        ready.run(RunKind.EVENTS)
    told = [one for one in ready.entries(ready.run(RunKind.INBOUND)).values() if one.reason == UNPROVEN]
    assert [one.customer_id for one in told] == [gus]
    assert not ready.opted_in(gus)
    ready.quiet_cycles()


def test_an_account_nobody_knew_does_not_put_back_somebody_who_left_the_list_since(ready):
    ready.kibo.set_switches(email_match_case=True)
    second = ready.kibo.add_customer("ADA@EXAMPLE.COM", True)
    ready.later()
    ready.cc.leave_list("ada@example.com", ready.list_id)
    ready.later()
    ready.run(RunKind.INBOUND)
    settle(ready)
    assert "ada@example.com" not in ready.members()
    assert not ready.opted_in(second)
    ready.kibo.opt_in(second)
    ready.later()
    settle(ready)
    assert "ada@example.com" not in ready.members()
    assert [link.customer_id for link in ready.desk.newcomers()] == [second]
    ready.quiet_cycles()


def test_our_own_removal_is_not_taken_for_the_person_leaving_the_list(ready):
    second = ready.kibo.add_customer("ada@example.com", True)
    ready.later()
    ready.cycle()
    ready.kibo.deactivate(second)
    ready.later()
    ready.cycle()
    ready.kibo.opt_out(ready.ids["ada"])
    ready.later()
    settle(ready)
    assert "ada@example.com" not in ready.members()
    assert ready.opted_in(second), "nobody said no in this account"
    ready.quiet_cycles()
    ready.kibo.activate(second)
    ready.later()
    settle(ready)
    assert "ada@example.com" in ready.members()
    ready.quiet_cycles()


def test_a_disabled_account_keeps_nobody_on_the_list(ready):
    second = ready.kibo.add_customer("ada@example.com", True, active=False)
    ready.later()
    ready.cycle()
    ready.kibo.opt_out(ready.ids["ada"])
    ready.later()
    ready.cycle()
    assert "ada@example.com" not in ready.members()
    assert ready.opted_in(second), "nothing was decided about the disabled account"
    ready.quiet_cycles()


def test_one_account_kibo_refuses_does_not_keep_the_others_of_the_person_in(ready):
    second = ready.kibo.add_customer("ada@example.com", True)
    ready.later()
    ready.cycle()
    ready.kibo.set_switches(refuse_put_ids={second: 409})
    ready.cc.unsubscribe("ada@example.com")
    ready.later()
    run = ready.run(RunKind.INBOUND)
    assert not ready.opted_in(ready.ids["ada"])
    assert set(ready.entries(run, Outcome.ERROR)) == {second}
    assert ready.entries(run, Outcome.OPTED_OUT).keys() == {ready.ids["ada"]}
    assert run.error_count == 1
    settle(ready, 1)
    ready.kibo.set_switches(refuse_put_ids={})
    settle(ready, 1)
    assert not ready.opted_in(second)
    ready.quiet_cycles()


def test_an_account_gone_while_pending_is_closed_and_its_twin_opted_out(ready):
    second = ready.kibo.add_customer("ada@example.com", True)
    ready.later()
    ready.cycle()
    ready.kibo.set_switches(refuse_put_ids={ready.ids["ada"]: 409, second: 409})
    ready.cc.unsubscribe("ada@example.com")
    ready.later()
    ready.run(RunKind.INBOUND)
    ready.kibo.delete_customer(ready.ids["ada"])
    ready.kibo.set_switches(refuse_put_ids={})
    ready.run(RunKind.INBOUND)
    assert not ready.opted_in(second)
    quiet = ready.run(RunKind.INBOUND)
    assert ready.entries(quiet) == {}


def test_an_opt_out_reaches_a_customer_who_was_never_exported(ready):
    gus = ready.kibo.add_customer("gus@example.com", True, active=False)
    ready.cc.add_contact("gus@example.com", lists=[ready.list_id])
    ready.later()
    ready.cycle()
    ready.cc.unsubscribe("gus@example.com")
    ready.later()
    ready.cycle()
    assert not ready.opted_in(gus)
    ready.quiet_cycles()


def test_an_opt_out_before_any_export_comes_back(world):
    ada = world.kibo.add_customer("ada@example.com", True)
    world.choose_list()
    world.cc.add_contact("ada@example.com", lists=[world.list_id])
    world.later(60)
    world.cycle()
    world.cc.unsubscribe("ada@example.com")
    world.later()
    world.cycle()
    assert not world.opted_in(ada)
    world.quiet_cycles()


def test_an_account_opened_with_an_opt_in_after_the_opt_out_waits_for_the_confirmation(ready):
    ready.cc.unsubscribe("ada@example.com")
    ready.later(5)
    second = ready.kibo.add_customer("ada@example.com", True)
    ready.later()
    ready.run(RunKind.INBOUND)
    assert not ready.opted_in(ready.ids["ada"])
    assert ready.opted_in(second), "this opt-in is later than the opt-out"
    settle(ready)
    assert [mail["kind"] for mail in ready.cc.mails()] == ["resubscribe"]
    assert "ada@example.com" not in ready.members()
    assert ready.opted_in(second)
    ready.quiet_cycles()


def test_two_new_accounts_of_one_person_among_many_are_no_errors(ready):
    for number in range(45):
        ready.kibo.add_customer(f"new{number}@example.com", True)
    for number in range(5):
        ready.kibo.add_customer(f"NEW{number}@example.com", True)
    ready.later()
    events, _ = ready.cycle()
    assert events.error_count == 0
    assert len(ready.members()) == 48
    ready.quiet_cycles()


# ---------------------------------------------------------------- contacts that moved there


def test_an_opt_out_under_an_address_changed_there_reaches_the_customer(tmp_path):
    switches = CcSwitches(unsubscribe_empties_lists=False)
    with open_world(tmp_path, cc_switches=switches) as world:
        ready = furnish(world)
        ready.cc.edit_profile("ada@example.com", new_email="ada.home@example.com")
        ready.later()
        ready.cycle()
        ready.cc.unsubscribe("ada.home@example.com")
        ready.later()
        ready.cycle()
        assert not ready.opted_in(ready.ids["ada"])
        ready.quiet_cycles()


def test_a_full_compare_knows_a_contact_whose_address_changed_there(ready):
    ready.cc.edit_profile("ada@example.com", new_email="ada.home@example.com")
    ready.later()
    run = ready.run(RunKind.FULL_COMPARE)
    assert ready.entries(run) == {}
    ready.cc.unsubscribe("ada.home@example.com")
    ready.later()
    ready.run(RunKind.FULL_COMPARE)
    assert not ready.opted_in(ready.ids["ada"])


@pytest.mark.parametrize("how", ["leave", "unsubscribe", "shop"])
def test_an_export_forgets_no_contact_whose_address_changed_there(ready, how):
    """It finds none by the former email; a later opt-out under the new one has to reach the customer."""
    ready.cc.edit_profile("ada@example.com", new_email="ada.home@example.com")
    ready.later()
    ready.export()
    assert ready.desk.why("ada@example.com").verdict == ready.desk.why("ada@example.com", live=True).verdict
    ready.later(30)
    if how == "leave":
        ready.cc.leave_list("ada.home@example.com", ready.list_id)
    elif how == "unsubscribe":
        ready.cc.unsubscribe("ada.home@example.com")
    else:
        ready.kibo.opt_out(ready.ids["ada"])
    ready.later()
    ready.cycle()
    assert not ready.opted_in(ready.ids["ada"])
    assert "ada.home@example.com" not in ready.members()
    assert list(ready.desk.drift().people) == []
    ready.quiet_cycles()


def opts_in_anew(world, *names):
    for name in names:
        world.kibo.opt_in(world.ids[name])
    world.later()
    run = world.run(RunKind.EVENTS)
    world.cycle()
    return world.entries(run)


def test_who_unsubscribed_before_the_address_changed_there_is_asked_and_stops_nobody(ready):
    ready.cc.unsubscribe("ada@example.com")
    ready.later()
    ready.cycle()
    ready.cc.edit_profile("ada@example.com", new_email="ada.home@example.com")
    ready.later()
    opts_in_anew(ready, "ada", "dora")
    assert [(mail["kind"], mail["to"]) for mail in ready.cc.mails()] == [
        ("resubscribe", "ada.home@example.com")
    ]
    assert "dora@example.com" in ready.members()
    assert [one.kind for one in ready.desk.drift().people] == [DriftKind.CONFIRMING]
    ready.cc.click_resubscribe("ada.home@example.com")
    ready.later()
    ready.cycle()
    ready.run(RunKind.FULL_COMPARE)
    assert list(ready.desk.drift().people) == []
    ready.quiet_cycles()


def test_who_came_back_under_another_address_cannot_be_asked_and_stops_nobody(ready):
    ready.cc.unsubscribe("ada@example.com")
    ready.later()
    ready.cycle()
    ready.cc.edit_profile("ada@example.com", new_email="ada.home@example.com")
    ready.cc.sign_up("ada.home@example.com", ready.list_id)
    ready.later()
    told = opts_in_anew(ready, "ada", "dora")
    assert "none that could be asked" in told[ready.ids["ada"]].reason
    assert ready.cc.mails() == []
    assert {"ada.home@example.com", "dora@example.com"} <= ready.members()
    ready.run(RunKind.FULL_COMPARE)
    assert ready.desk.why("ada@example.com").verdict.in_step


@pytest.mark.parametrize("times", [1, 2])
def test_who_opts_in_anew_after_the_address_changed_there_is_added_and_called_deleted_by_nobody(ready, times):
    ready.cc.edit_profile("ada@example.com", new_email="ada.home@example.com")
    ready.later()
    for _ in range(times):
        ready.kibo.opt_out(ready.ids["ada"])
        ready.later()
        ready.cycle()
        assert ready.members() == {"bob@example.com", "cyd@example.com"}
        opts_in_anew(ready, "ada")
        assert ready.members() == {"ada@example.com", "bob@example.com", "cyd@example.com"}
    assert list(ready.desk.drift().people) == []
    ready.quiet_cycles()


def test_a_contact_made_anew_by_somebody_else_is_not_taken_for_ours(ready):
    ready.cc.edit_profile("ada@example.com", new_email="ada.home@example.com")
    ready.cc.add_contact("ada@example.com", lists=[ready.list_id], first_name="Form", last_name="Filled")
    ready.later()
    ready.cycle()
    before = ready.cc.fingerprint("ada@example.com")
    ready.kibo.change_name(ready.ids["ada"], "Ada", "Lovelace")
    ready.later()
    ready.export()
    assert ready.cc.fingerprint("ada@example.com") == before
    ready.kibo.opt_out(ready.ids["ada"])
    ready.later()
    ready.cycle()
    assert "ada@example.com" not in ready.members()


def test_an_opt_out_reaches_both_the_moved_contact_and_the_one_made_anew(ready):
    ready.cc.edit_profile("ada@example.com", new_email="ada.home@example.com")
    ready.cc.add_contact("ada@example.com", lists=[ready.list_id])
    ready.kibo.opt_out(ready.ids["ada"])
    ready.later()
    ready.cycle()
    assert ready.members() == {"bob@example.com", "cyd@example.com"}


@pytest.mark.parametrize("cut", [False, True])
def test_many_opt_outs_reach_a_contact_whose_address_changed_there(ready, cut):
    for number in range(200):
        ready.kibo.add_customer(f"p{number}@example.com", True)
    ready.later()
    ready.export()
    leaving = [ready.ids["dora"] + 1 + number for number in range(41)]
    first = ready.kibo.customer(leaving[0])["emailAddress"]
    ready.cc.edit_profile(first, new_email="moved@example.com")
    for customer in leaving:
        ready.kibo.opt_out(customer)
    ready.later()
    if cut:
        ready.sandbox.faults.add(Fault("drop_before", service="cc", path="remove_list", times=9))
        assert ready.desk.run(RunKind.EVENTS, confirmed=True).status is RunStatus.FAILED
        ready.sandbox.faults.clear()
        ready.later()
    ready.run(RunKind.EVENTS, confirmed=True)
    assert "moved@example.com" not in ready.members()
    assert len(ready.members()) == 203 - 41


@pytest.mark.parametrize("how", ["leave", "unsubscribe"])
def test_an_opt_out_among_many_is_seen_of_a_contact_whose_address_changed_there(ready, monkeypatch, how):
    """One scan instead of many calls finds no contact by the former email: that is no deletion."""
    monkeypatch.setattr(list_scan, "_FEW_LOOKUPS", 1)
    ready.cc.edit_profile("ada@example.com", new_email="moved@example.com")
    if how == "leave":
        ready.cc.leave_list("moved@example.com", ready.list_id)
    else:
        ready.cc.unsubscribe("moved@example.com")
    for name in ("bob", "cyd"):
        ready.cc.leave_list(f"{name}@example.com", ready.list_id)
    ready.later()
    ready.cycle()
    assert not any(ready.opted_in(ready.ids[name]) for name in ("ada", "bob", "cyd"))
    ready.quiet_cycles()


def test_a_contact_signed_up_elsewhere_after_a_broken_export_keeps_its_fields(world):
    ada = world.kibo.add_customer("ada@example.com", True, first_name="Ada", last_name="Reyes")
    world.choose_list()
    world.later()
    world.sandbox.faults.add(Fault("drop_before", service="cc", method="POST", path="import", times=2))
    assert world.desk.run(RunKind.EXPORT).status is RunStatus.FAILED
    world.later(5)
    other = world.cc.add_list("Other")
    world.cc.sign_up("ada@example.com", other)
    world.cc.edit_profile("ada@example.com", first_name="Web", last_name="Form")
    world.later()
    run = world.export()
    assert world.entries(run)[ada].outcome is Outcome.ADDED
    assert world.cc.contact("ada@example.com")["first_name"] == "Web"
    assert "ada@example.com" in world.members()


# ---------------------------------------------------------------- welcome mail


def test_a_daily_compare_before_any_export_welcomes_nobody(world):
    for number in range(30):
        world.kibo.add_customer(f"p{number}@example.com", True)
    world.later(60)
    world.choose_list(welcome_email="true")
    world.cycle()
    world.run(RunKind.FULL_COMPARE)
    world.cycle()
    assert world.cc.mails() == []
    assert world.members() == set()


def test_an_old_opt_in_that_changes_its_name_before_any_export_is_added_without_welcome(world):
    ada = world.kibo.add_customer("ada@example.com", True)
    bob = world.kibo.add_customer("bob@example.com", False)
    world.later(60)
    world.choose_list(welcome_email="true")
    world.cycle()
    world.kibo.change_name(ada, "Ada", "Lovelace")
    world.kibo.opt_in(bob)
    world.kibo.add_customer("cyd@example.com", True)
    world.later()
    world.cycle()
    assert sorted(mail["to"] for mail in world.cc.mails()) == ["bob@example.com", "cyd@example.com"]
    assert world.members() == {"ada@example.com", "bob@example.com", "cyd@example.com"}


def test_a_row_lost_by_the_export_is_made_good_without_a_welcome_mail(tmp_path):
    switches = CcSwitches()
    switches.turn(import_loses_every=2)
    with open_world(tmp_path, cc_switches=switches) as world:
        for number in range(4):
            world.kibo.add_customer(f"p{number}@example.com", True)
        world.later()
        world.choose_list(welcome_email="true")
        assert world.export().error_count == 2
        switches.turn(import_loses_every=0)
        world.cycle()
        world.run(RunKind.FULL_COMPARE)
        world.cycle()
        assert len(world.members()) == 4
        assert world.cc.mails() == []
        world.quiet_cycles()


# ---------------------------------------------------------------- what the first export passed over


@pytest.mark.parametrize("why", ["inactive", "guest"])
def test_an_opt_in_the_first_export_passed_over_is_not_newer_than_an_older_opt_out(world, why):
    gus = world.kibo.add_customer(
        "gus@example.com", True, active=why != "inactive", anonymous=why == "guest",
        created_at=world.sandbox.clock.now() - timedelta(days=900),
    )  # fmt: skip
    world.kibo.switches.turn(audit_log=False)
    world.cc.add_contact("gus@example.com")
    world.cc.unsubscribe("gus@example.com")
    world.later()
    world.kibo.add_customer("ada@example.com", True)
    world.later()
    world.choose_list(export_guests="false")
    world.export()
    world.run(RunKind.EVENTS)
    world.desk.save_settings({"export_guests": "true"})
    world.kibo.activate(gus)
    world.later()
    world.run(RunKind.EVENTS)
    assert world.cc.mails() == []
    settle(world)
    assert not world.opted_in(gus)
    world.quiet_cycles()


def test_guests_are_not_put_on_the_list_by_events_where_they_are_not_exported(ready):
    ready.desk.save_settings({"export_guests": "false"})
    guest = ready.kibo.add_customer("gus@example.com", True, anonymous=True)
    ready.later()
    events, _ = ready.cycle()
    assert "gus@example.com" not in ready.members()
    assert "guest" in ready.entries(events)[guest].reason
    ready.quiet_cycles()


def test_a_changed_email_whose_adding_failed_is_added_later(ready):
    ready.kibo.change_email(ready.ids["ada"], "new@example.com")
    ready.cc.add_contact("new@example.com", lists=[ready.cc.add_list("Other")])
    ready.later()
    ready.cc.set_switches(activity_outcome="failed")
    ready.desk.run(RunKind.EVENTS)
    assert "new@example.com" not in ready.members()
    ready.cc.set_switches(activity_outcome="completed")
    settle(ready)
    assert "new@example.com" in ready.members()
    ready.quiet_cycles()


def test_leaving_is_known_by_an_account_that_is_not_opted_in_any_more(world):
    """The other account of the person was there before ccdesk, and the first export finds it opted in."""
    first = world.kibo.add_customer("ada@example.com", True)
    world.later(30)
    world.choose_list()
    world.run(RunKind.EVENTS)
    second = world.kibo.add_customer("ada@example.com", True)
    world.later()
    world.run(RunKind.EVENTS)
    assert world.members() == {"ada@example.com"}
    world.kibo.opt_out(second)
    world.cc.leave_list("ada@example.com", world.list_id)
    world.later()
    world.export()
    assert world.members() == set()
    settle(world)
    assert not world.opted_in(first)
    world.quiet_cycles()


def test_a_sign_up_from_before_the_first_export_opts_nobody_in(world):
    """The person is on the list because another account of theirs is opted in (design R4: a baseline)."""
    first = world.kibo.add_customer("ada@example.com", True)
    second = world.kibo.add_customer("ada@example.com", False)
    world.later()
    world.cc.add_contact("ada@example.com", lists=[], permission="explicit", source="Contact")
    world.later()
    world.choose_list()
    world.export()
    world.run(RunKind.EVENTS)  # within the overlap: the second account gets its link
    world.kibo.change_email(first, "other@example.com")
    settle(world)
    assert not world.opted_in(second)
    world.quiet_cycles()


@pytest.mark.parametrize("shared", [True, False])
@pytest.mark.parametrize("again", [RunKind.EVENTS, RunKind.EXPORT])
def test_the_opt_out_of_a_guest_with_a_new_email_is_carried_though_guests_are_not_exported(
    world, again, shared
):
    gus = world.kibo.add_customer("gus@example.com", True, anonymous=True)
    if shared:
        world.kibo.add_customer("gus@example.com", True)
    world.later()
    world.choose_list(export_guests="false")
    world.export()
    if shared:
        world.run(RunKind.INBOUND)
    world.kibo.change_email(gus, "new@example.com")
    world.later()
    world.run(again)
    world.cc.add_contact("new@example.com", lists=[])
    world.later()
    world.cc.unsubscribe("new@example.com")
    settle(world)
    assert not world.opted_in(gus)
    world.quiet_cycles()


@pytest.mark.parametrize(
    "date", ["2050-01-01T00:00:00.000Z", "9999-12-31T23:59:59.999Z", "0001-01-01T00:00:00"]
)
@pytest.mark.parametrize("first", [True, False])
def test_an_impossible_update_date_hides_no_later_change(world, date, first):
    ada = world.kibo.add_customer("ada@example.com", True)
    world.later()
    world.choose_list()
    if not first:
        world.export()
        world.cycle()
    page = world.kibo.customer(ada)
    page["auditInfo"]["updateDate"] = date
    body = json.dumps({"startIndex": 0, "pageSize": 200, "pageCount": 1, "totalCount": 1, "items": [page]})
    fault = Fault("garbage", service="kibo", method="GET", path="/accounts$", body=body, times=2)
    world.sandbox.faults.add(fault)
    world.desk.run(RunKind.EVENTS)
    world.sandbox.faults.clear()
    world.later(31)
    bob = world.kibo.add_customer("bob@example.com", True)
    world.later()
    world.cycle()
    assert "bob@example.com" in world.members()
    world.kibo.opt_out(bob)
    world.later(31)
    world.cycle()
    assert "bob@example.com" not in world.members()


# ---------------------------------------------------------------- the guard


def test_the_guard_counts_the_whole_run_before_anybody_is_taken_off(world):
    count = 1300
    for number in range(count):
        world.kibo.add_customer(f"p{number}@example.com", True)
    world.later()
    world.choose_list()
    world.export()
    for customer in range(1001, 1001 + 300):
        world.kibo.opt_out(customer)
    world.later()
    world.kibo.add_customer("new@example.com", True)
    world.later()
    mark = world.sandbox.log.mark()
    for _ in range(2):
        with pytest.raises(ConfirmNeeded):
            world.desk.run(RunKind.EVENTS)
    assert not any("remove_list" in one.path for one in world.sandbox.log.writes(since=mark))
    assert len(world.members()) == count + 1, "who is not held goes through"
    run = world.run(RunKind.EVENTS, confirmed=True)
    assert run.counts["removed"] == 300
    assert len(world.members()) == count - 299


# ---------------------------------------------------------------- one person's trouble


@pytest.mark.parametrize("status", [400, 403, 404, 409, 500])
def test_one_customer_kibo_cannot_read_holds_nobody_up(ready, status):
    ready.kibo.opt_out(ready.ids["ada"])
    ready.later()
    ready.desk.look_for_events()
    ready.later(120)
    ready.desk.look_for_events()
    ready.kibo.opt_in(ready.ids["dora"])
    ready.later()
    body = '{"errorCode": "ITEM_NOT_FOUND", "message": "no"}' if status == 404 else ""
    ready.sandbox.faults.add(
        Fault(
            "status", service="kibo", path=f"/accounts/{ready.ids['ada']}$", status=status, times=9, body=body
        )
    )
    run = ready.run(RunKind.EVENTS)
    assert "dora@example.com" in ready.members()
    if status == 404:
        return
    assert set(ready.entries(run, Outcome.ERROR)) == {ready.ids["ada"]}
    (left,) = ready.desk.events()
    ready.sandbox.faults.clear()
    ready.desk.retry_event(left.event_id)
    ready.run(RunKind.EVENTS)
    assert "ada@example.com" not in ready.members()
    assert ready.desk.events() == []


@pytest.mark.parametrize("status", [400, 403, 409, 500])
def test_one_contact_the_mailing_service_cannot_make_holds_nobody_up(ready, status):
    first = ready.kibo.add_customer("first@example.com", True)
    ready.later()
    ready.kibo.add_customer("second@example.com", True)
    ready.later()
    body = '[{"error_key":"contacts.api.validation.error","error_message":"no"}]'
    ready.sandbox.faults.add(
        Fault("status", service="cc", method="POST", path="/contacts$", status=status, body=body)
    )
    run = ready.run(RunKind.EVENTS)
    assert set(ready.entries(run, Outcome.ERROR)) == {first}
    assert "second@example.com" in ready.members()
    (left,) = ready.desk.events()
    assert left.status is (EventStatus.PARKED if status == 400 else EventStatus.RETRY)
    ready.desk.retry_event(left.event_id)
    ready.run(RunKind.EVENTS)
    assert "first@example.com" in ready.members()
    assert ready.desk.events() == []
    ready.quiet_cycles()


@pytest.mark.parametrize("status", [403, 500])
def test_one_account_kibo_cannot_write_holds_up_nobody_elses_opt_out(ready, status):
    for name in ("ada", "bob", "cyd"):
        ready.cc.unsubscribe(f"{name}@example.com")
    ready.later()
    ready.sandbox.faults.add(
        Fault("status", service="kibo", method="PUT", path=f"/accounts/{ready.ids['ada']}$", status=status,
              times=50)
    )  # fmt: skip
    run = ready.run(RunKind.INBOUND)
    assert set(ready.entries(run, Outcome.ERROR)) == {ready.ids["ada"]}
    assert not ready.opted_in(ready.ids["bob"])
    assert not ready.opted_in(ready.ids["cyd"])
    ready.sandbox.faults.clear()
    ready.run(RunKind.INBOUND)
    assert not ready.opted_in(ready.ids["ada"])
    ready.quiet_cycles()


def test_what_is_pending_is_carried_although_constant_contact_is_down(ready):
    ready.cc.unsubscribe("ada@example.com")
    ready.later()
    ready.sandbox.faults.add(Fault("status", service="kibo", method="PUT", status=409))
    ready.run(RunKind.INBOUND)
    ready.sandbox.faults.add(Fault("status", service="cc", status=503, times=500))
    assert ready.desk.run(RunKind.INBOUND).status is RunStatus.FAILED
    assert not ready.opted_in(ready.ids["ada"])


def test_a_service_that_is_down_ends_the_run_and_loses_nobody(ready):
    for name in ("ada", "bob", "cyd"):
        ready.cc.unsubscribe(f"{name}@example.com")
    for number in range(6):
        ready.kibo.add_customer(f"p{number}@example.com", True)
    ready.later()
    ready.sandbox.faults.add(Fault("status", service="kibo", method="PUT", status=503, times=500))
    assert ready.desk.run(RunKind.INBOUND).status is RunStatus.FAILED
    ready.sandbox.faults.clear()
    ready.sandbox.faults.add(Fault("status", service="cc", status=503, times=500))
    assert ready.desk.run(RunKind.EVENTS).status is RunStatus.FAILED
    ready.sandbox.faults.clear()
    ready.later(60)
    settle(ready)
    assert not ready.opted_in(ready.ids["ada"])
    assert len(ready.members()) == 6
    ready.quiet_cycles()


def test_trying_a_bad_email_again_without_correcting_it_keeps_it_parked(ready):
    bad = ready.kibo.add_customer("bad@", True)
    ready.later()
    ready.cycle()
    (parked,) = ready.desk.events()
    ready.desk.retry_event(parked.event_id)
    run = ready.run(RunKind.EVENTS)
    assert ready.entries(run)[bad].outcome is Outcome.ERROR
    (still,) = ready.desk.events()
    assert still.status is EventStatus.PARKED
    ready.kibo.change_email(bad, "good@example.com")
    ready.later()
    ready.cycle()
    assert ready.desk.events() == []
    assert "good@example.com" in ready.members()


# ---------------------------------------------------------------- opt-ins that must not be lost


def test_a_sign_up_between_a_poll_and_an_export_comes_back(ready):
    ready.cc.sign_up("dora@example.com", ready.list_id)
    ready.later(5)
    ready.kibo.change_name(ready.ids["ada"], "Ada", "Lovelace")
    ready.later()
    ready.export()
    ready.later(20)
    ready.cycle()
    assert ready.opted_in(ready.ids["dora"])
    ready.quiet_cycles()


def test_a_person_on_hold_gets_on_the_list_once_the_hold_ends(ready):
    ready.cc.add_contact("eve@example.com", permission="temp_hold")
    eve = ready.kibo.add_customer("eve@example.com", True)
    ready.later()
    events, _ = ready.cycle()
    assert "waiting" in ready.entries(events)[eve].reason
    ready.cc.set_permission("eve@example.com", "implicit")
    ready.later()
    ready.run(RunKind.FULL_COMPARE)
    ready.cycle()
    assert "eve@example.com" in ready.members()
    ready.quiet_cycles()


def test_a_restart_while_asking_for_the_confirmation_keeps_waiting_for_it(ready, monkeypatch):
    ready.cc.unsubscribe("ada@example.com")
    ready.later()
    ready.cycle()
    ready.kibo.opt_in(ready.ids["ada"])
    ready.later()

    def power_cut(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("ccdesk.store.queue.SqliteQueue.save", power_cut)
        with pytest.raises(KeyboardInterrupt):
            ready.desk.run(RunKind.EVENTS)
    ready.reopen()
    ready.later()
    settle(ready)
    assert len(ready.cc.mails("resubscribe")) == 1
    assert ready.opted_in(ready.ids["ada"])
    ready.cc.click_resubscribe("ada@example.com")
    ready.later()
    ready.cycle()
    assert "ada@example.com" in ready.members()
    ready.quiet_cycles()


def test_an_export_before_the_event_of_a_changed_email_opts_nobody_out(world):
    ada = world.kibo.add_customer("ada@example.com", True)
    world.later()
    world.choose_list()
    world.export()
    world.cycle()
    world.cc.add_contact("new@example.com", lists=[world.cc.add_list("Other")])
    world.kibo.change_email(ada, "new@example.com")
    world.later()
    run = world.export()
    assert "email changed" in world.entries(run)[ada].reason
    world.cycle()
    world.cycle()
    assert world.opted_in(ada)
    assert "new@example.com" in world.members()
    world.quiet_cycles()


def test_two_people_whose_addresses_only_look_alike_stay_two(world):
    """Their domains, and they, are different ones: what the one says is not what the other says (R1)."""
    first = world.kibo.add_customer("info@straße.example", True)
    world.kibo.add_customer("info@strasse.example", True)
    world.later()
    world.choose_list()
    world.export()
    assert world.members() == {"info@xn--strae-oqa.example", "info@strasse.example"}
    world.kibo.opt_out(first)
    world.later()
    world.cycle()
    assert world.members() == {"info@strasse.example"}
    world.cc.unsubscribe("info@strasse.example")
    world.kibo.opt_in(first)
    world.later()
    world.cycle()
    world.quiet_cycles()
    assert world.members() == {"info@xn--strae-oqa.example"}


@pytest.mark.parametrize("first", [RunKind.INBOUND, RunKind.EXPORT, RunKind.EVENTS, RunKind.FULL_COMPARE])
@pytest.mark.parametrize("back", ["by others", "by own act"])
def test_an_opt_out_that_is_pending_outlives_others_putting_the_person_back(ready, first, back):
    """Any import of a file to the list puts leavers back (§14); only an act of their own takes a no back."""
    ada = ready.ids["ada"]
    ready.cc.leave_list("ada@example.com", ready.list_id)
    ready.later()
    ready.sandbox.faults.add(Fault("status", service="kibo", method="PUT", status=503, times=99))
    ready.desk.run(RunKind.INBOUND)
    ready.sandbox.faults.clear()
    assert ready.opted_in(ada), "Kibo has not been told yet"
    if back == "by others":
        ready.cc.staff_add_to_list("ada@example.com", ready.list_id)
    else:
        ready.cc.sign_up("ada@example.com", ready.list_id)
    ready.later()
    ready.run(first)
    settle(ready)
    assert ready.opted_in(ada) is (back == "by own act")
    ready.quiet_cycles()


@pytest.mark.parametrize("welcome", ["true", "false"])
def test_who_left_before_we_knew_that_they_were_added_is_not_added_again(ready, welcome):
    """The answer to the one call was lost, and they left before the list was looked at."""
    ready.desk.save_settings({"welcome_email": welcome})
    gus = ready.kibo.add_customer("gus@example.com", False, first_name="Gus")
    ready.later()
    settle(ready)
    ready.kibo.opt_in(gus)
    ready.later()
    ready.sandbox.faults.add(Fault("drop_after", service="cc", method="POST", path="/contacts", times=9))
    ready.run(RunKind.EVENTS)
    ready.sandbox.faults.clear()
    assert "gus@example.com" in ready.members()
    ready.cc.leave_list("gus@example.com", ready.list_id)
    settle(ready, 6)
    assert "gus@example.com" not in ready.members()
    assert not ready.opted_in(gus)
    ready.quiet_cycles()
