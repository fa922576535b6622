"""Reports of Constant Contact about one contact, for people to read (constant-contact.md §22)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class OptOutMailing:
    """The mailing from which somebody unsubscribed: its name, or its id where it has none, and when."""

    name: str
    at: datetime | None


class Reports(Protocol):
    """Reads reports. Raises the errors of `core.errors` only where the service cannot be asked at all."""

    def opt_out_mailing(self, contact_id: str) -> OptOutMailing | None:
        """Return the mailing through whose link somebody unsubscribed last, None if no report tells."""
