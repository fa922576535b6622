"""The bundle: what support needs to see what happened and to do it again, and nobody's name (design §8)."""

from __future__ import annotations

import json
import logging
import os
import platform
import sqlite3
import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from ccdesk import __version__
from ccdesk.core import files
from ccdesk.core.bundles import RECORDS_REMOVED, Made, Wanted, contents
from ccdesk.core.clock import format_time
from ccdesk.core.errors import SettingsError, StoreError
from ccdesk.core.ports.store import Store
from ccdesk.core.settings import NAMING, Settings
from ccdesk.core.words import marked
from ccdesk.service.ledger import named
from ccdesk.store.pseudonymous import keep_only
from ccdesk.store.store import SqliteStore
from ccdesk.support.bundle_file import CALLS, CRASHES, DATA, FORMAT, LOG, MANIFEST, SETTINGS
from ccdesk.support.bundled_runs import BundledRun, write_run, write_text
from ccdesk.support.covering import Covering
from ccdesk.support.recorder import pseudonyms_of
from ccdesk.support.records import Record, RecordFiles
from ccdesk.system.crashes import crash_lines

log = logging.getLogger(__name__)

_LOG_BYTES = 512 * 1024


def make_bundle(
    store: SqliteStore, records: RecordFiles, settings: Settings, now: datetime, out: Path, wanted: Wanted
) -> Made:
    """Write a bundle to `out`, whole or not at all.

    Raises:
        SettingsError: there is a file of that name, no such folder, or nobody known by `who`.
        StoreError: the disk is full, or the data file cannot be copied.

    """
    _check_place(out, over=wanted.over)
    since = now - timedelta(days=min(wanted.days, now.toordinal() - 1))  # before the year 1 there is no date
    person = _person(store, wanted.who) if wanted.who else None
    chosen = [one for one in records.all() if _is_chosen(store, one, since, person)]
    covering = Covering(pseudonyms_of(store), wanted.plain, records.all(), kept=_known_names(store, settings))
    try:
        with tempfile.TemporaryDirectory(prefix="ccdesk-bundle-") as folder:
            parts = _write_parts(Path(folder), store, records, covering, since, person)
            runs = [write_run(Path(folder), one, covering) for one in chosen]
            for one in runs:
                parts |= one.parts
            facts = _facts(settings, now, wanted, covering, runs, person)
            facts["records_removed"] = _removed(store, since)
            _zip(out, parts, {MANIFEST: facts, SETTINGS: _settings(settings, covering)})
    except (OSError, sqlite3.Error) as error:
        raise StoreError(
            marked("The bundle could not be written"),
            meaning=marked("Nothing was written to {out}.").format(out=out),
            detail=str(error),
            code="no_bundle",
        ) from error
    return Made(
        out,
        contents(wanted.plain),
        [one.run_id for one in runs if not one.why_not],
        {one.run_id: one.why_not for one in runs if one.why_not},
        _removed(store, since),
    )


def _write_parts(
    folder: Path,
    store: SqliteStore,
    records: RecordFiles,
    covering: Covering,
    since: datetime,
    person: tuple[frozenset[int], frozenset[str]] | None,
) -> dict[str, Path]:
    """Write the larger parts but the runs' as files; return them by their names in the bundle."""
    parts = {DATA: folder / "data"}
    store.copy_to(parts[DATA])
    ids, keys = person or (frozenset(), frozenset())
    keep_only(parts[DATA], ids, keys, since)
    covering.take_emails(parts[DATA])
    covering.file(parts[DATA])
    newest = (one for one in records.newest_calls() if one.get("at", "") >= format_time(since))
    parts[CALLS] = write_text(folder / "calls", map(covering.call, newest))
    parts[LOG] = write_text(folder / "log", map(covering.words, _log_lines(records.base)))
    crashes = crash_lines(records.base)
    if crashes:
        parts[CRASHES] = write_text(folder / "crashes", map(covering.words, crashes))
    return parts


