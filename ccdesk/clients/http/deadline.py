"""Connections that wait for an answer only so long, however steadily it drips in.

The time limit of requests starts anew with every byte: a server that sends one a minute would be listened to
for ever, with the run's lease, or the login's lock, in hand.
"""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from typing import Any

from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection

TIMES = 10  # a whole answer may take that many times as long as the server may be silent


class _Watched:
    """What both kinds of connection have in common; `getresponse` is called once the request is sent."""

    sock: Any
    timeout: Any
    _stopwatch: threading.Timer | None = None

    def getresponse(self) -> Any:
        """Return the answer's head; its body has to come within the time as well."""
        self.stop_watching()
        if not isinstance(self.timeout, int | float):
            return super().getresponse()  # type: ignore[misc]
        hung_up = threading.Event()
        stopwatch = threading.Timer(self.timeout * TIMES, _hang_up, (self.sock, hung_up))
        stopwatch.daemon = True
        stopwatch.start()
        self._stopwatch = stopwatch
        response = super().getresponse()  # type: ignore[misc]
        if hung_up.is_set():  # a head that is cut reads as a shorter one
            response.close()
            raise TimeoutError("the answer took too long")
        return response

    def stop_watching(self) -> None:
        """Stop: the answer was read to its end. Closing is no such sign, the last answer is read after it."""
        if self._stopwatch is not None:
            self._stopwatch.cancel()
            self._stopwatch = None


def _hang_up(sock: Any, reported: threading.Event) -> None:
    """End a connection under whoever reads from it; inside a proxy's TLS the socket is one further down.

    Told first: the reader goes on the moment the socket is shut.
    """
    reported.set()
    with suppress(OSError, TypeError):
        socket.socket.shutdown(getattr(sock, "socket", sock), socket.SHUT_RDWR)


class _Returning:
    """A pool that gets its connections back once their answers were read."""

    def _put_conn(self, conn: Any) -> None:
        if conn is not None:
            conn.stop_watching()
        super()._put_conn(conn)  # type: ignore[misc]


class _Connection(_Watched, HTTPConnection):
    pass


class _SecureConnection(_Watched, HTTPSConnection):
    pass


class _Pool(_Returning, HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(_Returning, HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


POOLS = {"http": _Pool, "https": _SecurePool}
