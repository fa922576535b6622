from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccdesk.clients.kibo import parse
from ccdesk.core.models import Address
from tests.clients.helpers import json_values


def contact(
    number: int, *types: tuple[str, bool], address1: str | None = "1 Main St", **more: Any
) -> dict[str, Any]:
    kinds = [{"name": name, "isPrimary": primary} for name, primary in types]
    return {"id": number, "types": kinds, "address": {"address1": address1}, **more}


RANKS = [  # best first
    contact(9, ("Billing", True), ("Shipping", False)),
    contact(8, ("Shipping", True)),
    contact(7, ("billing", False)),
    contact(5, ("Shipping", False)),
    contact(6, ("Shipping", False)),
    contact(3),
    contact(4, ("Pickup", True)),
]


@pytest.mark.parametrize("first", range(len(RANKS)))
def test_the_address_is_chosen_by_kind_then_by_lowest_id(first: int) -> None:
    for some in list(permutations(RANKS[first:]))[::37]:
        assert parse.chosen_contact(some)["id"] == RANKS[first]["id"]


@pytest.mark.parametrize("blank", [None, "", "   "])
def test_a_contact_without_a_first_line_is_passed_over(blank: str | None) -> None:
    contacts = [contact(1, ("Billing", True), address1=blank), contact(2)]
    assert parse.chosen_contact(contacts)["id"] == 2
    assert parse.chosen_contact(contacts[:1]) == {}


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ({}, Address()),
        (
            {"address1": " 300 Lamar ", "address2": "", "address3": None, "address4": "Apt 7"},
            Address("300 Lamar, Apt 7"),
        ),
        ({"stateOrProvince": "n/a", "postalOrZipCode": "N/A"}, Address()),
        ({"stateOrProvince": "TX", "postalOrZipCode": 78701}, Address(state="TX", postal_code="78701")),
        ({"cityOrTown": "n/a", "countryCode": "GB"}, Address(city="n/a", country="GB")),
    ],
)
def test_addresses(raw: dict[str, Any], expected: Address) -> None:
    assert parse.address(raw) == expected


def test_names_come_from_the_account_else_from_the_contact() -> None:
    person = contact(1, firstName="Lu", lastNameOrSurname="Li")
    read = parse.customer({"id": 1, "firstName": " ", "lastName": "Gomez", "contacts": [person]})
    assert read is not None
    assert (read.first_name, read.last_name) == ("Lu", "Gomez")


@pytest.mark.parametrize(
    ("flag", "consent"), [(True, True), (False, False), (None, False), ("true", False), (1, False)]
)
def test_only_a_plain_true_is_consent(flag: object, consent: bool) -> None:
    read = parse.customer({"id": 1, "acceptsMarketing": flag})
    assert read is not None
    assert read.accepts_marketing is consent
    assert read.is_active
    assert read.email == ""


@pytest.mark.parametrize("name", ["acceptsMarketing", "isActive", "isAnonymous", "emailAddress"])
@pytest.mark.parametrize("value", [7, [], {"x": 1}, 1.5])
def test_an_account_with_values_that_cannot_be_meant_is_not_readable(name: str, value: object) -> None:
    raw = {"id": 1, "acceptsMarketing": True, "isActive": True, "emailAddress": "a@example.com"}
    for one, readable in ((raw, True), (raw | {name: None}, True), (raw | {name: value}, False)):
        read = parse.customer(one)
        assert read is not None
        assert read.readable is readable


@given(
    st.dictionaries(
        st.sampled_from(
            ["id", "emailAddress", "acceptsMarketing", "contacts", "auditInfo", "firstName", "isActive"]
        ),
        json_values,
    )
)
def test_reading_never_fails_whatever_the_types(raw: dict[str, Any]) -> None:
    parse.customer(raw)
    parse.events([raw], tenant_id="5", since=None)
    parse.opt_in_set_at([raw])
    parse.lost_in_write(raw, {})


# ---------------------------------------------------------------- events

AT = datetime(2026, 5, 4, 10, tzinfo=UTC)


