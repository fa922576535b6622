"""Accounts that share, change or lose an email, or come back: no opt-out is lost, no opt-in is stuck."""

import pytest

from ccdesk.core.drift import DriftKind
from ccdesk.core.models import LinkState
from ccdesk.core.runs import EventStatus, RunKind, Trigger
from ccdesk.sandbox.wire.kernel import Fault
from tests.e2e.conftest import exported, furnish, settle
from tests.e2e.spoil import Spoiler

NOT_FOUND = '{"errorCode": "ITEM_NOT_FOUND", "message": "no"}'


@pytest.fixture
def ready(world):
    return furnish(world)


def link(world, customer):
    return world.container.store.links.get(customer)


def past_the_overlap(world) -> None:
    """What was looked at before is not read again by the next look: an entry asks for its customer alone."""
    world.desk.look_for_events()
    world.later(120)
    world.kibo.change_name(world.ids["bob"], "Bob", "New")
    world.later()
    world.desk.look_for_events()
    world.later(31)


# ---------------------------------------------------------------- an opt-out under the email before


def test_an_opt_out_to_an_email_whose_contact_an_export_did_not_learn_is_not_undone_by_a_new_one(
    world, monkeypatch
):
    monkeypatch.setattr("ccdesk.sync.runs.members_file.FILE_FROM", 0)
    ada = world.kibo.add_customer("ada@example.com", True)
    world.kibo.add_customer("bob@example.com", True)
    world.later()
    world.choose_list()
    world.export()
    assert link(world, ada).contact_id == ""
    world.cc.unsubscribe("ada@example.com")
    world.later()
    world.kibo.change_email(ada, "new@example.com")
    world.later()
    settle(world)
    assert world.members() == {"bob@example.com"}
    assert not world.opted_in(ada)
    world.quiet_cycles()


@pytest.mark.parametrize("first", [RunKind.EVENTS, RunKind.INBOUND])
@pytest.mark.parametrize("new", [True, False])
@pytest.mark.parametrize("welcome", ["true", "false"])
def test_an_opt_out_after_a_call_without_an_answer_is_not_undone_by_a_new_email(ready, first, new, welcome):
    ready.desk.save_settings({"welcome_email": welcome})
    gus = ready.kibo.add_customer("gus@example.com", new)
    ready.later()
    if not new:
        ready.cycle()
        ready.kibo.opt_in(gus)
        ready.later()
    ready.sandbox.faults.add(
        Fault("drop_after", service="cc", method="POST", path="(form|contacts)$", times=9)
    )
    ready.desk.run(RunKind.EVENTS)
    ready.sandbox.faults.clear()
    assert "gus@example.com" in ready.members()
    ready.cc.unsubscribe("gus@example.com")
    ready.later()
    ready.kibo.change_email(gus, "gus.new@example.com")
    ready.later()
    ready.run(first)
    settle(ready)
    assert "gus.new@example.com" not in ready.members()
    assert not ready.opted_in(gus)
    ready.quiet_cycles()


@pytest.mark.parametrize("pending", [True, False])
def test_who_opted_out_under_to_another_email_keeps_nobody_on_the_list(ready, pending):
    ready.cc.unsubscribe("bob@example.com")
    ready.later()
    if pending:
        ready.kibo.set_switches(refuse_put_ids={ready.ids["bob"]: 409})
        ready.run(RunKind.INBOUND)
        ready.kibo.set_switches(refuse_put_ids={})
    ready.kibo.change_email(ready.ids["bob"], "ada@example.com")
    ready.later()
    ready.kibo.opt_out(ready.ids["ada"])
    ready.later()
    settle(ready)
    assert not ready.opted_in(ready.ids["bob"])
    assert not ready.opted_in(ready.ids["ada"])
    assert ready.members() == {"cyd@example.com"}
    ready.quiet_cycles()


# ---------------------------------------------------------------- an account that takes over, or is gone


