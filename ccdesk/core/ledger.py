"""The ledger: what people stated about being mailed and what we did about it, in time order (design §8).

What was made between two moments comes where it was over at the latest: it was noticed then, and whatever was
seen to be otherwise in between was before it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ccdesk.core.statements import Author, How, Says, Side


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """One statement, or one command of ours; the fields are those of design §8's JSON.

    It was made between `at` and `until`: aware moments in UTC. `until` None: at exactly `at`. `at` is the
    earliest moment that is known to be possible; where none is, it is the same as the latest.
    `email` is the person as known at that time, `""` where only a keyed hash is left. `subject` is the
    account's id on the side of the shop, and the contact's on the side of mail, `""` where it is not known.
    `evidence` says in words what it was read from. `rule` is the rule a command follows, `""` for statements.
    `run`: the run that learned of it or did it; None where it is not known, or no run did.
    `outcome`: how a command ended (`core.intents.Ended`); `""` for statements of others.
    """

    at: datetime
    until: datetime | None
    email: str
    side: Side
    subject: str
    author: Author
    says: Says
    how: How
    evidence: str
    rule: str
    run: int | None
    outcome: str

    @property
    def latest(self) -> datetime:
        """The latest moment at which it may have been made: by that it is put in order."""
        return self.until or self.at

    @property
    def is_command(self) -> bool:
        """True for what ccdesk did or tried to do."""
        return bool(self.outcome)
