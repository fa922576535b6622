"""What becomes of a queue entry: its outcome, its link and its place in the queue move together."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import partial

from ccdesk.core.errors import CcdeskError, ItemError, Refused
from ccdesk.core.intents import Ended
from ccdesk.core.limits import RETRY_MOST
from ccdesk.core.models import (
    Link,
)
from ccdesk.core.runs import Entry, EventStatus, Outcome, QueuedEvent
from ccdesk.sync.context import RunContext
from ccdesk.sync.outbox.own_writes import note_own_write

_RETRY_FIRST = timedelta(minutes=5)


def settle(
    ctx: RunContext,
    event: QueuedEvent,
    entry: Entry,
    link: Link | None,
    *,
    conflict: bool = False,
    ended: Ended | None = None,
) -> None:
    """Close an entry: its outcome, the link, the journal and the queue move together or not at all.

    `ended`: how what was begun for the account has ended; None: that is still not known.
    """
    with ctx.store.transaction():
        if link is not None:
            note_own_write(ctx, ctx.store.links.get(link.customer_id))
            ctx.store.links.save([link])
            if ended is not None:
                ctx.store.intents.end([link.customer_id], ended)
        ctx.store.queue.save(
            replace(
                event,
                status=EventStatus.PROCESSED,
                processed_at=ctx.clock.now(),
                result=f"{entry.outcome.value}: {entry.reason}",
                error="",
                next_try_at=None,
            )
        )
        ctx.store.queue.supersede(event.object_id, event.event_id, ctx.clock.now())
        ctx.record([entry], conflicts=int(conflict))


def fail(ctx: RunContext, event: QueuedEvent, error: CcdeskError, email: str) -> None:
    """Keep a failed entry: a passing failure is tried again later and later, a lasting one is parked.

    A 403 may lie in the permissions, which are mended without this entry being touched: it is tried again.
    What may be the service's failure counts as a try only once both services are known to answer
    (`charge_doubtful`); if they do not, the entry stays as it is and is due in the next run.

    Raises:
        CcdeskError: the error itself, where it is the service's and not this entry's.

    """
    ctx.tolerate_item_error(error)
    if isinstance(error, ItemError):
        _keep(ctx, event, error, email)
    else:
        ctx.doubtful.append(partial(_keep, ctx, event, error, email))


def charge_doubtful(ctx: RunContext) -> None:
    """At the end of a run keep the failures that may have been a service's, if both services answer now.

    Raises:
        CcdeskError: one does not: then it was that, and no entry has been tried.

    """
    if not ctx.doubtful:
        return
    ctx.mail.lists()
    ctx.shop.newest_update()
    for keep in ctx.doubtful:
        keep()
    ctx.doubtful.clear()


def _keep(ctx: RunContext, event: QueuedEvent, error: CcdeskError, email: str) -> None:
    attempts = event.attempts + 1
    if error.retry_helps or isinstance(error, Refused):
        status, delay = EventStatus.RETRY, min(_RETRY_FIRST * 2 ** min(attempts - 1, 10), RETRY_MOST)
        next_try = ctx.clock.now() + delay
    else:
        status, next_try = EventStatus.PARKED, None
    entry = Entry(event.object_id, email, Outcome.ERROR, error.text, error.code)
    with ctx.store.transaction():
        ctx.store.queue.save(
            replace(event, status=status, attempts=attempts, error=error.text, next_try_at=next_try)
        )
        ctx.record([entry])
