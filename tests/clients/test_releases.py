"""Asking for the latest release: what is sent, and that any trouble is one calm error."""

import gzip
import http.server
import json
import threading

import pytest
import requests
import responses

from ccdesk import __version__
from ccdesk.clients.releases import latest_release
from ccdesk.core.updates import LARGEST, Release, ReleasePlace, UpdatesUnknown

PLACE = ReleasePlace(
    "https://api.forge.example/repos/us/ccdesk/releases/latest", "https://forge.example/us/ccdesk/releases"
)
FOUND = {"tag_name": "v0.3.0", "html_url": f"{PLACE.page}/tag/v0.3.0", "draft": False, "prerelease": False}


@responses.activate
def test_the_latest_release_is_read():
    responses.get(PLACE.latest, json=FOUND)
    assert latest_release(PLACE) == Release("0.3.0", FOUND["html_url"])
    assert len(responses.calls) == 1


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        ({"status": 404, "json": {"message": "Not Found"}}, "has no release for everybody yet"),
        ({"status": 403, "json": {"message": "rate limit"}}, "was asked too often"),
        ({"status": 429}, "was asked too often"),
        ({"status": 500}, "gave no usable answer"),
        ({"status": 204}, "gave no usable answer"),
        ({"body": "<html>"}, "gave an answer that cannot be used"),
        ({"body": ""}, "gave an answer that cannot be used"),
        ({"json": []}, "is no release of ccdesk"),
        ({"json": {**FOUND, "tag_name": "nightly"}}, "is no release of ccdesk"),
        ({"json": {**FOUND, "prerelease": True}}, "is no release of ccdesk"),
        ({"json": {**FOUND, "html_url": "https://evil.example/"}}, "is no release of ccdesk"),
        ({"json": {**FOUND, "body": "x" * (LARGEST + 1)}}, "cannot be reached"),
        ({"body": requests.ConnectTimeout()}, "cannot be reached"),
        ({"body": requests.exceptions.SSLError("self-signed")}, "is not trusted"),
        ({"status": 302, "headers": {"Location": "https://evil.example/latest"}}, "gave no usable answer"),
        (
            {"status": 302, "headers": {"Location": "http://api.forge.example/latest"}},
            "gave no usable answer",
        ),
    ],
)
@responses.activate
def test_whatever_goes_wrong_is_said_calmly_and_not_tried_again(reply, words):
    responses.get(PLACE.latest, **reply)
    with pytest.raises(UpdatesUnknown) as raised:
        latest_release(PLACE)
    assert words in raised.value.meaning
    assert "api.forge.example" in raised.value.meaning
    assert "works as before" in raised.value.next_step
    assert "queue" not in raised.value.text
    assert len(responses.calls) == 1


@responses.activate
def test_a_project_that_was_renamed_is_followed_at_the_same_server():
    responses.get(PLACE.latest, status=301, headers={"Location": "/repositories/7/releases/latest"})
    responses.get("https://api.forge.example/repositories/7/releases/latest", json=FOUND)
    assert latest_release(PLACE).version == "0.3.0"


# ------------------------------------------------------------ over real HTTP


class Forge(http.server.BaseHTTPRequestHandler):
    """Answers as told, and notes what it was asked."""

    reply = b""
    asked: list

    def do_GET(self):
        self.asked.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(self.reply)))
        self.end_headers()
        self.wfile.write(self.reply)

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture
def forge():
    handler = type("Forge", (Forge,), {"asked": []})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.handle_error = lambda *_: None
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    home = f"http://127.0.0.1:{server.server_port}"
    handler.place = ReleasePlace(
        f"{home}/api/v1/repos/us/ccdesk/releases/latest", f"{home}/us/ccdesk/releases"
    )
    yield handler
    server.shutdown()
    server.server_close()


def test_over_http_nothing_is_sent_but_the_version(forge, monkeypatch, tmp_path):
    netrc = tmp_path / ".netrc"
    netrc.write_text("machine 127.0.0.1 login ann password secret\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    page = f"{forge.place.page}/tag/v0.3.0"
    forge.reply = gzip.compress(json.dumps({**FOUND, "html_url": page}).encode())
    assert latest_release(forge.place) == Release("0.3.0", page)
    [(path, sent)] = forge.asked
    assert path == "/api/v1/repos/us/ccdesk/releases/latest"
    assert sent.pop("user-agent") == f"ccdesk/{__version__}"
    assert set(sent) == {"host", "accept", "accept-encoding", "connection"}


def test_over_http_an_answer_that_unpacks_to_more_than_anybody_means_is_given_up(forge):
    forge.reply = gzip.compress(b"[" + b" " * (64 << 20))
    with pytest.raises(UpdatesUnknown):
        latest_release(forge.place)
