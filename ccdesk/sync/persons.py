"""A person as the sides show them now: what links tell, and what was read since (docs/consent.md b4)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from ccdesk.consent.contact_reading import Look
from ccdesk.consent.model import Author, How, Person, Side, Statement
from ccdesk.consent.observe_mail import observe_contact
from ccdesk.consent.observe_shop import AccountReading, observe_account
from ccdesk.consent.window import Window, between, instant
from ccdesk.core.drift import Sides
from ccdesk.core.losses import Held
from ccdesk.core.models import Contact, Customer, Link, LinkState, WriteBack
from ccdesk.sync.from_links import after_last_in, person_of
from ccdesk.sync.later import cleared_after, known_out, last_set
from ccdesk.sync.ownership import left_unseen
from ccdesk.sync.readings import LONG_AGO, Kept, account_reading, contact_reading, gone_contact
from ccdesk.sync.standing_opt_outs import has_left


def as_shown(sides: Sides, kept: Kept) -> Person:
    """Return a person as both sides show them now; `sides.links` and `kept` are what is remembered."""
    links = [one for one in sides.links if one.email_key in ("", sides.key)]
    kept = replace(kept, known=sides.known_since)
    person = _with_conclusions(person_of(sides.key, links, sides.held, kept, sides.contact), links)
    for account in sides.accounts:
        person = observe_account(person, account_reading(account, kept.skew, kept.now))
        person = _with_known(person, account.id, kept)
        own = next((one for one in links if one.customer_id == account.id), None)
        person = _with_clearing_dated(person, account, own, kept)
    here = {one.id for one in sides.accounts}
    moved = [one for one in person.accounts if one.id not in here and not one.gone]
    for one in moved:
        person = person.with_account(replace(one, here=False))
    for link in sides.links:
        if link.customer_id in here and link not in links and link.pending is WriteBack.OPT_OUT:
            person = person.state(_inherited(link, kept))
    return _with_contact(_with_own_leaving_lifted(person, links), sides.contact, links, kept)


def after_reading(
    account: AccountReading,
    contact: Contact | None,
    links: Sequence[Link],
    held: Iterable[Held],
    kept: Kept,
    looked: datetime | None = None,
    moved: Sequence[Link] = (),
) -> Person:
    """Return a person of whom one account and the contact were read; the other accounts are as remembered.

    `links`: all with the account's email, and the account's own; `moved`: see `person_of`. `looked`: the last
    complete look at the shop began then, less its lag, and did not show the account's flag set.
    """
    person = person_of(account.email, links, held, kept, contact, moved)
    person = observe_account(person, account, looked)
    own = next((one for one in links if one.customer_id == account.id), None)
    person = _with_word_dated(person, account, own, looked)
    person = _with_known(person, account.id, kept)
    return _with_contact(_with_own_leaving_lifted(person, links), contact, [*links, *moved], kept)


@dataclass(frozen=True, slots=True)
class OptOut:
    """An account whose flag was read as off, under the email by which it was known while its person was in.

    `link`: the account's own. `others`: the other accounts with that email, as just read, and `links` what is
    remembered by it. `moved`: links of those others that took the email after an opt-out under another.
    """

    account: Customer
    link: Link
    others: Sequence[Customer] = ()
    links: Sequence[Link] = ()
    moved: Sequence[Link] = ()

    def all_links(self, skew: timedelta) -> list[Link]:
        """Return what is remembered, the account's own last: its flag was surely set when last acted on.

        A look at Kibo notes a later moment where it can (`shop_changes`). It does not take off that what it
        shows is some minutes old, where the account's own update date is later than the look: else a second
        account which one look has shown would keep nobody on the list (design R1) until the next. What is
        left is a clearing that the look did not show yet, followed by another edit of that account: one that
        came in the same minutes would lift it.
        """
        link = self.link
        return [*self.links, replace(link, out_after=link.out_after or last_set(link, skew))]


def after_opt_out(read: OptOut, kept: Kept, contact: Contact | None = None) -> Person:
    """Return a person of whom an account opted out, their contact as remembered; `contact` dates what it can.

    An account that cannot be read keeps nobody on the list: once it can, its opt-in is acted on as a new one.
    A sign-up that Kibo has not been given yet is told by the contact with its date, and not by the links.
    """
    links = [
        replace(one, pending=WriteBack.NOTHING) if one.pending is WriteBack.OPT_IN else one
        for one in read.all_links(kept.skew)
    ]
    own = links[-1]
    person = _cleared(person_of(own.email_key, links, (), kept, contact), read.account, own, kept)
    readable = [one for one in read.others if one.readable]
    for account in readable:
        person = observe_account(person, account_reading(account, kept.skew, kept.now))
    for one in person.accounts:
        here = one.id == own.customer_id or any(one.id == account.id for account in readable)
        untold = one.known_since if one.id == own.customer_id else kept.now  # so it lifts nothing
        since = kept.known.get(one.id, untold)
        person = person.with_account(replace(one, here=here, known_since=since))
    for link in read.moved:
        person = person.state(_inherited(link, kept))
    return person


def after_opt_out_and_contact(read: OptOut, contact: Contact | None, kept: Kept) -> Person:
    """Return the same person after their contact was read; None: there is none, or not on the list."""
    person, links = after_opt_out(read, kept, contact), read.all_links(kept.skew)
    outs = [one for one in links if one.agreed is False or one.customer_id == read.account.id]
    return _with_contact(person, _without_our_sign_up(contact, read.link), links, kept, outs)


def _cleared(person: Person, account: Customer, own: Link, kept: Kept) -> Person:
    """State that the flag of an account was cleared, after its person was last surely in.

    Also of one whose removal is under way: its link may look like that of an opt-out which we carried.
    """
    reading, known = account_reading(account, kept.skew, kept.now), person.account(account.id)
    if known is not None:  # read by its number, it is as new as can be, whatever its date tells
        reading = replace(reading, version=max(reading.version, known.version))
    person = observe_account(person, reading)
    if not own.cleared_is_opt_out:
        return person
    known_off, latest = person.word(account.id), reading.updated.latest
    window, subject = between(min(after_last_in(own), latest), latest), str(account.id)
    person = person.state(
        Statement(0, Side.SHOP, subject, How.FLAG_CLEARED, Author.UNKNOWN, window, kept.now)
    )
    if known_off is None or own.out_since is None:
        return person  # nobody had acted on it to the end: no answer of staff's was about it
    again = {(one, person.statements[-1].number) for one, out in person.lifted if out == known_off.number}
    return replace(person, lifted=person.lifted | again)


def _without_our_sign_up(contact: Contact | None, own: Link) -> Contact | None:
    """Return the contact without a sign-up that may be our own call: one dated later than it is not."""
    if contact is None:
        return None
    contact, acted, written = replace(contact, update_source=""), contact.opt_in_at, own.written_at
    is_later = acted is not None and (written is None or acted > written) and not own.being_added
    return contact if is_later else replace(contact, opt_in_source="")


def _with_conclusions(person: Person, links: Sequence[Link]) -> Person:
    """Let an account that a run found in step stand against every opt-out that was acted on.

    That run knew them. When the account came tells against an opt-out that no run has acted on yet.
    """
    in_step = [one.customer_id for one in links if one.kibo_opted_in and one.state is LinkState.SYNCED]
    outs = (How.FLAG_CLEARED, How.INHERITED, How.LEFT, How.UNSUBSCRIBED)
    known = [one.number for one in person.statements if one.how in outs]
    pairs = {(account, number) for account in in_step for number in known}
    return replace(person, lifted=person.lifted | pairs)


def _with_clearing_dated(person: Person, account: Customer, own: Link | None, kept: Kept) -> Person:
    """Date a flag that was cleared since it was last acted on, as the next run will.

    The statement keeps its number: by that staff's *Add*, and what the guard holds, are known to be about it.
    """
    word = person.word(account.id)
    if own is None or not own.cleared_is_opt_out or word is None or word.how is not How.FLAG_CLEARED:
        return person
    after = cleared_after(own, account, kept.looked)
    looked = after - kept.skew if own.out_after is None and after is not None else LONG_AGO
    earliest = min(max(word.window.earliest, after_last_in(own), looked), word.window.latest)
    dated = replace(word, window=between(earliest, word.window.latest))
    statements = tuple(dated if one.number == word.number else one for one in person.statements)
    return replace(person, statements=statements)


def _with_known(person: Person, account: int, kept: Kept) -> Person:
    """Return the person with the date since when an account is known, where that is kept."""
    found, since = person.account(account), kept.known.get(account)
    if found is None or since is None:
        return person
    return person.with_account(replace(found, known_since=since))


def _with_word_dated(
    person: Person, account: AccountReading, own: Link | None, looked: datetime | None
) -> Person:
    """Date the flag of the account just read: by the audit log, or, where no run acted on it, by its account.

    Links do not keep when a flag was set that was only seen; it is no older than the account, nor than the
    last look that showed it off, and no newer than the account's last change. Nor was it acted on under this
    email where the account has just taken it: an opt-out that stands here may be older than the flag.
    """
    word = person.word(account.id)
    if word is None or word.how is not How.FLAG_SET or not account.opted_in:
        return person
    window = account.set_at
    if window is None:
        moved = own is not None and own.email_key not in ("", account.email)
        if own is None or (own.kibo_opted_in is True and not moved):
            return person
        earliest = max(word.window.earliest, account.created.earliest, looked or LONG_AGO)
        latest = account.updated.latest if moved else min(word.window.latest, account.updated.latest)
        window = between(earliest, latest)
    return person if window == word.window else person.state(replace(word, window=window))


def left_out(person: Person, contact: Contact | None, kept: Kept) -> Person:
    """State what staff said at the first export: who was not on the list then may have left it (§3a R2)."""
    active = kept.policy.list_id
    if contact is None or contact.is_mailed(active):
        return person
    ever, lists = Window(LONG_AGO, kept.now), frozenset({active})
    left = Statement(0, Side.MAIL, contact.id, How.LEFT, Author.STAFF, ever, kept.now, lists, watched=False)
    return person.state(left)


def _inherited(link: Link, kept: Kept) -> Statement:
    """Return the opt-out of an account's former email: the link keeps that until the shop has been told."""
    window = instant(link.out_since or kept.now)
    author, subject = Author.UNKNOWN, str(link.customer_id)
    return Statement(0, Side.SHOP, subject, How.INHERITED, author, window, kept.now, moved=True)


