"""The durable queue of customer changes (design R3)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, fields, replace
from datetime import datetime, timedelta
from typing import Any

import peewee
from peewee import SQL, fn

from ccdesk.core.clock import Clock
from ccdesk.core.limits import RETRY_MOST
from ccdesk.core.ports.waiting import Waiting
from ccdesk.core.runs import EventStatus, QueuedEvent
from ccdesk.store.columns import from_text
from ccdesk.store.db import Database, chunks
from ccdesk.store.tables import EventRow

COLUMNS = tuple(getattr(EventRow, field.name) for field in fields(QueuedEvent))

# Literal, not parameters: SQLite uses a partial index only where it sees the index's own condition.
OPEN = SQL("status IN ('Pending', 'Retry')")
UNPROCESSED = SQL("status <> 'Processed'")
PARKED = SQL("status = 'Parked'")
RETRIED = SQL("status = 'Retry'")
PROCESSED = SQL("status = 'Processed'")
_ONE_CHANGE = timedelta(seconds=5)  # Kibo's event and the account's date may name one change, so far apart

OPEN_STATES = (EventStatus.PENDING, EventStatus.RETRY)


class SqliteQueue:
    """`ports.Queue` on SQLite.

    At most one open entry (pending or retry) per customer, held across processes by a unique index. A parked
    entry waits for a person, perhaps for days, so it does not swallow later changes.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def add(self, event: QueuedEvent) -> bool:
        """Enqueue unless the customer already has an open entry or the id is known; True if added.

        The first entry keeps its id and time: what is processed is the customer as read then, not the event.
        One that failed and waits to be tried again waits no longer once the customer has changed since: that
        may be their opt-out. A change whose entry is parked is not entered again under its other name: only a
        person brings it back.
        """
        query = EventRow.insert(**asdict(event)).on_conflict("IGNORE").as_rowcount()
        with self._database.transaction():
            if self._is_parked(event):
                return False
            added = self._database.run(query) > 0
            if not added:
                self._learn_email(event)
                self._database.run(
                    EventRow.update(next_try_at=None).where(
                        OPEN,
                        EventRow.status == EventStatus.RETRY,
                        EventRow.object_id == event.object_id,
                        EventRow.event_id != event.event_id,
                        EventRow.created_at < event.created_at - _ONE_CHANGE,
                    )
                )
        return added

    def _learn_email(self, event: QueuedEvent) -> None:
        """Keep the email with the customer's open entry, if that has none: a hint of Kibo's has none."""
        if event.email:
            nameless = (OPEN, EventRow.object_id == event.object_id, EventRow.email == "")
            self._database.run(EventRow.update(email=event.email).where(*nameless))

    def _is_parked(self, event: QueuedEvent) -> bool:
        """Say whether this very change, or a later one of the customer, waits for a person already."""
        parked = EventRow.select(SQL("1")).where(
            PARKED,
            EventRow.object_id == event.object_id,
            EventRow.created_at >= event.created_at - _ONE_CHANGE,
        )
        return self._database.value(parked) is not None

    def due(
        self, now: datetime, after: tuple[datetime, str] | None, limit: int, *, early: bool = False
    ) -> list[QueuedEvent]:
        """Return entries to process (pending, or retry whose time has come), oldest first, after a key.

        `early`: those that wait for their next try as well. A time further ahead than any entry waits was set
        by a clock that was wrong: it has come as well.
        """
        ripe = EventRow.next_try_at.is_null() | (EventRow.next_try_at <= now)
        ripe |= EventRow.next_try_at > now + RETRY_MOST
        conditions: list[Any] = [OPEN]
        if not early:
            conditions.append((EventRow.status == EventStatus.PENDING) | ripe)
        if after is not None:
            # Twice the same bound: the first is what the index is entered by.
            conditions += [
                EventRow.created_at >= after[0],
                (EventRow.created_at > after[0]) | (EventRow.event_id > after[1]),
            ]
        query = EventRow.select(*COLUMNS).where(*conditions)
        return self._select(query.order_by(EventRow.created_at, EventRow.event_id).limit(limit))

    def known(self, event_ids: Sequence[str]) -> set[str]:
        """Return those of the given event ids that are or were in the queue."""
        found: set[str] = set()
        for some in chunks(event_ids):
            query = EventRow.select(EventRow.event_id).where(EventRow.event_id.in_(some))
            found.update(row[0] for row in self._database.rows(query))
        return found

    def open_since(self, object_id: int) -> datetime | None:
        """Return the date of a customer's oldest entry that waits, None if none does.

        It waits to be processed, or for a person.
        """
        query = EventRow.select(EventRow.created_at).where(EventRow.object_id == object_id, UNPROCESSED)
        found = self._database.value(query.order_by(EventRow.created_at).limit(1))
        return from_text(found) if isinstance(found, str) else found

    def save(self, event: QueuedEvent) -> None:
        """Store an entry's new status.

        An entry set open again (a parked one that is retried) while its customer has a newer open entry is
        closed instead: that one acts on the same customer, and does all that this one could.
        """
        with self._database.transaction():
            newer = self._other_open(event) if event.status in OPEN_STATES else None
            if newer is not None:
                event = replace(
                    event,
                    status=EventStatus.PROCESSED,
                    processed_at=self._clock.now(),
                    result=f"Done together with the newer entry {newer}.",
                )
            values = asdict(event)
            query = EventRow.update(**values).where(EventRow.event_id == values.pop("event_id"))
            if not self._database.run(query):
                raise LookupError(f"no entry {event.event_id} in the queue")

    def supersede(self, object_id: int, event_id: str, at: datetime) -> None:
        """Close the customer's parked entries older than this processed one: it settled the same matter."""
        own = EventRow.alias()
        since = own.select(own.created_at).where(own.event_id == event_id)
        query = EventRow.update(
            status=EventStatus.PROCESSED,
            processed_at=at,
            next_try_at=None,
            error="",
            result=f"Settled by the later entry {event_id}.",
        )
        self._database.run(
            query.where(
                PARKED,
                EventRow.object_id == object_id,
                EventRow.event_id != event_id,
                EventRow.created_at <= since,
            )
        )

    def to_retry(self) -> list[QueuedEvent]:
        """Return the entries that wait for a person or for their next try, oldest first."""
        query = EventRow.select(*COLUMNS).where(UNPROCESSED, EventRow.status != EventStatus.PENDING)
        return self._select(query.order_by(EventRow.created_at, EventRow.event_id))

    def get(self, event_id: str) -> QueuedEvent | None:
        """Return one entry."""
        found = self._select(EventRow.select(*COLUMNS).where(EventRow.event_id == event_id))
        return found[0] if found else None

    def page(self, *, include_processed: bool, offset: int, limit: int) -> list[QueuedEvent]:
        """Return entries for the Events tab: unprocessed oldest first, then processed newest first."""
        waiting = EventRow.select(*COLUMNS).where(UNPROCESSED)
        waiting = waiting.order_by(EventRow.created_at, EventRow.event_id)
        found = self._select(waiting.offset(offset).limit(limit))
        if not include_processed or len(found) >= limit:
            return found
        skip = max(0, offset - self.count())
        done = EventRow.select(*COLUMNS).where(PROCESSED)
        done = done.order_by(EventRow.processed_at.desc(), EventRow.event_id.desc())
        return found + self._select(done.offset(skip).limit(limit - len(found)))

    def count(self, *, include_processed: bool = False) -> int:
        """Count entries."""
        query = EventRow.select(fn.COUNT(SQL("*")))
        return int(self._database.value(query if include_processed else query.where(UNPROCESSED)))

    def parked_count(self) -> int:
        """Count entries that wait for a person."""
        return int(self._database.value(EventRow.select(fn.COUNT(SQL("*"))).where(PARKED)))

    def parked(self, *, shown: int = 0) -> Waiting:
        """Return the entries that wait for a person; `shown`: how many to name."""
        return self._waiting([PARKED], shown)

    def refused(self, attempts: int, *, shown: int = 0) -> Waiting:
        """Return the entries that are still tried again after at least so many attempts."""
        return self._waiting([RETRIED, EventRow.attempts >= attempts], shown)

    def _waiting(self, conditions: Sequence[Any], shown: int) -> Waiting:
        figures = EventRow.select(fn.COUNT(SQL("*")), fn.MIN(EventRow.created_at)).where(*conditions)
        [(count, since)] = self._database.rows(figures)
        first = EventRow.select(EventRow.event_id).where(*conditions).limit(shown)
        named = self._database.rows(first) if shown and count else []
        with self._database.reading():
            began = from_text(since) if isinstance(since, str) else since
        return Waiting(int(count), began, ids=tuple(event_id for (event_id,) in named))

    def _other_open(self, event: QueuedEvent) -> Any:
        query = EventRow.select(EventRow.event_id)
        return self._database.value(
            query.where(OPEN, EventRow.object_id == event.object_id, EventRow.event_id != event.event_id)
        )

    def _select(self, query: peewee.BaseQuery) -> list[QueuedEvent]:
        return [QueuedEvent(*row) for row in self._database.rows(query)]
