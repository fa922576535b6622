"""Whether an account of the shop is a person's agreement to be mailed (design R1, R2)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from ccdesk.core.models import Customer, Link, LinkState, WriteBack
from ccdesk.core.words import marked

NOT_ACTIVE = marked("account is not active in Kibo")
GUEST = marked("guest account; guests are not exported (setting)")


def not_exported(customer: Customer, *, guests: bool) -> str:
    """Say why an account counts for nothing while it is as it is (design R2, setting `export_guests`)."""
    if not customer.is_active:
        return NOT_ACTIVE
    return GUEST if customer.is_anonymous and not guests else ""


def as_read(link: Link, account: Customer) -> Link:
    """Return the link with what its account is as read; one that cannot be read tells nothing.

    Nor does an older reading than the one acted on last: an export that goes on has them from before.
    """
    known, read = link.kibo_updated_at, account.updated_at
    if not account.readable or (known is not None and read is not None and read < known):
        return link
    if (link.active, link.guest) == (account.is_active, account.is_anonymous):
        return link
    return replace(link, active=account.is_active, guest=account.is_anonymous)


def as_remembered(link: Link, *, opted_in: bool) -> Customer:
    """Return an account as its link remembers it, with its flag as told."""
    return Customer(
        link.customer_id,
        link.email,
        opted_in,
        is_active=link.active,
        is_anonymous=link.guest,
        updated_at=link.kibo_updated_at,
    )


def remark(link: Link, account: Customer, *, guests: bool) -> str:
    """Return what people read on the link of an account that is opted in: why it counts for nothing.

    Once it counts again that goes; anything else that is noted stays.
    """
    if link.note not in ("", NOT_ACTIVE, GUEST):
        return link.note
    return not_exported(account, guests=guests)


def passed_over(link: Link | None, customer: Customer, reason: str) -> Link:
    """Return the link of an account that counts for nothing as it is.

    Email and consent stay as last acted on, for when it counts. Where nothing ever was, the email follows: by
    it an opt-out of the person finds the account (R1).
    """
    known = replace(as_read(link or Link(customer.id), customer), note=reason)
    acted_on = known.ownership or known.kibo_opted_in is not None or known.may_be_there or known.pending
    if acted_on:  # the flag may have been set while the account counted for nothing
        return known if known.kibo_opted_in else replace(known, seen_set=customer.accepts_marketing)
    moved = known.email_key != customer.email_key  # a contact of the former email was only seen
    return replace(
        known,
        email=customer.email,
        contact_id="" if moved else known.contact_id,
        on_list=known.on_list and not moved,
        kibo_updated_at=customer.updated_at,
        seen_set=customer.accepts_marketing,
    )


def wants_mail(customer: Customer, *, guests: bool) -> bool:
    """Say whether this account is a person's agreement to be mailed (design R1, R2)."""
    return customer.accepts_marketing and not not_exported(customer, guests=guests)


def agreed_on(link: Link, customer: Customer, written_at: datetime) -> Link:
    """Return the link of somebody whom we have put on the list: both sides agree, and no opt-out stands.

    Which contact that is, and how it looks, is the caller's to say.
    """
    return replace(
        as_read(link, customer),
        email=customer.email,
        state=LinkState.SYNCED,
        agreed=True,
        kibo_opted_in=True,
        kibo_updated_at=customer.updated_at,
        on_list=True,
        written_at=written_at,
        opt_out_at=None,
        out_since=None,
        undated=False,
        out_after=None,
        pending=WriteBack.NOTHING,
        pending_reason="",
        note="",
        passed_by=False,
    )
