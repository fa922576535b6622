"""The write-back of one account: decided by the account as read, and written to Kibo (design R4, R5)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from ccdesk.core.errors import ItemError, ItemRefused, NotFound, Unreadable
from ccdesk.core.intents import SHOP_ACTS, Act, Ended, JournalLine
from ccdesk.core.limits import A_SECOND
from ccdesk.core.models import Customer, Link, LinkState, Ownership, WriteBack
from ccdesk.core.ports.shop import KiboWrite
from ccdesk.core.runs import Entry, Outcome
from ccdesk.core.words import marked
from ccdesk.sync.agreement import as_read
from ccdesk.sync.context import RunContext
from ccdesk.sync.journal import line_of
from ccdesk.sync.later import acted_after, last_in
from ccdesk.sync.outbox.later_opt_in import is_taken_back, leave_to_queue
from ccdesk.sync.outbox.list_remove import list_remove_later
from ccdesk.sync.plan_inbound import UNPROVEN
from ccdesk.sync.reconcile import Readings, Reconciler
from ccdesk.sync.sensors.shop_changes import queue_again
from ccdesk.sync.standing_opt_outs import (
    ALREADY_RIGHT,
    ASKED_BEFORE,
    NEWCOMERS,
    OVERRULES,
    is_added_by_staff,
    is_back_since,
    unsubscribed_at,
)

LOST_DATA = "kibo_lost_data"
_READINGS = 3  # so often an account may change between the decision and the write of one run


class KeepsChanging(ItemError):
    """The account was different each time it was read to be written."""

    title = marked("The customer's account keeps changing in Kibo")
    meaning = marked("Nothing was written, so that no change made there is lost.")
    retry_helps = True


def write(ctx: RunContext, source: Link, account: Customer) -> None:
    """Decide by the account as read, and write it unless it has changed since: then decide anew.

    Raises:
        KeepsChanging: it was changed each time in between.
        Unreadable: it holds values that cannot be meant.

    """
    for _ in range(_READINGS):
        own = account.id == source.customer_id
        changed = _write_as_read(ctx, as_read(source, account) if own else source, account)
        if changed is None:
            return
        account = changed
    raise KeepsChanging()


def _write_as_read(ctx: RunContext, source: Link, account: Customer) -> Customer | None:
    """Do what follows from an account as read; return it as it is now if it has changed since."""
    if account.id != source.customer_id and account.email_key != source.email_key:
        return None  # it has taken another email since it was looked for: its own link tells what is pending
    if not account.readable:
        raise Unreadable(detail=f"account {account.id}")
    opting_in = source.pending is WriteBack.OPT_IN
    known = ctx.store.links.get(account.id)
    link = as_read(known or Link(account.id, email=account.email), account)
    if _is_left_alone(ctx, source, account, link):
        return None
    conflict = False
    if not opting_in and account.accepts_marketing and link.kibo_opted_in is not True:
        # Opted in anew since we last looked: the queue decides, unless the opt-out is the later act.
        if _opt_in_is_later(ctx, source, account, known):
            leave_to_queue(ctx, source, account, link)
            return None
        conflict = link.kibo_opted_in is False
    begun = ctx.store.intents.of(account.id)
    result = _set_opt_in(ctx, link, account, opting_in=opting_in)
    if result.changed:
        ctx.store.intents.end([account.id], Ended.VOID, acts=SHOP_ACTS)
        return result.customer
    settled = _settled(source, result.customer, link, ctx.skew(), opting_in=opting_in)
    cleared = not opting_in and not result.written and not any(_is_open_opt_out(one) for one in begun)
    if cleared:
        settled = _cleared_by_others(settled, result.customer, ctx.skew())
    reason = source.pending_reason or source.pending.value
    if conflict:
        reason = OVERRULES.format(reason=reason)
    outcome = Outcome.OPTED_IN if opting_in else Outcome.OPTED_OUT
    if not result.written:
        outcome, reason = Outcome.UNCHANGED, ALREADY_RIGHT.format(reason=reason)
    with ctx.store.transaction():
        if opting_in and not source.on_list:  # they came back to a list that is not the active one any more
            settled = replace(settled, on_list=False, agreed=None, kibo_opted_in=None)
            queue_again(ctx, account.id)
        ctx.store.links.save([settled])
        ctx.store.intents.end([account.id], Ended.DONE, acts=SHOP_ACTS)
        # What was begun with the list before is overtaken: what shows from now on is the person's act.
        ctx.store.intents.end([account.id], Ended.UNKNOWN)
        moved = result.customer.email_key != source.email_key
        left = settled.state is LinkState.LEFT_LIST
        if (cleared and moved) or (left and ctx.store.links.was_on(account.id, ctx.settings.list_id)):
            # They cleared the flag under another email, or left the former list and are on this through us.
            list_remove_later(ctx, [settled])
        entry = Entry(account.id, account.email, outcome, reason, acted_at=unsubscribed_at(source))
        ctx.record([entry], conflicts=int(conflict))
    return None


def _set_opt_in(ctx: RunContext, link: Link, account: Customer, *, opting_in: bool) -> KiboWrite:
    """Write the flag of one account, by a line of the journal that stays open where the answer is lost."""
    act = Act.OPT_IN if opting_in else Act.OPT_OUT
    ctx.store.intents.begin([line_of(ctx, act, replace(link, email=account.email))])
    only_as = account.email if opting_in else ""
    try:
        return ctx.shop.set_opt_in(account.id, opting_in, only_as=only_as, expected=account)
    except ItemError as error:
        ended = Ended.REFUSED if isinstance(error, ItemRefused | NotFound) else Ended.VOID
        if error.code == LOST_DATA:  # the flag itself was written
            ended = Ended.DONE
        ctx.store.intents.end([account.id], ended, acts=SHOP_ACTS)
        raise


def _is_left_alone(ctx: RunContext, source: Link, account: Customer, link: Link) -> bool:
    """Say whether this account is not for this write-back to change, and tell why; `link` is its own."""
    if source.pending is WriteBack.OPT_OUT:
        if link.state is LinkState.CONFIRMING:
            _leave_later(ctx, source, account, "waiting for the person's confirmation")
            return True
        if link.state is LinkState.ASKED_BEFORE and not _is_newer(source, link):
            _leave_later(ctx, source, account, ASKED_BEFORE)
            return True
        if account.id == source.customer_id:
            return account.accepts_marketing and is_taken_back(ctx, source, account, link)
        # A newcomer's opt-in is the later act: it neither counts nor is undone (design §3a R1), unless staff
        # have added that account to this very opt-out. Nor is it once an account that counts put the person
        # back, and it is not named any more.
        later = (
            link.state in NEWCOMERS
            or is_added_by_staff(link, source, ctx.skew())
            or _was_made_since(ctx, source, account)
        )
        return is_back_since(link, source) or (source.state is LinkState.LEFT_LIST and later)
    if not account.is_active:
        _leave_inactive(ctx, source, account)
        return True
    if not account.accepts_marketing and not _still_later(ctx, source, account):
        _leave_unproven(ctx, source, account)
        return True
    return False


def _was_made_since(ctx: RunContext, opt_out: Link, account: Customer) -> bool:
    """Say whether an account is newer than an opt-out that was known before: so is all that it says."""
    made, known = account.created_at, opt_out.out_since
    return made is not None and known is not None and made - ctx.skew() > known


def _is_newer(opt_out: Link, link: Link) -> bool:
    """Say whether a pending opt-out is newer than the one that an account's own link knows of."""
    return bool(opt_out.out_since and link.out_since and opt_out.out_since > link.out_since)


