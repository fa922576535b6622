"""A person as the engine's store still knows them: links, marks and held opt-outs turned into statements.

The store keeps one state per account and the last word of each side. What a statement needs beyond that takes
the tightest window the store can prove; where a state records a conclusion of the engine ("asked", "left",
"came later"), the conclusion is the evidence. What is kept nowhere is missing here as well, and shows as a
difference of kind `STORE`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from ccdesk.consent.model import (
    Account,
    Act,
    Author,
    Command,
    Ended,
    How,
    Intent,
    Person,
    Policy,
    Side,
    Statement,
    Subscriber,
)
from ccdesk.consent.window import Window, between, instant, second_of
from ccdesk.core.limits import A_SECOND
from ccdesk.core.losses import LossKind
from ccdesk.core.models import Link, LinkState, Ownership, Permission, WriteBack
from ccdesk.core.ports.store import Store
from ccdesk.sync.standing_opt_outs import BY_STAFF, NEWCOMERS, is_cleared
from tests.shadow.readings import LONG_AGO, shop_window

OUT = (LinkState.UNSUBSCRIBED, LinkState.CONFIRMING, LinkState.ASKED_BEFORE)
_LOSS = {LossKind.LEFT: How.LEFT, LossKind.STAFF: How.UNSUBSCRIBED, LossKind.FLAG: How.FLAG_CLEARED}


@dataclass(frozen=True, slots=True)
class Kept:
    """What is common to all links of a person: the store, the policy, the clocks, and now."""

    store: Store
    policy: Policy
    skew: timedelta
    now: datetime


def person_of(key: str, kept: Kept) -> Person:
    """Return the person with this compared email, as far as the store keeps them."""
    links = kept.store.links.by_email(key)
    person = replace(
        Person(key),
        accounts=tuple(_account(one, key, kept) for one in links),
        subscriber=_contact(links, kept),
    )
    out = _mail_statements(links, kept)
    for one in sorted(out, key=lambda statement: statement.window.latest):
        person = person.state(one)
    if any(one.on_list and one.kibo_opted_in for one in links):  # back since whatever else a link remembers
        person = person.state(_back(links, kept))
    outs = [one.out_since for one in links if one.out_since is not None]
    for link in links:
        person = _word(person, link, kept, max(outs, default=None))
    return _held(person, links, kept)


def _account(link: Link, key: str, kept: Kept) -> Account:
    date = link.kibo_updated_at or LONG_AGO
    return Account(
        id=link.customer_id,
        opted_in=link.kibo_opted_in is True,
        version=date,
        updated=shop_window(date, kept.skew),
        read=instant(kept.now),
        known_since=kept.store.links.known_since(link.customer_id, key) or kept.now,
        active="not active" not in link.note,
        guest="guest account" in link.note,
        gone=link.state is LinkState.CLOSED,
    )


def _contact(links: Sequence[Link], kept: Kept) -> Subscriber | None:
    """Return the contact: its permission is kept only as far as a link's state tells it."""
    states = {one.state for one in links}
    if any(one.on_list and one.kibo_opted_in for one in links):
        states -= {*OUT, LinkState.CONTACT_DELETED, LinkState.HELD}  # back since then by another account
    number = next((one.contact_id for one in links if one.contact_id), "")
    on_list = any(one.on_list for one in links)
    if (
        not number
        and not on_list
        and not states & {*OUT, LinkState.LEFT_LIST, LinkState.CONTACT_DELETED, LinkState.HELD}
    ):
        return None
    permission = Permission.IMPLICIT
    if states & set(OUT):
        permission = Permission.UNSUBSCRIBED
    elif LinkState.HELD in states:
        permission = Permission.TEMP_HOLD
    return Subscriber(
        id=number,
        permission=permission,
        read=instant(kept.now),
        deleted=LinkState.CONTACT_DELETED in states,
        owned=any(one.ownership is Ownership.OWNED for one in links),
        lists=frozenset({kept.policy.list_id}) if on_list else frozenset(),
    )


def _mail_statements(links: Sequence[Link], kept: Kept) -> list[Statement]:
    """Return what the mail side stated: one of a kind, however many accounts remember it."""
    found: dict[How, Statement] = {}
    for link in links:
        for one in _stated(link, kept):
            known = found.get(one.how)
            if known is None or one.window.latest < known.window.latest:
                found[one.how] = one
    return list(found.values())


