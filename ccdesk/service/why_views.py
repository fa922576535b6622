"""What each side shows of a person, with since when and as of when (design §8, `shop` and `mail`)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from functools import reduce

from ccdesk.core.clock import SKEW, kept_skew
from ccdesk.core.drift import Sides
from ccdesk.core.ledger import LedgerEntry
from ccdesk.core.models import Contact, Customer, Link, LinkState, Permission, Standing, WriteBack, is_account
from ccdesk.core.ports.store import Store
from ccdesk.core.runs import RunKind, RunStatus
from ccdesk.core.statements import How, Side
from ccdesk.core.why import AccountView, MailView, ShopView
from ccdesk.core.words import marked
from ccdesk.service.read_now import Reading
from ccdesk.service.who import Who
from ccdesk.sync import state_names as names
from ccdesk.sync.agreement import NOT_ACTIVE
from ccdesk.sync.last_read import is_begun, is_member, last_flag
from ccdesk.sync.standing_opt_outs import NEWCOMERS

_ON = (How.FLAG_SET,)
_OFF = (How.FLAG_CLEARED, How.INHERITED, How.SEEN_OFF, How.UNDONE)
_JOINED = (How.SIGNED_UP, How.ADDED, How.PUT_ON, How.PUT_BACK)
_GONE = (How.UNSUBSCRIBED, How.LEFT, How.REMOVED, How.DELETED, How.UNDONE)


def shop_view(
    store: Store, who: Who, sides: Sides, told: Sequence[LedgerEntry], reading: Reading | None
) -> ShopView:
    """Return what the shop shows of a person, all their accounts together."""
    readable = [one for one in sides.accounts if one.readable]
    opted_in = any(one.accepts_marketing for one in readable) if readable else None
    same = [one for one in readable if one.accepts_marketing is opted_in]
    skew = reading.skew if reading is not None else None
    changed = _latest(_on_our_clock(store, one.updated_at, skew) for one in same)
    known = [_flag_known(who, one.id) is opted_in for one in same]
    hows = _ON if opted_in else _OFF
    since = _last(told, Side.SHOP, hows) if opted_in is not None and any(known) else None
    read_at = reading.shop_at if reading is not None else _shop_read_at(store, who)
    since = since or changed
    if reading is None and since is not None and read_at is not None:
        since = min(since, read_at)
    return ShopView(opted_in, since, read_at)


def _flag_known(who: Who, number: int) -> bool | None:
    """Return the flag of an account as last acted on: what is kept of since when is about that."""
    return next((last_flag(one) for one in who.known.mine if one.customer_id == number), None)


def _shop_read_at(store: Store, who: Who) -> datetime | None:
    """Return the moment for which the accounts are known: the last complete look at the shop.

    That is the last look for changes, or the last comparison or whole export, which read everybody. None
    where no look is kept, or the accounts were never read; and where one has changed and was not looked at
    since.
    """
    if not (who.known.mine or who.former) or who.known.untold is not None:
        return None
    looks = [store.state.get_time(name) for name in (names.EVENTS_POLLED, names.SWEPT_AT)]
    looked = _on_our_clock(store, _latest(looks))
    export = store.runs.last_finished(RunKind.EXPORT, RunStatus.COMPLETE)
    return _latest((looked, export.started_at if export is not None else None))


def _on_our_clock(store: Store, moment: datetime | None, skew: timedelta | None = None) -> datetime | None:
    """Return a moment of Kibo's clock on the mail service's, as which all others are shown."""
    ahead = kept_skew(store.state.get(SKEW)) if skew is None else skew
    return None if moment is None else moment - ahead


def mail_view(
    store: Store,
    who: Who,
    sides: Sides,
    told: Sequence[LedgerEntry],
    reading: Reading | None,
    list_id: str,
) -> MailView:
    """Return what Constant Contact shows of a person."""
    contact, mine = sides.contact, who.known.mine
    if reading is not None:
        # By its date: one that unsubscribed before it was deleted stands as unsubscribed and keeps its lists.
        on_list = contact is not None and not contact.deleted_at and list_id in contact.list_ids
        since = _since_now(contact, told, on_list=on_list)
        permission = contact.permission.value if contact is not None else ""
        return MailView(permission, on_list, since, reading.mail_at)
    if who.known.left_behind:
        return MailView("", True, _last(told, Side.MAIL, _JOINED), _known_until(store, who))
    if not mine:
        return MailView()
    member = is_member(who.known)
    began = is_begun(mine) and not member
    since = _last(told, Side.MAIL, _JOINED if member else _GONE) or _since_then(mine, contact)
    if not member and any(one.undated for one in mine):
        since = None  # that it was seen then is in the time line
    return MailView(
        _permission(contact), None if began else member, since, _mail_read_at(store, mine, contact)
    )


def _known_until(store: Store, who: Who) -> datetime | None:
    """Return until when a contact that an account has left was watched: the last look before it moved on."""
    moved = _on_our_clock(store, _latest(one.kibo_updated_at for one in who.known.links))
    looked = store.state.get_time(names.SCANNED_AT)
    return min((one for one in (moved, looked) if one is not None), default=None)


def _permission(contact: Contact | None) -> str:
    """Return a permission as it was noted: which of the two good ones it was is not."""
    if contact is None or contact.standing is Standing.IN:
        return ""
    return contact.permission.value if contact.permission is not Permission.UNKNOWN else ""


def _since_now(contact: Contact | None, told: Sequence[LedgerEntry], *, on_list: bool) -> datetime | None:
    """Return since when a contact is as it was read: an unsubscription by its own date, or by none."""
    if contact is not None and contact.standing is Standing.OUT:
        return contact.opt_out_at
    return _last(told, Side.MAIL, _JOINED if on_list else _GONE)


def _since_then(links: Collection[Link], contact: Contact | None) -> datetime | None:
    if contact is not None and contact.opt_out_at is not None:
        return contact.opt_out_at
    if any(one.on_list for one in links):
        return _latest(one.written_at for one in links if one.on_list)
    return _latest(one.out_since for one in links)


def _mail_read_at(store: Store, links: Collection[Link], contact: Contact | None) -> datetime | None:
    """Return the last complete look at the list; what was written or learned since is newer."""
    looked = store.state.get_time(names.SCANNED_AT)
    written = (one.written_at for one in links if one.on_list)
    if looked is None and contact is None and not any(one.on_list for one in links):
        return None
    return _latest((looked, *written))


def _last(told: Sequence[LedgerEntry], side: Side, hows: Collection[How]) -> datetime | None:
    """Return the latest moment at which the last act of these kinds may have been made."""
    acts = [one for one in told if one.side is side and one.how in hows and one.outcome in ("", "done")]
    return (acts[-1].until or acts[-1].at) if acts else None


def _latest(moments: Iterable[datetime | None]) -> datetime | None:
    return max((one for one in moments if one is not None), default=None)


# ---------------------------------------------------------------- account by account


def accounts_view(who: Who, sides: Sides, *, live: bool) -> tuple[AccountView, ...]:
    """Return each account with what it shows, those that have moved on or are gone as well."""
    shown = {one.id: one for one in sides.accounts}
    links = {one.customer_id: one for one in who.known.links}
    numbers = sorted(filter(is_account, {*shown, *who.customer_ids, *who.former}))
    return tuple(_account(who, number, shown.get(number), links.get(number), live=live) for number in numbers)


def _account(
    who: Who, number: int, account: Customer | None, link: Link | None, *, live: bool
) -> AccountView:
    if account is not None:
        opted_in = account.accepts_marketing if account.readable else None
        remark = _remark(who, account, link, live=live)
        return AccountView(number, account.email, opted_in, remark, account.updated_at, live)
    if link is None:
        remark = marked("never read") if not live else marked("not there any more")
        return AccountView(number, who.email, None, remark, None, live)
    moved = number in who.former or (live and link.state is not LinkState.CLOSED)
    remark = marked("has another email now") if moved else marked("gone from Kibo")
    if not live and who.known.flag(link) is None and link.state is not LinkState.CLOSED:
        remark = marked("seen, but its opt-in was not acted on yet")
    return AccountView(number, link.email, who.known.flag(link), remark, link.kibo_updated_at, live)


_PENDING = {  # an opt-out or opt-in that Kibo has not got: called a mistake, held, or simply owed
    WriteBack.OPT_OUT: (
        marked("opt-out called a mistake"),
        marked("opt-out held"),
        marked("opt-out to be written to Kibo"),
    ),
    WriteBack.OPT_IN: (
        marked("opt-in called a mistake"),
        marked("opt-in held"),
        marked("opt-in to be written to Kibo"),
    ),
}


def _remark(who: Who, account: Customer, link: Link | None, *, live: bool) -> str:
    """Say what makes an account count for less than its flag says, and what is remembered of it."""
    said: list[str] = []
    if not account.readable:
        said.append(marked("cannot be read"))
    if not account.is_active:
        said.append(NOT_ACTIVE)
    elif account.is_anonymous:
        said.append(marked("guest account"))
    if link is not None and link.state in NEWCOMERS:
        said.append(marked("came after an opt-out of this person"))
    if link is not None and link.pending is not WriteBack.NOTHING:
        held = [one for one in who.known.held if one.customer_id == link.customer_id]
        dropped = any(one.dropped for one in held)
        mistake, kept, owed = _PENDING[link.pending]
        said.append(mistake if dropped else kept if held else owed)
    if live and link is not None and link.email_key != account.email_key:
        said.append(marked("had another email when ccdesk last acted on it"))
    return reduce(_both, said) if said else ""


def _both(first: str, then: str) -> str:
    return marked("{first}; {then}").format(first=first, then=then)
