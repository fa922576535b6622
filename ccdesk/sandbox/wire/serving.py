"""The HTTP server both fake services run on: quiet, threaded, and with connections that stay open.

Werkzeug's own handler closes every connection after one answer and stamps answers with the real time. Real
hosts keep connections open, and a client's mistakes with that show only on such a server.
"""

from __future__ import annotations

import io
import logging
import selectors
import socket
import sys
import threading
from collections.abc import Callable
from typing import Any

from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler

from ccdesk.sandbox.wire.kernel import WsgiApp

log = logging.getLogger(__name__)

_HOST = "127.0.0.1"
_BODILESS = (204, 304)


class _Handler(WSGIRequestHandler):
    """Serves one connection; an application that answers nothing has cut it (`kernel.Wire`)."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else each small answer waits for the client's delayed acknowledgement
    wbufsize = -1

    def run_wsgi(self) -> None:
        """Serve one request and leave the connection ready for the next."""
        environ = self.make_environ()
        if environ.get("wsgi.input_terminated"):
            self.close_connection = True
        else:
            # Read to its end whatever the application does with it: the next request follows right behind.
            length = int(environ.get("CONTENT_LENGTH") or 0)
            environ["wsgi.input"] = io.BytesIO(self.rfile.read(length))
        begun: list[tuple[str, list[tuple[str, str]]]] = []

        def start_response(
            status: str, headers: list[tuple[str, str]], exc_info: Any = None, /
        ) -> Callable[[bytes], object]:
            begun[:] = [(status, headers)]
            return self.wfile.write

        body = b"".join(self.server.app(environ, start_response))
        if not begun:
            self.close_connection = True
            return
        status, headers = begun[0]
        self._answer(status, headers, body)

    def _answer(self, status: str, headers: list[tuple[str, str]], body: bytes) -> None:
        code, _, phrase = status.partition(" ")
        self.send_response_only(int(code), phrase)
        names = set()
        for name, value in headers:
            self.send_header(name, value)
            names.add(name.lower())
        bodiless = self.command == "HEAD" or int(code) in _BODILESS
        if not bodiless and "content-length" not in names:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if not bodiless:
            self.wfile.write(body)
        self.wfile.flush()

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002  # the base class names it so
        """Say nothing: the sandbox keeps its own log."""


class _Server(ThreadedWSGIServer):
    """Knows its open connections, so that stopping can close them."""

    def __init__(self, port: int, app: WsgiApp) -> None:
        self._open: set[socket.socket] = set()
        self._guard = threading.Lock()
        self._ended, self._end = socket.socketpair()
        super().__init__(_HOST, port, app, _Handler)
        self.socket.setblocking(False)  # who has gone again meanwhile is not waited for

    def serve_until_ended(self) -> None:
        """Serve without looking every now and then whether that is over: a test stops thousands of these."""
        with selectors.DefaultSelector() as waiting:
            waiting.register(self, selectors.EVENT_READ)
            waiting.register(self._ended, selectors.EVENT_READ)
            while self._ended not in [key.fileobj for key, _ in waiting.select()]:
                self.handle_request()

    def end(self) -> None:
        """Have `serve_until_ended` return."""
        self._end.send(b"\0")

    def server_close(self) -> None:
        """Free the port."""
        super().server_close()
        self._ended.close()
        self._end.close()

    def process_request(self, request: Any, client_address: Any) -> None:
        """Begin with a connection."""
        with self._guard:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """End with a connection."""
        with self._guard:
            self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Log what broke a connection, unless it was the client that went away."""
        if not isinstance(sys.exception(), ConnectionError):
            log.exception("A connection to the sandbox broke")

    def hang_up(self) -> None:
        """End every open connection; their threads then find them closed."""
        with self._guard:
            for connection in self._open:
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:
                    continue  # closed by the other side already


class Server:
    """One WSGI application on a port of this computer, served from threads of its own."""

    def __init__(self, port: int, app: WsgiApp) -> None:
        try:
            self._server = _Server(port, app)
        except SystemExit:  # that is how Werkzeug reports it
            raise OSError(f"Port {port} is in use by another program") from None
        self.port = int(self._server.port)
        self._thread = threading.Thread(
            target=self._server.serve_until_ended, name=f"sandbox-{self.port}", daemon=True
        )

    @property
    def address(self) -> str:
        """The server's `host:port`."""
        return f"{_HOST}:{self.port}"

    def start(self) -> None:
        """Begin to serve; connections made before are waiting already."""
        self._thread.start()

    def stop(self) -> None:
        """End serving and every connection."""
        if self._thread.is_alive():
            self._server.end()
            self._thread.join()
        self._server.hang_up()
        self._server.server_close()
