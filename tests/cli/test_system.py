"""`ccdesk autostart` and `ccdesk service` as a script meets them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere it would change this computer")


class Home:
    """Runs ccdesk with a configuration folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "bin").mkdir()
        self.environment = {
            **{key: value for key, value in os.environ.items() if not key.startswith("CCDESK_")},
            "XDG_CONFIG_HOME": str(folder / "config"),
            "PATH": str(folder / "bin"),
        }

    def __call__(self, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "ccdesk", "--base-dir", str(self.folder / "base"), *words],
            env={**self.environment, **environment}, capture_output=True, text=True, check=False,
        )  # fmt: skip

    def json(self, *words: str, code: int = 0) -> Any:
        done = self(*words, "--json")
        assert done.returncode == code, done.stderr
        return json.loads(done.stdout)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def test_the_start_at_login_on_status_and_off(home: Home) -> None:
    assert home.json("autostart", "status")["on"] is False
    on = home.json("autostart", "on")
    assert (on["on"], on["current"]) == (True, True)
    assert on["command"].endswith(f"ccdesk --base-dir {home.folder / 'base'} --tray")
    assert Path(on["place"]).is_relative_to(home.folder / "config" / "autostart")
    assert home.json("autostart", "status") == on
    assert home("autostart", "status").stdout.startswith("On: ccdesk starts when you log in")
    assert home.json("autostart", "off")["on"] is False
    assert home("autostart", "status").stdout == "Off: ccdesk does not start by itself.\n"


def test_variables_that_are_not_seen_at_login_are_named_without_their_values(home: Home) -> None:
    done = home("autostart", "on", CCDESK_KIBO_SHARED_SECRET="s3cret", CCDESK_VAULT="file")
    assert "CCDESK_KIBO_SHARED_SECRET is set here only" in done.stderr
    assert "CCDESK_VAULT" not in done.stderr
    written = next((home.folder / "config").rglob("*.desktop")).read_text()
    assert "s3cret" not in written + done.stderr
    assert "CCDESK_VAULT=file" in written


def test_a_service_where_there_is_no_systemd(home: Home) -> None:
    assert home.json("service", "status")["installed"] is False
    refused = home.json("service", "install", code=2)["error"]
    assert refused["code"] == "service_refused"
    assert home.json("service", "status")["installed"] is False


def test_a_service_is_installed_and_removed(home: Home) -> None:
    asked = home.folder / "asked"
    systemctl = home.folder / "bin" / "systemctl"
    systemctl.write_text(f'#!/bin/sh\necho "$@" >> {asked}\n')
    systemctl.chmod(0o755)
    state = home.json("service", "install")
    assert (state["installed"], state["running"]) == (True, True)
    assert home("service", "status").stdout == f"Installed, and running: {state['place']}\n"
    assert home.json("service", "remove")["installed"] is False
    name = Path(state["place"]).name
    assert f"--user restart {name}\n" in asked.read_text()
    assert f"--user disable --now {name}\n" in asked.read_text()


@pytest.mark.parametrize("words", [("autostart",), ("autostart", "maybe"), ("service", "start")])
def test_other_words_are_not_understood(home: Home, words: tuple[str, ...]) -> None:
    assert home.json(*words, code=2)["error"]["code"] == "wrong_use"
