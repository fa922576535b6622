"""Sign-in: the pages, the code, the tokens."""

from __future__ import annotations

import base64
import json
import re
import secrets
import threading
from collections.abc import Iterator
from datetime import timedelta
from http.client import HTTPConnection
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from werkzeug.serving import make_server
from werkzeug.test import TestResponse

from ccdesk.sandbox.constant_contact.oauth_texts import challenge_of
from ccdesk.sandbox.constant_contact.person import Person, SignInFailed
from ccdesk.sandbox.constant_contact.server import SandboxRequestHandler, build_cc_app, service_of
from ccdesk.sandbox.wire.kernel import Faults, Wire
from ccdesk.sandbox.wire.received import RequestLog
from tests.sandbox.constant_contact.testing import Service

AUTHORIZE, TOKEN = "/oauth2/default/v1/authorize", "/oauth2/default/v1/token"
REVOKE = "/oauth2/default/v1/revoke"
REDIRECT = "http://localhost:8888/callback"
VERIFIER = secrets.token_urlsafe(48)
ASKED = {
    "client_id": "sandbox-client",
    "redirect_uri": REDIRECT,
    "response_type": "code",
    "code_challenge": challenge_of(VERIFIER),
    "code_challenge_method": "S256",
    "state": "st&te",
    "scope": "contact_data account_read offline_access",
}


def ticket_of(response: TestResponse) -> str:
    found = re.search(r'name="ticket" value="([^"]+)"', response.text)
    assert found, response.text
    return found.group(1)


def back_of(response: TestResponse) -> dict[str, str]:
    assert response.status_code == 302
    assert response.headers["Location"].startswith(REDIRECT + "?")
    return {name: value[0] for name, value in parse_qs(urlsplit(response.headers["Location"]).query).items()}


def decide(service: Service, decision: str = "allow", **asked: str) -> dict[str, str]:
    page = service.client.get(AUTHORIZE, query_string={**ASKED, **asked})
    login = {"ticket": ticket_of(page), "username": "owner", "password": "sandbox"}
    page = service.client.post("/oauth2/default/v1/login", data=login)
    consent = {"ticket": ticket_of(page), "decision": decision}
    return back_of(service.client.post("/oauth2/default/v1/consent", data=consent))


def exchange(service: Service, code: str, **changed: str) -> TestResponse:
    form = {
        "client_id": "sandbox-client",
        "redirect_uri": REDIRECT,
        "code": code,
        "code_verifier": VERIFIER,
        "grant_type": "authorization_code",
        **changed,
    }
    return service.client.post(TOKEN, data=form)


def refresh(service: Service, token: str) -> TestResponse:
    form = {"client_id": "sandbox-client", "refresh_token": token, "grant_type": "refresh_token"}
    return service.client.post(TOKEN, data=form)


def payload(token: str) -> dict[str, Any]:
    part = token.split(".")[1]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return claims


def test_the_whole_way() -> None:
    service = Service()
    page = service.client.get(AUTHORIZE, query_string=ASKED)
    for name in ("username", "password"):
        assert f'<label for="{name}">' in page.text
    assert "http" not in page.text.replace("</html>", "")  # nothing is fetched from elsewhere
    back = decide(service)
    assert back["state"] == "st&te"
    reply = exchange(service, back["code"])
    assert reply.status_code == 200
    assert reply.json["token_type"] == "Bearer"
    assert reply.json["expires_in"] == 86400
    assert reply.json["scope"] == ASKED["scope"]
    assert 1000 <= len(reply.json["access_token"]) <= 1200
    claims = payload(reply.json["access_token"])
    assert (claims["cid"], claims["sub"]) == ("sandbox-client", "owner")
    service.headers = {"Authorization": f"Bearer {reply.json['access_token']}"}
    assert service.get("/account/summary").status_code == 200


def test_the_consent_page_names_application_account_and_rights() -> None:
    service = Service()
    page = service.client.get(AUTHORIZE, query_string=ASKED)
    login = {"ticket": ticket_of(page), "username": "Owner ", "password": "sandbox"}
    page = service.client.post("/oauth2/default/v1/login", data=login)
    for text in ("Allow access?", "ccdesk", "Mystic Outdoors", "Read your account details", "Ada Reyes"):
        assert text in page.text
    assert "campaigns" not in page.text


def test_a_wrong_password_is_said_on_the_page() -> None:
    service = Service()
    page = service.client.get(AUTHORIZE, query_string=ASKED)
    login = {"ticket": ticket_of(page), "username": "<owner>", "password": "wrong"}
    page = service.client.post("/oauth2/default/v1/login", data=login)
    assert page.status_code == 401
    assert "The user name or the password is not right." in page.text
    assert "&lt;owner&gt;" in page.text
    login = {"ticket": ticket_of(page), "username": "owner", "password": "sandbox"}
    assert "Allow access?" in service.client.post("/oauth2/default/v1/login", data=login).text


