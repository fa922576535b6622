"""Runs of the past by what they did (`core.run_history.RunHistory`) on SQLite."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ccdesk.core.run_history import BAD_EMAIL, Happened, PersonThen, RunQuery, RunSort, RunThen
from ccdesk.core.runs import Outcome, Run, RunStatus
from ccdesk.store.columns import from_text, to_text
from ccdesk.store.db import Database
from ccdesk.store.people import SqlitePeople
from ccdesk.store.runs import SqliteRuns, entry_of

_FOUND = 50  # people whose runs a search finds
_COUNTED = "coalesce(json_extract(counts, '$.{}'), 0)"
_ADDED, _UPDATED, _IN, _OUT, _REMOVED, _HELD = (
    _COUNTED.format(outcome.value)
    for outcome in (
        *(Outcome.ADDED, Outcome.UPDATED, Outcome.OPTED_IN),
        *(Outcome.OPTED_OUT, Outcome.REMOVED, Outcome.HELD),
    )
)
# Whom an undo took off the list, or switched off, said nothing themselves: staff took a run back.
_LEFT = f"CASE WHEN kind = 'undo' THEN 0 ELSE {_OUT} + {_REMOVED} END"
EVENTFUL = (
    "(status <> 'COMPLETE' OR error_count > 0 OR kind IN ('export', 'undo') OR "
    f"{_ADDED} + {_UPDATED} + {_IN} + {_OUT} + {_REMOVED} + {_HELD} > 0)"
)
ORDERS = {
    RunSort.DATE: "id",
    RunSort.STATUS: "status",
    RunSort.KIND: "kind",
    RunSort.TOTAL: "total_contacts",
    RunSort.ERRORS: "error_count",
}
WHO = {
    Happened.ADDED: "entry.outcome = 'added'",
    Happened.OPTED_IN: "entry.outcome = 'opted_in'",
    Happened.OPTED_OUT: "entry.outcome IN ('opted_out', 'removed') AND run.kind <> 'undo'",
    Happened.INVALID: f"entry.outcome = 'errors' AND entry.code GLOB '{BAD_EMAIL}*'",
    Happened.FAILED: f"entry.outcome = 'errors' AND entry.code NOT GLOB '{BAD_EMAIL}*'",
}
"""An export names an email that is not valid each time: of errors a person's newest entry counts."""
_RECENT = "(SELECT id FROM run WHERE finished_at > ?)"
_PEOPLE = """
    SELECT entry.run_id, coalesce(run.finished_at, run.started_at), entry.customer_id, entry.email,
        entry.outcome, entry.reason, entry.code, entry.acted_at
    FROM entry JOIN run ON run.id = entry.run_id
    WHERE entry.run_id IN {recent} AND {who} {once}
    ORDER BY entry.run_id DESC, entry.number LIMIT ? OFFSET ?"""
_ONCE = """AND NOT EXISTS (
    SELECT 1 FROM entry AS later WHERE later.customer_id = entry.customer_id AND later.run_id > entry.run_id
    AND later.outcome = 'errors')"""
_SUMS = f"""
    SELECT sum({_ADDED}), sum({_IN}), sum({_LEFT}), sum(error_count)
    FROM run WHERE finished_at > ?"""
_ERRORS = "SELECT count(*) FROM entry WHERE entry.run_id IN {recent} AND {who} {once}"
_RUNS_SINCE = f"""
    SELECT started_at, status, {_ADDED}, {_LEFT}, error_count FROM run
    WHERE started_at > ? ORDER BY id"""


class SqliteRunHistory:
    """`core.run_history.RunHistory` on SQLite."""

    def __init__(self, database: Database, runs: SqliteRuns, people: SqlitePeople) -> None:
        self._database, self._runs, self._people = database, runs, people

    def find(self, query: RunQuery, *, offset: int, limit: int) -> list[Run]:
        """Return runs."""
        where, values = self._where(query)
        way = "DESC" if query.descending else "ASC"
        order = f"{ORDERS[query.sort]} {way}, id DESC"
        asked = f"SELECT id FROM run {where} ORDER BY {order} LIMIT ? OFFSET ?"
        ids = [int(number) for (number,) in self._database.statement(asked, (*values, limit, offset))]
        return self._runs.many(ids)

    def count(self, query: RunQuery) -> int:
        """Count them."""
        where, values = self._where(query)
        [(number,)] = self._database.statement(f"SELECT count(*) FROM run {where}", values)
        return int(number)

    def _where(self, query: RunQuery) -> tuple[str, tuple[Any, ...]]:
        parts: list[str] = []
        values: list[Any] = []
        if query.kind is not None:
            parts.append("kind = ?")
            values.append(query.kind.value)
        if query.eventful:
            parts.append(EVENTFUL)
        if query.since is not None:
            parts.append("started_at >= ?")
            values.append(to_text(query.since))
        if query.until is not None:
            parts.append("started_at < ?")
            values.append(to_text(query.until))
        if query.text.strip():
            found, named = self._text(query.text.strip())
            parts.append(found)
            values += named
        return (f"WHERE {' AND '.join(parts)}" if parts else ""), tuple(values)

    def _text(self, text: str) -> tuple[str, list[Any]]:
        """Return the condition that a run says a text, is called so, or had a person who is."""
        likely = "%" + text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
        parts = ["message LIKE ? ESCAPE '\\'", "status LIKE ? ESCAPE '\\'", "id = ?"]
        values: list[Any] = [likely, likely, int(text) if text.isdecimal() and len(text) < 19 else -1]
        people = self._people.find(text, _FOUND)
        ids = sorted({number for one in people for number in one.customer_ids})
        if ids:
            marks = ", ".join("?" * len(ids))
            parts.append(f"id IN (SELECT run_id FROM entry WHERE customer_id IN ({marks}))")
            values += ids
        parts.append(
            "id IN (SELECT run_id FROM entry WHERE customer_id IS NULL AND email = ? COLLATE NOCASE)"
        )
        values.append(text)
        return f"({' OR '.join(parts)})", values

    def since(self, at: datetime) -> dict[Happened, int]:
        """Return to how many people what has happened in runs that ended after that moment."""
        moment = to_text(at)
        [(added, opted_in, opted_out, errors)] = self._database.statement(_SUMS, (moment,))
        found = {
            Happened.ADDED: int(added or 0),
            Happened.OPTED_IN: int(opted_in or 0),
            Happened.OPTED_OUT: int(opted_out or 0),
        }
        for what in (Happened.INVALID, Happened.FAILED):
            asked = _ERRORS.format(recent=_RECENT, who=WHO[what], once=_ONCE)
            found[what] = int(self._database.statement(asked, (moment,))[0][0]) if errors else 0
        return {what: people for what, people in found.items() if people}

    def people_since(self, at: datetime, what: Happened, *, offset: int, limit: int) -> list[PersonThen]:
        """Return these people, the newest first."""
        once = _ONCE if what in (Happened.INVALID, Happened.FAILED) else ""
        asked = _PEOPLE.format(recent=_RECENT, who=WHO[what], once=once)
        rows = self._database.statement(asked, (to_text(at), limit, offset))
        with self._database.reading():
            return [PersonThen(run_id, from_text(moment), entry_of(told)) for run_id, moment, *told in rows]

    def runs_since(self, at: datetime) -> list[RunThen]:
        """Return every run that began after that moment."""
        rows = self._database.statement(_RUNS_SINCE, (to_text(at),))
        with self._database.reading():
            return [
                RunThen(from_text(began), RunStatus(status), added, out, errors)
                for began, status, added, out, errors in rows
            ]
