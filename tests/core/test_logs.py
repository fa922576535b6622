import logging
from pathlib import Path

import pytest

from ccdesk.logs import redact, start_logging


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("Authorization: Bearer abc.def-123", "abc.def"),
        ("GET /cb?code=s3cr3t&state=xyz", "s3cr3t"),
        ('{"refresh_token": "r3fr3sh"}', "r3fr3sh"),
        ("client_secret=hush", "hush"),
        ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJvd25lciJ9.c2ln", "eyJzdWIi"),
        ("customer ada.lovelace@example.com refused", "ada.lovelace"),
        ("email=ada.lovelace%40example.com", "ada.lovelace"),
    ],
)
def test_secrets_and_addresses_do_not_reach_the_log(text, secret):
    assert secret not in redact(text)


def test_tracebacks_are_redacted_too(tmp_path):
    path = tmp_path / "ccdesk.log"
    start_logging(path)
    try:
        raise ValueError("ada.lovelace@example.com")
    except ValueError:
        logging.getLogger("ccdesk.test").exception("went wrong")
    start_logging(None)
    text = path.read_text()
    assert "went wrong" in text
    assert "ada.lovelace" not in text
    assert path.stat().st_mode & 0o077 == 0


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device here that is always full")
def test_a_full_disk_costs_lines_and_nothing_else(capfd, monkeypatch):
    monkeypatch.setattr("os.chmod", lambda *_: None)
    start_logging(Path("/dev/full"))
    logging.getLogger("ccdesk.test").info("a line")
    start_logging(None)
    assert capfd.readouterr().err == ""
