"""Taking a person who is forgotten out of the records of runs (design §8).

A record that is about them cannot be kept without them, and cannot be done again without them: it is removed.
Of the others only the data file as it was before the run tells of the person, and they are erased from it.
"""

from __future__ import annotations

import json
import logging
import os
import re
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

from ccdesk.core import files
from ccdesk.core.errors import CcdeskError
from ccdesk.core.ports.recording import Erased
from ccdesk.core.pseudonyms import Pseudonyms
from ccdesk.store.store import SqliteStore
from ccdesk.support.records import Record, RecordFiles, read_lines

log = logging.getLogger(__name__)


def erase(records: RecordFiles, given: Pseudonyms, person: Erased, runs: Collection[int]) -> list[int]:
    """Erase a person; return the runs whose records were removed, oldest first.

    `runs`: those whose entries are about the person.
    """
    names = _Named(given, person)
    removed = []
    for record in records.all():
        if record.run_id in runs or _tells_of(record, names) or not _is_erased_before(record, person):
            records.remove(record)
            removed.append(record.run_id)
    for path in records.rings:
        _erase_lines(path, names)
    return sorted(removed)


class _Named:
    """Finds a person in a line of a record: emails are pseudonyms there, ids as they are."""

    def __init__(self, given: Pseudonyms, person: Erased) -> None:
        words = [given.email(one).lower() for one in person.emails]
        words += [*person.contact_ids, *map(str, person.customer_ids)]
        self._escaped = not all(one.isascii() for one in words)
        found = "|".join(re.escape(one) for one in sorted(set(words), key=len, reverse=True))
        self._pattern = re.compile(rf"(?<![\w.-])(?:{found})(?![\w-])") if words else None

    def is_in(self, line: str) -> bool:
        """Say whether a line of JSON names the person."""
        if self._pattern is None:
            return False
        if self._escaped:
            with suppress(ValueError):
                line = json.dumps(json.loads(line), ensure_ascii=False)
        return self._pattern.search(line.lower()) is not None


def _tells_of(record: Record, names: _Named) -> bool:
    """Say whether the calls of a run name the person; a record that cannot be read may."""
    try:
        header, calls = read_lines(files.read_private(record.calls))
    except (ValueError, OSError):
        return True
    told = {key: value for key, value in header.items() if key not in ("fingerprints", "personal", "run")}
    return any(names.is_in(json.dumps(one)) for one in (told, *calls))


def _is_erased_before(record: Record, person: Erased) -> bool:
    """Erase the person from the data file as it was before a run; False if that cannot be done."""
    if record.before is None:
        return True
    try:
        store = SqliteStore(record.before)
        try:
            store.forget_person(person.key, person.customer_ids, opted_out=False)
            return store.compact()
        finally:
            store.close_all()
    except (OSError, CcdeskError) as error:
        log.warning("the record of a run is removed: %s", type(error).__name__)
        return False


def _erase_lines(path: Path, names: _Named) -> None:
    """Take the lines that name the person out of a file of the newest calls."""
    with suppress(FileNotFoundError):
        lines = files.read_private(path).decode("utf-8", "replace").splitlines(keepends=True)
        kept = [line for line in lines if not names.is_in(line)]
        if len(kept) < len(lines):
            handle = files.open_private(path, os.O_WRONLY | os.O_TRUNC)
            with os.fdopen(handle, "wb") as file:
                file.write("".join(kept).encode())
