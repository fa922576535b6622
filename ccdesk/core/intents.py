"""The journal of intents: every command is written down before it is sent (docs/consent.md b3, b4).

A power cut between that line and the call, or between the call and its answer, leaves the line open: from it
the next run knows that what it sees may be our own doing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

LANDS_WITHIN = timedelta(seconds=120)
"""So long after it was begun a single call may still take effect (docs/consent.md b4)."""

KEPT_FOR = timedelta(days=400)
"""How long a line is kept after its end: see `Intents.prune`."""


class Act(StrEnum):
    """What a command does."""

    CREATE = "create"
    ADD = "add"
    REVIVE = "revive"
    REMOVE = "remove"
    ASK = "ask"
    OPT_IN = "opt_in"
    OPT_OUT = "opt_out"

    @property
    def puts_on(self) -> bool:
        """True where the person is on the list afterwards."""
        return self in (Act.CREATE, Act.ADD, Act.REVIVE)

    @property
    def writes_flag(self) -> bool:
        """True where it is the shop that is written to."""
        return self in (Act.OPT_IN, Act.OPT_OUT)


LIST_ACTS = frozenset({Act.CREATE, Act.ADD, Act.REVIVE, Act.REMOVE})
"""Commands that put a person on a list or take them off it."""

SHOP_ACTS = frozenset({Act.OPT_IN, Act.OPT_OUT})
"""Commands that write the flag of an account."""


class Ended(StrEnum):
    """How a command ended."""

    OPEN = "open"  # begun, and nobody knows yet
    DONE = "done"
    VOID = "void"  # it had no effect
    REFUSED = "refused"
    UNKNOWN = "unknown"  # overtaken: what it did cannot be told any more, and need not be


@dataclass(frozen=True, slots=True)
class JournalLine:
    """One command as the journal keeps it; the store gives the number.

    `email_key` is the person, `customer_id` the account it was begun for, `contact_id` the contact ("" where
    it is to be made or its id was not learned). `begun` is on the mail service's clock. `lands_by` is the
    latest moment at which the call can still take effect, None where a job carries it out. `event_id` is the
    queue's entry that it answers, "" for an export's. `sign_up`: by a call that looks like the person's act.
    `undoes`: the run whose doing it takes back (design §8, `undo`); it answers nobody's statement then.
    """

    act: Act
    customer_id: int
    email_key: str
    list_id: str
    begun: datetime
    contact_id: str = ""
    lands_by: datetime | None = None
    run_id: int | None = None
    event_id: str = ""
    sign_up: bool = False
    ended: Ended = Ended.OPEN
    ended_at: datetime | None = None
    number: int = 0
    undoes: int | None = None

    @property
    def is_over(self) -> bool:
        """True where the command was refused or had no effect."""
        return self.ended in (Ended.VOID, Ended.REFUSED)


class Intents(Protocol):
    """The journal, one line per command; a chunk of an export stands for its people (`exporting.Chunk`)."""

    def begin(self, lines: Iterable[JournalLine]) -> None:
        """Write down commands that are about to be sent, in one transaction."""

    def end(self, customer_ids: Collection[int], ended: Ended, *, acts: Collection[Act] = LIST_ACTS) -> None:
        """Close the last open command of these kinds for each of these accounts.

        Those begun before it are overtaken: their end is UNKNOWN.
        """

    def end_last(self, customer_ids: Collection[int], ended: Ended) -> None:
        """Close only the last open command about a list of each of these accounts; older ones stay open."""

    def asked(self, contact_id: str) -> datetime | None:
        """Return when a contact was asked for the one confirmation, for whichever account; None if never.

        As asked counts whatever may have been sent: it is never asked for twice (docs/consent.md b3).
        """

    def of(self, customer_id: int) -> list[JournalLine]:
        """Return the lines of one account, oldest first."""

    def of_many(self, customer_ids: Collection[int]) -> dict[int, list[JournalLine]]:
        """Return the lines of many accounts, of each oldest first; those without any are absent."""

    def of_run(self, run_id: int, after: int, limit: int) -> list[JournalLine]:
        """Return the lines of one run with numbers above `after`, ascending."""

    def prune(self) -> None:
        """Delete lines that ended more than `KEPT_FOR` ago: the rule is the journal's own.

        They outlive runs and entries, because both services go on showing what a call did, and staff ask
        about it a year later. For good stay what is open, what asked for the one confirmation, and the last
        command of each kind done for an account on a list: by it its statement is known as answered
        (docs/consent.md b3).
        """
