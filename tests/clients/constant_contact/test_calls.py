"""How calls to Constant Contact are repeated, renewed, refused and counted."""

import threading
from datetime import UTC, datetime

import pytest
import requests
import responses

from ccdesk.clients.constant_contact.parse import NEEDED_PRIVILEGES
from ccdesk.clients.constant_contact.session import RETRY
from ccdesk.core.errors import (
    AnswerLost,
    Cancelled,
    CcdeskError,
    ItemRefused,
    LoginNeeded,
    NotFound,
    QuotaUsedUp,
    RateLimited,
    Refused,
    Unreachable,
)
from ccdesk.core.models import ContactFields
from tests.clients.helpers import CC, Counts, QuickClock, mail

SUMMARY = {"encoded_account_id": "p1", "organization_name": "Mystic"}
ADA = ContactFields("ada@example.com")


def gateway(key: str) -> dict[str, str]:
    return {"error_key": key, "error_message": "No"}


@responses.activate
def test_a_401_renews_once_and_repeats_once() -> None:
    responses.get(CC + "/account/summary", status=401, json=gateway("unauthorized"))
    responses.get(CC + "/account/summary", json=SUMMARY)
    client = mail()
    assert client.account().key == "p1"
    assert [c.request.headers["Authorization"] for c in responses.calls] == ["Bearer t1", "Bearer t2"]
    assert client.calls == 2


@responses.activate
def test_a_second_401_asks_for_a_login() -> None:
    responses.get(CC + "/account/summary", status=401)
    with pytest.raises(LoginNeeded):
        mail().account()
    assert len(responses.calls) == 2


@responses.activate
def test_throttled_waits_a_little_and_repeats_even_a_write() -> None:
    clock = QuickClock()
    for _ in range(3):
        responses.post(CC + "/contacts/sign_up_form", status=429, json=gateway("throttled"))
    responses.post(CC + "/contacts/sign_up_form", status=201, json={"contact_id": "c1", "action": "created"})
    assert mail(clock).sign_up(ADA, "l1", with_fields=False) == "c1"
    assert len(clock.waits) == 3
    assert all(1.0 <= pause <= 8.0 for pause in clock.waits)


LIMIT = {"error_key": "access_denied", "error_message": "Your contact limit has been reached"}
ALL = [{"privilege_id": 1, "privilege_name": name} for name in NEEDED_PRIVILEGES]


@pytest.mark.parametrize("body", [LIMIT, [LIMIT]])
@responses.activate
def test_a_403_is_quoted_where_every_privilege_is_there(body: object) -> None:
    responses.post(CC + "/activities/contacts_json_import", status=403, json=body)
    responses.get(CC + "/account/user/privileges", json=ALL)
    with pytest.raises(Refused) as refused:
        mail().start_import([mail().import_row(ADA)], "l1")
    assert "Constant Contact says: Your contact limit has been reached." in refused.value.meaning
    assert "may" in refused.value.meaning
    assert "lacks" not in refused.value.text


@responses.activate
def test_a_403_says_what_the_role_lacks_as_a_possibility() -> None:
    responses.get(CC + "/contacts/c1", status=403, json=LIMIT)
    responses.get(CC + "/account/user/privileges", json=ALL[1:])
    with pytest.raises(Refused) as refused:
        mail().get("c1")
    assert "Your contact limit has been reached" in refused.value.meaning
    assert f"may be that the user's role lacks: {NEEDED_PRIVILEGES[0]}" in refused.value.meaning


@responses.activate
def test_throttled_for_ever_gives_up() -> None:
    responses.get(CC + "/account/summary", status=429, json=gateway("throttled"))
    with pytest.raises(RateLimited):
        mail().account()
    assert len(responses.calls) == RETRY.refusals


@responses.activate
def test_the_days_quota_stops_at_once_until_midnight() -> None:
    responses.get(CC + "/account/summary", status=429, json=gateway("quota_exceeded"))
    counts = Counts()
    with pytest.raises(QuotaUsedUp) as refused:
        mail(counts=counts).account()
    assert refused.value.until == datetime(2026, 5, 2, tzinfo=UTC)
    assert counts.rows == {("constant_contact", "2026-05-01", "test"): 1}  # refused calls count too


@pytest.mark.parametrize(
    "body", ["", "<html>", '{"error_key":"queue.full"}', "[]", '[{"error_key":7}]', "null"]
)
@responses.activate
def test_any_other_429_backs_off_for_minutes(body: str) -> None:
    responses.post(CC + "/activities/add_list_memberships", status=429, body=body)
    with pytest.raises(RateLimited) as refused:
        mail().start_add(["c1"], "l1")
    assert refused.value.retry_after >= 60
    assert len(responses.calls) == 1


@responses.activate
def test_reads_are_repeated_after_passing_trouble() -> None:
    responses.get(CC + "/account/summary", status=503)
    responses.get(CC + "/account/summary", body=requests.ReadTimeout())
    responses.get(CC + "/account/summary", status=502, body="<html>Bad Gateway</html>")
    responses.get(CC + "/account/summary", json=SUMMARY)
    assert mail().account().organization == "Mystic"