def _leave_later(ctx: RunContext, source: Link, account: Customer, reason: str) -> None:
    """Leave an account whose opt-in is later than this opt-out, and say what it waits for (design R3)."""
    with ctx.store.transaction():
        if account.id == source.customer_id:
            ctx.store.links.save([replace(source, pending=WriteBack.NOTHING, pending_reason="")])
        ctx.record([Entry(account.id, account.email, Outcome.SKIPPED, reason)])


def _leave_inactive(ctx: RunContext, source: Link, account: Customer) -> None:
    if account.id != source.customer_id:
        return
    reason = "account is not active in Kibo: its opt-in is left as it is"
    with ctx.store.transaction():
        ctx.store.links.save([replace(source, pending=WriteBack.NOTHING, pending_reason="", note=reason)])
        ctx.record([Entry(account.id, account.email, Outcome.SKIPPED, reason)])


def _still_later(ctx: RunContext, source: Link, account: Customer) -> bool:
    """Say whether the sign-up is later than what changed in Kibo since it was seen: maybe another opt-out.

    An account as it was then needs no second look, unless it is known only now that the two services' clocks
    differ. Where it cannot be told the opt-out stands (design R5).
    """
    as_observed = account.updated_at == source.kibo_updated_at
    if account.updated_at is None or (as_observed and not ctx.skew()):
        return True
    contact = ctx.mail.get(source.contact_id) if source.contact_id else None
    return contact is not None and acted_after(contact, account.updated_at - ctx.skew() + A_SECOND)


