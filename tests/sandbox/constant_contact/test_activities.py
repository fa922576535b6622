"""Bulk activities: the queue, imports, list memberships."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from tests.sandbox.constant_contact.testing import Service, error_of

ADA, BOB = "ada@example.com", "bob@example.com"
NOWHERE = "11111111-1111-4111-8111-111111111111"


def test_an_import_is_seen_waiting_working_and_done_and_acts_at_the_end() -> None:
    service = Service(activity_seconds=2)
    news = service.state.add_list("News")
    body = {"import_data": [{"email": ADA}], "list_ids": [news]}
    activity = service.ok("POST", "/activities/contacts_json_import", body)
    assert activity["state"] == "initialized"
    assert activity["status"] == {
        "items_total_count": 2,
        "person_count": 0,
        "error_count": 0,
        "correctable_count": 0,
        "cannot_add_to_list_count": 0,
    }
    path = activity["_links"]["self"]["href"].removeprefix("/v3")
    service.seconds += 2
    assert service.ok("GET", path)["state"] == "processing"
    assert service.state.members(news) == []
    service.seconds += 2
    report = service.ok("GET", path)
    assert (report["state"], report["percent_done"]) == ("completed", 100)
    assert service.state.members(news) == [ADA]


def test_jobs_run_one_after_another() -> None:
    service = Service(activity_seconds=1)
    news = service.state.add_list("News")
    for email in (ADA, BOB):
        body = {"import_data": [{"email": email}], "list_ids": [news]}
        service.ok("POST", "/activities/contacts_json_import", body)
    service.seconds += 2
    states = [one["state"] for one in service.ok("GET", "/activities")["activities"]]
    assert states == ["initialized", "completed"]
    service.seconds += 2
    assert service.state.members(news) == [ADA, BOB]


def test_an_imported_person_is_implicit_and_gets_no_welcome() -> None:
    service = Service(confirmed_opt_in=True)
    news = service.state.add_list("News")
    row = {
        "email": "Ada@Example.com",
        "first_name": "Ada",
        "street": "1 Main St",
        "street2": "Apt 2",
        "city": "Boston",
        "zip": "02101",
        "home_phone": "555-0100",
        "phone": "555-0101",
        "work_city": "Salem",
    }
    report = service.bring_in([row], news)
    assert report["status"]["person_count"] == 1
    contact = service.state.contact(ADA)
    assert contact is not None
    assert contact["email_address"]["permission_to_send"] == "implicit"
    assert contact["email_address"]["opt_in_source"] == "Account"
    assert contact["create_source"] == "Account"
    addresses = {one["kind"]: one for one in contact["street_addresses"]}
    assert addresses["home"]["street"] == "1 Main St Apt 2"
    assert addresses["home"]["postal_code"] == "02101"
    assert addresses["work"]["city"] == "Salem"
    assert [one["kind"] for one in contact["phone_numbers"]] == ["home", "other"]
    assert service.state.outbox == []


def test_an_import_changes_only_what_it_sends() -> None:
    service = Service()
    news, other = service.state.add_list("News"), service.state.add_list("Other")
    address = {"street": "1 Main St", "city": "Boston"}
    service.state.add_contact(
        ADA, lists=[other], permission="explicit", first_name="Ada", last_name="Reyes", street_address=address
    )
    service.bring_in([{"email": ADA, "last_name": "Byron", "first_name": "", "city": "London"}], news)
    contact = service.state.contact(ADA)
    assert contact is not None
    assert (contact["first_name"], contact["last_name"]) == ("Ada", "Byron")
    assert contact["street_addresses"][0]["street"] == "1 Main St"
    assert contact["street_addresses"][0]["city"] == "London"
    assert contact["list_memberships"] == [other, news]
    assert contact["email_address"]["permission_to_send"] == "explicit"
    service.state.set_switches(import_empty_clears=True)
    service.bring_in([{"email": ADA, "first_name": ""}], news)
    contact = service.state.contact(ADA)
    assert contact is not None
    assert "first_name" not in contact


def test_who_unsubscribed_is_counted_and_left_alone() -> None:
    service = Service()
    news = service.state.add_list("News")
    service.state.add_contact(ADA, permission="unsubscribed")
    before = service.state.fingerprint(ADA)
    report = service.bring_in([{"email": ADA, "first_name": "Ada"}, {"email": BOB}], news)
    assert report["status"]["cannot_add_to_list_count"] == 1
    assert service.state.fingerprint(ADA) == before
    service.state.set_switches(import_updates_unsubscribed=True)
    service.bring_in([{"email": ADA, "first_name": "Ada"}], news)
    contact = service.state.contact(ADA)
    assert contact is not None
    assert contact["first_name"] == "Ada"
    assert service.state.members(news) == [BOB]


def test_a_deleted_contact_comes_back_without_its_lists() -> None:
    service = Service()
    news, old = service.state.add_list("News"), service.state.add_list("Old")
    service.state.add_contact(ADA, lists=[old], first_name="Ada")
    service.state.add_contact(BOB, lists=[old], permission="unsubscribed")
    for email in (ADA, BOB):
        service.state.delete_contact(email)
    report = service.bring_in([{"email": ADA}, {"email": BOB}], news)
    contact = service.state.contact(ADA)
    assert contact is not None
    assert (contact["first_name"], contact["list_memberships"]) == ("Ada", [news])
    assert "deleted_at" not in contact
    assert "opt_out_date" not in contact["email_address"]
    assert report["status"]["cannot_add_to_list_count"] == 1
    bob = service.state.contact(BOB)
    assert bob is not None
    assert bob["email_address"]["permission_to_send"] == "unsubscribed"


def test_a_deleted_contact_may_stay_deleted() -> None:
    service = Service(import_revives_deleted=False)
    news = service.state.add_list("News")
    service.state.add_contact(ADA, deleted=True)
    report = service.bring_in([{"email": ADA}], news)
    assert report["status"]["error_count"] == 1
    assert service.state.members(news) == []


def test_who_left_the_list_is_silently_put_back() -> None:
    service = Service()
    news, other = service.state.add_list("News"), service.state.add_list("Other")
    service.state.add_contact(ADA, lists=[news, other])
    service.state.leave_list(ADA, news)
    service.bring_in([{"email": ADA}], news)
    assert service.state.members(news) == [ADA]


def test_bad_rows_are_counted_and_named_by_line() -> None:
    service = Service()
    news = service.state.add_list("News")
    rows: list[dict[str, Any]] = [
        {"email": ADA},
        {"email": "no address"},
        {"email": "a" * 39 + "@example.com"},
        {"first_name": "Nobody"},
        {"email": BOB, "anniversary": "soon"},
        {"email": BOB, "first_name": "x" * 51},
        {"email": ADA, "last_name": "Twice"},
    ]
    report = service.bring_in(rows, news)
    assert report["state"] == "completed"
    status = report["status"]
    assert status["items_total_count"] == status["items_completed_count"] == 8
    assert (status["correctable_count"], status["error_count"]) == (4, 1)
    assert [text.partition(":")[0] for text in report["activity_errors"]] == [
        *("Line 3", "Line 4", "Line 5", "Line 6", "Line 7"),
    ]
    assert service.state.members(news) == [ADA]
    contact = service.state.contact(ADA)
    assert contact is not None
    assert contact["last_name"] == "Twice"


def test_a_completed_import_may_have_lost_rows() -> None:
    service = Service(import_loses_every=3)
    news = service.state.add_list("News")
    report = service.bring_in([{"email": f"p{n}@example.com"} for n in range(6)], news)
    assert (report["state"], report["status"]["error_count"]) == ("completed", 0)
    assert service.state.members(news) == [f"p{n}@example.com" for n in (0, 1, 3, 4)]


@pytest.mark.parametrize(
    ("outcome", "landed"), [("failed", 0), ("cancelled", 0), ("timed_out", 2), ("time_out", 2)]
)
def test_an_import_may_end_badly(outcome: str, landed: int) -> None:
    service = Service(activity_outcome=outcome)
    news = service.state.add_list("News")
    report = service.bring_in([{"email": f"p{n}@example.com"} for n in range(4)], news)
    assert report["state"] == outcome
    assert "completed_at" not in report
    assert len(service.state.members(news)) == landed


@pytest.mark.parametrize(("outcome", "ends"), [("timed_out", "timed_out"), ("completed", "failed")])
def test_an_import_stops_at_a_row_that_it_cannot_take(outcome: str, ends: str) -> None:
    service = Service(activity_outcome=outcome, refused_text=r"\.J\.", import_refused_text="job")
    news = service.state.add_list("News")
    rows = [{"email": f"p{n}@example.com", "first_name": "T.J." if n == 1 else "Ann"} for n in range(4)]
    assert service.bring_in(rows, news)["state"] == ends
    assert service.state.members(news) == ["p0@example.com"]


def test_what_lies_beyond_four_megabytes_is_dropped_silently() -> None:
    service = Service()
    news = service.state.add_list("News")
    rows = [{"email": f"p{n}@example.com", "street": "ä" * 255} for n in range(9_000)]
    body = json.dumps({"import_data": rows, "list_ids": [news]}, ensure_ascii=False).encode()
    assert len(body) > 4 * 1024 * 1024
    response = service.client.post(
        "/v3/activities/contacts_json_import",
        data=body,
        content_type="application/json",
        headers=service.headers,
    )
    assert response.status_code == 201
    kept = response.json["status"]["items_total_count"] - 1
    share = len(json.dumps(rows[0], ensure_ascii=False).encode())
    assert abs(kept - 4 * 1024 * 1024 // share) < 100
    service.state.finish_activities()
    assert len(service.state.members(news)) == kept


@pytest.mark.parametrize(
    "change",
    [
        {"import_data": []},
        {"import_data": [{"email_address": ADA}]},
        {"import_data": [{"email": ADA, "postal_code": "02101"}]},
        {"import_data": [{"email": ADA, "cf:shoe size": "40"}]},
        {"import_data": [{"email": ADA, "first_name": 5}]},
        {"import_data": [{"email": f"{n}@example.com"} for n in range(40_001)]},
        {"list_ids": []},
        {"list_ids": [NOWHERE]},
        {"lists": []},
    ],
)
def test_what_an_import_may_not_be(change: dict[str, Any]) -> None:
    service = Service()
    body = {"import_data": [{"email": ADA}], "list_ids": [service.state.add_list("News")], **change}
    response = service.call("POST", "/activities/contacts_json_import", body)
    assert error_of(response)[:2] == (400, "activities.api.validation.error")


def test_custom_fields_that_exist_can_be_imported() -> None:
    service = Service()
    news = service.state.add_list("News")
    service.state.account.custom_fields["shoe size"] = NOWHERE
    service.bring_in([{"email": ADA, "cf:shoe size": "40"}], news)
    contact = service.state.contact(ADA)
    assert contact is not None
    assert contact["custom_fields"] == [{"custom_field_id": NOWHERE, "value": "40"}]


def test_importing_a_phone_number_alone_makes_a_contact_without_address() -> None:
    service = Service()
    news = service.state.add_list("News")
    service.bring_in([{"sms_number": "123-123-1234"}], news)
    assert service.state.members(news) == []
    assert len(service.ok("GET", "/contacts", lists=news)["contacts"]) == 1


def test_more_than_fifty_lists_fail_that_row_only() -> None:
    service = Service()
    lists = [service.state.add_list(f"List {number}") for number in range(51)]
    service.state.add_contact(ADA, lists=lists[:50])
    report = service.bring_in([{"email": ADA}, {"email": BOB}], lists[50])
    assert report["status"]["error_count"] == 1
    assert service.state.members(lists[50]) == [BOB]


def test_a_full_queue_refuses_with_a_body_of_its_own() -> None:
    service = Service(queue_limit=1, activity_seconds=60)
    body = {"import_data": [{"email": ADA}], "list_ids": [service.state.add_list("News")]}
    service.ok("POST", "/activities/contacts_json_import", body)
    response = service.call("POST", "/activities/contacts_json_import", body)
    assert error_of(response)[:2] == (429, "activities.api.too_many_activities")
    assert service.state.finish_activities() == 1


def test_adding_to_lists_touches_no_field_and_revives_the_deleted() -> None:
    service = Service()
    news = service.state.add_list("News")
    ids = [
        service.state.add_contact(ADA, permission="explicit", first_name="Ada"),
        service.state.add_contact(BOB, permission="unsubscribed"),
        service.state.add_contact("cy@example.com", deleted=True),
        NOWHERE,
    ]
    before = service.state.contact(ADA)
    assert before is not None
    service.clock.advance(timedelta(hours=1))
    body = {"source": {"contact_ids": ids}, "list_ids": [news]}
    report = service.run("add_list_memberships", body)
    assert report["status"] == {"items_total_count": 3, "items_completed_count": 3, "list_count": 1}
    assert service.state.members(news) == [ADA, "cy@example.com"]
    assert service.state.contact(ADA) == {**before, "list_memberships": [news]}


def test_adding_somebody_unsubscribed_may_list_them() -> None:
    service = Service(add_job_lists_unsubscribed=True, unsubscribe_empties_lists=False)
    news = service.state.add_list("News")
    contact_id = service.state.add_contact(ADA, permission="unsubscribed")
    service.run("add_list_memberships", {"source": {"contact_ids": [contact_id]}, "list_ids": [news]})
    assert service.state.members(news) == [ADA]


def test_removing_from_one_list_leaves_everything_else() -> None:
    service = Service()
    news, other = service.state.add_list("News"), service.state.add_list("Other")
    ids = [service.state.add_contact(ADA, lists=[news, other]), service.state.add_contact(BOB)]
    before = service.state.contact(ADA)
    assert before is not None
    service.run("remove_list_memberships", {"source": {"contact_ids": ids}, "list_ids": [news]})
    assert service.state.contact(ADA) == {**before, "list_memberships": [other]}


def test_the_other_sources_and_the_exclusion() -> None:
    service = Service()
    news, other = service.state.add_list("News"), service.state.add_list("Other")
    tag = "22222222-2222-4222-8222-222222222222"
    ada = service.state.add_contact(ADA, lists=[news])
    service.state.add_contact(BOB, lists=[news], taggings=(tag,))
    exclude = {"contact_ids": [ada]}
    body: dict[str, Any] = {"source": {"list_ids": [news]}, "exclude": exclude, "list_ids": [other]}
    service.run("add_list_memberships", body)
    assert service.state.members(other) == [BOB]
    service.run("remove_list_memberships", {"source": {"tag_ids": [tag]}, "list_ids": [other]})
    service.run("add_list_memberships", {"source": {"all_active_contacts": True}, "list_ids": [other]})
    assert service.state.members(other) == [ADA, BOB]


@pytest.mark.parametrize(
    ("kind", "change", "status"),
    [
        ("add", {"source": {"contact_ids": [NOWHERE] * 501}}, 400),
        ("remove", {"source": {"contact_ids": [NOWHERE] * 501}}, 400),
        ("add", {"source": {"contact_ids": [NOWHERE], "all_active_contacts": True}}, 400),
        ("add", {"source": {}}, 400),
        ("add", {"source": {"segment_id": 1}}, 400),
        ("add", {"exclude": {"contact_ids": [NOWHERE]}}, 400),
        ("add", {"list_ids": [NOWHERE]}, 400),
        ("remove", {"list_ids": [NOWHERE]}, 404),
        ("remove", {"list_ids": []}, 400),
    ],
)
def test_what_a_list_job_may_not_be(kind: str, change: dict[str, Any], status: int) -> None:
    service = Service()
    news = service.state.add_list("News")
    body = {"source": {"contact_ids": [NOWHERE]}, "list_ids": [news], **change}
    assert error_of(service.call("POST", f"/activities/{kind}_list_memberships", body))[0] == status


def test_activities_are_filtered_paged_and_kept_ten_days() -> None:
    service = Service()
    body = {"import_data": [{"email": ADA}], "list_ids": [service.state.add_list("News")]}
    ids = [service.ok("POST", "/activities/contacts_json_import", body)["activity_id"] for _ in range(3)]
    pages = service.pages("/activities", limit="2")
    assert [one["activity_id"] for page in pages for one in page["activities"]] == ids[::-1]
    assert len(service.ok("GET", "/activities", state="completed")["activities"]) == 3
    assert service.ok("GET", "/activities", state="failed") == {"activities": []}
    assert error_of(service.get("/activities", state="initialized"))[0] == 400
    assert error_of(service.get(f"/activities/{NOWHERE}"))[0] == 404
    service.clock.advance(timedelta(days=11))
    service.log_in()
    assert service.ok("GET", "/activities") == {"activities": []}
    assert error_of(service.get(f"/activities/{ids[0]}"))[0] == 404


def test_a_thousand_may_wait_and_one_more_is_refused() -> None:
    service = Service(activity_seconds=60)
    body = {"import_data": [{"email": ADA}], "list_ids": [service.state.add_list("News")]}
    for _ in range(1000):
        service.ok("POST", "/activities/contacts_json_import", body)
    assert error_of(service.call("POST", "/activities/contacts_json_import", body))[0] == 429
    assert len(service.pages("/activities", limit="500")) == 2
    service.seconds += 120  # the first is done: there is room for one
    service.ok("POST", "/activities/contacts_json_import", body)


def test_the_state_filter_finds_what_is_under_way() -> None:
    service = Service(activity_seconds=10)
    body = {"import_data": [{"email": ADA}], "list_ids": [service.state.add_list("News")]}
    first = service.ok("POST", "/activities/contacts_json_import", body)["activity_id"]
    service.ok("POST", "/activities/contacts_json_import", body)
    assert service.ok("GET", "/activities", state="processing") == {"activities": []}
    service.seconds += 10
    (found,) = service.ok("GET", "/activities", state="processing")["activities"]
    assert (found["activity_id"], found["state"], found["percent_done"]) == (first, "processing", 50)


def test_rows_of_many_shapes_keep_apart() -> None:
    service = Service()
    news = service.state.add_list("News")
    rows = [
        {"email": "a@example.com", "street": "1 Main St", "street2": "Apt 2", "city": "Boston"},
        {"email": "b@example.com", "work_city": "Paris", "home_phone": "555-0100"},
        {"email": "c@example.com", "street": "", "city": "Boston", "birthday_month": 2, "birthday_day": 3},
        {"email": "d@example.com", "street2": "Apt 9", "phone": "555-0199", "country": "Deutschland"},
    ]
    assert service.bring_in(rows, news)["status"]["error_count"] == 0

    def parts(email: str) -> list[dict[str, Any]]:
        contact = service.state.contact(email)
        assert contact is not None
        return [
            {name: value for name, value in row.items() if not name.endswith("_id")}
            for row in [*contact["street_addresses"], *contact["phone_numbers"]]
        ]

    assert parts("a@example.com") == [{"kind": "home", "street": "1 Main St Apt 2", "city": "Boston"}]
    assert parts("b@example.com") == [
        {"kind": "work", "city": "Paris"},
        {"phone_number": "555-0100", "kind": "home"},
    ]
    assert parts("c@example.com") == [{"kind": "home", "city": "Boston"}]
    assert parts("d@example.com") == [
        {"kind": "home", "street": "Apt 9", "country": "Deutschland"},
        {"phone_number": "555-0199", "kind": "other"},
    ]


@pytest.mark.parametrize(
    ("errors", "expected"),
    [
        ("lines", ['Line 3: The email address "bob" is not valid.']),
        ("emails", ['bob: The email address "bob" is not valid.']),
        ("objects", [{"message": 'Line 3: The email address "bob" is not valid.'}]),
        ("none", []),
    ],
)
def test_what_an_import_tells_of_a_bad_row(errors: str, expected: list[Any]) -> None:
    service = Service(import_errors=errors)
    report = service.bring_in([{"email": ADA}, {"email": "bob"}], service.state.add_list("News"))
    assert report["activity_errors"] == expected
    assert report["status"]["correctable_count"] == 1


def test_a_report_may_leave_counts_out() -> None:
    service = Service(activity_status="total_only")
    report = service.bring_in([{"email": ADA}, {"email": "bob"}], service.state.add_list("News"))
    assert report["status"] == {"items_total_count": 3}
