"""When something happened, as far as that can be known: the only comparison of times in the rules."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Window:
    """A moment that lies somewhere from `earliest` to `latest`, both on the mail service's clock, aware UTC.

    A date of the shop becomes one by the difference of the clocks and the uncertainty of that difference,
    once, where the date is read. A list that may lag gives readings of a window, too (docs/consent.md b4).
    """

    earliest: datetime
    latest: datetime

    def after(self, other: Window) -> bool | None:
        """Say whether this is later than `other`; None where the windows overlap and it cannot be told."""
        if self.earliest > other.latest:
            return True
        if self.latest < other.earliest:
            return False
        return None

    def surely_after(self, other: Window) -> bool:
        """Say whether this is provably later than `other`."""
        return self.earliest > other.latest


def instant(moment: datetime) -> Window:
    """Return the window of a moment that is known exactly."""
    return Window(moment, moment)


def second_of(date: datetime) -> Window:
    """Return the window of a date that the mail service writes in whole seconds (docs/consent.md b4)."""
    return Window(date, date + timedelta(seconds=1))


def between(earliest: datetime, latest: datetime) -> Window:
    """Return a window, with its ends put right where two uncertain dates crossed each other."""
    return Window(min(earliest, latest), latest)
