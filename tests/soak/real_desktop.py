"""A desktop for the real window: a display without a screen, and a session bus, in processes of their own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import IO, Any

from ccdesk.sandbox.constant_contact.switches import CcSwitches
from ccdesk.sandbox.run import Sandbox
from tests.cli.conftest import ProcessShell

PROGRAMS = ("Xvfb", "dbus-daemon")
# What would lead the window to the desktop of whoever runs the tests.
_NOT_OURS = (
    "WAYLAND_DISPLAY", "XAUTHORITY", "SESSION_MANAGER", "DESKTOP_SESSION", "XDG_CURRENT_DESKTOP",
    "AT_SPI_BUS_ADDRESS", "QT_QPA_PLATFORM", "QT_ACCESSIBILITY", "QT_LINUX_ACCESSIBILITY_ALWAYS_ON",
)  # fmt: skip


class RealDesktop:
    """Display and session bus; programs started on it end with it."""

    def __init__(self, home: Path) -> None:
        self._started: list[subprocess.Popen[str]] = []
        self._run = tempfile.mkdtemp(prefix="desk-")  # paths of sockets must be short
        self.log = home / "desktop.log"
        self.environment = {
            **{name: value for name, value in os.environ.items() if name not in _NOT_OURS},
            "HOME": str(home), "XDG_DATA_HOME": str(home / "data"), "XDG_CONFIG_HOME": str(home / "config"),
            "XDG_CACHE_HOME": str(home / "cache"), "XDG_RUNTIME_DIR": self._run,
        }  # fmt: skip
        try:
            screen = ("-screen", "0", "1100x800x24", "-nolisten", "tcp", "-noreset")
            number = _line(self.start("Xvfb", "-displayfd", "1", *screen))
            self.environment["DISPLAY"] = f":{number}"
            bus = self.start("dbus-daemon", "--session", "--nofork", "--nopidfile", "--print-address=1")
            self.environment["DBUS_SESSION_BUS_ADDRESS"] = self.address = _line(bus)
        except BaseException:
            self.close()
            raise

    def start(self, *command: str, **environment: str) -> subprocess.Popen[str]:
        """Start a program on this desktop; what it complains of goes to the log."""
        with self.log.open("a") as log:
            process = subprocess.Popen(
                command,
                env={**self.environment, **environment},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        self._started.append(process)
        return process

    def close(self) -> None:
        """End what was started, the display last."""
        for process in reversed(self._started):
            if process.poll() is None:
                process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            if process.stdout is not None:
                process.stdout.close()
        shutil.rmtree(self._run, ignore_errors=True)


def _line(process: subprocess.Popen[str]) -> str:
    """Return the line with which a program says that it is ready."""
    stdout: IO[str] | None = process.stdout
    line = stdout.readline().strip() if stdout is not None else ""
    assert line, f"{process.args!r} did not start"
    return line


class PretendShop:
    """A shop with three customers who opted in, all of it set up, logged in, exported and enabled."""

    def __init__(self, base: Path) -> None:
        self.sandbox = Sandbox(cc_switches=CcSwitches(limits_on=False, activity_seconds=0.0))
        self.sandbox.__enter__()
        self.shell: Any = ProcessShell(self.sandbox, base)

    def set_up(self) -> None:
        """Do by commands what leads through the first day."""
        for number in range(3):
            self.sandbox.kibo.add_customer(f"person{number}@example.com", True, first_name="Per")
        self.shell.set_up()
        assert self.shell.log_in()[0] == 0
        for setting in ("contact_list=Kibo customers", "enabled=true"):
            self.shell.json("settings", "set", setting)

    def window(self, desktop: RealDesktop, *words: str) -> subprocess.Popen[str]:
        """Open the real window on it."""
        ours = {name: value for name, value in self.shell.environment.items() if name.startswith("CCDESK_")}
        command = (sys.executable, "-m", "ccdesk", "--base-dir", str(self.shell.base), *words)
        return desktop.start(*command, **ours)

    def close(self) -> None:
        """End the pretend services."""
        self.sandbox.__exit__(None, None, None)
