"""A run tried out: the very same code, on a copy of the data file and with the outbox shut (design §8)."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from types import TracebackType
from typing import Self

from ccdesk.core.clock import Clock
from ccdesk.core.ports.store import Runs, Store
from ccdesk.core.runs import Entry, Outcome, Run, RunKind
from ccdesk.core.words import marked
from ccdesk.service.connections import Connections
from ccdesk.service.runner import Asked, Runner, open_clients
from ccdesk.sync.preview.mail import ShutMail
from ccdesk.sync.preview.shop import ShutShop

NO_RUN = 0  # the id of what is no run in the records
_TRYING_OUT = {  # whoever has to wait for it is told
    RunKind.EXPORT: marked("preview of export"),
    RunKind.EVENTS: marked("preview of events"),
    RunKind.INBOUND: marked("preview of inbound"),
    RunKind.FULL_COMPARE: marked("preview of full-compare"),
    RunKind.UNDO: marked("preview of undo"),
}


class Preview(AbstractContextManager["Preview"]):
    """What a run would do: `run` as it would end, its people, and how many `welcome_emails` it would send.

    It is no run in the records, so its id is 0. The people are kept until it is closed; any thread may read
    them, and afterwards finds nobody.
    """

    def __init__(self, run: Run, welcome_emails: int, runs: Runs, discard: Callable[[], None]) -> None:
        self.run, self.welcome_emails = replace(run, id=NO_RUN), welcome_emails
        self._id, self._runs, self._discard = run.id, runs, discard
        self._lock = threading.Lock()  # nobody reads while it is closed
        self._closed = False

    def entries(
        self, run_id: int = NO_RUN, *, outcome: Outcome | None = None, offset: int = 0, limit: int = 100
    ) -> Sequence[Entry]:
        """Return people, as `Desk.entries`; the id is that of the one run there is."""
        with self._lock:
            if self._closed:
                return []
            return self._runs.entries(self._id, outcome=outcome, offset=offset, limit=limit)

    def entry_count(self, run_id: int = NO_RUN, *, outcome: Outcome | None = None) -> int:
        """Count people, as `Desk.entry_count`."""
        with self._lock:
            return 0 if self._closed else self._runs.entry_count(self._id, outcome=outcome)

    def entry_kinds(self, run_id: int = NO_RUN) -> Sequence[tuple[Outcome, str, int]]:
        """Return the kinds of change, as `Desk.entry_kinds`."""
        with self._lock:
            return [] if self._closed else self._runs.entry_kinds(self._id)

    def close(self) -> None:
        """Forget the people; harmless if that was done before."""
        with self._lock:
            self._closed = True
            self._discard()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


@contextmanager
def _marked_in_the_log() -> Iterator[None]:
    """Give the thread the preview's name, which each line of the log bears: the run's number is no run's."""
    thread = threading.current_thread()
    name, thread.name = thread.name, "preview"
    try:
        yield
    finally:
        thread.name = name


def try_out(store: Store, connections: Connections, clock: Clock, asked: Asked) -> Preview:
    """Do a run that changes nothing; the lease is held meanwhile, and its calls are counted.

    The copy is removed whatever happens, or with the preview's `close`.

    Raises:
        Busy: a run is going on.
        SettingsError: Kibo is not set up.
        StoreError: there is no room for the copy.

    """
    store.lease.acquire(_TRYING_OUT[asked.kind])
    try:
        copy = store.scratch()
        try:
            there = connections.noting_in(copy)
            clients = open_clients(there, asked)
            mail = ShutMail(clients.mail, copy.imagined, clock)
            with _marked_in_the_log():
                run = Runner(copy, there, clock).do(asked, clients, ShutShop(clients.kibo, clock), mail)
            return Preview(run, mail.welcome_emails, copy.runs, copy.discard)
        except BaseException:
            copy.discard()
            raise
    finally:
        store.lease.release()
