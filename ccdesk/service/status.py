"""The state of everything, for the Info tab and `ccdesk status`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from ccdesk import __version__
from ccdesk.core.clock import Clock
from ccdesk.core.errors import CcdeskError, LoginNeeded, SettingsError
from ccdesk.core.limits import DAILY_CALLS, RESERVED_SHARE
from ccdesk.core.models import WriteBack
from ccdesk.core.ports.store import Store
from ccdesk.core.runs import LOOPS, ORDINARY, Run, RunKind, RunStatus
from ccdesk.core.settings import Settings
from ccdesk.core.words import marked
from ccdesk.service.api import Calls, Connection, ConnectionState, PendingWriteBacks, Status
from ccdesk.service.connections import SECRET_MISSING, Connections, LoginState, secret_missing
from ccdesk.service.gaps import last_gap
from ccdesk.service.kibo_host import host_note
from ccdesk.service.needs_you import Need, NeedKind, last_good_runs, needs_you
from ccdesk.service.pausing import paused_until
from ccdesk.sync.active_list import name_now, note_active_list

MAIL = "constant_contact"
KIBO_NAME, KIBO_SINCE = "kibo.name", "kibo.connected_since"
CC_NAME, CC_USER, CC_KEY = "cc.organization", "cc.user", "cc.account_key"
_ORIGIN = "window"
_T = TypeVar("_T")


def next_run_name(kind: RunKind) -> str:
    """The name under which a loop's next time is remembered."""
    return f"loop.next.{kind.value}"


def next_run(store: Store, settings: Settings, kind: RunKind, now: datetime) -> datetime | None:
    """Return when a loop runs next: not before a pause is over, and None while not enabled."""
    planned = store.state.get_time(next_run_name(kind))
    if not settings.enabled or planned is None:
        return None
    return max(filter(None, (planned, paused_until(store, now))))


class StatusReader:
    """Reads the state from the store, and from both services when asked live."""

    def __init__(self, store: Store, connections: Connections, clock: Clock, base_dir: str) -> None:
        self._store, self._connections, self._clock, self._base_dir = store, connections, clock, base_dir

    def read(self, settings: Settings, *, live: bool) -> Status:
        """Return the state; a service that fails is reported in its connection, never raised."""
        kibo, app = self._kibo(settings, live=live)
        return self._with(settings, kibo, app, self._mail(settings, live=live))

    def read_store(self, settings: Settings) -> Status:
        """Return what the store alone tells; the vault, which may wait for a person, is not opened."""
        return self._with(settings, self._kibo_remembered(settings), None, self._mail_remembered(settings))

    def _with(self, settings: Settings, kibo: Connection, app: bool | None, mail: Connection) -> Status:
        store = self._store
        last = store.runs.last_finished(RunKind.EXPORT, RunStatus.COMPLETE)
        queue, now = store.queue.count(), self._clock.now()
        at_work = store.loops.at_work()
        return Status(
            version=__version__,
            base_dir=self._base_dir,
            enabled=settings.enabled,
            kibo=kibo,
            constant_contact=mail,
            calls=self.calls(),
            next_runs={kind: next_run(store, settings, kind, now) if at_work else None for kind in LOOPS},
            kibo_app=app,
            running=store.lease.holder(others=True),
            queued=queue,
            parked=store.queue.parked_count(),
            links=store.links.count(),
            on_list=store.links.count(on_list=True),
            waiting=store.links.count_waiting(),
            last_export=last.finished_at if last else None,
            contact_list=name_now(store, settings.contact_list),
            needs_you=(
                *connection_needs(kibo, mail, enabled=settings.enabled),
                *needs_you(store, settings, now, paused=app is False),
            ),
            pending=_pending_write_backs(store),
            last_good=last_good_runs(store, now),
            paused_until=paused_until(store, now),
            last_gap=last_gap(store),
            loops_at_work=at_work,
            last_failed=_last_failed(store),
        )

    def calls(self) -> Calls:
        """Return today's calls to Constant Contact; its day is the UTC date."""
        now = self._clock.now().astimezone(UTC)
        by_origin = self._store.calls.used(MAIL, now.strftime("%Y-%m-%d"))
        midnight = datetime(now.year, now.month, now.day, tzinfo=UTC) + timedelta(days=1)
        return Calls(
            used=sum(by_origin.values()),
            limit=DAILY_CALLS,
            reserved=int(DAILY_CALLS * RESERVED_SHARE),
            by_origin=by_origin,
            resets_at=midnight,
        )

    def _kibo(self, settings: Settings, *, live: bool) -> tuple[Connection, bool | None]:
        state = self._store.state
        name, since = state.get(KIBO_NAME), state.get_time(KIBO_SINCE)
        if not settings.kibo_ready:
            return Connection(ConnectionState.NOT_SET_UP), None
        known = Connection(ConnectionState.UNKNOWN, name, settings.kibo_app_key, since)
        if not live:
            return self._kibo_as_known(settings, known), None

        def ask() -> tuple[Connection, bool | None]:
            client = self._connections.kibo(settings, _ORIGIN)
            tenant = client.test().tenant
            first = since if name == tenant.name and since else self._clock.now()
            state.set(KIBO_NAME, tenant.name)
            state.set_time(KIBO_SINCE, first)
            note = host_note(self._store, self._clock.now())
            connected = Connection(
                ConnectionState.CONNECTED, tenant.name, settings.kibo_app_key, first, note=note
            )
            return connected, client.app_enabled()

        return _guarded(ask, lambda error: (_failed(error, known), None))

    def _kibo_remembered(self, settings: Settings) -> Connection:
        """Return what the store tells of the connection."""
        state = self._store.state
        if not settings.kibo_ready:
            return Connection(ConnectionState.NOT_SET_UP)
        name, since = state.get(KIBO_NAME), state.get_time(KIBO_SINCE)
        return Connection(ConnectionState.UNKNOWN, name, settings.kibo_app_key, since)

    def _mail_remembered(self, settings: Settings) -> Connection:
        """Return what the store tells of the connection; the login itself is in the vault."""
        state = self._store.state
        if not (settings.cc_client_id and state.get(CC_NAME)):
            return Connection(ConnectionState.NOT_SET_UP)
        return Connection(ConnectionState.UNKNOWN, state.get(CC_NAME), state.get(CC_USER))

    def _kibo_as_known(self, settings: Settings, connection: Connection) -> Connection:
        """Return the connection as remembered; a secret that is missing, or not for here, is seen at once."""
        try:
            if not self._connections.kibo_secret():
                return _failed(secret_missing(), connection)
            self._connections.check_kibo_place(settings)
        except CcdeskError as error:
            return _failed(error, connection)
        return replace(connection, state=ConnectionState.CONNECTED) if connection.name else connection

    def _mail(self, settings: Settings, *, live: bool) -> Connection:
        state = self._store.state
        try:
            login = self._connections.login_state(settings)
        except CcdeskError as error:
            return _failed(error, self._mail_remembered(settings))
        if not login.present:
            missing = ConnectionState.LOGIN_NEEDED if settings.cc_client_id else ConnectionState.NOT_SET_UP
            return Connection(missing, error=login.problem)
        known = self._logged_in(login)
        if not live:
            return known

        def ask() -> Connection:
            client = self._connections.mail(settings, _ORIGIN)
            account = client.account()
            state.set(CC_NAME, account.organization)
            missing = client.missing_privileges()
            if missing:
                problem = SettingsError(
                    marked("The Constant Contact user lacks privileges: {privileges}").format(
                        privileges=", ".join(missing)
                    ),
                    next_step=marked("Log in as a user who may manage contacts, or have the role changed."),
                )
                return replace(_failed(problem, known), name=account.organization, who=account.user)
            note_active_list(self._store, client.lists(), self._clock.now())
            return self._logged_in(self._connections.login_state(settings))

        return _guarded(ask, lambda error: _failed(error, known))

    def _logged_in(self, login: LoginState) -> Connection:
        state, expires = self._store.state, login.expires
        run_out = expires is not None and expires <= self._clock.now()
        return Connection(
            ConnectionState.LOGIN_NEEDED if run_out else ConnectionState.CONNECTED,
            state.get(CC_NAME),
            state.get(CC_USER),
            login.since,
            expires,
            LoginNeeded(meaning=marked("The login has run out.")) if run_out else None,
        )


