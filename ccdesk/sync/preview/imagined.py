"""Contacts as they would be after what was not sent, laid over those that are read."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import count

from ccdesk.core.errors import ItemError
from ccdesk.core.models import Contact, Standing, email_key
from ccdesk.core.ports.store import Imagined

_PAGE = 500
_MADE = "preview-"  # how the ids begin of what would be made; the service's own are UUIDs
_REMEMBERED = 1_000  # contacts read one by one: what is done to them next needs no second reading


def is_made(an_id: str) -> bool:
    """Say whether an id is of something that would be made, so that the service knows nothing of it."""
    return an_id.startswith(_MADE)


class ImaginedContacts:
    """What a preview has imagined of contacts, and whom it has read one by one. No service is called here.

    `lock`: held by its user from looking at a contact until what becomes of it is kept.
    """

    def __init__(self, imagined: Imagined) -> None:
        self.lock = threading.RLock()  # an export sends by several threads
        self._imagined = imagined
        self._number = count(1)
        self._recent: OrderedDict[str, Contact | None] = OrderedDict()  # by id and by email
        self._any = False  # something was imagined

    def new_id(self) -> str:
        """Return an id for something that would be made."""
        return f"{_MADE}{next(self._number):09}"

    def keep(self, contacts: Iterable[Contact]) -> None:
        """Keep contacts as they would be; one kept before is replaced."""
        self._any = True
        self._imagined.keep(contacts)

    # ------------------------------------------------------------ as they would be

    def by_id(self, contact_id: str) -> Contact | None:
        """Return the contact with that id, if anything was imagined of it."""
        return self._imagined.by_id([contact_id]).get(contact_id)

    def by_email(self, email: str) -> Contact | None:
        """Return the contact with that email, if anything was imagined of it."""
        key = email_key(email)
        return self._imagined.by_email([key]).get(key) if self._any else None

    def pages(self) -> Iterator[list[Contact]]:
        """Yield everybody of whom anything was imagined, by ascending id."""
        after = ""
        while self._any and (some := self._imagined.page(after, _PAGE)):
            after = some[-1].id
            yield some

    def laid_over(
        self,
        read: Iterable[Sequence[Contact]],
        list_id: str,
        updated_after: datetime | None,
        *,
        with_unread: bool,
    ) -> Iterator[list[Contact]]:
        """Yield the pages that are read as they would be: without those who would not be on the list.

        `with_unread`: then those who are in no page, but would be on the list and updated since.
        """
        shown: set[str] = set()
        for page in read:
            kept = self._of(page)
            shown.update(kept)
            found = [_as_it_would_be(one, kept) for one in page]
            if there := [one for one in found if one.id not in kept or _is_on(one, list_id)]:
                yield there
        for some in self.pages() if with_unread else ():
            unread = [
                one for one in some if one.id not in shown and _is_asked_for(one, list_id, updated_after)
            ]
            if unread:
                yield unread

    # ------------------------------------------------------------ as they are known

    def remember(self, contact: Contact | None, email: str = "") -> Contact | None:
        """Return a contact just read as it would be; remember it, or that there is none with this email."""
        found = None if contact is None else _as_it_would_be(contact, self._of([contact]))
        with self.lock:
            if found is not None:
                self._recent[found.id] = found
            if key := email_key(email):
                self._recent[key] = found
            while len(self._recent) > _REMEMBERED:
                self._recent.popitem(last=False)
        return found

    def known_by_email(self, email: str, find: Callable[[str], Contact | None]) -> Contact | None:
        """Return the contact that a caller has looked at before, without a second look; else `find` it."""
        if (kept := self.by_email(email)) is not None:
            return kept
        key = email_key(email)
        return self._recent[key] if key in self._recent else find(email)

    def known_by_emails(self, keys: Sequence[str]) -> dict[str, Contact]:
        """Return by their compared emails those whom this run has scanned, as they would be."""
        return {**self._imagined.scanned_by_email(keys), **self._imagined.by_email(keys)}

    def known(self, contact_ids: Sequence[str], get: Callable[[str], Contact | None]) -> list[Contact]:
        """Return contacts by their ids as read in this run, or now by `get`; nobody who cannot be read.

        Of these nothing would be seen afterwards by a real run either.
        """
        scanned, kept = self._imagined.scanned(contact_ids), self._imagined.by_id(contact_ids)
        found: list[Contact] = []
        for contact_id in contact_ids:
            contact = kept.get(contact_id) or self._recent.get(contact_id) or scanned.get(contact_id)
            try:
                contact = contact or get(contact_id)
            except ItemError:
                continue
            if contact is not None:
                found.append(contact)
        return found

    def _of(self, page: Sequence[Contact]) -> dict[str, Contact]:
        return self._imagined.by_id([one.id for one in page]) if self._any else {}


def _as_it_would_be(contact: Contact, kept: Mapping[str, Contact]) -> Contact:
    """Put in what was imagined of a contact: of one who opted out, which stands, only the lists left."""
    imagined = kept.get(contact.id, contact)
    if contact.standing is not Standing.OUT:
        return imagined
    return replace(contact, list_ids=contact.list_ids & imagined.list_ids)


def _is_on(contact: Contact, list_id: str) -> bool:
    return not list_id or list_id in contact.list_ids


def _is_asked_for(contact: Contact, list_id: str, updated_after: datetime | None) -> bool:
    later = updated_after is None or contact.updated_at is None or contact.updated_at >= updated_after
    return later and _is_on(contact, list_id)
