"""Contacts over HTTP: search and paging, create, update, delete, counts."""

from __future__ import annotations

import base64
import time
from datetime import timedelta
from typing import Any

import pytest

from tests.sandbox.constant_contact.testing import Service, error_of

ADA = {"address": "ada@example.com", "permission_to_send": "implicit"}
HOME = {"kind": "home", "street": "1 Main St", "city": "Boston", "postal_code": "02101"}


def test_a_new_contact_looks_as_the_sheet_shows_it() -> None:
    service = Service()
    news = service.state.add_list("News")
    body = {
        "email_address": {"address": "Ada@Example.com"},
        "first_name": "Ada",
        "create_source": "Account",
        "list_memberships": [news],
        "street_addresses": [HOME],
        "phone_numbers": [{"kind": "home", "phone_number": "555-0100"}],
    }
    response = service.call("POST", "/contacts", body)
    assert response.status_code == 201
    contact = response.json
    assert contact["email_address"] == {
        "address": "ada@example.com",
        "permission_to_send": "implicit",
        "created_at": "2026-05-01T10:00:00Z",
        "updated_at": "2026-05-01T10:00:00Z",
        "opt_in_source": "Account",
        "opt_in_date": "2026-05-01T10:00:00Z",
        "confirm_status": "off",
    }
    assert contact["list_memberships"] == [news]
    assert contact["street_addresses"][0]["city"] == "Boston"
    assert "last_name" not in contact
    assert contact["taggings"] == []
    assert service.ok("GET", f"/contacts/{contact['contact_id']}", include="street_addresses").keys() == {
        *("contact_id", "email_address", "first_name", "create_source", "update_source"),
        *("created_at", "updated_at", "street_addresses"),
    }


@pytest.mark.parametrize("deleted", [False, True])
def test_an_address_that_exists_is_refused_deleted_or_not(deleted: bool) -> None:
    service = Service()
    contact_id = service.state.add_contact("ada@example.com", deleted=deleted)
    body = {"email_address": {"address": "ADA@example.com"}, "create_source": "Account"}
    assert error_of(service.call("POST", "/contacts", body)) == (
        409,
        "contacts.api.conflict",
        f"Validation failed: Email already exists for contact {contact_id}",
    )


@pytest.mark.parametrize(
    "change",
    [
        {"create_source": None},
        {"create_source": "Somebody"},
        {"email_address": {"address": "no address"}},
        {"email_address": {"address": "a" * 70 + "@example.com"}},
        {"email_address": "ada@example.com"},
        {"email_address": {"address": "ada@example.com", "permission_to_send": "maybe"}},
        {"first_name": "x" * 51},
        {"zip": "02101"},
        {"list_memberships": ["11111111-1111-4111-8111-111111111111"]},
        {"list_memberships": "all"},
        {"street_addresses": [HOME, HOME]},
        {"street_addresses": [{"kind": "moon"}]},
        {"street_addresses": [{**HOME, "zip": "02101"}]},
        {"street_addresses": [{**HOME, "street": "x" * 256}]},
        {"phone_numbers": [{"kind": "home", "phone_number": "1" * 26}]},
        {
            "phone_numbers": [
                {"kind": kind, "phone_number": "1"} for kind in ("home", "work", "mobile", "other")
            ]
        },
        {"birthday_month": 5},
        {"birthday_month": 13, "birthday_day": 1},
        {"anniversary": "soon"},
        {"custom_fields": [{"custom_field_id": "x", "value": "1"}]},
        {"notes": [{"content": "x" * 2001}]},
    ],
)
def test_what_a_new_contact_may_not_be(change: dict[str, Any]) -> None:
    service = Service()
    body = {"email_address": ADA, "create_source": "Account", **change}
    status, key, _ = error_of(service.call("POST", "/contacts", body))
    assert (status, key) == (400, "contacts.api.validation.error")
    assert service.state.contact("ada@example.com") is None


def test_the_text_of_a_missing_source_is_the_one_seen() -> None:
    response = Service().call("POST", "/contacts", {"email_address": ADA})
    assert error_of(response)[2] == "create_source is missing, create_source does not have a valid value"


def test_a_name_is_enough_and_nothing_is_not() -> None:
    service = Service()
    contact = service.ok("POST", "/contacts", {"first_name": "Ada", "create_source": "Account"})
    assert "email_address" not in contact
    assert error_of(service.call("POST", "/contacts", {"create_source": "Account"}))[0] == 400


