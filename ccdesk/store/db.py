"""One database file: a connection for each thread that asks, short transactions, bulk writes (design §4)."""

from __future__ import annotations

import sqlite3
import weakref
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import peewee

from ccdesk.core.errors import StoreError
from ccdesk.store.presence import WAIT_SECONDS, Identity
from ccdesk.store.troubles import CLOSED, DAMAGED, NEWER, store_error, translated

Row = tuple[Any, ...]

IN_LIMIT = 500  # values in one IN (...): below the 999 variables of older SQLite builds

PRAGMAS = (
    ("secure_delete", "on"),  # what is deleted is gone from the file: emails, and who opted out
    # FULL, not WAL's usual NORMAL: after a power cut NORMAL may forget the last commits. We would then no
    # longer know what we had just written to a service, and take our own act for the person's (design R6).
    # Each step waits for the network anyway, so one more sync of the disk costs nothing that shows.
    ("synchronous", "full"),
    ("cache_size", -16_000),  # kB: keeps the indexes of a large export's working tables in memory
    ("journal_size_limit", 64 * 1024 * 1024),  # what a large export leaves of the write-ahead log
)


class _Connection(sqlite3.Connection):
    """A connection that closes itself once the garbage collector finds it.

    Only that does: a connection is part of a circle, for its cache of statements calls it. Until then its
    files stay open and its pages in memory, and then it is closed where garbage is collected: in the window's
    thread (`gui/collector`), which waited for it up to 70 ms. So the window's jobs, of which there are many,
    call `close`; this is for the few threads that end without. Not at a thread's end by its own storage:
    while that is taken apart another thread may close the same connection.
    """

    def __del__(self) -> None:
        with suppress(sqlite3.ProgrammingError):  # it was never opened
            self.close()


class _Sqlite(peewee.SqliteDatabase):
    """peewee's database, remembering the open connections of all threads."""

    def __init__(self, path: Path, *, foreign_keys: bool, lasting: bool) -> None:
        self.opened: weakref.WeakSet[_Connection] = weakref.WeakSet()
        unsynced = [] if lasting else [("synchronous", "off")]
        super().__init__(
            # mode=rw: a file that vanished while we run must not come back empty in silence.
            f"{path.absolute().as_uri()}?mode=rw",
            pragmas=[*PRAGMAS, *unsynced, ("foreign_keys", int(foreign_keys))],
            timeout=WAIT_SECONDS,
            uri=True,
            factory=_Connection,
            check_same_thread=False,  # only so that another thread may close it; use stays with its own
        )

    def _connect(self) -> _Connection:
        connection: _Connection = super()._connect()  # type: ignore[misc]  # missing in the stubs
        self.opened.add(connection)
        return connection

    def execute_sql(self, sql: str, params: Sequence[Any] | None = None, *options: Any) -> sqlite3.Cursor:
        """Execute one statement; text that UTF-8 cannot hold is mended first, see `_storable`."""
        run = super().execute_sql
        try:
            cursor: sqlite3.Cursor = run(sql, params, *options)  # type: ignore[no-untyped-call]
        except UnicodeEncodeError:
            cursor = run(sql, _storable(params or ()), *options)  # type: ignore[no-untyped-call]
        return cursor


