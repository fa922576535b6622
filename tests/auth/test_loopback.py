import http.client
import logging
import random
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress

import pytest

from ccdesk.auth.loopback import REDIRECT_PORTS, Listener, redirect_uri
from ccdesk.core.errors import Cancelled, LoginNeeded, SettingsError


def free_ports(count: int) -> list[int]:
    """Return ports nobody listens on, below those the system hands out to outgoing connections."""
    found: list[int] = []
    with ExitStack() as stack:
        while len(found) < count:
            one = stack.enter_context(socket.socket())
            port = random.SystemRandom().randrange(15_000, 32_000)
            with suppress(OSError):
                one.bind(("127.0.0.1", port))
                found.append(port)
    return found


@pytest.fixture
def listener() -> Iterator[Listener]:
    with Listener("state-1", ports=free_ports(3)) as listening:
        yield listening


def ask(
    listener: Listener, path: str, *, method: str = "GET", host: str = "", to: str = "127.0.0.1"
) -> tuple[int, str]:
    connection = http.client.HTTPConnection(to, listener.port, timeout=5)
    try:
        connection.request(method, path, headers={"Host": host or f"localhost:{listener.port}"})
        reply = connection.getresponse()
        text = reply.read().decode()
        assert "state-1" not in text
        assert reply.headers.get("Cache-Control", "no-store") == "no-store"
        return reply.status, text
    finally:
        connection.close()


def wait(listener: Listener, timeout: float = 5.0) -> object:
    return listener.wait(timeout=timeout, cancel=threading.Event())


def test_the_address_has_one_registered_form() -> None:
    assert redirect_uri(8888) == "http://localhost:8888/callback"
    assert len(set(REDIRECT_PORTS)) == len(REDIRECT_PORTS)


def test_the_return_is_taken_once_and_the_page_is_calm(listener: Listener) -> None:
    status, page = ask(listener, "/callback?code=abc&state=state-1&scope=x")
    assert status == 200
    assert "close this window" in page
    assert wait(listener).code == "abc"  # type: ignore[attr-defined]
    assert ask(listener, "/callback?code=abc&state=state-1")[0] == 200  # reloaded


@pytest.mark.parametrize(
    ("path", "method", "status"),
    [
        ("/favicon.ico", "GET", 404),
        ("/", "GET", 404),
        ("/callback/", "GET", 404),
        ("/callback", "GET", 400),
        ("/callback?code=abc", "GET", 400),
        ("/callback?code=abc&state=forged", "GET", 400),
        ("/callback?code=abc&state=", "GET", 400),
        ("/callback?code=abc&state=state-1&state=state-1", "GET", 400),
        ("/callback?state=state-1", "GET", 400),
        ("/callback?error=access_denied&state=forged", "GET", 400),
        ("/callback?" + "a=1&" * 50 + "code=abc&state=state-1", "GET", 400),
        ("/callback?code=%ff&state=%ff%00", "GET", 400),
        ("/callback?code=abc&state=state-1", "POST", 501),
        ("/callback?code=abc&state=state-1", "OPTIONS", 501),
        ("/" + "x" * 70_000, "GET", 414),
    ],
)
def test_strays_are_answered_and_count_for_nothing(
    listener: Listener, path: str, method: str, status: int
) -> None:
    assert ask(listener, path, method=method)[0] == status
    ask(listener, "/callback?code=real&state=state-1")
    assert wait(listener).code == "real"  # type: ignore[attr-defined]


@pytest.mark.parametrize("host", ["evil.test", "localhost", "localhost:1", "localhost.evil.test:8888"])
def test_another_host_name_is_not_served(listener: Listener, host: str) -> None:
    assert ask(listener, "/callback?code=abc&state=state-1", host=host)[0] == 421
    with pytest.raises(LoginNeeded):
        wait(listener, 0)


def test_garbage_and_silent_connections_do_not_block_the_return(listener: Listener) -> None:
    with socket.create_connection(("127.0.0.1", listener.port)) as silent:
        with socket.create_connection(("127.0.0.1", listener.port)) as noisy:
            noisy.sendall(b"\x16\x03\x01\x02\x00 tls?\r\n\r\n")
        assert ask(listener, "/callback?code=abc&state=state-1")[0] == 200
        assert wait(listener).code == "abc"  # type: ignore[attr-defined]
        silent.close()


def test_a_refusal_is_handed_on(listener: Listener) -> None:
    status, page = ask(listener, "/callback?error=access_denied&error_description=no&state=state-1&code=x")
    assert (status, "Not logged in" in page) == (200, True)
    returned = listener.wait(timeout=1, cancel=threading.Event())
    assert (returned.error, returned.code) == ("access_denied", "")


@pytest.mark.skipif(not socket.has_ipv6, reason="no IPv6")
def test_both_addresses_of_localhost_are_listened_on(listener: Listener) -> None:
    try:
        ask(listener, "/callback?code=six&state=state-1", to="::1")
    except OSError:
        pytest.skip("no IPv6 loopback here")
    assert wait(listener).code == "six"  # type: ignore[attr-defined]


def test_nobody_comes_back(listener: Listener) -> None:
    with pytest.raises(LoginNeeded, match=f"http://localhost:{listener.port}/callback") as late:
        wait(listener, 0)
    assert late.value.code == "login_timeout"


def test_waiting_can_be_cancelled(listener: Listener) -> None:
    cancel = threading.Event()
    threading.Timer(0.05, cancel.set).start()
    began = time.monotonic()
    with pytest.raises(Cancelled):
        listener.wait(timeout=60, cancel=cancel)
    assert time.monotonic() - began < 5


def test_a_busy_port_is_passed_over() -> None:
    ports = free_ports(3)
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", ports[0]))
        busy.listen()
        with Listener("s", ports=ports) as listener:
            assert listener.redirect_uri == redirect_uri(ports[1])


def test_all_ports_busy_names_them() -> None:
    with ExitStack() as stack:
        ports = []
        for _ in range(2):
            one = stack.enter_context(socket.socket())
            one.bind(("127.0.0.1", 0))
            one.listen()
            ports.append(one.getsockname()[1])
        with pytest.raises(SettingsError) as refused:
            Listener("s", ports=ports)
    assert all(str(port) in refused.value.meaning for port in ports)


def test_the_port_is_free_again_afterwards() -> None:
    ports = free_ports(1)
    for _ in range(2):
        with Listener("s", ports=ports) as listener:
            ask(listener, "/")


def test_nothing_of_a_request_is_logged(
    listener: Listener, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    with caplog.at_level(logging.DEBUG):
        ask(listener, "/callback?code=abc&state=state-1")
        ask(listener, "/nowhere?code=abc", method="PUT")
    out, err = capfd.readouterr()
    assert caplog.text + out + err == ""
