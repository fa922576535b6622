"""Writes people of a run to a file a spreadsheet opens, and errors as text for the clipboard."""

from __future__ import annotations

import csv
import os
import re
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from ccdesk.core import files
from ccdesk.core.errors import CcdeskError
from ccdesk.core.runs import Entry, Outcome
from ccdesk.core.text import INVISIBLE, OBEYED, TURNING
from ccdesk.gui.formats import OUTCOME_WORDS
from ccdesk.service.api import Desk

HEADER = ("Customer", "Email", "Message", "Code")
PEOPLE_HEADER = ("Customer", "Email", "Outcome", "Reason", "Code")
PAGE = 500
# What makes a spreadsheet take a cell for a formula, wide forms included, and whatever blank or unseen stands
# before it; also where a semicolon, a tab or a line's end begins another cell for spreadsheets that part them
# there.
_UNSEEN = rf"[\s{OBEYED}{TURNING}{INVISIBLE}]*"
_FORMULA = re.compile(rf"(?:^|(?<=[;\t\r\n\v\f\x85\u2028\u2029]))(?={_UNSEEN}[=+\-@＝＋－＠])|^(?=[\t\r\n])")


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


def people_cells(entry: Entry) -> tuple[str, ...]:
    """Return one person as the columns of `PEOPLE_HEADER`."""
    customer, email, reason, code = cells(entry)
    return customer, email, OUTCOME_WORDS[entry.outcome], reason, code


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
    return _write(target, HEADER, (cells(entry) for entry in all_errors(desk, run_id)))


def write_people(desk: Desk, run_id: int, outcome: Outcome | None, target: Path) -> int:
    """Write everybody in a run, or those with one outcome, as CSV and return how many."""
    return _write(target, PEOPLE_HEADER, (people_cells(entry) for entry in people(desk, run_id, outcome)))


def _write(target: Path, header: Sequence[str], rows: Iterable[Sequence[str]]) -> int:
    """Write rows as CSV and return how many; a half-written file never takes the name.

    Raises:
        ExportError: the file cannot be written.

    """
    written = 0
    partial: Path | None = None
    try:
        handle, partial = _made_beside(target)
        # Not opened a second time by its name. The mark tells Excel that it is UTF-8.
        with os.fdopen(handle, "w", encoding="utf-8-sig", newline="") as file:
            writer = csv.writer(file, quoting=csv.QUOTE_ALL)
            writer.writerow(header)
            for row in rows:
                writer.writerow([as_text(cell) for cell in row])
                written += 1
        files.replace(partial, target)
        partial = None
    except OSError as error:
        raise ExportError(meaning=f"{error.strerror or 'The system refused it'}.") from error
    finally:
        if partial is not None:
            partial.unlink(missing_ok=True)
    return written


def _made_beside(target: Path) -> tuple[int, Path]:
    """Make and open an empty file beside the target, for its owner only, named as nobody could have foreseen.

    In a folder that others may write to, a name that can be guessed may be a link that leads elsewhere.
    """
    handle, name = tempfile.mkstemp(prefix=".ccdesk-", suffix=".part", dir=target.parent)
    return handle, Path(name)


def to_clipboard(entries: Iterable[Entry]) -> str:
    """Return errors as lines with tabs, as spreadsheets and mail take them."""
    return "\n".join("\t".join(_pasted(cell) for cell in cells(entry)) for entry in entries)


def _pasted(cell: str) -> str:
    """Return a cell for pasting: a quote at its begin would be taken off, and what follows looked at anew."""
    text = as_text(" ".join(cell.split()))
    return f"'{text}" if text.startswith('"') else text
