import logging
import ssl
from datetime import UTC, datetime

import pytest
import requests
import responses
import truststore
from urllib3.exceptions import MaxRetryError, NewConnectionError, ProtocolError

from ccdesk import __version__
from ccdesk.clients.http.session import TrustStoreAdapter, prepare_session
from ccdesk.clients.http.transport import Request, Transport
from ccdesk.core.errors import AnswerLost, Unreachable

URL = "https://api.example.test/v3/contacts"


@responses.activate
def test_says_who_it_is_and_notes_the_servers_clock() -> None:
    responses.get(URL, json={}, headers={"Date": "Fri, 01 May 2026 10:00:00 GMT"})
    transport = Transport()
    assert transport.server_time is None
    transport.send(Request("GET", URL))
    assert transport.server_time == datetime(2026, 5, 1, 10, tzinfo=UTC)
    sent = responses.calls[0].request.headers
    assert sent["User-Agent"] == f"ccdesk/{__version__}"
    assert sent["Accept"] == "application/json"


@responses.activate
def test_a_date_that_is_none_is_ignored() -> None:
    responses.get(URL, json={}, headers={"Date": "yesterday"})
    transport = Transport()
    transport.send(Request("GET", URL))
    assert transport.server_time is None


@responses.activate
def test_a_plus_in_an_email_is_encoded() -> None:
    responses.get(URL, json={})
    Transport().send(Request("GET", URL, params={"email": "a+b@example.com"}))
    assert "a%2Bb%40example.com" in str(responses.calls[0].request.url)


@pytest.mark.parametrize(
    "body", [b"", b"<html>no</html>", b'{"contacts": [', b"\xff\xfe\x00", b"[" * 100_000]
)
@responses.activate
def test_an_answer_that_is_no_json(body: bytes) -> None:
    responses.get(URL, body=body)
    with pytest.raises(Unreachable, match="cannot be used"):
        Transport().send(Request("GET", URL)).json()


@responses.activate
def test_an_unusable_answer_to_a_write_means_it_may_have_been_done() -> None:
    responses.post(URL, body="<html>", status=200)
    with pytest.raises(AnswerLost):
        Transport().send(Request("POST", URL, body=b"{}")).json()


@responses.activate
def test_redirects_stay_within_the_host() -> None:
    responses.get(URL, status=302, headers={"Location": "/v3/contacts/"})
    responses.get(URL + "/", json={"here": 1})
    assert Transport().send(Request("GET", URL)).json() == {"here": 1}


@pytest.mark.parametrize(
    "target", ["https://evil.test/v3", "http://api.example.test/v3", "https://api.example.test:444/"]
)
@responses.activate
def test_redirects_elsewhere_are_not_followed(target: str) -> None:
    responses.get(URL, status=302, headers={"Location": target})
    answer = Transport().send(Request("GET", URL, headers={"Authorization": "Bearer t"}))
    assert answer.status == 302
    assert len(responses.calls) == 1


@responses.activate
def test_a_redirect_in_a_circle_ends() -> None:
    responses.get(URL, status=302, headers={"Location": URL})
    with pytest.raises(Unreachable):
        Transport().send(Request("GET", URL))


@responses.activate
def test_writes_are_never_redirected() -> None:
    responses.post(URL, status=307, headers={"Location": URL + "/"})
    assert Transport().send(Request("POST", URL, body=b"{}")).status == 307


NOT_SENT = [
    requests.ConnectTimeout(),
    requests.ConnectionError(MaxRetryError(None, URL, NewConnectionError(None, "refused"))),  # type: ignore[arg-type]
    requests.exceptions.ProxyError(),
    requests.exceptions.InvalidURL("no"),
]
MAYBE_SENT = [
    requests.ReadTimeout(),
    requests.ConnectionError(ProtocolError("Connection aborted.", ConnectionResetError(104, "reset"))),
    requests.exceptions.ChunkedEncodingError(),
    requests.exceptions.SSLError(MaxRetryError(None, URL, ssl.SSLEOFError())),  # type: ignore[arg-type]
]


@pytest.mark.parametrize("error", NOT_SENT + MAYBE_SENT, ids=lambda e: type(e).__name__)
@responses.activate
def test_a_read_that_fails_is_unreachable(error: Exception) -> None:
    responses.get(URL, body=error)
    with pytest.raises(Unreachable) as raised:
        Transport().send(Request("GET", URL))
    assert type(raised.value) is Unreachable


@pytest.mark.parametrize(("error", "lost"), [(e, False) for e in NOT_SENT] + [(e, True) for e in MAYBE_SENT])
@responses.activate
def test_a_write_that_fails_is_lost_only_if_it_may_have_arrived(error: Exception, lost: bool) -> None:
    responses.put(URL, body=error)
    with pytest.raises(Unreachable) as raised:
        Transport().send(Request("PUT", URL, body=b"{}"))
    assert isinstance(raised.value, AnswerLost) is lost


@responses.activate
def test_the_log_holds_no_secret(caplog: pytest.LogCaptureFixture) -> None:
    responses.get(URL, json={"email_address": {"address": "ada@example.com"}})
    responses.get(URL + "/a@b.com", body=requests.ConnectionError("cannot reach a@b.com"))
    with caplog.at_level(logging.DEBUG):
        Transport().send(
            Request("GET", URL, params={"email": "ada@example.com"}, headers={"Authorization": "Bearer tt"})
        )
        with pytest.raises(Unreachable):
            Transport().send(Request("GET", URL + "/a@b.com"))
    ours = [record.getMessage() for record in caplog.records if record.name.startswith("ccdesk")]
    assert len(ours) == 2
    assert not any("@" in line or "tt" in line.split() or "cursor" in line for line in ours)


@responses.activate
def test_a_netrc_entry_does_not_replace_our_header(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("requests.sessions.get_netrc_auth", lambda url: ("user", "password"))
    responses.get(URL, json={})
    Transport().send(Request("GET", URL, headers={"Authorization": "Bearer ours"}))
    assert responses.calls[0].request.headers["Authorization"] == "Bearer ours"


@responses.activate
def test_proxies_of_the_environment_are_used_except_for_this_computer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.test:3128")
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.test:3128")
    seen = []
    real = requests.Session.send

    def send(
        self: requests.Session, request: requests.PreparedRequest, **kwargs: object
    ) -> requests.Response:
        seen.append(dict(kwargs["proxies"]))  # type: ignore[call-overload]
        return real(self, request, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(requests.Session, "send", send)
    responses.get(URL, json={})
    responses.get("http://127.0.0.1:5/v3", json={})
    Transport().send(Request("GET", URL))
    Transport().send(Request("GET", "http://127.0.0.1:5/v3"))
    assert seen[0]["https"] == "http://proxy.test:3128"
    assert not any(seen[1].values())


@responses.activate
def test_cookies_are_not_kept() -> None:
    responses.get(URL, json={}, headers={"Set-Cookie": "a=b"})
    transport = Transport()
    transport.send(Request("GET", URL))
    transport.send(Request("GET", URL))
    assert "Cookie" not in responses.calls[1].request.headers


def test_the_systems_store_checks_certificates() -> None:
    adapter = prepare_session(requests.Session()).get_adapter("https://api.example.test")
    assert isinstance(adapter, TrustStoreAdapter)
    assert isinstance(adapter.poolmanager.connection_pool_kw["ssl_context"], truststore.SSLContext)
    pool = adapter.poolmanager.connection_from_url("https://api.example.test")
    adapter.cert_verify(pool, "https://api.example.test", True, None)
    assert pool.ca_certs is None
    assert pool.cert_reqs == "CERT_REQUIRED"
