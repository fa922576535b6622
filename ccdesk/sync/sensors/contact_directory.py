"""The contact directory of a run: contacts asked for one by one, or from one scan."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from ccdesk.core.models import OPTED_OUT_THERE, Contact, Customer, Link, Standing, email_key
from ccdesk.sync.context import RunContext
from ccdesk.sync.inherited_opt_out import former_contact, may_have_contact
from ccdesk.sync.moved_contacts import Found, found_elsewhere
from ccdesk.sync.sensors.identity import resolve_identity

_FEW_LOOKUPS = 40  # above this, one scan of all contacts is cheaper than a look-up each


class ContactDirectory:
    """Finds contacts by email: a call each where they are few, else from one scan of all contacts."""

    def __init__(self, ctx: RunContext, people: int) -> None:
        self._ctx = ctx
        self._scanned = people > _FEW_LOOKUPS
        self._outdated: set[str] = set()
        self._may_be_anybodys = False  # a contact of which it cannot be read whose it is
        if self._scanned:
            self._scan()

    def _scan(self) -> None:
        ctx = self._ctx
        ctx.store.staging.clear()
        for page in ctx.mail.contacts(with_fields=True):
            ctx.check_cancel()
            known, apart = resolve_identity(ctx, page)
            ctx.store.staging.add_contacts(known)
            self._may_be_anybodys = self._may_be_anybodys or bool(apart)

    def find(self, email: str) -> Contact | None:
        """Return the contact with that email, whatever its status."""
        key = email_key(email)
        if not self._scanned or key in self._outdated:
            return self._ctx.mail.find(email)
        found = self._ctx.store.staging.contacts([key]).get(key)
        return self._ctx.mail.find(email) if found is None and self._may_be_anybodys else found

    def former(self, link: Link) -> Contact | None:
        """Return the contact of the email that a customer has given up, as the link knows it.

        One that has taken another email itself is not among those scanned under this one: it is asked for. A
        link that has not learned the contact's id, as after a large export, means the one with the email.
        """
        if self._scanned and link.contact_id and link.email_key not in self._outdated:
            found = self._ctx.store.staging.contacts([link.email_key]).get(link.email_key)
            if found is not None and found.id == link.contact_id:
                return found
        if self._scanned and not link.contact_id and may_have_contact(link):
            return self.find(link.email)
        return former_contact(self._ctx, link)

    def of(self, customer: Customer, link: Link | None, others: Sequence[Link]) -> Found:
        """Return the contact of an account's person: by its email, or else the one that their links remember.

        One of whom it is known that they unsubscribed is asked for by its id once a confirmation is to be
        sent (`unsubscribed`).
        """
        contact = self.find(customer.email)
        if contact is not None:
            return Found(contact, contact, link)
        mine = [*([link] if link is not None else []), *others]
        numbers = (one.contact_id for one in mine if one.state not in OPTED_OUT_THERE)
        read = (self._ctx.mail.get(number) for number in dict.fromkeys(numbers) if number)
        remembered = next((one for one in read if one is not None), None)
        return found_elsewhere(self._ctx.store.links, remembered, link, others, self._ctx.settings.list_id)

    def unsubscribed(self, links: Iterable[Link]) -> Contact | None:
        """Return the contact of an opt-out that links remember; it may have taken another email since."""
        for contact_id in dict.fromkeys(link.contact_id for link in links if link.contact_id):
            contact = self._ctx.mail.get(contact_id)
            if contact is not None and contact.standing is Standing.OUT:
                return contact
        return None

    def outdate(self, keys: Collection[str]) -> None:
        """Ask anew about these people: the scan is from before they were put on the list."""
        self._outdated.update(keys)
