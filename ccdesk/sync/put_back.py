"""Customers who opted out and whom somebody else has put back on the list (design §3a, Disagreement).

Staff import an old spreadsheet, and people who had opted out are mailed again. Nobody can tell whether they
have agreed anew, so ccdesk does not fight it: they are named, once in the run that sees it and as *needs you*
until they are off the list or opted in again. A sign-up of the person's own is none of this (`plan_inbound`).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from ccdesk.core.limits import MAIL_OVERLAP
from ccdesk.core.models import Contact, Link, LinkState, WriteBack
from ccdesk.core.runs import Entry, Outcome, RunKind
from ccdesk.core.words import marked
from ccdesk.sync.context import RunContext
from ccdesk.sync.item_errors import ITEM_ERRORS
from ccdesk.sync.plan_inbound import UNPROVEN, is_from_before
from ccdesk.sync.standing_opt_outs import NEWCOMERS

PUT_ON_BY_OTHERS = marked(
    "opted out, but put back on the list in Constant Contact, not by their own act: left as it is, and mailed"
)
_ASKED_DIRECTLY = 40  # of one page; more are named by a later look


@dataclass(slots=True)
class Sightings:
    """What a page of contacts showed: who is there though they opted out, and who is not any more."""

    there: list[tuple[Contact, Link]] = field(default_factory=list)
    settled: list[int] = field(default_factory=list)
    told: set[int] = field(default_factory=set)  # customers whom the run has an entry of already

    def add(self, contact: Contact | None, links: Collection[Link], list_id: str) -> None:
        """Take in one person: their contact as read, and all their links as observed by it."""
        named = put_back(contact, links, list_id)
        if contact is not None:
            self.there += [(contact, link) for link in named]
        self.settled += [link.customer_id for link in links if link not in named]

    def add_one(self, contact: Contact | None, link: Link, links: Collection[Link], list_id: str) -> None:
        """Take in one account of a person, whose links are `links`."""
        if contact is not None and link in put_back(contact, links, list_id):
            self.there.append((contact, link))
        else:
            self.settled.append(link.customer_id)


def put_back(contact: Contact | None, links: Collection[Link], list_id: str) -> list[Link]:
    """Return those links of one person whose opt-out stands though the person is on the list.

    None while an account of theirs keeps them there, or may: it agrees, is being added, or is about to be
    opted in because the person signed up.
    """
    if contact is None or not contact.is_mailed(list_id):
        return []
    if any(_agrees(one) for one in links):
        return []
    return [one for one in links if is_opted_out(one)]


def is_opted_out(link: Link) -> bool:
    """Say whether an opt-out stated in this account, or carried to it, is dealt with on both sides."""
    settled = link.pending is WriteBack.NOTHING and not link.may_be_there and link.state not in NEWCOMERS
    return settled and link.kibo_opted_in is False and link.agreed is False


def _agrees(link: Link) -> bool:
    if link.pending is WriteBack.OPT_IN or link.being_added:
        return True
    return link.kibo_opted_in is True and link.state not in (LinkState.CLOSED, *NEWCOMERS)


def note_put_back(ctx: RunContext, seen: Sightings) -> None:
    """Name those who are new, and forget those who are settled; the run has an entry of each new one."""
    known = ctx.store.disagreements.among([link.customer_id for _, link in seen.there] + seen.settled)
    new = [(contact, link) for contact, link in seen.there if link.customer_id not in known]
    surely = _surely_there(ctx, new)
    over = known.intersection(seen.settled)
    if not surely and not over:
        return
    entries = [
        Entry(link.customer_id, link.email, Outcome.SKIPPED, reason_of(contact, link))
        for contact, link in surely
        if link.customer_id not in seen.told
    ]
    with ctx.store.transaction():
        ctx.store.disagreements.name([link.customer_id for _, link in surely], ctx.mail_now())
        ctx.store.disagreements.settle(over)
        if ctx.run.kind is not RunKind.EXPORT:  # that tells of those it read only, once each (R2)
            ctx.record(entries)


def reason_of(contact: Contact, link: Link) -> str:
    """Say that others put the person back, unless it may have been a sign-up after the opt-out."""
    theirs = contact.opt_in_source == "Contact" and not is_from_before(contact, link)
    return UNPROVEN if theirs else PUT_ON_BY_OTHERS


def _surely_there(ctx: RunContext, new: Sequence[tuple[Contact, Link]]) -> list[tuple[Contact, Link]]:
    """Return those whose person is on the list: a listing may lag behind a removal of ours (§10).

    So a contact who was taken off a short while ago is read directly.
    """
    late = ctx.mail_now() - MAIL_OVERLAP
    fresh = [pair for pair in new if pair[1].written_at is not None and pair[1].written_at > late]
    found = [pair for pair in new if pair not in fresh]
    for contact, link in fresh[:_ASKED_DIRECTLY]:
        ctx.check_cancel()
        try:
            now = ctx.mail.get(contact.id)
        except ITEM_ERRORS as error:
            ctx.tolerate_item_error(error)
            continue
        ctx.answered()
        found += [(now, link) for _ in put_back(now, [link], ctx.settings.list_id) if now is not None]
    return found


def links_of(ctx: RunContext, link: Link) -> list[Link]:
    """Return the links that tell whether an account's person is put back; this one as it is observed now.

    Accounts with the email that its contact was given since may keep that contact on the list as well.
    """
    if not is_opted_out(link):
        return [link]
    others = ctx.store.links.by_email(link.email_key) if link.email_key else []
    others += ctx.store.links.by_contacts([link.contact_id]).get(link.contact_id, [])
    return [link, *(one for one in others if one.customer_id != link.customer_id)]
