import threading
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit
from urllib.request import urlopen

import pytest
import responses

from ccdesk.auth.login import log_in
from ccdesk.core.clock import Clock
from ccdesk.core.errors import LoginNeeded, SettingsError
from tests.auth.helpers import TOKEN, free_ports, oauth, reply


def browser(answer: Callable[[dict[str, str]], str], opened: list[str]) -> Callable[[str], None]:
    """Somebody whose browser returns with what `answer` makes of the query."""

    def open_url(url: str) -> None:
        opened.append(url)
        query = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        back = f"{query['redirect_uri']}?{answer(query)}"
        threading.Thread(target=lambda: urlopen(back, timeout=5).close()).start()

    return open_url


@responses.activate
def test_the_whole_hand_off() -> None:
    responses.post(TOKEN, json=reply(1))
    opened: list[str] = []
    got = log_in(
        oauth(),
        open_url=browser(lambda query: f"code=abc&state={query['state']}", opened),
        timeout=10,
        cancel=threading.Event(),
        ports=free_ports(2),
        clock=Clock(),
    )
    assert got.access_token == "access-1"
    asked = {name: values[0] for name, values in parse_qs(urlsplit(opened[0]).query).items()}
    sent = {name: values[0] for name, values in parse_qs(str(responses.calls[0].request.body)).items()}
    assert sent["redirect_uri"] == asked["redirect_uri"]
    assert "prompt" not in asked


@pytest.mark.parametrize(
    ("error", "code"), [("access_denied", "login_refused"), ("server_error", "login_failed")]
)
def test_refused_in_the_browser(error: str, code: str) -> None:
    with pytest.raises(LoginNeeded) as refused:
        log_in(
            oauth(),
            open_url=browser(lambda query: f"error={error}&state={query['state']}", []),
            timeout=10,
            cancel=threading.Event(),
            ports=free_ports(2),
        )
    assert refused.value.code == code


def test_without_an_api_key_no_browser_is_opened() -> None:
    opened: list[str] = []
    with pytest.raises(SettingsError, match="API key"):
        log_in(oauth(client_id=""), open_url=opened.append, timeout=1, cancel=threading.Event())
    assert opened == []
