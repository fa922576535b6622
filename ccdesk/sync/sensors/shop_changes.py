"""Seeing customer changes and putting them into the queue at once (design R3, kibo.md §13)."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from ccdesk.core.errors import ItemError, ServiceError
from ccdesk.core.limits import KIBO_OVERLAP
from ccdesk.core.models import Customer, Link
from ccdesk.core.ports.shop import HintedEvent
from ccdesk.core.runs import QueuedEvent
from ccdesk.sync import state_names as names
from ccdesk.sync.context import RunContext
from ccdesk.sync.later import cleared_after, is_noted, set_after
from ccdesk.sync.watermarks import is_ahead, last_look, newest_change, sure_time

_HINTS_EVERY = timedelta(hours=6)  # while Kibo's pull stays empty; each cycle once it has given something
_QUIET = timedelta(hours=1)  # after a look this old on Kibo's clock, nothing older can turn up any more
_HINT_SLACK = timedelta(seconds=5)
_OLD = 60.0  # seconds after which readings are not acted on before Kibo was asked what has changed since
_LATE = timedelta(minutes=1)  # so much later than it is dated may a change come to show, within a run


def poll_customers(ctx: RunContext) -> int:
    """Read what changed in Kibo since the watermark and queue it; return how many entries are new.

    The watermark is Kibo's own greatest update date, never our clock, and moves only once the entries it
    covers are stored. The very first look sets it and queues nothing.
    """
    since = ctx.store.state.get_time(names.EVENTS_SINCE)
    if since is None:
        first = newest_change(ctx)
        with ctx.store.transaction():
            ctx.store.state.set_time(names.EVENTS_SINCE, first)
            ctx.store.state.set_time(names.EVENTS_BEGAN, first)
        return 0
    added = _take_hints(ctx)
    begin = _begin(since, ctx.store.state.get_time(names.EVENTS_POLLED))
    polled_at, greatest, found = _read_from(ctx, begin, since)
    if polled_at is not None and is_ahead(begin, polled_at):
        since = sure_time(ctx, polled_at)
        polled_at, greatest, found = _read_from(ctx, since - KIBO_OVERLAP, since)
    with ctx.store.transaction():
        ctx.store.state.set_time(names.EVENTS_SINCE, greatest)
        ctx.store.state.set_time(names.EVENTS_POLLED, polled_at)
    return added + found


def _read_from(ctx: RunContext, begin: datetime, since: datetime) -> tuple[datetime | None, datetime, int]:
    """Queue what changed since `begin`; return Kibo's time, the greatest date seen, and how many are new."""
    greatest, added = since, 0
    polled_at: datetime | None = None
    began = ctx.clock.monotonic()
    ctx.progress("Looking for changes in Kibo")
    for page in ctx.shop.changed_since(begin):
        polled_at = polled_at or ctx.shop.server_time
        ctx.check_cancel()
        greatest = max([greatest, *(c.updated_at for c in page if c.updated_at is not None)])
        added += _queue_page(ctx, page)
        ctx.progress("Looking for changes in Kibo", added)
    polled_at = polled_at or ctx.shop.server_time
    ctx.fresh.at, ctx.fresh.since = began, polled_at if ctx.shop.finds_changes else None
    return polled_at, greatest, added


def freshen(ctx: RunContext) -> None:
    """Make readings of this run fit to be acted on: ask what has changed since, where they are old (R3).

    That is one call where reading everybody again would be one for 200. What has changed is queued, so that
    it has its turn in this run; the watermark is the next look's business. Where Kibo does not find customers
    by date everybody is read again when their turn comes.
    """
    if ctx.clock.monotonic() - ctx.fresh.at <= _OLD:
        return
    if ctx.fresh.since is None:
        ctx.fresh.forget_all()
        ctx.fresh.at = ctx.clock.monotonic()
        return
    since = ctx.fresh.since - _LATE
    _read_from(ctx, since, since)


def _begin(since: datetime, polled_at: datetime | None) -> datetime:
    """Where to look from: the watermark less the overlap, or later where a later look was complete."""
    if polled_at is None:
        return since - KIBO_OVERLAP
    # No change can be later than the look that showed it: a watermark that says so was a defect of data.
    return max(min(since, polled_at) - KIBO_OVERLAP, polled_at - _QUIET)


def _began(ctx: RunContext) -> datetime | None:
    """The first look's bound while nothing was exported: what is older is the first export's business."""
    return None if ctx.store.state.get(names.BASELINE) else ctx.store.state.get_time(names.EVENTS_BEGAN)


def _queue_page(ctx: RunContext, page: Sequence[Customer]) -> int:
    links = ctx.store.links.many([customer.id for customer in page])
    began = _began(ctx)
    added = 0
    with ctx.store.transaction():
        ctx.seen(page)
        for customer in page:
            if began and customer.id not in links and customer.updated_at and customer.updated_at <= began:
                continue  # as it was before ccdesk's first look: the first export's business, not a change
            if not customer.readable:  # it is read again, alone, when its turn comes
                ctx.fresh.drop(customer.id)
                added += ctx.store.queue.add(event_of(ctx, customer))
                continue
            ctx.fresh.keep(customer)
            link = links.get(customer.id)
            if link is not None:
                note_flag(ctx, link, customer)
            if link is not None and link.kibo_updated_at == customer.updated_at:
                continue  # acted on in this very state, or the echo of our own write (design R6)
            added += ctx.store.queue.add(event_of(ctx, customer))
    return added


