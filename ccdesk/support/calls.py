"""One call to a service as it is kept: what was asked, what came back, and never whose (design §8)."""

from __future__ import annotations

import csv
import io
import json
import re
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from ccdesk.clients.http.transport import Answer, Request
from ccdesk.core.errors import CcdeskError
from ccdesk.service.status import MAIL as MAIL
from ccdesk.support.scrub import Scrubber

KIBO, LOGIN = "kibo", "login"  # names of services in a record; MAIL is the third
LEFT_OUT = "left out"
_HEADING = 2_000  # bytes
_MOST_FILED = 8 << 20  # bytes
_HEADERS = ("content-type", "date", "retry-after", "x-vol-correlation", "location", "x-correlation-id")
_HAS_EMAILS = re.compile(
    r"(^|,)[\s\"\ufeff]*([\w -]{0,12}\s)?e-?mail[\s_-]?(address(es)?)?[\s\"]*(,|$)", re.IGNORECASE
)
_PLAIN_HEADER = re.compile(
    r"[\w.+-]+/[\w.+-]+(;\s*charset=[\w-]+)?|\d{1,10}|[0-9a-fA-F-]{8,64}"
    r"|[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT"
)
SIGN_IN = "/authtickets"
_NEVER = (SIGN_IN, "/token", "/revoke", "/authorize")  # paths whose bodies are secrets


