"""Copies of the data file: made before an update and before people are dropped, removed once they are old.

A copy holds emails as the file does: it is for its owner only, and kept no longer than runs and entries are.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing, suppress
from datetime import datetime
from pathlib import Path

import psutil

from ccdesk.core.bundles import RUN_FILES
from ccdesk.core.errors import StoreError
from ccdesk.core.files import OWNER_ONLY, replace
from ccdesk.core.words import marked
from ccdesk.store.db import Database
from ccdesk.store.troubles import DAMAGED, store_error, translated


def back_up(database: Database, label: str = "") -> Path:
    """Copy the whole database, what is still in its write-ahead log included, beside it.

    Named by the label, else after the version in the copy: another process may be migrating the file
    meanwhile.

    Raises:
        StoreError: no copy could be made, or it is not whole.

    """
    path = database.path
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
    _clear_partials(path)
    try:
        os.close(os.open(partial, os.O_CREAT | os.O_EXCL | os.O_RDWR, OWNER_ONLY))
        with translated(path), closing(sqlite3.connect(partial)) as copy:
            database.connection().backup(copy)
            version = copy.execute("PRAGMA user_version").fetchone()[0]
            if copy.execute("PRAGMA quick_check").fetchone()[0] != "ok":
                raise store_error(DAMAGED, path, "quick_check of the backup failed")
        kept = path.with_name(f"{path.name}.{label or f'v{version}'}.bak")
        replace(partial, kept)
    except OSError as error:
        raise _backup_failed(path, error) from error
    finally:
        partial.unlink(missing_ok=True)
    return kept


def expire(path: Path, before: datetime) -> list[Path]:
    """Remove copies of the data file at `path` that were made before that time; return them.

    Those in the records of runs are among them.
    """
    gone = []
    for copy in [*path.parent.glob(f"{path.name}.*.bak"), *path.parent.glob(RUN_FILES)]:
        with suppress(OSError):  # one that cannot be removed now is tried again after the next run
            if copy.stat().st_mtime < before.timestamp():
                copy.unlink()
                gone.append(copy)
    return gone


def _clear_partials(path: Path) -> None:
    """Remove what programs that were killed while backing up left behind: it holds email addresses."""
    for left in path.parent.glob(f"{path.name}.*.partial*"):
        number = left.name.removeprefix(f"{path.name}.").split(".")[0]
        if not number.isdigit() or int(number) == os.getpid() or not psutil.pid_exists(int(number)):
            left.unlink(missing_ok=True)


def _backup_failed(path: Path, error: OSError) -> StoreError:
    return StoreError(
        marked("The data file could not be backed up"),
        meaning=marked("What was to be done is not done without a backup. The file is {path}.").format(
            path=path
        ),
        detail=str(error),
        code="store_no_backup",
    )
