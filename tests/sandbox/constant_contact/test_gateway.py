"""The gateway: who may call, how often, and how it says no."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.sandbox.constant_contact.testing import Service, error_of

FORBIDDEN = {
    "error_key": "access_denied",
    "error_message": "Request forbidden due to insufficient user privileges.",
}


def test_a_missing_or_expired_token_is_refused_with_a_single_object() -> None:
    service = Service(token_lifetime=60)
    assert service.get("/contacts").status_code == 200
    service.clock.advance(timedelta(seconds=60))
    for headers in (service.headers, {}, {"Authorization": "Bearer nonsense"}):
        service.headers = headers
        response = service.get("/contacts")
        assert response.status_code == 401
        assert response.json == {"error_key": "unauthorized", "error_message": "Unauthorized"}


def test_expired_tokens_can_be_refreshed_and_revoked_ones_cannot() -> None:
    service = Service()
    refresh = {
        "client_id": "sandbox-client",
        "grant_type": "refresh_token",
        "refresh_token": service.log_in()["refresh_token"],
    }
    service.state.expire_tokens()
    assert service.get("/contacts").status_code == 401
    reply = service.client.post("/oauth2/default/v1/token", data=refresh)
    service.headers = {"Authorization": f"Bearer {reply.json['access_token']}"}
    assert service.get("/contacts").status_code == 200
    service.state.revoke()
    refresh["refresh_token"] = reply.json["refresh_token"]
    assert service.client.post("/oauth2/default/v1/token", data=refresh).json["error"] == "invalid_grant"


@pytest.mark.parametrize(
    ("path", "scope", "privilege"),
    [
        ("/account/summary", "account_read", "account:read"),
        ("/account/emails", "account_read", "account:read"),
        ("/contact_lists", "contact_data", "contacts:lists:read"),
        ("/contacts", "contact_data", "contacts:read"),
        ("/contacts/counts", "contact_data", "contacts:read"),
        ("/activities", "contact_data", "contacts:write"),
        ("/emails", "campaign_data", "campaign:read"),
    ],
)
def test_scope_and_privilege_are_both_needed(path: str, scope: str, privilege: str) -> None:
    service = Service()
    assert service.get(path).status_code == 200
    service.state.switches.privileges.discard(privilege)
    assert service.get(path).json == FORBIDDEN
    service.state.switches.privileges.add(privilege)
    service.log_in(scopes=tuple({"contact_data", "campaign_data", "account_read"} - {scope}))
    response = service.get(path)
    assert (response.status_code, response.json) == (403, FORBIDDEN)


def test_the_privileges_need_no_scope_but_an_active_application() -> None:
    service = Service(privileges={"contacts:read"})
    service.log_in(scopes=("offline_access",))
    assert service.ok("GET", "/account/user/privileges") == [
        {"privilege_id": 50, "privilege_name": "contacts:read"}
    ]
    service.state.set_switches(app_deactivated=True)
    assert service.get("/account/user/privileges").status_code == 403


def test_more_than_four_calls_a_second_are_throttled_without_any_rate_header() -> None:
    service = Service(limits_on=True)
    assert [service.get("/contacts").status_code for _ in range(5)] == [200, 200, 200, 200, 429]
    response = service.get("/contacts")
    assert response.json == {"error_key": "throttled", "error_message": "Too Many Requests"}
    assert not [name for name, _ in response.headers if "rate" in name.lower() or "retry" in name.lower()]
    service.seconds += 1
    assert service.get("/contacts").status_code == 200


def test_the_daily_quota_ends_at_midnight_utc_and_counts_refused_calls() -> None:
    service = Service(limits_on=True, per_second=1000)
    service.state.use_up_calls(9_999)
    assert service.get("/contacts").status_code == 200
    response = service.get("/contacts")
    assert response.status_code == 429
    assert response.json == {"error_key": "quota_exceeded", "error_message": "Limit Exceeded"}
    assert service.state.calls_today() == 10_001
    service.clock.freeze(datetime(2026, 5, 2, tzinfo=UTC))
    service.log_in()
    assert service.get("/contacts").status_code == 200
    assert service.state.calls_today() == 1


def test_refused_calls_need_not_count() -> None:
    service = Service(limits_on=True, per_day=1, refused_calls_count=False)
    service.get("/contacts")
    assert service.get("/contacts").status_code == 429
    assert service.state.calls_today() == 1
    service.state.reset_limits()
    assert service.get("/contacts").status_code == 200


def test_a_body_must_be_json_and_say_so() -> None:
    service = Service()
    plain = service.client.post("/v3/contact_lists", headers=service.headers, data='{"name":"A"}')
    assert error_of(plain)[0] == 415
    broken = service.client.post(
        "/v3/contact_lists", headers=service.headers, data="{", content_type="application/json"
    )
    assert error_of(broken) == (
        400,
        "contacts.api.validation.error",
        "The request body is not valid JSON.",
    )
    assert error_of(service.call("POST", "/contact_lists", ["A"]))[0] == 400


def test_an_accept_header_that_excludes_json_is_refused() -> None:
    service = Service()
    service.headers["Accept"] = "image/png"
    assert service.get("/contacts").status_code == 406
    service.headers["Accept"] = "application/json"
    assert service.get("/contacts").status_code == 200


def test_what_does_not_exist() -> None:
    service = Service()
    assert service.client.get("/elsewhere").json == {"message": "Forbidden"}
    assert service.client.get("/elsewhere").status_code == 403
    assert service.get("/nothing").status_code == 404
    response = service.call("PATCH", "/contacts")
    assert response.status_code == 405
    assert "GET" in response.headers["Allow"]


def test_the_date_header_is_the_sandbox_clock() -> None:
    service = Service()
    assert service.get("/contacts").headers.getlist("Date") == ["Fri, 01 May 2026 10:00:00 GMT"]


def test_each_login_sees_its_own_account() -> None:
    service = Service()
    service.state.add_list("News")
    assert service.ok("GET", "/account/summary")["encoded_account_id"] == "p1abc2defg"
    service.log_in("other")
    assert service.ok("GET", "/account/summary")["encoded_account_id"] == "p9xyz8other"
    assert service.ok("GET", "/contact_lists") == {"lists": []}


def test_switches_are_turned_by_name_and_unknown_ones_refused() -> None:
    service = Service()
    service.state.set_switches(privileges=["contacts:read"], per_day=5)
    assert service.state.switches_json()["privileges"] == ["contacts:read"]
    with pytest.raises(ValueError, match="no_such"):
        service.state.set_switches(no_such=1)
