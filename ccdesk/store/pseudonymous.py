"""A copy of the data file in which nobody can be recognised: for a bundle that leaves this computer.

Every column of text is named here with what it holds; a test holds this to the tables. What is no matter of a
bundle is emptied, and the file is written anew, so that no page holds what was there before.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import Protocol

import peewee

from ccdesk.core.settings import NAMING
from ccdesk.store import forgetting
from ccdesk.store.columns import MomentField, WordField, email_mark, to_text
from ccdesk.store.erasure import account_column
from ccdesk.store.tables import (
    TABLES,
    LeaseRow,
    SeenCustomerRow,
    StagedContactRow,
)


class Holds(Enum):
    """What a column of text holds."""

    PLAIN = "ids, words of ours and moments: stays"
    EMAIL = "an email"
    WORDS = "a text for people, which may name somebody"
    FINGERPRINT = "a hash of name and address"
    ROW = "what is sent of a person, as JSON"


_PLAIN = (
    *("contact_id", "list_id", "event_id", "activity_id", "action", "code", "earliest", "latest"),
    *("service", "day", "origin", "name", "key", "owner", "host", "what", "counts"),
)
_WORDS = ["note", "owed_reason", "error", "result", "reason", "message", "problem", "told", "shown"]
COLUMNS: dict[str, Holds] = {
    **dict.fromkeys(_PLAIN, Holds.PLAIN),
    **dict.fromkeys(_WORDS, Holds.WORDS),
    **dict.fromkeys(("email", "email_key"), Holds.EMAIL),
    **dict.fromkeys(("written_hash", "read_hash", "fields_hash"), Holds.FINGERPRINT),
    "row": Holds.ROW,
}
_MORE = {"written_hash": ", 1", "fields_hash": ", 1", "read_hash": ", 0"}  # arguments of a column's function
WORDS_TOO = {("statement", "evidence"), ("statement", "subject")}  # they may name an email
EMPTIED = (StagedContactRow, SeenCustomerRow, LeaseRow)  # they belong to one run, or to one computer
BY_NAME = ("state", "setting")  # rows are told by their names
_SECRET_NAMES = (
    "forget.",
    "secrets.",
    "support.",
    "loop.program",
)  # keys, where secrets were given, a computer
_NAMING = (
    "cc.organization",
    "cc.user",
    "kibo.name",
    "kibo.host",
    "kibo.people_of",
)  # whose accounts these are


class Names(Protocol):
    """Gives other names: `core.pseudonyms.Pseudonyms`, or none where emails are to stay."""

    def email(self, email: str, /) -> str:
        """Return what stands for an email."""

    def text(self, text: str, /) -> str:
        """Return what stands for any text."""

    def emails_inside(self, text: str, /) -> str:
        """Return a text with what stands for the emails in it."""

    def digest(self, value: bytes, size: int, /) -> bytes:
        """Return what stands for a hash."""


@dataclass(frozen=True, slots=True)
class Cover:
    """How people are covered: `words` for texts, `row` for what is sent of one.

    `fingerprint` is for hashes of fields, and 1 for those of what was sent, 0 of what was read. `seals`: the
    keyed hashes of emails that were forgotten, each with that of the pseudonym under `seal_key`, where the
    email has been seen again since. By these an opt-out is honoured in a run done again.
    """

    pseudonyms: Names
    words: Callable[[str], str]
    fingerprint: Callable[[str, int], str]
    row: Callable[[str], str]
    seals: Mapping[str, str] = field(default_factory=dict)
    seal_key: str = ""


def keep_only(path: Path, customer_ids: Collection[int], keys: Collection[str], since: datetime) -> None:
    """Remove from a copy of the data file what is older than `since`, and everybody but some accounts.

    `customer_ids` and `keys` (compared emails) empty: nobody is removed.
    """
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("PRAGMA foreign_keys = on")
        database.execute("DELETE FROM run WHERE started_at < ?", (to_text(since),))
        database.execute("DELETE FROM event WHERE processed_at < ?", (to_text(since),))
        if customer_ids or keys:
            for model in TABLES:
                _keep_some(database, model, sorted(customer_ids), sorted(keys))


def _keep_some(
    database: sqlite3.Connection, model: type[peewee.Model], ids: list[int], keys: list[str]
) -> None:
    """Remove the rows of a table that are about somebody else."""
    columns = {field.column_name for field in model._meta.sorted_fields}
    table = model._meta.table_name
    account = account_column(table)
    theirs: list[str] = []
    values: list[int | str] = []
    if account in columns:
        theirs.append(f"{account} IN ({', '.join('?' * len(ids))})")
        values += ids
    for name in ("email_key", "email"):
        if name in columns and keys and not (name == "email" and "email_key" in columns):
            theirs.append(f"lower({name}) IN ({', '.join('?' * len(keys))})")
            values += keys
    if theirs:
        database.execute(
            f'DELETE FROM "{table}" WHERE NOT ({" OR ".join(f"coalesce({one}, 0)" for one in theirs)})',
            values,
        )


def cover(path: Path, how: Cover) -> None:
    """Cover everybody in a copy of the data file.

    Raises:
        sqlite3.Error: it is no such file.

    """
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("PRAGMA journal_mode = delete")
        database.execute("PRAGMA foreign_keys = off")
        tables = {row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        _register(database, how)
        database.execute("BEGIN")
        _note_marks(database)
        for model in TABLES:
            if model._meta.table_name in tables:
                _cover_table(database, model)
        _cover_marks(database)
        _merge_kinds(database)
        _cover_named(database, how)
        database.execute("COMMIT")
        database.execute("VACUUM")


def _register(database: sqlite3.Connection, how: Cover) -> None:
    given = how.pseudonyms
    functions: Mapping[Holds, Callable[[str], str]] = {
        Holds.EMAIL: lambda email: how.seals.get(email) or given.email(email),
        Holds.WORDS: how.words,
    }
    for holds, function in functions.items():
        database.create_function(holds.name, 1, function, deterministic=True)
    database.create_function(Holds.FINGERPRINT.name, 2, how.fingerprint, deterministic=True)
    database.create_function(Holds.ROW.name, 1, lambda row: _bytes(how.row, row), deterministic=True)
    database.create_function("MARK", 1, lambda key: email_mark(given.email(key)))
    database.create_function("PLAIN_MARK", 1, email_mark)
    database.create_function("UNKNOWN_MARK", 1, lambda mark: given.digest(bytes(mark), 8))


def _bytes(row: Callable[[str], str], stored: bytes | str) -> bytes:
    text = stored.decode("utf-8", "replace") if isinstance(stored, bytes) else stored
    return row(text).encode() if text else b""


def _cover_table(database: sqlite3.Connection, model: type[peewee.Model]) -> None:
    table = model._meta.table_name
    if model in EMPTIED:
        database.execute(f'DELETE FROM "{table}"')
        return
    if table in BY_NAME or table == "entry_kind":
        return
    changes = []
    for column in model._meta.sorted_fields:
        name = column.column_name
        holds = holding(table, column)
        if holds is not Holds.PLAIN:
            call = f'{holds.name}("{name}"{_MORE.get(name, "")})'
            changes.append(f'"{name}" = CASE WHEN length("{name}") > 0 THEN {call} ELSE "{name}" END')
    if changes:
        database.execute(f'UPDATE "{table}" SET {", ".join(changes)}')


def holding(table: str, field: peewee.Field) -> Holds:
    """Return what a column holds.

    Raises:
        KeyError: it is a text nobody has said anything about.

    """
    if isinstance(field, WordField | MomentField) or not isinstance(
        field, peewee.TextField | peewee.BlobField
    ):
        return Holds.PLAIN
    if field.column_name == "mark":
        return Holds.PLAIN  # see `_cover_marks`
    if (table, field.column_name) in WORDS_TOO:
        return Holds.WORDS
    return COLUMNS[field.column_name]


def _note_marks(database: sqlite3.Connection) -> None:
    """Note the hashes of emails, each with that of the pseudonym, before the emails are covered."""
    database.execute("CREATE TEMP TABLE cover_mark (plain BLOB PRIMARY KEY, covered BLOB)")
    for table in ("link", "statement", "former_member"):
        database.execute(
            "INSERT OR IGNORE INTO temp.cover_mark SELECT PLAIN_MARK(email_key), MARK(email_key) "
            f"FROM {table}"
        )


def _cover_marks(database: sqlite3.Connection) -> None:
    """Exchange the hashes of emails: each for that of the pseudonym, where the email is known."""
    for table in ("known_account", "left_as_is"):
        database.execute(
            f"UPDATE {table} SET mark = coalesce((SELECT covered FROM cover_mark WHERE plain = mark), "
            "UNKNOWN_MARK(mark))"
        )
    database.execute("DROP TABLE temp.cover_mark")


def _merge_kinds(database: sqlite3.Connection) -> None:
    """Count people by outcome and covered reason: two reasons may have become one."""
    database.execute(
        "CREATE TEMP TABLE covered AS SELECT run_id, outcome, WORDS(reason) AS reason, sum(people) AS people "
        "FROM entry_kind GROUP BY 1, 2, 3"
    )
    database.execute("DELETE FROM entry_kind")
    database.execute("INSERT INTO entry_kind (run_id, outcome, reason, people) SELECT * FROM temp.covered")
    database.execute("DROP TABLE temp.covered")


def _cover_named(database: sqlite3.Connection, how: Cover) -> None:
    """Cover what is told by its name: settings, and what is remembered between runs."""
    for name, value in database.execute("SELECT name, value FROM state").fetchall():
        if name == forgetting.KEY:
            database.execute("UPDATE state SET value = ? WHERE name = ?", (how.seal_key, name))
        elif name.startswith(_SECRET_NAMES):
            database.execute("DELETE FROM state WHERE name = ?", (name,))
        else:
            database.execute(
                "UPDATE state SET value = ? WHERE name = ?", (_remembered(name, value, how), name)
            )
    for key, value in database.execute("SELECT key, value FROM setting").fetchall():
        if key in NAMING:
            covered = how.pseudonyms.email(value) if "@" in value else how.pseudonyms.text(value)
            database.execute("UPDATE setting SET value = ? WHERE key = ?", (covered, key))


def _remembered(name: str, value: str, how: Cover) -> str:
    """Return what is remembered under a name: who the merchant is in pseudonyms, of the rest the emails."""
    if name.startswith(_NAMING):
        return how.pseudonyms.email(value) if "@" in value else how.pseudonyms.text(value)
    return how.pseudonyms.emails_inside(value)
