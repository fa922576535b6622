"""A `Desk` on a bundle: everything can be looked at, nothing is asked of a service and nothing is changed."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, NoReturn

from ccdesk.core.errors import SettingsError
from ccdesk.core.why import Why
from ccdesk.core.words import marked
from ccdesk.service.api import Status
from ccdesk.service.desk import LocalDesk

READS = frozenset(
    {
        *(
            "settings",
            "fixed_by_environment",
            "stored_status",
            "first_export_done",
            "next_run",
            "planned_run",
        ),
        *("runs", "run_count", "get_run", "entries", "entry_count", "entry_kinds"),
        *("find_runs", "found_run_count", "happened_since", "people_since", "runs_since", "emails_of"),
        *("events", "event_count", "held", "newcomers", "disagreements", "disagreement_count"),
        *("ledger", "find_people", "whom_to_forget", "close"),
    }
)
"""The methods of a desk that only look; any other is refused, one that is new as well."""


def refused() -> SettingsError:
    """Return what is said to who wants more than to look."""
    return SettingsError(
        marked("This is a bundle: it can only be looked at"),
        meaning=marked(
            "It holds what ccdesk knew when it was made. Nothing is asked of the services from here, and "
            "nothing is changed."
        ),
        code="read_only",
    )


class NoConnections:
    """Stands where the services would be, for what is looked at or done again from a bundle."""

    def __getattr__(self, name: str) -> NoReturn:
        """Refuse.

        Raises:
            SettingsError: always.

        """
        raise refused()


class ReadOnlyDesk:
    """Implements `service.api.Desk` for a bundle."""

    def __init__(self, desk: LocalDesk) -> None:
        self._desk = desk

    def __getattr__(self, name: str) -> Callable[..., Any]:
        """Return a method that only looks, or one that refuses."""
        if name in READS:
            method: Callable[..., Any] = getattr(self._desk, name)
            return method
        if name.startswith("_") or not hasattr(LocalDesk, name):
            raise AttributeError(name)
        return _refuse

    def status(self, *, live: bool) -> Status:
        """Return what was known."""
        return self._desk.stored_status()

    def why(self, who: str, *, live: bool = False, cancel: threading.Event | None = None) -> Why:
        """Answer by what was known.

        Raises:
            SettingsError: both sides are to be read now.

        """
        if live:
            raise refused()
        return self._desk.why(who)


def _refuse(*_given: object, **_named: object) -> NoReturn:
    raise refused()
