"""The sandbox as a whole: both fake services over real HTTP, their clock, faults and log (design §1)."""

from __future__ import annotations

import gc
import json
import signal
import sys
import threading
from collections.abc import Iterable
from datetime import timedelta
from functools import cache
from types import FrameType
from typing import Any, Self

from ccdesk.sandbox.constant_contact import server as cc_server
from ccdesk.sandbox.constant_contact.state import CcState
from ccdesk.sandbox.constant_contact.switches import CcSwitches
from ccdesk.sandbox.constant_contact.tokens import DEFAULT_CLIENT
from ccdesk.sandbox.control import PREFIX, control_blueprint
from ccdesk.sandbox.kibo import server as kibo_server
from ccdesk.sandbox.kibo.state import KiboState, KiboSwitches
from ccdesk.sandbox.seed.shop import seed_shop
from ccdesk.sandbox.wire.kernel import (
    AheadClock,
    Environ,
    Faults,
    SandboxClock,
    StartResponse,
    Wire,
    WsgiApp,
)
from ccdesk.sandbox.wire.received import RequestLog
from ccdesk.sandbox.wire.serving import Server


class Sandbox:
    """Both services on ports of this computer, from `start` (or `with`) to `stop`.

    `port` is Kibo's, the next one Constant Contact's; 0 takes two free ones. Started again after a stop, as a
    service that comes back, it serves on the same ports. Kibo's clock may differ from all others by
    `kibo_ahead`.
    """

    def __init__(
        self,
        *,
        port: int = 0,
        clock: SandboxClock | None = None,
        kibo_ahead: timedelta = timedelta(0),
        kibo_switches: KiboSwitches | None = None,
        cc_switches: CcSwitches | None = None,
    ) -> None:
        self._ports = (port, port + 1) if port else (0, 0)
        self.clock = clock or SandboxClock()
        self.faults, self.log = Faults(), RequestLog()
        kibo_clock = AheadClock(self.clock, kibo_ahead) if kibo_ahead else self.clock
        self.kibo = KiboState(kibo_clock, kibo_switches)
        self.cc = CcState(self.clock, cc_switches)
        self._servers: list[Server] = []

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.stop()

    def start(self) -> None:
        """Begin to serve; from the return on both services answer."""
        if self._servers:
            raise RuntimeError("The sandbox is running already")
        kibo_app = kibo_server.build_kibo_app(self.kibo, self._kibo_address)
        cc_app = cc_server.build_cc_app(self.cc)
        shared = self.clock, self.faults, self.log
        kibo = Wire(
            self._with_orders(kibo_app),
            kibo_server.service_of,
            *shared,
            distance=lambda: self.kibo.switches.answer_seconds,
        )
        cc = Wire(cc_app, cc_server.service_of, *shared, distance=lambda: self.cc.switches.answer_seconds)
        try:
            for port, app in zip(self._ports, (kibo, cc), strict=True):
                self._servers.append(Server(port, app))
        except OSError:
            self.stop()
            raise
        self._ports = (self._servers[0].port, self._servers[1].port)
        for server in self._servers:
            server.start()

    def _kibo_address(self) -> str:
        return self._servers[0].address

    def _with_orders(self, app: WsgiApp) -> WsgiApp:
        """Have an application take orders as well, which most of those who start a sandbox never give."""

        @cache
        def ordered() -> WsgiApp:
            return kibo_server.build_kibo_app(self.kibo, self._kibo_address, control_blueprint(self))

        def serve(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
            asked = environ.get("PATH_INFO", "").startswith(PREFIX)
            return (ordered() if asked else app)(environ, start_response)

        return serve

    def stop(self) -> None:
        """End serving; what the services hold stays."""
        servers, self._servers = self._servers, []
        for server in servers:
            server.stop()

    def addresses(self) -> dict[str, str]:
        """Return where everything is, and what to sign in with."""
        if not self._servers:
            raise RuntimeError("The sandbox is not running")
        kibo, cc = (f"http://{server.address}" for server in self._servers)
        return {
            "kibo_home_url": kibo,
            "kibo_tenant_url": kibo,
            "kibo_tenant_id": str(self.kibo.tenant_id),
            "kibo_app_key": self.kibo.app_key,
            "kibo_shared_secret": self.kibo.shared_secret,
            "cc_api_url": f"{cc}/v3",
            "cc_auth_url": f"{cc}/oauth2/default/v1",
            "cc_client_id": DEFAULT_CLIENT,
            "cc_user": "owner",
            "cc_password": "sandbox",
            "control_url": f"{kibo}{PREFIX}",
        }


def _spare_the_shop() -> None:
    """Have the garbage collector leave the shop alone, and look seldom: a million customers stay for good."""
    gc.freeze()
    gc.set_threshold(100_000, 20, 100)


def serve_forever(port: int, customers: int, seed: int) -> None:
    """Serve a pretend shop until SIGINT or SIGTERM; its addresses go to stdout as one JSON document."""
    ended = threading.Event()

    def end(_number: int, _frame: FrameType | None) -> None:
        ended.set()

    before: dict[signal.Signals, Any] = {
        number: signal.signal(number, end) for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        with Sandbox(port=port) as sandbox:
            seed_shop(sandbox.kibo, sandbox.cc, customers, seed)
            _spare_the_shop()
            sys.stdout.write(json.dumps(sandbox.addresses()) + "\n")
            sys.stdout.flush()
            while not ended.wait(0.5):  # in pieces: on Windows a wait without end hears no signal
                pass
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
