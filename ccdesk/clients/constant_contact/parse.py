"""Constant Contact's JSON to core models (constant-contact.md §7–§10, §15); pure."""

from __future__ import annotations

import base64
import json

from ccdesk.clients.http.shape import Json, child, children, moment, text, whole
from ccdesk.core.models import Address, Contact, ContactList, Permission
from ccdesk.core.ports.mail import Activity

# What the calls of this client need (§3), those for campaign drafts aside: everything else works without.
NEEDED_PRIVILEGES = (
    "account:read",
    "contacts:lists:read",
    "contacts:lists:write",
    "contacts:read",
    "contacts:write",
)
DRAFT_PRIVILEGES = ("campaign:read", "campaign:write")
_ADDRESS_KINDS = ("home", "work", "other")  # ours is written as home: read it first


def contact(raw: Json) -> Contact | None:
    """Read one contact; None for one that cannot be mailed at all (no email, SMS only: §9)."""
    address = child(raw, "email_address")
    email = text(address, "address") if isinstance(address.get("address"), str) else ""
    if not email:
        return None
    memberships = raw.get("list_memberships")
    lists = memberships if isinstance(memberships, list) else []
    return Contact(
        id=text(raw, "contact_id"),
        email=email,
        permission=permission(text(address, "permission_to_send")),
        deleted_at=text(raw, "deleted_at"),
        opt_out_at=moment(address, "opt_out_date"),
        opt_out_source=text(address, "opt_out_source"),
        opt_in_at=moment(address, "opt_in_date"),
        opt_in_source=text(address, "opt_in_source"),
        update_source=text(raw, "update_source"),
        created_at=moment(raw, "created_at"),
        updated_at=moment(raw, "updated_at"),
        list_ids=frozenset(m for m in lists if isinstance(m, str)),
        first_name=text(raw, "first_name"),
        last_name=text(raw, "last_name"),
        company=text(raw, "company_name"),
        address=_address(children(raw, "street_addresses")),
        address_read=isinstance(raw.get("street_addresses"), list),  # `[]` where it was asked for (§1)
        opt_out_reason=text(address, "opt_out_reason"),
    )


def is_spoiled(raw: Json, read: Contact | None) -> bool:
    """Say whether what decides about a contact is not there or cannot be meant; `read` is what it reads as.

    A contact without any email is none of these (SMS only, §9). Nor is one who has unsubscribed, whatever is
    told beside that: what lists they show then is stated nowhere (§9), and without a date an opt-out stands.
    A deleted one is on no list (§11), whether that is told by an empty list or by none.
    """
    address = raw.get("email_address")
    if read is None:
        reported = address.get("address") if isinstance(address, dict) else None
        nothing = isinstance(address, dict) and not any(address.values())
        return bool(address) and not nothing and not isinstance(reported, str)  # somebody's, but whose?
    assert isinstance(address, dict)
    if read.permission is Permission.UNSUBSCRIBED:
        return not read.id
    lists = raw.get("list_memberships")
    if lists is None and read.deleted_at:
        lists = []
    dates = (
        (read.opt_out_at, address.get("opt_out_date")),
        (read.opt_in_at, address.get("opt_in_date")),
        (read.updated_at, raw.get("updated_at")),
        (read.created_at, raw.get("created_at")),
    )
    texts = address.get("opt_out_source"), address.get("opt_in_source"), raw.get("update_source")
    return (
        not read.id
        or not isinstance(address.get("permission_to_send"), str)
        or not isinstance(lists, list)
        or not all(isinstance(one, str) for one in lists)
        or any(moment is None and reported not in (None, "") for moment, reported in dates)
        or not all(one is None or isinstance(one, str) for one in (*texts, raw.get("deleted_at")))
    )


def permission(value: str) -> Permission:
    """Read a permission in any case; a value not known reads as UNKNOWN, which is neither in nor out."""
    try:
        return Permission(value.lower())
    except ValueError:
        return Permission.UNKNOWN


def _address(raw: list[Json]) -> Address:
    ranked = sorted(raw, key=lambda one: _rank(text(one, "kind")))
    if not ranked:
        return Address()
    first = ranked[0]
    return Address(
        street=text(first, "street"),
        city=text(first, "city"),
        state=text(first, "state"),
        postal_code=text(first, "postal_code"),
        country=text(first, "country"),
    )


def _rank(kind: str) -> int:
    return _ADDRESS_KINDS.index(kind) if kind in _ADDRESS_KINDS else len(_ADDRESS_KINDS)


def contact_list(raw: Json) -> ContactList:
    """Read one list."""
    return ContactList(
        id=text(raw, "list_id"), name=text(raw, "name"), member_count=whole(raw, "membership_count")
    )


def activity(raw: Json) -> Activity:
    """Read a job; its errors are texts or objects with a message, and any count may be missing (§15)."""
    errors = raw.get("activity_errors")
    reported = errors if isinstance(errors, list) else []
    texts = (
        one if isinstance(one, str) else text(one, "message") or text(one, "error_message")
        for one in reported
    )
    counts = {key: whole(child(raw, "status"), key) for key in child(raw, "status")}
    return Activity(
        id=text(raw, "activity_id"),
        state=text(raw, "state").lower(),
        errors=tuple(one.strip() for one in texts if one.strip()),
        counts={key: value for key, value in counts.items() if value is not None},
        created_at=moment(raw, "created_at"),
        results=text(child(child(raw, "_links"), "results"), "href"),
    )


def user_of(token: str) -> str:
    """Return who logged in: the access token's `sub` (§2); `""` if the token does not tell."""
    parts = token.split(".")
    if len(parts) != 3:
        return ""
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (ValueError, RecursionError):
        return ""
    return text(claims, "sub")
