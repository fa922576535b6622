"""A pretend shop and mail service without HTTP: what is true, when it became so, and what a reading shows.

Every account and contact keeps its whole history, so that a reading may lag. Times are true times; the shop
writes its dates by a clock of its own, of which only an estimate is known.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Generic, TypeVar

from ccdesk.core.models import Permission

START = datetime(2026, 1, 1, tzinfo=UTC)
LAG = timedelta(minutes=10)  # a listed or polled reading may be as old as this
SINGLE = timedelta(seconds=120)  # a single call has landed by then, or never lands
S = TypeVar("S")


def seconds(number: float) -> timedelta:
    return timedelta(seconds=number)


@dataclass
class History(Generic[S]):
    """The states of one thing, each with the moment from which it held."""

    times: list[datetime] = field(default_factory=list)
    states: list[S] = field(default_factory=list)

    @property
    def now(self) -> S:
        return self.states[-1]

    def at(self, moment: datetime) -> S | None:
        index = bisect_right(self.times, moment)
        return self.states[index - 1] if index else None

    def become(self, at: datetime, state: S) -> None:
        self.times.append(at)
        self.states.append(state)


@dataclass(frozen=True, slots=True)
class ShopState:
    email: str
    opted_in: bool
    version: datetime  # by the shop's clock
    created: datetime  # by the shop's clock
    active: bool = True
    guest: bool = False
    gone: bool = False


@dataclass(frozen=True, slots=True)
class MailState:
    permission: Permission
    lists: frozenset[str]
    created: datetime
    updated: datetime
    made_by_us: bool = False
    deleted: bool = False
    signed_up: datetime | None = None
    opted_out: datetime | None = None
    by_person: bool = True
    ours: bool = False  # made by a call of ours, whatever it looks like

    @property
    def good(self) -> bool:
        return not self.deleted and self.permission in (Permission.EXPLICIT, Permission.IMPLICIT)


@dataclass(frozen=True, slots=True)
class Deed:
    """One act of somebody else than us, with its true time."""

    at: datetime
    kind: str
    email: str
    account: int = 0
    list_id: str = ""
    watched: bool = True  # for a leaving: the list was the active one


@dataclass
class Job:
    """A bulk job of ours: the list changes when it ends, for the rows that it does not lose."""

    ends: datetime
    apply: list[tuple[str, str, bool, bool]]  # email, list, puts on, loses the row


class World:
    """What is true. `clock_ahead`: the shop's clock to the true one; `estimate` ± `unsure` is known of it."""

    def __init__(self, rng: Random) -> None:
        self.rng = rng
        self.now = START
        self.accounts: dict[int, History[ShopState]] = {}
        self.contacts: dict[str, History[MailState]] = {}
        self.deeds: list[Deed] = []
        self.jobs: list[Job] = []
        self.lists = frozenset({"A", "B"})
        self.active = "A"
        self.clock_ahead = seconds(rng.uniform(-600, 600))
        self.unsure = seconds(rng.uniform(1, 60))
        self.estimate = self.clock_ahead + self.unsure * rng.uniform(-1, 1)
        self.welcomed: list[tuple[str, datetime]] = []
        self.asked: list[str] = []
        self.garbled: set[int | str] = set()  # accounts and contacts whose values cannot be read just now

    # ---------------------------------------------------------------- time

    def pass_time(self, least: float, most: float) -> None:
        """Let some seconds pass; jobs end meanwhile, at their time."""
        until = self.now + seconds(self.rng.uniform(least, most))
        for job in sorted(self.jobs, key=lambda one: one.ends):
            if job.ends <= until:
                self.now = max(self.now, job.ends)
                self._end(job)
        self.jobs = [one for one in self.jobs if one.ends > until]
        self.now = until

    def _end(self, job: Job) -> None:
        for email, list_id, puts_on, loses in job.apply:
            if not loses:
                self.put(email, list_id) if puts_on else self.take(email, list_id)

    def shop_clock(self) -> datetime:
        return self.now + self.clock_ahead

    # ---------------------------------------------------------------- changes

    def change_account(self, number: int, **values: object) -> None:
        history = self.accounts[number]
        version = max(self.shop_clock(), history.now.version + timedelta(milliseconds=1))
        history.become(self.now, replace(history.now, version=version, **values))  # type: ignore[arg-type]

    def change_contact(self, email: str, **values: object) -> None:
        history = self.contacts[email]
        history.become(self.now, replace(history.now, updated=self.now, **values))  # type: ignore[arg-type]

    def make_contact(self, email: str, **values: object) -> None:
        state = MailState(Permission.IMPLICIT, frozenset(), self.whole(), self.whole())
        self.contacts[email] = History([self.now], [replace(state, **values)])  # type: ignore[arg-type]

    def whole(self) -> datetime:
        """The mail service's date of now: whole seconds."""
        return self.now.replace(microsecond=0)

    def note(self, kind: str, email: str, account: int = 0, list_id: str = "") -> None:
        self.deeds.append(Deed(self.now, kind, email, account, list_id, watched=list_id == self.active))

    def delete_list(self, name: str) -> None:
        """Staff delete a list: nobody is on it any more, and no job can change it."""
        self.lists = self.lists - {name}
        for history in self.contacts.values():
            if name in history.now.lists:
                history.become(self.now, replace(history.now, lists=history.now.lists - {name}))

    # ---------------------------------------------------------------- effects of calls on the mail side

    def put(self, email: str, list_id: str) -> None:
        """Put a contact on a list as an import or a list job does: the unsubscribed are left out."""
        history = self.contacts.get(email)
        if list_id not in self.lists:
            return
        if history is None:
            self.make_contact(email, lists=frozenset({list_id}), made_by_us=True, ours=True)
        elif history.now.permission is not Permission.UNSUBSCRIBED:
            lists = history.now.lists if not history.now.deleted else frozenset[str]()
            self.change_contact(email, lists=lists | {list_id}, deleted=False)

    def take(self, email: str, list_id: str) -> None:
        history = self.contacts.get(email)
        if history is not None and list_id in history.now.lists:
            self.change_contact(email, lists=history.now.lists - {list_id})

    def sign_up(self, email: str, list_id: str, *, ours: bool = False) -> bool:
        """The sign-up form: whatever the contact was, it may be mailed afterwards. Says if it made one."""
        values = {"permission": Permission.EXPLICIT, "signed_up": self.whole(), "deleted": False}
        history = self.contacts.get(email)
        if history is None:
            self.make_contact(email, lists=frozenset({list_id}), ours=ours, **values)
            return True
        lists = history.now.lists if not history.now.deleted else frozenset[str]()
        self.change_contact(email, lists=lists | {list_id}, **values)
        return False