@dataclass(frozen=True, slots=True)
class CallMade:
    """One call. `status` 0: no answer came, and `lost` says why.

    `sent` and `answer` are bodies with pseudonyms; `form` says what `answer` is: "json", "csv", "text",
    "empty", or "left out" where there was too much of it. `length` is that of the body as it came, in bytes.
    """

    at: str
    service: str
    method: str
    path: str
    query: list[list[str]] = field(default_factory=list)
    origin: str = ""
    seconds: float = 0.0
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    form: str = LEFT_OUT
    length: int = 0
    sent: Any = None
    answer: Any = None
    lost: dict[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON values, without what is empty."""
        values = {one.name: getattr(self, one.name) for one in fields(self)}
        return {key: value for key, value in values.items() if value not in (None, "", [], {})}

    @classmethod
    def read(cls, values: Mapping[str, Any]) -> CallMade:
        """Return what `as_json` made values of; TypeError if they are something else."""
        return cls(**values)


@dataclass(frozen=True, slots=True)
class Raw:
    """A call with its bodies as they were, held in memory only until its run is over."""

    made: CallMade
    here: str
    sent: bytes | None = field(repr=False)
    answer: bytes = field(repr=False)

    def parsed(self) -> Any:
        """Return the answer as JSON; ValueError if it is none."""
        return json.loads(self.answer)

    def scrubbed(self, scrubber: Scrubber) -> CallMade:
        """Return the call with bodies in pseudonyms."""
        sent, _ = body(self.sent or b"", scrubber)
        answer, form = body(self.answer, scrubber)
        return replace(self.made, sent=sent, answer=answer, form=form)

    def packed(self) -> Packed:
        """Return it packed: a page of customers takes a tenth of the memory."""
        return Packed(self.made, self.here, zlib.compress(self.sent or b"", 1), zlib.compress(self.answer, 1))


@dataclass(frozen=True, slots=True)
class Packed:
    """A `Raw` call, its bodies packed."""

    made: CallMade
    here: str
    sent: bytes = field(repr=False)
    answer: bytes = field(repr=False)

    def unpacked(self) -> Raw:
        """Return it as it was."""
        return Raw(self.made, self.here, zlib.decompress(self.sent), zlib.decompress(self.answer))


def are_whole(calls: Iterable[Mapping[str, Any]]) -> bool:
    """Say whether calls, as JSON values, have the answers of all: else nothing can be done again by them.

    Only a sign-in that succeeded has none: any token will do.
    """
    return all(
        one.get("form", LEFT_OUT) != LEFT_OUT or not one.get("status") or SIGN_IN in str(one.get("path"))
        for one in calls
    )


def asked_for(request: Request) -> list[tuple[str, str]]:
    """Return the parameters of a request's query, as text."""
    inside = parse_qsl(urlsplit(request.url).query, keep_blank_values=True)
    return [*inside, *((key, str(value)) for key, value in request.params.items())]


def noted(
    service: str,
    origin: str,
    at: str,
    seconds: float,
    request: Request,
    outcome: Answer | CcdeskError,
    scrubber: Scrubber,
) -> Raw:
    """Return a call as it ended: without bodies, and beside it the bodies as they were."""
    parts = urlsplit(request.url)
    asked = asked_for(request)
    made: dict[str, Any] = {
        "at": at,
        "service": service,
        "method": request.method,
        "path": scrubber.words(parts.path),
        "query": [list(pair) for pair in scrubber.query(asked)],
        "origin": origin,
        "seconds": round(seconds, 3),
    }
    secret = any(one in parts.path for one in _NEVER)
    here = f"{parts.scheme}://{parts.netloc}"
    if not isinstance(outcome, Answer):
        made["lost"] = error_values(outcome, scrubber)
        return Raw(CallMade(**made), here, None if secret else request.body, b"")
    headers = {name: outcome.headers[name] for name in _HEADERS if name in outcome.headers}
    headers = {name: _header(name, one, scrubber) for name, one in headers.items()}
    filed, length = _filed(request, outcome)
    made |= {"status": outcome.status, "headers": headers, "length": length}
    kept = b"" if secret and _may_hold_a_token(parts.path, outcome) else outcome.body or filed
    return Raw(CallMade(**made), here, None if secret else request.body, kept)


def _may_hold_a_token(path: str, outcome: Answer) -> bool:
    """Say whether an answer is not to be kept; a page of a portal at Kibo's sign-in is what went wrong."""
    if outcome.status >= 300:
        return False
    told = outcome.parsed()
    return SIGN_IN not in path or (isinstance(told, dict) and bool(told.get("access_token")))


def _header(name: str, value: str, scrubber: Scrubber) -> str:
    """Return a header as it is kept: what is no date, number, id or kind of content may be anything."""
    if name == "location":
        return scrubber.link(value)
    return value if _PLAIN_HEADER.fullmatch(value) else scrubber.text(value)


def _filed(request: Request, outcome: Answer) -> tuple[bytes, int]:
    """Return what the request had put into a file, nothing if it is very much, and the length of the body.

    The file is as it was.
    """
    if request.sink is None or outcome.status != 200:
        return b"", len(outcome.body)
    length = request.sink.seek(0, io.SEEK_END)
    request.sink.seek(0)
    found = request.sink.read() if length <= _MOST_FILED else b""
    request.sink.seek(0)
    return found, length


def error_values(error: CcdeskError, scrubber: Scrubber) -> dict[str, Any]:
    """Return an error so that it can be raised again."""
    words = {
        name: scrubber.words(getattr(error, name)) for name in ("title", "meaning", "next_step", "detail")
    }
    return {
        "kind": type(error).__name__,
        **words,
        "remedy": error.remedy.value if error.remedy else "",
        "code": error.code,
        "everybodys": error.everybodys,
    }


def body(raw: bytes, scrubber: Scrubber) -> tuple[Any, str]:
    """Return a body in pseudonyms, and its form."""
    if not raw:
        return None, "empty"
    try:
        return scrubber.value(json.loads(raw)), "json"
    except (ValueError, RecursionError):
        pass
    if (rows := _rows(raw)) is not None:
        return [rows[0], *([scrubber.cell(cell) for cell in row] for row in rows[1:])], "csv"
    return _shape(raw, scrubber), "text"


def _rows(raw: bytes) -> list[list[str]] | None:
    """Return the rows of a list's members (constant-contact.md §15); None if it is no such file."""
    head = raw[:_HEADING].decode("utf-8-sig", "replace")
    first = head.partition("\n")[0]
    if not _HAS_EMAILS.search(first) or "," not in first or "@" in first:
        return None
    try:
        return list(csv.reader(io.StringIO(raw.decode("utf-8-sig", "replace"), newline="")))
    except csv.Error:
        return None


def _shape(raw: bytes, scrubber: Scrubber) -> str:
    """Return the beginning of what is no JSON, such as a page of HTML, in pseudonyms."""
    return scrubber.text(raw[:400].decode("utf-8", "replace"))
