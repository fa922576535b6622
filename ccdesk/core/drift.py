"""What both sides show of a person, compared whole: the kinds of difference and who has them (design §8)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from ccdesk.core.clock import spoken_date
from ccdesk.core.losses import Held, LossKind
from ccdesk.core.models import Contact, Customer, Link
from ccdesk.core.runs import LOOPS, RunKind
from ccdesk.core.words import Text, marked


class DriftKind(StrEnum):
    """How the two sides differ about one person; `meaning` and `repairable` belong to each kind."""

    # mailed, though the shop does not say so
    PUT_BACK = "put_back"
    NOBODY_AGREES = "nobody_agrees"
    MISTAKE = "called_a_mistake"
    HELD = "held"
    OPT_OUT_DUE = "opt_out_due"
    SIGN_UP_DUE = "sign_up_due"
    NEVER_OPTED_IN = "never_opted_in"
    NO_ACCOUNT = "no_account"
    # not mailed, though the shop says so
    UNSUBSCRIBED = "unsubscribed"
    LEFT_LIST = "left_list"
    CONFIRMING = "waiting_for_confirmation"
    ASKED_BEFORE = "asked_before"
    DELETED = "deleted"
    WAITING = "waiting_in_constant_contact"
    LEFT_OUT = "left_out"
    UNDONE = "undone"
    NEWCOMER = "newcomer"
    INVALID_EMAIL = "invalid_email"
    REFUSED = "refused"
    NOT_ADDED = "not_added"
    CHANGE_DUE = "change_due"
    # it cannot be told
    UNREADABLE = "unreadable"
    # staff have looked at it, whatever it is
    LEFT_AS_IS = "left_as_is"

    @property
    def meaning(self) -> str:
        """What it means, and what becomes of it, for staff."""
        return _MEANINGS[self]

    @property
    def repairable(self) -> bool:
        """True where the ordinary rules, and so the next runs, put it right."""
        return bool(self.repaired_by)

    @property
    def repaired_by(self) -> tuple[RunKind, ...]:
        """The ordinary runs that put it right, in their order; none where somebody has to act.

        They do everything that is due, not this kind alone: a run has one way to decide.
        """
        return _REPAIRED_BY.get(self, ())

    @property
    def needs_staff(self) -> bool:
        """True where somebody has to look at it; otherwise a run puts it right, or it may stay as it is."""
        return self in _NEEDS_STAFF

    @property
    def can_be_left(self) -> bool:
        """True where staff may leave the sides as they are: no run repairs it, and no other answer is due."""
        return not self.repairable and self not in _NOT_LEFT


_MEANINGS = {
    DriftKind.PUT_BACK: marked(
        "Opted out, but put back on the list by somebody else, and mailed. Take them off the "
        "list in Constant Contact or, if they agreed again, set the opt-in in Kibo."
    ),
    DriftKind.NOBODY_AGREES: marked(
        "On the list, but no account agrees any more: it is disabled, gone, a guest's, "
        "has another email, or opted out under another one. Staff decide."
    ),
    DriftKind.MISTAKE: marked(
        "The opt-out was called a mistake by staff; nothing is done while the sides differ."
    ),
    DriftKind.HELD: marked(
        "The opt-out is held, for there were unusually many at once: it waits for an answer."
    ),
    DriftKind.OPT_OUT_DUE: marked("Opted out in Kibo and still on the list: the next run takes them off."),
    DriftKind.SIGN_UP_DUE: marked(
        "Signed up in Constant Contact after opting out: the next run opts them in."
    ),
    DriftKind.NEVER_OPTED_IN: marked(
        "On the list though the box was never ticked in Kibo: put there by staff, or "
        "by a sign-up from before ccdesk. They are left alone."
    ),
    DriftKind.NO_ACCOUNT: marked("On the list without an account in Kibo: they are left alone."),
    DriftKind.UNSUBSCRIBED: marked(
        "Opted in in Kibo but unsubscribed in Constant Contact: the next run opts them out in Kibo."
    ),
    DriftKind.LEFT_LIST: marked("Opted in in Kibo but left the list: the next run opts them out in Kibo."),
    DriftKind.CONFIRMING: marked(
        "Opted in again after unsubscribing: Constant Contact has asked them to confirm, unless the reason "
        "says otherwise."
    ),
    DriftKind.ASKED_BEFORE: marked(
        "Opted in again after unsubscribing, and was asked to confirm once before: "
        "nobody is asked twice. They can sign up themselves on a Constant Contact form."
    ),
    DriftKind.DELETED: marked(
        "Opted in in Kibo, deleted in Constant Contact: only a new opt-in brings them back."
    ),
    DriftKind.WAITING: marked(
        "Opted in in Kibo, but pending, on hold or without permission in Constant Contact: "
        "nothing is done until that changes there."
    ),
    DriftKind.LEFT_OUT: marked(
        "Left out of the list: they may have left it before its first export, or while "
        "another was in use. A new opt-in adds them."
    ),
    DriftKind.UNDONE: marked(
        "What a run had done for them was undone: they stay so until they opt in anew in Kibo "
        "or sign up themselves."
    ),
    DriftKind.NEWCOMER: marked(
        "Opted out before a newer account with the same email opted in: staff add or leave them."
    ),
    DriftKind.INVALID_EMAIL: marked(
        "Opted in in Kibo, but the email cannot be sent to Constant Contact: correct it in Kibo."
    ),
    DriftKind.REFUSED: marked("The change was refused and waits for a person in the queue of changes."),
    DriftKind.NOT_ADDED: marked(
        "Opted in in Kibo and not on the list yet: the next export or run adds them."
    ),
    DriftKind.CHANGE_DUE: marked("Changed in Kibo since the last run: the next one decides."),
    DriftKind.UNREADABLE: marked("The account or contact cannot be read, so nothing is done."),
    DriftKind.LEFT_AS_IS: marked(
        "Staff have looked at the difference and left it as it is. It is named again once "
        "either side changes."
    ),
}
_NOT_LEFT = frozenset(
    {
        DriftKind.HELD,  # waits for another answer
        DriftKind.REFUSED,  # is retried, or settled in the queue
        DriftKind.CONFIRMING,  # the person answers it
        DriftKind.UNREADABLE,
        DriftKind.LEFT_AS_IS,
    }
)
_NEEDS_STAFF = frozenset(
    {
        DriftKind.PUT_BACK,
        DriftKind.NOBODY_AGREES,
        DriftKind.HELD,
        DriftKind.NEWCOMER,
        DriftKind.REFUSED,
        DriftKind.UNREADABLE,
    }
)
_BOTH_WAYS = (RunKind.FULL_COMPARE, *LOOPS)  # whatever the polls have missed
_REPAIRED_BY = {
    DriftKind.OPT_OUT_DUE: _BOTH_WAYS,
    DriftKind.SIGN_UP_DUE: _BOTH_WAYS,
    DriftKind.UNSUBSCRIBED: _BOTH_WAYS,
    DriftKind.LEFT_LIST: _BOTH_WAYS,
    DriftKind.NOT_ADDED: (RunKind.EXPORT,),  # sends no welcome emails
    DriftKind.CHANGE_DUE: _BOTH_WAYS,
}


class ShopShows(StrEnum):
    """What the accounts of a person show, in one word."""

    OPTED_IN = "opted_in"
    OPTED_OUT = "opted_out"
    NEVER = "never_opted_in"
    NOT_COUNTED = "not_counted"  # the flag is on, but the account is disabled or a guest's
    NO_ACCOUNT = "no_account"
    UNREADABLE = "unreadable"


class MailShows(StrEnum):
    """What the contact of a person shows, in one word."""

    ON_LIST = "on_list"
    OFF_LIST = "off_list"  # in good standing, but not on the active list
    UNSUBSCRIBED = "unsubscribed"
    DELETED = "deleted"
    WAITING = "waiting"  # pending, on hold, no permission set
    NO_CONTACT = "no_contact"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class Drift:
    """One person about whom the two sides differ, and why.

    `shown`: all that decides of what both sides show, as one text: it is another one once either changes.
    """

    email: str
    customer_ids: tuple[int, ...]
    kind: DriftKind
    shop: ShopShows
    mail: MailShows
    reason: str
    shown: str = ""


def as_left(one: Drift, at: datetime) -> Drift:
    """Return a person whom staff left as they are at that moment, named as one of these."""
    reason = marked("{reason}; {left}").format(reason=Text(one.reason), left=left_words(at))
    return replace(one, kind=DriftKind.LEFT_AS_IS, reason=reason)


def left_words(at: datetime) -> Text:
    """Return that staff left a difference as it is, and when."""
    on = at.astimezone()
    said = marked("left as it is on {date} by staff")
    return Text(said.format(date=spoken_date(on)), said.source, values={"date": on.date()})


@dataclass(frozen=True, slots=True)
class Chosen:
    """One person of a kind, named by email or customer id; `who` empty: everybody of the kind."""

    kind: DriftKind
    who: str


@dataclass(frozen=True, slots=True)
class Sides:
    """One person as both sides show them now, beside what ccdesk remembers.

    `key`: the compared email. `links` are those with this email and those of the accounts. `parked` says of
    customers whose queue entry needs a person why. `known_since`: since when accounts are known under this
    email, of those that are.
    """

    key: str
    accounts: tuple[Customer, ...] = ()
    contact: Contact | None = None
    links: tuple[Link, ...] = ()
    held: tuple[Held, ...] = ()
    parked: tuple[tuple[int, str], ...] = ()
    known_since: Mapping[int, datetime] = field(default_factory=dict)

    @property
    def flag_was_cleared(self) -> bool:
        """True where the guard holds an opt-out of the shop, or staff have called one a mistake."""
        return any(one.kind is LossKind.FLAG for one in self.held)


class Drifts(Protocol):
    """The working tables of one comparison, this thread's alone: memory stays flat in a shop of any size."""

    def begin(self, list_id: str) -> None:
        """Make the tables, empty; `list_id` is the active list."""

    def add_accounts(self, accounts: Sequence[tuple[Customer, bool, bool]]) -> None:
        """Keep accounts as read, each with whether it wants mail, and whether its email can be sent.

        One read again replaces its former reading.
        """

    def add_contacts(self, contacts: Sequence[Contact]) -> None:
        """Keep contacts as read, and whether they are on the list; likewise."""

    def sort_out(self) -> None:
        """Once both sides are there, find in bulk who needs no look of their own, and list everybody else.

        Those found are the people in step, and the strangers: opted in and not a contact, or on the list and
        not a customer (`NOT_ADDED` and `NO_ACCOUNT`).
        """

    def undecided(self, after: str, limit: int) -> list[Sides]:
        """Return people to be looked at one by one, by compared email above `after`, ascending."""

    def without_email(self, after: int, limit: int) -> list[Sides]:
        """Return accounts without an email, if opted in or unreadable, each as a person, by ascending id."""

    def keep(self, found: Iterable[Drift], claimed: Sequence[str] = ()) -> None:
        """Keep what was found; `claimed` are ids of contacts that belong to somebody by another email."""

    def finish(self, reasons: Mapping[DriftKind, str]) -> None:
        """Add the strangers of both sides, once everybody else is decided, and see whom staff have left."""

    def mark_left(self) -> None:
        """See anew whom staff have left as they are; who has changed since is forgotten of those."""

    def kinds(self) -> dict[DriftKind, int]:
        """Count the people of each kind that was found, in the kinds' order."""

    def people(self) -> Iterator[Drift]:
        """Yield everybody found, by kind in its order and email; those whom staff have left come last."""

    def end(self) -> None:
        """Drop the tables."""


class LeftAsIs(Protocol):
    """Differences that staff have looked at and left; kept until a comparison shows a side changed."""

    def leave(self, people: Iterable[Drift], at: datetime) -> int:
        """Keep people as left, as they were shown; return how many."""

    def leave_put_back(self, customer_ids: Sequence[int], at: datetime) -> int:
        """Keep customers who were put back on the list as left, as the next comparison will show them."""

    def name_again(self, keys: Iterable[str]) -> int:
        """Forget that people were left, each by compared email, or `#` and customer id; return how many."""

    def left_at(self, key: str, kind: DriftKind, shown: str = "") -> datetime | None:
        """Return since when the person with this compared email is left so; None if not.

        `shown`: what both sides show now, where that was read; it has to be the same as then.
        """


@dataclass(frozen=True, slots=True)
class DriftReport:
    """One comparison: when it was made, how many people of each kind, and a way to go through them once."""

    checked_at: datetime
    kinds: dict[DriftKind, int]
    people: Iterator[Drift]
