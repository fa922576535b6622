"""The guard's world: a shop of fourteen, mass mistakes of staff, strangers who open accounts by the dozen."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random

from ccdesk.consent.guard import not_now
from ccdesk.consent.model import Act
from ccdesk.core.models import Permission
from tests.consent.engine import Cut, Engine, Made
from tests.consent.victims import Victims, is_on, was_on_all_the_time
from tests.consent.world import LAG, START, History, ShopState, World, seconds

CUSTOMERS = tuple(f"c{number:02}@example.com" for number in range(1, 15))
LEAST = 3
FAKES = 12
DAY = 86_400.0
DAY_LONG, HOUR = timedelta(hours=24), timedelta(hours=1)
REST = 8  # rounds half a day apart: whatever is held unanswered has been carried by then


@dataclass
class Crowd:
    """The world, the engine, and who is the victim of a mistake that is not undone yet."""

    rng: Random
    world: World = field(init=False)
    engine: Engine = field(init=False)
    off_list: Victims = field(default_factory=Victims)
    cleared: Victims = field(default_factory=Victims)
    looks: list[tuple[datetime, datetime]] = field(default_factory=list)  # start less the lag, and end
    said_so: set[str] = field(default_factory=set)
    few: set[str] = field(default_factory=set)  # opted out while off the list with so few that all were usual
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

    def is_opted_in(self, email: str) -> bool:
        return self.world.accounts[self.account(email)].now.opted_in

    def rounds(self, number: int) -> None:
        for _ in range(number):
            start = self.world.now
            self.looks.append((start - LAG, start + seconds(20)))
            try:
                self.engine.round()
            except Cut:  # no trouble here, so no cut either
                raise AssertionError from None
            self._note_few()
            self.world.pass_time(1700, 1900)

    def _note_few(self) -> None:
        """Note whose opt-out a round may have dealt with, because only few were off the list with them."""
        for emails in self.off_list.shown(self.looks[-1][0]):
            if self._seen_of(emails) <= LEAST:
                self.few |= self.said_so & emails

    def _undo(self, victims: Victims, emails: list[str]) -> None:
        """Note that staff put right a mistake, or a part of it."""
        rest, now = victims.now - {*emails}, self.world.now
        looked = any(start > victims.since and end < now for start, end in self.looks)
        if looked and self._seen_of(victims.now) > LEAST and self._seen_of(victims.now - rest):
            victims.undone.append(now)
        victims.become(now, rest)

    def rest(self) -> None:
        """Let the services work and nobody act, until nothing is left to do."""
        self.rounds(5)
        for _ in range(REST):
            self.world.pass_time(11 * 3600, 12 * 3600)
            self.rounds(1)

    def _judge(self, made: Made) -> None:
        self.calls.append(made)
        if made.email in self.said_so:
            return
        act, in_time = made.command.act, made.at - self.cleared_at < DAY_LONG
        if act is Act.OPT_OUT and self._is_harm(self.off_list, made):
            self.broken.append(f"{made.email} was opted out by a mistake at the list")
        if act is Act.REMOVE and in_time and self._is_harm(self.cleared, made):
            self.broken.append(f"{made.email} was taken off by a mistake in the shop")

    def _is_harm(self, victims: Victims, made: Made) -> bool:
        """Say whether a victim was harmed although more of them than is usual could be seen.

        What is left of a mistake an hour after most was undone is usual; so it was if it was at some moment
        that the reading may be of. But no more in a day. A cleared flag waits no longer than a day.
        """
        look = self.looks[-1][0]
        shown = [emails for emails in victims.shown(look) if made.email in emails]
        if not shown:
            return False
        victims.harmed.append(made.at)
        slowly = sum(at > made.at - DAY_LONG for at in victims.harmed) > LEAST
        undone = [at for at in victims.undone if made.at - HOUR < at < look]
        resting = any(victims.suffered(made.email, at, look) for at in undone)
        return slowly or resting or all(self._seen_of(emails) > LEAST for emails in shown)

    def _seen_of(self, emails: frozenset[str]) -> int:
        return sum(map(self._could_be_seen, emails))

    def _could_be_seen(self, email: str) -> bool:
        """Say whether a look has shown somebody on the list since we last took them off or opted them out."""
        against = [one.at for one in self.calls if one.email == email and not one.command.act.puts_on]
        history = self.world.contacts[email]
        return any(
            start > max(against, default=START) and was_on_all_the_time(history, start, end)
            for start, end in self.looks
        )

    def opted_out(self, email: str) -> bool:
        """Say whether ccdesk cleared somebody's flag."""
        return any(one.email == email and one.command.act is Act.OPT_OUT for one in self.calls)

    def removed(self, email: str) -> bool:
        """Say whether ccdesk took somebody off the list."""
        return any(one.email == email and one.command.act is Act.REMOVE for one in self.calls)

    # ---------------------------------------------------------------- what staff and people do

    def members(self) -> list[str]:
        """Those in step. Who was opted out by a mistake, as few may be, is no victim of the next one."""
        return [
            email
            for email in CUSTOMERS
            if email in self.world.contacts
            and is_on(self.world.contacts[email].now)
            and self.is_opted_in(email)
        ]

    def take_off(self, emails: list[str]) -> None:
        """Staff take people off the list by mistake."""
        for email in emails:
            self.world.take(email, "A")
        self.off_list.become(self.world.now, self.off_list.now | {*emails})

    def put_back(self, emails: list[str]) -> None:
        for email in emails:
            if self.world.contacts[email].now.permission is not Permission.UNSUBSCRIBED:
                self.world.put(email, "A")
        self._undo(self.off_list, emails)

    def clear_flags(self, emails: list[str]) -> None:
        """Staff import a file into the shop that clears flags by mistake."""
        for email in emails:
            self.world.change_account(self.account(email), opted_in=False)
        self.cleared.become(self.world.now, self.cleared.now | {*emails})
        self.cleared_at = self.world.now

    def set_flags(self, emails: list[str]) -> None:
        for email in emails:
            self.world.change_account(self.account(email), opted_in=True)
        self._undo(self.cleared, emails)

    def unsubscribe(self, email: str) -> None:
        self.world.change_contact(
            email,
            permission=Permission.UNSUBSCRIBED,
            opted_out=self.world.whole(),
            by_person=True,
            lists=frozenset(),
        )
        self.said_so.add(email)
        self.off_list.become(self.world.now, self.off_list.now - {email})
        self.cleared.become(self.world.now, self.cleared.now - {email})

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
    for batch in _batches(rng, sorted(crowd.off_list.now)):
        crowd.put_back(batch)
        crowd.rounds(rng.randint(0, 1))
    for batch in _batches(rng, sorted(crowd.cleared.now)):
        crowd.set_flags(batch)
        crowd.rounds(rng.randint(0, 1))
    crowd.rest()
    _judge_the_end(crowd)
    return crowd


