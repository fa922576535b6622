import logging
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from ccdesk import logs
from ccdesk.core import files
from ccdesk.logs import LogFile, RedactingFormatter, redact, start_logging
from tests.stand_ins import but


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
def test_a_full_disk_costs_lines_and_nothing_else(capfd):
    start_logging(Path("/dev/full"))
    logging.getLogger("ccdesk.test").info("a line")
    start_logging(None)
    assert capfd.readouterr().err == ""


def filled(path: Path, lines: int, *, said: str = "x" * 400) -> LogFile:
    log = LogFile(path, most=2000, kept=2)
    for number in range(lines):
        log.emit(logging.makeLogRecord({"msg": f"{number:04} {said}", "levelno": logging.INFO}))
    return log


def kept_lines(path: Path) -> list[str]:
    """Every line of the log and what was put aside, oldest first."""
    parts = [path.with_name(f"{path.name}.{number}") for number in (2, 1)]
    return [line[:4] for one in (*parts, path) if one.exists() for line in one.read_text().splitlines()]


def test_every_file_of_the_log_is_its_owners(tmp_path):
    """Python's own handler makes the second file for everybody to read."""
    path = tmp_path / "ccdesk.log"
    filled(path, 20)
    found = sorted(tmp_path.glob("ccdesk.log*"))
    assert {one.name for one in found} >= {"ccdesk.log", "ccdesk.log.1", "ccdesk.log.2"}
    assert {one.stat().st_mode & 0o077 for one in found} == {0}
    assert kept_lines(path)[-1] == "0019"
    assert all(one.stat().st_size <= 2000 for one in found)


def test_what_an_earlier_version_left_open_to_others_is_closed(tmp_path):
    for name in ("ccdesk.log", "ccdesk.log.1", "ccdesk.log.4"):
        (tmp_path / name).write_text("ann@example.com")
        (tmp_path / name).chmod(0o644)
    start_logging(tmp_path / "ccdesk.log")
    start_logging(None)
    assert {one.stat().st_mode & 0o077 for one in tmp_path.glob("ccdesk.log*")} == {0}


def test_a_log_that_somebody_keeps_open_goes_on(tmp_path, monkeypatch):
    """Windows renames no file that a viewer has open: every line after the first megabyte was lost."""
    path = tmp_path / "ccdesk.log"
    real = os.replace

    def refusing(source, target):
        if Path(source) == path:
            error = PermissionError(13, "used by another process")
            error.winerror = 32
            raise error
        real(source, target)

    for module in (logs, files):
        monkeypatch.setattr(module, "os", but(os, replace=refusing))
    monkeypatch.setattr(files, "time", SimpleNamespace(sleep=lambda _: None))
    filled(path, 20)
    lines = kept_lines(path)
    assert lines[-1] == "0019"
    assert lines == [f"{number:04}" for number in range(20)][-len(lines) :], "none in between is missing"
    assert path.stat().st_size <= 2000


WRITER = """
import logging, sys
from pathlib import Path
from ccdesk.logs import LogFile
log = LogFile(Path(sys.argv[1]), most=4000, kept=200)
for number in range(300):
    log.emit(logging.makeLogRecord({"msg": f"{sys.argv[2]}{number:04} " + "y" * 60}))
"""


def test_several_programs_lose_no_line(tmp_path):
    path = tmp_path / "ccdesk.log"
    command = [sys.executable, "-c", WRITER, str(path)]
    writers = [subprocess.Popen([*command, name], stderr=subprocess.PIPE, text=True) for name in "abc"]
    for writer in writers:
        assert writer.communicate(timeout=60)[1] == ""
    kept = "".join(one.read_text() for one in tmp_path.glob("ccdesk.log*")).splitlines()
    assert sorted(line[:5] for line in kept) == [f"{name}{n:04}" for name in "abc" for n in range(300)]


@pytest.mark.skipif(os.name != "posix", reason="links need a right on Windows")
def test_a_link_in_the_logs_place_is_not_followed(tmp_path):
    victim = tmp_path / "victim"
    victim.write_text("theirs")
    (tmp_path / "ccdesk.log").symlink_to(victim)
    start_logging(tmp_path / "ccdesk.log")
    logging.getLogger("ccdesk.test").info("a line")
    start_logging(None)
    assert victim.read_text() == "theirs"


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\x85", "\u2028", "\x0b", "\x1c"])
def test_a_name_forges_no_line(tmp_path, end):
    path = tmp_path / "ccdesk.log"
    start_logging(path)
    logging.getLogger("ccdesk.test").info("list %s chosen", f"News{end}2026-01-01 INFO forged")
    start_logging(None)
    assert [line for line in path.read_text().splitlines() if not line.startswith("    ")][1:] == []


MARKS = [
    "\x1b[2J",
    "\x9b2J",
    "\u202e",
    "\u2066",
    "\u200b",
    "\u2060",
    "\xad",
    "\ufeff",
    "\U000e0041",
    "\ud83d",
]


@pytest.mark.parametrize("mark", MARKS, ids=ascii)
def test_a_terminal_that_shows_the_log_obeys_nothing_in_it(mark: str) -> None:
    record = logging.LogRecord("ccdesk", logging.INFO, "", 0, "list %s\tgone", (f"A{mark}B",), None)
    line = RedactingFormatter("%(message)s").format(record)
    assert line.replace("\t", "").isprintable()
    assert line.startswith("list A\\")
    assert line.endswith("B\tgone")
