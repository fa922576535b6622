"""At most four calls a second, from however many threads and processes (constant-contact.md §5)."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccdesk.clients.http.pace import KeptInFile, Pacer
from ccdesk.core.errors import Cancelled
from tests.clients.helpers import QuickClock

PROCESSES, CALLS = 3, 5

CALLER = """
import socket, sys, threading
from pathlib import Path
from ccdesk.clients.http.pace import KeptInFile, Pacer

pacer = Pacer(kept=KeptInFile(Path(sys.argv[1])))
for _ in range(int(sys.argv[3])):
    pacer.take(threading.Event())
    socket.create_connection(("127.0.0.1", int(sys.argv[2]))).close()
"""


@given(st.lists(st.floats(0, 2), max_size=40), st.integers(1, 6))
def test_never_more_than_the_rate_in_any_second_and_a_margin(gaps: list[float], rate: int) -> None:
    clock = QuickClock()
    pacer = Pacer(rate=rate, clock=clock)
    sent = []
    for gap in gaps:
        clock.seconds += gap
        pacer.take(threading.Event())
        sent.append(clock.seconds)
    for first, later in zip(sent, sent[rate:], strict=False):
        assert later - first >= 1.04


def test_a_hold_counts_for_every_call() -> None:
    clock = QuickClock()
    pacer = Pacer(clock=clock)
    pacer.hold(60)
    pacer.hold(5)
    pacer.take(threading.Event())
    assert 1060 <= clock.seconds < 1061


def test_waiting_for_a_place_ends_when_cancelled(tmp_path: Path) -> None:
    cancel = threading.Event()
    pacer = Pacer(rate=1, kept=KeptInFile(tmp_path / "pace"))
    pacer.take(cancel)
    pacer.hold(3600)
    threading.Timer(0.05, cancel.set).start()
    with pytest.raises(Cancelled):
        pacer.take(cancel)


def test_one_program_after_the_other_keeps_the_pace_of_both(tmp_path: Path) -> None:
    clock = QuickClock()
    sent = []
    for _ in range(9):  # nine commands of one call each
        Pacer(clock=clock, kept=KeptInFile(tmp_path / "pace")).take(threading.Event())
        sent.append(clock.seconds)
    assert all(later - first > 1.0 for first, later in zip(sent, sent[4:], strict=False))
    assert sent[-1] - sent[0] < 2.2


def test_a_hold_counts_for_every_program(tmp_path: Path) -> None:
    clock = QuickClock()
    Pacer(clock=clock, kept=KeptInFile(tmp_path / "pace")).hold(60)
    Pacer(clock=clock, kept=KeptInFile(tmp_path / "pace")).take(threading.Event())
    assert clock.seconds >= 1060


def test_what_was_kept_before_the_computer_started_anew_holds_nobody_up(tmp_path: Path) -> None:
    clock = QuickClock()
    before = Pacer(clock=clock, kept=KeptInFile(tmp_path / "pace"))
    for _ in range(4):
        before.take(threading.Event())
    before.hold(3600)
    clock.seconds = 7.0  # the monotonic clock begins again
    Pacer(clock=clock, kept=KeptInFile(tmp_path / "pace")).take(threading.Event())
    assert clock.seconds == 7.0


@pytest.mark.parametrize(
    "found", ["", "{", "[]", '{"sent": "x", "held": [1, 2]}', '{"sent": [null]}', "\x00" * 9]
)
def test_a_file_that_says_nothing_holds_nobody_up(tmp_path: Path, found: str) -> None:
    path = tmp_path / "pace"
    path.write_text(found)
    clock = QuickClock()
    pacer = Pacer(clock=clock, kept=KeptInFile(path))
    for _ in range(5):
        pacer.take(threading.Event())
    assert 1.0 < clock.seconds - 1000 < 1.2


def test_where_no_file_can_be_kept_each_program_keeps_its_own_pace(tmp_path: Path) -> None:
    clock = QuickClock()
    pacer = Pacer(clock=clock, kept=KeptInFile(tmp_path / "gone" / "pace"))
    for _ in range(5):
        pacer.take(threading.Event())
    assert 1.0 < clock.seconds - 1000 < 1.2


def test_no_link_is_followed(tmp_path: Path) -> None:
    other = tmp_path / "precious"
    other.write_text("keep me")
    (tmp_path / "pace").symlink_to(other)
    Pacer(kept=KeptInFile(tmp_path / "pace")).take(threading.Event())
    assert other.read_text() == "keep me"


def test_a_server_never_sees_more_than_four_a_second_from_several_processes(tmp_path: Path) -> None:
    arrived: list[float] = []
    with socket.create_server(("127.0.0.1", 0), backlog=64) as server:

        def count() -> None:
            for _ in range(PROCESSES * CALLS):
                connection, _ = server.accept()
                arrived.append(time.monotonic())
                connection.close()

        counting = threading.Thread(target=count)
        counting.start()
        port = str(server.getsockname()[1])
        command = [sys.executable, "-c", CALLER, str(tmp_path / "pace"), port, str(CALLS)]
        callers = [subprocess.Popen(command) for _ in range(PROCESSES)]
        assert [caller.wait(60) for caller in callers] == [0] * PROCESSES
        counting.join(10)
    assert len(arrived) == PROCESSES * CALLS
    assert min(later - first for first, later in zip(arrived, arrived[4:], strict=False)) >= 1.0
    assert arrived[-1] - arrived[0] < 8.0  # 11 places behind the first four, at 4 a second: 2.9 s
