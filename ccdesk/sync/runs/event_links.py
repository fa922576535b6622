"""Entries of the queue that need no call: accounts gone or back, and changes of nothing that counts."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from ccdesk.core.models import Customer, Link, LinkState, Ownership, WriteBack
from ccdesk.core.runs import Entry, Outcome, QueuedEvent
from ccdesk.sync.agreement import as_read, as_remembered, remark
from ccdesk.sync.context import RunContext
from ccdesk.sync.later import last_in
from ccdesk.sync.outbox.release import release
from ccdesk.sync.runs.outcomes import settle
from ccdesk.sync.standing_opt_outs import gone, is_cleared, left_since_gone


def open_again(ctx: RunContext, customer: Customer, link: Link | None) -> Link | None:
    """Return the link, open if it was closed: Kibo said that the customer is gone, and shows them again.

    A customer who left the list meanwhile has left it; another opt-in is looked at as if it were new.
    """
    if link is None or link.state is not LinkState.CLOSED:
        return link
    reason = "left the list in Constant Contact, or unsubscribed, while Kibo did not show the customer"
    if left_since_gone(link):
        link = replace(
            link, state=LinkState.LEFT_LIST, pending=WriteBack.OPT_OUT, pending_reason=reason, note=""
        )
    else:
        opted_in = None if customer.accepts_marketing else link.kibo_opted_in
        link = replace(link, state=LinkState.SYNCED, kibo_opted_in=opted_in, note="")
    ctx.store.links.save([link])
    return link


def close_unchanged(ctx: RunContext, event: QueuedEvent, customer: Customer, link: Link | None) -> None:
    """Close an entry whose account shows the opt-in and the email that were last acted on."""
    known = as_read(link or Link(customer.id, email=customer.email, kibo_opted_in=False), customer)
    opted_in = customer.accepts_marketing and known.kibo_opted_in is True
    if known.pending is WriteBack.OPT_IN:
        # Observed before this change, which may hide another opt-out: `write_back` compares the two dates.
        customer = replace(customer, updated_at=known.kibo_updated_at)
    if not customer.accepts_marketing:
        known = _moved(ctx, known, customer)
    seen = replace(
        known,
        kibo_opted_in=opted_in,
        kibo_updated_at=customer.updated_at,
        written_at=known.written_at if customer.accepts_marketing else _no_later_than(ctx, customer, known),
        out_after=None if opted_in and known.pending is WriteBack.NOTHING else known.out_after,
        note=remark(known, customer, guests=ctx.settings.guests) if opted_in else known.note,
    )
    entry = Entry(customer.id, customer.email, Outcome.UNCHANGED, "no change of opt-in or email")
    settle(ctx, event, entry, seen)


def _moved(ctx: RunContext, known: Link, customer: Customer) -> Link:
    """Return the link of an account that is opted out, under the email it has by now.

    Its opt-out goes along and counts there from the move on (docs/consent.md, "Account moves"). Not where the
    contact of the former email still matters: by it the rest of an opt-out, or a coming back, is found.
    """
    if not known.contact_id:
        return replace(known, email=customer.email)
    settled = not (known.on_list or known.begun or known.pending)
    if known.email_key == customer.email_key or not settled or not is_cleared(known):
        return known
    return replace(
        known,
        email=customer.email,
        contact_id="",
        ownership=Ownership.NONE,
        written_hash="",
        read_hash="",
        out_after=last_in(known, ctx.skew()),
    )


def _no_later_than(ctx: RunContext, customer: Customer, known: Link) -> datetime | None:
    """Until when a sign-up proves nothing: the change just seen may hide an opt-in and an opt-out (R5)."""
    if customer.updated_at is None or customer.updated_at == known.kibo_updated_at:
        return known.written_at
    changed = customer.updated_at - ctx.skew()
    return max(changed, known.written_at) if known.written_at else changed


def cleared_before(ctx: RunContext, event: QueuedEvent) -> Customer | None:
    """Return an account that is gone from Kibo as a look saw it with its flag cleared, else None.

    A cleared flag is an opt-out whatever became of the account (design §3a R1), also where the removal was
    begun and has not got through.
    """
    link = ctx.store.links.get(event.object_id)
    if link is None or not _was_cleared(link):
        return None
    return as_remembered(link, opted_in=False)


def _was_cleared(link: Link) -> bool:
    if link.being_taken_off:
        return link.state is not LinkState.UNDONE
    was_set = link.kibo_opted_in is True or (link.kibo_opted_in is None and link.seen_set)
    settled = link.state is not LinkState.CLOSED and link.pending is WriteBack.NOTHING
    return link.out_after is not None and was_set and settled


def close_gone(ctx: RunContext, event: QueuedEvent) -> None:
    """Close an entry of an account that is gone; other accounts of its person count from now on."""
    link = ctx.store.links.get(event.object_id)
    if link is not None:
        release(ctx, link)
    reason = "customer is gone from Kibo; the contact is left as it is"
    entry = Entry(event.object_id, link.email if link else "", Outcome.SKIPPED, reason)
    settle(ctx, event, entry, gone(link, reason) if link else None)
