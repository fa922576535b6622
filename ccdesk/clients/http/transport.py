"""One request over HTTP: time limits, the system's certificates, redirects held, a log without secrets.

Nothing is repeated here; `policy` and `caller` decide about that.
"""

from __future__ import annotations

import json
import logging
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, BinaryIO
from urllib.parse import urljoin, urlsplit

import orjson
import requests
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    LocationValueError,
    NewConnectionError,
    SSLError,
)

from ccdesk.clients.http.session import prepare_session as prepare_session  # the container takes it from here
from ccdesk.core.errors import AnswerLost, ServiceError, Unreachable, redact
from ccdesk.core.pieces import TooLarge, limited
from ccdesk.core.proxies import proxy_error, refused_by_proxy
from ccdesk.core.settings import is_loopback
from ccdesk.core.words import marked

log = logging.getLogger(__name__)

CONNECT_SECONDS = 10.0
READ_SECONDS = 60.0
PROXY_WANTS_PASSWORD = 407  # no service answers this, whatever its address: it is the proxy's own
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_MOST_REDIRECTS = 3
_PIECE = 1 << 20  # requests' own 10 kB make a page of customers cost a fourth more
_MOST_HELD = 32 << 20  # bytes: the greatest page has a few million, and its objects take several times that
_MOST_FILED = 2 << 30  # the members of a list, of a million people some 50 million
_JUMP = timedelta(seconds=2)  # more than clocks that run drift apart
_STALE = timedelta(minutes=10)
_DIRECT = {"http": "", "https": "", "all": ""}  # no proxy, whatever the environment says
SAFE_METHODS = frozenset({"GET", "HEAD"})


