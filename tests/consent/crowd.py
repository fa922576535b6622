"""The guard's world: a shop of fourteen, mass mistakes of staff, strangers who open accounts by the dozen."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random

from ccdesk.consent.guard import not_now
from ccdesk.consent.model import Act
from ccdesk.core.models import Permission
from tests.consent.engine import Cut, Engine, Made
from tests.consent.world import START, History, ShopState, World

CUSTOMERS = tuple(f"c{number:02}@example.com" for number in range(1, 15))
LEAST = 3
FAKES = 12
DAY = 86_400.0
DAY_LONG = timedelta(hours=24)


@dataclass
class Crowd:
    """The world, the engine, and who is the victim of a mistake that is not undone yet."""

    rng: Random
    world: World = field(init=False)
    engine: Engine = field(init=False)
    off_list: set[str] = field(default_factory=set)
    cleared: set[str] = field(default_factory=set)
    said_so: set[str] = field(default_factory=set)
    broken: list[str] = field(default_factory=list)
    calls: list[Made] = field(default_factory=list)
    fakes: int = 0
    cleared_at: datetime = START

    def __post_init__(self) -> None:
        self.world = World(self.rng)
        self.engine = Engine(self.world, self.rng, welcome=False, trouble=0.0)
        self.engine.least, self.engine.uneven = LEAST, False
        self.engine.on_call = self._judge
        for email in CUSTOMERS:
            self.register(email)
        self.rounds(3)
        self.world.pass_time(8 * DAY, 9 * DAY)
        self.rounds(1)

    def register(self, email: str) -> int:
        number, stamp = len(self.world.accounts) + 1, self.world.shop_clock()
        self.world.accounts[number] = History([self.world.now], [ShopState(email, True, stamp, stamp)])
        return number

    def account(self, email: str) -> int:
        return next(number for number, one in self.world.accounts.items() if one.now.email == email)

    def rounds(self, number: int) -> None:
        for _ in range(number):
            try:
                self.engine.round()
            except Cut:  # no trouble here, so no cut either
                raise AssertionError from None
            self.world.pass_time(1700, 1900)

    def _judge(self, made: Made) -> None:
        self.calls.append(made)
        if made.email in self.said_so:
            return
        # What is left of a mistake once most was undone is usual; a cleared flag waits no longer than a day.
        off, cleared = len(self.off_list) > LEAST, len(self.cleared) > LEAST
        if made.command.act is Act.OPT_OUT and made.email in self.off_list and off:
            self.broken.append(f"{made.email} was opted out by a mistake at the list")
        in_time = made.at - self.cleared_at < DAY_LONG
        if made.command.act is Act.REMOVE and made.email in self.cleared and cleared and in_time:
            self.broken.append(f"{made.email} was taken off by a mistake in the shop")

    def opted_out(self, email: str) -> bool:
        """Say whether ccdesk cleared somebody's flag."""
        return any(one.email == email and one.command.act is Act.OPT_OUT for one in self.calls)

    def removed(self, email: str) -> bool:
        """Say whether ccdesk took somebody off the list."""
        return any(one.email == email and one.command.act is Act.REMOVE for one in self.calls)

    # ---------------------------------------------------------------- what staff and people do

    def members(self) -> list[str]:
        return [
            email
            for email in CUSTOMERS
            if email in self.world.contacts
            and self.world.contacts[email].now.good
            and "A" in self.world.contacts[email].now.lists
        ]

    def take_off(self, emails: list[str]) -> None:
        """Staff take people off the list by mistake."""
        for email in emails:
            self.world.take(email, "A")
        self.off_list |= set(emails)

    def put_back(self, emails: list[str]) -> None:
        for email in emails:
            if self.world.contacts[email].now.permission is not Permission.UNSUBSCRIBED:
                self.world.put(email, "A")
        self.off_list -= set(emails)

    def clear_flags(self, emails: list[str]) -> None:
        """Staff import a file into the shop that clears flags by mistake."""
        for email in emails:
            self.world.change_account(self.account(email), opted_in=False)
        self.cleared |= set(emails)
        self.cleared_at = self.world.now

    def set_flags(self, emails: list[str]) -> None:
        for email in emails:
            self.world.change_account(self.account(email), opted_in=True)
        self.cleared -= set(emails)

    def unsubscribe(self, email: str) -> None:
        self.world.change_contact(
            email,
            permission=Permission.UNSUBSCRIBED,
            opted_out=self.world.whole(),
            by_person=True,
            lists=frozenset(),
        )
        self.said_so.add(email)

    def opt_out(self, email: str) -> None:
        """A customer clears the flag themselves."""
        self.world.change_account(self.account(email), opted_in=False)
        self.said_so.add(email)

    def burst(self) -> list[str]:
        """Strangers open accounts, and opt out once they are on the list."""
        emails = [f"fake{self.fakes + index:02}@example.com" for index in range(FAKES)]
        self.fakes += FAKES
        for email in emails:
            self.register(email)
        return emails


