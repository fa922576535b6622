"""What is kept of single people (`core.why.People`): all of it found by index (design §10)."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from ccdesk.core.losses import Held, LossKind
from ccdesk.core.models import email_key
from ccdesk.core.runs import EventStatus, QueuedEvent, RunKind
from ccdesk.core.why import FoundPerson, RunEntry
from ccdesk.store.columns import from_text
from ccdesk.store.db import Database, Row, chunks
from ccdesk.store.forgetting import SEAL
from ccdesk.store.losses import COLUMNS, held_of
from ccdesk.store.runs import entry_of

SEARCHED = 200_000
"""So many emails are looked through for one that contains what is searched for."""

# An account that has moved on has left statements under this email: what only its link told is kept then.
# Where that was kept before, under yet another email, what we did for this one tells of it.
ACCOUNTS_OF = """
    SELECT customer_id FROM statement WHERE email_key = ?1
    UNION ALL SELECT customer_id FROM intent WHERE email_key = ?1
    UNION ALL SELECT customer_id FROM link WHERE email_key = ?1"""
_ENTRY = "run_id, number, customer_id, email, outcome, reason, code, acted_at"
# The newest of each account by the index alone; their rows are then looked up.
ENTRIES_OF_ACCOUNT = f"""
    SELECT {_ENTRY} FROM entry WHERE customer_id = ? ORDER BY run_id DESC, number DESC LIMIT ?"""
ENTRIES_OF_EMAIL = f"""
    SELECT {_ENTRY} FROM entry WHERE customer_id IS NULL AND email = ? COLLATE NOCASE
    ORDER BY run_id DESC, number DESC LIMIT ?"""
RUNS = "SELECT id, kind, coalesce(finished_at, started_at) FROM run WHERE id IN ({})"
_EVENT = "event_id, object_id, created_at, status, attempts, error, next_try_at, processed_at, result, email"
# Literals, not parameters: SQLite uses a partial index only where it sees the index's own condition.
QUEUED = f"""
    SELECT {_EVENT} FROM event WHERE status = 'Parked' AND object_id = ?1
    UNION ALL
    SELECT {_EVENT} FROM event WHERE status IN ('Pending', 'Retry') AND object_id = ?1"""
HELD = f"SELECT {COLUMNS} FROM held_loss WHERE kind = ? AND customer_id = ?"
BY_ID = "SELECT customer_id, email, email_key FROM link WHERE customer_id = ?"
_SHOWN = f"email_key <> '' AND email_key NOT GLOB '{SEAL}*'"
BY_PREFIX = """
    SELECT DISTINCT email_key FROM link WHERE email_key >= ? AND email_key < ? ORDER BY email_key LIMIT ?"""
CONTAINING = f"""
    SELECT email_key FROM (SELECT DISTINCT email_key FROM link ORDER BY email_key LIMIT {SEARCHED})
    WHERE instr(email_key, ?) > 1 AND {_SHOWN} LIMIT ?"""
OF_KEY = "SELECT customer_id, email FROM link WHERE email_key = ? ORDER BY customer_id"
_LAST = "\U0010ffff"  # above every character an email holds


class SqlitePeople:
    """`core.why.People` on SQLite."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def accounts_of(self, key: str) -> list[int]:
        """Return the ids of the accounts that have or had this compared email, ascending."""
        found = self._database.statement(ACCOUNTS_OF, (key,)) if key else []
        return sorted({int(number) for (number,) in found})

    def entries_of(
        self, customer_ids: Collection[int], emails: Collection[str], limit: int
    ) -> list[RunEntry]:
        """Return the newest entries of runs about these accounts, or about none and one of the emails."""
        found: set[Row] = set()
        for number in customer_ids:
            found.update(self._database.statement(ENTRIES_OF_ACCOUNT, (number, limit)))
        for email in emails:
            found.update(self._database.statement(ENTRIES_OF_EMAIL, (email, limit)))
        rows = sorted(found, key=lambda row: (row[0], row[1]))[-limit:]
        runs = self._runs(sorted({row[0] for row in rows}))
        with self._database.reading():
            return [
                RunEntry(run_id, RunKind(runs[run_id][0]), from_text(runs[run_id][1]), entry_of(told))
                for run_id, _, *told in rows
                if run_id in runs  # else it is being pruned
            ]

    def _runs(self, ids: Sequence[int]) -> dict[int, tuple[str, str]]:
        found: dict[int, tuple[str, str]] = {}
        for some in chunks(ids):
            rows = self._database.statement(RUNS.format(", ".join("?" * len(some))), some)
            found.update((number, (kind, at)) for number, kind, at in rows)
        return found

    def queued(self, customer_ids: Collection[int]) -> list[QueuedEvent]:
        """Return the entries of the queue about these accounts that are not processed, oldest first."""
        rows = [row for number in customer_ids for row in self._database.statement(QUEUED, (number,))]
        with self._database.reading():
            return sorted((_event(row) for row in rows), key=lambda one: (one.created_at, one.event_id))

    def held(self, customer_ids: Collection[int]) -> list[Held]:
        """Return which of these accounts the guard holds, or were taken for a mistake (design R8)."""
        found = []
        for number in customer_ids:
            for kind in LossKind:  # the table's key begins with it
                rows = self._database.statement(HELD, (kind.value, number))
                with self._database.reading():
                    found += [held_of(row) for row in rows]
        return found

    def find(self, text: str, limit: int) -> list[FoundPerson]:
        """Return people for a search while somebody types; see `core.why.People.find`."""
        wanted = text.strip()
        found = self._by_id(int(wanted)) if wanted.isdecimal() and len(wanted) < 19 else []
        key = email_key(wanted)
        if not key or key.startswith(SEAL):
            return found
        keys = [one for (one,) in self._database.statement(BY_PREFIX, (key, key + _LAST, limit))]
        if len(keys) < limit:
            keys += [one for (one,) in self._database.statement(CONTAINING, (key, limit - len(keys)))]
        people = [self._person(one) for one in keys]
        return (found + [one for one in people if one not in found])[:limit]

    def _by_id(self, number: int) -> list[FoundPerson]:
        rows = self._database.statement(BY_ID, (number,))
        sealed = [FoundPerson("", (number,)) for _, email, _ in rows if not email]
        return sealed or [self._person(key) for _, _, key in rows]

    def _person(self, key: str) -> FoundPerson:
        rows = self._database.statement(OF_KEY, (key,))
        email = next((email for _, email in rows if email), key)
        return FoundPerson(email, tuple(number for number, _ in rows))


def _event(row: Row) -> QueuedEvent:
    event_id, number, created, status, attempts, error, next_try, processed, result, email = row
    return QueuedEvent(
        event_id,
        number,
        from_text(created),
        EventStatus(status),
        attempts,
        error,
        from_text(next_try) if next_try else None,
        from_text(processed) if processed else None,
        result,
        email,
    )
