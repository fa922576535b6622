"""Whom a question is about, by email or customer id, and all that is kept of them (design §8, WHO)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from ccdesk.core.emails import spellings
from ccdesk.core.errors import SettingsError
from ccdesk.core.intents import Act
from ccdesk.core.models import Link, email_key
from ccdesk.core.ports.store import Store
from ccdesk.core.runs import QueuedEvent
from ccdesk.core.statements import How
from ccdesk.core.why import RunEntry
from ccdesk.core.words import marked
from ccdesk.sync.last_read import Remembered
from ccdesk.sync.reconcile import known_since

ENTRIES = 200  # of runs, the newest; more of one person nobody reads
_LARGEST = 2**63 - 1  # SQLite's integers end here
_DIGITS = 19


@dataclass(frozen=True, slots=True)
class Who:
    """One person as the store knows them.

    `email` is as last seen, or as asked for; `customer_ids` are their accounts, `former` those that had this
    email before and have another one now.
    """

    email: str
    known: Remembered
    customer_ids: tuple[int, ...]
    former: tuple[int, ...] = ()
    entries: tuple[RunEntry, ...] = ()

    @property
    def key(self) -> str:
        """The compared email, `""` where it is not known."""
        return self.known.key

    @property
    def contact_id(self) -> str:
        """The contact as known by a link, `""` if by none."""
        return next((one.contact_id for one in self.known.mine if one.contact_id), "")

    @property
    def is_known(self) -> bool:
        """True where anything at all is kept of the person."""
        return bool(self.known.links or self.customer_ids or self.former or self.entries)


def customer_id_of(asked: str) -> int | None:
    """Return the customer id that a text is, None if it is none that Kibo could have given."""
    text = asked.strip()
    if not text.isdecimal() or len(text) > _DIGITS:
        return None
    number = int(text)
    return number if number <= _LARGEST else None


def find_who(store: Store, asked: str) -> Who:
    """Return whom a text names: digits are a customer id, all else is an email, however odd it is.

    Raises:
        SettingsError: there is no text.

    """
    text = asked.strip()
    number = customer_id_of(text)
    if number is not None:
        return by_customer(store, number)
    if not text:
        raise SettingsError(
            marked("Nobody is named"), next_step=marked("Give an email or a customer id."), code="wrong_use"
        )
    return by_email(store, text)


def by_customer(store: Store, customer_id: int) -> Who:
    """Return the person whose account this is; one whose email was forgotten is their account alone."""
    link = store.links.get(customer_id)
    if link is not None and link.email_key:
        return by_email(store, link.email, also=customer_id)
    entries = store.people.entries_of([customer_id], (), ENTRIES)
    email = next((one.entry.email for one in reversed(entries) if one.entry.email), "")
    if email and link is None:
        return by_email(store, email, also=customer_id)
    links = () if link is None else (link,)
    queued = store.people.queued([customer_id])
    ids = (customer_id,) if link is not None or entries or queued else ()
    return Who("", _remembered(store, "", links, [customer_id]), ids, (), tuple(entries))


def by_email(store: Store, email: str, *, also: int | None = None) -> Who:
    """Return the person with an email; `also`: an account that is theirs though no link says so."""
    key = email_key(email)
    seen = store.people.accounts_of(key)
    found = {one.customer_id: one for one in store.links.by_email(key)}
    found.update(store.links.many([number for number in seen if number not in found]))
    links = tuple(found[number] for number in sorted(found))
    former = tuple(one.customer_id for one in links if one.email_key not in ("", key))
    ids = sorted({*seen, *found, *([] if also is None else [also])} - {*former})
    known = _remembered(store, key, links, ids)
    entries = store.people.entries_of([*ids, *former], spellings(email), ENTRIES)
    written = next((one.email for one in known.mine if one.email), "")
    return Who(written or email.strip(), known, tuple(ids), former, tuple(entries))


def with_left_behind(store: Store, who: Who, list_id: str) -> Who:
    """Return the person with the contact that an account has left on the list by taking another email.

    A change of email leaves it there (design R3), and no link tells of it any more: the note does by which an
    opt-out will still reach it, and the history whose it is.
    """
    noted = dict(one for number in who.former for one in store.links.former(number, list_id))
    if not noted or who.known.mine:
        return who
    told = store.ledger.entries(key=who.key, customer_ids=who.former)
    added = [one for one in told if one.how is How.ADDED and one.outcome == "done"]
    here = [one for one in added if email_key(one.email) == who.key]
    others = {one.subject for one in added if one not in here}
    found = next((one.subject for one in here if one.subject in noted), "")
    if not found:  # one that we created had no id yet when the command began
        begun = [one.at for one in here if not one.subject]
        late = [(at, one) for one, at in noted.items() if one not in others and any(at >= b for b in begun)]
        found = min(late)[1] if late else ""
    return replace(who, known=replace(who.known, left_behind=found))


def _remembered(store: Store, key: str, links: tuple[Link, ...], ids: Iterable[int]) -> Remembered:
    numbers = list(ids)
    queued = store.people.queued(numbers)
    return Remembered(
        key,
        links,
        tuple(store.people.held(numbers)),
        tuple(queued),
        frozenset(store.disagreements.among(numbers)) - _answered(links),
        {one.object_id: act for one in queued if (act := _tried(store, one)) is not None},
        known_since=known_since(store.links, key, numbers),
    )


def _tried(store: Store, event: QueuedEvent) -> Act | None:
    """Return the last command that was begun for a change which still waits, None if none was.

    One that was cut short, or withdrawn because the whole call was refused, is no attempt of the entry's; it
    tells how the account was read all the same.
    """
    lines = store.intents.of(event.object_id)
    return next((one.act for one in reversed(lines) if one.event_id == event.event_id), None)


def _answered(links: Iterable[Link]) -> set[int]:
    """Return those named as put back who have opted in since: they are named no more."""
    return {one.customer_id for one in links if one.kibo_opted_in is not False}
