"""What ccdesk was told by an answer, as readings of the rules (docs/consent.md b4)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from ccdesk.clients.constant_contact import parse as cc_parse
from ccdesk.clients.kibo import parse as kibo_parse
from ccdesk.consent.observe_mail import ContactReading
from ccdesk.consent.observe_shop import AccountReading
from ccdesk.consent.window import Window, instant
from ccdesk.core.models import Contact, Customer, Permission, Standing
from ccdesk.sync.later import deleted_until

_MS = timedelta(milliseconds=1)
LONG_AGO = datetime.fromisoformat("2000-01-01T00:00:00+00:00")


def told(body: bytes) -> Any:
    """Return the JSON of an answer; None where it is none."""
    try:
        return json.loads(body)
    except ValueError:
        return None


def _rows(found: Any, key: str) -> Iterator[dict[str, Any]]:
    """Yield the objects of a page, or the one object that was asked for."""
    if isinstance(found, dict):
        rows = found.get(key, [found])
        yield from (row for row in rows if isinstance(row, dict)) if isinstance(rows, list) else ()


def contacts_in(found: Any, active: str, now: datetime) -> Iterator[tuple[str, ContactReading]]:
    """Yield every contact of an answer with its email, where the answer shows memberships."""
    for row in _rows(found, "contacts"):
        contact = cc_parse.contact(row)
        if contact is None or not contact.id or not isinstance(row.get("list_memberships"), list):
            continue
        readable = not cc_parse.is_spoiled(row, contact)
        yield contact.email_key, contact_reading(contact, active, now, readable=readable)


def accounts_in(found: Any, skew: timedelta, now: datetime) -> Iterator[AccountReading]:
    """Yield every account of an answer that names its consent."""
    for row in _rows(found, "items"):
        if "acceptsMarketing" in row and (customer := kibo_parse.customer(row)) is not None:
            yield account_reading(customer, skew, now)


def contact_reading(contact: Contact, active: str, now: datetime, *, readable: bool = True) -> ContactReading:
    """Return a contact as the rules read it, from an answer that came at `now`."""
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
    there = contact.standing is Standing.IN and active in contact.list_ids
    if there and contact.update_source == "Contact" and contact.updated_at is not None:
        dates.append(contact.updated_at)
    return max(dates, default=None)


def account_reading(
    customer: Customer, skew: timedelta, now: datetime, *, gone: bool = False
) -> AccountReading:
    """Return an account as the rules read it; `skew`: how far the shop's clock is ahead."""
    updated = customer.updated_at or customer.created_at or LONG_AGO
    return AccountReading(
        id=customer.id,
        email=customer.email_key,
        opted_in=customer.accepts_marketing,
        version=updated,
        updated=shop_window(updated, skew),
        created=shop_window(customer.created_at or updated, skew),
        read=instant(now),
        active=customer.is_active,
        guest=customer.is_anonymous,
        gone=gone,
        readable=customer.readable,
    )


def shop_window(date: datetime, skew: timedelta) -> Window:
    """Return the window of a date of the shop, on the mail service's clock."""
    return Window(date - skew, date - skew + _MS)
