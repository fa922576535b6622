"""Erasing a person on request (design §8): whom it means, what stays, and every file of the base dir."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ccdesk.core import files
from ccdesk.core.bundles import CALL_FILES, RUN_FILES
from ccdesk.core.errors import SettingsError
from ccdesk.core.models import OPTED_OUT_THERE, Link, LinkState, WriteBack
from ccdesk.core.ports.store import Store
from ccdesk.core.words import marked
from ccdesk.service.ledger import Named, named
from ccdesk.sync.context import EXPORT_OPEN

_OUT = (
    *OPTED_OUT_THERE,
    LinkState.LEFT_LIST,
    LinkState.LEFT_OUT,
    LinkState.UNDONE,
    LinkState.CONTACT_DELETED,
    LinkState.NEWCOMER,
    LinkState.NEWCOMER_LEFT,
)


@dataclass(frozen=True, slots=True)
class PersonToForget:
    """Whom a request to forget means, and what is to be known before.

    `opted_in`: Kibo showed one of their accounts opted in when it was last read, so they come back with the
    next run. `opted_out`: they are not to be mailed, of which a keyed hash stays.
    """

    key: str
    customer_ids: tuple[int, ...]
    opted_in: bool = False
    opted_out: bool = False


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What was done. `copies`: backups removed; `log_emptied`: see `ports.Store.compact`."""

    person: PersonToForget
    copies: int = 0
    log_emptied: bool = True


def look(store: Store, who: str) -> PersonToForget:
    """Return whom a text names, without changing anything.

    Raises:
        SettingsError: it is blank.

    """
    found: Named = named(store, who)
    known = store.links.many(found.customer_ids)
    ids = tuple(number for number in found.customer_ids if _is_of(found, number, known.get(number)))
    links = [known[number] for number in ids if number in known]
    opted_in = any(one.kibo_opted_in is True and one.state is not LinkState.CLOSED for one in links)
    return PersonToForget(found.key, ids, opted_in, is_opted_out(links))


def _is_of(found: Named, number: int, link: Link | None) -> bool:
    """Say whether an account is the person's; one that was forgotten is what keeps their opt-out."""
    if link is None:
        return number > 0
    return bool(link.email) and (not found.key or link.email_key == found.key)


def is_opted_out(links: Sequence[Link]) -> bool:
    """Say whether the person of these links is not to be mailed by what is known here.

    Not so where one of the accounts keeps them on the list (design R1). A deletion by staff and a leaving out
    count as well: forgotten, both would be lifted by an old opt-in (§3a R2).
    """
    if any(one.kibo_opted_in is True and one.on_list and one.state is LinkState.SYNCED for one in links):
        return False
    return any(
        one.agreed is False or one.pending is WriteBack.OPT_OUT or one.state in _OUT or one.being_taken_off
        for one in links
    )


def forget(store: Store, base: Path, who: str) -> Forgotten:
    """Erase a person from the store, the copies of the data file and the logs.

    Raises:
        Busy: a run is going on.
        SettingsError: nobody is named, or something about the person has been begun and is not done.

    """
    store.lease.acquire("forgetting a person")
    try:
        person = look(store, who)
        _check_nothing_is_open(store, person)
        emails = store.forget_person(person.key, person.customer_ids, opted_out=person.opted_out)
        emptied = store.compact()
        copies = _remove_copies(base)
        _scrub_logs(base, emails)
    finally:
        store.lease.release()
    return Forgotten(person, copies, emptied)


def _check_nothing_is_open(store: Store, person: PersonToForget) -> None:
    """See that no opt-out of the shop is under way, which would be forgotten with the person.

    Raises:
        SettingsError: one is, or an export that was cut short has the person.

    """
    if store.state.get(EXPORT_OPEN) and store.exports.many(person.customer_ids):
        raise SettingsError(
            marked("An export that is not finished has this person"),
            meaning=marked("What it sent would be lost sight of. Nobody was forgotten."),
            next_step=marked("Do the export to its end, then try again."),
            code="export_open",
        )
    on_list = [one for one in store.links.many(person.customer_ids).values() if one.on_list or one.begun]
    if any(store.queue.is_open(one.customer_id) or one.begun for one in on_list):
        raise SettingsError(
            marked("A change of this customer is not processed yet"),
            meaning=marked(
                "It may be an opt-out, which would be forgotten with the person. Nobody was forgotten."
            ),
            next_step=marked("Sync the changes, see to the entry if it needs attention, then try again."),
            code="change_open",
        )


def _remove_copies(base: Path) -> int:
    """Remove the backups of the data file and the records of runs: each holds everybody known then.

    Returns the number of backups.
    """
    backups = list(base.glob("*.bak"))
    for copy in [*backups, *base.glob(RUN_FILES), *base.glob(CALL_FILES)]:
        copy.unlink(missing_ok=True)
    return len(backups)


def _scrub_logs(base: Path, emails: Collection[str]) -> None:
    """Take the emails out of the logs, which should not hold them whole in the first place."""
    if not emails:
        return
    pattern = re.compile(b"|".join(re.escape(one.encode()) for one in emails), re.IGNORECASE)
    for path in base.glob("ccdesk.log*"):
        with suppress(FileNotFoundError):  # put aside just now
            content = files.read_private(path)
            if pattern.search(content):
                handle = files.open_private(path, os.O_WRONLY | os.O_TRUNC)
                with os.fdopen(handle, "wb") as file:
                    file.write(pattern.sub(b"<forgotten>", content))
