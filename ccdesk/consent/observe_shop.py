"""What a reading of a shop account says: only here flags become statements (docs/consent.md b4)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from ccdesk.consent.journal import close, write_down
from ccdesk.consent.model import Account, Act, Author, Ended, How, Intent, Person, Side, Statement
from ccdesk.consent.window import Window, between


@dataclass(frozen=True, slots=True)
class AccountReading:
    """One account as read.

    `version` is the shop's own update date; the windows are on the mail service's clock. `set_at` is the date
    of the flag's last change, where the audit log was asked.
    """

    id: int
    email: str
    opted_in: bool
    version: datetime
    updated: Window
    created: Window
    read: Window
    active: bool = True
    guest: bool = False
    gone: bool = False
    readable: bool = True
    set_at: Window | None = None


def observe_account(person: Person, reading: AccountReading, looked: datetime | None = None) -> Person:
    """Return the person after an account of theirs was read.

    `looked` is the start, less the lag, of the last complete look before this one: until then the account was
    as that look, or an earlier reading, showed it. None where there was none, or it could not read this one.
    """
    known = person.account(reading.id)
    if known is None:
        return person if reading.gone or not reading.readable else _first_seen(person, reading, looked)
    if not reading.readable:
        return person.with_account(replace(known, readable=False))
    if reading.gone:
        return _gone(person, known, reading)
    if reading.version < known.version:
        return person
    person, explained = _verify(person, known, reading)
    if reading.opted_in != known.opted_in and not explained:
        person = person.state(_changed(person, known, reading, looked if known.readable else None))
    return person.with_account(_as_read(known, reading))


def _gone(person: Person, known: Account, reading: AccountReading) -> Person:
    """An account that is no more keeps its last word; a write to it can have no effect any more."""
    for intent in person.intents:
        if intent.open and intent.command.account == known.id:
            person = close(person, intent, Ended.VOID)
    return person.with_account(replace(known, gone=True, readable=True, read=reading.read))


def _first_seen(person: Person, reading: AccountReading, looked: datetime | None) -> Person:
    account = Account(
        id=reading.id,
        opted_in=reading.opted_in,
        version=reading.version,
        updated=reading.updated,
        read=reading.read,
        known_since=reading.read.latest,
        active=reading.active,
        guest=reading.guest,
    )
    earliest = reading.created.earliest
    if reading.opted_in and looked is not None:
        earliest = max(earliest, looked)
    window = reading.set_at or between(earliest, reading.updated.latest)
    how = How.FLAG_SET if reading.opted_in else How.SEEN_OFF
    return person.with_account(account).state(_statement(reading, how, window))


def _as_read(known: Account, reading: AccountReading) -> Account:
    return replace(
        known,
        opted_in=reading.opted_in,
        version=reading.version,
        updated=reading.updated,
        read=reading.read if reading.read.latest > known.read.latest else known.read,
        active=reading.active,
        guest=reading.guest,
        gone=False,
        readable=True,
    )


def _changed(person: Person, known: Account, reading: AccountReading, looked: datetime | None) -> Statement:
    bounds = [known.read.earliest, known.updated.earliest]
    bounds += [looked] if looked is not None else []
    bounds += [
        one.seen_at
        for one in person.statements
        if one.ours and one.side is Side.SHOP and one.subject == str(known.id)
    ]
    window = reading.set_at or between(max(bounds), min(reading.updated.latest, reading.read.latest))
    how = How.FLAG_SET if reading.opted_in else How.FLAG_CLEARED
    return _statement(reading, how, window)


def _statement(reading: AccountReading, how: How, window: Window) -> Statement:
    return Statement(
        number=0,
        side=Side.SHOP,
        subject=str(reading.id),
        how=how,
        author=Author.UNKNOWN,
        window=window,
        seen_at=reading.read.latest,
        evidence=f"updated {reading.version.isoformat()}",
    )


def _verify(person: Person, known: Account, reading: AccountReading) -> tuple[Person, bool]:
    """End the open writes to this account by what it shows; say whether they explain its flag."""
    explained = False
    for intent in person.intents:
        if intent.open and intent.command.account == known.id:
            person, explained = _verify_one(person, known, reading, intent)
    return person, explained


def _verify_one(
    person: Person, known: Account, reading: AccountReading, intent: Intent
) -> tuple[Person, bool]:
    wanted = intent.command.act is Act.OPT_IN
    moved = reading.version > known.version
    if reading.opted_in is wanted and moved:
        how = How.FLAG_SET if wanted else How.FLAG_CLEARED
        return write_down(person, intent, how, str(known.id), reading.read.latest), True
    if intent.lands_by is None or reading.read.earliest <= intent.lands_by:
        return person, False
    person = close(person, intent, Ended.VOID)
    if wanted and moved and not known.opted_in:
        # The opt-in may have landed and been taken back: the flag is off, and the account was written to.
        window = between(intent.begun, reading.updated.latest)
        return person.state(_statement(reading, How.FLAG_CLEARED, window)), True
    return person, False
