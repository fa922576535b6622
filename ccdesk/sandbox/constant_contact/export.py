"""The CSV export of contacts (constant-contact.md §15). Its heading texts are documented nowhere."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator
from operator import attrgetter

from ccdesk.sandbox.constant_contact.book import Book
from ccdesk.sandbox.constant_contact.model import Contact, Json
from ccdesk.sandbox.constant_contact.switches import CcSwitches

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
_STATUS = "email_status"
_BOM = "\ufeff"

Cell = Callable[[Contact], object]


def _part(name: str) -> Cell:
    return lambda contact: contact.addresses[0].get(name) if contact.addresses else None


def _phone(contact: Contact) -> object:
    return next((row["phone_number"] for row in contact.phones), None)


def _notes(contact: Contact) -> object:
    return " ".join(row["content"] or "" for row in contact.notes)


def _sms(contact: Contact) -> object:
    return contact.sms["sms_address"] if contact.sms else None


def _birthday(contact: Contact) -> object:
    return f"{contact.birthday_month}/{contact.birthday_day}" if contact.birthday_month else None


def _nothing(_contact: Contact) -> object:
    return None


def _status(contact: Contact) -> object:
    return _STATUS_TEXT.get(contact.permission, "")


FIELDS: dict[str, tuple[str, Cell]] = {
    "first_name": ("First name", attrgetter("first_name")),
    "last_name": ("Last name", attrgetter("last_name")),
    "email_address": ("Email address", attrgetter("address")),
    "email_lists": ("Email Lists", _nothing),  # needs the book: see `_cells`
    "phone_number": ("Phone", _phone),
    "company_name": ("Company", attrgetter("company_name")),
    "job_title": ("Job title", attrgetter("job_title")),
    "social_profiles": ("Social profiles", _nothing),
    "website": ("Website", _nothing),
    "notes": ("Notes", _notes),
    "street": ("Street address line 1", _part("street")),
    "city": ("City", _part("city")),
    "state": ("State/Province", _part("state")),
    "zip": ("Zip/Postal Code", _part("postal_code")),
    "country": ("Country", _part("country")),
    "anniversary": ("Anniversary", attrgetter("anniversary")),
    "birthday": ("Birthday", _birthday),
    "birthday_day": ("Birthday day", attrgetter("birthday_day")),
    "birthday_month": ("Birthday month", attrgetter("birthday_month")),
    "source_name": ("Source Name", attrgetter("create_source")),
    "created_at": ("Created At", attrgetter("created_at")),
    "updated_at": ("Updated At", attrgetter("updated_at")),
    "email_optin_source": ("Email optin source", attrgetter("opt_in_source")),
    "email_optin_date": ("Email optin date", attrgetter("opt_in_date")),
    "email_optout_source": ("Email optout source", attrgetter("opt_out_source")),
    "email_optout_date": ("Email optout date", attrgetter("opt_out_date")),
    "email_optout_reason": ("Email optout reason", attrgetter("opt_out_reason")),
    "sms_number": ("SMS number", _sms),
    "sms_consent_date": ("SMS consent date", _nothing),
    "sms_status": ("SMS status", _nothing),
}
_OTHER_TEXTS = {"email_address": "E-MAIL", "email_lists": "LISTS", _STATUS: "PERMISSION"}


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
    statuses = {"active": "active", "unsubscribed": "unsubscribed", "removed": "deleted"}
    wanted = statuses.get(body.get("status", ""))
    excluded = set(body.get("exclude", {}).get("contact_ids", ()))
    return [
        one
        for one in chosen
        if (one.status == wanted if wanted else one.deleted_at is None) and one.contact_id not in excluded
    ]


def as_csv(book: Book, contacts: Iterable[Contact], names: list[str], switches: CcSwitches) -> bytes:
    """Write the file; opt-in and opt-out columns need the email column (§15), which brings the status."""
    names = list(names or FIELDS)
    if "email_address" in names:
        names.append(_STATUS)
    else:
        names = [name for name in names if name not in _OPTIN]
    if switches.export_headings == "others":
        names.reverse()
    out = io.StringIO(newline="")
    if switches.export_bom:
        out.write(_BOM)
    writer = csv.writer(out)
    writer.writerow(_heading(name, at, switches) for at, name in enumerate(names, start=1))
    writer.writerows(_rows(contacts, _cells(book, names)))
    return out.getvalue().encode()


def _heading(name: str, number: int, switches: CcSwitches) -> str:
    """Return the text above a column: which one the service writes is anybody's guess."""
    match switches.export_headings:
        case "names":
            return name
        case "others":
            return _OTHER_TEXTS.get(name, name.replace("_", " ").upper())
        case "numbers":
            return f"Column {number}"
        case _:
            return "Email status" if name == _STATUS else FIELDS[name][0]


def _cells(book: Book, names: Iterable[str]) -> list[Cell]:
    """Return what reads each column of a contact."""
    texts: dict[tuple[str, ...], str] = {}

    def lists(contact: Contact) -> object:
        text = texts.get(contact.lists)
        if text is None:
            text = texts[contact.lists] = ", ".join(book.lists[one].name for one in contact.lists)
        return text

    special: dict[str, Cell] = {"email_lists": lists, _STATUS: _status}
    return [special.get(name) or FIELDS[name][1] for name in names]


def _rows(contacts: Iterable[Contact], cells: list[Cell]) -> Iterator[list[object]]:
    for contact in contacts:
        yield [cell(contact) for cell in cells]