def test_the_browser_remembers_the_login_unless_the_prompt_asks_for_it() -> None:
    service = Service()
    decide(service)
    assert "Allow access?" in service.client.get(AUTHORIZE, query_string=ASKED).text
    again = service.client.get(AUTHORIZE, query_string={**ASKED, "prompt": "login"})
    assert "Log in" in again.text
    assert "password" in again.text


def test_denied() -> None:
    back = decide(Service(), "deny")
    assert back["error"] == "access_denied"
    assert back["state"] == "st&te"
    assert "code" not in back


@pytest.mark.parametrize(
    "wrong",
    [
        {"client_id": "nobody"},
        {"redirect_uri": "http://localhost:8888"},
        {"redirect_uri": "http://localhost:9999/callback"},
    ],
)
def test_an_unknown_client_or_redirect_never_returns(wrong: dict[str, str]) -> None:
    response = Service().client.get(AUTHORIZE, query_string={**ASKED, **wrong})
    assert response.status_code == 400
    assert "Location" not in response.headers
    assert "cannot be continued" in response.text


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"code_challenge": ""}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"scope": "contact_data+account_read"}, "invalid_scope"),
        ({"scope": ""}, "invalid_scope"),
        ({"state": ""}, "invalid_request"),
    ],
)
def test_other_mistakes_go_back_to_the_application(wrong: dict[str, str], error: str) -> None:
    back = back_of(Service().client.get(AUTHORIZE, query_string={**ASKED, **wrong}))
    assert back["error"] == error


def test_forms_that_nobody_asked_for_are_refused() -> None:
    service = Service()
    for path in ("login", "consent"):
        assert service.client.post(f"/oauth2/default/v1/{path}", data={"ticket": "x"}).status_code == 400


def test_a_code_works_once_and_for_300_seconds() -> None:
    service = Service()
    code = decide(service)["code"]
    assert exchange(service, code).status_code == 200
    assert exchange(service, code).json["error"] == "invalid_grant"
    code = decide_again(service)
    service.clock.advance(timedelta(seconds=300))
    assert exchange(service, code).json["error"] == "invalid_grant"


def decide_again(service: Service, **asked: str) -> str:
    page = service.client.get(AUTHORIZE, query_string={**ASKED, **asked})
    consent = {"ticket": ticket_of(page), "decision": "allow"}
    return back_of(service.client.post("/oauth2/default/v1/consent", data=consent))["code"]


