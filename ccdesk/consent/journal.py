"""How a command ends: what its answer, or what is seen afterwards, says about it (docs/consent.md b3, b4)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from ccdesk.consent.model import (
    Act,
    Author,
    Command,
    Ended,
    How,
    Intent,
    Person,
    Side,
    Statement,
    Subscriber,
)
from ccdesk.consent.window import Window, instant
from ccdesk.core.models import Permission


def begin(
    person: Person, command: Command, *, at: datetime, lands_by: datetime | None, sign_up: bool = False
) -> tuple[Person, Intent]:
    """Write down that a command is about to be sent; to be stored before the call is made."""
    number = max((one.number for one in person.intents), default=0) + 1
    intent = Intent(number, command, at, lands_by, sign_up=sign_up)
    return person.with_intent(intent), intent


def close(person: Person, intent: Intent, ended: Ended) -> Person:
    """Note how a command ended that left nothing to see: refused, or without effect."""
    return person.with_intent(replace(intent, ended=ended))


def answered(person: Person, intent: Intent) -> Window | None:
    """Return the window of the last statement that a command answers: our write is as old as that."""
    answers = [one for one in person.statements if one.number in intent.command.answers]
    return answers[-1].window if answers else None


def write_down(person: Person, intent: Intent, how: How, subject: str, seen_at: datetime) -> Person:
    """Close a command as done, and state what it wrote with the window of what it answers."""
    person = person.with_intent(replace(intent, ended=Ended.DONE))
    side = Side.SHOP if intent.command.act.writes_flag else Side.MAIL
    window = answered(person, intent) or instant(intent.begun)
    statement = Statement(
        number=0,
        side=side,
        subject=subject,
        how=how,
        author=Author.US,
        window=window,
        seen_at=seen_at,
        lists=frozenset({intent.command.list_id}),
        repeats=intent.command.answers,
    )
    return person.state(statement)


def landed(
    person: Person, intent: Intent, *, at: datetime, contact_id: str = "", created: bool = False
) -> Person:
    """Take a command on the mail side as done: the service said so at `at`, in its answer.

    `contact_id` is the contact's id where the answer tells it; `created`: it says that it made a new contact,
    which is the proof that the contact is ours.
    """
    act = intent.command.act
    known = person.subscriber or Subscriber(contact_id, Permission.IMPLICIT, instant(at))
    if act is Act.ASK:
        return write_down(person, intent, How.ASKED, known.id, at)
    list_id = intent.command.list_id
    seen = {name: moment for name, moment in known.seen_on if name != list_id}
    if act.puts_on:
        seen[list_id] = at
        lists, how = known.lists | {list_id}, How.ADDED
    else:
        lists, how = known.lists - {list_id}, How.REMOVED
    contact = replace(
        known,
        id=contact_id or known.id,
        permission=Permission.EXPLICIT if intent.sign_up else known.permission,
        lists=lists,
        seen_on=tuple(seen.items()),
        read=instant(at),
        deleted=False if act.puts_on else known.deleted,
        gone=False,
        owned=known.owned or created,
    )
    return write_down(replace(person, subscriber=contact), intent, how, contact.id, at)
