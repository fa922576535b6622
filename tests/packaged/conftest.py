"""Tests of the packaged program: `make package` runs them, with CCDESK_PROGRAM naming it."""

import os
from pathlib import Path

import pytest

from ccdesk.sandbox.constant_contact.switches import CcSwitches
from ccdesk.sandbox.run import Sandbox
from tests.cli.conftest import Shell

PROGRAM = os.environ.get("CCDESK_PROGRAM", "")
collect_ignore_glob = [] if PROGRAM else ["test_*"]


class Packaged(Shell):
    """Runs the packaged program; the services are pretended from source."""

    def command(self, *words):
        return [PROGRAM, "--base-dir", str(self.base), *words]


@pytest.fixture
def program():
    return Path(PROGRAM)


@pytest.fixture
def shell(tmp_path):
    switches = CcSwitches(limits_on=False, activity_seconds=0.0)
    with Sandbox(cc_switches=switches) as sandbox:
        yield Packaged(sandbox, tmp_path / "base")


@pytest.fixture
def connected(shell):
    shell.set_up()
    shell.log_in()
    shell.json("settings", "set", "contact_list=Kibo customers")
    return shell
