"""Many ways to break a shop, each saved as a bundle and done again from it alone, in processes (issue 16).

`tests/support/test_reproduce.py` does so within one process. Here every step is a command as support would
give it: the run that fails, `ccdesk bundle`, and on a computer with nothing else `ccdesk replay`.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ccdesk.core.runs import RunKind
from tests.cli.conftest import ProcessShell, connected, process_shell
from tests.soak.conftest import SOAK
from tests.support.ways import NAMES, WAYS, assert_nobody_is_named

__all__ = ["connected", "process_shell"]


@pytest.fixture
def shell(process_shell: ProcessShell) -> ProcessShell:
    return process_shell


class ByCommands:
    """What a way of breaking things needs of the world, done by the command line."""

    def __init__(self, shell: ProcessShell) -> None:
        self.shell, self.sandbox = shell, shell.sandbox
        self.kibo, self.cc = shell.sandbox.kibo, shell.sandbox.cc
        self.desk: Any = SimpleNamespace(
            run=self._run, runs=lambda limit: [None], forget=lambda who: shell("forget", who, "--yes")
        )

    @property
    def list_id(self) -> str:
        return str(self.cc.list_id("Kibo customers"))

    def later(self) -> None:
        """Time goes by itself here."""

    def reopen(self) -> None:
        """Every command is a program of its own."""

    def _run(self, kind: RunKind) -> None:
        self.shell("sync", kind.value)


@pytest.mark.skipif(not SOAK, reason="`make soak`: `make test` does two of them in processes, and all in one")
@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_what_went_wrong_goes_wrong_again_elsewhere(
    connected: ProcessShell, tmp_path: Path, way: Callable[[Any], RunKind]
) -> None:
    world = ByCommands(connected)
    for email, (first, last, _, _) in NAMES.items():
        world.kibo.add_customer(email, True, first_name=first, last_name=last)
    kind = way(world)
    connected("sync", kind.value)
    newest = connected.json("runs")["runs"][0]
    assert newest["kind"] == kind.value
    out = tmp_path / "bundle.zip"
    assert newest["id"] in connected.json("bundle", str(out))["runs"]
    connected.sandbox.stop()
    assert_nobody_is_named(out)
    command = [sys.executable, "-m", "ccdesk", "--base-dir", str(tmp_path / "elsewhere")]
    done = subprocess.run(
        [*command, "replay", str(out), "--json"], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(done.stdout)
    assert found["reproduced"] is True
    assert newest["id"] in [one["id"] for one in found["runs"]]
    assert not list((tmp_path / "elsewhere").glob("*.sqlite3")), "a replay leaves nothing"
