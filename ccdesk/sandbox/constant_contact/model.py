"""What the fake Constant Contact holds: contacts, lists, mails, and how they look as JSON (§8, §9)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

Json = dict[str, Any]
Source = Literal["Account", "Contact"]
MailKind = Literal["welcome", "confirmation", "resubscribe", "list_join"]

PERMISSIONS = ("explicit", "implicit", "not_set", "pending_confirmation", "temp_hold", "unsubscribed")
MAILABLE = ("explicit", "implicit")
STATUSES = ("active", "deleted", "not_set", "pending_confirmation", "temp_hold", "unsubscribed")
INCLUDES = ("custom_fields", "list_memberships", "phone_numbers", "street_addresses", "taggings", "notes")
MAX_LISTS_OF_CONTACT = 50

_EMAIL = re.compile(r"[^@\s,;<>()\"]+@[^@\s.,;<>()\"]+(\.[^@\s.,;<>()\"]+)+")


class Refusal(ValueError):
    """The service does not accept what was asked; `kind` is the end of the error key (§4)."""

    def __init__(self, status: int, message: str, kind: str = "") -> None:
        super().__init__(message)
        self.status, self.message = status, message
        self.kind = kind or {404: "not_found", 409: "conflict"}.get(status, "validation.error")


def invalid(message: str) -> Refusal:
    """Return the refusal of a malformed or invalid value."""
    return Refusal(400, message)


def is_email(text: str) -> bool:
    """Say whether the service takes a text for an email address."""
    return _EMAIL.fullmatch(text) is not None


def stamp(moment: datetime) -> str:
    """Write a moment as contacts and lists show it: UTC in whole seconds (§1)."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def stamp_ms(moment: datetime) -> str:
    """Write a moment as campaigns show it: UTC in milliseconds (§1)."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def stamp_offset(moment: datetime) -> str:
    """Write a moment as account emails show it, with `+0000` (§1)."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "+0000")


def parse_moment(text: str) -> datetime:
    """Read an ISO 8601 moment with any offset; one without an offset is UTC (§1)."""
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def whole_second_from(moment: datetime) -> str:
    """Return the first whole second that is not before `moment`, as a stamp."""
    floor = moment.replace(microsecond=0)
    return stamp(floor if floor == moment else floor + timedelta(seconds=1))


@dataclass(frozen=True)
class Mail:
    """One mail the real service would have sent."""

    kind: MailKind
    to: str
    at: str


@dataclass(slots=True)
class ContactList:
    """One contact list; a deleted one stays visible with `deleted_at`."""

    list_id: str
    name: str
    created_at: str
    updated_at: str
    description: str | None = None
    favorite: bool = False
    deleted_at: str | None = None

    def as_json(self) -> Json:
        """Return the list as the service shows it, without a membership count."""
        return without_unset(
            {
                "list_id": self.list_id,
                "name": self.name,
                "description": self.description,
                "favorite": self.favorite,
                "created_at": self.created_at,
                "updated_at": self.updated_at,
                "deleted_at": self.deleted_at,
            }
        )


@dataclass(slots=True)
class Contact:
    """One contact with its address and sub-resources.

    Moments are kept as stamps: they compare as text and need no work when a page is built. Sub-resources are
    tuples that are replaced, never changed in place, so a reply once built cannot change any more.
    """

    contact_id: str
    address: str | None
    permission: str
    created_at: str
    updated_at: str
    email_created_at: str
    email_updated_at: str
    create_source: str = "Account"
    update_source: str = "Account"
    opt_in_source: str | None = None
    opt_in_date: str | None = None
    opt_out_source: str | None = None
    opt_out_date: str | None = None
    opt_out_reason: str | None = None
    opt_out_mailing: tuple[str, str] | None = None  # id and name of the mailing whose link was used
    confirm_status: str = "off"
    first_name: str | None = None
    last_name: str | None = None
    job_title: str | None = None
    company_name: str | None = None
    birthday_month: int | None = None
    birthday_day: int | None = None
    anniversary: str | None = None
    deleted_at: str | None = None
    lists: tuple[str, ...] = ()
    phones: tuple[Json, ...] = ()
    addresses: tuple[Json, ...] = ()
    custom_fields: tuple[Json, ...] = ()
    taggings: tuple[str, ...] = ()
    notes: tuple[Json, ...] = ()
    sms: Json | None = None
    welcomed: bool = False
    resubscribe_asked: tuple[str, ...] | None = field(default=None)

    @property
    def mailable(self) -> bool:
        """True when the account may mail this contact."""
        return self.deleted_at is None and self.permission in MAILABLE

    @property
    def status(self) -> str:
        """Return the status filter value that finds this contact: deletion first, then permission (§9)."""
        if self.deleted_at is not None:
            return "deleted"
        if self.address is None or self.permission in MAILABLE:
            return "active"
        return self.permission

    def email_json(self) -> Json:
        """Return the `email_address` object."""
        gone = self.permission == "unsubscribed" or self.deleted_at is not None
        return without_unset(
            {
                "address": self.address,
                "permission_to_send": self.permission,
                "created_at": self.email_created_at,
                "updated_at": self.email_updated_at,
                "opt_in_source": self.opt_in_source,
                "opt_in_date": self.opt_in_date,
                "opt_out_source": self.opt_out_source if gone else None,
                "opt_out_date": self.opt_out_date if gone else None,
                "opt_out_reason": self.opt_out_reason if gone else None,
                "confirm_status": self.confirm_status,
            }
        )

    def as_json(self, include: Iterable[str] = ()) -> Json:
        """Return the contact; sub-resources only when asked for, `[]` when empty (§1)."""
        subs = {
            "custom_fields": self.custom_fields,
            "list_memberships": self.lists,
            "phone_numbers": self.phones,
            "street_addresses": self.addresses,
            "taggings": self.taggings,
            "notes": self.notes,
        }
        core = {
            "contact_id": self.contact_id,
            "email_address": None if self.address is None else self.email_json(),
            "first_name": self.first_name,
            "last_name": self.last_name,
            "job_title": self.job_title,
            "company_name": self.company_name,
            "birthday_month": self.birthday_month,
            "birthday_day": self.birthday_day,
            "anniversary": self.anniversary,
            "create_source": self.create_source,
            "update_source": self.update_source,
            "created_at": self.created_at,
            "updated_at": self.updated_at,
            "deleted_at": self.deleted_at,
            "sms_channel": self.sms,
        }
        return {**without_unset(core), **{name: list(subs[name]) for name in include}}


def without_unset(values: Json) -> Json:
    """Drop what is unset: the service leaves it out instead of sending null (§1)."""
    return {name: value for name, value in values.items() if value is not None}
