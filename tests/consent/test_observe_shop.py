"""Flags become statements: by whom, how, and in which window (docs/consent.md b4)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ccdesk.consent.model import Act, Author, Ended, How, Person, Says
from ccdesk.consent.observe_shop import observe_account
from ccdesk.consent.window import Window, between, instant
from tests.consent.story import LIST, Story, at


def hows(story: Story) -> list[How]:
    return [one.how for one in story.person.statements]


def test_an_account_first_seen_on_opted_in_between_its_creation_and_its_update() -> None:
    story = Story()
    story.account(10, on=True, created=2, changed=8)
    (word,) = story.person.statements
    assert (word.how, word.says, word.window) == (How.FLAG_SET, Says.OPT_IN, Window(at(2), at(8)))


def test_a_complete_look_that_did_not_show_the_account_yet_narrows_the_window() -> None:
    story = Story()
    story.looked = at(5)
    story.account(10, on=True, created=2, changed=8)
    assert story.person.statements[0].window == Window(at(5), at(8))


def test_an_account_first_seen_off_is_no_statement_of_a_person() -> None:
    story = Story()
    story.account(10, on=False, created=2, changed=8)
    (word,) = story.person.statements
    assert (word.how, word.says, word.window) == (How.SEEN_OFF, Says.NEITHER, Window(at(2), at(8)))


def test_a_changed_flag_is_later_than_the_last_look_that_saw_it_otherwise() -> None:
    story = Story()
    story.account(10, on=False)
    story.account(20, on=False, changed=10)
    story.account(30, on=True, changed=28)
    assert story.person.statements[-1].window == Window(at(20), at(28))


def test_a_look_that_could_not_read_the_account_narrows_nothing() -> None:
    story = Story()
    story.account(10, on=False)
    story.account(20, on=False, changed=10, readable=False)
    account = story.person.account(1)
    assert account is not None
    assert not account.readable
    story.account(30, on=True, changed=28)
    assert story.person.statements[-1].window == Window(at(10), at(28))


def test_the_audit_log_turns_the_window_into_a_date() -> None:
    story = Story()
    reading = story.account(10, on=False)
    later = replace(reading, opted_in=True, version=at(30), set_at=instant(at(25)))
    person = observe_account(story.person, later)
    assert person.statements[-1].window == instant(at(25))


def test_a_reading_older_than_what_is_known_changes_nothing() -> None:
    story = Story()
    story.account(10, on=True)
    before = story.person
    story.account(12, on=False, changed=9)
    assert story.person == before


@pytest.mark.parametrize("gone", [True, False])
def test_an_unknown_account_that_shows_nothing_is_not_taken_up(gone: bool) -> None:
    story = Story()
    story.account(10, on=True, gone=gone, readable=gone)
    assert story.person == Person(story.person.key)


def test_a_gone_account_keeps_its_word_and_ends_the_writes_to_it() -> None:
    story = Story()
    story.in_step()
    story.contact(30)
    story.begin(31)
    story.account(40, on=True, gone=True)
    account, word = story.person.account(1), story.person.word(1)
    assert account is not None
    assert account.gone
    assert word is not None
    assert word.how is How.FLAG_SET
    assert story.person.intents[-1].ended is Ended.VOID


def test_our_own_write_is_a_statement_of_ours_as_old_as_what_it_answers() -> None:
    story = Story()
    story.in_step()
    story.contact(30)
    intent = story.begin(31)
    story.account(32, on=False)
    left, word = story.person.statements[-2:]
    assert (word.how, word.author, word.window) == (How.FLAG_CLEARED, Author.US, left.window)
    assert word.repeats == intent.command.answers


def test_a_lost_opt_out_is_repeated_once_it_can_land_no_more() -> None:
    story = Story()
    story.in_step()
    story.contact(30)
    intent = story.begin(31)
    story.account(32, on=True, changed=-1)
    assert story.decide().look_again
    story.account(34, on=True, changed=-1)
    assert intent.number == story.person.intents[-1].number
    assert story.person.intents[-1].ended is Ended.VOID
    assert story.acts() == [Act.OPT_OUT]


def test_a_lost_opt_in_with_nothing_written_since_is_repeated() -> None:
    story = Story()
    story.account(0, on=True)
    story.account(1, on=False)
    story.contact(30, LIST, signed_up=29)
    story.begin(31)
    story.account(60, on=False, changed=1)
    assert story.acts() == [Act.OPT_IN]


def test_an_unreadable_account_keeps_the_person_off_and_on_the_list_but_holds_back_no_opt_out() -> None:
    story = Story()
    story.account(0, on=True)
    story.account(1, on=True, number=2)
    story.account(2, on=True, number=2, readable=False)
    decision = story.decide()
    assert decision.commands == ()
    assert decision.look_again
    story.contact(10, LIST)
    story.contact(30)
    assert [one.account for one in story.decide().commands] == [1]


def test_windows_that_cross_are_put_right() -> None:
    assert between(at(5), at(3)) == instant(at(3))


def test_windows_tell_the_order_or_that_it_cannot_be_told() -> None:
    early, late = Window(at(1), at(3)), Window(at(4), at(6))
    assert late.after(early) is True
    assert early.after(late) is False
    assert Window(at(2), at(5)).after(late) is None
    assert Window(at(3), at(5)).after(early) is None
    assert hows(Story()) == []
