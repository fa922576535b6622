"""The ledger on SQLite: statements, the journal's commands, and what only links tell, in time order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from itertools import count
from typing import Any

from ccdesk.consent.stated import Beside, Stated, added_word, first_word, stated
from ccdesk.core.clock import Clock
from ccdesk.core.errors import StoreError
from ccdesk.core.intents import Act, Ended
from ccdesk.core.ledger import LedgerEntry
from ccdesk.core.models import Link, LinkState
from ccdesk.core.statements import Author, How, Side
from ccdesk.store.columns import from_text, to_text
from ccdesk.store.db import Database, Row, chunks
from ccdesk.store.forgetting import SEAL, Seals
from ccdesk.store.links import SqliteLinks
from ccdesk.store.statements import FLAG_WORDS, PUTS_ON, SqliteStatements

_PAGE = 500
_STATED, _COMMAND, _FIRST, _ADDED, _STANDING = range(5)  # where an entry is read from, in this order
_STANDS = ", ".join(
    f"'{state}'"
    for state in (
        LinkState.UNSUBSCRIBED,
        LinkState.CONFIRMING,
        LinkState.ASKED_BEFORE,
        LinkState.LEFT_LIST,
        LinkState.LEFT_OUT,
        LinkState.CONTACT_DELETED,
    )
)
# What took somebody off the list had noticed the flag: it was cleared before the removal began, not only
# before the change was written down.
_CLEARED_BY = """min(latest, coalesce((SELECT min(i.begun) FROM intent i
    WHERE i.customer_id = statement.customer_id AND i.act = 'remove' AND i.undoes IS NULL
    AND i.begun >= earliest AND i.begun <= latest), latest))"""
# One arm for each source. What is wanted comes in as {who}, conditions on the columns of that arm's table.
_ARMS = f"""
    SELECT CASE earliest WHEN '' THEN latest ELSE earliest END AS at,
        CASE how WHEN 'flag_cleared' THEN {_CLEARED_BY} ELSE latest END AS until, {_STATED} AS source,
        number FROM statement WHERE {{who}}
    UNION ALL SELECT begun, begun, {_COMMAND}, number FROM intent WHERE {{who}}
    UNION ALL SELECT coalesce(CASE WHEN kibo_opted_in = 0 AND agreed = 0 THEN out_after
            WHEN agreed = 1 AND written_at < {{kibo}} THEN written_at END, {{kibo}},
        written_at, out_since, (SELECT MIN(k.since) FROM known_account k
            WHERE k.customer_id = link.customer_id), {{now}}),
        coalesce(CASE WHEN agreed = 1 AND written_at < {{kibo}} THEN written_at END, {{kibo}}, ''),
        {_FIRST}, customer_id
        FROM link
        WHERE (kibo_opted_in IS NOT NULL OR seen_set = 1 OR passed_by = 1) AND {{who}}
        AND NOT EXISTS (SELECT 1 FROM statement s WHERE s.customer_id = link.customer_id
            AND s.side = 'shop' AND s.how IN ({FLAG_WORDS}))
    UNION ALL SELECT written_at, '', {_ADDED}, customer_id FROM link
        WHERE agreed = 1 AND written_at IS NOT NULL AND {{who}}
        AND NOT EXISTS (SELECT 1 FROM intent i WHERE i.customer_id = link.customer_id
            AND i.act IN ({PUTS_ON}))
        AND NOT EXISTS (SELECT 1 FROM statement s WHERE s.customer_id = link.customer_id AND s.how = 'added')
    UNION ALL SELECT coalesce(CASE state WHEN 'left_list' THEN out_after END, out_since, {{now}}),
        coalesce(out_since, ''), {_STANDING}, customer_id FROM link
        WHERE state IN ({_STANDS}) AND {{who}}
        AND NOT EXISTS (SELECT 1 FROM statement s WHERE s.email_key = link.email_key AND s.side = 'mail'
            AND s.how <> 'added')"""
STATEMENTS = """
    SELECT number, email, side, subject, author, how, evidence, run_id, earliest, latest FROM statement
    WHERE number IN ({marks})"""
COMMANDS = """
    SELECT i.number, CASE WHEN l.email_key = i.email_key THEN l.email ELSE i.email_key END, i.act,
    i.customer_id, i.contact_id, i.run_id, i.ended, i.sign_up, i.event_id, i.lands_by, i.undoes FROM intent i
    LEFT JOIN link l ON l.customer_id = i.customer_id WHERE i.number IN ({marks})"""
ACCOUNTS = """
    SELECT customer_id FROM statement WHERE email_key IN (?1, ?2)
    UNION ALL SELECT customer_id FROM intent WHERE email_key IN (?1, ?2)
    UNION ALL SELECT customer_id FROM link WHERE email_key IN (?1, ?2)"""
_HOW = {Act.REMOVE: How.REMOVED, Act.ASK: How.ASKED, Act.OPT_IN: How.FLAG_SET, Act.OPT_OUT: How.FLAG_CLEARED}
_RULE = {Act.REMOVE: "R3", Act.ASK: "R3", Act.OPT_IN: "R4", Act.OPT_OUT: "R4"}
_WORDS = {
    Act.CREATE: "created the contact on the list",
    Act.ADD: "put the contact on the list",
    Act.REVIVE: "brought the deleted contact back onto the list",
    Act.REMOVE: "took the contact off the list",
    Act.ASK: "asked for the one confirmation of a resubscribe",
    Act.OPT_IN: "opt-in of Constant Contact written to Kibo",
    Act.OPT_OUT: "opt-out of Constant Contact written to Kibo",
}
_UNDOING = {
    Act.REMOVE: "took the contact off the list again",
    Act.OPT_OUT: "switched the opt-in off again in Kibo",
}
_LONG_AGO = datetime.min.replace(tzinfo=UTC)
_Found = dict[tuple[int, int], LedgerEntry]


class SqliteLedger:
    """`ports.ledger.Ledger` on SQLite.

    Which entries there are is put in order in a table of the connection, which holds no more of a person than
    numbers; they are read by pages from there, so that neither memory nor a transaction grows with them.
    """

    def __init__(
        self,
        database: Database,
        links: SqliteLinks,
        statements: SqliteStatements,
        clock: Clock,
        seals: Seals,
    ) -> None:
        self._database, self._links, self._clock, self._seals = database, links, clock, seals
        self._statements = statements
        self._tables = count(1)

    def entries(
        self,
        *,
        key: str = "",
        customer_ids: Sequence[int] = (),
        since: datetime | None = None,
        limit: int | None = None,
    ) -> Iterator[LedgerEntry]:
        """Yield entries in time order; `ports.ledger.Ledger.entries` says which."""
        who = self._who(key, customer_ids) if key or customer_ids else "1 = 1"
        table = f"temp.ledger_{next(self._tables)}"
        self._put_in_order(table, who, since, limit)
        try:
            after = 0
            sql = (
                f"SELECT rowid, at, last, source, number FROM {table} WHERE rowid > ? ORDER BY rowid LIMIT ?"
            )
            while page := self._database.statement(sql, (after, _PAGE)):
                after = page[-1][0]
                yield from self._read(page)
        finally:
            with suppress(StoreError):  # closed by now: then it is gone by itself
                self._database.statement(f"DROP TABLE {table}")

    def _who(self, key: str, customer_ids: Sequence[int]) -> str:
        """Return the condition for a person's accounts: whatever is kept tells which account it is of."""
        numbers = {int(number) for number in customer_ids}
        if key:
            keys = (key, self._seals.of(key) or key)
            numbers |= {number for (number,) in self._database.statement(ACCOUNTS, keys)}
        return f"customer_id IN ({', '.join(map(str, sorted(numbers)))})"

    def _put_in_order(self, table: str, who: str, since: datetime | None, limit: int | None) -> None:
        ahead = int(self._statements.skew().total_seconds())
        kibo = "kibo_updated_at"
        if ahead:
            kibo = f"strftime('%Y-%m-%dT%H:%M:%f', kibo_updated_at, '{-ahead} seconds') || '000Z'"
        arms = _ARMS.format(who=who, kibo=kibo, now=f"'{to_text(self._clock.now())}'")
        begin = "" if since is None else to_text(since)
        self._database.statement(
            f"CREATE TEMP TABLE {table.removeprefix('temp.')} (at, last, source, number)"
        )
        self._database.statement(
            f"INSERT INTO {table} SELECT at, last, source, number FROM ("
            f"SELECT at, max(at, until) AS last, source, number FROM ({arms}) WHERE max(at, until) >= ? "
            f"ORDER BY last DESC, source DESC, number DESC LIMIT ?) ORDER BY last, source, number",
            (begin, -1 if limit is None else limit),
        )

    def _read(self, page: Sequence[Row]) -> Iterator[LedgerEntry]:
        """Yield the entries of a page; what has been forgotten since it was put in order is left out."""
        wanted: dict[int, list[int]] = {}
        for *_, source, number in page:
            wanted.setdefault(source, []).append(number)
        with self._database.reading():
            found: _Found = {}
            for source, numbers in wanted.items():
                found.update(self._source(source, numbers))
            for _, at, last, source, number in page:
                entry = found.get((source, number))
                if entry is not None:
                    yield _placed(entry, from_text(at), from_text(last))

    def _source(self, source: int, numbers: Sequence[int]) -> _Found:
        if source == _STATED:
            return {(source, row[0]): _stated_entry(row) for row in self._rows(STATEMENTS, numbers)}
        if source == _COMMAND:
            return {(source, row[0]): _command_entry(row) for row in self._rows(COMMANDS, numbers)}
        links = self._links.many(numbers)
        told = self._told(source, links)
        exports: dict[datetime | None, int | None] = {}  # many have been put on the list by one call
        return {(source, number): self._entry_of(links[number], one, exports) for number, one in told.items()}

    def _told(self, source: int, links: Mapping[int, Link]) -> dict[int, Stated]:
        """Return what only links tell, by customer id."""
        beside = Beside(self._clock.now(), self._statements.skew())
        wrote = self._statements.wrote(list(links)) if source == _FIRST else {}
        found: dict[int, Stated] = {}
        for number, link in links.items():
            if source == _FIRST:
                one = first_word(link, replace(beside, wrote=wrote.get(number)))
            else:
                one = added_word(link) if source == _ADDED else next(iter(stated(None, link, beside)), None)
            if one is not None:
                found[number] = one
        return found

    def _rows(self, sql: str, numbers: Sequence[int]) -> Iterator[Row]:
        for some in chunks(numbers):
            yield from self._database.statement(sql.format(marks=", ".join("?" * len(some))), some)

    def _entry_of(self, link: Link, one: Stated, exports: dict[datetime | None, int | None]) -> LedgerEntry:
        """Return the entry of what only a link tells: the export that read it put the person on the list."""
        if one.how not in (How.ADDED, How.FLAG_SET):
            return _entry(link.email, one, None)
        if link.written_at not in exports:
            exports[link.written_at] = self._statements.export_of(link)
        return _entry(link.email, one, exports[link.written_at])


