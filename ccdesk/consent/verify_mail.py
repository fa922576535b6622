"""How commands end on the mail side, by what the contact shows (docs/consent.md b4)."""

from __future__ import annotations

from datetime import datetime

from ccdesk.consent.contact_reading import ContactReading, Reader
from ccdesk.consent.journal import close, write_down
from ccdesk.consent.model import Act, Ended, How, Intent


def verify(reader: Reader) -> bool:
    """End the open commands by what the contact shows; return whether one is seen to have made it."""
    owned = False
    for intent in reader.person.intents:
        act = intent.command.act
        if not intent.open or act.writes_flag:
            continue
        if act is Act.ASK:  # whether it was sent cannot be seen: it is never asked for twice
            reader.person = write_down(
                reader.person, intent, How.ASKED, reader.before.id, reader.reading.read.latest
            )
        elif act is Act.REMOVE:
            _verify_removal(reader, intent)
        else:
            owned |= _verify_add(reader, intent)
    return owned


def _verify_removal(reader: Reader, intent: Intent) -> None:
    list_id = intent.command.list_id
    if list_id in reader.reading.memberships:
        _void_if_over(reader, intent)
        return
    reader.person = write_down(
        reader.person, intent, How.REMOVED, reader.before.id, reader.reading.read.latest
    )
    reader.seen.pop(list_id, None)


def _verify_add(reader: Reader, intent: Intent) -> bool:
    reading, list_id = reader.reading, intent.command.list_id
    ours = _made_in(reading, intent)
    if reading.read.latest < intent.begun:
        return False
    shows = list_id in reading.memberships
    if not (shows or ours or signed_up_in(reading.signed_up, intent) or _revived_in(reader, intent)):
        _void_if_over(reader, intent)
        return False
    reader.person = write_down(reader.person, intent, How.ADDED, reading.id, reading.read.latest)
    reader.seen[list_id] = intent.begun
    reader.came.append(intent.begun)
    return ours


def _void_if_over(reader: Reader, intent: Intent) -> None:
    """Take a command as without effect, once a reading lies after the last moment it could have landed."""
    if intent.lands_by is not None and reader.reading.read.earliest > intent.lands_by:
        reader.person = close(reader.person, intent, Ended.VOID)


def _lands_in(intent: Intent, date: datetime | None) -> bool:
    if date is None or date < intent.begun.replace(microsecond=0):
        return False
    return intent.lands_by is None or date <= intent.lands_by


def _made_in(reading: ContactReading, intent: Intent) -> bool:
    made = intent.command.act is Act.CREATE and not intent.sign_up and reading.made_by_us
    return made and _lands_in(intent, reading.created)


def signed_up_in(date: datetime | None, intent: Intent) -> bool:
    """Say whether a sign-up of that date is the work of this call of ours."""
    return intent.sign_up and intent.ended is not Ended.REFUSED and _lands_in(intent, date)


def _revived_in(reader: Reader, intent: Intent) -> bool:
    """Say whether a contact that is deleted was written to since our revival began: it was deleted again."""
    reading, before = reader.reading, reader.before
    again = intent.command.act is Act.REVIVE and reading.deleted and reading.updated != before.updated
    return again and reading.updated is not None and reading.updated >= intent.begun.replace(microsecond=0)
