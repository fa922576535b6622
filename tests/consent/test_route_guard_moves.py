"""Which call; who is held; what moves along: the smaller parts of the rules of consent."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from ccdesk.consent.columns import Column
from ccdesk.consent.guard import Hold, Kind, Loss, Memory, do_it, losses_of, not_now, weigh
from ccdesk.consent.model import Act, Command, Ended, How, Person
from ccdesk.consent.moves import follow_words, move_account
from ccdesk.consent.reasons import Reason
from ccdesk.consent.route import Call, Method, call_for, route, takes_bulk
from ccdesk.consent.table import as_markdown
from tests.consent.story import EMAIL, LIST, Story, at

ROOT = Path(__file__).parents[2]
BEFORE = "old@example.com"


def call(story: Story) -> Call:
    (command,) = story.decide().commands
    return route(command, story.person, story.policy)


def test_the_documents_print_the_table_that_the_code_holds() -> None:
    assert as_markdown() in (ROOT / "docs" / "consent.md").read_text(encoding="utf-8")


def test_every_reason_has_its_words() -> None:
    assert all(reason.text for reason in Reason)


# ---------------------------------------------------------------- which call


def test_a_new_opt_in_goes_by_the_call_that_sends_the_welcome_where_that_is_on() -> None:
    for welcome, method in ((True, Method.SIGN_UP_FORM), (False, Method.IMPORT)):
        story = Story(welcome=welcome)
        story.account(0, on=True)
        assert call(story) == Call(method, with_fields=True)
        assert call(story).sign_up is welcome


@pytest.mark.parametrize(("welcome", "method"), [(True, Method.CREATE_BY_PERSON), (False, Method.CREATE)])
def test_an_email_too_long_for_the_import_goes_by_the_single_call(welcome: bool, method: Method) -> None:
    story = Story(welcome=welcome)
    story.person = Person("a" * 40 + "@example.com")
    story.account(0, on=True)
    assert call(story) == Call(method, with_fields=True)
    assert call(story).sign_up is welcome


@pytest.mark.parametrize(
    ("act", "owned", "welcome", "expected"),
    [
        (Act.ADD, True, False, Call(Method.ADD_TO_LIST)),
        (Act.ADD, False, True, Call(Method.SIGN_UP_FORM)),
        (Act.ADD, True, True, Call(Method.SIGN_UP_FORM, with_fields=True)),
        (Act.REVIVE, False, False, Call(Method.PUT_CONTACT)),
        (Act.REVIVE, True, False, Call(Method.PUT_CONTACT, with_fields=True)),
        (Act.REVIVE, False, True, Call(Method.SIGN_UP_FORM)),
        (Act.REMOVE, True, True, Call(Method.REMOVE_FROM_LIST)),
    ],
)
def test_fields_of_a_foreign_contact_go_by_no_call(
    act: Act, owned: bool, welcome: bool, expected: Call
) -> None:
    assert call_for(act, EMAIL, owned=owned, welcome=welcome) == expected


@pytest.mark.parametrize("act", [Act.ADD, Act.REVIVE])
def test_a_contact_with_a_long_email_gets_no_welcome(act: Act) -> None:
    long = "a" * 40 + "@example.com"
    assert call_for(act, long, welcome=True) == call_for(act, long)


def test_an_email_is_measured_as_it_is_sent() -> None:
    assert takes_bulk(f"  {'a' * 38}@example.com ")
    assert not takes_bulk(f"{'a' * 39}@example.com")
    assert not takes_bulk("\N{SLIGHTLY SMILING FACE}" * 20 + "@example.com"), "each counts as two"


def test_a_foreign_contact_is_put_on_the_list_without_its_fields() -> None:
    story = Story()
    story.account(0, on=True)
    story.contact(1)
    assert call(story) == Call(Method.ADD_TO_LIST)


def test_an_opt_in_that_was_carried_to_another_list_sends_no_second_welcome() -> None:
    story = Story(welcome=True)
    story.account(0, on=True)
    story.done(1, sign_up=True)
    story.contact(2, LIST, signed_up=1)
    story.policy = replace(story.policy, list_id="other", chosen_at=at(3))
    assert call(story).method is Method.ADD_TO_LIST


@pytest.mark.parametrize(
    ("act", "method"),
    [
        (Act.REMOVE, Method.REMOVE_FROM_LIST),
        (Act.ASK, Method.RESUBSCRIBE),
        (Act.OPT_OUT, Method.WRITE_ACCOUNT),
        (Act.OPT_IN, Method.WRITE_ACCOUNT),
    ],
)
def test_the_other_commands_have_one_call_each(act: Act, method: Method) -> None:
    assert route(Command(act, LIST, frozenset()), Person(EMAIL), Story().policy).method is method


# ---------------------------------------------------------------- the guard


def loss(name: str, *, kind: Kind = Kind.FLAG_CLEARED, old: bool = True) -> Loss:
    return Loss((f"{name}@example.com", 1), kind, old)


MASS = [loss(f"c{number}") for number in range(30)]


def test_what_is_usual_passes_and_what_is_not_is_held() -> None:
    assert len(weigh(MASS[:25], Memory(), linked=100, now=at(0)).carry) == 25
    assert len(weigh(MASS[:26], Memory(), linked=100, now=at(0)).carry) == 0
    assert len(weigh(MASS, Memory(), linked=200, now=at(0)).carry) == 30


def test_each_kind_is_weighed_by_itself() -> None:
    others = [replace(one, key=(f"x{one.key[0]}", 1), kind=Kind.LEFT) for one in MASS[:5]]
    weighed = weigh([*MASS, *others], Memory(), linked=50, now=at(0))
    assert weighed.carry == {one.key for one in others}


def test_the_three_answers() -> None:
    memory = weigh(MASS, Memory(), linked=50, now=at(0)).memory
    assert len(weigh(MASS, do_it(memory), linked=50, now=at(30)).carry) == 30
    for _ in range(4):
        memory = not_now(memory, at(60))
    assert weigh(MASS, memory, linked=50, now=at(71 * 60)).carry == frozenset()
    assert len(weigh(MASS, memory, linked=50, now=at(72 * 60)).carry) == 30


def test_do_it_lets_nobody_through_who_came_later() -> None:
    memory = do_it(weigh(MASS[:27], Memory(), linked=50, now=at(0)).memory)
    assert len(weigh(MASS, memory, linked=50, now=at(30)).carry) in (27, 30)
    assert weigh(MASS[27:], memory, linked=50, now=at(30)).memory.allowed == frozenset()


def test_who_left_the_list_is_not_mailed_and_waits_for_the_answer() -> None:
    assert Hold(at(0), Kind.LEFT).until is None
    mass = [replace(one, kind=Kind.LEFT) for one in MASS]
    memory = weigh(mass, Memory(), linked=50, now=at(0)).memory
    assert weigh(mass, memory, linked=50, now=at(100 * 60)).carry == frozenset()


def test_an_unsubscription_by_staff_is_weighed() -> None:
    story = Story()
    story.in_step()
    story.unsubscribed(20, 19, by_person=False)
    ((_, kind),) = losses_of(story.person, story.decide())
    assert kind is Kind.UNSUBSCRIBED_BY_STAFF


def test_a_decision_without_an_opt_out_is_no_loss() -> None:
    story = Story()
    story.account(0, on=True)
    assert losses_of(story.person, story.decide()) == ()


# ---------------------------------------------------------------- moves


def moved(story: Story, *, on: bool = True, minute: float = 30) -> tuple[Person, Person]:
    reading = Story().account(minute, on=on, email=BEFORE)
    return move_account(story.person, Person(BEFORE), reading, story.policy)


def test_an_account_that_was_never_known_is_first_seen_where_it_is() -> None:
    former, to = moved(Story())
    assert former.accounts == ()
    assert to.statements[0].how is How.FLAG_SET
    assert not to.statements[0].moved


def test_an_opt_out_after_the_move_takes_off_the_former_email_that_was_added_for_it() -> None:
    story = Story()
    story.in_step()
    former, story.person = moved(story)
    story.account(60, on=False)
    again = follow_words(former, story.person, 1)
    assert follow_words(again, story.person, 1) == again
    story.person = again
    assert story.acts() == [Act.REMOVE]


def test_what_we_write_for_the_new_email_says_nothing_of_the_former_one() -> None:
    story = Story()
    story.in_step()
    former, to = moved(story)
    assert follow_words(former, to, 1) == former
    assert follow_words(Person(EMAIL), to, 1) == Person(EMAIL)


def test_a_former_email_that_was_not_added_by_us_is_left_alone() -> None:
    story = Story()
    story.account(0, on=True)
    story.contact(1, LIST)
    former, story.person = moved(story)
    story.account(60, on=False)
    assert follow_words(former, story.person, 1) == former


def test_a_write_whose_end_is_not_known_moves_along() -> None:
    story = Story()
    story.in_step()
    story.contact(20)
    intent = story.begin(29)
    former, story.person = moved(story)
    assert former.intents[-1].ended is Ended.VOID
    assert [one.command.act for one in story.person.intents] == [intent.command.act]
    story.account(40, on=False)
    assert story.person.intents[-1].ended is Ended.DONE
    assert story.person.statements[-1].ours


def test_an_account_that_comes_back_keeps_since_when_it_was_known_here() -> None:
    story = Story()
    story.account(0, on=True)
    first = story.person.account(1)
    former, to = moved(story)
    reading = Story().account(60, on=True, email=EMAIL)
    _, back = move_account(to, former, reading, story.policy)
    again = back.account(1)
    assert first is not None
    assert again is not None
    assert (again.here, again.known_since) == (True, first.known_since)


def test_an_opt_out_given_under_another_email_counts_here_from_the_accounts_coming() -> None:
    story = Story()
    story.account(5, on=True, number=2)
    story.contact(6, LIST)
    elsewhere = Story()
    elsewhere.account(0, on=True)
    elsewhere.account(2, on=False)
    reading = Story().account(30, on=False, email=EMAIL)
    _, story.person = move_account(elsewhere.person, story.person, reading, story.policy)
    decision = story.decide()
    assert (decision.column, decision.commands) == (Column.YES_LATER, ())
