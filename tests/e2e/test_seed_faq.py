"""Each change of the document's FAQ, tried through the sandbox."""

import json

import pytest

from ccdesk.core.runs import Outcome, RunKind
from ccdesk.sandbox.constant_contact.switches import CcSwitches
from tests.e2e.world import open_world


@pytest.fixture
def ready(world):
    """Ada, Bob and Cyd exported; Dora has an account and opted out."""
    world.ids = {
        "ada": world.kibo.add_customer("ada@example.com", True, first_name="Ada"),
        "bob": world.kibo.add_customer("bob@example.com", True, first_name="Bob"),
        "cyd": world.kibo.add_customer("cyd@example.com", True, first_name="Cyd"),
        "dora": world.kibo.add_customer("dora@example.com", False, first_name="Dora"),
    }
    world.later()
    world.choose_list()
    world.export()
    world.cycle()
    world.quiet_cycles(1)
    return world


def survives(world, customer_id, act):
    """Do something and assert that every other field of the account survived it."""
    before = world.kibo.fingerprint(customer_id)
    act()
    assert world.kibo.fingerprint(customer_id) == before


def test_opting_in_puts_the_person_on_the_list_without_mail(ready):
    ready.kibo.opt_in(ready.ids["dora"])
    ready.later()
    events, _ = ready.cycle()
    assert ready.entries(events)[ready.ids["dora"]].outcome is Outcome.ADDED
    assert "dora@example.com" in ready.members()
    assert ready.cc.mails() == []
    ready.quiet_cycles()


def test_opting_in_sends_the_welcome_mail_when_asked_to(ready):
    ready.choose_list(welcome_email="true")
    ready.kibo.opt_in(ready.ids["dora"])
    ready.later()
    ready.cycle()
    assert [(mail["kind"], mail["to"]) for mail in ready.cc.mails()] == [("welcome", "dora@example.com")]
    assert "dora@example.com" in ready.members()
    ready.quiet_cycles()
    assert len(ready.cc.mails()) == 1


def test_a_new_customer_who_opts_in_is_added(ready):
    ready.kibo.add_customer("eve@example.com", True, first_name="Eve")
    ready.later()
    ready.cycle()
    assert "eve@example.com" in ready.members()
    ready.quiet_cycles()


def test_the_events_name_a_new_customer_before_a_run_has_acted_on_them(ready):
    new = ready.kibo.add_customer("Gus@Example.com", False)
    ready.later()
    ready.desk.look_for_events()
    assert {one.object_id: one.email for one in ready.desk.events()}[new] == "Gus@Example.com"


def test_opting_out_takes_the_person_off_this_list_only(ready):
    other = ready.cc.add_list("Other")
    ready.cc.join_list("ada@example.com", other)
    ready.kibo.opt_out(ready.ids["ada"])
    ready.later()
    events, _ = ready.cycle()
    assert events.counts["removed"] == 1
    assert "ada@example.com" not in ready.members()
    contact = ready.cc.contact("ada@example.com")
    assert contact["list_memberships"] == [other]
    assert contact["email_address"]["permission_to_send"] == "implicit"
    ready.quiet_cycles()


def test_a_shared_email_stays_while_one_account_wants_mail(ready):
    second = ready.kibo.add_customer("ADA@example.com", True)
    ready.later()
    ready.cycle()
    ready.kibo.opt_out(ready.ids["ada"])
    ready.later()
    ready.cycle()
    assert "ada@example.com" in ready.members()
    ready.kibo.opt_out(second)
    ready.later()
    ready.cycle()
    assert "ada@example.com" not in ready.members()
    ready.quiet_cycles()


def test_a_changed_email_is_a_new_entry_and_the_old_one_is_left_alone(ready):
    ready.choose_list(welcome_email="true")
    old = ready.cc.fingerprint("ada@example.com")
    ready.kibo.change_email(ready.ids["ada"], "ada.new@example.com")
    ready.later()
    ready.cycle()
    assert {"ada@example.com", "ada.new@example.com"} <= ready.members()
    assert ready.cc.fingerprint("ada@example.com") == old
    assert ready.cc.mails() == []
    ready.quiet_cycles()


