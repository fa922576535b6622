"""How far the phase of a run is, and how fast it goes."""

from __future__ import annotations

from dataclasses import dataclass

from ccdesk.core.clock import Clock

_SHORTEST = 0.5  # seconds before a pace can be told


@dataclass
class PhasePace:
    """The phase that a run is in, in words, and what it has done of how much; its pace follows from these."""

    clock: Clock
    phase: str = ""
    reached: tuple[int, int] = (0, 0)  # done and total as last told
    _began: float = 0.0
    _done_before: int = 0  # what it began with

    def note(self, phase: str, done: int, total: int) -> None:
        """Note how far it is; another phase begins its own pace."""
        if phase != self.phase:
            self.phase, self._began, self._done_before = phase, self.clock.monotonic(), done
        self.reached = done, total

    def rate(self) -> float | None:
        """Return how many are done in a second; None while that cannot be told."""
        took, moved = self.clock.monotonic() - self._began, self.reached[0] - self._done_before
        return moved / took if moved > 0 and took >= _SHORTEST else None

    def seconds_left(self, rate: float | None) -> float | None:
        """Return how long the phase still takes at that rate; None if that or the end is not known."""
        done, total = self.reached
        return max(0, total - done) / rate if total and rate else None