def _batches(rng: Random, emails: list[str]) -> list[list[str]]:
    rng.shuffle(emails)
    size = max(1, len(emails) // rng.randint(1, 3))
    return [emails[start : start + size] for start in range(0, len(emails), size)]


def _something(crowd: Crowd, rng: Random, fakes: list[str]) -> None:
    members = [one for one in crowd.members() if one not in crowd.said_so]
    luck = rng.random()
    if luck < 0.3 and len(members) > 6 and not crowd.off_list.now and not crowd.cleared.now:
        chosen = rng.sample(members, rng.randint(5, len(members)))
        mistake = crowd.take_off if rng.random() < 0.5 else crowd.clear_flags
        size = 2 if rng.random() < 0.2 else len(chosen)  # now and then little by little
        for start in range(0, len(chosen), size):
            mistake(chosen[start : start + size])
            crowd.rounds(1 if size < len(chosen) else 0)
    elif luck < 0.5 and crowd.off_list.now:
        crowd.put_back(_batches(rng, sorted(crowd.off_list.now))[0])
    elif luck < 0.5 and crowd.cleared.now:
        crowd.set_flags(_batches(rng, sorted(crowd.cleared.now))[0])
    elif luck < 0.6 and not fakes:
        fakes += crowd.burst()
    elif luck < 0.7 and fakes:
        for email in fakes:
            crowd.world.change_account(crowd.account(email), opted_in=False)
        fakes.clear()
    elif luck < 0.85 and members:
        victims = sorted(crowd.off_list.now | crowd.cleared.now)
        crowd.unsubscribe(rng.choice(victims if victims and rng.random() < 0.3 else members))
    elif members:
        victims = [one for one in sorted(crowd.off_list.now - crowd.said_so) if crowd.is_opted_in(one)]
        crowd.opt_out(rng.choice(victims if victims and rng.random() < 0.3 else members))


def _judge_the_end(crowd: Crowd) -> None:
    """All has come to rest, and every mistake is undone: each is what they last stated themselves.

    Whom staff put on the list again, after their opt-out had been dealt with, is named, never fought.
    """
    if crowd.engine.memory.holds:
        crowd.broken.append(f"still held: {sorted(crowd.engine.memory.holds)}")
    for email in CUSTOMERS:
        mailed, opted_in = is_on(crowd.world.contacts[email].now), crowd.is_opted_in(email)
        named = email in crowd.few and crowd.engine.decided[email].named
        if email in crowd.said_so and mailed and not named:
            crowd.broken.append(f"{email} opted out and is mailed at the end")
        if email in crowd.said_so and opted_in:
            crowd.broken.append(f"{email} opted out and is opted in in the shop at the end")
        if email not in crowd.said_so and not mailed:
            crowd.broken.append(f"{email} never opted out and is not mailed at the end")
        if email not in crowd.said_so and not opted_in and not crowd.opted_out(email):
            crowd.broken.append(f"{email} never opted out and is not opted in in the shop at the end")
