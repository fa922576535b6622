"""One contact as read, and on its way into a person."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from ccdesk.consent.model import Author, How, MailState, Person, Side, Statement, Subscriber
from ccdesk.consent.window import Window
from ccdesk.core.models import Permission

NOBODY = Subscriber("", Permission.UNKNOWN, Window(datetime.max, datetime.max))


@dataclass(frozen=True, slots=True)
class ContactReading(MailState):
    """One contact as read. `gone` only where it was asked for by id and the service knows none.

    `signed_up` is the date of an opt-in by the person, `opted_out` that of the opt-out; `by_person`: the
    service names the person as its source. `made_by_us`: created by the account, with the fields we send.
    `deleted_until`: the latest moment at which it was deleted, where the service shows a date of it.
    """

    id: str
    permission: Permission
    read: Window
    lists: frozenset[str] = frozenset()
    deleted: bool = False
    gone: bool = False
    readable: bool = True
    signed_up: datetime | None = None
    opted_out: datetime | None = None
    by_person: bool = True
    created: datetime | None = None
    updated: datetime | None = None
    made_by_us: bool = False
    deleted_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Look:
    """What is known about the lists at a reading: the active one, and those proven to exist after it.

    `last`: another list is about to be chosen, so no later look tells whether somebody waiting has left.
    """

    active: str
    existing: frozenset[str]
    last: bool = False


@dataclass
class Reader:
    """One accepted reading on its way into the person."""

    person: Person
    before: Subscriber
    first: bool
    reading: ContactReading
    look: Look
    seen: dict[str, datetime] = field(default_factory=dict)
    came: list[datetime] = field(default_factory=list)  # when they came back, by a call of ours or a sign-up

    def state(
        self,
        how: How,
        author: Author,
        window: Window,
        lists: frozenset[str] = frozenset(),
        *,
        watched: bool = True,
    ) -> None:
        """Write down what this reading says."""
        self.person = self.person.state(
            Statement(
                number=0,
                side=Side.MAIL,
                subject=self.reading.id or self.before.id,
                how=how,
                author=author,
                window=window,
                seen_at=self.reading.read.latest,
                lists=lists,
                watched=watched,
            )
        )
