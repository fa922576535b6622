"""A person as their links tell them, for the table of consent.

Links keep one state per account and the last word of each side. What a statement needs beyond that takes the
tightest window that a link proves; where a state records a conclusion of the engine ("asked", "left", "came
later"), the conclusion is the evidence. What is kept nowhere is missing here as well (docs/decisions/0008).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from ccdesk.consent.model import (
    Account,
    Act,
    Author,
    Command,
    Ended,
    How,
    Intent,
    Person,
    Side,
    Statement,
    Subscriber,
)
from ccdesk.consent.window import Window, between, instant, second_of
from ccdesk.core.limits import A_SECOND
from ccdesk.core.losses import Held, LossKind
from ccdesk.core.models import OPTED_OUT_THERE, Contact, Link, LinkState, Ownership, Permission, WriteBack
from ccdesk.sync.readings import LONG_AGO, Kept, shop_window
from ccdesk.sync.standing_opt_outs import BY_STAFF, NEWCOMERS, has_left, is_cleared

_EVER = datetime.min.replace(tzinfo=UTC)
_LATER = (LinkState.CONFIRMING, LinkState.ASKED_BEFORE, *NEWCOMERS)  # their opt-in came after the opt-out
_LOSS = {LossKind.LEFT: How.LEFT, LossKind.STAFF: How.UNSUBSCRIBED, LossKind.FLAG: How.FLAG_CLEARED}


def person_of(
    key: str,
    links: Sequence[Link],
    held: Iterable[Held],
    kept: Kept,
    contact: Contact | None = None,
    moved: Sequence[Link] = (),
) -> Person:
    """Return the person with this compared email, as far as these links of theirs tell.

    `contact` is as read now, if it was: where a link does not date an unsubscription, that does. `moved`:
    links that know the contact under another email; what they tell of it counts, their accounts do not.
    """
    telling = [*links, *moved]
    same = [one for one in telling if contact is None or one.contact_id in ("", contact.id)]
    accounts = tuple(_account(one, kept) for one in links)
    person = Person(key, accounts=accounts, subscriber=_contact(same, contact, kept))
    for statement in _mail_statements(telling, contact, kept):
        person = person.state(statement)
    if any(one.on_list and one.kibo_opted_in for one in telling):  # back since whatever else a link remembers
        person = person.state(_mail(telling[0], How.ADDED, instant(kept.now), kept, Author.US))
    outs = [one.window.latest for one in person.statements if one.how in (How.UNSUBSCRIBED, How.LEFT)]
    for link in links:
        person = _word(person, link, max(outs, default=LONG_AGO), kept)
    return _held(_lifted(person, links), telling, held)


def _account(link: Link, kept: Kept) -> Account:
    updated = shop_window(link.kibo_updated_at or LONG_AGO, kept.skew)
    by_state = kept.now if link.state in NEWCOMERS else _EVER
    return Account(
        id=link.customer_id,
        opted_in=_was_on(link),
        version=link.kibo_updated_at or LONG_AGO,
        updated=updated,
        read=updated,
        known_since=kept.known.get(link.customer_id, by_state),
        active=link.active,
        guest=link.guest,
        gone=link.state is LinkState.CLOSED,
    )


def _was_on(link: Link) -> bool:
    """Say whether an account's flag was on when it was last acted on, or seen while it counted for nothing.

    Also where the person may be on the list without our knowing: once it is off, that is an opt-out.
    """
    return link.kibo_opted_in is True or link.seen_set or link.passed_by or link.being_added


def _contact(links: Sequence[Link], contact: Contact | None, kept: Kept) -> Subscriber | None:
    """Return the contact: its permission is kept only as far as a link's state tells it."""
    states = {one.state for one in links}
    back = any(one.on_list and one.kibo_opted_in for one in links)
    # Of an account that does not agree, a link may show the person on the list though another knows better.
    on_list = back or (any(one.on_list for one in links) and not any(has_left(one) for one in links))
    if back:
        states -= {*OPTED_OUT_THERE, LinkState.CONTACT_DELETED, LinkState.HELD}  # back since then
    if any(_was_asked_since(asked, contact) for asked in (kept.asked, *(one.asked_at for one in links))):
        states.add(LinkState.CONFIRMING)
    number = next((one.contact_id for one in links if one.contact_id), "")
    telling = {*OPTED_OUT_THERE, LinkState.LEFT_LIST, LinkState.CONTACT_DELETED, LinkState.HELD}
    if not (number or on_list or states & telling):
        return None
    lists = frozenset({kept.policy.list_id} if on_list and kept.watched else ())
    return Subscriber(
        id=number or (contact.id if contact is not None else ""),
        permission=_permission(states),
        read=instant(LONG_AGO),
        deleted=LinkState.CONTACT_DELETED in states,
        owned=any(one.ownership is Ownership.OWNED for one in links),
        lists=lists,
        seen_on=tuple((name, LONG_AGO) for name in lists),
    )


