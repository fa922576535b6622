"""What can be wrong with a data file, in words: SQLite's and peewee's errors as `StoreError`.

Only trouble with the file or the disk is translated. A broken constraint or malformed SQL is our own bug and
passes unchanged, so that it ends as one (exit code 1) instead of sending the user to look at the disk.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import peewee

from ccdesk.core.errors import Remedy, StoreError
from ccdesk.core.words import marked

ROOM_NEEDED = 256 * 1024  # bytes: the index of the write-ahead log, and a step
NOT_TEXT = "Could not decode to UTF-8"  # Python's sqlite3 says so by itself, without SQLite's code
MASKING = ("cannot rollback", "no such savepoint")  # SQLite had rolled back already when the disk failed


@dataclass(frozen=True, slots=True)
class Trouble:
    """One kind of trouble; `code` is the stable name front ends and tests go by."""

    code: str
    title: str
    meaning: str
    next_step: str
    retry_helps: bool = False
    remedy: Remedy | None = None


CANNOT_OPEN = Trouble(
    "store_cannot_open",
    marked("The data file cannot be opened"),
    marked("It or its folder is missing, or this user may not read and write there. Nothing was changed."),
    marked("Check that the folder exists and belongs to you."),
    remedy=Remedy.OTHER_FOLDER,
)
READ_ONLY = Trouble(
    "store_read_only",
    marked("The data file cannot be written"),
    marked("The file or its folder is read-only for this user. Nothing was changed."),
    marked("Allow writing to the folder."),
    remedy=Remedy.OTHER_FOLDER,
)
FULL = Trouble(
    "store_full",
    marked("The disk is full"),
    marked("The last step could not be stored; everything before it is whole."),
    marked("Free some space, then try again."),
    retry_helps=True,
)
LOCKED = Trouble(
    "store_locked",
    marked("The data file is in use"),
    marked("Another program kept it locked for too long. Nothing was lost."),
    marked("Close other programs that have it open (a backup, a database viewer), then try again."),
    retry_helps=True,
)
DAMAGED = Trouble(
    "store_damaged",
    marked("The data file is damaged"),
    marked("It was left as it is, and is not used any further."),
    marked(
        "Close every ccdesk, move the “-wal” and “-shm” files beside it away, and put a backup in its place. "
        "Without a backup, move the file and the “.made” file beside it away: ccdesk then starts anew, "
        "without settings and without knowing who opted out."
    ),
)
NOT_OURS = Trouble(
    "store_not_ours",
    marked("This is not a data file of ccdesk"),
    marked("Something else is stored under that name. It was left as it is."),
    marked("Move it away."),
    remedy=Remedy.OTHER_FOLDER,
)
NEWER = Trouble(
    "store_newer",
    marked("The data file was written by a newer version of ccdesk"),
    marked("This version does not know how to read it. Nothing was changed."),
    marked("Install the newer version."),
    remedy=Remedy.OTHER_FOLDER,
)
DISK = Trouble(
    "store_disk",
    marked("The disk reports an error"),
    marked("The data file could not be read or written; everything stored before is as the disk has it."),
    marked("Check the disk or the network drive, then try again."),
    retry_helps=True,
)
CLOSED = Trouble(
    "store_closed",
    marked("The data file has been closed"),
    marked("The program is shutting down, so this was not stored."),
    marked("Start ccdesk again."),
)

BY_CODE = {
    sqlite3.SQLITE_CANTOPEN: CANNOT_OPEN,
    sqlite3.SQLITE_PERM: CANNOT_OPEN,
    sqlite3.SQLITE_AUTH: CANNOT_OPEN,
    sqlite3.SQLITE_READONLY: READ_ONLY,
    sqlite3.SQLITE_FULL: FULL,
    sqlite3.SQLITE_BUSY: LOCKED,
    sqlite3.SQLITE_LOCKED: LOCKED,
    sqlite3.SQLITE_PROTOCOL: LOCKED,
    sqlite3.SQLITE_CORRUPT: DAMAGED,
    sqlite3.SQLITE_NOTADB: NOT_OURS,
    sqlite3.SQLITE_IOERR: DISK,
}


def store_error(trouble: Trouble, path: Path, detail: str = "") -> StoreError:
    """Return the error for one kind of trouble with one file."""
    error = StoreError(
        trouble.title,
        meaning=marked("{meaning} The file is {path}.").format(meaning=trouble.meaning, path=path),
        next_step=trouble.next_step,
        remedy=trouble.remedy,
        detail=detail,
        code=trouble.code,
    )
    error.retry_helps = trouble.retry_helps
    return error


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Raise trouble with the file as `StoreError`; let everything else pass."""
    try:
        yield
    except (sqlite3.Error, peewee.DatabaseError, peewee.InterfaceError) as error:
        known = _recognise(error, path)
        if known is None:
            raise
        raise known from error


def _recognise(error: BaseException, path: Path) -> StoreError | None:
    """Say what an error means; peewee keeps the driver's error in its own as `orig`, perhaps twice over."""
    if isinstance(error, StoreError):
        return error
    original = error
    while isinstance(behind := getattr(original, "orig", None), BaseException):
        original = behind
    words = str(original)
    if any(mask in words for mask in MASKING) and original.__context__ is not None:
        return _recognise(original.__context__, path)
    if "closed database" in words:
        return store_error(CLOSED, path, words)
    if words.startswith(NOT_TEXT):
        return store_error(DAMAGED, path, NOT_TEXT)  # the rest is the text itself, perhaps an email
    extended = getattr(original, "sqlite_errorcode", None)
    trouble = BY_CODE.get(extended & 0xFF) if extended is not None else None
    if trouble is None:
        return None
    if trouble is DISK and _is_full(path):
        trouble = FULL
    return store_error(trouble, path, f"{getattr(original, 'sqlite_errorname', 'SQLite')}: {words}")


def _is_full(path: Path) -> bool:
    """Say whether there is no room even for SQLite's small files, which it reports as any other error."""
    try:
        return shutil.disk_usage(path.parent).free < ROOM_NEEDED
    except OSError:
        return False
