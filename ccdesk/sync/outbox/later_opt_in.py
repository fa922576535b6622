"""Opt-ins in Kibo that are later than an opt-out which is owed to it: the queue decides (design R5)."""

from __future__ import annotations

from dataclasses import replace

from ccdesk.core.intents import SHOP_ACTS, Ended
from ccdesk.core.models import Customer, Link, WriteBack
from ccdesk.core.runs import Entry, Outcome
from ccdesk.sync.context import RunContext
from ccdesk.sync.journal import taken_back
from ccdesk.sync.sensors.shop_changes import queue_again


def is_taken_back(ctx: RunContext, source: Link, account: Customer, link: Link) -> bool:
    """Leave to the queue an opt-in since our own opt-out, whose end nobody saw; say whether there is one."""
    if not taken_back(ctx, ctx.store.intents.of(account.id)):
        return False
    queue_again(ctx, account.id)
    leave_to_queue(ctx, source, account, replace(link, agreed=False, kibo_opted_in=False))
    ctx.store.intents.end([account.id], Ended.DONE, acts=SHOP_ACTS)
    return True


def leave_to_queue(ctx: RunContext, source: Link, account: Customer, link: Link) -> None:
    """Leave an account as it is: its own event tells what its opt-in leads to."""
    reason = "opted in anew in Kibo after the opt-out: decided with the customer's event"
    if account.id != source.customer_id:
        return
    with ctx.store.transaction():
        ctx.store.links.save([replace(link, pending=WriteBack.NOTHING, pending_reason="", note=reason)])
        ctx.record([Entry(account.id, account.email, Outcome.SKIPPED, reason)])