def note_flag(ctx: RunContext, link: Link, customer: Customer) -> None:
    """Note since when at the earliest an account's flag is as it was just read, where that is a change."""
    noted = with_flag_noted(ctx, link, customer)
    if noted != link:
        ctx.store.links.save([noted])


def with_flag_noted(ctx: RunContext, link: Link, customer: Customer) -> Link:
    """Return the link with what `note_flag` notes."""
    if link.cleared_is_opt_out and not customer.accepts_marketing:
        link = _with_cleared(ctx, link, customer)
    return _with_set(ctx, link, customer) if link.kibo_opted_in is False else link


def _with_cleared(ctx: RunContext, link: Link, customer: Customer) -> Link:
    """Return the link with the first look that sees a flag cleared: since when at the earliest it is."""
    if link.out_after is not None:
        return link
    looked = last_look(ctx.store.state, ctx.shop.server_time)
    earliest = cleared_after(link, customer, looked)
    if looked is None or earliest is None:
        return link
    return replace(link, out_after=earliest - ctx.skew())


def _with_set(ctx: RunContext, link: Link, customer: Customer) -> Link:
    """Return the link with the first look that sees a flag set: since when at the earliest (design §3a R5).

    The entry may be processed only after further looks, which prove nothing any more. Seen off again, the
    next opt-in is another.
    """
    if not customer.accepts_marketing:
        return replace(link, in_after=None)
    if is_noted(link):
        return link
    return replace(link, in_after=set_after(link, customer, _last_seen_off(ctx, customer)))


def _last_seen_off(ctx: RunContext, customer: Customer) -> datetime | None:
    """Return when the last look began that surely read an account, and saw its flag off.

    None while an entry of it from before that look is open: the look that made the entry may not have been
    able to read it, and those since then had no reason to read it again.
    """
    looked = last_look(ctx.store.state, ctx.shop.server_time)
    waits_since = ctx.store.queue.open_since(customer.id)
    return None if looked is not None and waits_since is not None and waits_since < looked else looked


def event_of(ctx: RunContext, customer: Customer) -> QueuedEvent:
    """Name the change by customer and date: reading it again in the overlap then adds nothing."""
    return event_for(customer, ctx.clock.now())


def event_for(customer: Customer, now: datetime) -> QueuedEvent:
    """Name a change without the surroundings of a run; `now` where the account has no update date."""
    at = customer.updated_at or now
    digest = hashlib.blake2b(f"{customer.id}@{at.isoformat()}".encode(), digest_size=16).digest()
    return QueuedEvent(str(uuid.UUID(bytes=digest)), customer.id, at, email=customer.email)


def queue_again(ctx: RunContext, customer_id: int) -> None:
    """Queue a customer whose opt-in can be acted on only now; the change itself was processed long ago."""
    now = ctx.clock.now()
    ctx.store.queue.add(event_of(ctx, Customer(customer_id, "", True, updated_at=now)))


def _take_hints(ctx: RunContext) -> int:
    """Ask Kibo's event pull, which may well answer nothing: it tells of deletions, and names events."""
    asked = ctx.store.state.get_time(names.HINTS_ASKED)
    since = ctx.store.state.get_time(names.HINTS_SINCE)
    now = ctx.clock.now()
    if since is None and asked is not None and abs(now - asked) < _HINTS_EVERY:
        return 0
    try:
        hints = ctx.shop.events_since(since or ctx.store.state.get_time(names.EVENTS_SINCE))
    except (ItemError, ServiceError):
        # A hint, never the truth: the look by update date goes on and reports a service that is down.
        hints = []
    ctx.store.state.set_time(names.HINTS_ASKED, now)
    return _queue_hints(ctx, hints)


def _queue_hints(ctx: RunContext, hints: Sequence[HintedEvent]) -> int:
    known = ctx.store.queue.known([hint.event_id for hint in hints])
    links = ctx.store.links.many([hint.customer_id for hint in hints])
    began = _began(ctx)
    added = 0
    with ctx.store.transaction():
        for hint in hints:
            link = links.get(hint.customer_id)
            seen = link.kibo_updated_at if link else began
            gone = "deleted" in hint.topic
            if hint.event_id in known or (
                not gone and seen is not None and hint.created_at <= seen + _HINT_SLACK
            ):
                continue
            event = QueuedEvent(
                event_id=hint.event_id, object_id=hint.customer_id, created_at=hint.created_at
            )
            added += ctx.store.queue.add(event)
        if hints:
            latest = max(hint.created_at for hint in hints)
            ctx.store.state.set_time(names.HINTS_SINCE, latest)
    return added
