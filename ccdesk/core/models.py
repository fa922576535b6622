"""The domain in frozen dataclasses (design §2): customers, contacts, and how each is read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from ccdesk.core.emails import email_key as email_key  # one name for everybody
from ccdesk.core.intents import Act


class Permission(StrEnum):
    """Constant Contact's `permission_to_send` (constant-contact.md §9); anything new reads as UNKNOWN."""

    EXPLICIT = "explicit"
    IMPLICIT = "implicit"
    PENDING = "pending_confirmation"
    NOT_SET = "not_set"
    TEMP_HOLD = "temp_hold"
    UNSUBSCRIBED = "unsubscribed"
    UNKNOWN = "unknown"


class Standing(StrEnum):
    """What a contact's state means for consent (design R1, R4; §3a R2)."""

    IN = "in"
    OUT = "out"  # unsubscribed, deleted or not
    WAITING = "waiting"  # pending, on hold, not set, unknown: neither an opt-in nor an opt-out
    DELETED = "deleted"


@dataclass(frozen=True, slots=True)
class Address:
    """A postal address as Constant Contact takes it; an empty string means the part is not known."""

    street: str = ""
    city: str = ""
    state: str = ""
    postal_code: str = ""
    country: str = ""


@dataclass(frozen=True, slots=True)
class Customer:
    """A Kibo customer account as read (kibo.md §6). `email` is as stored there, `""` if null.

    One that is not `readable` has values that cannot be meant: nothing is decided by it.
    """

    id: int
    email: str
    accepts_marketing: bool
    is_active: bool = True
    is_anonymous: bool = False
    first_name: str = ""
    last_name: str = ""
    company: str = ""
    address: Address = Address()
    created_at: datetime | None = None
    updated_at: datetime | None = None
    readable: bool = True

    @property
    def email_key(self) -> str:
        """The email as people are compared by it (design R1)."""
        return email_key(self.email)

    def stands_as(self, before: Customer) -> bool:
        """Say whether nothing that consent is decided by differs from an earlier reading of the account."""
        return (
            self.updated_at == before.updated_at
            and self.email_key == before.email_key
            and self.accepts_marketing == before.accepts_marketing
            and self.is_active == before.is_active
            and self.is_anonymous == before.is_anonymous
            and self.readable == before.readable
        )


@dataclass(frozen=True, slots=True)
class Contact:
    """A Constant Contact contact as read (constant-contact.md §9). Sources are "Contact" or "Account".

    `address_read` False: the reading did not include addresses, so `address` says nothing of them.
    `opt_out_reason` is in the words of who unsubscribed; it is for people to read, and decides nothing.
    """

    id: str
    email: str
    permission: Permission
    deleted_at: str = ""  # a date without time; "" when not deleted
    opt_out_at: datetime | None = None
    opt_out_source: str = ""
    opt_in_at: datetime | None = None
    opt_in_source: str = ""
    update_source: str = ""
    created_at: datetime | None = None
    updated_at: datetime | None = None
    list_ids: frozenset[str] = frozenset()
    first_name: str = ""
    last_name: str = ""
    company: str = ""
    address: Address = Address()
    address_read: bool = True
    opt_out_reason: str = ""

    @property
    def email_key(self) -> str:
        """The email as people are compared by it (design R1)."""
        return email_key(self.email)

    @property
    def standing(self) -> Standing:
        """How this contact is read; membership is never consent.

        Unsubscribed comes first, deleted or not (docs/consent.md, row *unsubscribed*; design §3a R2): a
        deletion by staff takes back no opt-out. A deleted contact's opt-out date alone is none
        (constant-contact.md §9), so the permission decides.
        """
        if self.permission is Permission.UNSUBSCRIBED:
            return Standing.OUT
        if self.deleted_at:
            return Standing.DELETED
        if self.permission in (Permission.EXPLICIT, Permission.IMPLICIT):
            return Standing.IN
        return Standing.WAITING

    def is_mailed(self, list_id: str) -> bool:
        """Say whether what is sent to a list reaches this contact: on it, and in good standing."""
        return self.standing is Standing.IN and list_id in self.list_ids


@dataclass(frozen=True, slots=True)
class ContactFields:
    """Name, email and address to send for one person, already cut to the service's limits."""

    email: str
    first_name: str = ""
    last_name: str = ""
    company: str = ""
    address: Address = Address()


@dataclass(frozen=True, slots=True)
class ContactList:
    """A contact list; `member_count` is None where the service was not asked for it."""

    id: str
    name: str
    member_count: int | None = None


def is_account(customer_id: int) -> bool:
    """Say whether a link's id is that of an account.

    The link that keeps the opt-out of a person who was forgotten on request has a negative one, of no account
    (design §8, `forget`).
    """
    return customer_id >= 0


class Ownership(StrEnum):
    """Whether we created the contact (owned) or it came from elsewhere (foreign), design §2."""

    NONE = ""
    OWNED = "owned"
    FOREIGN = "foreign"


