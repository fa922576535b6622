"""Taking the login back at the service: asked for, never waited for."""

import threading
import time

from ccdesk.auth.oauth import OAuthClient
from ccdesk.auth.withdraw import withdraw
from ccdesk.clients.http.session import prepare_session
from ccdesk.core.errors import Unreachable
from tests.auth.helpers import AUTH


class Server(OAuthClient):
    """Notes what it is asked to take back."""

    def __init__(self, *, refuses: bool = False, gate: threading.Event | None = None) -> None:
        super().__init__(AUTH, "key-1", prepare=prepare_session)
        self.taken: list[str] = []
        self._refuses, self._gate = refuses, gate

    def revoke(self, token: str) -> None:
        self.taken.append(token)
        if self._gate is not None:
            self._gate.wait(10)
        if self._refuses:
            raise Unreachable()


def test_the_refresh_token_is_taken_back_first() -> None:
    server = Server()
    assert withdraw(server, ("refresh", "access")) is True
    assert server.taken == ["refresh", "access"]


def test_a_refusal_is_no_error() -> None:
    server = Server(refuses=True)
    assert withdraw(server, ("refresh", "access")) is False
    assert server.taken == ["refresh"]


def test_without_tokens_nobody_is_asked() -> None:
    server = Server()
    assert withdraw(server, ()) is None
    assert server.taken == []


def test_a_silent_service_keeps_nobody() -> None:
    gate = threading.Event()
    began = time.monotonic()
    assert withdraw(Server(gate=gate), ("refresh",), wait=0.05) is False
    assert time.monotonic() - began < 2
    gate.set()
