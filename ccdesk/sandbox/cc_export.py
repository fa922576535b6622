"""The CSV export of contacts (constant-contact.md §15). Its heading texts are documented nowhere."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable

from ccdesk.sandbox.cc_book import Book
from ccdesk.sandbox.cc_model import Contact, Json

_STATUS_TEXT = {
    "explicit": "Active",
    "implicit": "Active",
    "unsubscribed": "Unsubscribed",
    "pending_confirmation": "Awaiting Confirmation",
    "not_set": "No Permissions Set",
}
_OPTIN = (
    "email_optin_source",
    "email_optin_date",
    "email_optout_source",
    "email_optout_date",
    "email_optout_reason",
)

Cell = Callable[[Contact, Book], object]


def _part(name: str) -> Cell:
    def read(contact: Contact, _book: Book) -> object:
        return next((row.get(name) for row in contact.addresses), None)

    return read


def _attribute(name: str) -> Cell:
    def read(contact: Contact, _book: Book) -> object:
        return getattr(contact, name)

    return read


def _lists(contact: Contact, book: Book) -> object:
    return ", ".join(book.lists[one].name for one in contact.lists)


def _phone(contact: Contact, _book: Book) -> object:
    return next((row["phone_number"] for row in contact.phones), None)


def _notes(contact: Contact, _book: Book) -> object:
    return " ".join(row["content"] or "" for row in contact.notes)


def _sms(contact: Contact, _book: Book) -> object:
    return contact.sms["sms_address"] if contact.sms else None


def _birthday(contact: Contact, _book: Book) -> object:
    return f"{contact.birthday_month}/{contact.birthday_day}" if contact.birthday_month else None


def _nothing(_contact: Contact, _book: Book) -> object:
    return None


FIELDS: dict[str, tuple[str, Cell]] = {
    "first_name": ("First name", _attribute("first_name")),
    "last_name": ("Last name", _attribute("last_name")),
    "email_address": ("Email address", _attribute("address")),
    "email_lists": ("Email Lists", _lists),
    "phone_number": ("Phone", _phone),
    "company_name": ("Company", _attribute("company_name")),
    "job_title": ("Job title", _attribute("job_title")),
    "social_profiles": ("Social profiles", _nothing),
    "website": ("Website", _nothing),
    "notes": ("Notes", _notes),
    "street": ("Street address line 1", _part("street")),
    "city": ("City", _part("city")),
    "state": ("State/Province", _part("state")),
    "zip": ("Zip/Postal Code", _part("postal_code")),
    "country": ("Country", _part("country")),
    "anniversary": ("Anniversary", _attribute("anniversary")),
    "birthday": ("Birthday", _birthday),
    "birthday_day": ("Birthday day", _attribute("birthday_day")),
    "birthday_month": ("Birthday month", _attribute("birthday_month")),
    "source_name": ("Source Name", _attribute("create_source")),
    "created_at": ("Created At", _attribute("created_at")),
    "updated_at": ("Updated At", _attribute("updated_at")),
    "email_optin_source": ("Email optin source", _attribute("opt_in_source")),
    "email_optin_date": ("Email optin date", _attribute("opt_in_date")),
    "email_optout_source": ("Email optout source", _attribute("opt_out_source")),
    "email_optout_date": ("Email optout date", _attribute("opt_out_date")),
    "email_optout_reason": ("Email optout reason", _attribute("opt_out_reason")),
    "sms_number": ("SMS number", _sms),
    "sms_consent_date": ("SMS consent date", _nothing),
    "sms_status": ("SMS status", _nothing),
}


def selected(book: Book, body: Json, month_ago: str) -> list[Contact]:
    """Return the contacts an export asks for; no selection means everybody not deleted."""
    chosen: Iterable[Contact] = book.contacts
    if "contact_ids" in body:
        chosen = [one for one in map(book.by_id, body["contact_ids"]) if one is not None]
    elif "list_ids" in body:
        chosen = {
            one.contact_id: one for list_id in body["list_ids"] for one in book.members(list_id)
        }.values()
    elif "tag_ids" in body:
        chosen = [one for one in chosen if set(body["tag_ids"]) & set(one.taggings)]
    elif body.get("new_subscriber"):
        chosen = [one for one in chosen if one.created_at >= month_ago]
    statuses = {"active": ("active",), "unsubscribed": ("unsubscribed",), "removed": ("deleted",)}
    wanted = statuses.get(body.get("status", ""))
    excluded = set(body.get("exclude", {}).get("contact_ids", ()))
    return [
        one
        for one in chosen
        if one.contact_id not in excluded and (one.status in wanted if wanted else one.status != "deleted")
    ]


def as_csv(book: Book, contacts: Iterable[Contact], names: list[str]) -> str:
    """Write the file; opt-in and opt-out columns need the e-mail column (§15), which brings the status."""
    names = names or list(FIELDS)
    if "email_address" not in names:
        names = [name for name in names if name not in _OPTIN]
    with_status = "email_address" in names
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow([*(FIELDS[name][0] for name in names), *(["Email status"] if with_status else [])])
    for contact in contacts:
        status = [_STATUS_TEXT.get(contact.permission, "")] if with_status else []
        writer.writerow([*(FIELDS[name][1](contact, book) for name in names), *status])
    return out.getvalue()
