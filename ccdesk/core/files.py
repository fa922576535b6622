"""Files that hold what is nobody else's business: opened without following a link, for their owner only.

Standard library only, so that log, vault, login stamp and window lock can all use it. What the folder they
stand in must be like is checked once at the start (`ccdesk/base_dir.py`).
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

OWNER_ONLY = 0o600
_OTHERS = 0o077
# Windows refuses to replace, or to open, a file that a virus scanner or another ccdesk has open just then.
_PAUSES = (0.01, 0.02, 0.05, 0.1, 0.2, 0.4, 0.8)  # seconds

T = TypeVar("T")


def open_private(path: Path, flags: int) -> int:
    """Open a file and return its descriptor; made, if `flags` ask for that, for its owner only.

    A file of ours that others may read is taken away from them first.

    Raises:
        OSError: it cannot be opened, is a link (ELOOP), or belongs to another user (EPERM).

    """
    flags |= getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
    handle = os.open(path, flags, OWNER_ONLY)
    try:
        _claim(handle, path)
    except BaseException:
        os.close(handle)
        raise
    return handle


def _claim(handle: int, path: Path) -> None:
    """Refuse what is another user's; leave a file of ours to its owner only. Devices are left as they are."""
    if os.name != "posix":
        return
    found = os.fstat(handle)
    if not stat.S_ISREG(found.st_mode):
        return
    if found.st_uid != os.geteuid():
        raise PermissionError(errno.EPERM, "The file belongs to another user", str(path))
    if found.st_mode & _OTHERS:
        os.fchmod(handle, OWNER_ONLY)


def read_private(path: Path) -> bytes:
    """Return what a private file holds; OSError as `open_private`."""
    with os.fdopen(patiently(lambda: open_private(path, os.O_RDONLY)), "rb") as file:
        return file.read()


def write_private(path: Path, content: bytes) -> None:
    """Write a small private file anew; OSError as `open_private`."""
    handle = patiently(lambda: open_private(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC))
    with os.fdopen(handle, "wb") as file:
        file.write(content)


def without_home(text: str) -> str:
    """Return a text with the person's own folder, which most often has their name, as “~”."""
    try:
        home = Path.home()
    except RuntimeError:  # nobody knows of any
        return text
    return text.replace(str(home), "~") if len(home.parts) > 1 else text  # a service's may be “/”


def replace(source: Path, target: Path) -> None:
    """Give a file another's name, as `os.replace`, with patience for who has one of them open on Windows."""
    patiently(lambda: os.replace(source, target))


@contextlib.contextmanager
def written_beside(target: Path, prefix: str = ".ccdesk-") -> Iterator[int]:
    """Yield the descriptor of a new file beside the target, which takes the target's name once it is written.

    The caller writes and closes it. It is readable by its owner only. If the writing fails, the new file is
    removed and the target is left as it was. Nobody can foresee the new file's own name: in a folder that
    others may write to, a name that can be guessed may be a link that leads elsewhere. So it is not opened by
    name either.

    Raises:
        OSError: the file cannot be made, or cannot take the target's name.

    """
    handle, name = tempfile.mkstemp(prefix=prefix, suffix=".part", dir=target.parent)
    try:
        yield handle
        replace(Path(name), target)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise


def patiently(work: Callable[[], T]) -> T:
    """Do something with a file; a sharing violation of Windows is tried again for about two seconds.

    Raises:
        OSError: it did not go, for another reason at once, else with the last try.

    """
    for pause in _PAUSES:
        with contextlib.suppress(SharingViolation):
            return _told_apart(work)
        time.sleep(pause)
    return work()


class SharingViolation(Exception):
    """Another program has the file open just now, and Windows lets nobody else near it meanwhile."""


def _told_apart(work: Callable[[], T]) -> T:
    try:
        return work()
    except PermissionError as error:
        # ERROR_ACCESS_DENIED (a file about to be deleted), ERROR_SHARING_VIOLATION, ERROR_LOCK_VIOLATION
        if getattr(error, "winerror", None) in (5, 32, 33):
            raise SharingViolation from error
        raise
