"""What acts leave behind: dates, audit entries, events; and what of it can be pulled."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from ccdesk.sandbox.kibo.state import CONTROL_ACTS, KiboState, KiboSwitches
from ccdesk.sandbox.wire.kernel import SandboxClock
from tests.sandbox.kibo.testing import ACCOUNTS, ADDRESS, Shop

SECOND = timedelta(seconds=1)


@pytest.fixture
def shop() -> Shop:
    return Shop()


@pytest.fixture
def number(shop: Shop) -> int:
    number = shop.state.add_customer("maria@example.com", False, first_name="Maria", address=ADDRESS)
    shop.clock.advance(SECOND)
    return number


def topics(shop: Shop, **query: Any) -> list[str]:
    return [event["topic"].removeprefix("customeraccount.") for event in shop.events(**query)]


class TestActs:
    ACTS = (
        ("opt_in", (), "acceptsMarketing"),
        ("change_email", ("new@example.com",), "emailAddress"),
        ("change_name", ("Mary", "Gomez"), "lastName"),
        ("change_address", (), "contacts.address"),
        ("change_password", (), "password"),
        ("deactivate", (), "isActive"),
    )

    @pytest.mark.parametrize(("act", "arguments", "path"), ACTS, ids=[act for act, _, _ in ACTS])
    def test_each_moves_the_date_and_tells(
        self, shop: Shop, number: int, act: str, arguments: Any, path: str
    ) -> None:
        parts = {"cityOrTown": "Dallas"} if act == "change_address" else {}
        getattr(shop.state, act)(number, *arguments, **parts)
        assert shop.ids(filter="updateDate ge 2026-05-04T10:00:01Z") == [number]
        assert topics(shop) == ["created"] * 2 + ["updated"] * 2
        entries = shop.ok("GET", f"{ACCOUNTS}/{number}/auditlog/entries")["items"]
        assert path in [entry["fieldPath"] for entry in entries]
        assert entries[0]["description"] == "Account created"

    def test_an_opt_in_shows_with_old_and_new_value(self, shop: Shop, number: int) -> None:
        shop.state.opt_in(number)
        shop.clock.advance(SECOND)
        shop.state.opt_out(number)
        told = [
            (entry["oldValue"], entry["newValue"], entry["entryDate"], entry["application"])
            for entry in shop.ok("GET", f"{ACCOUNTS}/{number}/AuditLog/Entries")["items"]
            if entry["fieldPath"] == "acceptsMarketing"
        ]
        assert told == [
            ("false", "true", "2026-05-04T10:00:01.417Z", None),
            ("true", "false", "2026-05-04T10:00:02.417Z", None),
        ]

    def test_opting_in_twice_is_one_change(self, shop: Shop, number: int) -> None:
        shop.state.opt_in(number)
        shop.state.opt_in(number)
        assert topics(shop) == ["created"] * 2 + ["updated"] * 2

    def test_changing_the_email_takes_the_login_along_only_if_it_was_the_email(
        self, shop: Shop, number: int
    ) -> None:
        shop.state.change_email(number, "new@example.com")
        assert shop.account(number)["userName"] == "new@example.com"
        shop.ok("PUT", f"{ACCOUNTS}/{number}", {**shop.account(number), "userName": "maria"})
        shop.state.change_email(number, None)
        assert (shop.account(number)["userName"], shop.account(number)["emailAddress"]) == ("maria", None)

    @pytest.mark.parametrize(("switch", "act"), [
        ("order_bumps_update_date", "place_order"), ("contact_change_bumps_update_date", "change_address"),
    ])  # fmt: skip
    def test_some_changes_may_stay_unseen(self, shop: Shop, number: int, switch: str, act: str) -> None:
        shop.state.set_switches(**{switch: False})
        before = shop.account(number)
        getattr(shop.state, act)(number)
        after = shop.account(number)
        assert after["auditInfo"] == before["auditInfo"]
        assert topics(shop) == ["created"] * 2
        shop.state.set_switches(**{switch: True})
        getattr(shop.state, act)(number)
        assert shop.account(number)["auditInfo"] != before["auditInfo"]

    def test_an_address_can_be_given_to_who_had_none(self, shop: Shop) -> None:
        number = shop.state.add_customer("a@example.com", last_name="Lee")
        shop.state.change_address(number, address1="1 Main St")
        (contact,) = shop.account(number)["contacts"]
        assert (contact["address"]["address1"], contact["lastNameOrSurname"]) == ("1 Main St", "Lee")

    def test_mistakes_are_named(self, shop: Shop, number: int) -> None:
        with pytest.raises(LookupError, match="No customer 5"):
            shop.state.opt_in(5)
        with pytest.raises(ValueError, match="town"):
            shop.state.change_address(number, town="Dallas")
        with pytest.raises(ValueError, match="town"):
            shop.state.add_customer("a@example.com", address={"town": "Dallas"})

    def test_an_account_that_stood_for_long_makes_no_event(self, shop: Shop) -> None:
        number = shop.state.add_customer("a@example.com", created_at="2020-02-29T00:00:00+01:00")
        assert shop.account(number)["auditInfo"]["updateDate"] == "2020-02-28T23:00:00.000Z"
        assert shop.events() == []

    def test_deleting_and_activating(self, shop: Shop, number: int) -> None:
        shop.state.deactivate(number)
        assert shop.account(number)["isActive"] is False
        shop.state.activate(number)
        assert shop.account(number)["isActive"] is True
        shop.state.place_order(number)
        shop.state.delete_customer(number)
        assert shop.state.count() == 0
        assert topics(shop)[-1] == "deleted"

    def test_the_fingerprint_sees_all_but_opt_in_and_dates(self, shop: Shop, number: int) -> None:
        before = shop.state.fingerprint(number)
        shop.state.opt_in(number)
        assert shop.state.fingerprint(number) == before
        shop.state.change_name(number, "Mary", None)
        assert shop.state.fingerprint(number) != before

    def test_every_control_act_exists(self, shop: Shop) -> None:
        assert all(callable(getattr(shop.state, act)) for act in CONTROL_ACTS)


class TestPull:
    def test_one_event_per_site_with_one_correlation_id(self, shop: Shop, number: int) -> None:
        one, other = shop.events()
        assert one["id"] != other["id"]
        assert (one["siteId"], other["siteId"]) == (20001, 20002)
        assert one["correlationId"] == other["correlationId"]
        assert one["entityId"] == str(number)
        assert "timestamp" not in one

    def test_filters_and_sorting(self, shop: Shop, number: int) -> None:
        shop.state.opt_in(number)
        assert topics(shop, filter="topic sw customeraccount.upd") == ["updated"] * 2
        assert topics(shop, filter="createDate ge 2026-05-04T10:00:01Z") == ["updated"] * 2
        assert topics(shop, sortBy="createDate desc")[0] == "updated"
        assert shop.events(filter="entityId eq 7") == []
        assert shop.get("/api/event/pull", filter="colour eq red").status_code == 400

    def test_may_be_empty_or_deaf_to_filters(self, shop: Shop, number: int) -> None:
        shop.state.switches.pull_filter_works = False
        assert shop.get("/api/event/pull", filter="topic eq x").status_code == 400
        shop.state.switches.unknown_filter = "ignore"
        assert len(shop.events(filter="topic eq x", sortBy="createDate desc")) == 2
        event = shop.events()[0]
        shop.state.switches.pull_works = False
        assert shop.events() == []
        assert shop.get(f"/api/event/pull/{event['id']}").status_code == 404

    def test_only_subscribed_topics_and_not_for_ever(self, shop: Shop, number: int) -> None:
        shop.state.add_event("customersegment.created", "7")
        assert topics(shop) == ["created"] * 2
        shop.clock.advance(timedelta(days=14))
        shop.sign_in()
        assert topics(shop) == []
        shop.state.switches.event_retention_days = None
        assert topics(shop) == ["created"] * 2

    def test_topics_may_come_in_any_order_each_in_its_own(self, shop: Shop, number: int) -> None:
        shop.state.opt_in(number)
        shop.state.add_customer("b@example.com")
        shop.state.switches.shuffle_topics = True
        assert topics(shop) == ["updated"] * 2 + ["created"] * 4
        created = [event["auditInfo"]["createDate"] for event in shop.events()][2:]
        assert created == sorted(created)

    def test_the_applications_own_changes_can_be_hidden(self, shop: Shop, number: int) -> None:
        shop.state.switches.no_callback = True
        shop.ok("PUT", f"{ACCOUNTS}/{number}", shop.account(number))
        assert topics(shop) == ["created"] * 2
        shop.state.opt_in(number)
        assert topics(shop) == ["created"] * 2 + ["updated"] * 2

    def test_one_by_its_id(self, shop: Shop, number: int) -> None:
        event = shop.events()[0]
        raw = event["id"]
        dashed = f"{raw[:8]}-{raw[8:12]}-{raw[12:16]}-{raw[16:20]}-{raw[20:]}"
        assert shop.ok("GET", f"/api/event/pull/{raw.upper()}") == event
        assert shop.ok("GET", f"/api/event/pull/{dashed}") == event
        assert shop.get("/api/event/pull/17").status_code == 400
        assert shop.get(f"/api/event/pull/{'0' * 32}").status_code == 404

    def test_test_events(self, shop: Shop) -> None:
        shop.state.add_event("customeraccount.updated", "1001", is_test=True)
        assert [event["isTest"] for event in shop.events()] == [True, True]

    def test_the_subscription_names_the_topics(self, shop: Shop) -> None:
        (one,) = shop.ok("GET", "/api/event/push/subscriptions")["items"]
        assert "customeraccount.deleted" in one["topics"]


class TestSwitches:
    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("shoe_size", 44),
            ("put_mode", "patch"),
            ("pull_works", 1),
            ("token_lifetime", "3600"),
            ("rate_per_second", True),
            ("behaviors", "Customer Read"),
            ("refuse_put_ids", {"x": 409}),
            ("refuse_put_ids", [1]),
        ],
    )
    def test_mistakes_are_named_and_change_nothing(self, name: str, value: Any) -> None:
        switches = KiboSwitches()
        with pytest.raises(ValueError, match=name):
            switches.turn(audit_log=False, **{name: value})
        assert switches == KiboSwitches()

    def test_come_from_json_and_go_there(self) -> None:
        state = KiboState(SandboxClock())
        state.set_switches(refuse_put_ids={"5": 409}, behaviors=["Customer Read"], rate_per_second=3)
        assert state.switches.refuse_put_ids == {5: 409}
        assert state.switches.behaviors == {"Customer Read"}
        assert state.switches_json()["behaviors"] == ["Customer Read"]
        state.set_switches(**state.switches_json())
