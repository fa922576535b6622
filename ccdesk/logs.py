"""A rotating log under the base dir that never holds a token, a secret or a whole email address."""

from __future__ import annotations

import logging
import os
import re
import shutil
import sys
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType

from filelock import FileLock, Timeout

from ccdesk.core import files
from ccdesk.core.redaction import redact as redact
from ccdesk.core.text import INVISIBLE, OBEYED, TURNING

MOST_BYTES = 1_000_000  # of one file
KEPT_FILES = 4  # beside the one that is written


class RedactingFormatter(logging.Formatter):
    """Formats a record, tracebacks included, and redacts the result; a terminal may show it as it is."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the finished line without secrets; further lines are set in, so that none is forged."""
        return "\n    ".join(_seen(line) for line in _LINE_ENDS.split(redact(super().format(record))))


_LINE_ENDS = re.compile(r"\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]")  # where any reader may see another line
_UNSEEN = re.compile(f"(?!\t)[{OBEYED}{TURNING}{INVISIBLE}]")


def _seen(line: str) -> str:
    """Return a line with escapes for what a terminal would obey, or nobody would see."""
    return _UNSEEN.sub(lambda found: found[0].encode("unicode_escape", "surrogatepass").decode(), line)


class LogFile(logging.Handler):
    """A log of at most five files of 1 MB, for its owner only, that several programs may write at once.

    The file is opened for each line: Windows lets nobody rename a file that a program keeps open, and on
    other systems a program that kept it open would go on writing into the one put aside. On a disk that is
    full lines are lost, and nothing else is.
    """

    def __init__(self, path: Path, *, most: int = MOST_BYTES, kept: int = KEPT_FILES) -> None:
        super().__init__()
        self._path, self._most, self._kept = path, most, kept
        for one in (path, *map(self._aside, range(1, kept + 1))):
            _tighten(one)
        self._append(b"")  # found out here, not at the first line logged

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record."""
        try:
            self._append(self.format(record).encode("utf-8", "backslashreplace") + b"\n")
        except OSError:
            return  # of a disk that takes no more the store speaks, in words
        except Exception:
            self.handleError(record)

    def _append(self, line: bytes) -> None:
        handle = self._opened()
        try:
            if line and os.fstat(handle).st_size + len(line) > self._most:
                os.close(handle)
                handle = -1
                self._rotate(len(line))
                handle = self._opened()
            os.write(handle, line)
        finally:
            if handle >= 0:
                os.close(handle)

    def _opened(self) -> int:
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
        return files.patiently(lambda: files.open_private(self._path, flags))

    def _rotate(self, more: int) -> None:
        """Put the full file aside, unless another program does so at the moment, or has just done so."""
        with suppress(Timeout, OSError), FileLock(f"{self._path}.lock", timeout=1, mode=files.OWNER_ONLY):
            if self._path.stat().st_size + more <= self._most:
                return
            for number in range(self._kept - 1, 0, -1):
                with suppress(OSError):
                    os.replace(self._aside(number), self._aside(number + 1))
            try:
                files.replace(self._path, self._aside(1))
            except OSError:  # somebody keeps it open, a viewer perhaps: its content goes, the file stays
                self._copy_aside()

    def _copy_aside(self) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
        with (
            os.fdopen(files.open_private(self._path, os.O_RDWR), "rb+") as full,
            os.fdopen(files.open_private(self._aside(1), flags), "wb") as aside,
        ):
            shutil.copyfileobj(full, aside)
            aside.flush()
            full.truncate(0)

    def _aside(self, number: int) -> Path:
        return self._path.with_name(f"{self._path.name}.{number}")


def _tighten(path: Path) -> None:
    """Take away what others may do with a log that an earlier version left open to them."""
    with suppress(OSError):
        os.close(files.open_private(path, os.O_RDONLY))


@contextmanager
def faults_reported() -> Iterator[None]:
    """Have faults nobody caught, in threads as well, go to the log and to stderr without secrets."""
    hooks = (sys.excepthook, threading.excepthook, sys.unraisablehook)
    sys.excepthook = _report
    threading.excepthook = lambda args: _report(args.exc_type, args.exc_value, args.exc_traceback)
    sys.unraisablehook = lambda args: _report(args.exc_type, args.exc_value, args.exc_traceback)
    try:
        yield
    finally:
        sys.excepthook, threading.excepthook, sys.unraisablehook = hooks


def _report(kind: type[BaseException], error: BaseException | None, trace: TracebackType | None) -> None:
    if issubclass(kind, SystemExit | KeyboardInterrupt):
        return
    text = "".join(traceback.format_exception(kind, error, trace))
    logging.getLogger("ccdesk").critical("an unexpected fault\n%s", text)
    if sys.stderr is not None:
        reported = _seen(_LINE_ENDS.sub(" ", redact(f"{kind.__name__}: {error}")))
        sys.stderr.write(f"ccdesk: {reported}\n")


def start_logging(path: Path | None, *, verbose: bool = False) -> None:
    """Send ccdesk's log to a file of at most 5 × 1 MB (and to stderr when `verbose`).

    A log that cannot be written must not stop the program: the store reports an unusable folder in words.
    """
    logger = logging.getLogger("ccdesk")
    idle = path is None and not verbose
    logger.setLevel(logging.NOTSET if idle else logging.DEBUG if verbose else logging.INFO)
    logger.propagate = idle
    form = RedactingFormatter("%(asctime)sZ %(levelname)s %(threadName)s %(name)s: %(message)s")
    for handler in list(logger.handlers):
        logger.removeHandler(handler)
        handler.close()
    if path is not None:
        try:
            file_handler = LogFile(path)
        except OSError:
            path = None
        else:
            file_handler.setFormatter(form)
            logger.addHandler(file_handler)
    if verbose:
        stream = logging.StreamHandler(sys.stderr)
        stream.setFormatter(form)
        logger.addHandler(stream)
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())
