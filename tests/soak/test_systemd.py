"""`ccdesk service` on a real systemd of the user, in a corner of this computer that no other program sees."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.soak.real_desktop import PretendShop
from tests.soak.tools import need, only_soak, until

SYSTEMD = "/usr/lib/systemd/systemd"
pytestmark = [
    only_soak,
    pytest.mark.skipif(
        sys.platform != "linux" or os.geteuid() != 0,
        reason="only root can start a systemd of its own beside this computer's",
    ),
]
# /run is empty there: systemd takes the computer for one that it has started, and reaches nobody else's bus.
CORNER = f"""
mount -t tmpfs tmpfs /run
mkdir -p /run/systemd/system
mkdir -m 700 -p "$XDG_RUNTIME_DIR"
{SYSTEMD} --user &
wait
"""
QUICK = "[Service]\nRestartSec=1\n"  # a minute by default


class Corner:
    """The user's systemd, and commands run beside it."""

    def __init__(self, home: Path) -> None:
        self.environment = {
            **{name: text for name, text in os.environ.items() if not name.startswith(("CCDESK_", "DBUS_"))},
            "HOME": str(home), "XDG_RUNTIME_DIR": "/run/user/0", "XDG_CONFIG_HOME": str(home / "config"),
            "SYSTEMD_LOG_TARGET": "console", "CCDESK_VAULT": "file",
        }  # fmt: skip
        command = [
            "unshare",
            "--mount",
            "--pid",
            "--fork",
            "--mount-proc",
            "--kill-child",
            "sh",
            "-c",
            CORNER,
        ]
        self.log = home / "systemd.log"
        with self.log.open("w") as log:
            self._corner = subprocess.Popen(
                command, env=self.environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        try:
            until(lambda: psutil.Process(self._corner.pid).children())
            self._inside = psutil.Process(self._corner.pid).children()[0].pid
            until(lambda: "running" in self("systemctl", "--user", "is-system-running").stdout)
        except BaseException:
            self.close()
            raise

    def __call__(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a command there."""
        return subprocess.run(
            ["nsenter", "--target", str(self._inside), "--mount", "--pid", *command],
            env=self.environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60,
            check=False,
        )  # fmt: skip

    def told(self, unit: str, name: str) -> str:
        """Return what systemd tells of a unit."""
        return self("systemctl", "--user", "show", unit, "--value", "-p", name).stdout.strip()

    def close(self) -> None:
        """End all that runs there."""
        self._corner.kill()
        self._corner.wait()


@pytest.fixture
def corner(tmp_path: Path) -> Iterator[Corner]:
    need("unshare", "nsenter", "systemctl", SYSTEMD)
    started = Corner(tmp_path)
    yield started
    started.close()


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[PretendShop]:
    made = PretendShop(tmp_path / "base")
    made.set_up()
    made.shell("sync", "export")
    secret = made.shell.environment["CCDESK_KIBO_SHARED_SECRET"]
    command = made.shell.command("settings", "set", "--kibo-secret")
    subprocess.run(
        command, env=made.shell.environment, input=f"{secret}\n", text=True, check=True, timeout=60
    )
    yield made
    made.close()


def test_it_is_installed_runs_comes_back_from_a_kill_stops_in_order_and_goes(
    corner: Corner, shop: PretendShop, tmp_path: Path
) -> None:
    def service(verb: str) -> str:
        done = corner(*shop.shell.command("service", verb))
        assert done.returncode == 0, done.stderr
        return done.stdout

    def runs() -> int:
        return len(shop.shell.json("runs")["runs"])

    assert "Not installed" in service("status")
    assert "and running" in service("install")
    [path] = (tmp_path / "config" / "systemd" / "user").glob("ccdesk*.service")
    unit = path.name
    quick = path.with_name(f"{unit}.d")
    quick.mkdir()
    (quick / "quick.conf").write_text(QUICK)
    assert "and running" in service("install"), "installed over itself"
    assert corner("systemctl", "--user", "is-enabled", unit).stdout.strip() == "enabled"
    until(lambda: runs() > 2, seconds=60, pause=1)  # the export's, and the first of both directions
    statuses = {one["status"] for one in shop.shell.json("runs")["runs"]}
    assert statuses == {"COMPLETE"}

    first = int(corner.told(unit, "MainPID"))
    assert corner("kill", f"-{signal.SIGKILL.value}", str(first)).returncode == 0
    until(lambda: corner.told(unit, "MainPID") not in ("0", str(first)), seconds=30)
    assert corner.told(unit, "NRestarts") == "1"
    known = runs()
    shop.sandbox.kibo.add_customer("late@example.com", True, first_name="Nina")
    assert shop.shell("sync", "events").returncode == 0, "the dead program's lease is in nobody's way"
    assert runs() > known

    corner("systemctl", "--user", "stop", unit)
    assert (corner.told(unit, "ActiveState"), corner.told(unit, "Result")) == ("inactive", "success")
    assert "but not running" in service("status")
    assert "and running" in service("install")
    pid = int(corner.told(unit, "MainPID"))
    service("remove")
    assert not path.exists()
    assert corner("kill", "-0", str(pid)).returncode != 0
    assert corner.told(unit, "ActiveState") == "inactive"
    service("remove")
