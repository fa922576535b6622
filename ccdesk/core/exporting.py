"""What an export keeps in the store while it goes on: flat in memory, and there again after a power cut.

Everybody opted in is read into it, planned in it, sent out of it in chunks and settled from it (design R2).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from ccdesk.core.models import Customer, Link, Ownership
from ccdesk.core.runs import Outcome


@dataclass(frozen=True, slots=True)
class Candidate:
    """An opted-in customer as read, ready to be sent.

    Read from the store, `customer` is without name and address: those are in `row`, the bytes of one person
    in an import, already cut to the limits; `note` says what was cut, `fields_hash` fingerprints it.
    `problem` (with its `code`) says why the email cannot be sent. `plain`: sent by import where neither side
    knows the person.
    """

    customer: Customer
    row: bytes = b""
    fields_hash: str = ""
    note: str = ""
    code: str = ""
    problem: str = ""
    plain: bool = False


@dataclass(frozen=True, slots=True)
class Planned:
    """What is done about one candidate."""

    candidate: Candidate
    action: str = ""
    reason: str = ""
    contact_id: str = ""
    ownership: Ownership = Ownership.NONE

    @property
    def customer(self) -> Customer:
        """The customer."""
        return self.candidate.customer


class ChunkState(StrEnum):
    """How far a chunk is."""

    SENDING = "sending"  # noted before the call: its answer may be lost
    SENT = "sent"
    DONE = "done"
    REFUSED = "refused"  # one person, whom the service does not take, not even with email and list alone


@dataclass(frozen=True, slots=True)
class Chunk:
    """People sent by one bulk call: those with `action` and an id from `first` to `last` when it was made.

    `sent_at` is the mailing service's time before the call. `reported` is what the job said went wrong. It
    stands in the journal for all its people (`core.intents`) until it is `noted`: then each of them has a
    line.
    """

    number: int
    action: str
    first: int
    last: int
    people: int
    sent_at: datetime
    state: ChunkState = ChunkState.SENDING
    activity_id: str = ""
    reported: tuple[str, ...] = field(default=())
    noted: bool = False


class Exports(Protocol):
    """The tables of the one export that is going on or was cut short."""

    def clear(self) -> None:
        """Forget everything."""

    def add(self, candidates: Sequence[Candidate]) -> int:
        """Keep candidates as read (a later reading replaces the former); return how many were new."""

    def refresh(self, candidates: Sequence[Candidate]) -> None:
        """Take in later readings of people who are there; of those sent already only their consent."""

    def forget_unsent(self) -> None:
        """Forget everybody not sent yet: they are to be read again."""

    def last_id(self) -> int:
        """Return the greatest customer id read and not sent, 0 if none: how far the reading has got."""

    def many(self, ids: Sequence[int]) -> dict[int, Candidate]:
        """Return those of the given customers that are here, as read last."""

    def count(self) -> int:
        """Count the people."""

    def sent(self) -> int:
        """Count the people in chunks."""

    def begin_plan(self) -> None:
        """Forget what was planned for people not sent yet, and make look-ups by email quick."""

    def plan_new_contacts(self, after: int, limit: int, action: str, ownership: Ownership) -> int | None:
        """Give the action to those plain candidates nobody knows; return the last id looked at, or None.

        Nobody knows them: no other candidate and no link has the email, no link the id, and no contact of the
        scan in the working tables the email. `limit` candidates above `after` are looked at.
        """

    def undecided(self, after: tuple[str, int], limit: int) -> list[Candidate]:
        """Return people without an action, ordered by (compared email, id) above `after`."""

    def sent_by_email(self, keys: Sequence[str]) -> dict[str, tuple[int, Ownership]]:
        """Return, by compared email, the customer who was sent for it already, and whose the contact is."""

    def decide(self, people: Sequence[Planned]) -> None:
        """Store what is to be done."""

    def unsent(self, action: str, after: int, limit: int, batch: int | None = None) -> list[Planned]:
        """Return people with that action who are in no chunk, by ascending id above `after`.

        `batch` as in `rows`; None: all of them.
        """

    def rows(self, action: str, after: int, limit: int, batch: int = 0) -> list[tuple[int, bytes]]:
        """Return (id, row) of people with that action who are in no chunk, by ascending id above `after`.

        `batch`: only those of that part of what was refused as a whole; 0: only those of none.
        """

    def newest_batch(self, actions: Sequence[str], *, oldest: bool = False) -> tuple[int, str] | None:
        """Return number and action of the last (or first) part made by `split` with people still unsent."""

    def open_chunk(self, chunk: Chunk, batch: int = 0) -> None:
        """Store a chunk and put the people it means into it, of those in that part (0: in none)."""

    def split(self, chunk: Chunk, keep: Collection[int] = ()) -> int:
        """Let the people of a chunk be sent again in two parts, which stay apart; return how many they are.

        The parts are numbered so that the first of them is the newest. Customers in `keep` stay in the chunk,
        which is then done; with nobody left in it, it is forgotten.
        """

    def save_chunk(self, chunk: Chunk) -> None:
        """Store how far a chunk is."""

    def drop_chunk(self, number: int) -> None:
        """Forget a chunk: its people are to be planned anew."""

    def chunks(self) -> list[Chunk]:
        """Return the chunks by number."""

    def clear_seen(self) -> None:
        """Forget who was seen on the list."""

    def add_seen(self, keys: Iterable[str]) -> None:
        """Note compared emails seen on the list as active."""

    def index_seen(self) -> None:
        """Make look-ups of those seen quick, once all of them are there."""

    def seen(self, keys: Sequence[str]) -> set[str]:
        """Return those of the given compared emails that were seen."""

    def settle(self, chunk: Chunk, run_id: int, link: Link, outcome: Outcome, reason: str) -> int:
        """Close those planned as new contacts who were seen; return how many.

        Each gets an entry, and a link made after the pattern of `link` with the own id, email, update date
        and fingerprint.
        """

    def unsettled(self, chunk: Chunk, after: int, limit: int, *, new_contacts: bool) -> list[Planned]:
        """Return a chunk's people above `after`; `new_contacts` False leaves out those `settle` closed."""

    def place_in_chunk(self, chunk: Chunk, customer_id: int) -> int:
        """Return how many people of the chunk come before this one: the import's line, counted from 0."""
