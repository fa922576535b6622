"""Contacts over HTTP: search, read, create, update, delete, count (constant-contact.md §10, §11)."""

from __future__ import annotations

from datetime import timedelta

from flask import Blueprint

from ccdesk.sandbox.constant_contact.book import key_of
from ccdesk.sandbox.constant_contact.fields import (
    CORE,
    address_of,
    core_fields,
    is_uuid,
    known_contact_names,
    list_ids_of,
    permission_of,
    source_of,
    sub_resources,
)
from ccdesk.sandbox.constant_contact.gateway import (
    CONTACTS_READ,
    CONTACTS_WRITE,
    Reply,
    guarded,
    json_body,
    state,
)
from ccdesk.sandbox.constant_contact.model import INCLUDES, Contact, Json, Refusal, Source, invalid, stamp
from ccdesk.sandbox.constant_contact.profile import Account
from ccdesk.sandbox.constant_contact.query import read_query
from ccdesk.sandbox.constant_contact.refusals import check_texts
from ccdesk.sandbox.constant_contact.search import PARAMS, search

MAX_EMAIL = 80

blueprint = Blueprint("cc_contacts", __name__)


@blueprint.get("/v3/contacts")
@guarded(CONTACTS_READ)
def get_contacts(account: Account) -> Reply:
    """Return a page of the contacts that pass every filter."""
    page = search(account.book, read_query(PARAMS), state().switches)
    waiting = state().after_page
    return Reply(page, afterwards=waiting.popleft() if page.get("_links") and waiting else None)


@blueprint.get("/v3/contacts/<contact_id>")
@guarded(CONTACTS_READ)
def get_contact(account: Account, contact_id: str) -> Reply:
    """Return one contact, deleted ones too."""
    include = read_query(("include",)).several("include", INCLUDES)
    return Reply(contact_of(account, contact_id).as_json(include))


def contact_of(account: Account, contact_id: str) -> Contact:
    """Return the contact a path names; a malformed id is "not found" as well (§4)."""
    if not is_uuid(contact_id):
        raise Refusal(404, "contact_id is in an invalid format.")
    contact = account.book.by_id(contact_id)
    if contact is None:
        raise Refusal(404, "The requested resource was not found.")
    return contact


@blueprint.post("/v3/contacts")
@guarded(CONTACTS_WRITE)
def post_contact(account: Account) -> Reply:
    """Create a contact; an address that exists is refused, that of a deleted contact included."""
    body = json_body()
    known_contact_names(body)
    source = source_of(body, "create_source")
    address, permission = _email_of(body)
    lists = list_ids_of(body.get("list_memberships", []), "list_memberships", account.book)
    check_texts(body, state().switches)
    fields = {**core_fields(body), **sub_resources(body, state().switches.normalise_country)}
    if address is None and not any(fields.get(name) for name in ("first_name", "last_name", "sms")):
        raise invalid("At least one of email_address, first_name, last_name or sms_channel is required")
    existing = account.book.by_email(address) if address else None
    if existing is not None:
        raise Refusal(409, f"Validation failed: Email already exists for contact {existing.contact_id}")
    permission = permission or ("explicit" if source == "Contact" else "implicit")
    contact = account.rules.create(address, source, permission=permission, fields=fields, list_ids=lists)
    return Reply(contact.as_json(INCLUDES), 201)


def _email_of(body: Json) -> tuple[str | None, str | None]:
    """Return the address and the permission a body sends."""
    email = body.get("email_address")
    if email is None:
        return None, None
    if not isinstance(email, dict):
        raise invalid("email_address does not have a valid value")
    return address_of(email.get("address"), MAX_EMAIL), permission_of(email.get("permission_to_send"))


