"""What the engine and the services need of the outside world, as Protocols; `container.py` fills them in.

Generators hand out one page (a list) at a time, and nothing that grows with the shop is held in memory.
No store method keeps a transaction open after it returns, except inside `Store.transaction()`, which is
never held across a request.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from ccdesk.core.disagreements import Disagreements
from ccdesk.core.drift import Drifts
from ccdesk.core.exporting import Exports
from ccdesk.core.intents import Intents
from ccdesk.core.losses import Losses
from ccdesk.core.models import Contact, ContactFields, ContactList, Customer, Link, Owed
from ccdesk.core.runs import Entry, Outcome, QueuedEvent, Run, RunKind, RunStatus, Trigger

# ---------------------------------------------------------------- services


@dataclass(frozen=True, slots=True)
class Tenant:
    """The Kibo tenant: `host` is the address of its tenant pod, `site_ids` its sites."""

    id: str
    name: str
    host: str
    site_ids: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class ConnectionTest:
    """What a test of the Kibo connection tried, one after the other, and found; what fails is raised.

    `customers`: how many can be read, None where Kibo does not count them. A `tenant` without a name: the
    home does not let the application read it, and the address was given by hand.
    """

    tenant: Tenant
    customers: int | None

    @property
    def summary(self) -> str:
        """What was tried, as one line: “signed in · Mystic Outdoors · 480 customers readable”."""
        number = "" if self.customers is None else f"{self.customers:,} "
        noun = "customer" if self.customers == 1 else "customers"
        name = self.tenant.name or f"tenant {self.tenant.id}, whose name may not be read"
        return f"signed in · {name} · {number}{noun} readable"


@dataclass(frozen=True, slots=True)
class Account:
    """The Constant Contact account; `key` (`encoded_account_id`) is stable, `user` is who logged in."""

    key: str
    organization: str
    user: str = ""
    contact_email: str = ""


@dataclass(frozen=True, slots=True)
class HintedEvent:
    """One of Kibo's own events, already freed of per-site copies (kibo.md §9)."""

    event_id: str
    topic: str
    customer_id: int
    created_at: datetime


@dataclass(frozen=True, slots=True)
class KiboWrite:
    """Result of writing the opt-in: the account as Kibo replied, and whether it was written.

    `changed`: it was not as expected, so nothing was written; `customer` is how it is now.
    """

    customer: Customer
    written: bool
    changed: bool = False


class Customers(Protocol):
    """Kibo's side (kibo.md). Every method raises the errors of `core.errors`."""

    @property
    def server_time(self) -> datetime | None:
        """The server's clock as of its last answer, if it told."""

    @property
    def server_ahead(self) -> timedelta | None:
        """How far the server's clock is ahead of ours, as of its last answer."""

    def tenant(self) -> Tenant:
        """Return the tenant, resolved through the home pod."""

    def test(self) -> ConnectionTest:
        """Sign in, find the tenant and read one page of customers: what any run needs of Kibo."""

    def opted_in(self, after: int = 0) -> Iterator[list[Customer]]:
        """Yield pages of customers whose flag is set, by ascending id above `after` where Kibo can do that.

        Where it cannot, everybody is read again.
        """

    @property
    def left_to_read(self) -> int | None:
        """How many `opted_in` or `everyone` is still to yield, as its last page told; None if it did not."""

    def everyone(self) -> Iterator[list[Customer]]:
        """Yield pages of all customers by ascending id."""

    def changed_since(self, since: datetime) -> Iterator[list[Customer]]:
        """Yield pages of customers updated at or after `since`, each page complete; repeats are possible."""

    @property
    def finds_changes(self) -> bool:
        """False if `changed_since` has to read everybody, for Kibo does not find customers by date."""

    def newest_update(self) -> datetime | None:
        """Return the greatest update date of any customer, None for an empty shop."""

    def get(self, customer_id: int) -> Customer:
        """Return one customer; NotFound if there is none."""

    def many(self, customer_ids: Collection[int]) -> Iterator[list[Customer]]:
        """Yield pages of customers with these ids: a call for about 200 where they lie close together.

        Who does not come is not proven to be gone: ask for them.
        """

    def by_email(self, email: str) -> list[Customer]:
        """Return every account with that e-mail, compared as design R1 says."""

    def set_opt_in(
        self, customer_id: int, value: bool, *, only_as: str = "", expected: Customer | None = None
    ) -> KiboWrite:
        """Read the whole account, change only `acceptsMarketing`, write it back, check the reply.

        `only_as`: nothing is written to an account that has another e-mail than this by now.
        `expected`: the reading by which the write was decided. Nothing is written to an account that has
        changed since (`Customer.stands_as`): the result is `changed`.
        """

    def opt_in_set_at(self, customer_id: int) -> datetime | None:
        """Return when the flag was last switched on according to the audit log, None if it does not tell."""

    def events_since(self, since: datetime | None) -> list[HintedEvent]:
        """Return customer events Kibo still offers; empty where it offers none (a hint, never the truth)."""

    def app_enabled(self) -> bool | None:
        """Return the application's status in Kibo; None when it cannot be read."""

    def welcome_mail_on(self) -> bool | None:
        """Say whether Kibo's own Welcome mail appears to be on for any site; None when it cannot be read."""


