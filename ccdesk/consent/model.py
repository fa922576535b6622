"""A person, what was stated about their consent, and what we set out to do (docs/consent.md)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from ccdesk.consent.window import Window
from ccdesk.core.intents import Act as Act
from ccdesk.core.intents import Ended as Ended
from ccdesk.core.models import Permission
from ccdesk.core.statements import Author as Author
from ccdesk.core.statements import How as How
from ccdesk.core.statements import Says as Says
from ccdesk.core.statements import Side as Side


@dataclass(frozen=True, slots=True)
class Statement:
    """Somebody's dated word. Never changed; within one side `number` is the order in which things happened.

    `subject` is the account's id or the contact's. `lists` are the lists it is about. `watched` is False for
    a leaving of a list that was not the active one when it was seen. `repeats` numbers the statements that a
    write of ours answers: its window is theirs. `moved` is True for a word given under an email before.
    """

    number: int
    side: Side
    subject: str
    how: How
    author: Author
    window: Window
    seen_at: datetime
    lists: frozenset[str] = frozenset()
    watched: bool = True
    repeats: frozenset[int] = frozenset()
    moved: bool = False
    evidence: str = ""

    @property
    def says(self) -> Says:
        """What it says about being mailed."""
        return self.how.says

    @property
    def ours(self) -> bool:
        """True for what we wrote ourselves."""
        return self.author is Author.US


@dataclass(frozen=True, slots=True)
class Account:
    """One customer account of the person, as last read.

    `here`: it has this person's email now. `version` is the shop's own update date, by which readings of one
    account are put in order; `updated` is the same on the mail service's clock. `known_since` is the latest
    moment of the first reading that showed it under this email; it is never moved forward (§e2).
    """

    id: int
    opted_in: bool
    version: datetime
    updated: Window
    read: Window
    known_since: datetime
    active: bool = True
    guest: bool = False
    gone: bool = False
    here: bool = True
    readable: bool = True

    def counts(self, *, guests: bool) -> bool:
        """Say whether its flag is an agreement to be mailed; `guests`: those of guests are."""
        return self.here and self.active and not self.gone and (guests or not self.guest)


class MailState:
    """What a contact's values mean for mailing, as just read and as remembered alike (docs/consent.md b2)."""

    __slots__ = ()
    permission: Permission
    deleted: bool
    gone: bool
    lists: frozenset[str]

    @property
    def good(self) -> bool:
        """True where the person may be mailed once on the list."""
        granted = self.permission in (Permission.EXPLICIT, Permission.IMPLICIT)
        return granted and not (self.deleted or self.gone)

    @property
    def memberships(self) -> frozenset[str]:
        """The lists it is on: shown while unsubscribed or deleted, a membership is none."""
        out = self.deleted or self.gone or self.permission is Permission.UNSUBSCRIBED
        return frozenset() if out else self.lists


@dataclass(frozen=True, slots=True)
class Subscriber(MailState):
    """The person's contact, as last read.

    `seen_on` tells when it was last seen, in good standing, on each list it is on. `gone`: the service knows
    no such contact any more.
    """

    id: str
    permission: Permission
    read: Window
    deleted: bool = False
    gone: bool = False
    readable: bool = True
    owned: bool = False
    lists: frozenset[str] = frozenset()
    seen_on: tuple[tuple[str, datetime], ...] = ()
    signed_up: datetime | None = None
    updated: datetime | None = None

    def member(self, list_id: str) -> bool:
        """Say whether it is on a list."""
        return list_id in self.memberships


@dataclass(frozen=True, slots=True)
class Command:
    """One thing to do for one person, for the statements it answers, on the list it is about."""

    act: Act
    list_id: str
    answers: frozenset[int]
    account: int = 0


@dataclass(frozen=True, slots=True)
class Intent:
    """The journal's line of a command: stored before the call, closed by its answer or by what was seen.

    `lands_by` is the latest moment at which the call can still take effect; None while its job runs.
    `sign_up`: made by the call that looks like the person's own act; `welcome`: it may have sent the welcome.
    """

    number: int
    command: Command
    begun: datetime
    lands_by: datetime | None
    ended: Ended = Ended.OPEN
    sign_up: bool = False

    @property
    def open(self) -> bool:
        """True while its end is not known."""
        return self.ended is Ended.OPEN


@dataclass(frozen=True, slots=True)
class Person:
    """Everybody who shares one email: what both sides show, what was stated, what we set out to do.

    `settled` holds the statements that a decision without a command has dealt with, each for one list.
    `lifted` holds staff's answer *Add* to a newcomer: the account, and the opt-out it may lift.
    `dropped` are leavings and opt-outs that staff called a mistake, `held` those that the guard holds.
    `unplaced`: sides of which a reading could not be put before or after what is known, to be read again
    directly.
    """

    key: str
    accounts: tuple[Account, ...] = ()
    subscriber: Subscriber | None = None
    statements: tuple[Statement, ...] = ()
    intents: tuple[Intent, ...] = ()
    settled: frozenset[tuple[int, str]] = frozenset()
    lifted: frozenset[tuple[int, int]] = frozenset()
    dropped: frozenset[int] = frozenset()
    held: frozenset[int] = frozenset()
    unplaced: frozenset[Side] = frozenset()

    def account(self, number: int) -> Account | None:
        """Return one account, None if it was never seen under this email."""
        return next((one for one in self.accounts if one.id == number), None)

    def with_account(self, account: Account) -> Person:
        """Return the person with an account as it is now."""
        others = tuple(one for one in self.accounts if one.id != account.id)
        return replace(self, accounts=tuple(sorted((*others, account), key=lambda one: one.id)))

    def state(self, statement: Statement) -> Person:
        """Return the person with one more statement; its number is given here."""
        last = self.statements[-1].number if self.statements else 0
        return replace(self, statements=(*self.statements, replace(statement, number=last + 1)))

    def word(self, account: int) -> Statement | None:
        """Return the last statement of an account, ours and inherited ones included."""
        subject = str(account)
        for one in reversed(self.statements):
            if one.side is Side.SHOP and one.subject == subject:
                return one
        return None

    def with_intent(self, intent: Intent) -> Person:
        """Return the person with an intent as it is now."""
        if any(one.number == intent.number for one in self.intents):
            intents = tuple(intent if one.number == intent.number else one for one in self.intents)
            return replace(self, intents=intents)
        return replace(self, intents=(*self.intents, intent))

    def done(self, *acts: Act) -> Iterator[Intent]:
        """Yield the commands of these kinds that took effect."""
        return (one for one in self.intents if one.ended is Ended.DONE and one.command.act in acts)


@dataclass(frozen=True, slots=True)
class Policy:
    """What staff chose: the active list, since when (mail service's clock), guests, the welcome mail."""

    list_id: str
    chosen_at: datetime
    guests: bool = True
    welcome: bool = False
    list_exists: bool = True
