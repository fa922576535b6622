"""The bulk import: what a request may hold, and what happens to each contact (constant-contact.md §14)."""

from __future__ import annotations

import json
import re
from functools import lru_cache
from typing import Any, NamedTuple

from ccdesk.sandbox.constant_contact.fields import (
    CORE,
    TEXT_LIMITS,
    address_row,
    core_fields,
    phone_row,
    sms_channel,
)
from ccdesk.sandbox.constant_contact.jobs import Job
from ccdesk.sandbox.constant_contact.model import Contact, Json, Refusal, invalid, is_email
from ccdesk.sandbox.constant_contact.refusals import JobFails, refused_name
from ccdesk.sandbox.constant_contact.rules import Rules

MAX_BYTES = 4 * 1024 * 1024
MAX_ROWS = 40_000
MAX_EMAIL = 50

_PHONES = {
    "phone": "other",
    "other_phone": "other",
    "home_phone": "home",
    "work_phone": "work",
    "mobile_phone": "mobile",
}
_PARTS = {"street": "street", "city": "city", "state": "state", "zip": "postal_code", "country": "country"}
# The main address is of kind home. The contract misspells one name as "home country" (§14).
_ADDRESSES: dict[str, tuple[str, str]] = {
    **{name: ("home", part) for name, part in _PARTS.items()},
    **{f"{kind}_{name}": (kind, part) for kind in ("home", "work", "other") for name, part in _PARTS.items()},
}
_ADDRESSES["home country"] = _ADDRESSES.pop("home_country")
_STREETS2 = {"street2": "home", "home_street2": "home", "work_street2": "work", "other_street2": "other"}
_NAMES = {"email", "sms_number", "sms_consent_date", *CORE, *_PHONES, *_ADDRESSES, *_STREETS2}
_BIRTHDAY = frozenset({"birthday_month", "birthday_day"})
_ROWS_BEGIN = re.compile(r'"import_data"\s*:\s*\[')


def rows_within_limit(raw: bytes, rows: list[Any]) -> list[Any]:
    """Drop, without a word, the rows that end beyond the first 4 MB of the request body (§14)."""
    if len(raw) <= MAX_BYTES:
        return rows
    # As Latin-1 every byte is one character, so positions in the text are positions in the body.
    text, decoder = raw.decode("latin-1"), json.JSONDecoder()
    begin = _ROWS_BEGIN.search(text)
    position, kept = begin.end() if begin else MAX_BYTES, 0
    for _row in rows:
        while text[position] in " \t\r\n,":
            position += 1
        _, position = decoder.raw_decode(text, position)
        if position > MAX_BYTES:
            break
        kept += 1
    return rows[:kept]


def check_rows(rows: Any, custom_fields: dict[str, str]) -> list[Json]:
    """Refuse a request that is not of the contract's form; what is wrong inside a row is found by the job."""
    if not isinstance(rows, list) or not rows or not all(isinstance(row, dict) for row in rows):
        raise invalid("import_data does not have a valid value")
    if len(rows) > MAX_ROWS:
        raise invalid(f"import_data exceeds the maximum of {MAX_ROWS} contacts")
    known = _NAMES | {f"cf:{name}" for name in custom_fields}
    for row in rows:
        if not known.issuperset(row):
            raise invalid(f"Unrecognized field: {', '.join(sorted(set(row) - known))}")
        if set(map(type, row.values())) == {str} and _BIRTHDAY.isdisjoint(row):
            continue  # as nearly all are
        for name, value in row.items():
            if value is not None and not isinstance(value, int if name in _BIRTHDAY else str):
                raise invalid(f"{name} does not have a valid value")
    return rows


