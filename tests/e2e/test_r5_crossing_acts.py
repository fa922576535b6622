"""Acts that cross each other, in orders nobody plans for."""

from datetime import timedelta

import pytest

from ccdesk.core.errors import ConfirmNeeded, ListGone
from ccdesk.core.models import LinkState
from ccdesk.core.runs import RunKind
from ccdesk.sandbox.constant_contact.switches import CcSwitches
from tests.e2e.conftest import furnish
from tests.e2e.world import open_world


@pytest.fixture
def exported(world):
    return furnish(world)


def test_a_list_that_was_deleted_is_made_anew_by_saving_its_name_again(exported):
    exported.cc.delete_list(exported.list_id)
    exported.later()
    assert isinstance(exported.desk.run(RunKind.INBOUND).failure, ListGone)
    saved = exported.desk.save_settings({"contact_list": exported.list_name})
    assert saved.created_list == exported.list_name
    exported.export()
    assert exported.members() == {"ada@example.com", "bob@example.com", "cyd@example.com"}
    assert exported.cc.mails() == []
    exported.quiet_cycles()


def test_saving_the_name_of_a_list_that_was_renamed_keeps_the_list(exported):
    list_id = exported.list_id
    exported.cc.rename_list(list_id, "Shop news")
    saved = exported.desk.save_settings({"contact_list": exported.list_name})
    assert not saved.created_list
    assert "“Shop news”" in saved.notes[0]
    assert exported.cc.list_id(exported.list_name) is None
    exported.quiet_cycles()


def test_two_customers_swap_their_emails(exported):
    ada, bob = exported.ids["ada"], exported.ids["bob"]
    exported.kibo.change_email(ada, "bob@example.com")
    exported.kibo.change_email(bob, "ada@example.com")
    exported.later()
    exported.cycle()
    assert {"ada@example.com", "bob@example.com"} <= exported.members()
    exported.cc.unsubscribe("ada@example.com")
    exported.later()
    exported.cycle()
    assert exported.opted_in(ada)
    assert not exported.opted_in(bob), "bob has ada's former email now"
    exported.quiet_cycles()


def test_a_new_email_that_is_unsubscribed_is_not_lifted(exported):
    exported.cc.add_contact("ada.old@example.com")
    exported.cc.unsubscribe("ada.old@example.com")
    exported.later()
    exported.kibo.change_email(exported.ids["ada"], "ada.old@example.com")
    exported.later()
    exported.cycle()
    assert exported.cc.contact("ada.old@example.com")["email_address"]["permission_to_send"] == "unsubscribed"
    assert not exported.opted_in(exported.ids["ada"])
    assert exported.cc.mails() == []
    exported.quiet_cycles()


def test_email_and_consent_change_at_once(exported):
    ada = exported.ids["ada"]
    exported.kibo.change_email(ada, "ada.new@example.com")
    exported.kibo.opt_out(ada)
    exported.later()
    exported.cycle()
    assert "ada@example.com" not in exported.members()
    assert "ada.new@example.com" not in exported.members()
    exported.quiet_cycles()


def test_opted_out_and_in_again_between_two_cycles_is_no_change(exported):
    ada = exported.ids["ada"]
    exported.kibo.opt_out(ada)
    exported.later()
    exported.kibo.opt_in(ada)
    exported.later()
    mark = exported.sandbox.log.mark()
    exported.cycle()
    assert exported.sandbox.log.writes(since=mark) == []
    assert "ada@example.com" in exported.members()


def test_a_customer_deleted_while_an_opt_out_is_pending_is_closed(exported):
    from ccdesk.sandbox.wire.kernel import Fault

    exported.cc.unsubscribe("ada@example.com")
    exported.later()
    exported.sandbox.faults.add(Fault("status", service="kibo", path="accounts", times=9, status=503))
    exported.desk.run(RunKind.INBOUND)
    exported.sandbox.faults.clear()
    exported.kibo.delete_customer(exported.ids["ada"])
    exported.later()
    exported.cycle()
    exported.quiet_cycles()


def test_an_export_between_an_opt_out_and_its_event_adds_nobody_back(exported):
    exported.kibo.opt_out(exported.ids["ada"])
    exported.later()
    exported.export()
    exported.cycle()
    assert "ada@example.com" not in exported.members()
    exported.export()
    assert "ada@example.com" not in exported.members()
    exported.quiet_cycles()


def test_an_export_over_an_unsubscribe_just_made_does_not_overturn_it(exported):
    exported.cc.unsubscribe("ada@example.com")
    exported.export()
    assert "ada@example.com" not in exported.members()
    exported.cycle()
    assert not exported.opted_in(exported.ids["ada"])
    exported.export()
    assert "ada@example.com" not in exported.members()
    exported.quiet_cycles()


