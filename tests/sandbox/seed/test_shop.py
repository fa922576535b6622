"""The pretend shop: the same for the same seed, as large as asked for, with every odd case in it."""

from __future__ import annotations

import time
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ccdesk.sandbox.constant_contact.state import CcState
from ccdesk.sandbox.kibo.book import date_key
from ccdesk.sandbox.kibo.state import KiboState
from ccdesk.sandbox.seed.shop import SeedReport, seed_shop
from ccdesk.sandbox.wire.kernel import SandboxClock

START = datetime(2026, 5, 4, 10, 0, tzinfo=UTC)


class World:
    def __init__(self, customers: int, seed: int = 1) -> None:
        clock = SandboxClock()
        clock.freeze(START)
        self.kibo, self.cc = KiboState(clock), CcState(clock)
        self.report = seed_shop(self.kibo, self.cc, customers, seed)

    def accounts(self) -> list[dict[str, Any]]:
        return [account.as_json() for account in self.kibo.book]


@pytest.fixture(scope="module")
def world() -> World:
    return World(1000)


def test_the_same_seed_makes_the_same_shop_and_another_one_another() -> None:
    one, same, other = World(200), World(200), World(200, seed=2)
    assert one.accounts() == same.accounts()
    assert one.accounts() != other.accounts()
    one.report.lists.clear()
    same.report.lists.clear()
    assert one.report == same.report


@pytest.mark.parametrize("customers", [0, 1, 2, 3, 5, 17, 100, 480, 2100])
def test_there_are_as_many_as_asked_for(customers: int) -> None:
    world = World(customers)
    accounts = world.accounts()
    assert len(accounts) == world.kibo.count() == world.report.customers == customers
    assert world.report.opted_in == sum(one["acceptsMarketing"] for one in accounts)
    exportable = [
        one for one in accounts if one["acceptsMarketing"] and one["isActive"] and one["emailAddress"]
    ]
    assert world.report.exportable == len(exportable)


def test_nine_in_ten_are_opted_in_and_a_few_are_guests(world: World) -> None:
    assert 850 < world.report.opted_in < 930
    assert 20 < sum(one["isAnonymous"] for one in world.accounts()) < 100


def test_polling_starts_with_quiet(world: World) -> None:
    day_ago = START - timedelta(days=1)
    newest = max(one["auditInfo"]["updateDate"] for one in world.accounts())
    assert datetime.fromisoformat(newest) < day_ago
    assert all(one["auditInfo"]["createDate"] <= one["auditInfo"]["updateDate"] for one in world.accounts())
    assert len(world.kibo.events) == 0
    assert world.cc.outbox == []
    for contact in world.cc.account.book.contacts:
        assert datetime.fromisoformat(contact.updated_at) < day_ago
        assert contact.opt_out_date is None or datetime.fromisoformat(contact.opt_out_date) < day_ago


def test_the_indexes_hold_everybody(world: World) -> None:
    book = world.kibo.book
    assert book.ids.keys == sorted(one.id for one in book)
    assert book.opted_in.keys == sorted(one.id for one in book if one.accepts)
    assert book.updates.keys == sorted(date_key(one.updated, one.id) for one in book)


def test_the_report_names_every_odd_case(world: World) -> None:
    report, shown = world.report, world.kibo.customer
    assert all("@" not in email or " " in email or "@@" in email or email.endswith("@")
               for email in (shown(one)["emailAddress"] for one in report.malformed))  # fmt: skip
    assert {len(shown(one)["emailAddress"]) for one in report.long_email} == {51, 80}
    assert {len(shown(one)["emailAddress"]) for one in report.too_long_email} == {81, 120}
    assert {shown(one)["emailAddress"] for one in report.no_email} == {None, ""}
    assert all(len(shown(one)["firstName"]) > 50 < len(shown(one)["lastName"]) for one in report.long_name)
    long = shown(report.long_address[0])["contacts"][0]["address"]
    assert len(long["address1"]) > 255
    assert len(long["cityOrTown"]) > 50
    blank = shown(report.blank_region[0])["contacts"][0]["address"]
    assert (blank["stateOrProvince"], blank["postalOrZipCode"]) == ("n/a", "N/A")
    assert shown(report.nameless[0])["firstName"] is None
    assert not shown(report.non_ascii[0])["firstName"].isascii()
    assert shown(report.inactive[0])["isActive"] is False
    guest = shown(report.guests[0])
    assert (guest["isAnonymous"], guest["userId"]) == (True, None)
    odd = [asdict(report)[name] for name in ("malformed", "long_email", "no_email", "inactive", "guests")]
    assert all(shown(one)["acceptsMarketing"] for ids in odd for one in ids)


