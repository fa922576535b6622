"""Emails that an account has given up: an opt-out takes those we added for it off the list (design §3a R3).

A changed email alone leaves the former contact as it is (design R3). But who opts out afterwards has opted
out of what ccdesk did for this account, and would otherwise be mailed on at the former address.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from ccdesk.core.intents import Act, Ended
from ccdesk.core.models import Contact, Customer, Link, Permission
from ccdesk.core.ports.mail import Activity
from ccdesk.sync.context import RunContext
from ccdesk.sync.journal import line_of
from ccdesk.sync.outbox.bulk import AllRefused, by_halves
from ccdesk.sync.outbox.jobs import as_item
from ccdesk.sync.outbox.list_remove import StillOnList, note_others_off
from ccdesk.sync.outbox.verify import members_among
from ccdesk.sync.plan_export import wants_mail


def note_former_email(ctx: RunContext, customer: Customer, link: Link | None) -> None:
    """Note the contact of the email before, where an add of ours for this account put it on the list."""
    if link is None or link.email_key == customer.email_key or link.written_at is None:
        return
    if not link.on_list or link.kibo_opted_in is not True:
        return
    found = None if link.contact_id or "@" not in link.email else ctx.mail.find(link.email)
    if contact_id := link.contact_id or (found.id if found is not None else ""):
        ctx.store.links.note_former(customer.id, contact_id, ctx.settings.list_id, link.written_at)


def list_remove_former(ctx: RunContext, link: Link) -> str:
    """Take the former emails of an account that opted out off the list; return what the entry says of it.

    Raises:
        CcdeskError: it is not known, or not done; the entry is tried again.

    """
    with ctx.mail.for_opt_outs():
        contacts = list(_still_listed(ctx, link))
        if contacts:
            _take_off(ctx, link, contacts)
    ctx.store.links.forget_former(link.customer_id, ctx.settings.list_id)
    names = ", ".join(one.email for one in contacts)
    return f"; taken off under the former email as well: {names}" if names else ""


def _take_off(ctx: RunContext, link: Link, contacts: Sequence[Contact]) -> None:
    """Take contacts off the list by a job, by a line of the journal for each of them."""
    ids = [one.id for one in contacts]
    with ctx.store.transaction():
        for one in contacts:
            note_others_off(ctx, Link(link.customer_id, email=one.email))
        ctx.store.intents.begin(
            line_of(ctx, Act.REMOVE, replace(link, email=one.email, contact_id=one.id), by_job=True)
            for one in contacts
        )

    def start(some: Sequence[str]) -> Activity:
        return ctx.mail.start_remove(list(some), ctx.settings.list_id)

    try:
        done = by_halves(ctx, ids, start)
    except AllRefused as error:
        _end(ctx, link, contacts, Ended.REFUSED)
        raise error.error from error
    still = members_among(ctx, ids, unreadable=True)
    _end(ctx, link, contacts, Ended.UNKNOWN if still else Ended.DONE)
    if still:
        raise as_item(done.refused[0][1], retry_helps=True) if done.refused else StillOnList()


def _end(ctx: RunContext, link: Link, contacts: Sequence[Contact], ended: Ended) -> None:
    """Close the lines begun last, one for each contact; what else is begun for the account stays open."""
    with ctx.store.transaction():
        for _ in contacts:
            ctx.store.intents.end_last([link.customer_id], ended)


def _still_listed(ctx: RunContext, link: Link) -> Iterator[Contact]:
    """Yield the former contacts that are on the list still, through us, and for nobody else."""
    list_id = ctx.settings.list_id
    for contact_id, added_at in ctx.store.links.former(link.customer_id, list_id):
        contact = ctx.mail.get(contact_id)
        if contact is None or contact.deleted_at or contact.email_key == link.email_key:
            continue
        if list_id not in contact.list_ids and contact.permission is not Permission.UNKNOWN:
            continue
        signed_up = contact.opt_in_source == "Contact" and contact.opt_in_at is not None
        if signed_up and contact.opt_in_at is not None and contact.opt_in_at > added_at:
            continue  # by their own act since: that is a statement about this email
        if not _is_agreed(ctx, link.customer_id, contact.email):
            yield contact


def _is_agreed(ctx: RunContext, customer_id: int, email: str) -> bool:
    """Say whether another account agrees to be mailed at this email."""
    others = (one for one in ctx.accounts(email) if one.id != customer_id)
    return any(wants_mail(one, guests=ctx.settings.guests) for one in others)
