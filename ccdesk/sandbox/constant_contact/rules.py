"""What an act does to a contact: the rules on consent, lists and mails (constant-contact.md §9–§17)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from ccdesk.sandbox.constant_contact.book import Book, in_form, new_id
from ccdesk.sandbox.constant_contact.model import (
    MAILABLE,
    MAX_LISTS_OF_CONTACT,
    Contact,
    Mail,
    MailKind,
    Refusal,
    Source,
    invalid,
    stamp,
)
from ccdesk.sandbox.constant_contact.switches import CcSwitches
from ccdesk.sandbox.wire.kernel import SandboxClock


class Rules:
    """The acts the API, the person and the staff share. Callers hold the account's lock."""

    def __init__(self, book: Book, switches: CcSwitches, clock: SandboxClock, outbox: list[Mail]) -> None:
        self.book, self.switches, self.outbox = book, switches, outbox
        self._clock = clock
        self._second: tuple[datetime | None, str] = (None, "")

    def now(self) -> str:
        """Return the present moment as a stamp; all who ask within a second get the same text."""
        second = self._clock.now().replace(microsecond=0)
        if second != self._second[0]:
            self._second = (second, stamp(second))
        return self._second[1]

    def create(
        self,
        address: str | None,
        source: Source,
        *,
        permission: str = "implicit",
        fields: Mapping[str, Any] | None = None,
        list_ids: Iterable[str] = (),
    ) -> Contact:
        """Add a new contact; by the person's own act it may first have to be confirmed (§12, §17)."""
        now = self.now()
        waiting = source == "Contact" and self.switches.confirmed_opt_in and address is not None
        contact = Contact(
            contact_id=new_id(),
            address=None if address is None else self.as_stored(address),
            permission="pending_confirmation" if waiting else permission,
            created_at=now,
            updated_at=now,
            email_created_at=now,
            email_updated_at=now,
            create_source=source,
            update_source=source,
            confirm_status="pending" if waiting else "off",
        )
        self._date_consent(contact, source, now)
        self.fill(contact, fields or {})
        self.book.add(contact)
        if waiting:
            self.mail("confirmation", contact)
        self.put_on(contact, list_ids, welcome=source == "Contact")
        return contact

    def _date_consent(self, contact: Contact, source: Source, now: str) -> None:
        if contact.permission in MAILABLE:
            contact.opt_in_source, contact.opt_in_date = source, now
        elif contact.permission == "unsubscribed":
            contact.opt_out_source, contact.opt_out_date = source, now

    def as_stored(self, address: str) -> str:
        """Return an email the way the service keeps it (§9: lower case is not promised)."""
        kept = in_form(address.strip(), self.switches.domain_form)
        return kept.lower() if self.switches.lowercase_email else kept

    def fill(self, contact: Contact, fields: Mapping[str, Any]) -> None:
        """Set core fields and sub-resources (but not lists) by their attribute names."""
        for name, value in fields.items():
            setattr(contact, name, value)

    def touch(self, contact: Contact, source: Source) -> None:
        """Note that the contact itself was updated just now, and by whom."""
        contact.updated_at, contact.update_source = self.now(), source

    def put_on(self, contact: Contact, list_ids: Iterable[str], *, welcome: bool = False) -> None:
        """Add a contact to lists: nobody who opted out, never more than 50 (§9), with the mails of §17."""
        if contact.permission == "unsubscribed" and self.switches.unsubscribe_empties_lists:
            return
        joined = _new_to(contact, list_ids)
        if not joined:
            return
        self.book.set_lists(contact, (*contact.lists, *joined))
        self._list_changed(contact)
        if contact.mailable and self.switches.list_join_automation:
            self.mail("list_join", contact)
        if welcome:
            self.welcome(contact)

    def take_off(self, contact: Contact, list_ids: Iterable[str]) -> None:
        """Remove a contact from lists; being on none of them is no error (§15), and consent stays (§9)."""
        gone = set(list_ids)
        kept = tuple(one for one in contact.lists if one not in gone)
        if kept != contact.lists:
            self.book.set_lists(contact, kept)
            self._list_changed(contact)

    def replace_lists(self, contact: Contact, list_ids: Iterable[str]) -> None:
        """Make these the contact's lists, as a sent `list_memberships` does (§11)."""
        wanted = tuple(dict.fromkeys(list_ids))
        self.take_off(contact, [one for one in contact.lists if one not in wanted])
        self.put_on(contact, wanted)

    def _list_changed(self, contact: Contact) -> None:
        if self.switches.list_change_moves_updated_at:
            contact.updated_at = self.now()

    def opt_out(self, contact: Contact, source: Source, reason: str | None = None) -> None:
        """Unsubscribe: moves only the address's date and the opt-out date, not the contact's (§10)."""
        now = self.now()
        contact.permission, contact.email_updated_at = "unsubscribed", now
        contact.opt_out_source, contact.opt_out_date = source, now
        contact.opt_out_reason, contact.opt_out_mailing = reason or None, None
        if self.switches.unsubscribe_empties_lists:
            self.book.set_lists(contact, ())

    def opt_in(self, contact: Contact, permission: str, source: Source) -> None:
        """Give a mailable permission; what told of an opt-out goes (§9: shown only while opted out)."""
        if contact.permission == permission:
            return
        now = self.now()
        contact.permission, contact.email_updated_at = permission, now
        contact.opt_in_source, contact.opt_in_date = source, now
        contact.opt_out_source = contact.opt_out_date = contact.opt_out_reason = None
        contact.opt_out_mailing = None

    def set_permission(self, contact: Contact, permission: str, source: Source) -> None:
        """Move a contact to any permission, with the dates that go with it."""
        if permission == contact.permission:
            return
        if permission in MAILABLE:
            self.opt_in(contact, permission, source)
        elif permission == "unsubscribed":
            self.opt_out(contact, source)
        else:
            contact.permission, contact.email_updated_at = permission, self.now()

    def delete(self, contact: Contact) -> None:
        """Delete: memberships go, the permission stays, and it is not an unsubscribe (§11).

        The contract lets the address of a deleted contact carry an opt-out all the same (§9).
        """
        if contact.deleted_at is not None:
            return
        self.book.set_lists(contact, ())
        self.touch(contact, "Account")
        contact.deleted_at = contact.updated_at[:10]
        if contact.permission != "unsubscribed":
            contact.opt_out_source, contact.opt_out_date = "Account", contact.updated_at

    def revive(self, contact: Contact) -> None:
        """Undo a deletion: old fields come back, old lists do not; an opt-out stays (§9, §14)."""
        if contact.deleted_at is None:
            return
        contact.deleted_at = None
        if contact.permission != "unsubscribed":
            contact.opt_out_source = contact.opt_out_date = contact.opt_out_reason = None

    def sign_up(
        self, address: str, list_ids: Iterable[str], fields: Mapping[str, Any]
    ) -> tuple[Contact, bool]:
        """Sign a person up by their own act; returns the contact and whether it is new (§12).

        An existing contact becomes explicit whatever it was, an opt-out included.
        """
        contact = self.book.by_email(address)
        if contact is None:
            new = self.create(address, "Contact", permission="explicit", fields=fields, list_ids=list_ids)
            return new, True
        _new_to(contact, list_ids)  # refused before anything changes
        self.revive(contact)
        self.opt_in(contact, "explicit", "Contact")
        self.fill(contact, fields)
        self.touch(contact, "Contact")
        self.put_on(contact, list_ids, welcome=self.switches.sign_up_existing_sends_welcome)
        return contact, False

    def ask_to_return(self, contact: Contact, list_ids: Iterable[str]) -> None:
        """Send the one mail that asks an opted-out person to come back (§13); nothing else changes yet."""
        if contact.resubscribe_asked is not None:
            raise Refusal(
                self.switches.second_resubscribe_status,
                "A resubscribe email was already sent to this contact.",
                "conflict",
            )
        if contact.deleted_at is not None or contact.permission != "unsubscribed":
            raise Refusal(409, "The contact is not unsubscribed.")
        contact.resubscribe_asked = tuple(dict.fromkeys(list_ids))
        self.mail("resubscribe", contact)

    def come_back(self, contact: Contact) -> None:
        """Do what a click in the resubscribe mail does: consent by the person, on the lists asked for."""
        if not contact.resubscribe_asked:
            raise invalid("No resubscribe email waits for this contact.")
        lists, contact.resubscribe_asked = contact.resubscribe_asked, ()
        self.revive(contact)
        self.opt_in(contact, "explicit", "Contact")
        self.touch(contact, "Contact")
        self.put_on(contact, [one for one in lists if self.book.has_list(one)])

    def confirm(self, contact: Contact) -> None:
        """Do what a click in the confirmed opt-in mail does; the welcome mail follows it (§17)."""
        if contact.permission != "pending_confirmation":
            raise invalid("The contact waits for no confirmation.")
        self.opt_in(contact, "explicit", "Contact")
        contact.confirm_status = "confirmed"
        self.touch(contact, "Contact")
        if contact.lists:
            self.welcome(contact)

    def welcome(self, contact: Contact) -> None:
        """Send the welcome mail where it is switched on, once in a contact's life (§17)."""
        if self.switches.welcome_email_on and contact.mailable and not contact.welcomed:
            contact.welcomed = True
            self.mail("welcome", contact)

    def mail(self, kind: MailKind, contact: Contact) -> None:
        """Put a mail into the outbox; without an address there is none."""
        if contact.address is not None:
            self.outbox.append(Mail(kind, contact.address, self.now()))


def _new_to(contact: Contact, list_ids: Iterable[str]) -> list[str]:
    """Return the lists a contact is not on yet; refuse more than 50 in all (§9)."""
    joined = [one for one in dict.fromkeys(list_ids) if one not in contact.lists]
    if len(contact.lists) + len(joined) > MAX_LISTS_OF_CONTACT:
        raise invalid(f"list_memberships exceeds the maximum of {MAX_LISTS_OF_CONTACT} lists for a contact")
    return joined
