"""Contacts become statements: what people, staff and our own calls left behind (docs/consent.md b2, b4)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ccdesk.consent.journal import landed
from ccdesk.consent.model import Act, Author, Ended, How, Says, Side
from ccdesk.consent.reasons import Reason
from ccdesk.consent.window import Window
from ccdesk.core.models import Permission
from tests.consent.story import LIST, OTHER, Story, at


def test_a_stale_row_after_our_add_is_not_taken_for_a_leaving() -> None:
    story = Story()
    story.account(0, on=True)
    story.done(10)
    story.contact(12, lag=10)
    assert story.person.unplaced == {Side.MAIL}
    assert story.decide().look_again
    story.contact(13, LIST)
    assert story.person.unplaced == frozenset()
    assert story.decide().commands == ()


def test_a_stale_row_that_shows_what_is_known_is_passed_over() -> None:
    story = Story()
    story.contact(10, LIST)
    story.contact(12, LIST, lag=10)
    assert story.person.unplaced == frozenset()


def test_a_row_that_is_provably_older_is_passed_over() -> None:
    story = Story()
    story.contact(10, LIST)
    story.contact(5)
    assert story.person.subscriber is not None
    assert story.person.subscriber.member(LIST)


def test_an_unreadable_contact_decides_nothing_and_forgets_nothing() -> None:
    story = Story()
    story.contact(10, LIST)
    story.contact(20, readable=False)
    assert story.person.subscriber is not None
    assert not story.person.subscriber.readable
    story.contact(30)
    assert story.person.statements[-1].how is How.LEFT


def test_a_contact_that_was_never_readable_is_an_unreadable_one() -> None:
    story = Story()
    story.account(0, on=True)
    story.contact(10, readable=False)
    assert story.decide().look_again


def test_an_unsubscription_by_staff_names_them() -> None:
    story = Story()
    story.contact(10, LIST)
    story.unsubscribed(20, 19, by_person=False)
    last = story.person.statements[-1]
    assert (last.author, last.says) == (Author.STAFF, Says.OPT_OUT)


def test_an_unsubscription_without_a_date_lies_between_the_looks() -> None:
    story = Story()
    story.contact(10, LIST)
    story.contact(20, permission=Permission.UNSUBSCRIBED)
    assert story.person.statements[-1].window == Window(at(10), at(20))
    story.contact(30, permission=Permission.UNSUBSCRIBED)
    assert len(story.person.statements) == 1


def test_a_second_unsubscription_is_a_statement_of_its_own() -> None:
    story = Story()
    story.unsubscribed(10, 9)
    story.unsubscribed(20, 9)
    story.unsubscribed(30, 29)
    assert [one.how for one in story.person.statements] == [How.UNSUBSCRIBED, How.UNSUBSCRIBED]


def test_a_first_look_at_one_who_is_unsubscribed_without_date_or_gone() -> None:
    story = Story()
    story.contact(10, permission=Permission.UNSUBSCRIBED)
    story.contact(20, gone=True)
    story.contact(30, gone=True)
    assert [one.how for one in story.person.statements] == [How.UNSUBSCRIBED, How.DELETED]


def test_put_on_by_staff_is_said_and_ends_no_leaving() -> None:
    story = Story()
    story.in_step()
    story.contact(30)
    story.contact(40, LIST)
    last = story.person.statements[-1]
    assert (last.how, last.author) == (How.PUT_ON, Author.STAFF)
    assert story.acts() == [Act.OPT_OUT]


def test_put_on_another_list_leaves_what_was_left_unwatched() -> None:
    story = Story()
    story.account(0, on=True)
    story.contact(1, LIST)
    policy = story.policy
    story.policy = replace(policy, list_id=OTHER)
    story.contact(10)
    story.contact(20, OTHER)
    story.policy = policy
    assert story.decide().named
    story.contact(30, OTHER, LIST)
    assert not story.decide().named


def test_a_leaving_of_a_list_that_was_neither_active_then_nor_is_now_says_nothing() -> None:
    story = Story()
    story.account(0, on=True)
    story.contact(1, OTHER, LIST)
    story.contact(10, LIST)
    assert story.decide().commands == ()


def test_a_deletion_that_was_undone_and_done_again_is_another_one() -> None:
    story = Story()
    story.contact(10, deleted=True, updated=5)
    story.contact(20, deleted=True, updated=5)
    assert len(story.person.statements) == 1
    story.contact(30, deleted=True, updated=25)
    assert len(story.person.statements) == 2


def test_a_sign_up_before_a_deletion_in_one_look() -> None:
    story = Story()
    story.contact(10, deleted=True, updated=5)
    story.contact(30, deleted=True, updated=5, signed_up=20)
    assert [one.how for one in story.person.statements][-2:] == [How.SIGNED_UP, How.DELETED]
    assert story.person.statements[-1].window == Window(at(20), at(30))


def test_a_deletion_happened_by_its_date_at_the_latest() -> None:
    """Opted in after it and before the first look at either: that lifts the tombstone."""
    story = Story()
    story.account(0, on=False)
    story.account(15, on=False, changed=0)
    story.account(20, on=True)
    story.contact(30, deleted=True, created=1, deleted_until=10)
    assert story.person.statements[-1].window == Window(at(1), at(10))
    assert story.acts() == [Act.REVIVE]


@pytest.mark.parametrize("date", [5, 40])
def test_a_date_before_the_last_sight_or_after_the_look_tells_nothing_of_a_deletion(date: float) -> None:
    story = Story()
    story.contact(10, LIST)
    story.contact(30, deleted=True, deleted_until=date)
    assert story.person.statements[-1].window == Window(at(10), at(30))


# ---------------------------------------------------------------- commands whose end is not known


def test_a_lost_revival_that_was_deleted_again_is_a_second_deletion() -> None:
    story = Story()
    story.contact(0, deleted=True, updated=0)
    story.account(10, on=True, created=10)
    story.begin(11)
    story.contact(60, deleted=True, updated=50)
    assert [one.how for one in story.person.statements][-2:] == [How.ADDED, How.DELETED]
    assert story.decide().commands == ()


def test_a_lost_removal_is_repeated_once_its_time_is_over() -> None:
    story = Story()
    story.in_step()
    story.account(10, on=False)
    story.begin(11)
    story.contact(12, LIST)
    assert story.decide().look_again
    story.contact(20, LIST)
    assert story.person.intents[-1].ended is Ended.VOID
    assert story.acts() == [Act.REMOVE]


def test_a_confirmation_whose_answer_was_lost_counts_as_asked() -> None:
    story = Story()
    story.account(0, on=False)
    story.unsubscribed(1, 0.5)
    story.account(2, on=False, changed=0)
    story.account(10, on=True)
    story.begin(11)
    story.unsubscribed(20, 0.5)
    assert [one.how for one in story.person.statements if one.ours] == [How.ASKED]
    assert story.decide().commands == ()


def test_our_own_sign_up_is_nobody_elses_act() -> None:
    story = Story(welcome=True)
    story.account(0, on=True)
    story.begin(10, sign_up=True)
    story.contact(30, LIST, permission=Permission.EXPLICIT, signed_up=10.5)
    assert {one.author for one in story.person.statements if one.side is Side.MAIL} == {Author.US}


def test_our_own_sign_up_that_was_left_again_before_any_look_is_a_leaving() -> None:
    story = Story(welcome=True)
    story.account(0, on=True)
    story.begin(10, sign_up=True)
    story.contact(30, permission=Permission.EXPLICIT, signed_up=10.5)
    assert story.acts() == [Act.OPT_OUT]


def test_a_look_from_before_the_command_proves_nothing() -> None:
    story = Story()
    story.contact(0)
    story.account(1, on=True)
    story.begin(10)
    story.contact(9)
    assert story.person.intents[-1].open


@pytest.mark.parametrize("created", [5, 13])
def test_a_contact_made_by_others_before_or_after_our_call_is_not_ours(created: float) -> None:
    story = Story()
    story.account(0, on=True)
    story.begin(10)
    story.contact(30, created=created, made_by_us=True)
    assert story.person.intents[-1].ended is Ended.VOID
    assert story.person.subscriber is not None
    assert not story.person.subscriber.owned


def test_a_refused_command_left_nothing() -> None:
    story = Story()
    story.account(0, on=True)
    for minute in (10, 20, 30):
        story.refused(minute)
    decision = story.decide()
    assert decision.commands == ()
    assert decision.named
    story.account(40, on=False)
    story.account(50, on=True)
    assert story.acts() == [Act.CREATE]


def test_an_answer_that_takes_somebody_off_is_remembered_as_ours() -> None:
    story = Story()
    story.in_step()
    story.account(10, on=False)
    story.done(11)
    story.contact(12)
    assert How.LEFT not in [one.how for one in story.person.statements]
    assert story.decide().commands == ()


def test_an_answer_to_a_revival_takes_the_deletion_back() -> None:
    story = Story()
    story.contact(0, deleted=True)
    story.account(10, on=True, created=10)
    intent = story.begin(11)
    story.person = landed(story.person, intent, at=at(11))
    assert story.person.subscriber is not None
    assert not story.person.subscriber.deleted
    assert story.decide().commands == ()


def test_an_opt_in_that_was_carried_is_not_carried_twice() -> None:
    story = Story()
    story.in_step()
    story.contact(20, LIST, permission=Permission.PENDING)
    story.contact(30, permission=Permission.PENDING)
    story.person = replace(
        story.person,
        subscriber=replace(story.person.subscriber, seen_on=()) if story.person.subscriber else None,
    )
    story.contact(40)
    decision = story.decide()
    assert (decision.commands, decision.named) == ((), True)


def test_who_left_a_list_while_unwatched_and_was_put_on_by_staff_is_in_step_again() -> None:
    story = Story()
    story.account(0, on=False)
    story.contact(1, LIST)
    policy = story.policy
    story.policy = replace(policy, list_id=OTHER)
    story.contact(10)
    story.policy = policy
    story.account(20, on=False, changed=0)
    story.account(30, on=True)
    story.contact(40, LIST)
    assert story.decide().reason is Reason.IN_STEP


def test_an_account_without_a_word_has_none() -> None:
    assert Story().person.word(1) is None
