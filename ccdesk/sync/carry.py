"""Carrying what is owed to Kibo: read the whole account, change only the opt-in, check (design R4, R5)."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import replace

from ccdesk.core.errors import CcdeskError, ConfirmNeeded, ItemError, NotFound, Remedy, Unreadable
from ccdesk.core.limits import A_SECOND
from ccdesk.core.models import Customer, Link, LinkState, Owed, Ownership, Standing
from ccdesk.core.runs import Entry, Outcome
from ccdesk.sync import context as names
from ccdesk.sync.context import PERSONAL, RunContext
from ccdesk.sync.guard import hold_debts
from ccdesk.sync.later import acted_after, opt_in_is_later
from ccdesk.sync.look import queue_again
from ccdesk.sync.plan_export import NEWCOMERS
from ccdesk.sync.plan_inbound import UNPROVEN

log = logging.getLogger(__name__)

_PAGE = 200
LOST_DATA = "kibo_lost_data"


def carry(ctx: RunContext) -> None:
    """Give Kibo every opt-out and opt-in it is owed; one account's failure keeps only that one owed."""
    total = sum(1 for _ in _debts(ctx))
    if total:
        _refuse_while_stopped(ctx)
    held = hold_debts(ctx, _debts(ctx))
    failed: set[int] = set()  # accounts that got their error in this run
    for done, customer_id in enumerate(_debtors(ctx)):
        ctx.check_cancel()
        ctx.progress("Writing to Kibo", done, max(total, done))
        current = ctx.store.links.get(customer_id)
        if current is None or current.owed is Owed.NOTHING or customer_id in failed | held:
            continue
        try:
            failed |= _carry_one(ctx, current)
        except PERSONAL:
            # Too many in a row: the next run begins behind them, so that they hold nobody up for good.
            ctx.store.state.set(names.CARRY_FROM, str(customer_id))
            raise
    ctx.store.state.set(names.CARRY_FROM, "")


def _debtors(ctx: RunContext) -> Iterator[int]:
    """Yield the customers something is owed to, from where the last run was stopped, and round."""
    begin = int(ctx.store.state.get(names.CARRY_FROM) or -1)
    after = begin
    while page := ctx.store.links.owed(after, _PAGE):
        yield from (link.customer_id for link in page)
        after = page[-1].customer_id
    after = -1
    while begin >= 0 and after < begin and (page := ctx.store.links.owed(after, _PAGE)):
        yield from (link.customer_id for link in page if link.customer_id <= begin)
        after = page[-1].customer_id


class WritesStopped(ConfirmNeeded):
    """Kibo gave back less than it was given: nothing more is written until a person says so (§15.5)."""

    title = "Writing to Kibo is stopped"
    meaning = "What is owed to Kibo is kept and nothing more is written, so that no other account is harmed."


def _stopped(customer_id: str) -> WritesStopped:
    return WritesStopped(
        f"Writing to Kibo is stopped: customer {customer_id} lost data when its opt-in was written",
        next_step=f"Check customer {customer_id} in Kibo's Admin.",
        remedy=Remedy.CONFIRM_RUN,
        code=LOST_DATA,
    )


def _refuse_while_stopped(ctx: RunContext) -> None:
    customer_id = ctx.store.state.get(names.WRITES_STOPPED)
    if not customer_id:
        return
    if not ctx.confirmed:
        raise _stopped(customer_id)
    ctx.store.state.set(names.WRITES_STOPPED, "")


def _debts(ctx: RunContext) -> Iterator[Link]:
    after = -1
    while page := ctx.store.links.owed(after, _PAGE):
        after = page[-1].customer_id
        yield from page


def _carry_one(ctx: RunContext, link: Link) -> set[int]:
    """Write the person's decision to every account with the e-mail (design R1); return those that failed.

    Each account fails for itself: one that Kibo refuses stays owed and keeps no other from being written.
    """
    try:
        accounts = _accounts(ctx, link)
        if all(account.id != link.customer_id for account in accounts):
            _own_is_elsewhere(ctx, link)
    except PERSONAL as error:
        return {_still_owed(ctx, link, error)}
    failed = set()
    for account in accounts:
        try:
            _write(ctx, link, account)
        except PERSONAL as error:
            if isinstance(error, ItemError) and error.code == LOST_DATA:
                ctx.store.state.set(names.WRITES_STOPPED, str(account.id))
                raise _stopped(str(account.id)) from error
            failed.add(_still_owed(ctx, _debtor(ctx, link, account), error))
    return failed


def _still_owed(ctx: RunContext, link: Link, error: CcdeskError) -> int:
    """Keep the debt with the account that could not be written, and say so."""
    ctx.spare(error)
    what = "opt-out" if link.owed is Owed.OPT_OUT else "opt-in"
    reason = f"Still owed to Kibo ({what}): {error.text}"
    with ctx.store.transaction():
        ctx.store.links.save([link])
        ctx.record([Entry(link.customer_id, link.email, Outcome.ERROR, reason, error.code)])
    return link.customer_id


