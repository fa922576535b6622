"""Kibo: signing in, the tenant's host, one customer, and what may or may not be there."""

import json
import re
from datetime import UTC, datetime
from typing import Any

import pytest
import requests
import responses

from ccdesk.clients.http.policy import CallMeter
from ccdesk.clients.kibo.client import Kibo
from ccdesk.core.errors import (
    AnswerLost,
    CcdeskError,
    EmailChanged,
    ItemError,
    ItemRefused,
    NotFound,
    RateLimited,
    Refused,
    ServiceError,
    SettingsError,
    Unreachable,
    Unreadable,
)
from tests.clients.helpers import HOME, POD, Counts, QuickClock, customers
from tests.clients.kibo.fake_shop import SIGN_IN, account

ACCOUNT = POD + "/api/commerce/customer/accounts/7"
TOLD = {"x-vol-correlation": "abc"}


@pytest.fixture
def signed_in() -> Any:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        mock.post(SIGN_IN, json={"access_token": "a1", "expires_in": 3600})
        yield mock


def sent(mock: Any, index: int = -1) -> Any:
    return json.loads(mock.calls[index].request.body)


# ---------------------------------------------------------------- signing in


def test_signs_in_once_and_sends_the_tenant(signed_in: Any) -> None:
    signed_in.get(ACCOUNT, json=account(7))
    client = customers()
    client.get(7)
    client.get(7)
    assert [call.request.method for call in signed_in.calls] == ["POST", "GET", "GET"]
    assert sent(signed_in, 0) == {
        "client_id": "acme.app.1.0.0.Release",
        "client_secret": "s3cret",
        "grant_type": "client_credentials",
    }
    headers = signed_in.calls[1].request.headers
    assert (headers["Authorization"], headers["x-vol-tenant"]) == ("Bearer a1", "5")
    assert "x-vol-site" not in headers
    assert client.calls == 3


@pytest.mark.parametrize("trouble", [{"status": 503}, {"body": requests.ReadTimeout()}], ids=["503", "cut"])
@responses.activate
def test_a_sign_in_without_an_answer_is_not_told_as_a_change(trouble: dict[str, Any]) -> None:
    responses.post(SIGN_IN, **trouble)
    with pytest.raises(Unreachable) as raised:
        customers().get(7)
    assert type(raised.value) is Unreachable
    assert raised.value.title == "Kibo's sign-in does not answer"


@pytest.mark.parametrize(
    ("trouble", "title"),
    [
        ({"status": 503}, "Kibo has trouble of its own"),
        ({"body": requests.ConnectionError()}, "Kibo cannot be reached"),
        ({"body": "<html>"}, "Kibo gave an answer that cannot be used"),
        ({"status": 405}, "Something else answers at the address of Kibo"),
    ],
    ids=["503", "refused", "html", "405"],
)
def test_trouble_names_the_service(signed_in: Any, trouble: dict[str, Any], title: str) -> None:
    signed_in.get(ACCOUNT, **trouble)
    with pytest.raises(Unreachable) as raised:
        customers().get(7)
    assert raised.value.title == title


@responses.activate
def test_its_token_is_known_for_a_secret() -> None:
    responses.post(SIGN_IN, json={"access_token": "plain-words-token", "expires_in": 3600})
    responses.get(re.compile(".*"), status=400, json={"errorCode": "X", "message": "no plain-words-token"})
    with pytest.raises(CcdeskError) as raised:
        customers().tenant()
    assert "plain-words-token" not in raised.value.text + raised.value.detail


def test_signs_in_again_three_minutes_early(signed_in: Any) -> None:
    clock = QuickClock()
    signed_in.get(ACCOUNT, json=account(7))
    client = customers(clock)
    client.get(7)
    clock.seconds += 3600 - 181
    client.get(7)
    assert len(signed_in.calls) == 3
    clock.seconds += 2
    client.get(7)
    assert [call.request.method for call in signed_in.calls][3:] == ["POST", "GET"]


def test_a_401_signs_in_again_once(signed_in: Any) -> None:
    signed_in.get(ACCOUNT, status=401)
    with pytest.raises(Refused):
        customers().get(7)
    assert [call.request.method for call in signed_in.calls] == ["POST", "GET", "POST", "GET"]