def _with_contact(
    person: Person,
    contact: Contact | None,
    links: Sequence[Link],
    kept: Kept,
    outs: Sequence[Link] | None = None,
) -> Person:
    """Return the person after their contact was read, or was not there any more.

    `outs`: the links that know of an opt-out, if not all may.
    """
    active, known = kept.policy.list_id, person.subscriber
    person = _with_unseen_leaving(person, contact, links, kept)
    look = Look(active, frozenset({active} if kept.watched else ()))
    if contact is None:
        # By its email, too, where its id was not learned yet.
        if known is None or not (known.id or known.member(active)):
            return person
        return observe_contact(person, gone_contact(known.id, kept.now), look)
    if any(one.on_list or one.being_taken_off for one in links):
        contact = replace(contact, update_source="")  # on the list, other changes of their own show as well
    reading = contact_reading(contact, active, kept.now)
    reading = replace(reading, lists=reading.lists & {active})  # of the others nothing is remembered
    if not _is_new(reading.signed_up, links if outs is None else outs, kept):
        reading = replace(reading, signed_up=None)
    return observe_contact(person, reading, look)


def _with_own_leaving_lifted(person: Person, links: Sequence[Link]) -> Person:
    """Let an account's opt-in lift a leaving that its link alone knows of: it was linked to who left.

    So it was known before, whatever the dates tell. A guest's checkout lifts nothing (design §3a R1).
    """
    knowing = [one for one in links if has_left(one)]
    if len(knowing) != 1 or knowing[0].state is not LinkState.LEFT_LIST:
        return person
    account = person.account(knowing[0].customer_id)
    if account is None or account.guest:
        return person
    pairs = {(account.id, one.number) for one in person.statements if one.how is How.LEFT}
    return replace(person, lifted=person.lifted | pairs)


def _with_unseen_leaving(
    person: Person, contact: Contact | None, links: Sequence[Link], kept: Kept
) -> Person:
    """State that somebody whom we were cut off adding was added, and left before anybody looked (b4)."""
    link = next((one for one in links if contact is not None and left_unseen(one, contact)), None)
    if link is None:
        return person
    window = between(link.written_at or LONG_AGO, kept.now)
    lists = frozenset({kept.policy.list_id})
    return person.state(
        Statement(0, Side.MAIL, link.contact_id, How.LEFT, Author.PERSON, window, kept.now, lists)
    )


def _is_new(sign_up: datetime | None, links: Sequence[Link], kept: Kept) -> bool:
    """Say whether a sign-up is none from before the person was known as out: that one was reckoned with.

    While a removal is under way nothing is told by a membership, nor by what came before it.
    """
    if sign_up is None or any(
        one.being_taken_off and (one.written_at is None or sign_up <= one.written_at) for one in links
    ):
        return False
    outs = [one for one in links if one.kibo_opted_in is False or one.out_since is not None]
    dates = [known_out(one, kept.skew, kept.began) for one in outs]
    return all(date is not None and sign_up >= date.replace(microsecond=0) for date in dates)