def test_a_put_clears_core_fields_and_keeps_sub_resources() -> None:
    service = Service()
    news, other = service.state.add_list("News"), service.state.add_list("Other")
    contact_id = service.state.add_contact(
        "ada@example.com",
        lists=[news],
        first_name="Ada",
        last_name="Reyes",
        street_address={"city": "Boston"},
    )
    service.clock.advance(timedelta(hours=1))
    body: dict[str, Any] = {"email_address": ADA, "last_name": "Byron", "update_source": "Account"}
    contact = service.ok("PUT", f"/contacts/{contact_id}", body)
    assert "first_name" not in contact
    assert contact["last_name"] == "Byron"
    assert contact["list_memberships"] == [news]
    assert contact["street_addresses"][0]["city"] == "Boston"
    assert contact["updated_at"] == "2026-05-01T11:00:00Z"
    contact = service.ok("PUT", f"/contacts/{contact_id}", {**body, "list_memberships": [other]})
    assert contact["list_memberships"] == [other]
    assert service.state.members(news) == []


def test_a_put_revives_a_deleted_contact_without_its_old_lists() -> None:
    service = Service()
    news = service.state.add_list("News")
    contact_id = service.state.add_contact("ada@example.com", lists=[news])
    assert service.call("DELETE", f"/contacts/{contact_id}").status_code == 204
    gone = service.ok("GET", f"/contacts/{contact_id}", include="list_memberships")
    assert gone["deleted_at"] == "2026-05-01"
    assert gone["list_memberships"] == []
    assert gone["email_address"]["opt_out_source"] == "Account"
    assert gone["email_address"]["permission_to_send"] == "implicit"
    contact = service.ok("PUT", f"/contacts/{contact_id}", {"email_address": ADA, "update_source": "Account"})
    assert "deleted_at" not in contact
    assert contact["list_memberships"] == []
    assert "opt_out_date" not in contact["email_address"]


def test_a_put_may_change_the_address_but_not_to_somebody_elses() -> None:
    service = Service()
    contact_id = service.state.add_contact("ada@example.com")
    service.state.add_contact("bob@example.com")
    body = {"email_address": {"address": "bob@example.com"}, "update_source": "Account"}
    assert error_of(service.call("PUT", f"/contacts/{contact_id}", body)) == (
        409,
        "contacts.api.conflict",
        "Validation failed: EmailAddress is not unique",
    )
    body = {"email_address": {"address": "ada@new.example"}, "update_source": "Account"}
    assert service.ok("PUT", f"/contacts/{contact_id}", body)["contact_id"] == contact_id
    assert service.emails(email="ada@new.example", status="all") == ["ada@new.example"]
    assert service.emails(email="ada@example.com", status="all") == []


def test_a_put_by_the_account_does_not_undo_the_persons_opt_out() -> None:
    service = Service()
    contact_id = service.state.add_contact("ada@example.com")
    service.state.unsubscribe("ada@example.com", "too many")
    path, body = f"/contacts/{contact_id}", {"email_address": ADA, "update_source": "Account"}
    email = service.ok("PUT", path, body)["email_address"]
    assert (email["permission_to_send"], email["opt_out_reason"]) == ("unsubscribed", "too many")
    service.state.set_switches(account_put_on_optout="refused")
    assert error_of(service.call("PUT", path, body))[0] == 400
    service.state.set_switches(account_put_on_optout="applied")
    assert service.ok("PUT", path, body)["email_address"]["permission_to_send"] == "implicit"


def test_a_put_can_unsubscribe_and_without_permission_keeps_it() -> None:
    service = Service()
    contact_id = service.state.add_contact("ada@example.com", permission="explicit")
    path = f"/contacts/{contact_id}"
    bare = {"email_address": {"address": "ada@example.com"}, "update_source": "Account"}
    assert service.ok("PUT", path, bare)["email_address"]["permission_to_send"] == "explicit"
    service.state.set_switches(put_without_permission="implicit")
    assert service.ok("PUT", path, bare)["email_address"]["permission_to_send"] == "implicit"
    out = {"address": "ada@example.com", "permission_to_send": "unsubscribed", "opt_out_reason": "asked"}
    email = service.ok("PUT", path, {"email_address": out, "update_source": "Contact"})["email_address"]
    assert (email["opt_out_source"], email["opt_out_reason"]) == ("Contact", "asked")


def test_a_put_without_address_takes_it_away() -> None:
    service = Service()
    contact_id = service.state.add_contact("ada@example.com", first_name="Ada")
    path = f"/contacts/{contact_id}"
    assert error_of(service.call("PUT", path, {"update_source": "Account"}))[0] == 400
    assert "email_address" not in service.ok("PUT", path, {"first_name": "Ada", "update_source": "Account"})


