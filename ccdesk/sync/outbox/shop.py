"""Pending write-backs to Kibo: read the whole account, change only the opt-in, check (design R4, R5)."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

from ccdesk.core.errors import CcdeskError, ConfirmNeeded, ItemError, NotFound, Remedy, Unreadable
from ccdesk.core.models import Customer, Link, WriteBack
from ccdesk.core.runs import Entry, Outcome
from ccdesk.core.words import marked
from ccdesk.sync import state_names as names
from ccdesk.sync.agreement import as_read
from ccdesk.sync.context import RunContext
from ccdesk.sync.guard import hold_write_backs
from ccdesk.sync.item_errors import ITEM_ERRORS, concerning_one
from ccdesk.sync.outbox.shop_account import LOST_DATA, write
from ccdesk.sync.sensors.accounts import AccountsByEmail
from ccdesk.sync.standing_opt_outs import gone

log = logging.getLogger(__name__)

_PAGE = 200
_AT_ONCE = 5_000  # so many write-backs are looked up together: a bounded number of accounts in memory


def write_back(ctx: RunContext) -> None:
    """Write every pending opt-out and opt-in to Kibo; one account's failure keeps only that one pending.

    In a run about some customers only theirs are written.
    """
    total = sum(1 for _ in _pending_links(ctx))
    if total:
        _refuse_while_stopped(ctx)
    held = hold_write_backs(ctx, _pending_links(ctx))
    passed = set(held)  # and accounts that got their error in this run
    in_turn, done = _pending_in_turn(ctx), 0
    while some := list(islice(in_turn, _AT_ONCE)):
        accounts = AccountsByEmail(ctx)
        accounts.read_for(link.email for link in some if link.customer_id not in held)
        for link in some:
            ctx.check_cancel()
            ctx.progress("Writing to Kibo", done, max(total, done))
            done += 1
            try:
                passed |= _write_back_now(ctx, link.customer_id, accounts, passed)
            except ITEM_ERRORS:
                # Too many in a row: the next run begins behind them, so that they hold nobody up for good.
                if ctx.only is None:
                    ctx.store.state.set(names.WRITE_BACK_FROM, str(link.customer_id))
                raise
    if ctx.only is None:
        ctx.store.state.set(names.WRITE_BACK_FROM, "")


def _pending_in_turn(ctx: RunContext) -> Iterator[Link]:
    """Yield the customers with a pending write-back, from where the last run was stopped, and round."""
    if ctx.only is not None:
        yield from _pending_links(ctx)
        return
    begin = int(ctx.store.state.get(names.WRITE_BACK_FROM) or -1)
    after = begin
    while page := ctx.store.links.pending(after, _PAGE):
        yield from page
        after = page[-1].customer_id
    after = -1
    while begin >= 0 and after < begin and (page := ctx.store.links.pending(after, _PAGE)):
        yield from (link for link in page if link.customer_id <= begin)
        after = page[-1].customer_id


def _write_back_now(
    ctx: RunContext, customer_id: int, accounts: AccountsByEmail, passed: set[int]
) -> set[int]:
    """Make the write-back that is pending for a customer by now; return the accounts that failed."""
    current = ctx.store.links.get(customer_id)
    if current is None or current.pending is WriteBack.NOTHING or customer_id in passed:
        return set()
    return _write_back_one(ctx, current, accounts)


class WritesStopped(ConfirmNeeded):
    """Kibo gave back less than it was given: nothing more is written until a person says so (§15.5)."""

    title = marked("Writing to Kibo is stopped")
    meaning = marked(
        "What is owed to Kibo is kept and nothing more is written, so that no other account is harmed."
    )


def _stopped(customer_id: str) -> WritesStopped:
    return WritesStopped(
        marked(
            "Writing to Kibo is stopped: customer {customer_id} lost data when its opt-in was written"
        ).format(customer_id=customer_id),
        next_step=marked("Check customer {customer_id} in Kibo's Admin.").format(customer_id=customer_id),
        remedy=Remedy.CONFIRM_RUN,
        code=LOST_DATA,
    )


def stop_writing(ctx: RunContext, customer_id: int) -> WritesStopped:
    """Have nothing more written to Kibo until a person says so; return the error that says why."""
    ctx.store.state.set(names.WRITES_STOPPED, str(customer_id))
    return _stopped(str(customer_id))


def why_stopped(ctx: RunContext) -> WritesStopped | None:
    """Return why nothing is written to Kibo: a customer lost data when written to; None if it may be."""
    customer_id = ctx.store.state.get(names.WRITES_STOPPED)
    return _stopped(customer_id) if customer_id else None


def _refuse_while_stopped(ctx: RunContext) -> None:
    stopped = why_stopped(ctx)
    if stopped is None:
        return
    if not ctx.confirmed:
        raise stopped
    ctx.store.state.set(names.WRITES_STOPPED, "")


def _pending_links(ctx: RunContext) -> Iterator[Link]:
    if ctx.only is not None:
        some = ctx.store.links.many(sorted(ctx.only)).values()
        yield from [link for link in some if link.pending is not WriteBack.NOTHING]
        return
    after = -1
    while page := ctx.store.links.pending(after, _PAGE):
        after = page[-1].customer_id
        yield from page


def _write_back_one(ctx: RunContext, link: Link, by_email: AccountsByEmail) -> set[int]:
    """Write the person's decision to every account with the email (design R1); return those that failed.

    Each account fails for itself: one that Kibo refuses stays pending and keeps no other from being written.
    """
    try:
        with concerning_one(link.customer_id):
            accounts = _accounts(ctx, link, by_email)
            if all(account.id != link.customer_id for account in accounts):
                _own_is_elsewhere(ctx, link)
    except ITEM_ERRORS as error:
        return {_still_pending(ctx, link, error)}
    failed = set()
    for account in accounts:
        try:
            with concerning_one(account.id):
                write(ctx, link, account)
        except ITEM_ERRORS as error:
            if isinstance(error, ItemError) and error.code == LOST_DATA:
                raise stop_writing(ctx, account.id) from error
            failed.add(_still_pending(ctx, _pending_link(ctx, link, account), error))
    return failed


def _still_pending(ctx: RunContext, link: Link, error: CcdeskError) -> int:
    """Keep the write-back pending with the account that could not be written, and say so."""
    ctx.tolerate_item_error(error)
    what = "opt-out" if link.pending is WriteBack.OPT_OUT else "opt-in"
    reason = f"Still owed to Kibo ({what}): {error.text}"
    with ctx.store.transaction():
        ctx.store.links.save([link])
        ctx.record([Entry(link.customer_id, link.email, Outcome.ERROR, reason, error.code)])
    return link.customer_id


def _pending_link(ctx: RunContext, source: Link, account: Customer) -> Link:
    """The link of an account whose write-back is still pending, its own or one of the person's others."""
    if account.id == source.customer_id:
        return source
    known = ctx.store.links.get(account.id)
    return replace(
        as_read(known or Link(account.id, email=account.email, contact_id=source.contact_id), account),
        state=source.state,
        pending=source.pending,
        pending_reason=source.pending_reason,
        out_since=source.out_since,
        undated=source.undated,
    )


