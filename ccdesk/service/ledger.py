"""The ledger of a person or of everybody, as front ends ask for it (design §8)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from ccdesk.core.errors import SettingsError
from ccdesk.core.ledger import LedgerEntry
from ccdesk.core.models import email_key
from ccdesk.core.ports.store import Store
from ccdesk.core.words import marked
from ccdesk.service.who import customer_id_of


@dataclass(frozen=True, slots=True)
class Named:
    """Whom an email or a customer id names: the compared email, and the accounts known to have it."""

    key: str
    customer_ids: tuple[int, ...] = ()


def named(store: Store, who: str) -> Named:
    """Return whom a text names: an email in any case, or the id of a customer, with all their accounts.

    Raises:
        SettingsError: it is blank, as a script's variable that was never set would be.

    """
    text = who.strip()
    if not text:
        raise SettingsError(marked("Nobody is named"), next_step=marked("Give an email or a customer id."))
    if not text.isdecimal():
        key = email_key(text)
        return Named(key, tuple(one.customer_id for one in store.links.by_email(key)))
    number = customer_id_of(text)
    if number is None:
        return Named("")
    link = store.links.get(number)
    key = link.email_key if link is not None else ""
    others = {one.customer_id for one in store.links.by_email(key)} if key else set()
    return Named(key, tuple(sorted(others | {number})))


def ledger_entries(
    store: Store, who: str = "", *, since: datetime | None = None, limit: int | None = None
) -> Iterator[LedgerEntry]:
    """Yield the entries of one person, or of everybody; `service.api.Desk.ledger` says which."""
    if not who:
        return store.ledger.entries(since=since, limit=limit)
    person = named(store, who)
    if not person.key and not person.customer_ids:
        return iter(())
    return store.ledger.entries(key=person.key, customer_ids=person.customer_ids, since=since, limit=limit)
