"""Carrying what is owed to Kibo: read the whole account, change only the opt-in, check (design R4, R5)."""

from __future__ import annotations

from dataclasses import replace

from ccdesk.core.errors import ConfirmNeeded, ItemError, NotFound
from ccdesk.core.models import Customer, Link, LinkState, Owed, Standing
from ccdesk.core.runs import Entry, Outcome
from ccdesk.sync import context as names
from ccdesk.sync.context import RunContext
from ccdesk.sync.later import opt_in_is_later

_PAGE = 200
LOST_DATA = "kibo_lost_data"


def carry(ctx: RunContext) -> None:
    """Give Kibo every opt-out and opt-in it is owed; one account's failure keeps only that one owed."""
    total = _count_and_guard(ctx)
    if total:
        _refuse_while_stopped(ctx)
    after, done = -1, 0
    while page := ctx.store.links.owed(after, _PAGE):
        after = page[-1].customer_id
        for link in page:
            ctx.check_cancel()
            current = ctx.store.links.get(link.customer_id)
            if current is not None and current.owed is not Owed.NOTHING:
                _carry_one(ctx, current)
            done += 1
            ctx.progress("Writing to Kibo", done, total)


class WritesStopped(ConfirmNeeded):
    """Kibo gave back less than it was given: nothing more is written until a person says so (§15.5)."""

    title = "Writing to Kibo is stopped"
    meaning = "What is owed to Kibo is kept and nothing more is written, so that no other account is harmed."


def _stopped(customer_id: str) -> WritesStopped:
    return WritesStopped(
        f"Writing to Kibo is stopped: customer {customer_id} lost data when its opt-in was written",
        next_step=f"Check customer {customer_id} in Kibo's Admin, then confirm the run (in the window, or "
        "“ccdesk sync inbound --confirm”).",
        code=LOST_DATA,
    )


def _refuse_while_stopped(ctx: RunContext) -> None:
    customer_id = ctx.store.state.get(names.WRITES_STOPPED)
    if not customer_id:
        return
    if not ctx.confirmed:
        raise _stopped(customer_id)
    ctx.store.state.set(names.WRITES_STOPPED, "")


def _count_and_guard(ctx: RunContext) -> int:
    after, total, opt_outs = -1, 0, 0
    while page := ctx.store.links.owed(after, _PAGE):
        after = page[-1].customer_id
        total += len(page)
        opt_outs += sum(link.owed is Owed.OPT_OUT for link in page)
    ctx.guard(opt_outs, "opted out in Kibo")
    return total


def _carry_one(ctx: RunContext, link: Link) -> None:
    """Write the person's decision to every account with the e-mail (design R1)."""
    try:
        accounts = _accounts(ctx, link)
        if not accounts:
            _nobody(ctx, link)
            return
        for account in accounts:
            _write(ctx, link, account)
    except ItemError as error:
        if error.code == LOST_DATA:
            ctx.store.state.set(names.WRITES_STOPPED, str(link.customer_id))
            raise _stopped(str(link.customer_id)) from error
        reason = f"Still owed to Kibo ({link.owed.value}): {error.text}"
        ctx.record([Entry(link.customer_id, link.email, Outcome.ERROR, reason, error.code)])


def _accounts(ctx: RunContext, link: Link) -> list[Customer]:
    """The link's own account first: its link, which carries the debt, is then settled last of all to fail."""
    accounts = ctx.customers.by_email(link.email)
    return sorted(accounts, key=lambda account: (account.id == link.customer_id, account.id))


def _nobody(ctx: RunContext, link: Link) -> None:
    """No account has this e-mail any more: it was changed, and the queue will see that; nothing is owed."""
    try:
        ctx.customers.get(link.customer_id)
        state, reason = link.state, "no account in Kibo has this e-mail any more"
    except NotFound:
        state, reason = LinkState.CLOSED, "customer is gone from Kibo"
    with ctx.store.transaction():
        ctx.store.links.save([replace(link, owed=Owed.NOTHING, owed_reason="", state=state, note=reason)])
        ctx.record([Entry(link.customer_id, link.email, Outcome.SKIPPED, reason)])


def _write(ctx: RunContext, source: Link, account: Customer) -> None:
    opting_in = source.owed is Owed.OPT_IN
    link = ctx.store.links.get(account.id) or Link(account.id, email=account.email)
    if opting_in and not account.is_active:
        _leave_inactive(ctx, source, account)
        return
    conflict = False
    if not opting_in and account.accepts_marketing and link.kibo_opted_in is False:
        # Opted in anew since we last looked: the queue decides, unless the opt-out is the later act.
        if _opt_in_is_later(ctx, source, account, link):
            _leave_to_queue(ctx, source, account, link)
            return
        conflict = True
    result = ctx.customers.set_opt_in(account.id, opting_in)
    settled = _settled(source, result.customer, link, opting_in=opting_in)
    reason = source.owed_reason or source.owed.value
    if conflict:
        reason = f"both sides changed, the opt-out is later or cannot be told to be earlier: {reason}"
    outcome = Outcome.OPTED_IN if opting_in else Outcome.OPTED_OUT
    if not result.written:
        outcome, reason = Outcome.UNCHANGED, f"Kibo already had it right: {reason}"
    with ctx.store.transaction():
        ctx.store.links.save([settled])
        ctx.record([Entry(account.id, account.email, outcome, reason)], conflicts=int(conflict))


def _leave_inactive(ctx: RunContext, source: Link, account: Customer) -> None:
    if account.id != source.customer_id:
        return
    reason = "account is not active in Kibo: its opt-in is left as it is"
    with ctx.store.transaction():
        ctx.store.links.save([replace(source, owed=Owed.NOTHING, owed_reason="", note=reason)])
        ctx.record([Entry(account.id, account.email, Outcome.SKIPPED, reason)])


def _settled(source: Link, customer: Customer, link: Link, *, opting_in: bool) -> Link:
    """The link after the write; the reply's update date is how our own echo is known (design R6)."""
    unsubscribed = source.state is LinkState.OPTED_OUT_THERE
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
        out_since=None if opting_in else source.out_since,
        owed=Owed.NOTHING,
        owed_reason="",
        note="" if opting_in else source.owed_reason,
    )


def _opt_in_is_later(ctx: RunContext, source: Link, account: Customer, link: Link) -> bool:
    contact = ctx.mailing.get(source.contact_id) if source.contact_id else None
    if contact is None or contact.standing is not Standing.OUT:
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