def play_crowd(seed: int) -> Crowd:
    """Play one random schedule of mistakes, bursts and true acts; at its end every mistake is undone."""
    rng = Random(seed)
    crowd = Crowd(rng)
    fakes: list[str] = []
    for _ in range(12):
        crowd.rounds(rng.randint(0, 2))
        _something(crowd, rng, fakes)
        if rng.random() < 0.1:
            crowd.engine.memory = not_now(crowd.engine.memory, crowd.world.now)
    for batch in _batches(rng, sorted(crowd.off_list)):
        crowd.put_back(batch)
        crowd.rounds(rng.randint(0, 1))
    for batch in _batches(rng, sorted(crowd.cleared)):
        crowd.set_flags(batch)
        crowd.rounds(rng.randint(0, 1))
    crowd.rounds(5)
    _judge_the_end(crowd)
    return crowd


def _batches(rng: Random, emails: list[str]) -> list[list[str]]:
    rng.shuffle(emails)
    size = max(1, len(emails) // rng.randint(1, 3))
    return [emails[start : start + size] for start in range(0, len(emails), size)]


def _something(crowd: Crowd, rng: Random, fakes: list[str]) -> None:
    members = [one for one in crowd.members() if one not in crowd.said_so | crowd.cleared]
    luck = rng.random()
    if luck < 0.3 and len(members) > 6 and not crowd.off_list and not crowd.cleared:
        victims = rng.sample(members, rng.randint(5, len(members)))
        crowd.take_off(victims) if rng.random() < 0.5 else crowd.clear_flags(victims)
    elif luck < 0.5 and crowd.off_list:
        crowd.put_back(_batches(rng, sorted(crowd.off_list))[0])
    elif luck < 0.5 and crowd.cleared:
        crowd.set_flags(_batches(rng, sorted(crowd.cleared))[0])
    elif luck < 0.6 and not fakes:
        fakes += crowd.burst()
    elif luck < 0.7 and fakes:
        for email in fakes:
            crowd.world.change_account(crowd.account(email), opted_in=False)
        fakes.clear()
    elif luck < 0.85 and members:
        crowd.unsubscribe(rng.choice(members))
    elif willing := [one for one in members if crowd.world.accounts[crowd.account(one)].now.opted_in]:
        crowd.opt_out(rng.choice(willing))


def _judge_the_end(crowd: Crowd) -> None:
    for email in sorted(crowd.said_so):
        contact, account = crowd.world.contacts[email].now, crowd.world.accounts[crowd.account(email)].now
        mailed = contact.good and "A" in contact.lists
        if mailed and email not in {one[0] for one in crowd.engine.memory.holds}:
            crowd.broken.append(f"{email} opted out and is mailed at the end")
        if account.opted_in:
            crowd.broken.append(f"{email} opted out and is opted in in the shop at the end")