def test_a_new_opt_in_seen_by_the_export_first_is_still_asked_for_confirmation(exported):
    exported.cc.unsubscribe("ada@example.com")
    exported.later()
    exported.cycle()
    exported.kibo.opt_in(exported.ids["ada"])
    exported.later()
    exported.export()
    exported.cycle()
    assert [mail["kind"] for mail in exported.cc.mails()] == ["resubscribe"]
    assert exported.opted_in(exported.ids["ada"])
    assert "ada@example.com" not in exported.members()
    exported.quiet_cycles()


def test_sixty_new_opt_ins_go_by_one_import_and_sixty_opt_outs_by_one_job(exported):
    new = [exported.kibo.add_customer(f"new{n}@example.com", True) for n in range(60)]
    exported.later()
    mark = exported.sandbox.log.mark()
    run = exported.run(RunKind.EVENTS)
    assert run.counts["added"] == 60
    writes = [row.path.rsplit("/", 1)[1] for row in exported.sandbox.log.writes(since=mark)]
    assert writes == ["contacts_json_import"]
    exported.cycle()
    for customer in new:
        exported.kibo.opt_out(customer)
    exported.later()
    with pytest.raises(ConfirmNeeded):
        exported.desk.run(RunKind.EVENTS)
    assert len(exported.members()) == 63
    mark = exported.sandbox.log.mark()
    run = exported.run(RunKind.EVENTS, confirmed=True)
    assert run.counts["removed"] == 60
    assert len(exported.members()) == 3
    assert len(exported.sandbox.log.writes(since=mark)) == 1
    exported.quiet_cycles()


def test_a_mass_unsubscribe_by_staff_asks_a_person_first(world):
    people = [world.kibo.add_customer(f"p{n}@example.com", True) for n in range(100)]
    world.choose_list()
    world.export()
    world.cycle()
    for number in range(40):
        world.cc.account_unsubscribe(f"p{number}@example.com")
    world.later()
    with pytest.raises(ConfirmNeeded):
        world.desk.run(RunKind.INBOUND)
    assert all(world.opted_in(customer) for customer in people)
    run = world.run(RunKind.INBOUND, confirmed=True)
    assert run.counts["opted_out"] == 40
    world.quiet_cycles()


def test_loops_before_any_export_change_nothing(world):
    ada = world.kibo.add_customer("ada@example.com", True)
    world.cc.add_contact("ada@example.com")
    world.cc.unsubscribe("ada@example.com")
    world.choose_list()
    mark = world.sandbox.log.mark()
    world.cycle()
    assert world.sandbox.log.writes(since=mark) == []
    assert world.opted_in(ada)


def test_an_empty_shop_exports_nobody_and_says_so(world):
    world.choose_list()
    run = world.export()
    assert (run.total_contacts, run.changes, run.error_count) == (0, 0, 0)
    world.quiet_cycles()


def test_with_confirmed_opt_in_the_person_waits_and_is_not_opted_out_for_it(tmp_path):
    with open_world(tmp_path, cc_switches=CcSwitches(confirmed_opt_in=True)) as world:
        world.choose_list(welcome_email="true")
        world.export()
        world.cycle()
        ada = world.kibo.add_customer("ada@example.com", True)
        world.later()
        world.cycle()
        assert world.cc.contact("ada@example.com")["email_address"]["permission_to_send"] == (
            "pending_confirmation"
        )
        world.quiet_cycles()
        assert world.opted_in(ada)
        world.cc.confirm("ada@example.com")
        world.later()
        world.cycle()
        assert world.opted_in(ada)
        assert "ada@example.com" in world.members()
        world.quiet_cycles()


def test_a_full_compare_finds_what_every_poll_missed(exported):
    exported.cc.unsubscribe("ada@example.com")
    exported.kibo.opt_in(exported.ids["dora"])
    later = exported.sandbox.clock.now() + timedelta(days=2)
    for name in ("inbound.opt_outs_since", "inbound.updates_since", "events.since", "events.polled_at"):
        exported.container.store.state.set_time(name, later)
    exported.run(RunKind.FULL_COMPARE)
    assert not exported.opted_in(exported.ids["ada"])
    exported.run(RunKind.EVENTS)
    assert "dora@example.com" in exported.members()


def test_somebody_on_hold_in_constant_contact_is_told_of_and_comes_back_by_itself(world):
    ada = world.kibo.add_customer("ada@example.com", True)
    world.later()
    world.choose_list()
    world.export()
    world.cycle()
    world.cc.set_permission("ada@example.com", "temp_hold")
    world.later(31)
    _, inbound = world.cycle()
    assert world.entries(inbound)[ada].reason == "waiting (temp_hold)"
    assert world.container.store.links.get(ada).state is LinkState.HELD
    world.quiet_cycles()
    assert world.opted_in(ada)
    world.cc.set_permission("ada@example.com", "implicit")
    world.later(31)
    world.cycle()
    link = world.container.store.links.get(ada)
    assert (link.state, link.note) == (LinkState.SYNCED, "")
    world.quiet_cycles()