def _leave_as_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Do nothing: naming it as `auth` keeps a .netrc entry from replacing our Authorization header."""
    return request


@dataclass(frozen=True, slots=True)
class Request:
    """One request; `body` is sent as JSON text in UTF-8. `params` are percent-encoded on the way.

    `sink` takes the body of a 200 instead of the answer, for what may be too large to hold.
    """

    method: str
    url: str
    params: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes | None = field(default=None, repr=False)
    sink: BinaryIO | None = field(default=None, repr=False, compare=False)

    @property
    def is_write(self) -> bool:
        """True for anything that may change something."""
        return self.method not in SAFE_METHODS

    @property
    def label(self) -> str:
        """Method and path, without the query: emails and cursors stay out of logs and messages."""
        return f"{self.method} {redact(urlsplit(self.url).path)}"


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer; header names in lower case."""

    request: Request
    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    service: str = "The service"

    @property
    def correlation(self) -> str:
        """Kibo's id of the request, `""` without one (kibo.md §3)."""
        return self.headers.get("x-vol-correlation", "")

    @property
    def detail(self) -> str:
        """One line for the folded-out part of an error."""
        reported = f", correlation {redact(self.correlation)}" if self.correlation else ""
        return f"{self.request.label} answered {self.status}{reported}"

    def parsed(self) -> Any:
        """Return the body as JSON, None where it is no JSON at all."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None

    def json(self) -> Any:
        """Return the body as JSON.

        Raises:
            Unreachable: it is empty, cut short, HTML, or anything else (AnswerLost if it answered a write).

        """
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            raise self.unusable("is not JSON") from None

    def quick_json(self) -> Any:
        """Return the body of a page of many as JSON, several times faster; raises what `json` does.

        Not for what is sent back as it was read: numbers beyond 64 bits lose their last digits.
        """
        try:
            return orjson.loads(self.body)
        except (ValueError, RecursionError):
            return self.json()  # takes what the strict reader refuses, such as half surrogates

    def unusable(self, why: str) -> Unreachable:
        """Make the error for an answer that does not have the shape the service gives."""
        kind = self.headers.get("content-type", "no content type").split(";")[0]
        detail = f"{self.detail}: {len(self.body)} bytes of {kind}; {why}"
        return (AnswerLost if self.request.is_write else Unreachable)(
            marked("{service} gave an answer that cannot be used").format(service=self.service), detail=detail
        )


Around = Callable[[Request, Callable[[Request], Answer]], Answer]


def _straight(request: Request, send: Callable[[Request], Answer]) -> Answer:
    return send(request)


class Transport:
    """A session that sends one request at a time per thread, and remembers the server's clock.

    `service` is the name its errors tell: with two services nobody could know which one failed. `around`
    stands around every sending of a request: it may note what comes of it, or answer in its place. `most`:
    bytes of an answer, where fewer than usual are meant.
    """

    def __init__(
        self,
        service: str = "The service",
        *,
        connect: float = CONNECT_SECONDS,
        read: float = READ_SECONDS,
        around: Around | None = None,
        most: int | None = None,
    ) -> None:
        self._service = service
        self._most = most
        self._around = around or _straight
        self._timeout = (connect, read)
        self._local = threading.local()
        self.server_time: datetime | None = None
        self._read_at = datetime.now(UTC), time.monotonic()  # when the server's clock was read

    def send(self, request: Request) -> Answer:
        """Send a request once; a GET follows a few redirects within the same host.

        Raises:
            Unreachable: nothing usable came back.
            ProxyRefused: a proxy on the way refused.
            AnswerLost: the same for a write that had been sent.

        """
        for _ in range(_MOST_REDIRECTS + 1):
            answer = self._around(request, self._send)
            target = _redirect_within_host(answer)
            if not target:
                return answer
            request = Request("GET", target, headers=request.headers, sink=request.sink)
        detail = f"{request.label}: too many redirects"
        raise Unreachable(marked("{service} cannot be reached").format(service=self._service), detail=detail)

    def _send(self, request: Request) -> Answer:
        headers = dict(request.headers)
        if request.body is not None:
            headers.setdefault("Content-Type", "application/json; charset=utf-8")
        began = time.monotonic()
        try:
            reply = self._session().request(
                request.method,
                request.url,
                params=dict(request.params) or None,
                headers=headers,
                data=request.body,
                timeout=self._timeout,
                allow_redirects=False,
                auth=_leave_as_is,
                proxies=_DIRECT if is_loopback(urlsplit(request.url).hostname or "") else None,
                stream=True,
            )
            body = _body(request, reply, self._most or _MOST_HELD)
        except (requests.RequestException, HTTPError, OSError, ValueError) as error:
            log.debug("%s failed after %.2f s: %s", request.label, time.monotonic() - began, _cause(error))
            reported = _no_answer(self._service, request, error)
            reported.everybodys = _never_sent(error)
            raise reported from None
        if reply.status_code == PROXY_WANTS_PASSWORD:
            detail = f"{request.label} answered {reply.status_code}"
            raise refused_by_proxy(
                request.url, reply.status_code, service=_inside(self._service), detail=detail
            )
        found = {name.lower(): value for name, value in reply.headers.items()}
        answer = Answer(request, reply.status_code, found, body, self._service)
        self._note_time(answer)
        log.debug(
            "%s → %d, %d bytes, %.2f s",
            request.label,
            answer.status,
            len(answer.body),
            time.monotonic() - began,
        )
        return answer

    def get_ready(self) -> None:
        """Make this thread's session, which takes a while the first time."""
        self._session()

    def _session(self) -> requests.Session:
        """Return this thread's session: requests does not promise that threads may share one."""
        session: requests.Session | None = getattr(self._local, "session", None)
        if session is None:
            session = self._local.session = prepare_session(requests.Session())
        return session

    def _note_time(self, answer: Answer) -> None:
        try:
            moment = parsedate_to_datetime(answer.headers.get("date", ""))
            moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
        except (ValueError, TypeError, OverflowError):
            return
        self.server_time, self._read_at = moment, (datetime.now(UTC), time.monotonic())

    @property
    def server_ahead(self) -> timedelta | None:
        """The server's clock less ours; None if it never told, or if ours jumped or slept since."""
        if self.server_time is None:
            return None
        wall, monotonic = self._read_at
        passed = timedelta(seconds=time.monotonic() - monotonic)
        if passed > _STALE or abs(datetime.now(UTC) - wall - passed) > _JUMP:
            return None
        return self.server_time - wall


