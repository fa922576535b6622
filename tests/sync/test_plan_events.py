"""What changed about a customer (design R3), and which act came later (R5)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from ccdesk.core.intents import Act
from ccdesk.core.limits import A_SECOND
from ccdesk.core.models import Contact, Customer, Link, LinkState, Permission, WriteBack
from ccdesk.sync.later import deleted_until, is_noted, set_after
from ccdesk.sync.plan_events import Change, what_changed

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
IN = Customer(1, "ada@example.com", True, created_at=NOON - 99 * HOUR, updated_at=NOON)
OUT = replace(IN, accepts_marketing=False)
KNOWN_IN = Link(1, email="ada@example.com", kibo_opted_in=True, on_list=True, contact_id="c1")
KNOWN_OUT = Link(1, email="ada@example.com", kibo_opted_in=False, kibo_updated_at=NOON - HOUR)


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


UNSUBSCRIBED = contact(Permission.UNSUBSCRIBED, opt_out_at=NOON - 2 * HOUR, opt_out_source="Contact")


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
