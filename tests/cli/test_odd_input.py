"""Any text in, any text out: nothing typed and no name is a mistake of ours, and no secret is repeated."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import unicodedata
from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest

from ccdesk.cli import tables
from ccdesk.cli.console import Console
from ccdesk.core.errors import Refused
from ccdesk.service.api import Calls, Connection, ConnectionState, Status

NAMES = "Список 用户 😀"
SECRET = "s3cr3t-of-the-shop"


def ccdesk(base: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith("CCDESK_")}
    done = subprocess.run(
        [sys.executable, "-m", "ccdesk", "--base-dir", str(base / "base"), *words],
        env={**kept, "CCDESK_VAULT": "file", **environment},
        capture_output=True,
        timeout=60,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    assert b"Traceback" not in done.stderr
    assert b"itself made a mistake" not in done.stderr, done.stderr
    return done


@pytest.mark.parametrize("encoding", ["cp1252", "ascii", "utf-8:strict"])
def test_a_narrow_output_takes_every_name(encoding: str, tmp_path: Path) -> None:
    environment = {"CCDESK_CONTACT_LIST": NAMES, "PYTHONIOENCODING": encoding}
    assert ccdesk(tmp_path, "settings", "show", **environment).returncode == 0
    told = ccdesk(tmp_path, "settings", "show", "--json", **environment)
    assert told.returncode == 0
    assert json.loads(told.stdout)["contact_list"] == NAMES


@pytest.mark.skipif(os.name != "posix", reason="the environment is no bytes there")
def test_a_setting_that_is_no_text_is_no_crash(tmp_path: Path) -> None:
    environment = {"CCDESK_CONTACT_LIST": "a\udcffb", "PYTHONIOENCODING": "utf-8:strict"}
    assert ccdesk(tmp_path, "settings", "show", **environment).returncode == 0
    told = ccdesk(tmp_path, "settings", "show", "--json", **environment)
    assert json.loads(told.stdout)["contact_list"] == "a\udcffb"


def test_a_name_commands_no_terminal(tmp_path: Path) -> None:
    told = ccdesk(tmp_path, "settings", "show", CCDESK_CONTACT_LIST="a\x1b]0;owned\x07\x9b2J\rb")
    assert not {0x1B, 0x07, 0x0D} & set(told.stdout.replace(os.linesep.encode(), b"\n"))
    assert b"\xc2\x9b" not in told.stdout


@pytest.mark.parametrize(
    "words",
    [
        ("settings", "set", f"--kibo-secret={SECRET}"),
        ("settings", "set", f"--kibo-sec={SECRET}"),
        ("settings", "set", f"--shared-secret={SECRET}"),
        ("settings", "set", "--kibo-secret", SECRET),
        ("settings", "set", f"kibo-secret={SECRET}"),
        ("settings", "set", f"KIBO_SHARED_SECRET={SECRET}"),
    ],
)
def test_a_secret_typed_where_none_belongs_is_not_repeated(words: tuple[str, ...], tmp_path: Path) -> None:
    done = ccdesk(tmp_path, *words, "--json")
    assert done.returncode == 2
    assert SECRET.encode() not in done.stdout + done.stderr


def test_nobody_there_to_type_the_secret(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "ccdesk", "--base-dir", str(tmp_path), "settings", "set", "--kibo-secret"],
        env={**os.environ, "CCDESK_VAULT": "file"},
        capture_output=True,
        timeout=60,
        check=False,
        stdin=subprocess.DEVNULL,
        start_new_session=os.name == "posix",  # without a terminal to ask at
    )
    assert done.returncode == 2
    assert b"No secret was given" in done.stderr


def test_a_number_no_run_can_have(tmp_path: Path) -> None:
    assert ccdesk(tmp_path, "runs", "9" * 30).returncode == 2
    assert ccdesk(tmp_path, "runs", "9" * 5000).returncode == 2


HOSTILE = [
    "\x9b2J", "\x9d0;owned\x9c", "\x85", "\x7f", "\u202e", "\u2066", "\u200f", "\u061c", "\u2028", "\u2029",
    "\u200b", "\u200d", "\ufeff", "\xad", "\U000e0041", "\x1b]0;x\x07", "\r", "\n", "\x00", "\udcff",
]  # fmt: skip


@pytest.mark.parametrize("hostile", HOSTILE, ids=ascii)
def test_json_has_nothing_raw_that_a_terminal_obeys_and_loses_nothing(hostile, capsys):
    """C1 controls and marks that turn text round are lawful in JSON, and went out as they came."""
    name = f"Ann{hostile}{hostile}example"
    console = Console(as_json=True)
    console.document({"name": name, name: 1})
    console.write(orjson.dumps(name.encode("utf-8", "replace").decode()).decode() + "\n")
    out = capsys.readouterr().out
    assert json.loads(out.splitlines()[0]) == {"name": name, name: 1}
    raw = [one for one in out if unicodedata.category(one) in ("Cc", "Cf", "Zl", "Zp") and one != "\n"]
    assert raw == []
    assert out.count("\n") == 2


def test_names_in_json_stay_readable(capsys):
    Console(as_json=True).document({"name": NAMES})
    assert NAMES in capsys.readouterr().out


def status(name: str) -> Status:
    error = Refused(meaning=f"The service said: {name}", detail=name)
    calls = Calls(1, 10_000, 1_000, {}, datetime(2026, 3, 1, tzinfo=UTC))
    return Status(
        version="1",
        base_dir="/base",
        enabled=True,
        kibo=Connection(ConnectionState.CONNECTED, name),
        constant_contact=Connection(ConnectionState.FAILED, name, error=error),
        calls=calls,
        next_runs={},
        contact_list=name,
        running=name,
    )


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\u2029"])
def test_a_name_forges_no_line_of_the_status(end, capsys):
    tables.print_status(Console(as_json=False), status("Acme"))
    honest = capsys.readouterr().out.splitlines()
    forged = f"Acme{end}Queue: 0 waiting, 0 of them need a person{end}Enabled: no"
    tables.print_status(Console(as_json=False), status(forged))
    out = capsys.readouterr().out.splitlines()
    assert len(out) == len(honest)
    assert len([line for line in out if line.startswith(("Queue:", "Enabled:"))]) == 2


@pytest.mark.parametrize("end", ["\n", "\r", "\x85", "\u2028"])
def test_nor_a_line_of_an_error(end, capsys):
    error = Refused(f"“A{end}ccdesk: done” is gone", meaning=f"x{end}ccdesk: all is well", detail=f"{end}y")
    Console(as_json=False).error(error)
    told = capsys.readouterr().err.splitlines()
    assert len([line for line in told if not line.startswith("  ")]) == 1


PLANTED = (
    "requests",
    "keyring",
    "filelock",
    "platformdirs",
    "orjson",
    "peewee",
    "psutil",
    "truststore",
    "uuid",
)


def test_the_current_folder_is_not_looked_into_for_modules(tmp_path):
    """A folder of downloads with a `keyring.py` in it would run that with the login in its hands."""
    downloads = tmp_path / "downloads"
    downloads.mkdir()
    for name in PLANTED:
        (downloads / f"{name}.py").write_text("open('ran-' + __name__, 'w')\nraise SystemExit(9)\n")
    done = subprocess.run(
        [sys.executable, "-m", "ccdesk", "--base-dir", str(tmp_path / "base"), "--json", "status"],
        env={**os.environ, "CCDESK_VAULT": "file"},
        cwd=downloads, capture_output=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode in (0, 3), done.stderr
    assert list(downloads.glob("ran-*")) == []


CRASHING = """
import ctypes, os, sys
from ccdesk.cli import commands
from ccdesk.cli.main import main
def crash(*_):
    print(open("/proc/self/limits").read() if os.path.exists("/proc/self/limits") else "", flush=True)
    print("dumpable", ctypes.CDLL(None).prctl(3, 0, 0, 0, 0), flush=True)
    ctypes.string_at(0)
