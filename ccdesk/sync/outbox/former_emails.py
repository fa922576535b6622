"""Emails that an account has given up: an opt-out takes those we added for it off the list (design §3a R3).

A changed email alone leaves the former contact as it is (design R3). But who opts out afterwards has opted
out of what ccdesk did for this account, and would otherwise be mailed on at the former address.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from ccdesk.core.models import Contact, Customer, Link, Permission
from ccdesk.sync.agreement import wants_mail
from ccdesk.sync.context import RunContext
from ccdesk.sync.sensors.accounts import AccountsByEmail
from ccdesk.sync.sensors.list_contacts import ListContacts

_FEW_EMAILS = 40  # so many are asked for one by one when their turn comes


def note_former_email(
    ctx: RunContext, customer: Customer, link: Link | None, find: Callable[[str], Contact | None]
) -> None:
    """Note the contact of the email before, where an add of ours for this account put it on the list.

    `find` gives the contact with an email, of many people without a call for each.
    """
    if link is None or link.email_key == customer.email_key or link.written_at is None:
        return
    if not link.on_list or link.kibo_opted_in is not True:
        return
    found = None if link.contact_id or "@" not in link.email else find(link.email)
    if contact_id := link.contact_id or (found.id if found is not None else ""):
        ctx.store.links.note_former(customer.id, contact_id, ctx.settings.list_id, link.written_at)


def former_ids(ctx: RunContext, customer_ids: Iterable[int]) -> set[str]:
    """Return the ids of the contacts noted for these accounts."""
    noted = ctx.store.links.former
    return {one for number in customer_ids for one, _ in noted(number, ctx.settings.list_id)}


def former_emails(ctx: RunContext, customer_ids: Iterable[int]) -> list[str]:
    """Return the former emails of many accounts that are on the list still, by one look at it.

    They serve to find out by one reading of the shop who else agrees to be mailed there. None where they are
    so few that asking for each takes no more calls.
    """
    wanted = former_ids(ctx, customer_ids)
    if len(wanted) <= _FEW_EMAILS:
        return []
    found: list[str] = []
    with ctx.mail.for_opt_outs():
        for page in ctx.mail.contacts(list_id=ctx.settings.list_id):
            ctx.check_cancel()
            found += [one.email for one in page if one.id in wanted]
    return found


def still_listed(
    ctx: RunContext, link: Link, contacts: ListContacts, accounts: AccountsByEmail
) -> Iterator[Contact]:
    """Yield the former contacts that are on the list still, through us, and for nobody else.

    Raises:
        CcdeskError: one could not be read, or not who else has its email.

    """
    list_id = ctx.settings.list_id
    for contact_id, added_at in ctx.store.links.former(link.customer_id, list_id):
        contact = contacts.former(contact_id, added_at)
        if contact is None or contact.deleted_at or contact.email_key == link.email_key:
            continue
        if list_id not in contact.list_ids and contact.permission is not Permission.UNKNOWN:
            continue
        signed_up = contact.opt_in_source == "Contact" and contact.opt_in_at is not None
        if signed_up and contact.opt_in_at is not None and contact.opt_in_at > added_at:
            continue  # by their own act since: that is a statement about this email
        if not _is_agreed(ctx, link.customer_id, contact.email, accounts):
            yield contact


def _is_agreed(ctx: RunContext, customer_id: int, email: str, accounts: AccountsByEmail) -> bool:
    """Say whether another account agrees to be mailed at this email."""
    others = accounts.others(email, customer_id)
    return any(wants_mail(one, guests=ctx.settings.guests) for one in others)
