"""Files of comma-separated values that a spreadsheet opens without taking anything in them for a formula."""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from ccdesk.core import files
from ccdesk.core.errors import CcdeskError, ExitCode
from ccdesk.core.text import INVISIBLE, OBEYED, TURNING
from ccdesk.core.words import marked

# What makes a spreadsheet take a cell for a formula, wide forms included, and whatever blank or unseen stands
# before it; also where a semicolon, a tab or a line's end begins another cell for spreadsheets that part them
# there.
_UNSEEN = rf"[\s{OBEYED}{TURNING}{INVISIBLE}]*"
_FORMULA = re.compile(rf"(?:^|(?<=[;\t\r\n\v\f\x85\u2028\u2029]))(?={_UNSEEN}[=+\-@＝＋－＠])|^(?=[\t\r\n])")


class ExportError(CcdeskError):
    """The file could not be written."""

    title = marked("The file cannot be written")
    next_step = marked("Choose another folder, or close the file if another program has it open.")
    exit_code = ExitCode.WRONG_USE


def as_text(value: str) -> str:
    """Return a value from outside so that a spreadsheet takes it as text, never as a formula."""
    return _FORMULA.sub("'", value)


def write_csv(
    target: Path, header: Sequence[str], rows: Iterable[Sequence[str]], *, for_programs: bool = False
) -> int:
    """Write rows as CSV and return how many; a half-written file never takes the name.

    `for_programs`: without the mark that tells Excel of UTF-8, and without needless quotes: scripts stumble
    over both.

    Raises:
        ExportError: the file cannot be written.

    """
    written = 0
    encoding = "utf-8" if for_programs else "utf-8-sig"
    try:
        with (
            files.written_beside(target) as handle,
            os.fdopen(handle, "w", encoding=encoding, errors="backslashreplace", newline="") as file,
        ):
            writer = csv.writer(file, quoting=csv.QUOTE_MINIMAL if for_programs else csv.QUOTE_ALL)
            writer.writerow(header)
            for row in rows:
                writer.writerow([as_text(cell) for cell in row])
                written += 1
    except OSError as error:
        raise ExportError(
            meaning=f"{error.strerror}." if error.strerror else marked("The system refused it.")
        ) from error
    return written
