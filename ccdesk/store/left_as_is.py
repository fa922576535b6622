"""Differences that staff have looked at and left (`core.drift.LeftAsIs`), on SQLite.

A person is known by a hash of the compared email alone, or of the account's number where there is no email.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from ccdesk.core.disagreements import Disagreements
from ccdesk.core.drift import Drift, DriftKind
from ccdesk.core.models import email_key
from ccdesk.store.columns import email_mark, from_text, to_text
from ccdesk.store.db import Database, Row, chunks

LEAVE = "INSERT OR REPLACE INTO left_as_is (mark, customer_id, kind, shown, left_at) VALUES (?, ?, ?, ?, ?)"
AT = "SELECT left_at FROM left_as_is WHERE mark = ? AND kind = ? AND (? = '' OR shown IN ('', ?))"
KEYS = "SELECT customer_id, email_key FROM link WHERE email_key <> '' AND customer_id IN ({})"
NAMED = """
    SELECT l.email_key FROM disagreement d JOIN link l ON l.customer_id = d.customer_id
    WHERE d.left_at IS NULL AND l.email_key <> ''"""
FORGET = "DELETE FROM left_as_is WHERE kind = ? AND mark = ?"
IS_LEFT = "SELECT 1 FROM left_as_is WHERE mark = ? LIMIT 1"
FORGET_PERSON = "DELETE FROM left_as_is WHERE mark = ?"
LEFT = """
    SELECT d.customer_id, l.email_key FROM disagreement d JOIN link l ON l.customer_id = d.customer_id
    WHERE d.left_at IS NOT NULL"""
NAME_AGAIN = "UPDATE disagreement SET left_at = NULL WHERE customer_id = ?"
_PUT_BACK = DriftKind.PUT_BACK


class SqliteLeftAsIs:
    """`core.drift.LeftAsIs` on SQLite."""

    def __init__(self, database: Database, disagreements: Disagreements) -> None:
        self._database, self._disagreements = database, disagreements

    def leave(self, people: Iterable[Drift], at: datetime) -> int:
        """Keep people as left, as they were shown; return how many."""
        chosen = list(people)
        put_back = [number for one in chosen if one.kind is _PUT_BACK for number in one.customer_ids]
        with self._database.transaction():
            self._database.many(LEAVE, [_row(one, at) for one in chosen])
            self._disagreements.leave(put_back, at)
        return len(chosen)

    def leave_put_back(self, customer_ids: Sequence[int], at: datetime) -> int:
        """Keep customers who were put back on the list as left, as the next comparison will show them."""
        keys: list[str] = []
        for some in chunks(list(customer_ids)):
            rows = self._database.statement(KEYS.format(", ".join("?" * len(some))), tuple(some))
            keys += [key for _, key in rows]
        kept = [(email_mark(key), None, _PUT_BACK.value, "", to_text(at)) for key in dict.fromkeys(keys)]
        with self._database.transaction():
            self._database.many(LEAVE, kept)
            self._disagreements.leave(customer_ids, at)
        return len(customer_ids)

    def name_again(self, keys: Iterable[str]) -> int:
        """Forget that people were left, each by compared email, or `#` and customer id; return how many."""
        marks = [email_mark(key) for key in keys]
        with self._database.transaction():
            left = sum(bool(self._database.statement(IS_LEFT, (mark,))) for mark in marks)
            self._database.many(FORGET_PERSON, [(mark,) for mark in marks])
            self.name_changed()
        return left

    def left_at(self, key: str, kind: DriftKind, shown: str = "") -> datetime | None:
        """Return since when the person with this compared email is left so; None if not."""
        if not key:
            return None
        found = self._database.statement(AT, (email_mark(key), kind.value, shown, shown))
        with self._database.reading():
            return from_text(found[0][0]) if found else None

    def forget_put_back_anew(self) -> None:
        """Forget those whom a run has named anew since: they had been off the list in between."""
        rows = [(_PUT_BACK.value, email_mark(key)) for (key,) in self._database.statement(NAMED)]
        self._database.many(FORGET, rows)

    def name_changed(self) -> None:
        """Name those put back on the list again who are not left as they are any more."""
        sql = "SELECT mark FROM left_as_is WHERE kind = ?"
        left = {bytes(mark) for (mark,) in self._database.statement(sql, (_PUT_BACK.value,))}
        found = self._database.statement(LEFT)
        self._database.many(NAME_AGAIN, [(number,) for number, key in found if email_mark(key) not in left])


def _row(one: Drift, at: datetime) -> Row:
    key = email_key(one.email)
    alone = None if key else next(iter(one.customer_ids), None)
    return email_mark(key or f"#{alone}"), alone, one.kind.value, one.shown, to_text(at)
