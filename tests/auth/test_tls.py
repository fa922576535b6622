"""Certificates are checked whatever the settings and the environment say; proxies are used by every call."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from ccdesk.auth.oauth import OAuthClient
from ccdesk.clients.http.session import prepare_session
from ccdesk.clients.http.transport import Request, Transport
from ccdesk.core.errors import LoginNeeded, SettingsError, Unreachable
from ccdesk.core.settings import SETTINGS, check, resolve
from ccdesk.sandbox.run import Sandbox
from tests.auth.front import Authority, Front

API, AUTHZ = "api.example.test", "authz.example.test"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as running:
        yield running


def cc_port(sandbox: Sandbox) -> int:
    return int(urlsplit(sandbox.addresses()["cc_api_url"]).port or 0)


@pytest.fixture
def proxy(authority: Authority, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[Front]:
    port = cc_port(sandbox)
    with Front(authority.context(API, AUTHZ), {API: port, AUTHZ: port, "": port}) as front:
        monkeypatch.setenv("HTTPS_PROXY", front.url)
        monkeypatch.setenv("HTTP_PROXY", front.url)
        monkeypatch.delenv("NO_PROXY", raising=False)
        monkeypatch.delenv("no_proxy", raising=False)
        yield front


def refresh(host: str = AUTHZ) -> None:
    """Ask the token endpoint; the sandbox knows no such token, so that refusal shows it was reached."""
    OAuthClient(f"https://{host}/oauth2/default/v1", "sandbox-client", prepare=prepare_session).refresh("r")


def read(host: str = API) -> int:
    return Transport().send(Request("GET", f"https://{host}/v3/contacts")).status


def test_the_systems_authorities_are_believed_and_the_proxy_used(
    proxy: Front, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    assert read() == 401
    with pytest.raises(LoginNeeded):
        refresh()
    assert proxy.hosts() == {API, AUTHZ}


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_the_variables_the_readme_names_are_believed_by_both(
    variable: str, proxy: Front, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    assert f"`{variable}`" in readme
    for one in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(one, raising=False)
    monkeypatch.setenv(variable, str(authority.file))
    assert read() == 401
    with pytest.raises(LoginNeeded):
        refresh()


def test_no_variable_has_the_keys_of_connections_written_down(
    proxy: Front, authority: Authority, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """With SSLKEYLOGFILE browsers, curl and plain urllib3 write down what deciphers a bearer token."""
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "keys"))
    assert read() == 401
    with pytest.raises(LoginNeeded):
        refresh()
    assert not (tmp_path / "keys").exists()


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"PYTHONHTTPSVERIFY": "0"},
        {"REQUESTS_CA_BUNDLE": "", "CURL_CA_BUNDLE": ""},
        {"SSL_CERT_FILE": "/dev/null"},
        {"CCDESK_VERIFY": "false", "CCDESK_INSECURE": "1", "GIT_SSL_NO_VERIFY": "1"},
    ],
    ids=str,
)
def test_nothing_turns_the_check_off(
    proxy: Front, sandbox: Sandbox, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    for work in (read, refresh):
        with pytest.raises(Unreachable, match="not trusted") as refused:
            work()
        assert "nothing was sent" in refused.value.meaning
    assert not sandbox.log.all()
    assert not [line for line in proxy.seen if line.startswith("TLS")]


def test_a_certificate_of_another_name_is_refused(
    authority: Authority, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    with Front(authority.context("other.example.test"), {API: 1, AUTHZ: 1}) as front:
        monkeypatch.setenv("HTTPS_PROXY", front.url)
        for work in (read, refresh):
            with pytest.raises(Unreachable, match="not trusted"):
                work()
    assert not sandbox.log.all()


def test_this_computer_over_https_is_checked_as_well(
    authority: Authority, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Front(authority.context("127.0.0.1"), {"": cc_port(sandbox)}, direct=True) as server:
        host = f"127.0.0.1:{server.port}"
        for work in (read, refresh):
            with pytest.raises(Unreachable, match="not trusted"):
                work(host)
        monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
        assert read(host) == 401
        with pytest.raises(LoginNeeded):
            refresh(host)


def test_exceptions_from_the_proxy_are_honoured(proxy: Front, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "example.test")
    for work in (read, refresh):
        with pytest.raises(Unreachable):  # there is no such name
            work()
    assert proxy.seen == []


def test_this_computer_is_never_asked_through_a_proxy(proxy: Front, sandbox: Sandbox) -> None:
    """A sandbox or a relay on this computer cannot be reached from the proxy's computer."""
    at = sandbox.addresses()
    assert Transport().send(Request("GET", f"{at['cc_api_url']}/contacts")).status == 401
    with pytest.raises(LoginNeeded):
        OAuthClient(at["cc_auth_url"], at["cc_client_id"], prepare=prepare_session).refresh("r")
    assert proxy.seen == []


def test_a_proxy_that_is_not_there_is_said_without_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://user:hunter2@127.0.0.1:9")
    for work in (read, refresh):
        with pytest.raises(Unreachable) as refused:
            work()
        assert "hunter2" not in refused.value.text + refused.value.detail


ADDRESSES = [key for key in SETTINGS if key.endswith("_url")]


@pytest.mark.parametrize("key", ADDRESSES)
@pytest.mark.parametrize(
    "value",
    [
        "http://api.example.test",
        "http://localhost.example.test",
        "http://127.0.0.1.example.test",
        "http://0.0.0.0",
        "http://192.168.1.1",
        "http://localhost@example.test",
        "http://[::ffff:8.8.8.8]",
        "ftp://127.0.0.1",
        "file:///etc/passwd",
        "//example.test",
        "https://user:pass@example.test",
        "https://",
    ],
)
def test_addresses_that_are_not_safe_are_refused_wherever_they_come_from(key: str, value: str) -> None:
    with pytest.raises(SettingsError):
        check(key, value)
    with pytest.raises(SettingsError):
        resolve({}, {f"CCDESK_{key.upper()}": value})
    with pytest.raises(SettingsError):
        resolve({key: value}, {})


def test_no_code_turns_the_check_off() -> None:
    root = Path(__file__).parents[2] / "ccdesk"
    text = "".join(path.read_text() for path in root.rglob("*.py"))
    for word in ("verify=False", "CERT_NONE", "check_hostname", "_create_unverified", "disable_warnings"):
        assert word not in text
