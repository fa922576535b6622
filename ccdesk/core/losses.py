"""Opt-outs that come unusually many at once, and are held until a person answers (design R8, §3a R8)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from ccdesk.core.ports.waiting import Waiting

CARRIED_AFTER = timedelta(hours=24)
"""A held opt-out of the shop is carried after that: those people are still being mailed."""

POSTPONED_MOST = 2
"""So often “not now” restarts that time."""


class LossKind(StrEnum):
    """What is held. What a person stated themselves, by unsubscribing, never is."""

    FLAG = "flag"  # the flag was cleared in Kibo: still mailed, so carried after a day
    LEFT = "left"  # gone from the active list: not mailed any more, so these wait
    STAFF = "staff"  # unsubscribed in Constant Contact, and not by the contact: these wait as well


class Answer(StrEnum):
    """What a person has answered about somebody held."""

    NONE = ""
    DO_IT = "do_it"  # goes through in the next run
    MISTAKE = "mistake"  # to be dropped by the next run
    DROPPED = "dropped"  # taken for a mistake: nothing is done, and it is named while the two sides differ


class HeldAnswer(StrEnum):
    """The three answers to what is held."""

    DO_IT = "do"
    NOT_NOW = "later"
    MISTAKE = "mistake"


@dataclass(frozen=True, slots=True)
class Held:
    """One customer whose opt-out is held since `since`, or since “not now” restarted it."""

    customer_id: int
    kind: LossKind
    email: str
    email_key: str
    since: datetime
    postponed: int = 0
    answer: Answer = Answer.NONE

    @property
    def carried_at(self) -> datetime | None:
        """When it is carried if nobody answers; None: it waits."""
        return self.since + CARRIED_AFTER if self.kind is LossKind.FLAG else None

    @property
    def dropped(self) -> bool:
        """True if a person has called it a mistake."""
        return self.answer in (Answer.MISTAKE, Answer.DROPPED)


class Losses(Protocol):
    """What is held, and what was carried of late."""

    def held(self, kind: LossKind | None = None) -> list[Held]:
        """Return who is held, or was taken for a mistake, by kind and customer id."""

    def unanswered(self, kinds: Collection[LossKind], *, shown: int = 0) -> Waiting:
        """Return how many of these kinds are held and not answered, and name the first `shown`."""

    def hold(self, people: Iterable[Held]) -> None:
        """Hold customers; of one held before only what changed."""

    def let_go(self, kind: LossKind, customer_ids: Collection[int]) -> None:
        """Forget customers of that kind."""

    def forget_settled(self) -> None:
        """Forget those whose change is not in the queue any more, undone, or carried out."""

    def carry(self, kind: LossKind, keys: Collection[str], at: datetime) -> None:
        """Note people, by compared email, whose ordinary opt-out goes through now."""

    def carried(self, kind: LossKind, since: datetime) -> set[str]:
        """Return those carried since, and forget the older ones."""

    def young(self, keys: Sequence[str], since: datetime) -> set[str]:
        """Return those compared emails of whom no account was linked before that time."""

    def linked_before(self, since: datetime) -> int:
        """Count the people, by compared email, of whom an account was linked before that time."""
