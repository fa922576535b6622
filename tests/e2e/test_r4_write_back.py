"""What writing back many opt-outs costs, and that what was read for many at once overwrites nothing."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from ccdesk.cli.tables import day
from ccdesk.core.runs import Outcome, RunKind
from ccdesk.service.reason_words import reason_words
from ccdesk.sync.sensors import accounts
from ccdesk.sync.sensors.accounts import AccountsByEmail
from tests.e2e.conftest import exported

NAMES = ("ada", "bob", "cyd", "dan", "eve", "flo")
ONE = re.compile(r"/accounts/\d+$")


@pytest.fixture
def shop(world):
    """Six people on the list; Ada has a second account, whose box was never ticked."""
    exported(world, *NAMES)
    world.second = world.kibo.add_customer("Ada@example.com", False)
    world.later()
    world.cycle()
    world.later(31)
    return world


def unsubscribe(world, names=NAMES):
    for name in names:
        world.cc.unsubscribe(f"{name}@example.com")
    world.later()


def calls(world, since: int) -> dict[str, int]:
    """The calls to Kibo's accounts, by kind."""
    sent = world.sandbox.log.all(service="kibo", path="/customer/accounts", since=since)
    single = [one for one in sent if ONE.search(one.path)]
    return {
        "lists": len(sent) - len(single),
        "reads": sum(one.method == "GET" for one in single),
        "writes": sum(one.method == "PUT" for one in single),
    }


def test_many_opt_outs_cost_two_calls_each_and_one_reading_of_the_shop(shop):
    unsubscribe(shop)
    mark = shop.sandbox.log.mark()
    run = shop.run(RunKind.INBOUND)
    assert not any(shop.opted_in(shop.ids[name]) for name in NAMES)
    assert calls(shop, mark) == {"lists": 1, "reads": len(NAMES) + 1, "writes": len(NAMES)}
    assert set(shop.entries(run, Outcome.OPTED_OUT)) == set(shop.ids.values())
    shop.quiet_cycles()


def test_few_are_asked_for_by_email_in_a_shop_that_takes_more_pages(shop, monkeypatch):
    monkeypatch.setattr(accounts, "_PAGE", 1)
    unsubscribe(shop, ["bob", "cyd"])
    mark = shop.sandbox.log.mark()
    shop.run(RunKind.INBOUND)
    assert calls(shop, mark) == {"lists": 2, "reads": 2, "writes": 2}


def test_a_shop_that_turns_out_to_be_large_is_not_read_to_its_end(shop, monkeypatch):
    """Most of its customers are not known to ccdesk, and only the first page tells how many there are."""
    monkeypatch.setattr("ccdesk.clients.kibo.lists.PAGE_SIZE", 4)
    monkeypatch.setattr(accounts, "_PAGE", 4)
    for number in range(40):
        shop.kibo.add_customer(f"p{number}@example.com", False)
    unsubscribe(shop)
    mark = shop.sandbox.log.mark()
    shop.run(RunKind.INBOUND)
    assert not any(shop.opted_in(shop.ids[name]) for name in NAMES)
    assert calls(shop, mark)["lists"] <= len(NAMES) + 3, "two more pages may be on their way"


def test_a_failed_reading_of_the_shop_is_made_up_for_one_by_one(shop, monkeypatch):
    from ccdesk.clients.kibo.client import Kibo
    from ccdesk.core.errors import Unreachable

    def broken(_self):
        raise Unreachable("Kibo's paging does not move on")

    monkeypatch.setattr(Kibo, "everyone", broken)
    unsubscribe(shop)
    shop.run(RunKind.INBOUND)
    assert not any(shop.opted_in(shop.ids[name]) for name in NAMES)


@pytest.fixture(params=["many at once", "each by email"])
def just_found(request, monkeypatch):
    """Have something happen in the shop between the look for accounts and the write."""

    def have(act):
        owner, name = (
            (AccountsByEmail, "read_for") if request.param == "many at once" else (accounts, "accounts_with")
        )
        found, done = getattr(owner, name), []

        def after(self, *args, **options):
            result = found(self, *args, **options)
            if not done:
                done.append(act())
            return result

        monkeypatch.setattr(owner, name, after)
        if request.param != "many at once":
            monkeypatch.setattr(AccountsByEmail, "read_for", lambda *_: None)

    return have


def test_a_later_opt_in_since_the_look_is_not_overwritten(shop, just_found):
    """The second account was off when it was looked for, and its box is ticked before its turn comes."""
    unsubscribe(shop)
    just_found(lambda: shop.kibo.opt_in(shop.second))
    shop.run(RunKind.INBOUND)
    assert shop.opted_in(shop.second)
    assert not shop.opted_in(shop.ids["ada"])
    shop.cycle()
    assert shop.opted_in(shop.second)
    assert [mail["kind"] for mail in shop.cc.mails()] == ["resubscribe"]


def test_an_edit_since_the_look_stays_and_the_opt_out_is_carried(shop, just_found):
    unsubscribe(shop)
    just_found(lambda: shop.kibo.change_name(shop.ids["ada"], "Adele", "Lovelace"))
    shop.run(RunKind.INBOUND)
    account = shop.kibo.customer(shop.ids["ada"])
    assert (account["firstName"], account["acceptsMarketing"]) == ("Adele", False)
    shop.quiet_cycles()


def test_an_account_that_takes_another_email_after_the_look_keeps_its_own_word(shop, just_found):
    other = shop.kibo.add_customer("ada@example.com", True)
    shop.later()
    shop.cycle()
    unsubscribe(shop)
    just_found(lambda: shop.kibo.change_email(shop.ids["ada"], "ada.new@example.com"))
    shop.run(RunKind.INBOUND)
    shop.cycle()
    assert not shop.opted_in(other)
    assert not shop.opted_in(shop.ids["ada"]), "the person unsubscribed before"


def test_an_account_gone_since_the_look_holds_nobody_up(shop, just_found):
    unsubscribe(shop)
    just_found(lambda: shop.kibo.delete_customer(shop.ids["ada"]))
    shop.run(RunKind.INBOUND)
    assert not any(shop.opted_in(shop.ids[name]) for name in NAMES if name != "ada")
    shop.cycle()
    shop.run(RunKind.FULL_COMPARE)
    shop.quiet_cycles()


def test_the_entry_of_an_unsubscription_tells_its_own_day_and_not_the_runs(shop):
    at = shop.sandbox.clock.now()
    shop.cc.unsubscribe("bob@example.com")
    shop.later(60 * 24 * 3)
    run = shop.run(RunKind.INBOUND)
    told = shop.entries(run, Outcome.OPTED_OUT)[shop.ids["bob"]]
    assert told.acted_at is not None
    assert abs(told.acted_at - at) < timedelta(minutes=1)
    assert reason_words(told, day) == f"unsubscribed in Constant Contact on {day(at)}"
    kinds = shop.desk.entry_kinds(run.id)
    assert (Outcome.OPTED_OUT, "unsubscribed in Constant Contact", 1) in kinds, "counted without the day"
