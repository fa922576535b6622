"""The verdict about one person, as a table of cases (design §8, `why`): read now, and as last read."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from ccdesk.core.drift import DriftKind, Sides
from ccdesk.core.intents import Act
from ccdesk.core.losses import Answer, Held, LossKind
from ccdesk.core.models import Contact, Customer, Link, LinkState, Permission, WriteBack
from ccdesk.core.runs import EventStatus, QueuedEvent, RunKind
from ccdesk.core.why import Verdict
from ccdesk.sync.agreement import GUEST, NOT_ACTIVE
from ccdesk.sync.last_read import Remembered, as_last_read
from ccdesk.sync.plan_drift import DriftRules, drift_of
from ccdesk.sync.plan_next import NOT_ENABLED, NOT_RUNNING, Plan, next_step
from ccdesk.sync.plan_why import kind_of, remembered_verdict, verdict_of, without_list
from ccdesk.sync.standing_opt_outs import DELETED_TO_ASK
from tests.sync.test_plan_drift import CASES

K, S = DriftKind, LinkState
LIST, KEY = "list-1", "ann@example.com"
NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
RULES = DriftRules(LIST, guests=False, now=NOON + timedelta(hours=3))

IN = Link(1, email=KEY, contact_id="c1", kibo_opted_in=True, agreed=True, on_list=True)
OUT = Link(1, email=KEY, contact_id="c1", kibo_opted_in=False, agreed=False, out_since=NOON)
OFF = replace(IN, on_list=False)
SECOND = replace(IN, customer_id=2)
MOVED = replace(IN, email="new@example.com")
UNASKED = replace(OFF, state=S.CONFIRMING, note=DELETED_TO_ASK)
PENDING_OUT = WriteBack.OPT_OUT


def known(*links: Link, **more: object) -> Remembered:
    return Remembered(KEY, links, **more)  # type: ignore[arg-type]


def held(kind: LossKind = LossKind.FLAG, answer: Answer = Answer.NONE) -> tuple[Held, ...]:
    return (Held(1, kind, KEY, KEY, NOON, answer=answer),)


def queued(status: EventStatus = EventStatus.PENDING, **more: object) -> tuple[QueuedEvent, ...]:
    return (QueuedEvent("e1", 1, NOON, status, **more),)  # type: ignore[arg-type]


# name, what is remembered, (wants mail, should be on the list, in step), words of rule and reason
LAST_READ: list[tuple[str, Remembered, tuple[bool | None, bool, bool], str, str]] = [
    ("in step", known(IN), (True, True, True), "R1", "opted in in the shop and on the list"),
    (
        "an add was begun, and nobody saw its end",
        known(Link(1, email=KEY, begun=Act.CREATE, note="cannot be read")),
        (True, True, False),
        "R2",
        "opted in in the shop",
    ),
    (
        "shared email, one agrees",
        known(OUT, SECOND),
        (True, True, True),
        "R1",
        "by one of several accounts, which is enough",
    ),
    (
        "in step by what was last acted on, and a change is parked",
        known(IN, queued=queued(EventStatus.PARKED, error="Bad.")),
        (None, True, False),
        "R1",
        "a change of customer 1 waits for a person, so this may not be so any more: Bad.",
    ),
    (
        "in step by what was last acted on, and a change waits",
        known(IN, queued=queued()),
        (None, True, False),
        "R1",
        "a change of customer 1 in Kibo has not been acted on yet, so this may not be so any more",
    ),
    (
        "the look that saw the change has seen the flag cleared",
        known(replace(IN, out_after=NOON), queued=queued()),
        (False, False, False),
        "R3",
        "opted out in the shop",
    ),
    (
        "what the look noted is over once nothing waits",
        known(replace(IN, out_after=NOON)),
        (True, True, True),
        "R1",
        "on the list",
    ),
    (
        "cleared, and held by the guard",
        known(IN, held=held(), queued=queued()),
        (False, False, False),
        "R8",
        "held until it is answered",
    ),
    (
        "cleared, held, and to be done by the next run",
        known(IN, held=held(answer=Answer.DO_IT), queued=queued()),
        (False, False, False),
        "R3",
        "opted out in the shop",
    ),
    (
        "a second account's opt-out is held: the first one agrees",
        known(IN, SECOND, held=held(), queued=queued()),
        (True, True, False),
        "R1",
        "a change in Kibo still waits",
    ),
    (
        "sent by an import that failed, and never acted on",
        known(Link(1, email=KEY, kibo_opted_in=False), queued=queued(), tried={1: Act.CREATE}),
        (True, True, False),
        "R2",
        "not on the list yet",
    ),
    (
        "a new account of which nothing but the change is known",
        known(queued=queued()),
        (None, False, False),
        "R2",
        "has not been acted on yet",
    ),
    (
        "acted on in this very state, and parked",
        known(
            replace(IN, kibo_updated_at=NOON, state=S.INVALID, on_list=False),
            queued=queued(EventStatus.PARKED, error="Bad."),
        ),
        (True, True, False),
        "",
        "Bad.",
    ),
    (
        "the contact of a former email, left on the list",
        known(MOVED, left_behind="c1"),
        (None, False, False),
        "§3a R1",
        "the account has another email in Kibo now",
    ),
    ("opted out on both sides", known(OUT), (False, False, True), "R1", "opted out in the shop"),
    (
        "unsubscribed and carried",
        known(replace(OUT, state=S.UNSUBSCRIBED)),
        (False, False, True),
        "R1",
        "unsubscribed in Constant Contact",
    ),
    ("left and carried", known(replace(OUT, state=S.LEFT_LIST)), (False, False, True), "R1", "left the list"),
    (
        "unsubscribed, owed",
        known(replace(OFF, state=S.UNSUBSCRIBED, pending=PENDING_OUT, out_since=NOON)),
        (False, False, False),
        "R4",
        "unsubscribed in Constant Contact on 2026-05-01",
    ),
    (
        "left, owed",
        known(replace(OFF, state=S.LEFT_LIST, pending=PENDING_OUT)),
        (False, False, False),
        "R4",
        "left the list",
    ),
    (
        "undone",
        known(replace(OFF, state=S.UNDONE, agreed=None, note="taken off the list by undoing run 7")),
        (True, False, False),
        "§8 undo",
        "undoing run 7",
    ),
    (
        "undone, by a note that was lost",
        known(replace(OFF, state=S.UNDONE, agreed=None)),
        (True, False, False),
        "§8 undo",
        "undoing a run",
    ),
    (
        "opt-in switched off again",
        known(replace(OUT, state=S.UNDONE, agreed=None, on_list=True, note="switched off by undoing run 7")),
        (False, True, False),
        "§8 undo",
        "undoing run 7",
    ),
    ("left out", known(replace(OFF, state=S.LEFT_OUT)), (None, False, False), "§3a R2", "may have left"),
    (
        "deleted",
        known(replace(OFF, state=S.CONTACT_DELETED)),
        (True, False, False),
        "R2",
        "only a new opt-in",
    ),
    ("newcomer", known(replace(OFF, state=S.NEWCOMER)), (None, False, False), "§3a R1", "newer account"),
    ("newcomer left", known(replace(OFF, state=S.NEWCOMER_LEFT)), (None, False, False), "§3a R1", "newer"),
    (
        "held there",
        known(replace(OFF, state=S.HELD, note="waiting (pending_confirmation)")),
        (True, False, False),
        "R1",
        "pending_confirmation",
    ),
    (
        "held there, for what is not noted",
        known(replace(OFF, state=S.HELD, note="?")),
        (True, False, False),
        "R1",
        "unknown",
    ),
    ("asked to confirm", known(replace(OFF, state=S.CONFIRMING)), (True, False, False), "R3", "confirmation"),
    ("nobody asked", known(UNASKED), (True, False, False), "R3", "asks for no confirmation"),
    (
        "asked before",
        known(replace(OFF, state=S.ASKED_BEFORE)),
        (True, False, False),
        "§3a R3",
        "asked before",
    ),
    (
        "bad email",
        Remembered(
            "ann@@example.com", (replace(OFF, email="ann@@example.com", contact_id="", state=S.INVALID),)
        ),
        (True, True, False),
        "R2",
        "email",
    ),
    (
        "refused email",
        known(replace(OFF, contact_id="", state=S.INVALID, note="The address bounces.")),
        (True, True, False),
        "R2",
        "The address bounces.",
    ),
    ("gone", known(replace(IN, state=S.CLOSED)), (None, False, False), "§3a R1", "gone from Kibo"),
    (
        "gone and off the list",
        known(replace(OFF, state=S.CLOSED)),
        (None, False, True),
        "§3a R1",
        "gone from Kibo",
    ),
    (
        "forgotten",
        Remembered("", (Link(1, kibo_opted_in=False, agreed=False, state=S.CLOSED),)),
        (False, False, True),
        "R1",
        "opted out",
    ),
    ("disabled", known(replace(IN, active=False)), (None, False, False), "§3a R1", NOT_ACTIVE),
    (
        "disabled, and something else was noted since",
        known(replace(IN, active=False, note="taken off the list by undoing run 7")),
        (None, False, False),
        "§3a R1",
        NOT_ACTIVE,
    ),
    (
        "disabled, and taken off the list by an undo",
        known(replace(OFF, state=S.UNDONE, agreed=None, active=False)),
        (None, False, True),
        "§3a R1",
        NOT_ACTIVE,
    ),
    ("guest's, on the list", known(replace(IN, guest=True)), (None, False, False), "§3a R1", GUEST),
    (
        "guest's, on no list",
        known(Link(1, email=KEY, seen_set=True, guest=True)),
        (None, False, True),
        "§3a R1",
        GUEST,
    ),
    ("never opted in", known(Link(1, email=KEY, kibo_opted_in=False)), (False, False, True), "R1", "never"),
    (
        "never opted in, on the list",
        known(Link(1, email=KEY, kibo_opted_in=False, on_list=True)),
        (False, False, False),
        "R4",
        "never opted in",
    ),
    ("put back", known(OUT, put_back=frozenset({1})), (False, False, False), "§3a Disagreement", "put back"),
    (
        "sign-up owed",
        known(replace(OUT, on_list=True, pending=WriteBack.OPT_IN)),
        (True, True, False),
        "R4",
        "signed up",
    ),
    (
        "held by the guard",
        known(replace(OFF, state=S.LEFT_LIST, pending=PENDING_OUT), held=held(LossKind.LEFT)),
        (False, False, False),
        "R8",
        "held",
    ),
    (
        "called a mistake",
        known(replace(OFF, state=S.LEFT_LIST, pending=PENDING_OUT), held=held(LossKind.LEFT, Answer.DROPPED)),
        (None, True, False),
        "§3a R8",
        "mistake",
    ),
    (
        "seen set since",
        known(replace(OUT, state=S.LEFT_LIST, in_after=NOON)),
        (None, False, False),
        "R5",
        "changed in the shop",
    ),
    (
        "parked",
        known(Link(1, email=KEY, kibo_opted_in=True), queued=queued(EventStatus.PARKED, error="No.")),
        (True, True, False),
        "R3",
        "No.",
    ),
    (
        "being added",
        known(Link(1, email=KEY, kibo_opted_in=True, begun=Act.CREATE)),
        (True, True, False),
        "R2",
        "not on the list yet",
    ),
    (
        "added by staff, not acted on",
        known(Link(1, email=KEY, added_at=NOON)),
        (True, True, False),
        "R2",
        "not on the list yet",
    ),
    ("seen, not acted on", known(Link(1, email=KEY)), (None, False, True), "", "never acted on"),
    ("nobody", known(), (None, False, True), "R2, R4", "has never seen an account"),
    ("a former email", known(MOVED), (None, False, True), "", "another email now"),
]


def verdict(remembered: Remembered) -> Verdict:
    former = any(one.email_key not in ("", remembered.key) for one in remembered.links)
    return remembered_verdict(remembered, RULES, former=former)


@pytest.mark.parametrize(
    ("remembered", "says", "rule", "reason"), [c[1:] for c in LAST_READ], ids=[c[0] for c in LAST_READ]
)
def test_as_last_read(
    remembered: Remembered, says: tuple[bool | None, bool, bool], rule: str, reason: str
) -> None:
    found = verdict(remembered)
    assert (found.wants_mail, found.should_be_on_list, found.in_step) == says, found
    assert found.rule.startswith(rule)
    assert reason in found.reason


def test_every_state_of_a_link_has_a_case() -> None:
    assert {one.state for _, remembered, *_ in LAST_READ for one in remembered.links} == set(LinkState)


# ------------------------------------------------------------ read now: the same as the comparison


WANTS: dict[DriftKind | None, tuple[set[bool | None], set[bool]]] = {
    K.PUT_BACK: ({False}, {False}),
    K.NOBODY_AGREES: ({None}, {False}),
    K.MISTAKE: ({None}, {True}),
    K.HELD: ({False}, {False}),
    K.OPT_OUT_DUE: ({False}, {False}),
    K.SIGN_UP_DUE: ({True}, {True}),
    K.NEVER_OPTED_IN: ({False}, {False}),
    K.NO_ACCOUNT: ({None}, {False}),
    K.UNSUBSCRIBED: ({False}, {False}),
    K.LEFT_LIST: ({False}, {False}),
    K.CONFIRMING: ({True}, {False}),
    K.ASKED_BEFORE: ({True}, {False}),
    K.DELETED: ({True}, {False}),
    K.WAITING: ({True}, {True, False}),
    K.LEFT_OUT: ({None}, {False}),
    K.UNDONE: ({True, False}, {True, False}),
    K.NEWCOMER: ({None}, {False}),
    K.INVALID_EMAIL: ({True}, {True}),
    K.REFUSED: ({True}, {True}),
    K.NOT_ADDED: ({True}, {True}),
    K.CHANGE_DUE: ({None, True}, {True, False}),
    K.UNREADABLE: ({None}, {True, False}),
}


@pytest.mark.parametrize(
    ("accounts", "contact", "links", "kind"), [c[1:] for c in CASES], ids=[c[0] for c in CASES]
)
def test_read_now_it_says_what_the_comparison_says(
    accounts: list[Customer], contact: Contact | None, links: list[Link], kind: DriftKind | None
) -> None:
    key = accounts[0].email_key if accounts else KEY
    sides = Sides(key, tuple(accounts), contact, tuple(links))
    found = verdict_of(sides, RULES, live=True)
    assert found.in_step is (kind is None)
    assert found.rule
    assert found.reason
    mailed = contact is not None and contact.standing == "in" and LIST in contact.list_ids
    if kind is None:
        assert found.should_be_on_list is (
            mailed and bool(accounts) and any(a.accepts_marketing for a in accounts)
        )
    else:
        wants, should = WANTS[kind]
        assert found.wants_mail in wants
        assert found.should_be_on_list in should
        drift = drift_of(sides, RULES)
        assert drift is not None
        assert drift.reason in found.reason or kind is K.NOT_ADDED


def test_every_kind_of_difference_has_a_verdict() -> None:
    assert set(WANTS) == set(DriftKind) - {DriftKind.LEFT_AS_IS}


def test_a_refusal_says_what_the_change_would_have_done() -> None:
    account = Customer(1, KEY, False)
    there = Contact("c1", KEY, Permission.IMPLICIT, list_ids=frozenset({LIST}))
    found = verdict_of(Sides(KEY, (account,), there, (IN,), parked=((1, "No."),)), RULES, live=True)
    assert (found.wants_mail, found.should_be_on_list, found.reason) == (False, False, "No.")


def test_nobody_read_now_is_told_from_nobody_remembered() -> None:
    now = verdict_of(Sides(KEY), RULES, live=True).reason
    then = verdict_of(Sides(KEY), RULES, live=False).reason
    assert "never seen" in then
    assert "is found by that" in now


def test_an_account_that_was_only_seen_is_not_nobody() -> None:
    found = verdict_of(Sides(KEY), RULES, live=False, seen=True)
    assert (found.wants_mail, found.in_step) == (None, True)
    assert "has been seen" in found.reason
    assert "no account in the shop" in verdict_of(Sides(KEY), RULES, live=True, seen=True).reason


def test_a_former_email_that_is_still_mailed() -> None:
    there = Contact("c1", KEY, Permission.IMPLICIT, list_ids=frozenset({LIST}))
    found = verdict_of(Sides(KEY, (), there, (MOVED,)), RULES, live=True, former=True)
    assert (found.wants_mail, found.should_be_on_list, found.in_step) == (None, False, False)
    assert "another email in Kibo now" in found.reason


# ------------------------------------------------------------ what is next


EVENTS, INBOUND = NOON + timedelta(hours=4), NOON + timedelta(hours=5)
PLAN = Plan({RunKind.EVENTS: EVENTS, RunKind.INBOUND: INBOUND}, NOON + timedelta(hours=3))
LATER = NOON + timedelta(hours=9)
OWED = replace(OFF, state=S.UNSUBSCRIBED, pending=PENDING_OUT)

NEXT: list[tuple[str, Remembered, Plan, str, datetime | None]] = [
    ("owed", known(OWED), PLAN, "opt-out is written to Kibo", INBOUND),
    ("owed, not enabled", known(OWED), replace(PLAN, enabled=False), NOT_ENABLED, None),
    ("owed, no loop", known(OWED), replace(PLAN, next_runs={}), NOT_RUNNING, None),
    ("owed, no loop for long", known(OWED), replace(PLAN, now=LATER), NOT_RUNNING, None),
    ("sign-up owed", known(replace(OUT, on_list=True, pending=WriteBack.OPT_IN)), PLAN, "opt-in is written",
     INBOUND),
    ("change seen", known(IN, queued=queued()), PLAN, "looked at by the next run", EVENTS),
    ("tried again", known(IN, queued=queued(EventStatus.RETRY, attempts=2, error="Busy.", next_try_at=LATER)),
     PLAN, "has failed 2 times (Busy.) and is tried again", LATER),
    ("tried again soon", known(IN, queued=queued(EventStatus.RETRY, attempts=1, next_try_at=NOON)), PLAN,
     "has failed once", EVENTS),
    ("parked", known(IN, queued=queued(EventStatus.PARKED, error="Bad.")), PLAN, "parked", None),
    ("held by the guard", known(IN, held=held(), queued=queued()), PLAN, "waits for an answer",
     NOON + timedelta(hours=24)),
    ("held, gone from the list", known(OWED, held=held(LossKind.LEFT)), PLAN, "waits for an answer", None),
    (
        "called a mistake",
        known(replace(OWED, state=S.LEFT_LIST), held=held(LossKind.LEFT, Answer.DROPPED)),
        PLAN,
        "staff set right",
        None,
    ),
    ("held, to be done", known(OWED, held=held(LossKind.LEFT, Answer.DO_IT)), PLAN, "carried out", INBOUND),
    ("newcomer", known(replace(OFF, state=S.NEWCOMER)), PLAN, "staff are asked", None),
    ("newcomer left", known(replace(OFF, state=S.NEWCOMER_LEFT)), PLAN, "", None),
    ("asked to confirm", known(replace(OFF, state=S.CONFIRMING)), PLAN, "confirms", None),
    ("nobody asked", known(UNASKED), PLAN, "nobody could be asked", None),
    ("welcome question", known(Link(1, email=KEY, kibo_opted_in=False), queued=queued()),
     replace(PLAN, welcomes_until=NOON), "welcome email waits", None),
    ("changed after the question", known(IN, queued=queued()),
     replace(PLAN, welcomes_until=NOON - timedelta(1)), "looked at", EVENTS),
    ("begun", known(Link(1, email=KEY, kibo_opted_in=True, begun=Act.ADD)), PLAN,
     "the last call about the list ended", EVENTS),
    ("before the first export", known(Link(1, email=KEY, kibo_opted_in=True)), replace(PLAN, exported=False),
     "first export", None),
    ("to be added", known(Link(1, email=KEY, kibo_opted_in=True)), PLAN, "put on the list", EVENTS),
    ("in step", known(IN), PLAN, "", None),
    ("change seen, and the run failed", known(IN, queued=queued()),
     replace(PLAN, failed={RunKind.EVENTS: "No."}), "the last one failed: No", EVENTS),
    ("deleted", known(replace(OFF, state=S.CONTACT_DELETED)), PLAN, "", None),
    ("list gone", known(OWED), replace(PLAN, list_gone=True), "another list", None),
]  # fmt: skip


@pytest.mark.parametrize(
    ("remembered", "plan", "what", "when"), [c[1:] for c in NEXT], ids=[c[0] for c in NEXT]
)
def test_what_is_next(remembered: Remembered, plan: Plan, what: str, when: datetime | None) -> None:
    found = next_step(remembered, kind_of(as_last_read(remembered, LIST), RULES), plan)
    if not what:
        assert found is None
        return
    assert found is not None
    assert what in found.what
    assert found.when == when


def test_a_list_that_is_gone_is_nobodys_leaving() -> None:
    found = without_list(verdict(known(IN)))
    assert (found.wants_mail, found.should_be_on_list, found.in_step) == (True, True, False)
    assert "list is gone" in found.reason
    assert without_list(verdict(known(OUT))) == verdict(known(OUT))