def _accounts(ctx: RunContext, link: Link, by_email: AccountsByEmail) -> list[Customer]:
    """For an opt-out every account with the email, and the link's own whatever its email is by now (R1).

    For an opt-in the own account only: another one may have opted out since, and has its own pending if it
    has not.

    A customer who unsubscribes and then changes the email in the shop has not agreed to be mailed there. The
    own account comes last: its link keeps the write-back pending until all the others are done.
    """
    accounts = {account.id: account for account in by_email.of(link.email)}
    if link.pending is WriteBack.OPT_IN:
        return [account for account in accounts.values() if account.id == link.customer_id]
    if link.pending is WriteBack.OPT_OUT and link.customer_id not in accounts:
        try:
            accounts[link.customer_id] = ctx.shop.get(link.customer_id)
        except Unreadable:
            accounts[link.customer_id] = Customer(link.customer_id, link.email, False, readable=False)
        except NotFound:
            log.info("customer %s is gone from Kibo; an opt-out was owed to it", link.customer_id)
    return sorted(accounts.values(), key=lambda account: (account.id == link.customer_id, account.id))


def _own_is_elsewhere(ctx: RunContext, link: Link) -> None:
    """Close the write-back of an account that is gone, or whose email is not the one signed up with."""
    try:
        ctx.shop.get(link.customer_id)
        reason = "the customer has another email in Kibo than the one that signed up"
        closed = replace(link, pending=WriteBack.NOTHING, pending_reason="", note=reason)
    except NotFound:
        reason = "customer is gone from Kibo"
        closed = gone(link, reason)
    with ctx.store.transaction():
        ctx.store.links.save([closed])
        ctx.record([Entry(link.customer_id, link.email, Outcome.SKIPPED, reason)])
