"""The rules put to work on the pretend world: rounds of reading, deciding, writing down and calling."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random

from ccdesk.consent.decide import Decision, decide
from ccdesk.consent.guard import Loss, Memory, losses_of, weigh
from ccdesk.consent.journal import begin, close, landed
from ccdesk.consent.model import Act, Command, Ended, Intent, Person, Policy
from ccdesk.consent.moves import follow_words, move_account
from ccdesk.consent.observe_mail import ContactReading, Look, observe_contact
from ccdesk.consent.observe_shop import AccountReading, observe_account
from ccdesk.consent.route import Call, Method, route
from ccdesk.consent.window import Window, instant
from ccdesk.core.models import Permission
from tests.consent.world import LAG, SINGLE, START, Job, MailState, ShopState, World, seconds

WEEK = timedelta(days=7)


class Cut(Exception):
    """The power went."""


@dataclass(frozen=True, slots=True)
class Made:
    """One call of ours as the oracle judges it: when it was begun, and what was known to be true then."""

    at: datetime
    email: str
    command: Command
    call: Call


class Engine:
    """Persons, the policy, and the rounds. `trouble` is the share of calls that do not simply succeed."""

    def __init__(self, world: World, rng: Random, *, welcome: bool, trouble: float) -> None:
        self.world, self.rng, self.trouble = world, rng, trouble
        self.persons: dict[str, Person] = {}
        self.home: dict[int, str] = {}  # account -> the email it was last seen under
        self.looked: datetime | None = None  # start, less the lag, of the last complete look at the shop
        self.policy = Policy("A", world.now, welcome=welcome)
        self.jobs: dict[tuple[str, int], Job] = {}
        self.decided: dict[str, Decision] = {}
        self.on_call: Callable[[Made], None] = lambda made: None
        self.between: Callable[[], None] = lambda: None
        self.unread: set[int] = set()  # accounts that the last looks could not read
        self.uneven = True  # each row of a list lags by itself
        self.least, self.memory, self.held = 25, Memory(), set[str]()
        self.linked_at: dict[int, datetime] = {}

    def person(self, key: str) -> Person:
        return self.persons.get(key) or Person(key)

    # ---------------------------------------------------------------- readings

    def _shop_window(self, stamp: datetime) -> Window:
        true = stamp - self.world.estimate
        return Window(true - self.world.unsure, true + self.world.unsure + timedelta(milliseconds=1))

    def _account(self, number: int, state: ShopState, read: Window) -> AccountReading:
        return AccountReading(
            number,
            state.email,
            state.opted_in,
            state.version,
            self._shop_window(state.version),
            self._shop_window(state.created),
            read,
            active=state.active,
            guest=state.guest,
            gone=state.gone,
            readable=number not in self.world.garbled,
        )

    def _contact(self, email: str, state: MailState, read: Window) -> ContactReading:
        return ContactReading(
            f"c-{email}",
            state.permission,
            read,
            lists=state.lists,
            deleted=state.deleted,
            signed_up=state.signed_up,
            opted_out=state.opted_out if state.permission is Permission.UNSUBSCRIBED else None,
            by_person=state.by_person,
            created=state.created,
            updated=state.updated,
            deleted_until=state.updated + timedelta(seconds=1) if state.deleted else None,
            made_by_us=state.made_by_us,
            readable=email not in self.world.garbled,
        )

    def read_account(self, number: int, state: ShopState, read: Window) -> None:
        """Take a reading of one account to the person it belongs to."""
        reading = self._account(number, state, read)
        if not reading.readable and not state.gone:
            self._unreadable(number, reading)
            return
        home = self.home.get(number)
        if home is not None and home != state.email and not state.gone:
            known = self.person(home).account(number)
            if known is not None and state.version <= known.version:
                return
            self.read_contact_now(home)
            self.read_contact_now(state.email)
            former, to = move_account(self.person(home), self.person(state.email), reading, self.policy)
            self.persons[home], self.persons[state.email] = former, to
        else:
            key = home or state.email
            looked = None if number in self.unread else self.looked
            self.persons[key] = observe_account(self.person(key), reading, looked)
        self.unread.discard(number)
        self.home[number] = state.email if not state.gone else home or state.email
        self.linked_at.setdefault(number, self.world.now)
        for key, person in list(self.persons.items()):
            if key != self.home[number]:
                self.persons[key] = follow_words(person, self.person(self.home[number]), number)

    def _unreadable(self, number: int, reading: AccountReading) -> None:
        """An account of which nothing but its id is known belongs to the person it did."""
        self.unread.add(number)
        home = self.home.get(number)
        if home is not None:
            self.persons[home] = observe_account(self.person(home), reading)

    def read_account_now(self, number: int) -> None:
        history = self.world.accounts[number]
        self.read_account(number, history.now, instant(self.world.now))

    def _look(self) -> Look:
        return Look(self.policy.list_id, self.world.lists)

    def read_contact_now(self, email: str) -> None:
        """Read a contact by its id; one that is not there any more answers so."""
        history = self.world.contacts.get(email)
        read = instant(self.world.now)
        if history is not None:
            self._close_jobs(email)
            self.persons[email] = observe_contact(
                self.person(email), self._contact(email, history.now, read), self._look()
            )
        else:
            self._close_jobs(email)
            self._void_without_contact(email)

    def _void_without_contact(self, email: str) -> None:
        """No such contact was ever there: a command that has had its time had no effect."""
        person = self.person(email)
        for intent in person.intents:
            over = intent.lands_by is not None and intent.lands_by < self.world.now
            if intent.open and over and not intent.command.act.writes_flag:
                person = close(person, intent, Ended.VOID)
        self.persons[email] = person

    def _close_jobs(self, email: str) -> None:
        """Learn from the service which jobs have ended: from then on they land no more."""
        person = self.person(email)
        for intent in person.intents:
            job = self.jobs.get((email, intent.number))
            if intent.open and intent.lands_by is None and job is not None and job.ends <= self.world.now:
                person = person.with_intent(replace(intent, lands_by=job.ends))
        self.persons[email] = person

    def poll(self) -> None:
        """Look at everything in lists that may lag."""
        start = self.world.now
        self.world.pass_time(0, 20)
        read = Window(self.world.now - LAG, self.world.now)
        shop, mail = self._age(), self._age()
        for number, history in list(self.world.accounts.items()):
            state = history.at(self.world.now - (self._age() if self.uneven else shop))
            if state is None:
                continue
            if state.gone:
                self.read_account_now(number)
            else:
                self.read_account(number, state, read)
        for email, contact in list(self.world.contacts.items()):
            self._close_jobs(email)
            seen = contact.at(self.world.now - (self._age() if self.uneven else mail))
            if seen is not None:
                self.persons[email] = observe_contact(
                    self.person(email), self._contact(email, seen, read), self._look()
                )
        self.looked = start - LAG

    def _age(self) -> timedelta:
        return seconds(self.rng.choice((0, 0, self.rng.uniform(0, 600))))

    def read_person_now(self, key: str) -> None:
        for number in [one for one, home in self.home.items() if home == key]:
            self.read_account_now(number)
        self.read_contact_now(key)

    # ---------------------------------------------------------------- rounds

    def round(self) -> int:
        """Run once; return how many commands were sent. Raises Cut if the power goes."""
        self.poll()
        self.policy = replace(self.policy, list_exists=self.policy.list_id in self.world.lists)
        decisions = {key: self._decide(key) for key in sorted({*self.persons, *self.home.values()})}
        held = self._weigh(decisions)
        sent = 0
        for key, decision in decisions.items():
            if key not in held:
                self._settle(key, decision)
                sent += self._work(key, decision)
        return sent

    def _decide(self, key: str) -> Decision:
        decision = decide(self.person(key), self.policy)
        if decision.look_again:
            self.world.pass_time(0, 2)
            self.read_person_now(key)
            decision = decide(self.person(key), self.policy)
        self.decided[key] = decision
        return decision

    def _weigh(self, decisions: dict[str, Decision]) -> set[str]:
        """Ask the guard about everybody before the first command; return whose opt-outs are held."""
        losses: dict[tuple[str, int], Loss] = {}
        for key, decision in decisions.items():
            person = self.person(key)
            old = any(self.linked_at.get(one.id, START) < self.world.now - WEEK for one in person.accounts)
            for statement, kind in losses_of(person, decision):
                looked = self.looked is not None and statement.seen_at <= self.looked + LAG + seconds(60)
                losses[key, statement.number] = Loss((key, statement.number), kind, old, looked)
        linked = sum(at < self.world.now - WEEK for at in self.linked_at.values())
        weighed = weigh(losses.values(), self.memory, linked=linked, now=self.world.now, least=self.least)
        self.memory = weighed.memory
        held = {key for key, _ in losses.keys() - weighed.carry}
        for key, person in list(self.persons.items()):
            numbers = frozenset(number for name, number in self.memory.holds if name == key)
            if numbers != person.held:
                self.persons[key] = replace(person, held=numbers)
        self.held = held
        return held

    def _work(self, key: str, decision: Decision) -> int:
        if decision.commands and self.rng.random() < 0.5:
            weighed = {*losses_of(self.person(key), decision)}
            self.world.pass_time(0, 2)
            self.read_person_now(key)
            fresh = decide(self.person(key), self.policy)
            self.decided[key] = fresh
            if not {*losses_of(self.person(key), fresh)} <= weighed:
                return 0  # a loss that was not weighed waits for the next round
            self._settle(key, fresh)
            decision = fresh
        for command in decision.commands:
            self.between()
            self._send(key, command)
        return len(decision.commands)

    def _settle(self, key: str, decision: Decision) -> None:
        if decision.settles:
            person = self.person(key)
            settled = person.settled | {(number, self.policy.list_id) for number in decision.settles}
            if settled != person.settled:
                self.persons[key] = replace(person, settled=settled)

    def choose(self, list_id: str) -> None:
        """Change the active list: after a last look at it, in which what is owed is answered."""
        self.round()
        self.policy = replace(self.policy, list_id=list_id, chosen_at=self.world.now, list_exists=True)
        self.world.active = list_id

    # ---------------------------------------------------------------- calls

    def _send(self, key: str, command: Command) -> None:
        person = self.person(key)
        call = route(command, person, self.policy)
        job = call.method in (Method.IMPORT, Method.ADD_TO_LIST, Method.REMOVE_FROM_LIST)
        now = self.world.now
        lands_by = None if job else now + SINGLE
        self.persons[key], intent = begin(person, command, at=now, lands_by=lands_by, sign_up=call.sign_up)
        luck = self.rng.random()
        if luck < self.trouble * 0.2:
            self._nothing_was_sent(key, intent)
            raise Cut
        if luck < self.trouble * 0.5:
            self.persons[key] = close(self.person(key), intent, Ended.REFUSED)
            return
        lost, effect = luck < self.trouble, luck < self.trouble * 0.5 or self.rng.random() < 0.7
        if lost and not effect:
            self._nothing_was_sent(key, intent)
        else:
            self.on_call(Made(now, key, command, call))
            self._carry_out(key, intent, call, lost=lost)
        if lost and self.rng.random() < 0.5:
            raise Cut
        self.world.pass_time(0, 2)

    def _nothing_was_sent(self, key: str, intent: Intent) -> None:
        """The call never reached the service. Of a job the service's own list tells, soon."""
        if intent.lands_by is None:
            self.jobs[key, intent.number] = Job(self.world.now + SINGLE, [])

    def _carry_out(self, key: str, intent: Intent, call: Call, *, lost: bool) -> None:
        command, world = intent.command, self.world
        if command.act.writes_flag:
            self._write_flag(command, lost=lost)
        elif call.method is Method.RESUBSCRIBE:
            world.asked.append(key)
            if not lost:
                self.persons[key] = landed(self.person(key), intent, at=world.now)
        elif call.sign_up:
            world.welcomed.append((key, world.now))
            created = world.sign_up(key, command.list_id, ours=True)
            if not lost:
                self.persons[key] = landed(
                    self.person(key), intent, at=world.now, contact_id=f"c-{key}", created=created
                )
        elif call.method in (Method.PUT_CONTACT, Method.CREATE):
            world.put(key, command.list_id)
            if not lost:
                self.persons[key] = landed(self.person(key), intent, at=world.now, contact_id=f"c-{key}")
        else:
            row = (key, command.list_id, command.act.puts_on, self.rng.random() < self.trouble * 0.2)
            ends = world.now + seconds(self.rng.choice((1, 5, self.rng.uniform(0, 2400))))
            job = Job(ends, [row])
            world.jobs.append(job)
            self.jobs[key, intent.number] = job

    def _write_flag(self, command: Command, *, lost: bool) -> None:
        account = self.world.accounts[command.account]
        if account.now.gone:
            return
        self.world.change_account(command.account, opted_in=command.act is Act.OPT_IN)
        if not lost:
            self.read_account_now(command.account)
