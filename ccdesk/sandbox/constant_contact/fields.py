"""What bodies may say about a contact: names, lengths, kinds (constant-contact.md §9, §11, §12, §14)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from sys import intern
from typing import Any

from ccdesk.sandbox.constant_contact.book import Book, new_id
from ccdesk.sandbox.constant_contact.model import (
    MAX_LISTS_OF_CONTACT,
    PERMISSIONS,
    Json,
    Source,
    invalid,
    is_email,
)

TEXT_LIMITS = {"first_name": 50, "last_name": 50, "job_title": 50, "company_name": 50, "anniversary": 10}
CORE = (*TEXT_LIMITS, "birthday_month", "birthday_day")
ADDRESS_LIMITS = {"street": 255, "city": 50, "state": 50, "postal_code": 50, "country": 50}
ADDRESS_KINDS = ("home", "work", "other")
_ADDRESS_NAMES = frozenset({*ADDRESS_LIMITS, "kind", "street_address_id", "created_at", "updated_at"})
PHONE_KINDS = ("home", "work", "mobile", "other")
SOURCES: tuple[Source, ...] = ("Account", "Contact")

_SYSTEM = ("contact_id", "created_at", "updated_at", "deleted_at", "create_source", "update_source")
_SUBS = ("custom_fields", "phone_numbers", "street_addresses", "list_memberships", "taggings", "notes")
_KNOWN = {*CORE, *_SYSTEM, *_SUBS, "email_address", "sms_channel"}
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_DATE = re.compile(r"\d{1,4}[-/]\d{1,2}[-/]\d{1,4}")
_COUNTRIES = {
    "us": "United States",
    "usa": "United States",
    "ca": "Canada",
    "gb": "United Kingdom",
    "de": "Germany",
}


def known_names(body: Json, known: Iterable[str]) -> None:
    """Refuse names the contract does not know: a misspelt one would be lost silently."""
    unknown = set(body).difference(known)
    if unknown:
        raise invalid(f"Unrecognized field: {', '.join(sorted(unknown))}")


def is_uuid(text: object) -> bool:
    """Say whether a value is an id in the service's form."""
    return isinstance(text, str) and _UUID.fullmatch(text) is not None


def text_of(value: Any, name: str, limit: int) -> str | None:
    """Check one text; null and blank mean unset."""
    if value is None:
        return None
    if not isinstance(value, str):
        raise invalid(f"{name} does not have a valid value")
    if len(value.encode("utf-16-le", "surrogatepass")) // 2 > limit:  # UTF-16 units (§22)
        raise invalid(f"{name} exceeds maximum length of {limit}")
    return value if value.strip() else None


def source_of(body: Json, name: str) -> Source:
    """Check who acted; the texts are those seen from the service (§4)."""
    value = body.get(name)
    if value not in SOURCES:
        missing = f"{name} is missing, " if value is None else ""
        raise invalid(f"{missing}{name} does not have a valid value")
    return "Account" if value == "Account" else "Contact"


def address_of(value: Any, limit: int) -> str:
    """Check an email address."""
    address = text_of(value, "email_address", limit)
    if address is None or not is_email(address.strip()):
        raise invalid("email_address does not have a valid value")
    return address.strip()


def permission_of(value: Any) -> str | None:
    """Check a sent `permission_to_send`; None when it was left out."""
    if value is not None and value not in PERMISSIONS:
        raise invalid("permission_to_send does not have a valid value")
    return str(value) if value is not None else None


def core_fields(body: Json) -> Json:
    """Return the core fields a body carries, checked; absent ones are not in it."""
    core: Json = {
        name: _shared(text_of(body[name], name, most)) for name, most in TEXT_LIMITS.items() if name in body
    }
    if core.get("anniversary") and not _DATE.fullmatch(core["anniversary"]):
        raise invalid("anniversary does not have a valid value")
    month, day = body.get("birthday_month"), body.get("birthday_day")
    if (month is None) != (day is None):
        raise invalid("birthday_month and birthday_day must be sent together")
    if month is not None and not (_between(month, 12) and _between(day, 31)):
        raise invalid("birthday does not have a valid value")
    return {**core, **{name: body[name] for name in ("birthday_month", "birthday_day") if name in body}}


def _shared(text: str | None) -> str | None:
    """Return the one copy of a text that many contacts have, such as a first name."""
    return None if text is None else intern(text)


