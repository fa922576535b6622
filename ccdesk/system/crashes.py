"""Crashes of the interpreter: where every thread was is written down, for the next start to offer it.

It is what `faulthandler` writes: names of files and functions and line numbers, nobody's data. A power cut or
the end of the process by force leaves nothing.
"""

from __future__ import annotations

import faulthandler
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from ccdesk.core import files

log = logging.getLogger(__name__)

WINDOW, RUN = "ccdesk.crash", "ccdesk.crash-run"  # of the window's program, and of `ccdesk run`
_MOST_BYTES = 256 * 1024  # a crash is some kilobytes


@dataclass(frozen=True, slots=True)
class Crash:
    """The last crash that was written down; `mark` tells it from every other."""

    at: datetime
    mark: str


def last_crash(base: Path) -> Crash | None:
    """Return the last crash of any program on a base dir, None if there was none."""
    found = [crash for crash in (_crash(base / name) for name in (WINDOW, RUN)) if crash is not None]
    return max(found, key=lambda crash: crash.at, default=None)


def _crash(path: Path) -> Crash | None:
    try:
        status = path.stat()
    except OSError:
        return None
    if not status.st_size:
        return None
    return Crash(
        datetime.fromtimestamp(status.st_mtime, UTC), f"{path.name}:{status.st_size}:{status.st_mtime:.0f}"
    )


def crash_lines(base: Path) -> list[str]:
    """Return what was written down of crashes, the person's own folder as “~”."""
    lines: list[str] = []
    for name in (WINDOW, RUN):
        with suppress(OSError):
            text = files.read_private(base / name)[-_MOST_BYTES:].decode("utf-8", "replace")
            lines += files.without_home(text).splitlines()
    return lines


@contextmanager
def crashes_noted(path: Path) -> Iterator[None]:
    """Have a crash meanwhile written to a file. Where that cannot be written the program goes on without.

    An end in order takes back what was written meanwhile: on Windows some faults that are handled are noted.
    """
    try:
        handle = files.open_private(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        before = _begun(handle)
    except OSError as error:
        log.warning("a crash could not be noted: %s", error)
        yield
        return
    faulthandler.enable(file=handle, all_threads=True)
    try:
        yield
    finally:
        faulthandler.disable()
        with suppress(OSError):
            if os.fstat(handle).st_size > before:  # else the date of the crash that is kept would change
                os.ftruncate(handle, before)
        os.close(handle)


def _begun(handle: int) -> int:
    """Return how long the file is, which is emptied where it has grown long."""
    size = os.fstat(handle).st_size
    if size > _MOST_BYTES:
        os.ftruncate(handle, 0)
        return 0
    return size
