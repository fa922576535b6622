"""The active list: found or created by name when settings are saved, known by id afterwards."""

from __future__ import annotations

import re
from datetime import datetime

from ccdesk.core.errors import Remedy, SettingsError
from ccdesk.core.models import ContactList
from ccdesk.core.ports.mail import Mail
from ccdesk.core.ports.store import Store
from ccdesk.core.text import INVISIBLE, OBEYED, TURNING, name_key, with_plain_spaces
from ccdesk.core.words import marked
from ccdesk.sync import state_names as names
from ccdesk.sync.active_list import LIST_CALLED, LIST_GONE_AT, LIST_ID, LIST_NAME, is_chosen
from ccdesk.sync.runs.export_first import forget_answer, note_exported
from ccdesk.sync.watermarks import begin_from

_UNSEEN = re.compile(f"[{OBEYED}{TURNING}{INVISIBLE}]")


def find_by_name(lists: list[ContactList], name: str) -> ContactList | None:
    """Return the list with that name: exact first, else by `name_key` (constant-contact.md §21.15)."""
    exact = [one for one in lists if one.name == name]
    loose = [one for one in lists if name_key(one.name) == name_key(name)]
    return (exact or loose or [None])[0]  # type: ignore[list-item]


def require_name(name: str, purpose: str) -> None:
    """Make sure that a list is chosen; `purpose` is what it is needed for: “compare”.

    Raises:
        SettingsError: none is.

    """
    if not name:
        raise SettingsError(
            marked("No contact list is chosen"),
            meaning=marked("ccdesk needs to know which Constant Contact list to {purpose}.").format(
                purpose=purpose
            ),
            remedy=Remedy.CHOOSE_LIST,
        )


def chosen_among(store: Store, lists: list[ContactList], name: str) -> ContactList | None:
    """Return the list the setting `name` means, which may be called otherwise by now; None if it is gone."""
    if is_chosen(store, name) and (list_id := store.state.get(LIST_ID)):
        return next((one for one in lists if one.id == list_id), None)
    return find_by_name(lists, name)


def resolve(store: Store, mail: Mail, name: str) -> tuple[ContactList, bool]:
    """Return the list of that name and whether it was created now; remembers it as the active one."""
    active, created = find_or_create(mail, name)
    remember(store, active, name, new=created, at=mail.server_time)
    return active, created


def find_or_create(mail: Mail, name: str) -> tuple[ContactList, bool]:
    """Return the list of that name and whether it was created now; a new one has plain spaces in its name.

    Raises:
        SettingsError: there is none, and the name has characters that nobody sees, as a pasted one may have.

    """
    found = find_by_name(mail.lists(), name)
    if found is None and _UNSEEN.search(name):
        raise SettingsError(
            marked("The name of the list has characters that nobody sees"),
            meaning=marked("A new list with this name would look like another one. Nothing was changed."),
            next_step=marked("Type the name instead of pasting it."),
            code="list_name_unseen",
        )
    return found or mail.create_list(with_plain_spaces(name)), found is None


def active_one(store: Store, mail: Mail) -> ContactList | None:
    """Return the active list as the account has it now, whatever it is called; None if it is gone."""
    list_id = store.state.get(LIST_ID)
    return next((one for one in mail.lists() if one.id == list_id), None)


def remember(
    store: Store, active: ContactList, name: str, *, new: bool = False, at: datetime | None = None
) -> None:
    """Make it the active list. From the next run on only it is watched (design R7).

    That run looks a last time at the one before: a customer who left it until now has opted out, and would be
    put on this. `new`: ccdesk has just made this list, so nobody has left it yet
    (`sync/runs/export_first.py`). `at`: now, by the mailing service's clock; until the first poll what people
    do there counts from then on (§3a R4).
    """
    with store.transaction():
        before = store.state.get(LIST_ID)
        if before and before != active.id:
            former = store.state.get(names.FORMER_LIST) or before
            store.state.set(names.FORMER_LIST, "" if former == active.id else former)
            store.state.set_time(names.SCANNED_AT, None)
            forget_answer(store, before)
        if at is not None and before != active.id:
            begin_from(store, at)
        store.state.set(LIST_ID, active.id)
        store.state.set(LIST_NAME, name)
        store.state.set(LIST_CALLED, active.name)
        store.state.set_time(LIST_GONE_AT, None)
        if new:
            note_exported(store, active.id)


def active_list(store: Store, mail: Mail, name: str) -> str:
    """Return the id of the active list for a run; resolves a name saved before there was a login.

    Raises:
        SettingsError: no list is chosen yet.

    """
    require_name(name, marked("keep in step"))
    list_id = store.state.get(LIST_ID)
    if list_id and store.state.get(LIST_NAME) == name:
        return list_id
    return resolve(store, mail, name)[0].id
