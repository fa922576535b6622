"""An opt-out takes former emails that ccdesk added for the account off the list as well (design §3a R3)."""

from dataclasses import replace

import pytest

from ccdesk.clients.constant_contact.client import ConstantContact
from ccdesk.core.intents import Act, Ended
from ccdesk.core.runs import Outcome, RunKind
from ccdesk.sandbox.wire.kernel import Fault
from ccdesk.sync.sensors import list_contacts
from tests.e2e.conftest import change_list, exported
from tests.e2e.spoil import Spoiler

NOBODYS = {"email_address": {"address": 7, "permission_to_send": "implicit"}}
ADA, NEW, NEWER, BOB = (f"{name}@example.com" for name in ("ada", "new", "newer", "bob"))


def cycles(world, count=1):
    for _ in range(count):
        world.cycle()
        world.later(31)


def move(world, email):
    world.later(60)
    world.kibo.change_email(world.ids["ada"], email)
    world.later()
    cycles(world)


def opt_out(world):
    world.later(60)
    world.kibo.opt_out(world.ids["ada"])
    world.later()


@pytest.mark.parametrize("foreign", [False, True])
@pytest.mark.parametrize("moves", [(NEW,), (NEW, NEWER), (NEW, ADA), (NEW, "not an email")])
def test_every_former_email_we_added_is_taken_off_and_named(world, moves, foreign):
    if foreign:  # from another source, and put on the list by us
        world.cc.add_contact(ADA)
    exported(world, "ada", "bob")
    for email in moves:
        move(world, email)
    assert ADA in world.members(), "a changed email leaves the contact alone"
    opt_out(world)
    run, _ = world.cycle()
    assert world.members() == {BOB}
    reason = world.entries(run)[world.ids["ada"]].reason
    assert all(one in reason for one in {ADA, *moves} - {moves[-1], "not an email"})
    world.later(31)
    cycles(world)
    world.quiet_cycles()


@pytest.mark.parametrize("trouble", ["none", "an answer was lost", "refused"])
def test_each_former_email_has_its_line_in_the_journal(world, trouble):
    exported(world, "ada", "bob")
    move(world, NEW)
    move(world, NEWER)
    opt_out(world)
    if trouble != "none":
        kind = "drop_after" if trouble == "an answer was lost" else "status"
        path = "activities/remove_list_memberships"
        world.sandbox.faults.add(Fault(kind, service="cc", method="POST", path=path, times=2))
        world.desk.run(RunKind.EVENTS)
        world.sandbox.faults.clear()
        world.later(60)
    cycles(world, 2)
    assert world.members() == {BOB}
    lines = world.container.store.intents.of(world.ids["ada"])
    done = {line.email_key for line in lines if line.act is Act.REMOVE and line.ended is Ended.DONE}
    assert done >= {ADA, NEW}
    assert Ended.OPEN not in {line.ended for line in lines}


def test_somebody_whose_removal_was_cut_off_is_taken_off_by_the_next_try(world):
    exported(world, "ada", "bob")
    move(world, NEW)
    opt_out(world)
    world.sandbox.faults.add(Fault("status", service="cc", method="POST", path="activities", times=9))
    world.desk.run(RunKind.EVENTS)
    world.sandbox.faults.clear()
    world.reopen()
    world.later(60)
    cycles(world, 2)
    assert world.members() == {BOB}


def test_a_second_account_keeps_the_new_email_but_not_the_former_one(world):
    exported(world, "ada", "bob")
    world.kibo.add_customer(NEW, True)
    world.later()
    cycles(world)
    move(world, NEW)
    opt_out(world)
    cycles(world, 2)
    assert world.members() == {BOB, NEW}


@pytest.mark.parametrize("who", ["another account", "their own sign-up", "not added by us"])
def test_a_former_email_that_is_agreed_to_otherwise_stays(world, who):
    if who == "not added by us":
        world.cc.add_list("Kibo customers")
        world.cc.add_contact(ADA, lists=[world.list_id])
    if who == "another account":
        world.kibo.add_customer(ADA, True)
    exported(world, "ada", "bob")
    move(world, NEW)
    if who == "their own sign-up":
        world.cc.sign_up(ADA, world.list_id)
        world.later()
    opt_out(world)
    cycles(world, 2)
    assert world.members() == {BOB, ADA}
    world.quiet_cycles()


def test_a_former_email_on_a_former_list_is_left_alone(world):
    exported(world, "ada", "bob")
    move(world, NEW)
    change_list(world, "Second")
    world.export()
    opt_out(world)
    cycles(world, 2)
    assert world.members() == {BOB}
    assert ADA in {email.lower() for email in world.cc.members(world.old)}


@pytest.mark.parametrize("lookups", [0, 40])
def test_a_former_contact_that_cannot_be_read_keeps_the_present_one_not_on_the_list(
    world, monkeypatch, lookups
):
    monkeypatch.setattr(list_contacts, "_FEW_LOOKUPS", lookups)
    spoiler = Spoiler(monkeypatch)
    exported(world, "ada", "bob")
    move(world, NEW)
    opt_out(world)
    spoiler.contacts = {ADA: NOBODYS}
    run = world.run(RunKind.EVENTS)
    assert world.members() == {BOB, ADA}
    assert set(world.entries(run, Outcome.ERROR)) == {world.ids["ada"]}, "it is not done yet"
    spoiler.contacts = {}
    world.later(60)
    cycles(world, 2)
    assert world.members() == {BOB}
    world.quiet_cycles()


def test_a_former_contact_that_the_list_does_not_show_yet_is_taken_off_all_the_same(world, monkeypatch):
    monkeypatch.setattr(list_contacts, "_FEW_LOOKUPS", 0)
    exported(world, "ada", "bob")
    world.kibo.change_email(world.ids["ada"], NEW)
    world.later(1)
    world.run(RunKind.EVENTS)
    world.kibo.opt_out(world.ids["ada"])
    world.later(1)
    real = ConstantContact.contacts

    def without_ada(self, **asked):
        for page in real(self, **asked):
            yield [one for one in page if one.email != ADA]

    with monkeypatch.context() as patched:
        patched.setattr(ConstantContact, "contacts", without_ada)
        world.run(RunKind.EVENTS)
    assert world.members() == {BOB}


def test_many_emails_changed_after_a_large_export_take_no_call_each(world):
    """A large export reads the list's emails from a file, so no link knows its contact's id."""
    world.choose_list()
    ids = [world.kibo.add_customer(f"{number}@example.com", True) for number in range(60)]
    world.export()
    links = world.container.store.links
    links.save([replace(link, contact_id="") for link in links.many(ids).values()])
    world.later(60)
    for number in ids:
        world.kibo.change_email(number, f"new{number}@example.com")
    world.later()
    mark = world.sandbox.log.mark()
    run = world.run(RunKind.EVENTS)
    assert run.counts["added"] == 60
    asked = [one for one in world.sandbox.log.all(service="cc", since=mark) if "email" in one.query]
    assert asked == []
    assert run.calls_constant_contact < 10
