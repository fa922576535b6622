"""Welcome emails that wait for an answer, because unusually many would be sent at once (design §3a R3)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class WelcomeAnswer(StrEnum):
    """What a person has answered about those who wait."""

    NONE = ""
    SEND = "send"
    WITHOUT = "without"  # they are put on the list, and get no welcome email


@dataclass(frozen=True, slots=True)
class Question:
    """How many people wait, since when, and up to which of Kibo's update dates the answer is theirs."""

    count: int = 0
    since: datetime | None = None
    until: datetime | None = None
    answer: WelcomeAnswer = WelcomeAnswer.NONE

    def answers(self, changed: datetime) -> bool:
        """Say whether the answer is about a change of that date; one that came later is weighed anew."""
        return self.answer is not WelcomeAnswer.NONE and self.until is not None and changed <= self.until
