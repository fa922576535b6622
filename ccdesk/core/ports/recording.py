"""Recording a run for support: what was there before it, and what the services answered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from ccdesk.core.runs import Run


class Recording(Protocol):
    """Records one run at a time; never raises, for a run must not fail because nobody can watch it."""

    def begin(self, asked: Mapping[str, Any]) -> None:
        """Begin before anything of the run is stored; `asked` is what somebody wants, as JSON values."""

    def end(self, run: Run) -> None:
        """End with the run as it ended; kept if anything happened in it."""

    def abandon(self) -> None:
        """Forget a run that another program has taken over."""


class NoRecording:
    """Records nothing: for runs that are only tried out, or done again."""

    def begin(self, asked: Mapping[str, Any]) -> None:
        """Record nothing."""

    def end(self, run: Run) -> None:
        """Record nothing."""

    def abandon(self) -> None:
        """Record nothing."""
