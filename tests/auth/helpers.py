"""What the tests of the login share: secrets in memory, a clock that does not wait, a token endpoint."""

from __future__ import annotations

import random
import socket
import threading
from contextlib import ExitStack, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from ccdesk.auth.oauth import OAuthClient
from ccdesk.auth.tokens import Tokens
from ccdesk.clients.http.session import prepare_session
from ccdesk.core.clock import Clock
from ccdesk.core.errors import VaultError

AUTH = "https://authz.example.test/oauth2/default/v1"
TOKEN = AUTH + "/token"
NOON = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)


class MemoryVault:
    """`ports.Vault` in memory. `broken` makes every call fail; `log` tells the order of writes."""

    def __init__(self) -> None:
        self.values: dict[str, str] = {}
        self.log: list[str] = []
        self.reads = 0
        self.broken = False
        self.full_at = ""

    def get(self, name: str) -> str:
        self._check()
        self.reads += 1
        return self.values.get(name, "")

    def set(self, name: str, value: str) -> None:
        self._check()
        if name == self.full_at:
            raise VaultError("full")
        self.log.append(name)
        self.values[name] = value

    def delete(self, name: str) -> None:
        self._check()
        self.values.pop(name, None)

    def _check(self) -> None:
        if self.broken:
            raise VaultError("broken")


class StillClock(Clock):
    """Stands still until moved; nobody really waits."""

    def __init__(self) -> None:
        self.at, self.waits = NOON, []  # type: tuple[datetime, list[float]]

    def now(self) -> datetime:
        return self.at

    def wait(self, event: threading.Event, seconds: float) -> bool:
        self.waits.append(seconds)
        return event.is_set()

    def advance(self, **delta: float) -> None:
        self.at += timedelta(**delta)


def oauth(clock: Clock | None = None, client_id: str = "key-1") -> OAuthClient:
    return OAuthClient(AUTH, client_id, prepare=prepare_session, clock=clock or StillClock())


def tokens(folder: Path, vault: MemoryVault, clock: Clock) -> Tokens:
    return Tokens(vault, oauth(clock), base_dir=folder, clock=clock)


def reply(number: int, **more: object) -> dict[str, object]:
    return {
        "token_type": "Bearer",
        "expires_in": 86400,
        "access_token": f"access-{number}",
        "refresh_token": f"refresh-{number}",
        **more,
    }


def free_ports(count: int) -> list[int]:
    """Return ports nobody listens on, below those the system hands out to outgoing connections."""
    found: list[int] = []
    with ExitStack() as stack:
        while len(found) < count:
            one = stack.enter_context(socket.socket())
            port = random.SystemRandom().randrange(15_000, 32_000)
            with suppress(OSError):
                one.bind(("127.0.0.1", port))
                found.append(port)
    return found
