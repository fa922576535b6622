"""A listener on this computer that takes one browser's return from the log-in (constant-contact.md §2).

The redirect address must match a registered one character by character, so the ports are few and fixed,
and the address has one form. Nothing of a request is ever logged: its query holds the code.
"""

from __future__ import annotations

import errno
import hmac
import queue
import socket
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from ccdesk.core.clock import Clock
from ccdesk.core.errors import Cancelled, LoginNeeded, SettingsError

REDIRECT_PORTS = (8888, 8889, 8890, 47812, 47813)  # each must be registered with its redirect address
CALLBACK_PATH = "/callback"
_HOSTS = ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1"))  # a browser may take either for localhost
_NAMES = ("localhost", "127.0.0.1", "[::1]")
_POLL_SECONDS = 0.2
_REQUEST_SECONDS = 5.0
_PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>ccdesk</title>
<style>body{{font:16px/1.5 system-ui,sans-serif;color:#222;background:#f6f7f9;margin:15vh auto;max-width:28em;
padding:0 1.5em}}h1{{font-size:1.4em}}</style></head><body><h1>{title}</h1><p>{text}</p></body></html>"""


def redirect_uri(port: int) -> str:
    """Return the redirect address of a port, in the one form that is registered."""
    return f"http://localhost:{port}{CALLBACK_PATH}"


@dataclass(frozen=True, slots=True)
class Returned:
    """What the browser brought back: a code, or the error the service gave instead."""

    code: str = field(default="", repr=False)
    error: str = ""
    description: str = field(default="", repr=False)


class _Server(ThreadingHTTPServer):
    """One of the two sockets of a port."""

    daemon_threads = True

    def __init__(self, family: socket.AddressFamily, host: str, port: int, listener: Listener) -> None:
        self.address_family = family
        self.listener = listener
        super().__init__((host, port), _Handler)

    def server_bind(self) -> None:
        """Bind for this address family alone."""
        if self.address_family == socket.AF_INET6:
            self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        if hasattr(socket, "SO_EXCLUSIVEADDRUSE"):  # Windows, where reuse would let two programs share a port
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        else:  # so that a second log-in need not wait for the first one's connections to be forgotten
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = "localhost", self.server_address[1]

    def handle_error(self, _request: Any, _client_address: Any) -> None:
        """Say nothing: a browser that hangs up is no news, and a traceback could show the query."""


class Listener:
    """Listens on the first free port of a list until the browser returns with the right state."""

    def __init__(
        self, state: str, *, ports: Sequence[int] = REDIRECT_PORTS, clock: Clock | None = None
    ) -> None:
        self._state = state
        self._clock = clock or Clock()
        self._returned: queue.Queue[Returned] = queue.Queue()
        self._servers = self._bind(ports)
        self.port = int(self._servers[0].server_port)
        for server in self._servers:
            threading.Thread(
                target=server.serve_forever, args=(_POLL_SECONDS,), name="log-in", daemon=True
            ).start()

    @property
    def redirect_uri(self) -> str:
        """The redirect address of the port found free."""
        return redirect_uri(self.port)

    def __enter__(self) -> Listener:
        """Return itself; it listens already."""
        return self

    def __exit__(self, *_exception: object) -> None:
        """Stop listening."""
        self.close()

    def close(self) -> None:
        """Stop listening and free the port."""
        for server in self._servers:
            server.shutdown()
            server.server_close()

    def wait(self, *, timeout: float, cancel: threading.Event) -> Returned:
        """Wait for the browser, at most `timeout` seconds.

        Raises:
            LoginNeeded: nobody came back in time.
            Cancelled: `cancel` was set.

        """
        deadline = self._clock.monotonic() + timeout
        while True:
            try:
                return self._returned.get_nowait()
            except queue.Empty:
                pass
            left = deadline - self._clock.monotonic()
            if left <= 0:
                raise self._too_late()
            if self._clock.wait(cancel, min(_POLL_SECONDS, left)):
                raise Cancelled("The log-in was cancelled", meaning="Nothing was changed.")

    def take(self, query: dict[str, list[str]]) -> Returned | None:
        """Read a callback; None if its state is not ours, so that it counts for nothing."""
        values = {name: found[0] for name, found in query.items() if len(found) == 1}
        if not hmac.compare_digest(values.get("state", "").encode(), self._state.encode()):
            return None
        code, error = values.get("code", ""), values.get("error", "")
        if not code and not error:
            return None
        return Returned("" if error else code, error, values.get("error_description", ""))

    def give(self, returned: Returned) -> None:
        """Hand the browser's return to whoever waits."""
        self._returned.put(returned)

    def _bind(self, ports: Sequence[int]) -> list[_Server]:
        for port in ports:
            servers: list[_Server] = []
            try:
                for family, host in _HOSTS:
                    self._add(servers, family, host, port)
            except OSError:
                for server in servers:
                    server.server_close()
                continue
            if servers:
                return servers
        raise SettingsError(
            "No port is free for the log-in",
            meaning=f"The browser must return to one of the registered ports: {', '.join(map(str, ports))}. "
            "Other programs use all of them.",
            next_step="Close the program that uses one of them, or a log-in still waiting, and try again.",
        )

    def _add(self, servers: list[_Server], family: socket.AddressFamily, host: str, port: int) -> None:
        try:
            servers.append(_Server(family, host, port, self))
        except OSError as error:
            missing = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT, errno.EPROTONOSUPPORT)
            if family != socket.AF_INET6 or error.errno not in missing:
                raise  # the port is taken; if only on IPv6, somebody else might be given our code

    def _too_late(self) -> LoginNeeded:
        return LoginNeeded(
            "The log-in in the browser was not finished in time",
            meaning="If the browser showed an error page, the redirect address may not be registered for the "
            f"API key: it must be exactly {self.redirect_uri}",
            next_step="Try again with “Log in to Constant Contact” or “ccdesk login”.",
            code="login_timeout",
        )


