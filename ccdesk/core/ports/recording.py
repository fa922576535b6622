"""Recording a run for support: what was there before it, and what the services answered."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from ccdesk.core.runs import Run


@dataclass(frozen=True, slots=True)
class Erased:
    """A person to be erased from records: the compared email, and all that names them."""

    key: str
    customer_ids: Sequence[int]
    emails: Collection[str]
    contact_ids: Collection[str] = ()


class Recording(Protocol):
    """Records one run at a time; never raises, for a run must not fail because nobody can watch it."""

    def begin(self, asked: Mapping[str, Any]) -> None:
        """Begin before anything of the run is stored; `asked` is what somebody wants, as JSON values."""

    def end(self, run: Run) -> None:
        """End with the run as it ended; kept if anything happened in it."""

    def abandon(self) -> None:
        """Forget a run that another program has taken over."""

    def erase(self, person: Erased, runs: Collection[int]) -> list[int]:
        """Erase a person from what is recorded; return the runs whose records had to be removed.

        `runs`: those that tell of the person by their entries. StoreError if names cannot be found.
        """


class NoRecording:
    """Records nothing: for runs that are only tried out, or done again."""

    def begin(self, asked: Mapping[str, Any]) -> None:
        """Record nothing."""

    def end(self, run: Run) -> None:
        """Record nothing."""

    def abandon(self) -> None:
        """Record nothing."""

    def erase(self, person: Erased, runs: Collection[int]) -> list[int]:
        """Erase nothing: nothing is recorded."""
        return []
