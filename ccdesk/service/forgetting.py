"""Erasing a person on request (design §8): whom it means, what stays, and every file of the base dir."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from ccdesk.core import files
from ccdesk.core.bundles import RECORDS_REMOVED, RUN_FILES
from ccdesk.core.clock import SKEW, kept_skew
from ccdesk.core.errors import CcdeskError, NotFound, SettingsError
from ccdesk.core.models import OPTED_OUT_THERE, Customer, Link, LinkState, WriteBack
from ccdesk.core.ports.recording import Erased, Recording
from ccdesk.core.ports.shop import Shop
from ccdesk.core.ports.store import Store
from ccdesk.core.words import marked
from ccdesk.service.ledger import Named, named
from ccdesk.sync.later import known_out
from ccdesk.sync.sensors.shop_changes import event_for
from ccdesk.sync.state_names import EXPORT_OPEN, INBOUND_BEGAN

_ENTRIES = 100_000  # looked through for the runs that were about a person
_NOTED = 100  # runs whose records were removed
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
    next run. `opted_out`: they are not to be mailed, of which a keyed hash stays. `known`: the data file has
    something about them. `in_files`: it has nothing, but a log, a backup or a copy of it names the email.
    """

    key: str
    customer_ids: tuple[int, ...]
    opted_in: bool = False
    opted_out: bool = False
    known: bool = True
    in_files: bool = False


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What was done. `copies`: backups removed; `log_emptied`: see `ports.Store.compact`.

    `records`: runs that can no longer be done again for support, because the record was about the person.
    `shop_asked` False: Kibo could not be asked whether somebody on the list has opted out there meanwhile.
    """

    person: PersonToForget
    copies: int = 0
    log_emptied: bool = True
    records: tuple[int, ...] = ()
    shop_asked: bool = True


def look(store: Store, base: Path, who: str) -> PersonToForget:
    """Return whom a text names, without changing anything.

    Raises:
        SettingsError: it is blank.

    """
    return _look(store, base, who)[0]


def _look(store: Store, base: Path, who: str) -> tuple[PersonToForget, list[Link]]:
    """Return whom a text names, and their links."""
    found: Named = named(store, who)
    if not store.keeps(found.key, found.customer_ids):
        return PersonToForget(found.key, (), known=False, in_files=_is_in_files(base, found.key)), []
    known = store.links.many(found.customer_ids)
    ids = tuple(number for number in found.customer_ids if _is_of(found, number, known.get(number)))
    links = [known[number] for number in ids if number in known]
    opted_in = any(map(_is_opted_in, links))
    return PersonToForget(found.key, ids, opted_in, is_opted_out(links)), links


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


def forget(
    store: Store, recording: Recording, base: Path, who: str, open_shop: Callable[[], Shop], now: datetime
) -> Forgotten:
    """Erase a person from the store, the copies of the data file, the records of runs and the logs.

    `open_shop` returns a client of Kibo, which is asked about people on the list. Of somebody unknown nothing
    is changed: a slip in the email must not cost what support needs.

    Raises:
        Busy: a run is going on.
        SettingsError: nobody is named, or something about the person has been begun and is not done.

    """
    store.lease.acquire("forgetting a person")
    try:
        person, links = _look(store, base, who)
        if not person.known and not person.in_files:
            return Forgotten(person)
        _check_nothing_is_open(store, person, links)
        asked = _check_shop(links, open_shop)
        contacts = {one.contact_id for one in links} - {""}
        told = store.people.entries_of(person.customer_ids, {person.key} - {""}, _ENTRIES)
        waiting = {number for number in person.customer_ids if store.queue.open_since(number) is not None}
        kept = [one for one in links if _is_needed(one, person)]
        with store.transaction():
            out_since = _out_since(store, links) or now if person.opted_out else None
            emails = store.forget_person(person.key, person.customer_ids, out_since=out_since, kept=kept)
            for number in {*waiting, *(one.customer_id for one in links if _is_opted_in(one))}:
                store.queue.add(event_for(Customer(number, "", True), now))
        erased = Erased(person.key, person.customer_ids, emails, contacts)
        records = recording.erase(erased, {one.run_id for one in told})
        _note_removed(store, records)
        emptied = store.compact()
        copies = _remove_backups(base)
        _scrub_logs(base, emails)
    finally:
        store.lease.release()
    return Forgotten(person, copies, emptied, tuple(records), asked)


def _out_since(store: Store, links: Sequence[Link]) -> datetime | None:
    """Return since when somebody has been out, by the mail service's clock: a sign-up since then counts."""
    skew, began = kept_skew(store.state.get(SKEW)), store.state.get_time(INBOUND_BEGAN)
    dates = [known_out(one, skew, began) for one in links]
    return max((one for one in dates if one is not None), default=None)


