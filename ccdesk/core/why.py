"""Why one person is mailed or not: what is asked about them, and the answer (design §8, `why`)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from ccdesk.core.ledger import LedgerEntry
from ccdesk.core.losses import Held
from ccdesk.core.runs import Entry, QueuedEvent, RunKind


@dataclass(frozen=True, slots=True)
class ShopView:
    """What the shop shows of a person, all accounts together.

    `opted_in`: whether the flag of any account is set; None where no account is known, or it was never read.
    `since`: since when at the latest that is so. `read_at`: the moment for which it is known.
    """

    opted_in: bool | None = None
    since: datetime | None = None
    read_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class MailView:
    """What Constant Contact shows of a person.

    `permission` is its `permission_to_send` (`core.models.Permission`), `""` where it is not known which;
    `on_list`: whether they are on the active list, None where that is not known.
    """

    permission: str = ""
    on_list: bool | None = None
    since: datetime | None = None
    read_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class AccountView:
    """One account of the person; `remark` says what makes it count for less than its flag says.

    `read`: it was asked for just now, else it is as last acted on.
    """

    customer_id: int
    email: str
    opted_in: bool | None
    remark: str = ""
    updated_at: datetime | None = None
    read: bool = False


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule of the sync: where it is written down (design §3), `""` where nowhere, and what it says."""

    number: str
    words: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the rules say of a person.

    `wants_mail`: whether they agreed to be mailed, None where that cannot be told. `in_step`: both sides show
    what they should. `by`: the rule it goes by, and `cell` the place in the table of consent (docs/consent.md
    b) where that was found, `""` where the table does not decide. `reason` is one sentence. `told`: False
    where a change waits that nobody has looked at.
    """

    wants_mail: bool | None
    should_be_on_list: bool
    in_step: bool
    by: Rule
    reason: str
    cell: str = ""
    told: bool = True

    @property
    def rule(self) -> str:
        """The rule with number, words and cell in one, for programs and support (design §8)."""
        words = f"{self.by.number}: {self.by.words}" if self.by.number else self.by.words
        return f"{words} ({self.cell})" if self.cell else words


@dataclass(frozen=True, slots=True)
class NextStep:
    """What happens next; `when` None: it waits for somebody, or it is not known when."""

    what: str
    when: datetime | None = None


@dataclass(frozen=True, slots=True)
class RunEntry:
    """What became of a person in one run, which ended at `at` (or began then, while it goes on)."""

    run_id: int
    kind: RunKind
    at: datetime
    entry: Entry

    @property
    def latest(self) -> datetime:
        """The moment by which it is put in order."""
        return self.at


@dataclass(frozen=True, slots=True)
class FoundPerson:
    """A person whom a search has found: their email, `""` if it was forgotten, and the accounts known.

    `name`: as Kibo has it, where it was asked; ccdesk keeps no names.
    """

    email: str
    customer_ids: tuple[int, ...] = ()
    name: str = ""


@dataclass(frozen=True, slots=True)
class FoundByName:
    """Whom Kibo has by a name; `is_all`: nobody else can have it, for so many that not all were read."""

    people: tuple[FoundPerson, ...] = ()
    is_all: bool = True


@dataclass(frozen=True, slots=True)
class Why:
    """The whole answer about one person.

    `live`: both sides were read just now. `timeline` is in time order, oldest first; `shortened` says that
    older moments than those are kept as well.
    """

    known: bool
    email: str
    customer_ids: tuple[int, ...]
    contact_id: str
    shop: ShopView
    mail: MailView
    verdict: Verdict
    next: NextStep | None = None
    timeline: tuple[LedgerEntry | RunEntry, ...] = ()
    accounts: tuple[AccountView, ...] = ()
    live: bool = False
    shortened: bool = False


class People(Protocol):
    """What is kept of single people, found by index in a store of any size."""

    def accounts_of(self, key: str) -> list[int]:
        """Return the ids of the accounts that have this compared email, or had it, ascending."""

    def entries_of(
        self, customer_ids: Collection[int], emails: Collection[str], limit: int
    ) -> list[RunEntry]:
        """Return the newest entries of runs about these accounts, or about no account and one of the emails.

        Oldest first.
        """

    def queued(self, customer_ids: Collection[int]) -> list[QueuedEvent]:
        """Return the entries of the queue about these accounts that are not processed, oldest first."""

    def held(self, customer_ids: Collection[int]) -> list[Held]:
        """Return which of these accounts the guard holds, or were taken for a mistake (design R8)."""

    def find(self, text: str, limit: int) -> Sequence[FoundPerson]:
        """Return people for a search while somebody types: a customer id, or an email or part of it.

        Emails that begin with the text come first. Emails that only contain it are looked for among a
        bounded number, so that the answer comes at once in a store of any size.
        """
