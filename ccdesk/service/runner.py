"""One run from lease to summary (design §4)."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

from ccdesk.core.clock import Clock
from ccdesk.core.errors import (
    Busy,
    Cancelled,
    CcdeskError,
    ConfirmNeeded,
    ListHasMembers,
    QuotaUsedUp,
    RateLimited,
    RunAsks,
    our_fault,
)
from ccdesk.core.ports.mail import Mail
from ccdesk.core.ports.recording import NoRecording, Recording
from ccdesk.core.ports.shop import Shop
from ccdesk.core.ports.store import Store
from ccdesk.core.runs import OffList, Progress, Run, RunKind, RunStatus, Trigger
from ccdesk.core.settings import NAMING, SETTINGS, Settings
from ccdesk.core.words import marked
from ccdesk.service.connections import Connections, MailClient, ShopClient
from ccdesk.service.heartbeat import beating
from ccdesk.service.held import close_answered
from ccdesk.service.lists import active_list
from ccdesk.service.needs_you import note_good_run
from ccdesk.service.whose_people import check_people
from ccdesk.sync.context import RunContext, RunSettings
from ccdesk.sync.guard import ask_about_held
from ccdesk.sync.outbox.welcomes import ask_about_welcomes
from ccdesk.sync.runs.compare import run_full_compare
from ccdesk.sync.runs.events import run_events
from ccdesk.sync.runs.export import run_export
from ccdesk.sync.runs.export_session import note_cut_short
from ccdesk.sync.runs.inbound import run_inbound
from ccdesk.sync.runs.list_switch import switch_list
from ccdesk.sync.runs.repair import Affected, run_repair
from ccdesk.sync.runs.undo import run_undo

log = logging.getLogger(__name__)

Engine = Callable[[RunContext], None]
_ENGINES: dict[RunKind, Engine] = {
    RunKind.EXPORT: run_export,
    RunKind.EVENTS: run_events,
    RunKind.INBOUND: run_inbound,
    RunKind.FULL_COMPARE: run_full_compare,
    RunKind.UNDO: run_undo,
}
_SLOW_DOWN = timedelta(minutes=5)  # at least, after a service asked us to again and again
_INTERRUPTED = marked(
    "The program ended while this run was going on. What was done so far stands; the next run goes on."
)


@dataclass(frozen=True, slots=True)
class Asked:
    """What run is asked for, and by whom; see `service.api.Desk.run`.

    `undoes`: the run that an undo takes back.
    """

    kind: RunKind
    settings: Settings
    trigger: Trigger
    listener: Callable[[Progress], None] | None
    cancel: threading.Event
    confirmed: bool
    leave_out: bool = False
    people: tuple[Affected, ...] = ()  # whom alone it puts right (`sync/runs/repair.py`)
    undoes: int | None = None
    past_question: bool = False  # a preview: see `RunContext.past_question`


@dataclass(frozen=True, slots=True)
class Clients:
    """The clients of one run: what it calls is counted by them."""

    kibo: ShopClient
    mail: MailClient

    @property
    def calls(self) -> tuple[int, int]:
        """Calls sent so far, to Kibo and to Constant Contact."""
        return self.kibo.calls, self.mail.calls


def open_clients(connections: Connections, asked: Asked) -> Clients:
    """Return the clients for a run.

    Raises:
        SettingsError: Kibo is not set up.

    """
    origin = "export" if asked.kind is RunKind.EXPORT else "loops"
    kibo = connections.kibo(asked.settings, origin, asked.cancel)
    return Clients(kibo, connections.mail(asked.settings, origin, asked.cancel))


class Runner:
    """Does runs one at a time; whoever else holds the lease makes it raise Busy."""

    def __init__(
        self, store: Store, connections: Connections, clock: Clock, recording: Recording | None = None
    ) -> None:
        self._store, self._connections, self._clock = store, connections, clock
        self._recording = recording or NoRecording()

    def recover(self, *, patiently: bool = False) -> None:
        """Close the run a dead process left RUNNING; does nothing while somebody alive holds the lease.

        Only the newest can be RUNNING: each run closes those before it. The lease is taken only where there
        is something to close, so that a start is in nobody's way. `patiently`: a holder of whom the system
        cannot tell, as in another container, is watched, which takes half a minute.
        """
        newest = self._store.runs.page(kind=None, offset=0, limit=1)
        if not newest or newest[0].status is not RunStatus.RUNNING:
            return
        if not patiently and self._store.lease.holder():
            return
        try:
            self._store.lease.acquire("start-up")
        except Busy:  # somebody else was faster, and closes it
            return
        try:
            self._close_dead()
        finally:
            self._store.lease.release()

    def _close_dead(self) -> None:
        for run in self._store.runs.close_open(RunStatus.INTERRUPTED, self._clock.now(), _INTERRUPTED):
            log.warning("run %s (%s) had been interrupted", run.id, run.kind.value)

    def run(self, asked: Asked) -> Run:
        """Do one run; its failure is in the result (`failure`, `message`, status).

        Raises:
            Busy: another run holds the lease.
            ConfirmNeeded: a person must be asked, and was not told before.
            SettingsError: Kibo is not set up; no run is made.

        """
        clients = open_clients(self._connections, asked)
        self._store.lease.acquire(asked.kind.value)
        try:
            run = self.do(asked, clients, clients.kibo, clients.mail)
            error = run.failure
            if isinstance(error, ConfirmNeeded) and not _asked_before(run, error):
                raise error
            if not isinstance(error, Busy):
                self._prune(asked.settings)
            return run
        finally:
            self._store.lease.release()

    def do(self, asked: Asked, clients: Clients, shop: Shop, mail: Mail) -> Run:
        """Do one run while the lease is held; `shop` and `mail` are the clients, or stand before them.

        What ended it early is in the result, a question to a person as well.
        """
        before = clients.calls
        self._close_dead()
        self._recording.begin(_as_values(asked))
        run = self._store.runs.start(asked.kind, asked.trigger, self._clock.now(), undoes=asked.undoes)
        settings = asked.settings
        ctx = RunContext(
            run=run,
            settings=RunSettings("", settings.contact_list, settings.welcome_email, settings.export_guests),
            shop=shop,
            mail=mail,
            store=self._store,
            clock=self._clock,
            cancel=asked.cancel,
            listener=asked.listener,
            confirmed=asked.confirmed,
            past_question=asked.past_question,
            off_list=_off_list(confirmed=asked.confirmed, leave_out=asked.leave_out),
        )
        clients.kibo.tell_waits(partial(ctx.no_answer, "Kibo"))
        clients.mail.tell_waits(partial(ctx.no_answer, "Constant Contact"))
        with beating(self._store.lease), self._store.dated_by(ctx.clocks.mail_at_this_moment):
            error = self._go(ctx, settings, _engine_of(asked))
        if isinstance(error, Busy):
            self._recording.abandon()
            return self._lost(run, error)
        kibo_calls, mail_calls = (now - then for now, then in zip(clients.calls, before, strict=True))
        finished = self._finish(ctx, error, kibo_calls, mail_calls, whole=not asked.people)
        self._recording.end(finished)
        return finished

    def _go(self, ctx: RunContext, settings: Settings, engine: Engine) -> CcdeskError | None:
        """Run the engine; return what ended it early, None if nothing did."""
        ctx.progress("Connecting to Constant Contact")
        try:
            check_people(self._store, settings)
            list_id = active_list(self._store, ctx.mail, ctx.settings.list_name)
            ctx.settings = replace(ctx.settings, list_id=list_id)
            ctx.run = replace(ctx.run, list_id=list_id)
            self._store.runs.note_list(ctx.run.id, list_id)
            if ctx.run.kind is not RunKind.EXPORT:
                note_cut_short(ctx)
            switch_list(ctx)
            engine(ctx)
            self._store.disagreements.forget_answered()
            ask_about_held(ctx)
            ask_about_welcomes(ctx)
        except CcdeskError as error:
            return error
        except Exception as error:
            # The last net: a defect of ours must not leave the run RUNNING nor kill the loop.
            log.exception("run %s failed", ctx.run.id)
            return our_fault(
                error,
                meaning=marked("The run stopped; what was done so far stands."),
            )
        return None

    def _lost(self, run: Run, error: Busy) -> Run:
        """Return a run that lost the lease while its computer slept, and write nothing more.

        The program that took the lease has closed it as interrupted, and perhaps goes on with its work by
        now.
        """
        log.warning("run %s (%s) lost the lease: %s", run.id, run.kind.value, error.meaning)
        return replace(self._store.runs.get(run.id) or run, failure=error)

    def _finish(
        self, ctx: RunContext, error: CcdeskError | None, kibo_calls: int, mail_calls: int, *, whole: bool
    ) -> Run:
        """Close the run; one that was about some people only answers no question and is no sign of health."""
        status = RunStatus.COMPLETE
        if isinstance(error, Cancelled):
            status = RunStatus.CANCELLED
        elif isinstance(error, QuotaUsedUp | RateLimited):
            status = RunStatus.WAITING
        elif isinstance(error, RunAsks | ListHasMembers):
            status = RunStatus.NEEDS_YOU
        elif error is not None:
            status = RunStatus.FAILED
        message = error.text if error else _balance(ctx) or ctx.said
        run = replace(
            ctx.run,
            status=status,
            finished_at=self._clock.now(),
            total_contacts=ctx.total,
            error_count=ctx.errors,
            counts=dict(ctx.counts),
            calls_constant_contact=mail_calls,
            calls_kibo=kibo_calls,
            message=message,
            waiting_until=self._until(error),
        )
        if kibo_calls and mail_calls:  # else one of the two clocks was read in an earlier run
            ctx.clocks.remember_skew()
        with self._store.transaction():
            if whole:
                close_answered(self._store.runs, run)
            self._store.runs.finish(run)
            if whole:
                note_good_run(self._store, run)
        log.info("run %s (%s) ended %s: %s", run.id, run.kind.value, status.value, run.counts)
        if error is not None:
            log.warning("run %s (%s): %s %s", run.id, run.kind.value, error.title, error.detail)
        return replace(run, failure=error)

    def _until(self, error: CcdeskError | None) -> datetime | None:
        """Return when a run that waits may go on."""
        if isinstance(error, QuotaUsedUp):
            return error.until
        if isinstance(error, RateLimited):
            return self._clock.now() + max(_SLOW_DOWN, timedelta(seconds=error.retry_after))
        return None

    def _prune(self, settings: Settings) -> None:
        before = self._clock.now() - timedelta(days=settings.keep_days)
        self._store.runs.prune(before)
        self._store.intents.prune()
        self._store.forget_gone(before)
        self._store.expire_backups(before)


def _engine_of(asked: Asked) -> Engine:
    return partial(run_repair, people=asked.people) if asked.people else _ENGINES[asked.kind]


def _as_values(asked: Asked) -> dict[str, object]:
    """Return what was asked for as it is recorded."""
    return {
        "kind": asked.kind.value,
        "trigger": asked.trigger.value,
        "confirmed": asked.confirmed,
        "leave_out": asked.leave_out,
        "undoes": asked.undoes,
        "settings": {key: getattr(asked.settings, key) for key in SETTINGS if key not in NAMING},
        "people": [{"email": one.email, "ids": list(one.customer_ids)} for one in asked.people],
    }


def _off_list(*, confirmed: bool, leave_out: bool) -> OffList:
    """Return what a person said about contacts who are not on a list that had members (design §3a R2)."""
    if leave_out:
        return OffList.LEAVE_OUT
    return OffList.ADD if confirmed else OffList.ASK


def _asked_before(run: Run, error: ConfirmNeeded) -> bool:
    """Say whether nobody need be told: the question stays open, and a plan's run has nothing to add to it."""
    return run.trigger is Trigger.SCHEDULED and isinstance(error, RunAsks) and not error.anew


def _balance(ctx: RunContext) -> str:
    """Say so if an export's figures do not add up to the customers read (design R2)."""
    if ctx.expected is None or ctx.expected == ctx.total:
        return ""
    return marked(
        "Incomplete: the figures do not add up. {read:,} customers read, {outcomes:,} outcomes."
    ).format(read=ctx.expected, outcomes=ctx.total)
