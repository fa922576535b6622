"""Core models to Constant Contact's request bodies (constant-contact.md §11, §12, §14); pure.

Empty values are left out everywhere: `""` and null are undefined there (§14).
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from ccdesk.clients.http.shape import Json, child, encode, text
from ccdesk.core.models import Address, ContactFields

# Core fields a PUT must repeat, because it clears what it does not find (§11).
_KEPT_CORE = (
    "first_name",
    "last_name",
    "job_title",
    "company_name",
    "birthday_month",
    "birthday_day",
    "anniversary",
)
_KEPT_ADDRESS = ("kind", "street", "city", "state", "postal_code", "country")


def _filled(**values: str) -> dict[str, str]:
    return {name: value for name, value in values.items() if value}


def _names(fields: ContactFields) -> dict[str, str]:
    return _filled(first_name=fields.first_name, last_name=fields.last_name, company_name=fields.company)


def _street_address(address: Address) -> dict[str, str]:
    parts = _filled(
        street=address.street,
        city=address.city,
        state=address.state,
        postal_code=address.postal_code,
        country=address.country,
    )
    return {"kind": "home", **parts} if parts else {}


def import_row(fields: ContactFields) -> dict[str, str]:
    """Return one contact of an import, flat, with the import's own names (§14)."""
    address = fields.address
    row = {
        "email": fields.email,
        "first_name": fields.first_name,
        "last_name": fields.last_name,
        "company_name": fields.company,
        "street": address.street,
        "city": address.city,
        "state": address.state,
        "zip": address.postal_code,
        "country": address.country,
    }
    return {name: value for name, value in row.items() if value or name == "email"}


def import_body(rows: Sequence[bytes], list_id: str) -> bytes:
    """Return a whole import as it is sent, of rows written before."""
    return b'{"import_data":[' + b",".join(rows) + b'],"list_ids":' + encode([list_id]) + b"}"


def read_row(row: bytes) -> ContactFields:
    """Return the fields an import's row was written from."""
    raw = json.loads(row)
    return ContactFields(
        email=text(raw, "email"),
        first_name=text(raw, "first_name"),
        last_name=text(raw, "last_name"),
        company=text(raw, "company_name"),
        address=Address(*(text(raw, name) for name in ("street", "city", "state", "zip", "country"))),
    )


def new_contact(fields: ContactFields, list_id: str, *, by_person: bool) -> Json:
    """Return the body of POST /contacts (§11). `by_person`: the person acted, and said so expressly."""
    body: Json = {
        "email_address": {
            "address": fields.email,
            "permission_to_send": "explicit" if by_person else "implicit",
        },
        **_names(fields),
        "create_source": "Contact" if by_person else "Account",
        "list_memberships": [list_id],
    }
    if address := _street_address(fields.address):
        body["street_addresses"] = [address]
    return body


def sign_up(fields: ContactFields, list_id: str, *, with_fields: bool) -> Json:
    """Return the body of the sign-up call (§12); it changes only what it names."""
    body: Json = {"email_address": fields.email, "list_memberships": [list_id]}
    if with_fields:
        body.update(_names(fields))
        if address := _street_address(fields.address):
            body["street_address"] = address
    return body


def revival(raw: Json, fields: ContactFields, list_id: str, *, bare: bool = False) -> Json:
    """Return the PUT that brings a contact back: all it has, our fields over it, the list added (§11).

    The permission is the one just read: a customer who had unsubscribed stays so (§9). `bare`: without the
    core fields, of which the service refuses one, perhaps one it keeps itself (§22); it then clears them.
    """
    address = child(raw, "email_address")
    kept_core = () if bare else _KEPT_CORE
    body: Json = {key: raw[key] for key in kept_core if raw.get(key) not in (None, "")}
    body.update(_names(fields))
    body["email_address"] = {"address": text(address, "address") or fields.email}
    if permission := text(address, "permission_to_send"):
        body["email_address"]["permission_to_send"] = permission
    body["update_source"] = "Account"
    memberships = raw.get("list_memberships")
    kept = [str(one) for one in memberships] if isinstance(memberships, list) else []
    body["list_memberships"] = [*kept, *([list_id] if list_id not in kept else [])]
    if home := _street_address(fields.address):
        body["street_addresses"] = [home, *_other_addresses(raw)]
    return body


def _other_addresses(raw: Json) -> list[Json]:
    """Return the addresses that are not the home one, freed of read-only parts."""
    addresses = raw.get("street_addresses")
    held = addresses if isinstance(addresses, list) else []
    return [
        {key: one[key] for key in _KEPT_ADDRESS if one.get(key)}
        for one in held
        if isinstance(one, dict) and text(one, "kind") not in ("", "home")
    ]
