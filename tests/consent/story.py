"""Stories told in readings, minute by minute: how the cases of docs/consent.md are written down."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from ccdesk.consent.decide import Decision, decide
from ccdesk.consent.journal import begin, close, landed
from ccdesk.consent.model import Act, Command, Ended, Intent, Person, Policy
from ccdesk.consent.moves import follow_words, move_account
from ccdesk.consent.observe_mail import ContactReading, Look, observe_contact
from ccdesk.consent.observe_shop import AccountReading, observe_account
from ccdesk.consent.window import Window, instant
from ccdesk.core.models import Permission

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
EMAIL = "ada@example.com"
LIST, OTHER = "list", "other"


def at(minute: float) -> datetime:
    """Return a moment, in minutes from noon."""
    return NOON + timedelta(minutes=minute)


class Story:
    """One person, read and decided about. Every reading is direct, and both services' clocks agree."""

    def __init__(self, *, welcome: bool = False, guests: bool = True) -> None:
        self.person = Person(EMAIL)
        self.policy = Policy(LIST, at(-10_000), welcome=welcome, guests=guests)
        self.looked: datetime | None = None

    # ---------------------------------------------------------------- readings

    def account(
        self,
        minute: float,
        *,
        on: bool,
        number: int = 1,
        changed: float | None = None,
        created: float | None = None,
        active: bool = True,
        guest: bool = False,
        gone: bool = False,
        readable: bool = True,
        email: str = EMAIL,
    ) -> AccountReading:
        """Read an account: the shop says that it was changed at `changed` (now, if not told)."""
        version = at(minute if changed is None else changed)
        made = at(created) if created is not None else version
        reading = AccountReading(
            number,
            email,
            on,
            version,
            instant(version),
            instant(made),
            instant(at(minute)),
            active=active,
            guest=guest,
            gone=gone,
            readable=readable,
        )
        self.person = observe_account(self.person, reading, self.looked)
        self.looked = at(minute)
        return reading

    def contact(
        self,
        minute: float,
        *lists: str,
        permission: Permission = Permission.IMPLICIT,
        deleted: bool = False,
        gone: bool = False,
        readable: bool = True,
        signed_up: float | None = None,
        opted_out: float | None = None,
        by_person: bool = True,
        created: float | None = None,
        made_by_us: bool = False,
        updated: float | None = None,
        deleted_until: float | None = None,
        lag: float = 0,
        existing: frozenset[str] = frozenset({LIST, OTHER}),
        last: bool = False,
    ) -> None:
        """Read the contact, from a list that may lag `lag` minutes where that is told."""
        reading = ContactReading(
            "c1",
            permission,
            Window(at(minute - lag), at(minute)),
            lists=frozenset(lists),
            deleted=deleted,
            gone=gone,
            readable=readable,
            signed_up=None if signed_up is None else at(signed_up),
            opted_out=None if opted_out is None else at(opted_out),
            by_person=by_person,
            created=None if created is None else at(created),
            made_by_us=made_by_us,
            updated=None if updated is None else at(updated),
            deleted_until=None if deleted_until is None else at(deleted_until),
        )
        self.person = observe_contact(self.person, reading, Look(self.policy.list_id, existing, last))

    def unsubscribed(self, minute: float, at_minute: float, **values: object) -> None:
        """Read the contact as unsubscribed at a minute."""
        self.contact(
            minute,
            permission=Permission.UNSUBSCRIBED,
            opted_out=at_minute,
            **values,  # type: ignore[arg-type]
        )

    # ---------------------------------------------------------------- decisions and commands

    def decide(self) -> Decision:
        """Decide, and remember what the decision settles."""
        decision = decide(self.person, self.policy)
        settled = self.person.settled | {(number, self.policy.list_id) for number in decision.settles}
        self.person = replace(self.person, settled=settled)
        return decision

    def acts(self) -> list[Act]:
        """Decide, and return what is to be done."""
        return [one.act for one in self.decide().commands]

    def begin(
        self, minute: float, *, job: bool = False, sign_up: bool = False, command: Command | None = None
    ) -> Intent:
        """Write down that the one command decided on is about to be sent."""
        if command is None:
            (command,) = self.decide().commands
        lands_by = None if job else at(minute + 2)
        self.person, intent = begin(self.person, command, at=at(minute), lands_by=lands_by, sign_up=sign_up)
        return intent

    def done(self, minute: float, *, sign_up: bool = False) -> None:
        """Carry out the one command on the mail side; the service says so."""
        intent = self.begin(minute, sign_up=sign_up)
        created = intent.command.act is Act.CREATE
        self.person = landed(self.person, intent, at=at(minute), contact_id="c1", created=created)

    def opted_out(self, minute: float) -> None:
        """Carry out the one command on the shop's side: the account shows it."""
        intent = self.begin(minute)
        self.account(minute + 0.1, on=False, number=intent.command.account)

    def refused(self, minute: float) -> None:
        """Send the one command; the service refuses it."""
        self.person = close(self.person, self.begin(minute), Ended.REFUSED)

    def job_ended(self, intent: Intent, minute: float) -> None:
        """Learn from the service when a job ended."""
        self.person = self.person.with_intent(replace(intent, lands_by=at(minute)))

    def in_step(self, minute: float = 0) -> None:
        """An account opted in, added by us, and seen on the list."""
        self.account(minute, on=True, changed=minute - 1)
        self.done(minute + 1)
        self.contact(minute + 2, LIST)


__all__ = ["EMAIL", "LIST", "NOON", "OTHER", "Story", "at", "follow_words", "move_account"]
