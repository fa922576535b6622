"""How an opt-in gets a person on the list, or why not: from readings and links to what is done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from ccdesk.consent.decide import decide
from ccdesk.consent.model import Policy
from ccdesk.consent.route import Method
from ccdesk.core.intents import Act
from ccdesk.core.losses import Answer, Held, LossKind
from ccdesk.core.models import Contact, Customer, Link, LinkState, Ownership, Permission, WriteBack
from ccdesk.core.runs import Outcome
from ccdesk.sync.later import off_until
from ccdesk.sync.persons import after_reading, left_out
from ccdesk.sync.plan_opt_in import OptInDecision, Seen, plan_opt_in
from ccdesk.sync.readings import LONG_AGO, Kept, account_reading
from ccdesk.sync.reconcile import is_in_doubt, is_untold

LIST, ADA = "list-1", "ada@example.com"
NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
NOW = NOON + HOUR
IN = Customer(1, ADA, True, created_at=NOON - 99 * HOUR, updated_at=NOON)
LONG = replace(IN, email="a" * 45 + "@example.com")
NEW = replace(IN, created_at=NOON - HOUR)
GUEST = replace(IN, is_anonymous=True)
KNOWN_IN = Link(1, email=ADA, kibo_opted_in=True, kibo_updated_at=NOON - HOUR, contact_id="c1")
KNOWN_OUT = Link(1, email=ADA, kibo_opted_in=False, kibo_updated_at=NOON - HOUR)
OURS = replace(KNOWN_OUT, contact_id="c1", ownership=Ownership.OWNED)
OTHER = Link(2, email=ADA, contact_id="c1", kibo_opted_in=False, kibo_updated_at=NOON - 3 * HOUR)
LAST_IN = NOON - 4 * HOUR
EARLIER, LATER = NOON - 2 * HOUR, NOON + HOUR / 2  # than the opt-in, seen off until 11:00 and on at 12:00


def contact(permission: Permission = Permission.IMPLICIT, *lists: str, **more: object) -> Contact:
    made = datetime(2026, 1, 1, tzinfo=UTC)
    return replace(
        Contact("c1", ADA, permission, list_ids=frozenset(lists), created_at=made, updated_at=made),
        **more,  # type: ignore[arg-type]
    )


def unsubscribed(at: datetime) -> Contact:
    return contact(Permission.UNSUBSCRIBED, opt_out_at=at, opt_out_source="Contact", updated_at=at)


def deleted(at: datetime, permission: Permission = Permission.IMPLICIT) -> Contact:
    return contact(permission, deleted_at=f"{at:%Y-%m-%d}", updated_at=at)


def left(at: datetime, link: Link = OTHER, *, seen: datetime | None = None) -> Link:
    """Return the link of an account that knows of a leaving; on the list until `seen`."""
    return replace(link, state=LinkState.LEFT_LIST, agreed=False, out_since=at, out_after=seen or at - HOUR)


def plan(
    there: Contact | None,
    *others: Link,
    customer: Customer = IN,
    link: Link | None = KNOWN_OUT,
    welcome: bool = False,
    anew: bool = True,
    known: datetime = NOON - 90 * HOUR,
    set_at: datetime | None = None,
    asked: datetime | None = None,
    baseline: datetime | None = None,
    off_list: bool = False,
    held: Held | None = None,
    moved: Sequence[Link] = (),
    elsewhere: bool = False,
) -> OptInDecision:
    """Decide as a run does: what is remembered, what was read, the table, and this account's part.

    `elsewhere`: the contact has another email by now and is not theirs any more.
    """
    policy = Policy(LIST, LONG_AGO)
    kept = Kept(policy, timedelta(0), NOW, known={1: known, 2: NOON - 90 * HOUR}, asked=asked)
    seen = Seen(customer, None if elsewhere else there, link, anew, welcome)
    links = [*others, *([link] if link is not None else [])]
    looked = off_until(link, customer, baseline)
    losses = [held] if held is not None else []
    person = after_reading(
        account_reading(customer, timedelta(0), NOW), there, links, losses, kept, looked, moved
    )
    if set_at is not None:
        assert is_in_doubt(person, policy, customer.id)
        reading = account_reading(customer, timedelta(0), NOW, set_at=set_at)
        person = after_reading(reading, there, links, losses, kept, looked, moved)
    if off_list:
        person = left_out(person, there, kept)
    return plan_opt_in(decide(person, policy), seen)


SYNCED = LinkState.SYNCED


@pytest.mark.parametrize(
    ("there", "options", "method", "state"),
    [
        (None, {}, Method.IMPORT, SYNCED),
        (None, {"link": None}, Method.IMPORT, SYNCED),
        (None, {"welcome": True}, Method.SIGN_UP_FORM, SYNCED),
        (None, {"customer": LONG}, Method.CREATE, SYNCED),
        (None, {"customer": LONG, "welcome": True}, Method.CREATE_BY_PERSON, SYNCED),
        (contact(), {}, Method.ADD_TO_LIST, SYNCED),
        (contact(), {"link": None}, Method.ADD_TO_LIST, SYNCED),
        (contact(), {"welcome": True}, Method.SIGN_UP_FORM, SYNCED),
        (contact(), {"link": KNOWN_IN, "anew": False}, Method.ADD_TO_LIST, SYNCED),
        (contact(Permission.IMPLICIT, LIST), {"welcome": True}, None, SYNCED),
        (contact(), {"link": KNOWN_IN, "anew": False, "off_list": True}, None, LinkState.LEFT_OUT),
        (contact(Permission.IMPLICIT, LIST), {"link": KNOWN_IN, "off_list": True}, None, SYNCED),
        (deleted(EARLIER), {}, Method.PUT_CONTACT, SYNCED),
        (deleted(EARLIER), {"welcome": True}, Method.SIGN_UP_FORM, SYNCED),
        (deleted(LATER), {}, None, LinkState.CONTACT_DELETED),
        (deleted(NOON - HOUR / 2), {"welcome": True}, None, LinkState.CONTACT_DELETED),
        (deleted(NOON - HOUR / 2), {"set_at": NOON - HOUR / 4}, Method.PUT_CONTACT, SYNCED),
        (deleted(EARLIER), {"link": KNOWN_IN, "anew": False}, None, LinkState.CONTACT_DELETED),
        (deleted(EARLIER, Permission.TEMP_HOLD), {}, None, LinkState.HELD),
        (unsubscribed(EARLIER), {"welcome": True}, Method.RESUBSCRIBE, LinkState.CONFIRMING),
        (
            replace(unsubscribed(EARLIER), deleted_at="2026-05-01"),
            {"welcome": True},
            Method.RESUBSCRIBE,
            LinkState.CONFIRMING,
        ),
        (replace(unsubscribed(LATER), deleted_at="2026-05-01"), {}, None, LinkState.UNSUBSCRIBED),
        (unsubscribed(LATER), {}, None, LinkState.UNSUBSCRIBED),
        (unsubscribed(NOON - HOUR / 2), {}, None, LinkState.UNSUBSCRIBED),
        (
            unsubscribed(NOON - HOUR / 2),
            {"set_at": NOON - HOUR / 4},
            Method.RESUBSCRIBE,
            LinkState.CONFIRMING,
        ),
        (
            unsubscribed(NOON - HOUR / 2),
            {"set_at": NOON - HOUR * 3 / 4},
            None,
            LinkState.UNSUBSCRIBED,
        ),
        (unsubscribed(EARLIER), {"link": KNOWN_IN, "anew": False}, None, LinkState.UNSUBSCRIBED),
        (
            unsubscribed(EARLIER),
            {"link": None, "baseline": NOON - HOUR},
            Method.RESUBSCRIBE,
            LinkState.CONFIRMING,
        ),
        (unsubscribed(EARLIER), {"link": None}, None, LinkState.UNSUBSCRIBED),
        (contact(Permission.PENDING), {"welcome": True}, None, LinkState.HELD),
        (contact(Permission.TEMP_HOLD), {"welcome": True}, None, LinkState.HELD),
        (contact(Permission.NOT_SET), {"welcome": True}, None, LinkState.HELD),
    ],
)
def test_how_a_person_gets_on_the_list(there, options, method, state):
    decision = plan(there, **options)
    assert (decision.method, decision.state) == (method, state)
    assert decision.reason


@pytest.mark.parametrize(
    ("other", "options", "method", "state"),
    [
        (left(EARLIER), {}, Method.ADD_TO_LIST, SYNCED),
        (left(LATER), {}, None, LinkState.LEFT_LIST),
        # of the account that was off nobody noted that the person was not on the list any more
        (left(EARLIER), {"link": replace(KNOWN_OUT, on_list=True)}, Method.ADD_TO_LIST, SYNCED),
        (left(EARLIER), {"link": KNOWN_IN, "anew": False}, None, LinkState.LEFT_LIST),
        (left(EARLIER), {"known": NOON - HOUR}, None, LinkState.NEWCOMER),
        (left(EARLIER), {"link": None, "known": NOW}, None, LinkState.LEFT_LIST),  # not provably later
        (left(EARLIER), {"link": None, "known": NOW, "customer": NEW}, None, LinkState.NEWCOMER),
        (left(EARLIER), {"customer": GUEST}, None, LinkState.NEWCOMER),
        (
            left(EARLIER),
            {"known": NOW, "link": Link(1, email=ADA, kibo_updated_at=NOON, added_at=LATER)},
            Method.ADD_TO_LIST,
            SYNCED,
        ),
        # An account that is gone keeps an opt-out that the shop was never given.
        (
            replace(left(EARLIER), state=LinkState.CLOSED, kibo_opted_in=True),
            {"link": None, "known": NOW, "customer": NEW},
            None,
            LinkState.NEWCOMER,
        ),
        # A flag that was cleared in another account.
        (replace(OTHER, agreed=False), {}, None, LinkState.NEWCOMER),
        (replace(OTHER, agreed=False, out_after=NOON - 4 * HOUR), {}, Method.ADD_TO_LIST, SYNCED),
        # Known from the very moment at which the person was last seen in: known before the opt-out.
        (replace(OTHER, agreed=False, out_after=LAST_IN), {"known": LAST_IN}, Method.ADD_TO_LIST, SYNCED),
        (OTHER, {"link": None, "known": NOW}, Method.ADD_TO_LIST, SYNCED),  # first seen off: no statement
    ],
)
def test_whose_opt_in_lifts_what_another_account_knows(other, options, method, state):
    decision = plan(contact(), other, **options)
    assert (decision.method, decision.state) == (method, state)


HOME = replace(OTHER, email="home@example.com")


@pytest.mark.parametrize(
    ("moved", "options", "method", "state"),
    [
        (left(EARLIER, HOME), {}, Method.ADD_TO_LIST, SYNCED),
        (left(EARLIER, HOME), {"known": NOON - HOUR}, None, LinkState.NEWCOMER),
        (left(EARLIER, HOME), {"customer": GUEST}, None, LinkState.NEWCOMER),
        (left(LATER, HOME), {}, None, LinkState.LEFT_LIST),
        # On the list until now, and not any more: that nobody has noted the leaving yet dates it to no day.
        (replace(HOME, on_list=True, kibo_opted_in=True), {}, None, LinkState.LEFT_LIST),
        (
            left(EARLIER, HOME),
            {"known": NOW, "link": Link(1, email=ADA, kibo_updated_at=NOON, added_at=LATER)},
            Method.ADD_TO_LIST,
            SYNCED,
        ),
    ],
)
def test_a_leaving_under_another_email_of_the_contact_counts_and_its_account_does_not(
    moved, options, method, state
):
    decision = plan(contact(), moved=[moved], **options)
    assert (decision.method, decision.state) == (method, state)
    there = contact(Permission.IMPLICIT, LIST)
    assert plan(there, moved=[replace(HOME, on_list=True)], known=NOW).outcome is Outcome.UNCHANGED


def test_a_leaving_under_another_email_is_not_taken_back_by_a_sign_up_from_before_it():
    before = contact(opt_in_source="Contact", opt_in_at=NOON - 5 * HOUR)
    assert plan(before, moved=[left(EARLIER, HOME)], known=NOON - HOUR).state is LinkState.NEWCOMER


LEFT = left(EARLIER, replace(OURS, kibo_updated_at=NOON - HOUR))
TOMBSTONE = replace(OURS, state=LinkState.CONTACT_DELETED)


@pytest.mark.parametrize(
    ("there", "link", "method", "state"),
    [
        (contact(), LEFT, Method.IMPORT, SYNCED),
        (contact(), replace(LEFT, out_since=LATER), None, LinkState.LEFT_LIST),
        (deleted(EARLIER), TOMBSTONE, Method.IMPORT, SYNCED),
        (deleted(EARLIER), LEFT, Method.IMPORT, SYNCED),
        (deleted(LATER), TOMBSTONE, None, LinkState.CONTACT_DELETED),
        (deleted(LATER), LEFT, None, LinkState.CONTACT_DELETED),
        (deleted(EARLIER), replace(TOMBSTONE, kibo_opted_in=True), None, LinkState.CONTACT_DELETED),
    ],
)
def test_who_left_or_was_deleted_under_another_email_gets_a_contact_of_their_own_by_a_later_opt_in(
    there, link, method, state
):
    moved = replace(there, email="home@example.com")
    decision = plan(moved, link=link, elsewhere=True)
    assert (decision.method, decision.state) == (method, state)
    assert (decision.ownership is Ownership.OWNED) is (method is not None)


def test_an_accounts_own_leaving_is_lifted_by_its_later_opt_in_whatever_the_dates_of_coming_tell():
    own = left(EARLIER, replace(OURS, kibo_updated_at=NOON - HOUR), seen=NOON - 99 * HOUR)
    assert plan(contact(), link=own).method is Method.ADD_TO_LIST
    assert plan(contact(), link=own, customer=GUEST).state is LinkState.NEWCOMER
    both = plan(contact(), left(EARLIER), link=own, known=NOON - HOUR)
    assert both.state is LinkState.NEWCOMER, "another account knew of it before this one came"


def test_who_left_before_we_saw_that_they_were_added_is_opted_out():
    cut_off = replace(KNOWN_OUT, ownership=Ownership.OWNED, begun=Act.CREATE, written_hash="sent",
                      written_at=NOON + HOUR / 2)  # fmt: skip
    there = contact(created_at=NOON + HOUR / 2)
    assert plan(there, link=cut_off).method is Method.ADD_TO_LIST, "it does not show what was sent"
    seen = replace(
        cut_off, contact_id="c1", state=LinkState.LEFT_LIST, out_since=NOON - HOUR / 4, written_hash=""
    )
    assert plan(there, link=seen).state is LinkState.LEFT_LIST
    assert plan(there, link=seen, set_at=NOON - HOUR / 8).method is Method.ADD_TO_LIST, (
        "the audit log dates the opt-in"
    )
    on_list = replace(cut_off, on_list=True, begun=None, contact_id="c1", written_hash="")
    assert plan(there, link=on_list).state is LinkState.LEFT_LIST


def test_an_opt_out_that_stands_is_pending_and_noted_as_a_conflict():
    decision = plan(unsubscribed(NOON - HOUR / 2))
    assert (decision.pending, decision.conflict) == (WriteBack.OPT_OUT, True)
    assert decision.outcome is Outcome.SKIPPED
    assert not plan(unsubscribed(EARLIER), link=KNOWN_IN, anew=False).conflict


def test_an_opt_out_that_the_shop_was_given_is_older_than_whatever_is_seen_since():
    carried = replace(KNOWN_OUT, state=LinkState.UNSUBSCRIBED, opt_out_at=EARLIER, out_since=EARLIER)
    decision = plan(unsubscribed(EARLIER), link=replace(carried, contact_id="c1"))
    assert (decision.method, decision.conflict) == (Method.RESUBSCRIBE, False)


def test_a_flag_that_was_off_by_itself_when_somebody_unsubscribed_proves_no_later_opt_in():
    off = replace(KNOWN_OUT, state=LinkState.UNSUBSCRIBED, contact_id="c1", agreed=False)
    out = NOON - HOUR / 2  # the flag was seen off an hour before it was set, and they unsubscribed in between
    decision = plan(unsubscribed(out), link=replace(off, out_since=out))
    assert (decision.method, decision.pending) == (None, WriteBack.OPT_OUT)
    assert plan(unsubscribed(out), link=replace(off, out_since=out), set_at=NOON).method is Method.RESUBSCRIBE
    left_off = replace(off, state=LinkState.LEFT_LIST, out_since=out, out_after=NOON - 2 * HOUR)
    assert plan(contact(), link=left_off).state is LinkState.LEFT_LIST


def test_a_flag_that_was_only_seen_is_no_older_than_its_account():
    """The account was disabled when it was seen, so no run has acted on it."""
    seen = Link(1, email=ADA, kibo_updated_at=NOON - HOUR, seen_set=True)
    assert plan(unsubscribed(EARLIER), link=seen, customer=NEW).method is Method.RESUBSCRIBE
    assert plan(unsubscribed(EARLIER), link=seen).state is LinkState.UNSUBSCRIBED, "it may be an old one"
    assert plan(unsubscribed(LATER), link=seen, customer=NEW).state is LinkState.UNSUBSCRIBED


def test_a_flag_that_comes_with_its_account_to_another_email_may_be_later_than_what_stands_there():
    moved = {"link": replace(KNOWN_IN, email="other@example.com"), "anew": False}
    assert plan(unsubscribed(EARLIER), customer=NEW, **moved).method is Method.RESUBSCRIBE, (
        "the account is newer"
    )
    assert plan(unsubscribed(EARLIER), **moved).pending is WriteBack.OPT_OUT, "it may be an old one"
    later = EARLIER + HOUR / 2
    assert plan(unsubscribed(EARLIER), set_at=later, **moved).method is Method.RESUBSCRIBE
    assert plan(unsubscribed(LATER), customer=NEW, **moved).pending is WriteBack.OPT_OUT
    assert plan(contact(), left(EARLIER), customer=NEW, known=NOW, **moved).state is LinkState.NEWCOMER


def test_whether_an_opt_in_is_later_is_asked_of_an_account_that_does_not_count_too():
    policy = Policy(LIST, LONG_AGO)
    disabled = replace(IN, is_active=False)
    there, seen = unsubscribed(EARLIER), Link(1, email=ADA, seen_set=True)
    reading = account_reading(disabled, timedelta(0), NOW)
    person = after_reading(reading, there, [seen], [], Kept(policy, timedelta(0), NOW))
    assert is_untold(person, policy, 1)
    assert not is_in_doubt(person, policy, 1), "nobody is put on the list for it"


def test_confirmation_is_asked_once_only():
    named = (None, LinkState.ASKED_BEFORE, WriteBack.NOTHING)
    before = EARLIER - HOUR
    decision = plan(unsubscribed(EARLIER), asked=before)
    assert (decision.method, decision.state, decision.pending) == named, "neither asked twice nor undone (R3)"
    again = replace(KNOWN_IN, state=LinkState.ASKED_BEFORE, out_since=EARLIER)
    decision = plan(unsubscribed(EARLIER), link=again, anew=False, asked=before)
    assert (decision.method, decision.state, decision.pending) == named, "found later, it stays later"
    since = replace(again, out_since=EARLIER - HOUR)
    assert plan(unsubscribed(EARLIER), link=since, anew=False, asked=before).pending is WriteBack.OPT_OUT
    for out in (LATER, NOON - HOUR / 2):
        decision = plan(unsubscribed(out), asked=before)
        assert (decision.method, decision.pending) == (None, WriteBack.OPT_OUT)
    waiting = plan(unsubscribed(EARLIER), link=None, baseline=NOON - HOUR, asked=EARLIER + HOUR / 2)
    assert (waiting.method, waiting.state) == (None, LinkState.CONFIRMING)


@pytest.mark.parametrize("there", [contact(), deleted(EARLIER)])
def test_a_foreign_contact_stays_foreign(there):
    assert plan(there).ownership is Ownership.FOREIGN
    assert plan(there, link=OURS).ownership is Ownership.OWNED
    elsewhere = replace(OURS, email="other@example.com")
    assert plan(there, link=elsewhere).ownership is Ownership.FOREIGN


def test_what_staff_called_a_mistake_is_left_as_it_is():
    loss = Held(2, LossKind.LEFT, ADA, ADA, EARLIER, answer=Answer.DROPPED)
    decision = plan(contact(), left(EARLIER), link=KNOWN_IN, anew=False, held=loss)
    assert (decision.method, decision.state, decision.pending) == (None, LinkState.HELD, WriteBack.NOTHING)


def test_what_stands_against_an_opt_in_is_dated_where_constant_contact_dates_it() -> None:
    stands = plan(unsubscribed(LATER))
    assert (stands.pending, stands.acted_at) == (WriteBack.OPT_OUT, LATER)
    tombstone = plan(deleted(LATER), link=KNOWN_IN, anew=False)
    assert (tombstone.reason, tombstone.acted_at) == ("deleted in Constant Contact", LATER)
    assert plan(contact(), left(LATER)).acted_at is None
