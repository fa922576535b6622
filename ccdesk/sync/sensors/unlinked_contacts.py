"""People without a link who joined the list or unsubscribed by their own act, where they are customers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from ccdesk.core.limits import MAIL_OVERLAP
from ccdesk.core.models import Contact, Customer, Link, LinkState, Ownership, Permission, Standing, WriteBack
from ccdesk.core.runs import Entry, Outcome
from ccdesk.sync import state_names as names
from ccdesk.sync.agreement import as_read
from ccdesk.sync.context import RunContext
from ccdesk.sync.plan_inbound import UNPROVEN
from ccdesk.sync.standing_opt_outs import out_words

_UNREAD = (
    "Signed up in Constant Contact, but the account cannot be read in Kibo: nothing was changed there. "
    "If the opt-in is not set, set it by hand."
)


def acts_since(ctx: RunContext, watermark: datetime) -> datetime:
    """Return from when on unlinked contacts' acts count: with the overlap, not from before ccdesk."""
    began = ctx.store.state.get_time(names.INBOUND_BEGAN) or watermark
    return max(min(began, watermark), watermark - MAIL_OVERLAP)


def take_sign_ups(ctx: RunContext, page: Sequence[Contact], since: datetime) -> None:
    """Store a pending opt-in for each unlinked contact who signed up."""
    joined = [one for one in page if is_own_opt_in(one, ctx.settings.list_id, since)]
    known = ctx.store.links.by_emails([one.email_key for one in joined])
    for contact in joined:
        links = known.get(contact.email_key, ())
        if not is_unlinked(links) or _signed_up_before(contact, links):
            continue
        if not adopt_sign_up(ctx, contact, links):
            rescan_from(ctx, since)


def is_unlinked(links: Sequence[Link]) -> bool:
    """Say whether no account with a contact's email is known: those gone from Kibo, or forgotten, are none.

    Their links take in no act of the person's, who may have another account, or be known by none since.
    """
    return all(one.state is LinkState.CLOSED for one in links)


def lift_gone(ctx: RunContext, contact: Contact, links: Sequence[Link]) -> None:
    """Take back the opt-outs that outlived their accounts: their person has signed up since."""
    gone = [one for one in links if one.state is LinkState.CLOSED and one.agreed is False]
    if gone and not _signed_up_before(contact, gone):
        ctx.store.links.save(replace(one, agreed=None, out_since=None, note="") for one in gone)


def _signed_up_before(contact: Contact, gone: Sequence[Link]) -> bool:
    """Say whether a sign-up is not provably later than an opt-out that outlived its account (design R5)."""
    outs = [one.out_since for one in gone if one.agreed is False]
    joined = contact.opt_in_at
    return any(out is None or joined is None or joined < out.replace(microsecond=0) for out in outs)


def rescan_from(ctx: RunContext, since: datetime) -> None:
    """Have the next scan of the list look for sign-ups from then on: an export does not tell of them (R2)."""
    stored = ctx.store.state.get_time(names.SIGN_UPS_SINCE)
    if ctx.expected is not None and (stored is None or since < stored):
        ctx.store.state.set_time(names.SIGN_UPS_SINCE, since)


def is_own_opt_in(contact: Contact, list_id: str, since: datetime) -> bool:
    """Say whether the person joined by their own act since the last poll: explicit, dated, by them."""
    return (
        contact.is_mailed(list_id)
        and contact.permission is Permission.EXPLICIT
        and contact.opt_in_source == "Contact"
        and contact.opt_in_at is not None
        and contact.opt_in_at >= since.replace(microsecond=0)
    )


def is_recent_opt_out(contact: Contact, since: datetime) -> bool:
    """Say whether somebody unsubscribed since the last poll."""
    return (
        contact.standing is Standing.OUT
        and contact.opt_out_at is not None
        and contact.opt_out_at >= since.replace(microsecond=0)
    )


def adopt_sign_up(ctx: RunContext, contact: Contact, gone: Sequence[Link] = ()) -> bool:
    """Store a pending opt-in where the contact is a customer who is out and has not acted in Kibo since.

    `gone`: links of their accounts that are gone or forgotten.

    The account's last update bounds the customer's last opt-out from above; an opt-in that is not later than
    that proves nothing, and then the opt-out stands (design R5). No customer is ever created. False if an
    account could not be read.
    """
    ctx.check_cancel()
    # An export tells of those it read only: its figures must add up (R2). The next scan tells what it leaves.
    exporting = ctx.expected is not None
    links, unread, unproven = [], [], []
    for customer in ctx.shop.by_email(contact.email):
        known = ctx.store.links.get(customer.id)
        if known is not None and known.pending is WriteBack.OPT_OUT:
            continue  # their opt-out to an earlier address has not even reached Kibo
        if not customer.readable:
            unread.append(customer)
            continue
        pending = _pending_opt_in(ctx, contact, customer)
        told = pending is WriteBack.NOTHING and not customer.accepts_marketing and not exporting
        unproven += [customer] if told else []
        links.append(
            replace(
                as_read(known or Link(customer.id), customer),
                email=customer.email,
                contact_id=contact.id,
                ownership=Ownership.FOREIGN,
                state=LinkState.SYNCED,
                kibo_opted_in=customer.accepts_marketing,
                kibo_updated_at=customer.updated_at,
                on_list=True,
                written_hash="",
                read_hash="",
                pending=pending,
                pending_reason="signed up in Constant Contact" if pending is WriteBack.OPT_IN else "",
                note=UNPROVEN if told else "",
            )
        )
    with ctx.store.transaction():
        ctx.store.links.save(links)
        if links:
            lift_gone(ctx, contact, gone)
        if not exporting:
            ctx.record(Entry(one.id, one.email, Outcome.SKIPPED, UNPROVEN) for one in unproven)
            ctx.record(Entry(one.id, one.email, Outcome.ERROR, _UNREAD, "unreadable") for one in unread)
    return not unread


def _pending_opt_in(ctx: RunContext, contact: Contact, customer: Customer) -> WriteBack:
    if customer.accepts_marketing or customer.updated_at is None or contact.opt_in_at is None:
        return WriteBack.NOTHING
    later = contact.opt_in_at + ctx.skew() > customer.updated_at
    return WriteBack.OPT_IN if later else WriteBack.NOTHING


def adopt_opt_out(ctx: RunContext, contact: Contact) -> None:
    """Store a pending opt-out where the contact is a customer not exported: before an export, or passed over.

    Which act came later is looked at when it is written back (design R5), so nothing is said of it here.
    """
    ctx.check_cancel()
    ctx.store.links.save(
        replace(
            as_read(Link(customer.id), customer),
            email=customer.email,
            contact_id=contact.id,
            ownership=Ownership.FOREIGN,
            state=LinkState.UNSUBSCRIBED,
            out_since=contact.opt_out_at,
            pending=WriteBack.OPT_OUT,
            pending_reason=out_words(contact),
        )
        for customer in ctx.shop.by_email(contact.email)
        if (customer.accepts_marketing or not customer.readable) and ctx.store.links.get(customer.id) is None
    )
