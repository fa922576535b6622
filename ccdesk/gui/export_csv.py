"""Writes people of a run to a file a spreadsheet opens, and errors as text for the clipboard."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from ccdesk.core.runs import Entry, Outcome
from ccdesk.core.spreadsheet import ExportError as ExportError
from ccdesk.core.spreadsheet import as_text as as_text
from ccdesk.core.spreadsheet import write_csv
from ccdesk.gui.formats import OUTCOME_WORDS, local
from ccdesk.service.api import Desk

HEADER = ("Customer", "Email", "Message", "Code")
PEOPLE_HEADER = ("Customer", "Email", "Outcome", "Reason", "Code", "Day of Reason")
PAGE = 500


def cells(entry: Entry) -> tuple[str, str, str, str]:
    """Return one error as the columns of `HEADER`."""
    customer = "" if entry.customer_id is None else str(entry.customer_id)
    return customer, entry.email, entry.reason, entry.code


def people_cells(entry: Entry) -> tuple[str, ...]:
    """Return one person as the columns of `PEOPLE_HEADER`."""
    customer, email, reason, code = cells(entry)
    day = "" if entry.acted_at is None else local(entry.acted_at).date().isoformat()
    return customer, email, OUTCOME_WORDS[entry.outcome], reason, code, day


def all_errors(desk: Desk, run_id: int) -> Iterator[Entry]:
    """Read the errors of a run page by page."""
    return people(desk, run_id, Outcome.ERROR)


def people(desk: Desk, run_id: int, outcome: Outcome | None) -> Iterator[Entry]:
    """Read the people of a run page by page, all of them or those with one outcome."""
    offset = 0
    while page := desk.entries(run_id, outcome=outcome, offset=offset, limit=PAGE):
        yield from page
        offset += len(page)


def write_errors(desk: Desk, run_id: int, target: Path) -> int:
    """Write the errors of a run as CSV and return how many."""
    return write_csv(target, HEADER, (cells(entry) for entry in all_errors(desk, run_id)))


def write_people(desk: Desk, run_id: int, outcome: Outcome | None, target: Path) -> int:
    """Write everybody in a run, or those with one outcome, as CSV and return how many."""
    return write_csv(target, PEOPLE_HEADER, (people_cells(entry) for entry in people(desk, run_id, outcome)))


def to_clipboard(entries: Iterable[Entry]) -> str:
    """Return errors as lines with tabs, as spreadsheets and mail take them."""
    return "\n".join("\t".join(pasted(cell) for cell in cells(entry)) for entry in entries)


def pasted(cell: str) -> str:
    """Return a cell for pasting: a quote at its begin would be taken off, and what follows looked at anew."""
    text = as_text(" ".join(cell.split()))
    return f"'{text}" if text.startswith('"') else text
