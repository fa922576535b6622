"""A rotating log under the base dir that never holds a token, a secret or a whole e-mail address."""

from __future__ import annotations

import logging
import logging.handlers
import os
import re
import sys
from pathlib import Path

_EMAIL = re.compile(r"([^\s@<>\"'(),;:=%]{1,64})(@|%40)([\w.-]+)")
_BEARER = re.compile(r"(?i)(bearer\s+)[\w.~+/=-]+")
_SECRETISH = re.compile(
    r"(?i)((?:access_token|refresh_token|id_token|client_secret|code_verifier|code|state|password|secret)"
    r"[\"']?\s*[=:]\s*[\"']?)[^\s\"'&,}]+"
)
_JWT = re.compile(r"\beyJ[\w-]{8,}\.[\w-]+\.[\w-]*")


def redact(text: str) -> str:
    """Return the text with tokens, secrets and the local parts of e-mail addresses taken out."""
    text = _BEARER.sub(r"\1[token]", text)
    text = _JWT.sub("[token]", text)
    text = _SECRETISH.sub(r"\1[hidden]", text)
    return _EMAIL.sub(lambda match: f"{match[1][:1]}…{match[2]}{match[3]}", text)


class RedactingFormatter(logging.Formatter):
    """Formats a record, tracebacks included, and redacts the result."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the finished line without secrets."""
        return redact(super().format(record))


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
            file_handler = logging.handlers.RotatingFileHandler(
                path, maxBytes=1_000_000, backupCount=4, encoding="utf-8", delay=True
            )
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
