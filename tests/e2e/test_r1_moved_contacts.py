"""A contact whose email was changed in Constant Contact: what its person stated there goes along with it."""

from __future__ import annotations

import pytest

from ccdesk.core.drift import DriftKind
from ccdesk.core.runs import RunKind
from tests.e2e.conftest import exported

ADA, HOME, BOB = "ada@example.com", "ada.home@example.com", "bob@example.com"


@pytest.fixture
def moved(world):
    """Ada's contact is on the list under another email by now; no account has that email."""
    exported(world, "ada", "bob")
    world.cc.edit_profile(ADA, new_email=HOME)
    world.later(60)
    cycles(world)
    return world


def cycles(world, count=2):
    world.later()
    for _ in range(count):
        world.cycle()
        world.later(31)


def leave(world):
    world.cc.leave_list(HOME, world.list_id)


def named(world):
    return [link.customer_id for link in world.desk.newcomers()]


# ---------------------------------------------------------------- another account has that email


@pytest.mark.parametrize("first", [RunKind.EVENTS, RunKind.INBOUND, RunKind.EXPORT, RunKind.FULL_COMPARE])
@pytest.mark.parametrize("how", ["registers", "as a guest"])
def test_an_account_that_came_after_a_leaving_under_that_email_puts_nobody_back(moved, how, first):
    leave(moved)
    cycles(moved)
    assert not moved.opted_in(moved.ids["ada"])
    other = moved.kibo.add_customer(HOME, True, anonymous=how == "as a guest")
    moved.later()
    moved.run(first)
    cycles(moved)
    assert moved.members() == {BOB}
    assert moved.opted_in(other), "their flag is neither followed nor undone"
    assert named(moved) == [other]
    moved.export()
    moved.run(RunKind.FULL_COMPARE)
    moved.kibo.place_order(other)
    cycles(moved)
    assert moved.members() == {BOB}
    assert named(moved) == [other]
    moved.quiet_cycles()


@pytest.mark.parametrize("first", [RunKind.EVENTS, RunKind.INBOUND, RunKind.EXPORT, RunKind.FULL_COMPARE])
@pytest.mark.parametrize("earlier", [True, False])
def test_an_opt_in_not_known_to_be_later_than_such_a_leaving_is_opted_out(moved, earlier, first):
    """Neither has been seen by a run yet."""
    acts = [lambda: moved.kibo.add_customer(HOME, True), lambda: leave(moved)]
    for act in acts if earlier else reversed(acts):
        act()
        moved.later()
    moved.run(first)
    cycles(moved)
    assert moved.members() == {BOB}
    assert not any(moved.opted_in(number) for number in (moved.ids["ada"], moved.ids["bob"] + 1))
    assert list(moved.desk.drift().people) == []
    moved.quiet_cycles()


def test_an_account_that_was_known_before_such_a_leaving_lifts_it_by_a_later_opt_in(world):
    exported(world, "ada", "bob")
    other = world.kibo.add_customer(HOME, False)
    cycles(world)
    world.run(RunKind.FULL_COMPARE)
    world.cc.leave_list(ADA, world.list_id)
    cycles(world)
    world.cc.edit_profile(ADA, new_email=HOME)
    cycles(world)
    world.kibo.opt_in(other)
    cycles(world)
    assert world.members() == {HOME, BOB}
    assert not world.opted_in(world.ids["ada"])
    world.run(RunKind.FULL_COMPARE)
    assert list(world.desk.drift().people) == []
    world.quiet_cycles()


@pytest.mark.parametrize("add", [True, False])
def test_staff_answer_about_an_account_that_came_after_such_a_leaving(moved, add):
    leave(moved)
    cycles(moved)
    other = moved.kibo.add_customer(HOME, True)
    cycles(moved)
    assert moved.desk.answer_newcomer(other, add=add)
    cycles(moved)
    moved.run(RunKind.FULL_COMPARE)
    assert moved.members() == ({HOME, BOB} if add else {BOB})
    assert named(moved) == []
    assert [one.kind for one in moved.desk.drift().people] == ([] if add else [DriftKind.NEWCOMER])
    assert moved.desk.why(ADA).verdict.in_step
    moved.quiet_cycles()


def test_an_opt_out_of_the_account_alone_stays_with_the_email_it_was_stated_under(moved):
    moved.kibo.opt_out(moved.ids["ada"])
    cycles(moved)
    assert moved.members() == {BOB}
    moved.kibo.add_customer(HOME, True)
    cycles(moved)
    moved.run(RunKind.FULL_COMPARE)
    assert moved.members() == {HOME, BOB}
    assert list(moved.desk.drift().people) == []
    moved.quiet_cycles()


# ---------------------------------------------------------------- the account itself opts in anew


def delete(world):
    world.cc.delete_contact(HOME)


def leave_and_delete(world):
    leave(world)
    world.later(45)
    delete(world)


def leave_be_seen_and_delete(world):
    leave(world)
    cycles(world)
    delete(world)


def vanish(world):
    """No contact is found by its email or id any more."""
    book = world.cc.account.book
    contact = book.by_email(HOME)
    book.set_lists(contact, [])
    book.change_address(contact, None)
    book.contacts.remove(contact)
    del book._by_id[contact.contact_id]


@pytest.mark.parametrize("who", ["the same account", "another account"])
@pytest.mark.parametrize("act", [leave, delete, leave_and_delete, leave_be_seen_and_delete])
def test_a_later_opt_in_counts_after_the_contact_left_or_was_deleted_under_that_email(moved, act, who):
    twin = moved.kibo.add_customer(ADA, False)
    cycles(moved)
    act(moved)
    cycles(moved)
    moved.run(RunKind.FULL_COMPARE)
    opts_in = twin
    if who == "the same account":
        opts_in = moved.ids["ada"]
        moved.kibo.opt_out(opts_in)
        cycles(moved)
    assert moved.members() == {BOB}
    moved.later(45)
    moved.kibo.opt_in(opts_in)
    cycles(moved)
    moved.run(RunKind.FULL_COMPARE)
    assert moved.members() == {ADA, BOB}
    assert moved.opted_in(opts_in)
    assert list(moved.desk.drift().people) == []
    assert moved.desk.why(ADA).verdict.in_step
    moved.quiet_cycles()


@pytest.mark.parametrize("act", [delete, vanish])
def test_what_is_no_new_opt_in_lifts_no_tombstone_under_that_email(moved, act):
    act(moved)
    cycles(moved)
    moved.run(RunKind.FULL_COMPARE)
    moved.kibo.place_order(moved.ids["ada"])
    moved.later()
    moved.kibo.deactivate(moved.ids["ada"])
    cycles(moved)
    moved.kibo.activate(moved.ids["ada"])
    cycles(moved)
    moved.export()
    moved.run(RunKind.FULL_COMPARE)
    assert moved.members() == {BOB}
    assert moved.opted_in(moved.ids["ada"]), "a deletion is nobody's opt-out"
    assert [one.kind for one in moved.desk.drift().people] == [DriftKind.DELETED]
    moved.quiet_cycles()


def test_who_opts_in_anew_gets_a_contact_of_their_own_where_theirs_is_there_by_another_account(moved):
    leave(moved)
    cycles(moved)
    other = moved.kibo.add_customer(HOME, True)
    cycles(moved)
    assert moved.desk.answer_newcomer(other, add=True)
    cycles(moved)
    moved.kibo.opt_in(moved.ids["ada"])
    cycles(moved)
    assert moved.members() == {ADA, HOME, BOB}
    moved.kibo.opt_out(other)
    cycles(moved)
    assert moved.members() == {ADA, BOB}
    moved.quiet_cycles()
