"""Erasing one person on request (design §8, `forget`): every row about them, and their email in any text.

Tables are found by their columns: one that is added later is covered by naming its columns as the others do.
"""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime

import peewee

from ccdesk.core.clock import Clock
from ccdesk.core.emails import email_key, spellings
from ccdesk.core.errors import StoreError
from ccdesk.core.models import Link, LinkState
from ccdesk.core.ports.store import Links
from ccdesk.store.columns import email_mark
from ccdesk.store.db import Database
from ccdesk.store.forgetting import Seals
from ccdesk.store.tables import TABLES, EntryRow, KindRow, SettingRow, StateRow

log = logging.getLogger(__name__)

_IDS = {"event": "object_id", "seen_customer": "id", "export_person": "id"}  # else `customer_id`
_KEPT = (EntryRow, KindRow)  # counted and numbered: their rows stay, without the person
_NOT_ABOUT_PEOPLE = (SettingRow, StateRow)
_PART = r"""[^\s@"'<>(),;:=&?/\\|]"""  # what may stand in an email
_LOWEST = "SELECT min(0, coalesce(min(customer_id), 0)) - 1 FROM link"
SEAL_LINK = "UPDATE link SET email_key = ? WHERE customer_id = ?"
BLANK_ENTRIES = "UPDATE entry SET email = '', customer_id = NULL, acted_at = NULL WHERE customer_id = ?"
MERGE_KINDS = """
    INSERT INTO entry_kind (run_id, outcome, reason, people)
    SELECT run_id, outcome, forgotten(reason), people FROM entry_kind WHERE {named}
    ON CONFLICT (run_id, outcome, reason) DO UPDATE SET people = people + excluded.people"""
_NOTE = "forgotten on request; the opt-out stands"
_TRIES, _PAUSE = 20, 0.25  # seconds; somebody may be reading just then


def account_column(table: str) -> str:
    """Return the column of a table that names the account a row is about, if it has one of that name."""
    return _IDS.get(table, "customer_id")


def emails_pattern(emails: Iterable[str]) -> re.Pattern[str]:
    """Return what finds these emails in a text, in any case, and not as a part of another email."""
    words = "|".join(re.escape(one) for one in sorted(emails, key=len, reverse=True))
    return re.compile(rf"(?<!{_PART})(?:{words})(?![\w-])(?!\.\w)", re.IGNORECASE)


def emails_of(database: Database, key: str, customer_ids: Collection[int]) -> set[str]:
    """Return the emails of a person as they are spelled in what is kept.

    A former one that somebody else has by now is theirs: erased, their opt-outs would find nobody any more.
    """
    found = {key, *spellings(key)} if key else set()
    for number in customer_ids:
        for table in ("link", "statement", "entry", "event"):
            sql = f"SELECT DISTINCT email FROM {table} WHERE {account_column(table)} = ?"
            found.update(email.strip() for (email,) in database.statement(sql, (number,)))
    for table in ("link", "statement"):
        sql = f"SELECT DISTINCT email FROM {table} WHERE email_key = ?"
        found.update(email.strip() for (email,) in database.statement(sql, (key,)) if key)
    others = {one for one in found if email_key(one) != key and _is_of_another(database, one, customer_ids)}
    return {one for one in found - others if "@" in one}


def _is_of_another(database: Database, email: str, customer_ids: Collection[int]) -> bool:
    sql = "SELECT customer_id FROM link WHERE email_key = ?"
    return any(number not in customer_ids for (number,) in database.statement(sql, (email_key(email),)))


def is_kept(database: Database, key: str, customer_ids: Collection[int], emails: Collection[str]) -> bool:
    """Say whether `erase` would find anything."""

    def is_in(table: str, condition: str, values: Sequence[str | bytes | int]) -> bool:
        return bool(database.statement(f'SELECT 1 FROM "{table}" WHERE {condition} LIMIT 1', values))

    for model in TABLES:
        if model in _NOT_ABOUT_PEOPLE:
            continue
        table, columns, account = (
            model._meta.table_name,
            model._meta.columns,
            account_column(model._meta.table_name),
        )
        if account in columns and any(is_in(table, f'"{account}" = ?', (one,)) for one in customer_ids):
            return True
        if "email_key" in columns and key and is_in(table, "email_key = ?", (key,)):
            return True
        if "mark" in columns and key and is_in(table, "mark = ?", (email_mark(key),)):
            return True
    if not emails:
        return False
    plain = _register(database, emails)
    return any(is_in(table, _named(name, len(plain)), plain) for table, name in _texts()) or is_in(
        KindRow._meta.table_name, _named("reason", len(plain)), plain
    )