@responses.activate
def test_trouble_names_the_service() -> None:
    responses.get(CC + "/account/summary", body=requests.ConnectionError())
    with pytest.raises(Unreachable) as raised:
        mail().account()
    assert raised.value.title == "Constant Contact cannot be reached"


@responses.activate
def test_reads_are_not_repeated_for_ever() -> None:
    responses.get(CC + "/account/summary", status=500)
    with pytest.raises(Unreachable):
        mail().account()
    assert len(responses.calls) == 4


@pytest.mark.parametrize("trouble", [{"status": 500}, {"status": 504}, {"body": requests.ReadTimeout()}])
@responses.activate
def test_an_import_is_never_sent_twice(trouble: dict[str, object]) -> None:
    responses.post(CC + "/activities/contacts_json_import", **trouble)  # type: ignore[arg-type]
    with pytest.raises(AnswerLost):
        mail().start_import([mail().import_row(one) for one in [ADA]], "l1")
    assert len(responses.calls) == 1


@responses.activate
def test_a_write_that_never_left_is_repeated() -> None:
    responses.post(CC + "/activities/contacts_json_import", body=requests.ConnectTimeout())
    responses.post(
        CC + "/activities/contacts_json_import",
        status=201,
        json={"activity_id": "a1", "state": "initialized"},
    )
    assert mail().start_import([mail().import_row(one) for one in [ADA]], "l1").id == "a1"


@responses.activate
def test_a_removal_is_repeated_because_twice_is_once() -> None:
    responses.post(CC + "/activities/remove_list_memberships", status=503)
    responses.post(
        CC + "/activities/remove_list_memberships",
        status=201,
        json={"activity_id": "a", "state": "initialized"},
    )
    assert mail().start_remove(["c1"], "l1").id == "a"


@responses.activate
def test_a_403_names_what_the_user_lacks() -> None:
    responses.get(CC + "/contact_lists", status=403, json=gateway("access_denied"))
    responses.get(
        CC + "/account/user/privileges", json=[{"privilege_id": 1, "privilege_name": "contacts:read"}]
    )
    with pytest.raises(Refused, match="contacts:lists:read"):
        mail().lists()


@responses.activate
def test_a_403_on_the_privileges_too_means_the_application_is_off() -> None:
    responses.get(CC + "/contact_lists", status=403, body="")
    responses.get(CC + "/account/user/privileges", status=403, body="")
    with pytest.raises(Refused, match="switched off"):
        mail().lists()
    assert len(responses.calls) == 2


@responses.activate
def test_missing_privileges() -> None:
    names = ["account:read", "contacts:lists:read", "contacts:read", "contacts:write"]
    responses.get(CC + "/account/user/privileges", json=[{"privilege_name": name} for name in names])
    assert mail().missing_privileges() == ["contacts:lists:write"]


@pytest.mark.parametrize("status", [*range(300, 309), *range(400, 452), 500, 501, 505, 599])
@responses.activate
def test_every_status_has_an_error_of_ours(status: int) -> None:
    responses.get(CC + "/activities/a1", status=status, body="<html>?</html>")
    responses.get(CC + "/account/user/privileges", status=500)
    with pytest.raises(CcdeskError):
        mail().activity("a1")


@responses.activate
def test_errors_come_as_array_or_object_with_the_services_words() -> None:
    told = {"error_key": "contacts.api.validation.error", "error_message": "create_source is missing"}
    responses.post(CC + "/contacts", status=400, json=[told])
    with pytest.raises(ItemRefused, match="create_source is missing"):
        mail().create(ADA, "l1", by_person=False)


@responses.activate
def test_a_404_that_is_not_the_services_own_is_no_missing_contact() -> None:
    responses.get(CC + "/contacts/c1", status=404, json=[gateway("contacts.api.not_found")])
    responses.get(CC + "/contacts/c2", status=404, body="<html>nginx</html>")
    client = mail()
    assert client.get("c1") is None
    with pytest.raises(Unreachable, match="address"):
        client.get("c2")


@responses.activate
def test_an_unknown_activity_is_not_found() -> None:
    responses.get(CC + "/activities/a1", status=404, json=[gateway("activities.not_found")])
    with pytest.raises(NotFound):
        mail().activity("a1")


@responses.activate
def test_cancelling_stops_before_the_next_call() -> None:
    responses.get(CC + "/account/summary", json=SUMMARY)
    client = mail()
    client.cancel = threading.Event()
    client.cancel.set()
    with pytest.raises(Cancelled):
        client.account()
    assert not responses.calls


@responses.activate
def test_details_hide_addresses_and_tokens() -> None:
    message = "Email ada@example.com of 7b1e2d34-662a-11eb-af0a-fa163e56c9b0 is taken " + "x" * 50
    responses.post(
        CC + "/contacts", status=409, json=[{"error_key": "contacts.api.conflict", "error_message": message}]
    )
    with pytest.raises(ItemRefused) as refused:
        mail().create(ADA, "l1", by_person=False)
    assert refused.value.code == "conflict"
    assert "ada@example.com" in refused.value.meaning  # staff may read it
    assert "@" not in refused.value.detail
    assert "7b1e2d34-662a-11eb-af0a-fa163e56c9b0" in refused.value.detail
    assert "xxxx" not in refused.value.detail
