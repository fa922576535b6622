"""What a call to Constant Contact would make of a contact (constant-contact.md §11–§15); pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from ccdesk.core.models import Address, Contact, ContactFields, Permission, Standing

_BY_STAFF, _BY_PERSON = "Account", "Contact"


def made(contact_id: str, fields: ContactFields, list_id: str, at: datetime, *, by_person: bool) -> Contact:
    """Return a contact that a call creates."""
    source = _BY_PERSON if by_person else _BY_STAFF
    return Contact(
        contact_id,
        fields.email,
        Permission.EXPLICIT if by_person else Permission.IMPLICIT,
        opt_in_at=at,
        opt_in_source=source,
        update_source=source,
        created_at=at,
        updated_at=at,
        list_ids=frozenset({list_id}),
        first_name=fields.first_name,
        last_name=fields.last_name,
        company=fields.company,
        address=fields.address,
    )


def on_list(contact: Contact, list_id: str) -> Contact:
    """Return a contact that was put on a list, which undoes a deletion; nobody who opted out is."""
    if contact.standing is Standing.OUT:
        return contact
    return replace(contact, deleted_at="", list_ids=contact.list_ids | {list_id})


def off_list(contact: Contact, list_id: str) -> Contact:
    """Return a contact that was taken off a list."""
    return replace(contact, list_ids=contact.list_ids - {list_id})


def updated(contact: Contact, fields: ContactFields, list_id: str, at: datetime) -> Contact:
    """Return a contact that ccdesk wrote fields to and put on a list; who opted out stays as they are."""
    if contact.standing is Standing.OUT:
        return contact
    filled = _with_fields(on_list(contact, list_id), fields)
    return replace(filled, updated_at=at, update_source=_BY_STAFF)


def signed_up(contact: Contact, fields: ContactFields | None, list_id: str, at: datetime) -> Contact:
    """Return a contact after the sign-up call, which looks like the person's own act (§12)."""
    filled = contact if fields is None else _with_fields(contact, fields)
    known = contact.permission is Permission.EXPLICIT
    return replace(
        filled,
        permission=Permission.EXPLICIT,
        deleted_at="",
        opt_out_at=None,
        opt_out_source="",
        opt_in_at=contact.opt_in_at if known else at,
        opt_in_source=contact.opt_in_source if known else _BY_PERSON,
        update_source=_BY_PERSON,
        updated_at=at,
        list_ids=contact.list_ids | {list_id},
    )


def _with_fields(contact: Contact, fields: ContactFields) -> Contact:
    """Return a contact with those fields that are not empty: an empty one is not sent (§14)."""
    return replace(
        contact,
        first_name=fields.first_name or contact.first_name,
        last_name=fields.last_name or contact.last_name,
        company=fields.company or contact.company,
        address=contact.address if fields.address == Address() else fields.address,
    )