class ImportJob:
    """The work of one import: row by row, as if each had been typed in by the account."""

    def __init__(
        self, rules: Rules, rows: list[Json], list_ids: list[str], custom_fields: dict[str, str]
    ) -> None:
        self._rules, self._rows, self._list_ids = rules, rows, list_ids
        self._custom = custom_fields

    def first_status(self) -> Json:
        """Return the counts of the reply to the POST: the header row counts as a row."""
        counts = {"person_count": 0, "error_count": 0, "correctable_count": 0, "cannot_add_to_list_count": 0}
        return {"items_total_count": len(self._rows) + 1, **counts}

    def run(self, job: Job, share: float) -> None:
        """Import the share of the rows, and count what became of them."""
        rows = self._rows[: int(len(self._rows) * share)]
        loses = self._rules.switches.import_loses_every
        for index, row in enumerate(rows):
            if loses and (index + 1) % loses == 0:
                continue
            name = refused_name(row, self._rules.switches.refused_text)
            if name and self._rules.switches.import_refused_text == "job":
                raise JobFails("The activity could not be processed.")
            try:
                if name:
                    raise _Correctable(f"{name} does not have a valid value")
                self._take(job, row)
            except _Correctable as problem:
                self._note(job, index, "correctable_count", str(problem))
            except Refusal as problem:
                self._note(job, index, "error_count", problem.message)
        job.status["person_count"] = len(rows)
        job.status["items_completed_count"] = len(rows) + 1

    def _note(self, job: Job, index: int, count: str, text: str) -> None:
        job.status[count] += 1
        line = f"Line {index + 2}: {text}"  # line 1 is the header (§15)
        match self._rules.switches.import_errors:
            case "lines":
                job.errors.append(line)
            case "emails":
                job.errors.append(f"{self._rows[index].get('email', '')}: {text}")
            case "objects":
                job.errors.append({"message": line})

    def _take(self, job: Job, row: Json) -> None:
        email = (row.get("email") or "").strip()
        if not email and row.get("sms_number"):
            self._take_sms(row)
            return
        if len(email) > MAX_EMAIL or not is_email(email):
            raise _Correctable(f'The email address "{email}" is not valid.')
        contact = self._rules.book.by_email(email)
        fields = self._fields(row, contact)
        if contact is None:
            self._rules.create(email, "Account", fields=fields, list_ids=self._list_ids)
            return
        if contact.deleted_at is not None:
            if not self._rules.switches.import_revives_deleted:
                raise Refusal(400, f'The contact "{email}" was deleted.')
            self._rules.revive(contact)
        self._update(job, contact, fields)

    def _take_sms(self, row: Json) -> None:
        fields = {**self._fields(row, None), "sms": sms_channel(row["sms_number"])}
        self._rules.create(None, "Account", fields=fields, list_ids=self._list_ids)

    def _update(self, job: Job, contact: Contact, fields: Json) -> None:
        """Bring an existing contact up to date; one who opted out stays out and off the list."""
        out = contact.permission == "unsubscribed"
        if out:
            job.status["cannot_add_to_list_count"] += 1
        if fields and (not out or self._rules.switches.import_updates_unsubscribed):
            self._rules.fill(contact, fields)
            self._rules.touch(contact, "Account")
        if not out:
            self._rules.put_on(contact, self._list_ids)

    def _fields(self, row: Json, contact: Contact | None) -> Json:
        """Return what a row changes: only what is sent; whether blank values count is a switch."""
        clears = self._rules.switches.import_empty_clears
        sent = {name: value for name, value in row.items() if clears or value not in (None, "")}
        fields = self._core(sent)
        phones = {one["kind"]: one for one in contact.phones} if contact else {}
        addresses = {one["kind"]: one for one in contact.addresses} if contact else {}
        custom = {one["custom_field_id"]: one for one in contact.custom_fields} if contact else {}
        shape = _shape(tuple(sent))
        for name in shape.phones:
            if sent[name]:
                phones[_PHONES[name]] = phone_row({"phone_number": sent[name], "kind": _PHONES[name]}, 50)
                fields["phones"] = tuple(phones.values())
        for name in shape.custom:
            if sent[name]:
                field_id = self._custom[name[3:]]
                custom[field_id] = {"custom_field_id": field_id, "value": sent[name]}
                fields["custom_fields"] = tuple(custom.values())
        for kind, parts in _address_parts(sent, shape).items():
            old = addresses.get(kind, {"kind": kind})
            addresses[kind] = address_row({**old, **parts}, self._rules.switches.normalise_country)
            fields["addresses"] = tuple(addresses.values())
        return fields

    def _core(self, sent: Json) -> Json:
        try:
            return core_fields({name: sent[name] for name in CORE if name in sent})
        except Refusal as problem:
            if any(len(str(sent.get(name) or "")) > most for name, most in TEXT_LIMITS.items()):
                raise
            raise _Correctable(problem.message) from problem  # a date format can be corrected by the staff


class _Correctable(Exception):
    """A row the staff can put right in the web page of the service."""


class _Shape(NamedTuple):
    """What kinds of fields a row has; of a million rows hardly a dozen differ in that."""

    phones: tuple[str, ...]
    custom: tuple[str, ...]
    addresses: tuple[tuple[str, str, str], ...]  # name, kind, part
    streets2: tuple[tuple[str, str], ...]  # name, kind


@lru_cache(maxsize=1024)
def _shape(names: tuple[str, ...]) -> _Shape:
    """Sort the names of a row by what they are."""
    return _Shape(
        tuple(name for name in names if name in _PHONES),
        tuple(name for name in names if name.startswith("cf:")),
        tuple((name, *place) for name, place in _ADDRESSES.items() if name in names),
        tuple((name, kind) for name, kind in _STREETS2.items() if name in names),
    )


def _address_parts(sent: Json, shape: _Shape) -> dict[str, Json]:
    """Sort flat address fields by kind; a second street line is appended to the first (§14)."""
    kinds: dict[str, Json] = {}
    for name, kind, part in shape.addresses:
        kinds.setdefault(kind, {})[part] = sent[name]
    for name, kind in shape.streets2:
        if sent[name]:
            parts = kinds.setdefault(kind, {})
            parts["street"] = " ".join(filter(None, (parts.get("street"), sent[name])))
    return kinds
