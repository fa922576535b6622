"""The sandbox without sockets: real clients and a real database, but each request is a function call.

Time stands still but for what a call, an act or a wait takes, so a schedule replays as it was.
"""

from __future__ import annotations

import io
import random
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch
from urllib.parse import unquote, urlsplit

import requests
from requests.adapters import BaseAdapter

from ccdesk import connections as connections_module
from ccdesk.auth.oauth import TokenReply
from ccdesk.clients.http import transport as transport_module
from ccdesk.clients.http.session import prepare_session
from ccdesk.container import Container, build_container
from ccdesk.core import ahead as ahead_module
from ccdesk.core.clock import Clock
from ccdesk.paths import Paths
from ccdesk.sandbox.constant_contact import book
from ccdesk.sandbox.constant_contact import server as cc_server
from ccdesk.sandbox.constant_contact.state import CcState
from ccdesk.sandbox.constant_contact.switches import CcSwitches
from ccdesk.sandbox.constant_contact.tokens import DEFAULT_CLIENT
from ccdesk.sandbox.kibo import server as kibo_server
from ccdesk.sandbox.kibo.state import KiboState, KiboSwitches
from ccdesk.sandbox.wire.kernel import AheadClock, Faults, SandboxClock, Wire
from ccdesk.sandbox.wire.received import RequestLog
from ccdesk.store import lease as lease_module

KIBO, MAIL = "127.0.0.1:1", "127.0.0.1:2"
BEGIN = datetime(2026, 3, 10, 9, 0, tzinfo=UTC)
A_CALL = timedelta(milliseconds=40)


class PowerCut(BaseException):
    """The process is gone: whatever it would still do on its way out does not count."""


class WorldTime:
    """The services' time, and this computer's clock, which may go wrong by `wrong`."""

    def __init__(self, sandbox: SandboxClock) -> None:
        self.sandbox, self.wrong, self._passed = sandbox, timedelta(0), 0.0
        sandbox.freeze(BEGIN)

    def now(self) -> datetime:
        """Return the services' time."""
        return self.sandbox.now()

    def local(self) -> datetime:
        """Return what this computer's clock shows."""
        return self.sandbox.now() + self.wrong

    def passed(self) -> float:
        """Return seconds that only ever grow."""
        return self._passed

    def go_on(self, step: timedelta) -> None:
        """Let time pass everywhere."""
        self._passed += step.total_seconds()
        self.sandbox.advance(step)


class LocalClock(Clock):
    """The program's clock: waiting takes no real time, but lets the world's go on."""

    def __init__(self, time: WorldTime) -> None:
        self._time = time

    def now(self) -> datetime:
        """Return what this computer's clock shows."""
        return self._time.local()

    def monotonic(self) -> float:
        """Return seconds that only ever grow."""
        return 1000.0 + self._time.passed()

    def wait(self, event: threading.Event, seconds: float) -> bool:
        """Wait at once; like any clock this one shows at least a tick more afterwards."""
        if seconds > 0:
            self._time.go_on(timedelta(seconds=seconds + 0.001))
        return event.is_set()


