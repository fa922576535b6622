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
from ccdesk.sync.readings import account_reading, contact_reading


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


def opt_ins_in(found: Any) -> Iterator[tuple[int, datetime]]:
    """Yield the account of which an answer shows the audit log, and when its flag was set by that."""
    rows = [row for row in _rows(found, "items") if "fieldPath" in row]
    set_at = kibo_parse.opt_in_set_at(rows)
    if set_at is not None:
        yield int(rows[0]["customerAccountId"]), set_at


def accounts_in(found: Any, skew: timedelta, now: datetime) -> Iterator[AccountReading]:
    """Yield every account of an answer that names its consent."""
    for row in _rows(found, "items"):
        if "acceptsMarketing" in row and (customer := kibo_parse.customer(row)) is not None:
            yield account_reading(customer, skew, now)
