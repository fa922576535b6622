"""Persons who are told what ccdesk is told: every answer, and every write of its own that took effect.

With the same information on both sides, what the table decides otherwise than the engine is a difference of
rule. What the engine's store keeps of that information is compared apart (`from_store.py`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from ccdesk.consent.decide import Decision, decide
from ccdesk.consent.journal import begin, landed
from ccdesk.consent.model import Act, Author, Command, How, Person, Policy, Says, Side, Statement
from ccdesk.consent.moves import follow_words, move_account
from ccdesk.consent.observe_mail import ContactReading, Look, observe_contact
from ccdesk.consent.observe_shop import AccountReading, observe_account
from ccdesk.consent.window import Window, instant

_LANDS_WITHIN = timedelta(seconds=120)


@dataclass(frozen=True)
class Wrote:
    """A write of ours that took effect, what the table said of it, and whether it was the table's, too."""

    act: Act
    key: str
    account: int
    decision: Decision
    agreed: bool


class Witness:
    """Persons by email. `now` tells the mail service's time; moments are on its clock.

    `peek` reads a contact by its email: an account that moves needs both contacts read before (b4).
    """

    def __init__(
        self,
        now: Callable[[], datetime],
        policy: Policy,
        peek: Callable[[str], ContactReading | None] = lambda _key: None,
    ) -> None:
        self._now, self.policy, self._peek = now, policy, peek
        self.persons: dict[str, Person] = {}
        self.home: dict[int, str] = {}  # account -> the email it was last read under
        self.changed: dict[str, datetime] = {}  # email -> when something new was last read or written of it
        self.looked: datetime | None = None  # start of the last complete look at the shop
        self.lists: frozenset[str] = frozenset()  # those that exist
        self.began: dict[str, Decision] = {}  # decisions as the run going on began
        self.writes: list[Wrote] = []

    def person(self, key: str) -> Person:
        """Return a person, a new one if the email was never seen."""
        return self.persons.get(key) or Person(key)

    def decide(self, key: str) -> Decision:
        """Return what the table says of a person now."""
        return decide(self.person(key), self.policy)

    def _keep(self, key: str, person: Person) -> None:
        before = self.persons.get(key)
        if before is None or before.statements != person.statements or _shows(before) != _shows(person):
            self.changed[key] = self._now()
        self.persons[key] = person

    # ---------------------------------------------------------------- answers

    def read_contact(self, key: str, reading: ContactReading, *, last: bool = False) -> None:
        """Take a reading of a contact to its person; `last`: before another list is chosen."""
        look = Look(self.policy.list_id, self.lists, last)
        self._keep(key, observe_contact(self.person(key), reading, look))

    def read_account(self, reading: AccountReading) -> None:
        """Take a reading of an account to the person whose email it has."""
        home = self.home.get(reading.id)
        if not reading.readable:
            if home is not None:
                self._keep(home, observe_account(self.person(home), reading))
            return
        if home is not None and home != reading.email and not reading.gone:
            known = self.person(home).account(reading.id)
            if known is not None and reading.version <= known.version:
                return
            self.look_up(home, reading.email)
            former, to = move_account(self.person(home), self.person(reading.email), reading, self.policy)
            self._keep(home, former)
            self._keep(reading.email, to)
        else:
            key = home or reading.email
            self._keep(key, observe_account(self.person(key), reading, self.looked))
        self.home[reading.id] = home if reading.gone and home is not None else reading.email
        self._follow(reading.id)

    def date(self, account: int, set_at: Window) -> None:
        """Take what the audit log tells of an account: when its flag was set."""
        key = self.home.get(account, "")
        person = self.person(key)
        word = person.word(account)
        if word is None or word.how is not How.FLAG_SET or word.window.after(set_at) is not None:
            return  # of another opt-in than the one that was read
        dated = tuple(replace(one, window=set_at) if one is word else one for one in person.statements)
        self._keep(key, replace(person, statements=dated))

    def look_up(self, *keys: str, last: bool = False) -> None:
        """Read contacts by their emails now; `last`: before another list is chosen."""
        for key in keys:
            found = self._peek(key)
            if found is not None:
                self.read_contact(key, found, last=last)

    def _follow(self, account: int) -> None:
        home = self.home[account]
        for key, person in list(self.persons.items()):
            if key != home:
                self._keep(key, follow_words(person, self.person(home), account))

    # ---------------------------------------------------------------- writes

    def wrote(
        self,
        act: Act,
        key: str,
        *,
        account: int = 0,
        contact_id: str = "",
        created: bool = False,
        sign_up: bool = False,
        reading: AccountReading | None = None,
    ) -> None:
        """Take a write of ours that has just taken effect; an account's write shows in `reading`."""
        key = self.home.get(account, key)
        person, decision = self.person(key), self.decide(key)
        command = _command(decision, act, account) or _command(self.began.get(key), act, account)
        self.writes.append(Wrote(act, key, account, decision, command is not None))
        if command is None:
            command = Command(act, self.policy.list_id, _would_answer(person, act), account)
        now = self._now()
        person, intent = begin(person, command, at=now, lands_by=now + _LANDS_WITHIN, sign_up=sign_up)
        if reading is not None:
            self._keep(key, observe_account(person, reading))
        else:
            self._keep(key, landed(person, intent, at=now, contact_id=contact_id, created=created))

    # ---------------------------------------------------------------- rounds and answers of staff

    def begin(self) -> None:
        """A run begins."""
        self.began = {key: self.decide(key) for key in self.persons}
        self.writes = []

    def end(self) -> None:
        """A run has done all it set out to: what its decisions dealt with without a command is settled."""
        for key, person in self.persons.items():
            settles = {(number, self.policy.list_id) for number in self.decide(key).settles}
            self.persons[key] = replace(person, settled=person.settled | settles)

    def choose(self, policy: Policy) -> None:
        """Staff choose a list."""
        self.policy = policy

    def lift(self, account: int) -> None:
        """Staff answer *Add* about a newcomer: the opt-outs known now count no more against the account."""
        key = self.home.get(account, "")
        person = self.person(key)
        outs = {(account, one.number) for one in person.statements if one.says is Says.OPT_OUT}
        self._keep(key, replace(person, lifted=person.lifted | outs))
        self.changed[key] = self._now()

    def leave_out(self, key: str) -> None:
        """Staff leave somebody out of a list at its first export, until they opt in anew (design §3a R2)."""
        person, now = self.person(key), self._now()
        contact = person.subscriber
        left = Statement(
            number=0,
            side=Side.MAIL,
            subject=contact.id if contact else "",
            how=How.LEFT,
            author=Author.STAFF,
            window=instant(now),
            seen_at=now,
            lists=frozenset({self.policy.list_id}),
            watched=False,
        )
        self._keep(key, person.state(left))