@blueprint.put("/v3/contacts/<contact_id>")
@guarded(CONTACTS_WRITE)
def put_contact(account: Account, contact_id: str) -> Reply:
    """Update a contact: core fields left out become null, sub-resources left out stay; revives (§11)."""
    contact, body = contact_of(account, contact_id), json_body()
    known_contact_names(body)
    source = source_of(body, "update_source")
    address, permission = _email_of(body)
    lists = None
    if "list_memberships" in body:
        lists = list_ids_of(body["list_memberships"], "list_memberships", account.book)
    check_texts(body, state().switches)
    fields = {
        **dict.fromkeys(CORE),
        **core_fields(body),
        **sub_resources(body, state().switches.normalise_country),
    }
    _check_update(account, contact, address, permission, source)
    if address is None and not any(
        (fields["first_name"], fields["last_name"], contact.sms, fields.get("sms"))
    ):
        raise invalid("At least one of email_address, first_name, last_name or sms_channel is required")
    account.rules.revive(contact)
    _change_email(account, contact, address)
    _change_permission(account, contact, permission, source, _reason(body))
    account.rules.fill(contact, fields)
    account.rules.touch(contact, source)
    if lists is not None:
        account.rules.replace_lists(contact, lists)
    return Reply(contact.as_json(INCLUDES))


def _reason(body: Json) -> str | None:
    reason = (body.get("email_address") or {}).get("opt_out_reason")
    if reason is not None and (not isinstance(reason, str) or len(reason) > 255):
        raise invalid("opt_out_reason does not have a valid value")
    return reason


def _check_update(
    account: Account, contact: Contact, address: str | None, permission: str | None, source: Source
) -> None:
    """Refuse an address somebody else has and, as a switch says, overriding a person's opt-out."""
    holder = account.book.by_email(address) if address else None
    if holder is not None and holder is not contact:
        raise Refusal(409, "Validation failed: EmailAddress is not unique")
    if _overrides(contact, permission, source) and state().switches.account_put_on_optout == "refused":
        raise invalid("The contact has unsubscribed and can only be resubscribed by their own action")


def _overrides(contact: Contact, permission: str | None, source: Source) -> bool:
    """Say whether an account's update would undo an opt-out the person made (§9: it must not)."""
    out_by_person = contact.permission == "unsubscribed" and contact.opt_out_source == "Contact"
    return out_by_person and source == "Account" and permission not in (None, "unsubscribed")


def _change_email(account: Account, contact: Contact, address: str | None) -> None:
    """Set the address, a core field: left out it goes; changed it keeps the contact's id (§11)."""
    old = contact.address
    account.book.change_address(contact, account.rules.as_stored(address) if address else None)
    changed = old is not None and address is not None and key_of(old) != key_of(address)
    if changed and state().switches.put_email_change_sends_welcome:
        account.rules.mail("welcome", contact)


def _change_permission(
    account: Account, contact: Contact, permission: str | None, source: Source, reason: str | None
) -> None:
    switches = state().switches
    if permission is None:
        # Nobody knows what a PUT without it does (§21 no. 4); an opt-out stays in any case.
        permission = "implicit" if switches.put_without_permission == "implicit" else contact.permission
        permission = "unsubscribed" if contact.permission == "unsubscribed" else permission
    if _overrides(contact, permission, source) and switches.account_put_on_optout != "applied":
        return
    account.rules.set_permission(contact, permission, source)
    if reason is not None and contact.permission == "unsubscribed":
        contact.opt_out_reason = reason


@blueprint.delete("/v3/contacts/<contact_id>")
@guarded(CONTACTS_WRITE)
def delete_contact(account: Account, contact_id: str) -> Reply:
    """Delete a contact, which can be undone."""
    account.rules.delete(contact_of(account, contact_id))
    return Reply(None, 204)


@blueprint.get("/v3/contacts/counts")
@guarded(CONTACTS_READ)
def get_counts(account: Account) -> Reply:
    """Count the contacts by consent."""
    include = read_query(("include",)).several("include", ("new_subscriber",))
    present = [one for one in account.book.contacts if one.deleted_at is None]
    counts = dict.fromkeys(("explicit", "implicit", "pending", "unsubscribed"), 0)
    for contact in present:
        name = "pending" if contact.permission == "pending_confirmation" else contact.permission
        if contact.address is not None and name in counts:
            counts[name] += 1
    reply = {"total": len(present), **counts}
    if include:
        month_ago = stamp(state().clock.now() - timedelta(days=30))
        reply["new_subscriber"] = sum(one.created_at >= month_ago and one.mailable for one in present)
    return Reply(reply)
