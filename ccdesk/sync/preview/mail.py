"""Constant Contact with the outbox shut: everything is read as it is, and nothing is sent there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import datetime, timedelta

from ccdesk.core.batches import batched
from ccdesk.core.clock import Clock
from ccdesk.core.errors import ItemRefused, NotFound
from ccdesk.core.models import Contact, ContactFields, ContactList, Standing, email_key
from ccdesk.core.ports.mail import Account, Activity, Mail
from ccdesk.core.ports.store import Imagined
from ccdesk.core.words import marked
from ccdesk.sync.preview.contacts import made, off_list, on_list, signed_up, updated
from ccdesk.sync.preview.imagined import ImaginedContacts, is_made

_PAGE = 500


class ShutMail:
    """`ports.Mail` whose writes are answered as Constant Contact would if all goes well.

    What they would have done shows in everything that is read afterwards (`imagined.py`), so that a run which
    reads back what it did goes on as the real one. Nothing of it is sent: of the client underneath only
    reads are called, each spelled out here. A method that `Mail` is given some day is missing until somebody
    has decided whether it reads.

    `welcome_emails`: so many calls would have made Constant Contact send its welcome email.
    """

    def __init__(self, mail: Mail, imagined: Imagined, clock: Clock) -> None:
        self._mail, self._clock = mail, clock
        self._contacts = ImaginedContacts(imagined)
        self._lists: list[ContactList] = []
        self._jobs: dict[str, Activity] = {}
        self._asked: set[str] = set()
        self._files: dict[str, str] = {}  # list by job
        self.welcome_emails = 0

    # ------------------------------------------------------------ writes

    def create_list(self, name: str) -> ContactList:
        """Return the list that would be created."""
        made_list = ContactList(self._contacts.new_id(), name, 0)
        self._lists.append(made_list)
        return made_list

    def create(self, fields: ContactFields, list_id: str, *, by_person: bool) -> Contact:
        """Return the contact that would be created.

        Raises:
            ItemRefused: with code "conflict" where this run would have created it before.

        """
        with self._contacts.lock:
            if self._contacts.by_email(fields.email) is not None:
                raise ItemRefused(marked("The contact exists already"), code="conflict")
            contact = made(self._contacts.new_id(), fields, list_id, self._now(), by_person=by_person)
            self._contacts.keep([contact])
            self.welcome_emails += by_person
        return contact

    def sign_up(self, fields: ContactFields, list_id: str, *, with_fields: bool) -> str:
        """Count a welcome email; return the id of the contact that would be signed up."""
        before = self._contacts.known_by_email(fields.email, self.find)
        with self._contacts.lock:
            if before is None:
                contact = made(self._contacts.new_id(), fields, list_id, self._now(), by_person=True)
            else:
                contact = signed_up(before, fields if with_fields else None, list_id, self._now())
            self._contacts.keep([contact])
            self.welcome_emails += 1
        return contact.id

    def revive(self, contact: Contact, fields: ContactFields, list_id: str, *, bare: bool = False) -> Contact:
        """Return the contact as it would be brought back, by what it shows now.

        Raises:
            NotFound: there is no such contact any more.

        """
        fresh = self.get(contact.id)
        if fresh is None:
            raise NotFound(marked("The contact is gone from Constant Contact"), code="not_found")
        if not fresh.deleted_at or fresh.standing is Standing.OUT:
            if fresh.standing is not Standing.IN or list_id in fresh.list_ids:
                return fresh
            fields = ContactFields(email=fresh.email)  # not deleted any more: the list and nothing else
        with self._contacts.lock:
            revived = updated(fresh, fields, list_id, self._now())
            self._contacts.keep([revived])
        return revived

    def rewrite(self, contact_id: str, fields: ContactFields, list_id: str) -> Contact:
        """Return the contact as it would be written.

        Raises:
            NotFound: there is no such contact any more.
            ItemRefused: it is not active any more (code "not_active").

        """
        fresh = self.get(contact_id)
        if fresh is None:
            raise NotFound(marked("The contact is gone from Constant Contact"), code="not_found")
        if fresh.standing is not Standing.IN:
            raise ItemRefused(
                marked("The contact is not active in Constant Contact any more"), code="not_active"
            )
        with self._contacts.lock:
            written = updated(fresh, fields, list_id, self._now())
            self._contacts.keep([written])
        return written

    def resubscribe(self, contact_id: str, list_id: str) -> bool:
        """Say whether the confirmation would be asked for; nothing else changes by it (§13).

        It is once, and of somebody who opted out only, whose contact is not deleted.
        """
        with self._contacts.lock:
            first = contact_id not in self._asked
            self._asked.add(contact_id)
            known = self._contacts.known([contact_id], self.get)
        return first and any(one.standing is Standing.OUT and not one.deleted_at for one in known)

    def start_import(self, rows: Sequence[bytes], list_id: str) -> Activity:
        """Return the job of an import, done."""
        with self._contacts.lock:
            for some in batched(rows, _PAGE):
                self._import([self._mail.read_row(row) for row in some], list_id)
            return self._done(len(rows) + 1)

    def _import(self, people: Sequence[ContactFields], list_id: str) -> None:
        now, keys = self._now(), [email_key(one.email) for one in people]
        known = self._contacts.known_by_emails(keys)
        self._contacts.keep(
            made(self._contacts.new_id(), one, list_id, now, by_person=False)
            if key not in known
            else updated(known[key], one, list_id, now)
            for key, one in zip(keys, people, strict=True)
        )

    def start_add(self, contact_ids: Sequence[str], list_id: str) -> Activity:
        """Return the job of putting contacts on a list, done."""
        with self._contacts.lock:
            self._contacts.keep(on_list(one, list_id) for one in self._contacts.known(contact_ids, self.get))
            return self._done(len(contact_ids))

    def start_remove(self, contact_ids: Sequence[str], list_id: str) -> Activity:
        """Return the job of taking contacts off a list, done."""
        with self._contacts.lock:
            self._contacts.keep(off_list(one, list_id) for one in self._contacts.known(contact_ids, self.get))
            return self._done(len(contact_ids))

    def start_members_file(self, list_id: str) -> Activity:
        """Return the job of a file that is not asked for: `members_file` knows what it is wanted for."""
        with self._contacts.lock:
            job = self._done(0)
            self._files[job.id] = list_id
        return job

    # ------------------------------------------------------------ reads, with what was not sent

    def lists(self) -> list[ContactList]:
        """Return every list of the account, and those that would be created."""
        return [*self._mail.lists(), *self._lists]

    def contacts(
        self,
        *,
        list_id: str = "",
        updated_after: datetime | None = None,
        opted_out_after: datetime | None = None,
        with_fields: bool = False,
    ) -> Iterator[list[Contact]]:
        """Yield pages of contacts as they would be."""
        read = (
            iter(())
            if is_made(list_id)
            else self._mail.contacts(
                list_id=list_id,
                updated_after=updated_after,
                opted_out_after=opted_out_after,
                with_fields=with_fields,
            )
        )
        opt_outs = opted_out_after is not None  # nothing that ccdesk sends opts anybody out there
        yield from self._contacts.laid_over(read, list_id, updated_after, with_unread=not opt_outs)

    def find(self, email: str) -> Contact | None:
        """Return the contact with that email as it would be."""
        kept = self._contacts.by_email(email)
        if kept is not None and is_made(kept.id):
            return kept
        return self._contacts.remember(self._mail.find(email), email)

    def get(self, contact_id: str) -> Contact | None:
        """Return one contact as it would be."""
        if is_made(contact_id):
            return self._contacts.by_id(contact_id)
        return self._contacts.remember(self._mail.get(contact_id))

    def activity(self, activity_id: str) -> Activity:
        """Return a job's state; one that was not begun is done."""
        return self._jobs.get(activity_id) or self._mail.activity(activity_id)

    def activities(self) -> Iterator[list[Activity]]:
        """Yield the jobs that were not begun, then pages of the account's."""
        if self._jobs:
            yield list(reversed(self._jobs.values()))
        yield from self._mail.activities()

    @contextmanager
    def members_file(self, job: Activity) -> Iterator[Iterator[list[str]]]:
        """Open what stands for a list's file: the emails of those only who would be put on it by this run.

        A file serves to see them, and who is not in it is looked up (`runs/export_check.py`). The service
        would have to write one for us, and a preview leaves no job behind.
        """
        list_id = self._files[job.id]
        yield ([one.email for one in some if one.is_mailed(list_id)] for some in self._contacts.pages())

    # ------------------------------------------------------------ reads, as they are

    @property
    def server_time(self) -> datetime | None:
        """The server's clock as of its last answer, if it told."""
        return self._mail.server_time

    @property
    def server_ahead(self) -> timedelta | None:
        """How far the server's clock is ahead of ours, as of its last answer."""
        return self._mail.server_ahead

    def for_opt_outs(self) -> AbstractContextManager[None]:
        """Leave the reserve alone: a preview carries no opt-out, and those it is kept for need it."""
        return nullcontext()

    def account(self) -> Account:
        """Return the account behind the login."""
        return self._mail.account()

    def missing_privileges(self) -> list[str]:
        """Return the names of privileges we need and the user lacks."""
        return self._mail.missing_privileges()

    def senders(self) -> list[str]:
        """Return the confirmed email addresses."""
        return self._mail.senders()

    def import_row(self, fields: ContactFields) -> bytes:
        """Return one person as written into an import."""
        return self._mail.import_row(fields)

    def read_row(self, row: bytes) -> ContactFields:
        """Return what `import_row` was given."""
        return self._mail.read_row(row)

    # ------------------------------------------------------------ what answers are made of

    def _now(self) -> datetime:
        return (self._mail.server_time or self._clock.now()).replace(microsecond=0)

    def _done(self, items: int) -> Activity:
        job = Activity(
            self._contacts.new_id(), "completed", counts={"items_total_count": items}, created_at=self._now()
        )
        self._jobs[job.id] = job
        return job
