"""Switching off again what a run switched on in Kibo: our own act, and nobody's opt-out (design §8, `undo`).

The link says so before the account is written: should the answer be lost, the next look at the shop takes
the cleared flag for ours.
"""

from __future__ import annotations

from dataclasses import replace

from ccdesk.core.errors import CcdeskError, ItemError, ItemRefused, NotFound
from ccdesk.core.intents import SHOP_ACTS, Act, Ended
from ccdesk.core.models import Customer, Link
from ccdesk.core.ports.shop import KiboWrite
from ccdesk.core.runs import Entry, Outcome
from ccdesk.sync.agreement import as_read
from ccdesk.sync.context import RunContext
from ccdesk.sync.item_errors import ITEM_ERRORS
from ccdesk.sync.journal import line_of
from ccdesk.sync.outbox.shop import stop_writing
from ccdesk.sync.outbox.shop_account import LOST_DATA
from ccdesk.sync.outbox.take_back import failed
from ccdesk.sync.undoing import Doing, switched_back_words, undone


def switch_back(
    ctx: RunContext, doing: Doing, link: Link, account: Customer, undoes: int, reason: str
) -> bool:
    """Switch one opt-in off and make its entry; False if the account has changed since it was read.

    Raises:
        CcdeskError: the service cannot be used; the next undo of the run goes on.

    """
    with ctx.store.transaction():  # the line first: what the link then shows is nobody's statement
        line = line_of(ctx, Act.OPT_OUT, replace(link, email=account.email))
        ctx.store.intents.begin([replace(line, undoes=undoes)])
        ctx.store.links.save([switched_off(ctx, link, account, undoes)])
    result: KiboWrite | None
    try:
        result = ctx.shop.set_opt_in(account.id, False, only_as=account.email, expected=account)
    except ITEM_ERRORS as error:
        result = _after(ctx, doing, link, error)
    if result is None:
        return True
    if result.changed:
        _withdraw(ctx, link, Ended.VOID)
        return False
    settle_back(ctx, doing, link, result.customer, undoes, reason)
    return True


def switched_off(ctx: RunContext, link: Link, account: Customer, undoes: int) -> Link:
    """Return the link of an account whose opt-in was switched off again.

    No opt-out was stated; only what the person does later opts them in.
    """
    now = ctx.mail_now()
    return replace(
        undone(as_read(link, account), switched_back_words(undoes), now),
        kibo_opted_in=False,
        kibo_updated_at=account.updated_at,
        opt_out_at=None,
        out_since=now,
        in_after=None,
    )


def settle_back(
    ctx: RunContext, doing: Doing, link: Link, account: Customer, undoes: int, reason: str
) -> None:
    """Store that a flag is off again: link, journal and entry move together."""
    with ctx.store.transaction():
        ctx.store.links.save([switched_off(ctx, link, account, undoes)])
        ctx.store.intents.end([account.id], Ended.DONE, acts=SHOP_ACTS)
        ctx.record([Entry(account.id, doing.email, Outcome.OPTED_OUT, reason)])


def _after(ctx: RunContext, doing: Doing, link: Link, error: CcdeskError) -> KiboWrite | None:
    """Find out what a call without a good answer has done; None if it has its entry already.

    Raises:
        CcdeskError: the error itself, where it is the service's; what was begun stays open.

    """
    if isinstance(error, ItemError):
        lost = error.code == LOST_DATA  # the flag itself was written
        if not lost:
            _withdraw(ctx, link, Ended.REFUSED if isinstance(error, ItemRefused | NotFound) else Ended.VOID)
        else:
            ctx.store.intents.end([link.customer_id], Ended.DONE, acts=SHOP_ACTS)
        failed(ctx, doing, error)
        if lost:
            stop_writing(ctx, link.customer_id)  # those who come next are told so
        return None
    ctx.tolerate_item_error(error)
    try:
        now = ctx.shop.get(link.customer_id)
    except ITEM_ERRORS:
        failed(ctx, doing, error)
        return None
    if not now.accepts_marketing:
        return KiboWrite(now, written=True)
    _withdraw(ctx, link, Ended.VOID)
    failed(ctx, doing, error)
    return None


def _withdraw(ctx: RunContext, link: Link, ended: Ended) -> None:
    """Store that nothing was written: the link is as it was."""
    with ctx.store.transaction():
        ctx.store.links.save([link])
        ctx.store.intents.end([link.customer_id], ended, acts=SHOP_ACTS)