def _debtor(ctx: RunContext, source: Link, account: Customer) -> Link:
    """The link of an account that is still owed the decision, its own or one of the person's others."""
    if account.id == source.customer_id:
        return source
    known = ctx.store.links.get(account.id)
    return replace(
        known or Link(account.id, email=account.email, contact_id=source.contact_id),
        state=source.state,
        owed=source.owed,
        owed_reason=source.owed_reason,
        out_since=source.out_since,
    )


def _accounts(ctx: RunContext, link: Link) -> list[Customer]:
    """For an opt-out every account with the e-mail, and the link's own whatever its e-mail is by now (R1).

    For an opt-in the own account only: another one may have said no since, and is owed its own if it has not.

    Whoever unsubscribes and then changes the e-mail in the shop has not agreed to be mailed there.
    The own account comes last: its link carries the debt until all the others are done.
    """
    accounts = {account.id: account for account in ctx.accounts(link.email)}
    if link.owed is Owed.OPT_IN:
        return [account for account in accounts.values() if account.id == link.customer_id]
    if link.owed is Owed.OPT_OUT and link.customer_id not in accounts:
        try:
            accounts[link.customer_id] = ctx.customers.get(link.customer_id)
        except Unreadable:
            accounts[link.customer_id] = Customer(link.customer_id, link.email, False, readable=False)
        except NotFound:
            log.info("customer %s is gone from Kibo; an opt-out was owed to it", link.customer_id)
    return sorted(accounts.values(), key=lambda account: (account.id == link.customer_id, account.id))


def _own_is_elsewhere(ctx: RunContext, link: Link) -> None:
    """Close the debt of an account that is gone, or that has another e-mail than the one signed up with."""
    try:
        ctx.customers.get(link.customer_id)
        state, reason = link.state, "the customer has another e-mail in Kibo than the one that signed up"
    except NotFound:
        state, reason = LinkState.CLOSED, "customer is gone from Kibo"
    with ctx.store.transaction():
        ctx.store.links.save([replace(link, owed=Owed.NOTHING, owed_reason="", state=state, note=reason)])
        ctx.record([Entry(link.customer_id, link.email, Outcome.SKIPPED, reason)])


def _write(ctx: RunContext, source: Link, account: Customer) -> None:
    opting_in = source.owed is Owed.OPT_IN
    if not account.readable:
        raise Unreadable(detail=f"account {account.id}")
    known = ctx.store.links.get(account.id)
    link = known or Link(account.id, email=account.email)
    if opting_in and not account.is_active:
        _leave_inactive(ctx, source, account)
        return
    if not opting_in and link.state is LinkState.CONFIRMING:
        _leave_confirming(ctx, source, account)
        return
    if not opting_in and source.state is LinkState.LEFT_LIST and link.state in NEWCOMERS:
        return  # this account's opt-in is the later act: it neither counts nor is undone (design §3a R1)
    if opting_in and not account.accepts_marketing and not _still_later(ctx, source, account):
        _leave_unproven(ctx, source, account)
        return
    conflict = False
    if not opting_in and account.accepts_marketing and link.kibo_opted_in is not True:
        # Opted in anew since we last looked: the queue decides, unless the opt-out is the later act.
        if _opt_in_is_later(ctx, source, account, known):
            _leave_to_queue(ctx, source, account, link)
            return
        conflict = link.kibo_opted_in is False
    result = ctx.customers.set_opt_in(account.id, opting_in, only_as=account.email if opting_in else "")
    settled = _settled(source, result.customer, link, opting_in=opting_in)
    reason = source.owed_reason or source.owed.value
    if conflict:
        reason = f"both sides changed, the opt-out is later or cannot be told to be earlier: {reason}"
    outcome = Outcome.OPTED_IN if opting_in else Outcome.OPTED_OUT
    if not result.written:
        outcome, reason = Outcome.UNCHANGED, f"Kibo already had it right: {reason}"
    with ctx.store.transaction():
        if opting_in and not source.on_list:  # they came back to a list that is not the active one any more
            settled = replace(settled, on_list=False, agreed=None, kibo_opted_in=None)
            queue_again(ctx, account.id)
        ctx.store.links.save([settled])
        ctx.record([Entry(account.id, account.email, outcome, reason)], conflicts=int(conflict))


def _leave_confirming(ctx: RunContext, source: Link, account: Customer) -> None:
    """An account whose opt-in is later than this opt-out, and waits for the person's confirmation (R3)."""
    reason = "waiting for the person's confirmation"
    with ctx.store.transaction():
        if account.id == source.customer_id:
            ctx.store.links.save([replace(source, owed=Owed.NOTHING, owed_reason="")])
        ctx.record([Entry(account.id, account.email, Outcome.SKIPPED, reason)])


