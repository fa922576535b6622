"""How many wait for something, as the store counts them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Waiting:
    """So many that wait, since when the first of them does, and who or what the first few are."""

    count: int = 0
    since: datetime | None = None
    people: tuple[str, ...] = ()  # emails, where they are known
    ids: tuple[str, ...] = ()  # of customers, or of queue entries
