"""Whether the data file is the one it was: a missing or exchanged one must not start over in silence.

The file holds who agreed and who opted out. An empty one in its place would forget that, so a small marker
beside it says that there was one; and while ccdesk runs, the name is compared with the file that is open.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from contextlib import closing
from pathlib import Path

from ccdesk.core.files import write_private
from ccdesk.core.words import marked
from ccdesk.store.troubles import DAMAGED, Trouble, store_error, translated

WAIT_SECONDS = 15  # for another writer: our transactions take milliseconds, a checkpoint perhaps a second
CHECKED_UP_TO = 32 * 1024 * 1024  # bytes; reading more would be felt at the start

MARKER_TEXT = """\
ccdesk keeps its settings, and what it knows of each person's consent, in {name} beside this file.
If that file is missing, put it or a backup of it back in its place.
Delete this file as well only to start anew, without settings and without that memory.
"""

GONE = Trouble(
    "store_gone",
    marked("The data file is missing"),
    marked(
        "There was one: it holds the settings and what is known of each person's consent. No empty one "
        "was made "
        "in its place."
    ),
    marked(
        "Put it or a backup back in its place. To start anew all the same, delete the file “{marker}” "
        "beside it."
    ),
)
EXCHANGED = Trouble(
    "store_exchanged",
    marked("The data file was moved, deleted or exchanged"),
    marked(
        "It happened while ccdesk was using it, so what was done last would be stored where nobody finds it."
    ),
    marked("Close every ccdesk, put the data file back in its place, and start again."),
)


def marker_of(path: Path) -> Path:
    """Return the marker that stands beside a data file."""
    return path.with_name(f"{path.name}.made")


def refuse_a_missing_one(path: Path) -> None:
    """Refuse to make a new file where there was one already.

    Raises:
        StoreError: it is missing.

    """
    marker = marker_of(path)
    if marker.exists() and not os.path.lexists(path):  # in this order: the file is made before its marker
        words = GONE.next_step.format(marker=marker.name)
        backups = sorted(one.name for one in path.parent.glob(f"{path.name}.*.bak"))
        if backups:
            words += f" Backups are there: {', '.join(backups)}."
        raise store_error(Trouble(GONE.code, GONE.title, GONE.meaning, words), path)


def check_what_was_left(path: Path) -> None:
    """Look whether a file that was not closed properly is whole together with its write-ahead log.

    SQLite cannot tell that a “-wal” file belongs to another state of the file, as it does where a backup was
    put back beside it: it would mix the two. Read-only, so that what does not fit stays apart on disk.

    Raises:
        StoreError: it is damaged.

    """
    wal = path.with_name(f"{path.name}-wal")
    if not (wal.exists() and wal.stat().st_size and path.stat().st_size <= CHECKED_UP_TO):
        return
    address = f"{path.absolute().as_uri()}?mode=ro"
    with translated(path), closing(sqlite3.connect(address, uri=True, timeout=WAIT_SECONDS)) as found:
        reported = found.execute("PRAGMA integrity_check(1)").fetchone()[0]
    if reported != "ok":
        raise store_error(DAMAGED, path, reported)


def mark(path: Path) -> None:
    """Note that the file has been made; where that cannot be written now, the next start does it."""
    marker = marker_of(path)
    with contextlib.suppress(OSError):
        if not marker.exists():
            write_private(marker, MARKER_TEXT.format(name=path.name).encode())


class Identity:
    """Which file was opened, so that another one under its name is noticed.

    Looked at when the store is opened, not at the first write: between the two a backup may be put back.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: tuple[int, int] | None = None
        self.check()

    def check(self) -> None:
        """Compare with the file first seen.

        Raises:
            StoreError: it is gone, or another one.

        """
        try:
            found = os.stat(self._path)
        except FileNotFoundError:
            if self._known is None:
                return  # never opened: opening it says what is wrong
            raise store_error(EXCHANGED, self._path) from None
        except OSError:
            return  # the drive does not answer: reading or writing says so
        identity = (found.st_dev, found.st_ino)
        if self._known is None:
            self._known = identity
        elif self._known != identity:
            raise store_error(EXCHANGED, self._path)
