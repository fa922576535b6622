"""What came in: every request as the sandbox received it, kept small, for a shop of a million sends a lot."""

from __future__ import annotations

import re
import threading
import zlib
from collections import Counter
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qs

from ccdesk.sandbox.wire.fast_json import decoded

_LARGE = 64 * 1024  # bytes
_ID = re.compile(r"(?<=/)([0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|\d+)(?=/|$)")


@dataclass(frozen=True, slots=True)
class Received:
    """One request as the sandbox received it, with the status it was given (0: the connection was cut).

    Query and body are kept as they came and read when somebody looks.
    """

    service: str
    method: str
    path: str
    query_string: str
    raw: bytes
    content_type: str
    status: int
    at: str
    is_packed: bool = False

    def packed(self) -> Received:
        """Return it with a large body compressed."""
        if len(self.raw) < _LARGE:
            return self
        return replace(self, raw=zlib.compress(self.raw, 1), is_packed=True)

    @property
    def sent(self) -> bytes:
        """The body as it came."""
        return zlib.decompress(self.raw) if self.is_packed else self.raw

    @property
    def query(self) -> dict[str, list[str]]:
        """The parameters of the query, each with all its values."""
        return parse_qs(self.query_string, keep_blank_values=True)

    @property
    def body(self) -> Any:
        """The body: JSON as values, a form as a dictionary, anything else as text; None if there was none."""
        raw = self.sent
        if not raw:
            return None
        if "json" in self.content_type:
            try:
                return decoded(raw)
            except ValueError:
                pass
        text = raw.decode(errors="replace")
        if "form" in self.content_type:
            return {key: values[0] for key, values in parse_qs(text).items()}
        return text

    @property
    def is_write(self) -> bool:
        """True for anything but reads and sign-in."""
        return (
            self.method not in ("GET", "HEAD") and self.service != "auth" and "authtickets" not in self.path
        )

    def as_json(self) -> dict[str, Any]:
        """Return it as a plain dictionary."""
        return {
            "service": self.service,
            "method": self.method,
            "path": self.path,
            "query": self.query,
            "body": self.body,
            "status": self.status,
            "at": self.at,
        }


class RequestLog:
    """Everything received so far, oldest first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rows: list[Received] = []

    def add(self, row: Received) -> None:
        """Note one request."""
        kept = row.packed()
        with self._lock:
            self._rows.append(kept)

    def all(self, *, service: str = "", method: str = "", path: str = "", since: int = 0) -> list[Received]:
        """Return the requests from index `since` on that match; `path` is a regular expression."""
        with self._lock:
            rows = self._rows[since:]
        return [
            row
            for row in rows
            if service in ("", row.service) and method in ("", row.method) and re.search(path, row.path)
        ]

    def writes(self, since: int = 0) -> list[Received]:
        """Return only what could have changed something."""
        return [row for row in self.all(since=since) if row.is_write]

    def counts(self, since: int = 0) -> dict[str, int]:
        """Return how often each call came, most frequent first: `{"cc GET /v3/activities/…": 4}`."""
        counted = Counter(
            f"{row.service} {row.method} {_ID.sub('…', row.path)}" for row in self.all(since=since)
        )
        return dict(counted.most_common())

    def mark(self) -> int:
        """Return the position to hand to `since` later on."""
        with self._lock:
            return len(self._rows)

    def as_json(self, since: int = 0) -> list[dict[str, Any]]:
        """Return the rows as plain dictionaries."""
        return [row.as_json() for row in self.all(since=since)]
