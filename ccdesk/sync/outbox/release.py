"""A "no" in Kibo that another account of the person held back: it counts once that account lets go (R1)."""

from __future__ import annotations

from ccdesk.core.models import Link, LinkState, Owed
from ccdesk.sync.context import RunContext
from ccdesk.sync.outbox.list_remove import take_off_later


def let_go(ctx: RunContext, link: Link) -> None:
    """Act on the "no"s to an e-mail whose account `link` has another one by now, is gone, or counts no more.

    While it was opted in it kept the person on the list. Accounts that never agreed have said nothing.
    """
    if link.kibo_opted_in is not True or not link.email_key:
        return
    others = [one for one in ctx.store.links.by_email(link.email_key) if one.customer_id != link.customer_id]
    take_off_later(ctx, [one for one in others if _said_no(one)])


def _said_no(link: Link) -> bool:
    settled = link.owed is Owed.NOTHING and not link.may_be_there and link.state is not LinkState.CLOSED
    return settled and link.kibo_opted_in is False and link.agreed is False
