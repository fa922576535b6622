"""Which came later: an opt-in in the shop, or the opt-out that stands at the mail service (design R3, R5)."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeGuard

from ccdesk.core.models import (
    Contact,
    Customer,
    Link,
    LinkState,
    Standing,
)
from ccdesk.sync import context as names
from ccdesk.sync.context import RunContext
from ccdesk.sync.later import deleted_until, opt_in_is_later
from ccdesk.sync.ownership import left_unseen
from ccdesk.sync.standing_opt_outs import left_since_gone


def left_before_seen(link: Link | None, contact: Contact | None) -> bool:
    """Say whether somebody whom we were cut off adding left the list before we saw them on it."""
    return link is not None and contact is not None and left_unseen(link, contact)


def gone_since_seen(link: Link | None, contact: Contact | None) -> bool:
    """Say whether the person was seen on the list, and is not on it any more (design §3a R2, R4).

    Somebody seen there after an add whose answer was lost was on it like anybody else.
    """
    if link is None or contact is None or not link.on_list:
        return False
    return link.contact_id in ("", contact.id)


def left_meanwhile(link: Link | None) -> TypeGuard[Link]:
    """Say whether the person was seen to leave the list while this account had not agreed, as far as we knew.

    After we were cut off putting them on it, or from a membership that no account had agreed to. Otherwise
    the account was opted out for it, and an opt-in seen since is the later act.
    """
    if link is None or link.state is not LinkState.LEFT_LIST:
        return False
    return link.may_be_there or link.agreed is None


def left_later(
    ctx: RunContext, other: Link, contact: Contact | None, customer: Customer, link: Link | None
) -> bool:
    """Say whether the person left the list, known by another account's link, and this opt-in is not later.

    Where that cannot be told the opt-out wins (design R5).
    """
    if contact is None or not (other.state is LinkState.LEFT_LIST or left_since_gone(other)):
        return False
    if other.out_since is None:
        return True
    left = replace(contact, opt_out_at=other.out_since)
    return order_of(ctx, left, customer, link) is not True


def is_later(ctx: RunContext, contact: Contact, customer: Customer, link: Link | None) -> bool | None:
    """Say whether the opt-in is later than the contact's opt-out, or than its deletion (§3a R2)."""
    if contact.standing is not Standing.DELETED:
        return order_of(ctx, contact, customer, link)
    carried = None if link is None else replace(link, opt_out_at=None)  # a deletion is no opt-out
    return order_of(ctx, replace(contact, opt_out_at=deleted_until(contact)), customer, carried)


def order_of(ctx: RunContext, contact: Contact, customer: Customer, link: Link | None) -> bool | None:
    """Say whether the opt-in is later than the opt-out; the audit log is asked where dates leave it open."""
    baseline = ctx.store.state.get_time(names.BASELINE)
    later = opt_in_is_later(contact=contact, customer=customer, link=link, baseline=baseline, skew=ctx.skew())
    if later is not None or contact.opt_out_at is None:
        return later
    set_at = ctx.shop.opt_in_set_at(customer.id)
    return opt_in_is_later(
        contact=contact, customer=customer, link=link, baseline=baseline, set_at=set_at, skew=ctx.skew()
    )


def is_true_opt_in(ctx: RunContext, customer: Customer, link: Link | None) -> bool:
    """Say whether the person opted in since ccdesk knows the shop: only then is there a welcome (design R3).

    Somebody an export has read was in before. Without an export the first look is the bound, and the audit
    log is asked about accounts older than that.
    """
    if link is not None:
        return link.kibo_opted_in is False
    if ctx.store.state.get(names.BASELINE):
        return True
    began = ctx.store.state.get_time(names.EVENTS_BEGAN)
    if began is None or not ctx.settings.welcome:
        return False
    if customer.created_at is not None and customer.created_at > began:
        return True
    set_at = ctx.shop.opt_in_set_at(customer.id)
    return set_at is not None and set_at > began
