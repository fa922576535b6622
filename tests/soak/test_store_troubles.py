"""Whatever is wrong with the data file is said in words, with the right exit code, and forgets no consent."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest

from ccdesk.core.errors import StoreError
from ccdesk.core.runs import RunKind, RunStatus
from ccdesk.paths import Paths
from ccdesk.store import presence
from ccdesk.store.db import Database
from ccdesk.store.schema import STEPS
from tests.e2e.world import World, open_world
from tests.soak.conftest import SOAK

Harm = Callable[[Path], object]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with open_world(tmp_path / "base") as world:
        world.choose_list()
        for number in range(60):
            world.kibo.add_customer(f"person{number}@example.com", True)
        world.export()
        yield world


def command(world: World, base: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith("CCDESK_")}
    done = subprocess.run(
        [sys.executable, "-m", "ccdesk", "--base-dir", str(base), *words],
        env={**kept, **world.environment, **environment},
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done


def told(world: World, base: Path, *words: str, code: int = 2) -> dict[str, str]:
    """Do a command that cannot go well, and return its error."""
    done = command(world, base, *words, "--json")
    assert done.returncode == code, done.stderr
    error: dict[str, str] = json.loads(done.stdout)["error"]
    assert error["title"]
    assert error["meaning"]
    assert error["next_step"]
    return error


def kept(base: Path) -> dict[str, bytes]:
    """What must be left exactly as it is: the data file, and what stands beside it."""
    return {one.name: one.read_bytes() for one in base.glob("ccdesk.sqlite3*") if one.is_file()}


def cut_to(size: int) -> Harm:
    return lambda path: os.truncate(path, size)


def overwrite(begin: int, end: int) -> Harm:
    def harm(path: Path) -> None:
        whole = path.read_bytes()
        path.write_bytes(whole[:begin] + b"\xff" * (end - begin) + whole[end:])

    return harm


def newer(path: Path) -> None:
    with closing(sqlite3.connect(path)) as database:
        database.execute(f"PRAGMA user_version = {len(STEPS) + 1}")


def another_programs(path: Path) -> None:
    path.unlink()
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE notes (text)")


TROUBLES: dict[str, tuple[Harm, str]] = {
    "gone": (Path.unlink, "store_gone"),
    "emptied": (cut_to(0), "store_emptied"),
    "cut off": (cut_to(40_000), "store_damaged"),
    "a page overwritten": (overwrite(100, 4096), "store_damaged"),
    "no database": (lambda path: path.write_bytes(b"garbage" * 9000), "store_not_ours"),
    "newer": (newer, "store_newer"),
    "another program's": (another_programs, "store_not_ours"),
    "a folder": (lambda path: (path.unlink(), path.mkdir()), "store_is_folder"),
    "a link to nowhere": (
        lambda path: (path.unlink(), path.symlink_to("/nowhere/at/all")),
        "store_cannot_open",
    ),
}


def test_a_start_on_a_file_that_cannot_be_used(world: World, tmp_path: Path) -> None:
    """Words and exit 2; never a fresh store, which would forget who opted out; all is left as it was."""
    world.container.close()
    for name, (harm, code) in TROUBLES.items():
        base = tmp_path / name
        shutil.copytree(world.base, base)
        harm(Paths(base).database)
        before = kept(base)
        with pytest.raises(StoreError) as caught:
            World(world.sandbox, base)
        assert caught.value.code == code, name
        assert kept(base) == before, name
        if SOAK:
            for words in (("settings", "show"), ("sync", "export"), ("status", "--offline"), ("login",)):
                assert told(world, base, *words)["code"] == code, name
        if SOAK or name == "gone":
            done = command(world, base, QT_QPA_PLATFORM="offscreen", XDG_RUNTIME_DIR=str(tmp_path))
            assert done.returncode == 2, "the window does not open on it either"
            assert caught.value.title in done.stderr
        assert kept(base) == before, name


def test_a_file_that_goes_while_ccdesk_runs(world: World) -> None:
    """The run stops before the next step is stored where nobody finds it, and so does the next start."""
    path = Paths(world.base).database
    for number in range(60, 70):
        world.kibo.add_customer(f"person{number}@example.com", True)
    aside = path.rename(path.with_name("aside"))
    with pytest.raises(StoreError) as caught:
        world.desk.run(RunKind.EVENTS)
    assert caught.value.code == "store_exchanged"
    world.container.close()
    assert told(world, world.base, "sync", "events")["code"] in ("store_gone", "store_main_file_gone")
    aside.rename(path)
    world.open()
    world.cycle()
    assert len(world.members()) == 70
    world.quiet_cycles(1)


def test_a_file_that_goes_in_the_middle_of_a_run(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything the run stored before is in the file; what it did since is found again by the next one."""
    path = Paths(world.base).database
    leaver = world.kibo.customers_by_email("person7@example.com")[0]["id"]
    world.cc.unsubscribe("person7@example.com")
    world.kibo.add_customer("new@example.com", True)
    steps = 0
    check = presence.Identity.check

    def go_after_some_steps(self: presence.Identity) -> None:
        nonlocal steps
        steps += 1
        if steps == 12:
            path.rename(path.with_name("aside"))
        check(self)

    monkeypatch.setattr(presence.Identity, "check", go_after_some_steps)
    with pytest.raises(StoreError):
        world.export()
    monkeypatch.undo()
    world.container.close()
    path.with_name("aside").rename(path)
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("DELETE FROM lease")  # the process that held it is gone; ours is not
    world.open()
    assert world.desk.runs()[0].status is RunStatus.INTERRUPTED
    world.cycle()
    world.cycle()
    assert not world.opted_in(leaver)
    assert world.members() == {f"person{n}@example.com" for n in range(60) if n != 7} | {"new@example.com"}
    world.quiet_cycles(1)


