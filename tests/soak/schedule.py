"""Schedules: everything that happens, as plain data from one seed, so that one can be replayed and cut down.

A thing is a tuple: ("act", name, …), ("run", kind, during), ("wait", minutes), ("clock", hours),
("restart",), ("login",), ("reinstall",), ("answer", "add" or "leave"): about a newcomer, ("list",): staff
choose the other one, ("turn", service, switch, value),
("held", "do", "later" or "mistake"): staff answer for those whom the guard holds,
("welcomes", "send" or "without"): about welcome emails that wait for an answer,
("preview", kind): the run that comes next is tried out before, and has to do the same,
("forget", share): staff have somebody forgotten, of those who are known the one at a share of them,
("hurry",): the next act happens in the same second as what comes before and after it. `during` holds
(number of the call, thing) with the further things ("trouble", kind, calls, service, verb), ("cancel",) and
("cut", "before" or "after", verb); with the verb "POST" they wait for a call that does something.

Random things alone seldom concern the same person four times in a row, in the one order that matters. So most
schedules hold a story or two as well (`stories.py`): what belongs together, with gaps, variants and troubles
drawn as freely as the rest.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any

from tests.soak.faults import KINDS

Thing = tuple[Any, ...]

_CC_SWITCHES: dict[str, tuple[Any, ...]] = {
    "list_change_moves_updated_at": (True,),
    "unsubscribe_empties_lists": (False,),
    "default_status": ("not_deleted",),
    "optout_filter_works": (False,),
    "updated_after_inclusive": (False,),
    "before_inclusive": (True,),
    "lowercase_email": (False,),
    "normalise_country": (True,),
    "put_without_permission": ("implicit",),
    "account_put_on_optout": ("refused", "applied"),
    "second_resubscribe_status": (400,),
    "welcome_email_on": (False,),
    "confirmed_opt_in": (True,),
    "sign_up_existing_sends_welcome": (True,),
    "list_join_automation": (True,),
    "last_page_links": ("empty",),
    "shuffle": (True,),
    "activity_seconds": (0.5, 20.0),
    "import_revives_deleted": (False,),
    "import_updates_unsubscribed": (True,),
    "import_empty_clears": (True,),
    "add_job_lists_unsubscribed": (True,),
    "refused_text": (r"Name[13]$", "Boston"),
    "import_refused_text": ("request", "job"),
    "list_job_refusal": ("job",),
    "refresh_mode": ("long_lived",),
    "refresh_reply_without_token": (True,),
    "refresh_reuse_revokes": (True,),
    "expires_in_as_string": (True,),
    "token_lifetime": (600, 7200),
    "limits_on": (True,),
}
_KIBO_SWITCHES: dict[str, tuple[Any, ...]] = {
    "update_filter_name": ("updateDate", "auditInfo.updateDate", "none"),
    "update_sort_name": ("updateDate", "auditInfo.updateDate", "none"),
    "unknown_filter": ("ignore", "nothing"),
    "unknown_sort": ("ignore", "nothing"),
    "accepts_marketing_filterable": (False,),
    "id_filterable": (False,),
    "email_filterable": (False,),
    "email_match_case": (True,),
    "email_quotes": ("needed", "either"),
    "sort_works": (False,),
    "unsorted": ("scattered",),
    "pull_works": (False,),
    "pull_filter_works": (False,),
    "shuffle_topics": (True,),
    "no_callback": (True,),
    "put_mode": ("merge",),
    "put_keeps_contacts_if_omitted": (True,),
    "order_bumps_update_date": (False,),
    "app_status": ("missing", "forbidden"),
    "audit_log": (False,),
    "token_lifetime": (300,),
    "gives_refresh_token": (False,),
}
TROUBLE_SWITCHES: tuple[tuple[str, str, Any, Any], ...] = (  # service, name, in trouble, without
    ("cc", "import_loses_every", 3, 0),
    ("cc", "import_loses_every", 2, 0),
    ("cc", "activity_outcome", "failed", "completed"),
    ("cc", "activity_outcome", "timed_out", "completed"),
    ("kibo", "put_ignores_opt_in", True, False),
)
# Where ccdesk begins to do things in bulk or in pages, brought down to what a small shop reaches.
SIZES: dict[str, tuple[int, ...]] = {
    "sync.runs.members_file.FILE_FROM": (0,),
    "sync.runs.export_check.PAGE": (2,),
    "sync.runs.export_check._FEW_LOOKUPS": (0, 2),
    "sync.runs.export.PAGE": (2,),
    "sync.runs.export._KEPT_AT_ONCE": (3,),
    "sync.runs.export._WINDOW": (4,),
    "sync.runs.export_early._LEFT": (100,),
    "sync.runs.export_early._WORTH": (1,),
    "sync.runs.export_batches.IMPORT_MAX_ROWS": (1, 3),
    "sync.runs.export_batches.LIST_JOB_MAX_IDS": (1, 2),
    "sync.runs.export_batches._PAGE": (2,),
    "sync.runs.export_session.PAGE": (2,),
    "sync.runs.export_session._READ_QUICKLY": (0,),
    "sync.runs.export_unreached._PAGE": (2,),
    "sync.runs.events._BATCH": (1, 3),
    "sync.sensors.accounts._PAGE": (1, 4, 1_000),
    "sync.outbox.shop._AT_ONCE": (1, 2, 3),
    "sync.outbox.shop._PAGE": (2,),
    "sync.runs.compare._PAGE": (2,),
    "sync.runs.list_scan._PAGE": (2,),
    "sync.runs.list_scan._FEW_LOOKUPS": (0, 2),
    "sync.sensors.contact_directory._FEW_LOOKUPS": (0, 2),
    "sync.outbox.list_add._BULK_FROM": (1, 3),
    "consent.guard.PEOPLE": (1, 2),
    "sync.sensors.list_contacts._FEW_LOOKUPS": (0, 2),
    "sync.outbox.former_emails._FEW_EMAILS": (0, 2),
    "sync.outbox.list_remove.LIST_JOB_MAX_IDS": (1, 3),
    "sync.outbox.verify._ONE_BY_ONE": (0, 2),
    "sync.fresh_customers.MOST": (0, 2),
    "clients.kibo.lists.PAGE_SIZE": (4,),
    "clients.constant_contact.client.PAGE_SIZE": (3,),
}
MOST_WELCOMES = "sync.outbox.welcomes.MOST"
_PERMISSIONS = (
    "implicit", "implicit", "explicit", "unsubscribed", "temp_hold", "not_set", "pending_confirmation",
)  # fmt: skip
_SHOP_ACTS = (
    "opt_in", "opt_in", "opt_in", "opt_out", "opt_out", "opt_out", "change_email", "change_name", "order",
    "deactivate", "activate", "delete_customer",
)  # fmt: skip
_MAILING_ACTS = (
    "unsubscribe", "unsubscribe", "leave", "leave", "rejoin", "sign_up", "click_resubscribe", "confirm",
    "delete_contact", "staff_add", "staff_edit", "staff_remove", "account_unsubscribe", "hold", "release",
)  # fmt: skip
_KINDS = ("export", "events", "events", "inbound", "inbound", "full-compare")


UNDOS = 0.1  # of the schedules
FORGETTINGS = 0.1


@dataclass(frozen=True)
class Schedule:
    """One whole story."""

    seed: int
    cc: dict[str, Any]
    kibo: dict[str, Any]
    settings: dict[str, str]
    things: tuple[Thing, ...]
    sizes: dict[str, int] = field(default_factory=dict)  # constants of ccdesk by name, as in a large shop
    ahead: dict[str, float] = field(default_factory=dict)  # seconds, by service: clocks that differ


class Writer:
    """Makes up things about the people there are."""

    def __init__(self, chance: Random) -> None:
        self.chance = chance
        self.accounts = 0
        self.emails: list[str] = []

    def email(self) -> str | None:
        """Return an email of any kind, mostly a plain new one, at times one that is known."""
        chance, number = self.chance, len(self.emails)
        roll = chance.random()
        if roll < 0.12 and self.emails:
            found = chance.choice(self.emails)
            return found.upper() if chance.random() < 0.3 else f" {found}" if chance.random() < 0.2 else found
        name = f"pzq{number}"
        found = f"{name}@people.example"
        if roll < 0.20:
            found = f"{name}{'x' * chance.randrange(34, 60)}@people.example"[-80:]
        elif roll < 0.24:
            found = chance.choice(
                [f"{name}@", f"{name} b@people.example", f"@{name}.example", f"{name}..b@x.y"]
            )
        elif roll < 0.26:
            found = f"{name}{'x' * 70}@people.example"
        elif roll < 0.28:
            return chance.choice([None, ""])
        elif roll < 0.31:
            found = f"{name}+tag&o'x@people.example"
        self.emails.append(found)
        return found

    def customer(self) -> Thing:
        """Return an account to be made."""
        chance = self.chance
        self.accounts += 1
        how = chance.choice(["", "", "guest", "inactive", "long", "address", "address", "address"])
        return ("act", "customer", self.accounts, self.email(), chance.random() < 0.65, how)

    def contact(self) -> Thing:
        """Return a contact from elsewhere, often of a customer."""
        chance = self.chance
        email = chance.choice(self.emails) if self.emails and chance.random() < 0.7 else self.email()
        if email is not None and (not email or "@" not in email.strip("@")):
            email = None
        permission = chance.choice(_PERMISSIONS)
        lists = chance.choice(["", "other", "active", "active other"])
        how = chance.choice(["", "", "", "", "deleted", "by_person"])
        return ("act", "contact", email, permission, lists, how)

    def act(self) -> Thing:
        """Return what somebody does next."""
        chance = self.chance
        if chance.random() < 0.08:
            return self.customer()
        if chance.random() < 0.04:
            return self.contact()
        if self.accounts and chance.random() < 0.45:
            who = chance.randrange(1, self.accounts + 1)
            name = chance.choice(_SHOP_ACTS)
            more = {"change_email": (self.email,), "change_name": (lambda: f"L{chance.randrange(9)}",)}
            return ("act", name, who, *(one() for one in more.get(name, ())))
        email = chance.choice(self.emails) if self.emails else "nobody@people.example"
        name = chance.choice(_MAILING_ACTS)
        if name == "staff_add":
            return ("act", name, email, chance.choice(["active", "other", "other"]))
        return ("act", name, email, "Edited") if name == "staff_edit" else ("act", name, email)

    def acts(self) -> list[Thing]:
        """Return what somebody does next, at times within the second of what was before and comes after."""
        hurry: list[Thing] = [("hurry",)] if self.chance.random() < 0.2 else []
        return [*hurry, self.act()]

    def during(self) -> tuple[tuple[int, Thing], ...]:
        """Return what happens between the calls of one run."""
        chance = self.chance
        found: list[tuple[int, Thing]] = []
        while chance.random() < 0.4 and len(found) < 4:
            at, roll = int(chance.expovariate(1 / 3)), chance.random()  # a run makes four or five calls
            if roll < 0.45:
                found += [(at, one) for one in self.acts()]
            elif roll < 0.85:
                found.append((at, self.trouble()))
            elif roll < 0.93:
                found.append((at, ("cut", chance.choice(["before", "after"]))))
            else:
                found.append((at, self.clock()))
        return in_order(found)

    def trouble(self) -> Thing:
        """Return trouble of one kind for some calls, to one service or both."""
        chance = self.chance
        calls = chance.choice([1, 1, 1, 2, 3, 5, 12])
        return ("trouble", chance.choice(KINDS), calls, chance.choice(["", "cc", "kibo"]))

    def clock(self) -> Thing:
        """Return a wrong setting of this computer's clock, in hours from the truth."""
        return ("clock", self.chance.choice([0, 0, -1, 1, -26, 26, 24 * 40, -24 * 40]))

    def step(self) -> list[Thing]:
        """Return what happens next between runs."""
        return self.acts() if self.chance.random() < 0.36 else [self._other()]

    def _other(self) -> Thing:
        chance, roll = self.chance, self.chance.random()
        if roll < 0.66:
            return ("run", chance.choice(_KINDS), self.during())
        if roll < 0.84:
            return ("wait", chance.choice([1, 5, 31, 31, 90, 60 * 13, 60 * 25]))
        if roll < 0.89:
            return ("restart",)
        if roll < 0.92:
            return ("login",)
        if roll < 0.93:
            return ("list",)
        if roll < 0.94:
            return ("answer", chance.choice(["add", "leave"]))
        if roll < 0.96:
            return self.clock()
        service, name, bad, good = chance.choice(TROUBLE_SWITCHES)
        return ("turn", service, name, chance.choice([bad, good]))


