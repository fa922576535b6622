"""The two calls behind which stands the person's own act: sign-up form and resubscribe (§12, §13)."""

from __future__ import annotations

from flask import Blueprint

from ccdesk.sandbox.constant_contact.contacts import contact_of
from ccdesk.sandbox.constant_contact.fields import (
    ADDRESS_KINDS,
    CORE,
    address_of,
    address_row,
    core_fields,
    ids_of,
    is_uuid,
    known_names,
    list_ids_of,
    phone_row,
    text_of,
)
from ccdesk.sandbox.constant_contact.gateway import CONTACTS_WRITE, Reply, guarded, json_body, state
from ccdesk.sandbox.constant_contact.model import Contact, Json, Refusal, invalid
from ccdesk.sandbox.constant_contact.profile import Account
from ccdesk.sandbox.constant_contact.refusals import check_texts

MAX_EMAIL = 50  # less than the 80 a contact may have (§12)
_NAMES = (
    "email_address",
    *CORE,
    "phone_number",
    "list_memberships",
    "custom_fields",
    "street_address",
    "sms_channel",
)

blueprint = Blueprint("cc_signup", __name__)


@blueprint.post("/v3/contacts/sign_up_form")
@guarded(CONTACTS_WRITE)
def sign_up_form(account: Account) -> Reply:
    """Create a contact or update an existing one by the person's act: 201 or 200."""
    body = json_body()
    known_names(body, _NAMES)
    if not isinstance(body.get("email_address"), str):
        raise invalid("email_address does not have a valid value")  # a plain text here, not an object
    address = address_of(body["email_address"], MAX_EMAIL)
    lists = list_ids_of(body.get("list_memberships"), "list_memberships", account.book, least=1)
    check_texts(body, state().switches)
    fields = _fields(body, account.book.by_email(address))
    contact, created = account.rules.sign_up(address, lists, fields)
    reply = {"contact_id": contact.contact_id, "action": "created" if created else "updated"}
    return Reply(reply, 201 if created else 200)


def _fields(body: Json, contact: Contact | None) -> Json:
    """Return what the form changes: only what was sent, added to the sub-resources there are."""
    fields = core_fields(body)
    if text_of(body.get("phone_number"), "phone_number", 25):
        row = phone_row({"phone_number": body["phone_number"], "kind": "other"})
        fields["phones"] = _with(contact.phones if contact else (), row, "kind")
    if body.get("street_address") is not None:
        street = body["street_address"]
        if not isinstance(street, dict) or street.get("kind") not in ADDRESS_KINDS:
            raise invalid("street_address: kind does not have a valid value")
        row = address_row(street, state().switches.normalise_country)
        fields["addresses"] = _with(contact.addresses if contact else (), row, "kind")
    if "custom_fields" in body:
        rows = contact.custom_fields if contact else ()
        for one in _custom_fields(body["custom_fields"]):
            rows = _with(rows, one, "custom_field_id")
        fields["custom_fields"] = rows
    return fields


def _custom_fields(value: object) -> list[Json]:
    if not isinstance(value, list) or len(value) > 50:
        raise invalid("custom_fields does not have a valid value")
    for row in value:
        if not isinstance(row, dict) or not is_uuid(row.get("custom_field_id")):
            raise invalid("custom_field_id does not have a valid value")
    return [
        {"custom_field_id": row["custom_field_id"], "value": text_of(row.get("value"), "value", 255) or ""}
        for row in value
    ]


def _with(rows: tuple[Json, ...], row: Json, key: str) -> tuple[Json, ...]:
    return (*(one for one in rows if one[key] != row[key]), row)


@blueprint.put("/v3/contacts/resubscribe/<contact_id>")
@guarded(CONTACTS_WRITE)
def resubscribe(account: Account, contact_id: str) -> Reply:
    """Send the one mail that asks an unsubscribed person to come back; only the click changes more."""
    contact, body = contact_of(account, contact_id), json_body()
    known_names(body, ("list_ids",))
    ids = ids_of(body.get("list_ids"), "list_ids", least=1, most=50)
    missing = [one for one in ids if not account.book.has_list(one)]
    if missing:
        raise Refusal(404, f"list {missing[0]} does not exist")
    account.rules.ask_to_return(contact, ids)
    return Reply(None)