def test_who_leaves_before_the_account_that_keeps_them_is_known_is_not_put_back(ready):
    second = ready.kibo.add_customer("ada@example.com", True)
    ready.later()
    ready.kibo.opt_out(ready.ids["ada"])
    ready.later()
    ready.sandbox.faults.add(Fault("status", service="cc", method="GET", path="/contacts$", times=40))
    ready.desk.run(RunKind.EVENTS)
    ready.sandbox.faults.clear()
    ready.cc.leave_list("ada@example.com", ready.list_id)
    ready.later(31)
    settle(ready)
    assert "ada@example.com" not in ready.members()
    assert link(ready, second).state is LinkState.NEWCOMER
    ready.quiet_cycles()


def test_an_account_that_came_after_a_gone_ones_leaving_is_named(ready):
    """It lifts the leaving no more than any other that came later (design §3a R1)."""
    ready.kibo.delete_customer(ready.ids["ada"])
    ready.later()
    ready.run(RunKind.FULL_COMPARE)
    settle(ready)
    ready.cc.leave_list("ada@example.com", ready.list_id)
    ready.later(60)
    settle(ready)
    new = ready.kibo.add_customer("ada@example.com", True)
    ready.later()
    settle(ready)
    assert "ada@example.com" not in ready.members()
    assert ready.opted_in(new)
    assert link(ready, new).state is LinkState.NEWCOMER
    ready.quiet_cycles()


@pytest.mark.parametrize("act", ["unsubscribe", "leave", "opt_out", "nothing"])
@pytest.mark.parametrize("seen_again", [RunKind.FULL_COMPARE, RunKind.EVENTS])
def test_a_customer_wrongly_said_to_be_gone_is_taken_up_again(ready, act, seen_again):
    ada = ready.ids["ada"]
    ready.kibo.change_name(ada, "Ada", "New")
    ready.later()
    past_the_overlap(ready)
    gone = Fault("status", service="kibo", path=f"/accounts/{ada}$", status=404, body=NOT_FOUND, times=9)
    ready.sandbox.faults.add(gone)
    ready.run(RunKind.EVENTS)
    ready.sandbox.faults.clear()
    assert link(ready, ada).state is LinkState.CLOSED
    if act == "unsubscribe":
        ready.cc.unsubscribe("ada@example.com")
    elif act == "leave":
        ready.cc.leave_list("ada@example.com", ready.list_id)
    elif act == "opt_out":
        ready.kibo.opt_out(ada)
    ready.later()
    ready.run(RunKind.INBOUND)
    if seen_again is RunKind.EVENTS:
        ready.kibo.change_name(ada, "Ada", "Newer")
        ready.later()
    ready.run(seen_again)
    settle(ready)
    assert ready.opted_in(ada) is (act == "nothing")
    assert ("ada@example.com" in ready.members()) is (act == "nothing")
    assert link(ready, ada).state is not LinkState.CLOSED
    ready.cc.unsubscribe("ada@example.com")
    ready.later()
    settle(ready)
    assert not ready.opted_in(ada)
    ready.quiet_cycles()


def test_a_compare_queues_again_whose_change_was_closed_without_agreement(ready):
    ready.kibo.set_switches(pull_works=False)
    gus = ready.kibo.add_customer("gus@example.com", True)
    ready.later()
    past_the_overlap(ready)
    gone = Fault("status", service="kibo", path=f"/accounts/{gus}$", status=404, body=NOT_FOUND, times=9)
    ready.sandbox.faults.add(gone)
    ready.run(RunKind.EVENTS)
    ready.sandbox.faults.clear()
    ready.later(60 * 25)
    ready.run(RunKind.FULL_COMPARE)
    settle(ready)
    assert "gus@example.com" in ready.members()
    assert ready.run(RunKind.FULL_COMPARE).counts.get("queued", 0) == 0


