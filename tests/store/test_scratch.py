"""The copy on which a run is tried out: as the original, apart from it, and gone afterwards (design §8)."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path
from unittest.mock import patch

import pytest

from ccdesk.core.errors import Busy, StoreError
from ccdesk.core.models import Link
from ccdesk.store import scratch
from ccdesk.store.store import SqliteStore


def copies(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.preview*"))


def test_what_is_done_to_the_copy_is_not_done_to_the_original(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "ccdesk.sqlite3")
    store.links.save([Link(1, email="ada@example.com")])
    copy = store.scratch()
    assert copy.links.get(1) == store.links.get(1)
    copy.links.save([Link(2)])
    copy.state.set("a", "b")
    assert store.links.get(2) is None
    assert store.state.get("a") == ""
    store.links.save([Link(3)])
    assert copy.links.get(3) is None
    copy.discard()
    copy.discard()
    assert copies(tmp_path) == []
    with pytest.raises(StoreError):
        copy.links.get(1)
    assert store.links.get(1) is not None


def test_a_copy_ends_with_its_original(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "ccdesk.sqlite3")
    kept = store.scratch()
    store.close_all()
    assert copies(tmp_path) == []
    with pytest.raises(StoreError):
        kept.links.get(1)


def test_calls_and_lease_are_the_originals(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "ccdesk.sqlite3")
    store.lease.acquire("preview")
    copy = store.scratch()
    copy.calls.add("kibo", "2026-11-27", "export")
    assert store.calls.used("kibo", "2026-11-27") == {"export": 1}
    copy.lease.renew()
    with pytest.raises(Busy):
        SqliteStore(tmp_path / "ccdesk.sqlite3").lease.acquire("other")
    copy.discard()
    store.lease.release()
    assert store.lease.holder() == ""


@pytest.mark.skipif(os.name != "posix", reason="rights as POSIX has them")
def test_it_is_for_its_owner_only(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "ccdesk.sqlite3")
    copy = store.scratch()
    copy.state.set("a", "b")
    assert len(copies(tmp_path)) == 3, "the file, its write-ahead log and the index of that"
    assert {stat.S_IMODE(one.stat().st_mode) for one in copies(tmp_path)} == {0o600}
    copy.discard()


def test_no_room_for_it_is_said_and_leaves_nothing(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "ccdesk.sqlite3")
    with (
        patch.object(scratch.os, "open", side_effect=OSError(28, "No space left on device")),
        pytest.raises(StoreError, match="could not be copied"),
    ):
        store.scratch()
    assert copies(tmp_path) == []


def test_what_a_dead_program_left_is_removed_and_what_a_living_one_uses_is_not(tmp_path: Path) -> None:
    path = tmp_path / "ccdesk.sqlite3"
    store = SqliteStore(path)
    mine = store.scratch()
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    for suffix in ("", "-wal", "-shm"):
        path.with_name(f"{path.name}.{gone.pid}.0a.preview{suffix}").touch()
    reused = path.with_name(f"{path.name}.{os.getppid()}.0b.preview")
    reused.touch()
    os.utime(reused, (1e9, 1e9))  # older than the process that has this id now
    other = path.with_name(f"{path.name}.{os.getppid()}.0c.preview")
    other.touch()
    same_id = path.with_name(f"{path.name}.{os.getpid()}.0d.preview")  # of a program before a restart
    same_id.touch()
    SqliteStore(path)
    assert {one.name.partition(".preview")[0] for one in copies(tmp_path)} == {
        one.name.removesuffix(".preview") for one in (mine.path, other)
    }
    mine.discard()
