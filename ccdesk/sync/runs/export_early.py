"""Sending most people while the last of an export's customers are still being read (design R2, §10).

Only once all contacts have been read and the list is there; who was sent stays out of the later plan, and an
account read later with the same email follows them. A customer who needs more of a decision than "nobody
knows them" or "add them, a contact from another source" waits until all customers are in.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from ccdesk.core.ahead import Ahead, Begun
from ccdesk.core.errors import AnswerLost, ItemError
from ccdesk.core.exporting import Chunk, ChunkState, Planned
from ccdesk.core.limits import IMPORT_MAX_ROWS
from ccdesk.core.ports.mail import Activity
from ccdesk.core.runs import OffList
from ccdesk.sync.context import RunContext
from ccdesk.sync.outbox.plain import sent_fields
from ccdesk.sync.plan_export import Action
from ccdesk.sync.runs.export_batches import Batch
from ccdesk.sync.runs.export_jobs import Watched
from ccdesk.sync.runs.export_send import Sender, next_number
from ccdesk.sync.runs.export_session import ExportSession, begin
from ccdesk.sync.sensors.contact_scan import ContactScan

_LEFT = 2_600  # customers not read yet: reading them takes about as long as the calls that are begun
_WORTH = 4_000  # people to be sent for whom calls of their own pay
THREADS = 3
MOST_PEOPLE = 4 * IMPORT_MAX_ROWS  # looked at, so that a shop of a million is not planned twice
MOST_JUDGED = 2_000
SENT_EARLY = (Action.IMPORT.value, Action.ADD.value, Action.CREATE.value)
_MOST_IMPORTS = 4
_MOST_ADDS = 2
_MOST_SINGLE = 12


@dataclass(frozen=True, slots=True)
class _Bulk:
    """A bulk call on its way."""

    sender: Sender
    chunk: Chunk
    batch: Batch
    work: Begun[Activity]

    @property
    def ready(self) -> bool:
        return self.work.ready

    def take(self, _ctx: RunContext) -> None:
        self.sender.called(self.chunk, self.work.result, self.batch)


@dataclass(frozen=True, slots=True)
class _Single:
    """One person's own call on its way."""

    chunk: Chunk
    work: Begun[object]

    @property
    def ready(self) -> bool:
        return self.work.ready

    def take(self, ctx: RunContext) -> None:
        try:
            self.work.result()
            ctx.answered()
        except ItemError:
            ctx.store.exports.drop_chunk(self.chunk.number)  # planned anew, and tried with all care
            return
        except AnswerLost as error:
            ctx.tolerate_item_error(
                error
            )  # it may be done: reading back tells, and nobody else waits for that
        ctx.store.exports.save_chunk(_done(self.chunk))
        ctx.sent += 1


class Early:
    """Sends what can be sent, once, when few customers are left to be read."""

    def __init__(
        self,
        ctx: RunContext,
        ahead: Ahead,
        scan: ContactScan,
        plan: Callable[[ExportSession], ExportSession],
        watched: Watched,
    ) -> None:
        self._ctx, self._ahead, self._scan, self._plan, self._watched = ctx, ahead, scan, plan, watched
        self._begun = False
        self._calls: list[_Bulk | _Single] = []

    def go_on(self, customers: int, export: ExportSession) -> ExportSession:
        """Take what has come; begin, when so many customers are read that few are left.

        Returns the export with what is known by then of contacts who are not on the list.
        """
        while self._calls and self._calls[0].ready:
            self._calls.pop(0).take(self._ctx)
        if self.begins(customers):
            self._begun = True
            self._scan.refresh()
            export = self._plan(export)
            if export.off_list is not OffList.ASK:
                self._begin()
        return export

    def begins(self, customers: int) -> bool:
        """Say whether it is time to begin, with so many customers read; they are to be in the store then.

        Never where an export goes on that was cut short: it looks at what changed since before it sends.
        """
        left = self._ctx.shop.left_to_read
        if self._begun or self._ctx.goes_on or not self._scan.complete:
            return False
        if left is None or not 0 < left <= _LEFT:
            return False
        return customers - max(self._ctx.sent, self._ctx.store.links.count()) >= _WORTH

    def end(self) -> None:
        """Take what is still on its way."""
        while self._calls:
            self._calls.pop(0).take(self._ctx)

    def _begin(self) -> None:
        ctx = self._ctx
        for action, most in ((Action.IMPORT, _MOST_IMPORTS), (Action.ADD, _MOST_ADDS)):
            sender = Sender(ctx, action, self._watched)
            for chunk, batch in sender.early(most):
                work = self._ahead.begin(batch.call)
                self._calls.append(_Bulk(sender, chunk, batch, work))
        for person in ctx.store.exports.unsent(Action.CREATE.value, -1, _MOST_SINGLE):
            self._calls.append(self._single(person))

    def _single(self, person: Planned) -> _Single:
        """Begin the call of one person, whose chunk they are alone."""
        ctx, number = self._ctx, person.customer.id
        now, fields, list_id = ctx.mail_now(), sent_fields(ctx, person), ctx.settings.list_id
        chunk = Chunk(next_number(ctx), Action.CREATE.value, number, number, 1, now)
        with ctx.store.transaction():
            begin(ctx, [person], ctx.store.links.many([number]), now)
            ctx.store.exports.open_chunk(chunk)
        return _Single(chunk, self._ahead.begin(lambda: ctx.mail.create(fields, list_id, by_person=False)))


def _done(chunk: Chunk) -> Chunk:
    return replace(chunk, state=ChunkState.DONE)
