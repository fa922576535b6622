"""A recorded run in a bundle: the data file as it was before, the calls, and whether it can be done again."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ccdesk.core import files
from ccdesk.core.errors import CcdeskError
from ccdesk.core.words import marked
from ccdesk.store.store import SqliteStore
from ccdesk.support.calls import are_whole
from ccdesk.support.covering import Covering
from ccdesk.support.records import Record, read_lines

log = logging.getLogger(__name__)

NO_COPY = marked("the data file was 64 MB or more, or the disk nearly full: it was not copied before the run")
TOO_MUCH = marked("the services answered more than is kept of one run")
DAMAGED = marked("its record is damaged")


@dataclass(frozen=True, slots=True)
class BundledRun:
    """A run in a bundle: its parts by their names there.

    `why_not` says in words why it cannot be done again, `""` if it can.
    """

    run_id: int
    parts: dict[str, Path] = field(default_factory=dict)
    why_not: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return what the bundle says of it."""
        return {"id": self.run_id, "replayable": not self.why_not, "why_not": self.why_not}


def write_run(folder: Path, record: Record, covering: Covering) -> BundledRun:
    """Write the parts of a recorded run into files, everybody covered."""
    name = f"records/{record.run_id}"
    copy = folder / f"{record.run_id}.before"
    lines, why_not = _calls(record, covering)
    parts = {f"{name}/calls.jsonl": write_text(folder / f"{record.run_id}.calls", lines)}
    if record.before is None:
        return BundledRun(record.run_id, parts, NO_COPY)
    if not _is_covered(record.before, copy, covering):
        return BundledRun(record.run_id, parts, DAMAGED)
    parts[f"{name}/before.sqlite3"] = copy
    return BundledRun(record.run_id, parts, why_not)


def _calls(record: Record, covering: Covering) -> tuple[list[str], str]:
    """Return the lines of a record's calls, none of a damaged one, and why it cannot be done again."""
    try:
        header, calls = read_lines(files.read_private(record.calls))
    except (ValueError, OSError):
        return [], DAMAGED
    whole = are_whole(calls) and not header.get("calls_not_kept")
    header = {key: value for key, value in header.items() if key not in ("fingerprints", "personal")}
    return [covering.call(one) for one in [header, *calls]], "" if whole else TOO_MUCH


def _is_covered(before: Path, copy: Path, covering: Covering) -> bool:
    """Copy and cover a data file as it was before a run; one that is damaged is left out."""
    try:
        files.write_private(copy, files.read_private(before))
        SqliteStore(copy).close_all()  # of a former version, perhaps
        covering.file(copy)
    except (OSError, sqlite3.Error, CcdeskError) as error:
        log.warning("the record of a run is left out: %s", type(error).__name__)
        return False
    return True


def write_text(path: Path, lines: Iterable[str]) -> Path:
    """Write lines into a file and return it."""
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8", errors="backslashreplace")
    return path
