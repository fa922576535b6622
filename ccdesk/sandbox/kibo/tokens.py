"""Tokens of the application, and the limit of calls a second (kibo.md §2, §4)."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import NamedTuple
from uuid import uuid4

from ccdesk.sandbox.kibo.model import Json
from ccdesk.sandbox.kibo.switches import KiboSwitches


class Token(NamedTuple):
    """What a bearer token carries: permissions are baked in when it is issued (§2)."""

    good_until: int
    behaviors: frozenset[str]


class Tokens:
    """All tokens issued so far."""

    def __init__(self) -> None:
        self._tokens: dict[str, Token] = {}
        self._refresh: set[str] = set()

    def issue(self, switches: KiboSwitches, now: int) -> Json:
        """Return the reply to a sign-in."""
        access, refresh = uuid4().hex + uuid4().hex, uuid4().hex
        self._tokens[access] = Token(now + switches.token_lifetime * 1000, frozenset(switches.behaviors))
        self._refresh.add(refresh)
        return {
            "access_token": access,
            "token_type": "Bearer",
            "expires_in": switches.token_lifetime,
            "refresh_token": refresh if switches.gives_refresh_token else None,
        }

    def is_refresh(self, token: str) -> bool:
        """Say whether a refresh token was issued here."""
        return token in self._refresh

    def valid(self, token: str, now: int) -> Token | None:
        """Return what a token carries, None if it is unknown or expired."""
        found = self._tokens.get(token)
        return found if found is not None and now < found.good_until else None

    def forget(self) -> None:
        """Make every token invalid."""
        self._tokens.clear()
        self._refresh.clear()


class Rate:
    """Counts the calls of the last second, in real time."""

    def __init__(self, tick: Callable[[], float]) -> None:
        self._tick = tick
        self._calls: deque[float] = deque()

    def admits(self, per_second: int | None) -> bool:
        """Count one call and say whether it is within the limit; refused ones do not count."""
        if per_second is None:
            return True
        now = self._tick()
        while self._calls and self._calls[0] <= now - 1.0:
            self._calls.popleft()
        if len(self._calls) >= per_second:
            return False
        self._calls.append(now)
        return True
