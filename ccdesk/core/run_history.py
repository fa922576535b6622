"""Questions about runs of the past: which did something, what happened since a moment, how the days went."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, tzinfo
from enum import StrEnum
from typing import Protocol

from ccdesk.core.runs import Entry, Run, RunKind, RunStatus

BAD_EMAIL = "email_"
"""How the code of an error begins that says why an email cannot be sent (`sync/mapping.py`)."""


class RunSort(StrEnum):
    """By what runs are put in order."""

    DATE = "date"
    STATUS = "status"
    KIND = "kind"
    TOTAL = "total"
    ERRORS = "errors"


@dataclass(frozen=True, slots=True)
class RunQuery:
    """Which runs are asked for, and in which order.

    `eventful`: only runs that changed something for somebody, had an error, or did not end well; an export
    and an undo always count, because somebody asked for them. `since` and `until` bound the start of a run,
    the second one exclusively. `text` is looked for in ids, states and messages, and among the people.
    """

    kind: RunKind | None = None
    eventful: bool = False
    since: datetime | None = None
    until: datetime | None = None
    text: str = ""
    sort: RunSort = RunSort.DATE
    descending: bool = True


class Happened(StrEnum):
    """What may have happened to a person since somebody last looked; in the order it is told."""

    ADDED = "added"  # to the list
    OPTED_IN = "opted_in"  # in Kibo: they signed up in Constant Contact
    OPTED_OUT = "opted_out"  # on either side; whom an undo took off the list did not
    INVALID = "invalid"  # their email cannot be sent
    FAILED = "failed"  # another error


@dataclass(frozen=True, slots=True)
class PersonThen:
    """A person in a run of the past."""

    run_id: int
    at: datetime
    entry: Entry


@dataclass(frozen=True, slots=True)
class RunThen:
    """What the picture of the days needs of a run."""

    started_at: datetime
    status: RunStatus
    added: int
    opted_out: int
    errors: int


@dataclass(frozen=True, slots=True)
class Day:
    """One day of the picture: how many runs there were, and what they did together."""

    day: date
    runs: int = 0
    added: int = 0
    opted_out: int = 0
    errors: int = 0
    failed: int = 0  # runs that did not get to their end

    @property
    def changes(self) -> int:
        """People for whom something was changed."""
        return self.added + self.opted_out

    def and_run(self, run: RunThen) -> Day:
        """Return the day with one more run."""
        return replace(
            self,
            runs=self.runs + 1,
            added=self.added + run.added,
            opted_out=self.opted_out + run.opted_out,
            errors=self.errors + run.errors,
            failed=self.failed + (run.status in (RunStatus.FAILED, RunStatus.INTERRUPTED)),
        )


def by_day(runs: Iterable[RunThen], days: Sequence[date], zone: tzinfo | None = None) -> tuple[Day, ...]:
    """Return an entry for each day, by the date a run began in `zone` (None: the computer's own)."""
    entries = {day: Day(day) for day in days}
    for run in runs:
        began = run.started_at.astimezone(zone).date()
        if began in entries:
            entries[began] = entries[began].and_run(run)
    return tuple(entries.values())


class RunHistory(Protocol):
    """Runs of the past, asked for by what they did."""

    def find(self, query: RunQuery, *, offset: int, limit: int) -> list[Run]:
        """Return runs."""

    def count(self, query: RunQuery) -> int:
        """Count them."""

    def since(self, at: datetime) -> dict[Happened, int]:
        """Return to how many people what has happened in runs that ended after that moment."""

    def people_since(self, at: datetime, what: Happened, *, offset: int, limit: int) -> list[PersonThen]:
        """Return these people, the newest first."""

    def runs_since(self, at: datetime) -> list[RunThen]:
        """Return every run that began after that moment."""
