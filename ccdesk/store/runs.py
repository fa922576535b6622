"""Runs with their entries and errors (design §4)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import fields, replace
from datetime import datetime
from typing import Any

import peewee
from peewee import SQL, fn

from ccdesk.core.runs import Entry, Outcome, Run, RunKind, RunStatus, Trigger
from ccdesk.store.columns import from_text, to_text
from ccdesk.store.db import Database, Row, chunks
from ccdesk.store.tables import EntryRow, EventRow, KindRow, RunRow

RUN_COLUMNS = tuple(RunRow._meta.sorted_fields)  # Run's fields but `failure`, which is not stored
ENTRY_COLUMNS = tuple(getattr(EntryRow, field.name) for field in fields(Entry))

ADD_ENTRY = (
    "INSERT INTO entry (run_id, number, outcome, outcome_number, customer_id, email, reason, code, acted_at) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
ADD_KIND = (
    "INSERT INTO entry_kind (run_id, outcome, reason, people) VALUES (?, ?, ?, ?) "
    "ON CONFLICT (run_id, outcome, reason) DO UPDATE SET people = people + excluded.people"
)

PRUNE_STEP = 20_000  # entries deleted in one transaction, so that others can write in between


class SqliteRuns:
    """`ports.Runs` on SQLite."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def start(self, kind: RunKind, trigger: Trigger, at: datetime, *, undoes: int | None = None) -> Run:
        """Create a run that is RUNNING; `undoes`: the run that it takes back."""
        run = Run(0, kind, trigger, RunStatus.RUNNING, at, undoes=undoes)
        return replace(run, id=self._database.run(RunRow.insert(_values(run))))

    def finish(self, run: Run) -> None:
        """Store the run's final state and figures."""
        if not self._database.run(RunRow.update(_values(run)).where(RunRow.id == run.id)):
            raise LookupError(f"no run {run.id}")

    def resumes(self, run_id: int, earlier: int) -> None:
        """Note that a run goes on from an earlier one, on both."""
        with self._database.transaction():
            self._database.run(RunRow.update(resumes=earlier).where(RunRow.id == run_id))
            stored = fn.TRIM(RunRow.message.concat(f" Continued in run {run_id}."))
            self._database.run(RunRow.update(message=stored).where(RunRow.id == earlier))

    def note_list(self, run_id: int, list_id: str) -> None:
        """Note the active list of a run."""
        self._database.run(RunRow.update(list_id=list_id).where(RunRow.id == run_id))

    def tally(self, run_id: int, *, total: int, counts: dict[str, int], errors: int) -> None:
        """Store the figures so far, for those who watch."""
        figures = RunRow.update(total_contacts=total, counts=counts, error_count=errors)
        self._database.run(figures.where(RunRow.id == run_id))

    def add_entries(self, run_id: int, entries: Iterable[Entry]) -> None:
        """Store what became of people, numbered on from what the run has, and count them by reason."""
        made = list(entries)
        if not made:
            return
        with self._database.transaction():
            number = self.entry_count(run_id)
            last = {kind: self.entry_count(run_id, outcome=kind) for kind in {e.outcome for e in made}}
            rows: list[Row] = []
            for place, entry in enumerate(made, start=1):
                last[entry.outcome] += 1
                rows.append(_entry_row(run_id, number + place, last[entry.outcome], entry))
            self._database.many(ADD_ENTRY, rows)
            kinds = Counter((entry.outcome.value, entry.reason) for entry in made)
            self._database.many(ADD_KIND, [(run_id, *kind, people) for kind, people in kinds.items()])

    def get(self, run_id: int) -> Run | None:
        """Return one run."""
        return self._one(RunRow.select(*RUN_COLUMNS).where(RunRow.id == run_id))

    def many(self, run_ids: Sequence[int]) -> list[Run]:
        """Return these runs in the order they are named; one that is gone is left out."""
        found: dict[int, Run] = {}
        for some in chunks(list(run_ids)):
            found |= {
                run.id: run for run in self._select(RunRow.select(*RUN_COLUMNS).where(RunRow.id.in_(some)))
            }
        return [found[number] for number in run_ids if number in found]

    def page(self, *, kind: RunKind | None, offset: int, limit: int) -> list[Run]:
        """Return runs, newest first."""
        query = RunRow.select(*RUN_COLUMNS).order_by(RunRow.id.desc()).offset(offset).limit(limit)
        return self._select(query if kind is None else query.where(RunRow.kind == kind))

    def count(self, *, kind: RunKind | None = None) -> int:
        """Count runs."""
        query = RunRow.select(fn.COUNT(SQL("*")))
        return int(self._database.value(query if kind is None else query.where(RunRow.kind == kind)))

    def entries(self, run_id: int, *, outcome: Outcome | None, offset: int, limit: int) -> list[Entry]:
        """Return a run's entries in the order they were made; `outcome` picks one kind (ERROR: the errors).

        The numbers are without gaps, so the page is found in the index at once and not by counting to it.
        """
        query = EntryRow.select(*ENTRY_COLUMNS).where(EntryRow.run_id == run_id).limit(limit)
        if outcome is None:
            query = query.where(EntryRow.number > offset).order_by(EntryRow.number)
        else:
            query = query.where(EntryRow.outcome == outcome, EntryRow.outcome_number > offset)
            query = query.order_by(EntryRow.outcome_number)
        rows = self._database.statement(*query.sql())  # its own reading of words: there may be very many
        with self._database.reading():
            return [entry_of(row) for row in rows]

    def entry_count(self, run_id: int, *, outcome: Outcome | None = None) -> int:
        """Count a run's entries: the last one's number."""
        if outcome is None:
            query = EntryRow.select(fn.MAX(EntryRow.number)).where(EntryRow.run_id == run_id)
        else:
            query = EntryRow.select(fn.MAX(EntryRow.outcome_number))
            query = query.where(EntryRow.run_id == run_id, EntryRow.outcome == outcome)
        return int(self._database.value(query) or 0)

    def told_of(self, run_id: int, customer_ids: Collection[int], outcomes: Collection[Outcome]) -> set[int]:
        """Return those of the given customers that a run has an entry of with one of these outcomes."""
        found: set[int] = set()
        for some in chunks(list(customer_ids)):
            query = EntryRow.select(EntryRow.customer_id).where(
                EntryRow.customer_id.in_(some),
                EntryRow.run_id == run_id,
                EntryRow.outcome.in_(list(outcomes)),
            )
            found.update(number for (number,) in self._database.rows(query))
        return found

    def entry_kinds(self, run_id: int) -> list[tuple[Outcome, str, int]]:
        """Return (outcome, reason, people) of a run, most frequent first."""
        query = KindRow.select(KindRow.outcome, KindRow.reason, KindRow.people)
        query = query.where(KindRow.run_id == run_id)
        found = self._database.rows(query.order_by(KindRow.people.desc(), KindRow.outcome, KindRow.reason))
        return [(outcome, reason, people) for outcome, reason, people in found]

    def close_open(self, status: RunStatus, at: datetime, message: str) -> list[Run]:
        """Close every run still RUNNING (nobody holds the lease) and return them, oldest first."""
        with self._database.transaction():
            query = RunRow.select(*RUN_COLUMNS).where(RunRow.status == RunStatus.RUNNING)
            left = self._select(query.order_by(RunRow.id))
            closed = [replace(run, status=status, finished_at=at, message=message) for run in left]
            for run in closed:
                self.finish(run)
        return closed

    def last_finished(self, kind: RunKind, status: RunStatus) -> Run | None:
        """Return the newest run of that kind that ended so."""
        query = RunRow.select(*RUN_COLUMNS).where(RunRow.kind == kind, RunRow.status == status)
        return self._one(query.order_by(RunRow.id.desc()).limit(1))

    def prune(self, before: datetime) -> None:
        """Delete runs, entries and processed events finished before that time.

        A run that goes on (RUNNING, or WAITING with none of its kind after it) stays, and so does each kind's
        newest COMPLETE one: it is what tells "never exported" from "exported long ago".
        """
        newest = RunRow.select(fn.MAX(RunRow.id)).group_by(RunRow.kind)
        old = RunRow.select(RunRow.id).where(
            RunRow.finished_at < before,
            RunRow.status != RunStatus.RUNNING,
            (RunRow.status != RunStatus.WAITING) | RunRow.id.not_in(newest),
            RunRow.id.not_in(newest.where(RunRow.status == RunStatus.COMPLETE)),
        )
        for (run_id,) in self._database.rows(old):
            self._delete(run_id)
        done = EventRow.delete().where(SQL("status = 'Processed'"), EventRow.processed_at < before)
        self._database.run(done)

    def _delete(self, run_id: int) -> None:
        """Delete a run in steps, its last entries first: what an interruption leaves has no gap in front."""
        while (count := self.entry_count(run_id)) > 0:
            tail = EntryRow.number > max(0, count - PRUNE_STEP)
            self._database.run(EntryRow.delete().where(EntryRow.run_id == run_id, tail))
        self._database.run(RunRow.delete().where(RunRow.id == run_id))

    def _one(self, query: peewee.BaseQuery) -> Run | None:
        found = self._select(query)
        return found[0] if found else None

    def _select(self, query: peewee.BaseQuery) -> list[Run]:
        return [Run(*row) for row in self._database.rows(query)]


def entry_of(row: Sequence[Any]) -> Entry:
    """Read an entry's own columns, in the order of its fields."""
    number, email, outcome, reason, code, acted_at = row
    return Entry(number, email, Outcome(outcome), reason, code, from_text(acted_at) if acted_at else None)


def _values(run: Run) -> dict[Any, Any]:
    return {column: getattr(run, column.name) for column in RUN_COLUMNS[1:]}


def _entry_row(run_id: int, number: int, outcome_number: int, entry: Entry) -> Row:
    return (
        run_id,
        number,
        entry.outcome.value,
        outcome_number,
        entry.customer_id,
        entry.email,
        entry.reason,
        entry.code,
        None if entry.acted_at is None else to_text(entry.acted_at),
    )