def _note_removed(store: Store, runs: Sequence[int]) -> None:
    """Note whose records were removed, so that a bundle does not say that nothing happened in these runs."""
    if runs:
        before = store.state.get(RECORDS_REMOVED).split()
        store.state.set(RECORDS_REMOVED, " ".join([*before, *map(str, runs)][-_NOTED:]))


def _is_in_files(base: Path, key: str) -> bool:
    """Say whether a log, a backup or the data file as it was before a run names an email."""
    if "@" not in key:
        return False
    pattern = re.compile(re.escape(key.encode()), re.IGNORECASE)
    paths = [*base.glob("ccdesk.log*"), *base.glob("*.bak"), *base.glob(f"{RUN_FILES}before")]
    for path in paths:
        with suppress(OSError):  # put aside just now
            if pattern.search(files.read_private(path)) is not None:
                return True
    return False


def _check_nothing_is_open(store: Store, person: PersonToForget, links: Sequence[Link]) -> None:
    """See that no opt-out of the shop is under way, which would be forgotten with the person.

    Raises:
        SettingsError: one is, or an export that was cut short has the person; or they have opted out, and
            others have put them back on the list: nobody would be told of that any more.

    """
    if store.disagreements.among(person.customer_ids):
        raise SettingsError(
            marked("This person has opted out, and is on the list all the same"),
            meaning=marked(
                "Others have put them back. Once forgotten, nobody would be told of it. Nobody was forgotten."
            ),
            next_step=marked(
                "Take them off the list in Constant Contact, or opt them in in Kibo; sync, then try again."
            ),
            code="put_back",
        )
    if store.state.get(EXPORT_OPEN) and store.exports.many(person.customer_ids):
        raise SettingsError(
            marked("An export that is not finished has this person"),
            meaning=marked("What it sent would be lost sight of. Nobody was forgotten."),
            next_step=marked("Do the export to its end, then try again."),
            code="export_open",
        )
    on_list = [one for one in links if one.on_list or one.begun]
    if any(one.begun or store.queue.open_since(one.customer_id) is not None for one in on_list):
        raise _change_open()


def _check_shop(links: Sequence[Link], open_shop: Callable[[], Shop]) -> bool:
    """See that nobody on the list has opted out in Kibo since the last look; False if Kibo cannot be asked.

    Once they are forgotten, a cleared flag looks like one that was never set, and takes nobody off the list.

    Raises:
        SettingsError: somebody has.

    """
    mailed = [one.customer_id for one in links if one.on_list and one.kibo_opted_in is True]
    if not mailed:
        return True
    try:
        shop = open_shop()
        opted_out = any(_has_opted_out(shop, number) for number in mailed)
    except CcdeskError:
        return False
    if opted_out:
        raise _change_open()
    return True


def _is_needed(link: Link, person: PersonToForget) -> bool:
    """Say whether a link has to stay until the next run of events, which reads the account anew.

    Its number and state do, and nothing that names anybody. Else an act of the person before that run would
    be lost (a cleared flag looks like one that was never set, who has left like who never was on the list),
    and what is owed to Kibo. Of anybody else who is out the hash tells enough.
    """
    return link.pending is not WriteBack.NOTHING or (_is_opted_in(link) and not person.opted_out)


def _is_opted_in(link: Link) -> bool:
    return link.kibo_opted_in is True and link.state is not LinkState.CLOSED


def _has_opted_out(shop: Shop, number: int) -> bool:
    try:
        return not shop.get(number).accepts_marketing
    except NotFound:
        return False


def _change_open() -> SettingsError:
    return SettingsError(
        marked("A change of this customer is not processed yet"),
        meaning=marked(
            "It may be an opt-out, which would be forgotten with the person. Nobody was forgotten."
        ),
        next_step=marked("Sync the changes, see to the entry if it needs attention, then try again."),
        code="change_open",
    )


def _remove_backups(base: Path) -> int:
    """Remove the backups of the data file: each holds everybody known then. Returns how many."""
    backups = list(base.glob("*.bak"))
    for copy in backups:
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
