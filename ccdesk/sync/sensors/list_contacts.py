"""Contacts as they stand now, for taking people off the list: a call each, or one scan of the list."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from ccdesk.core.limits import MAIL_OVERLAP
from ccdesk.core.models import Contact, Link, Permission
from ccdesk.sync.context import RunContext
from ccdesk.sync.sensors.identity import resolve_identity

_FEW_LOOKUPS = 40  # above this, one scan of the list is cheaper than a look-up each


class ListContacts:
    """Finds contacts by link or id: a call each where they are few, else from one scan of the list.

    `links`: the people looked for; `former_ids`: the contacts asked for by their id.
    """

    def __init__(self, ctx: RunContext, links: Collection[Link], former_ids: Collection[str]) -> None:
        self._ctx = ctx
        self._scanned = len(links) + len(former_ids) > _FEW_LOOKUPS
        self._by_id: dict[str, Contact] = {}
        self._may_be_anybodys = False  # a contact of which it cannot be read whose it is
        if self._scanned:
            self._scan({*former_ids, *(one.contact_id for one in links if one.being_taken_off)})

    def _scan(self, by_id: Collection[str]) -> None:
        ctx = self._ctx
        ctx.store.staging.clear_contacts()
        for page in ctx.mail.contacts(list_id=ctx.settings.list_id):
            ctx.check_cancel()
            known, apart = resolve_identity(ctx, page)
            ctx.store.staging.add_contacts(known)
            self._by_id.update((one.id, one) for one in known if one.id in by_id)
            self._may_be_anybodys = self._may_be_anybodys or bool(apart)

    def of(self, link: Link) -> list[Contact]:
        """Return the contacts that may stand for a person on the list.

        Raises:
            CcdeskError: they had to be asked for, and could not be read.

        """
        if not self._scanned:
            return self._read(link)
        found = self._ctx.store.staging.contacts([link.email_key]).get(link.email_key)
        if found is not None and found.permission is Permission.UNKNOWN:
            return self._read(link)  # what it shows of the list cannot be relied on
        if found is not None and link.contact_id in ("", found.id):
            return [found]
        known = (link.on_list or link.may_be_there) and link.contact_id
        if (known and not self._is_taken_off(link)) or (self._may_be_anybodys and found is None):
            return self._read(link)
        return [found] if found is not None else []

    def _is_taken_off(self, link: Link) -> bool:
        """Say whether a removal that was cut off has taken the contact off the list, as the scan shows."""
        return (
            link.being_taken_off and link.contact_id not in self._by_id and not self._is_late(link.written_at)
        )

    def _is_late(self, added_at: datetime | None) -> bool:
        """Say whether a list may not show yet who was put on it then (constant-contact.md §10)."""
        return added_at is not None and added_at > self._ctx.mail_now() - MAIL_OVERLAP

    def former(self, contact_id: str, added_at: datetime) -> Contact | None:
        """Return a contact by its id; None if there is none, or a scan has not shown it on the list.

        One put there a short while ago, at `added_at`, is asked for.

        Raises:
            CcdeskError: it had to be asked for, and could not be read.

        """
        found = self._by_id.get(contact_id)
        if found is None and (not self._scanned or self._may_be_anybodys or self._is_late(added_at)):
            return self._ctx.mail.get(contact_id)
        return found

    def _read(self, link: Link) -> list[Contact]:
        """Return the contact we know, and who has the email if that one moved on."""
        mail = self._ctx.mail
        known = mail.get(link.contact_id) if link.contact_id else None
        here = known is not None and not known.deleted_at and known.email_key == link.email_key
        by_email = None if here or "@" not in link.email else mail.find(link.email)
        found = {one.id: one for one in (known, by_email) if one is not None}
        return [one for one in found.values() if not one.deleted_at]
