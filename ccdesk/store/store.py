"""`ports.Store` on one SQLite file."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import reduce
from operator import or_
from pathlib import Path

from ccdesk.core.clock import Clock
from ccdesk.core.disagreements import Disagreements
from ccdesk.core.drift import Drifts, LeftAsIs
from ccdesk.core.exporting import Exports
from ccdesk.core.intents import Intents
from ccdesk.core.losses import Losses
from ccdesk.core.models import Link
from ccdesk.core.ports import store as ports
from ccdesk.core.ports.ledger import Ledger
from ccdesk.core.run_history import RunHistory
from ccdesk.core.statements import Statements
from ccdesk.core.why import People
from ccdesk.store import backup, erasure, migrations, scratch
from ccdesk.store.db import Database
from ccdesk.store.disagreements import SqliteDisagreements
from ccdesk.store.drift import SqliteDrifts
from ccdesk.store.exports import SqliteExports
from ccdesk.store.forgetting import Seals, forget_gone
from ccdesk.store.imagined import SqliteImagined
from ccdesk.store.intents import SqliteIntents
from ccdesk.store.lease import SqliteLease
from ccdesk.store.ledger import SqliteLedger
from ccdesk.store.left_as_is import SqliteLeftAsIs
from ccdesk.store.links import SqliteLinks
from ccdesk.store.loops import SqliteLoops
from ccdesk.store.losses import SqliteLosses
from ccdesk.store.people import SqlitePeople
from ccdesk.store.queue import SqliteQueue
from ccdesk.store.run_history import SqliteRunHistory
from ccdesk.store.runs import SqliteRuns
from ccdesk.store.schema import STEPS
from ccdesk.store.staging import SqliteStaging
from ccdesk.store.state import SqliteCallCounts, SqliteSettings, SqliteState
from ccdesk.store.statements import SqliteStatements
from ccdesk.store.tables import (
    CarriedLossRow,
    DisagreementRow,
    EventRow,
    FormerContactRow,
    FormerMemberRow,
    GoneRow,
    HeldLossRow,
    IntentRow,
    KnownAccountRow,
    LeftAsIsRow,
    LinkRow,
    LinkSinceRow,
    StatementRow,
    StateRow,
)

# Prefixes; any other name is forgotten.
KEPT_STATE = ("cc.", "kibo.", "loop.", "forget.", "secrets.", "support.")


class SqliteStore:
    """All repositories over one file, usable from any thread and from several processes at once.

    Opening creates the file (not its folder) or brings it up to date; `StoreError` says what is in the way.
    Each thread gets a connection of its own with its first query. `close_all` ends the store for good.
    """

    def __init__(self, path: Path, clock: Clock | None = None) -> None:
        migrations.prepare(path)
        scratch.clear(path)
        self._open(Database(path, schema=len(STEPS)), clock or Clock())

    def _open(self, database: Database, clock: Clock) -> None:
        self._clock, self._database, self.path = clock, database, database.path
        self._scratches: set[SqliteScratch] = set()
        self._seals = Seals(self._database)
        self._statements = SqliteStatements(self._database, clock)
        self.statements: Statements = self._statements
        links = SqliteLinks(self._database, clock, self._seals, self._statements)
        self.links: ports.Links = links
        self.intents: Intents = SqliteIntents(self._database, clock)
        self.queue: ports.Queue = SqliteQueue(self._database, clock)
        runs, people = SqliteRuns(self._database), SqlitePeople(self._database)
        self.runs: ports.Runs = runs
        self.run_history: RunHistory = SqliteRunHistory(self._database, runs, people)
        self.staging: ports.Staging = SqliteStaging(self._database)
        self.exports: Exports = SqliteExports(self._database, self._seals, clock)
        self.losses: Losses = SqliteLosses(self._database)
        self.disagreements: Disagreements = SqliteDisagreements(self._database, self._statements)
        self.ledger: Ledger = SqliteLedger(self._database, links, self._statements, clock, self._seals)
        left = SqliteLeftAsIs(self._database, self.disagreements)
        self.left_as_is: LeftAsIs = left
        self.drifts: Drifts = SqliteDrifts(self._database, links, left)
        self.people: People = people
        self.state: ports.State = SqliteState(self._database)
        self.calls: ports.CallCounts = SqliteCallCounts(self._database)
        self.lease: ports.Lease = SqliteLease(self._database, clock)
        self.loops: ports.Loops = SqliteLoops(self.state, clock)
        self.settings: ports.SettingsStore = SqliteSettings(self._database)

    @contextmanager
    def dated_by(self, now: Callable[[], datetime]) -> Iterator[None]:
        """Date what is stated meanwhile by the mail service's clock where nothing else dates it."""
        self._statements.now = now
        try:
            yield
        finally:
            self._statements.now = self._clock.now

    def back_up(self, label: str) -> Path:
        """Copy the data file beside it, named by the label and the time; not inside a transaction.

        Raises:
            StoreError: no copy could be made.

        """
        return backup.back_up(self._database, f"{label}-{self._clock.now():%Y%m%dT%H%M%S}")

    def copy_to(self, path: Path) -> None:
        """Copy everything into a file of that name, for support.

        Raises:
            StoreError: no copy could be made.
            OSError: the file cannot be made.

        """
        scratch.copy_to(self._database, path)

    def scratch(self) -> SqliteScratch:
        """Copy everything, for a run that is only tried out; see `ports.ScratchStore`.

        Raises:
            StoreError: no copy could be made.

        """
        return SqliteScratch(self, scratch.copy(self._database), self._clock)

    def expire_backups(self, before: datetime) -> None:
        """Remove copies made before that time: they hold the emails of people forgotten since."""
        backup.expire(self.path, before)

    def forget_gone(self, before: datetime) -> int:
        """Take the emails of accounts gone from Kibo since before that time out of links and entries.

        Returns how many accounts were forgotten.
        """
        return forget_gone(self._database, self._seals, self._clock.now(), before)

    def keeps(self, key: str, customer_ids: Sequence[int]) -> bool:
        """Say whether anything is kept about these accounts, or names this compared email."""
        emails = erasure.emails_of(self._database, key, customer_ids)
        return erasure.is_kept(self._database, key, customer_ids, emails)

    def forget_person(
        self, key: str, customer_ids: Sequence[int], *, out_since: datetime | None, kept: Iterable[Link] = ()
    ) -> set[str]:
        """Erase whatever is kept about these accounts and this compared email; return their emails.

        `out_since`: since when the person has been out, of which a keyed hash of the email stays; None if
        they are not. `kept`: links of theirs that stay for a while, by such a hash, too.
        """
        with self._database.transaction():
            emails = erasure.emails_of(self._database, key, customer_ids)
            erasure.erase(self._database, key, customer_ids, emails)
            erasure.keep_links(self._database, self.links, self._seals, key, kept)
            if out_since is not None and key:
                erasure.keep_opt_out(self._database, self.links, self._seals, key, out_since)
        return emails

    def compact(self) -> bool:
        """Leave no deleted row in the file or its log; False if a reader kept the log from being emptied."""
        return erasure.compact(self._database, self._clock)

    def forget_people(self) -> None:
        """Drop links, journal, queue, watermarks and working tables: they belong to another account or shop.

        Runs stay, as the record of what was done; settings and call counts are not about people. Of the state
        only what names the two sides and the next runs stays: without the account's name a later login to yet
        another account would not be noticed.
        """
        kept = [StateRow.name.startswith(prefix) for prefix in KEPT_STATE]
        with self._database.transaction():
            self._database.run(LinkRow.delete())
            self._database.run(IntentRow.delete())
            self._database.run(StatementRow.delete())
            self._database.run(GoneRow.delete())
            self._database.run(FormerMemberRow.delete())
            self._database.run(KnownAccountRow.delete())
            self._database.run(FormerContactRow.delete())
            self._database.run(EventRow.delete())
            for model in (LinkSinceRow, HeldLossRow, CarriedLossRow, DisagreementRow, LeftAsIsRow):
                self._database.run(model.delete())
            self._database.run(StateRow.delete().where(~reduce(or_, kept)))
            self.staging.clear()
            self.exports.clear()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Make several writes one; may be nested; never held across a request."""
        with self._database.transaction():
            yield

    def close(self) -> None:
        """Close this thread's connection; that of a thread which ended without goes with the garbage."""
        self._database.close()

    def close_all(self) -> None:
        """Close every thread's connection, at the end of the program: later use raises StoreError.

        Copies that somebody still looks at are removed.
        """
        for copy in list(self._scratches):
            copy.discard()
        self._database.close_all()


class SqliteScratch(SqliteStore):
    """`ports.ScratchStore`: a copy of a store in a file of its own, which `discard` removes."""

    def __init__(self, original: SqliteStore, path: Path, clock: Clock) -> None:
        try:
            self._open(Database(path, schema=len(STEPS), lasting=False), clock)
            self.calls, self.lease = original.calls, original.lease
            self.imagined: ports.Imagined = SqliteImagined(self._database)
        except BaseException:
            scratch.remove(path)
            raise
        self._siblings = original._scratches
        self._siblings.add(self)

    def discard(self) -> None:
        """Close the copy and remove it; harmless if that was done before."""
        self.close_all()
        scratch.remove(self.path)
        self._siblings.discard(self)
