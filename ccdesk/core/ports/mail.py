"""Constant Contact as the engine needs it (docs/api/constant-contact.md).

Generators hand out one page (a list) at a time, and nothing that grows with the shop is held in memory.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from ccdesk.core.models import Contact, ContactFields, ContactList


@dataclass(frozen=True, slots=True)
class Account:
    """The Constant Contact account; `key` (`encoded_account_id`) is stable, `user` is who logged in."""

    key: str
    organization: str
    user: str = ""
    contact_email: str = ""


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


class Mail(Protocol):
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
        """Return the account behind the login."""

    def missing_privileges(self) -> list[str]:
        """Return the names of privileges we need and the user lacks."""

    def senders(self) -> list[str]:
        """Return the confirmed email addresses."""

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

        Contacts without an email are left out. A filter the service ignores only makes more pages.
        """

    def find(self, email: str) -> Contact | None:
        """Return the contact with that email whatever its status, with memberships and addresses."""

    def get(self, contact_id: str) -> Contact | None:
        """Return one contact with memberships and addresses, None if unknown."""

    def create(self, fields: ContactFields, list_id: str, *, by_person: bool) -> Contact:
        """Create a contact on the list; `by_person` says that the person acted (may send welcome mail)."""

    def sign_up(self, fields: ContactFields, list_id: str, *, with_fields: bool) -> str:
        """Put a person on the list by the sign-up call (welcome mail); return the contact id.

        Overrides an opt-out: the caller has looked first. `with_fields` False sends the email alone.
        """

    def revive(self, contact: Contact, fields: ContactFields, list_id: str, *, bare: bool = False) -> Contact:
        """Bring a deleted contact back onto the list without mail (PUT, source Account).

        `bare`: without its core fields, which the service then clears.
        """

    def rewrite(self, contact_id: str, fields: ContactFields, list_id: str) -> Contact:
        """Bring an active contact of ours up to date and onto the list by PUT (email too long to import)."""

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
        """Open the file of a finished job: batches of emails as they stand there.

        Raises:
            Unreachable: there is none, it is cut short, or it has no column of emails.

        """
