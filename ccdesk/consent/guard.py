"""The guard: an unusual number of opt-outs at once is held until somebody answers (design §3a R8)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from ccdesk.consent.decide import Decision
from ccdesk.consent.model import Act, Author, How, Person, Side, Statement

SHARE = 0.20  # of the people linked for at least a week
LEAST = 25  # so many are never unusual
DAY = timedelta(hours=24)
REST = timedelta(hours=1)  # after a held loss was taken back: staff put people back in batches
RESTARTS = 2  # how often *not now* restarts the 24 hours
Key = tuple[str, int]  # a person's key, and the number of their statement


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
        return self.since + DAY * (1 + self.restarts)


@dataclass(frozen=True, slots=True)
class Memory:
    """What the guard remembers between runs: who is held, what was carried lately, what was taken back."""

    holds: Mapping[Key, Hold] = field(default_factory=dict)
    carried: tuple[tuple[Kind, bool, datetime], ...] = ()
    taken_back: Mapping[Kind, datetime] = field(default_factory=dict)
    allowed: frozenset[Key] = frozenset()


@dataclass(frozen=True, slots=True)
class Weighed:
    """Which opt-outs may be carried now, and the guard's memory afterwards."""

    carry: frozenset[Key]
    memory: Memory


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
    losses: Iterable[Loss], memory: Memory, *, linked: int, now: datetime, least: int = LEAST
) -> Weighed:
    """Weigh all opt-outs of a round anew, those held before among them, before any command is sent.

    `linked` counts the people linked for at least a week: fakes must not raise the limit.
    """
    found = {one.key: one for one in losses}
    memory = _forget(memory, found, now)
    limit = max(least, int(linked * SHARE))
    carry: set[Key] = set()
    for kind in Kind:
        mine = [one for one in found.values() if one.kind is kind]
        carry |= _weigh_kind(kind, mine, memory, limit, now)
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
    carried = memory.carried + tuple((kind, old, now) for _, kind, old in people)
    return Weighed(frozenset(carry), replace(memory, holds=holds, carried=carried, allowed=frozenset()))


def _forget(memory: Memory, found: Mapping[Key, Loss], now: datetime) -> Memory:
    """Note what was taken back since the last round, and drop what is more than a day old."""
    taken_back = dict(memory.taken_back)
    for key, hold in memory.holds.items():
        if key not in found:
            taken_back[hold.kind] = now
    carried = tuple(one for one in memory.carried if one[2] > now - DAY)
    return replace(memory, taken_back=taken_back, carried=carried)


def _weigh_kind(kind: Kind, losses: list[Loss], memory: Memory, limit: int, now: datetime) -> set[Key]:
    due = {
        one.key for one in losses if one.key in memory.allowed or _is_overdue(memory.holds.get(one.key), now)
    }
    weighed = [one for one in losses if one.key not in due]
    lately = [old for which, old, _ in memory.carried if which is kind]
    resting = now - memory.taken_back.get(kind, datetime.min.replace(tzinfo=now.tzinfo)) < REST
    ready = {one for one in weighed if one.looked and not (resting and one.key in memory.holds)}
    if _people(weighed) + len(lately) <= limit:
        return due | {one.key for one in ready}
    if _people(one for one in weighed if one.old) + sum(lately) > limit:
        return due
    return due | {one.key for one in ready if one.old}


def _people(losses: Iterable[Loss]) -> int:
    return len({one.key[0] for one in losses})


def _is_overdue(hold: Hold | None, now: datetime) -> bool:
    return hold is not None and hold.until is not None and now >= hold.until


def do_it(memory: Memory) -> Memory:
    """Let everything that is held now be carried; what comes later is weighed as before."""
    return replace(memory, allowed=memory.allowed | frozenset(memory.holds))


def not_now(memory: Memory, now: datetime) -> Memory:
    """Restart the 24 hours, at most twice."""
    holds = {
        key: replace(hold, restarts=min(RESTARTS, hold.restarts + 1)) for key, hold in memory.holds.items()
    }
    return replace(memory, holds=holds)


def a_mistake(memory: Memory) -> tuple[Memory, frozenset[Key]]:
    """Drop what is held: return its statements, to be remembered as dropped on their persons."""
    return replace(memory, holds={}), frozenset(memory.holds)
