"""Writes the errors of a run to a file a spreadsheet opens, and as text for the clipboard."""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from ccdesk.core.errors import CcdeskError
from ccdesk.core.runs import Entry, Outcome
from ccdesk.service.api import Desk

HEADER = ("Customer", "E-mail", "Message", "Code")
PAGE = 500
# What makes a spreadsheet take a cell for a formula, wide forms and blanks before it included; also where a
# semicolon, a tab or a line's end begins another cell for spreadsheets that part them there.
_FORMULA = re.compile(r"(?:^|(?<=[;\t\r\n]))(?=[\s\ufeff\u200b]*[=+\-@＝＋－＠])|^(?=[\t\r\n])")


class ExportError(CcdeskError):
    """The file could not be written."""

    title = "The file cannot be written"
    next_step = "Choose another folder, or close the file if another program has it open."


def as_text(value: str) -> str:
    """Return a value from outside so that a spreadsheet takes it as text, never as a formula."""
    return _FORMULA.sub("'", value)


def cells(entry: Entry) -> tuple[str, str, str, str]:
    """Return one error as the columns of `HEADER`."""
    customer = "" if entry.customer_id is None else str(entry.customer_id)
    return customer, entry.email, entry.reason, entry.code


def all_errors(desk: Desk, run_id: int) -> Iterator[Entry]:
    """Read the errors of a run page by page."""
    offset = 0
    while page := desk.entries(run_id, outcome=Outcome.ERROR, offset=offset, limit=PAGE):
        yield from page
        offset += len(page)


def write_errors(desk: Desk, run_id: int, target: Path) -> int:
    """Write the errors of a run as CSV and return how many; a half-written file never takes the name."""
    partial = target.with_name(target.name + ".part")
    written = 0
    try:
        with partial.open("w", encoding="utf-8-sig", newline="") as file:  # the mark tells Excel it is UTF-8
            writer = csv.writer(file, quoting=csv.QUOTE_ALL)
            writer.writerow(HEADER)
            for entry in all_errors(desk, run_id):
                writer.writerow([as_text(cell) for cell in cells(entry)])
                written += 1
        os.replace(partial, target)
    except CcdeskError:
        partial.unlink(missing_ok=True)
        raise
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise ExportError(meaning=f"{error.strerror or 'The system refused it'}.") from error
    return written


def to_clipboard(entries: Iterable[Entry]) -> str:
    """Return errors as lines with tabs, as spreadsheets and mail take them."""
    return "\n".join("\t".join(_pasted(cell) for cell in cells(entry)) for entry in entries)


def _pasted(cell: str) -> str:
    """Return a cell for pasting: a quote at its begin would be taken off, and what follows looked at anew."""
    text = as_text(" ".join(cell.split()))
    return f"'{text}" if text.startswith('"') else text
