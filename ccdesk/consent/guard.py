"""The guard: an unusual number of opt-outs at once is held until somebody answers (design §3a R8)."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TypeVar

from ccdesk.consent.decide import Decision
from ccdesk.consent.model import Act, Author, How, Person, Side, Statement
from ccdesk.core.losses import CARRIED_AFTER, POSTPONED_MOST

PEOPLE = 25  # so many are never unusual
SHARE = 0.20  # nor is a smaller part of those linked for a week
NEW_FOR = timedelta(days=7)
SLOWLY = timedelta(hours=24)  # so far back what was carried counts: a list may be emptied in small parts
REST = timedelta(hours=1)  # staff put people back in parts: until then the rest waits
Key = tuple[str, int]  # a person's key, and the number of their statement
One = TypeVar("One", bound=Hashable)


class Kind(StrEnum):
    """What kind of opt-out it is; each is weighed by itself."""

    LEFT = "left"
    UNSUBSCRIBED_BY_STAFF = "unsubscribed_by_staff"
    FLAG_CLEARED = "flag_cleared"


@dataclass(frozen=True, slots=True)
class Loss:
    """One opt-out about to be carried. `old`: an account of the person has been linked for a week.

    `looked`: a complete look of its side shows it, or came after it.
    """

    key: Key
    kind: Kind
    old: bool = True
    looked: bool = True


@dataclass(frozen=True, slots=True)
class Hold:
    """Since when an opt-out is held, and how often *not now* was answered."""

    since: datetime
    kind: Kind
    restarts: int = 0

    @property
    def until(self) -> datetime | None:
        """When it is carried unanswered: after 24 hours where the person is still being mailed."""
        if self.kind is not Kind.FLAG_CLEARED:
            return None
        return self.since + CARRIED_AFTER * (1 + self.restarts)


@dataclass(frozen=True, slots=True)
class Carried:
    """One person whose opt-out of a kind was carried; `old` as in `Loss`."""

    kind: Kind
    person: str
    old: bool
    at: datetime


@dataclass(frozen=True, slots=True)
class Memory:
    """What the guard remembers between runs: who is held, who was carried lately, what was taken back."""

    holds: Mapping[Key, Hold] = field(default_factory=dict)
    carried: tuple[Carried, ...] = ()
    taken_back: Mapping[Kind, datetime] = field(default_factory=dict)
    allowed: frozenset[Key] = frozenset()


@dataclass(frozen=True, slots=True)
class Weighed:
    """Which opt-outs may be carried now, and the guard's memory afterwards."""

    carry: frozenset[Key]
    memory: Memory


@dataclass(frozen=True, slots=True)
class Scales:
    """What one kind of opt-out is weighed with: people by compared email.

    `linked` counts those linked for at least a week: fakes must not raise the limit. `young` are the others
    among those weighed, `carried` those whose opt-out went through within a day. `resting`: somebody held was
    taken back within the hour.
    """

    linked: int
    young: frozenset[str] = frozenset()
    carried: frozenset[str] = frozenset()
    resting: bool = False


def limit_of(linked: int, least: int | None = None) -> int:
    """Return how many people may opt out within a day before it is unusual."""
    return max(PEOPLE if least is None else least, int(linked * SHARE))


def unusual(
    losses: Mapping[One, str], known: Collection[One], scales: Scales, *, least: int | None = None
) -> set[One]:
    """Return which opt-outs of one kind are held: of new people first, all if the others alone are too many.

    `losses` give each one's person, without those that staff let go or that were held long enough; `known`
    are those held before. While the scales are resting none of these is released, however few remain and
    however many others come.
    """
    people, limit = {*losses.values()} | scales.carried, limit_of(scales.linked, least)
    held = {one for one in losses if scales.resting and one in known}
    if len(people) > limit:
        all_of_them = len(people - scales.young) > limit
        held |= {one for one, person in losses.items() if all_of_them or person in scales.young}
    return held


def losses_of(person: Person, decision: Decision) -> tuple[tuple[Statement, Kind], ...]:
    """Return the statements for which a decision takes consent away, of those that the guard weighs.

    Where both sides have an opt-out, nothing is called, but each counts for its kind: two mistakes, one on
    each side, would otherwise hide each other (docs/consent.md e3). What people stated themselves, an
    unsubscription of their own, is never held, nor what was answered or called a mistake before.
    """
    numbers = {
        number for one in decision.commands if one.act in (Act.REMOVE, Act.OPT_OUT) for number in one.answers
    }
    numbers |= _agreed(person, decision)
    found = ((one, _kind(one)) for one in person.statements if one.number in numbers)
    return tuple((one, kind) for one, kind in found if kind is not None)


