"""Opening a data file: create it, check that it is ours, back it up and bring its schema up to date.

The schema's version is SQLite's `user_version`; each step and its new version are one transaction, so a
program that dies halfway leaves a file that the next start continues with (design §4).
"""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Sequence
from pathlib import Path

from playhouse.migrate import SqliteMigrator

from ccdesk.core.errors import Remedy
from ccdesk.core.words import marked
from ccdesk.store.backup import back_up
from ccdesk.store.db import Database
from ccdesk.store.presence import check_what_was_left, mark, marker_of, refuse_a_missing_one
from ccdesk.store.schema import STEPS, Step
from ccdesk.store.troubles import (
    CANNOT_OPEN,
    FULL,
    NEWER,
    NOT_OURS,
    READ_ONLY,
    Trouble,
    store_error,
    translated,
)

APPLICATION_ID = 0x43434453  # "CCDS" in the file's header: tells our file from any other SQLite database
EMPTY_FOR_SECONDS = 60  # an empty file this old is not one that another ccdesk is creating just now

BY_ERRNO = {errno.EROFS: READ_ONLY, errno.ENOSPC: FULL, errno.EDQUOT: FULL}

EMPTIED = Trouble(
    "store_emptied",
    marked("The data file is empty"),
    marked("It holds nothing at all, not even ccdesk's tables: something has emptied it."),
    marked(
        "Put a backup in its place, or delete it and the “.made” file beside it to start anew, without "
        "settings."
    ),
)
MAIN_FILE_GONE = Trouble(
    "store_main_file_gone",
    marked("The data file is missing, but a part of it is still there"),
    marked("A “-wal” file beside it holds the latest changes of a data file that was moved or deleted."),
    marked(
        "Put the data file back beside it, or delete “-wal” and “.made” file to start anew, without settings."
    ),
)
IS_FOLDER = Trouble(
    "store_is_folder",
    marked("There is a folder where the data file should be"),
    marked("The data file cannot be created under that name."),
    marked("Move the folder away."),
    remedy=Remedy.OTHER_FOLDER,
)
NOT_YOURS = Trouble(
    "store_not_yours",
    marked("The data file belongs to another user"),
    marked(
        "Another user of this computer put it there, or a link in its place: what it says of anybody's "
        "consent "
        "cannot be trusted."
    ),
    marked(
        "Look where it comes from. If it is yours all the same, make yourself its owner, and start again."
    ),
)
NO_FOLDER = Trouble(
    "store_no_folder",
    marked("The folder for the data file does not exist"),
    marked("The data file can be neither read nor created there."),
    marked("Create the folder."),
    remedy=Remedy.OTHER_FOLDER,
)


def prepare(path: Path, steps: Sequence[Step] = STEPS) -> None:
    """Make sure that a data file of the newest schema is at `path`.

    Raises:
        StoreError: the file or its folder cannot be used; says why. A file that is damaged, emptied, newer or
            not ours is left exactly as it is.

    """
    _ensure_file(path)
    check_what_was_left(path)
    # Foreign keys off: rebuilding a table drops the old one, which would delete all that refers to it.
    database = Database(path, foreign_keys=False)
    try:
        version = _version(database, len(steps))
        with translated(path):
            database.peewee.pragma("journal_mode", "wal")
        if 0 < version < len(steps):
            back_up(database)
        for number, step in enumerate(steps, start=1):
            _apply(database, number, step)
    finally:
        database.close_all()
    mark(path)


def _ensure_file(path: Path) -> None:
    """Create the file, for this user only (it holds email addresses), unless a usable one is there."""
    if path.is_dir():
        raise store_error(IS_FOLDER, path)
    if not path.parent.is_dir():
        raise store_error(NO_FOLDER, path)
    wal = path.with_name(f"{path.name}-wal")
    if not path.exists() and wal.exists() and wal.stat().st_size:
        raise store_error(MAIN_FILE_GONE, path)
    refuse_a_missing_one(path)
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    except FileExistsError:
        _check_file(path)
    except PermissionError as error:
        raise store_error(READ_ONLY, path, str(error)) from error
    except OSError as error:
        raise store_error(BY_ERRNO.get(error.errno or 0, CANNOT_OPEN), path, str(error)) from error


def _check_file(path: Path) -> None:
    if not path.exists():
        raise store_error(CANNOT_OPEN, path, "a link that leads nowhere")
    # SQLite writes its companions ("-wal", "-shm") beside the file, so the folder counts as well.
    if not os.access(path, os.R_OK | os.W_OK) or not os.access(path.parent, os.W_OK | os.X_OK):
        raise store_error(READ_ONLY, path)
    found = path.stat()
    if os.name == "posix" and {found.st_uid, path.lstat().st_uid} != {os.geteuid()}:
        raise store_error(NOT_YOURS, path)
    # The system's clock and not ours: it is compared with the file system's.
    old = time.time() - found.st_mtime > EMPTY_FOR_SECONDS or marker_of(path).exists()
    if found.st_size == 0 and old:
        raise store_error(EMPTIED, path)


def _version(database: Database, newest: int) -> int:
    """Return the schema's version, 0 for a new file; refuse a newer one and what is not ours."""
    with translated(database.path):
        version = int(database.peewee.pragma("user_version"))
        application = int(database.peewee.pragma("application_id"))
        tables = database.peewee.get_tables()
    if (tables or version) and application != APPLICATION_ID:
        raise store_error(NOT_OURS, database.path, f"application_id {application:#x}")
    if version > newest:
        raise store_error(NEWER, database.path, f"schema {version}, this program knows {newest}")
    return version


def _apply(database: Database, number: int, step: Step) -> None:
    """Take one step in one transaction, unless it is taken: another process may have been faster."""
    with database.transaction(), translated(database.path):
        if int(database.peewee.pragma("user_version")) >= number:
            return
        step(SqliteMigrator(database.peewee))
        dangling = database.statement("PRAGMA foreign_key_check")
        if dangling:
            raise RuntimeError(f"schema step {number} leaves {len(dangling)} rows without their parent")
        database.peewee.pragma("application_id", APPLICATION_ID)
        database.peewee.pragma("user_version", number)