@pytest.mark.parametrize(
    ("changed", "status", "error"),
    [
        ({"code_verifier": "A" * 43}, 400, "invalid_grant"),
        ({"code_verifier": ""}, 400, "invalid_grant"),
        ({"redirect_uri": "http://localhost:8888/"}, 400, "invalid_grant"),
        ({"client_id": "nobody"}, 401, "invalid_client"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
    ],
)
def test_an_exchange_must_match(changed: dict[str, str], status: int, error: str) -> None:
    service = Service()
    response = exchange(service, decide(service)["code"], **changed)
    assert (response.status_code, response.json["error"]) == (status, error)
    assert response.json["error_description"]


def test_a_client_that_sends_a_secret_is_refused() -> None:
    service = Service()
    response = service.client.post(TOKEN, headers={"Authorization": "Basic eDp5"}, data={})
    assert (response.status_code, response.json["error"]) == (401, "invalid_client")


def test_the_values_may_come_in_the_query_string() -> None:
    service = Service()
    values = {
        "client_id": "sandbox-client",
        "redirect_uri": REDIRECT,
        "code": decide(service)["code"],
        "code_verifier": VERIFIER,
        "grant_type": "authorization_code",
    }
    assert service.client.post(TOKEN, query_string=values).status_code == 200


def test_a_refresh_token_only_for_offline_access_and_the_nonce_comes_back() -> None:
    service = Service()
    reply = exchange(service, decide(service, scope="contact_data", nonce="n1")["code"]).json
    assert "refresh_token" not in reply
    assert payload(reply["id_token"])["nonce"] == "n1"


def test_rotating_refresh_tokens_work_once() -> None:
    service = Service()
    first = service.log_in()["refresh_token"]
    second = refresh(service, first).json["refresh_token"]
    assert second != first
    reused = refresh(service, first)
    assert (reused.status_code, reused.json["error"]) == (400, "invalid_grant")
    assert refresh(service, second).status_code == 200


def test_reuse_may_revoke_everything_that_followed() -> None:
    service = Service(refresh_reuse_revokes=True)
    first = service.log_in()["refresh_token"]
    second = refresh(service, first).json["refresh_token"]
    refresh(service, first)
    assert refresh(service, second).json["error"] == "invalid_grant"


def test_long_lived_refresh_tokens_stay_and_die_unused() -> None:
    service = Service(refresh_mode="long_lived")
    token = service.log_in()["refresh_token"]
    service.clock.advance(timedelta(days=179))
    assert refresh(service, token).json["refresh_token"] == token
    service.clock.advance(timedelta(days=180))
    assert refresh(service, token).json["error"] == "invalid_grant"


@pytest.mark.parametrize("mode", ["rotating", "long_lived"])
def test_a_refresh_reply_without_token_leaves_the_old_one_working(mode: str) -> None:
    service = Service(refresh_mode=mode, refresh_reply_without_token=True)
    token = service.log_in()["refresh_token"]
    for _ in range(2):
        reply = refresh(service, token)
        assert reply.status_code == 200
        assert "refresh_token" not in reply.json


def test_a_lifetime_as_text() -> None:
    assert Service(expires_in_as_string=True, token_lifetime=28800).log_in()["expires_in"] == "28800"


def test_the_token_endpoint_takes_one_call_a_second() -> None:
    service = Service(limits_on=True)
    token = service.log_in()["refresh_token"]
    token = refresh(service, token).json["refresh_token"]
    response = refresh(service, token)
    assert (response.status_code, response.json["error_key"]) == (429, "throttled")
    service.seconds += 1
    assert refresh(service, token).status_code == 200


def test_more_redirects_can_be_registered() -> None:
    service = Service()
    service.state.register_redirect("http://127.0.0.1:5555/")
    response = service.client.get(AUTHORIZE, query_string={**ASKED, "redirect_uri": "http://127.0.0.1:5555/"})
    assert response.status_code == 200


@pytest.fixture
def address() -> Iterator[str]:
    """A server as the sandbox runs it, over a real socket."""
    service = Service()
    app = Wire(build_cc_app(service.state), service_of, service.clock, Faults(), RequestLog())
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=SandboxRequestHandler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_person_walks_through_the_pages(address: str) -> None:
    url = f"{address}{AUTHORIZE}?{urlencode(ASKED)}"
    person = Person()
    assert "code" in parse_qs(urlsplit(person.decide(url)).query)
    assert "access_denied" in person.decide(url, "deny")
    assert person.decide(url + "&prompt=login").startswith(REDIRECT)
    with pytest.raises(SignInFailed, match="not right"):
        Person(password="wrong").decide(url)
    with pytest.raises(SignInFailed, match="not registered"):
        Person().decide(url.replace("8888", "8887"))


def test_one_date_and_it_is_the_sandbox_clock(address: str) -> None:
    connection = HTTPConnection(urlsplit(address).netloc)
    connection.request("GET", "/v3/contacts")
    with connection.getresponse() as response:
        assert response.headers.get_all("Date") == ["Fri, 01 May 2026 10:00:00 GMT"]
    connection.close()


def revoke(service: Service, token: str, **changed: str) -> TestResponse:
    return service.client.post(REVOKE, data={"token": token, "client_id": "sandbox-client", **changed})


def test_revoking_ends_the_whole_grant_or_the_one_access_token() -> None:
    service = Service()
    first, other = service.state.issue_tokens(), service.state.issue_tokens()
    assert revoke(service, first["access_token"]).status_code == 200
    assert service.state.oauth.access(first["access_token"]) is None
    renewed = refresh(service, first["refresh_token"])
    assert renewed.status_code == 200
    assert revoke(service, renewed.json["refresh_token"]).status_code == 200
    assert refresh(service, renewed.json["refresh_token"]).json["error"] == "invalid_grant"
    assert refresh(service, other["refresh_token"]).status_code == 200


def test_revoking_what_is_not_known_is_no_error() -> None:
    service = Service()
    assert revoke(service, "nothing").status_code == 200
    assert revoke(service, "").json["error"] == "invalid_request"
    assert revoke(service, "nothing", client_id="nobody").json["error"] == "invalid_client"


@pytest.mark.parametrize(("mode", "status"), [("refuses", 400), ("missing", 404)])
def test_revoking_can_be_refused(mode: str, status: int) -> None:
    service = Service()
    tokens = service.state.issue_tokens()
    service.state.set_switches(revoke=mode)
    assert revoke(service, tokens["refresh_token"]).status_code == status
    assert refresh(service, tokens["refresh_token"]).status_code == 200


def test_services_by_path() -> None:
    assert service_of("/oauth2/default/v1/token") == "auth"
    assert service_of("/v3/contacts") == "cc"
