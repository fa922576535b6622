"""A proxy that refuses: it is named, asked once, and its password is told nowhere."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
import responses

from ccdesk.auth.oauth import OAuthClient
from ccdesk.clients.http.transport import prepare_session
from ccdesk.core.errors import CcdeskError, ProxyRefused, Unreachable
from tests.clients.helpers import CC, customers, mail


class Proxy:
    """Answers every CONNECT with the same first line, and counts them."""

    def __init__(self, answer: str) -> None:
        self._answer, self.asked = answer, 0
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._socket.getsockname()[1])
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._socket.accept()
            except OSError:
                return
            with client:
                head = b""
                while b"\r\n\r\n" not in head:
                    head += client.recv(4096)
                self.asked += 1
                client.sendall(f"HTTP/1.1 {self._answer}\r\nContent-Length: 0\r\n\r\n".encode())


@contextmanager
def behind(proxy: Proxy, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("https_proxy", "all_proxy", "no_proxy", "http_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv("HTTPS_PROXY", f"http://user:wr0ngpass@127.0.0.1:{proxy.port}")
    try:
        yield
    finally:
        proxy.stop()


def refresh() -> None:
    OAuthClient("https://authz.example.test/v1", "key", prepare=prepare_session).refresh("r1")


ASKS: list[Callable[[], object]] = [
    lambda: customers(tenant_url="").tenant(),
    lambda: customers().get(7),
    lambda: customers().events_since(None),
    lambda: mail().account(),
    lambda: mail().start_add(["c1"], "l1"),
    refresh,
]


@pytest.mark.parametrize("ask", ASKS)
def test_wrong_credentials_are_tried_once_and_the_proxy_is_named(
    ask: Callable[[], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = Proxy("407 Proxy Authentication Required")
    with behind(proxy, monkeypatch), pytest.raises(ProxyRefused) as raised:
        ask()
    assert proxy.asked == 1
    assert f"127.0.0.1:{proxy.port}" in raised.value.title
    assert "password" in raised.value.title
    assert "wr0ngpass" not in raised.value.text + raised.value.detail


def test_a_proxy_that_forbids_the_address_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    proxy = Proxy("403 Forbidden")
    with behind(proxy, monkeypatch), pytest.raises(ProxyRefused) as raised:
        mail().account()
    assert proxy.asked == 1
    assert f"127.0.0.1:{proxy.port}" in raised.value.title
    assert "api.example.test" in raised.value.meaning


def test_a_proxy_in_trouble_is_named_and_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    proxy = Proxy("503 Busy")
    with behind(proxy, monkeypatch), pytest.raises(Unreachable) as raised:
        mail().account()
    assert f"through the proxy 127.0.0.1:{proxy.port}" in raised.value.title
    assert proxy.asked == 4


def test_a_proxy_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    proxy = Proxy("")
    with behind(proxy, monkeypatch):
        pass
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.port}")
    with pytest.raises(Unreachable) as raised:
        mail().start_add(["c1"], "l1")
    assert type(raised.value) is Unreachable
    assert f"through the proxy 127.0.0.1:{proxy.port}" in raised.value.title


@responses.activate
def test_a_407_that_comes_as_an_answer_is_the_proxys_too() -> None:
    responses.get(CC + "/contacts/c1", status=407, body="<html>")
    responses.post("https://authz.example.test/v1/token", status=407)
    for ask in (lambda: mail().get("c1"), refresh):
        with pytest.raises(CcdeskError) as raised:
            ask()
        assert type(raised.value) is ProxyRefused
    assert len(responses.calls) == 2
