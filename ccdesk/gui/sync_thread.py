"""The background thread that runs the loop, and the bridge that carries its news into the GUI thread."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence
from typing import Protocol

from PySide6.QtCore import QObject, QThread, Signal

from ccdesk.core.drift import Chosen
from ccdesk.core.errors import CcdeskError
from ccdesk.core.runs import Progress, Run, RunKind, Trigger
from ccdesk.gui.tasks import unexpected
from ccdesk.gui.translation import marked
from ccdesk.service.preview import Preview

log = logging.getLogger(__name__)

PROGRESS_EVERY = 0.25
JOIN_WARN_MS = 10_000
START_AGAIN_AFTER = 5.0  # seconds; what has just gone wrong may have passed by then


class LoopListener(Protocol):
    """What the loop tells, in its own thread."""

    def run_started(self, kind: RunKind, trigger: Trigger) -> None:
        """A run begins."""

    def progress(self, progress: Progress) -> None:
        """A run got on."""

    def run_finished(self, run: Run) -> None:
        """A run came to its end, whatever its status."""

    def run_failed(self, kind: RunKind, error: CcdeskError) -> None:
        """A run could not begin."""

    def preview_started(self, kind: RunKind) -> None:
        """A run is tried out."""

    def preview_finished(self, preview: Preview) -> None:
        """What the run would do; who is told closes it."""

    def preview_failed(self, kind: RunKind, error: CcdeskError) -> None:
        """It could not be tried out."""

    def schedule_changed(self) -> None:
        """The next run times moved."""


class LoopControl(Protocol):
    """What the window asks of the loop (`ccdesk.service.loop.Loop`)."""

    listener: LoopListener

    def run(self) -> None:
        """Loop until stopped; blocks."""

    def stop(self) -> None:
        """End the loop; a run stops between two people. From any thread."""

    def request(self, kind: RunKind, *, confirmed: bool = False, leave_out: bool = False) -> None:
        """Do a run as soon as possible; the answers are those of `Desk.run`."""

    def repair(self, people: Sequence[Chosen]) -> None:
        """Do a run that puts these people right as soon as possible."""

    def try_out(self, kind: RunKind) -> None:
        """Do a preview of a run as soon as possible."""

    def undo(self, run_id: int) -> None:
        """Undo a run as soon as possible."""

    def try_out_undo(self, run_id: int) -> None:
        """Do a preview of undoing a run as soon as possible."""

    def cancel_current(self) -> None:
        """Stop the run under way between two people."""

    def wake(self) -> None:
        """Look at settings and queue again."""


class LoopBridge(QObject):
    """A `LoopListener` whose calls come out as signals; receivers are slots of QObjects in the GUI thread.

    Progress is thinned here, in the loop's thread, so that a fast run cannot flood the window's event queue.
    """

    started = Signal(object, object)  # RunKind, Trigger
    progressed = Signal(object)  # Progress
    finished = Signal(object)  # Run
    failed = Signal(object, object)  # RunKind, CcdeskError
    trying_out = Signal(object)  # RunKind
    tried_out = Signal(object)  # Preview; who shows it closes it
    not_tried_out = Signal(object, object)  # RunKind, CcdeskError
    schedule_moved = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._sent_at = 0.0
        self._phase = ""
        self._was_silent = False  # whether the last one told of a service that does not answer

    def run_started(self, kind: RunKind, trigger: Trigger) -> None:
        """Pass it on."""
        self._sent_at, self._phase = 0.0, ""
        self.started.emit(kind, trigger)

    def progress(self, progress: Progress) -> None:
        """Pass it on, at most four times a second; a new phase, the end and a silent service always."""
        now = time.monotonic()
        complete = progress.total > 0 and progress.done >= progress.total
        same = progress.phase == self._phase and not progress.tries and not self._was_silent
        if now - self._sent_at < PROGRESS_EVERY and same and not complete:
            return
        self._was_silent = bool(progress.tries)
        self._sent_at, self._phase = now, progress.phase
        self.progressed.emit(progress)

    def run_finished(self, run: Run) -> None:
        """Pass it on."""
        self.finished.emit(run)

    def run_failed(self, kind: RunKind, error: CcdeskError) -> None:
        """Pass it on."""
        self.failed.emit(kind, error)

    def preview_started(self, kind: RunKind) -> None:
        """Pass it on."""
        self._sent_at, self._phase = 0.0, ""
        self.trying_out.emit(kind)

    def preview_finished(self, preview: Preview) -> None:
        """Pass it on."""
        self.tried_out.emit(preview)

    def preview_failed(self, kind: RunKind, error: CcdeskError) -> None:
        """Pass it on."""
        self.not_tried_out.emit(kind, error)

    def schedule_changed(self) -> None:
        """Pass it on."""
        self.schedule_moved.emit()


STARTED_AGAIN = marked(
    "The automatic sync has been started again. If it comes back, save diagnostics for support."
)
STOPPED = marked(
    "The automatic sync has stopped. Quit ccdesk and start it again; save diagnostics for support."
)


class SyncThread(QThread):
    """Runs the loop. A fault that leaves the loop ends it: that is shown, and it is started again once."""

    crashed = Signal(object)  # CcdeskError
    stopped_for_good = Signal()  # it has crashed again

    def __init__(self, loop: LoopControl, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("sync_thread")
        self._loop = loop
        self._stopping = threading.Event()

    def run(self) -> None:
        """Block in the loop until it is stopped."""
        if self._is_over(STARTED_AGAIN) or self._stopping.wait(START_AGAIN_AFTER):
            return
        if not self._is_over(STOPPED):
            self.stopped_for_good.emit()

    def _is_over(self, next_step: str) -> bool:
        """Run the loop; False if it crashed and was not asked to stop. `next_step`: what is said then."""
        try:
            self._loop.run()
        except CcdeskError as error:
            log.exception("the loop ended")
            crash = error
        except Exception as error:  # nothing may leave a thread unsaid
            log.exception("the loop ended by a fault")
            crash = unexpected(error)
        else:
            return True
        crash.next_step = next_step
        self.crashed.emit(crash)
        return self._stopping.is_set()

    def shut_down(self, within_ms: int | None = None) -> bool:
        """Stop the loop and wait for the thread: dropping a running QThread would abort the process.

        `within_ms`: how long to wait at most; False if it has not stopped by then.
        """
        self._stopping.set()
        self._loop.stop()
        if within_ms is not None:
            return self.wait(within_ms)
        while not self.wait(JOIN_WARN_MS):
            log.warning("still waiting for the current run to stop")
        return True
