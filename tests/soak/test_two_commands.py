"""The two commands the README opens with, as a newcomer types them: a fresh clone, a fresh environment."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.soak.conftest import SOAK

ROOT = Path(__file__).parents[2]
KEPT = ("PATH", "HOME", "LANG", "USER", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR")
PREFIXES = ("PIP_", "HTTP_", "HTTPS_", "NO_", "http", "no_")  # how this computer reaches the packages

pytestmark = pytest.mark.skipif(not SOAK, reason="“make test” would call itself; “make soak” does it")


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """What is committed, and nothing else."""
    subprocess.run(["git", "clone", "--quiet", "--no-hardlinks", ROOT, tmp_path / "clone"], check=True)
    return tmp_path / "clone"


def newcomer() -> dict[str, str]:
    """The environment without ours: no display, no virtual environment, no setting of ccdesk."""
    return {name: value for name, value in os.environ.items() if name in KEPT or name.startswith(PREFIXES)}


@pytest.mark.parametrize("commands", [("demo", "test"), ("test", "demo")], ids=" then ".join)
def test_both_commands_work_in_a_fresh_clone(
    clone: Path, commands: tuple[str, str], say: Callable[[str], None]
) -> None:
    for command in commands:
        began = time.monotonic()
        done = subprocess.run(
            ["make", command], cwd=clone, env=newcomer(), capture_output=True, text=True, check=False
        )
        said = "\n".join([*done.stdout.splitlines()[-60:], *done.stderr.splitlines()[-20:]])
        assert done.returncode == 0, f"make {command}:\n{said}"
        say(f"make {command} in a fresh clone: {time.monotonic() - began:.0f} s")
    left = subprocess.run(
        ["git", "status", "--porcelain"], cwd=clone, capture_output=True, text=True, check=True
    )
    assert left.stdout == "", "the commands leave files that git does not know"


def test_the_lock_can_be_installed_as_built_on_every_system(tmp_path: Path) -> None:
    """Nothing has to be built from source: that would fetch what builds it past the lock."""
    subprocess.run(["make", "build/lock/bin/uv"], cwd=ROOT, check=True, capture_output=True)
    macs = {"MACOSX_DEPLOYMENT_TARGET": "14.0"}  # Qt's own floor
    for system in ("x86_64-manylinux_2_36", "windows", "macos", "x86_64-apple-darwin"):
        for python in ("3.11", "3.12", "3.13"):
            done = subprocess.run(
                [
                    ROOT / "build/lock/bin/uv", "pip", "compile", "--quiet", "--no-build",
                    "--python-platform", system, "--python-version", python,
                    "requirements.lock", "--output-file", tmp_path / f"{system}-{python}.txt",
                ],
                cwd=ROOT, env=os.environ | macs, capture_output=True, text=True, check=False,
            )  # fmt: skip
            assert done.returncode == 0, f"{system}, Python {python}: {done.stderr}"


def test_the_lock_is_what_the_tool_makes_of_the_declarations(clone: Path) -> None:
    before = (clone / "requirements.lock").read_text(encoding="utf-8")
    done = subprocess.run(
        ["make", "lock"], cwd=clone, env=newcomer(), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert (clone / "requirements.lock").read_text(encoding="utf-8") == before