class Database:
    """What the repositories use: queries in, plain tuples out, trouble as `StoreError`.

    One that is not `lasting` need not survive a power cut: nothing waits for the disk.
    """

    def __init__(
        self, path: Path, *, foreign_keys: bool = True, schema: int | None = None, lasting: bool = True
    ) -> None:
        self.path, self._schema = path, schema
        self.peewee = _Sqlite(path, foreign_keys=foreign_keys, lasting=lasting)
        self._identity = Identity(path)
        self._shut = False
        self._damage: StoreError | None = None

    @contextmanager
    def _usable(self) -> Iterator[None]:
        """Let a step use the file; damage once found ends all use, for writing on may spread it."""
        if self._shut:
            raise store_error(CLOSED, self.path)
        if self._damage is not None:
            raise store_error(DAMAGED, self.path, self._damage.detail)
        try:
            with translated(self.path):
                yield
        except StoreError as error:
            if error.code == DAMAGED.code:
                self._damage = error
            raise

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Take stored values that cannot be read for damage: every one of them was written by ccdesk.

        SQLite checks how a page is built and not what is written in it.
        """
        with self._usable():
            try:
                yield
            except (ValueError, TypeError) as error:  # its words may hold somebody's email
                raise store_error(DAMAGED, self.path, f"a stored value: {type(error).__name__}") from error

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Make what is done inside one transaction, or part of the one that is open.

        Begun as a writer at once: a reader that turns writer halfway can fail without being let wait.
        """
        with self._usable():
            self._check_identity()
            with self.peewee.atomic("IMMEDIATE"):
                yield

    def _check_identity(self) -> None:
        """Before a write, see that it goes to the file of that name, and that we know how it is written.

        A deleted file goes on taking writes; and an update may have been started beside a window left open.
        """
        if self.peewee.in_transaction():
            return
        self._identity.check()
        if self._schema is not None and (found := int(self.peewee.pragma("user_version"))) > self._schema:
            raise store_error(NEWER, self.path, f"schema {found}, this program knows {self._schema}")

    def rows(self, query: peewee.BaseQuery) -> list[Row]:
        """Return all rows; nothing stays open that would keep the write-ahead log from being emptied."""
        with self._usable():
            found = query.tuples().execute(self.peewee)
        with self.reading():
            return list(iter(found))  # asked for its length, peewee reads ahead and list() swallows errors

    def first(self, query: peewee.BaseQuery) -> Row | None:
        """Return the first row, None if there is none."""
        found = self.rows(query)
        return found[0] if found else None

    def value(self, query: peewee.BaseQuery) -> Any:
        """Return the first column of the first row, None if there is none."""
        found = self.first(query)
        return found[0] if found else None

    def run(self, query: peewee.BaseQuery) -> int:
        """Execute a write; return peewee's result: rows touched, or the id an insert has made."""
        with self._usable():
            self._check_identity()
            result = query.execute(self.peewee)
        return int(result or 0)

    def many(self, sql: str, rows: Sequence[Row]) -> int:
        """Execute one statement for many rows in one transaction; return the rows touched."""
        if not rows:
            return 0
        with self.transaction():
            connection = self.connection()
            try:
                return connection.executemany(sql, rows).rowcount
            except UnicodeEncodeError:
                return connection.executemany(sql, [_storable(row) for row in rows]).rowcount

    def scratch(self, sql: str, rows: Sequence[Row]) -> None:
        """Execute one statement for many rows of a temporary table; the data file is not locked."""
        if not rows:
            return
        with self._usable():
            connection = self.connection()
            connection.execute("BEGIN")  # deferred: nothing but what is temporary is touched
            try:
                try:
                    connection.executemany(sql, rows)
                except UnicodeEncodeError:
                    connection.executemany(sql, [_storable(row) for row in rows])
            finally:
                connection.execute("COMMIT")

    def statement(self, sql: str, values: Sequence[Any] = ()) -> list[Row]:
        """Execute one statement given as SQL; return its rows."""
        with self._usable():
            return list(self.peewee.execute_sql(sql, values).fetchall())

    def connection(self) -> sqlite3.Connection:
        """Return this thread's connection."""
        connection: sqlite3.Connection = self.peewee.connection()  # type: ignore[no-untyped-call]
        return connection

    def close(self) -> None:
        """Close this thread's connection; the next use opens another."""
        with translated(self.path):
            self.peewee.close()

    def close_all(self) -> None:
        """Close the connections of all threads, for good."""
        self._shut = True
        if not self.peewee.in_transaction():
            self.close()
        for connection in list(self.peewee.opened):
            connection.close()


def _storable(values: Sequence[Any]) -> Row:
    """Replace half surrogates, which JSON can carry and UTF-8 cannot: one odd name must not stop a run."""
    return tuple(
        value.encode("utf-8", "replace").decode() if isinstance(value, str) else value for value in values
    )


def upsert(
    model: type[peewee.Model],
    *,
    without: Sequence[str] = (),
    replace: bool = True,
    instead: Mapping[str, str] | None = None,
) -> str:
    """Return the statement that inserts rows of a model, its columns in their order.

    A row that is there already is updated, columns in `without` excepted; or left alone if not `replace`.
    `instead` says by an expression what a column of such a row becomes.
    """
    meta = model._meta
    columns = [f'"{field.column_name}"' for field in meta.sorted_fields if field.name not in without]
    keys = [f'"{field.column_name}"' for field in meta.get_primary_keys()]  # type: ignore[no-untyped-call]
    others = {f'"{name}"': expression for name, expression in (instead or {}).items()}
    changes = ", ".join(
        f"{name} = {others.get(name, f'excluded.{name}')}" for name in columns if name not in keys
    )
    conflict = f"({', '.join(keys)}) DO UPDATE SET {changes}" if replace else "DO NOTHING"
    values = ", ".join("?" * len(columns))
    return f'INSERT INTO "{meta.table_name}" ({", ".join(columns)}) VALUES ({values}) ON CONFLICT {conflict}'


def chunks(values: Sequence[Any]) -> Iterator[Sequence[Any]]:
    """Cut a sequence into pieces that fit one IN (...)."""
    for start in range(0, len(values), IN_LIMIT):
        yield values[start : start + IN_LIMIT]