def make(seed: int, steps: int = 30) -> Schedule:
    """Return the schedule of a seed."""
    from tests.soak.stories import Stories  # it needs the things made here

    chance = Random(seed)
    writer = Writer(chance)
    things: list[Thing] = [writer.customer() for _ in range(chance.randrange(4, 20))]
    things += [writer.contact() for _ in range(chance.randrange(1, 8))]
    chance.shuffle(things)
    things.append(("wait", 5))
    if chance.random() < 0.8:  # most shops begin as the seed's steps have it
        things += [("run", "export", ()), ("wait", 1), ("run", "events", ()), ("run", "inbound", ())]
    things += [thing for _ in range(steps) for thing in writer.step()]
    cc, kibo = _switches(chance, _CC_SWITCHES), _switches(chance, _KIBO_SWITCHES)
    more = Random(f"{seed} more")
    told = Random(f"{seed} stories")
    stories = Stories(told, writer)
    for _ in range(told.choice([0, 1, 1, 2])):
        at = told.randrange(len(things) // 2, len(things) + 1)
        things[at:at] = stories.one()
    settings = {
        "welcome_email": chance.choice(["true", "false"]),
        "export_guests": chance.choice(["true", "true", "false"]),
    }
    if chance.random() < 0.1:
        settings["nulls"] = "true"  # none of ccdesk's: this Kibo shows a box that is not ticked as null
    sizes = (_switches(more, SIZES) if more.random() < 0.4 else {}) | stories.sizes
    ahead = {}
    if more.random() < 0.1:
        ahead = {name: more.choice([0, -90, -20, 20, 90, 3600]) for name in ("kibo", "cc")}
    things = list(_cancelling(more, things))
    asking = Random(f"{seed} welcomes")
    if asking.random() < 0.15:  # as if a file had been imported, each time that so few opt in
        settings["welcome_email"] = "true"
        sizes[MOST_WELCOMES] = asking.choice([0, 1])
        for _ in range(asking.randrange(3)):
            place = asking.randrange(len(things) // 3, len(things) + 1)
            things.insert(place, ("welcomes", asking.choice(["send", "without"])))
    things = list(_trying_out(Random(f"{seed} previews"), things))
    things = _with_undos(Random(f"{seed} undos"), writer, things)
    things = _with_forgettings(Random(f"{seed} forgettings"), things)
    return Schedule(seed, cc, kibo, settings, tuple(things), sizes, ahead)


def _trying_out(chance: Random, things: list[Thing]) -> Iterator[Thing]:
    """Have a run to which nothing happens meanwhile tried out first, now and then (design §8)."""
    for thing in things:
        if thing[0] == "run" and not thing[2] and chance.random() < 1 / 6:
            yield ("preview", thing[1])
        yield thing


def _with_undos(chance: Random, writer: Writer, things: list[Thing]) -> list[Thing]:
    """Have staff undo runs in few schedules, of those that there are by then one at a share of them (§8)."""
    if chance.random() >= UNDOS:
        return things
    found = list(things)
    others, writer.chance = writer.chance, chance
    for _ in range(chance.choice([1, 1, 2, 3])):
        during = writer.during() if chance.random() < 0.4 else ()
        place = chance.randrange(len(found) // 3, len(found) + 1)
        found[place:place] = [("undo", round(chance.random(), 2), chance.random() < 0.4, during)]
    writer.chance = others
    return found


def _with_forgettings(chance: Random, things: list[Thing]) -> list[Thing]:
    """Have people forgotten in few schedules (§8)."""
    if chance.random() >= FORGETTINGS:
        return things
    found = list(things)
    for _ in range(chance.choice([1, 1, 2, 3])):
        place = chance.randrange(len(found) // 3, len(found) + 1)
        found.insert(place, ("forget", round(chance.random(), 2)))
    return found


def in_order(during: Iterable[tuple[int, Thing]]) -> tuple[tuple[int, Thing], ...]:
    """Return what happens between the calls of a run by the number of the call."""
    return tuple(sorted(during, key=lambda one: one[0]))


def _cancelling(chance: Random, things: list[Thing]) -> Iterator[Thing]:
    """Have staff stop a run now and then."""
    for thing in things:
        if thing[0] == "run" and chance.random() < 0.05:
            stop = (int(chance.expovariate(1 / 4)), ("cancel",))
            yield ("run", thing[1], in_order((*thing[2], stop)))
        else:
            yield thing


def _switches(chance: Random, known: Mapping[str, tuple[Any, ...]]) -> dict[str, Any]:
    share = chance.choice([0.0, 0.1, 0.4])
    return {name: chance.choice(values) for name, values in known.items() if chance.random() < share}
