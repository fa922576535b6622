"""What belongs to an account: contacts, attributes, segments (kibo.md §7, §8)."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, Response

from ccdesk.sandbox.kibo.gateway import author, existing, guarded, json_body, no_content, reply, state
from ccdesk.sandbox.kibo.model import SERVICE_USER, Account, Contact, invalid, not_found
from ccdesk.sandbox.kibo.paging import paging
from ccdesk.sandbox.kibo.write import Writing, contact_of

blueprint = Blueprint("contacts", __name__, url_prefix="/api/commerce/customer/accounts/<int:account_id>")


@blueprint.get("/contacts")
@guarded("Customer Read")
def list_contacts(account_id: int) -> Response:
    """Return the address book."""
    account = existing(account_id)
    return reply(paging().cut([one.as_json(account.id) for one in account.contacts]))


@blueprint.get("/contacts/<int:contact_id>")
@guarded("Customer Read")
def get_contact(account_id: int, contact_id: int) -> Response:
    """Return one entry of the address book."""
    return reply(_contact(existing(account_id), contact_id).as_json(account_id))


@blueprint.post("/contacts")
@guarded("Customer Update")
def post_contact(account_id: int) -> Response:
    """Add an entry to the address book (201)."""
    account, body = existing(account_id), json_body()
    if not body:
        raise invalid("The contact is empty")
    new = contact_of(body, None, _writing())
    _change(account, lambda: (*account.contacts, new))
    return reply(new.as_json(account_id), 201)


@blueprint.put("/contacts/<int:contact_id>")
@guarded("Customer Update")
def put_contact(account_id: int, contact_id: int) -> Response:
    """Write one entry of the address book."""
    account, body = existing(account_id), json_body()
    old = _contact(account, contact_id)
    if not body:
        raise invalid("The contact is empty")
    new = contact_of(body, old, _writing())
    _change(account, lambda: tuple(new if one is old else one for one in account.contacts))
    return reply(new.as_json(account_id))


@blueprint.delete("/contacts/<int:contact_id>")
@guarded("Customer Update")
def delete_contact(account_id: int, contact_id: int) -> Response:
    """Take an entry out of the address book."""
    account = existing(account_id)
    old = _contact(account, contact_id)
    _change(account, lambda: tuple(one for one in account.contacts if one is not old))
    return no_content()


@blueprint.get("/attributes")
@guarded("Customer Read")
def list_attributes(account_id: int) -> Response:
    """Return the attributes of an account."""
    return reply(paging().cut(existing(account_id).attributes))


@blueprint.get("/attributes/<name>")
@guarded("Customer Read")
def get_attribute(account_id: int, name: str) -> Response:
    """Return one attribute by its full name."""
    for attribute in existing(account_id).attributes:
        if str(attribute.get("fullyQualifiedName", "")).lower() == name:
            return reply(attribute)
    raise not_found(f"attribute {name}")


@blueprint.get("/segments")
@guarded("Customer Read")
def list_segments(account_id: int) -> Response:
    """Return the segments of an account: none for an unknown one, which is no error here (§8)."""
    account = state().book.get(account_id)
    return reply(paging().cut(account.segments if account is not None else ()))


def _contact(account: Account, contact_id: int) -> Contact:
    contact = account.contact(contact_id)
    if contact is None:
        raise not_found(f"contact {contact_id}")
    return contact


def _change(account: Account, contacts: Callable[[], tuple[Contact, ...]]) -> None:
    """Change the address book; whether the account then counts as updated is a switch (§15.6)."""
    kibo = state()
    with kibo.change(account, author(), visible=kibo.switches.contact_change_bumps_update_date):
        account.contacts = contacts()


def _writing() -> Writing:
    kibo = state()
    return Writing(False, False, kibo.now_ms(), SERVICE_USER, kibo.new_contact_id)
