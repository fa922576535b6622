"""An opt-out under an email that the customer has given up since: it is the person's (design R1)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from ccdesk.core.models import Contact, Customer, Link, WriteBack
from ccdesk.sync.context import RunContext
from ccdesk.sync.observing import observing


def inherited_opt_out(
    ctx: RunContext,
    customer: Customer,
    link: Link | None,
    contact_of: Callable[[Link], Contact | None] | None = None,
) -> Link | None:
    """Return the link with the opt-out of the former email pending; None if there is none.

    The contact of that email is looked at, not touched; `contact_of` may know it without a call. An account
    that Kibo shows as opted out since we acted on it is none of this: its opt-in is a new one.
    """
    if link is None or link.email_key == customer.email_key:
        return None
    if link.pending is WriteBack.OPT_OUT:
        return link
    if link.kibo_opted_in is False and not link.being_added:
        return None
    contact = contact_of(link) if contact_of else former_contact(ctx, link)
    if contact is None and not link.contact_id:
        return None
    # Who was being added is opted in by the very opt-in that is acted on now, and not by a later one.
    observation = observing(ctx)(contact, replace(link, kibo_opted_in=True))
    if observation.link.pending is not WriteBack.OPT_OUT:
        return None
    if observation.left:
        ctx.require_list()  # one deleted meanwhile says nothing about anybody (design §3a R4)
    return observation.link


def former_contact(ctx: RunContext, link: Link) -> Contact | None:
    """Return the contact of the email before; found by the email where its id was not learned yet."""
    if link.contact_id:
        return ctx.mail.get(link.contact_id)
    return ctx.mail.find(link.email) if may_have_contact(link) else None


def may_have_contact(link: Link) -> bool:
    """Say whether a contact is to be looked for by the link's email: the link has put, or seen, one there."""
    return (link.on_list or link.may_be_there) and "@" in link.email
