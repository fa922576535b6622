"""The tenant's host that Kibo's home names: remembered, and told when it changes (docs/TRUST.md)."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from ccdesk.core.ports.store import Store
from ccdesk.core.words import marked

log = logging.getLogger(__name__)

_HOST, _BEFORE, _SINCE = "kibo.host", "kibo.host_before", "kibo.host_since"
_TOLD_FOR = timedelta(days=30)


def note_host(store: Store, tenant_id: str, host: str, now: datetime) -> None:
    """Remember the host a tenant is reached at; one that differs from the last is noted with its date."""
    state, name = store.state, f"{tenant_id} {host}"
    known = state.get(_HOST)
    if known == name:
        return
    with store.transaction():
        state.set(_HOST, name)
        if known.startswith(f"{tenant_id} "):
            log.warning("Kibo's home names another host of the tenant than before: %s", urlsplit(host).netloc)
            state.set(_BEFORE, known.removeprefix(f"{tenant_id} "))
            state.set_time(_SINCE, now)


def last_host(store: Store) -> str:
    """Return the address of the tenant that was reached last, as Kibo's home named it; `""` for none."""
    return store.state.get(_HOST).partition(" ")[2]


def forget_change(store: Store) -> None:
    """Tell no more of a change: somebody has entered the secret for what is named now."""
    store.state.set(_BEFORE, "")


def host_note(store: Store, now: datetime) -> str:
    """Return what to tell of a change of the last 30 days, `""` if there was none."""
    before, since = store.state.get(_BEFORE), store.state.get_time(_SINCE)
    if not before or since is None or now - since > _TOLD_FOR:
        return ""
    return marked(
        "Since {day} Kibo's home names another address of the tenant: {host}, before {before}. Both "
        "belong to "
        "the home's domain."
    ).format(day=f"{since:%Y-%m-%d}", host=last_host(store), before=before)