def _permission(states: Collection[LinkState]) -> Permission:
    if any(one in OPTED_OUT_THERE for one in states):
        return Permission.UNSUBSCRIBED
    return Permission.TEMP_HOLD if LinkState.HELD in states else Permission.IMPLICIT


# ---------------------------------------------------------------- statements of the mail side


def _mail_statements(links: Sequence[Link], contact: Contact | None, kept: Kept) -> list[Statement]:
    """Return what the mail side stated: one of a kind, however many accounts remember it."""
    found: dict[How, Statement] = {}
    asked = [] if kept.asked is None or contact is None else [_asked_of(contact, kept.asked)]
    for one in (statement for link in (*links, *asked) for statement in _stated(link, contact, kept)):
        known = found.get(one.how)
        if known is None or one.window.latest < known.window.latest:
            found[one.how] = one
    named = next((one for one in links if one.state in NEWCOMERS), None)
    if named is not None and not found and not any(is_cleared(one) for one in links):
        return [_mail(named, How.LEFT, instant(LONG_AGO), kept)]  # the opt-out it came after is not told now
    return sorted(found.values(), key=lambda one: one.window.latest)


def _asked_of(contact: Contact, asked: datetime) -> Link:
    """Return what the journal tells of a contact: asked for whichever account, never to be asked again."""
    return Link(0, email=contact.email, contact_id=contact.id, asked_at=asked)


def _mail(
    link: Link, how: How, window: Window, kept: Kept, author: Author = Author.PERSON, *, watched: bool = True
) -> Statement:
    lists = frozenset({kept.policy.list_id})
    return Statement(0, Side.MAIL, link.contact_id, how, author, window, kept.now, lists, watched)


def _stated(link: Link, contact: Contact | None, kept: Kept) -> list[Statement]:
    """Return what one link remembers of the mail side, in the order in which it happened."""
    before, ever = instant(LONG_AGO), Window(LONG_AGO, kept.now)
    said = []
    if link.state is LinkState.ASKED_BEFORE:
        said.append(_mail(link, How.ASKED, before, kept, Author.US))
    if link.state in OPTED_OUT_THERE or _was_asked_since(link.asked_at, contact):
        author = Author.STAFF if BY_STAFF in (link.pending_reason, link.note) else Author.PERSON
        said.append(_mail(link, How.UNSUBSCRIBED, _unsubscribed_in(link, contact, kept), kept, author))
    if has_left(link):
        left = between(after_last_in(link), link.out_since or kept.now)
        said.append(_mail(link, How.LEFT, left, kept))
    if link.state is LinkState.LEFT_OUT:
        said.append(_mail(link, How.LEFT, ever, kept, Author.STAFF, watched=False))
    if link.state is LinkState.CONTACT_DELETED:
        said.append(_mail(link, How.DELETED, ever, kept, Author.STAFF))
    if link.state is not LinkState.ASKED_BEFORE and (link.asked_at or link.state is LinkState.CONFIRMING):
        said.append(_mail(link, How.ASKED, instant(link.asked_at or kept.now), kept, Author.US))
    if link.pending is WriteBack.OPT_IN:
        said.append(_mail(link, How.SIGNED_UP, instant(kept.now), kept))
    return said


def _was_asked_since(asked: datetime | None, contact: Contact | None) -> bool:
    """Say whether the confirmation was asked for after the very opt-out that the contact shows."""
    shown = contact.opt_out_at if contact is not None else None
    return asked is not None and shown is not None and shown <= asked


def _unsubscribed_in(link: Link, contact: Contact | None, kept: Kept) -> Window:
    """Return when somebody unsubscribed: a date that the contact shows is another act only if it is newer."""
    date = link.opt_out_at or link.out_since
    shown = contact.opt_out_at if contact is not None else None
    if shown is not None and (date is None or shown <= date):
        date = shown
    return second_of(date) if date is not None else Window(LONG_AGO, kept.now)


