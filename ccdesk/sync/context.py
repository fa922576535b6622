"""What every run carries with it: both services, the store, the figures so far, the cancellation.

It holds no rules. What it is made of stands in `clocks`, `fresh_customers`, `item_errors` and `progress`.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ccdesk.core.clock import Clock
from ccdesk.core.errors import Cancelled, CcdeskError, ListGone
from ccdesk.core.models import ContactList, Customer
from ccdesk.core.ports.mail import Mail
from ccdesk.core.ports.shop import Shop
from ccdesk.core.ports.store import Store
from ccdesk.core.runs import Entry, OffList, Outcome, Progress, Run
from ccdesk.core.words import marked
from ccdesk.sync.active_list import note_active_list
from ccdesk.sync.clocks import Clocks
from ccdesk.sync.fresh_customers import FreshCustomers
from ccdesk.sync.item_errors import FailuresInARow
from ccdesk.sync.progress import PhasePace


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
    clocks: Clocks = field(init=False)
    fresh: FreshCustomers = field(init=False)  # read within this run
    _failures: FailuresInARow = field(default_factory=FailuresInARow)
    _pace: PhasePace = field(init=False)
    _list_seen: str = ""  # id of the list this run knows to exist

    def __post_init__(self) -> None:
        """Put together what belongs to this run alone."""
        self.clocks = Clocks(self.shop, self.mail, self.store.state, self.clock)
        self.fresh = FreshCustomers(self.shop, self._read_customer, self.check_cancel)
        self._pace = PhasePace(self.clock)

    def concerns(self, customer_id: int) -> bool:
        """Say whether the run is about a customer: one that puts chosen people right is about these alone."""
        return self.only is None or customer_id in self.only

    def mail_now(self) -> datetime:
        """Return the mailing service's time as of its last answer: the clock that dates are compared on."""
        return self.clocks.mail_now()

    def skew(self) -> timedelta:
        """Return how far Kibo's clock is ahead of Constant Contact's."""
        return self.clocks.skew()

    def seen(self, accounts: Iterable[Customer]) -> None:
        """Note accounts just read as known under their emails, on the mailing service's clock."""
        known = [(one.id, one.email_key) for one in accounts if one.readable]
        self.store.links.note_seen(known, self.clocks.shop_read_at())

    def check_cancel(self) -> None:
        """Stop between items when asked, and show that we are alive."""
        if self.cancel.is_set():
            raise Cancelled()
        self.store.lease.renew()

    def tolerate_item_error(self, error: CcdeskError) -> None:
        """Take a failure as one person's own, so that it holds nobody else up (`FailuresInARow.tolerate`).

        Raises:
            CcdeskError: the error itself, where it is the service's.

        """
        self._failures.tolerate(error)

    def answered(self) -> None:
        """Note that the services answer: what fails next is not in a row with what failed before."""
        self._failures.answered()

    def _read_customer(self, customer_id: int) -> Customer:
        found = self.shop.get(customer_id)
        self.answered()
        self.seen([found])
        return found

    def no_answer(self, service: str, tries: int, pause: float) -> None:
        """Tell watchers that a service was asked in vain so often, and is asked again; from any thread."""
        done, total = self._pace.reached
        self.progress(self._pace.phase, done, total, silent=service, tries=tries, pause=pause)

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
        self._pace.note(phase, done, total)
        if self.listener is None:
            return
        rate = self._pace.rate()
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
                seconds_left=self._pace.seconds_left(rate),
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
