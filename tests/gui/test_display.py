"""A display that is not there, or not for us, ends in words; Qt would abort with 134 and a core dump."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(
    os.name != "posix" or sys.platform == "darwin", reason="the window needs no display server there"
)
PROGRAM = """
import sys
from ccdesk.gui import display
display._SECONDS = float(sys.argv[1])
from ccdesk.core.errors import SettingsError
try:
    display.require_display()
except SettingsError as error:
    print(error.text, error.detail)
    sys.exit(2)
"""


def tried(seconds: float = 15.0, **environment: str) -> subprocess.CompletedProcess[str]:
    names = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM", "XDG_SESSION_TYPE")
    kept = {key: value for key, value in os.environ.items() if key not in names}
    return subprocess.run(
        [sys.executable, "-c", PROGRAM, str(seconds)],
        env={**kept, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"DISPLAY": ":4077"},
        {"DISPLAY": "nonsense"},
        {"DISPLAY": "127.0.0.1:99"},
        {"WAYLAND_DISPLAY": "wayland-4077"},
        {"WAYLAND_DISPLAY": "/nowhere/wayland-0", "DISPLAY": ":4077"},
        {"QT_QPA_PLATFORM": "xcb", "DISPLAY": ":4077"},
        {"QT_QPA_PLATFORM": "wayland", "WAYLAND_DISPLAY": "wayland-4077"},
        {"QT_QPA_PLATFORM": "xcb"},
        {"QT_QPA_PLATFORM": "nonsense"},
    ],
    ids=str,
)
def test_a_display_that_cannot_be_used_is_said_in_words(environment: dict[str, str]) -> None:
    done = tried(**environment)
    assert done.returncode == 2, done
    assert "isplay" in done.stdout
    assert "ccdesk --help" in done.stdout
    for name, value in environment.items():
        assert f"{name}={value}" in done.stdout
    assert done.stderr == ""


@pytest.mark.parametrize("platform", ["offscreen", "minimal", "offscreen:size=100x100"])
def test_what_needs_no_display_is_not_tried(platform: str) -> None:
    assert tried(QT_QPA_PLATFORM=platform, DISPLAY=":4077").returncode == 0


def test_a_wayland_socket_that_nobody_serves(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(tmp_path / "wayland-0"))
    assert tried(WAYLAND_DISPLAY="wayland-0", XDG_RUNTIME_DIR=str(tmp_path)).returncode == 2


def test_a_display_that_takes_us_and_says_nothing_is_not_waited_for_for_ever() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        number = silent.getsockname()[1] - 6000
        if number < 0:
            pytest.skip("the system gave a port no display can have")
        done = tried(2.0, DISPLAY=f"127.0.0.1:{number}")
    assert done.returncode == 2
    assert "does not answer" in done.stdout


@pytest.mark.skipif(shutil.which("Xvfb") is None, reason="Xvfb is not installed")
@pytest.mark.parametrize("environment", [{}, {"WAYLAND_DISPLAY": "wayland-4077"}], ids=str)
def test_a_display_that_is_there_is_used(environment: dict[str, str], tmp_path: Path) -> None:
    reading, writing = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(writing), "-screen", "0", "640x480x24", "-nolisten", "tcp"],
        pass_fds=[writing], stderr=subprocess.DEVNULL,
    )  # fmt: skip
    os.close(writing)
    try:
        with os.fdopen(reading) as pipe:
            number = pipe.readline().strip()
        done = tried(DISPLAY=f":{number}", **environment)
        assert done.returncode == 0, done
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(10)


def test_nothing_is_left_of_the_trial() -> None:
    program = f"{PROGRAM}\n".replace("sys.exit(2)", "pass") + (
        "import os\ntry:\n    os.waitpid(-1, os.WNOHANG)\nexcept ChildProcessError:\n    sys.exit(7)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, "15"],
        env={**{k: v for k, v in os.environ.items() if k != "QT_QPA_PLATFORM"}, "DISPLAY": ":4077"},
        timeout=60, check=False, capture_output=True,
    )  # fmt: skip
    assert done.returncode == 7
