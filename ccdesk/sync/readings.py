"""Accounts and contacts as read, in the words of the rules, and what is known beside (docs/consent.md b4)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from ccdesk.consent.contact_reading import ContactReading
from ccdesk.consent.model import Policy
from ccdesk.consent.observe_shop import AccountReading
from ccdesk.consent.window import Window, instant
from ccdesk.core.models import Contact, Customer, Permission
from ccdesk.sync.later import deleted_until

_MS = timedelta(milliseconds=1)  # Kibo writes its dates so exactly
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
"""Before anything that either service tells of: the beginning of a window that nothing bounds."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What goes for all links of a person, beside the policy.

    `skew`: how far the shop's clock is ahead of the mail service's, whose time is `now`; `began`: its time at
    the first poll. `watched`: links speak of the active list, not of the one before it. `known` tells since
    when accounts are known under the email; of others the link's state does, as far as it decides.
    `looked`: when the last complete look at the shop began, by the shop's clock.
    """

    policy: Policy
    skew: timedelta
    now: datetime
    began: datetime | None = None
    watched: bool = True
    known: Mapping[int, datetime] = field(default_factory=dict)
    asked: datetime | None = None
    looked: datetime | None = None


def account_reading(
    customer: Customer,
    skew: timedelta,
    now: datetime,
    *,
    gone: bool = False,
    set_at: datetime | None = None,
) -> AccountReading:
    """Return an account as it was read at `now`; `skew`: how far the shop's clock is ahead.

    Without a date of its own it may have been changed at any moment until now. `set_at`: when its flag was
    set, by the shop's audit log.
    """
    date = customer.updated_at or customer.created_at
    updated = shop_window(date, skew) if date is not None else Window(LONG_AGO, now)
    return AccountReading(
        id=customer.id,
        email=customer.email_key,
        opted_in=customer.accepts_marketing,
        version=date or now + skew,
        updated=updated,
        created=shop_window(customer.created_at, skew) if customer.created_at is not None else updated,
        read=instant(now),
        active=customer.is_active,
        guest=customer.is_anonymous,
        gone=gone,
        readable=customer.readable,
        set_at=shop_window(set_at, skew) if set_at is not None else None,
    )


def shop_window(date: datetime, skew: timedelta) -> Window:
    """Return the window of a date of the shop, on the mail service's clock."""
    return Window(date - skew, date - skew + _MS)


def contact_reading(contact: Contact, active: str, now: datetime, *, readable: bool = True) -> ContactReading:
    """Return a contact as it was read at `now`; `active` is the active list."""
    return ContactReading(
        id=contact.id,
        permission=contact.permission,
        read=instant(now),
        lists=contact.list_ids,
        deleted=bool(contact.deleted_at),
        readable=readable,
        signed_up=_signed_up(contact, active),
        opted_out=contact.opt_out_at if contact.permission is Permission.UNSUBSCRIBED else None,
        by_person=contact.opt_out_source != "Account",
        created=contact.created_at,
        updated=contact.updated_at,
        deleted_until=deleted_until(contact) if contact.deleted_at else None,
    )


def _signed_up(contact: Contact, active: str) -> datetime | None:
    """Return when the person last joined by an act of their own, as far as the service dates it.

    Joining on the preferences page shows only as the contact's own last change: on the list, it is taken for
    having joined it (docs/consent.md d names what else looks like that).
    """
    dates = []
    if contact.opt_in_source == "Contact" and contact.opt_in_at is not None:
        dates.append(contact.opt_in_at)
    if contact.is_mailed(active) and contact.update_source == "Contact" and contact.updated_at is not None:
        dates.append(contact.updated_at)
    return max(dates, default=None)


def gone_contact(contact_id: str, now: datetime) -> ContactReading:
    """Return that the mail service knew no such contact at `now`."""
    return ContactReading(contact_id, Permission.UNKNOWN, instant(now), gone=True)
