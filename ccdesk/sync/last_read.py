"""One person as both sides were last read: what links, queue, guard and disagreements prove (design §8).

Nothing keeps the accounts and contacts themselves, so what they showed is told from what was remembered of
them. A link tells what was last *acted on*; what was read since, and waits, is told by the queue and by what
the guard holds. What was never read, or is not known any more, stays unknown: it is not guessed.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from ccdesk.core.drift import Sides
from ccdesk.core.intents import Act
from ccdesk.core.losses import Answer, Held, LossKind
from ccdesk.core.models import (
    OPTED_OUT_THERE,
    Contact,
    Customer,
    Link,
    LinkState,
    Permission,
    WriteBack,
)
from ccdesk.core.runs import EventStatus, QueuedEvent
from ccdesk.sync.agreement import as_remembered
from ccdesk.sync.later import is_noted

# An event of Kibo's and the account's date may name one change, so far apart.
_ONE_CHANGE = timedelta(seconds=5)
# A contact in good standing, though not on the list.
_OFF_LIST = (LinkState.LEFT_LIST, LinkState.LEFT_OUT, LinkState.UNDONE)
_WAITING = re.compile(r"waiting \((\w+)\)")  # what `plan_inbound` notes of a contact that is neither


@dataclass(frozen=True, slots=True)
class Remembered:
    """What the store holds of one person.

    `queued`: changes seen in Kibo that are not acted on yet. `put_back`: accounts named as put back on the
    list by others. `tried`: the last command that was begun for an account's change while that still waits in
    the queue: it tells how the flag was read. `left_behind`: the contact that we put on the active list under
    this email, for an account that has another one now; nothing is known to have taken it off. `known_since`:
    since when accounts are known under this email.
    """

    key: str
    links: tuple[Link, ...] = ()
    held: tuple[Held, ...] = ()
    queued: tuple[QueuedEvent, ...] = ()
    put_back: frozenset[int] = frozenset()
    tried: Mapping[int, Act] = field(default_factory=dict)
    left_behind: str = ""
    known_since: Mapping[int, datetime] = field(default_factory=dict)

    @property
    def mine(self) -> tuple[Link, ...]:
        """The links with this email, or with one that was forgotten: those of the others have moved on."""
        return tuple(one for one in self.links if one.email_key in ("", self.key))

    @property
    def parked(self) -> tuple[tuple[int, str], ...]:
        """Accounts whose change waits for a person, each with why."""
        waiting = (one for one in self.queued if one.status is EventStatus.PARKED)
        return tuple((one.object_id, one.error) for one in waiting)

    @property
    def dropped(self) -> bool:
        """True where an opt-out was called a mistake: nothing is owed for it."""
        return any(one.dropped for one in self.held)

    def flag(self, link: Link) -> bool | None:
        """Return the flag of an account as last read, None if that was never."""
        if self._seen_cleared(link):
            return False
        act = self.tried.get(link.customer_id)
        if act is None or act.writes_flag:
            return last_flag(link)
        return act is not Act.REMOVE

    def _seen_cleared(self, link: Link) -> bool:
        """Say whether the flag of an account was seen cleared, and that was not acted on yet.

        The guard holds that, or the look that put the change into the queue has noted it.
        """
        if not link.cleared_is_opt_out:
            return False
        number = link.customer_id
        if any(one.customer_id == number and _was_cleared(one) for one in self.held):
            return True
        return is_noted_cleared(link) and self.change_of(number) is not None

    def change_of(self, customer_id: int) -> QueuedEvent | None:
        """Return the newest change of an account that waits in the queue, None if none does."""
        waiting = [one for one in self.queued if one.object_id == customer_id]
        return max(waiting, key=lambda one: one.created_at, default=None)

    @property
    def untold(self) -> QueuedEvent | None:
        """The first change that waits and of which it is not known what it is; None if there is none."""
        links = {one.customer_id: one for one in self.mine}
        return next((one for one in self.queued if not self._is_told(one, links.get(one.object_id))), None)

    def _is_told(self, change: QueuedEvent, link: Link | None) -> bool:
        if link is None:
            return False
        last = link.kibo_updated_at
        acted_on = last is not None and last + _ONE_CHANGE >= change.created_at
        seen_set = link.kibo_opted_in is False and is_noted(link)
        return acted_on or change.object_id in self.tried or seen_set or self._seen_cleared(link)


def _was_cleared(held: Held) -> bool:
    return held.kind is LossKind.FLAG and held.answer is not Answer.DROPPED


def is_noted_cleared(link: Link) -> bool:
    """Say whether a look has noted that the flag of somebody in step is cleared.

    Of anybody else `out_after` may tell of an opt-out that is over.
    """
    settled = link.state is LinkState.SYNCED and link.pending is WriteBack.NOTHING
    return settled and link.kibo_opted_in is True and link.agreed is True and link.out_after is not None


def as_last_read(known: Remembered, list_id: str) -> Sides:
    """Return the person as both sides showed them when they were last acted on."""
    accounts = [account for one in known.mine if (account := _account(known, one)) is not None]
    contact = contact_of(known, list_id)
    return Sides(
        known.key, tuple(accounts), contact, known.links, known.held, known.parked, known.known_since
    )


def _account(known: Remembered, link: Link) -> Customer | None:
    """Return an account as last read; where its flag was seen changed since, with the date of that change."""
    flag, change = known.flag(link), known.change_of(link.customer_id)
    found = account_of(link, flag)
    if found is None or change is None or flag is link.kibo_opted_in:
        return found
    return replace(found, updated_at=max(filter(None, (found.updated_at, change.created_at))))


def account_of(link: Link, opted_in: bool | None) -> Customer | None:
    """Return the account as a link remembers it; None where it is gone, or its flag was never read."""
    if link.state is LinkState.CLOSED or opted_in is None:
        return None
    return as_remembered(link, opted_in=opted_in)


def last_flag(link: Link) -> bool | None:
    """Return the flag of an account as its link alone tells it."""
    if link.kibo_opted_in is not True and (link.seen_set or (link.in_after is not None and is_noted(link))):
        return True
    if link.kibo_opted_in is None and (link.added_at is not None or link.being_added):
        return True  # staff have just answered *Add*, or an add was begun: an opt-in it is about
    return link.kibo_opted_in


def contact_of(known: Remembered, list_id: str) -> Contact | None:
    """Return the contact as the links of its person remember it, with what decides; None if there was none.

    A permission is told only as far as it decides: `IMPLICIT` stands for any good standing.
    """
    links = known.mine
    states = {one.state for one in links}
    number = next((one.contact_id for one in links if one.contact_id), "")
    email = next((one.email for one in links if one.email), known.key)
    if is_member(known):
        return Contact(number or known.left_behind, email, _good(links), list_ids=frozenset({list_id}))
    if states & {*OPTED_OUT_THERE}:
        dated = (one for one in links if one.state in OPTED_OUT_THERE and not one.undated)
        since = [one.opt_out_at or one.out_since for one in dated]
        at = max((one for one in since if one is not None), default=None)
        return Contact(number, email, Permission.UNSUBSCRIBED, opt_out_at=at)
    if LinkState.HELD in states:
        return Contact(number, email, _good(links))
    there = number and LinkState.CONTACT_DELETED not in states
    return Contact(number, email, Permission.IMPLICIT) if there or states & {*_OFF_LIST} else None


def is_member(known: Remembered) -> bool:
    """Say whether the person was on the list when that was last read."""
    named = known.put_back & {one.customer_id for one in known.mine}
    return bool(named) or any(one.on_list for one in known.mine) or bool(known.left_behind)


def _good(links: Sequence[Link]) -> Permission:
    """Return the permission of somebody who is not out: what they wait for, where that was noted."""
    for one in links:
        noted = _WAITING.fullmatch(one.note) if one.state is LinkState.HELD else None
        if noted is not None and noted[1] in {*Permission}:
            return Permission(noted[1])
        if one.state is LinkState.HELD:
            return Permission.UNKNOWN
    return Permission.IMPLICIT


def is_begun(links: Collection[Link]) -> bool:
    """Say whether a command about the list was begun whose end is not known."""
    return any(one.begun is not None for one in links)
