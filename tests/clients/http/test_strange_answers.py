"""What a socket may bring that no test double would: never a crash, and never waited for for ever."""

from __future__ import annotations

import gzip
import socket
import threading
import time
from collections.abc import Iterable, Iterator

import pytest
import responses

from ccdesk.clients.constant_contact.pages import same_host
from ccdesk.clients.http import transport as transports
from ccdesk.clients.http.transport import Request, Transport
from ccdesk.core.errors import AnswerLost, Unreachable

BASE = "https://api.example.test/v3/contacts"
OK = b"HTTP/1.1 200 OK\r\n"
SILENCE = 0.2  # seconds the server may be silent


def answer(pieces: Iterable[bytes]) -> str:
    """Listen for one request, answer it piece by piece, and return the address."""
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        connection, _ = listening.accept()
        with listening, connection:
            connection.recv(65_536)
            try:
                for piece in pieces:
                    connection.sendall(piece)
            except OSError:  # hung up on
                return

    threading.Thread(target=serve, daemon=True).start()
    return f"http://127.0.0.1:{listening.getsockname()[1]}/x"


def dripping(first: bytes, more: bytes = b"a") -> Iterator[bytes]:
    yield first
    for _ in range(300):  # half a minute, each byte well within the time
        time.sleep(SILENCE / 2)
        yield more


@pytest.mark.parametrize(
    "first",
    [
        OK + b"X-Long: ",
        OK + b"Content-Length: 5000\r\n\r\n",
        OK + b"Content-Length: 5000\r\nConnection: close\r\n\r\n",
    ],
    ids=["head", "body", "body of a last answer"],
)
@pytest.mark.parametrize(("method", "kind"), [("GET", Unreachable), ("POST", AnswerLost)])
def test_an_answer_that_drips_is_not_waited_for_for_ever(
    first: bytes, method: str, kind: type[Unreachable]
) -> None:
    began = time.monotonic()
    with pytest.raises(kind):
        Transport(read=SILENCE).send(Request(method, answer(dripping(first))))
    assert time.monotonic() - began < 8


def test_waiting_that_is_told_to_go_on_ends_as_well() -> None:
    began = time.monotonic()
    with pytest.raises(Unreachable):
        Transport(read=SILENCE).send(
            Request("GET", answer(dripping(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 9)))
        )
    assert time.monotonic() - began < 8


def test_no_stopwatch_goes_on_once_an_answer_is_read() -> None:
    before = set(threading.enumerate())
    address = answer([OK + b"Content-Length: 2\r\n\r\n{}"])
    assert Transport().send(Request("GET", address)).body == b"{}"
    for one in set(threading.enumerate()) - before:
        one.join(5)  # a stopwatch that was stopped ends at once
        assert not one.is_alive()


@pytest.mark.parametrize("packed", [False, True])
def test_an_answer_too_large_to_be_meant_is_not_held(packed: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transports, "_MOST_HELD", 3 << 20)
    body = bytes(16 << 20)
    head = b"Content-Encoding: gzip\r\n" if packed else b""
    body = gzip.compress(body) if packed else body
    address = answer([OK + head + b"Content-Length: %d\r\n\r\n" % len(body), body])
    with pytest.raises(Unreachable) as raised:
        Transport(read=5).send(Request("GET", address))
    assert "TooLarge" in raised.value.detail


@pytest.mark.parametrize(
    "date",
    [
        "Fri, 31 Dec 9999 23:59:59 -2359",
        "Mon, 01 Jan 2024 00:00:00 +9999999999999",
        "Mon, 01 Jan 99999999999999999999 00:00:00 GMT",
    ],
)
@responses.activate
def test_a_date_no_calendar_has_is_ignored(date: str) -> None:
    responses.get(BASE, json={}, headers={"Date": date})
    transport = Transport()
    assert transport.send(Request("GET", BASE)).json() == {}
    assert transport.server_ahead is None


NO_LINKS = ["http://[half", "//[", "https://api.example.test／evil.test/", "https://[::1"]


@pytest.mark.parametrize("link", NO_LINKS)
def test_a_link_that_is_no_address_is_refused(link: str) -> None:
    with pytest.raises(Unreachable):
        same_host(link, BASE)


@pytest.mark.parametrize("link", NO_LINKS)
def test_a_redirect_to_no_address_is_not_followed(link: str) -> None:
    assert transports.within_host(BASE, link) == ""


@pytest.mark.parametrize("odd", "/#?")
def test_no_part_of_a_proxys_password_is_told(odd: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", f"http://user:secret{odd}part@127.0.0.1:9")
    with pytest.raises(Unreachable) as raised:
        Transport().send(Request("GET", BASE))
    assert "secret" not in raised.value.detail + raised.value.text
