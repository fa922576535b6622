"""Forgetting whom nobody keeps any more: an account gone from Kibo loses its email after the retention time.

What stays of it is a keyed hash, by which an account or a contact with the same email is still known for the
person who opted out. The key is in the same file: the hash keeps the email from being read, not from being
tried.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from ccdesk.core.models import LinkState, email_key
from ccdesk.store.columns import to_text
from ccdesk.store.db import Database, chunks
from ccdesk.store.state import SqliteState

KEY, _LAST = "forget.key", "forget.last"
SEAL = "~"  # no compared email begins with it
_PAUSE = timedelta(days=1)  # entries are looked through whole: not after every run
_CLOSED = LinkState.CLOSED.value

# The state is a literal, not a parameter: so the partial index of closed links is used.
NOTE_GONE = f"""
    INSERT OR IGNORE INTO gone (customer_id, since)
    SELECT customer_id, ? FROM link WHERE state = '{_CLOSED}' AND email <> ''"""
NOTE_BACK = f"""
    DELETE FROM gone WHERE NOT EXISTS (SELECT 1 FROM link l
    WHERE l.customer_id = gone.customer_id AND l.state = '{_CLOSED}' AND l.email <> '')"""
DUE = """
    SELECT l.customer_id, l.email, l.email_key FROM gone g JOIN link l ON l.customer_id = g.customer_id
    WHERE g.since < ? AND l.email <> '' ORDER BY l.customer_id"""
STILL_HERE = "SELECT 1 FROM link WHERE email_key = ? AND state <> ? LIMIT 1"
FORGET_LINK = """
    UPDATE link SET email = '', email_key = ?, written_hash = '', read_hash = '', contact_id = '',
    note = replace(note, ?, ''), owed_reason = replace(owed_reason, ?, '') WHERE customer_id = ?"""
FORGET_FORMER = "UPDATE former_member SET email_key = ? WHERE customer_id = ? AND email_key = ?"
FORGET_INTENTS = """
    UPDATE intent SET email_key = CASE email_key WHEN ? THEN ? ELSE '' END, contact_id = ''
    WHERE customer_id = ?"""
FORGET_STATEMENTS = """
    UPDATE OR REPLACE statement SET email = '', email_key = CASE email_key WHEN ? THEN ? ELSE ? END,
    subject = CASE side WHEN 'mail' THEN '' ELSE subject END WHERE customer_id = ?"""
FORGET_CONTACTS = "DELETE FROM former_contact WHERE customer_id = ?"
FORGET_EVENT = """
    UPDATE event SET email = '', error = replace(error, ?, ''), result = replace(result, ?, '')
    WHERE object_id = ?"""
MERGE_KINDS = """
    INSERT INTO entry_kind (run_id, outcome, reason, people)
    SELECT run_id, outcome, replace(reason, ?, ''), people FROM entry_kind WHERE instr(reason, ?) > 0
    ON CONFLICT (run_id, outcome, reason) DO UPDATE SET people = people + excluded.people"""
FORGET_ENTRY = "UPDATE entry SET email = '', reason = replace(reason, ?, '') WHERE run_id = ? AND number = ?"


class Seals:
    """The keyed hashes that stand in `email_key` for emails that were forgotten."""

    def __init__(self, database: Database) -> None:
        self._state = SqliteState(database)
        self._key = ""

    def of(self, key: str) -> str | None:
        """Return what stands for a compared email; None while nobody has been forgotten."""
        self._key = self._key or self._state.get(KEY)
        return self._sealed(key) if self._key else None

    def make(self, key: str) -> str:
        """Return what stands for a compared email from now on."""
        self._key = self._key or self._state.get(KEY)
        if not self._key:
            self._key = secrets.token_hex(32)
            self._state.set(KEY, self._key)
        return self._sealed(key)

    def _sealed(self, key: str) -> str:
        return sealed(self._key, key)


def sealed(seal_key: str, key: str) -> str:
    """Return what stands for a compared email under a key of seals, which is in hexadecimal digits."""
    return SEAL + hmac.new(bytes.fromhex(seal_key), key.encode(), hashlib.sha256).hexdigest()


def forget_gone(database: Database, seals: Seals, now: datetime, before: datetime) -> int:
    """Note who is gone by now, and forget those who were before that time; return how many.

    Since when an account is gone is counted from the first time it was noted here.
    """
    state = SqliteState(database)
    with database.transaction():
        database.statement(NOTE_GONE, (to_text(now),))
        database.statement(NOTE_BACK)
    last = state.get_time(_LAST)
    if last is not None and timedelta(0) <= now - last < _PAUSE:
        return 0
    due = [(int(row[0]), str(row[1]), str(row[2])) for row in database.statement(DUE, (to_text(before),))]
    for some in chunks(due):
        with database.transaction():
            _forget_entries(database, some)
            for customer_id, email, key in some:
                _forget_link(database, seals, customer_id, email, key)
    state.set_time(_LAST, now)
    if due:
        database.statement("PRAGMA wal_checkpoint(TRUNCATE)")  # the log holds the pages as they were
    return len(due)


def _forget_link(database: Database, seals: Seals, customer_id: int, email: str, key: str) -> None:
    sealed = seals.make(key)
    database.statement(FORGET_LINK, (sealed, email, email, customer_id))
    database.statement(FORGET_FORMER, (sealed, customer_id, key))
    database.statement(FORGET_INTENTS, (key, sealed, customer_id))
    database.statement(FORGET_STATEMENTS, (key, sealed, f"{SEAL}{customer_id}", customer_id))
    database.statement(FORGET_EVENT, (email, email, customer_id))
    database.statement(FORGET_CONTACTS, (customer_id,))
    database.statement("DELETE FROM gone WHERE customer_id = ?", (customer_id,))


def _forget_entries(database: Database, due: Sequence[tuple[int, str, str]]) -> None:
    """Take the emails out of entries about these accounts, and about contacts that no account has now."""
    by_number = {customer_id: email for customer_id, email, _ in due}
    marks = ", ".join("?" * len(by_number))
    found = database.statement(
        f"SELECT run_id, number, customer_id FROM entry WHERE customer_id IN ({marks})", tuple(by_number)
    )
    changes = [(by_number[owner], run_id, number) for run_id, number, owner in found]
    alone = {key: email for _, email, key in due if not database.statement(STILL_HERE, (key, _CLOSED))}
    named = "SELECT run_id, number, email FROM entry WHERE customer_id IS NULL AND email <> ''"
    for run_id, number, email in database.statement(named) if alone else ():
        if email_key(email) in alone:
            changes.append((email, run_id, number))
    database.many(FORGET_ENTRY, changes)
    for email in by_number.values():  # counted by reason: what is one reason from now on is counted as one
        database.statement(MERGE_KINDS, (email, email))
        database.statement("DELETE FROM entry_kind WHERE instr(reason, ?) > 0", (email,))
