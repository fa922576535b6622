"""The journal of intents on SQLite."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import fields
from datetime import datetime

import peewee

from ccdesk.core.clock import Clock
from ccdesk.core.intents import KEPT_FOR, LIST_ACTS, Act, Ended, JournalLine
from ccdesk.store.columns import from_text, to_text
from ccdesk.store.db import Database, Row, chunks
from ccdesk.store.tables import IntentRow

COLUMNS = tuple(getattr(IntentRow, field.name) for field in fields(JournalLine))
_WRITTEN = [field for field in IntentRow._meta.sorted_fields if field.name != "number"]
BEGIN = f"""
    INSERT INTO intent ({", ".join(field.column_name for field in _WRITTEN)})
    VALUES ({", ".join("?" * len(_WRITTEN))})"""
# “open” is a literal, not a parameter: so the partial index of open lines is used.
_OPEN = "ended = 'open' AND customer_id IN ({ids}) AND act IN ({acts})"
END = f"UPDATE intent SET ended = ?, ended_at = ? WHERE {_OPEN}"
LAST = f"SELECT MAX(number) FROM intent WHERE {_OPEN} GROUP BY customer_id"
END_LINE = "UPDATE intent SET ended = ?, ended_at = ? WHERE number = ?"
# “ask” is a literal for the same reason. A refused ask, or one without effect, was none.
IS_ASKED = "i.act = 'ask' AND i.ended NOT IN ('refused', 'void')"
ASKED = f"SELECT MAX(i.begun) FROM intent i WHERE i.contact_id = ? AND {IS_ASKED}"
# A statement is answered for a list by the last command of its kind that was done for the account there.
PRUNE = """
    DELETE FROM intent WHERE ended <> 'open' AND ended_at < ?
    AND (act <> 'ask' OR ended IN ('refused', 'void'))
    AND (ended <> 'done' OR EXISTS (SELECT 1 FROM intent l WHERE l.customer_id = intent.customer_id
        AND l.number > intent.number AND l.ended = 'done' AND l.act = intent.act
        AND l.list_id = intent.list_id))"""


def words(acts: Collection[Act]) -> str:
    """Return acts as a list of SQL literals."""
    return ", ".join(f"'{act.value}'" for act in sorted(acts))


class SqliteIntents:
    """`core.intents.Intents` on SQLite."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock

    def begin(self, lines: Iterable[JournalLine]) -> None:
        """Write down commands that are about to be sent, in one transaction."""
        self._database.many(BEGIN, [_row(line) for line in lines])

    def end(self, customer_ids: Collection[int], ended: Ended, *, acts: Collection[Act] = LIST_ACTS) -> None:
        """Close the last open command of these kinds for each of these accounts; those before it: UNKNOWN."""
        now = to_text(self._clock.now())
        with self._database.transaction():
            self._end_last(customer_ids, ended, acts, now)
            for some in chunks(list(customer_ids)):
                sql = END.format(ids=", ".join("?" * len(some)), acts=words(acts))
                self._database.statement(sql, (Ended.UNKNOWN.value, now, *some))

    def end_last(self, customer_ids: Collection[int], ended: Ended) -> None:
        """Close only the last open command about a list of each of these accounts; older ones stay open."""
        with self._database.transaction():
            self._end_last(customer_ids, ended, LIST_ACTS, to_text(self._clock.now()))

    def _end_last(self, customer_ids: Collection[int], ended: Ended, acts: Collection[Act], now: str) -> None:
        for some in chunks(list(customer_ids)):
            sql = LAST.format(ids=", ".join("?" * len(some)), acts=words(acts))
            found = self._database.statement(sql, some)
            self._database.many(END_LINE, [(ended.value, now, number) for (number,) in found])

    def asked(self, contact_id: str) -> datetime | None:
        """Return when a contact was asked for the one confirmation, for whichever account; None if never."""
        found = self._database.statement(ASKED, (contact_id,))[0][0] if contact_id else None
        with self._database.reading():
            return from_text(found) if found else None

    def of(self, customer_id: int) -> list[JournalLine]:
        """Return the lines of one account, oldest first."""
        query = IntentRow.select(*COLUMNS).where(IntentRow.customer_id == customer_id)
        return self._read(query.order_by(IntentRow.number))

    def of_many(self, customer_ids: Collection[int]) -> dict[int, list[JournalLine]]:
        """Return the lines of many accounts, of each oldest first; those without any are absent."""
        found: dict[int, list[JournalLine]] = {}
        for some in chunks(list(customer_ids)):
            query = IntentRow.select(*COLUMNS).where(IntentRow.customer_id.in_(some))
            for line in self._read(query.order_by(IntentRow.customer_id, IntentRow.number)):
                found.setdefault(line.customer_id, []).append(line)
        return found

    def of_run(self, run_id: int, after: int, limit: int) -> list[JournalLine]:
        """Return the lines of one run with numbers above `after`, ascending."""
        query = IntentRow.select(*COLUMNS).where(IntentRow.number > after, IntentRow.run_id == run_id)
        return self._read(query.order_by(IntentRow.number).limit(limit))

    def _read(self, query: peewee.BaseQuery) -> list[JournalLine]:
        return [JournalLine(*row) for row in self._database.rows(query)]

    def prune(self) -> None:
        """Delete lines that ended more than `KEPT_FOR` ago, but those that are for good."""
        self._database.statement(PRUNE, (to_text(self._clock.now() - KEPT_FOR),))


def _row(line: JournalLine) -> Row:
    return tuple(field.db_value(getattr(line, field.name)) for field in _WRITTEN)
