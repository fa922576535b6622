"""Every account with an email (design R1).

The accounts of many emails are found by one reading of the shop instead of a call for each (design §10).
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import replace

from ccdesk.core.errors import NotFound, Unreadable
from ccdesk.core.models import Customer, LinkState, email_key
from ccdesk.sync.context import RunContext
from ccdesk.sync.item_errors import ITEM_ERRORS

log = logging.getLogger(__name__)

_PAGE = 200  # accounts Kibo gives with one call (kibo.md §5)


def accounts_with(
    ctx: RunContext, email: str, listed: Iterable[Customer] | None = None, *, but: int | None = None
) -> list[Customer]:
    """Return every account with that email, by ascending id.

    Kibo's filter finds only what is spelled alike; accounts spelled otherwise are known by their links.
    `listed` takes the filter's place where the shop has just been read whole. An account that cannot be
    read is not `readable`, and tells nothing of what the person wants. `but`: an account that the caller
    has read itself; its link is no reason to read it again.
    """
    found: dict[int, Customer] = {}
    for one in ctx.shop.by_email(email) if listed is None else listed:
        account = one if one.readable else _read_again(ctx, one)
        if account is not None:
            found[account.id] = account
    key = email_key(email)
    for link in ctx.store.links.by_email(key) if key else ():
        if link.customer_id in found or link.customer_id == but or link.state is LinkState.CLOSED:
            continue
        account = _read_again(ctx, Customer(link.customer_id, link.email, False))
        if account is not None and account.email_key == key:
            found[account.id] = account
    ctx.seen(found.values())
    return [found[number] for number in sorted(found)]


def _read_again(ctx: RunContext, account: Customer) -> Customer | None:
    """Return an account as read alone; as it was but not `readable` if that cannot be read either.

    None if there is none: its own event or the full compare closes the link.
    """
    try:
        return ctx.shop.get(account.id)
    except NotFound:
        return None
    except Unreadable:
        return replace(account, accepts_marketing=False, readable=False)


class AccountsByEmail:
    """Every account with an email (design R1): of one by the filter, of many by reading the shop whole.

    The shop is read where that takes fewer calls than there are emails, and only after these are known: an
    account that comes later has its own event. What was read may be minutes old when it is used, so an
    account is written only if it still stands as it did (`Customers.set_opt_in`, `expected`).
    """

    def __init__(self, ctx: RunContext) -> None:
        self._ctx = ctx
        self._found: dict[str, list[Customer]] = {}  # by compared email; empty until the shop has been read

    def read_for(self, emails: Iterable[str]) -> None:
        """Read the shop for these emails if they are many; else, or if that fails, each is asked for."""
        wanted: dict[str, list[Customer]] = {key: [] for email in emails if (key := email_key(email))}
        if self._costs_more(len(wanted), self._ctx.store.links.count()):
            return
        try:
            if self._read(wanted):
                self._found = wanted
        except ITEM_ERRORS as error:
            log.info("the shop cannot be read by pages: %s", error.title)

    def of(self, email: str) -> list[Customer]:
        """Return every account with that email, by ascending id."""
        return accounts_with(self._ctx, email, self._found.get(email_key(email)))

    def others(self, email: str, customer_id: int) -> list[Customer]:
        """Return every other account with that email; this one, which may have moved on, is not asked for."""
        found = accounts_with(self._ctx, email, self._found.get(email_key(email)), but=customer_id)
        return [one for one in found if one.id != customer_id]

    def _read(self, wanted: dict[str, list[Customer]]) -> bool:
        """Fill in who is found; False if the shop turns out to be too large for so few."""
        read = 0
        for page in self._ctx.shop.everyone():
            self._ctx.check_cancel()
            self._ctx.progress("Looking for accounts in Kibo", read)
            for one in page:
                if one.email_key in wanted:
                    wanted[one.email_key].append(one)
            read += len(page)
            if self._costs_more(len(wanted), read + (self._ctx.shop.left_to_read or 0)):
                return False
        self._ctx.answered()
        return True

    @staticmethod
    def _costs_more(emails: int, customers: int) -> bool:
        return emails <= -(-customers // _PAGE)
