"""Why one person is mailed or not, from the store alone or with both sides read now (design §8, `why`)."""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice

from ccdesk.core.clock import SKEW, Clock, kept_skew
from ccdesk.core.drift import DriftKind, Sides, left_words
from ccdesk.core.ledger import LedgerEntry
from ccdesk.core.models import Standing, is_account
from ccdesk.core.ports.ledger import Ledger
from ccdesk.core.ports.store import Store
from ccdesk.core.runs import RunKind, RunStatus
from ccdesk.core.settings import Settings
from ccdesk.core.why import FoundByName, FoundPerson, NextStep, RunEntry, Why
from ccdesk.core.words import marked
from ccdesk.service.connections import Connections, MailClient
from ccdesk.service.lists import find_by_name
from ccdesk.service.read_now import Reading, current_email, read_now, with_new
from ccdesk.service.who import Who, by_email, customer_id_of, find_who, with_left_behind
from ccdesk.service.whose_people import check_people, remembers_people
from ccdesk.service.why_views import accounts_view, mail_view, shop_view
from ccdesk.sync import state_names as names
from ccdesk.sync.active_list import LIST_ID, gone_at, is_chosen
from ccdesk.sync.last_read import as_last_read
from ccdesk.sync.outbox.welcomes import question
from ccdesk.sync.plan_drift import DriftRules, drift_of
from ccdesk.sync.plan_next import Plan, next_step
from ccdesk.sync.plan_why import kind_of, remembered_verdict, verdict_of, without_list
from ccdesk.sync.reconcile import rules_of

_ORIGIN = "why"
_LEFT = marked("nothing: staff have left it as it is, and it is named again once either side changes")
_MOST = 200  # moments of the time line, the newest


@dataclass(frozen=True, slots=True)
class Basis:
    """What an answer is made from, beside the person."""

    store: Store
    settings: Settings
    clock: Clock
    next_runs: Mapping[RunKind, datetime | None]

    def rules(self, list_id: str, skew: timedelta | None = None, now: datetime | None = None) -> DriftRules:
        """Return what the verdict goes by, as a comparison of everything does."""
        state = self.store.state
        skew = kept_skew(state.get(SKEW)) if skew is None else skew
        guests = self.settings.export_guests
        return rules_of(state, list_id, now or self.clock.now(), skew, guests=guests)

    def plan(self) -> Plan:
        """Return what runs and when, and what keeps it from running."""
        welcomes = question(self.store)
        return Plan(
            self.next_runs,
            self.clock.now(),
            enabled=self.settings.enabled,
            exported=bool(self.store.state.get(names.BASELINE)),
            list_gone=gone_at(self.store, self.settings.contact_list) is not None,
            welcomes_until=welcomes.until if welcomes.count and self.settings.welcome_email else None,
            failed=dict(self._failed()),
        )

    def _failed(self) -> Iterator[tuple[RunKind, str]]:
        """Yield what the last run of each direction said, where it did not get through."""
        for kind in (RunKind.EVENTS, RunKind.INBOUND):
            last = next(iter(self.store.runs.page(kind=kind, offset=0, limit=1)), None)
            if last is not None and last.status in (RunStatus.FAILED, RunStatus.WAITING):
                yield kind, last.message.split(". ", 1)[0].rstrip(".") or last.status.value


def why(basis: Basis, text: str) -> Why:
    """Answer about the person that a text names, from what both sides were last read as.

    Raises:
        SettingsError: the text names nobody.

    """
    list_id = _remembered_list(basis) or ""
    who = with_left_behind(basis.store, find_who(basis.store, text), list_id)
    sides = as_last_read(who.known, list_id)
    return _answer(basis, who, sides, basis.rules(list_id), None)


def why_live(basis: Basis, connections: Connections, text: str, cancel: threading.Event | None = None) -> Why:
    """Answer about the person that a text names, with both sides read now; the calls are counted.

    Raises:
        SettingsError: the text names nobody, or the settings are not complete.
        CcdeskError: a service cannot be asked.

    """
    now = read_person(basis, connections, text, cancel)
    return _answer(basis, now.who, now.sides, now.rules, now.reading, list_gone=now.list_gone)


def by_name(
    settings: Settings, connections: Connections, name: str, cancel: threading.Event | None = None
) -> FoundByName:
    """Return customers whose name has these words, as Kibo has them now; the calls are counted.

    Raises:
        CcdeskError: Kibo cannot be asked, or not for names.

    """
    found, is_all = connections.kibo(settings, _ORIGIN, cancel).by_name(name)
    people = (FoundPerson(one.email, (one.id,), f"{one.first_name} {one.last_name}".strip()) for one in found)
    return FoundByName(tuple(people), is_all)


@dataclass(frozen=True, slots=True)
class PersonNow:
    """One person with both sides read just now; `list_gone`: the active list is not in the account."""

    who: Who
    sides: Sides
    rules: DriftRules
    reading: Reading
    list_gone: bool