def _body(request: Request, reply: requests.Response, most: int) -> bytes:
    """Return the body, or put it where the request wants it; a second try starts from the beginning."""
    if request.sink is None or reply.status_code != 200:
        return b"".join(_pieces(reply, most=most))
    request.sink.seek(0)
    request.sink.truncate()
    for piece in _pieces(reply, most=_MOST_FILED):
        request.sink.write(piece)
    request.sink.seek(0)
    return b""


def _pieces(reply: requests.Response, *, most: int) -> Iterator[bytes]:
    """Yield the body, unpacked; TooLarge beyond `most` bytes, and the connection is given up."""
    try:
        yield from limited(reply.iter_content(_PIECE), most=most)
    except TooLarge:
        reply.close()
        raise


def _redirect_within_host(answer: Answer) -> str:
    """Return where a GET is sent on to if that is the same scheme, host and port; otherwise `""`."""
    location = answer.headers.get("location", "")
    if answer.status not in _REDIRECTS or answer.request.is_write or not location:
        return ""
    return within_host(answer.request.url, location)


def within_host(url: str, link: str) -> str:
    """Return where a link of an answer leads, if to the same scheme, host and port; otherwise `""`."""
    try:
        here, target = urlsplit(url), urljoin(url, link)
        there = urlsplit(target)
    except ValueError:  # brackets without an end, characters no host may have
        return ""
    return target if (there.scheme, there.netloc) == (here.scheme, here.netloc) else ""


def _never_sent(error: BaseException) -> bool:
    """Say whether the request certainly did not leave: no connection, no handshake, no proxy."""
    if isinstance(
        error, requests.ConnectTimeout | requests.exceptions.ProxyError | requests.exceptions.InvalidURL
    ):
        return True
    inner = error.args[0] if error.args else None
    reason = getattr(inner, "reason", None)
    if isinstance(reason, SSLError):  # after the handshake a TLS error may also cut an answer short
        return bool(reason.args) and isinstance(reason.args[0], ssl.SSLCertVerificationError)
    return isinstance(reason, NewConnectionError | ConnectTimeoutError)


def _no_answer(service: str, request: Request, error: BaseException) -> ServiceError:
    """Translate what the HTTP library raised."""
    detail = f"{request.label}: {_cause(error)}"
    if isinstance(error, requests.exceptions.ProxyError):
        return proxy_error(request.url, error, service=service, detail=detail)
    if request.is_write and not _never_sent(error):
        return AnswerLost(
            marked("A change was sent to {service}, but its answer was lost").format(
                service=_inside(service)
            ),
            detail=detail,
        )
    if isinstance(error, requests.exceptions.SSLError):
        return Unreachable(
            marked("The connection to {service} is not trusted").format(service=_inside(service)),
            meaning=marked("The server's certificate could not be checked, so nothing was sent."),
            next_step=marked(
                "Check the address, this computer's date, and your company's proxy or certificates."
            ),
            detail=detail,
        )
    return Unreachable(marked("{service} cannot be reached").format(service=service), detail=detail)


def _inside(service: str) -> str:
    """Return the name as it stands inside a sentence."""
    return service.replace("The ", "the ", 1)


def _cause(error: BaseException) -> str:
    """Name the innermost reason in a few words, free of addresses and queries."""
    inner: Any = error.args[0] if error.args else None
    reason = getattr(inner, "reason", None) or inner
    if isinstance(reason, LocationValueError):  # cites a proxy's address, cut anywhere in its password
        reason = None
    text = str(reason).rsplit(": ", 1)[-1] if isinstance(reason, BaseException) else ""
    return redact(f"{type(error).__name__} {text}".strip(), limit=160)
