"""The tables of the export that is going on (`core.exporting.Exports`), however large the shop is.

Plain SQL where a million rows pass through: one statement for many people instead of one object for each.
Nothing here decides; what is to be done with whom comes from the engine.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import islice
from typing import Any, TypeVar

from ccdesk.core.clock import Clock
from ccdesk.core.exporting import Candidate, Chunk, ChunkState, Planned
from ccdesk.core.intents import LIST_ACTS
from ccdesk.core.models import Customer, Link, Ownership
from ccdesk.core.runs import Outcome
from ccdesk.store.columns import from_text, to_text
from ccdesk.store.db import Database, Row, chunks, upsert
from ccdesk.store.forgetting import SEAL, Seals
from ccdesk.store.intents import words
from ccdesk.store.runs import SqliteRuns
from ccdesk.store.tables import LINK_FIELDS, ExportChunkRow, ExportPersonRow, ExportSeenRow, LinkRow

T = TypeVar("T")

CANDIDATE = (
    "id, email_key, email, accepts_marketing, is_active, is_anonymous, updated_at, plain, note, code, "
    "problem, fields_hash, row"
)
PLANNED = f"{CANDIDATE}, action, reason, contact_id, ownership"
_NAMES = CANDIDATE.split(", ")
_MARKS = ", ".join("?" * len(_NAMES))
ADD_NEW = f"INSERT INTO export_person ({CANDIDATE}) VALUES ({_MARKS}) ON CONFLICT (id) DO NOTHING"
REPLACE = f"""
    INSERT INTO export_person ({CANDIDATE}) VALUES ({_MARKS}) ON CONFLICT (id) DO UPDATE SET
    {", ".join(f"{name} = excluded.{name}" for name in _NAMES[1:])} WHERE chunk = 0"""
SET_CONSENT = "UPDATE export_person SET accepts_marketing = ? WHERE id = ? AND chunk <> 0"
SET_PLAN = """
    UPDATE export_person SET action = ?, reason = ?, contact_id = ?, ownership = ?, stranger = 0
    WHERE id = ?"""
FORGET_PLAN = """
    UPDATE export_person SET action = '', reason = '', contact_id = '', ownership = '', stranger = 0
    WHERE chunk = 0 AND action <> ''"""
WINDOW_END = "SELECT MAX(id) FROM (SELECT id FROM export_person WHERE id > ? ORDER BY id LIMIT ?)"
PLAN_NEW_CONTACTS = """
    UPDATE export_person SET action = ?, ownership = ?, stranger = 1
    WHERE id > ? AND id <= ? AND action = '' AND plain = 1 AND accepts_marketing = 1
    AND NOT EXISTS (SELECT 1 FROM export_person o WHERE o.email_key = export_person.email_key
                    AND o.id <> export_person.id)
    AND NOT EXISTS (SELECT 1 FROM staged_contact c WHERE c.email_key = export_person.email_key)
    AND NOT EXISTS (SELECT 1 FROM link l WHERE l.email_key = export_person.email_key)
    AND NOT EXISTS (SELECT 1 FROM link l WHERE l.customer_id = export_person.id) AND id NOT IN ({but})"""
ANY_SEALED = f"SELECT 1 FROM link WHERE email_key >= '{SEAL}' AND email_key < '{SEAL}g' LIMIT 1"
PLAIN_KEYS = "SELECT id, email_key FROM export_person WHERE id > ? AND id <= ? AND action = '' AND plain = 1"
# The partial index holds only those left undecided: a handful, however large the shop is.
UNDECIDED = f"""
    SELECT {CANDIDATE} FROM export_person WHERE action = ''
    AND email_key >= ? AND (email_key > ? OR id > ?) ORDER BY email_key, id LIMIT ?"""
UNSENT = "FROM export_person WHERE action = ? AND chunk = 0 AND id > ?"
# The partial index holds only those who wait in parts of what was refused: nobody, nearly always.
_IN_PARTS = "FROM export_person WHERE batch > 0 AND chunk = 0"
RELEASE = "UPDATE export_person SET chunk = 0, batch = ? WHERE id = ?"
_IN_CHUNK = "p.id BETWEEN ? AND ? AND p.chunk = ?"
_SEEN = "EXISTS (SELECT 1 FROM export_seen s WHERE s.email_key = p.email_key)"
# Nobody knew a new contact when they were planned: a link that says otherwise was made since, and knows more.
_SEEN_TO = """EXISTS (SELECT 1 FROM link l WHERE l.customer_id = p.id
    AND (l.email_key <> p.email_key OR l.kibo_opted_in = 0))"""
_CLOSED = f"p.stranger = 1 AND p.accepts_marketing = 1 AND {_SEEN} AND NOT {_SEEN_TO}"
# Numbered as `SqliteRuns.add_entries` does it: on from what the run has, in all and for the outcome.
SETTLE_ENTRIES = f"""
    INSERT INTO entry (run_id, number, outcome, outcome_number, customer_id, email, reason, code)
    SELECT ?, ? + ROW_NUMBER() OVER (ORDER BY p.id), ?, ? + ROW_NUMBER() OVER (ORDER BY p.id), p.id, p.email,
    ? || CASE p.note WHEN '' THEN '' ELSE '; ' || p.note END, ''
    FROM export_person p WHERE {_IN_CHUNK} AND {_CLOSED} ORDER BY p.id"""
SETTLE_KINDS = """
    INSERT INTO entry_kind (run_id, outcome, reason, people)
    SELECT run_id, outcome, reason, COUNT(*) FROM entry WHERE run_id = ? AND number > ?
    GROUP BY outcome, reason
    ON CONFLICT (run_id, outcome, reason) DO UPDATE SET people = people + excluded.people"""
NOTE_ALL_SINCE = """
    INSERT OR IGNORE INTO link_since (customer_id, since) SELECT e.customer_id, ? FROM entry e
    WHERE e.run_id = ? AND e.number > ?
    AND EXISTS (SELECT 1 FROM state WHERE name = 'export.baseline' AND value <> '')
    AND NOT EXISTS (SELECT 1 FROM link l WHERE l.customer_id = e.customer_id)"""
ANY_BEGUN = "SELECT 1 FROM intent WHERE ended = 'open' LIMIT 1"
SETTLE_INTENTS = f"""
    UPDATE intent SET ended = 'done', ended_at = ? WHERE ended = 'open' AND act IN ({words(LIST_ACTS)})
    AND customer_id IN (SELECT e.customer_id FROM entry e WHERE e.run_id = ? AND e.number > ?)"""
CHUNK_FIELDS = tuple(ExportChunkRow._meta.sorted_fields)
SAVE_CHUNK = upsert(ExportChunkRow)
_OWN = {
    "customer_id": "p.id",
    "email": "p.email",
    "email_key": "p.email_key",
    "kibo_updated_at": "p.updated_at",
    "written_hash": "p.fields_hash",
    "active": "p.is_active",
    "guest": "p.is_anonymous",
}


class SqliteExports:
    """`exporting.Exports` on SQLite."""

    def __init__(self, database: Database, seals: Seals | None = None, clock: Clock | None = None) -> None:
        self._database = database
        self._seals = seals or Seals(database)
        self._runs = SqliteRuns(database)
        self._clock = clock or Clock()

    # ------------------------------------------------------------ reading in

    def clear(self) -> None:
        """Forget everything. The indexes go as well: a large shop is read faster without them."""
        with self._database.transaction():
            for name in ("export_by_email", "export_undecided", "export_seen_by_email"):
                self._database.statement(f"DROP INDEX IF EXISTS {name}")
            for model in (ExportPersonRow, ExportChunkRow, ExportSeenRow):
                self._database.run(model.delete())

    def add(self, candidates: Sequence[Candidate]) -> int:
        """Keep candidates as read (a later reading replaces the former); return how many were new."""
        rows = list({one.customer.id: _candidate_row(one) for one in candidates}.values())
        with self._database.transaction():
            new = self._database.many(ADD_NEW, rows)
            if new < len(rows):
                self._database.many(REPLACE, rows)
        return new

    def refresh(self, candidates: Sequence[Candidate]) -> None:
        """Take in later readings of people who are there; of those sent already only their consent."""
        known = self._known([one.customer.id for one in candidates])
        later = [one for one in candidates if one.customer.id in known]
        with self._database.transaction():
            self._database.many(REPLACE, [_candidate_row(one) for one in later])
            reported = (one.customer for one in later if one.customer.readable)
            consent = [(int(customer.accepts_marketing), customer.id) for customer in reported]
            self._database.many(SET_CONSENT, consent)

    def _known(self, ids: Sequence[int]) -> set[int]:
        return {row[0] for row in self._among("SELECT id FROM export_person WHERE id IN ", ids)}

    def forget_unsent(self) -> None:
        """Forget everybody not sent yet: they are to be read again."""
        self._rows("DELETE FROM export_person WHERE chunk = 0", ())

    def last_id(self) -> int:
        """Return the greatest customer id read and not sent, 0 if none: how far the reading has got."""
        return self._number("SELECT MAX(id) FROM export_person WHERE chunk = 0")

    def many(self, ids: Sequence[int]) -> dict[int, Candidate]:
        """Return those of the given customers that are here, as read last."""
        found = self._among(f"SELECT {CANDIDATE} FROM export_person WHERE id IN ", ids)
        return {row[0]: _candidate(row) for row in found}

    def count(self) -> int:
        """Count the people."""
        return self._number("SELECT COUNT(*) FROM export_person")

    def sent(self) -> int:
        """Count the people in chunks."""
        return self._number("SELECT SUM(people) FROM export_chunk")

    # ------------------------------------------------------------ planning

    def begin_plan(self) -> None:
        """Forget what was planned for people not sent yet, and make look-ups by email quick."""
        with self._database.transaction():
            self._database.statement(FORGET_PLAN)
            self._database.statement(
                "CREATE INDEX IF NOT EXISTS export_by_email ON export_person (email_key, id)"
            )
            self._database.statement("DROP INDEX IF EXISTS export_undecided")

    def plan_new_contacts(self, after: int, limit: int, action: str, ownership: Ownership) -> int | None:
        """Give the action to those plain candidates nobody knows; return the last id looked at."""
        end = self._rows(WINDOW_END, (after, limit))[0][0]
        with self._database.transaction():
            if end is None:
                self._database.statement(
                    "CREATE INDEX IF NOT EXISTS export_undecided ON export_person (email_key, id) "
                    "WHERE action = ''"
                )
                return None
            sealed = self._forgotten_among(after, end)
            self._rows(
                PLAN_NEW_CONTACTS.format(but=", ".join(map(str, sealed))),
                (action, ownership.value, after, end),
            )
        return int(end)

    def _forgotten_among(self, after: int, end: int) -> list[int]:
        """Return those candidates by whose email an account was known that is gone and forgotten."""
        if not self._rows(ANY_SEALED, ()):
            return []
        keys = {key: int(number) for number, key in self._rows(PLAIN_KEYS, (after, end))}
        sealed = {self._seals.of(key): number for key, number in keys.items()}
        found: list[int] = []
        for some in chunks(list(sealed)):
            query = LinkRow.select(LinkRow.email_key).where(LinkRow.email_key.in_(some))
            found += [sealed[seal] for (seal,) in self._database.rows(query)]
        return found

    def undecided(self, after: tuple[str, int], limit: int) -> list[Candidate]:
        """Return people without an action, ordered by (compared email, id) above `after`."""
        return self._read(_candidate, self._rows(UNDECIDED, (after[0], *after, limit)))

    def sent_by_email(self, keys: Sequence[str]) -> dict[str, tuple[int, Ownership]]:
        """Return, by compared email, the customer who was sent for it already, and whose the contact is."""
        sql = "SELECT email_key, MIN(id), ownership FROM export_person WHERE chunk <> 0 AND email_key IN "
        found = self._among(sql, keys, " GROUP BY email_key")  # SQLite: the other column is of that very row
        return {key: (number, Ownership(ownership)) for key, number, ownership in found}

    def decide(self, people: Sequence[Planned]) -> None:
        """Store what is to be done."""
        rows = [(p.action, p.reason, p.contact_id, p.ownership.value, p.customer.id) for p in people]
        self._database.many(SET_PLAN, rows)

    # ------------------------------------------------------------ sending

    def unsent(self, action: str, after: int, limit: int, batch: int | None = None) -> list[Planned]:
        """Return people with that action who are in no chunk, by ascending id above `after`."""
        return self._read(_planned, self._unsent(PLANNED, action, after, limit, batch))

    def rows(self, action: str, after: int, limit: int, batch: int = 0) -> list[tuple[int, bytes]]:
        """Return (id, row) of people with that action who are in no chunk, by ascending id above `after`."""
        return [(number, row) for number, row in self._unsent("id, row", action, after, limit, batch)]

    def _unsent(self, what: str, action: str, after: int, limit: int, batch: int | None) -> list[Row]:
        if batch:
            sql = f"SELECT {what} {_IN_PARTS} AND batch = ? AND action = ? AND id > ? ORDER BY id LIMIT ?"
            return self._rows(sql, (batch, action, after, limit))
        apart = "" if batch is None else "AND batch = 0"
        return self._rows(f"SELECT {what} {UNSENT} {apart} ORDER BY id LIMIT ?", (action, after, limit))

    def newest_batch(self, actions: Sequence[str], *, oldest: bool = False) -> tuple[int, str] | None:
        """Return number and action of the last (or first) part made by `split` with people still unsent."""
        order = "ASC" if oldest else "DESC"
        among = f"action IN {_marks(actions)}"
        sql = f"SELECT batch, action {_IN_PARTS} AND {among} ORDER BY batch {order} LIMIT 1"
        found = self._rows(sql, actions)
        return (int(found[0][0]), str(found[0][1])) if found else None

    def open_chunk(self, chunk: Chunk, batch: int = 0) -> None:
        """Store a chunk and put the people it means into it, of those in that part (0: in none)."""
        sql = """UPDATE export_person SET chunk = ?
            WHERE id BETWEEN ? AND ? AND action = ? AND chunk = 0 AND batch = ?"""
        with self._database.transaction():
            self._rows(sql, (chunk.number, chunk.first, chunk.last, chunk.action, batch))
            self.save_chunk(chunk)

    def split(self, chunk: Chunk, keep: Collection[int] = ()) -> int:
        """Let the people of a chunk be sent again in two parts, which stay apart; return how many."""
        inside = f"SELECT p.id FROM export_person p WHERE {_IN_CHUNK} ORDER BY p.id"
        with self._database.transaction():
            found = [row[0] for row in self._rows(inside, (chunk.first, chunk.last, chunk.number))]
            again = [number for number in found if number not in keep]
            newest = self._number(f"SELECT MAX(batch) {_IN_PARTS}")
            half = (len(again) + 1) // 2
            parts = [(newest + 2, number) for number in again[:half]]
            self._database.many(RELEASE, parts + [(newest + 1, number) for number in again[half:]])
            if len(again) == len(found):
                self._database.run(ExportChunkRow.delete().where(ExportChunkRow.number == chunk.number))
            else:
                self.save_chunk(replace(chunk, state=ChunkState.DONE, people=len(found) - len(again)))
        return len(again)

    def save_chunk(self, chunk: Chunk) -> None:
        """Store how far a chunk is."""
        values = {field.name: getattr(chunk, field.name) for field in CHUNK_FIELDS}
        values |= {"sent_at": to_text(chunk.sent_at), "reported": json.dumps(chunk.reported)}
        self._database.many(SAVE_CHUNK, [tuple(values.values())])

    def drop_chunk(self, number: int) -> None:
        """Forget a chunk: its people are to be planned anew."""
        with self._database.transaction():
            self._rows("UPDATE export_person SET chunk = 0 WHERE chunk = ?", (number,))
            self._database.run(ExportChunkRow.delete().where(ExportChunkRow.number == number))

    def chunks(self) -> list[Chunk]:
        """Return the chunks by number."""
        query = ExportChunkRow.select(*CHUNK_FIELDS).order_by(ExportChunkRow.number)
        return self._read(_chunk, self._database.rows(query))

    # ------------------------------------------------------------ checking

    def clear_seen(self) -> None:
        """Forget who was seen on the list."""
        with self._database.transaction():
            self._database.statement("DROP INDEX IF EXISTS export_seen_by_email")
            self._database.run(ExportSeenRow.delete())

    def add_seen(self, keys: Iterable[str]) -> None:
        """Note compared emails seen on the list as active."""
        self._database.many("INSERT INTO export_seen (email_key) VALUES (?)", [(key,) for key in keys])

    def index_seen(self) -> None:
        """Make look-ups of those seen quick, once all of them are there."""
        with self._database.transaction():
            self._database.statement(
                "CREATE INDEX IF NOT EXISTS export_seen_by_email ON export_seen (email_key)"
            )

    def seen(self, keys: Sequence[str]) -> set[str]:
        """Return those of the given compared emails that were seen."""
        return {row[0] for row in self._among("SELECT email_key FROM export_seen WHERE email_key IN ", keys)}

    def settle(self, chunk: Chunk, run_id: int, link: Link, outcome: Outcome, reason: str) -> int:
        """Close those planned as new contacts who were seen; return how many."""
        people = (chunk.first, chunk.last, chunk.number)
        with self._database.transaction():
            before = self._runs.entry_count(run_id)
            of_kind = self._runs.entry_count(run_id, outcome=outcome)
            self._rows(SETTLE_ENTRIES, (run_id, before, outcome.value, of_kind, reason, *people))
            self._rows(SETTLE_KINDS, (run_id, before))
            if link.written_at is not None:
                self._rows(NOTE_ALL_SINCE, (to_text(link.written_at), run_id, before))
            sql, constants = _settle_links(link)
            self._rows(sql, (*constants, run_id, before))
            if self._rows(ANY_BEGUN, ()):  # seldom: strangers have lines of their own only after a power cut
                self._rows(SETTLE_INTENTS, (to_text(self._clock.now()), run_id, before))
            return self._runs.entry_count(run_id) - before

    def unsettled(self, chunk: Chunk, after: int, limit: int, *, new_contacts: bool) -> list[Planned]:
        """Return a chunk's people above `after`; `new_contacts` False leaves out those `settle` closed."""
        left = "" if new_contacts else f"AND NOT ({_CLOSED})"
        sql = f"""SELECT {PLANNED} FROM export_person p
            WHERE p.id > ? AND {_IN_CHUNK} {left} ORDER BY p.id LIMIT ?"""
        found = self._rows(sql, (after, max(after, chunk.first), chunk.last, chunk.number, limit))
        return self._read(_planned, found)

    def place_in_chunk(self, chunk: Chunk, customer_id: int) -> int:
        """Return how many people of the chunk come before this one: the import's line, counted from 0."""
        sql = f"SELECT COUNT(*) FROM export_person p WHERE {_IN_CHUNK} AND p.id < ?"
        return self._number(sql, (chunk.first, chunk.last, chunk.number, customer_id))

    # ------------------------------------------------------------ plumbing

    def _among(self, sql: str, values: Sequence[Any], tail: str = "") -> Iterator[Row]:
        """Yield the rows of a query that ends with IN, for however many values."""
        for some in chunks(values):
            yield from self._rows(sql + _marks(some) + tail, some)

    def _rows(self, sql: str, values: Sequence[Any]) -> list[Row]:
        return self._database.statement(sql, values)

    def _read(self, make: Callable[[Row], T], rows: Sequence[Row]) -> list[T]:
        with self._database.reading():
            return [make(row) for row in rows]

    def _number(self, sql: str, values: Sequence[Any] = ()) -> int:
        return int(self._rows(sql, values)[0][0] or 0)


