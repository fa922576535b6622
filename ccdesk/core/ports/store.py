"""What is remembered between runs and while one goes on (design §4).

No method keeps a transaction open after it returns, except inside `Store.transaction()`, which is never
held across a request. Nothing that grows with the shop is held in memory.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Protocol

from ccdesk.core.disagreements import Disagreements
from ccdesk.core.drift import Drifts, LeftAsIs
from ccdesk.core.exporting import Exports
from ccdesk.core.intents import Intents
from ccdesk.core.losses import Losses
from ccdesk.core.models import Contact, Link, WriteBack
from ccdesk.core.ports.ledger import Ledger
from ccdesk.core.ports.waiting import Waiting
from ccdesk.core.run_history import RunHistory
from ccdesk.core.runs import Entry, Outcome, QueuedEvent, Run, RunKind, RunStatus, Trigger
from ccdesk.core.statements import Statements
from ccdesk.core.why import People


class Links(Protocol):
    """The links, one per customer id."""

    def get(self, customer_id: int) -> Link | None:
        """Return one link."""

    def many(self, customer_ids: Sequence[int]) -> dict[int, Link]:
        """Return those of the given customers that are known."""

    def by_email(self, key: str) -> list[Link]:
        """Return every link with this compared email, by ascending customer id."""

    def by_contacts(self, contact_ids: Sequence[str]) -> dict[str, list[Link]]:
        """Return the links of many contacts, by ascending customer id; those without any are absent."""

    def by_emails(self, keys: Sequence[str]) -> dict[str, list[Link]]:
        """Return the links of many compared emails at once."""

    def save(self, links: Iterable[Link]) -> None:
        """Insert or replace links in one transaction."""

    def pending(self, after: int, limit: int) -> list[Link]:
        """Return links with `pending` set and customer id above `after`, ascending."""

    def pending_summary(
        self, pending: WriteBack, *, until: datetime | None = None, shown: int = 0
    ) -> Waiting:
        """Return how many such write-backs are pending, since `until` or earlier; `shown`: how many to name.

        An opt-out that is held, or that a person called a mistake, is not pending (design §3a R8). Since when
        something is pending is kept by `save`: it moves only when what is pending changes.
        """

    def newcomers(self, *, shown: int = 0) -> Waiting:
        """Return how many accounts wait for staff to add or leave them (design §3a R1), by customer id."""

    def note_seen(self, accounts: Iterable[tuple[int, str]], at: datetime) -> None:
        """Note accounts (id, compared email) as known from `at` on; what is known already stays."""

    def note_former(self, customer_id: int, contact_id: str, list_id: str, added_at: datetime) -> None:
        """Note a contact that we put on a list for an account which has another email now."""

    def former(self, customer_id: int, list_id: str) -> list[tuple[str, datetime]]:
        """Return the contacts noted of an account's former emails, and when each was put on this list."""

    def forget_former(self, customer_id: int, list_id: str) -> None:
        """Forget an account's former contacts on a list: they have been taken off it."""

    def known_since(self, customer_id: int, key: str) -> datetime | None:
        """Return when an account was first seen under this compared email, None if never."""

    def page(self, after: int, limit: int) -> list[Link]:
        """Return links with customer id above `after`, ascending."""

    def off_scan(self, after: int, limit: int) -> list[Link]:
        """Return links with `on_list` who are not in the last scan of the list, ascending.

        A link that does not know its contact's id yet is looked for by email.
        """

    def settled_off_list(self, after: int, limit: int) -> list[Link]:
        """Return links known as opted in and settled, but not as on the list, ascending above `after`."""

    def count(self, *, on_list: bool | None = None) -> int:
        """Count links, all or those that are (not) on the list with the customer's agreement."""

    def count_waiting(self) -> int:
        """Count those on the list with the customer's agreement about whom something waits to be done."""

    def leave_list(self, former: str, active: str, at: datetime) -> list[int]:
        """Take leave of the list `on_list` means, and of what was begun up to `at`: `active` is now (R7).

        Who is on it is remembered for when it is chosen again. Who was on `active` is taken up again; returns
        the customers among them who are not opted in any more: they may be on it through us still. Those
        whose opt-out Kibo has not been given yet stay remembered (`was_on`).
        """

    def was_on(self, customer_id: int, list_id: str) -> bool:
        """Say whether it is remembered that a customer was on a list, or being put on it, before another."""


