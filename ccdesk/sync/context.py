"""What every run carries with it: both services, the store, the figures so far, the cancellation."""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from itertools import islice
from typing import TypeVar

from ccdesk.core.clock import SKEW, Clock, kept_skew
from ccdesk.core.errors import (
    Cancelled,
    CcdeskError,
    ItemError,
    ListGone,
    NotFound,
    Refused,
    Unreachable,
    Unreadable,
)
from ccdesk.core.limits import MAIL_OVERLAP
from ccdesk.core.losses import LossKind
from ccdesk.core.models import Contact, ContactList, Customer, Link, LinkState, email_key
from ccdesk.core.ports.mail import Mail
from ccdesk.core.ports.shop import Shop
from ccdesk.core.ports.store import Store
from ccdesk.core.runs import Entry, OffList, Outcome, Progress, Run
from ccdesk.core.words import marked
from ccdesk.sync import state_names as names
from ccdesk.sync.active_list import note_active_list
from ccdesk.sync.plan_held import observe_held
from ccdesk.sync.plan_inbound import Observation, observe

log = logging.getLogger(__name__)
T = TypeVar("T")

HELD_PAGE = 500  # people noted in one transaction
FRESH_MOST = 50_000  # readings kept in memory, less than 1 kB each; beyond that they are read again by pages
# What may be one person's failure: see `RunContext.tolerate_item_error`.
ITEM_ERRORS = (ItemError, Unreachable, Refused)
_PAGES_FROM = 3  # so many customers are read by pages, which never takes more calls
_DOWN_AFTER = 3  # so many in a row without an answer, and it is the service
_SHORTEST_PACE = 0.5  # seconds before a pace can be told
_NOISE = timedelta(seconds=5)  # Date headers have whole seconds, and answers take time


@dataclass(frozen=True, slots=True)
class RunSettings:
    """The settings a run goes by, fixed for its whole length."""

    list_id: str
    list_name: str
    welcome: bool = False
    guests: bool = True


@dataclass
class WelcomeTally:
    """Welcome emails of one run (`outbox/welcomes.py`): sent, and waiting for an answer.

    `anew`: of those who wait those who did not before; `until`: the latest of Kibo's update dates among them.
    """

    sent: int = 0
    waiting: int = 0
    anew: int = 0
    until: datetime | None = None


