"""What a screen reader says of a run that somebody asked for in this window: its begin, its phases, its end.

Who sees the window reads them in the footer and on the Sync tab. Runs by schedule come every half hour and
are not told: the sentence of Info says aloud what they change, and notices what goes wrong.
"""

from __future__ import annotations

from PySide6.QtCore import QObject, QTimer, Slot
from PySide6.QtWidgets import QWidget

from ccdesk.core.runs import Progress, Run, RunKind, RunStatus
from ccdesk.gui import formats
from ccdesk.gui.components.news import announce
from ccdesk.gui.context import Context
from ccdesk.gui.translation import say

PHASE_MS = 1_500  # a phase that is over sooner is not worth the words
_TOLD_BY_NOTICE = (RunStatus.FAILED, RunStatus.WAITING)


class Aloud(QObject):
    """Announces the runs that were asked for in this window."""

    def __init__(self, context: Context, window: QWidget) -> None:
        super().__init__(window)
        self._monitor, self._window = context.monitor, window
        self._kind: RunKind | None = None  # the run under way, if it was asked for here
        self._phase = ""
        self._phase_stays = QTimer(self, singleShot=True, interval=PHASE_MS)
        self._phase_stays.timeout.connect(self._say_phase)
        bridge = context.bridge
        bridge.started.connect(self._on_started)
        bridge.progressed.connect(self._on_progress)
        bridge.finished.connect(self._on_finished)
        bridge.failed.connect(self._on_failed)

    @Slot(object, object)
    def _on_started(self, kind: RunKind, _trigger: object) -> None:
        self._phase_stays.stop()
        self._phase = ""
        self._kind = kind if kind in self._monitor.asked else None
        self._say(say("{run}: started").format(run=say(formats.KIND_WORDS[kind])))

    @Slot(object)
    def _on_progress(self, progress: Progress) -> None:
        if progress.phase != self._phase:
            self._phase = progress.phase
            self._phase_stays.start()

    @Slot()
    def _say_phase(self) -> None:
        self._say(say(self._phase))

    @Slot(object)
    def _on_finished(self, run: Run) -> None:
        self._phase_stays.stop()
        if run.status not in _TOLD_BY_NOTICE:
            words = {"ending": formats.status_words(run), "counts": formats.counts_line(run)}
            self._say(say("{run}: {ending}. {counts}").format(run=formats.kind_words(run), **words))
        self._kind = None

    @Slot(object, object)
    def _on_failed(self, _kind: RunKind, _error: object) -> None:
        """It could not begin: a notice or a question says why."""
        self._phase_stays.stop()
        self._kind = None

    def _say(self, text: str) -> None:
        if self._kind is not None and text and self._window.isVisible():
            announce(self._window, text)
