"""A file of customers imported into the shop costs pages, and one look at the contacts (design §3a R3)."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from ccdesk.core.runs import RunKind
from ccdesk.sync import context
from tests.e2e.world import World

PEOPLE = 1_000
KNOWN = 30


@pytest.fixture
def shop(world: World, monkeypatch) -> World:
    """A shop after its export; a hundredth of what real memory holds is held."""
    monkeypatch.setattr(context, "FRESH_MOST", 50)
    for number in range(KNOWN):
        world.kibo.add_customer(f"known{number}@example.com", True)
    world.later(60)
    world.choose_list()
    world.export()
    world.run(RunKind.EVENTS)
    world.later(60)
    return world


def calls(world: World, since: int) -> Counter[str]:
    found = world.sandbox.log.all(since=since)
    return Counter(f"{one.service} {re.sub(r'[0-9a-f-]{36}|[0-9]+', '#', one.path)}" for one in found)


def test_they_are_read_by_pages_and_not_one_by_one(shop):
    for number in range(PEOPLE):
        shop.kibo.add_customer(f"p{number}@example.com", True)
    shop.later(30)
    mark = shop.sandbox.log.mark()
    run = shop.run(RunKind.EVENTS)
    made = calls(shop, mark)
    assert made["kibo /api/commerce/customer/accounts/#"] == 0
    assert made["kibo /api/commerce/customer/accounts"] <= 2 * PEOPLE / 200 + 4
    assert sum(made[one] for one in made if one.startswith("cc")) <= 14
    assert run.counts["added"] == PEOPLE
    assert len(shop.members()) == PEOPLE + KNOWN
    shop.quiet_cycles()


def test_what_an_earlier_run_has_queued_is_read_by_pages_too(shop):
    people = [shop.kibo.add_customer(f"p{number}@example.com", True) for number in range(PEOPLE)]
    shop.later(30)
    assert shop.desk.look_for_events() == PEOPLE
    shop.kibo.opt_out(people[7])
    shop.kibo.delete_customer(people[8])
    mark = shop.sandbox.log.mark()
    run = shop.run(RunKind.EVENTS)
    made = calls(shop, mark)
    assert made["kibo /api/commerce/customer/accounts/#"] <= 3
    assert run.counts["added"] == PEOPLE - 2
    assert "p7@example.com" not in shop.members()


def test_two_accounts_of_many_people_do_not_cost_an_import_each(shop):
    for number in range(40):
        for _ in range(3):
            shop.kibo.add_customer(f"p{number}@example.com", True)
    shop.later(30)
    mark = shop.sandbox.log.mark()
    run = shop.run(RunKind.EVENTS)
    assert calls(shop, mark)["cc /v#/activities/contacts_json_import"] == 1
    assert len(shop.members()) == 40 + KNOWN
    assert run.error_count == 0
    shop.quiet_cycles()
