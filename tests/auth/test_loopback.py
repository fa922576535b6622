import http.client
import logging
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress

import pytest

from ccdesk.auth import callback_server
from ccdesk.auth.loopback import Listener
from ccdesk.core.errors import Cancelled, LoginNeeded, SettingsError
from ccdesk.core.redirects import REDIRECT_PORTS, redirect_uri
from tests.auth.helpers import free_ports


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


def raw(listener: Listener, request: bytes) -> bytes:
    """Send bytes as they are and return the first of the answer's."""
    with socket.create_connection(("127.0.0.1", listener.port), timeout=5) as connection:
        connection.sendall(request)
        with suppress(ConnectionResetError):
            return connection.recv(4096)
    return b""


@pytest.mark.parametrize(
    ("request_line", "headers", "status"),
    [
        (b"GET /callback?code=a&state=state-1 HTTP/1.1", b"", b"421"),
        (b"GET /callback?code=a&state=state-1 HTTP/1.1", b"Host: {host}\r\nHost: evil.test\r\n", b"421"),
        (b"GET /callback?code=a&state=state-1 HTTP/2.0", b"Host: {host}\r\n", b"505"),
        (b"GET /callback?code=a&state=state-1 HTTP/1.1", b"Host: {host}\r\n" + b"X: y\r\n" * 200, b"431"),
        (b"GET /callback?code=a&state=state-1 HTTP/1.1", b"X: " + b"y" * 70_000 + b"\r\n", b"431"),
        (b"GET http://[bad/callback?code=a&state=state-1 HTTP/1.1", b"Host: {host}\r\n", b"400"),
        (b"GET", b"", b"400"),
        (b"CONNECT evil.test:443 HTTP/1.1", b"Host: {host}\r\n", b"501"),
    ],
)
def test_malformed_requests_are_answered_and_count_for_nothing(
    listener: Listener, request_line: bytes, headers: bytes, status: bytes
) -> None:
    host = f"localhost:{listener.port}".encode()
    request = request_line + b"\r\n" + headers.replace(b"{host}", host) + b"\r\n"
    assert status in raw(listener, request).partition(b"\r\n")[0]
    with pytest.raises(LoginNeeded):
        wait(listener, 0)


@pytest.mark.parametrize(
    "more",
    [
        {"Origin": "https://evil.test"},
        {"Origin": "null"},
        {"Referer": "https://evil.test/"},
        {"Access-Control-Request-Private-Network": "true"},
    ],
)
def test_where_a_request_says_it_comes_from_opens_nothing(listener: Listener, more: dict[str, str]) -> None:
    """The state decides alone; no page elsewhere may read an answer or put one into a frame."""
    connection = http.client.HTTPConnection("127.0.0.1", listener.port, timeout=5)
    connection.request(
        "GET", "/callback?code=x&state=forged", headers={"Host": f"localhost:{listener.port}", **more}
    )
    reply = connection.getresponse()
    reply.read()
    connection.close()
    assert reply.status == 400
    assert not [name for name in reply.headers if name.lower().startswith("access-control")]
    assert "frame-ancestors 'none'" in reply.headers["Content-Security-Policy"]
    assert reply.headers["X-Content-Type-Options"] == "nosniff"
    with pytest.raises(LoginNeeded):
        wait(listener, 0)


def test_of_many_returns_at_once_the_first_counts(listener: Listener) -> None:
    codes = [f"code-{number}" for number in range(20)]
    threads = [
        threading.Thread(target=ask, args=(listener, f"/callback?code={code}&state=state-1"))
        for code in codes
    ]
    for thread in threads:
        thread.start()
    assert wait(listener).code in codes  # type: ignore[attr-defined]
    for thread in threads:
        thread.join()


def test_a_request_that_drips_in_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ccdesk.auth.callback_server._REQUEST_SECONDS", 0.3)
    with Listener("state-1", ports=free_ports(3)) as listener, ExitStack() as stack:
        slow = stack.enter_context(socket.create_connection(("127.0.0.1", listener.port), timeout=5))
        slow.sendall(b"GET /callback?code=abc&state=state-1 HTTP/1.1\r\n")
        with suppress(ConnectionError):
            assert slow.recv(1) == b""  # cut by the listener: the test's own limit would raise


def test_silent_connections_neither_pile_up_nor_keep_the_return_out(listener: Listener) -> None:
    most = callback_server._MOST_CONNECTIONS
    with ExitStack() as stack:
        for _ in range(most + 20):
            stack.enter_context(socket.create_connection(("127.0.0.1", listener.port), timeout=5))
        assert ask(listener, "/callback?code=abc&state=state-1")[0] == 200
        assert wait(listener).code == "abc"  # type: ignore[attr-defined]
        assert sum(len(server._open) for server in listener._servers) <= most


def test_no_connection_outlives_the_login() -> None:
    with ExitStack() as stack:
        with Listener("state-1", ports=free_ports(3)) as listener:
            slow = stack.enter_context(socket.create_connection(("127.0.0.1", listener.port), timeout=5))
            ask(listener, "/")  # the one before was taken as well by now
        assert slow.recv(1) == b""


def test_two_logins_at_once_do_not_take_each_others_return(listener: Listener) -> None:
    with Listener("state-2", ports=[listener.port, *free_ports(2)]) as second:
        assert second.port != listener.port
        assert ask(second, "/callback?code=abc&state=state-1")[0] == 400
        assert ask(listener, "/callback?code=abc&state=state-1")[0] == 200
        assert wait(listener).code == "abc"  # type: ignore[attr-defined]
        with pytest.raises(LoginNeeded):
            wait(second, 0)


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
