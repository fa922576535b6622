"""Statements: what people and staff said about being mailed, kept for good (docs/decisions/0006).

They are read off the links as these are saved, in the same transaction, in one place for all. What a first
export reads of a million strangers is kept as their links alone: `consent.stated` reads it off them, and it
becomes a row with the first change that would lose it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from ccdesk.consent.stated import Beside, Stated, added_word, differs, first_word, stated
from ccdesk.core.clock import SKEW, Clock, kept_skew
from ccdesk.core.intents import SHOP_ACTS, Act
from ccdesk.core.models import Link
from ccdesk.core.statements import Author, How, KeptStatement, Side
from ccdesk.store.columns import email_mark, from_text, to_text
from ccdesk.store.db import Database, Row, chunks
from ccdesk.store.forgetting import SEAL
from ccdesk.store.intents import words
from ccdesk.store.state import SqliteState
from ccdesk.store.tables import StatementRow

_WRITTEN = [field.name for field in StatementRow._meta.sorted_fields if field.name != "number"]
# An act at Constant Contact that another account of the person has told of already is not kept again.
KEEP = f"""
    INSERT OR IGNORE INTO statement ({", ".join(_WRITTEN)}) VALUES ({", ".join("?" * len(_WRITTEN))})"""
FLAG_WORDS = ", ".join(f"'{how}'" for how in (How.FLAG_SET, How.FLAG_CLEARED, How.SEEN_OFF))
PUTS_ON = words([act for act in Act if act.puts_on])
# “open” is a literal, so that the partial index is used.
LAST_WORD = f"""
    SELECT how, seen_at FROM statement WHERE customer_id = ? AND side = 'shop' AND how IN ({FLAG_WORDS})
    ORDER BY number DESC LIMIT 1"""
WRITING = f"""
    SELECT act FROM intent WHERE customer_id = ? AND ended = 'open' AND act IN ({words(SHOP_ACTS)})
    ORDER BY number DESC LIMIT 1"""
WROTE_LAST = f"""
    SELECT customer_id, act FROM intent WHERE number IN (SELECT MAX(number) FROM intent
    WHERE customer_id IN ({{ids}}) AND ended = 'done' AND act IN ({words(SHOP_ACTS)}) GROUP BY customer_id)"""
WROTE = f"""
    SELECT act, begun FROM intent WHERE customer_id = ? AND ended = 'done' AND act IN ({words(SHOP_ACTS)})
    ORDER BY number DESC LIMIT 1"""
SEEN = "SELECT since FROM known_account WHERE customer_id = ? AND mark = ?"
PUT_ON = f"SELECT 1 FROM intent WHERE customer_id = ? AND act IN ({PUTS_ON}) LIMIT 1"
OF_PEOPLE = """
    SELECT email_key, customer_id, how, author, earliest, latest, run_id FROM statement
    WHERE email_key IN ({keys}) ORDER BY number"""
ADDED = "SELECT 1 FROM statement WHERE customer_id = ? AND how = 'added' LIMIT 1"
TOLD = "SELECT 1 FROM statement WHERE email_key = ? AND side = 'mail' AND how <> 'added' LIMIT 1"
HELD = "SELECT 1 FROM held_loss WHERE kind IN ('left', 'staff') AND customer_id = ? LIMIT 1"
RUNNING = "SELECT MAX(id) FROM run WHERE status = 'RUNNING'"
EXPORT_AT = """
    SELECT id FROM run WHERE kind = 'export' AND started_at <= ?
    AND (finished_at IS NULL OR finished_at >= ?) ORDER BY id DESC LIMIT 1"""
STORED_KEY = "SELECT email_key FROM link WHERE customer_id = ?"
PLACED = "SELECT email, contact_id FROM link WHERE customer_id = ?"
_ANSWERS = (How.ANSWERED_ADD, How.ANSWERED_LEAVE)  # given by staff, in no run


class SqliteStatements:
    """Keeps what changes of links state."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock
        self.now: Callable[[], datetime] = clock.now  # of the mail service, as far as somebody tells it
        self._state = SqliteState(database)

    def note(self, before: Mapping[int, Link], after: Iterable[Link]) -> None:
        """Keep what is stated by links that are about to be saved; inside the transaction that saves them."""
        rows: list[Row] = []
        for link in after:
            known = before.get(link.customer_id)
            if known is None:
                rows += self._learned(link, stated(None, link, Beside(self.now())))
            elif differs(known, link):
                kept = self._last_word(link.customer_id)
                beside = self._beside(known, kept)
                remembered = self._only_in_link(known, beside, kept)
                if remembered:
                    rows += self._rows(known, remembered, self.export_of(known))
                rows += self._learned(link, stated(known, link, beside))
        self._database.many(KEEP, rows)

    def _only_in_link(self, link: Link, beside: Beside, kept: Row | None) -> list[Stated]:
        """Return what only the link has told so far, which its change would lose."""
        number = link.customer_id
        found = [] if kept else [first_word(link, beside)]
        if added := added_word(link):
            told = self._first(PUT_ON, number) or self._first(ADDED, number)
            found += [] if told else [added]
        if link.email_key and not self._first(TOLD, link.email_key):
            found += stated(None, link, beside)
        return [one for one in found if one is not None]

    def _beside(self, link: Link, kept: Row | None) -> Beside:
        customer_id = link.customer_id
        writing = self._first(WRITING, customer_id)
        wrote = self._first(WROTE, customer_id)
        seen = self._first(SEEN, customer_id, email_mark(link.email_key))
        last = None if kept is None else kept[0] == How.FLAG_SET
        if wrote and (kept is None or wrote[1] > kept[1]):
            last = wrote[0] == Act.OPT_IN
        return Beside(
            self.now(),
            self.skew(),
            last,
            Act(writing[0]) if writing else None,
            held=self._first(HELD, customer_id) is not None,
            wrote=Act(wrote[0]) if wrote else None,
            seen=from_text(seen[0]) if seen else None,
        )

    def _last_word(self, customer_id: int) -> Row | None:
        """Return the last word kept of an account's flag, and when it was kept."""
        return self._first(LAST_WORD, customer_id)

    def skew(self) -> timedelta:
        """Return how far Kibo's clock is ahead of the mail service's, as the last run that asked both saw."""
        return kept_skew(self._state.get(SKEW))

    def wrote(self, customer_ids: Sequence[int]) -> dict[int, Act]:
        """Return what we last did to the flags of accounts, as the journal tells."""
        found: dict[int, Act] = {}
        for some in chunks(customer_ids):
            sql = WROTE_LAST.format(ids=", ".join("?" * len(some)))
            found.update((number, Act(act)) for number, act in self._database.statement(sql, some))
        return found

    def of_people(self, keys: Sequence[str]) -> dict[str, list[KeptStatement]]:
        """Return what is kept of people by their compared emails, of each in the order it was kept."""
        found: dict[str, list[KeptStatement]] = {}
        for some in chunks(list(dict.fromkeys(key for key in keys if key))):
            rows = self._database.statement(OF_PEOPLE.format(keys=", ".join("?" * len(some))), some)
            with self._database.reading():
                for key, *row in rows:
                    found.setdefault(key, []).append(_kept(row))
        return found

    def note_put_on(self, customer_ids: Collection[int], at: datetime) -> None:
        """Keep that customers who had opted out were seen on the list, put there by somebody else."""
        evidence = "opted out, and seen on the list, where neither they nor ccdesk had put them"
        rows: list[Row] = []
        for number in customer_ids:
            for email, contact_id in self._database.statement(PLACED, (number,)):
                link = Link(number, email=email, contact_id=contact_id)
                one = Stated(Side.MAIL, contact_id, How.PUT_ON, Author.UNKNOWN, None, at, evidence)
                rows += self._learned(link, [one])
        self._database.many(KEEP, rows)

    def export_of(self, link: Link) -> int | None:
        """Return the export that put somebody on the list, as far as it is still kept."""
        if link.written_at is None:
            return None
        end = link.written_at + timedelta(microseconds=999_999)  # a service tells no finer time than seconds
        found = self._first(EXPORT_AT, to_text(end), to_text(link.written_at))
        return int(found[0]) if found else None

    def _learned(self, link: Link, found: Sequence[Stated]) -> list[Row]:
        """Return the rows of what the run going on has learned of one link."""
        if not found:
            return []
        running = self._first(RUNNING)
        return self._rows(link, found, running[0] if running else None)

    def _rows(self, link: Link, found: Sequence[Stated], run: int | None) -> list[Row]:
        key = link.email_key or self._stored_key(link.customer_id)
        now = to_text(self._clock.now())
        return [_row(link, one, key, now, None if one.how in _ANSWERS else run) for one in found]

    def _stored_key(self, customer_id: int) -> str:
        """Return what stands for an account's email where it has none: that of nobody else."""
        stored = self._first(STORED_KEY, customer_id)
        return str(stored[0]) if stored and stored[0] else f"{SEAL}{customer_id}"

    def _first(self, sql: str, *values: object) -> Row | None:
        found = self._database.statement(sql, values)
        return found[0] if found else None


def _kept(row: Sequence[Any]) -> KeptStatement:
    number, how, author, earliest, latest, run = row
    begin = from_text(earliest) if earliest else None
    return KeptStatement(number, How(how), Author(author), begin, from_text(latest), run)


def _row(link: Link, one: Stated, key: str, now: str, run: int | None) -> Row:
    return (
        one.side.value,
        one.subject,
        link.customer_id,
        link.email,
        key,
        one.how.value,
        one.author.value,
        "" if one.earliest is None else to_text(one.earliest),
        to_text(one.latest),
        one.evidence,
        now,
        run,
    )
