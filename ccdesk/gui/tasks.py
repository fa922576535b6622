"""Short jobs off the GUI thread. Results come back by signal into the GUI thread; no error is lost."""

from __future__ import annotations

import logging
import threading
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QElapsedTimer, QObject, QThreadPool, QTimer, Signal, Slot
from shiboken6 import isValid

from ccdesk.core.errors import CcdeskError
from ccdesk.gui.translation import marked

log = logging.getLogger(__name__)

WORKERS = 8  # some wait for the network: reading the store must not queue up behind them
REFRESH_EVERY_MS = 250


def unexpected(error: BaseException) -> CcdeskError:
    """Wrap a fault of our own. Its text is kept out of the detail: it may hold what must not be shown."""
    frames = traceback.extract_tb(error.__traceback__)[-3:]
    places = " < ".join(f"{frame.name}:{frame.lineno}" for frame in reversed(frames))
    return CcdeskError(
        marked("Something went wrong inside ccdesk"),
        meaning=marked("This is a fault of the program, not of your settings. What was done so far stands."),
        next_step=marked("Try again. If it comes back, send the log file to support."),
        detail=f"{type(error).__name__} at {places or 'an unknown place'}",
        code=type(error).__name__,
    )


@dataclass(slots=True)
class _Job:
    owner: QObject
    done: Callable[[Any], None] | None
    failed: Callable[[CcdeskError], None] | None
    key: str
    cancel: threading.Event | None


class Tasks(QObject):
    """Runs jobs on its own thread pool.

    `owner` is who asked: its callbacks are dropped once it is gone. A job with a `key` makes the answer of
    an earlier one with the same owner and key stale. Errors without a `failed` callback go to `unhandled`.
    `ended` is called after each job, in its thread: it closes what the job has opened there for itself.
    """

    unhandled = Signal(object)  # CcdeskError
    _returned = Signal(int, object)
    _raised = Signal(int, object)

    def __init__(self, parent: QObject | None = None, *, ended: Callable[[], None] | None = None) -> None:
        super().__init__(parent)
        self._ended = ended
        self._pool = QThreadPool()
        self._pool.setMaxThreadCount(WORKERS)
        self._pool.setExpiryTimeout(-1)
        self._jobs: dict[int, _Job] = {}
        self._last = 0
        self._closed = False
        self._returned.connect(self._on_returned)
        self._raised.connect(self._on_raised)

    def run(
        self,
        owner: QObject,
        work: Callable[[], Any],
        *,
        done: Callable[[Any], None] | None = None,
        failed: Callable[[CcdeskError], None] | None = None,
        key: str = "",
        cancel: threading.Event | None = None,
    ) -> None:
        """Do `work` in the background, then call `done` or `failed` in the GUI thread."""
        if self._closed:
            return
        if key:
            self.drop(owner, key)
        self._last += 1
        self._jobs[self._last] = _Job(owner, done, failed, key, cancel)
        number = self._last
        self._pool.start(lambda: self._work(number, work))

    def drop(self, owner: QObject, key: str) -> None:
        """Make the answer of a running job stale."""
        for job in self._jobs.values():
            if job.owner is owner and job.key == key:
                job.done = job.failed = _ignore

    def shutdown(self, within_ms: int | None = None) -> bool:
        """Take no more jobs, ask the running ones to stop, and wait until the last has ended.

        `within_ms`: how long to wait at most; False if a job is still running then.
        """
        self._closed = True
        self._pool.clear()
        for job in self._jobs.values():
            if job.cancel is not None:
                job.cancel.set()
        ended = self._pool.waitForDone(-1 if within_ms is None else within_ms)
        self._jobs.clear()
        return ended

    def _work(self, number: int, work: Callable[[], Any]) -> None:
        try:
            result = work()
        except CcdeskError as error:
            self._raised.emit(number, error)
        except Exception as error:  # the edge of the thread: whatever it is must reach the window
            log.exception("a background job failed")
            self._raised.emit(number, unexpected(error))
        else:
            self._returned.emit(number, result)
        finally:
            self._end()

    def _end(self) -> None:
        try:
            if self._ended is not None:
                self._ended()
        except CcdeskError as error:  # the job has met it too, and said so
            log.debug("after a job: %s", error.title)

    @Slot(int, object)
    def _on_returned(self, number: int, result: object) -> None:
        job = self._jobs.pop(number, None)
        if job and job.done and isValid(job.owner):
            job.done(result)

    @Slot(int, object)
    def _on_raised(self, number: int, error: CcdeskError) -> None:
        job = self._jobs.pop(number, None)
        if job is None or not isValid(job.owner):
            return
        if job.failed is not None:
            job.failed(error)
        else:
            self.unhandled.emit(error)


def _ignore(_: object) -> None:
    """Take the answer nobody waits for any more."""


class Refresher(QObject):
    """Does one job again whenever poked, never twice at once and at most four times a second."""

    def __init__(
        self,
        tasks: Tasks,
        work: Callable[[], Any],
        *,
        done: Callable[[Any], None],
        failed: Callable[[CcdeskError], None] | None = None,
        parent: QObject,
        every_ms: int | None = None,
    ) -> None:
        super().__init__(parent)
        self._tasks, self._work, self._done, self._failed = tasks, work, done, failed
        self._every_ms = REFRESH_EVERY_MS if every_ms is None else every_ms
        self._busy = False
        self._again = False
        self._since = QElapsedTimer()
        self._timer = QTimer(self, singleShot=True)
        self._timer.timeout.connect(self._start)

    @Slot()
    def poke(self) -> None:
        """Ask for a fresh result, soon."""
        if self._busy:
            self._again = True
        elif not self._timer.isActive():
            passed = self._since.elapsed() if self._since.isValid() else self._every_ms
            self._timer.start(max(0, self._every_ms - int(passed)))

    @property
    def is_due(self) -> bool:
        """Say whether a further result has been asked for and is yet to come."""
        return self._busy or self._timer.isActive()

    def restart(self) -> None:
        """Ask afresh and drop an answer under way: the question has changed."""
        self._tasks.drop(self, "refresh")
        self._busy = self._again = False
        self._timer.start(0)

    @Slot()
    def _start(self) -> None:
        self._busy, self._again = True, False
        self._since.start()
        self._tasks.run(self, self._work, done=self._on_done, failed=self._on_failed, key="refresh")

    def _on_done(self, result: object) -> None:
        self._finish()
        self._done(result)

    def _on_failed(self, error: CcdeskError) -> None:
        self._finish()
        if self._failed is not None:
            self._failed(error)
        else:
            self._tasks.unhandled.emit(error)

    def _finish(self) -> None:
        self._busy = False
        if self._again:
            self.poke()