commands.perform = crash
main(sys.argv[1:])
"""


@pytest.mark.skipif(sys.platform != "linux", reason="asks the kernel of Linux")
def test_a_crash_leaves_no_image_with_tokens_in_it(tmp_path):
    done = subprocess.run(
        ["sh", "-c", 'ulimit -S -c "$(ulimit -H -c)"; exec "$@"', "sh",
         sys.executable, "-c", CRASHING, "--base-dir", str(tmp_path / "base"), "status"],
        cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == -signal.SIGSEGV
    assert re.search(r"Max core file size +0 +0 ", done.stdout)
    assert "dumpable 0" in done.stdout
    assert list(tmp_path.glob("core*")) == []


@pytest.mark.skipif(sys.platform == "win32", reason="a handle is closed there in another way")
@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-", "<&- >&- 2>&-"])
def test_where_an_output_is_closed_the_work_is_done_all_the_same(tmp_path: Path, closed: str) -> None:
    kept = {key: value for key, value in os.environ.items() if not key.startswith("CCDESK_")}
    words = [sys.executable, "-m", "ccdesk", "--base-dir", str(tmp_path), "settings", "set", "keep_days=80"]
    done = subprocess.run(
        ["sh", "-c", f'"$@" {closed}', "sh", *words], env=kept, capture_output=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    assert b"went wrong" not in done.stderr
    assert b"80" in ccdesk(tmp_path.parent, "--base-dir", str(tmp_path), "settings", "show").stdout


def test_a_setting_that_is_given_twice_is_not_guessed_at(tmp_path: Path) -> None:
    done = ccdesk(tmp_path, "settings", "set", "keep_days=80", "keep_days=70")
    assert done.returncode == 2
    assert "“keep_days” is given twice" in done.stderr.decode()
    assert "90" in ccdesk(tmp_path, "settings", "show").stdout.decode()
