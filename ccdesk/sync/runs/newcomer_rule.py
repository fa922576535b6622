"""Naming accounts whose opt-in lifts no opt-out, because they appeared later (design §3a R1).

Nobody has proven an email to Kibo: a guest checks out, or a stranger registers, with the email of somebody
who left the list or whose own account opted out. Such an opt-in neither puts the person back nor is undone;
it is named, and staff answer *Add* or *Leave*. A box that was never ticked is no statement and stops nobody.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from ccdesk.core.intents import Ended
from ccdesk.core.models import Customer, Link, LinkState
from ccdesk.core.ports.store import Store
from ccdesk.sync.agreement import as_read
from ccdesk.sync.context import RunContext
from ccdesk.sync.sensors.shop_changes import event_for
from ccdesk.sync.standing_opt_outs import NEWCOMER, NEWCOMERS


def unname(ctx: RunContext, others: Iterable[Link]) -> None:
    """Have nobody named any more whose person is put on the list by an opt-in that counts."""
    named = [one for one in others if one.state in NEWCOMERS]
    ctx.store.links.save(replace(one, state=LinkState.SYNCED, note="") for one in named)


def name(ctx: RunContext, accounts: Iterable[Customer]) -> None:
    """Name accounts that are opted in and yet keep nobody on the list (design §3a R1).

    One that has only just taken this email is left to its own event, which looks at the former email first:
    an opt-out that stands there comes along.
    """
    links = ctx.store.links
    for account in accounts:
        known = links.get(account.id) or Link(account.id)
        moved = known.email_key not in ("", account.email_key)
        if moved or known.state is LinkState.NEWCOMER_LEFT:
            continue
        with ctx.store.transaction():
            links.save([named_link(known, account)])
            ctx.store.intents.end([account.id], Ended.UNKNOWN)


def named_link(link: Link, account: Customer) -> Link:
    """Return the link of an account that is named: seen opted in, and neither added nor opted out."""
    return replace(
        as_read(link, account),
        email=account.email,
        state=LinkState.NEWCOMER,
        kibo_opted_in=True,
        kibo_updated_at=account.updated_at,
        on_list=False,
        note=NEWCOMER,
        passed_by=False,
    )


def answer(store: Store, customer_id: int, now: datetime, *, add: bool) -> bool:
    """Take staff's answer about one account; False if it is not asked about.

    *Add*: the opt-outs known now count no more against this account, and the next run of events acts on its
    opt-in. *Leave*: it stays as it is until the customer opts in anew.
    """
    link = store.links.get(customer_id)
    if link is None or link.state not in NEWCOMERS:
        return False
    if not add:
        store.links.save([replace(link, state=LinkState.NEWCOMER_LEFT)])
        return True
    outs = (one.out_since for one in store.links.by_email(link.email_key) if one.out_since is not None)
    added = replace(link, state=LinkState.SYNCED, kibo_opted_in=None, added_at=max([now, *outs]), note="")
    with store.transaction():
        store.links.save([added])
        store.queue.add(event_for(Customer(customer_id, "", True), now))
    return True
