"""The file in which a run is only tried out: a copy of the data file, removed when it has served.

It holds emails as the data file does, so it is for its owner only, and one that a program left behind when it
was killed is removed by the next start. The copy is made in one piece by SQLite's own backup, which reads a
state of the file as of one moment and holds up no writer: about as long as copying the file takes.
"""

from __future__ import annotations

import logging
import os
import sqlite3
import uuid
from contextlib import closing, suppress
from pathlib import Path

import psutil

from ccdesk.core.errors import StoreError
from ccdesk.core.files import open_private
from ccdesk.core.words import marked
from ccdesk.store.db import Database
from ccdesk.store.troubles import translated

log = logging.getLogger(__name__)

_SUFFIX = ".preview"
_COMPANIONS = ("", "-wal", "-shm", "-journal")  # what SQLite puts beside a file, too
_ROUNDED = 2.0  # seconds; systems round the start time of a process
_in_use: set[Path] = set()  # by this process


def copy(database: Database) -> Path:
    """Copy the whole database, what is in its write-ahead log included, into a new file beside it.

    Raises:
        StoreError: no copy could be made.

    """
    path = database.path.with_name(f"{database.path.name}.{os.getpid()}.{uuid.uuid4().hex[:8]}{_SUFFIX}")
    _in_use.add(path)
    try:
        copy_to(database, path)
    except OSError as error:
        remove(path)
        raise _not_copied(path, error) from error
    except BaseException:
        remove(path)
        raise
    return path


def copy_to(database: Database, path: Path) -> None:
    """Copy the whole database into a new file of that name; what it held before is gone.

    It is not made to survive a power cut.

    Raises:
        StoreError: no copy could be made.
        OSError: the file cannot be made.

    """
    os.close(open_private(path, os.O_CREAT | os.O_TRUNC | os.O_RDWR))
    with translated(path), closing(sqlite3.connect(path)) as target:
        target.execute("PRAGMA synchronous = off")
        database.connection().backup(target)


def remove(path: Path) -> None:
    """Remove a copy; one that cannot be removed now is removed by the next start."""
    for companion in _COMPANIONS:
        try:
            path.with_name(path.name + companion).unlink(missing_ok=True)
        except OSError as error:
            log.warning("a copy of the data file cannot be removed: %s", error)
    _in_use.discard(path)


def clear(path: Path) -> None:
    """Remove the copies of the data file at `path` whose programs have ended without removing them."""
    for left in path.parent.glob(f"{path.name}.*{_SUFFIX}*"):
        copied = left.with_name(left.name.partition(_SUFFIX)[0] + _SUFFIX)
        if not _is_used(copied, path):
            with suppress(OSError):
                left.unlink(missing_ok=True)


def _is_used(copied: Path, path: Path) -> bool:
    """Say whether the process that made a copy is still there: ids are used again, also after a power cut."""
    number = copied.name.removeprefix(f"{path.name}.").partition(".")[0]
    if not number.isdigit() or int(number) == os.getpid():
        return copied in _in_use
    try:
        return psutil.Process(int(number)).create_time() <= copied.stat().st_mtime + _ROUNDED
    except psutil.AccessDenied:
        return True
    except (psutil.Error, OSError):
        return False


def _not_copied(path: Path, error: OSError) -> StoreError:
    return StoreError(
        marked("The data file could not be copied for the preview"),
        meaning=marked(
            "A preview works on a copy, which needs as much room as the data file. The file is {path}."
        ).format(path=path),
        detail=str(error),
        code="store_no_copy",
    )
