"""The cases of docs/consent.md c and e4 up to 25, each told in readings; the guard's: test_guard.py."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ccdesk.consent.model import Act, How, Person
from ccdesk.consent.moves import move_account
from ccdesk.consent.reasons import Reason
from ccdesk.consent.route import Method, route
from ccdesk.core.models import Permission
from tests.consent.story import EMAIL, LIST, OTHER, Story, at

BEFORE = "old@example.com"


def test_1_leaving_after_an_add_whose_answer_was_lost_is_leaving() -> None:
    story = Story()
    story.account(0, on=True)
    story.contact(1)
    story.begin(2)
    story.contact(5, LIST)
    story.contact(35)
    assert story.acts() == [Act.OPT_OUT]
    assert story.person.statements[-1].how is How.LEFT


def test_2_the_same_where_only_the_creation_date_tells_that_the_add_was_done() -> None:
    story = Story()
    story.account(0, on=True)
    story.begin(2)
    story.contact(35, created=2.5, made_by_us=True)
    assert story.acts() == [Act.OPT_OUT]
    assert story.person.subscriber is not None
    assert story.person.subscriber.owned


def test_3_leaving_after_an_export_that_was_cut_off_is_leaving_whatever_is_edited() -> None:
    story = Story()
    story.account(0, on=True)
    intent = story.begin(2, job=True)
    story.contact(10, LIST, created=3, made_by_us=True)
    story.job_ended(intent, 4)
    story.contact(40, created=3, made_by_us=True)
    story.account(45, on=True)
    assert story.acts() == [Act.OPT_OUT]


def test_4_a_deleted_list_says_nothing_about_anybody() -> None:
    story = Story()
    story.in_step()
    story.contact(30, existing=frozenset({OTHER}))
    story.account(31, on=True, number=2, guest=True)
    story.policy = replace(story.policy, list_exists=False)
    assert story.acts() == []
    assert How.LEFT not in [one.how for one in story.person.statements]


def test_5_a_row_that_an_import_lost_is_added_again_and_nobody_is_opted_out() -> None:
    story = Story()
    story.in_step()
    story.policy = replace(story.policy, list_id=OTHER, chosen_at=at(10))
    intent = story.begin(11, job=True)
    story.job_ended(intent, 15)
    story.contact(20, LIST)
    assert story.acts() == [Act.ADD]


def test_6_an_opt_in_that_is_provably_later_asks_for_the_confirmation_once() -> None:
    story = Story()
    story.in_step()
    story.account(10, on=False)
    story.done(11)
    story.contact(12)
    story.unsubscribed(60, 59)
    assert story.acts() == []
    story.account(120, on=False, changed=10)
    story.account(240, on=True, changed=230)
    assert story.acts() == [Act.ASK]


def test_7_nobody_is_asked_twice_and_the_later_opt_in_is_left_and_named() -> None:
    story = Story()
    story.account(0, on=True)
    story.account(1, on=False)
    story.unsubscribed(2, 1)
    story.account(3, on=False, changed=1)
    story.account(10, on=True)
    story.done(11)
    waiting = story.decide()
    assert (waiting.commands, waiting.reason) == ((), Reason.WAITING_FOR_CONFIRMATION)
    story.contact(20, LIST, permission=Permission.EXPLICIT, signed_up=19)
    story.account(30, on=False)
    story.unsubscribed(40, 39)
    story.decide()
    story.account(45, on=False, changed=30)
    story.account(50, on=True)
    decision = story.decide()
    assert decision.commands == ()
    assert decision.named
    assert decision.reason is Reason.ASKED_BEFORE


def test_7b_an_account_that_opted_in_earlier_is_opted_out_while_another_one_is_asked() -> None:
    story = Story()
    story.account(0, on=True, active=False)
    story.account(1, on=False, number=2)
    story.contact(5, LIST)
    story.unsubscribed(10, 9)
    story.account(11, on=False, number=2, changed=1)
    story.account(20, on=True, number=2)
    commands = story.decide().commands
    assert [(one.act, one.account) for one in commands] == [(Act.ASK, 0), (Act.OPT_OUT, 1)]
    story.begin(21, command=commands[0])
    story.unsubscribed(30, 9)
    waiting = story.decide()
    assert [(one.act, one.account) for one in waiting.commands] == [(Act.OPT_OUT, 1)]
    assert waiting.reason is Reason.WAITING_FOR_CONFIRMATION


def test_8_a_tombstone_is_lifted_by_a_statement_only() -> None:
    story = Story()
    story.in_step()
    story.contact(30, deleted=True)
    story.account(40, on=True)  # an edit
    story.account(41, on=True, active=False)
    story.account(42, on=True)  # enabled again
    decision = story.decide()
    assert (decision.commands, decision.reason, decision.named) == ((), Reason.TOMBSTONE, True)
    story.account(50, on=False)
    story.account(60, on=True)
    assert story.acts() == [Act.REVIVE]


def test_9_a_deletion_after_leaving_and_coming_back_is_a_tombstone() -> None:
    story = Story()
    story.in_step()
    story.contact(30)
    story.account(40, on=False)
    story.account(50, on=True)
    story.contact(60, deleted=True)
    assert story.decide().reason is Reason.TOMBSTONE
    story.account(70, on=False)
    story.account(80, on=True)
    assert story.acts() == [Act.REVIVE]


def test_10_undeleted_by_staff_without_lists_is_still_a_tombstone() -> None:
    story = Story()
    story.in_step()
    story.contact(30, deleted=True)
    story.contact(60)
    assert story.decide().reason is Reason.TOMBSTONE


def test_11_a_foreign_contact_that_is_revived_keeps_its_fields_and_stays_foreign() -> None:
    story = Story()
    story.contact(0, deleted=True)
    story.account(10, on=True, created=10)
    (command,) = story.decide().commands
    assert command.act is Act.REVIVE
    call = route(command, story.person, story.policy)
    assert (call.method, call.with_fields) == (Method.PUT_CONTACT, False)
    story.done(11)
    assert story.person.subscriber is not None
    assert not story.person.subscriber.owned


def test_12_signed_up_then_unsubscribed_then_deleted_opts_nobody_in() -> None:
    story = Story()
    story.account(0, on=False)
    story.unsubscribed(30, 20, signed_up=10, deleted=True)
    assert story.acts() == []


def test_13_signing_up_again_takes_back_a_leaving_that_was_not_carried() -> None:
    story = Story()
    story.in_step()
    story.contact(30)
    story.contact(40, LIST, permission=Permission.EXPLICIT, signed_up=39)
    story.policy = replace(story.policy, list_id=OTHER, chosen_at=at(41))
    assert story.acts() == [Act.ADD]


def test_13b_a_leaving_that_was_not_carried_is_carried_after_the_switch() -> None:
    story = Story()
    story.in_step()
    story.contact(30)
    story.policy = replace(story.policy, list_id=OTHER, chosen_at=at(41))
    assert story.acts() == [Act.OPT_OUT]


@pytest.mark.parametrize("last", [False, True])
def test_13d_who_left_while_on_hold_has_left_in_the_last_look_before_a_switch(last: bool) -> None:
    story = Story()
    story.in_step()
    story.contact(20, LIST, permission=Permission.TEMP_HOLD)
    story.contact(30, permission=Permission.TEMP_HOLD, last=last)
    assert story.acts() == ([Act.OPT_OUT] if last else [])


def test_13e_who_was_deleted_before_a_switch_has_not_left() -> None:
    story = Story()
    story.in_step()
    story.contact(30, deleted=True, last=True)
    assert How.LEFT not in [one.how for one in story.person.statements]


@pytest.mark.parametrize("out", ["left", "unsubscribed"])
def test_13c_a_sign_up_that_was_taken_back_opts_nobody_in_later(out: str) -> None:
    """Put on by staff afterwards, or by us for another account that has moved away since."""
    story = Story()
    story.in_step()
    story.account(10, on=False)
    story.done(11)
    story.contact(20, LIST, permission=Permission.EXPLICIT, signed_up=19)
    assert story.acts() == [Act.OPT_IN]
    if out == "left":
        story.contact(30, permission=Permission.EXPLICIT, signed_up=19)
    else:
        story.unsubscribed(30, 29, signed_up=19)
    assert story.acts() == []
    story.contact(40, LIST, signed_up=19)
    decision = story.decide()
    assert (decision.commands, decision.named) == ((), True)


def test_14_who_left_a_list_while_it_was_not_in_use_is_left_out_and_named() -> None:
    story = Story()
    story.in_step()
    story.policy = replace(story.policy, list_id=OTHER, chosen_at=at(10))
    story.done(11)
    story.contact(12, LIST, OTHER)
    story.contact(30, OTHER)
    story.policy = replace(story.policy, list_id=LIST, chosen_at=at(40))
    decision = story.decide()
    assert (decision.commands, decision.reason, decision.named) == ((), Reason.LEFT_OUT, True)


def switched_back(*, put_on: bool) -> Story:
    """On a list through us, on a second one, off that by themselves; the first is chosen again."""
    story = Story()
    story.in_step()
    first = story.policy
    story.policy = replace(first, list_id=OTHER, chosen_at=at(10))
    story.done(11)
    story.contact(12, LIST, OTHER)
    story.contact(30, LIST)
    story.begin(31)
    story.account(32, on=False)
    if put_on:
        story.contact(33)
        story.contact(34, LIST)
    story.policy = replace(first, chosen_at=at(40))
    return story


def test_14b_who_left_the_list_in_use_is_taken_off_the_former_one_once_that_is_chosen_again() -> None:
    story = switched_back(put_on=False)
    assert story.acts() == [Act.REMOVE]
    story.done(41)
    story.contact(42, LIST)
    assert story.decide().reason is Reason.PUT_ON_BY_STAFF


def test_14c_whom_staff_put_on_the_former_list_meanwhile_is_named_and_not_fought() -> None:
    decision = switched_back(put_on=True).decide()
    assert (decision.commands, decision.named) == ((), True)


def test_15_an_opt_out_that_needed_no_call_is_not_carried_out_against_staff_later() -> None:
    story = Story()
    story.account(0, on=True)
    story.contact(1, permission=Permission.TEMP_HOLD)
    story.account(10, on=False)
    story.contact(20, permission=Permission.TEMP_HOLD)
    story.decide()
    story.contact(30, LIST)
    decision = story.decide()
    assert (decision.commands, decision.reason, decision.named) == ((), Reason.PUT_ON_BY_STAFF, True)


def test_15b_an_opt_out_of_the_shop_takes_off_whom_staff_unsubscribed_and_the_list_still_shows() -> None:
    story = Story()
    story.in_step()
    story.contact(20, LIST, permission=Permission.UNSUBSCRIBED, opted_out=19, by_person=False)
    story.account(30, on=False)
    story.done(31)
    story.contact(40)
    assert story.acts() == []
    story.contact(50, LIST)
    assert story.decide().reason is Reason.PUT_ON_BY_STAFF


def test_16_an_account_that_is_disabled_or_gone_is_no_opt_out() -> None:
    for gone in (False, True):
        story = Story()
        story.in_step()
        story.account(10, on=True, active=gone, gone=gone)
        decision = story.decide()
        assert (decision.commands, decision.reason, decision.named) == ((), Reason.NOBODY_AGREES, True)


def test_16c_an_own_sign_up_opts_in_the_account_that_is_left() -> None:
    story = Story()
    story.account(0, on=False, number=2)
    story.in_step()
    story.account(10, on=True, gone=True)
    story.contact(30, LIST, permission=Permission.EXPLICIT, signed_up=29)
    assert [(one.act, one.account) for one in story.decide().commands] == [(Act.OPT_IN, 2)]


def test_16b_an_account_that_moves_leaves_its_email_on_the_list_and_takes_its_word_along() -> None:
    story = Story()
    story.in_step()
    story.contact(9, LIST)
    reading = Story().account(10, on=True, email=BEFORE)
    former, to = move_account(story.person, Person(BEFORE), reading, story.policy)
    story.person = former
    assert story.decide().reason is Reason.NOBODY_AGREES
    story.person = to
    (command,) = story.decide().commands
    assert command.act is Act.CREATE
    assert not route(command, to, replace(story.policy, welcome=True)).sign_up


def test_17_the_flag_of_a_disabled_account_is_cleared_too() -> None:
    story = Story()
    story.in_step()
    story.account(10, on=True, active=False)
    story.unsubscribed(20, 19)
    assert story.acts() == [Act.OPT_OUT]


@pytest.mark.parametrize("left", [False, True])
def test_17b_so_is_one_beside_an_account_that_opted_out_in_the_shop(left: bool) -> None:
    story = Story()
    story.in_step()
    story.account(8, on=True, number=2, active=False)
    story.contact(9, LIST)
    if left:
        story.contact(20)
    else:
        story.unsubscribed(20, 19)
    story.account(21, on=False)
    decision = story.decide()
    assert [(one.act, one.account) for one in decision.commands] == [(Act.OPT_OUT, 2)]


def test_18_an_opt_out_comes_along_with_an_account_that_changes_its_email() -> None:
    story = Story()
    story.in_step()
    story.unsubscribed(30, 29)
    reading = Story().account(31, on=True, email=BEFORE)
    _, story.person = move_account(story.person, Person(BEFORE), reading, story.policy)
    decision = story.decide()
    assert [one.act for one in decision.commands] == [Act.OPT_OUT]


def test_18b_an_opt_in_that_is_later_than_the_opt_out_comes_along_free() -> None:
    story = Story()
    story.in_step()
    story.unsubscribed(10, 9)
    story.account(11, on=False)
    story.account(20, on=True)
    reading = Story().account(31, on=True, email=BEFORE)
    _, story.person = move_account(story.person, Person(BEFORE), reading, story.policy)
    assert story.acts() == [Act.CREATE]


def test_18c_an_opt_out_after_the_move_is_not_brought_along() -> None:
    story = Story()
    story.in_step()
    story.unsubscribed(60, 59)
    reading = Story().account(61, on=True, changed=20, email=BEFORE)
    _, story.person = move_account(story.person, Person(BEFORE), reading, story.policy)
    assert story.acts() == [Act.CREATE]


def test_19_an_opt_in_of_ours_that_was_taken_back_before_the_check_stays_out() -> None:
    story = Story()
    story.account(0, on=True)
    story.account(1, on=False)
    story.contact(30, LIST, permission=Permission.EXPLICIT, signed_up=29)
    intent = story.begin(31)
    assert intent.command.act is Act.OPT_IN
    story.account(60, on=False, changed=50)
    assert story.acts() == [Act.REMOVE]


def test_20_a_removal_that_ends_after_a_new_opt_in_is_followed_by_an_add() -> None:
    story = Story()
    story.in_step()
    story.account(10, on=False)
    intent = story.begin(11, job=True)
    story.contact(20, LIST)
    story.account(30, on=True)
    assert story.decide().look_again
    story.job_ended(intent, 35)
    story.contact(40)
    assert story.person.statements[-1].how is How.REMOVED
    assert story.acts() == [Act.ADD]


def test_21_a_stranger_lifts_no_leaving() -> None:
    for guest in (False, True):
        story = Story()
        story.in_step()
        story.contact(30)
        story.account(60, on=True, number=2, guest=guest)
        decision = story.decide()
        assert [one.account for one in decision.commands] == [1]  # whoever left is opted out
        assert decision.named
        assert decision.reason is Reason.NEWCOMER


def test_22_an_account_known_before_the_leaving_lifts_it() -> None:
    story = Story()
    story.in_step()
    story.account(5, on=False, number=2)
    story.contact(10, LIST)
    story.contact(30)
    story.account(40, on=False, number=2, changed=5)
    story.account(60, on=True, number=2)
    assert story.acts() == [Act.ADD]


@pytest.mark.parametrize("guest", [False, True])
def test_21b_a_leaving_that_was_carried_stands_against_a_newcomer_on_the_next_list(guest: bool) -> None:
    story = Story()
    story.in_step()
    story.contact(30)
    story.opted_out(31)
    story.policy = replace(story.policy, list_id=OTHER, chosen_at=at(40))
    story.account(60, on=True, number=2, guest=guest)
    decision = story.decide()
    assert (decision.commands, decision.reason, decision.named) == ((), Reason.NEWCOMER, True)


def test_21c_the_account_that_was_opted_out_lifts_it_on_the_next_list() -> None:
    story = Story()
    story.in_step()
    story.contact(30)
    story.opted_out(31)
    story.policy = replace(story.policy, list_id=OTHER, chosen_at=at(40))
    story.account(50, on=False, changed=31)
    story.account(60, on=True)
    assert story.acts() == [Act.ADD]


def test_22b_staff_may_let_a_newcomer_in() -> None:
    story = Story()
    story.in_step()
    story.contact(30)
    left = story.person.statements[-1].number
    story.account(60, on=True, number=2)
    story.person = replace(story.person, lifted=frozenset({(2, left)}))
    assert story.acts() == [Act.ADD]


def test_23_an_old_account_that_moves_here_after_the_leaving_is_a_newcomer() -> None:
    story = Story()
    story.in_step()
    story.contact(30)
    elsewhere = Story()
    elsewhere.account(0, on=False, number=2, email=BEFORE)
    elsewhere.account(35, on=False, number=2, changed=0, email=BEFORE)
    elsewhere.account(40, on=True, number=2, email=BEFORE)
    reading = Story().account(60, on=True, number=2, email=EMAIL)
    _, story.person = move_account(elsewhere.person, story.person, reading, story.policy)
    decision = story.decide()
    assert Act.ADD not in [one.act for one in decision.commands]
    assert decision.named


def test_24_a_disabled_stranger_shields_no_opt_out() -> None:
    story = Story()
    story.in_step()
    story.account(10, on=False)
    story.account(20, on=True, number=2)
    story.account(21, on=True, number=2, active=False)
    assert story.acts() == [Act.REMOVE]


def test_25_a_newcomer_revives_nobody_over_a_cleared_flag() -> None:
    story = Story()
    story.in_step()
    story.account(10, on=False)
    story.contact(20, deleted=True)
    story.account(30, on=True, number=2)
    decision = story.decide()
    assert decision.commands == ()
    assert decision.named
