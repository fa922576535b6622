"""Which fingerprint a person's fields have once they are pseudonyms.

A link keeps a fingerprint of name and address as they were written (`sync/mapping`). With the fields in
pseudonyms it would say that they have changed, and the run done again would write what the first one did not.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ccdesk.clients.constant_contact.parse import contact
from ccdesk.clients.kibo.parse import customer
from ccdesk.core.models import Address, Contact, ContactFields
from ccdesk.sync.mapping import creation_hash, fields_hash, to_fields

_ONE = re.compile(r"[0-9a-f]{24}")
SENT = "sent:"
_NOBODY = ContactFields("", "", "", "", Address())


def pairs(raw: Any, scrubbed: Any) -> Iterator[tuple[str, str]]:
    """Yield the fingerprints of everybody in a body, each with that of the same fields in pseudonyms.

    Those of accounts begin with `SENT`: of fields that were cut, an account and the contact made of it have
    the same fingerprint, but not the same pseudonyms.
    """
    for before, after in _people(raw, scrubbed):
        first = SENT if isinstance(before, ContactFields) else ""
        yield from ((first + one, other) for one, other in zip(_of(before), _of(after), strict=True))


def plain_pairs() -> dict[str, str]:
    """Return the fingerprints that tell nothing: those of fields that are all empty."""
    return dict(zip(_of(_NOBODY), _of(_NOBODY), strict=True))


def exchanged(stored: str, known: Mapping[str, str], other: Callable[[str], str], *, sent: bool) -> str:
    """Return a stored fingerprint, of one or more parts, in pseudonyms; `other` for those not known.

    `sent`: it is of what was sent, not of what a contact showed.
    """

    def instead(found: re.Match[str]) -> str:
        first, second = (SENT, "") if sent else ("", SENT)
        return known.get(first + found[0]) or known.get(second + found[0]) or other(found[0])

    return _ONE.sub(instead, stored)


def _of(fields: ContactFields | Contact) -> list[str]:
    return [fields_hash(fields), *creation_hash(fields).split(".")]


def _people(raw: Any, scrubbed: Any) -> Iterator[tuple[ContactFields | Contact, ContactFields | Contact]]:
    if isinstance(raw, dict) and isinstance(scrubbed, dict):
        read = _reader(raw)
        if read is not None:
            before, after = read(raw), read(scrubbed)
            if before is not None and after is not None:
                yield before, after
            return
        for one, other in zip(raw.values(), scrubbed.values(), strict=False):
            yield from _people(one, other)
    elif isinstance(raw, list) and isinstance(scrubbed, list):
        for one, other in zip(raw, scrubbed, strict=False):
            yield from _people(one, other)


def _reader(raw: dict[str, Any]) -> Callable[[dict[str, Any]], ContactFields | Contact | None] | None:
    """Return what reads this object as a person's fields, None if it is none."""
    if "emailAddress" in raw:
        return _sent_of
    return contact if "email_address" in raw else None


def _sent_of(raw: dict[str, Any]) -> ContactFields | None:
    """Return what would be sent of an account."""
    read = customer(raw)
    return None if read is None else to_fields(read).fields