def _leave_unproven(ctx: RunContext, source: Link, account: Customer) -> None:
    left = replace(
        source,
        kibo_updated_at=account.updated_at,
        written_at=account.updated_at - ctx.skew() if account.updated_at else source.written_at,
        pending=WriteBack.NOTHING,
        pending_reason="",
        note=UNPROVEN,
    )
    with ctx.store.transaction():
        ctx.store.links.save([left])
        ctx.record([Entry(account.id, account.email, Outcome.SKIPPED, UNPROVEN)])


def _settled(source: Link, customer: Customer, link: Link, skew: timedelta, *, opting_in: bool) -> Link:
    """The link after the write; the reply's update date is how our own echo is known (design R6)."""
    unsubscribed = source.state is LinkState.UNSUBSCRIBED
    if customer.email_key != source.email_key:
        return _settled_elsewhere(source, customer, link, skew)
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
        undated=not opting_in and (source if source.out_since else link).undated,
        out_after=None if opting_in else source.out_after or link.out_after,
        pending=WriteBack.NOTHING,
        pending_reason="",
        note="" if opting_in else source.pending_reason,
        passed_by=False,
        seen_set=False,
    )


def _is_open_opt_out(line: JournalLine) -> bool:
    return line.act is Act.OPT_OUT and line.ended is Ended.OPEN


def _cleared_by_others(settled: Link, customer: Customer, skew: timedelta) -> Link:
    """The link of an account whose flag was off already, and not by us: that is an opt-out of its own.

    It may be as new as the account's last change, and a sign-up from before that proves nothing (design R5).
    """
    if customer.updated_at is None:
        return settled
    changed = customer.updated_at - skew
    return replace(settled, written_at=max(changed, settled.written_at or changed))


def _settled_elsewhere(source: Link, customer: Customer, link: Link, skew: timedelta) -> Link:
    """The link of a customer opted out under an email given up since: nothing is known of the new one.

    There their opt-out counts from the move on (docs/consent.md b4, "Account moves").
    """
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
        undated=source.undated,
        out_after=last_in(link, skew),
        pending=WriteBack.NOTHING,
        pending_reason="",
        note=f"{source.pending_reason}, under the email before",
        passed_by=False,
        seen_set=False,
    )


def _opt_in_is_later(ctx: RunContext, source: Link, account: Customer, link: Link | None) -> bool:
    contact = ctx.mail.get(source.contact_id) if source.contact_id else None
    if contact is None:
        return False
    known = [one for one in ctx.store.links.by_email(account.email_key) if one.customer_id != account.id]
    others = [source if one.customer_id == source.customer_id else one for one in known]
    return Reconciler(ctx).is_later(Readings(account, contact, link, others))
