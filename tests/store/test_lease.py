from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import psutil
import pytest

from ccdesk.core.errors import Busy, ExitCode, StoreError
from ccdesk.store import lease
from ccdesk.store.store import SqliteStore
from ccdesk.store.tables import LeaseRow
from tests.stand_ins import but
from tests.store.conftest import MovedClock, in_thread

HOLD = """
import os, sys
from pathlib import Path
from ccdesk.store.store import SqliteStore
store = SqliteStore(Path(sys.argv[1]))
store.lease.acquire("Export on the command line")
print("held", flush=True)
sys.stdin.read()
os._exit(9)  # as a crash would: nothing is given back
"""


def change(store: SqliteStore, **columns: object) -> None:
    """Make the lease's row look as if somebody else had written it."""
    store._database.run(LeaseRow.update(**columns))


def test_one_at_a_time(opened: Callable[[], SqliteStore]) -> None:
    window, command_line = opened(), opened()
    window.lease.acquire("Export in the window")
    with pytest.raises(Busy) as caught:
        command_line.lease.acquire("Events")
    assert caught.value.exit_code is ExitCode.BUSY
    for word in ("Export in the window", str(os.getpid()), "2026-03-01 12:00 UTC"):
        assert word in caught.value.meaning
        assert word in command_line.lease.holder()
    window.lease.release()
    assert command_line.lease.holder() == ""
    command_line.lease.acquire("Events")
    assert window.lease.holder().startswith("Events (")


def gone(pid: int) -> psutil.Process:
    raise psutil.NoSuchProcess(pid)


