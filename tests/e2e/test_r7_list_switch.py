"""Changing the active list: a customer who left the old one shortly before has opted out (design R4, R7)."""

from dataclasses import replace

import pytest

from ccdesk.clients.constant_contact.client import ConstantContact
from ccdesk.core.models import WriteBack
from ccdesk.core.runs import ORDINARY, Outcome, RunKind, RunStatus
from ccdesk.sandbox.wire.kernel import Fault
from tests.e2e.conftest import change_list, exported
from tests.e2e.spoil import Spoiler


@pytest.fixture
def left(world):
    """Ada and Bob exported; Ada has left the list since the last look, and now another one is chosen."""
    exported(world, "ada", "bob")
    world.cc.leave_list("ada@example.com", world.old)
    world.later()
    change_list(world, "Second")
    return world


@pytest.mark.parametrize("first", ORDINARY)
def test_who_left_the_old_list_is_not_put_on_the_new_one(left, first):
    left.run(first)
    left.export()
    left.cycle()
    assert left.members() == {"bob@example.com"}
    assert not left.opted_in(left.ids["ada"])
    assert left.opted_in(left.ids["bob"])
    assert left.cc.members(left.old) == ["bob@example.com"], "the old list is left as it is"
    left.quiet_cycles()


def test_an_export_still_adds_up_and_says_why(left):
    run = left.export()
    assert (run.total_contacts, run.error_count, run.message) == (2, 0, "")
    assert "left the list" in left.entries(run, Outcome.SKIPPED)[left.ids["ada"]].reason


def test_nobody_is_sent_while_it_cannot_be_told_who_left(left):
    left.sandbox.faults.add(
        Fault("status", service="cc", method="GET", path="/contacts", status=503, times=99)
    )
    assert left.desk.run(RunKind.EXPORT).status is RunStatus.FAILED
    left.sandbox.faults.clear()
    left.later(30)
    left.export()
    assert left.members() == {"bob@example.com"}


def test_an_old_list_that_is_gone_tells_nothing(left):
    left.cc.delete_list(left.old)
    left.later()
    left.export()
    left.cycle()
    assert left.members() == {"ada@example.com", "bob@example.com"}
    assert left.opted_in(left.ids["ada"])


def test_going_back_to_the_old_list_forgets_nothing(left):
    change_list(left, "Kibo customers")
    left.cycle()
    assert left.members() == {"bob@example.com"}
    assert not left.opted_in(left.ids["ada"])


def test_two_changes_in_a_row_still_look_at_the_list_people_were_on(left):
    change_list(left, "Third")
    left.export()
    left.cycle()
    assert left.members() == {"bob@example.com"}


def test_who_cannot_be_read_at_the_last_look_has_left(left, monkeypatch):
    """There is no later look: the order of acts cannot be told, and then the opt-out wins (design R5)."""
    spoiler = Spoiler(monkeypatch)
    spoiler.contacts["ada@example.com"] = {"list_memberships": 7}
    left.run(RunKind.INBOUND)
    spoiler.contacts.clear()
    left.export()
    left.cycle()
    assert left.members() == {"bob@example.com"}
    assert not left.opted_in(left.ids["ada"])


def test_who_was_moved_to_the_new_list_has_left_nothing(left):
    """Staff move everybody in Constant Contact, and then tell ccdesk of the new list."""
    left.cc.staff_add_to_list("bob@example.com", left.list_id)
    left.cc.leave_list("bob@example.com", left.old)
    left.later()
    left.cycle()
    assert left.opted_in(left.ids["bob"])
    assert left.members() == {"bob@example.com"}
    assert not left.opted_in(left.ids["ada"])


def test_who_came_back_to_the_old_list_is_put_on_the_new_one(world):
    dora = world.kibo.add_customer("dora@example.com", False)
    world.later()
    world.choose_list()
    world.export()
    world.cycle()
    world.cc.sign_up("dora@example.com", world.list_id)
    world.later()
    world.sandbox.faults.add(Fault("status", service="kibo", method="PUT", status=503, times=99))
    world.desk.run(RunKind.INBOUND)
    world.sandbox.faults.clear()
    change_list(world, "Second")
    world.cycle()
    assert world.opted_in(dora)
    world.cycle()
    assert world.members() == {"dora@example.com"}
    world.quiet_cycles()
    assert world.opted_in(dora)


