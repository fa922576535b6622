"""A rotating log under the base dir that never holds a token, a secret or a whole e-mail address."""

from __future__ import annotations

import logging
import logging.handlers
import os
import sys
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType

from ccdesk.core.redaction import redact as redact


class RedactingFormatter(logging.Formatter):
    """Formats a record, tracebacks included, and redacts the result."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the finished line without secrets."""
        return redact(super().format(record))


class LogFile(logging.handlers.RotatingFileHandler):
    """A log on a disk that may be full: lines are then lost, and nothing else is."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802  # the base class names it so
        """Say nothing of a disk that takes no more, for the store says it in words."""
        if not isinstance(sys.exception(), OSError):
            super().handleError(record)

    def close(self) -> None:
        """Close; what could not be written is lost."""
        with suppress(OSError):
            super().close()


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
        sys.stderr.write(f"ccdesk: {redact(f'{kind.__name__}: {error}')}\n")


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
            file_handler = LogFile(path, maxBytes=1_000_000, backupCount=4, encoding="utf-8", delay=True)
            with open(path, "a", encoding="utf-8"):  # found out here, not at the first line logged
                os.chmod(path, 0o600)
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
