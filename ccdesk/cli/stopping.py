"""How a command ends: its code after a run, and how it is stopped.

By Ctrl+C, the system's wish or a terminal that is closed: once for an orderly end, twice for any.
"""

from __future__ import annotations

import queue
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from ccdesk.core.errors import ExitCode
from ccdesk.core.runs import Run, RunStatus
from ccdesk.system.signals import is_repeated_by_itself, stop_signals


def exit_code(run: Run) -> int:
    """Return the exit code a run leads to; errors of single people are in its document."""
    if run.failure is not None and run.status is not RunStatus.CANCELLED:
        return int(run.failure.exit_code)
    return int(ExitCode.STOPPED if run.status is RunStatus.CANCELLED else ExitCode.DONE)


@contextmanager
def stoppable(also: Callable[[], None] | None = None) -> Iterator[threading.Event]:
    """Turn what asks the program to end into a cancellation; a second wish ends the program at once.

    The wish is passed on by a thread of its own: the main one may be holding the very lock that an event or
    an inbox needs for it, and would then wait for itself until it is killed.
    """
    cancel = threading.Event()
    asked: queue.SimpleQueue[bool] = queue.SimpleQueue()  # the one queue that may be filled by a signal
    told: list[int] = []

    def stop(number: int, frame: Any) -> None:
        if not is_repeated_by_itself(number):
            if told:
                raise KeyboardInterrupt
            told.append(number)
        asked.put(True)

    def pass_on() -> None:
        if not asked.get():
            return
        cancel.set()
        if also is not None:
            also()

    thread = threading.Thread(target=pass_on, name="stop", daemon=True)
    thread.start()
    before = {number: signal.signal(number, stop) for number in stop_signals()}
    try:
        yield cancel
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        asked.put(False)
        thread.join()