def _placed(entry: LedgerEntry, at: datetime, latest: datetime) -> LedgerEntry:
    """Return an entry with the moments between which it was made; by the later one it was put in order."""
    return replace(entry, at=at, until=latest if latest > at else None)


def _stated_entry(row: Row) -> LedgerEntry:
    _, email, side, subject, author, how, evidence, run, earliest, latest = row
    begin = from_text(earliest) if earliest else None
    one = Stated(Side(side), subject, How(how), Author(author), begin, from_text(latest), evidence)
    return _entry(email, one, run)


def _entry(email: str, one: Stated, run: int | None) -> LedgerEntry:
    """Return the entry of a statement; one of ours is a command that the journal does not tell of."""
    ours = one.author is Author.US
    at = one.latest if one.earliest is None else one.earliest
    return LedgerEntry(
        at=at,
        until=one.latest if one.latest > at else None,
        email=email,
        side=one.side,
        subject=one.subject,
        author=one.author,
        says=one.how.says,
        how=one.how,
        evidence=one.evidence,
        rule=("R4" if one.side is Side.SHOP else "R2") if ours else "",
        run=run,
        outcome=Ended.DONE.value if ours else "",
    )


def _command_entry(row: Row) -> LedgerEntry:
    _, email, word, customer_id, contact_id, run, ended, sign_up, event_id, lands_by, undoes = row
    act = Act(word)
    how: Any = _HOW.get(act, How.ADDED) if undoes is None else How.UNDONE
    evidence = _WORDS[act] if undoes is None else f"{_UNDOING[act]}, undoing run {undoes}"
    if act.puts_on or act is Act.REMOVE:
        evidence += ", by the sign-up call" if sign_up else "" if lands_by else ", by a job"
    return LedgerEntry(
        at=_LONG_AGO,  # until it is placed
        until=None,
        email="" if email.startswith(SEAL) else email,
        side=Side.SHOP if act.writes_flag else Side.MAIL,
        subject=str(customer_id) if act.writes_flag else contact_id,
        author=Author.US,
        says=how.says,
        how=how,
        evidence=evidence,
        rule="undo" if undoes is not None else _RULE.get(act, "R3" if event_id else "R2"),
        run=run,
        outcome=ended,
    )