def test_a_compare_queues_an_account_again_that_was_unreadable_when_it_mattered(ready, monkeypatch):
    ready.kibo.set_switches(pull_works=False)
    spoiler = Spoiler(monkeypatch)
    twin = ready.kibo.add_customer("ADA@example.com", True)
    ready.later()
    ready.cycle()
    past_the_overlap(ready)
    ready.cycle()
    spoiler.accounts[twin] = {"acceptsMarketing": "maybe"}
    ready.kibo.opt_out(ready.ids["ada"])
    ready.later()
    ready.run(RunKind.EVENTS)
    assert "ada@example.com" not in ready.members()
    spoiler.accounts.clear()
    ready.run(RunKind.FULL_COMPARE)
    settle(ready)
    assert "ada@example.com" in ready.members()


def test_guests_that_are_not_exported_are_not_queued_by_every_compare(ready):
    ready.desk.save_settings({"export_guests": "false"})
    ready.kibo.add_customer("gus@example.com", True, anonymous=True)
    ready.later()
    ready.cycle()
    ready.later(60 * 25)
    assert ready.run(RunKind.FULL_COMPARE).counts.get("queued", 0) == 0


# ---------------------------------------------------------------- nobody waits, nothing twice, no proof


def test_an_opt_out_does_not_wait_for_an_opt_in_that_failed_often(ready):
    ready.desk.save_settings({"welcome_email": "true"})
    gus = ready.kibo.add_customer("gus@example.com", True)
    ready.later()
    ready.sandbox.faults.add(Fault("drop_after", service="cc", method="POST", path="sign_up_form"))
    ready.desk.run(RunKind.EVENTS)
    ready.sandbox.faults.add(Fault("status", service="cc", method="GET", path="/contacts$", times=900))
    for _ in range(8):
        ready.later(60 * 13)
        ready.desk.run(RunKind.EVENTS)
    ready.sandbox.faults.clear()
    (waiting,) = ready.desk.events()
    assert waiting.status is EventStatus.RETRY
    assert "gus@example.com" in ready.members()
    ready.kibo.opt_out(gus)
    ready.later()
    ready.run(RunKind.EVENTS, trigger=Trigger.SCHEDULED)
    assert "gus@example.com" not in ready.members()


def test_a_run_by_hand_tries_at_once_what_waits_for_its_next_try_but_nothing_parked(ready):
    parked = ready.kibo.add_customer("parked@example.com", True)
    ready.later()
    waiting = ready.kibo.add_customer("waiting@example.com", True)
    ready.later()
    body = '[{"error_key":"contacts.api.validation.error","error_message":"no"}]'
    for status in (400, 409):
        ready.sandbox.faults.add(
            Fault("status", service="cc", method="POST", path="/contacts$", status=status, body=body)
        )
    ready.run(RunKind.EVENTS)
    states = {event.object_id: event.status for event in ready.desk.events()}
    assert states == {parked: EventStatus.PARKED, waiting: EventStatus.RETRY}
    ready.run(RunKind.EVENTS, trigger=Trigger.SCHEDULED)
    assert "waiting@example.com" not in ready.members(), "its next try has not come"
    ready.run(RunKind.EVENTS)
    assert "waiting@example.com" in ready.members()
    assert [event.object_id for event in ready.desk.events()] == [parked]


