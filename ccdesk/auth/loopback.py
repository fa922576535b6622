"""A listener on this computer that takes one browser's return from the login (constant-contact.md §2).

The redirect address must match a registered one character by character, so the ports are few and fixed,
and the address has one form.
"""

from __future__ import annotations

import errno
import socket
import threading
from collections.abc import Sequence

from ccdesk.auth.callback_server import POLL_SECONDS, CallbackServer, Inbox, Returned
from ccdesk.core.clock import Clock
from ccdesk.core.errors import Cancelled, LoginNeeded, Remedy, SettingsError
from ccdesk.core.redirects import REDIRECT_PORTS, redirect_uri
from ccdesk.core.words import marked

_HOSTS = ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1"))  # a browser may take either for localhost


class Listener:
    """Listens on the first free port of a list until the browser returns with the right state."""

    def __init__(
        self, state: str, *, ports: Sequence[int] = REDIRECT_PORTS, clock: Clock | None = None
    ) -> None:
        self._clock = clock or Clock()
        self._inbox = Inbox(state)
        self._servers = self._bind(ports)
        self.port = int(self._servers[0].server_port)
        for server in self._servers:
            threading.Thread(
                target=server.serve_forever, args=(POLL_SECONDS,), name="login", daemon=True
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
            returned = self._inbox.look()
            if returned is not None:
                return returned
            left = deadline - self._clock.monotonic()
            if left <= 0:
                raise self._too_late()
            if self._clock.wait(cancel, min(POLL_SECONDS, left)):
                raise Cancelled(marked("The login was cancelled"), meaning=marked("Nothing was changed."))

    def _bind(self, ports: Sequence[int]) -> list[CallbackServer]:
        for port in ports:
            servers: list[CallbackServer] = []
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
            marked("No port is free for the login"),
            meaning=marked(
                "The browser must return to one of the registered ports: {ports}. "
                "Other programs use all of them."
            ).format(ports=", ".join(map(str, ports))),
            next_step=marked(
                "Close the program that uses one of them, or a login still waiting, and try again."
            ),
        )

    def _add(self, servers: list[CallbackServer], family: socket.AddressFamily, host: str, port: int) -> None:
        try:
            servers.append(CallbackServer(family, host, port, self._inbox))
        except OSError as error:
            missing = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT, errno.EPROTONOSUPPORT)
            if family != socket.AF_INET6 or error.errno not in missing:
                raise  # the port is taken; if only on IPv6, somebody else might be given our code

    def _too_late(self) -> LoginNeeded:
        return LoginNeeded(
            marked("The login in the browser was not finished in time"),
            meaning=marked(
                "If the browser showed an error page, the redirect address may not be registered for the "
                "API key: it must be exactly {redirect_uri}"
            ).format(redirect_uri=self.redirect_uri),
            remedy=Remedy.LOG_IN,
            code="login_timeout",
        )
