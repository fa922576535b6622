"""The login against the sandbox: real pages, a real browser hand-off, real HTTP."""

import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from urllib.request import urlopen

import pytest

from ccdesk.auth.login import log_in
from ccdesk.auth.oauth import OAuthClient
from ccdesk.auth.tokens import Tokens
from ccdesk.auth.withdraw import withdraw
from ccdesk.clients.http.session import prepare_session
from ccdesk.core.clock import Clock
from ccdesk.core.errors import LoginNeeded, Refused
from ccdesk.sandbox.constant_contact.person import Person
from ccdesk.sandbox.constant_contact.switches import CcSwitches
from ccdesk.sandbox.run import Sandbox
from ccdesk.sandbox.wire.kernel import Fault, SandboxClock
from tests.auth.helpers import NOON, MemoryVault, free_ports


class SandboxTime(Clock):
    """The sandbox's own date."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    def now(self):  # type: ignore[no-untyped-def]
        return self._sandbox.clock.now()


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    clock = SandboxClock()
    clock.freeze(NOON)
    with Sandbox(clock=clock, cc_switches=CcSwitches(limits_on=False)) as running:
        yield running


@pytest.fixture
def oauth(sandbox: Sandbox) -> OAuthClient:
    at = sandbox.addresses()
    return OAuthClient(
        at["cc_auth_url"], at["cc_client_id"], prepare=prepare_session, clock=SandboxTime(sandbox)
    )


def browser(person: Person, decision: str = "allow") -> Callable[[str], None]:
    def open_url(url: str) -> None:
        def visit() -> None:
            urlopen(person.decide(url, decision), timeout=10).close()  # type: ignore[arg-type]

        threading.Thread(target=visit, daemon=True).start()

    return open_url


def hand_off(sandbox: Sandbox, oauth: OAuthClient, **more: object):  # type: ignore[no-untyped-def]
    ports = free_ports(2)
    for port in ports:
        sandbox.cc.oauth.register_redirect(f"http://localhost:{port}/callback")
    given = {
        "open_url": browser(Person()),
        "timeout": 20,
        "cancel": threading.Event(),
        "ports": ports,
        **more,
    }
    return log_in(oauth, **given)  # type: ignore[arg-type]


@pytest.fixture
def tokens(sandbox: Sandbox, oauth: OAuthClient, tmp_path: Path) -> Tokens:
    kept = Tokens(MemoryVault(), oauth, base_dir=tmp_path, clock=SandboxTime(sandbox))
    kept.store(hand_off(sandbox, oauth))
    return kept


def test_logging_in_and_renewing_for_a_year(sandbox: Sandbox, tokens: Tokens) -> None:
    seen = {tokens.bearer()}
    for _ in range(12):
        sandbox.clock.advance(timedelta(days=30))
        seen.add(tokens.bearer())
    assert len(seen) == 13
    assert tokens.logged_in_at == NOON


@pytest.mark.parametrize(
    "mode",
    [
        {"refresh_mode": "long_lived"},
        {"refresh_reply_without_token": True, "refresh_mode": "long_lived"},
        {"expires_in_as_string": True},
    ],
    ids=str,
)
def test_renewing_whatever_the_reply_looks_like(
    sandbox: Sandbox, tokens: Tokens, mode: dict[str, object]
) -> None:
    sandbox.cc.switches.turn(**mode)
    for _ in range(3):
        sandbox.clock.advance(timedelta(days=2))
        tokens.bearer()
    assert tokens.logged_in()


def test_a_login_unused_for_half_a_year_is_over(sandbox: Sandbox, tokens: Tokens) -> None:
    sandbox.clock.advance(timedelta(days=200))
    with pytest.raises(LoginNeeded):
        tokens.bearer()
    asked = len(sandbox.log.all(service="auth", path="token"))
    with pytest.raises(LoginNeeded):
        tokens.bearer()
    assert len(sandbox.log.all(service="auth", path="token")) == asked


def test_a_lost_reply_to_a_rotating_refresh_needs_a_login(sandbox: Sandbox, tokens: Tokens) -> None:
    sandbox.clock.advance(timedelta(days=2))
    sandbox.faults.add(Fault("drop_after", service="auth", path="token"))
    with pytest.raises(Exception, match="reached"):
        tokens.bearer()
    assert tokens.logged_in()
    with pytest.raises(LoginNeeded):
        tokens.bearer()


def test_the_person_says_no(sandbox: Sandbox, oauth: OAuthClient) -> None:
    with pytest.raises(LoginNeeded) as refused:
        hand_off(sandbox, oauth, open_url=browser(Person(), "deny"))
    assert refused.value.code == "login_refused"


def test_another_account_can_be_chosen_after_a_logout(sandbox: Sandbox, oauth: OAuthClient) -> None:
    person = Person()
    hand_off(sandbox, oauth, open_url=browser(person))
    hand_off(sandbox, oauth, open_url=browser(person), prompt_login=True)
    asked = [row.query.get("prompt") for row in sandbox.log.all(path="authorize")]
    assert asked == [None, ["login"]]


def test_logging_out_ends_the_login_at_the_service(
    sandbox: Sandbox, oauth: OAuthClient, tokens: Tokens
) -> None:
    access = tokens.bearer()
    forgotten = tokens.forget()
    assert sandbox.cc.oauth.access(access) is not None
    assert withdraw(oauth, forgotten.tokens) is True
    assert sandbox.cc.oauth.access(access) is None
    with pytest.raises(LoginNeeded):
        oauth.refresh(forgotten.tokens[0])


def test_a_code_works_once(sandbox: Sandbox, oauth: OAuthClient) -> None:
    hand_off(sandbox, oauth)
    body = sandbox.log.all(service="auth", path="token")[0].body
    with pytest.raises(LoginNeeded):
        oauth.exchange(body["code"], verifier=body["code_verifier"], redirect_uri=body["redirect_uri"])


def test_a_wrong_key(sandbox: Sandbox) -> None:
    wrong = OAuthClient(sandbox.addresses()["cc_auth_url"], "nobody", prepare=prepare_session)
    with pytest.raises((LoginNeeded, Refused)):
        wrong.refresh("r")
