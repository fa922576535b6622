"""Reading the body of a POST or PUT into an account: replace or merge (kibo.md §8, §15.5)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

from ccdesk.sandbox.kibo.model import ADDRESS_KEYS, PHONE_KEYS, Account, Contact, Json, invalid, parse_ms

STRINGS = {
    "customerSet": "customer_set",
    "accountType": "account_type",
    "externalId": "external_id",
    "emailAddress": "email",
    "userName": "user_name",
    "userId": "user_id",
    "firstName": "first_name",
    "lastName": "last_name",
    "companyOrOrganization": "company",
    "localeCode": "locale",
    "taxId": "tax_id",
}
BOOLEANS = {
    "acceptsMarketing": "accepts",
    "isAnonymous": "anonymous",
    "isLocked": "locked",
    "hasExternalPassword": "external_password",
    "taxExempt": "tax_exempt",
    "migrationRequired": "migration_required",
}
"""`isActive` is missing on purpose: a PUT does not change it (§6)."""
_OBJECTS = ("attributes", "notes")
_CONTACT_STRINGS = {
    "label": "label",
    "email": "email",
    "firstName": "first_name",
    "middleNameOrInitial": "middle",
    "lastNameOrSurname": "last_name",
    "companyOrOrganization": "company",
    "faxNumber": "fax",
}


class Writing(NamedTuple):
    """How a body is taken: merged or as the whole, and what new contacts are given."""

    merge: bool
    keep_contacts: bool
    now: int
    by: str
    new_contact_id: Callable[[], int]


def apply_body(account: Account, body: Json, how: Writing) -> None:
    """Write a body onto an account; refuses wrong types before anything changes.

    As a replacement, omitted booleans become false and omitted strings null (§8).
    """
    values: dict[str, Any] = {}
    for key, name in STRINGS.items():
        if key in body or not how.merge:
            values[name] = text_of(body, key)
    for key, name in BOOLEANS.items():
        if key in body or not how.merge:
            values[name] = _bool_of(body, key)
    for key in _OBJECTS:
        if body.get(key) is not None or not how.merge:
            values[key] = _objects_of(body, key)
    if "customerSinceDate" in body or not how.merge:
        values["since"] = _moment_of(body, "customerSinceDate")
    if body.get("contacts") is not None:
        values["contacts"] = _contacts(account, _objects_of(body, "contacts"), how)
    elif not how.merge and not how.keep_contacts:
        values["contacts"] = ()
    for name, value in values.items():
        setattr(account, name, value)


def contact_of(body: Json, old: Contact | None, how: Writing) -> Contact:
    """Read one contact; an unchanged one keeps its dates."""
    address, phones = _object_of(body, "address"), _object_of(body, "phoneNumbers")
    values: dict[str, Any] = {name: text_of(body, key) for key, name in _CONTACT_STRINGS.items()}
    values["types"] = tuple(
        (text_of(one, "name"), _bool_of(one, "isPrimary")) for one in _objects_of(body, "types")
    )
    values["phones"] = tuple(text_of(phones, key) for key in PHONE_KEYS)
    texts = tuple(text_of(address, key) for key in ADDRESS_KEYS[:-1])
    validated = None if address.get("isValidated") is None else _bool_of(address, "isValidated")
    values["address"] = (*texts, validated)
    if old is None:
        return Contact(how.new_contact_id(), how.now, how.now, how.by, **values)
    changed = replace(old, **values)
    return old if changed == old else replace(changed, updated=how.now, by=how.by)


def _contacts(account: Account, bodies: tuple[Json, ...], how: Writing) -> tuple[Contact, ...]:
    found = []
    for body in bodies:
        number = body.get("id")
        old = account.contact(number) if isinstance(number, int) else None
        found.append(contact_of(body, old, how))
    return tuple(found)


def text_of(body: Json, key: str) -> str | None:
    """Return a text or None; anything else is refused."""
    value = body.get(key)
    if value is not None and not isinstance(value, str):
        raise invalid(f"'{key}' must be a text")
    return value


def _bool_of(body: Json, key: str) -> bool:
    value = body.get(key, False)
    if not isinstance(value, bool):
        raise invalid(f"'{key}' must be true or false")
    return value


def _object_of(body: Json, key: str) -> Json:
    value = body.get(key)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise invalid(f"'{key}' must be an object")
    return value


def _objects_of(body: Json, key: str) -> tuple[Json, ...]:
    value = body.get(key)
    if value is None:
        return ()
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise invalid(f"'{key}' must be a list of objects")
    return tuple(value)


def _moment_of(body: Json, key: str) -> int | None:
    text = text_of(body, key)
    try:
        return None if text is None else parse_ms(text)
    except (ValueError, OverflowError):
        raise invalid(f"'{key}' must be a date") from None
