"""The account, its lists and its campaign drafts."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.constant_contact.testing import Service, error_of

DRAFT = {
    "format_type": 5,
    "from_name": "Mystic Outdoors",
    "from_email": "news@example.com",
    "reply_to_email": "service@example.com",
    "subject": "Hello",
    "html_content": "<html><body>[[trackingImage]] Hello</body></html>",
}


def draft(service: Service, name: str = "Welcome draft", **changes: Any) -> Any:
    activity = {**DRAFT, **changes}
    activity = {key: value for key, value in activity.items() if value is not None}
    return service.call("POST", "/emails", {"name": name, "email_campaign_activities": [activity]})


def test_the_summary_and_its_extra_fields() -> None:
    service = Service()
    summary = service.ok("GET", "/account/summary")
    assert summary["organization_name"] == "Mystic Outdoors"
    assert "physical_address" not in summary
    both = service.ok("GET", "/account/summary", extra_fields="physical_address,company_logo")
    assert both["physical_address"]["city"] == "Boston"
    assert "company_logo" in both
    assert error_of(service.get("/account/summary", extra_fields="colour"))[:2] == (
        400,
        "account.api.validation.error",
    )


def test_the_accounts_own_addresses_and_their_filters() -> None:
    service = Service()
    confirmed, _, new = service.ok("GET", "/account/emails")
    assert confirmed == {
        "email_address": "news@example.com",
        "email_id": 1,
        "confirm_status": "CONFIRMED",
        "confirm_time": "2026-05-01T10:00:00.000+0000",
        "confirm_source_type": "SITE_OWNER",
        "roles": ["CONTACT", "REPLY_TO", "DEFAULT_FROM"],
    }
    assert new == {
        "email_address": "new@example.com",
        "email_id": 3,
        "confirm_status": "UNCONFIRMED",
        "pending_roles": ["OTHER"],
    }

    def found(**query: str) -> list[int]:
        return [one["email_id"] for one in service.ok("GET", "/account/emails", **query)]

    assert found(confirm_status="CONFIRMED") == found(confirm_status="C") == [1, 2]
    assert found(role_code="R") == found(role_code="REPLY_TO") == [1]
    assert found(email_address="NEW@example.com") == [3]
    service.state.confirm_account_email("new@example.com")
    service.state.add_account_email("late@example.com", confirmed=False)
    assert found(confirm_status="U") == [4]
    for wrong in (
        {"confirm_status": "MAYBE"},
        {"confirm_status": "C", "role_code": "C"},
        {"email_address": "x" * 81},
    ):
        assert error_of(service.get("/account/emails", **wrong))[0] == 400
    with pytest.raises(LookupError):
        service.state.confirm_account_email("nobody@example.com")


def test_lists_are_created_empty_and_their_names_are_unique_without_case() -> None:
    service = Service()
    body = {"name": "Kibo customers", "description": "All of them", "favorite": True}
    response = service.call("POST", "/contact_lists", body)
    assert response.status_code == 201
    assert {key: response.json[key] for key in body} == body
    assert "membership_count" not in response.json
    assert error_of(service.call("POST", "/contact_lists", {"name": "KIBO customers "})) == (
        409,
        "contacts.api.conflict",
        "Validation failed: Name is not unique",
    )
    for wrong in ({}, {"name": " "}, {"name": "x" * 256}, {"name": "A", "favorite": 1}):
        assert error_of(service.call("POST", "/contact_lists", wrong))[0] == 400


def test_searching_lists() -> None:
    service = Service()
    news, old = service.state.add_list("News"), service.state.add_list("Old")
    service.state.add_contact("ada@example.com", lists=[news, old])
    service.state.add_contact("bob@example.com", lists=[news], permission="temp_hold")
    service.state.delete_list(old)

    def names(**query: str) -> list[str]:
        return [one["name"] for page in service.pages("/contact_lists", **query) for one in page["lists"]]

    assert names() == names(status="active") == ["News"]
    assert names(status="deleted") == ["Old"]
    assert names(status="all", limit="1") == names(status="active,deleted") == ["News", "Old"]
    assert names(name="News") == ["News"]
    assert names(name="news") == names(channel_type="sms") == []
    for which, count in (("all", 2), ("active", 1)):
        page = service.ok("GET", "/contact_lists", include_membership_count=which, include_count="true")
        assert (page["lists"][0]["membership_count"], page["lists_count"]) == (count, 1)
    assert "deleted_at" in service.ok("GET", "/contact_lists", status="deleted")["lists"][0]
    assert service.emails(lists=old) == []
    assert service.state.list_id("Old") is None
    for wrong in ({"status": "gone"}, {"limit": "1001"}, {"include_membership_count": "true"}):
        assert error_of(service.get("/contact_lists", **wrong))[0] == 400


def test_the_name_of_a_deleted_list_may_clash() -> None:
    service = Service()
    service.state.delete_list(service.state.add_list("News"))
    service.ok("POST", "/contact_lists", {"name": "News"})
    service.state.delete_list(service.state.list_id("News") or "")
    service.state.set_switches(deleted_list_name_clashes=True)
    assert service.call("POST", "/contact_lists", {"name": "News"}).status_code == 409


def test_a_thousand_lists_are_the_most_and_lists_can_be_renamed() -> None:
    service = Service()
    lists = [service.state.add_list(f"List {number}") for number in range(1000)]
    assert error_of(service.call("POST", "/contact_lists", {"name": "One more"}))[0] == 400
    service.state.rename_list(lists[0], "First")
    assert service.state.list_id("first") == lists[0]


def test_a_draft_is_made_and_found() -> None:
    service = Service()
    response = draft(service, preheader="Look")
    assert response.status_code == 200
    campaign = response.json
    assert (campaign["type_code"], campaign["current_status"]) == (26, "DRAFT")
    assert campaign["created_at"] == "2026-05-01T10:00:00.000Z"
    assert [one["role"] for one in campaign["campaign_activities"]] == ["primary_email", "permalink"]
    found = service.ok("GET", "/emails")["campaigns"]
    assert [one["campaign_id"] for one in found] == [campaign["campaign_id"]]
    assert "campaign_activities" not in found[0]
    assert service.ok("GET", "/emails", after_date="2026-05-02T00:00:00Z") == {"campaigns": []}
    assert service.ok("GET", "/emails", before_date="2026-05-01T10:00:00Z") == {"campaigns": []}


@pytest.mark.parametrize(
    "changes",
    [
        {"from_email": "new@example.com"},
        {"reply_to_email": "stranger@example.net"},
        {"from_name": "x" * 101},
        {"subject": None},
        {"html_content": "<p>no image</p>"},
        {"format_type": 3},
        {"colour": "red"},
    ],
)
def test_what_a_draft_may_not_be(changes: dict[str, Any]) -> None:
    assert error_of(draft(Service(), **changes))[:2] == (400, "campaigns.api.validation.error")


def test_the_name_of_a_draft_is_unique() -> None:
    service = Service()
    draft(service)
    assert error_of(draft(service))[:2] == (409, "campaigns.api.conflict")
    assert error_of(draft(service, "x" * 81))[0] == 400
    assert error_of(service.call("POST", "/emails", {"name": "A", "email_campaign_activities": []}))[0] == 400
    assert error_of(service.call("POST", "/emails", {"email_campaign_activities": [DRAFT]}))[0] == 400


def test_updating_a_draft_clears_what_is_left_out_but_not_its_content() -> None:
    service = Service()
    campaign = draft(service, preheader="Look").json
    primary, permalink = (one["campaign_activity_id"] for one in campaign["campaign_activities"])
    path = f"/emails/activities/{primary}"
    activity = service.ok("GET", path, include="html_content")
    assert activity["preheader"] == "Look"
    assert "physical_address_in_footer" not in activity
    body = {key: activity[key] for key in ("from_name", "from_email", "reply_to_email")}
    body["subject"] = "Hello again"
    updated = service.ok("PUT", path, {**body, "contact_list_ids": [service.state.add_list("News")]})
    assert updated["subject"] == "Hello again"
    assert "preheader" not in updated
    assert updated["html_content"] == DRAFT["html_content"]
    assert error_of(service.call("PUT", path, {**body, "from_email": "new@example.com"}))[0] == 400
    assert error_of(service.call("PUT", path, {**body, "contact_list_ids": ["x"]}))[0] == 400
    both = {**body, "contact_list_ids": ["x"], "segment_ids": [1]}
    assert error_of(service.call("PUT", path, both))[0] == 400
    assert error_of(service.call("PUT", f"/emails/activities/{permalink}", body))[0] == 400
    assert error_of(service.get("/emails/activities/nothing"))[0] == 404


def test_one_campaign_shows_its_emails_and_a_deleted_one_stays_in_the_collection() -> None:
    service = Service()
    campaign = draft(service).json
    path = f"/emails/{campaign['campaign_id']}"
    assert service.ok("GET", path) == campaign
    assert error_of(service.get("/emails/nothing"))[:2] == (404, "campaigns.api.not_found")
    service.state.delete_campaign("Welcome draft")
    assert [one["current_status"] for one in service.ok("GET", "/emails")["campaigns"]] == ["REMOVED"]
    assert error_of(draft(service))[0] == 409


def test_no_draft_goes_to_a_deleted_list() -> None:
    service = Service()
    news = service.state.add_list("News")
    activity_id = draft(service).json["campaign_activities"][0]["campaign_activity_id"]
    body = {name: DRAFT[name] for name in ("from_name", "from_email", "reply_to_email", "subject")}
    service.state.delete_list(news)
    answer = service.call("PUT", f"/emails/activities/{activity_id}", {**body, "contact_list_ids": [news]})
    assert error_of(answer)[0] == 400


def test_an_address_that_lost_its_confirmation_sends_nothing() -> None:
    service = Service()
    service.state.unconfirm_account_email("news@example.com")
    assert error_of(draft(service))[0] == 400
    service.state.confirm_account_email("news@example.com")
    assert draft(service).status_code == 200
    with pytest.raises(LookupError):
        service.state.unconfirm_account_email("nobody@example.com")


def test_a_draft_has_a_page_on_which_nothing_can_be_done() -> None:
    service = Service()
    news = service.state.add_list("News <b>")
    campaign = draft(service, "A <script>").json
    activity_id = campaign["campaign_activities"][0]["campaign_activity_id"]
    path = f"/pages/campaigns/email-details/details/activity/{activity_id}"
    page = service.client.get(path)
    assert page.status_code == 200
    assert "A &lt;script&gt;" in page.text
    assert "nobody chosen yet" in page.text
    assert "<form" not in page.text
    body = {name: DRAFT[name] for name in ("from_name", "from_email", "reply_to_email", "subject")}
    service.ok("PUT", f"/emails/activities/{activity_id}", {**body, "contact_list_ids": [news]})
    assert "News &lt;b&gt;" in service.client.get(path).text
    assert "service@example.com" in service.client.get(path).text
    assert service.client.get(f"{path}x").status_code == 404
    assert service.client.post(path).status_code == 405