def _leave_inactive(ctx: RunContext, source: Link, account: Customer) -> None:
    if account.id != source.customer_id:
        return
    reason = "account is not active in Kibo: its opt-in is left as it is"
    with ctx.store.transaction():
        ctx.store.links.save([replace(source, owed=Owed.NOTHING, owed_reason="", note=reason)])
        ctx.record([Entry(account.id, account.email, Outcome.SKIPPED, reason)])


def _still_later(ctx: RunContext, source: Link, account: Customer) -> bool:
    """Say whether the sign-up is later than whatever changed in Kibo since it was judged: maybe another "no".

    An account as it was then needs no second look, unless it is known only now that the two services' clocks
    differ. Where it cannot be told the "no" stands (design R5).
    """
    as_judged = account.updated_at == source.kibo_updated_at
    if account.updated_at is None or (as_judged and not ctx.skew()):
        return True
    contact = ctx.mailing.get(source.contact_id) if source.contact_id else None
    return contact is not None and acted_after(contact, account.updated_at - ctx.skew() + A_SECOND)


def _leave_unproven(ctx: RunContext, source: Link, account: Customer) -> None:
    left = replace(
        source,
        kibo_updated_at=account.updated_at,
        written_at=account.updated_at - ctx.skew() if account.updated_at else source.written_at,
        owed=Owed.NOTHING,
        owed_reason="",
        note=UNPROVEN,
    )
    with ctx.store.transaction():
        ctx.store.links.save([left])
        ctx.record([Entry(account.id, account.email, Outcome.SKIPPED, UNPROVEN)])


def _settled(source: Link, customer: Customer, link: Link, *, opting_in: bool) -> Link:
    """The link after the write; the reply's update date is how our own echo is known (design R6)."""
    unsubscribed = source.state is LinkState.OPTED_OUT_THERE
    if customer.email_key != source.email_key:
        return _settled_elsewhere(source, customer, link)
    return replace(
        link,
        email=customer.email,
        contact_id=link.contact_id or source.contact_id,
        ownership=link.ownership or source.ownership,
        state=LinkState.SYNCED if opting_in else source.state,
        agreed=opting_in,
        kibo_opted_in=opting_in,
        kibo_updated_at=customer.updated_at,
        on_list=opting_in,
        opt_out_at=None if opting_in else (source.out_since if unsubscribed else link.opt_out_at),
        out_since=None if opting_in else source.out_since or link.out_since,
        out_after=None if opting_in else source.out_after or link.out_after,
        owed=Owed.NOTHING,
        owed_reason="",
        note="" if opting_in else source.owed_reason,
        adding=False,  # what was begun before is overtaken: what shows from now on is the person's act
    )


def _settled_elsewhere(source: Link, customer: Customer, link: Link) -> Link:
    """The link of a customer opted out under an e-mail given up since: nothing is known of the new one."""
    return replace(
        link,
        email=customer.email,
        contact_id="",
        ownership=Ownership.NONE,
        state=LinkState.SYNCED,
        agreed=False,
        kibo_opted_in=False,
        kibo_updated_at=customer.updated_at,
        on_list=False,
        written_hash="",
        read_hash="",
        opt_out_at=None,
        out_since=source.out_since,
        owed=Owed.NOTHING,
        owed_reason="",
        note=f"{source.owed_reason}, under the e-mail before",
        adding=False,
    )


def _opt_in_is_later(ctx: RunContext, source: Link, account: Customer, link: Link | None) -> bool:
    contact = ctx.mailing.get(source.contact_id) if source.contact_id else None
    if contact is not None and source.state is LinkState.LEFT_LIST and contact.standing is Standing.IN:
        contact = replace(contact, opt_out_at=source.out_since)
    elif contact is None or contact.standing is not Standing.OUT:
        return False
    baseline = ctx.store.state.get_time(names.BASELINE)
    later = opt_in_is_later(contact=contact, customer=account, link=link, baseline=baseline, skew=ctx.skew())
    if later is None:
        set_at = ctx.customers.opt_in_set_at(account.id)
        later = opt_in_is_later(
            contact=contact, customer=account, link=link, baseline=baseline, set_at=set_at, skew=ctx.skew()
        )
    return later is True


def _leave_to_queue(ctx: RunContext, source: Link, account: Customer, link: Link) -> None:
    reason = "opted in anew in Kibo after the opt-out: decided with the customer's event"
    if account.id != source.customer_id:
        return
    with ctx.store.transaction():
        ctx.store.links.save([replace(link, owed=Owed.NOTHING, owed_reason="", note=reason)])
        ctx.record([Entry(account.id, account.email, Outcome.SKIPPED, reason)])