@pytest.mark.parametrize(("name", "opted_in"), [
    ("shared", [True, True]), ("shared_mixed", [True, False]), ("shared_out", [False, False]),
    ("shared_case", [True, True]),
])  # fmt: skip
def test_emails_are_shared_in_every_way(world: World, name: str, opted_in: list[bool]) -> None:
    for ids in getattr(world.report, name):
        accounts = [world.kibo.customer(one) for one in ids]
        assert [one["acceptsMarketing"] for one in accounts] == opted_in
        assert len({one["emailAddress"] for one in accounts}) == (2 if name == "shared_case" else 1)
        assert [one["id"] for one in world.kibo.customers_by_email(accounts[0]["emailAddress"])] == ids


def test_otherwise_emails_are_unique_and_short(world: World) -> None:
    report = world.report
    odd = {
        one
        for ids in (*report.shared, *report.shared_case, *report.shared_mixed, *report.shared_out)
        for one in ids
    }
    odd |= {*report.no_email, *report.long_email, *report.too_long_email, *report.malformed}
    emails = [one["emailAddress"] for one in world.accounts() if one["id"] not in odd]
    assert len(set(emails)) == len(emails)
    assert max(map(len, emails)) <= 50


def test_constant_contact_knows_some_of_them_and_some_others(world: World) -> None:
    report, cc = world.report, world.cc
    assert list(report.lists) == ["General Interest", "Newsletter"]
    permissions = {"foreign": "implicit", "unsubscribed": "unsubscribed", "pending": "pending_confirmation",
                   "on_hold": "temp_hold", "deleted": "implicit"}  # fmt: skip
    for name, permission in permissions.items():
        emails = getattr(report, name)
        assert emails
        assert getattr(report, f"{name}_email") == emails[0]
        for email in emails:
            contact = cc.contact(email)
            assert contact is not None
            assert contact["email_address"]["permission_to_send"] == permission
            assert ("deleted_at" in contact) == (name == "deleted")
            (customer,) = world.kibo.customers_by_email(email)
            assert customer["acceptsMarketing"]
    assert all(cc.contact(email) and not world.kibo.customers_by_email(email) for email in report.strangers)
    foreign = cc.contact(report.foreign[0])
    (same,) = world.kibo.customers_by_email(report.foreign[0])
    assert foreign is not None
    assert foreign["first_name"] != same["firstName"]


def test_the_examples_are_ordinary(world: World) -> None:
    assert len(world.report.ordinary) == len(world.report.opted_out) == 20
    for number in world.report.ordinary:
        account = world.kibo.customer(number)
        assert account["acceptsMarketing"]
        assert not account["isAnonymous"]
        assert world.cc.contact(account["emailAddress"]) is None
    assert not any(world.kibo.customer(one)["acceptsMarketing"] for one in world.report.opted_out)


def test_a_shop_can_be_seeded_twice_and_without_constant_contact(world: World) -> None:
    twice = World(60)
    more = seed_shop(twice.kibo, twice.cc, 60, seed=1)
    assert twice.kibo.count() == 120
    assert len(twice.cc.account.book.lists) == 2
    assert set(more.ordinary).isdisjoint(twice.report.ordinary)
    alone = seed_shop(twice.kibo, None, 10)
    assert isinstance(alone, SeedReport)
    assert alone.lists == {}


def test_a_negative_number_is_refused(world: World) -> None:
    with pytest.raises(ValueError, match="-1"):
        seed_shop(world.kibo, None, -1)


def test_ten_thousand_take_a_moment() -> None:
    state = KiboState(SandboxClock())
    begun = time.process_time()
    seed_shop(state, None, 10_000)
    assert time.process_time() - begun < 2.0
