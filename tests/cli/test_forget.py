"""`ccdesk forget`: asks first, says what comes back, and leaves no trace in any file (design §8)."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Shell

EMAIL = "Zebulon.Quist@hopper.example"


@pytest.fixture
def shop(connected: Shell) -> Shell:
    connected.number = connected.sandbox.kibo.add_customer(EMAIL, True, last_name="Q8xName")
    connected.json("sync", "export")
    return connected


def traces(shop: Shell) -> list[str]:
    words = (b"zebulon", b"quist", b"hopper.example", b"q8xname")
    files = [path for path in shop.base.rglob("*") if path.is_file()]
    return [path.name for path in files if any(word in path.read_bytes().lower() for word in words)]


def on_terminal(shop: Shell, answer: str) -> tuple[int, str]:
    """Run the command with a terminal for its input, and answer."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        shop.command("forget", EMAIL),
        env=shop.environment,
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    os.close(theirs)
    os.write(ours, f"{answer}\n".encode())
    out, _ = process.communicate(timeout=60)
    os.close(ours)
    return process.returncode, out


def test_nobody_is_forgotten_unless_it_is_confirmed(shop: Shell) -> None:
    done = shop("forget", EMAIL)
    assert done.returncode == 6
    assert "Nobody was forgotten" in done.stderr
    assert "--yes" in done.stderr
    assert len(shop.json("ledger", EMAIL)["entries"]) == 2


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_on_a_terminal_it_asks(shop: Shell) -> None:
    code, out = on_terminal(shop, "no")
    assert code == 6
    assert str(shop.number) in out
    assert "the next run takes them up again" in out
    assert traces(shop) != []
    code, out = on_terminal(shop, "yes")
    assert code == 0
    assert "Forgotten." in out
    assert traces(shop) == []


def test_what_stays_is_told_and_honoured(shop: Shell) -> None:
    shop.sandbox.cc.unsubscribe(EMAIL)
    shop.json("sync", "inbound")
    done = shop("forget", str(shop.number), "--yes", "--json")
    assert done.returncode == 0
    assert json.loads(done.stdout) == {
        "customer_ids": [shop.number],
        "opt_out_kept": True,
        "comes_back": False,
        "backups_removed": 0,
        "complete": True,
    }
    assert "keyed hash" in done.stderr
    assert traces(shop) == []
    assert shop.json("ledger", EMAIL) == {"entries": []}
    shop.sandbox.kibo.opt_in(shop.number)
    shop.json("sync", "export")
    shop.json("sync", "events")
    members = shop.sandbox.cc.members(shop.sandbox.cc.list_id("Kibo customers"))
    assert EMAIL.lower() not in {one.lower() for one in members}


def test_a_slip_in_the_name_changes_nothing_and_says_so(shop: Shell, tmp_path: Path) -> None:
    done = shop("forget", "zebulon.quist@hoper.example", "--yes")
    assert done.returncode == 0
    assert done.stdout == ""
    assert "Nobody is known by “zebulon.quist@hoper.example”. Nothing was changed." in done.stderr
    assert shop("forget", "zebulon.quist@hoper.example").returncode == 0, "there is nothing to ask about"
    assert shop.json("bundle", str(tmp_path / "bundle.zip"))["runs"] == [1]


def test_what_it_costs_support_is_said_before_and_in_the_bundle(shop: Shell, tmp_path: Path) -> None:
    done = shop("forget", EMAIL, "--yes")
    assert "support can no longer do these runs again" in done.stderr
    assert "Records removed: those of runs 1." in done.stdout
    page = shop("bundle", str(tmp_path / "bundle.zip")).stdout
    assert "Runs that can be done again from it: none\n" in page
    assert "Not in it, because somebody in them was forgotten since: the records of runs 1." in page


def test_somebody_unknown_is_no_error(shop: Shell) -> None:
    assert shop.json("forget", "nobody@example.com", "--yes")["customer_ids"] == []
    assert shop("forget", "", "--yes").returncode == 2
    assert len(shop.json("ledger", EMAIL)["entries"]) == 2
