"""The window under load, measured from inside its process: `python -m benchmarks.window_child`.

Started by `benchmarks.window`; prints its figures as one line of JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import time
from pathlib import Path

from PySide6.QtCore import QEventLoop, Qt, QTimer

from benchmarks.unpaced import lift_the_pace
from ccdesk.container import Container, build_container
from ccdesk.core.runs import Entry, Outcome, Run, RunKind, RunStatus, Trigger
from ccdesk.gui import app as gui_app
from ccdesk.gui.dialogs.run_view import RunDialog
from ccdesk.paths import Paths
from ccdesk.service.loop import Loop

TICK_MS, SCROLL_MS = 10, 50
QUIET_S = 10.0  # before the export: what the machine itself does to the timer
CHUNK = 5_000
REASONS = {
    Outcome.ADDED: "imported",
    Outcome.UNCHANGED: "nothing differs",
    Outcome.SKIPPED: "opted out in Constant Contact",
}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--base-dir", type=Path, required=True)
    parser.add_argument("--entries", type=int, required=True)
    parser.add_argument("--unpaced", action="store_true")
    args = parser.parse_args()
    if args.unpaced:
        lift_the_pace()
    container = build_container(Paths(args.base_dir), environment=os.environ)
    try:
        print(json.dumps(measure(container, large_run(container, args.entries))))
    finally:
        container.close()


def large_run(container: Container, entries: int) -> Run:
    """Put a finished run of so many people into the store."""
    runs, now = container.store.runs, container.clock.now()
    run = runs.start(RunKind.EXPORT, Trigger.MANUAL, now)
    outcomes = list(REASONS)
    for first in range(0, entries, CHUNK):
        numbers = range(first, min(first + CHUNK, entries))
        runs.add_entries(
            run.id,
            [
                Entry(1000 + n, f"person{n}@example.com", outcomes[n % 3], REASONS[outcomes[n % 3]])
                for n in numbers
            ],
        )
    counts = {one.value: entries // 3 for one in outcomes}
    finished = Run(
        run.id, run.kind, run.trigger, RunStatus.COMPLETE, now, now, total_contacts=entries, counts=counts
    )
    runs.finish(finished)
    return finished


def measure(container: Container, run: Run) -> dict[str, object]:
    """Open the run's view, export, and scroll it all the while."""
    loop = Loop(container.desk, container.clock)
    parts = gui_app.build(container.desk, loop)
    parts.window.resize(900, 600)
    parts.start()
    wait(2.0)
    opened = open_view(parts, run)
    dialog = opened[1]
    gaps, quiet = Gaps(), Gaps()
    scroller = Scroller(dialog)
    wait(1.5)
    quiet.start()
    wait(QUIET_S)
    quiet.stop()
    gaps.start()
    scroller.start()
    began, cpu = time.perf_counter(), time.process_time()
    done = QEventLoop()
    parts.bridge.finished.connect(lambda ended: done.quit() if ended.kind is RunKind.EXPORT else None)
    parts.bridge.failed.connect(lambda *_: done.quit())
    loop.request(RunKind.EXPORT)
    done.exec()
    wall, cpu = time.perf_counter() - began, time.process_time() - cpu
    gaps.stop()
    scroller.stop()
    export = container.desk.runs(kind=RunKind.EXPORT, limit=1)[0]
    parts.shutdown()
    return {
        "status": export.status.value,
        "calls_cc": export.calls_constant_contact,
        "calls_kibo": export.calls_kibo,
        "wall": wall,
        "cpu": cpu,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "opened": opened[0],
        "rows_scrolled": scroller.seen,
        "longest_ms": gaps.seconds[-1] * 1000,
        "p99_ms": gaps.seconds[int(len(gaps.seconds) * 0.99)] * 1000,
        "worst_ms": [round(one * 1000, 1) for one in gaps.seconds[-10:]],
        "gaps": len(gaps.seconds),
        "quiet_longest_ms": quiet.seconds[-1] * 1000,
    }


def open_view(parts: gui_app.AppParts, run: Run) -> tuple[float, RunDialog]:
    """Open the view; the time runs until its first people are there and painted."""
    began = time.perf_counter()
    dialog = RunDialog(parts.context, run, parts.window)
    dialog.open()
    while not dialog.people.rowCount():
        parts.app.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents)
    dialog.tbl_people.viewport().repaint()
    return time.perf_counter() - began, dialog


class Gaps:
    """The gaps of a timer in the GUI thread, ascending once stopped."""

    def __init__(self) -> None:
        self.seconds: list[float] = []
        self._last = 0.0
        self._timer = QTimer(timerType=Qt.TimerType.PreciseTimer)
        self._timer.setInterval(TICK_MS)
        self._timer.timeout.connect(self._tick)

    def start(self) -> None:
        self._last = time.perf_counter()
        self._timer.start()

    def stop(self) -> None:
        self._timer.stop()
        self.seconds.sort()

    def _tick(self) -> None:
        now = time.perf_counter()
        self.seconds.append(now - self._last)
        self._last = now


class Scroller:
    """Scrolls the people of a run, a page at a time, down to what is loaded and on from there."""

    def __init__(self, dialog: RunDialog) -> None:
        self._bar = dialog.tbl_people.verticalScrollBar()
        self._dialog = dialog
        self.seen = 0
        self._timer = QTimer()
        self._timer.setInterval(SCROLL_MS)
        self._timer.timeout.connect(self._step)

    def start(self) -> None:
        self._timer.start()

    def stop(self) -> None:
        self._timer.stop()

    def _step(self) -> None:
        self._bar.setValue(self._bar.value() + self._bar.pageStep())
        self.seen = max(self.seen, self._dialog.people.rowCount())


def wait(seconds: float) -> None:
    loop = QEventLoop()
    QTimer.singleShot(int(seconds * 1000), loop.quit)
    loop.exec()


if __name__ == "__main__":
    main()
