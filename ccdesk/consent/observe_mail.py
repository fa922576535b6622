"""What a reading of a contact says: only here contacts become statements (docs/consent.md b2, b4)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from ccdesk.consent.contact_reading import NOBODY, ContactReading, Look, Reader
from ccdesk.consent.model import Author, Ended, How, Person, Side, Subscriber
from ccdesk.consent.verify_mail import signed_up_in, verify
from ccdesk.consent.window import Window, between, second_of
from ccdesk.core.models import Permission

__all__ = ["ContactReading", "Look", "observe_contact"]


def observe_contact(person: Person, reading: ContactReading, look: Look) -> Person:
    """Return the person after their contact was read.

    A reading that cannot be put before or after what is known changes nothing; where it differs, the person
    is marked to be read again directly.
    """
    known = person.subscriber
    if not reading.readable:
        contact = known or replace(NOBODY, id=reading.id, read=reading.read)
        return replace(person, subscriber=replace(contact, readable=False))
    if known is None or not known.readable or _is_newer(reading.read, known.read):
        return replace(_accept(person, reading, look), unplaced=person.unplaced - {Side.MAIL})
    if known.read.surely_after(reading.read) or _shows_the_same(known, reading):
        return person
    return replace(person, unplaced=person.unplaced | {Side.MAIL})


def _is_newer(reading: Window, known: Window) -> bool:
    if reading.surely_after(known):
        return True
    direct = reading.earliest == reading.latest
    return direct and reading.earliest >= known.latest


def _shows_the_same(known: Subscriber, reading: ContactReading) -> bool:
    return (known.permission, known.deleted, known.gone, known.lists, known.signed_up) == (
        reading.permission,
        reading.deleted,
        reading.gone,
        reading.lists,
        reading.signed_up,
    )


def _accept(person: Person, reading: ContactReading, look: Look) -> Person:
    known = person.subscriber
    before = known or NOBODY
    reader = Reader(person, before, known is None, reading, look, dict(before.seen_on))
    owned = verify(reader)
    lost = _lost(reader)
    joined = _sign_up(reader)
    for name, since in lost:
        window = between(since, reading.read.latest)
        reader.state(How.LEFT, Author.PERSON, window, frozenset({name}), watched=name == look.active)
    if not joined:
        _gained(reader)
    _deletion(reader, joined=joined)
    _unsubscription(reader)
    return replace(reader.person, subscriber=_as_read(reader, owned=before.owned or owned))


def _as_read(reader: Reader, *, owned: bool) -> Subscriber:
    reading, before, seen = reader.reading, reader.before, reader.seen
    out = reading.deleted or reading.gone or reading.permission is Permission.UNSUBSCRIBED
    if out:
        seen = {}
    elif reading.good:
        seen = {name: at for name, at in seen.items() if name not in reader.look.existing}
        seen |= dict.fromkeys(reading.lists, reading.read.earliest)
    return Subscriber(
        id=reading.id or before.id,
        permission=before.permission if reading.gone else reading.permission,
        read=reading.read,
        deleted=reading.deleted,
        gone=reading.gone,
        owned=owned,
        lists=reading.lists,
        seen_on=tuple(sorted(seen.items())),
        signed_up=reading.signed_up or before.signed_up,
        updated=reading.updated,
    )


# ---------------------------------------------------------------- what others did


def _lost(reader: Reader) -> list[tuple[str, datetime]]:
    """Return the lists that were left since the last sight, with the moment of that sight."""
    if not (reader.reading.good or _waits_for_the_last_time(reader)):
        return []
    gone = [
        (name, at)
        for name, at in reader.seen.items()
        if name not in reader.reading.lists and name in reader.look.existing
    ]
    for name, _ in gone:
        del reader.seen[name]
    return gone


def _waits_for_the_last_time(reader: Reader) -> bool:
    """Say whether somebody who waits is looked at before another list is chosen (b4, list switch)."""
    reading = reader.reading
    out = reading.deleted or reading.gone or reading.permission is Permission.UNSUBSCRIBED
    return reader.look.last and not out


def _sign_up(reader: Reader) -> bool:
    """State a sign-up that is new; return whether there was one, ours or the person's."""
    date = reader.reading.signed_up
    if date is None or date == reader.before.signed_up:
        return False
    ours = any(signed_up_in(date, one) and one.ended is not Ended.VOID for one in reader.person.intents)
    author = Author.US if ours else Author.PERSON
    reader.came.append(date)
    reader.state(How.SIGNED_UP, author, second_of(date), reader.reading.lists)
    return True


def _gained(reader: Reader) -> None:
    """State that somebody else, and not by a sign-up, put the person on a list."""
    if reader.first:
        return
    added = {
        name
        for intent in reader.person.intents
        if intent.command.act.puts_on and intent.ended in (Ended.DONE, Ended.OPEN)
        for name in (intent.command.list_id,)
        if intent.begun >= reader.before.read.earliest
    }
    for name in sorted(reader.reading.memberships - reader.before.memberships - added):
        window = between(reader.before.read.earliest, reader.reading.read.latest)
        how = How.PUT_BACK if _is_held(reader.person, name) else How.PUT_ON
        reader.state(how, Author.STAFF, window, frozenset({name}))


def _is_held(person: Person, list_id: str) -> bool:
    """Say whether a leaving of that list was held or called a mistake: putting back answers it."""
    pending = person.held | person.dropped
    return any(one.number in pending and list_id in one.lists for one in person.statements)


def _deletion(reader: Reader, *, joined: bool) -> None:
    reading, before = reader.reading, reader.before
    if not (reading.deleted or reading.gone):
        return
    was = before.deleted or before.gone
    revived = _last(reader.person, How.ADDED) > _last(reader.person, How.DELETED)
    touched = reading.updated != before.updated and not reading.gone
    if was and not (joined or revived or touched):
        return  # the deletion that is known; whatever was written since then brought the contact back
    since = (reading.created or reading.read.latest) if reader.first else before.read.earliest
    since = max([since, *reader.came])
    dated = None if reading.gone else reading.deleted_until
    until = reading.read.latest if dated is None or dated < since else min(dated, reading.read.latest)
    reader.state(How.DELETED, Author.STAFF, between(since, until))


def _last(person: Person, how: How) -> int:
    return max((one.number for one in person.statements if one.how is how), default=0)


def _unsubscription(reader: Reader) -> None:
    reading = reader.reading
    if reading.gone or reading.permission is not Permission.UNSUBSCRIBED:
        return
    known = next((one for one in reversed(reader.person.statements) if one.how is How.UNSUBSCRIBED), None)
    still = reader.before.permission is Permission.UNSUBSCRIBED and known is not None
    date = reading.opted_out
    if still and known is not None and (date is None or known.window.earliest == date):
        return
    since = reading.read.earliest if reader.first else reader.before.read.earliest
    window = second_of(date) if date is not None else between(since, reading.read.latest)
    reader.state(How.UNSUBSCRIBED, Author.PERSON if reading.by_person else Author.STAFF, window)
