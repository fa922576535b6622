"""People without a link who joined the list by their own act: opted in in Kibo if they are customers."""

from __future__ import annotations

from datetime import datetime

from ccdesk.core.models import Contact, Link, LinkState, Owed, Ownership, Permission, Standing
from ccdesk.sync.context import RunContext


def is_own_opt_in(contact: Contact, list_id: str, since: datetime) -> bool:
    """Say whether the person joined by their own act since the last poll: explicit, dated, by them."""
    return (
        contact.standing is Standing.IN
        and contact.permission is Permission.EXPLICIT
        and contact.opt_in_source == "Contact"
        and contact.opt_in_at is not None
        and contact.opt_in_at >= since.replace(microsecond=0)
        and list_id in contact.list_ids
    )


def welcome_back(ctx: RunContext, contact: Contact) -> None:
    """Owe Kibo the opt-in where the contact is a customer who is out and has not acted there since.

    The account's last update bounds the customer's last "no" from above; an opt-in that is not later than
    that proves nothing, and then the "no" stands (design R5). No customer is ever created.
    """
    ctx.check_cancel()
    links = []
    for customer in ctx.customers.by_email(contact.email):
        earlier = customer.updated_at
        later = (
            earlier is not None and contact.opt_in_at is not None and contact.opt_in_at + ctx.skew() > earlier
        )
        owed = Owed.OPT_IN if later and not customer.accepts_marketing else Owed.NOTHING
        links.append(
            Link(
                customer.id,
                email=customer.email,
                contact_id=contact.id,
                ownership=Ownership.FOREIGN,
                state=LinkState.SYNCED,
                kibo_opted_in=customer.accepts_marketing,
                kibo_updated_at=customer.updated_at,
                on_list=True,
                owed=owed,
                owed_reason="signed up in Constant Contact" if owed is Owed.OPT_IN else "",
            )
        )
    ctx.store.links.save(links)