def test_unknown_and_malformed_ids_are_not_found() -> None:
    service = Service()
    for method in ("GET", "DELETE"):
        assert error_of(service.call(method, "/contacts/17")) == (
            404,
            "contacts.api.not_found",
            "contact_id is in an invalid format.",
        )
    assert error_of(service.get("/contacts/11111111-1111-4111-8111-111111111111"))[0] == 404


def test_searching_by_status() -> None:
    service = Service()
    for permission in (
        "explicit",
        "implicit",
        "not_set",
        "pending_confirmation",
        "temp_hold",
        "unsubscribed",
    ):
        service.state.add_contact(f"{permission}@example.com", permission=permission)
    service.state.add_contact("deleted@example.com", deleted=True)
    service.state.add_contact("out.and.deleted@example.com", permission="unsubscribed", deleted=True)

    def found(**query: str) -> set[str]:
        return {email.partition("@")[0] for email in service.emails(**query)}

    assert found() == found(status="active") == {"explicit", "implicit"}
    assert found(status="deleted") == {"deleted", "out.and.deleted"}
    assert found(status="unsubscribed,temp_hold") == {"unsubscribed", "temp_hold"}
    assert len(found(status="all")) == 8
    service.state.set_switches(default_status="not_deleted")
    assert len(found()) == 6
    assert error_of(service.get("/contacts", status="gone"))[0] == 400


def test_searching_by_list_address_and_tag() -> None:
    service = Service()
    news, other = service.state.add_list("News"), service.state.add_list("Other")
    tag = "11111111-1111-4111-8111-111111111111"
    service.state.add_contact("ada+news@example.com", lists=[news], taggings=(tag,))
    service.state.add_contact("bob@example.com", lists=[other])
    service.state.add_contact("cy@example.com")
    assert service.emails(lists=news) == ["ada+news@example.com"]
    assert service.emails(lists=f"{news},{other}") == ["ada+news@example.com", "bob@example.com"]
    assert service.emails(tags=tag) == ["ada+news@example.com"]
    assert service.emails(email="ADA+news@example.com") == ["ada+news@example.com"]
    unencoded = service.client.get("/v3/contacts?email=ada+news@example.com", headers=service.headers)
    assert unencoded.json == {"contacts": []}
    assert service.ok("GET", "/contacts", email="nobody@example.com") == {"contacts": []}
    for query in ({"lists": "x"}, {"lists": ",".join([news] * 26)}, {"segment_id": "1"}, {"include": "all"}):
        assert error_of(service.get("/contacts", **query))[0] == 400


def test_searching_by_dates_and_their_edges() -> None:
    service = Service()
    service.state.add_contact("ada@example.com")
    at = "2026-05-01T10:00:00Z"
    assert service.emails(updated_after=at) == ["ada@example.com"]
    assert service.emails(created_after="2026-05-01T12:00:00+02:00") == ["ada@example.com"]
    assert service.emails(updated_after="2026-05-01T10:00:00.001Z") == []
    assert service.emails(updated_before="2026-05-01T10:00:00.001Z") == ["ada@example.com"]
    assert service.emails(updated_before=at) == []
    service.state.set_switches(updated_after_inclusive=False, before_inclusive=True)
    assert service.emails(updated_after=at) == []
    assert service.emails(updated_before=at) == ["ada@example.com"]
    assert error_of(service.get("/contacts", updated_after="yesterday"))[0] == 400


def test_an_opt_out_shows_in_the_opt_out_search_and_not_in_the_update_search() -> None:
    service = Service()
    service.state.add_contact("ada@example.com")
    service.clock.advance(timedelta(hours=1))
    service.state.unsubscribe("ada@example.com")
    after = "2026-05-01T10:30:00Z"
    assert service.emails(status="all", updated_after=after) == []
    assert service.emails(status="all", optout_after=after) == ["ada@example.com"]
    assert service.emails(status="all", optout_after=after, optout_before=after) == []
    service.state.set_switches(optout_filter_works=False)
    assert service.emails(status="all", optout_after="2027-01-01") == ["ada@example.com"]


