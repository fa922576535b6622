"""What a change of a link says was stated: the ledger's source while links are kept (docs/decisions/0006).

A link holds the last word of each side. Here two of them, before and after, are turned into the statement by
which the one became the other. Once persons are kept with their statements (`observe_shop`, `observe_mail`)
these come from there, and this goes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from ccdesk.core.intents import Act
from ccdesk.core.models import OPTED_OUT_THERE, Link, LinkState, WriteBack
from ccdesk.core.statements import BY_STAFF, UNSUBSCRIBED, Author, How, Side
from ccdesk.core.words import marked

_OURS = (LinkState.UNSUBSCRIBED, LinkState.LEFT_LIST)  # a flag off beside these was cleared by a write-back


@dataclass(frozen=True, slots=True)
class Stated:
    """One statement as read off a link. `earliest` None: nothing tells; both on the mail service's clock."""

    side: Side
    subject: str
    how: How
    author: Author
    earliest: datetime | None
    latest: datetime
    evidence: str


@dataclass(frozen=True, slots=True)
class Beside:
    """What is known beside the link when it changes.

    `skew`: how far the shop's clock is ahead. `last`: whether the account's last word that was kept is a flag
    set (True) or not. `writing`: our command about the account's flag whose end is not known yet. `held`: the
    guard holds the loss of this customer. `wrote`: what we last did to the flag, as the journal tells.
    `seen`: when the account was first read under the email it had before the change.
    """

    now: datetime
    skew: timedelta = timedelta(0)
    last: bool | None = None
    writing: Act | None = None
    held: bool = False
    wrote: Act | None = None
    seen: datetime | None = None


def differs(before: Link, after: Link) -> bool:
    """Say whether anything may have been stated, or what an earlier statement is read from changes."""
    return _telling(before) != _telling(after)


def _telling(link: Link) -> tuple[object, ...]:
    dates = link.kibo_updated_at, link.out_since, link.added_at, link.written_at
    flags = flag_of(link), link.kibo_opted_in, link.agreed
    return (*dates, *flags, link.state, link.on_list, link.pending)


def flag_of(link: Link) -> bool | None:
    """Return the account's flag as last seen, whether or not it was acted on; None: never seen."""
    if link.seen_set or link.passed_by:
        return True
    return link.kibo_opted_in


def stated(before: Link | None, after: Link, beside: Beside) -> list[Stated]:
    """Return what was stated between two states of a link, in the order in which it is to be kept.

    A flag as it was at the first reading (`before` None) is not among them: `first_word` reads it off the
    link as long as that tells it.
    """
    found = [] if before is None else [_shop_word(before, after, beside), _answer(before, after, beside)]
    return [one for one in (*found, *_mail_words(before, after, beside)) if one is not None]


# ---------------------------------------------------------------- the shop


def _shop_word(before: Link, after: Link, beside: Beside) -> Stated | None:
    """Return that the flag was set or cleared by somebody else than us; by whom, Kibo does not tell."""
    was, is_set = flag_of(before), flag_of(after)
    was = beside.last if was is None else was
    if is_set is None or is_set == was or (was is None and not is_set):
        return None
    if beside.writing is (Act.OPT_IN if is_set else Act.OPT_OUT):
        return None  # the journal's
    if is_set and before.state is LinkState.UNDONE and beside.writing is Act.OPT_OUT:
        return None  # it was to be switched off by an undo, and has not been
    # The date is that of the account as read now, unless the flag was seen otherwise with the same one.
    dated = after.kibo_updated_at != before.kibo_updated_at or (is_set and flag_of(before) is None)
    latest = _on_mail_clock(after.kibo_updated_at, beside) if dated else None
    acted = _on_mail_clock(before.kibo_updated_at, beside)
    if is_set:
        seen = _on_mail_clock(before.in_after, beside)
        earliest = _later(acted, seen) if was is False else seen
        return _flag(
            after, How.FLAG_SET, earliest, latest or beside.now, marked("the flag was seen switched on")
        )
    earliest = _later(after.out_after or before.out_after or acted, beside.seen)  # it was set when read
    return _flag(
        after, How.FLAG_CLEARED, earliest, latest or beside.now, marked("the flag was seen switched off")
    )


