"""Contact export files: what they hold, and everything nobody knows about them."""

from __future__ import annotations

import csv
from typing import Any

import pytest

from tests.sandbox.constant_contact.testing import Service, error_of

ADA, BOB = "ada@example.com", "bob@example.com"
NOWHERE = "11111111-1111-4111-8111-111111111111"


def rows_of(service: Service, body: dict[str, Any]) -> list[list[str]]:
    report = service.run("contact_exports", body)
    text = service.get(report["_links"]["results"]["href"].removeprefix("/v3")).text
    return list(csv.reader(text.splitlines()))


def test_an_export_is_a_csv_behind_the_results_link() -> None:
    service = Service()
    news = service.state.add_list("News")
    service.state.add_contact(ADA, lists=[news], first_name="Ada")
    service.state.add_contact(BOB, permission="unsubscribed")
    service.state.add_contact("cy@example.com", deleted=True)
    report = service.run("contact_exports", {"fields": ["email_address", "email_optout_date"]})
    assert report["status"] == {"items_total_count": 2, "items_completed_count": 2}
    response = service.get(report["_links"]["results"]["href"].removeprefix("/v3"))
    assert response.mimetype == "text/csv"
    rows = list(csv.reader(response.text.splitlines()))
    assert rows == [
        ["Email address", "Email optout date", "Email status"],
        [ADA, "", "Active"],
        [BOB, "2026-05-01T10:00:00Z", "Unsubscribed"],
    ]


def test_exports_select() -> None:
    service = Service()
    news = service.state.add_list("News")
    ada = service.state.add_contact(ADA, lists=[news], created_at="2025-01-01T00:00:00Z")
    bob = service.state.add_contact(BOB, lists=[news], permission="unsubscribed")
    service.state.add_contact("cy@example.com", deleted=True)

    def exported(body: dict[str, Any]) -> list[str]:
        report = service.run("contact_exports", body)
        text = service.get(report["_links"]["results"]["href"].removeprefix("/v3")).text
        return [row["Email address"] for row in csv.DictReader(text.splitlines())]

    assert exported({"contact_ids": [ada, NOWHERE]}) == [ADA]
    assert exported({"list_ids": [news], "status": "active"}) == [ADA]
    assert exported({"status": "removed"}) == ["cy@example.com"]
    assert exported({"new_subscriber": True}) == [BOB]
    assert exported({"exclude": {"contact_ids": [bob]}}) == [ADA]
    for wrong in (
        {"contact_ids": [ada], "list_ids": [news]},
        {"status": "gone"},
        {"fields": ["shoe_size"]},
        {"new_subscriber": True, "status": "active"},
        {"segment_id": 1},
        {"exclude": [ada]},
    ):
        assert error_of(service.call("POST", "/activities/contact_exports", wrong))[0] == 400
    assert error_of(service.get(f"/contact_exports/{NOWHERE}"))[0] == 404


def test_an_export_holds_lists_and_both_dates_as_asked_for() -> None:
    service = Service()
    news, other = service.state.add_list("News"), service.state.add_list("Other, too")
    service.state.add_contact(
        ADA, lists=[news, other], created_at="2025-01-01T00:00:00Z", street_address={"city": "Köln"}
    )
    service.state.add_contact(BOB)
    service.state.unsubscribe(BOB)
    names = ["email_address", "email_lists", "email_optin_date", "email_optout_date", "city"]
    assert rows_of(service, {"fields": names})[1:] == [
        [ADA, "News, Other, too", "2025-01-01T00:00:00Z", "", "Köln", "Active"],
        [BOB, "", "2026-05-01T10:00:00Z", "2026-05-01T10:00:00Z", "", "Unsubscribed"],
    ]


def test_the_file_is_of_the_moment_the_job_ends() -> None:
    service = Service(activity_seconds=5)
    news = service.state.add_list("News")
    service.state.add_contact(ADA, lists=[news])
    activity = service.ok("POST", "/activities/contact_exports", {"list_ids": [news]})
    service.state.add_contact(BOB, lists=[news])
    service.seconds += 10
    report = service.ok("GET", f"/activities/{activity['activity_id']}")
    service.state.add_contact("cy@example.com", lists=[news])
    text = service.get(report["_links"]["results"]["href"].removeprefix("/v3")).text
    assert [row["Email address"] for row in csv.DictReader(text.splitlines())] == [ADA, BOB]


@pytest.mark.parametrize(
    ("headings", "expected"),
    [
        ("titles", ["Email address", "City", "Email status"]),
        ("names", ["email_address", "city", "email_status"]),
        ("others", ["PERMISSION", "CITY", "E-MAIL"]),
        ("numbers", ["Column 1", "Column 2", "Column 3"]),
    ],
)
def test_headings_may_read_otherwise(headings: str, expected: list[str]) -> None:
    service = Service(export_headings=headings, export_bom=True)
    service.state.add_contact(ADA, street_address={"city": "Boston"})
    heads, row = rows_of(service, {"fields": ["email_address", "city"]})
    assert heads == ["\ufeff" + expected[0], *expected[1:]]
    assert (row[::-1] if headings == "others" else row) == [ADA, "Boston", "Active"]


def test_an_export_may_be_refused() -> None:
    service = Service(export_trouble="refused")
    assert error_of(service.call("POST", "/activities/contact_exports", {}))[0] == 403


def test_an_export_may_never_end_and_holds_nobody_up() -> None:
    service = Service(export_trouble="never_ends", activity_seconds=1)
    news = service.state.add_list("News")
    activity = service.ok("POST", "/activities/contact_exports", {})
    path = activity["_links"]["self"]["href"].removeprefix("/v3")
    assert activity["state"] == "initialized"
    service.ok(
        "POST", "/activities/contacts_json_import", {"import_data": [{"email": ADA}], "list_ids": [news]}
    )
    for _ in range(3):
        service.seconds += 3600
        assert service.ok("GET", path)["state"] == "processing"
    assert service.state.members(news) == [ADA]
    assert service.state.finish_activities() == 0
    assert "results" not in service.ok("GET", path)["_links"]


def test_the_file_may_be_missing_behind_its_link() -> None:
    service = Service(export_trouble="file_missing")
    report = service.run("contact_exports", {})
    assert report["state"] == "completed"
    assert error_of(service.get(report["_links"]["results"]["href"].removeprefix("/v3")))[0] == 404


@pytest.mark.parametrize("outcome", ["failed", "timed_out"])
def test_an_export_that_fails_links_to_nothing(outcome: str) -> None:
    service = Service(activity_outcome=outcome)
    report = service.run("contact_exports", {})
    assert report["state"] == outcome
    assert "results" not in report["_links"]
