"""Any text in, any text out: nothing typed and no name is a mistake of ours, and no secret is repeated."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

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