@pytest.mark.parametrize(
    "reply",
    [
        {"status": 401, "json": {"errorCode": "UNAUTHORIZED", "message": "Unknown application"}},
        {"status": 403, "body": ""},
        {"status": 200, "json": {"errorCode": "UNAUTHORIZED", "message": "Unknown application"}},
    ],
)
@responses.activate
def test_a_wrong_key_or_secret(reply: dict[str, Any]) -> None:
    responses.post(SIGN_IN, **reply)
    with pytest.raises(Refused) as refused:
        customers().get(7)
    assert refused.value.code == "sign_in" or "did not accept" in refused.value.title
    assert "s3cret" not in refused.value.text + refused.value.detail


@responses.activate
def test_a_401_at_the_sign_in_names_all_that_it_may_mean() -> None:
    responses.post(SIGN_IN, status=401, json={"errorCode": "UNAUTHORIZED", "message": "Unknown application"})
    with pytest.raises(Refused) as refused:
        customers().get(7)
    for cause in ("Unknown application", "application key", "shared secret", "home address"):
        assert cause in refused.value.meaning


@pytest.mark.parametrize(
    "reply",
    [
        {"body": "<html>Welcome to the guest network</html>", "content_type": "text/html"},
        {"body": ""},
        {"body": "[]"},
        {"json": {"token": "a1"}},
        {"status": 202, "body": "<html>"},
    ],
)
@responses.activate
def test_a_page_at_the_sign_in_is_something_else_and_no_lost_answer(reply: dict[str, Any]) -> None:
    responses.post(SIGN_IN, **reply)
    with pytest.raises(Unreachable) as raised:
        customers().get(7)
    assert type(raised.value) is Unreachable
    assert raised.value.title == "Something else than Kibo answers at Kibo's sign-in"


@pytest.mark.parametrize("told", [10**400, "9" * 5000, -5, None, "soon", 10**12])
def test_a_token_of_an_odd_lifetime_is_used_and_given_up_in_time(told: object) -> None:
    with responses.RequestsMock() as mock:
        mock.post(SIGN_IN, json={"access_token": "a1", "expires_in": told})
        mock.get(ACCOUNT, json=account(7))
        clock = QuickClock()
        client = customers(clock=clock)
        assert client.get(7).id == 7
        clock.seconds += 86_400
        signed_in = len(mock.calls)
        client.get(7)
        assert len(mock.calls) == signed_in + 2


def test_a_missing_secret_is_a_setting() -> None:
    meter = CallMeter(Counts(), "kibo", origin=lambda: "x")
    with pytest.raises(SettingsError):
        Kibo(HOME, "5", "key", lambda: "", meter=meter).tenant()
    with pytest.raises(SettingsError, match="tenant id"):
        Kibo(HOME, "", "key", lambda: "s", meter=meter).tenant()


# ---------------------------------------------------------------- tenant

TENANT = {
    "id": 5,
    "name": "Mystic",
    "domain": "t5.sandbox.example.test",
    "sites": [{"id": 20001}, {"siteId": 3}, None],
}


def test_the_tenants_host_is_asked_once_and_never_built(signed_in: Any) -> None:
    signed_in.get(HOME + "/api/platform/tenants/5", json=TENANT)
    signed_in.get("https://t5.sandbox.example.test/api/commerce/customer/accounts/7", json=account(7))
    client = customers(tenant_url="")
    client.get(7)
    client.get(7)
    assert len(signed_in.calls) == 4
    tenant = client.tenant()
    assert (tenant.name, tenant.host, tenant.site_ids) == (
        "Mystic",
        "https://t5.sandbox.example.test",
        (20001,),
    )


def test_a_host_that_gives_no_answer_is_asked_for_again(signed_in: Any) -> None:
    where = HOME + "/api/platform/tenants/5"
    signed_in.get(where, json={**TENANT, "domain": "gone.example.test"})
    signed_in.get(where, json=TENANT)
    gone = signed_in.get(
        "https://gone.example.test/api/commerce/customer/accounts/7", body="<html>", status=404
    )
    signed_in.get("https://t5.sandbox.example.test/api/commerce/customer/accounts/7", json=account(7))
    client = customers(tenant_url="")
    with pytest.raises(Unreachable):
        client.get(7)
    tried = gone.call_count
    assert client.get(7).id == 7
    assert gone.call_count == tried


