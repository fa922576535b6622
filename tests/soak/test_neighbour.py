"""Another user of the same computer attacks: real processes under another number, against real programs."""

from __future__ import annotations

import getpass
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from ccdesk.core.models import Link
from ccdesk.gui.single_instance import ADDRESS, LOCK, SOCKET
from ccdesk.paths import Paths
from ccdesk.store.store import SqliteStore
from tests.soak.tools import until

pytestmark = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0,
    reason="only root can become another user of this computer",
)
MALLORY = 54321
SECRET = "the-real-refresh-token-of-the-shop"
# Begins as root, for Python itself may lie where nobody else can read it, and is Mallory from then on.
BECOME = f"""
import fcntl, json, os, socket, sqlite3, sys
from pathlib import Path
os.setgroups([])
os.setgid({MALLORY})
os.setuid({MALLORY})
base = Path(sys.argv[1])
got = []
def attempt(name, work):
    try:
        work()
    except Exception:
        return
    got.append(name)
"""
ATTACKS = """
def lock(path):
    with open(path) as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
def connect(path):
    with socket.socket(socket.AF_UNIX) as one:
        one.connect(str(path))
for path in sorted(base.iterdir()):
    attempt(f"read {path.name}", path.read_bytes)
    attempt(f"locked {path.name}", lambda: lock(path))
    attempt(f"wrote {path.name}", lambda: open(path, "a"))
    attempt(f"removed {path.name}", path.unlink)
    attempt(f"connected to {path.name}", lambda: connect(path))
for name in ("ccdesk.log.1", "vault.json", "window.sock", "login.stamp", "demo", "planted"):
    attempt(f"linked {name}", lambda: (base / name).symlink_to("/etc/passwd"))
attempt("renamed", lambda: base.rename(base.with_name("mine")))
for number in Path("/proc").glob("[0-9]*"):
    try:
        ours = b"ccdesk" in (number / "cmdline").read_bytes() and number.stat().st_uid == 0
    except OSError:
        continue
    if ours:
        attempt(f"memory {number.name}", lambda: open(number / "mem", "rb"))
        attempt(f"environment {number.name}", lambda: (number / "environ").read_bytes() or 1 / 0)
print(json.dumps(got))
"""


def as_mallory(script: str, base: Path) -> list[str]:
    """Let Mallory try something, and return what succeeded."""
    done = subprocess.run(
        [sys.executable, "-c", BECOME + script, str(base)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: list[str] = json.loads(done.stdout)
    return found


def ccdesk(base: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "ccdesk", "--base-dir", str(base), *words],
        env=environment(), capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def opened(base: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "ccdesk", "--base-dir", str(base)]
    return subprocess.Popen(command, env=environment(), stderr=subprocess.PIPE)


def environment() -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith("CCDESK_")}
    return {**kept, "CCDESK_LANGUAGE": "en", "CCDESK_VAULT": "file", "QT_QPA_PLATFORM": "offscreen"}


@pytest.fixture
def common() -> Iterator[Path]:
    """A folder that everybody can reach, as /tmp; pytest's own are root's alone."""
    folder = Path(tempfile.mkdtemp(prefix="ccdesk-neighbour-", dir="/tmp"))
    folder.chmod(0o1777)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def base(common: Path) -> Path:
    """A base dir others may look into, as a user's own umask makes one, with people and a login in it."""
    base = common / "base"
    base.mkdir()
    base.chmod(0o755)
    store = SqliteStore(Paths(base).database)
    store.links.save([Link(1, "ann@people.example")])
    store.close_all()
    (base / "vault.json").write_text(json.dumps({"cc_refresh_token": SECRET, "cc_access_token": SECRET}))
    for name in ("ccdesk.log", "ccdesk.log.1", "login.stamp", "login.lock", "vault.json.lock"):
        (base / name).write_text("")  # 0644, as the version before made them
    return base


def test_the_neighbour_gets_nothing_from_a_base_dir_they_may_look_into(base: Path) -> None:
    window = opened(base)
    try:
        until(lambda: (base / ADDRESS).exists() or window.poll() is not None)
        assert window.poll() is None, window.stderr and window.stderr.read()
        ccdesk(base, "status")  # has used the login, its locks and its stamp
        assert {LOCK, SOCKET, ADDRESS} <= {one.name for one in base.iterdir()}
        assert as_mallory(ATTACKS, base) == []
        assert window.poll() is None
    finally:
        window.terminate()
        window.communicate(timeout=30)


SQUAT = """
names = [sys.argv[2]]
held = []
for name in names:
    one = socket.socket(socket.AF_UNIX)
    attempt(f"sits on {name}", lambda: one.bind(f"/tmp/{name}"))
    one.listen()
    held.append(one)
print("sitting", flush=True)
sys.stdin.read()
for name in names:
    os.unlink(f"/tmp/{name}")
"""


def test_a_neighbour_on_the_former_socket_keeps_no_window_from_opening(base: Path) -> None:
    """Exit 0 and “already open” for ever, while no loop ran: nobody's opt-out was carried."""
    former = f"ccdesk-{hashlib.sha256(f'{getpass.getuser()}|{base.resolve()}'.encode()).hexdigest()[:20]}"
    command = [sys.executable, "-c", BECOME + SQUAT, str(base), former]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as mallory:
        assert mallory.stdin is not None
        assert mallory.stdout is not None
        assert mallory.stdout.readline() == "sitting\n"
        window = subprocess.Popen(
            [sys.executable, "-m", "ccdesk", "--base-dir", str(base)],
            env=environment(),
            stderr=subprocess.PIPE,
        )
        try:
            until(lambda: (base / ADDRESS).exists() or window.poll() is not None)
            assert window.poll() is None, window.stderr and window.stderr.read()
        finally:
            window.terminate()
            window.communicate(timeout=30)
            mallory.stdin.close()


def give(path: Path) -> None:
    os.chown(path, MALLORY, MALLORY, follow_symlinks=False)


@pytest.mark.parametrize("trap", ["theirs", "open to all", "their link", "in their folder"])
def test_no_trap_is_walked_into(trap: str, common: Path) -> None:
    """They make the folder where we would make ours, with their login in it, or a link to a file of ours."""
    named, victim = common / "ccdesk", common / "victim"
    victim.mkdir(0o700)
    if trap == "their link":
        named.symlink_to(victim)
        give(named)
    elif trap == "in their folder":
        named.mkdir(0o755)
        give(named)
        named = named / "base"
    else:
        named.mkdir()
        named.chmod(0o777 if trap == "open to all" else 0o755)
        (named / "vault.json").write_text('{"cc_refresh_token": "theirs"}')
        (named / "ccdesk.log").symlink_to(victim / "log")
        give(named / "ccdesk.log")
        if trap == "theirs":
            give(named)
    for words in (
        ("settings", "set", "keep_days=9"),
        ("status",),
        ("demo", "--tour", str(victim / "tour")),
        (),
    ):
        done = ccdesk(named, *words)
        assert done.returncode == 2, done.stderr
        assert "Other users of this computer" in done.stderr
    assert list(victim.iterdir()) == []
    assert not (named / "ccdesk.sqlite3").exists()
