"""The small web server the browser comes back to: takes one return with the right state, and no other.

Nothing of a request is ever logged: its query holds the code. Nothing of it is shown on a page either.
"""

from __future__ import annotations

import contextlib
import hmac
import queue
import socket
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from ccdesk.core.redirects import CALLBACK_PATH

POLL_SECONDS = 0.05  # one for the return and one for each socket: they pass before a login is told of
_NAMES = ("localhost", "127.0.0.1", "[::1]")
_REQUEST_SECONDS = 5.0  # for a whole request, however slowly it drips in
_MOST_CONNECTIONS = 64  # at once; a browser opens a few, some of them only in case
_PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>ccdesk</title>
<style>body{{font:16px/1.5 system-ui,sans-serif;color:#222;background:#f6f7f9;margin:15vh auto;max-width:28em;
padding:0 1.5em}}h1{{font-size:1.4em}}</style></head><body><h1>{title}</h1><p>{text}</p></body></html>"""

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'"
_NOBODY = "This address belongs to ccdesk's login."
_STRAY = "This page is not part of the login that is waiting."


@dataclass(frozen=True, slots=True)
class Returned:
    """What the browser brought back: a code, or the error the service gave instead."""

    code: str = field(default="", repr=False)
    error: str = ""
    description: str = field(default="", repr=False)


class Inbox:
    """Waits for the one return that carries the state of this login; the first one counts."""

    def __init__(self, state: str) -> None:
        self._state = state
        self._returned: queue.Queue[Returned] = queue.Queue(maxsize=1)

    def take(self, query: dict[str, list[str]]) -> Returned | None:
        """Read a callback; None if its state is not ours, so that it counts for nothing."""
        values = {name: found[0] for name, found in query.items() if len(found) == 1}
        if not hmac.compare_digest(values.get("state", "").encode(), self._state.encode()):
            return None
        code, error = values.get("code", ""), values.get("error", "")
        if not code and not error:
            return None
        return Returned("" if error else code, error, values.get("error_description", ""))

    def look(self) -> Returned | None:
        """Return what came back, None if nothing did so far."""
        with contextlib.suppress(queue.Empty):
            return self._returned.get_nowait()
        return None

    def give(self, returned: Returned) -> None:
        """Hand the browser's return to the thread that waits; only the first counts."""
        with contextlib.suppress(queue.Full):
            self._returned.put_nowait(returned)


class CallbackServer(ThreadingHTTPServer):
    """One of the two sockets of a port. Takes few connections at once and each for a short time."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, family: socket.AddressFamily, host: str, port: int, inbox: Inbox) -> None:
        self.address_family = family
        self.inbox = inbox
        self._guard = threading.Lock()
        self._open: dict[socket.socket, float] = {}  # since when, the oldest first
        super().__init__((host, port), _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Serve a connection in its own thread; of too many at once the oldest is hung up on."""
        with self._guard:
            self._open[request] = time.monotonic()
        self._hang_up(most=_MOST_CONNECTIONS)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Let go of a connection that was served."""
        with self._guard:
            self._open.pop(request, None)
        super().shutdown_request(request)

    def service_actions(self) -> None:
        """Hang up, between two polls, on whoever takes too long with a request."""
        self._hang_up(before=time.monotonic() - _REQUEST_SECONDS)

    def server_close(self) -> None:
        """Free the port, and hang up on everybody: no connection outlives the login."""
        super().server_close()
        self._hang_up(most=0)

    def _hang_up(self, *, most: int = _MOST_CONNECTIONS, before: float = 0.0) -> None:
        """Cut the oldest connections beyond `most`, and those from `before`; their threads then end."""
        with self._guard:
            for connection, since in list(self._open.items()):
                if len(self._open) > most or since < before:
                    del self._open[connection]
                    with contextlib.suppress(OSError):
                        connection.shutdown(socket.SHUT_RDWR)

    def server_bind(self) -> None:
        """Bind for this address family alone."""
        if self.address_family == socket.AF_INET6:
            self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        if hasattr(socket, "SO_EXCLUSIVEADDRUSE"):  # Windows, where reuse would let two programs share a port
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        else:  # so that a second login need not wait for the first one's connections to be forgotten
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = "localhost", self.server_address[1]

    def handle_error(self, _request: Any, _client_address: Any) -> None:
        """Say nothing: a browser that hangs up is no news, and a traceback could show the query."""


class _Handler(BaseHTTPRequestHandler):
    """Answers whatever comes; only the callback with the right state counts."""

    server: CallbackServer
    timeout = _REQUEST_SECONDS
    protocol_version = default_request_version = "HTTP/1.1"  # headers go with every answer

    def do_GET(self) -> None:
        """Answer a page; hand on a valid return once the browser has its answer."""
        try:
            target = urlsplit(self.path)
            query = parse_qs(target.query, keep_blank_values=True, max_num_fields=20)
        except ValueError:
            self._answer(400, "Not this login", _STRAY)
            return
        if not self._meant_for_us():
            self._answer(421, "Not here", _NOBODY)
            return
        if target.path != CALLBACK_PATH:
            self._answer(404, "Nothing here", _NOBODY)
            return
        returned = self.server.inbox.take(query)
        if returned is None:
            self._answer(400, "Not this login", _STRAY)
            return
        if returned.error:
            self._answer(200, "Not logged in", "The login was not completed. You can close this window.")
        else:
            self._answer(200, "Thank you", "You can close this window and go back to ccdesk.")
        self.server.inbox.give(returned)

    def _meant_for_us(self) -> bool:
        """Check the Host header, so that no web page can reach us under a name of its own (DNS rebinding)."""
        port = self.server.server_port
        named = [host.lower() for host in self.headers.get_all("Host") or ()]
        return len(named) == 1 and named[0] in {f"{name}:{port}" for name in _NAMES}

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Answer other methods and malformed requests as plainly; `message` might repeat the request."""
        del message, explain
        self.close_connection = True
        self._answer(int(code), "Nothing here", _NOBODY)

    def _answer(self, status: int, title: str, text: str) -> None:
        body = _PAGE.format(title=title, text=text).encode()
        self.send_response(status)
        for name, value in (
            ("Content-Type", "text/html; charset=utf-8"),
            ("Content-Length", str(len(body))),
            ("Cache-Control", "no-store"),
            ("Referrer-Policy", "no-referrer"),
            ("X-Content-Type-Options", "nosniff"),
            ("Cross-Origin-Resource-Policy", "same-origin"),
            ("Content-Security-Policy", _POLICY),
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