def _shows(person: Person) -> tuple[object, ...]:
    """Return what both sides show, without the moments of the readings."""
    contact = person.subscriber
    return (
        tuple((one.id, one.opted_in, one.active, one.guest, one.gone, one.here) for one in person.accounts),
        contact and (contact.permission, contact.deleted, contact.gone, contact.lists),
        person.lifted,
    )


def _command(decision: Decision | None, act: Act, account: int) -> Command | None:
    for one in decision.commands if decision is not None else ():
        same = one.act is act or (one.act.puts_on and act.puts_on)
        if same and (not account or one.account == account):
            return one
    return None


def _would_answer(person: Person, act: Act) -> frozenset[int]:
    """Return what a write that the table did not ask for answers, as far as one can say."""
    words = [word for one in person.accounts if (word := person.word(one.id)) is not None]
    if act.puts_on:
        found = [one for one in words if one.says is Says.OPT_IN]
    elif act is Act.REMOVE:
        found = [one for one in words if one.says is Says.OPT_OUT]
    else:
        wanted = Says.OPT_IN if act is Act.OPT_IN else Says.OPT_OUT
        found = [
            one for one in person.statements if one.side is Side.MAIL and one.says is wanted and not one.ours
        ][-1:]
    return frozenset(one.number for one in found)