@dataclass(frozen=True, slots=True)
class Activity:
    """A bulk job at Constant Contact (constant-contact.md §15)."""

    id: str
    state: str
    errors: tuple[str, ...] = ()
    counts: dict[str, int] = field(default_factory=dict)
    created_at: datetime | None = None
    results: str = ""  # the address of an export's file

    @property
    def finished(self) -> bool:
        """True once the job will not change any more."""
        return self.state in ("completed", "cancelled", "failed", "timed_out", "time_out")

    @property
    def succeeded(self) -> bool:
        """True if the job ran to its end (which does not mean that every row landed)."""
        return self.state == "completed"


class Mailing(Protocol):
    """Constant Contact's side (constant-contact.md). Every method raises the errors of `core.errors`."""

    @property
    def server_time(self) -> datetime | None:
        """The server's clock as of its last answer, if it told."""

    @property
    def server_ahead(self) -> timedelta | None:
        """How far the server's clock is ahead of ours, as of its last answer."""

    def for_opt_outs(self) -> AbstractContextManager[None]:
        """Allow the calls inside to use the daily calls kept in reserve for opt-outs (design §4)."""

    def account(self) -> Account:
        """Return the account behind the log-in."""

    def missing_privileges(self) -> list[str]:
        """Return the names of privileges we need and the user lacks."""

    def senders(self) -> list[str]:
        """Return the confirmed e-mail addresses."""

    def lists(self) -> list[ContactList]:
        """Return every list of the account."""

    def create_list(self, name: str) -> ContactList:
        """Create a list, or return the one that already has this name."""

    def contacts(
        self,
        *,
        list_id: str = "",
        updated_after: datetime | None = None,
        opted_out_after: datetime | None = None,
        with_fields: bool = False,
    ) -> Iterator[list[Contact]]:
        """Yield pages of contacts of every status, with memberships; `with_fields` adds addresses.

        Contacts without an e-mail are left out. A filter the service ignores only makes more pages.
        """

    def find(self, email: str) -> Contact | None:
        """Return the contact with that e-mail whatever its status, with memberships and addresses."""

    def get(self, contact_id: str) -> Contact | None:
        """Return one contact with memberships and addresses, None if unknown."""

    def create(self, fields: ContactFields, list_id: str, *, by_person: bool) -> Contact:
        """Create a contact on the list; `by_person` says that the person acted (may send welcome mail)."""

    def sign_up(self, fields: ContactFields, list_id: str, *, with_fields: bool) -> str:
        """Put a person on the list by the sign-up call (welcome mail); return the contact id.

        Overrides an opt-out: the caller has looked first. `with_fields` False sends the e-mail alone.
        """

    def revive(self, contact: Contact, fields: ContactFields, list_id: str, *, bare: bool = False) -> Contact:
        """Bring a deleted contact back onto the list without mail (PUT, source Account).

        `bare`: without its core fields, which the service then clears.
        """

    def rewrite(self, contact_id: str, fields: ContactFields, list_id: str) -> Contact:
        """Bring an active contact of ours up to date and onto the list by PUT (e-mail too long to import)."""

    def resubscribe(self, contact_id: str, list_id: str) -> bool:
        """Ask for the one resubscribe confirmation; False if it had been asked before."""

    def import_row(self, fields: ContactFields) -> bytes:
        """Return one person as written into an import."""

    def read_row(self, row: bytes) -> ContactFields:
        """Return what `import_row` was given."""

    def start_import(self, rows: Sequence[bytes], list_id: str) -> Activity:
        """Start a bulk import onto the list; the caller keeps to IMPORT_MAX_ROWS and IMPORT_MAX_BYTES."""

    def start_add(self, contact_ids: Sequence[str], list_id: str) -> Activity:
        """Start adding up to 500 contacts to the list, their fields untouched."""

    def start_remove(self, contact_ids: Sequence[str], list_id: str) -> Activity:
        """Start taking up to 500 contacts off the list, their other lists untouched."""

    def activity(self, activity_id: str) -> Activity:
        """Return a job's present state; NotFound once the service has forgotten it."""

    def activities(self) -> Iterator[list[Activity]]:
        """Yield pages of the account's jobs of the last days, whoever started them."""

    def start_members_file(self, list_id: str) -> Activity:
        """Have a file written of everybody on the list who may be mailed."""

    def members_file(self, job: Activity) -> AbstractContextManager[Iterator[list[str]]]:
        """Open the file of a finished job: batches of e-mails as they stand there.

        Raises:
            Unreachable: there is none, it is cut short, or it has no column of e-mails.

        """


