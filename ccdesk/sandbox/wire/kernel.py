"""What both fake services stand on: a clock to be moved, faults to be ordered, and what suffers them."""

from __future__ import annotations

import io
import re
import socket
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from ccdesk.sandbox.wire.received import Received, RequestLog

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
WsgiApp = Callable[[Environ, StartResponse], Iterable[bytes]]

FaultKind = Literal["status", "drop_before", "drop_after", "delay", "garbage"]


class SandboxClock:
    """The sandbox's idea of now (UTC, aware): real time plus an offset, or frozen at a moment."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._offset = timedelta(0)
        self._frozen: datetime | None = None

    def now(self) -> datetime:
        """Return the current sandbox time."""
        with self._lock:
            return self._frozen or datetime.now(UTC) + self._offset

    def advance(self, delta: timedelta) -> None:
        """Move the clock by `delta` (negative moves it back)."""
        with self._lock:
            if self._frozen is not None:
                self._frozen += delta
            else:
                self._offset += delta

    def freeze(self, at: datetime | None = None) -> None:
        """Stop the clock at `at`, or at its present time."""
        moment = at or self.now()
        with self._lock:
            self._frozen = moment


class AheadClock(SandboxClock):
    """The clock of a service that differs from the others': always `by` ahead of `of` (negative: behind)."""

    def __init__(self, of: SandboxClock, by: timedelta) -> None:
        super().__init__()
        self._of, self.by = of, by

    def now(self) -> datetime:
        """Return what this service takes the time to be."""
        return self._of.now() + self.by

    def advance(self, delta: timedelta) -> None:
        """Move the clock it goes by."""
        self._of.advance(delta)

    def freeze(self, at: datetime | None = None) -> None:
        """Stop the clock it goes by."""
        self._of.freeze(at and at - self.by)


@dataclass
class Fault:
    """One ordered misbehaviour, taken by the next `times` matching requests after `skip` of them passed.

    `drop_before` cuts the connection before the service acts, `drop_after` once it has acted;
    `status` answers with `status`, `body`, `headers` without acting; `garbage` acts, then answers `body`
    with the real status; `delay` waits `seconds` and goes on.
    """

    kind: FaultKind
    service: str = ""  # "cc", "auth" or "kibo"; empty: any
    method: str = ""
    path: str = ""  # regular expression searched for in the path; empty: any
    times: int = 1
    skip: int = 0
    status: int = 500
    body: str = ""
    content_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0

    def matches(self, service: str, method: str, path: str) -> bool:
        """Say whether a request is one this fault is meant for."""
        return (
            self.service in ("", service)
            and self.method.upper() in ("", method)
            and re.search(self.path, path) is not None
        )


class Faults:
    """The ordered faults, in the order given; each is used up by the requests that match it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[Fault] = []

    def add(self, fault: Fault) -> None:
        """Order one more fault."""
        with self._lock:
            self._faults.append(fault)

    def clear(self) -> None:
        """Forget every fault still waiting."""
        with self._lock:
            self._faults.clear()

    def take(self, service: str, method: str, path: str) -> Fault | None:
        """Return the fault this request must suffer, if any, and count it as used."""
        with self._lock:
            for fault in self._faults:
                if not fault.matches(service, method, path):
                    continue
                if fault.skip > 0:
                    fault.skip -= 1
                    continue
                fault.times -= 1
                if fault.times <= 0:
                    self._faults.remove(fault)
                return fault
        return None


class Wire:
    """WSGI middleware: suffers faults, keeps the log. `service_of(path)` names who is being called.

    `distance()` tells the seconds every answer takes on its way: one half there, the other half back.
    """

    def __init__(
        self,
        app: WsgiApp,
        service_of: Callable[[str], str],
        clock: SandboxClock,
        faults: Faults,
        log: RequestLog,
        distance: Callable[[], float] = lambda: 0.0,
    ) -> None:
        self._app, self._service_of = app, service_of
        self._clock, self._faults, self._log = clock, faults, log
        self._distance = distance

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Serve one request; paths under /_sandbox are control and neither logged nor broken."""
        path = environ.get("PATH_INFO", "")
        if path.startswith("/_sandbox"):
            return self._app(environ, start_response)
        half = self._distance() / 2
        if not half:  # no sleep of nothing: it costs a tenth of a millisecond, twice a request
            return self._meet(path, environ, start_response)
        time.sleep(half)
        try:
            return self._meet(path, environ, start_response)
        finally:
            time.sleep(half)

    def _meet(self, path: str, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Serve one request, with the fault that was ordered for it."""
        service, method = self._service_of(path), environ["REQUEST_METHOD"]
        raw = _read_body(environ)
        fault = self._faults.take(service, method, path)
        if fault and fault.kind == "delay":
            time.sleep(fault.seconds)
        if fault and fault.kind == "drop_before":
            self._note(service, method, path, environ, raw, 0)
            _cut(environ)
            return []
        if fault and fault.kind == "status":
            self._note(service, method, path, environ, raw, fault.status)
            start_response(
                f"{fault.status} Fault", [("Content-Type", fault.content_type), *fault.headers.items()]
            )
            return [fault.body.encode()]
        status, headers, chunks = self._serve(environ)
        code = int(status.split()[0])
        self._note(service, method, path, environ, raw, 0 if fault and fault.kind == "drop_after" else code)
        if fault and fault.kind == "drop_after":
            _cut(environ)
            return []
        if fault and fault.kind == "garbage":
            start_response(status, [("Content-Type", fault.content_type)])
            return [fault.body.encode()]
        start_response(status, headers)
        return chunks

    def _serve(self, environ: Environ) -> tuple[str, list[tuple[str, str]], list[bytes]]:
        kept: dict[str, Any] = {}

        def remember(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> None:
            kept.update(status=status, headers=headers)

        result = self._app(environ, remember)
        chunks = list(result)
        close = getattr(result, "close", None)
        if close is not None:
            close()
        return kept["status"], kept["headers"], chunks

    def _note(self, service: str, method: str, path: str, environ: Environ, raw: bytes, status: int) -> None:
        self._log.add(
            Received(
                service=service,
                method=method,
                path=path,
                query_string=environ.get("QUERY_STRING", ""),
                raw=raw,
                content_type=environ.get("CONTENT_TYPE", ""),
                status=status,
                at=self._clock.now().isoformat(),
            )
        )


def _read_body(environ: Environ) -> bytes:
    length = int(environ.get("CONTENT_LENGTH") or 0)
    raw: bytes = environ["wsgi.input"].read(length) if length else b""
    environ["wsgi.input"] = io.BytesIO(raw)
    return raw


def _cut(environ: Environ) -> None:
    """Break the TCP connection, as a failing line does: the client sees no answer at all."""
    sock: socket.socket | None = environ.get("werkzeug.socket")
    if sock is not None:
        sock.shutdown(socket.SHUT_RDWR)
