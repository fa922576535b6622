"""An opt-out in Kibo that another account of the person outweighed counts once that one is released (R1)."""

from __future__ import annotations

from ccdesk.core.models import Link, LinkState, WriteBack
from ccdesk.sync.context import RunContext
from ccdesk.sync.outbox.list_remove import list_remove_later


def release(ctx: RunContext, link: Link) -> None:
    """Act on the opt-outs of an email whose account `link` has moved on, is gone, or counts no more.

    While it was opted in it kept the person on the list. Accounts that never agreed have said nothing.
    """
    if link.kibo_opted_in is not True or not link.email_key:
        return
    others = [one for one in ctx.store.links.by_email(link.email_key) if one.customer_id != link.customer_id]
    list_remove_later(ctx, [one for one in others if _has_settled_opt_out(one)])


def _has_settled_opt_out(link: Link) -> bool:
    settled = (
        link.pending is WriteBack.NOTHING and not link.may_be_there and link.state is not LinkState.CLOSED
    )
    return settled and link.kibo_opted_in is False and link.agreed is False