def first_word(link: Link, beside: Beside) -> Stated | None:
    """Return what an account said when it was first read, as far as its link still tells.

    For those of a first export, of whom nothing else is kept, and for links older than statements.
    """
    latest = _on_mail_clock(link.kibo_updated_at, beside)
    is_set = flag_of(link)
    if is_set and beside.wrote is Act.OPT_IN:
        return None  # the journal's: what it was before is not told any more
    if is_set:
        if link.agreed is True and link.written_at is not None:  # read before they were put on the list
            latest = min(latest or link.written_at, link.written_at)
        latest = latest or link.out_since or beside.now
        return _flag(link, How.FLAG_SET, None, latest, marked("opted in when first read"))
    if is_set is None or latest is None:
        return None
    if link.agreed is None:
        return _flag(link, How.SEEN_OFF, None, latest, marked("not opted in when first read"))
    if link.state not in _OURS:
        return _flag(link, How.FLAG_CLEARED, link.out_after, latest, marked("the flag had been switched off"))
    if beside.wrote is Act.OPT_OUT:
        return None
    subject = str(link.customer_id)
    words = marked("opt-out of Constant Contact carried to Kibo")
    return Stated(Side.SHOP, subject, How.FLAG_CLEARED, Author.US, None, latest, words)


def added_word(link: Link) -> Stated | None:
    """Return that we put the person on the list where only the link tells: an export, by a call for many."""
    if link.agreed is not True or link.written_at is None:
        return None
    words = marked("put on the list by an export")
    return Stated(Side.MAIL, link.contact_id, How.ADDED, Author.US, link.written_at, link.written_at, words)


def _flag(link: Link, how: How, earliest: datetime | None, latest: datetime, evidence: str) -> Stated:
    latest = latest if earliest is None else max(earliest, latest)  # uncertain dates may have crossed
    subject = str(link.customer_id)
    return Stated(Side.SHOP, subject, how, Author.UNKNOWN, earliest, latest, _bounded(evidence, earliest))


def _answer(before: Link, after: Link, beside: Beside) -> Stated | None:
    """Return staff's answer about an account that came after an opt-out of its person (design §3a R1)."""
    left = after.state is LinkState.NEWCOMER_LEFT and before.state is LinkState.NEWCOMER
    if after.added_at is not None and after.added_at != before.added_at:
        how, words = How.ANSWERED_ADD, marked("staff answered: add")
    elif left:
        how, words = How.ANSWERED_LEAVE, marked("staff answered: leave")
    else:
        return None
    subject = str(after.customer_id)
    return Stated(Side.SHOP, subject, how, Author.STAFF, beside.now, beside.now, words)


# ---------------------------------------------------------------- the mail side


def _mail_words(before: Link | None, after: Link, beside: Beside) -> Iterator[Stated | None]:
    yield _unsubscribed(before, after, beside)
    yield _left(before, after, beside)
    yield _left_out(before, after, beside)
    yield _deleted(before, after, beside)
    yield _came_back(before, after, beside)


def _mail(
    link: Link, how: How, earliest: datetime | None, latest: datetime, evidence: str, author: Author
) -> Stated:
    latest = latest if earliest is None else max(earliest, latest)  # uncertain dates may have crossed
    evidence = _bounded(evidence, earliest)
    return Stated(Side.MAIL, link.contact_id, how, author, earliest, latest, evidence)


def _bounded(evidence: str, earliest: datetime | None) -> str:
    """Say of what is not known to have been made after anything that its moment is the latest possible."""
    return f"{evidence}; by then at the latest" if earliest is None else evidence


def _unsubscribed(before: Link | None, after: Link, beside: Beside) -> Stated | None:
    """Return an unsubscription: the link has the contact's own date, unless they were known as out before.

    Or that has none: then the link tells when it was seen. Who did it is kept only where it is carried to the
    shop.
    """
    if after.state not in OPTED_OUT_THERE:
        return None
    known = before is not None and before.state in OPTED_OUT_THERE
    is_new = after.out_since is not None and (before is None or after.out_since != before.out_since)
    if known and not is_new:
        return None
    author, latest = _who_unsubscribed(after), after.out_since if is_new else None
    if latest is not None and not after.undated:
        evidence = marked("unsubscribed; the date is the contact's own")
        return _mail(after, How.UNSUBSCRIBED, latest, latest, evidence, author)
    return _mail(after, How.UNSUBSCRIBED, None, latest or beside.now, marked("seen unsubscribed"), author)