OF_CONNECTIONS = frozenset({NeedKind.KIBO_SECRET, NeedKind.LOGIN})
"""What `connection_needs` yields."""


def connection_needs(kibo: Connection, mail: Connection, *, enabled: bool) -> Iterator[Need]:
    """Yield what keeps ccdesk from asking a service at all and only a person can give it.

    A login nobody has made yet belongs to the first steps, and one ended on purpose to whoever ended it;
    neither holds anything up until the application is enabled.
    """
    if kibo.error is not None and kibo.error.code == SECRET_MISSING:
        yield Need(NeedKind.KIBO_SECRET)
    if mail.state is ConnectionState.LOGIN_NEEDED and (enabled or mail.error is not None):
        yield Need(NeedKind.LOGIN, subject=mail.name)


def _last_failed(store: Store) -> dict[RunKind, Run]:
    """Return the newest run of each kind where it failed: what it was to do waits."""
    newest = (run for kind in ORDINARY for run in store.runs.page(kind=kind, offset=0, limit=1))
    return {run.kind: run for run in newest if run.status is RunStatus.FAILED}


def _pending_write_backs(store: Store) -> PendingWriteBacks:
    opt_outs, opt_ins = (
        store.links.pending_summary(WriteBack.OPT_OUT),
        store.links.pending_summary(WriteBack.OPT_IN),
    )
    since = [waiting.since for waiting in (opt_outs, opt_ins) if waiting.since is not None]
    return PendingWriteBacks(opt_outs.count, opt_ins.count, min(since, default=None))


def _guarded(ask: Callable[[], _T], failed: Callable[[CcdeskError], _T]) -> _T:
    try:
        return ask()
    except CcdeskError as error:
        return failed(error)


def _failed(error: CcdeskError, known: Connection) -> Connection:
    """Return a connection that fails now: what is known of it stays, an outage is no set-up undone."""
    state = ConnectionState.LOGIN_NEEDED if isinstance(error, LoginNeeded) else ConnectionState.FAILED
    return replace(known, state=state, error=error)