def erase(database: Database, key: str, customer_ids: Collection[int], emails: Collection[str]) -> None:
    """Delete every row about these accounts and this compared email, and take the emails out of all texts."""
    with database.transaction():
        for model in TABLES:
            if model not in _KEPT:
                _delete(database, model, key, customer_ids)
        database.many(BLANK_ENTRIES, [(number,) for number in customer_ids])
        if emails:
            _scrub(database, emails)


def keep_links(database: Database, links: Links, seals: Seals, key: str, kept: Iterable[Link]) -> None:
    """Keep links of somebody with nothing that names them; `key`: their compared email, "" if not known."""
    for link in kept:
        links.save([replace(link, email="", written_hash="", read_hash="", note="")])
        if key:
            database.statement(SEAL_LINK, (seals.make(key), link.customer_id))


def keep_opt_out(database: Database, links: Links, seals: Seals, key: str, out_since: datetime) -> None:
    """Keep that the person with this compared email has been out since then, by a keyed hash (design §8).

    As the link of an account that is gone: such an opt-out stands whichever account comes, and staff are
    asked (§3a R1). It is of none: Kibo gives no negative id.
    """
    number = int(database.statement(_LOWEST)[0][0])
    out = Link(
        number,
        state=LinkState.CLOSED,
        agreed=False,
        kibo_opted_in=False,
        out_since=out_since,
        note=_NOTE,
    )
    with database.transaction():
        links.save([out])
        database.statement(SEAL_LINK, (seals.make(key), number))
        database.statement("DELETE FROM link_since WHERE customer_id = ?", (number,))


def _delete(database: Database, model: type[peewee.Model], key: str, customer_ids: Collection[int]) -> None:
    meta = model._meta
    table = meta.table_name
    column = account_column(table)
    if column in meta.columns:
        sql = f'DELETE FROM "{table}" WHERE "{column}" = ?'
        database.many(sql, [(number,) for number in customer_ids])
    if "email_key" in meta.columns and key:
        database.statement(f'DELETE FROM "{table}" WHERE email_key = ?', (key,))
    if "mark" in meta.columns and key:
        database.statement(f'DELETE FROM "{table}" WHERE mark = ?', (email_mark(key),))


def _register(database: Database, emails: Collection[str]) -> list[str]:
    """Give SQLite the function `forgotten`, which takes the emails out of a text; return their spellings."""
    pattern = emails_pattern(emails)

    def forgotten(text: str) -> str:
        return pattern.sub("", text)

    database.connection().create_function("forgotten", 1, forgotten, deterministic=True)
    return sorted({one.lower() for one in emails})


def _texts() -> Iterator[tuple[str, str]]:
    """Yield the columns that may name somebody in a text, as table and quoted name."""
    for model in TABLES:
        if model not in (*_NOT_ABOUT_PEOPLE, KindRow):
            for field in model._meta.sorted_fields:
                if type(field) is peewee.TextField and not field.primary_key:
                    yield model._meta.table_name, f'"{field.column_name}"'


def _scrub(database: Database, emails: Collection[str]) -> None:
    plain = _register(database, emails)
    for table, name in _texts():
        sql = f'UPDATE "{table}" SET {name} = forgotten({name}) WHERE '
        database.statement(sql + _named(name, len(plain)), plain)
    named = _named("reason", len(plain))
    database.statement(MERGE_KINDS.format(named=named), plain)
    database.statement(f"DELETE FROM entry_kind WHERE {named}", plain)


def _named(name: str, emails: int) -> str:
    """Return the condition for texts that name one of so many emails; SQLite's `lower` knows only ASCII."""
    found = " OR ".join([f"instr(lower({name}), ?) > 0"] * emails)
    return f"({found} OR {name} GLOB '*[^ -~]*') AND forgotten({name}) <> {name}"


def compact(database: Database, clock: Clock) -> bool:
    """Write the file anew and empty its write-ahead log: no page is left as it was before.

    False where another program read the file all the while, so that the log still holds former pages: they
    go with the next checkpoint once it does not.
    """
    try:
        database.statement("VACUUM")
    except StoreError as error:  # what is deleted is overwritten all the same (`db.PRAGMAS`)
        log.warning("the data file could not be written anew: %s", error.title)
    for _ in range(_TRIES):
        [(busy, *_)] = database.statement("PRAGMA wal_checkpoint(TRUNCATE)")
        if not busy:
            return True
        clock.wait(threading.Event(), _PAUSE)
    return False