def _who_unsubscribed(link: Link) -> Author:
    if BY_STAFF in (link.pending_reason, link.note):
        return Author.STAFF
    carried = link.pending is WriteBack.OPT_OUT or link.kibo_opted_in is True
    return Author.PERSON if carried or UNSUBSCRIBED in (link.pending_reason, link.note) else Author.UNKNOWN


def _left(before: Link | None, after: Link, beside: Beside) -> Stated | None:
    """Return that the person left the list: between the last sight of them on it and the first without."""
    latest = after.out_since or beside.now
    if after.state is LinkState.LEFT_LIST:
        if before is not None and before.state is LinkState.LEFT_LIST and before.out_since == after.out_since:
            return None
        words = marked("left the list: on it before, and not any more")
        return _mail(after, How.LEFT, after.out_after, latest, words, Author.UNKNOWN)
    if before is None or before.state is not LinkState.CLOSED or after.state is not LinkState.CLOSED:
        return None
    if before.on_list and not after.on_list and after.agreed is False:
        words = marked("left the list or unsubscribed while Kibo did not show the customer")
        return _mail(after, How.LEFT, after.out_after, latest, words, Author.UNKNOWN)
    return None


def _left_out(before: Link | None, after: Link, beside: Beside) -> Stated | None:
    """Return that staff left somebody out whose contact was not on the list at its first export (§3a R2)."""
    if after.state is not LinkState.LEFT_OUT or (before is not None and before.state is after.state):
        return None
    words = marked("a contact who was not on the list at its first export: staff left them out")
    return _mail(after, How.LEFT, None, beside.now, words, Author.STAFF)


def _deleted(before: Link | None, after: Link, beside: Beside) -> Stated | None:
    if after.state is not LinkState.CONTACT_DELETED or (before is not None and before.state is after.state):
        return None
    earliest = before.written_at if before is not None and before.on_list else None
    words = marked("the contact was deleted in Constant Contact, or is gone")
    return _mail(after, How.DELETED, earliest, beside.now, words, Author.STAFF)


def _came_back(before: Link | None, after: Link, beside: Beside) -> Stated | None:
    """Return that the person signed up, or that others put them back while their opt-out was held."""
    earliest = before.out_since if before is not None else None
    if after.pending is WriteBack.OPT_IN:
        if before is not None and before.pending is WriteBack.OPT_IN:
            return None
        words = marked("signed up in Constant Contact")
        return _mail(after, How.SIGNED_UP, earliest, beside.now, words, Author.PERSON)
    back = before is not None and after.on_list and after.state is LinkState.SYNCED and not before.on_list
    if before is None or not back or beside.writing is not None:
        return None
    if before.state is LinkState.CONFIRMING:
        words = marked("confirmed the resubscribe")
        return _mail(after, How.SIGNED_UP, before.asked_at, beside.now, words, Author.PERSON)
    if before.state is LinkState.UNDONE and not before.begun:  # else the removal was refused
        words = marked("on the list again after an undo had taken them off")
        return _mail(after, How.PUT_ON, before.written_at, beside.now, words, Author.UNKNOWN)
    if before.pending is not WriteBack.OPT_OUT or after.pending is not WriteBack.NOTHING or before.begun:
        return None
    if beside.held:
        words = marked("on the list again while the opt-out was held")
        return _mail(after, How.PUT_BACK, earliest, beside.now, words, Author.STAFF)
    words = marked("on the list again by an act of their own after the opt-out")
    return _mail(after, How.SIGNED_UP, earliest, beside.now, words, Author.PERSON)


# ---------------------------------------------------------------- clocks


def _on_mail_clock(moment: datetime | None, beside: Beside) -> datetime | None:
    return None if moment is None else moment - beside.skew


def _later(one: datetime | None, other: datetime | None) -> datetime | None:
    return max((moment for moment in (one, other) if moment is not None), default=None)
