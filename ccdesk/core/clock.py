"""Time: aware UTC everywhere inside, and a wait that can be interrupted."""

from __future__ import annotations

import threading
import time
from datetime import UTC, date, datetime, timedelta

SKEW = "clocks.skew"
"""Name in the store: seconds Kibo's clock was ahead of Constant Contact's in the last run that asked both."""


def kept_skew(text: str) -> timedelta:
    """Return how far Kibo's clock is ahead of Constant Contact's, from what the store has under `SKEW`."""
    return timedelta(seconds=int(text or 0))


MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


def ordinal(day: int) -> str:
    """Return the day of a month as it is spoken: 1st, 2nd, 3rd, 4th, 11th."""
    suffix = "th" if 10 <= day % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")
    return f"{day}{suffix}"


def spoken_date(moment: date) -> str:
    """Return the date of a moment in its own zone, in fixed English: “November 27th, 2026”."""
    return f"{MONTHS[moment.month - 1]} {ordinal(moment.day)}, {moment.year}"


class Clock:
    """The system's clock; tests hand in one they move themselves."""

    def now(self) -> datetime:
        """Return the present moment, aware, in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Return seconds that only ever grow, for measuring."""
        return time.monotonic()

    def wait(self, event: threading.Event, seconds: float) -> bool:
        """Wait until `event` is set or `seconds` passed; return whether it is set."""
        return event.wait(max(0.0, seconds))


_FIRST_YEAR, _LAST_YEAR = 1970, 2200


def parse_time(text: str) -> datetime | None:
    """Read any of the date forms both services use; no zone means UTC; unreadable gives None.

    So does a year that no shop has seen: 0001 and 9999 are what programs write for "never".

    Source: constant-contact.md §1 (`Z`, milliseconds, `+0000`), kibo.md §9.
    """
    try:
        moment = datetime.fromisoformat(text.strip().replace("z", "Z"))
    except ValueError:
        return None
    if not _FIRST_YEAR <= moment.year <= _LAST_YEAR:
        return None
    if moment.tzinfo is UTC:
        return moment
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def format_time(moment: datetime) -> str:
    """Write a moment as ISO 8601 UTC with milliseconds where it has any, ending in Z."""
    moment = moment.astimezone(UTC)
    spec = "milliseconds" if moment.microsecond else "seconds"
    return moment.isoformat(timespec=spec).replace("+00:00", "Z")