def _agreed(person: Person, decision: Decision) -> frozenset[int]:
    """Return what both sides agree on and nobody has answered yet: of two sides, or held before."""
    answered = {number for number, _ in person.settled}
    for intent in person.done(Act.OPT_OUT, Act.REMOVE):
        answered |= intent.command.answers
    numbers = decision.agrees - answered - person.dropped
    agreed = [one for one in person.statements if one.number in numbers]
    if any(one.how is How.UNSUBSCRIBED and one.author is not Author.STAFF for one in agreed):
        return frozenset()
    sides = {one.side for one in agreed if _kind(one) is not None}
    return numbers if len(sides) == len(Side) else numbers & person.held


def _kind(one: Statement) -> Kind | None:
    if one.how is How.LEFT:
        return Kind.LEFT
    if one.how is How.UNSUBSCRIBED and one.author is Author.STAFF:
        return Kind.UNSUBSCRIBED_BY_STAFF
    if one.how is How.FLAG_CLEARED and not one.ours:
        return Kind.FLAG_CLEARED
    return None


def weigh(
    losses: Iterable[Loss], memory: Memory, *, linked: int, now: datetime, least: int | None = None
) -> Weighed:
    """Weigh all opt-outs of a round anew, those held before among them, before any command is sent.

    `linked` counts the people linked for at least a week.
    """
    found = {one.key: one for one in losses}
    memory = _forget(memory, found, now)
    carry: set[Key] = set()
    for kind in Kind:
        mine = [one for one in found.values() if one.kind is kind]
        carry |= _weigh_kind(kind, mine, memory, linked, now, least)
    # What is held of a person holds all of it: an opt-out of the one side is settled by that of the other.
    waiting = {name for name, _ in found.keys() - carry}
    held = {one.key[0] for one in found.values() if one.key not in carry and one.looked}
    carry = {key for key in carry if key[0] not in waiting}
    holds = {
        key: memory.holds.get(key) or Hold(now, one.kind)
        for key, one in found.items()
        if key[0] in held and one.looked
    }
    people = sorted({(key[0], found[key].kind, found[key].old) for key in carry})
    carried = memory.carried + tuple(Carried(kind, person, old, now) for person, kind, old in people)
    return Weighed(frozenset(carry), replace(memory, holds=holds, carried=carried, allowed=frozenset()))


def _forget(memory: Memory, found: Mapping[Key, Loss], now: datetime) -> Memory:
    """Note what was taken back since the last round, and drop what is more than a day old."""
    taken_back = dict(memory.taken_back)
    for key, hold in memory.holds.items():
        if key not in found:
            taken_back[hold.kind] = now
    carried = tuple(one for one in memory.carried if one.at > now - SLOWLY)
    return replace(memory, taken_back=taken_back, carried=carried)


def _weigh_kind(
    kind: Kind, losses: list[Loss], memory: Memory, linked: int, now: datetime, least: int | None
) -> set[Key]:
    """Return which opt-outs of a kind may be carried: one that no complete look shows waits for that."""
    due = {
        one.key for one in losses if one.key in memory.allowed or _is_overdue(memory.holds.get(one.key), now)
    }
    lately = [one for one in memory.carried if one.kind is kind]
    old = {one.key[0] for one in losses if one.old} | {one.person for one in lately if one.old}
    people = {one.key[0] for one in losses} | {one.person for one in lately}
    taken_back = memory.taken_back.get(kind)
    scales = Scales(
        linked,
        frozenset(people - old),
        frozenset(one.person for one in lately),
        resting=taken_back is not None and now - taken_back < REST,
    )
    weighed = {one.key: one.key[0] for one in losses if one.key not in due}
    held = unusual(weighed, memory.holds, scales, least=least)
    return due | {one.key for one in losses if one.looked and one.key in weighed.keys() - held}


def _is_overdue(hold: Hold | None, now: datetime) -> bool:
    return hold is not None and hold.until is not None and now >= hold.until


def do_it(memory: Memory) -> Memory:
    """Let everything that is held now be carried; what comes later is weighed as before."""
    return replace(memory, allowed=memory.allowed | frozenset(memory.holds))


def not_now(memory: Memory, now: datetime) -> Memory:
    """Restart the 24 hours, at most twice."""
    holds = {
        key: replace(hold, restarts=min(POSTPONED_MOST, hold.restarts + 1))
        for key, hold in memory.holds.items()
    }
    return replace(memory, holds=holds)


def a_mistake(memory: Memory) -> tuple[Memory, frozenset[Key]]:
    """Drop what is held: return its statements, to be remembered as dropped on their persons."""
    return replace(memory, holds={}), frozenset(memory.holds)