def test_an_older_copy_put_back_forgets_no_opt_out(world: World, tmp_path: Path) -> None:
    """A backup, or a file whose “-wal” was lost: what came after it is read from the services once more."""
    world.cycle()
    copy = tmp_path / "copy"
    now = sqlite3.connect(Paths(world.base).database)
    with closing(now), closing(sqlite3.connect(copy)) as target:
        now.backup(target)
    numbers = {n: world.kibo.customers_by_email(f"person{n}@example.com")[0]["id"] for n in range(6)}
    world.cc.unsubscribe("person0@example.com")
    world.cc.leave_list("person1@example.com", world.list_id)
    world.kibo.opt_out(numbers[2])
    world.kibo.add_customer("new@example.com", True)
    world.later()
    world.cycle()
    world.cc.unsubscribe("person3@example.com")
    world.later(60)
    world.container.close()
    shutil.copy(copy, Paths(world.base).database)
    world.open()
    world.cycle()
    world.cycle()
    expected = {f"person{n}@example.com" for n in range(60) if n > 3} | {"new@example.com"}
    assert world.members() == expected
    assert [world.opted_in(numbers[n]) for n in range(5)] == [False, False, False, False, True]
    world.quiet_cycles(1)
    world.export()
    assert world.members() == expected


class Hog:
    """Another program that keeps the data file for itself."""

    def __init__(self, path: Path) -> None:
        self._database = sqlite3.connect(path, isolation_level=None)
        self._database.execute("BEGIN EXCLUSIVE")

    def let_go(self) -> None:
        self._database.execute("ROLLBACK")
        self._database.close()


