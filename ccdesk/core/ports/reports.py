"""Reports and automations of Constant Contact, for people to read (constant-contact.md §17, §22)."""

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


class Automations(Protocol):
    """Reads automations. Raises the errors of `core.errors` only where the service cannot be asked at all."""

    def automations_joining(self, list_id: str) -> tuple[str, ...]:
        """Return the names of automations that joining the list starts; empty where none can be read."""