def _marks(values: Sequence[Any]) -> str:
    return f"({', '.join('?' * len(values))})"


def _settle_links(link: Link) -> tuple[str, list[Any]]:
    """Return the statement that makes links after a pattern, and the pattern's values in its order."""
    parts: list[str] = []
    constants: list[Any] = []
    names = [*LINK_FIELDS, "email_key"]
    for name in names:
        if name in _OWN:
            parts.append(_OWN[name])
            continue
        value = getattr(link, name)
        parts.append("?")
        constants.append(to_text(value) if isinstance(value, datetime) else value)
    columns = [getattr(LinkRow, name).column_name for name in names]
    changes = ", ".join(f"{name} = excluded.{name}" for name in columns if name != "customer_id")
    sql = f"""
        INSERT INTO link ({", ".join(columns)}) SELECT {", ".join(parts)}
        FROM entry e JOIN export_person p ON p.id = e.customer_id WHERE e.run_id = ? AND e.number > ?
        ON CONFLICT (customer_id) DO UPDATE SET {changes}"""
    return sql, constants


def _chunk(row: Row) -> Chunk:
    values: Row = (*row[:-2], tuple(json.loads(row[-2])), row[-1])
    return Chunk(*values)


def _candidate_row(one: Candidate) -> Row:
    customer = one.customer
    updated = customer.updated_at
    return (
        customer.id,
        customer.email_key,
        customer.email,
        customer.accepts_marketing,
        customer.is_active,
        customer.is_anonymous,
        None if updated is None else to_text(updated),
        one.plain,
        one.note,
        one.code,
        one.problem,
        one.fields_hash,
        one.row,
    )


def _candidate(row: Row) -> Candidate:
    number, _, email, accepts, active, anonymous, updated, plain, note, code, problem, digest, row_bytes = row
    customer = Customer(
        number,
        email,
        bool(accepts),
        bool(active),
        bool(anonymous),
        updated_at=None if updated is None else from_text(updated),
    )
    return Candidate(customer, bytes(row_bytes), digest, note, code, problem, bool(plain))


def _planned(row: Row) -> Planned:
    cut = len(_NAMES)
    action, reason, contact_id, ownership = islice(row, cut, None)
    return Planned(_candidate(row[:cut]), action, reason, contact_id, Ownership(ownership))