@pytest.mark.skipif(sys.platform != "linux", reason="containers are Linux's")
def test_a_container_does_not_take_the_computers_process_for_dead(
    opened: Callable[[], SqliteStore], clock: MovedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may have the computer's own name, as with Docker's host network, and sees none of its processes."""
    window, command_line = opened(), opened()
    window.lease.acquire("Export")
    real = os.stat
    inside = os.stat_result((0, 4026532999, *(0,) * 8))
    monkeypatch.setattr(lease, "os", but(os, stat=lambda path: inside if "/ns/pid" in path else real(path)))
    monkeypatch.setattr(lease, "psutil", but(psutil, Process=gone))
    with pytest.raises(Busy, match="Export"):
        command_line.lease.acquire("Events")
    clock.move(timedelta(minutes=3))
    clock.meanwhile = window.lease.beat  # type: ignore[method-assign]
    with pytest.raises(Busy, match="Export"):
        command_line.lease.acquire("Events")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows hides no process")
def test_a_process_that_is_hidden_is_not_dead(
    opened: Callable[[], SqliteStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where /proc shows other users' processes to root alone, root's ccdesk looks as if it were gone."""
    window, command_line = opened(), opened()
    window.lease.acquire("Export")

    def refused(pid: int, _signal: int) -> None:
        raise PermissionError(pid)

    monkeypatch.setattr(lease, "psutil", but(psutil, Process=gone))
    monkeypatch.setattr(lease, "os", but(os, kill=refused))
    with pytest.raises(Busy, match="Export"):
        command_line.lease.acquire("Events")


def test_releasing_what_is_not_held_is_harmless(opened: Callable[[], SqliteStore]) -> None:
    window, command_line = opened(), opened()
    window.lease.release()
    window.lease.acquire("Export")
    command_line.lease.release()
    command_line.lease.renew()
    assert command_line.lease.holder().startswith("Export")


def test_two_threads_of_one_store_exclude_each_other(store: SqliteStore) -> None:
    store.lease.acquire("Export")

    def other() -> None:
        with pytest.raises(Busy):
            store.lease.acquire("Events")
        store.lease.release()

    in_thread(other)
    assert store.lease.holder().startswith("Export"), "a thread cannot give back what another holds"
    with pytest.raises(Busy):
        store.lease.acquire("Events")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows keeps no dead process waiting to be asked")
def test_a_crashed_process_does_not_hold_it(store: SqliteStore, path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        with pytest.raises(Busy, match="Export on the command line"):
            store.lease.acquire("Events")
        process.stdin.close()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert store.lease.holder() == "", "dead, though nobody has asked for its exit code yet"
    store.lease.acquire("Events")
    assert store.lease.holder().startswith("Events")


def test_a_living_process_is_never_too_silent(opened: Callable[[], SqliteStore], clock: MovedClock) -> None:
    window, command_line = opened(), opened()
    window.lease.acquire("Export")
    clock.move(timedelta(days=2))
    with pytest.raises(Busy):
        command_line.lease.acquire("Events")


@pytest.mark.parametrize("beat_ago", [timedelta(seconds=-119), timedelta(0), timedelta(seconds=119)])
@pytest.mark.parametrize("columns", [{"host": "elsewhere"}, {"process_started": 1.7e9}])
def test_a_heart_that_beat_just_now_is_believed_at_once(
    opened: Callable[[], SqliteStore], clock: MovedClock, beat_ago: timedelta, columns: dict[str, object]
) -> None:
    """Another computer, or a start time kept as a date, which a clock that was set makes another one."""
    window, command_line = opened(), opened()
    window.lease.acquire("Export")
    change(window, heartbeat=clock.now() - beat_ago, **columns)
    with pytest.raises(Busy):
        command_line.lease.acquire("Events")
    assert clock.seconds == 0, "nobody had to wait"


HOURS = [timedelta(hours=number) for number in (-100_000, -3, -1, 1, 3, 100_000)]


@pytest.mark.parametrize("wrong", HOURS)
@pytest.mark.parametrize("columns", [{"host": "elsewhere"}, {"process_started": 1.7e9}])
def test_a_wrong_clock_does_not_steal_from_a_heart_that_beats(
    opened: Callable[[], SqliteStore], clock: MovedClock, wrong: timedelta, columns: dict[str, object]
) -> None:
    window, command_line = opened(), opened()
    window.lease.acquire("Export")
    change(window, heartbeat=clock.now() + wrong, **columns)
    clock.meanwhile = lambda: change(window, heartbeat=clock.now() + wrong)  # type: ignore[method-assign]
    with pytest.raises(Busy, match="Export"):
        command_line.lease.acquire("Events")
    assert window.lease.holder().startswith("Export")


@pytest.mark.parametrize("wrong", HOURS)
def test_a_heart_that_does_not_beat_holds_nothing_for_ever(
    opened: Callable[[], SqliteStore], clock: MovedClock, wrong: timedelta
) -> None:
    """It stopped on a computer whose clock was years ahead, or the computer was given another name since."""
    window, command_line = opened(), opened()
    window.lease.acquire("Export")
    change(window, heartbeat=clock.now() + wrong, host="elsewhere")
    command_line.lease.acquire("Events")
    assert command_line.lease.holder().startswith("Events")


def test_watching_ends_with_who_was_faster(opened: Callable[[], SqliteStore], clock: MovedClock) -> None:
    window, command_line, other = opened(), opened(), opened()
    window.lease.acquire("Export")
    change(window, heartbeat=clock.now() - timedelta(hours=1), host="elsewhere")
    clock.meanwhile = lambda: change(other, owner="other", what="Inbound")  # type: ignore[method-assign]
    with pytest.raises(Busy, match="Inbound"):
        command_line.lease.acquire("Events")


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a process knows the date of its start")
@pytest.mark.parametrize("hours", [-30, -1, 1, 30])
def test_setting_the_clock_makes_no_other_process_of_it(
    opened: Callable[[], SqliteStore], clock: MovedClock, monkeypatch: pytest.MonkeyPatch, hours: int
) -> None:
    """Linux reckons the computer's start, and by it every process's, from the wall clock."""
    window, command_line = opened(), opened()
    window.lease.acquire("Export")
    clock.move(timedelta(hours=hours))
    boot, created = psutil.boot_time, psutil.Process.create_time
    monkeypatch.setattr(psutil, "boot_time", lambda: boot() + hours * 3600)
    monkeypatch.setattr(psutil.Process, "create_time", lambda self: created(self) + hours * 3600)
    with pytest.raises(Busy):
        command_line.lease.acquire("Events")


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the heartbeat decides")
def test_a_process_id_used_again_is_somebody_else(opened: Callable[[], SqliteStore]) -> None:
    window, command_line = opened(), opened()
    window.lease.acquire("Export")
    change(window, process_started=LeaseRow.process_started - 60)
    assert command_line.lease.holder() == ""
    command_line.lease.acquire("Events")


def test_the_heartbeat_decides_where_the_system_keeps_silent(
    opened: Callable[[], SqliteStore], clock: MovedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    window, command_line = opened(), opened()
    window.lease.acquire("Export")

    def denied(process: psutil.Process) -> None:
        raise psutil.AccessDenied(process.pid)

    monkeypatch.setattr(psutil.Process, "status", denied)
    with pytest.raises(Busy):
        command_line.lease.acquire("Events")
    clock.move(timedelta(minutes=3))
    assert command_line.lease.holder(), "it may be alive: that takes watching"
    command_line.lease.acquire("Events")


def test_renewing_writes_every_few_seconds(store: SqliteStore, clock: MovedClock) -> None:
    def heartbeat() -> object:
        return store._database.value(LeaseRow.select(LeaseRow.heartbeat))

    store.lease.acquire("Export")
    first = heartbeat()
    clock.move(timedelta(seconds=4))
    store.lease.renew()
    assert heartbeat() == first
    clock.move(timedelta(seconds=2))
    store.lease.renew()
    assert heartbeat() == clock.now()
    in_thread(store.lease.renew)


def test_what_a_full_disk_kept_from_being_given_back_is_held_no_longer(
    opened: Callable[[], SqliteStore],
) -> None:
    """Else the window, which goes on, would keep everybody out, itself included, until it is closed."""
    window, command_line = opened(), opened()
    window.lease.acquire("Export")
    window._database.statement("PRAGMA query_only = 1")
    with pytest.raises(StoreError):
        window.lease.release()
    with pytest.raises(Busy):
        command_line.lease.acquire("Events")
    assert window.lease.holder() == "", "while it still cannot be written"
    window._database.statement("PRAGMA query_only = 0")
    window.lease.acquire("Events")
    assert command_line.lease.holder().startswith("Events")
    window._database.statement("PRAGMA query_only = 1")
    with pytest.raises(StoreError):
        window.lease.release()
    window._database.statement("PRAGMA query_only = 0")
    assert window.lease.holder() == ""
    command_line.lease.acquire("Inbound")


def test_threads_that_take_turns_never_hold_it_together(store: SqliteStore) -> None:
    inside: list[int] = []
    together: list[int] = []

    def work() -> None:
        for _ in range(30):
            try:
                store.lease.acquire("Events")
            except Busy:
                store.lease.holder()
                continue
            inside.append(1)
            together.append(len(inside))
            store.lease.renew()
            inside.pop()
            store.lease.release()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(together) == {1}
    assert store.lease.holder() == ""


def test_who_lost_it_is_told_to_stop(opened: Callable[[], SqliteStore], clock: MovedClock) -> None:
    """A computer that slept, seen from another one: two runs must not go on side by side."""
    window, command_line = opened(), opened()
    window.lease.acquire("Export")
    change(window, host="elsewhere")
    clock.move(timedelta(minutes=3))
    command_line.lease.acquire("Events")
    with pytest.raises(Busy, match="Events"):
        window.lease.renew()
    window.lease.release()
    window.lease.renew()
    assert command_line.lease.holder().startswith(f"Events (process {os.getpid()} on {socket.gethostname()}")
