"""Which act of the person came later (design R3, R5). Where it cannot be told, the opt-out wins."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from ccdesk.core.limits import A_SECOND, KIBO_OVERLAP
from ccdesk.core.models import Contact, Customer, Link

_A_DAY = timedelta(days=1)
_ZONES = timedelta(hours=14)  # so far a local date may be from UTC's


def opt_in_is_later(
    *,
    contact: Contact,
    customer: Customer,
    link: Link | None,
    baseline: datetime | None,
    set_at: datetime | None = None,
    skew: timedelta = timedelta(0),
) -> bool | None:
    """Say whether the customer's opt-in in Kibo is later than the contact's opt-out; None: not known.

    Kibo stores no date of the opt-in, so it is boxed in: it happened after we last knew the customer as
    opted out (`link.kibo_updated_at`), after the last complete look that saw the flag off (`link.in_after`,
    design §3a R5), after the account was made, and after the first export if that did
    not see the customer (`baseline`); and not after the account's last update. `set_at` is the audit log's
    own answer and beats the box. `skew` is how far Kibo's clock is ahead of Constant Contact's.

    An opt-out that we wrote back to Kibo ourselves is older than any opt-in seen since, whatever the clocks
    say.
    """
    opted_out_at = contact.opt_out_at
    if link is not None and link.opt_out_at is not None and link.opt_out_at == opted_out_at:
        return True
    if opted_out_at is None:
        return None
    opted_out_at += skew
    if set_at is not None:
        return set_at > opted_out_at
    lower_bounds = [customer.created_at, baseline if link is None else None]
    if link is not None and link.kibo_opted_in is False:
        lower_bounds += [link.kibo_updated_at, _set_after(link, customer)]
    after = max((bound for bound in lower_bounds if bound is not None), default=None)
    if after is not None and after >= opted_out_at:
        return True
    if customer.updated_at is not None and customer.updated_at < opted_out_at:
        return False
    return None


def set_after(link: Link, customer: Customer, polled: datetime | None) -> datetime | None:
    """Return the earliest moment at which a flag that is seen set now may have been set (docs/consent.md b4).

    `polled`: when the last complete look began, which still saw it off. What a look shows is some minutes
    old, so it proves "off" until its beginning less that lag only. All on Kibo's clock.
    """
    looked = polled - KIBO_OVERLAP if polled is not None else None
    bounds = (link.kibo_updated_at, customer.created_at, looked)
    return max((one for one in bounds if one is not None), default=None)


def is_noted(link: Link) -> bool:
    """Say whether a look has noted since when at the earliest the flag is set, since we acted on it."""
    acted_on = link.kibo_updated_at
    return link.in_after is not None and (acted_on is None or link.in_after >= acted_on)


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
    try:
        day = datetime.fromisoformat(contact.deleted_at[:10]).replace(tzinfo=UTC)
    except ValueError:
        return contact.updated_at
    if contact.updated_at is not None and contact.updated_at >= day - _ZONES:
        return contact.updated_at + A_SECOND
    return day + _A_DAY + _ZONES


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
