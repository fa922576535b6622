"""Customers who opted out and were put back on the list by somebody else (design §3a), on SQLite."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from ccdesk.core.disagreements import Disagreement
from ccdesk.core.ports.waiting import Waiting
from ccdesk.store.columns import from_text, to_text
from ccdesk.store.db import Database, chunks
from ccdesk.store.statements import SqliteStatements

LEAVE = "UPDATE disagreement SET left_at = ? WHERE customer_id = ?"
NAME = "INSERT OR IGNORE INTO disagreement (customer_id, since) VALUES (?, ?)"
SETTLE = "DELETE FROM disagreement WHERE customer_id = ?"
# The opt-out stands, and no account of the person agrees to be mailed. A customer who has just opted in anew,
# or whose sign-up Kibo is about to be given, has answered.
STANDS = """
    FROM disagreement d JOIN link l ON l.customer_id = d.customer_id
    WHERE l.kibo_opted_in = 0 AND l.owed = '' AND NOT EXISTS (
        SELECT 1 FROM link o WHERE o.email_key = l.email_key AND o.email_key <> '' AND o.kibo_opted_in = 1
        AND o.state NOT IN ('closed', 'newcomer', 'newcomer_left'))"""
TO_NAME = f"{STANDS} AND d.left_at IS NULL"
ANSWERED = f"DELETE FROM disagreement WHERE customer_id NOT IN (SELECT d.customer_id {STANDS})"
OFF_SCAN = """
    DELETE FROM disagreement WHERE customer_id NOT IN (
        SELECT d.customer_id FROM disagreement d JOIN link l ON l.customer_id = d.customer_id
        WHERE EXISTS (SELECT 1 FROM list_scan s WHERE s.contact_id = l.contact_id)
        OR EXISTS (SELECT 1 FROM list_scan s WHERE s.email_key = l.email_key))"""


class SqliteDisagreements:
    """`core.disagreements.Disagreements` on SQLite."""

    def __init__(self, database: Database, statements: SqliteStatements) -> None:
        self._database, self._statements = database, statements

    def among(self, customer_ids: Collection[int]) -> set[int]:
        """Return those of the given customers that are kept, answered or not."""
        found: set[int] = set()
        for some in chunks(list(customer_ids)):
            marks = ", ".join("?" * len(some))
            sql = f"SELECT customer_id FROM disagreement WHERE customer_id IN ({marks})"
            found.update(number for (number,) in self._database.statement(sql, tuple(some)))
        return found

    def name(self, customer_ids: Collection[int], at: datetime) -> None:
        """Keep customers as put back since `at`, and state it; who is kept already stays as they are."""
        new = set(customer_ids) - self.among(customer_ids)
        with self._database.transaction():
            self._database.many(NAME, [(number, to_text(at)) for number in new])
            self._statements.note_put_on(new, at)

    def leave(self, customer_ids: Collection[int], at: datetime) -> None:
        """Keep that staff leave customers as they are: they are not named until they are put back anew."""
        with self._database.transaction():
            self.name(customer_ids, at)
            self._database.many(LEAVE, [(to_text(at), number) for number in customer_ids])

    def settle(self, customer_ids: Collection[int]) -> None:
        """Forget customers: they are not on the list any more, or there by an opt-in."""
        self._database.many(SETTLE, [(number,) for number in customer_ids])

    def settle_off_scan(self) -> None:
        """Forget those whom the last complete scan of the list has not shown."""
        self._write(OFF_SCAN)

    def forget_answered(self) -> None:
        """Forget those who have opted in since."""
        self._write(ANSWERED)

    def clear(self) -> None:
        """Forget everybody: another list is the active one."""
        self._write("DELETE FROM disagreement")

    def waiting(self, *, shown: int = 0) -> Waiting:
        """Return how many people are to be named, and the first `shown` of them."""
        key = "CASE l.email_key WHEN '' THEN '#' || l.customer_id ELSE l.email_key END"
        [(count, since)] = self._database.statement(f"SELECT COUNT(DISTINCT {key}), MIN(d.since) {TO_NAME}")
        if not count:
            return Waiting()
        first = f"SELECT MIN(l.email), MIN(l.customer_id) {TO_NAME} GROUP BY {key} ORDER BY MIN(d.since), 2"
        named = self._database.statement(f"{first} LIMIT ?", (shown,))
        with self._database.reading():
            began = from_text(since)
        return Waiting(
            int(count), began, tuple(email for email, _ in named), tuple(str(number) for _, number in named)
        )

    def count(self) -> int:
        """Count the customers to be named."""
        return int(self._database.statement(f"SELECT COUNT(*) {TO_NAME}")[0][0])

    def page(self, offset: int, limit: int) -> list[Disagreement]:
        """Return who is to be named, the longest first, one entry for each customer."""
        order = "ORDER BY d.since, d.customer_id LIMIT ? OFFSET ?"
        rows = self._database.statement(
            f"SELECT d.customer_id, l.email, d.since {TO_NAME} {order}", (limit, offset)
        )
        with self._database.reading():
            return [Disagreement(number, email, from_text(since)) for number, email, since in rows]

    def _write(self, sql: str) -> None:
        with self._database.transaction():
            self._database.statement(sql)