def test_on_this_computer_the_tenant_is_reached_without_tls() -> None:
    with responses.RequestsMock() as mock:
        mock.post(
            "http://127.0.0.1:9/api/platform/applications/authtickets/oauth", json={"access_token": "a"}
        )
        mock.get("http://127.0.0.1:9/api/platform/tenants/5", json={**TENANT, "domain": "localhost:9"})
        meter = CallMeter(Counts(), "kibo", origin=lambda: "x")
        assert (
            Kibo("http://127.0.0.1:9", "5", "k", lambda: "s", meter=meter).tenant().host
            == "http://localhost:9"
        )


@pytest.mark.parametrize(
    "domain",
    [
        None,
        "",
        "https://t5.example.test",
        "a/b",
        "a@b",
        "t5 example",
        "-",
        "a..b",
        "l" * 64 + ".test",
        "a:999999",
        "t5",
        "localhost",
        "127.0.0.1:8081",
        "128.0.0.0",
        "2147483648",
        "t5.0x7f",
        "a.1:443",
    ],
)
def test_a_domain_that_is_no_host_is_not_used(signed_in: Any, domain: object) -> None:
    signed_in.get(HOME + "/api/platform/tenants/5", json={**TENANT, "domain": domain})
    with pytest.raises(Unreachable):
        customers(tenant_url="").tenant()


def test_an_address_set_by_hand_wins_and_outlives_a_refused_look_up(signed_in: Any) -> None:
    signed_in.get(HOME + "/api/platform/tenants/5", status=403)
    assert customers().tenant().host == POD
    with pytest.raises(Refused, match="Tenant Read"):
        customers(tenant_url="").tenant()


@pytest.mark.parametrize("status", [400, 401, 403])
@responses.activate
def test_an_address_set_by_hand_does_not_stand_for_a_sign_in(status: int) -> None:
    responses.post(SIGN_IN, status=status)
    responses.get(HOME + "/api/platform/tenants/5", json=TENANT)
    with pytest.raises(Refused) as refused:
        customers().tenant()
    assert refused.value.code == "sign_in"


@pytest.mark.parametrize("given", [POD, ""])
def test_a_tenant_that_the_home_does_not_know_is_the_settings_fault(signed_in: Any, given: str) -> None:
    """Not `NotFound`, which of a customer means that the account is gone."""
    signed_in.get(HOME + "/api/platform/tenants/5", status=404, headers=TOLD)
    client = customers(tenant_url=given)
    for ask in (client.tenant, client.test, *(() if given else (lambda: client.get(7),))):
        with pytest.raises(Refused) as refused:
            ask()
        assert refused.value.code == "unknown_tenant"
        assert "home" in refused.value.meaning


@pytest.mark.parametrize("given", [POD, ""])
def test_a_token_that_is_not_taken_is_no_good_connection(signed_in: Any, given: str) -> None:
    signed_in.get(HOME + "/api/platform/tenants/5", status=401)
    with pytest.raises(Refused) as refused:
        customers(tenant_url=given).tenant()
    assert refused.value.code == "unauthorized"


def test_the_test_of_a_connection_says_what_was_tried(signed_in: Any) -> None:
    signed_in.get(HOME + "/api/platform/tenants/5", json=TENANT)
    page = {"items": [account(1)], "totalCount": 480}
    signed_in.get(POD + "/api/commerce/customer/accounts", json=page)
    assert customers().test().summary == "signed in · Mystic · 480 customers readable"
    signed_in.replace("GET", HOME + "/api/platform/tenants/5", status=403)
    assert customers().test().summary == (
        "signed in · tenant 5, whose name may not be read · 480 customers readable"
    )


@pytest.mark.parametrize(
    "reply", [{"status": 403}, {"status": 401}, {"status": 404, "body": "<html>"}, {"body": "<html>"}]
)
def test_customers_that_cannot_be_read_fail_the_test(signed_in: Any, reply: dict[str, Any]) -> None:
    signed_in.get(HOME + "/api/platform/tenants/5", status=403)
    signed_in.get(POD + "/api/commerce/customer/accounts", **reply)
    with pytest.raises(ServiceError):
        customers().test()


def test_a_refusal_is_quoted_and_what_is_missing_only_possible(signed_in: Any) -> None:
    body = {"errorCode": "FORBIDDEN", "message": "The application is not installed in tenant 5"}
    signed_in.get(ACCOUNT, status=403, json=body)
    with pytest.raises(Refused) as refused:
        customers().get(7)
    assert "Kibo says: The application is not installed in tenant 5" in refused.value.meaning
    assert "may lack the permission “Customer Read”" in refused.value.meaning