@pytest.mark.parametrize("act", ["change_name", "change_address", "place_order", "change_password"])
def test_anything_else_makes_no_call_to_constant_contact(ready, act):
    arguments = {"change_name": ("Ada", "Lovelace")}.get(act, ())
    if act == "change_address":
        ready.kibo.change_address(ready.ids["ada"], cityOrTown="Boston")
    else:
        getattr(ready.kibo, act)(ready.ids["ada"], *arguments)
    ready.later()
    mark = ready.sandbox.log.mark()
    ready.run(RunKind.EVENTS)
    assert ready.sandbox.log.all(service="cc", since=mark) == []
    ready.quiet_cycles()


def test_an_unsubscribe_comes_back_and_nothing_else_of_the_account_changes(ready):
    def act():
        ready.cc.unsubscribe("ada@example.com", "too many mails")
        ready.later()
        _, inbound = ready.cycle()
        assert inbound.counts["opted_out"] == 1

    survives(ready, ready.ids["ada"], act)
    assert not ready.opted_in(ready.ids["ada"])
    ready.quiet_cycles()
    assert ready.cc.contact("ada@example.com")["email_address"]["permission_to_send"] == "unsubscribed"


def test_an_unsubscribe_reaches_every_account_with_the_email(ready):
    second = ready.kibo.add_customer("Ada@Example.com", True)
    ready.later()
    ready.cycle()
    ready.cc.unsubscribe("ada@example.com")
    ready.later()
    ready.cycle()
    assert not ready.opted_in(ready.ids["ada"])
    assert not ready.opted_in(second)
    ready.quiet_cycles()


@pytest.mark.parametrize("moves", [True, False])
@pytest.mark.parametrize("optouts", [True, False])
def test_leaving_one_of_two_lists_counts_as_opted_out_in_kibo(tmp_path, moves, optouts):
    switches = CcSwitches(list_change_moves_updated_at=moves, optout_filter_works=optouts)
    with open_world(tmp_path, cc_switches=switches) as world:
        ada = world.kibo.add_customer("ada@example.com", True)
        bob = world.kibo.add_customer("bob@example.com", True)
        world.choose_list()
        world.export()
        world.cycle()
        other = world.cc.add_list("Other")
        world.cc.join_list("ada@example.com", other)
        world.cc.leave_list("ada@example.com", world.list_id)
        world.cc.unsubscribe("bob@example.com")
        world.later()
        world.cycle()
        assert not world.opted_in(ada)
        assert not world.opted_in(bob)
        assert world.cc.contact("ada@example.com")["list_memberships"] == [other]
        world.quiet_cycles()


def test_a_resubscribe_by_the_person_comes_back(ready):
    ready.cc.unsubscribe("ada@example.com")
    ready.later()
    ready.cycle()
    ready.cc.sign_up("ada@example.com", ready.list_id)
    ready.later()
    _, inbound = ready.cycle()
    assert inbound.counts["opted_in"] == 1
    assert ready.opted_in(ready.ids["ada"])
    ready.quiet_cycles()


def test_a_customer_who_opted_out_in_the_shop_and_signs_up_by_mail_form_is_opted_in(ready):
    ready.cc.sign_up("dora@example.com", ready.list_id)
    ready.later()
    ready.cycle()
    assert ready.opted_in(ready.ids["dora"])
    ready.quiet_cycles()


def test_a_profile_edit_never_reaches_kibo(ready):
    before = json.dumps(ready.kibo.customer(ready.ids["ada"]), sort_keys=True)
    ready.cc.edit_profile("ada@example.com", first_name="Other", last_name="Name")
    ready.later()
    ready.quiet_cycles()
    assert json.dumps(ready.kibo.customer(ready.ids["ada"]), sort_keys=True) == before


