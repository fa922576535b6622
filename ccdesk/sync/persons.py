"""A person as both sides show them now: what links tell, and what was read since (docs/consent.md b4)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from ccdesk.consent.contact_reading import Look
from ccdesk.consent.model import Author, How, Person, Side, Statement
from ccdesk.consent.observe_mail import observe_contact
from ccdesk.consent.observe_shop import observe_account
from ccdesk.consent.window import instant
from ccdesk.core.drift import Sides
from ccdesk.core.models import Contact, Link, WriteBack
from ccdesk.sync.from_links import person_of
from ccdesk.sync.later import known_out
from ccdesk.sync.readings import Kept, account_reading, contact_reading, gone_contact


def as_shown(sides: Sides, kept: Kept) -> Person:
    """Return a person as both sides show them now; `sides.links` and `kept` are what is remembered."""
    links = [one for one in sides.links if one.email_key in ("", sides.key)]
    person = person_of(sides.key, links, sides.held, kept, sides.contact)
    for account in sides.accounts:
        person = observe_account(person, account_reading(account, kept.skew, kept.now))
    here = {one.id for one in sides.accounts}
    moved = [one for one in person.accounts if one.id not in here and not one.gone]
    for one in moved:
        person = person.with_account(replace(one, here=False))
    for link in sides.links:
        if link.customer_id in here and link not in links and link.pending is WriteBack.OPT_OUT:
            person = person.state(_inherited(link, kept))
    return _with_contact(person, sides.contact, links, kept)


def _inherited(link: Link, kept: Kept) -> Statement:
    """Return the opt-out of an account's former email: the link keeps that until the shop has been told."""
    window = instant(link.out_since or kept.now)
    author, subject = Author.UNKNOWN, str(link.customer_id)
    return Statement(0, Side.SHOP, subject, How.INHERITED, author, window, kept.now, moved=True)


def _with_contact(person: Person, contact: Contact | None, links: Sequence[Link], kept: Kept) -> Person:
    """Return the person after their contact was read, or was not there any more."""
    active, known = kept.policy.list_id, person.subscriber
    look = Look(active, frozenset({active} if kept.watched else ()))
    if contact is None:
        # By its email, too, where its id was not learned yet.
        if known is None or not (known.id or known.member(active)):
            return person
        return observe_contact(person, gone_contact(known.id, kept.now), look)
    reading = contact_reading(contact, active, kept.now)
    reading = replace(reading, lists=reading.lists & {active})  # of the others nothing is remembered
    if not _is_new(reading.signed_up, links, kept):
        reading = replace(reading, signed_up=None)
    return observe_contact(person, reading, look)


def _is_new(sign_up: datetime | None, links: Sequence[Link], kept: Kept) -> bool:
    """Say whether a sign-up is none from before the person was known as out: that one was reckoned with.

    While a removal is under way nothing is told by a membership, nor by what came with it.
    """
    if any(one.being_taken_off for one in links):
        return False
    outs = [one for one in links if one.kibo_opted_in is False or one.out_since is not None]
    dates = [known_out(one, kept.skew, kept.began) for one in outs]
    return sign_up is not None and all(
        date is not None and sign_up >= date.replace(microsecond=0) for date in dates
    )