class _Handler(BaseHTTPRequestHandler):
    """Answers whatever comes; only the callback with the right state counts."""

    server: _Server
    timeout = _REQUEST_SECONDS
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer a page; hand on a valid return once the browser has its answer."""
        target = urlsplit(self.path)
        port = self.server.listener.port
        if self.headers.get("Host", "").lower() not in {
            f"{h}:{port}" for h in ("localhost", "127.0.0.1", "[::1]")
        }:
            self._answer(421, "Not here", "This address belongs to ccdesk's log-in.")
            return
        if target.path != CALLBACK_PATH:
            self._answer(404, "Nothing here", "This address belongs to ccdesk's log-in.")
            return
        try:
            query = parse_qs(target.query, keep_blank_values=True, max_num_fields=20)
        except ValueError:
            query = {}
        returned = self.server.listener.take(query)
        if returned is None:
            self._answer(400, "Not this log-in", "This page is not part of the log-in that is waiting.")
            return
        if returned.error:
            self._answer(200, "Not logged in", "The log-in was not completed. You can close this window.")
        else:
            self._answer(200, "Thank you", "You can close this window and go back to ccdesk.")
        self.server.listener.give(returned)

    def _meant_for_us(self) -> bool:
        """Check the Host header, so that no web page can reach us under a name of its own."""
        port = self.server.listener.port
        return self.headers.get("Host", "").lower() in {f"{name}:{port}" for name in _NAMES}

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Answer other methods and malformed requests as plainly; `message` might repeat the request."""
        del message, explain
        self.close_connection = True
        self._answer(int(code), "Nothing here", "This address belongs to ccdesk's log-in.")

    def _answer(self, status: int, title: str, text: str) -> None:
        body = _PAGE.format(title=title, text=text).encode()
        self.send_response(status)
        for name, value in (
            ("Content-Type", "text/html; charset=utf-8"),
            ("Content-Length", str(len(body))),
            ("Cache-Control", "no-store"),
            ("Referrer-Policy", "no-referrer"),
            ("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'"),
            ("Connection", "close"),
        ):
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def version_string(self) -> str:
        """Tell no version."""
        return "ccdesk"

    def log_message(self, *_args: Any) -> None:
        """Log nothing: the query holds the code."""
