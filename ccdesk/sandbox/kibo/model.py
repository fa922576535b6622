"""What the fake Kibo holds of an account, kept small, and how it looks as JSON (kibo.md §6, §7).

A shop may have a million accounts: records are slotted, moments are whole milliseconds, and the full JSON is
built only for what a reply shows.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

Json = dict[str, Any]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NAIVE_EPOCH = datetime(1970, 1, 1)
_MILLISECOND = timedelta(milliseconds=1)

ADDRESS_KEYS = (
    "address1",
    "address2",
    "address3",
    "address4",
    "cityOrTown",
    "stateOrProvince",
    "postalOrZipCode",
    "countryCode",
    "addressType",
    "isValidated",
)
PHONE_KEYS = ("home", "mobile", "work")
SERVICE_USER = "0" * 32
"""Who changed something when it was no shopper: staff, or an application."""


class Refusal(Exception):
    """The service does not accept what was asked (§4)."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


def invalid(message: str) -> Refusal:
    """Return the refusal of a value that cannot be read."""
    return Refusal(400, "MISSING_OR_INVALID_PARAMETER", message)


def conflict(message: str) -> Refusal:
    """Return the ordinary validation failure (§4: 409 is not only a clash)."""
    return Refusal(409, "VALIDATION_CONFLICT", message)


def not_found(what: str) -> Refusal:
    """Return the refusal of an item that does not exist."""
    return Refusal(404, "ITEM_NOT_FOUND", f"Item not found: {what}")


def to_ms(moment: datetime) -> int:
    """Return a moment as whole milliseconds since 1970; without a zone it is UTC."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return (aware - _EPOCH) // _MILLISECOND


def parse_ms(text: str) -> int:
    """Read an ISO 8601 moment; ValueError if it is none."""
    return to_ms(datetime.fromisoformat(text))


@lru_cache(maxsize=4096)
def stamp(ms: int) -> str:
    """Write milliseconds since 1970 as the service shows dates: UTC, three decimals, `Z`.

    Remembers a while what it wrote: one account shows the same few moments many times.
    """
    return (_NAIVE_EPOCH + timedelta(milliseconds=ms)).isoformat(timespec="milliseconds") + "Z"


def audit_json(created: int, updated: int, created_by: str | None, updated_by: str | None) -> Json:
    """Return an `auditInfo`."""
    return {
        "createDate": stamp(created),
        "updateDate": stamp(updated),
        "createBy": created_by,
        "updateBy": updated_by,
    }


@dataclass(slots=True, frozen=True)
class Orders:
    """What an account bought so far (`commerceSummary`)."""

    amount: float = 0.0
    count: int = 0
    last: int | None = None
    wishlists: int = 0
    visits: int = 0

    def as_json(self) -> Json:
        """Return the summary as the service shows it."""
        return {
            "totalOrderAmount": {"currencyCode": "USD", "amount": self.amount},
            "orderCount": self.count,
            "lastOrderDate": None if self.last is None else stamp(self.last),
            "wishlistCount": self.wishlists,
            "visitsCount": self.visits,
        }


NO_ORDERS = Orders()


@dataclass(slots=True, frozen=True)
class Contact:
    """One entry of an account's address book; replaced, never changed in place."""

    id: int
    created: int
    updated: int
    by: str
    label: str | None = None
    email: str | None = None
    first_name: str | None = None
    middle: str | None = None
    last_name: str | None = None
    company: str | None = None
    fax: str | None = None
    types: tuple[tuple[str | None, bool], ...] = ()
    phones: tuple[str | None, ...] = (None, None, None)
    address: tuple[Any, ...] = (None,) * 10

    def as_json(self, account_id: int) -> Json:
        """Return the contact as the service shows it; note the other key of the last name (§7)."""
        return {
            "id": self.id,
            "accountId": account_id,
            "label": self.label,
            "email": self.email,
            "firstName": self.first_name,
            "middleNameOrInitial": self.middle,
            "lastNameOrSurname": self.last_name,
            "companyOrOrganization": self.company,
            "faxNumber": self.fax,
            "types": [{"name": name, "isPrimary": primary} for name, primary in self.types],
            "phoneNumbers": dict(zip(PHONE_KEYS, self.phones, strict=True)),
            "address": dict(zip(ADDRESS_KEYS, self.address, strict=True)),
            "auditInfo": audit_json(self.created, self.updated, self.by, self.by),
        }


@dataclass(slots=True)
class Account:
    """One customer account."""

    id: int
    created: int
    updated: int
    created_by: str
    updated_by: str
    email: str | None = None
    user_name: str | None = None
    user_id: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    company: str | None = None
    accepts: bool = False
    active: bool = True
    anonymous: bool = False
    locked: bool = False
    external_password: bool = False
    tax_exempt: bool = False
    migration_required: bool = False
    locale: str | None = "en-US"
    customer_set: str | None = "default"
    account_type: str | None = "B2C"
    tax_id: str | None = None
    external_id: str | None = None
    since: int | None = None
    contacts: tuple[Contact, ...] = ()
    attributes: tuple[Json, ...] = ()
    segments: tuple[Json, ...] = ()
    notes: tuple[Json, ...] = ()
    orders: Orders = NO_ORDERS

    def as_json(self) -> Json:
        """Return the whole account as the service shows it."""
        return {
            "id": self.id,
            "customerSet": self.customer_set,
            "accountType": self.account_type,
            "externalId": self.external_id,
            "emailAddress": self.email,
            "userName": self.user_name,
            "userId": self.user_id,
            "firstName": self.first_name,
            "lastName": self.last_name,
            "companyOrOrganization": self.company,
            "localeCode": self.locale,
            "acceptsMarketing": self.accepts,
            "isActive": self.active,
            "isAnonymous": self.anonymous,
            "isLocked": self.locked,
            "hasExternalPassword": self.external_password,
            "taxExempt": self.tax_exempt,
            "taxId": self.tax_id,
            "migrationRequired": self.migration_required,
            "customerSinceDate": None if self.since is None else stamp(self.since),
            "commerceSummary": self.orders.as_json(),
            "contacts": [one.as_json(self.id) for one in self.contacts],
            "attributes": list(self.attributes),
            "segments": list(self.segments),
            "notes": list(self.notes),
            "auditInfo": audit_json(self.created, self.updated, self.created_by, self.updated_by),
        }

    def contact(self, contact_id: int) -> Contact | None:
        """Return one entry of the address book."""
        return next((one for one in self.contacts if one.id == contact_id), None)
