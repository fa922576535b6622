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
from typing import Any

from ccdesk.core import files
from ccdesk.core.errors import CcdeskError
from ccdesk.core.ports.recording import Erased
from ccdesk.core.pseudonyms import Pseudonyms
from ccdesk.store.store import SqliteStore
from ccdesk.support.records import Record, RecordFiles, read_lines

log = logging.getLogger(__name__)

_ACCOUNTS = ("accountId", "customerAccountId", "entityId", "ids")  # hold ids of accounts


def erase(records: RecordFiles, given: Pseudonyms, person: Erased, runs: Collection[int]) -> list[int]:
    """Erase a person; return the runs whose records were removed, oldest first.

    `runs`: those whose entries are about the person.
    """
    names = Named(given, person)
    removed = []
    for record in records.all():
        if record.run_id in runs or _tells_of(record, names) or not _is_erased_before(record, person):
            records.remove(record)
            removed.append(record.run_id)
    for path in records.rings:
        _erase_lines(path, names)
    return sorted(removed)


class Named:
    """Finds a person in what is recorded: emails are pseudonyms there, ids as they are.

    A number alone says nothing: an address and an order may have that of the account.
    """

    def __init__(self, given: Pseudonyms, person: Erased) -> None:
        self._ids = {str(one) for one in person.customer_ids}
        words = [re.escape(given.email(one).lower()) for one in person.emails]
        words += [re.escape(one.lower()) for one in person.contact_ids]
        words += [rf"/accounts/{one}" for one in self._ids] + [rf"\bid eq {one}" for one in self._ids]
        self._pattern = re.compile(rf"(?:{'|'.join(words)})(?!\w)") if words else None

    def is_in(self, value: Any, key: str = "") -> bool:
        """Say whether a JSON value, which has a name if it is in an object, names the person."""
        if isinstance(value, dict):
            if "emailAddress" in value and str(value.get("id")) in self._ids:
                return True
            return any(self.is_in(name) or self.is_in(one, name) for name, one in value.items())
        if isinstance(value, list):
            return any(self.is_in(one, key) for one in value)
        if key in _ACCOUNTS and str(value) in self._ids:
            return True
        return isinstance(value, str) and bool(self._pattern and self._pattern.search(value.lower()))


def _tells_of(record: Record, names: Named) -> bool:
    """Say whether the calls of a run name the person; a record that cannot be read may."""
    try:
        header, calls = read_lines(files.read_private(record.calls))
    except (ValueError, OSError):
        return True
    told = {key: value for key, value in header.items() if key not in ("fingerprints", "personal", "run")}
    return names.is_in([told, *calls])


def _is_erased_before(record: Record, person: Erased) -> bool:
    """Erase the person from the data file as it was before a run; False if that cannot be done."""
    if record.before is None:
        return True
    try:
        store = SqliteStore(record.before)
        try:
            store.forget_person(person.key, person.customer_ids, out_since=None)
            return store.compact()
        finally:
            store.close_all()
    except (OSError, CcdeskError) as error:
        log.warning("the record of a run is removed: %s", type(error).__name__)
        return False


def _is_about(line: str, names: Named) -> bool:
    """Say whether a line of the newest calls names the person; one that was cut off may."""
    try:
        return names.is_in(json.loads(line))
    except ValueError:
        return True


def _erase_lines(path: Path, names: Named) -> None:
    """Take the lines that name the person out of a file of the newest calls."""
    with suppress(FileNotFoundError):
        lines = files.read_private(path).decode("utf-8", "replace").splitlines(keepends=True)
        kept = [line for line in lines if not _is_about(line, names)]
        if len(kept) < len(lines):
            handle = files.open_private(path, os.O_WRONLY | os.O_TRUNC)
            with os.fdopen(handle, "wb") as file:
                file.write("".join(kept).encode())
