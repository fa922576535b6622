"""What has a limit: whatever is read from outside, and the files of the engine.

An answer may go on for ever, or unpack to a thousandfold.
"""

import ast
import gzip
import http.server
import io
import threading
import tracemalloc
from functools import cache
from pathlib import Path

import pytest

from ccdesk.auth.oauth import OAuthClient
from ccdesk.clients.constant_contact import members
from ccdesk.clients.constant_contact.client import ConstantContact
from ccdesk.clients.http import transport
from ccdesk.clients.http.policy import CallMeter, DailyBudget, Retry
from ccdesk.clients.http.session import prepare_session
from ccdesk.clients.kibo.client import Kibo
from ccdesk.core.errors import Unreachable
from ccdesk.core.ports.mail import Activity
from tests.clients.helpers import Counts, QuickClock

ROOT = Path(__file__).parents[1] / "ccdesk"
UNPACKED = 96 << 20  # bytes
BOMB = gzip.compress(bytes(UNPACKED), 1)
MOST = 2 << 20  # what the tests let the clients hold; in use it is more
ALLOWED = 12 << 20  # of memory, all in all


class _Bomber(http.server.BaseHTTPRequestHandler):
    """Answers 200 to anything, with what unpacks to far more, or with an error's status."""

    status = 200

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.send_response(self.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(BOMB)))
        self.end_headers()
        self.wfile.write(BOMB)

    def do_GET(self) -> None:
        self.do_POST()

    def log_message(self, *_args: object) -> None:
        """Say nothing."""


@pytest.fixture(params=[200, 400, 503])
def address(request, monkeypatch):
    monkeypatch.setattr(transport, "_MOST_HELD", MOST)
    monkeypatch.setattr(transport, "_MOST_FILED", MOST)
    handler = type("Bomber", (_Bomber,), {"status": request.param})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.handle_error = lambda *_: None
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


class Bearer:
    def bearer(self):
        return "access"

    def renew(self, stale):
        return "renewed"


def oauth(address):
    return OAuthClient(address, "key-1", prepare=prepare_session, clock=QuickClock())


def kibo(address, tenant_url=""):
    clock = QuickClock()
    meter = CallMeter(Counts(), "kibo", origin=lambda: "test", clock=clock)
    return Kibo(
        address,
        "12345",
        "app",
        lambda: "secret",
        meter=meter,
        tenant_url=tenant_url,
        retry=Retry(attempts=1),
        clock=clock,
    )


def mail(address):
    clock = QuickClock()
    budget = DailyBudget(Counts(), "constant_contact", origin=lambda: "test", clock=clock)
    return ConstantContact(f"{address}/v3", Bearer(), budget=budget, retry=Retry(attempts=1), clock=clock)


def members_file(address):
    with mail(address).members_file(Activity("job", "completed", results="/v3/file")) as batches:
        list(batches)


READERS = {
    "exchange": lambda at: oauth(at).exchange("code", verifier="v" * 43, redirect_uri="http://localhost/"),
    "refresh": lambda at: oauth(at).refresh("refresh"),
    "revoke": lambda at: oauth(at).revoke("refresh"),
    "Kibo's sign-in": lambda at: kibo(at).tenant(),
    "Kibo's sign-in at the tenant": lambda at: kibo(at, at).get(1001),
    "Constant Contact's lists": lambda at: mail(at).lists(),
    "Constant Contact's account": lambda at: mail(at).account(),
    "the file of members": members_file,
}


@pytest.mark.parametrize("read", READERS)
def test_no_answer_is_held_beyond_its_limit(address, read):
    """1.5 MB from the token endpoint became 3.1 GB of memory."""
    tracemalloc.start()
    try:
        with pytest.raises(Unreachable):
            READERS[read](address)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < ALLOWED


def test_a_line_without_an_end_is_not_held():
    class Endless(io.RawIOBase):
        """A file of gigabytes, in one line."""

        left = 64 << 20

        def readable(self):
            return True

        def readinto(self, buffer):
            size = min(len(buffer), self.left)
            buffer[:size] = b"a," * (size // 2) + b"a" * (size % 2)
            self.left -= size
            return size

    tracemalloc.start()
    try:
        with pytest.raises(members.NoEmails):
            list(members.members(io.BufferedReader(Endless())))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < ALLOWED


# ------------------------------------------------------------ every place that reads

NETWORK = {"requests", "urllib.request", "http.client", "PySide6.QtNetwork", "socket"}
UNBOUNDED = {"content", "readAll", "iter_lines", "makefile"}  # whole answers, however large
SENDERS = {"get", "post", "put", "patch", "delete", "request", "send"}


@cache
def modules():
    return list(_modules())


def _modules():
    for path in sorted(ROOT.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        names = {
            name
            for node in ast.walk(tree)
            for name in (
                [alias.name for alias in node.names]
                if isinstance(node, ast.Import)
                else [node.module or ""]
                if isinstance(node, ast.ImportFrom)
                else []
            )
        }
        if names & NETWORK:
            yield path.relative_to(ROOT), tree, names


def test_every_place_that_reads_from_the_network_says_how_much():
    found = modules()
    assert {"auth/oauth.py", "clients/http/transport.py", "gui/single_instance.py"} <= {
        str(at) for at, *_ in found
    }
    for at, tree, _ in found:
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute):
                assert node.attr not in UNBOUNDED, f"{at}:{node.lineno} reads without a limit"
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                bounded = node.args or node.func.attr not in ("read", "readline", "readlines")
                assert bounded, f"{at}:{node.lineno} reads without a limit"


def test_requests_are_sent_without_reading_the_answer():
    """Without `stream` the library itself reads the whole body before anybody can look at its size."""
    sent = []
    for at, tree, names in modules():
        if "requests" not in names:
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                keywords = {one.arg: one.value for one in node.keywords}
                if node.func.attr in SENDERS and "timeout" in keywords:
                    stream = keywords.get("stream")
                    assert isinstance(stream, ast.Constant), f"{at}:{node.lineno} does not stream"
                    assert stream.value is True, f"{at}:{node.lineno} does not stream"
                    sent.append(at.as_posix())
    assert sorted(sent) == ["auth/oauth.py", "clients/http/transport.py"]


# ------------------------------------------------------------ the code itself

ENGINE = ("sync", "consent")
MOST_LINES = 300


@pytest.mark.parametrize("part", ENGINE)
def test_no_file_of_the_engine_is_longer_than_can_be_read_at_once(part):
    """Who changes a rule reads its file whole. One that grows beyond is split by what it is about."""
    lengths = {
        path.relative_to(ROOT).as_posix(): len(path.read_text(encoding="utf-8").splitlines())
        for path in (ROOT / part).rglob("*.py")
    }
    assert len(lengths) > 15, "the engine is not where it is looked for"
    assert not {at: lines for at, lines in lengths.items() if lines > MOST_LINES}