def _stated(link: Link, kept: Kept) -> list[Statement]:
    def mail(how: How, window: Window, author: Author = Author.PERSON, *, watched: bool = True) -> Statement:
        lists = frozenset({kept.policy.list_id})
        return Statement(0, Side.MAIL, link.contact_id, how, author, window, kept.now, lists, watched)

    said = []
    if link.state in OUT:
        staff = BY_STAFF in (link.pending_reason, link.note)
        date = link.opt_out_at or link.out_since
        window = second_of(date) if date is not None else Window(LONG_AGO, kept.now)
        said.append(mail(How.UNSUBSCRIBED, window, Author.STAFF if staff else Author.PERSON))
    if link.state is LinkState.LEFT_LIST or (link.state in NEWCOMERS and link.out_since is not None):
        left = between(link.out_after or LONG_AGO, link.out_since or kept.now)
        said.append(mail(How.LEFT, left))
    if link.state is LinkState.LEFT_OUT:
        said.append(mail(How.LEFT, Window(LONG_AGO, kept.now), Author.STAFF, watched=False))
    if link.state is LinkState.CONTACT_DELETED:
        said.append(mail(How.DELETED, Window(LONG_AGO, kept.now), Author.STAFF))
    if link.asked_at is not None:
        said.append(mail(How.ASKED, instant(link.asked_at), Author.US))
    if link.pending is WriteBack.OPT_IN:
        said.append(mail(How.SIGNED_UP, instant(kept.now)))
    return said


def _back(links: Sequence[Link], kept: Kept) -> Statement:
    contact = next((one.contact_id for one in links if one.contact_id), "")
    lists = frozenset({kept.policy.list_id})
    return Statement(0, Side.MAIL, contact, How.ADDED, Author.US, instant(kept.now), kept.now, lists)


def _word(person: Person, link: Link, kept: Kept, out: datetime | None) -> Person:
    """State the last word of an account, and what of it was answered."""
    if link.kibo_opted_in is None:
        return person
    answers = [one.number for one in person.statements if one.how in (How.UNSUBSCRIBED, How.LEFT)][-1:]
    ours = not link.kibo_opted_in and link.agreed is False and not is_cleared(link) and bool(answers)
    how = How.FLAG_SET if link.kibo_opted_in else How.FLAG_CLEARED
    if not link.kibo_opted_in and link.agreed is None and not link.may_be_there:
        how = How.SEEN_OFF
    statement = Statement(
        number=0,
        side=Side.SHOP,
        subject=str(link.customer_id),
        how=how,
        author=Author.US if ours else Author.UNKNOWN,
        window=_stated_in(link, kept, out),
        seen_at=kept.now,
        repeats=frozenset(answers) if ours else frozenset(),
    )
    person = person.state(statement)
    number = person.statements[-1].number
    if ours:
        return _did(person, Act.OPT_OUT, frozenset(answers), link.customer_id, kept)
    if how is How.FLAG_SET and link.on_list:
        return _did(person, Act.ADD, frozenset({number}), 0, kept)
    if how is How.FLAG_CLEARED and not link.on_list:
        return _did(person, Act.REMOVE, frozenset({number}), 0, kept)
    return person


def _stated_in(link: Link, kept: Kept, out: datetime | None) -> Window:
    """Return when the last word of an account was given, as narrow as the link's state proves.

    `out`: since when any account of the person is known as out.
    """
    latest = (link.kibo_updated_at - kept.skew) if link.kibo_updated_at else kept.now
    later = link.state in (LinkState.CONFIRMING, LinkState.ASKED_BEFORE, *NEWCOMERS)
    out = link.opt_out_at or out
    if later and out is not None:  # the engine has found it to be later than the opt-out
        return between(out + 2 * A_SECOND, max(latest, out + 2 * A_SECOND))
    cleared = link.out_after if is_cleared(link) else None
    return between(cleared or LONG_AGO, latest)


def _did(person: Person, act: Act, answers: frozenset[int], account: int, kept: Kept) -> Person:
    command = Command(act, kept.policy.list_id, answers, account)
    number = len(person.intents) + 1
    return person.with_intent(Intent(number, command, kept.now, kept.now, Ended.DONE))


def _held(person: Person, links: Sequence[Link], kept: Kept) -> Person:
    """Mark what the guard holds, and what staff called a mistake."""
    numbers = {one.customer_id for one in links}
    held: set[int] = set()
    dropped: set[int] = set()
    for loss in kept.store.losses.held():
        if loss.customer_id in numbers:
            found = {one.number for one in person.statements if one.how is _LOSS[loss.kind]}
            (dropped if loss.dropped else held).update(found)
    return replace(person, held=frozenset(held), dropped=frozenset(dropped))
