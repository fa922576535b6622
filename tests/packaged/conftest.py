"""Tests of the packaged program: `make package` runs them, with CCDESK_PROGRAM naming it."""

import os
from pathlib import Path

import pytest

from tests.cli.conftest import ProcessShell, connected, pretended

__all__ = ["connected"]

PROGRAM = os.environ.get("CCDESK_PROGRAM", "")
collect_ignore_glob = [] if PROGRAM else ["test_*"]


class Packaged(ProcessShell):
    """Runs the packaged program; the services are pretended from source."""

    def command(self, *words):
        return [PROGRAM, "--base-dir", str(self.base), *words]


@pytest.fixture
def program():
    return Path(PROGRAM)


@pytest.fixture
def shell(tmp_path):
    with pretended(tmp_path / "base", Packaged) as shell:
        yield shell