def test_the_confirmation_is_asked_for_once_also_where_the_email_changed(ready, monkeypatch):
    ready.kibo.opt_out(ready.ids["ada"])
    ready.later()
    settle(ready)
    ready.cc.add_contact("new@example.com", lists=[])
    ready.cc.unsubscribe("new@example.com")
    ready.later()
    ready.kibo.change_email(ready.ids["ada"], "new@example.com")
    ready.kibo.opt_in(ready.ids["ada"])
    ready.later()
    mark = ready.sandbox.log.mark()

    def power_cut(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("ccdesk.store.queue.SqliteQueue.save", power_cut)
        with pytest.raises(KeyboardInterrupt):
            ready.desk.run(RunKind.EVENTS)
    ready.reopen()
    ready.later()
    settle(ready)
    assert sum("resubscribe" in one.path for one in ready.sandbox.log.writes(since=mark)) == 1


@pytest.mark.parametrize("act", ["sign_up", "edit"])
def test_what_a_person_did_without_joining_is_no_proof_once_staff_put_them_on_the_list(ready, act):
    ready.kibo.opt_out(ready.ids["ada"])
    ready.later()
    settle(ready)
    if act == "sign_up":
        ready.cc.sign_up("ada@example.com", ready.cc.add_list("Other"))
    else:
        ready.cc.edit_profile("ada@example.com", first_name="Adda")
    ready.later()
    ready.run(RunKind.INBOUND)
    ready.later(60)
    ready.cc.staff_add_to_list("ada@example.com", ready.list_id)
    ready.later()
    settle(ready)
    assert not ready.opted_in(ready.ids["ada"])
    ready.cc.leave_list("ada@example.com", ready.list_id)
    ready.later()
    ready.cc.sign_up("ada@example.com", ready.list_id)
    ready.later()
    settle(ready)
    assert ready.opted_in(ready.ids["ada"]), "this they did themselves"
    ready.quiet_cycles()


@pytest.fixture
def held(ready):
    """Ada has two accounts that agreed; one of them has opted out since, the other keeps her on the list."""
    ready.other = ready.kibo.add_customer("ada@example.com", True)
    ready.later()
    ready.cycle()
    ready.kibo.opt_out(ready.ids["ada"])
    ready.later()
    ready.cycle()
    assert "ada@example.com" in ready.members()
    return ready


@pytest.mark.parametrize("how", ["change_email", "delete_customer", "deactivate"])
def test_an_opt_out_counts_once_the_account_that_held_it_back_lets_go(held, how):
    more = ["new@example.com"] if how == "change_email" else []
    getattr(held.kibo, how)(held.other, *more)
    held.later()
    held.run(RunKind.FULL_COMPARE)  # by this one a customer who is gone is noticed
    held.cycle()
    held.later()
    held.cycle()
    assert "ada@example.com" not in held.members()
    assert ("new@example.com" in held.members()) == (how == "change_email")
    held.quiet_cycles()


@pytest.mark.parametrize("last", ["yes", "sign-up"])
def test_an_opt_in_after_that_opt_out_keeps_the_person_on_the_list(held, last):
    if last == "yes":
        held.kibo.opt_in(held.ids["ada"])
    else:
        past_the_overlap(held)
        held.cc.sign_up("ada@example.com", held.list_id)
        held.later()
    held.kibo.change_email(held.other, "new@example.com")
    held.later()
    for _ in range(3):
        held.cycle()
        held.later()
    assert {"ada@example.com", "new@example.com"} <= held.members()
    assert held.opted_in(held.ids["ada"])
    held.quiet_cycles()


def test_an_account_that_never_agreed_says_nothing_of_a_contact_left_behind(ready):
    """Seed: FAQ. A changed email is a new entry, and the one before stays as it is."""
    quiet = ready.kibo.add_customer("ada@example.com", False)
    ready.later()
    ready.cycle()
    ready.kibo.change_email(ready.ids["ada"], "new@example.com")
    ready.later()
    ready.cycle()
    ready.later()
    ready.cycle()
    assert {"ada@example.com", "new@example.com"} <= ready.members()
    assert not ready.opted_in(quiet)


@pytest.fixture
def unsubscribed_and_moved(world):
    """Ada has unsubscribed, then changed her email in the shop; Kibo has not been given the opt-out yet."""
    exported(world, "ada", "bob")
    world.cc.unsubscribe("ada@example.com")
    world.later()
    world.kibo.change_email(world.ids["ada"], "ada2@example.com")
    world.later()
    world.run(RunKind.EVENTS)
    world.later(31)
    return world


def sign_up_and_clear(world, *acts):
    """Let Ada act under her new email, with a quarter of an hour after each."""
    for act in acts:
        if act == "sign up":
            world.cc.sign_up("ada2@example.com", world.list_id)
        else:
            world.kibo.opt_out(world.ids["ada"])
        world.later(15)


@pytest.mark.parametrize("first", [RunKind.EVENTS, RunKind.INBOUND])
def test_an_opt_out_after_a_sign_up_under_the_new_email_is_not_overturned(unsubscribed_and_moved, first):
    world = unsubscribed_and_moved
    sign_up_and_clear(world, "sign up", "opt out")
    world.run(first)
    settle(world)
    assert world.members() == {"bob@example.com"}
    assert not world.opted_in(world.ids["ada"])
    assert list(world.desk.drift().people) == []
    world.quiet_cycles()


@pytest.mark.parametrize("first", [RunKind.EVENTS, RunKind.INBOUND])
def test_a_sign_up_under_the_new_email_after_that_opt_out_counts(unsubscribed_and_moved, first):
    world = unsubscribed_and_moved
    sign_up_and_clear(world, "opt out", "sign up")
    world.run(first)
    settle(world)
    assert world.members() == {"ada2@example.com", "bob@example.com"}
    assert world.opted_in(world.ids["ada"])
    assert list(world.desk.drift().people) == []
    world.quiet_cycles()


@pytest.mark.parametrize("first", [RunKind.EVENTS, RunKind.INBOUND])
def test_a_sign_up_alone_under_the_new_email_counts(unsubscribed_and_moved, first):
    world = unsubscribed_and_moved
    sign_up_and_clear(world, "sign up")
    world.run(first)
    settle(world)
    assert world.members() == {"ada2@example.com", "bob@example.com"}
    assert world.opted_in(world.ids["ada"])


def test_who_unsubscribed_under_another_email_and_takes_a_listed_one_again_is_named_for_staff(world):
    """Two customers swap their emails, one unsubscribes, and they swap back: the former is not reached."""
    exported(world, "ada", "bob", "cyd")
    ada, bob = world.ids["ada"], world.ids["bob"]
    for emails in (("bob@example.com", "ada@example.com"), ("ada@example.com", "bob@example.com")):
        world.kibo.change_email(ada, "meanwhile@example.com")
        world.kibo.change_email(bob, emails[1])
        world.kibo.change_email(ada, emails[0])
        world.later()
        settle(world)
        if emails[1] == "ada@example.com":
            world.cc.unsubscribe("ada@example.com")
            world.later()
            settle(world)
    assert world.members() == {"bob@example.com", "cyd@example.com"}
    assert not any(world.opted_in(one) for one in (ada, bob))
    [found] = world.desk.drift().people
    assert (found.kind, found.customer_ids) == (DriftKind.NOBODY_AGREES, (bob,))
    assert "opted out under another email" in found.reason
    assert found.reason == world.desk.why("bob@example.com", live=True).verdict.reason
    world.kibo.opt_in(bob)
    world.later()
    settle(world)
    assert list(world.desk.drift().people) == []


def test_an_email_that_an_account_passed_through_is_known(world):
    """Ada takes a new email and her former one again: it was ccdesk that put the new one on the list."""
    exported(world, "ada", "bob")
    ada = world.ids["ada"]
    for email in ("new@example.com", "ada@example.com"):
        world.kibo.change_email(ada, email)
        world.later()
        settle(world)
    world.kibo.opt_out(ada)
    world.later()
    settle(world)
    world.kibo.opt_in(ada)
    world.later()
    settle(world)
    world.cc.staff_add_to_list("new@example.com", world.list_id)
    world.later()
    settle(world)
    [found] = world.desk.drift().people
    assert (found.kind, found.customer_ids) == (DriftKind.NOBODY_AGREES, (ada,))
    live = world.desk.why("new@example.com", live=True)
    assert (live.known, live.customer_ids) == (True, (ada,))
    assert "no account of theirs agrees any more" in live.verdict.reason
    assert world.desk.why("new@example.com").known
    assert any(one.email == "new@example.com" for one in world.desk.ledger("new@example.com"))
