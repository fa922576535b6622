"""Consent: the person's acts, the staff's acts, and the mails that go out."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.sandbox.constant_contact.testing import Service, error_of

ADA = "ada@example.com"


def email_of(service: Service, address: str = ADA) -> dict[str, Any]:
    contact = service.state.contact(address)
    assert contact is not None
    email: dict[str, Any] = contact["email_address"]
    return email


def sign_up(service: Service, *lists: str, **fields: Any) -> Any:
    body = {"email_address": ADA, "list_memberships": list(lists), **fields}
    return service.call("POST", "/contacts/sign_up_form", body)


def kinds(service: Service) -> list[str]:
    return [mail["kind"] for mail in service.state.mails()]


def test_an_opt_out_moves_only_the_address() -> None:
    service = Service()
    news = service.state.add_list("News")
    service.state.add_contact(ADA, lists=[news])
    before = service.state.contact(ADA)
    service.clock.advance(timedelta(hours=1))
    service.state.unsubscribe(ADA, "too many mails")
    after = service.state.contact(ADA)
    assert before is not None
    assert after is not None
    assert after["updated_at"] == before["updated_at"]
    assert after["update_source"] == "Account"
    assert after["list_memberships"] == []
    assert after["email_address"] == {
        **before["email_address"],
        "permission_to_send": "unsubscribed",
        "updated_at": "2026-05-01T11:00:00Z",
        "opt_out_source": "Contact",
        "opt_out_date": "2026-05-01T11:00:00Z",
        "opt_out_reason": "too many mails",
    }


def test_the_lists_may_stay_after_an_opt_out() -> None:
    service = Service(unsubscribe_empties_lists=False)
    news = service.state.add_list("News")
    service.state.add_contact(ADA, lists=[news])
    service.state.account_unsubscribe(ADA)
    assert service.state.members(news) == [ADA]
    assert email_of(service)["opt_out_source"] == "Account"


@pytest.mark.parametrize("moves", [False, True])
def test_leaving_one_list_keeps_the_permission(moves: bool) -> None:
    service = Service(list_change_moves_updated_at=moves)
    news, other = service.state.add_list("News"), service.state.add_list("Other")
    service.state.add_contact(ADA, lists=[news, other])
    service.clock.advance(timedelta(hours=1))
    service.state.leave_list(ADA, news)
    contact = service.state.contact(ADA)
    assert contact is not None
    assert contact["list_memberships"] == [other]
    assert email_of(service)["permission_to_send"] == "implicit"
    assert (contact["updated_at"] == "2026-05-01T11:00:00Z") is moves


def test_joining_a_list_is_the_persons_act_and_a_way_back() -> None:
    service = Service()
    news = service.state.add_list("News")
    service.state.add_contact(ADA)
    service.state.join_list(ADA, news)
    contact = service.state.contact(ADA)
    assert contact is not None
    assert (contact["update_source"], contact["list_memberships"]) == ("Contact", [news])
    service.state.unsubscribe(ADA)
    service.state.join_list(ADA, news)
    assert email_of(service)["permission_to_send"] == "explicit"
    assert email_of(service)["opt_in_source"] == "Contact"
    assert kinds(service) == []


def test_a_sign_up_creates_an_explicit_contact_and_welcomes_it_once() -> None:
    service = Service()
    news, other = service.state.add_list("News"), service.state.add_list("Other")
    address = {"kind": "home", "street": "1 Main St", "postal_code": "02101"}
    response = sign_up(service, news, first_name="Ada", phone_number="555-0100", street_address=address)
    contact = service.state.contact(ADA)
    assert contact is not None
    assert response.status_code == 201
    assert response.json == {"contact_id": contact["contact_id"], "action": "created"}
    assert (contact["create_source"], contact["first_name"]) == ("Contact", "Ada")
    assert contact["street_addresses"][0]["postal_code"] == "02101"
    assert email_of(service)["permission_to_send"] == "explicit"
    assert email_of(service)["opt_in_source"] == "Contact"
    service.state.set_switches(sign_up_existing_sends_welcome=True)
    response = sign_up(service, other, last_name="Reyes")
    assert (response.status_code, response.json["action"]) == (200, "updated")
    contact = service.state.contact(ADA)
    assert contact is not None
    assert (contact["first_name"], contact["last_name"]) == ("Ada", "Reyes")
    assert contact["list_memberships"] == [news, other]
    assert kinds(service) == ["welcome"]


@pytest.mark.parametrize("sends", [False, True])
def test_a_sign_up_of_somebody_known_may_send_the_welcome_mail(sends: bool) -> None:
    service = Service(sign_up_existing_sends_welcome=sends)
    news = service.state.add_list("News")
    service.state.add_contact(ADA)
    assert sign_up(service, news).status_code == 200
    assert kinds(service) == ["welcome"] * sends


def test_a_sign_up_overrides_an_opt_out_and_restores_a_deleted_contact() -> None:
    service = Service()
    news = service.state.add_list("News")
    service.state.add_contact(ADA)
    service.state.unsubscribe(ADA)
    service.state.delete_contact(ADA)
    assert sign_up(service, news).json["action"] == "updated"
    contact = service.state.contact(ADA)
    assert contact is not None
    assert "deleted_at" not in contact
    assert email_of(service)["permission_to_send"] == "explicit"
    assert "opt_out_date" not in email_of(service)
    assert service.state.members(news) == [ADA]


@pytest.mark.parametrize(
    "change",
    [
        {"email_address": "a" * 39 + "@example.com"},
        {"email_address": {"address": ADA}},
        {"list_memberships": []},
        {"list_memberships": None},
        {"create_source": "Contact"},
        {"street_address": {"city": "Boston"}},
        {"phone_number": "1" * 26},
        {"custom_fields": [{"custom_field_id": 5}]},
    ],
)
def test_what_a_sign_up_may_not_hold(change: dict[str, Any]) -> None:
    service = Service()
    body = {"email_address": ADA, "list_memberships": [service.state.add_list("News")], **change}
    assert error_of(service.call("POST", "/contacts/sign_up_form", body))[0] == 400


def test_fifty_lists_are_the_most_and_a_refusal_changes_nothing() -> None:
    service = Service()
    lists = [service.state.add_list(f"List {number}") for number in range(51)]
    service.state.add_contact(ADA, lists=lists[:50])
    before = service.state.fingerprint(ADA)
    assert error_of(sign_up(service, lists[50], first_name="Ada"))[0] == 400
    assert service.state.fingerprint(ADA) == before
    body = {
        "email_address": {"address": "b@example.com"},
        "create_source": "Account",
        "list_memberships": lists,
    }
    assert error_of(service.call("POST", "/contacts", body))[0] == 400


def test_confirmed_opt_in_asks_first_and_welcomes_after_the_click() -> None:
    service = Service(confirmed_opt_in=True)
    news = service.state.add_list("News")
    service.state.sign_up(ADA, news)
    assert email_of(service)["permission_to_send"] == "pending_confirmation"
    assert email_of(service)["confirm_status"] == "pending"
    assert "opt_in_date" not in email_of(service)
    assert kinds(service) == ["confirmation"]
    service.state.confirm(ADA)
    assert email_of(service)["permission_to_send"] == "explicit"
    assert email_of(service)["confirm_status"] == "confirmed"
    assert kinds(service) == ["confirmation", "welcome"]
    with pytest.raises(ValueError, match="waits for no confirmation"):
        service.state.confirm(ADA)


def test_a_contact_the_account_adds_is_not_mailed() -> None:
    service = Service(confirmed_opt_in=True)
    news = service.state.add_list("News")
    for address, source in ((ADA, "Account"), ("bob@example.com", "Contact")):
        body = {"email_address": {"address": address}, "create_source": source, "list_memberships": [news]}
        service.ok("POST", "/contacts", body)
    assert service.state.mails() == [
        {"kind": "confirmation", "to": "bob@example.com", "at": "2026-05-01T10:00:00Z"}
    ]


def test_welcome_mails_can_be_off() -> None:
    service = Service(welcome_email_on=False)
    service.state.sign_up(ADA, service.state.add_list("News"))
    assert service.state.outbox == []


def test_asking_back_is_one_mail_and_the_click_does_the_rest() -> None:
    service = Service()
    news = service.state.add_list("News")
    contact_id = service.state.add_contact(ADA)
    path, body = f"/contacts/resubscribe/{contact_id}", {"list_ids": [news]}
    assert error_of(service.call("PUT", path, body))[0] == 409  # not unsubscribed
    service.state.unsubscribe(ADA)
    before = service.state.contact(ADA)
    response = service.call("PUT", path, body)
    assert (response.status_code, response.data) == (200, b"")
    assert service.state.contact(ADA) == before
    assert service.state.mails(kind="resubscribe", to=ADA)
    service.clock.advance(timedelta(days=1))
    service.state.click_resubscribe(ADA)
    contact = service.state.contact(ADA)
    assert contact is not None
    assert contact["list_memberships"] == [news]
    assert contact["updated_at"] == "2026-05-02T10:00:00Z"
    assert email_of(service)["permission_to_send"] == "explicit"
    assert email_of(service)["opt_in_date"] == "2026-05-02T10:00:00Z"
    assert "opt_out_date" not in email_of(service)
    with pytest.raises(ValueError, match="No resubscribe email waits"):
        service.state.click_resubscribe(ADA)


@pytest.mark.parametrize("status", [409, 400])
def test_nobody_is_asked_back_twice(status: int) -> None:
    service = Service(second_resubscribe_status=status)
    news = service.state.add_list("News")
    contact_id = service.state.add_contact(ADA)
    path, body = f"/contacts/resubscribe/{contact_id}", {"list_ids": [news]}
    service.state.unsubscribe(ADA)
    service.ok("PUT", path, body)
    assert service.call("PUT", path, body).status_code == status
    service.state.click_resubscribe(ADA)
    service.state.unsubscribe(ADA)
    assert service.call("PUT", path, body).status_code == status
    assert kinds(service) == ["resubscribe"]


def test_asking_back_needs_lists_that_exist() -> None:
    service = Service()
    contact_id = service.state.add_contact(ADA, permission="unsubscribed")
    path = f"/contacts/resubscribe/{contact_id}"
    assert error_of(service.call("PUT", path, {"list_ids": []}))[0] == 400
    assert error_of(service.call("PUT", path, {}))[0] == 400
    unknown = {"list_ids": ["11111111-1111-4111-8111-111111111111"]}
    assert error_of(service.call("PUT", path, unknown))[0] == 404


def test_any_way_onto_a_list_may_start_an_automation() -> None:
    service = Service(list_join_automation=True)
    news = service.state.add_list("News")
    service.bring_in([{"email": ADA}], news)
    service.state.add_contact("bob@example.com")
    service.state.staff_add_to_list("bob@example.com", news)
    assert [(mail.kind, mail.to) for mail in service.state.outbox] == [
        ("list_join", ADA),
        ("list_join", "bob@example.com"),
    ]


def test_a_changed_address_may_be_welcomed_again() -> None:
    service = Service(put_email_change_sends_welcome=True)
    contact_id = service.state.add_contact(ADA)
    body = {"email_address": {"address": "ada@new.example"}, "update_source": "Account"}
    service.ok("PUT", f"/contacts/{contact_id}", body)
    assert service.state.mails(to="ada@new.example")


def test_the_persons_profile_and_the_staffs_acts() -> None:
    service = Service()
    news = service.state.add_list("News")
    service.state.add_contact(ADA, first_name="Ada", street_address={"city": "Boston"})
    service.clock.advance(timedelta(minutes=5))
    service.state.edit_profile(ADA, last_name="Byron", city="London")
    contact = service.state.contact(ADA)
    assert contact is not None
    assert (contact["first_name"], contact["last_name"]) == ("Ada", "Byron")
    assert contact["street_addresses"][0]["city"] == "London"
    assert (contact["update_source"], contact["updated_at"]) == ("Contact", "2026-05-01T10:05:00Z")
    service.state.staff_add_to_list(ADA, news)
    service.state.staff_remove_from_list(ADA, news)
    assert service.state.members(news) == []
    service.state.set_permission(ADA, "temp_hold")
    assert email_of(service)["permission_to_send"] == "temp_hold"
    service.state.add_contact("bob@example.com")
    service.state.edit_profile(ADA, new_email="ada@new.example")
    service.state.edit_profile("ada@new.example", new_email=ADA)
    for wrong in (
        lambda: service.state.edit_profile(ADA, shoe_size="40"),
        lambda: service.state.set_permission(ADA, "always"),
        lambda: service.state.add_contact(ADA),
        lambda: service.state.edit_profile(ADA, new_email="bob@example.com"),
    ):
        with pytest.raises(ValueError, match=r"shoe_size|always|already"):
            wrong()
    with pytest.raises(LookupError):
        service.state.unsubscribe("nobody@example.com")
    with pytest.raises(LookupError):
        service.state.leave_list(ADA, "no list")


def test_a_seeded_contact_can_have_any_past() -> None:
    service = Service()
    service.state.add_contact(
        ADA,
        permission="unsubscribed",
        created_at="2025-01-01T00:00:00Z",
        opt_out_date="2025-06-01T02:00:00+02:00",
        opt_out_source="Account",
        update_source="Contact",
    )
    email = email_of(service)
    assert (email["opt_out_date"], email["opt_out_source"]) == ("2025-06-01T00:00:00Z", "Account")
    assert email["opt_in_date"] == "2025-01-01T00:00:00Z"
    with pytest.raises(LookupError):
        service.state.add_contact("bob@example.com", lists=["no list"])
    with pytest.raises(AttributeError):
        service.state.add_contact("bob@example.com", shoe_size=40)
    assert service.state.contact("bob@example.com") is None
    assert service.state.outbox == []