# ---------------------------------------------------------------- errors


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        ({"status": 404, "headers": TOLD}, NotFound),
        ({"status": 404, "json": {"errorCode": "ITEM_NOT_FOUND"}}, NotFound),
        ({"status": 404, "body": "<html>"}, Unreachable),
        ({"status": 403, "headers": TOLD}, Refused),
        ({"status": 400, "headers": TOLD}, ItemRefused),
        ({"status": 409, "headers": TOLD}, ItemRefused),
        ({"status": 500, "json": {"errorCode": "UNEXPECTED_ERROR"}}, Unreachable),
        ({"status": 502, "body": "<html>Bad Gateway</html>"}, Unreachable),
        ({"status": 302, "headers": {"Location": "https://login.test"}}, Unreachable),
        ({"status": 200, "body": ""}, Unreachable),
        ({"status": 200, "body": "[]"}, Unreachable),
        ({"status": 200, "json": {"id": 8}}, Unreadable),
        ({"status": 200, "json": {"errorCode": "SYSTEM_MAINTENANCE"}}, CcdeskError),
        ({"body": requests.ConnectionError("no")}, Unreachable),
    ],
)
def test_what_an_answer_means(signed_in: Any, reply: dict[str, Any], kind: type[CcdeskError]) -> None:
    signed_in.get(ACCOUNT, **reply)
    with pytest.raises(kind) as raised:
        customers().get(7)
    if reply.get("headers") == TOLD:
        assert "abc" in raised.value.detail


@pytest.mark.parametrize(
    ("header", "pause"), [({"Retry-After": "7"}, 7), ({}, 60), ({"Retry-After": "soon"}, 60)]
)
def test_a_429_is_waited_out(signed_in: Any, header: dict[str, str], pause: float) -> None:
    clock = QuickClock()
    signed_in.get(ACCOUNT, status=429, headers=header)
    signed_in.get(ACCOUNT, json=account(7))
    customers(clock).get(7)
    assert sum(clock.waits) == pytest.approx(pause)


def test_a_long_retry_after_is_handed_on(signed_in: Any) -> None:
    signed_in.get(ACCOUNT, status=429, headers={"Retry-After": "900"})
    with pytest.raises(RateLimited) as limited:
        customers().get(7)
    assert limited.value.retry_after == 900


def test_429_for_ever_ends(signed_in: Any) -> None:
    signed_in.get(ACCOUNT, status=429)
    with pytest.raises(RateLimited):
        customers().get(7)
    assert len(signed_in.calls) == 4


# ---------------------------------------------------------------- writing


def test_a_write_sends_the_whole_account_back(signed_in: Any) -> None:
    before = {
        **account(7, opted_in=True),
        "commerceSummary": {"amount": 184.5},
        "unknown": {"x": [None, "😀é"]},
    }
    signed_in.get(ACCOUNT, json=before)
    signed_in.put(ACCOUNT, json={**before, "acceptsMarketing": False})
    result = customers().set_opt_in(7, False)
    assert result.written
    assert not result.customer.accepts_marketing
    assert sent(signed_in) == {**before, "acceptsMarketing": False}
    assert "?" not in signed_in.calls[1].request.url


def test_no_write_if_it_is_right_already(signed_in: Any) -> None:
    signed_in.get(ACCOUNT, json=account(7, opted_in=False))
    assert not customers().set_opt_in(7, False).written
    assert [call.request.method for call in signed_in.calls] == ["POST", "GET"]


def test_an_opt_in_is_not_written_under_an_email_that_nobody_agreed_with(signed_in: Any) -> None:
    """The account was looked for by its email, which was changed before it was read to be written."""
    before = {**account(7, opted_in=False), "emailAddress": "New@example.com"}
    signed_in.get(ACCOUNT, json=before)
    signed_in.put(ACCOUNT, json={**before, "acceptsMarketing": True})
    with pytest.raises(EmailChanged):
        customers().set_opt_in(7, True, only_as="old@example.com")
    assert "PUT" not in [call.request.method for call in signed_in.calls]
    assert customers().set_opt_in(7, True, only_as=" new@example.com").written