@pytest.fixture(params=["the export", "a poll that Kibo refused"])
def pending(world, request):
    """Ada and Bob exported; that Ada has left the list is known, and Kibo has not been given it yet."""
    exported(world, "ada", "bob")
    world.cc.leave_list("ada@example.com", world.old)
    world.later(5)
    if request.param == "the export":
        world.export()
    else:
        world.kibo.set_switches(refuse_put_ids={world.ids["ada"]: 409})
        world.run(RunKind.INBOUND)
        world.kibo.set_switches(refuse_put_ids={})
    assert world.container.store.links.get(world.ids["ada"]).pending is WriteBack.OPT_OUT
    world.later(31)
    return world


@pytest.mark.parametrize("alone", [False, True])
@pytest.mark.parametrize("first", [RunKind.EVENTS, RunKind.INBOUND, RunKind.EXPORT])
def test_who_signed_up_again_before_another_list_was_chosen_is_not_opted_out(pending, first, alone):
    """docs/consent.md case 13: a leaving that was owed, and taken back on the list that was left."""
    if alone:  # nobody else is on the former list
        pending.kibo.opt_out(pending.ids["bob"])
        pending.later()
        pending.run(RunKind.EVENTS)
    pending.cc.sign_up("ada@example.com", pending.old)
    pending.later()
    change_list(pending, "Second")
    pending.run(first)
    for _ in range(2):
        pending.cycle()
    pending.export()
    assert pending.opted_in(pending.ids["ada"])
    assert "ada@example.com" in pending.members()
    pending.quiet_cycles()


@pytest.mark.parametrize("first", ORDINARY)
@pytest.mark.parametrize("how", ["unsubscribe", "leave", "shop"])
def test_a_sign_up_for_the_list_in_use_counts_though_another_is_chosen_before_a_run(world, how, first):
    exported(world, "ada", "bob")
    if how == "unsubscribe":
        world.cc.unsubscribe("ada@example.com")
    elif how == "leave":
        world.cc.leave_list("ada@example.com", world.old)
    else:
        world.kibo.opt_out(world.ids["ada"])
    world.later()
    world.cycle()
    world.cycle()
    world.cc.sign_up("ada@example.com", world.old)
    world.later()
    change_list(world, "Second")
    world.run(first)
    world.export()
    for _ in range(2):
        world.cycle()
    assert world.opted_in(world.ids["ada"])
    assert world.members() == {"ada@example.com", "bob@example.com"}
    world.quiet_cycles()


@pytest.mark.parametrize("back", ["not at all", "by staff", "and left again", "and unsubscribed"])
def test_who_did_not_come_back_to_the_former_list_is_opted_out_all_the_same(pending, back):
    if back == "by staff":
        pending.cc.staff_add_to_list("ada@example.com", pending.old)
    elif back != "not at all":
        pending.cc.sign_up("ada@example.com", pending.old)
        pending.later()
        if back == "and left again":
            pending.cc.leave_list("ada@example.com", pending.old)
        else:
            pending.cc.unsubscribe("ada@example.com")
    pending.later()
    change_list(pending, "Second")
    for _ in range(2):
        pending.cycle()
    pending.export()
    assert not pending.opted_in(pending.ids["ada"])
    assert pending.members() == {"bob@example.com"}


def test_a_scan_that_cannot_be_read_makes_no_leavers(left, monkeypatch):
    """A customer who is missing from it is asked about, and is on the old list by their own contact."""
    real = ConstantContact.contacts

    def unread(client, **options):
        for page in real(client, **options):
            yield [replace(one, list_ids=frozenset()) for one in page] if options.get("list_id") else page

    with monkeypatch.context() as odd:
        odd.setattr(ConstantContact, "contacts", unread)
        left.run(RunKind.EVENTS)
    left.cycle()
    assert left.opted_in(left.ids["bob"])
    assert not left.opted_in(left.ids["ada"])


