"""The contacts and lists of one account, indexed so that hundreds of thousands of contacts stay quick."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from random import Random

import idna

from ccdesk.sandbox.constant_contact.model import Contact, ContactList

_random = Random()


def key_of(address: str) -> str:
    """Return what makes two addresses the same one: mostly the very text, which is then not kept twice."""
    key = address.strip().lower()
    if not key.isascii():
        key = in_form(key, "ascii")
    return address if key == address else key


def in_form(address: str, form: str) -> str:
    """Return an address with its domain in ASCII ("ascii"), in its own script ("unicode"), or as it is."""
    name, at, domain = address.rpartition("@")
    try:
        if form == "ascii" and not domain.isascii():
            domain = idna.encode(domain, uts46=True).decode("ascii")
        elif form == "unicode" and "xn--" in domain.lower():
            domain = idna.decode(domain)
    except (idna.IDNAError, UnicodeError):
        pass  # no name that could be registered: kept as it came
    return f"{name}{at}{domain}"


class Book:
    """Contacts by id, by email, by list and in the order they were added; it knows no rule."""

    def __init__(self) -> None:
        self.contacts: list[Contact] = []
        self.lists: dict[str, ContactList] = {}
        self._by_id: dict[str, Contact] = {}
        self._by_email: dict[str, Contact] = {}
        self._members: dict[str, dict[str, Contact]] = {}
        self._shuffled: list[Contact] = []
        self._memberships: dict[tuple[str, ...], tuple[str, ...]] = {}

    def add(self, contact: Contact) -> None:
        """Store a new contact and index its email and lists."""
        self.contacts.append(contact)
        self._by_id[contact.contact_id] = contact
        if contact.address is not None:
            self._by_email[key_of(contact.address)] = contact
        for list_id in contact.lists:
            self._members[list_id][contact.contact_id] = contact

    def by_id(self, contact_id: str) -> Contact | None:
        """Return the contact with this id."""
        return self._by_id.get(contact_id)

    def by_email(self, address: str) -> Contact | None:
        """Return the contact with this email, deleted and unsubscribed ones included."""
        return self._by_email.get(key_of(address))

    def find(self, email_or_id: str) -> Contact | None:
        """Return the contact with this id or email."""
        return self._by_id.get(email_or_id) or self.by_email(email_or_id)

    def change_address(self, contact: Contact, address: str | None) -> None:
        """Give a contact another email, or none."""
        if contact.address is not None:
            self._by_email.pop(key_of(contact.address), None)
        contact.address = address
        if address is not None:
            self._by_email[key_of(address)] = contact

    def set_lists(self, contact: Contact, list_ids: Iterable[str]) -> None:
        """Make these, in this order and each once, the lists of a contact."""
        wanted = tuple(dict.fromkeys(list_ids))
        for list_id in contact.lists:
            if list_id not in wanted:
                self._members[list_id].pop(contact.contact_id, None)
        for list_id in wanted:
            self._members[list_id][contact.contact_id] = contact
        contact.lists = self._memberships.setdefault(wanted, wanted)  # few combinations, a million contacts

    def add_list(self, entry: ContactList) -> None:
        """Store a new, empty list."""
        self.lists[entry.list_id] = entry
        self._members[entry.list_id] = {}

    def list_named(self, name: str, *, deleted: bool = False) -> ContactList | None:
        """Return the list of this name, compared without case; `deleted` looks at deleted ones too."""
        wanted = name.strip().lower()
        for entry in self.lists.values():
            if entry.name.strip().lower() == wanted and (deleted or entry.deleted_at is None):
                return entry
        return None

    def has_list(self, list_id: str) -> bool:
        """Say whether a list of this id exists and is not deleted."""
        entry = self.lists.get(list_id)
        return entry is not None and entry.deleted_at is None

    def members(self, list_id: str) -> list[Contact]:
        """Return who is on a list, in the order they joined."""
        return list(self._members.get(list_id, {}).values())

    def count(self, list_id: str, which: str) -> int:
        """Count the members of a list: `all`, or only the `active` (mailable) ones."""
        members = self._members.get(list_id, {})
        return len(members) if which == "all" else sum(one.mailable for one in members.values())

    def sequence(self, shuffle: bool) -> Sequence[Contact]:
        """Return all contacts in the order pages follow.

        Shuffled means by id, which is random: a contact added while somebody pages lands anywhere, also on
        a page already read, as the service promises no stable snapshot (constant-contact.md §6).
        """
        if not shuffle:
            return self.contacts
        if len(self._shuffled) != len(self.contacts):
            self._shuffled = sorted(self.contacts, key=lambda one: one.contact_id)
        return self._shuffled


def new_id() -> str:
    """Return a fresh random id in the form of RFC 9562, several times as fast as `uuid4`."""
    text = f"{_random.getrandbits(128):032x}"
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-a{text[17:20]}-{text[20:]}"
