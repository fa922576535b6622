"""Builds store, clients and services from paths and environment; shared by window, command line and tests."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ccdesk.core.bundles import Made, Wanted
from ccdesk.core.clock import Clock
from ccdesk.core.errors import VaultError
from ccdesk.core.ports.recording import Erased
from ccdesk.core.ports.store import Store
from ccdesk.core.redaction import hide
from ccdesk.core.runs import Run
from ccdesk.core.settings import SECRET_VARIABLE, Settings
from ccdesk.core.updates import Release, ReleasePlace
from ccdesk.paths import Paths
from ccdesk.service.connections import Connections, LoginState, MailClient, PendingLogin, ShopClient
from ccdesk.service.desk import LocalDesk
from ccdesk.service.logged_out import LoggedOut
from ccdesk.store.store import SqliteStore

if TYPE_CHECKING:
    from ccdesk.connections import RealConnections
    from ccdesk.support.recorder import Recorder
    from ccdesk.support.records import RecordFiles


class LateConnections:
    """`service.connections.Connections` that are built when somebody first needs them, in any thread."""

    def __init__(self, build: Callable[[], RealConnections]) -> None:
        self._build, self._lock = build, threading.Lock()
        self._real: RealConnections | None = None

    @property
    def real(self) -> RealConnections:
        """The real ones."""
        with self._lock:
            if self._real is None:
                self._real = self._build()
            return self._real

    def kibo(
        self,
        settings: Settings,
        origin: str,
        cancel: threading.Event | None = None,
        *,
        secret: str | None = None,
    ) -> ShopClient:
        """Return a Kibo client."""
        return self.real.kibo(settings, origin, cancel, secret=secret)

    def mail(self, settings: Settings, origin: str, cancel: threading.Event | None = None) -> MailClient:
        """Return a Constant Contact client."""
        return self.real.mail(settings, origin, cancel)

    def noting_in(self, store: Store) -> Connections:
        """Return the same connections, noting what they learn in that store."""
        return self.real.noting_in(store)

    def login_state(self, settings: Settings) -> LoginState:
        """Return what is known of the login."""
        return self.real.login_state(settings)

    def log_in(
        self,
        settings: Settings,
        *,
        open_url: Callable[[str], None],
        timeout: float,
        cancel: threading.Event,
    ) -> PendingLogin:
        """Hand over to the browser."""
        return self.real.log_in(settings, open_url=open_url, timeout=timeout, cancel=cancel)

    def log_out(self, settings: Settings) -> LoggedOut:
        """Forget the tokens."""
        return self.real.log_out(settings)

    def kibo_secret(self) -> str:
        """Return the shared secret."""
        return self.real.kibo_secret()

    def set_kibo_secret(self, secret: str, settings: Settings) -> None:
        """Keep the shared secret."""
        self.real.set_kibo_secret(secret, settings)

    def check_kibo_place(self, settings: Settings) -> None:
        """Make sure that the shared secret may go where the settings say."""
        self.real.check_kibo_place(settings)

    def missing_approvals(self, settings: Settings) -> list[str]:
        """Say which secrets do not go where the settings say."""
        return self.real.missing_approvals(settings)


class LateRecording:
    """`ports.Recording` that is built with the first run: what it needs takes longer than the window."""

    def __init__(self, store: SqliteStore, paths: Paths, clock: Clock) -> None:
        self._store, self._paths, self._clock = store, paths, clock
        self._lock = threading.Lock()
        self._real: Recorder | None = None

    @property
    def real(self) -> Recorder:
        """The real one."""
        with self._lock:
            if self._real is None:
                from ccdesk.support.recorder import Recorder
                from ccdesk.support.records import RecordFiles

                files = RecordFiles(self._paths.base)
                self._real = Recorder(self._store, partial(_copied, self._store, files), files, self._clock)
            return self._real

    def begin(self, asked: Mapping[str, Any]) -> None:
        """Begin to record a run."""
        self.real.begin(asked)

    def end(self, run: Run) -> None:
        """End with it."""
        self.real.end(run)

    def abandon(self) -> None:
        """Forget a run that another program has taken over."""
        self.real.abandon()

    def erase(self, person: Erased, runs: Collection[int]) -> list[int]:
        """Erase a person from what is recorded."""
        return self.real.erase(person, runs)


def _copied(store: SqliteStore, files: RecordFiles) -> bool:
    """Copy the data file as it is before a run, if there is room; say whether that was done."""
    files.drop_open()
    if not files.has_room(store.path):
        return False
    store.copy_to(files.open_before)
    return True


@dataclass
class Container:
    """Everything a front end needs, built once a process."""

    desk: LocalDesk
    store: SqliteStore
    late: LateConnections
    clock: Clock
    paths: Paths

    @property
    def connections(self) -> RealConnections:
        """What talks to the outside."""
        return self.late.real

    def kibo_secret_set(self) -> bool:
        """Say whether a Kibo secret is there; a vault that cannot be read counts as none."""
        try:
            return bool(self.connections.kibo_secret())
        except VaultError:
            return False

    def save_bundle(self, out: Path, wanted: Wanted) -> Made:
        """Write a bundle for support; errors as `support.bundle.make_bundle`."""
        from ccdesk.support.bundle import make_bundle
        from ccdesk.support.records import RecordFiles

        files, settings = RecordFiles(self.paths.base), self.desk.settings()
        return make_bundle(self.store, files, settings, self.clock.now(), out, wanted)

    def close(self) -> None:
        """Close every connection to the store."""
        self.store.close_all()


def take_environment() -> dict[str, str]:
    """Return what the environment holds, and take the secret out of it: no program we start inherits it."""
    taken = dict(os.environ)
    secret = os.environ.pop(SECRET_VARIABLE, "")
    hide(secret)
    return taken


def latest_release(place: ReleasePlace) -> Release:
    """Ask where ccdesk is published for its latest release.

    Raises:
        UpdatesUnknown: no usable answer came back.

    """
    from ccdesk.connections import latest_release as ask

    return ask(place)


def build_container(
    paths: Paths, *, environment: Mapping[str, str] | None = None, clock: Clock | None = None
) -> Container:
    """Build everything on one base dir.

    Raises:
        StoreError: the folder or the database cannot be used.

    """
    environment, clock = take_environment() if environment is None else environment, clock or Clock()
    paths.prepare()
    store = SqliteStore(paths.database, clock)

    recording = LateRecording(store, paths, clock)

    def connect() -> RealConnections:
        from ccdesk.connections import RealConnections

        return RealConnections(store, paths.base, environment, clock, recording.real)

    connections = LateConnections(connect)
    desk = LocalDesk(
        store,
        connections,
        base_dir=str(paths.base),
        environment=environment,
        clock=clock,
        recording=recording,
    )
    return Container(desk, store, connections, clock, paths)


@contextmanager
def open_container(
    paths: Paths, *, environment: Mapping[str, str] | None = None, clock: Clock | None = None
) -> Iterator[Container]:
    """Build everything and close it afterwards."""
    container = build_container(paths, environment=environment, clock=clock)
    try:
        yield container
    finally:
        container.close()