class Queue(Protocol):
    """The durable queue of customer changes."""

    def add(self, event: QueuedEvent) -> bool:
        """Enqueue unless the customer already has an unprocessed entry or the id is known; True if added."""

    def due(
        self, now: datetime, after: tuple[datetime, str] | None, limit: int, *, early: bool = False
    ) -> list[QueuedEvent]:
        """Return entries to process (pending, or retry whose time has come), oldest first, after a key.

        `early`: those that wait for their next try as well; a person wants them tried now.
        """

    def known(self, event_ids: Sequence[str]) -> set[str]:
        """Return those of the given event ids that are or were in the queue."""

    def open_since(self, object_id: int) -> datetime | None:
        """Return the date of a customer's oldest entry that waits, None if none does.

        It waits to be processed, or for a person.
        """

    def save(self, event: QueuedEvent) -> None:
        """Store an entry's new status."""

    def supersede(self, object_id: int, event_id: str, at: datetime) -> None:
        """Close the customer's parked entries older than this processed one: it settled the same matter."""

    def to_retry(self) -> list[QueuedEvent]:
        """Return the entries that wait for a person or for their next try, oldest first."""

    def get(self, event_id: str) -> QueuedEvent | None:
        """Return one entry."""

    def page(self, *, include_processed: bool, offset: int, limit: int) -> list[QueuedEvent]:
        """Return entries for the Events tab: unprocessed oldest first, then processed newest first."""

    def count(self, *, include_processed: bool = False) -> int:
        """Count entries."""

    def parked_count(self) -> int:
        """Count entries that wait for a person."""

    def parked(self, *, shown: int = 0) -> Waiting:
        """Return the entries that wait for a person; `shown`: how many to name."""

    def refused(self, attempts: int, *, shown: int = 0) -> Waiting:
        """Return the entries that are still tried again after at least so many attempts."""


class Runs(Protocol):
    """Runs with their entries and errors."""

    def start(self, kind: RunKind, trigger: Trigger, at: datetime, *, undoes: int | None = None) -> Run:
        """Create a run that is RUNNING; `undoes`: the run that it takes back."""

    def note_list(self, run_id: int, list_id: str) -> None:
        """Note the active list of a run, as soon as it is known: an undo must know it, whatever happens."""

    def finish(self, run: Run) -> None:
        """Store the run's final state and figures."""

    def resumes(self, run_id: int, earlier: int) -> None:
        """Note that a run goes on from an earlier one, on both."""

    def tally(self, run_id: int, *, total: int, counts: dict[str, int], errors: int) -> None:
        """Store the figures so far, for those who watch."""

    def add_entries(self, run_id: int, entries: Iterable[Entry]) -> None:
        """Store what became of people."""

    def get(self, run_id: int) -> Run | None:
        """Return one run."""

    def page(self, *, kind: RunKind | None, offset: int, limit: int) -> list[Run]:
        """Return runs, newest first."""

    def count(self, *, kind: RunKind | None = None) -> int:
        """Count runs."""

    def entries(self, run_id: int, *, outcome: Outcome | None, offset: int, limit: int) -> list[Entry]:
        """Return a run's entries in the order they were made; `outcome` picks one kind."""

    def entry_count(self, run_id: int, *, outcome: Outcome | None = None) -> int:
        """Count a run's entries."""

    def told_of(self, run_id: int, customer_ids: Collection[int], outcomes: Collection[Outcome]) -> set[int]:
        """Return those of the given customers that a run has an entry of with one of these outcomes."""

    def entry_kinds(self, run_id: int) -> list[tuple[Outcome, str, int]]:
        """Return (outcome, reason, people) of a run, most frequent first."""

    def close_open(self, status: RunStatus, at: datetime, message: str) -> list[Run]:
        """Close every run still RUNNING (nobody holds the lease) and return them."""

    def last_finished(self, kind: RunKind, status: RunStatus) -> Run | None:
        """Return the newest run of that kind that ended so."""

    def prune(self, before: datetime) -> None:
        """Delete runs, entries and processed events finished before that time."""


class Staging(Protocol):
    """The working tables of one run at a time: planning goes through the store, so memory stays flat."""

    def clear(self) -> None:
        """Empty the working tables."""

    def add_contacts(self, contacts: Sequence[Contact]) -> None:
        """Keep contacts as scanned; a contact seen again replaces its former reading."""

    def clear_contacts(self) -> None:
        """Empty the scanned contacts only, before they are read anew."""

    def contacts(self, keys: Sequence[str]) -> dict[str, Contact]:
        """Return scanned contacts by compared email; one that is not deleted goes before one that is."""

    def see_customers(self, customer_ids: Sequence[int]) -> None:
        """Note customers seen in Kibo."""

    def seen_customers(self, customer_ids: Sequence[int]) -> set[int]:
        """Return those of the given customer ids that were seen."""

    def clear_scan(self) -> None:
        """Empty the scan of the list's members."""

    def add_scan(self, members: Sequence[Contact]) -> None:
        """Note members seen on the list."""


class State(Protocol):
    """Watermarks and other small things to remember between runs."""

    def get(self, name: str) -> str:
        """Return a value, `""` if there is none."""

    def set(self, name: str, value: str) -> None:
        """Store a value."""

    def get_time(self, name: str) -> datetime | None:
        """Return a moment, aware UTC."""

    def set_time(self, name: str, value: datetime | None) -> None:
        """Store a moment, or forget it."""


