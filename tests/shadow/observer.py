"""The shadow of a random schedule: a witness beside the engine, compared after every run."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from ccdesk.clients.kibo.parse import customer
from ccdesk.consent.decide import decide
from ccdesk.consent.model import Act, How, Policy
from ccdesk.consent.observe_mail import ContactReading
from ccdesk.core.losses import LossKind
from ccdesk.core.models import Customer, LinkState, Permission, email_key
from ccdesk.core.runs import Run, RunKind, RunStatus
from ccdesk.sync import state_names as names
from ccdesk.sync.from_links import person_of
from ccdesk.sync.readings import Kept, account_reading, shop_window
from tests.shadow.compare import Difference, Where, cell, done, pending, untold
from tests.shadow.readings import accounts_in, contacts_in, opt_ins_in, told
from tests.shadow.stance import Stance, stances
from tests.shadow.watch import Story, Watch
from tests.shadow.witness import Witness

_LOSS = {
    LossKind.LEFT: How.LEFT,
    LossKind.STAFF: How.UNSUBSCRIBED,
    LossKind.FLAG: How.FLAG_CLEARED,
}


class Observer(Watch):
    """What the witness is told in one schedule, and where it and the engine differed."""

    def __init__(self, bench: Story, report: Callable[[], Collection[str]] = tuple) -> None:
        """Begin; `report` returns the compared emails of everybody whom the drift report names just now."""
        self.bench, self._report = bench, report
        self.witness = Witness(bench.cc.clock.now, Policy("", bench.cc.clock.now()), self._peek)
        self._differences: list[Difference] = []
        self._known: set[tuple[str, str]] = set()
        self.complete: dict[RunKind, datetime] = {}  # when the last complete run of a kind began
        self._stances: dict[str, Stance] = {}
        self._began = bench.cc.clock.now()
        self._dropped: set[tuple[int, LossKind, datetime]] = set()
        self._left_out: set[tuple[int, str]] = set()
        self.choose_list()

    @property
    def differences(self) -> list[Difference]:
        """Where the table and the engine differed so far."""
        return self._differences

    # ---------------------------------------------------------------- what happens

    @property
    def skew(self) -> timedelta:
        """How far the shop's clock is ahead of the mail service's."""
        return self.bench.kibo.clock.now() - self.bench.cc.clock.now()

    def choose_list(self) -> None:
        """Staff have chosen another list: what shows until then is about the one before."""
        self.witness.look_up(*list(self.witness.persons), last=True)
        guests = self.bench.desk.settings().export_guests
        number = self.bench.cc.list_id(self.bench.list_name) or ""
        self.witness.choose(Policy(str(number), self.bench.cc.clock.now(), guests=guests))
        self._note_lists()
        self.complete.pop(RunKind.EXPORT, None)

    def _note_lists(self) -> None:
        book = self.bench.cc.account.book
        self.witness.lists = frozenset(one.list_id for one in book.lists.values() if one.deleted_at is None)
        gone = self.witness.policy.list_id not in self.witness.lists
        self.witness.policy = replace(self.witness.policy, list_exists=not gone)

    def install_anew(self) -> None:
        """The installation is a fresh one that knows nothing."""
        self.witness = Witness(self.bench.cc.clock.now, self.witness.policy, self._peek)
        self.complete.clear()
        self._dropped.clear()
        self._left_out.clear()
        self.choose_list()

    def lift(self, account: int) -> None:
        """Staff add a newcomer."""
        self.witness.lift(account)

    def replied(self, status: int, body: bytes) -> None:
        """Ccdesk has got an answer."""
        if status not in (200, 201):
            return
        found, now = told(body), self.bench.cc.clock.now()
        for key, contact in contacts_in(found, self.witness.policy.list_id, now):
            self.witness.read_contact(key, contact)
        for account in accounts_in(found, self.skew, now):
            self.witness.read_account(account)
        for number, set_at in opt_ins_in(found):
            self.witness.date(number, shop_window(set_at, self.skew))

    def _peek(self, key: str) -> ContactReading | None:
        found = self.bench.cc.account.book.by_email(key)
        shown = found.as_json(("list_memberships",)) if found is not None else None
        read = contacts_in(shown, self.witness.policy.list_id, self.bench.cc.clock.now())
        return next((reading for _, reading in read), None)

    def wrote_contact(self, act: Act, contact_id: str, key: str, *, created: bool) -> None:
        """A write of ours to a contact has taken effect."""
        contact = self.bench.cc.account.book.by_email(key)
        sign_up = contact is not None and contact.update_source == "Contact"
        self.witness.wrote(act, key, contact_id=contact_id, created=created, sign_up=sign_up and act.puts_on)

    def wrote_account(self, act: Act, number: int, key: str) -> None:
        """A write of ours to an account has taken effect."""
        found = self._customer(number)
        reading = account_reading(found, self.skew, self.bench.cc.clock.now()) if found else None
        self.witness.wrote(act, key, account=number, reading=reading)

    def _customer(self, number: int) -> Customer | None:
        found = self.bench.kibo.book.get(number)
        return customer(found.as_json()) if found is not None else None

    # ---------------------------------------------------------------- runs

    def begin(self) -> None:
        """A run begins."""
        self._note_lists()
        self._note_links()
        self._began = self.bench.cc.clock.now()
        self._stances = self._current()
        self.witness.begin()

    def _current(self) -> dict[str, Stance]:
        return stances(self.bench.container.store, self.bench.desk.events(limit=1000), self.witness.home)

    def end(self, run: Run | None) -> None:
        """A run has ended: compare what it did, and what is owed after it."""
        self._note_lists()
        self._note_links()
        for wrote in self.witness.writes:
            before = self._stances.get(wrote.key)
            found = done(wrote, before.states if before else "no link")
            self._add([found] if found else [])
        if run is None or run.status not in (RunStatus.COMPLETE, RunStatus.NEEDS_YOU):
            return
        self.complete[run.kind] = self._began
        if run.kind is not RunKind.INBOUND:
            self.witness.looked = self._began
        now = self._current()
        for key in self._at_rest(now):
            by_rule = list(pending(key, self.witness.decide(key), now.get(key)))
            self._add(by_rule or self._forgotten(key, now.get(key)))
        self._add_untold(now)
        self.witness.end()

    def _add_untold(self, now: dict[str, Stance]) -> None:
        """Compare whom the table names with what the links tell, and then with the drift report."""
        found = [
            one
            for key in self._at_rest(now)
            for one in untold(key, self.witness.decide(key), now.get(key))
            if (one.kind, one.key) not in self._known
        ]
        reported = self._report() if found else ()
        self._add([one for one in found if one.key not in reported])

    def _add(self, found: list[Difference]) -> None:
        """Keep differences, each once however long it lasts."""
        for one in found:
            if (one.kind, one.key) not in self._known:
                self._known.add((one.kind, one.key))
                self._differences.append(one)

    def _forgotten(self, key: str, stance: Stance | None) -> list[Difference]:
        """Return where the table decides otherwise by what the store keeps than by what ccdesk was told."""
        store, policy = self.bench.container.store, self.witness.policy
        if stance is None or self._is_moving(key):
            return []
        now, links = self.bench.cc.clock.now(), store.links.by_email(key)
        known = {one.customer_id: store.links.known_since(one.customer_id, key) or now for one in links}
        kept = person_of(key, links, store.losses.held(), Kept(policy, self.skew, now, known=known))
        told = cell(self.witness.decide(key))
        return [
            replace(one, where=Where.STORE, cell=f"{one.cell} instead of {told}")
            for one in pending(key, decide(kept, policy), stance)
        ]

    def _is_moving(self, key: str) -> bool:
        """Say whether an account came or went that the store keeps under its former email for now."""
        for link in self.bench.container.store.links.page(-1, 100_000):
            home = self.witness.home.get(link.customer_id, link.email_key)
            if home != link.email_key and key in (home, link.email_key):
                return True
        return False

    def _note_links(self) -> None:
        """Take what only the store tells: accounts found to be gone, and what staff answered."""
        store, now = self.bench.container.store, self.bench.cc.clock.now()
        for link in store.links.page(-1, 100_000):
            home = self.witness.home.get(link.customer_id)
            known = self.witness.person(home or "").account(link.customer_id)
            if link.state is LinkState.CLOSED and known is not None and not known.gone:
                gone = Customer(link.customer_id, link.email, False, updated_at=known.version)
                self.witness.read_account(account_reading(gone, self.skew, now, gone=True))
            asked = any(one.how is How.ASKED for one in self.witness.person(link.email_key).statements)
            if link.asked_at is not None and not asked:
                self.witness.wrote(Act.ASK, link.email_key)  # no mail may have come of it
            answered = link.customer_id, self.witness.policy.list_id
            left_out = link.state is LinkState.LEFT_OUT and answered[1] in self._left_out_lists()
            if left_out and answered not in self._left_out:
                self._left_out.add(answered)
                self.witness.leave_out(link.email_key)
        for held in store.losses.held():
            mark = held.customer_id, held.kind, held.since
            if held.dropped and mark not in self._dropped:
                self._dropped.add(mark)
                self._drop(held.email_key, _LOSS[held.kind])

    def _left_out_lists(self) -> list[str]:
        lists: str = self.bench.container.store.state.get(names.LEFT_OUT_LISTS)
        return lists.split()

    def _drop(self, key: str, how: How) -> None:
        person = self.witness.person(key)
        numbers = {one.number for one in person.statements if one.how is how}
        self.witness.persons[key] = replace(person, dropped=person.dropped | numbers)

    # ---------------------------------------------------------------- who is compared

    def _at_rest(self, now: dict[str, Stance]) -> Iterator[str]:
        """Yield everybody of whom both sides were looked at whole since anything last changed."""
        if not {RunKind.EXPORT, RunKind.EVENTS, RunKind.INBOUND} <= self.complete.keys():
            return  # the first export onto a list does what the others leave to it
        since = min(self.complete[RunKind.EVENTS], self.complete[RunKind.INBOUND])
        for key, person in list(self.witness.persons.items()):
            stance = now.get(key)
            waits = stance is not None and (stance.busy or stance.held)
            if "@" not in key or waits or self.witness.changed[key] >= since or not self._is_seen(key):
                continue
            if any(one.here and not one.readable for one in person.accounts):
                continue
            yield key

    def _is_seen(self, key: str) -> bool:
        """Say whether everything about a person was read as it is now."""
        person = self.witness.person(key)
        found = self.bench.cc.account.book.by_email(key)
        seen = person.subscriber
        if (found is None) != (seen is None):
            return False
        if found is not None and seen is not None:
            shown = Permission(found.permission), found.deleted_at is not None, frozenset(found.lists)
            if (seen.permission, seen.deleted, seen.lists) != shown:
                return False
        here = {one.id: one for one in person.accounts if one.here and not one.gone}
        there = {one.id: one for one in self.bench.kibo.book if email_key(one.email or "") == key}
        return here.keys() == there.keys() and all(
            (one.opted_in, one.active, one.guest)
            == (bool(there[number].accepts), there[number].active, there[number].anonymous)
            for number, one in here.items()
        )
