"""Design R3's table and R5's order of acts."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from ccdesk.core.intents import Act
from ccdesk.core.limits import A_SECOND
from ccdesk.core.models import Contact, Customer, Link, LinkState, Ownership, Permission, WriteBack
from ccdesk.core.runs import Outcome
from ccdesk.sync.later import deleted_until, is_noted, opt_in_is_later, set_after
from ccdesk.sync.plan_events import Change, Step, plan_opt_in, what_changed

LIST = "list-1"
NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
IN = Customer(1, "ada@example.com", True, created_at=NOON - 99 * HOUR, updated_at=NOON)
OUT = replace(IN, accepts_marketing=False)
KNOWN_IN = Link(1, email="ada@example.com", kibo_opted_in=True, on_list=True, contact_id="c1")
KNOWN_OUT = Link(1, email="ada@example.com", kibo_opted_in=False, kibo_updated_at=NOON - HOUR)
LONG = "a" * 45 + "@example.com"


@pytest.mark.parametrize(
    ("customer", "link", "change"),
    [
        (IN, None, Change.OPTED_IN),
        (IN, KNOWN_OUT, Change.OPTED_IN),
        (IN, Link(1), Change.OPTED_IN),
        (IN, KNOWN_IN, Change.NOTHING),
        (replace(IN, first_name="Other"), KNOWN_IN, Change.NOTHING),
        (replace(IN, email="ADA@example.com "), KNOWN_IN, Change.NOTHING),
        (replace(IN, email="new@example.com"), KNOWN_IN, Change.EMAIL),
        (replace(IN, email="new@example.com"), KNOWN_OUT, Change.OPTED_IN),
        (IN, replace(KNOWN_IN, on_list=False, begun=Act.ADD), Change.EMAIL),  # cut off adding a new email
        (IN, replace(KNOWN_IN, begun=Act.ADD), Change.NOTHING),
        (IN, replace(KNOWN_IN, on_list=False, begun=Act.ADD, pending=WriteBack.OPT_OUT), Change.NOTHING),
        (IN, replace(KNOWN_IN, on_list=False, begun=Act.ADD, state=LinkState.LEFT_LIST), Change.NOTHING),
        (OUT, KNOWN_IN, Change.OPTED_OUT),
        (replace(OUT, email="new@example.com"), KNOWN_IN, Change.OPTED_OUT),
        (OUT, KNOWN_OUT, Change.NOTHING),
        (OUT, None, Change.NOTHING),
    ],
)
def test_what_changed(customer, link, change):
    assert what_changed(customer, link) is change


def contact(permission=Permission.IMPLICIT, lists=(), **more):
    return Contact("c1", "ada@example.com", permission, list_ids=frozenset(lists), **more)


def plan(
    there,
    *,
    customer=IN,
    link=None,
    welcome=False,
    anew=True,
    later=None,
    left=False,
    asked_at=None,
    left_out=False,
):
    return plan_opt_in(
        customer,
        there,
        link,
        list_id=LIST,
        welcome=welcome,
        anew=anew,
        later=later,
        left_elsewhere=left,
        asked_at=asked_at,
        left_out=left_out,
    )


OURS = Link(1, email=IN.email, contact_id="c1", ownership=Ownership.OWNED)
UNSUBSCRIBED = contact(Permission.UNSUBSCRIBED, opt_out_at=NOON - 2 * HOUR, opt_out_source="Contact")
DELETED = contact(Permission.IMPLICIT, deleted_at="2026-04-01")
OUT_AND_DELETED = replace(UNSUBSCRIBED, deleted_at="2026-04-30")


@pytest.mark.parametrize(
    ("there", "options", "step", "state"),
    [
        (None, {}, Step.CREATE, LinkState.SYNCED),
        (None, {"welcome": True}, Step.SIGN_UP, LinkState.SYNCED),
        (None, {"welcome": True, "anew": False}, Step.CREATE, LinkState.SYNCED),
        (None, {"customer": replace(IN, email=LONG)}, Step.CREATE, LinkState.SYNCED),
        (
            None,
            {"customer": replace(IN, email=LONG), "welcome": True},
            Step.CREATE_BY_PERSON,
            LinkState.SYNCED,
        ),
        (contact(), {}, Step.ADD, LinkState.SYNCED),
        (contact(), {"welcome": True}, Step.SIGN_UP, LinkState.SYNCED),
        (contact(lists=[LIST]), {"welcome": True}, Step.NONE, LinkState.SYNCED),
        (contact(), {"anew": False, "left": True}, Step.NONE, LinkState.LEFT_LIST),
        (contact(), {"anew": True, "left": True}, Step.ADD, LinkState.SYNCED),
        (contact(), {"anew": False, "left_out": True}, Step.NONE, LinkState.LEFT_OUT),
        (contact(), {"anew": False, "left_out": True, "link": OURS}, Step.ADD, LinkState.SYNCED),
        (contact(), {"anew": True, "left_out": True}, Step.ADD, LinkState.SYNCED),
        (DELETED, {"later": True}, Step.REVIVE, LinkState.SYNCED),
        (DELETED, {"later": True, "welcome": True}, Step.SIGN_UP, LinkState.SYNCED),
        (DELETED, {"later": False}, Step.NONE, LinkState.CONTACT_DELETED),
        (DELETED, {"later": None, "welcome": True}, Step.NONE, LinkState.CONTACT_DELETED),
        (DELETED, {"later": True, "anew": False}, Step.NONE, LinkState.CONTACT_DELETED),
        (replace(DELETED, permission=Permission.TEMP_HOLD), {"later": True}, Step.NONE, LinkState.HELD),
        (OUT_AND_DELETED, {}, Step.NONE, LinkState.UNSUBSCRIBED),
        (OUT_AND_DELETED, {"later": True, "welcome": True}, Step.RESUBSCRIBE, LinkState.CONFIRMING),
        (UNSUBSCRIBED, {"later": True, "welcome": True}, Step.RESUBSCRIBE, LinkState.CONFIRMING),
        (UNSUBSCRIBED, {"later": False}, Step.NONE, LinkState.UNSUBSCRIBED),
        (UNSUBSCRIBED, {"later": None}, Step.NONE, LinkState.UNSUBSCRIBED),
        (UNSUBSCRIBED, {"later": True, "anew": False}, Step.NONE, LinkState.UNSUBSCRIBED),
        (contact(Permission.PENDING), {"welcome": True}, Step.NONE, LinkState.HELD),
        (contact(Permission.TEMP_HOLD), {"welcome": True}, Step.NONE, LinkState.HELD),
        (contact(Permission.NOT_SET), {"welcome": True}, Step.NONE, LinkState.HELD),
    ],
)
def test_how_a_person_gets_on_the_list(there, options, step, state):
    decision = plan(there, **options)
    assert (decision.step, decision.state) == (step, state)
    assert decision.reason


def test_an_opt_out_that_stands_is_pending_and_noted_as_a_conflict():
    decision = plan(UNSUBSCRIBED, later=None)
    assert (decision.pending, decision.conflict, decision.outcome) == (
        WriteBack.OPT_OUT,
        True,
        Outcome.SKIPPED,
    )


def test_confirmation_is_asked_once_only():
    before = UNSUBSCRIBED.opt_out_at - HOUR
    decision = plan(UNSUBSCRIBED, link=KNOWN_OUT, later=True, asked_at=before)
    named = (Step.NONE, LinkState.ASKED_BEFORE, WriteBack.NOTHING)
    assert (decision.step, decision.state, decision.pending) == named, "neither asked twice nor undone (R3)"
    again = replace(KNOWN_IN, state=LinkState.ASKED_BEFORE, out_since=UNSUBSCRIBED.opt_out_at)
    decision = plan(UNSUBSCRIBED, link=again, anew=False, asked_at=before)
    assert (decision.step, decision.state, decision.pending) == named, (
        "what was found to be later stays later"
    )
    since = replace(again, out_since=UNSUBSCRIBED.opt_out_at - HOUR)
    assert plan(UNSUBSCRIBED, link=since, anew=False, asked_at=before).pending is WriteBack.OPT_OUT
    for later in (False, None):
        decision = plan(UNSUBSCRIBED, link=KNOWN_OUT, later=later, asked_at=before)
        assert (decision.step, decision.pending) == (Step.NONE, WriteBack.OPT_OUT)
    waiting = plan(UNSUBSCRIBED, link=None, later=True, asked_at=UNSUBSCRIBED.opt_out_at + HOUR)
    assert (waiting.step, waiting.state) == (Step.NONE, LinkState.CONFIRMING)


@pytest.mark.parametrize("there", [contact(), DELETED])
def test_a_foreign_contact_stays_foreign(there):
    assert plan(there, later=True).ownership is Ownership.FOREIGN
    ours = replace(KNOWN_IN, ownership=Ownership.OWNED, contact_id="c1")
    assert plan(there, link=ours, later=True).ownership is Ownership.OWNED
    elsewhere = replace(ours, email="other@example.com")
    assert plan(there, link=elsewhere, later=True).ownership is Ownership.FOREIGN


@pytest.mark.parametrize(
    ("deleted_at", "updated_at", "until"),
    [
        # What was deleted is not touched any more: the update date is the deletion's.
        ("2026-05-01", NOON, NOON + A_SECOND),
        # A date in the zone of the account may be the day before or after the one in UTC.
        ("2026-05-02", datetime(2026, 5, 1, 11, tzinfo=UTC), datetime(2026, 5, 1, 11, 0, 1, tzinfo=UTC)),
        # Updated long before: that date says nothing of the deletion, the day does.
        ("2026-05-02", NOON - 48 * HOUR, datetime(2026, 5, 3, 14, tzinfo=UTC)),
        ("2026-05-02", None, datetime(2026, 5, 3, 14, tzinfo=UTC)),
        ("yes", NOON, NOON),
        ("yes", None, None),
    ],
)
def test_until_when_a_contact_was_deleted(deleted_at, updated_at, until):
    assert deleted_until(contact(deleted_at=deleted_at, updated_at=updated_at)) == until


@pytest.mark.parametrize(
    ("opted_out", "link", "baseline", "set_at", "customer", "later"),
    [
        # Known out in Kibo until 11:00, opt-in seen at 12:00.
        (NOON - 2 * HOUR, KNOWN_OUT, None, None, IN, True),
        (NOON + HOUR, KNOWN_OUT, None, None, IN, False),
        (NOON - HOUR / 2, KNOWN_OUT, None, None, IN, None),
        (NOON - HOUR / 2, KNOWN_OUT, None, NOON - HOUR / 3, IN, True),
        (NOON - HOUR / 2, KNOWN_OUT, None, NOON - HOUR * 3 / 4, IN, False),
        # We carried that very opt-out ourselves: the opt-in came after it, whatever the clocks say.
        (NOON + HOUR, replace(KNOWN_OUT, opt_out_at=NOON + HOUR), None, None, IN, True),
        # Not known before: the first export or the account's creation bound it from below.
        (NOON - 3 * HOUR, None, NOON - 2 * HOUR, None, IN, True),
        (NOON - HOUR, None, NOON - 2 * HOUR, None, IN, None),
        (NOON - 3 * HOUR, None, None, None, replace(IN, created_at=NOON - HOUR), True),
        (NOON - 3 * HOUR, None, None, None, IN, None),
        # A look at 11:50 still saw the flag off; or what it noted is of an earlier opt-in, or no date at all.
        (NOON - HOUR / 2, replace(KNOWN_OUT, in_after=NOON - HOUR / 6), None, None, IN, True),
        (NOON - HOUR / 12, replace(KNOWN_OUT, in_after=NOON - HOUR / 6), None, None, IN, None),
        (NOON - HOUR * 3 / 2, replace(KNOWN_OUT, in_after=NOON - 2 * HOUR), None, None, IN, True),
        (NOON - HOUR / 2, replace(KNOWN_OUT, in_after=NOON - 2 * HOUR), None, None, IN, None),
        (NOON - HOUR / 2, replace(KNOWN_OUT, in_after=NOON + HOUR), None, None, IN, None),
        (NOON - HOUR / 2, replace(KNOWN_IN, in_after=NOON - HOUR / 6), None, None, IN, None),
        (None, KNOWN_OUT, None, None, IN, None),
        # Still opted in when last seen: a second tick in the shop cannot be told from an order.
        (NOON - HOUR / 2, KNOWN_IN, NOON - 9 * HOUR, None, IN, None),
    ],
)
def test_which_act_came_later(opted_out, link, baseline, set_at, customer, later):
    there = replace(UNSUBSCRIBED, opt_out_at=opted_out)
    result = opt_in_is_later(contact=there, customer=customer, link=link, baseline=baseline, set_at=set_at)
    assert result is later


@pytest.mark.parametrize(
    ("polled", "after"),
    [
        (NOON, NOON - HOUR / 6),  # what a look shows is up to ten minutes old
        (NOON - HOUR, NOON - HOUR),  # no better than what we last acted on
        (None, NOON - HOUR),
    ],
)
def test_since_when_a_flag_may_be_set(polled, after):
    assert set_after(KNOWN_OUT, IN, polled) == after
    assert is_noted(replace(KNOWN_OUT, in_after=after))
    assert not is_noted(replace(KNOWN_OUT, in_after=NOON - 2 * HOUR))
    assert not is_noted(KNOWN_OUT)


@pytest.mark.parametrize(
    ("minutes", "later"),
    [(0, True), (10, None), (-10, True), (70, False)],
)
def test_dates_of_two_clocks_are_compared_on_one(minutes, later):
    """Kibo knew the person as out until 11:00; Constant Contact dates the opt-out 10:55 by its own clock."""
    there = replace(UNSUBSCRIBED, opt_out_at=NOON - HOUR - timedelta(minutes=5))
    skew = timedelta(minutes=minutes)
    result = opt_in_is_later(contact=there, customer=IN, link=KNOWN_OUT, baseline=None, skew=skew)
    assert result is later
