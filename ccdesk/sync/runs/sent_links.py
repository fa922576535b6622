"""The links of people an export has sent, by what the service shows of them afterwards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from ccdesk.core.exporting import Planned
from ccdesk.core.models import Contact, Customer, Link, LinkState, Ownership, WriteBack
from ccdesk.core.runs import Entry, Outcome
from ccdesk.sync.agreement import agreed_on
from ccdesk.sync.context import RunContext
from ccdesk.sync.mapping import fields_hash
from ccdesk.sync.observing import observing

NOT_ON_LIST = "Not on the list after it was sent to Constant Contact"


def followers(ctx: RunContext, absent: Sequence[Planned]) -> list[Link]:
    """Return the links of further accounts of people who are not on the list after they were sent.

    They counted as seen to with the account that was sent; now each is an opt-in that waits, so that the
    person is not forgotten if that account goes its own way.
    """
    by_email = ctx.store.links.by_emails([one.customer.email_key for one in absent])
    sent = {one.customer.id for one in absent}
    return [
        replace(link, kibo_opted_in=None, seen_set=True, note=f"{NOT_ON_LIST} as customer {one.customer.id}")
        for one in absent
        for link in by_email.get(one.customer.email_key, ())
        if link.customer_id not in sent and _only_follows(link)
    ]


def failed(ctx: RunContext, entries: Sequence[Entry]) -> list[Link]:
    """Return the links of people sent in vain: their opt-in was seen, and why it came to nothing."""
    reasons = {one.customer_id: one.reason for one in entries if one.outcome is Outcome.ERROR}
    links = ctx.store.links.many([number for number in reasons if number is not None])
    return [
        replace(link, seen_set=True, note=reasons[link.customer_id])
        for link in links.values()
        if link.kibo_opted_in is None
    ]


def _only_follows(link: Link) -> bool:
    quiet = link.pending is WriteBack.NOTHING and not link.may_be_there and not link.on_list
    return quiet and link.state is LinkState.SYNCED and link.kibo_opted_in is True


def seen_to_since(link: Link, customer: Customer, sent_at: datetime) -> str:
    """Say what another run saw to while the export lay still, "" if nothing: its link knows more than we do.

    Somebody it took off, or found out, is not on the list, or back on it by a later act: neither is news,
    least of all an opt-out or an opt-in. Where it followed a changed email, what we sent tells of the former
    only.
    """
    if link.written_at is None or link.written_at < sent_at:
        return ""
    if link.email_key != customer.email_key:
        return "email changed in Kibo after this was sent; its event saw to it"
    if link.kibo_opted_in is False and not link.may_be_there:
        return "opted out after this was sent; what is newer is decided with the customer's event"
    return ""


def out_since_sent(ctx: RunContext, link: Link, one: Planned, contact: Contact, sent_at: datetime) -> Link:
    """The link of somebody who unsubscribed or left after they were sent: pending like any opt-out."""
    known = confirmed(link, one.customer, contact, one.ownership, one.contact_id, sent_at)
    return observing(ctx)(contact, known).link


def confirmed(
    link: Link,
    customer: Customer,
    contact: Contact | None,
    ownership: Ownership,
    contact_id: str,
    sent_at: datetime,
    written: str = "",
) -> Link:
    """The link of somebody seen on the list after we put them there.

    Where only the email was seen, the contact's id is learned by the next poll (`plan_inbound`); until then a
    contact made since `sent_at` is taken for ours.
    """
    owned = ownership is Ownership.OWNED
    return replace(
        agreed_on(link, customer, sent_at),
        contact_id=contact.id if contact else contact_id,
        ownership=ownership,
        written_hash=written if owned else "",
        read_hash=fields_hash(contact) if owned and contact else "",
        begun=None,  # ended by this sight, see `people`
    )
