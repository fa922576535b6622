"""Who suffers from a mistake of staff in the guard's world, and since when."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime

from tests.consent.world import START, History, MailState


@dataclass
class Victims:
    """Who suffers from a mistake that is not undone yet, now and at every moment before.

    `undone`: when some of a held mistake were put right while others were left. `harmed`: when we followed
    the mistake.
    """

    now: frozenset[str] = frozenset()
    since: datetime = START
    before: list[tuple[datetime, frozenset[str]]] = field(default_factory=list)
    undone: list[datetime] = field(default_factory=list)
    harmed: list[datetime] = field(default_factory=list)

    def become(self, at: datetime, emails: frozenset[str]) -> None:
        self.before.append((at, self.now))
        self.since = at if emails - self.now else self.since
        self.now = emails

    def suffered(self, email: str, start: datetime, end: datetime) -> bool:
        """Say whether somebody was a victim from one moment to another without a break."""
        began = START
        for until, emails in [*self.before, (datetime.max.replace(tzinfo=UTC), self.now)]:
            if until >= start and began <= end and email not in emails:
                return False
            began = until
        return True

    def shown(self, moment: datetime) -> list[frozenset[str]]:
        """Return what a reading between that moment and now may have shown."""
        return [self.now, *(emails for until, emails in self.before if until > moment)]


def is_on(state: MailState) -> bool:
    """Say whether somebody is mailed."""
    return state.good and "A" in state.lists


def was_on_all_the_time(history: History[MailState], start: datetime, end: datetime) -> bool:
    """Say whether somebody was mailed from one moment to another without a break."""
    first = history.at(start)
    later = [one for at, one in zip(history.times, history.states, strict=True) if start < at <= end]
    return first is not None and all(map(is_on, [first, *later]))
