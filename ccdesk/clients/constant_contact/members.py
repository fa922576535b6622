"""Reading the CSV file of a list's members; its headings are documented nowhere (constant-contact.md §15)."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from io import TextIOWrapper
from itertools import islice
from typing import BinaryIO

_BATCH = 5_000
_LONGEST_LINE = 1 << 20  # characters; a contact with every field there is has some thousands


class NoEmails(Exception):
    """The file has no column that holds emails, or is no such file at all."""


def members(file: BinaryIO) -> Iterator[list[str]]:
    """Yield the emails in batches; of people who may be mailed only, where the file tells.

    Somebody left out for an unknown word is no harm: who is not found here is looked up by the caller.

    Raises:
        NoEmails: the headings name no such column.

    """
    # Undecodable bytes become a name nobody has; so does what a broken row leaves.
    text = TextIOWrapper(file, encoding="utf-8-sig", errors="replace", newline="")
    try:
        rows = csv.reader(_lines(text))
        headings = [_plain(cell) for cell in next(rows, [])]
        email = _email_column(headings)
        status = headings.index("emailstatus") if "emailstatus" in headings else None
        last = max(email, status or 0)
        while batch := list(islice(rows, _BATCH)):
            yield [
                row[email]
                for row in batch
                if len(row) > last and (status is None or row[status].strip().lower() == "active")
            ]
    except csv.Error as error:
        raise NoEmails(str(error)) from None
    finally:
        text.detach()


def _lines(text: TextIOWrapper) -> Iterator[str]:
    """Yield the lines as they come, none of them longer than anybody means: the file may have gigabytes."""
    while line := text.readline(_LONGEST_LINE):
        if len(line) == _LONGEST_LINE:
            raise NoEmails("a line without an end")
        yield line


def _plain(heading: str) -> str:
    return "".join(filter(str.isalnum, heading.lower()))


def _email_column(headings: list[str]) -> int:
    for wanted in ("emailaddress", "email", "emailaddresses"):
        if wanted in headings:
            return headings.index(wanted)
    named = [n for n, heading in enumerate(headings) if "email" in heading and "address" in heading]
    if len(named) != 1:
        raise NoEmails("no column of emails")
    return named[0]