def _log_lines(base: Path) -> list[str]:
    with suppress(OSError):
        content = files.read_private(base / "ccdesk.log")[-_LOG_BYTES:]
        return content.decode("utf-8", "replace").splitlines()[1 if len(content) == _LOG_BYTES else 0 :]
    return []


def _person(store: Store, who: str) -> tuple[frozenset[int], frozenset[str]]:
    """Return the accounts and the compared email of whom a text names.

    Raises:
        SettingsError: nobody is known by that.

    """
    found = named(store, who)
    if not found.customer_ids and not store.people.find(who, 1):
        raise SettingsError(
            marked("Nobody is known by that"),
            meaning=marked(
                "No customer with this email or id is in what ccdesk remembers. Nothing was written."
            ),
            code="unknown_person",
        )
    return frozenset(found.customer_ids), frozenset({found.key} if found.key else ())


def _is_chosen(
    store: Store, record: Record, since: datetime, person: tuple[frozenset[int], frozenset[str]] | None
) -> bool:
    """Say whether a recorded run goes in: it is known, new enough, and about the person if one is named."""
    run = store.runs.get(record.run_id)
    if run is None or run.started_at < since:
        return False
    if person is None:
        return True
    ids, keys = person
    entries = store.runs.entries(record.run_id, outcome=None, offset=0, limit=100_000)
    return any(one.customer_id in ids or one.email.lower() in keys for one in entries)


def _removed(store: Store, since: datetime) -> list[int]:
    """Return the runs since then whose records were removed because somebody in them was forgotten."""
    noted = map(int, store.state.get(RECORDS_REMOVED).split())
    return [one for one in noted if (run := store.runs.get(one)) is not None and run.started_at >= since]


def _known_names(store: Store, settings: Settings) -> set[str]:
    """Return what is quoted in texts and is nobody's name: that of the list."""
    return {settings.contact_list, store.state.get("list.called"), store.state.get("list.name")} - {""}


def _facts(
    settings: Settings,
    now: datetime,
    wanted: Wanted,
    covering: Covering,
    runs: Sequence[BundledRun],
    person: tuple[frozenset[int], frozenset[str]] | None,
) -> dict[str, Any]:
    ids, keys = person or (frozenset(), frozenset())
    who = next(iter(keys), wanted.who.strip())
    return {
        "format": FORMAT,
        "made_at": format_time(now),
        "ccdesk": __version__,
        "python": platform.python_version(),
        "system": platform.platform(),
        "sqlite": sqlite3.sqlite_version,
        "plain": wanted.plain,
        "days": wanted.days,
        "person": covering.names.email(who) if who else None,
        "customer_ids": sorted(ids),
        "runs": [one.as_json() for one in runs],
        "contents": contents(wanted.plain),
    }


def _settings(settings: Settings, covering: Covering) -> dict[str, Any]:
    shown = asdict(settings)
    for key in NAMING:
        shown[key] = (
            covering.names.email(shown[key]) if key == "from_email" else covering.given.text(shown[key])
        )
    return shown


def _check_place(out: Path, *, over: bool) -> None:
    if out.exists() and not over:
        problem, what_then = marked("There is a file {out} already"), marked("Choose another name.")
    elif not out.parent.is_dir():
        problem, what_then = marked("There is no folder {folder}"), marked("Choose another place.")
    elif not os.access(out.parent, os.W_OK):
        problem, what_then = marked("The folder {folder} cannot be written"), marked("Choose another place.")
    else:
        return
    raise SettingsError(
        problem.format(out=out, folder=out.parent),
        meaning=marked("Nothing was written."),
        next_step=what_then,
        code="bundle_place",
    )


def _zip(path: Path, parts: Mapping[str, Path], documents: Mapping[str, Any]) -> None:
    with (
        files.written_beside(path) as handle,
        os.fdopen(handle, "wb") as file,
        zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed,
    ):
        for name, document in documents.items():
            packed.writestr(name, json.dumps(document, indent=2, ensure_ascii=False) + "\n")
        for name, part in parts.items():
            packed.write(part, name)