@pytest.fixture
def back(world):
    """Exported to a list, another one chosen by mistake; `then` lets things happen, and goes back."""
    exported(world, "ada", "bob", "cid")
    change_list(world, "Second")

    def go():
        world.later()
        change_list(world, "Kibo customers")

    world.go_back = go
    return world


@pytest.mark.parametrize("first", ORDINARY)
def test_an_opt_out_while_another_list_was_chosen_takes_off_the_first_when_it_is_chosen_again(back, first):
    back.kibo.opt_out(back.ids["ada"])
    back.later()
    back.cycle()
    assert "ada@example.com" in back.cc.members(back.old), "no list but the active one is touched"
    back.go_back()
    back.run(first)
    back.cycle()
    assert back.members() == {"bob@example.com", "cid@example.com"}
    assert not back.opted_in(back.ids["ada"])
    back.quiet_cycles()


def test_who_opts_in_again_before_the_first_list_is_chosen_again_stays_on_it(back):
    back.kibo.opt_out(back.ids["ada"])
    back.later()
    back.cycle()
    back.kibo.opt_in(back.ids["ada"])
    back.go_back()
    back.cycle()
    assert back.members() == {f"{name}@example.com" for name in back.ids}
    back.quiet_cycles()


def test_a_sign_up_for_the_first_list_after_that_no_counts(back):
    back.kibo.opt_out(back.ids["ada"])
    back.later()
    back.cycle()
    back.later()
    back.cc.sign_up("ada@example.com", back.old)
    back.later()
    back.go_back()
    for _ in range(2):
        back.cycle()
        back.later()
    assert "ada@example.com" in back.members()
    assert back.opted_in(back.ids["ada"])
    back.quiet_cycles()


@pytest.mark.parametrize("first", ORDINARY)
def test_who_left_the_first_list_while_another_was_in_use_is_not_put_back(back, first):
    back.cycle()
    back.cc.leave_list("ada@example.com", back.old)
    back.go_back()
    back.run(first)
    back.cycle()
    assert back.members() == {"bob@example.com", "cid@example.com"}
    assert not back.opted_in(back.ids["ada"])
    assert back.opted_in(back.ids["bob"])
    back.quiet_cycles()


def test_a_changed_email_was_never_on_the_first_list_and_has_not_left_it(back):
    back.kibo.change_email(back.ids["ada"], "new@example.com")
    back.later()
    back.cycle()
    back.go_back()
    back.cycle()
    back.export()
    assert "new@example.com" in back.members()
    assert back.opted_in(back.ids["ada"])
    back.quiet_cycles()


def test_who_left_the_first_list_only_is_not_put_back_on_it(back):
    """They are on the second one still: what they have agreed to can only be told by the list they left."""
    back.export()
    back.cycle()
    back.go_back()
    back.cc.leave_list("ada@example.com", back.old)
    back.export()
    back.cycle()
    assert back.members() == {"bob@example.com", "cid@example.com"}
    assert not back.opted_in(back.ids["ada"])
    back.quiet_cycles()


@pytest.mark.parametrize("seen", ["carried", "pending", "unseen"])
@pytest.mark.parametrize("first", ORDINARY)
def test_who_left_the_second_list_is_taken_off_the_first_once_that_is_chosen_again(back, first, seen):
    """They are on it through us, from before they left, and nobody moved them (docs/consent.md, 14b)."""
    back.export()
    back.cycle()
    back.cc.leave_list("ada@example.com", back.list_id)
    back.later()
    if seen == "pending":
        back.sandbox.faults.add(Fault("status", service="kibo", method="PUT", status=503, times=99))
    if seen != "unseen":
        back.desk.run(RunKind.INBOUND)
    back.sandbox.faults.clear()
    back.go_back()
    back.run(first)
    for _ in range(2):
        back.cycle()
    assert back.members() == {"bob@example.com", "cid@example.com"}
    assert not back.opted_in(back.ids["ada"])
    assert list(back.desk.drift().people) == []
    back.quiet_cycles()


