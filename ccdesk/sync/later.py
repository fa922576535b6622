"""Which act of the person came later (design R3, R5). Where it cannot be told, the opt-out wins."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from ccdesk.core.limits import A_SECOND, KIBO_OVERLAP
from ccdesk.core.models import Contact, Customer, Link

_A_DAY = timedelta(days=1)
_ZONES = timedelta(hours=14)  # so far a local date may be from UTC's


def set_after(link: Link, customer: Customer, looked: datetime | None) -> datetime | None:
    """Return the earliest moment at which a flag that is seen set now may have been set (docs/consent.md b4).

    `looked`: when the last complete look began, which still saw it off. What a look shows is some minutes
    old, so it proves "off" until its beginning less that lag only. All on Kibo's clock.
    """
    off = looked - KIBO_OVERLAP if looked is not None else None
    bounds = (link.kibo_updated_at, customer.created_at, off)
    return max((one for one in bounds if one is not None), default=None)


def cleared_after(link: Link, customer: Customer, looked: datetime | None) -> datetime | None:
    """Return the earliest moment at which a flag that is seen cleared may have been: set when last acted on.

    `looked`: when the last complete look began, which still saw it set. Not so where the change is dated
    before that look, which an index that lags behind had not shown yet. All on Kibo's clock.
    """
    if looked is not None and (customer.updated_at is None or customer.updated_at < looked):
        looked -= KIBO_OVERLAP
    return max((one for one in (link.kibo_updated_at, looked) if one is not None), default=None)


def is_noted(link: Link) -> bool:
    """Say whether a look has noted since when at the earliest the flag is set, since we acted on it."""
    acted_on = link.kibo_updated_at
    return link.in_after is not None and (acted_on is None or link.in_after >= acted_on)


def off_until(link: Link | None, customer: Customer, baseline: datetime | None) -> datetime | None:
    """Return until when a complete look surely showed a flag off that is seen set now, on Kibo's clock.

    Of an account that nobody has acted on the first export tells (`baseline`), which did not see it opted in.
    """
    if link is None:
        return baseline
    return _set_after(link, customer) if link.kibo_opted_in is False else None


def _set_after(link: Link, customer: Customer) -> datetime | None:
    """Return what a look has noted, unless it cannot be: a date of Kibo's clock when that was wrong."""
    if not is_noted(link) or link.in_after is None:
        return None
    possible = customer.updated_at is None or link.in_after <= customer.updated_at
    return link.in_after if possible else None


def deleted_until(contact: Contact) -> datetime | None:
    """Return the latest moment at which a contact may have been deleted; None where nothing tells.

    `deleted_at` is a date without a time (constant-contact.md §9). Nothing touches a deleted contact, so its
    update date is the deletion's, unless it is older than that date: then the day ends the window, wherever
    in the world it is counted.
    """
    day = _day_deleted(contact)
    if day is None:
        return contact.updated_at
    if contact.updated_at is not None and contact.updated_at >= day - _ZONES:
        return contact.updated_at + A_SECOND
    return day + _A_DAY + _ZONES


def deleted_at(contact: Contact) -> datetime | None:
    """Return when a contact was deleted: at its update date, if that is of the day that `deleted_at` names.

    None where it is of another day: a date alone is no moment, whose day differs from place to place.
    """
    day, updated = _day_deleted(contact), contact.updated_at
    if day is None or updated is None:
        return None
    return updated if day - _ZONES <= updated < day + _A_DAY + _ZONES else None


def _day_deleted(contact: Contact) -> datetime | None:
    """Return the beginning of the day that `deleted_at` names, in UTC; None where it names none."""
    try:
        return datetime.fromisoformat(contact.deleted_at[:10]).replace(tzinfo=UTC)
    except ValueError:
        return None


def acted_after(contact: Contact, out_since: datetime | None) -> bool:
    """Say whether the person, not the account, came back after we knew them as out (design R4).

    Without a date for either there is no proof, and without proof the opt-out stands (R5). The service's
    dates have whole seconds, so the same second counts as after.
    """
    if out_since is None:
        return False
    since = out_since.replace(microsecond=0)
    if contact.opt_in_source == "Contact" and contact.opt_in_at is not None and contact.opt_in_at >= since:
        return True
    return (
        contact.update_source == "Contact" and contact.updated_at is not None and contact.updated_at >= since
    )


def known_out(link: Link, skew: timedelta, began: datetime | None) -> datetime | None:
    """Since when the person is out: what they did before is no opt-in. None where that is not known."""
    since = link.out_since
    if since is None and link.kibo_updated_at is not None:
        since = link.kibo_updated_at - skew  # Kibo's date on the mailing service's clock
    if since is not None and link.written_at is not None:
        since = max(since, link.written_at)  # until then it may have been a call of ours
    if since is not None and began is not None:
        since = max(since, began)
    return since


def last_set(link: Link, skew: timedelta) -> datetime | None:
    """Return until when a flag was surely set, on the mailing service's clock: as it was last acted on."""
    return link.kibo_updated_at - skew if link.kibo_updated_at else None


def last_in(link: Link, skew: timedelta) -> datetime | None:
    """Return until when the person of an account was surely in, as far as anything tells."""
    return max((one for one in (link.out_after, last_set(link, skew)) if one is not None), default=None)