def _between(value: Any, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= most


def list_ids_of(
    value: Any, name: str, book: Book, *, least: int = 0, most: int = MAX_LISTS_OF_CONTACT
) -> list[str]:
    """Check an array of ids of lists that exist."""
    ids = ids_of(value, name, least=least, most=most)
    missing = [one for one in ids if not book.has_list(one)]
    if missing:
        raise invalid(f"{name}: list {missing[0]} does not exist")
    return ids


def ids_of(value: Any, name: str, *, least: int = 0, most: int) -> list[str]:
    """Check an array of ids, and how many there are."""
    if not isinstance(value, list) or not all(is_uuid(one) for one in value):
        raise invalid(f"{name} does not have a valid value")
    if not least <= len(value) <= most:
        raise invalid(f"{name} must have {least} to {most} items")
    return value


def sub_resources(body: Json, normalise: bool) -> Json:
    """Return the sub-resources a body carries (lists aside), checked, by their attribute names."""
    fields: Json = {}
    if "phone_numbers" in body:
        rows = _rows(body["phone_numbers"], "phone_numbers", 3, PHONE_KINDS)
        fields["phones"] = tuple(phone_row(row) for row in rows)
    if "street_addresses" in body:
        rows = _rows(body["street_addresses"], "street_addresses", 3, ADDRESS_KINDS)
        fields["addresses"] = tuple(address_row(row, normalise) for row in rows)
    if "custom_fields" in body:
        fields["custom_fields"] = tuple(map(_custom, _rows(body["custom_fields"], "custom_fields", 25)))
    if "taggings" in body:
        fields["taggings"] = tuple(ids_of(body["taggings"], "taggings", most=50))
    if "notes" in body:
        fields["notes"] = tuple(map(_note, _rows(body["notes"], "notes", 150)))
    if body.get("sms_channel") is not None:
        fields["sms"] = _sms(body["sms_channel"])
    return fields


def _rows(value: Any, name: str, most: int, kinds: Sequence[str] = ()) -> list[Json]:
    if not isinstance(value, list) or not all(isinstance(row, dict) for row in value):
        raise invalid(f"{name} does not have a valid value")
    if len(value) > most:
        raise invalid(f"{name} exceeds the maximum of {most} items")
    sent = [row.get("kind") for row in value] if kinds else []
    if any(kind not in kinds for kind in sent):
        raise invalid(f"{name}: kind does not have a valid value")
    if len(sent) != len(set(sent)):
        raise invalid(f"{name}: only one of a kind is allowed")
    return value


def phone_row(row: Json, limit: int = 25) -> Json:
    """Check one phone number and give it an id."""
    number = text_of(row.get("phone_number"), "phone_number", limit)
    if number is None:
        raise invalid("phone_number is missing")
    return {
        "phone_number_id": row.get("phone_number_id") or new_id(),
        "phone_number": number,
        "kind": row["kind"],
    }


def address_row(row: Json, normalise: bool) -> Json:
    """Check one street address and give it an id."""
    known_names(row, _ADDRESS_NAMES)
    address = {"street_address_id": row.get("street_address_id") or new_id(), "kind": row["kind"]}
    for name, limit in ADDRESS_LIMITS.items():
        value = text_of(row.get(name), name, limit)
        if value is not None:
            # A million addresses are in a few thousand places.
            address[name] = value if name == "street" else intern(value)
    if normalise and "country" in address:
        address["country"] = _COUNTRIES.get(address["country"].lower(), address["country"])
    return address


def _custom(row: Json) -> Json:
    if not is_uuid(row.get("custom_field_id")):
        raise invalid("custom_field_id does not have a valid value")
    return {"custom_field_id": row["custom_field_id"], "value": text_of(row.get("value"), "value", 255) or ""}


def _note(row: Json) -> Json:
    return {
        **row,
        "note_id": row.get("note_id") or new_id(),
        "content": text_of(row.get("content"), "content", 2000),
    }


def _sms(value: Any) -> Json:
    number = value.get("full_sms_address") or value.get("sms_address") if isinstance(value, Mapping) else None
    if not isinstance(number, str) or not number.strip():
        raise invalid("sms_channel does not have a valid value")
    return sms_channel(number)


def sms_channel(number: str) -> Json:
    """Return the channel of a phone number; this sandbox sends no SMS."""
    return {"sms_channel_id": new_id(), "sms_address": number, "sms_channel_consents": []}


def known_contact_names(body: Json) -> None:
    """Refuse names that no contact has."""
    known_names(body, _KNOWN)