@pytest.mark.parametrize(
    "since",
    [
        {"acceptsMarketing": False},
        {"isActive": False},
        {"isAnonymous": True},
        {"emailAddress": "new@example.com"},
        {"auditInfo": {"updateDate": "2026-05-01T10:00:00.001Z"}},
    ],
)
def test_an_account_that_changed_since_it_was_decided_about_is_not_written(
    signed_in: Any, since: dict[str, Any]
) -> None:
    """Another one opted in, or opted in anew: what was decided by the reading before may not hold."""
    signed_in.get(ACCOUNT, json=account(7))
    expected = customers().get(7)
    signed_in.replace("GET", ACCOUNT, json={**account(7), **since})
    result = customers().set_opt_in(7, False, expected=expected)
    assert (result.changed, result.written) == (True, False)
    assert result.customer == customers().get(7), "decided about anew by what is there now"
    assert "PUT" not in [call.request.method for call in signed_in.calls]


def test_what_no_consent_depends_on_may_have_changed(signed_in: Any) -> None:
    signed_in.get(ACCOUNT, json=account(7))
    expected = customers().get(7)
    before = {**account(7), "segments": [{"id": 4}], "emailAddress": "P7@Example.com"}
    signed_in.replace("GET", ACCOUNT, json=before)
    signed_in.put(ACCOUNT, json={**before, "acceptsMarketing": False})
    assert customers().set_opt_in(7, False, expected=expected).written


def test_nor_is_it_once_more_after_a_lost_answer_if_it_changed_meanwhile(signed_in: Any) -> None:
    signed_in.get(ACCOUNT, json=account(7))
    expected = customers().get(7)
    signed_in.get(ACCOUNT, json=account(7))  # each is served once while there is another
    signed_in.get(ACCOUNT, json=account(7, minutes=1))
    signed_in.put(ACCOUNT, body=requests.ConnectionError("dropped"))
    result = customers().set_opt_in(7, False, expected=expected)
    assert (result.changed, result.written) == (True, False)
    assert [call.request.method for call in signed_in.calls].count("PUT") == 1


def test_null_consent_is_none(signed_in: Any) -> None:
    signed_in.get(ACCOUNT, json=account(7, acceptsMarketing=None))
    assert not customers().set_opt_in(7, False).written


def test_a_read_without_the_right_id_is_never_written_back(signed_in: Any) -> None:
    signed_in.get(ACCOUNT, json={**account(7), "id": None})
    with pytest.raises(Unreadable):
        customers().set_opt_in(7, False)
    assert "PUT" not in [call.request.method for call in signed_in.calls]


@pytest.mark.parametrize(
    "spoiled", [{"emailAddress": 7}, {"isActive": "yes"}, {"acceptsMarketing": []}, {"id": 8}]
)
def test_an_account_that_cannot_be_read_is_neither_believed_nor_written_back(
    signed_in: Any, spoiled: dict[str, Any]
) -> None:
    signed_in.get(ACCOUNT, json=account(7, opted_in=True) | spoiled)
    for ask in (lambda: customers().get(7), lambda: customers().set_opt_in(7, True)):
        with pytest.raises(Unreadable):
            ask()
    assert "PUT" not in [call.request.method for call in signed_in.calls]


def test_an_account_without_the_name_of_its_email_may_have_any(signed_in: Any) -> None:
    told = account(7, opted_in=True)
    del told["emailAddress"]
    signed_in.get(ACCOUNT, json=told)
    with pytest.raises(Unreadable):
        customers().get(7)


@pytest.mark.parametrize("odd", [{"acceptsMarketing": "no"}, {"acceptsMarketing": None}, {"isActive": 1}])
def test_a_reply_that_cannot_be_read_is_no_proof_of_a_write(signed_in: Any, odd: dict[str, Any]) -> None:
    before = account(7, opted_in=True)
    signed_in.get(ACCOUNT, json=before)
    signed_in.put(ACCOUNT, json={**before, "acceptsMarketing": False, **odd})
    with pytest.raises(AnswerLost):
        customers().set_opt_in(7, False)
    assert [call.request.method for call in signed_in.calls][-2:] == ["GET", "PUT"]