class CallCounts(Protocol):
    """Calls made, per service, UTC day and origin ("export", "events", "inbound", "window", …)."""

    def add(self, service: str, day: str, origin: str) -> None:
        """Count one call sent; `day` is the UTC date as YYYY-MM-DD."""

    def used(self, service: str, day: str) -> dict[str, int]:
        """Return calls per origin on that day."""


class Lease(Protocol):
    """The row that lets one run at a time work on a store (design §4)."""

    def acquire(self, what: str) -> None:
        """Take the lease or raise Busy, which names the holder. A dead holder's lease is taken over."""

    def renew(self) -> None:
        """Show that we are alive; Busy if the lease is no longer ours."""

    def beat(self) -> None:
        """Show that we are alive while the run itself waits; for another thread than the run's."""

    def release(self) -> None:
        """Give the lease back; harmless if not held."""

    def holder(self, *, others: bool = False) -> str:
        """Say who holds it in words, `""` if nobody alive does; `others` leaves out this very program."""


class Loops(Protocol):
    """Which program's loops are at work on this data, if one's are."""

    def note(self) -> None:
        """Note that this program's are, unless another one's are already; to be called every few minutes."""

    def end(self) -> None:
        """Note that this program's are no more."""

    def at_work(self) -> bool:
        """Say whether the loops of a program that lives are."""


class SettingsStore(Protocol):
    """Settings as text by key; validation is `core.settings`' matter."""

    def load(self) -> dict[str, str]:
        """Return all stored settings."""

    def save(self, values: dict[str, str]) -> None:
        """Store the given ones in one transaction; an empty value removes the key."""


class Store(Protocol):
    """All repositories over one database file."""

    links: Links
    intents: Intents
    queue: Queue
    runs: Runs
    run_history: RunHistory
    staging: Staging
    exports: Exports
    losses: Losses
    disagreements: Disagreements
    statements: Statements
    ledger: Ledger
    drifts: Drifts
    left_as_is: LeftAsIs
    people: People
    state: State
    calls: CallCounts
    lease: Lease
    loops: Loops
    settings: SettingsStore

    def dated_by(self, now: Callable[[], datetime]) -> AbstractContextManager[None]:
        """Date what is stated meanwhile by `now`, the mail service's clock, where nothing else dates it."""

    def back_up(self, label: str) -> object:
        """Copy the data file beside it; StoreError if that cannot be done. Not inside a transaction."""

    def scratch(self) -> ScratchStore:
        """Copy everything, for a run that is only tried out; StoreError if that cannot be done."""

    def expire_backups(self, before: datetime) -> None:
        """Remove copies of the data file made before that time."""

    def forget_gone(self, before: datetime) -> int:
        """Take out the emails of accounts gone from Kibo since before that time; return how many."""

    def keeps(self, key: str, customer_ids: Sequence[int]) -> bool:
        """Say whether anything is kept about these accounts, or names this compared email."""

    def forget_person(
        self, key: str, customer_ids: Sequence[int], *, out_since: datetime | None, kept: Iterable[Link] = ()
    ) -> set[str]:
        """Erase whatever is kept about these accounts and this compared email (design §8).

        `out_since`: since when they have been out, which is known by a keyed hash from now on; None if they
        are not. `kept`: links of theirs that stay for a while, with nothing that names them. Returns their
        emails as they were spelled, for what is kept elsewhere.
        """

    def compact(self) -> bool:
        """Leave no deleted row in any of the store's files; False if another program kept that from ending.

        Not inside a transaction.
        """

    def forget_people(self) -> None:
        """Drop links, journal, queue, watermarks, working tables: they belong to another account or shop."""

    def transaction(self) -> AbstractContextManager[None]:
        """Make several writes one; never held across a request."""

    def close(self) -> None:
        """Close this thread's connection."""


class Imagined(Protocol):
    """Contacts as they would be if what a preview did not send had been done; only a scratch store has them.

    Nothing that grows with the shop is held in memory.
    """

    def keep(self, contacts: Iterable[Contact]) -> None:
        """Keep contacts as they would be; one kept before is replaced."""

    def by_id(self, ids: Sequence[str]) -> dict[str, Contact]:
        """Return those of the given ids that are kept."""

    def by_email(self, keys: Sequence[str]) -> dict[str, Contact]:
        """Return those kept with the given compared emails."""

    def scanned(self, ids: Sequence[str]) -> dict[str, Contact]:
        """Return those of the given ids that the run has scanned (`Staging`), as they were."""

    def scanned_by_email(self, keys: Sequence[str]) -> dict[str, Contact]:
        """Return those of the given compared emails that the run has scanned."""

    def page(self, after: str, limit: int) -> list[Contact]:
        """Return kept contacts with ids above `after`, ascending."""


class ScratchStore(Store, Protocol):
    """A copy of a store, on which a run is only tried out (design §8).

    Its lease and its call counts are the original's; of everything else nothing comes back there. A copy that
    a killed program left behind is removed when the original is opened next.
    """

    imagined: Imagined

    def discard(self) -> None:
        """Close the copy and remove it; harmless if that was done before."""
