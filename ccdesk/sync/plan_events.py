"""What has changed about a customer since ccdesk last acted on it (design R3)."""

from __future__ import annotations

from enum import StrEnum

from ccdesk.core.models import Customer, Link, LinkState, WriteBack


class Change(StrEnum):
    """What changed about a customer since we last acted on it."""

    NOTHING = "nothing"
    OPTED_IN = "opted_in"
    OPTED_OUT = "opted_out"
    EMAIL = "email"


def what_changed(customer: Customer, link: Link | None) -> Change:
    """Compare the customer as read now with the link; anything but consent and email is NOTHING.

    Who may be on the list without our knowing has opted out like any other once the flag is off.
    """
    known_in = link is not None and link.kibo_opted_in is True
    if customer.accepts_marketing and not known_in:
        return Change.OPTED_IN
    if not customer.accepts_marketing:
        return Change.OPTED_OUT if link is not None and link.cleared_is_opt_out else Change.NOTHING
    if link is not None and (customer.email_key != link.email_key or _cut_off(link)):
        return Change.EMAIL
    return Change.NOTHING


def _cut_off(link: Link) -> bool:
    """Say whether we were cut off putting a new email on the list: it may not be there."""
    settled = link.on_list or link.pending is not WriteBack.NOTHING or link.state is not LinkState.SYNCED
    return link.may_be_there and not settled