def event(number: int, **more: Any) -> dict[str, Any]:
    return {
        "id": f"6F1A0C5E-{number}",
        "tenantId": 5,
        "topic": "customeraccount.updated",
        "entityId": "1012",
        "correlationId": "c1",
        "isTest": False,
        "auditInfo": {"createDate": (AT + timedelta(seconds=number)).isoformat()},
        **more,
    }


def test_per_site_copies_become_one_event_the_first() -> None:
    found = parse.events([event(2), event(1), event(3, siteId=2)], tenant_id="5", since=None)
    assert [(one.event_id, one.customer_id) for one in found] == [("6f1a0c5e1", 1012)]


@pytest.mark.parametrize(
    "more",
    [
        {"isTest": True},
        {"topic": "order.closed"},
        {"topic": "customersegment.updated"},
        {"tenantId": 6},
        {"entityId": "abc"},
        {"id": None},
        {"auditInfo": None},
        {"auditInfo": {"createDate": "2026-05-04T09:00:00Z"}},
    ],
)
def test_events_that_are_none_of_ours(more: dict[str, Any]) -> None:
    assert parse.events([event(1, **more)], tenant_id="5", since=AT) == []


@pytest.mark.parametrize(
    ("topic", "name"),
    [
        ("customer.account.created", "customeraccount.created"),
        ("CustomerAccount.Deleted", "customeraccount.deleted"),
        ("customeraccount.updated", "customeraccount.updated"),
    ],
)
def test_topics_are_compared_without_dots_and_case(topic: str, name: str) -> None:
    assert parse.events([event(1, topic=topic)], tenant_id="5", since=AT)[0].topic == name


def test_an_event_may_carry_a_timestamp_instead() -> None:
    found = parse.events([event(1, auditInfo={}, timestamp="2026-05-04T10:00:05")], tenant_id="5", since=AT)
    assert found[0].created_at == AT + timedelta(seconds=5)


# ---------------------------------------------------------------- audit log, mail flags, losses


def entry(day: int, value: object, path: str = "acceptsMarketing") -> dict[str, Any]:
    return {"entryDate": f"2026-05-{day:02}T00:00:00Z", "fieldPath": path, "newValue": value}


@pytest.mark.parametrize(
    ("entries", "day"),
    [
        ([], None),
        ([entry(1, "true")], 1),
        ([entry(3, "True", "CustomerAccount.AcceptsMarketing"), entry(1, "false")], 3),
        ([entry(1, True), entry(2, "x", "emailAddress")], 1),
        ([entry(1, "true"), entry(2, "false")], None),
        ([entry(1, None)], None),
    ],
)
def test_when_the_flag_was_last_switched_on(entries: list[dict[str, Any]], day: int | None) -> None:
    expected = None if day is None else datetime(2026, 5, day, tzinfo=UTC)
    assert parse.opt_in_set_at(entries) == expected


def test_who_changed_the_flag_and_through_what() -> None:
    by = {"entryUser": "u1", "application": "shop.app"}
    found = parse.flag_changes(
        [{**entry(3, "False"), **by}, entry(1, True), entry(2, None), entry(2, "x", "emailAddress")]
    )
    assert [(one.at.day, one.opted_in, one.user, one.application) for one in found] == [
        (1, True, "", ""),
        (3, False, "u1", "shop.app"),
    ]


@pytest.mark.parametrize(
    ("settings", "on"),
    [
        ({}, True),
        ({"supressedEmailTransactions": {"shopperLoginCreated": None}}, True),
        ({"supressedEmailTransactions": {"shopperLoginCreated": True}}, False),
        ({"emailTransactionsOnlyOnRequest": {"shopperLoginCreated": True}}, False),
        ({"supressedEmailTransactions": {"accountCreated": True}}, True),
    ],
)
def test_the_welcome_mail(settings: dict[str, Any], on: bool) -> None:
    assert parse.welcome_mail_on(settings) is on


def test_what_a_write_lost() -> None:
    before = {"firstName": "Ada", "lastName": "Reyes", "contacts": [{"id": 1}, {"id": 2}]}
    assert parse.lost_in_write(before, before) == []
    assert parse.lost_in_write(before, {"firstName": "Ada", "contacts": [{"id": 1}]}) == [
        "lastName",
        "contacts",
    ]