def test_a_file_another_program_keeps_locked(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Said after a while; and once it is let go, everything goes on in the same program."""
    monkeypatch.setattr(presence, "WAIT_SECONDS", 0.2)
    monkeypatch.setattr("ccdesk.store.db.WAIT_SECONDS", 0.2)
    world.reopen()
    world.kibo.add_customer("new@example.com", True)
    hog = Hog(Paths(world.base).database)
    with pytest.raises(StoreError) as caught:
        world.desk.run(RunKind.EVENTS)
    assert caught.value.code == "store_locked"
    assert caught.value.retry_helps
    hog.let_go()
    world.cycle()
    assert "new@example.com" in world.members()


def test_a_file_locked_in_the_middle_of_a_run(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever it happens: the lease does not stay behind, and the next run finishes what was begun."""
    monkeypatch.setattr("ccdesk.store.db.WAIT_SECONDS", 0.05)
    world.reopen()
    path = Paths(world.base).database
    for number, at in enumerate((3, 8, 15, 25, 40)):
        world.kibo.add_customer(f"new{number}@example.com", True)
        with Locked(path, at, monkeypatch) as locked, suppress(StoreError):
            run = world.desk.run(RunKind.EVENTS)
            assert locked.hog is None or run.status is RunStatus.FAILED
        world.later()
    world.cycle()
    assert {f"new{number}@example.com" for number in range(5)} <= world.members()
    assert RunStatus.RUNNING not in {run.status for run in world.desk.runs()}
    world.quiet_cycles(1)


class Locked:
    """Locks the data file before the n-th step of this thread."""

    def __init__(self, path: Path, at: int, patch: pytest.MonkeyPatch) -> None:
        self._path, self._left, self._patch = path, at, patch
        self.hog: Hog | None = None
        self._thread = threading.get_ident()

    def __enter__(self) -> Locked:
        check = Database._check_identity

        def step(database: Database) -> None:
            free = not database.peewee.in_transaction()
            if free and self._thread == threading.get_ident() and self.hog is None:
                self._left -= 1
                if self._left == 0:
                    self.hog = Hog(self._path)
            check(database)

        self._patch.setattr(Database, "_check_identity", step)
        return self

    def __exit__(self, *_error: object) -> None:
        if self.hog:
            self.hog.let_go()
        self._patch.setattr(Database, "_check_identity", Locked.original)

    original: Any = Database._check_identity


ON_A_SMALL_DISK = """
set -e
mount -t tmpfs -o size=3m tmpfs "$DISK"
cp -a "$KEPT/." "$DISK/"
say() { set +e; "$PYTHON" -m ccdesk --base-dir "$DISK" --json "$@" > "$OUT/$NUMBER" 2> "$OUT/$NUMBER.err"
        echo "$?" > "$OUT/$NUMBER.code"; NUMBER=$((NUMBER + 1)); set -e; }
NUMBER=10
dd if=/dev/zero of="$DISK/fill" bs=1k count="$LEAVE" seek=0 2> /dev/null || true
dd if=/dev/zero of="$DISK/fill" bs=1k 2> /dev/null || true
truncate -s "-${LEAVE}k" "$DISK/fill"
say settings set keep_days=33
say sync export
rm "$DISK/fill"
say sync export
cp -a "$DISK/." "$BACK/"
"""


def can_mount() -> bool:
    words = ["unshare", "-rm", "mount", "-t", "tmpfs", "tmpfs", "/mnt"]
    return shutil.which("unshare") is not None and subprocess.run(words, check=False).returncode == 0


@pytest.mark.parametrize("leave", [0, 40, 200] if SOAK else [40])
def test_a_disk_that_is_full(leave: int, world: World, tmp_path: Path) -> None:
    """A real small drive with `leave` kB of room: nothing is lost, and it goes on once there is room."""
    if not can_mount():
        pytest.skip("this system does not let tests mount a drive")
    world.container.close()
    for number in range(60, 400):
        world.kibo.add_customer(f"person{number}@example.com", True)
    world.cc.unsubscribe("person5@example.com")
    folders = {name: tmp_path / name.lower() for name in ("DISK", "OUT", "BACK")}
    for folder in folders.values():
        folder.mkdir()
    environment = {name: str(folder) for name, folder in folders.items()}
    done = subprocess.run(
        ["unshare", "-rm", "sh", "-c", ON_A_SMALL_DISK],
        env={
            **{key: value for key, value in os.environ.items() if not key.startswith("CCDESK_")},
            **world.environment,
            **environment,
            "KEPT": str(world.base),
            "PYTHON": sys.executable,
            "LEAVE": str(leave),
        },
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    out = folders["OUT"]
    codes = [int(one.read_text()) for one in sorted(out.glob("*.code"))]
    errors = [one.read_text() for one in sorted(out.glob("*.err"))]
    assert not any("Traceback" in error or "Logging error" in error for error in errors), errors
    assert codes[0] in (0, 2), errors
    assert codes[1:] == [2, 0], errors
    assert "The disk is full" in errors[1]
    world.base = folders["BACK"]
    world.open()
    world.cycle()
    assert world.members() == {f"person{n}@example.com" for n in range(400) if n != 5}
    assert not world.opted_in(world.kibo.customers_by_email("person5@example.com")[0]["id"])
    assert RunStatus.RUNNING not in {run.status for run in world.desk.runs()}
    world.quiet_cycles(1)