def test_who_signs_up_for_the_first_list_again_stays_on_it_though_they_left_the_second(back):
    back.export()
    back.cycle()
    back.cc.leave_list("ada@example.com", back.list_id)
    back.later()
    back.cc.sign_up("ada@example.com", back.old)
    back.go_back()
    for _ in range(2):
        back.cycle()
    assert back.members() == {f"{name}@example.com" for name in back.ids}
    assert back.opted_in(back.ids["ada"])


@pytest.fixture
def during(world):
    """Ada and Bob exported, another list chosen; `act` runs an act in its export, Kibo's side being read."""
    exported(world, "ada", "bob")
    change_list(world, "Second")
    real = ConstantContact.contacts

    def act(what):
        def reading(client, **options):
            if not done:
                done.append(what())
            return real(client, **options)

        done = []
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(ConstantContact, "contacts", reading)
            world.export()
        assert done
        world.later()

    world.act = act
    return world


@pytest.mark.parametrize("middle", ["", "cycle", "export"])
def test_who_opts_out_and_in_again_around_the_first_export_is_put_on_the_new_list(during, middle):
    ada = during.ids["ada"]
    during.kibo.opt_out(ada)
    during.later()
    during.export()
    assert during.members() == {"bob@example.com"}
    if middle:
        during.cycle() if middle == "cycle" else during.export()
    during.kibo.opt_in(ada)
    during.later()
    during.cycle()
    assert during.members() == {"ada@example.com", "bob@example.com"}
    assert during.opted_in(ada)
    during.quiet_cycles()


def test_an_account_that_counts_again_after_the_first_export_is_put_on_the_new_list(during):
    ada = during.ids["ada"]
    during.kibo.deactivate(ada)
    during.later()
    during.export()
    during.cycle()
    assert during.members() == {"bob@example.com"}
    during.kibo.activate(ada)
    during.later()
    during.cycle()
    assert during.members() == {"ada@example.com", "bob@example.com"}
    during.quiet_cycles()


def test_whom_others_put_on_the_new_list_is_taken_off_by_their_opt_out(during):
    """The opt-out came before the new list's first export; others who add them meanwhile do not undo it."""
    ada = during.ids["ada"]
    during.kibo.opt_out(ada)
    during.act(lambda: during.cc.staff_add_to_list("ada@example.com", during.list_id))
    during.cycle()
    assert during.members() == {"bob@example.com"}
    assert not during.opted_in(ada)


def test_who_shares_an_email_is_left_alone_after_the_first_export(world):
    """One more account of a person is seen to with the person: a changed name asks nothing (design R3)."""
    twins = [world.kibo.add_customer("ada@example.com", True, first_name="Ada") for _ in range(2)]
    world.later()
    world.choose_list()
    world.export()
    world.cycle()
    change_list(world, "Second")
    world.export()
    asked = []
    for twin in twins:
        world.kibo.change_name(twin, "Adele", "Twin")
        world.later()
        asked.append(world.run(RunKind.EVENTS).calls_constant_contact)
    assert asked == [0, 0]
    assert world.members() == {"ada@example.com"}


@pytest.mark.parametrize("kind", [RunKind.EXPORT, RunKind.INBOUND])
def test_who_signed_up_again_before_the_switch_is_not_opted_out_by_what_is_pending(world, kind):
    """They left, Kibo could not be told, and their sign-up since is the later act (design R5)."""
    exported(world, "ada", "bob")
    world.cycle()
    world.later(60)
    world.cc.leave_list("ada@example.com", world.list_id)
    world.later(5)
    world.sandbox.faults.add(Fault("status", service="kibo", method="PUT", path="accounts", times=99))
    world.desk.run(kind)
    world.sandbox.faults.clear()
    assert world.container.store.links.get(world.ids["ada"]).pending is WriteBack.OPT_OUT
    world.later(5)
    world.cc.sign_up("ada@example.com", world.list_id)
    world.later(5)
    change_list(world, "Second")
    for _ in range(2):
        world.later(31)
        world.cycle()
    assert world.opted_in(world.ids["ada"])
