import base64
import hashlib
import string
import threading
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
import responses

from ccdesk.auth.oauth import LONGEST_LIFETIME
from ccdesk.auth.pkce import SCOPES, Attempt
from ccdesk.core.errors import Cancelled, CcdeskError, LoginNeeded, Refused, SettingsError, Unreachable
from tests.auth.helpers import AUTH, TOKEN, StillClock, oauth, reply

HERE = "http://localhost:8888/callback"


def form(index: int = -1) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(str(responses.calls[index].request.body)).items()}


def test_each_attempt_has_secrets_of_its_own() -> None:
    one, other = Attempt(), Attempt()
    assert one.verifier != other.verifier
    assert one.state != other.state
    assert 43 <= len(one.verifier) <= 128
    assert set(one.verifier) <= set(string.ascii_letters + string.digits + "-._~")
    assert one.verifier not in repr(one)


def test_the_address_to_open() -> None:
    attempt = Attempt()
    url = urlsplit(oauth().authorize_url(redirect_uri=HERE, attempt=attempt, prompt_login=True))
    query = {name: values[0] for name, values in parse_qs(url.query).items()}
    digest = hashlib.sha256(attempt.verifier.encode()).digest()
    assert url._replace(query="").geturl() == AUTH + "/authorize"
    assert query == {
        "client_id": "key-1",
        "redirect_uri": HERE,
        "response_type": "code",
        "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
        "code_challenge_method": "S256",
        "state": attempt.state,
        "scope": "contact_data campaign_data account_read offline_access",
        "prompt": "login",
    }
    assert "%2B" not in url.query  # a literal %2B between scopes fails (§2)
    assert "prompt" not in oauth().authorize_url(redirect_uri=HERE, attempt=attempt)
    assert "offline_access" in SCOPES


@responses.activate
def test_a_code_becomes_tokens() -> None:
    responses.post(TOKEN, json=reply(1, expires_in="28800"))
    got = oauth().exchange("the-code", verifier="v" * 43, redirect_uri=HERE)
    assert (got.access_token, got.refresh_token, got.lifetime) == ("access-1", "refresh-1", 28800)
    assert form() == {
        "grant_type": "authorization_code",
        "client_id": "key-1",
        "code": "the-code",
        "code_verifier": "v" * 43,
        "redirect_uri": HERE,
    }
    headers = responses.calls[0].request.headers
    assert "Authorization" not in headers
    assert headers["Content-Type"].startswith("application/x-www-form-urlencoded")
    assert headers["User-Agent"].startswith("ccdesk/")
    assert "access-1" not in repr(got)


@pytest.mark.parametrize(
    "body",
    [
        b'\xef\xbb\xbf{"access_token": "a-1", "refresh_token": "r-1"}',
        '{"access_token": "a-1", "refresh_token": "r-1"}'.encode("utf-16"),
        b'{"access_token": "a-1", "refresh_token": "r-1", "organization": "Caf\xe9"}',
    ],
    ids=["marked", "wide", "another charset"],
)
@responses.activate
def test_rotated_tokens_are_not_lost_to_how_they_are_written(body: bytes) -> None:
    responses.post(TOKEN, body=body, content_type="application/json")
    got = oauth().refresh("r-0")
    assert (got.access_token, got.refresh_token) == ("a-1", "r-1")


@responses.activate
def test_a_refresh() -> None:
    responses.post(TOKEN, json=reply(2))
    assert oauth().refresh("refresh-1").refresh_token == "refresh-2"
    assert form() == {"grant_type": "refresh_token", "client_id": "key-1", "refresh_token": "refresh-1"}


@pytest.mark.parametrize(
    ("more", "lifetime"),
    [
        ({"expires_in": None}, 3600),
        ({"expires_in": "soon"}, 3600),
        ({"expires_in": 1}, 1),
        ({"expires_in": -5}, 1),
        ({"expires_in": float("inf")}, 3600),
        ({"expires_in": [1]}, 3600),
        ({"expires_in": {"seconds": 1}}, 3600),
        ({"expires_in": 10**30}, LONGEST_LIFETIME),
        ({"expires_at": "tomorrow"}, 86400),
    ],
)
@responses.activate
def test_strange_lifetimes_do_not_lose_the_tokens(more: dict[str, object], lifetime: int) -> None:
    responses.post(TOKEN, json=reply(1, **more))
    got = oauth().refresh("r")
    assert (got.lifetime, got.refresh_token) == (lifetime, "refresh-1")


