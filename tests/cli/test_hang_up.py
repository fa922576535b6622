"""A terminal that is closed ends what runs in it in order, as SIGTERM does; under nohup it goes on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest

from ccdesk.sandbox.wire.kernel import Fault
from tests.cli.conftest import GENEROUS

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there is no such signal")

AS_IT_IS = "import os, sys; os.execv(sys.argv[1], sys.argv[1:])"
# As a shell starts it: the terminal is the controlling one of its session.
IN_TERMINAL = f"import fcntl, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); {AS_IT_IS}"
IGNORING = f"import signal; signal.signal(signal.SIGHUP, signal.SIG_IGN); {AS_IT_IS}"
QUIET = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}


@pytest.fixture
def shell(process_shell):
    process_shell.connect()
    process_shell.sandbox.kibo.add_customer("ann@example.com", True)
    return process_shell


@contextmanager
def started(shell, before: str, *words: str, **more: object) -> Iterator[subprocess.Popen]:
    process = subprocess.Popen(
        [sys.executable, "-c", before, *shell.command(*words)], env=shell.environment, **more
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@contextmanager
def in_terminal(shell, *words: str) -> Iterator[tuple[subprocess.Popen, int]]:
    """Start a command in a terminal; yield its process and what closes the terminal when it is closed."""
    ours, theirs = os.openpty()
    streams = {"stdin": theirs, "stdout": theirs, "stderr": theirs}
    try:
        with started(shell, IN_TERMINAL, *words, start_new_session=True, **streams) as process:
            os.close(theirs)
            yield process, ours
    finally:
        with suppress(OSError):  # closed by the test
            os.close(ours)


def wait_for_call(shell, path: str) -> None:
    """Wait until a request to be held up for some seconds has arrived."""
    deadline = time.monotonic() + GENEROUS
    while shell.sandbox.faults._faults and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not shell.sandbox.faults._faults, f"nobody asked for {path}"


def hold_up(shell, path: str) -> None:
    shell.sandbox.faults.add(Fault("delay", service="kibo", path=path, seconds=2))


def test_a_sync_in_a_terminal_that_is_closed_is_cancelled(shell):
    hold_up(shell, "accounts")
    with in_terminal(shell, "sync", "export") as (process, terminal):
        wait_for_call(shell, "accounts")
        os.close(terminal)
        assert process.wait(GENEROUS) == 2  # its answer could not be written
    (run,) = shell.json("runs")["runs"]
    assert run["status"] == "CANCELLED"


def test_the_loops_end_in_order_with_their_terminal(shell):
    shell.json("settings", "set", "enabled=true")
    hold_up(shell, "accounts")
    with in_terminal(shell, "run") as (process, terminal):
        wait_for_call(shell, "accounts")
        os.close(terminal)
        assert process.wait(GENEROUS) == 0
    assert {run["status"] for run in shell.json("runs")["runs"]} <= {"COMPLETE", "CANCELLED"}


def test_of_a_closed_terminal_shell_and_system_may_both_tell(shell):
    """A second Ctrl+C ends a command at once; a second SIGHUP is the same one once more."""
    hold_up(shell, "accounts")
    with started(shell, AS_IT_IS, "sync", "export", **QUIET) as process:
        wait_for_call(shell, "accounts")
        for number in (signal.SIGHUP, signal.SIGHUP, signal.SIGTERM):
            process.send_signal(number)
            time.sleep(0.1)
        assert process.wait(GENEROUS) == 130
    (run,) = shell.json("runs")["runs"]
    assert run["status"] == "CANCELLED"


def test_under_nohup_it_goes_on(shell):
    hold_up(shell, "accounts")
    with started(shell, IGNORING, "sync", "export", **QUIET) as process:
        wait_for_call(shell, "accounts")
        process.send_signal(signal.SIGHUP)
        assert process.wait(GENEROUS) == 0
    (run,) = shell.json("runs")["runs"]
    assert run["status"] == "COMPLETE"
