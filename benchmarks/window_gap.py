"""How long the window does not answer while 10,000 customers are exported: `python benchmarks/window_gap.py`.

The sandbox runs in a process of its own, with its limits on, so that only ccdesk's work is measured: the gaps of a
10 ms timer in the GUI thread, the calls of the export, and those of an idle cycle after it.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QEventLoop, Qt, QTimer

from ccdesk.core.clock import Clock
from ccdesk.core.runs import RunKind
from ccdesk.gui import app as gui_app
from ccdesk.gui.start import demo_container
from ccdesk.gui.tour.play import Browser
from ccdesk.paths import Paths
from ccdesk.service.loop import Loop


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--customers", type=int, default=10_000)
    customers = parser.parse_args().customers
    command = [sys.executable, "-m", "ccdesk", "sandbox", "--customers", str(customers)]
    with tempfile.TemporaryDirectory() as folder:
        sandbox = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        try:
            assert sandbox.stdout is not None
            addresses = json.loads(sandbox.stdout.readline())
            measure(addresses, Paths(Path(folder)), customers)
        finally:
            sandbox.terminate()
            sandbox.wait()


def measure(addresses: dict[str, str], paths: Paths, customers: int) -> None:
    container = demo_container(paths, addresses, Clock())
    browser = Browser()

    def open_url(url: str) -> None:
        browser.open(url)
        browser.walk()

    import threading

    container.desk.log_in(open_url=open_url, timeout=30, cancel=threading.Event())
    container.desk.save_settings({"contact_list": "Kibo customers"})
    loop = Loop(container.desk, container.clock)
    parts = gui_app.build(container.desk, loop, open_url=browser.open)
    parts.window.resize(900, 600)
    parts.start()
    gui_app.quiet_memory()
    gaps: list[float] = []
    last = time.perf_counter()

    def tick() -> None:
        nonlocal last
        now = time.perf_counter()
        gaps.append(now - last)
        last = now

    timer = QTimer(timerType=Qt.TimerType.PreciseTimer)
    timer.setInterval(10)
    timer.timeout.connect(tick)
    wait(1.5)
    timer.start()
    last = time.perf_counter()
    began, cpu = time.perf_counter(), time.process_time()
    run_and_wait(parts, loop, RunKind.EXPORT)
    wall, cpu = time.perf_counter() - began, time.process_time() - cpu
    timer.stop()
    export = container.desk.runs(kind=RunKind.EXPORT, limit=1)[0]
    for kind in (RunKind.EVENTS, RunKind.INBOUND) * 2:  # the first cycle carries what the export found
        run_and_wait(parts, loop, kind)
    idle = [container.desk.runs(kind=kind, limit=1)[0] for kind in (RunKind.EVENTS, RunKind.INBOUND)]
    parts.shutdown()
    container.close()
    gaps.sort()
    writes = [
        row
        for row in json.load(urllib.request.urlopen(addresses["control_url"] + "/received"))
        if row["service"] == "cc" and row["method"] != "GET"
    ]
    print(f"customers in the shop          {customers:>10,}")
    print(f"export: status, outcomes       {export.status.value} {export.counts} {export.error_count} errors")
    print(
        f"export: calls                  {export.calls_constant_contact} Constant Contact + {export.calls_kibo} Kibo"
    )
    print(f"export: wall / processor       {wall:.1f} s / {cpu:.1f} s")
    print(
        f"GUI gap of a 10 ms timer       longest {gaps[-1] * 1000:.1f} ms, p99 {gaps[int(len(gaps) * 0.99)] * 1000:.1f} ms"
    )
    for run in idle:
        print(
            f"idle {run.kind.value:<26}{run.calls_constant_contact} Constant Contact + {run.calls_kibo} Kibo calls, {run.status.value} {run.message}"
        )
    print(f"writes to Constant Contact     {len(writes)}")
    print(
        f"peak memory, window included   {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB"
    )


def wait(seconds: float) -> None:
    loop = QEventLoop()
    QTimer.singleShot(int(seconds * 1000), loop.quit)
    loop.exec()


def run_and_wait(parts: gui_app.AppParts, loop: Loop, kind: RunKind) -> None:
    done = QEventLoop()
    parts.bridge.finished.connect(lambda run: done.quit() if run.kind is kind else None)
    loop.request(kind)
    done.exec()


if __name__ == "__main__":
    main()
