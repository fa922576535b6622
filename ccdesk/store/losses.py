"""Opt-outs that are held, and how long people are linked (design R8), on SQLite."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from ccdesk.core.losses import Answer, Held, LossKind
from ccdesk.core.ports.waiting import Waiting
from ccdesk.store.columns import from_text, to_text
from ccdesk.store.db import Database, Row, chunks, upsert
from ccdesk.store.tables import HeldLossRow

HOLD = upsert(HeldLossRow)
COLUMNS = "customer_id, kind, email, email_key, since, postponed, answer"
# Everybody there when the first export is done was there before ccdesk: they are nobody new.
NOTE_SINCE = """
    INSERT OR IGNORE INTO link_since (customer_id, since) SELECT ?, ?
    WHERE NOT EXISTS (SELECT 1 FROM link WHERE customer_id = ?)
    AND EXISTS (SELECT 1 FROM state WHERE name = 'export.baseline' AND value <> '')"""
_OLD = "NOT EXISTS (SELECT 1 FROM link_since s WHERE s.customer_id = l.customer_id AND s.since > ?)"
SETTLED = """
    DELETE FROM held_loss WHERE kind = 'flag' AND (
    answer IN ('', 'do_it', 'mistake') AND NOT EXISTS (SELECT 1 FROM event e
        WHERE e.object_id = held_loss.customer_id AND e.status IN ('Pending', 'Retry'))
    OR answer = 'dropped' AND NOT EXISTS (SELECT 1 FROM link l
        WHERE l.customer_id = held_loss.customer_id AND l.kibo_opted_in = 0 AND l.on_list = 1
        AND l.state <> 'closed'))"""

DONE = """
    DELETE FROM held_loss WHERE kind <> 'flag' AND answer = 'do_it' AND NOT EXISTS (SELECT 1 FROM link l
    WHERE l.customer_id = held_loss.customer_id AND l.owed = 'opt_out')"""


class SqliteLosses:
    """`core.losses.Losses` on SQLite."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def held(self, kind: LossKind | None = None) -> list[Held]:
        """Return who is held, or was taken for a mistake, by kind and customer id."""
        where, values = ("", ()) if kind is None else ("WHERE kind = ?", (kind.value,))
        sql = f"SELECT {COLUMNS} FROM held_loss {where} ORDER BY kind, customer_id"
        rows = self._database.statement(sql, values)
        with self._database.reading():
            return [held_of(row) for row in rows]

    def unanswered(self, kinds: Collection[LossKind], *, shown: int = 0) -> Waiting:
        """Return how many of these kinds are held and not answered, and name the first `shown`."""
        where = f"FROM held_loss WHERE kind IN ({', '.join('?' * len(kinds))}) AND answer = ''"
        values = tuple(kind.value for kind in kinds)
        [(count, since)] = self._database.statement(f"SELECT COUNT(*), MIN(since) {where}", values)
        if not count:
            return Waiting()
        first = f"SELECT email, customer_id {where} ORDER BY since, customer_id LIMIT ?"
        named = self._database.statement(first, (*values, shown))
        with self._database.reading():
            began = from_text(since)
        return Waiting(
            int(count), began, tuple(email for email, _ in named), tuple(str(number) for _, number in named)
        )

    def hold(self, people: Iterable[Held]) -> None:
        """Hold customers; of one held before only what changed."""
        self._database.many(
            HOLD,
            [
                (
                    one.customer_id,
                    one.kind.value,
                    one.email,
                    one.email_key,
                    to_text(one.since),
                    one.postponed,
                    one.answer.value,
                )
                for one in people
            ],
        )

    def let_go(self, kind: LossKind, customer_ids: Collection[int]) -> None:
        """Forget customers of that kind."""
        sql = "DELETE FROM held_loss WHERE kind = ? AND customer_id = ?"
        self._database.many(sql, [(kind.value, number) for number in customer_ids])

    def forget_settled(self) -> None:
        """Forget those whose change is not in the queue any more, undone, or carried out."""
        with self._database.transaction():
            self._database.statement(SETTLED)
            self._database.statement(DONE)

    def carry(self, kind: LossKind, keys: Collection[str], at: datetime) -> None:
        """Note people, by compared email, whose ordinary opt-out goes through now."""
        sql = "INSERT OR IGNORE INTO carried_loss (kind, email_key, at) VALUES (?, ?, ?)"
        self._database.many(sql, [(kind.value, key, to_text(at)) for key in keys])

    def carried(self, kind: LossKind, since: datetime) -> set[str]:
        """Return those carried since, and forget the older ones."""
        with self._database.transaction():
            self._database.statement("DELETE FROM carried_loss WHERE at < ?", (to_text(since),))
            found = self._database.statement(
                "SELECT email_key FROM carried_loss WHERE kind = ?", (kind.value,)
            )
        return {key for (key,) in found}

    def young(self, keys: Sequence[str], since: datetime) -> set[str]:
        """Return those compared emails of whom no account was linked before that time."""
        old: set[str] = set()
        for some in chunks(list(dict.fromkeys(keys))):
            marks = ", ".join("?" * len(some))
            sql = f"SELECT l.email_key FROM link l WHERE l.email_key IN ({marks}) AND {_OLD}"
            old.update(key for (key,) in self._database.statement(sql, (*some, to_text(since))))
        return set(keys) - old

    def linked_before(self, since: datetime) -> int:
        """Count the people, by compared email, of whom an account was linked before that time."""
        sql = f"SELECT COUNT(DISTINCT l.email_key) FROM link l WHERE {_OLD}"
        return int(self._database.statement(sql, (to_text(since),))[0][0])


def held_of(row: Row) -> Held:
    """Return one held loss from its `COLUMNS`."""
    number, word, email, key, since, postponed, answer = row
    return Held(number, LossKind(word), email, key, from_text(since), postponed, Answer(answer))