@pytest.mark.parametrize("missing", [{"refresh_token": None}, {"refresh_token": ""}, {"refresh_token": 5}])
@responses.activate
def test_a_reply_without_a_refresh_token(missing: dict[str, object]) -> None:
    responses.post(TOKEN, json=reply(1, **missing))
    assert oauth().refresh("r").refresh_token == ""


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (400, '{"error":"invalid_grant","error_description":"expired"}', LoginNeeded),
        (200, '{"error":"invalid_grant"}', LoginNeeded),
        (400, '{"error":"invalid_client"}', Refused),
        (401, '{"error":"unauthorized_client"}', Refused),
        (400, '{"error":"invalid_request"}', Unreachable),
        (400, '{"error":"something_new"}', Unreachable),
        (400, '{"error":{"code":1}}', Unreachable),
        (400, "", Unreachable),
        (403, '{"message":"Forbidden"}', Unreachable),
        (500, '{"error":"invalid_grant"}', Unreachable),
        (502, "<html>", Unreachable),
        (302, "", Unreachable),
        (200, "<html>", Unreachable),
        (200, "[]", Unreachable),
        (200, "{}", Unreachable),
        (200, '{"access_token":""}', Unreachable),
        (200, '{"access_token":5}', Unreachable),
        (200, '{"access_token":"a b"}', Unreachable),
        (200, '{"access_token":"a\\nX-Other: b"}', Unreachable),
        (200, "[" * 100_000, Unreachable),
    ],
)
@responses.activate
def test_what_an_answer_means(status: int, body: str, kind: type[CcdeskError]) -> None:
    responses.post(
        TOKEN,
        status=status,
        body=body,
        content_type="application/json",
        headers={"Location": "https://x.test/"},
    )
    with pytest.raises(kind) as raised:
        oauth().refresh("the-refresh-token")
    assert type(raised.value) is kind
    assert "the-refresh-token" not in raised.value.detail
    assert len(responses.calls) == 1


@pytest.mark.parametrize(
    "error", [requests.ReadTimeout(), requests.ConnectionError(), requests.exceptions.SSLError()]
)
@responses.activate
def test_no_answer(error: Exception) -> None:
    responses.post(TOKEN, body=error)
    with pytest.raises(Unreachable):
        oauth().refresh("r")


@responses.activate
def test_a_certificate_that_does_not_hold_is_said() -> None:
    responses.post(TOKEN, body=requests.exceptions.SSLError())
    with pytest.raises(Unreachable, match="not trusted"):
        oauth().refresh("r")


@responses.activate
def test_a_netrc_entry_adds_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("requests.sessions.get_netrc_auth", lambda _url: ("user", "password"))
    responses.post(TOKEN, json=reply(1))
    oauth().refresh("r")
    assert "Authorization" not in responses.calls[0].request.headers


@responses.activate
def test_a_busy_endpoint_is_asked_again_after_more_than_a_second() -> None:
    clock = StillClock()
    responses.post(TOKEN, status=429, body="")
    responses.post(TOKEN, status=429, json={"error_key": "throttled"})
    responses.post(TOKEN, json=reply(1))
    assert oauth(clock).refresh("r").access_token == "access-1"
    assert len(clock.waits) == 2
    assert min(clock.waits) > 1


@responses.activate
def test_a_busy_endpoint_is_not_asked_for_ever() -> None:
    responses.post(TOKEN, status=429)
    with pytest.raises(Unreachable):
        oauth().refresh("r")
    assert len(responses.calls) == 4


@responses.activate
def test_waiting_for_the_endpoint_can_be_cancelled() -> None:
    responses.post(TOKEN, status=429)
    client = oauth()
    client.cancel = threading.Event()
    client.cancel.set()
    with pytest.raises(Cancelled):
        client.refresh("r")


@responses.activate
def test_a_token_is_taken_back() -> None:
    responses.post(AUTH + "/revoke", body=b"")
    oauth().revoke("refresh-1")
    assert form() == {"token": "refresh-1", "client_id": "key-1"}
    assert "Authorization" not in responses.calls[0].request.headers


@pytest.mark.parametrize("status", [302, 400, 401, 403, 404, 429, 500, 503])
@responses.activate
def test_a_token_that_is_not_taken_back(status: int) -> None:
    responses.post(AUTH + "/revoke", status=status, json={"error": "unauthorized_client"})
    with pytest.raises(Unreachable) as raised:
        oauth().revoke("refresh-1")
    assert str(status) in raised.value.detail
    assert "refresh-1" not in f"{raised.value} {raised.value.detail}"
    assert len(responses.calls) == 1


def test_a_missing_api_key_says_where_to_get_one() -> None:
    with pytest.raises(SettingsError, match=r"app\.constantcontact\.com/pages/dma/portal"):
        oauth(client_id=" ").refresh("r")
