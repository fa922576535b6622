"""What a link knows of its person's opt-outs, and whose opt-in counts against them (design R1, §3a R1)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from ccdesk.core.models import Contact, Link, LinkState, WriteBack
from ccdesk.core.statements import BY_STAFF as BY_STAFF
from ccdesk.core.statements import UNSUBSCRIBED as UNSUBSCRIBED
from ccdesk.core.words import marked

ASKED_BEFORE = (
    "opted in again in Kibo after unsubscribing, and was asked for the one confirmation before: "
    "nothing is undone, and they get no mail until they sign up themselves"
)
"""Why nothing is done about an opt-in that is later than the opt-out (design §3a R3); staff can tell them."""


NOBODY_TO_ASK = (
    "waiting: Constant Contact has no contact with this email, and none that could be asked to confirm"
)
DELETED_TO_ASK = "waiting: the contact is deleted in Constant Contact, which asks for no confirmation then"

LEFT = "left the list in Constant Contact"

STANDS = "opted out in Constant Contact; the opt-out stands"

DELETED = "deleted in Constant Contact"

ALREADY_RIGHT = marked("Kibo already had it right: {reason}")
OVERRULES = marked("both sides changed, the opt-out is later or cannot be told to be earlier: {reason}")
BEFORE_MOVE = marked("{reason} before the email changed; the opt-out stands")
"""What is added to the reason of a pending write-back, once it is dealt with."""

NEWCOMER = (
    "opted in by an account that came after this person's opt-out, or by a guest: staff add or leave them"
)
"""Why an opt-in neither puts anybody on the list nor is undone (design §3a R1)."""

NEWCOMERS = (LinkState.NEWCOMER, LinkState.NEWCOMER_LEFT)
"""Opted in by accounts that came after an opt-out of their person; staff add or leave them (§3a R1)."""


_CLEARED = (
    LinkState.SYNCED,
    LinkState.CLOSED,
    LinkState.CONTACT_DELETED,
    LinkState.HELD,
    LinkState.INVALID,
    LinkState.LEFT_OUT,
)


def is_cleared(link: Link) -> bool:
    """Say whether a flag that was set was cleared in this account, whatever became of the account.

    One first seen off is none, nor is one that ccdesk cleared for an opt-out at Constant Contact. Of somebody
    who is being taken off the list it was, whatever else is known of them.
    """
    by_the_customer = link.state in _CLEARED or link.being_taken_off
    return link.kibo_opted_in is False and link.agreed is False and by_the_customer


def left_since_gone(link: Link) -> bool:
    """Say whether an account gone from Kibo keeps an opt-out of its person that Kibo was not given."""
    return link.state is LinkState.CLOSED and link.kibo_opted_in is True and link.agreed is False


def has_left(link: Link) -> bool:
    """Say whether this link knows that the person left the list; a guest's that is named knows it, too."""
    named_after = link.state in NEWCOMERS and link.out_since is not None
    return link.state is LinkState.LEFT_LIST or left_since_gone(link) or named_after


def gone(link: Link, reason: str) -> Link:
    """Return the link of an account that is gone from Kibo, which keeps what its person is known to want.

    An opt-out that Kibo was not given is one still (`left_since_gone`): another account may come, or take the
    email.
    """
    named_after = link.state in NEWCOMERS and link.out_since is not None
    out = link.pending is WriteBack.OPT_OUT or named_after or link.state in _OUT
    return replace(
        link,
        state=LinkState.CLOSED,
        agreed=False if out else link.agreed,
        pending=WriteBack.NOTHING,
        pending_reason="",
        note=reason,
    )


_OUT = (LinkState.UNSUBSCRIBED, LinkState.LEFT_LIST)


def unasked(links: Iterable[Link]) -> str:
    """Say why nobody was asked to confirm an opt-in of these accounts; "" if somebody was, or none waits."""
    notes = (one.note for one in links if one.state is LinkState.CONFIRMING)
    return next((note for note in notes if note in (NOBODY_TO_ASK, DELETED_TO_ASK)), "")


def is_added_by_staff(link: Link | None, opt_out: Link, skew: timedelta) -> bool:
    """Say whether staff answered *Add* after this opt-out was known; one that came since is another.

    `skew`: how far the shop's clock is ahead. A cleared flag is no newer than its account's last change,
    however often it has been acted on since (`out_since`): each time that another account stops counting.
    """
    if link is None or link.added_at is None:
        return False
    dates = [opt_out.out_since]
    if is_cleared(opt_out) and opt_out.kibo_updated_at is not None:
        dates.append(opt_out.kibo_updated_at - skew)
    known = min((one for one in dates if one is not None), default=None)
    return known is None or known <= link.added_at


def is_back_since(link: Link | None, opt_out: Link) -> bool:
    """Say whether an account's opt-in put its person on the list after the opt-out that another link knows.

    Until Kibo has been given that opt-out it stands for the accounts that it came from, and undoes no later
    opt-in (design R3, R5).
    """
    if link is None or not link.on_list or link.kibo_opted_in is not True or link.out_since is not None:
        return False
    out, put_on = opt_out.out_since, link.written_at
    return out is not None and put_on is not None and put_on > out


def opted_out_since(contact: Contact, link: Link) -> bool:
    """Say whether a contact shows a newer opt-out than the one a link remembers."""
    out = contact.opt_out_at
    return out is not None and link.out_since is not None and out > link.out_since


def unsubscribed_at(pending: Link) -> datetime | None:
    """Return when the opt-out was made that a link has pending; None where nothing dates it.

    Constant Contact dates an unsubscription as a rule, but not that somebody left a list.
    """
    dated = pending.pending_reason in (UNSUBSCRIBED, BY_STAFF, STANDS) and not pending.undated
    return pending.out_since if dated and pending.pending is WriteBack.OPT_OUT else None


def out_words(contact: Contact | None) -> str:
    """Say that somebody is out: by their own act, or by that of the account's staff."""
    return BY_STAFF if contact is not None and contact.opt_out_source == "Account" else UNSUBSCRIBED
