"""The call limits of the gateway, counted per API key over everybody who uses it (constant-contact.md §5)."""

from __future__ import annotations

from collections.abc import Callable

from ccdesk.sandbox.constant_contact.switches import CcSwitches
from ccdesk.sandbox.wire.kernel import SandboxClock

THROTTLED = ("throttled", "Too Many Requests")
QUOTA_EXCEEDED = ("quota_exceeded", "Limit Exceeded")


class Limits:
    """Counts calls in whole seconds of real time and in days of the sandbox's clock (UTC)."""

    def __init__(self, switches: CcSwitches, clock: SandboxClock, tick: Callable[[], float]) -> None:
        self._switches, self._clock, self._tick = switches, clock, tick
        self._seconds: dict[tuple[str, str], tuple[int, int]] = {}
        self._days: dict[str, tuple[str, int]] = {}

    def refuse(self, client_id: str) -> tuple[str, str] | None:
        """Count an API call; returns key and text of the 429 it must get, or None."""
        if not self._switches.limits_on:
            self._count_day(client_id)
            return None
        if self.calls_today(client_id) >= self._switches.per_day:
            refusal: tuple[str, str] | None = QUOTA_EXCEEDED
        else:
            refusal = THROTTLED if self._too_fast("api", client_id, self._switches.per_second) else None
        if refusal is None or self._switches.refused_calls_count:
            self._count_day(client_id)
        return refusal

    def refuse_token(self, client_id: str) -> bool:
        """Count a call of the token endpoint, which takes one a second (§2); True when it is too many."""
        return self._switches.limits_on and self._too_fast(
            "token", client_id, self._switches.token_per_second
        )

    def calls_today(self, client_id: str) -> int:
        """Return the calls counted since 00:00 UTC."""
        day, count = self._days.get(client_id, ("", 0))
        return count if day == self._today() else 0

    def use_up(self, client_id: str, calls: int) -> None:
        """Count calls that other installations with the same API key made."""
        self._days[client_id] = (self._today(), self.calls_today(client_id) + calls)

    def forget(self) -> None:
        """Start counting afresh."""
        self._seconds.clear()
        self._days.clear()

    def _too_fast(self, what: str, client_id: str, most: int) -> bool:
        second = int(self._tick())
        last, count = self._seconds.get((what, client_id), (second, 0))
        count = count + 1 if last == second else 1
        self._seconds[what, client_id] = (second, count)
        return count > most

    def _count_day(self, client_id: str) -> None:
        self._days[client_id] = (self._today(), self.calls_today(client_id) + 1)

    def _today(self) -> str:
        return self._clock.now().date().isoformat()