def test_a_stranger_on_the_list_is_ignored_and_no_customer_is_created(ready):
    count = ready.kibo.count()
    ready.cc.sign_up("stranger@example.com", ready.list_id)
    ready.later()
    _, inbound = ready.cycle()
    assert inbound.counts["ignored"] >= 1
    assert ready.kibo.count() == count
    assert "stranger@example.com" in ready.members()
    ready.quiet_cycles()


def test_opting_in_again_after_an_unsubscribe_asks_the_person_once(ready):
    ready.choose_list(welcome_email="true")
    ready.cc.unsubscribe("ada@example.com")
    ready.later()
    ready.cycle()
    ready.kibo.opt_in(ready.ids["ada"])
    ready.later()
    events, _ = ready.cycle()
    assert "confirmation" in ready.entries(events)[ready.ids["ada"]].reason
    assert [mail["kind"] for mail in ready.cc.mails()] == ["resubscribe"]
    assert "ada@example.com" not in ready.members()
    ready.quiet_cycles()
    assert ready.opted_in(ready.ids["ada"]), "waiting for the person is not an opt-out"
    ready.cc.click_resubscribe("ada@example.com")
    ready.later()
    ready.cycle()
    assert "ada@example.com" in ready.members()
    assert ready.opted_in(ready.ids["ada"])
    ready.quiet_cycles()


def test_an_opt_in_older_than_the_opt_out_does_not_overturn_it(ready):
    fay = ready.kibo.add_customer("fay@example.com", True)
    ready.later()
    ready.cc.add_contact("fay@example.com")
    ready.cc.unsubscribe("fay@example.com")
    ready.later()
    events, _ = ready.cycle()
    assert "stands" in ready.entries(events)[fay].reason
    assert not ready.opted_in(fay)
    assert ready.cc.mails() == []
    ready.quiet_cycles()


def test_a_deleted_contact_comes_back_only_by_a_new_opt_in(ready):
    ready.cc.delete_contact("ada@example.com")
    ready.later()
    ready.cycle()
    assert ready.opted_in(ready.ids["ada"]), "a deletion is nobody's opt-out"
    assert ready.export().changes == 0
    ready.kibo.opt_out(ready.ids["ada"])
    ready.later()
    ready.cycle()
    ready.kibo.opt_in(ready.ids["ada"])
    ready.later()
    ready.cycle()
    assert "ada@example.com" in ready.members()
    ready.quiet_cycles()


def test_a_customer_who_is_gone_is_noted_and_the_contact_left(ready):
    ready.kibo.delete_customer(ready.ids["ada"])
    ready.later()
    events, _ = ready.cycle()
    assert "gone" in ready.entries(events)[ready.ids["ada"]].reason
    assert "ada@example.com" in ready.members()
    ready.quiet_cycles()


def test_a_bad_address_is_parked_and_blocks_nobody(ready):
    bad = ready.kibo.add_customer("bad@", True)
    ready.kibo.add_customer("good@example.com", True)
    ready.later()
    events, _ = ready.cycle()
    assert events.error_count == 1
    assert "good@example.com" in ready.members()
    parked = ready.desk.events()
    assert [(event.object_id, event.status.value) for event in parked] == [(bad, "Parked")]
    ready.kibo.change_email(bad, "bad@example.com")
    ready.later()
    ready.cycle()
    assert "bad@example.com" in ready.members()
    assert ready.desk.events() == []


def test_changing_the_list_leaves_the_old_one_and_its_members(ready):
    old, before = ready.list_id, ready.members()
    ready.list_name = "Second"
    ready.choose_list()
    ready.later()
    ready.cycle()
    assert {email.lower() for email in ready.cc.members(old)} == before
    assert ready.opted_in(ready.ids["ada"]), "nobody left the new list: nobody was on it"
    ready.export()
    assert ready.members() == before


def test_a_vanished_list_is_said_and_nobody_is_opted_out(ready):
    from ccdesk.core.runs import RunStatus

    ready.cc.delete_list(ready.list_id)
    ready.later()
    run = ready.desk.run(RunKind.INBOUND)
    assert run.status is RunStatus.FAILED
    assert "gone" in run.message
    assert ready.opted_in(ready.ids["ada"])
