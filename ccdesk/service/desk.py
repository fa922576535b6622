"""`Desk` as front ends see it (`service/api.py`), on one store and one set of connections."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from ccdesk.core.clock import Clock
from ccdesk.core.disagreements import Disagreement
from ccdesk.core.drift import Chosen, Drift, DriftReport
from ccdesk.core.ledger import LedgerEntry
from ccdesk.core.losses import Held, HeldAnswer, LossKind
from ccdesk.core.models import ContactList, Link
from ccdesk.core.ports.mail import Account
from ccdesk.core.ports.recording import NoRecording, Recording
from ccdesk.core.ports.shop import ConnectionTest, Shop
from ccdesk.core.ports.store import Store
from ccdesk.core.run_history import Happened, PersonThen, RunQuery, RunThen
from ccdesk.core.runs import (
    Entry,
    EventStatus,
    Outcome,
    Progress,
    QueuedEvent,
    Run,
    RunKind,
    RunStatus,
    Trigger,
)
from ccdesk.core.settings import SETTINGS, Settings, check, resolve
from ccdesk.core.welcomes import WelcomeAnswer
from ccdesk.core.why import FoundByName, FoundPerson, Why
from ccdesk.core.words import marked
from ccdesk.service import gaps, pausing
from ccdesk.service.api import AccountChanged, SaveResult, Status, WelcomeMail
from ccdesk.service.connections import Connections, PendingLogin
from ccdesk.service.drafts import DraftMade, new_draft
from ccdesk.service.drift import compare
from ccdesk.service.forgetting import Forgotten, PersonToForget, forget, look
from ccdesk.service.gaps import GapReason
from ccdesk.service.held import answer_held
from ccdesk.service.leaving import leave, name_again
from ccdesk.service.ledger import ledger_entries
from ccdesk.service.lists import chosen_among
from ccdesk.service.logged_out import LoggedOut
from ccdesk.service.preview import Preview, try_out
from ccdesk.service.repair import repair
from ccdesk.service.runner import Asked, Runner
from ccdesk.service.save import BEFORE_DROPPING, save_settings
from ccdesk.service.setup import missing, not_ready
from ccdesk.service.status import CC_KEY, CC_NAME, CC_USER, StatusReader, next_run, next_run_name
from ccdesk.service.told import first_time
from ccdesk.service.why import Basis, by_name, why, why_live
from ccdesk.sync.context import RunContext, RunSettings
from ccdesk.sync.outbox.welcomes import answer_welcomes
from ccdesk.sync.runs.newcomer_rule import answer
from ccdesk.sync.runs.undo import to_undo
from ccdesk.sync.sensors.shop_changes import poll_customers
from ccdesk.sync.state_names import BASELINE, EXPORT_OPEN

_WINDOW = "window"
_NEWCOMERS_SHOWN = 1_000
_LONGEST_WAIT = timedelta(days=1)  # the day's calls come back at midnight (constant-contact.md §5)


class LocalDesk:
    """Implements `service.api.Desk`; safe to call from several threads.

    `recover`: close a run that a dead program left open; not where the data are only looked at.
    """

    def __init__(
        self,
        store: Store,
        connections: Connections,
        *,
        base_dir: str,
        environment: Mapping[str, str],
        clock: Clock,
        recording: Recording | None = None,
        recover: bool = True,
    ) -> None:
        self._store, self._connections, self._clock = store, connections, clock
        self._environment, self._base = environment, Path(base_dir)
        self._recording = recording or NoRecording()
        self._runner = Runner(store, connections, clock, self._recording)
        self._status = StatusReader(store, connections, clock, base_dir)
        self._pending: PendingLogin | None = None
        if recover:
            self._runner.recover()

    # -------------------------------------------------------- settings and connections

    def settings(self) -> Settings:
        """Return the settings in force."""
        return resolve(self._store.settings.load(), self._environment)

    def fixed_by_environment(self) -> set[str]:
        """Return the keys that the environment overrides."""
        return {key for key in SETTINGS if f"CCDESK_{key.upper()}" in self._environment}

    def status(self, *, live: bool) -> Status:
        """Return the state of everything; `live` asks both services."""
        return self._status.read(self.settings(), live=live)

    def stored_status(self) -> Status:
        """Return what the store alone tells, without waiting for the vault."""
        return self._status.read_store(self.settings())

    def test_kibo(self, values: dict[str, str], secret: str) -> ConnectionTest:
        """Try a Kibo connection with values not saved yet: sign in, find the tenant, read customers."""
        checked = {key: check(key, value) for key, value in values.items()}
        settings = resolve({**self._store.settings.load(), **checked}, self._environment)
        return self._connections.kibo(settings, _WINDOW, secret=secret or None).test()

    def save_settings(
        self, values: dict[str, str], *, kibo_secret: str | None = None, confirmed: bool = False
    ) -> SaveResult:
        """Check everything first, then save everything; a new list name creates the list."""
        return save_settings(
            self._store,
            self._connections,
            self._environment,
            values,
            kibo_secret=kibo_secret,
            confirmed=confirmed,
        )

    def set_enabled(self, on: bool) -> None:
        """Switch the loops on or off.

        Raises:
            SettingsError: something has to be set up before they can be on.

        """
        if on:
            status = self.status(live=False)
            steps = missing(self.settings(), status.kibo, status.constant_contact)
            if steps:
                raise not_ready(steps)
        self.save_settings({"enabled": "true" if on else "false"})

    def log_in(
        self,
        *,
        open_url: Callable[[str], None],
        timeout: float,
        cancel: threading.Event,
        accept_other_account: bool = False,
    ) -> Account:
        """Hand over to the browser and wait for the person.

        Raises:
            AccountChanged: the login is another account's; it is kept aside until told what to do.

        """
        pending = self._connections.log_in(self.settings(), open_url=open_url, timeout=timeout, cancel=cancel)
        self._pending = pending
        known = self._store.state.get(CC_KEY)
        if known and known != pending.account.key and not accept_other_account:
            raise AccountChanged(
                meaning=marked(
                    "This login belongs to “{organization}”, but what ccdesk remembers belongs to “{known}”."
                ).format(organization=pending.account.organization, known=self._store.state.get(CC_NAME)),
                next_step=marked(
                    "Keep the former login, or start over with the new account: links and queue of "
                    "the former one are then dropped, and an export is needed."
                ),
                code="other_account",
            )
        return self.accept_login()

    def accept_login(self) -> Account:
        """Keep the login just made.

        Raises:
            Busy: it is another account's, and a run is at work in the former one; it can be accepted later.

        """
        pending = self._pending
        if pending is None:
            raise RuntimeError("there is no login to accept")
        known = self._store.state.get(CC_KEY)
        if known and known != pending.account.key:
            self._change_account(pending)
        else:
            pending.keep()
            self._remember_account(pending.account)
        self._pending = None
        return pending.account

    def _change_account(self, pending: PendingLogin) -> None:
        """Leave the former account: at no moment is one account's login there with the other's people."""
        self._store.lease.acquire("changing the account")
        try:
            self._store.back_up(BEFORE_DROPPING)
            self._connections.log_out(self.settings())
            with self._store.transaction():
                self._store.forget_people()
                self._remember_account(pending.account)
            pending.keep()
        finally:
            self._store.lease.release()

    def _remember_account(self, account: Account) -> None:
        state = self._store.state
        with self._store.transaction():
            state.set(CC_KEY, account.key)
            state.set(CC_NAME, account.organization)
            state.set(CC_USER, account.user or account.contact_email)

    def reject_login(self) -> None:
        """Throw the login away that was just made."""
        self._pending = None

    def log_out(self) -> LoggedOut:
        """Forget the tokens and have them withdrawn; say what stays."""
        return self._connections.log_out(self.settings())

    def contact_lists(self) -> list[ContactList]:
        """Return the account's lists."""
        return self._connections.mail(self.settings(), _WINDOW).lists()

    def senders(self) -> list[str]:
        """Return the confirmed addresses."""
        return self._connections.mail(self.settings(), _WINDOW).senders()

    def new_draft(self, *, cancel: threading.Event | None = None) -> DraftMade:
        """Make a campaign draft with the chosen From and ReplyTo for the active list."""
        settings = self.settings()
        mail = self._connections.mail(settings, _WINDOW, cancel)
        return new_draft(self._store, mail, settings, self._clock)

    def joining_automations(self) -> tuple[str, ...]:
        """Return the automations that joining the active list starts, as far as they can be read."""
        settings = self.settings()
        mail = self._connections.mail(settings, _WINDOW)
        chosen = chosen_among(self._store, mail.lists(), settings.contact_list)
        return mail.automations_joining(chosen.id) if chosen is not None else ()

    def kibo_welcome_mail(self) -> WelcomeMail:
        """Say whether Kibo's own Welcome mail appears to be on."""
        return WelcomeMail(self._connections.kibo(self.settings(), _WINDOW).welcome_mail_on())

    def kibo_app_enabled(self) -> bool | None:
        """Return the application's status in Kibo; None when it cannot be read (design R9)."""
        return self._connections.kibo(self.settings(), "loops").app_enabled()

    # -------------------------------------------------------- runs and events

    def run(
        self,
        kind: RunKind,
        *,
        trigger: Trigger = Trigger.MANUAL,
        listener: Callable[[Progress], None] | None = None,
        cancel: threading.Event | None = None,
        confirmed: bool = False,
        leave_out: bool = False,
    ) -> Run:
        """Do one run to its end."""
        cancel = cancel or threading.Event()
        settings = self.settings()
        return self._runner.run(Asked(kind, settings, trigger, listener, cancel, confirmed, leave_out))

    def preview(
        self,
        kind: RunKind,
        *,
        listener: Callable[[Progress], None] | None = None,
        cancel: threading.Event | None = None,
        confirmed: bool = False,
        leave_out: bool = False,
        past_question: bool = False,
    ) -> Preview:
        """Try out what a run that somebody asks for now would do."""
        cancel = cancel or threading.Event()
        settings = self.settings()
        asked = Asked(
            kind,
            settings,
            Trigger.MANUAL,
            listener,
            cancel,
            confirmed,
            leave_out,
            past_question=past_question,
        )
        return try_out(self._store, self._connections, self._clock, asked)

    def undo(
        self,
        run_id: int,
        *,
        listener: Callable[[Progress], None] | None = None,
        cancel: threading.Event | None = None,
    ) -> Run:
        """Take back what a run added to the list and switched on in Kibo (design §8)."""
        return self._runner.run(self._asked_undo(run_id, listener, cancel))

    def preview_undo(
        self,
        run_id: int,
        *,
        listener: Callable[[Progress], None] | None = None,
        cancel: threading.Event | None = None,
    ) -> Preview:
        """Try out what undoing a run would do now."""
        asked = self._asked_undo(run_id, listener, cancel)
        return try_out(self._store, self._connections, self._clock, asked)

    def _asked_undo(
        self, run_id: int, listener: Callable[[Progress], None] | None, cancel: threading.Event | None
    ) -> Asked:
        """Return what is asked for.

        Raises:
            SettingsError: there is no such run, or it is an undo itself.

        """
        to_undo(run_id, self._store.runs.get(run_id))
        settings, cancel = self.settings(), cancel or threading.Event()
        return Asked(RunKind.UNDO, settings, Trigger.MANUAL, listener, cancel, confirmed=False, undoes=run_id)

    def look_for_events(self) -> int:
        """Look at Kibo and queue what changed; takes the lease, so it never mixes with a run."""
        settings = self.settings()
        kibo = self._connections.kibo(settings, _WINDOW)
        mail = self._connections.mail(settings, _WINDOW)
        self._store.lease.acquire("looking for events")
        try:
            placeholder = Run(0, RunKind.EVENTS, Trigger.MANUAL, RunStatus.RUNNING, self._clock.now())
            surroundings = RunSettings("", settings.contact_list)
            ctx = RunContext(placeholder, surroundings, kibo, mail, self._store, self._clock)
            return poll_customers(ctx)
        finally:
            self._store.lease.release()

    def runs(self, *, kind: RunKind | None = None, offset: int = 0, limit: int = 100) -> Sequence[Run]:
        """Return runs, newest first."""
        return self._store.runs.page(kind=kind, offset=offset, limit=limit)

    def run_count(self, *, kind: RunKind | None = None) -> int:
        """Count runs."""
        return self._store.runs.count(kind=kind)

    def find_runs(self, query: RunQuery, *, offset: int = 0, limit: int = 100) -> Sequence[Run]:
        """Return the runs asked for, in the order asked for."""
        return self._store.run_history.find(query, offset=offset, limit=limit)

    def found_run_count(self, query: RunQuery) -> int:
        """Count the runs asked for."""
        return self._store.run_history.count(query)

    def happened_since(self, at: datetime) -> Mapping[Happened, int]:
        """Return to how many people what has happened in runs that ended after that moment."""
        return self._store.run_history.since(at)

    def people_since(
        self, at: datetime, what: Happened, *, offset: int = 0, limit: int = 100
    ) -> Sequence[PersonThen]:
        """Return these people, the newest first."""
        return self._store.run_history.people_since(at, what, offset=offset, limit=limit)

    def runs_since(self, at: datetime) -> Sequence[RunThen]:
        """Return what the picture of the days needs of every run that began after that moment."""
        return self._store.run_history.runs_since(at)

    def get_run(self, run_id: int) -> Run | None:
        """Return one run."""
        return self._store.runs.get(run_id)

    def entries(
        self, run_id: int, *, outcome: Outcome | None = None, offset: int = 0, limit: int = 100
    ) -> Sequence[Entry]:
        """Return people of a run."""
        return self._store.runs.entries(run_id, outcome=outcome, offset=offset, limit=limit)

    def entry_count(self, run_id: int, *, outcome: Outcome | None = None) -> int:
        """Count people of a run."""
        return self._store.runs.entry_count(run_id, outcome=outcome)

    def entry_kinds(self, run_id: int) -> Sequence[tuple[Outcome, str, int]]:
        """Return the kinds of change a run saw."""
        return self._store.runs.entry_kinds(run_id)

    def events(
        self, *, include_processed: bool = False, offset: int = 0, limit: int = 100
    ) -> Sequence[QueuedEvent]:
        """Return queue entries."""
        return self._store.queue.page(include_processed=include_processed, offset=offset, limit=limit)

    def event_count(self, *, include_processed: bool = False) -> int:
        """Count queue entries."""
        return self._store.queue.count(include_processed=include_processed)

    def retry_event(self, event_id: str) -> bool:
        """Make a parked or waiting entry due now; return whether there was such an entry."""
        event = self._store.queue.get(event_id)
        if event is None or event.status not in (EventStatus.PARKED, EventStatus.RETRY):
            return False
        self._store.queue.save(replace(event, status=EventStatus.PENDING, next_try_at=None))
        return True

    def retry_all_events(self) -> int:
        """Make every parked or waiting entry due now; return how many."""
        return sum(self.retry_event(event.event_id) for event in self._store.queue.to_retry())

    def emails_of(self, customer_ids: Collection[int]) -> Mapping[int, str]:
        """Return the emails of those customers that are known by one."""
        links = self._store.links.many(list(customer_ids))
        return {number: link.email for number, link in links.items() if link.email}

    def held(self) -> Sequence[Held]:
        """Return customers whose opt-out is held, or that was taken for a mistake."""
        return self._store.losses.held()

    def answer_held(self, answer: HeldAnswer, kinds: Collection[LossKind] = tuple(LossKind)) -> int:
        """Answer for those held now; return how many."""
        self._store.lease.acquire("answering what is held")
        try:
            return answer_held(self._store.losses, answer, kinds, self._clock.now())
        finally:
            self._store.lease.release()

    def answer_welcomes(self, answer: WelcomeAnswer) -> int:
        """Answer for those whose welcome email waits; return how many."""
        self._store.lease.acquire("answering about welcome emails")
        try:
            return answer_welcomes(self._store, answer)
        finally:
            self._store.lease.release()

    def newcomers(self) -> Sequence[Link]:
        """Return the accounts that staff are asked to add or leave (design §3a R1), by customer id."""
        ids = self._store.links.newcomers(shown=_NEWCOMERS_SHOWN).ids
        return list(self._store.links.many([int(one) for one in ids]).values())

    def answer_newcomer(self, customer_id: int, *, add: bool) -> bool:
        """Take staff's answer about one of them; False if it is not asked about (any more)."""
        return answer(self._store, customer_id, self._clock.now(), add=add)

    def drift(
        self,
        *,
        listener: Callable[[Progress], None] | None = None,
        cancel: threading.Event | None = None,
        leave: Chosen | None = None,
    ) -> DriftReport:
        """Compare both sides whole, as they are now; nothing is written to either."""
        return compare(
            self._store,
            self._connections,
            self._clock,
            self.settings(),
            listener=listener,
            cancel=cancel or threading.Event(),
            leave=leave,
        )

    def leave_as_is(self, people: Sequence[Drift]) -> int:
        """Leave people as a comparison has shown them; return how many."""
        return leave(self._store, people, self._clock.now())

    def name_again(self, whom: Sequence[str]) -> int:
        """Have people named again who were left as they are; return how many."""
        return name_again(self._store, whom)

    def leave_put_back(self, customer_ids: Sequence[int]) -> int:
        """Leave customers who opted out and were put back on the list as they are; return how many."""
        return self._store.left_as_is.leave_put_back(customer_ids, self._clock.now())

    def repair(
        self,
        chosen: Sequence[Chosen],
        *,
        listener: Callable[[Progress], None] | None = None,
        cancel: threading.Event | None = None,
    ) -> Run:
        """Put chosen people right by the ordinary rules and guard, and nobody else."""
        cancel = cancel or threading.Event()
        return repair(
            self._basis(), self._connections, self._runner, chosen, listener=listener, cancel=cancel
        )

    def ledger(
        self, who: str = "", *, since: datetime | None = None, limit: int | None = None
    ) -> Iterator[LedgerEntry]:
        """Yield every statement and every command of ours in time order, however many."""
        return ledger_entries(self._store, who, since=since, limit=limit)

    def whom_to_forget(self, who: str) -> PersonToForget:
        """Return whom a request to forget means; nothing is changed."""
        return look(self._store, self._base, who)

    def forget(self, who: str) -> Forgotten:
        """Erase a person from store, backups and logs; a keyed hash stays of an opt-out."""

        def open_shop() -> Shop:
            return self._connections.kibo(self.settings(), "forget")

        return forget(self._store, self._recording, self._base, who, open_shop, self._clock.now())

    def why(self, who: str, *, live: bool = False, cancel: threading.Event | None = None) -> Why:
        """Answer why a person, named by email or customer id, is mailed or not (design §8)."""
        if live:
            return why_live(self._basis(), self._connections, who, cancel)
        return why(self._basis(), who)

    def _basis(self) -> Basis:
        at_work = self._store.loops.at_work()  # else nobody is there to keep the plan
        planned = {kind: self.planned_run(kind) for kind in RunKind if at_work}
        return Basis(self._store, self.settings(), self._clock, planned)

    def find_people(self, text: str, limit: int = 20) -> Sequence[FoundPerson]:
        """Return people for a search while somebody types: by customer id, or an email or part of it."""
        return self._store.people.find(text, limit)

    def find_by_name(self, name: str, cancel: threading.Event | None = None) -> FoundByName:
        """Return customers with this name, asked of Kibo now."""
        return by_name(self.settings(), self._connections, name, cancel)

    def disagreements(self, *, offset: int = 0, limit: int = 100) -> Sequence[Disagreement]:
        """Return who opted out and was put back on the list by others (design §3a), the longest first."""
        return self._store.disagreements.page(offset, limit)

    def disagreement_count(self) -> int:
        """Count those customers."""
        return self._store.disagreements.count()

    # -------------------------------------------------------- the loops' memory

    def next_run(self, kind: RunKind) -> datetime | None:
        """Return when the loop does this next; None while not enabled."""
        return next_run(self._store, self.settings(), kind, self._clock.now())

    def planned_run(self, kind: RunKind) -> datetime | None:
        """Return the remembered time of a loop's next run, enabled or not."""
        return self._store.state.get_time(next_run_name(kind))

    def plan_run(self, kind: RunKind, at: datetime) -> None:
        """Remember when a loop runs next, across restarts."""
        self._store.state.set_time(next_run_name(kind), at)

    def export_to_continue(self) -> bool:
        """Say whether an export was cut short, or has waited for its calls: it goes on by itself.

        Not after a cancel, which a person wanted, nor after a failure, which a person should see first.
        """
        self._runner.recover(patiently=True)
        last = next(iter(self._store.runs.page(kind=RunKind.EXPORT, offset=0, limit=1)), None)
        if last is None or self._store.lease.holder(others=True):
            return False
        if last.status is RunStatus.WAITING:
            return not self._still_waits(last)
        return last.status is RunStatus.INTERRUPTED and bool(self._store.state.get(EXPORT_OPEN))

    def _still_waits(self, run: Run) -> bool:
        """Say whether a wait is not over; one longer than any was noted by a clock that was wrong."""
        now = self._clock.now()
        return run.waiting_until is not None and now < run.waiting_until <= now + _LONGEST_WAIT

    def first_export_done(self) -> bool:
        """Say whether an export has ever completed."""
        return bool(self._store.state.get(BASELINE))

    def pause(self) -> datetime:
        """Have nothing run by itself for an hour from now; return when that ends."""
        return pausing.pause(self._store, self._clock.now())

    def resume(self) -> None:
        """End that pause."""
        pausing.resume(self._store, self._clock.now())

    def paused_until(self) -> datetime | None:
        """Return when the pause that is going on ends; None without one."""
        return pausing.paused_until(self._store, self._clock.now())

    def look_back(
        self, reason: GapReason, since: datetime | None = None, slept: timedelta | None = None
    ) -> None:
        """Keep what was missed since the loops were last at work, and note them at work."""
        self._store.loops.note()
        gaps.look_back(self._store, self.settings(), self._clock.now(), reason, since, slept)

    def note_alive(self) -> None:
        """Note that the loops are at work."""
        self._store.loops.note()
        gaps.note_alive(self._store, self.settings(), self._clock.now())

    def loops_end(self) -> None:
        """Note that this program's loops are at work no more."""
        gaps.note_alive(self._store, self.settings(), self._clock.now())
        self._store.loops.end()

    def first_time(self, name: str, about: str = "yes") -> bool:
        """Say whether this is asked about for the first time, and remember that it was."""
        return first_time(self._store, name, about)

    def close(self) -> None:
        """Close this thread's connection to the store."""
        self._store.close()