class LinkState(StrEnum):
    """Where one customer stands between the two services."""

    SYNCED = "synced"  # both sides agree, or nothing was ever due
    UNSUBSCRIBED = "opted_out_there"  # unsubscribed in Constant Contact
    LEFT_OUT = "left_out"  # not on the list at its first export, and may have left it: waits for an opt-in
    UNDONE = "undone"  # what a run did for them was taken back (design §8, `undo`): waits for a statement
    LEFT_LIST = "left_list"  # active there, but gone from the active list by an act that was not ours
    CONTACT_DELETED = "deleted_there"  # tombstone: stays until the person opts in anew in Kibo (R2)
    NEWCOMER = "newcomer"  # opted in, but came after an opt-out of the person: staff add or leave (§3a R1)
    NEWCOMER_LEFT = "newcomer_left"  # the same, and staff left them off the list
    HELD = "held"  # pending, on hold or not set: wait
    CONFIRMING = "confirming"  # asked to confirm a resubscribe (R3)
    ASKED_BEFORE = "asked_before"  # opted in again, but was asked once already: named (§3a R3)
    INVALID = "invalid"  # the email cannot be sent to Constant Contact
    CLOSED = "closed"  # the customer is gone from Kibo


OPTED_OUT_THERE = (LinkState.UNSUBSCRIBED, LinkState.CONFIRMING, LinkState.ASKED_BEFORE)
"""States of links whose contact is unsubscribed in Constant Contact."""


class WriteBack(StrEnum):
    """A change seen in Constant Contact that Kibo has not been given yet (kept so no opt-out is lost)."""

    NOTHING = ""
    OPT_OUT = "opt_out"
    OPT_IN = "opt_in"


@dataclass(frozen=True, slots=True)
class Link:
    """What we remember of one customer (design §2).

    `kibo_opted_in` is Kibo's flag as last acted on (None: never seen) and `kibo_updated_at` the account's
    update date at that time: the lower bound of any later opt-in, and the mark by which an echo is known.
    `agreed` is the consent both sides last agreed on. `written_hash` fingerprints the fields we last wrote
    and `read_hash` what Constant Contact then showed, so a second run can tell "nothing differs".
    `written_at`: when we last wrote the contact; of somebody who is out, until when what it shows is no proof
    of their coming back. `opt_out_at` is the opt-out already reckoned with; `out_since` when we first knew
    the person as out.
    `out_after`: the earliest moment at which the opt-out known here may have been made, on the mailing
    service's clock; only accounts seen before it can lift it. `added_at`: when staff answered *Add*.
    `in_after`: the earliest moment, on Kibo's clock, at which a flag seen set since we acted on the account
    may have been set; one that is older than `kibo_updated_at` is of an opt-in acted on before.
    `passed_by`: was opted in when last acted on, and is on no list through us, because an export of the
    active list did not reach the account (design R7). `seen_set`: was seen opted in while it counted for
    nothing, disabled or a guest's; clearing that flag is an opt-out all the same (design §3a R1).
    `active`, `guest`: what the account was when it was last read. One that is not active counts for nothing,
    and so does a guest's where guests are not exported (`sync.agreement`).
    `undated`: Constant Contact did not date the unsubscription, so `out_since` is when it was seen: it was no
    later than that.
    `note` is for people to read, and decides nothing.

    Two are not kept with the link but read from the journal (`core.intents`), and saving a link leaves the
    journal as it is. `begun`: the last command about a list for this account whose end is not known;
    `asked_at`: when the contact was asked for the one confirmation.
    """

    customer_id: int
    email: str = ""
    contact_id: str = ""
    ownership: Ownership = Ownership.NONE
    state: LinkState = LinkState.SYNCED
    agreed: bool | None = None
    kibo_opted_in: bool | None = None
    kibo_updated_at: datetime | None = None
    on_list: bool = False
    written_hash: str = ""
    read_hash: str = ""
    written_at: datetime | None = None
    opt_out_at: datetime | None = None
    out_since: datetime | None = None
    pending: WriteBack = WriteBack.NOTHING
    pending_reason: str = ""
    note: str = ""
    passed_by: bool = False
    out_after: datetime | None = None
    added_at: datetime | None = None
    in_after: datetime | None = None
    seen_set: bool = False
    active: bool = True
    guest: bool = False
    undated: bool = False
    begun: Act | None = None
    asked_at: datetime | None = None

    @property
    def email_key(self) -> str:
        """The email as people are compared by it (design R1)."""
        return email_key(self.email)

    @property
    def is_off(self) -> bool:
        """True where the flag is off, as far as it is known: not set either while it counted for nothing."""
        return self.kibo_opted_in is False and not self.seen_set

    @property
    def cleared_is_opt_out(self) -> bool:
        """True where a flag that is off now was cleared: it was set when last acted on, or when seen."""
        return self.kibo_opted_in is True or self.may_be_there or self.seen_set

    @property
    def being_added(self) -> bool:
        """True while it is not known whether a call has put the person on the list."""
        return self.begun is not None and self.begun.puts_on

    @property
    def being_taken_off(self) -> bool:
        """True while it is not known whether a call has taken the person off the list."""
        return self.begun is Act.REMOVE

    @property
    def may_be_there(self) -> bool:
        """True where the person may be on the list without our knowing: then their opt-out is acted on."""
        return self.begun is not None or self.passed_by