def read_person(
    basis: Basis, connections: Connections, text: str, cancel: threading.Event | None = None
) -> PersonNow:
    """Read both sides of the person that a text names; the calls are counted, and nothing is kept of it."""
    who = find_who(basis.store, text)
    if remembers_people(basis.store):
        check_people(basis.store, basis.settings)
    shop = connections.kibo(basis.settings, _ORIGIN, cancel)
    mail = connections.mail(basis.settings, _ORIGIN, cancel)
    number = customer_id_of(text)
    if number is not None:
        email = current_email(shop, number)
        who = by_email(basis.store, email, also=number) if email else who
    list_id = _list_now(basis, mail)
    reading = read_now(shop, mail, who, basis.settings.kibo_app_key, basis.clock)
    known = who.known
    ids = {one.id for one in reading.accounts} - {one.customer_id for one in known.links}
    came = basis.store.links.many(sorted(ids))  # under another email before: a comparison knows them, too
    sides = Sides(
        who.key,
        tuple(reading.accounts),
        reading.contact,
        (*known.links, *came.values()),
        known.held,
        known.parked,
        known.known_since,
    )
    rules = basis.rules(list_id, reading.skew, reading.mail_at)
    gone = _seems_to_have_left(sides, list_id) and all(one.id != list_id for one in mail.lists())
    return PersonNow(who, sides, rules, reading, gone)


def _seems_to_have_left(sides: Sides, list_id: str) -> bool:
    """Say whether somebody known to be on the list is not: so they are as well if the list was deleted."""
    contact = sides.contact
    off = contact is not None and contact.standing is Standing.IN and list_id not in contact.list_ids
    return off and any(one.on_list for one in sides.links)


def _remembered_list(basis: Basis) -> str | None:
    """Return the active list's id, None where it is not known: none is chosen, or no run has looked yet."""
    chosen = is_chosen(basis.store, basis.settings.contact_list)
    return (basis.store.state.get(LIST_ID) or None) if chosen else None


def _list_now(basis: Basis, mail: MailClient) -> str:
    """Return the active list's id, `""` where none is chosen or it is not there; it is never made here."""
    known = _remembered_list(basis)
    if known is not None or not basis.settings.contact_list:
        return known or ""
    found = find_by_name(mail.lists(), basis.settings.contact_list)
    return found.id if found is not None else ""


def _answer(
    basis: Basis,
    who: Who,
    sides: Sides,
    rules: DriftRules,
    reading: Reading | None,
    *,
    list_gone: bool = False,
) -> Why:
    former = bool(who.former) and not sides.accounts
    plan = basis.plan()
    if list_gone or plan.list_gone:  # it says nothing about anybody (design §3a R2, R4)
        plan, rules = replace(plan, list_gone=True), replace(rules, watched=False)
    seen = bool(who.customer_ids)
    if reading is not None:
        verdict = verdict_of(sides, rules, live=True, former=former, seen=seen)
    else:
        verdict = remembered_verdict(who.known, rules, former=former, seen=seen)
    verdict = without_list(verdict) if plan.list_gone else verdict
    kind = kind_of(sides, rules)
    kind = DriftKind.NOBODY_AGREES if kind is DriftKind.NO_ACCOUNT and former else kind
    following = next_step(who.known, kind, plan)
    left = _left_at(basis, sides, rules, kind, live=reading is not None)
    if left is not None:
        reason = marked("{reason}; {left}").format(reason=verdict.reason, left=left_words(left))
        verdict = replace(verdict, reason=reason)
        following = NextStep(_LEFT)
    kept, shortened = _kept(basis.store.ledger, who)
    told = with_new(reading.told, kept) if reading is not None else kept
    mail = mail_view(basis.store, who, sides, told, reading, rules.list_id)
    ids = {*who.customer_ids, *(one.id for one in sides.accounts)} or {*who.former}
    contact = sides.contact
    known = who.is_known or bool(sides.accounts) or contact is not None or bool(kept)
    return Why(
        known=known,
        email=next((one.email for one in sides.accounts if one.email), "") or who.email,
        customer_ids=tuple(sorted(filter(is_account, ids))),
        contact_id=contact.id if contact is not None and contact.id else who.contact_id,
        shop=shop_view(basis.store, who, sides, told, reading),
        mail=replace(mail, on_list=False, since=None) if plan.list_gone and mail.on_list else mail,
        verdict=verdict,
        next=following if known else None,
        timeline=_timeline(told, who.entries),
        accounts=accounts_view(who, sides, live=reading is not None),
        live=reading is not None,
        shortened=shortened,
    )


def _left_at(
    basis: Basis, sides: Sides, rules: DriftRules, kind: DriftKind | None, *, live: bool
) -> datetime | None:
    """Return since when staff leave the person as they are, None if they do not, or a side has changed."""
    if kind is None or not kind.can_be_left:
        return None
    now = drift_of(sides, rules) if live else None
    return basis.store.left_as_is.left_at(sides.key, kind, now.shown if now is not None else "")


def _kept(ledger: Ledger, who: Who) -> tuple[list[LedgerEntry], bool]:
    """Return the newest entries of the ledger about a person, and whether there are older ones."""
    if not who.key and not who.customer_ids:
        return [], False
    ids = [*who.customer_ids, *who.former]
    found = list(islice(ledger.entries(key=who.key, customer_ids=ids, limit=_MOST + 1), _MOST + 1))
    return found[-_MOST:], len(found) > _MOST


def _timeline(
    told: Collection[LedgerEntry], entries: Sequence[RunEntry]
) -> tuple[LedgerEntry | RunEntry, ...]:
    """Return what is kept of a person in time order, oldest first; of one moment, statements first."""
    everything: list[LedgerEntry | RunEntry] = [*told, *entries]
    return tuple(sorted(everything, key=lambda one: one.latest))