@pytest.mark.parametrize("lost", [{"contacts": []}, {"firstName": None}, {"emailAddress": ""}])
def test_fields_lost_by_a_write_raise_the_alarm(signed_in: Any, lost: dict[str, Any]) -> None:
    before = account(7, contacts=[{"id": 1}], firstName="Ada")
    signed_in.get(ACCOUNT, json=before)
    signed_in.put(ACCOUNT, json={**before, "acceptsMarketing": False, **lost})
    with pytest.raises(ItemError) as raised:
        customers().set_opt_in(7, False)
    assert raised.value.code == "kibo_lost_data"


def test_a_flag_that_did_not_stick_is_an_error(signed_in: Any) -> None:
    signed_in.get(ACCOUNT, json=account(7))
    signed_in.put(ACCOUNT, json=account(7))
    with pytest.raises(ItemError) as raised:
        customers().set_opt_in(7, False)
    assert raised.value.code == "kibo_not_written"


def test_a_lost_answer_is_looked_up(signed_in: Any) -> None:
    signed_in.get(ACCOUNT, json=account(7))
    signed_in.put(ACCOUNT, body=requests.ReadTimeout())
    signed_in.get(ACCOUNT, json=account(7, opted_in=False))
    assert customers().set_opt_in(7, False).written
    assert [call.request.method for call in signed_in.calls] == ["POST", "GET", "PUT", "GET"]


def test_a_write_that_was_not_done_is_done_once_more_onto_a_fresh_read(signed_in: Any) -> None:
    signed_in.get(ACCOUNT, json=account(7))
    signed_in.put(ACCOUNT, status=503)
    signed_in.get(ACCOUNT, json=account(7, firstName="New"))
    signed_in.put(ACCOUNT, json=account(7, opted_in=False, firstName="New"))
    assert customers().set_opt_in(7, False).written
    assert sent(signed_in)["firstName"] == "New"


def test_nor_is_it_once_more_under_another_email(signed_in: Any) -> None:
    signed_in.get(ACCOUNT, json={**account(7, opted_in=False), "emailAddress": "old@example.com"})
    signed_in.put(ACCOUNT, body=requests.ReadTimeout())
    signed_in.get(ACCOUNT, json={**account(7, opted_in=False), "emailAddress": "new@example.com"})
    with pytest.raises(EmailChanged):
        customers().set_opt_in(7, True, only_as="old@example.com")
    assert [call.request.method for call in signed_in.calls] == ["POST", "GET", "PUT", "GET"]


def test_a_write_that_keeps_failing_is_reported(signed_in: Any) -> None:
    signed_in.get(ACCOUNT, json=account(7))
    signed_in.put(ACCOUNT, status=500)
    with pytest.raises(AnswerLost):
        customers().set_opt_in(7, False)


# ---------------------------------------------------------------- optional things


@pytest.mark.parametrize(
    ("reply", "state"),
    [
        ({"json": {"enabled": True}}, True),
        ({"json": {"enabled": False}}, False),
        ({"json": {}}, None),
        ({"json": {"enabled": "yes"}}, None),
        ({"status": 403}, None),
        ({"status": 404}, None),
        ({"status": 500}, None),
        ({"body": requests.ReadTimeout()}, None),
    ],
)
def test_the_application_is_on_off_or_unknown(
    signed_in: Any, reply: dict[str, Any], state: bool | None
) -> None:
    signed_in.get(POD + "/api/commerce/settings/applications", **reply)
    assert customers().app_enabled() is state
    assert len(signed_in.calls) == 2  # not worth asking twice


def test_what_is_optional_is_not_waited_for_but_its_refusal_counts_for_all(signed_in: Any) -> None:
    clock = QuickClock()
    signed_in.get(POD + "/api/commerce/settings/applications", status=429, headers={"Retry-After": "30"})
    signed_in.get(ACCOUNT, json=account(7))
    client = customers(clock)
    assert client.app_enabled() is None
    assert clock.waits == []
    client.get(7)
    assert sum(clock.waits) == pytest.approx(30)


OFF = {"supressedEmailTransactions": {"shopperLoginCreated": True}}


@pytest.mark.parametrize(
    ("sites", "on"),
    [
        ([OFF, {"websiteName": "x"}], True),
        ([OFF, OFF], False),
        ([OFF, None], None),
        ([{"websiteName": "x"}, None], True),
        ([], None),
    ],
)
def test_the_welcome_mail_is_asked_for_each_site(signed_in: Any, sites: list[Any], on: bool | None) -> None:
    numbers = [{"id": number} for number in range(len(sites))]
    signed_in.get(HOME + "/api/platform/tenants/5", json={**TENANT, "sites": numbers})

    def answer(request: Any) -> tuple[int, dict[str, str], str]:
        settings = sites[int(request.headers["x-vol-site"])]
        return (403, {}, "") if settings is None else (200, {}, json.dumps(settings))

    signed_in.add_callback("GET", POD + "/api/commerce/settings/general", callback=answer)
    assert customers().welcome_mail_on() is on


