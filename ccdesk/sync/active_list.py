"""What is known of the active list between runs: its id, what it was chosen as, and how it is found there."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from ccdesk.core.models import ContactList
from ccdesk.core.ports.store import Store

# Names of what is remembered (store.state).
LIST_ID = "list.id"
LIST_NAME = "list.name"  # the setting's value by which it was chosen
LIST_CALLED = "list.called"  # what Constant Contact calls it now; staff may rename it there
LIST_GONE_AT = "list.gone_at"  # when it was found to be deleted; empty while it is there


def note_active_list(store: Store, lists: Sequence[ContactList], now: datetime) -> None:
    """Remember from the account's lists, just read, what the active one is called, or that it is gone."""
    state = store.state
    list_id = state.get(LIST_ID)
    if not list_id:
        return
    found = next((one for one in lists if one.id == list_id), None)
    if found is None:
        if state.get_time(LIST_GONE_AT) is None:
            state.set_time(LIST_GONE_AT, now)
        return
    if state.get(LIST_CALLED) != found.name:
        state.set(LIST_CALLED, found.name)
    if state.get(LIST_GONE_AT):
        state.set_time(LIST_GONE_AT, None)


def name_now(store: Store, setting: str) -> str:
    """Return what the list that was chosen by this setting is called now, as far as is known."""
    return (store.state.get(LIST_CALLED) if is_chosen(store, setting) else "") or setting


def gone_at(store: Store, setting: str) -> datetime | None:
    """Return since when the list chosen by this setting is known to be deleted, None while it is not."""
    return store.state.get_time(LIST_GONE_AT) if is_chosen(store, setting) else None


def is_chosen(store: Store, setting: str) -> bool:
    """Say whether what is remembered is of the list this setting names; a new name is resolved by a run."""
    return bool(setting) and store.state.get(LIST_NAME) == setting