# ---------------------------------------------------------------- store


@dataclass(frozen=True, slots=True)
class Waiting:
    """So many that wait, since when the first of them does, and who or what the first few are."""

    count: int = 0
    since: datetime | None = None
    people: tuple[str, ...] = ()  # e-mails, where they are known
    ids: tuple[str, ...] = ()  # of customers, or of queue entries


class Links(Protocol):
    """The links, one per customer id."""

    def get(self, customer_id: int) -> Link | None:
        """Return one link."""

    def many(self, customer_ids: Sequence[int]) -> dict[int, Link]:
        """Return those of the given customers that are known."""

    def by_email(self, key: str) -> list[Link]:
        """Return every link with this compared e-mail, by ascending customer id."""

    def by_contact(self, contact_id: str) -> list[Link]:
        """Return every link with this contact, by ascending customer id."""

    def by_emails(self, keys: Sequence[str]) -> dict[str, list[Link]]:
        """Return the links of many compared e-mails at once."""

    def save(self, links: Iterable[Link]) -> None:
        """Insert or replace links in one transaction."""

    def owed(self, after: int, limit: int) -> list[Link]:
        """Return links with `owed` set and customer id above `after`, ascending."""

    def owing(self, owed: Owed, *, until: datetime | None = None, shown: int = 0) -> Waiting:
        """Return how many Kibo is owed this, those since `until` or earlier only; `shown`: how many to name.

        An opt-out that is held, or that a person called a mistake, is not owed (design §3a R8).
        Since when something is owed is kept by `save`: it moves only when what is owed changes.
        """

    def newcomers(self, *, shown: int = 0) -> Waiting:
        """Return how many accounts wait for staff to add or leave them (design §3a R1), by customer id."""

    def note_seen(self, accounts: Iterable[tuple[int, str]], at: datetime) -> None:
        """Note accounts (id, compared e-mail) as known from `at` on; what is known already stays."""

    def note_former(self, customer_id: int, contact_id: str, list_id: str, added_at: datetime) -> None:
        """Note a contact that we put on a list for an account which has another e-mail now."""

    def former(self, customer_id: int, list_id: str) -> list[tuple[str, datetime]]:
        """Return the contacts noted of an account's former e-mails, and when each was put on this list."""

    def forget_former(self, customer_id: int, list_id: str) -> None:
        """Forget an account's former contacts on a list: they have been taken off it."""

    def known_since(self, customer_id: int, key: str) -> datetime | None:
        """Return when an account was first seen under this compared e-mail, None if never."""

    def page(self, after: int, limit: int) -> list[Link]:
        """Return links with customer id above `after`, ascending."""

    def off_scan(self, after: int, limit: int) -> list[Link]:
        """Return links with `on_list` who are not in the last scan of the list, ascending.

        A link that does not know its contact's id yet is looked for by e-mail.
        """

    def settled_off_list(self, after: int, limit: int) -> list[Link]:
        """Return links known as opted in and settled, but not as on the list, ascending above `after`."""

    def count(self, *, on_list: bool | None = None) -> int:
        """Count links, all or those that are (not) on the list."""

    def leave_list(self, former: str, active: str, at: datetime) -> list[int]:
        """Take leave of the list `on_list` means, and of what was begun up to `at`: `active` is now (R7).

        Who is on it is remembered for when it is chosen again. Who was on `active` is taken up again; returns
        the customers among them who are not opted in any more: they may be on it through us still.
        """


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

    def save(self, event: QueuedEvent) -> None:
        """Store an entry's new status."""

    def supersede(self, object_id: int, event_id: str, at: datetime) -> None:
        """Close the customer's parked entries older than this processed one: it settled the same matter."""

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

    def start(self, kind: RunKind, trigger: Trigger, at: datetime) -> Run:
        """Create a run that is RUNNING."""

    def finish(self, run: Run) -> None:
        """Store the run's final state and figures."""

    def continues(self, run_id: int, earlier: int) -> None:
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
        """Return scanned contacts by compared e-mail; one that is not deleted goes before one that is."""

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
    staging: Staging
    exports: Exports
    losses: Losses
    disagreements: Disagreements
    drifts: Drifts
    state: State
    calls: CallCounts
    lease: Lease
    settings: SettingsStore

    def back_up(self, label: str) -> object:
        """Copy the data file beside it; StoreError if that cannot be done. Not inside a transaction."""

    def expire_backups(self, before: datetime) -> None:
        """Remove copies of the data file made before that time."""

    def forget_gone(self, before: datetime) -> int:
        """Take out the e-mails of accounts gone from Kibo since before that time; return how many."""

    def forget_people(self) -> None:
        """Drop links, journal, queue, watermarks, working tables: they belong to another account or shop."""

    def transaction(self) -> AbstractContextManager[None]:
        """Make several writes one; never held across a request."""

    def close(self) -> None:
        """Close this thread's connection."""


class Vault(Protocol):
    """Where secrets live: the keyring, or a 0600 file chosen openly (design §6)."""

    def get(self, name: str) -> str:
        """Return a secret, `""` if there is none; VaultError if the vault cannot be used."""

    def set(self, name: str, value: str) -> None:
        """Store a secret of any length; VaultError if it cannot be kept."""

    def delete(self, name: str) -> None:
        """Forget a secret; no error if there is none."""


class TokenSource(Protocol):
    """Gives the bearer token for calls; one refresher at a time, rotated tokens saved before use."""

    def bearer(self) -> str:
        """Return a token believed valid; LoginNeeded if there is none."""

    def renew(self, stale: str) -> str:
        """Return a token other than `stale`, refreshing if nobody has done so yet; LoginNeeded if refused."""