# ---------------------------------------------------------------- words of accounts


def _word(person: Person, link: Link, out: datetime, kept: Kept) -> Person:
    """State the last word of an account, and what of it was answered; `out`: when the person was out."""
    is_on = _was_on(link)
    if link.kibo_opted_in is None and not is_on:
        return person
    answers = frozenset(one.number for one in person.statements if one.how in (How.UNSUBSCRIBED, How.LEFT))
    ours = not is_on and link.agreed is False and not is_cleared(link) and bool(answers)
    how = How.FLAG_SET if is_on else How.FLAG_CLEARED
    if not is_on and link.agreed is None and not link.may_be_there:
        how = How.SEEN_OFF
    statement = Statement(
        number=0,
        side=Side.SHOP,
        subject=str(link.customer_id),
        how=how,
        author=Author.US if ours else Author.UNKNOWN,
        window=_set_in(link, out, kept) if is_on else _off_in(link, kept),
        # Set since, it is later than what the shop was given; off by itself before, that proves nothing.
        seen_at=LONG_AGO if ours and link.opt_out_at is None else kept.now,
        repeats=answers if ours else frozenset(),
    )
    person = person.state(statement)
    number = frozenset({person.statements[-1].number})
    if ours:
        return _did(person, Act.OPT_OUT, answers, link.customer_id, kept)
    if link.kibo_opted_in and link.on_list and kept.watched:
        return _did(person, Act.ADD, number, 0, kept)
    if how is How.FLAG_CLEARED and not link.on_list and not link.may_be_there:
        return _did(person, Act.REMOVE, number, 0, kept)
    return person


def _set_in(link: Link, out: datetime, kept: Kept) -> Window:
    """Return when a flag was set: acted on, it is older than whatever is known since, or was found later."""
    if link.state in _LATER:
        return instant(out + A_SECOND)
    return instant(LONG_AGO) if link.kibo_opted_in else Window(LONG_AGO, kept.now)


def _off_in(link: Link, kept: Kept) -> Window:
    """Return when a flag was switched off, or was off: a sign-up of the same second is later (`later`).

    It was no later than when we first knew, nor than the account's last change. What we have written since
    bounds what counts as a sign-up of the person (`persons`), not this.
    """
    changed = link.kibo_updated_at - kept.skew if link.kibo_updated_at is not None else None
    date = min((one for one in (link.out_since, changed) if one is not None), default=None)
    latest = kept.now if date is None else date.replace(microsecond=0) - timedelta(milliseconds=1)
    return between(after_last_in(link) if is_cleared(link) else LONG_AGO, latest)


def after_last_in(link: Link) -> datetime:
    """Return the earliest moment of an opt-out: at `out_after` the person was surely still in.

    An account seen by that very moment was known before.
    """
    return LONG_AGO if link.out_after is None else link.out_after + timedelta(microseconds=1)


def _did(person: Person, act: Act, answers: frozenset[int], account: int, kept: Kept) -> Person:
    command = Command(act, kept.policy.list_id, answers, account)
    number = len(person.intents) + 1
    return person.with_intent(Intent(number, command, _EVER, _EVER, Ended.DONE))


# ---------------------------------------------------------------- what staff answered


def _lifted(person: Person, links: Sequence[Link]) -> Person:
    """Note staff's *Add*: it lifts for its account what was known as an opt-out then (design §3a R1)."""
    outs = [one for one in person.statements if one.how in (How.LEFT, How.FLAG_CLEARED)]
    pairs = {
        (link.customer_id, out.number)
        for link in links
        for out in outs
        if link.added_at is not None and out.window.latest <= link.added_at
    }
    return replace(person, lifted=frozenset(pairs))


def _held(person: Person, links: Sequence[Link], held: Iterable[Held]) -> Person:
    """Mark what the guard holds, and what staff called a mistake."""
    numbers = {one.customer_id for one in links}
    waiting: set[int] = set()
    dropped: set[int] = set()
    for loss in (one for one in held if one.customer_id in numbers):
        found = {one.number for one in person.statements if one.how is _LOSS[loss.kind]}
        (dropped if loss.dropped else waiting).update(found)
    return replace(person, held=frozenset(waiting), dropped=frozenset(dropped))