class Reply:
    """One answer on its way back: may be replaced as a whole."""

    def __init__(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        self.status, self.headers, self.body = status, headers, body


Handler = Callable[[requests.PreparedRequest, "Services"], Reply]


class Services:
    """Both services in this process: what `Sandbox` is, without ports."""

    def __init__(
        self,
        *,
        cc_switches: CcSwitches | None = None,
        kibo_switches: KiboSwitches | None = None,
        kibo_ahead: timedelta = timedelta(0),
        cc_ahead: timedelta = timedelta(0),
    ) -> None:
        self.clock = SandboxClock()
        self.time = WorldTime(self.clock)
        self.faults, self.log = Faults(), RequestLog()
        kibo_clock, cc_clock = AheadClock(self.clock, kibo_ahead), AheadClock(self.clock, cc_ahead)
        self.kibo = KiboState(kibo_clock, kibo_switches, tick=self.time.passed)
        self.cc = CcState(cc_clock, cc_switches, tick=self.time.passed)
        kibo_app = kibo_server.build_kibo_app(self.kibo, lambda: KIBO)
        cc_app = cc_server.build_cc_app(self.cc)
        self._wires = {
            KIBO: Wire(kibo_app, kibo_server.service_of, self.clock, self.faults, self.log),
            MAIL: Wire(cc_app, cc_server.service_of, self.clock, self.faults, self.log),
        }

    def addresses(self) -> dict[str, str]:
        """Return the settings that lead here."""
        return {
            "kibo_home_url": f"http://{KIBO}",
            "kibo_tenant_id": str(self.kibo.tenant_id),
            "kibo_app_key": self.kibo.app_key,
            "cc_api_url": f"http://{MAIL}/v3",
            "cc_auth_url": f"http://{MAIL}/oauth2/default/v1",
            "cc_client_id": DEFAULT_CLIENT,
        }

    def answer(self, request: requests.PreparedRequest) -> Reply | None:
        """Let the service named by the request answer; None if it cut the line."""
        begun: list[tuple[str, list[tuple[str, str]]]] = []

        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> None:
            begun[:] = [(status, headers)]

        chunks = self._wires[urlsplit(str(request.url)).netloc](environ_of(request), start)
        if not begun:
            return None
        status, headers = begun[0]
        return Reply(int(status.split()[0]), headers, b"".join(chunks))


def environ_of(request: requests.PreparedRequest) -> dict[str, Any]:
    """Return a request as WSGI has it."""
    parts = urlsplit(str(request.url))
    body = request.body or b""
    raw = body.encode() if isinstance(body, str) else bytes(body)
    host, _, port = parts.netloc.partition(":")
    environ = {
        "REQUEST_METHOD": str(request.method),
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote(parts.path, "latin-1"),
        "QUERY_STRING": parts.query,
        "SERVER_NAME": host,
        "SERVER_PORT": port,
        "SERVER_PROTOCOL": "HTTP/1.1",
        "CONTENT_LENGTH": str(len(raw)),
        "REMOTE_ADDR": "127.0.0.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(raw),
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": False,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for name, value in request.headers.items():
        key = name.upper().replace("-", "_")
        environ[key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"] = value
    return environ


class InProcess(BaseAdapter):
    """A transport of `requests` that calls the handler instead of a host."""

    def __init__(self, services: Services, handler: Handler) -> None:
        super().__init__()
        self._services, self._handler = services, handler

    def send(self, request: requests.PreparedRequest, *_args: Any, **_more: Any) -> requests.Response:
        """Return what the handler answers."""
        reply = self._handler(request, self._services)
        response = requests.Response()
        response.status_code, response.url, response.request = reply.status, str(request.url), request
        response.headers.update(reply.headers)
        response._content, response._content_consumed = reply.body, True  # type: ignore[attr-defined]
        response.encoding = "utf-8"
        return response

    def close(self) -> None:
        """Nothing is open."""


def plain(request: requests.PreparedRequest, services: Services) -> Reply:
    """Answer without any trouble."""
    services.time.go_on(A_CALL)
    reply = services.answer(request)
    if reply is None:
        raise requests.ConnectionError("cut")
    return reply


class Bench:
    """Both services and a ccdesk on real files, to be run, cut off and started again."""

    def __init__(self, base: Path, services: Services, handler: Handler = plain) -> None:
        self.services, self.base, self.handler = services, base, handler
        self.time, self.kibo, self.cc, self.log = services.time, services.kibo, services.cc, services.log
        self.list_name = "Kibo customers"
        self.environment = {
            "CCDESK_VAULT": "file",
            "CCDESK_KIBO_SHARED_SECRET": self.kibo.shared_secret,
        }
        self.container: Container = self.open()

    def open(self) -> Container:
        """Start the program."""
        self.container = build_container(
            Paths(self.base), environment=self.environment, clock=LocalClock(self.time)
        )
        return self.container

    def reopen(self) -> None:
        """End the program in good order and start it anew."""
        self.container.close()
        self.open()

    def image(self) -> Path:
        """Copy the files as they are at this moment: what a power cut leaves."""
        target = self.base.with_name(self.base.name + ".image")
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(self.base, target)
        return target

    def start_from(self, image: Path) -> None:
        """Start the program on the files a power cut left."""
        self.container.close()
        shutil.rmtree(self.base)
        image.rename(self.base)
        self.open()

    @property
    def desk(self) -> Any:
        """The program as its front ends see it."""
        return self.container.desk

    def set_up(self, **settings: str) -> None:
        """Enter the addresses, log in, choose the list."""
        self.desk.save_settings(self.services.addresses())
        self.log_in()
        self.desk.save_settings({"contact_list": self.list_name, **settings})

    def install_anew(self, **settings: str) -> None:
        """Replace the installation by a fresh one on an empty folder."""
        self.container.close()
        shutil.rmtree(self.base)
        self.environment["CCDESK_KIBO_SHARED_SECRET"] = self.kibo.shared_secret
        self.open()
        self.set_up(**settings)

    def log_in(self) -> None:
        """Log in as the person in the browser would have."""
        reply = self.cc.issue_tokens()
        kept = TokenReply(reply["access_token"], reply["refresh_token"], int(reply["expires_in"]))
        self.container.connections.tokens(self.desk.settings()).store(kept)

    def later(self, minutes: float = 1) -> None:
        """Let time pass everywhere."""
        self.time.go_on(timedelta(minutes=minutes))

    @property
    def list_id(self) -> str:
        """The active list's id.

        Raises:
            LookupError: staff have deleted it.

        """
        found = self.cc.list_id(self.list_name)
        if not found:
            raise LookupError(self.list_name)
        return str(found)


@contextmanager
def open_bench(
    base: Path,
    *,
    seed: int = 0,
    cc_switches: CcSwitches | None = None,
    kibo_switches: KiboSwitches | None = None,
    kibo_ahead: timedelta = timedelta(0),
    cc_ahead: timedelta = timedelta(0),
) -> Iterator[Bench]:
    """Give a bench that is not set up yet; its random numbers all come from `seed`."""
    random.seed(seed)
    book._random.seed(seed)
    services = Services(
        cc_switches=cc_switches, kibo_switches=kibo_switches, kibo_ahead=kibo_ahead, cc_ahead=cc_ahead
    )
    services.kibo.events._random.seed(seed)
    box: list[Bench] = []
    adapter = InProcess(services, lambda request, there: (box[0].handler if box else plain)(request, there))

    def prepare(session: requests.Session) -> requests.Session:
        prepare_session(session)
        session.trust_env = False
        session.mount("http://", adapter)
        return session

    local = SimpleNamespace(now=lambda _zone=None: services.time.local())
    with (
        patch.object(transport_module, "prepare_session", prepare),
        patch.object(connections_module, "prepare_session", prepare),
        patch.object(ahead_module, "IN_TURN", True),  # a schedule replays as it was
        patch.object(transport_module, "datetime", local),  # its own look at this computer's clock
        patch.object(lease_module, "_process_lives", lambda _pid, _started: False),  # one at a time here
    ):
        bench = Bench(base, services)
        box.append(bench)
        try:
            yield bench
        finally:
            bench.container.close()