AUDIT = ACCOUNT + "/AuditLog/Entries"


@pytest.mark.parametrize(
    "reply", [{"status": 404}, {"status": 403}, {"status": 500}, {"json": {}}, {"json": {"items": []}}]
)
def test_an_audit_log_that_does_not_tell(signed_in: Any, reply: dict[str, Any]) -> None:
    signed_in.get(AUDIT, **reply)
    assert customers().opt_in_set_at(7) is None


def test_the_audit_log_tells(signed_in: Any) -> None:
    entry = {"entryDate": "2026-05-01T00:00:00Z", "fieldPath": "acceptsMarketing", "newValue": "true"}
    signed_in.get(AUDIT, json={"items": [entry], "totalCount": 1})
    assert customers().opt_in_set_at(7) == datetime(2026, 5, 1, tzinfo=UTC)


def test_an_audit_log_too_long_to_read_does_not_tell(signed_in: Any) -> None:
    entry = {"entryDate": "2026-05-01T00:00:00Z", "fieldPath": "acceptsMarketing", "newValue": "true"}
    signed_in.get(AUDIT, json={"items": [entry] * 200, "totalCount": 99999})
    assert customers().opt_in_set_at(7) is None


# ---------------------------------------------------------------- events

EVENTS = HOME + "/api/event/pull"
SINCE = datetime(2026, 5, 4, 10, tzinfo=UTC)


def events(count: int) -> list[dict[str, Any]]:
    return [
        {
            "id": f"{n:032x}",
            "topic": "customeraccount.updated",
            "entityId": str(n + 1),
            "correlationId": str(n),
            "auditInfo": {"createDate": f"2026-05-04T{10 + n // 3600:02}:{n // 60 % 60:02}:{n % 60:02}Z"},
        }
        for n in range(count)
    ]


def serve(
    mock: Any, rows: list[dict[str, Any]], *, refuse: tuple[str, ...] = (), ignore: tuple[str, ...] = ()
) -> list[Any]:
    asked = []

    def answer(request: Any) -> tuple[int, dict[str, str], str]:
        asked.append(request.params)
        for name in ("filter", "sortBy"):
            if name in request.params and name in refuse:
                return 400, {}, ""
        found = rows
        if "sortBy" in request.params and "sortBy" not in ignore:
            found = rows[::-1]
        start = int(request.params["startIndex"])
        return 200, {}, json.dumps({"items": found[start : start + 200], "totalCount": len(rows)})

    mock.add_callback("GET", EVENTS, callback=answer)
    return asked


@pytest.mark.parametrize(
    "reply", [{"status": 404}, {"status": 403}, {"status": 400}, {"status": 500}, {"json": {"items": []}}]
)
def test_an_event_pull_that_offers_nothing(signed_in: Any, reply: dict[str, Any]) -> None:
    signed_in.get(EVENTS, **reply)
    assert customers().events_since(SINCE) == []


@pytest.mark.parametrize("refuse", [(), ("filter",), ("filter", "sortBy")])
def test_events_are_read_whatever_is_refused(signed_in: Any, refuse: tuple[str, ...]) -> None:
    asked = serve(signed_in, events(450), refuse=refuse)
    found = customers().events_since(SINCE)
    assert [one.customer_id for one in found] == list(range(1, 451))
    assert "x-vol-tenant" in signed_in.calls[1].request.headers
    assert len(asked) <= 6


@pytest.mark.parametrize("ignore", [("filter",), ("filter", "sortBy")])
def test_without_a_filter_only_the_newest_pages_are_read(signed_in: Any, ignore: tuple[str, ...]) -> None:
    rows = events(3000)
    for row in rows[:200]:
        row["auditInfo"] = {"createDate": "2026-05-01T00:00:00Z"}
    asked = serve(signed_in, rows, refuse=("filter",), ignore=ignore)
    found = customers().events_since(SINCE)
    assert found[-1].customer_id == 3000
    assert len(asked) <= 6
