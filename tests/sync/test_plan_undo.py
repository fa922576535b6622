"""What an undo takes back: every case as a pure rule (design §8, `undo`)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from ccdesk.core.intents import LANDS_WITHIN, Act, Ended, JournalLine
from ccdesk.core.models import Contact, Customer, Link, LinkState, Permission, WriteBack
from ccdesk.core.runs import Entry, Outcome, Run, RunKind, RunStatus, Trigger
from ccdesk.core.statements import Author, How, KeptStatement
from ccdesk.sync import undoing as words
from ccdesk.sync.plan_undo import (
    has_done,
    in_doubt,
    plan_switch_back,
    plan_take_off,
    was_added,
)
from ccdesk.sync.undoing import Doing, Part, PersonNow, Surroundings

LIST, KEY = "list-1", "ann@example.com"
NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)
BY = Surroundings(7, LIST)

ADDED = Doing(Part.ADDED, 1, "Ann@example.com", KEY, NOON, LIST)
ADD = JournalLine(Act.ADD, 1, KEY, LIST, NOON, run_id=7, ended=Ended.DONE, number=40)
SIGN_UP = replace(ADD, act=Act.CREATE, sign_up=True)
ON = Customer(1, KEY, True, updated_at=NOON - HOUR)
OFF = replace(ON, accepts_marketing=False)
SECOND_ON = replace(ON, id=2)
IN = Link(1, email=KEY, contact_id="c1", kibo_opted_in=True, agreed=True, on_list=True)
SECOND_IN = replace(IN, customer_id=2)
UNDONE = replace(IN, state=LinkState.UNDONE, agreed=None, on_list=False, written_at=NOON + HOUR)
BEGUN = replace(UNDONE, begun=Act.REMOVE)
THERE = Contact("c1", KEY, Permission.IMPLICIT, list_ids=frozenset({LIST}))
ELSEWHERE = replace(THERE, list_ids=frozenset({"other"}))
OUT = replace(THERE, permission=Permission.UNSUBSCRIBED, list_ids=frozenset())
SIGNED = replace(THERE, opt_in_source="Contact", opt_in_at=NOON + HOUR)
NOW = PersonNow((ON,), THERE, IN, (IN,))


def said(how: How, *, run: int | None = 8, at: datetime = NOON + HOUR, author: Author = Author.UNKNOWN):
    return (KeptStatement(1, how, author, None, at, run),)


def person(**more) -> PersonNow:
    """The person as they were, but for this; a link given alone is theirs."""
    if "own" in more and "links" not in more:
        more["links"] = (more["own"],) if more["own"] is not None else ()
    return replace(NOW, **more)


# ---------------------------------------------------------------- taken off the list

REMOVED = {
    "as the run left them": NOW,
    "added by a call of its own": person(lines=(ADD,)),
    "the account is gone from Kibo": person(accounts=(), own=replace(IN, state=LinkState.CLOSED)),
    "the account is disabled now": person(accounts=(replace(ON, is_active=False),)),
    "an order since": person(accounts=(replace(ON, updated_at=NOON + HOUR),)),
    "an order since, by the audit log": person(set_at={1: NOON - HOUR}),
    "the log does not tell": person(set_at={1: None}),
    "on hold there": person(contact=replace(THERE, permission=Permission.TEMP_HOLD)),
    "pending there": person(contact=replace(THERE, permission=Permission.PENDING)),
    "on other lists, too": person(contact=replace(THERE, list_ids=frozenset({LIST, "other"}))),
    "a sign-up from before the run": person(contact=replace(SIGNED, opt_in_at=NOON - HOUR)),
    "edited by staff since": person(
        contact=replace(THERE, update_source="Account", updated_at=NOON + HOUR)
    ),
    "stated before the run, learned since": person(statements=said(How.FLAG_SET, at=NOON - HOUR)),
    "what the run itself learned": person(statements=said(How.FLAG_SET, run=7)),
    "what an earlier run learned": person(statements=said(How.FLAG_SET, run=6)),
    "answered by staff before": person(statements=said(How.ANSWERED_ADD, run=None, at=NOON - HOUR)),
    "stated by us": person(statements=said(How.ADDED, author=Author.US)),
    "first seen off: no statement": person(statements=said(How.SEEN_OFF)),
    "the account was made before the run": person(accounts=(replace(ON, created_at=NOON - HOUR),)),
    "two accounts, both in": person(accounts=(ON, SECOND_ON), links=(IN, SECOND_IN)),
    "another account that never agreed": person(
        accounts=(ON, replace(OFF, id=2)), links=(IN, Link(2, email=KEY, kibo_opted_in=False))
    ),
    "a later run tried to add them, and was refused": person(
        lines=(ADD, replace(ADD, run_id=8, begun=NOON + HOUR, ended=Ended.REFUSED, number=41))
    ),
    "added to another list since": person(
        lines=(ADD, replace(ADD, run_id=8, list_id="list-2", begun=NOON + HOUR, number=41))
    ),
    "the answer to the add was lost": person(own=replace(IN, kibo_opted_in=False, begun=Act.CREATE)),
    "an undo was cut off before its call": person(own=BEGUN),
    "a flag of theirs was switched off by an undo, and they were added": person(
        own=replace(UNDONE, kibo_opted_in=True, on_list=True)
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REMOVED)
def test_taken_off(case: str) -> None:
    decision = plan_take_off(ADDED, REMOVED[case], BY)
    assert (decision.act, decision.settle, decision.outcome) == (True, False, Outcome.REMOVED)
    assert decision.reason == "taken off the list: run 7 had put them there"


LEFT_ALONE = {
    "nothing is remembered": (person(own=None), words.FORGOTTEN),
    "another email by now": (person(own=replace(IN, email="new@example.com"), links=()), words.MOVED),
    "deleted there": (person(contact=replace(THERE, deleted_at="2026-05-01")), words.GONE),
    "unknown there": (person(contact=None), words.GONE),
    "not shown by a scan": (person(contact=None, seen=False), words.OFF_LIST),
    "off the list": (person(contact=ELSEWHERE), words.OFF_LIST),
    "unsubscribed": (person(contact=OUT), words.UNSUBSCRIBED),
    "unsubscribed, still shown on the list": (
        person(contact=replace(OUT, list_ids=frozenset({LIST}))), words.UNSUBSCRIBED,
    ),
    "opted out in the shop, unseen": (person(accounts=(OFF,)), words.OPTED_OUT),
    "one of two accounts opted out, unseen": (
        person(accounts=(OFF, SECOND_ON), links=(IN, SECOND_IN)), words.OPTED_OUT,
    ),
    "opted out, and in again, unseen": (person(own=replace(IN, kibo_opted_in=False)), words.OPTED_IN),
    "another account opted in since": (person(accounts=(ON, SECOND_ON)), words.OPTED_IN),
    "another account was made since, and a later run has seen it": (
        person(accounts=(ON, replace(SECOND_ON, created_at=NOON + HOUR)), links=(IN, SECOND_IN)),
        words.OPTED_IN,
    ),
    "opted in again by the log": (person(set_at={1: NOON + HOUR}), words.OPTED_IN),
    "signed up": (person(contact=SIGNED), words.SIGNED_UP),
    "joined by their own act": (
        person(contact=replace(THERE, update_source="Contact", updated_at=NOON + HOUR)), words.SIGNED_UP,
    ),
    "opt-out owed to the shop": (
        person(own=replace(IN, pending=WriteBack.OPT_OUT, state=LinkState.LEFT_LIST)), words.OPTED_OUT_THERE,
    ),
    "opt-out owed by the other account": (
        person(links=(IN, replace(SECOND_IN, pending=WriteBack.OPT_OUT))), words.OPTED_OUT_THERE,
    ),
    "opt-in owed to the shop": (person(own=replace(IN, pending=WriteBack.OPT_IN)), words.SIGNED_UP),
    "staff are asked": (
        person(links=(IN, replace(SECOND_IN, state=LinkState.NEWCOMER))), words.ASKED_ABOUT,
    ),
    "asked to confirm": (person(own=replace(IN, state=LinkState.CONFIRMING)), words.ASKED_ABOUT),
    "a flag was seen set since": (person(statements=said(How.FLAG_SET)), words.OPTED_IN),
    "at the very moment": (person(statements=said(How.FLAG_SET, at=NOON)), words.OPTED_IN),
    "a flag was seen cleared since": (person(statements=said(How.FLAG_CLEARED)), words.OPTED_OUT),
    "unsubscribed since, and back": (person(statements=said(How.UNSUBSCRIBED)), words.UNSUBSCRIBED),
    "signed up since, by a statement": (person(statements=said(How.SIGNED_UP)), words.SIGNED_UP),
    "put back by staff": (person(statements=said(How.PUT_BACK)), words.PUT_ON),
    "put on by others": (person(statements=said(How.PUT_ON)), words.PUT_ON),
    "answered by staff since": (person(statements=said(How.ANSWERED_ADD, run=None)), words.ANSWERED),
    "an undo was cut off, and they signed up": (person(own=BEGUN, contact=SIGNED), words.SIGNED_UP),
}  # fmt: skip


@pytest.mark.parametrize("case", LEFT_ALONE)
def test_left_alone(case: str) -> None:
    now, reason = LEFT_ALONE[case]
    decision = plan_take_off(ADDED, now, BY)
    assert (decision.act, decision.outcome, decision.reason) == (False, Outcome.SKIPPED, reason)
    assert not decision.settle


def test_left_alone_because_they_left() -> None:
    decision = plan_take_off(ADDED, person(statements=said(How.LEFT)), BY)
    assert decision.reason.startswith("left the list since")


def test_put_on_again_by_a_later_run() -> None:
    later = replace(ADD, run_id=9, begun=NOON + HOUR, number=41)
    for ended in (Ended.DONE, Ended.OPEN, Ended.UNKNOWN):
        decision = plan_take_off(ADDED, person(lines=(ADD, replace(later, ended=ended))), BY)
        assert (decision.act, decision.reason) == (False, "put on the list again since, by run 9: left on it")


def test_a_list_that_is_not_the_active_one() -> None:
    assert plan_take_off(replace(ADDED, list_id="list-2"), NOW, BY).reason == words.OTHER_LIST
    assert plan_take_off(replace(ADDED, list_id=""), NOW, BY).reason == words.NOT_NOTED


@pytest.mark.parametrize(
    "now",
    [
        person(contact=replace(THERE, permission=Permission.UNKNOWN)),
        person(accounts=(replace(ON, readable=False),)),
        person(accounts=(ON, replace(SECOND_ON, readable=False)), links=(IN, SECOND_IN)),
    ],
)
def test_who_cannot_be_read_is_an_error(now: PersonNow) -> None:
    decision = plan_take_off(ADDED, now, BY)
    assert (decision.act, decision.outcome) == (False, Outcome.ERROR)


def test_done_before() -> None:
    for contact in (THERE, ELSEWHERE, None):
        decision = plan_take_off(ADDED, person(own=UNDONE, contact=contact), BY)
        assert (decision.act, decision.outcome, decision.reason) == (False, Outcome.UNCHANGED, words.ALREADY)


@pytest.mark.parametrize("contact", [ELSEWHERE, None, replace(THERE, deleted_at="2026-05-01"), OUT])
def test_a_removal_whose_end_was_never_seen_is_only_noted(contact: Contact | None) -> None:
    contact = contact and replace(contact, list_ids=frozenset({"other"}))
    decision = plan_take_off(ADDED, person(own=BEGUN, contact=contact, seen=contact is not None), BY)
    assert (decision.act, decision.settle, decision.outcome) == (False, True, Outcome.REMOVED)


def test_our_own_sign_up_call_is_not_their_act() -> None:
    ours = replace(ADDED, line=SIGN_UP)
    for after, act in ((SECOND, True), (LANDS_WITHIN - SECOND, True), (LANDS_WITHIN, False)):
        now = person(contact=replace(SIGNED, opt_in_at=NOON + after), lines=(SIGN_UP,))
        assert plan_take_off(ours, now, BY).act is act
    quiet = replace(ADDED, line=ADD)
    assert not plan_take_off(quiet, person(contact=replace(SIGNED, opt_in_at=NOON + SECOND)), BY).act


def test_kibos_clock_is_taken_into_account() -> None:
    ahead = replace(BY, skew=HOUR)
    assert plan_take_off(ADDED, person(set_at={1: NOON + HOUR}), ahead).act
    assert not plan_take_off(ADDED, person(set_at={1: NOON + HOUR + SECOND}), ahead).act


def test_guests_that_do_not_count_are_no_new_opt_in() -> None:
    guest = replace(SECOND_ON, is_anonymous=True)
    assert not plan_take_off(ADDED, person(accounts=(ON, guest)), BY).act
    assert plan_take_off(ADDED, person(accounts=(ON, guest)), replace(BY, guests=False)).act


# ---------------------------------------------------------------- switched off again

OPT_IN = replace(ADD, act=Act.OPT_IN)
OPT_OUT = replace(OPT_IN, act=Act.OPT_OUT, run_id=9, number=41, begun=NOON + HOUR, undoes=7)
SWITCHED = Doing(Part.SWITCHED_ON, 1, KEY, KEY, NOON, LIST, OPT_IN)
BACK = replace(UNDONE, kibo_opted_in=False, on_list=True)
SIGNED_BEFORE = replace(SIGNED, opt_in_at=NOON - HOUR)
FLAG = PersonNow((ON,), SIGNED_BEFORE, IN, (IN,), lines=(OPT_IN,))


def flag(**more) -> PersonNow:
    if "own" in more and "links" not in more:
        more["links"] = (more["own"],) if more["own"] is not None else ()
    return replace(FLAG, **more)


SWITCHED_OFF = {
    "as the run left it": FLAG,
    "the contact is gone": flag(contact=None),
    "deleted by staff: no act of the person": flag(contact=replace(THERE, deleted_at="2026-05-01")),
    "the account is disabled now": flag(accounts=(replace(ON, is_active=False),)),
    "another account agrees": flag(accounts=(ON, SECOND_ON), links=(IN, SECOND_IN)),
    "our own write, by the audit log": flag(set_at={1: NOON + SECOND}),
    "what the run itself learned": flag(statements=said(How.SIGNED_UP, run=7)),
    "an undo was cut off before its write": flag(
        own=BACK, lines=(OPT_IN, replace(OPT_OUT, ended=Ended.OPEN))
    ),
    "an undo was refused": flag(lines=(OPT_IN, replace(OPT_OUT, ended=Ended.REFUSED))),
}  # fmt: skip


@pytest.mark.parametrize("case", SWITCHED_OFF)
def test_switched_off_again(case: str) -> None:
    decision = plan_switch_back(SWITCHED, SWITCHED_OFF[case], BY)
    assert (decision.act, decision.settle, decision.outcome) == (True, False, Outcome.OPTED_OUT)
    assert decision.reason == "opt-in switched off again in Kibo: run 7 had switched it on"


FLAG_STAYS = {
    "off already": (flag(accounts=(OFF,)), words.OPTED_OUT),
    "the account is gone": (flag(accounts=()), words.NO_ACCOUNT),
    "another email by now": (flag(accounts=(replace(ON, email="new@example.com"),)), words.MOVED),
    "nothing is remembered": (flag(own=None), words.NOT_OURS),
    "unsubscribed since": (flag(contact=OUT), words.UNSUBSCRIBED),
    "signed up once more since": (flag(contact=SIGNED), words.SIGNED_UP),
    "opted in again by the log": (flag(set_at={1: NOON + HOUR}), words.OPTED_IN),
    "seen set again since": (flag(statements=said(How.FLAG_SET)), words.OPTED_IN),
    "seen cleared since": (flag(statements=said(How.FLAG_CLEARED)), words.OPTED_OUT),
    "opt-out owed": (flag(own=replace(IN, pending=WriteBack.OPT_OUT)), words.OPTED_OUT_THERE),
    "the other account opted out, unseen": (
        flag(accounts=(ON, replace(OFF, id=2)), links=(IN, SECOND_IN)), words.OPTED_OUT,
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", FLAG_STAYS)
def test_a_flag_that_stays(case: str) -> None:
    now, reason = FLAG_STAYS[case]
    decision = plan_switch_back(SWITCHED, now, BY)
    assert (decision.act, decision.outcome, decision.reason) == (False, Outcome.SKIPPED, reason)


def test_a_flag_without_a_line_is_not_known_to_be_ours() -> None:
    assert plan_switch_back(replace(SWITCHED, line=None), FLAG, BY).reason == words.NOT_OURS


def test_a_flag_written_again_by_a_later_run() -> None:
    for act in (Act.OPT_IN, Act.OPT_OUT):
        later = replace(OPT_OUT, act=act, undoes=None)
        decision = plan_switch_back(SWITCHED, flag(lines=(OPT_IN, later)), BY)
        assert (decision.act, decision.outcome) == (False, Outcome.SKIPPED)
        assert "by run 9" in decision.reason


def test_a_flag_switched_off_before() -> None:
    done = plan_switch_back(SWITCHED, flag(own=BACK, accounts=(OFF,), lines=(OPT_IN, OPT_OUT)), BY)
    assert (done.act, done.settle, done.outcome) == (False, False, Outcome.UNCHANGED)
    begun = flag(own=BACK, accounts=(OFF,), lines=(OPT_IN, replace(OPT_OUT, ended=Ended.OPEN)))
    decision = plan_switch_back(SWITCHED, begun, BY)
    assert (decision.act, decision.settle, decision.outcome) == (False, True, Outcome.OPTED_OUT)


def test_an_account_that_cannot_be_read() -> None:
    decision = plan_switch_back(SWITCHED, flag(accounts=(replace(ON, readable=False),)), BY)
    assert (decision.act, decision.outcome) == (False, Outcome.ERROR)


# ---------------------------------------------------------------- what a run did


def test_what_an_entry_tells() -> None:
    def entry(outcome: Outcome, reason: str) -> Entry:
        return Entry(1, KEY, outcome, reason)

    assert was_added(entry(Outcome.ADDED, "new contact"))
    assert was_added(entry(Outcome.UPDATED, "put back on the list, fields brought up to date; cut"))
    assert not was_added(entry(Outcome.UPDATED, "fields brought up to date"))
    assert not was_added(entry(Outcome.UNCHANGED, "put back on the list"))


def test_what_a_line_tells() -> None:
    assert {act for act in Act if has_done(replace(ADD, act=act)) is Part.ADDED} == {
        Act.CREATE, Act.ADD, Act.REVIVE,
    }  # fmt: skip
    assert has_done(OPT_IN) is Part.SWITCHED_ON
    for act in (Act.REMOVE, Act.OPT_OUT, Act.ASK):
        assert has_done(replace(ADD, act=act)) is None
    for ended in (Ended.VOID, Ended.REFUSED, Ended.UNKNOWN):
        assert has_done(replace(ADD, ended=ended)) is None
    assert has_done(replace(ADD, ended=Ended.OPEN)) is Part.ADDED


def test_whom_the_audit_log_is_asked_about() -> None:
    edited = replace(ON, updated_at=NOON + HOUR)
    asked = [
        ON,
        edited,
        replace(edited, id=2, accepts_marketing=False),
        replace(edited, id=3, readable=False),
    ]
    assert list(in_doubt(ADDED, asked, BY)) == [edited]
    assert list(in_doubt(ADDED, [edited], replace(BY, skew=HOUR))) == []
    own = replace(ON, updated_at=NOON + SECOND)  # our own write moves the date
    assert list(in_doubt(SWITCHED, [own], BY)) == []
    assert list(in_doubt(ADDED, [own], BY)) == [own]


@pytest.mark.parametrize(
    ("kind", "status", "counts", "may"),
    [
        (RunKind.EXPORT, RunStatus.COMPLETE, {"added": 1}, True),
        (RunKind.EXPORT, RunStatus.COMPLETE, {"updated": 1}, True),
        (RunKind.EXPORT, RunStatus.COMPLETE, {"unchanged": 9}, False),
        (RunKind.EXPORT, RunStatus.INTERRUPTED, {}, True),
        (RunKind.EXPORT, RunStatus.CANCELLED, {}, True),
        (RunKind.EXPORT, RunStatus.RUNNING, {"added": 1}, False),
        (RunKind.EVENTS, RunStatus.CANCELLED, {}, False),
        (RunKind.EVENTS, RunStatus.NEEDS_YOU, {"added": 1}, True),
        (RunKind.INBOUND, RunStatus.COMPLETE, {"opted_in": 1}, True),
        (RunKind.INBOUND, RunStatus.COMPLETE, {"opted_out": 3}, False),
        (RunKind.UNDO, RunStatus.COMPLETE, {"removed": 3}, False),
    ],
)
def test_which_runs_may_be_undone(
    kind: RunKind, status: RunStatus, counts: dict[str, int], may: bool
) -> None:
    assert Run(1, kind, Trigger.MANUAL, status, NOON, counts=counts).may_be_undone is may