@dataclass
class RunContext:
    """One run's surroundings. Not shared between threads."""

    run: Run
    settings: RunSettings
    shop: Shop
    mail: Mail
    store: Store
    clock: Clock
    cancel: threading.Event = field(default_factory=threading.Event)
    listener: Callable[[Progress], None] | None = None
    confirmed: bool = False
    only: frozenset[int] | None = None  # the customers whom it is about; None: everybody
    off_list: OffList = OffList.ASK  # what an export does with contacts who are not on the list
    past_question: bool = False  # a preview: it goes on past that question as if they were left out
    goes_on: bool = False  # an export that takes up what an earlier one has read, or sent
    fresh: dict[int, Customer] = field(default_factory=dict)  # read within this run, at most `FRESH_MOST`
    fresh_at: float = 0.0  # since when all of them hold, by the clock that only ever grows
    fresh_since: datetime | None = None  # the same on Kibo's clock; None: changes since cannot be asked for
    total: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    errors: int = 0
    expected: int | None = None  # customers read by an export; every one of them gets an outcome
    read: int = 0  # the same while reading
    sent: int = 0  # people sent to Constant Contact by an export
    said: str = ""  # what the run has to say in words, beside its figures
    held: int = 0  # customers whose opt-out waits for an answer (guard.py)
    held_anew: int = 0  # of them those who were not held before this run
    welcomes: WelcomeTally = field(default_factory=WelcomeTally)
    doubtful: list[Callable[[], None]] = field(default_factory=list)  # see outcomes.py
    _batch: dict[int, Customer] = field(default_factory=dict)  # read for the present batch
    _failed_in_a_row: int = 0
    _list_seen: str = ""  # id of the list this run knows to exist
    _reached: tuple[int, int] = (0, 0)  # done and total as last told
    _phase: str = ""
    _phase_began: float = 0.0
    _phase_start: int = 0

    def concerns(self, customer_id: int) -> bool:
        """Say whether the run is about a customer: one that puts chosen people right is about these alone."""
        return self.only is None or customer_id in self.only

    def mail_now(self) -> datetime:
        """The mailing service's clock as of its last answer; ours only if neither service ever told.

        Where it has not been asked yet, Kibo's clock tells it: this computer's may be set to anything.
        """
        if self.mail.server_time is not None:
            return self.mail.server_time
        if self.shop.server_time is not None:
            return self.shop.server_time - self.skew()
        return self.clock.now()

    def mail_clock(self) -> datetime:
        """The mailing service's clock at this moment, and not as of its last answer."""
        ahead = self.mail.server_ahead
        return self.mail_now() if ahead is None else self.clock.now() + ahead

    def skew(self) -> timedelta:
        """How far Kibo's clock is ahead of Constant Contact's; nothing where that cannot be told from noise.

        Both dates of a conflict (design R5) are compared on one clock. Until both services have answered in
        this run it is what it was in the last one.
        """
        kibo, mail = self.shop.server_ahead, self.mail.server_ahead
        if kibo is None or mail is None:
            return kept_skew(self.store.state.get(SKEW))
        return kibo - mail if abs(kibo - mail) >= _NOISE else timedelta(0)

    def remember_skew(self) -> None:
        """Keep how the clocks differ, for runs that compare dates of the service they have not asked."""
        self.store.state.set(SKEW, str(round(self.skew().total_seconds())))

    def seen(self, accounts: Iterable[Customer]) -> None:
        """Note accounts just read as known under their emails, on the mailing service's clock."""
        at = (self.shop.server_time or self.clock.now()) - self.skew()
        self.store.links.note_seen([(one.id, one.email_key) for one in accounts if one.readable], at)

    def last_sight(self, link: Link) -> datetime | None:
        """Return until when somebody who is gone from the list was surely on it: they left after that.

        A list may lag behind: what a scan shows was so some minutes before it began (docs/consent.md b4).
        """
        looked = self.store.state.get_time(names.SCANNED_AT)
        sights = (link.written_at, looked and looked - MAIL_OVERLAP)
        return max((one for one in sights if one is not None), default=None)

    def observing(self) -> Callable[[Contact | None, Link], Observation]:
        """Return how contacts are observed against their links as of now."""
        now, began = self.mail_now(), self.store.state.get_time(names.INBOUND_BEGAN)
        if began is not None and began > now:
            began = None  # a service's wrong date: it must not hide who comes back
        observing = partial(observe, list_id=self.settings.list_id, now=now, skew=self.skew(), began=began)
        held = {one.customer_id for one in self.store.losses.held() if one.kind is not LossKind.FLAG}
        return partial(observe_held, observing, held, self.settings.list_id) if held else observing

    def check_cancel(self) -> None:
        """Stop between items when asked, and show that we are alive."""
        if self.cancel.is_set():
            raise Cancelled()
        self.store.lease.renew()

    def tolerate_item_error(self, error: CcdeskError) -> None:
        """Take a failure as one person's own, so that it holds nobody else up (design R3).

        A refusal of the item is that. A sign-in that fails and a connection that cannot be made never are.
        No answer, trouble at the server and a 403 can be either; met several times in a row they are the
        service's, and the run cannot go on.

        Raises:
            CcdeskError: the error itself, where it is the service's.

        """
        if isinstance(error, ItemError):
            self.answered()
            return
        self._failed_in_a_row += 1
        if error.everybodys or self._failed_in_a_row >= _DOWN_AFTER:
            raise error

    def answered(self) -> None:
        """Note that the services answer: what fails next is not in a row with what failed before."""
        self._failed_in_a_row = 0

    def customer(self, customer_id: int) -> Customer:
        """Return a customer as read now; a reading made earlier in this run serves once.

        Raises:
            NotFound: there is none.

        """
        found = self.fresh.pop(customer_id, None) or self._batch.pop(customer_id, None)
        return found or self._read_customer(customer_id)

    def read_ahead(self, customer_ids: Iterable[int]) -> None:
        """Read those of a batch whom this run has not read yet, by pages instead of a call each (§3a R3).

        They serve `customer` and `peek` until the next batch; who could not be read is asked for alone.
        """
        self._batch = {}
        unread = [number for number in customer_ids if number not in self.fresh]
        if len(unread) < _PAGES_FROM:
            return
        try:
            for page in self.shop.many(unread):
                self.check_cancel()
                self._batch.update((one.id, one) for one in page if one.readable)
        except ITEM_ERRORS as error:
            log.info("customers cannot be read by pages: %s", error.title)

    def _read_customer(self, customer_id: int) -> Customer:
        found = self.shop.get(customer_id)
        self.answered()
        self.seen([found])
        return found

    def peek(self, customer_id: int) -> Customer:
        """Return a customer as read in this run and keep the reading for `customer`, while there is room."""
        found = self.fresh.get(customer_id) or self._batch.get(customer_id)
        found = found or self._read_customer(customer_id)
        self.keep_reading(found)
        return found

    def keep_reading(self, customer: Customer) -> None:
        """Keep a reading for `customer` and `peek`, while there is room; it replaces an older one."""
        self._batch.pop(customer.id, None)
        if customer.id in self.fresh or len(self.fresh) < FRESH_MOST:
            self.fresh[customer.id] = customer

    def forget_readings(self) -> None:
        """Have everybody read anew."""
        self.fresh.clear()
        self._batch.clear()

    def accounts(
        self, email: str, listed: Iterable[Customer] | None = None, *, but: int | None = None
    ) -> list[Customer]:
        """Return every account with that email (design R1), by ascending id.

        Kibo's filter finds only what is spelled alike; accounts spelled otherwise are known by their links.
        `listed` takes the filter's place where the shop has just been read whole. An account that cannot be
        read is not `readable`, and tells nothing of what the person wants. `but`: an account that the caller
        has read itself; its link is no reason to read it again.
        """
        found: dict[int, Customer] = {}
        for one in self.shop.by_email(email) if listed is None else listed:
            account = one if one.readable else self._read_again(one)
            if account is not None:
                found[account.id] = account
        key = email_key(email)
        for link in self.store.links.by_email(key) if key else ():
            if link.customer_id in found or link.customer_id == but or link.state is LinkState.CLOSED:
                continue
            account = self._read_again(Customer(link.customer_id, link.email, False))
            if account is not None and account.email_key == key:
                found[account.id] = account
        self.seen(found.values())
        return [found[number] for number in sorted(found)]

    def _read_again(self, account: Customer) -> Customer | None:
        """Return an account as read alone; as it was but not `readable` if that cannot be read either.

        None if there is none: its own event or the full compare closes the link.
        """
        try:
            return self.shop.get(account.id)
        except NotFound:
            return None
        except Unreadable:
            return replace(account, accepts_marketing=False, readable=False)

    def no_answer(self, service: str, tries: int, pause: float) -> None:
        """Tell watchers that a service was asked in vain so often, and is asked again; from any thread."""
        done, total = self._reached
        self.progress(self._phase, done, total, silent=service, tries=tries, pause=pause)

    def progress(
        self,
        phase: str,
        done: int = 0,
        total: int = 0,
        *,
        silent: str = "",
        tries: int = 0,
        pause: float = 0.0,
    ) -> None:
        """Tell watchers how far the run is; the time left follows from the phase's pace so far."""
        if phase != self._phase:
            self._phase, self._phase_began, self._phase_start = phase, self.clock.monotonic(), done
        self._reached = done, total
        if self.listener is None:
            return
        took, moved = self.clock.monotonic() - self._phase_began, done - self._phase_start
        rate = moved / took if moved > 0 and took >= _SHORTEST_PACE else None
        self.listener(
            Progress(
                silent=silent,
                tries=tries,
                pause=pause,
                run_id=self.run.id,
                kind=self.run.kind,
                phase=phase,
                done=done,
                total=total,
                errors=self.errors,
                seconds_left=max(0, total - done) / rate if total and rate else None,
                read=self.read,
                sent=self.sent,
                confirmed=self.total,
                rate=rate,
                continued=self.run.resumes is not None,
            )
        )

    def record(self, entries: Iterable[Entry], *, conflicts: int = 0, read: int | None = None) -> None:
        """Store what became of people; `read` is how many of them count as dealt with (default: all)."""
        rows = list(entries)
        if not rows and not conflicts:
            return
        for entry in rows:
            if entry.outcome is Outcome.ERROR:
                self.errors += 1
            else:
                self.counts[entry.outcome.value] += 1
                self.answered()
        self.counts[Outcome.CONFLICT.value] += conflicts
        self.total += len(rows) if read is None else read
        with self.store.transaction():
            self.store.runs.add_entries(self.run.id, rows)
            self.store.runs.tally(self.run.id, total=self.total, counts=dict(self.counts), errors=self.errors)

    def settled(self, people: int, outcome: Outcome) -> None:
        """Count people whose entries the store has made by itself."""
        if not people:
            return
        self.counts[outcome.value] += people
        self.total += people
        self.answered()
        self.store.runs.tally(self.run.id, total=self.total, counts=dict(self.counts), errors=self.errors)

    def require_list(self) -> ContactList:
        """Return the active list as it is now, asking the service.

        Raises:
            ListGone: it is not in the account; nothing may be concluded from its emptiness
                (constant-contact.md §8).

        """
        lists = self.mail.lists()
        note_active_list(self.store, lists, self.clock.now())
        for one in lists:
            if one.id == self.settings.list_id:
                self._list_seen = one.id
                return one
        raise ListGone(
            marked("The contact list “{list_name}” is gone from Constant Contact").format(
                list_name=self.settings.list_name
            ),
        )

    def require_list_once(self) -> None:
        """Make sure, once a run, that the list exists before anybody is said to have left it."""
        if self._list_seen != self.settings.list_id:
            self.require_list()


def batched(things: Iterable[T], size: int) -> Iterator[list[T]]:
    """Yield things in lists of at most `size`."""
    left = iter(things)
    while some := list(islice(left, size)):
        yield some
