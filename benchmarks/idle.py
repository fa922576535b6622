"""The window as a real process: how soon it is there, and what it costs to leave it open."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from statistics import median

import psutil

from benchmarks.shop import ROOT, Desk, opened
from benchmarks.table import Row, say

STARTS = 7
WARM_UP = 2
SHOWN_WITHIN = 0.6
SETTLING = 15.0  # seconds until what the window reads at its start is read
CUSTOMERS = 1_000


def measure(minutes: float) -> Iterator[Row]:
    """Measure starts, then leave the window open for so many minutes (0: not at all)."""
    with opened(CUSTOMERS, limits=True) as (_, desk):
        say("start to window")
        desk.measure("sync", "export")
        yield _starts(desk)
        if minutes > 0:
            say(f"the window left open for {minutes:g} minutes")
            yield _left_open(desk, minutes)


def _starts(desk: Desk) -> Row:
    times = [_start(desk) for _ in range(WARM_UP + STARTS)][WARM_UP:]
    middle = median(times)
    return Row(
        "window",
        f"start to first paint, warm, {STARTS} starts",
        wall=middle,
        result=f"median {middle:.2f} s, slowest {max(times):.2f} s",
        target=f"<= {SHOWN_WITHIN} s",
        met=middle <= SHOWN_WITHIN,
    )


def _start(desk: Desk) -> float:
    """Start the program, wait for the first paint of its window, and end it."""
    began = time.monotonic()
    command = [sys.executable, "-m", "benchmarks.first_paint", "--base-dir", str(desk.base)]
    process = subprocess.run(
        command, env=desk.environment, cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    if process.returncode:
        raise RuntimeError(f"the window ended with {process.returncode}: {process.stderr[-2000:]}")
    return float(process.stdout.split()[-1]) - began


def _left_open(desk: Desk, minutes: float) -> Row:
    desk.document("settings", "set", "enabled=true")
    process = subprocess.Popen(
        [sys.executable, "-m", "ccdesk", "--base-dir", str(desk.base)], env=desk.environment, cwd=ROOT
    )
    try:
        watched = psutil.Process(process.pid)
        time.sleep(SETTLING)
        before, began, peak = _cpu(watched), time.monotonic(), 0.0
        while time.monotonic() < began + minutes * 60:
            time.sleep(5)
            peak = max(peak, watched.memory_info().rss / 2**20)
        used, wall = _cpu(watched) - before, time.monotonic() - began
    finally:
        process.terminate()
        process.wait(30)
    desk.document("settings", "set", "enabled=false")
    share = used / wall
    return Row(
        "window",
        f"left open and enabled, {minutes:g} minutes",
        "on",
        wall=wall,
        cpu=used,
        peak_mb=peak,
        result=f"{share:.2%} of a core, {peak:.0f} MB",
        target="< 0.3 %, < 150 MB",
        met=share < 0.003 and peak < 150,
    )


def _cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)