def test_pages_follow_relative_links_to_the_end() -> None:
    service = Service()
    everybody = [service.state.contact(service.state.add_contact(f"p{n}@example.com")) for n in range(7)]
    pages = service.pages("/contacts", status="all", limit="3", include_count="true")
    assert [len(page["contacts"]) for page in pages] == [3, 3, 1]
    assert [page["contacts_count"] for page in pages] == [7, 7, 7]
    assert "_links" not in pages[-1]
    found = [one["contact_id"] for page in pages for one in page["contacts"]]
    assert found == [one["contact_id"] for one in everybody if one]
    cursor = pages[0]["_links"]["next"]["href"].partition("cursor=")[2].replace("%3D", "=")
    assert b"limit=3" in base64.b64decode(cursor)
    service.state.set_switches(last_page_links="empty")
    assert service.pages("/contacts", limit="7")[-1]["_links"] == {}


def test_shuffled_pages_hold_everybody_once() -> None:
    service = Service(shuffle=True)
    wanted = {f"p{n}@example.com" for n in range(30)}
    for email in sorted(wanted):
        service.state.add_contact(email)
    found = service.emails(limit="7")
    assert len(found) == 30
    assert set(found) == wanted
    assert found != sorted(found)


def test_things_can_change_between_two_pages() -> None:
    service = Service()
    for number in range(3):
        service.state.add_contact(f"p{number}@example.com")
    service.state.after_page.append(lambda: service.state.unsubscribe("p2@example.com"))
    service.state.after_page.append(lambda: service.state.unsubscribe("p0@example.com"))
    assert service.emails(limit="2", status="active") == ["p0@example.com", "p1@example.com"]
    assert len(service.state.after_page) == 1  # the page that came last has nothing after it


@pytest.mark.parametrize(
    "query",
    [
        {"cursor": "nonsense"},
        {"cursor": base64.b64encode(b"limit=5").decode()},
        {"cursor": base64.b64encode(b"limit=5&next=x").decode()},
        {"cursor": base64.b64encode(b"limit=5&next=1").decode(), "status": "all"},
        {"cursor": base64.b64encode(b"colour=red&next=1").decode()},
        {"limit": "0"},
        {"limit": "501"},
        {"limit": "many"},
        {"include_count": "yes"},
        {"colour": "red"},
        {"status": "all,"},
    ],
)
def test_bad_parameters_are_refused(query: dict[str, str]) -> None:
    assert error_of(Service().get("/contacts", **query))[:2] == (400, "contacts.api.validation.error")


def test_a_full_scan_stays_quick() -> None:
    service = Service()
    news = service.state.add_list("News")
    for number in range(20_000):
        service.state.add_contact(f"p{number}@example.com", lists=[news], first_name="Ada")
    began = time.perf_counter()
    pages = service.pages("/contacts", status="all", lists=news, limit="500", include="list_memberships")
    assert sum(len(page["contacts"]) for page in pages) == 20_000
    assert time.perf_counter() - began < 3


def test_counts() -> None:
    service = Service()
    for permission in ("explicit", "implicit", "implicit", "pending_confirmation", "unsubscribed"):
        email = f"{len(service.emails(status='all'))}@example.com"
        service.state.add_contact(email, permission=permission, created_at="2026-01-01T00:00:00Z")
    service.state.add_contact("new@example.com")
    service.state.add_contact("deleted@example.com", deleted=True)
    counts = {"total": 6, "explicit": 1, "implicit": 3, "pending": 1, "unsubscribed": 1}
    assert service.ok("GET", "/contacts/counts") == counts
    assert service.ok("GET", "/contacts/counts", include="new_subscriber")["new_subscriber"] == 1
    assert error_of(service.get("/contacts/counts", include="new_subscribers"))[0] == 400


def test_addresses_may_keep_their_case_and_countries_be_normalised() -> None:
    service = Service(lowercase_email=False, normalise_country=True)
    body = {
        "email_address": {"address": "Ada@Example.com"},
        "create_source": "Account",
        "street_addresses": [{**HOME, "country": "US"}],
    }
    contact = service.ok("POST", "/contacts", body)
    assert contact["email_address"]["address"] == "Ada@Example.com"
    assert contact["street_addresses"][0]["country"] == "United States"
    assert service.emails(email="ada@example.com") == ["Ada@Example.com"]


def test_contacts_without_an_address_exist() -> None:
    service = Service()
    contact_id = service.state.add_contact(None, sms_number="5550100", first_name="Ada")
    contact = service.ok("GET", "/contacts", status="active")["contacts"][0]
    assert contact["contact_id"] == contact_id
    assert "email_address" not in contact
    body = {"sms_channel": {"full_sms_address": "15550101"}, "create_source": "Account"}
    assert service.ok("POST", "/contacts", body)["sms_channel"]["sms_address"] == "15550101"
    assert len(service.ok("GET", "/contacts", sms_status="all")["contacts"]) == 2
