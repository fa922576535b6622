"""What a run under way is at, or how the last one ended: its steps as a line, and how far it is in words."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QProgressBar, QWidget

from ccdesk.core.runs import Progress
from ccdesk.gui import formats
from ccdesk.gui.components.step_line import StepLine
from ccdesk.gui.components.widgets import label, row
from ccdesk.gui.steps import RunSteps
from ccdesk.gui.tabs.base import page_layout
from ccdesk.gui.translation import marked, say

WORKING = marked("Working…")


class ProgressBox(QWidget):
    """Phase, steps, bar, and how far the run is in words; `name` tells its parts from those elsewhere."""

    def __init__(self, name: str = "sync") -> None:
        super().__init__()
        self.origin = label(name=f"lbl_{name}_origin")
        self.phase = label(role="label", name=f"lbl_{name}_phase")
        self.line = StepLine(f"steps_{name}")
        self.bar = QProgressBar()
        self.bar.setObjectName(f"bar_{name}")
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName(say("Progress of the run"))
        self.detail = label(role="muted", name=f"lbl_{name}_detail")
        layout = page_layout(self)
        layout.setContentsMargins(0, 4, 0, 0)
        layout.setSpacing(7)
        self.time = label(role="muted", name=f"lbl_{name}_time", wrap=False)
        for part in (self.origin, self.phase, self.line, self.bar):
            layout.addWidget(part)
        figures = row(self.detail, self.time)
        figures.setStretch(0, 1)
        figures.setAlignment(self.time, Qt.AlignmentFlag.AlignTop)
        layout.addLayout(figures)
        self.show_origin("")

    def show_origin(self, words: str) -> None:
        """Show what the run goes on from."""
        self.origin.setText(words)
        self.origin.setVisible(bool(words))

    def show_words(self, phase: str, detail: str = "") -> None:
        """Show that something is going on without knowing how far."""
        self.phase.setText(phase)
        self.detail.setText(detail)
        self.bar.setRange(0, 0)
        self.bar.show()

    def show_steps(self, steps: RunSteps | None) -> None:
        """Show which steps are done and which are to come; None where nothing runs yet."""
        self.line.show_steps(steps)

    def show_time(self, seconds: float) -> None:
        """Show how long it has been going on; nothing for what does not run yet."""
        so_far = say("{time} so far").format(time=formats.duration(seconds))
        self.time.setText(so_far if seconds else "")
        self.time.setVisible(bool(seconds))

    def show_run(self, progress: Progress | None, seconds_to_next_try: float) -> None:
        """Show how far a run is; None: it has told nothing yet.

        A service that does not answer is asked again in `seconds_to_next_try`.
        """
        if progress is None:
            self.show_words(say("Starting…"))
            return
        self.phase.setText(say(progress.phase or WORKING))
        self.bar.show()
        self.detail.setText(how_far(progress, seconds_to_next_try))
        if not progress.tries:
            self.bar.setRange(0, progress.total)
            self.bar.setValue(min(progress.done, progress.total))

    def show_ended(self, steps: RunSteps) -> None:
        """Show the steps of a run that has ended, and how."""
        run = steps.run
        kind = say(formats.KIND_WORDS[steps.kind])
        ending = say(formats.STATUS_WORDS[steps.status]) if run is None else formats.status_words(run)
        self.show_origin("")
        self.phase.setText(say("{kind}, last run: {ending}").format(kind=kind, ending=ending))
        self.bar.hide()
        self.show_time(0)
        did = [formats.counts_line(run), formats.calendar_date(run.started_at)] if run is not None else []
        self.detail.setText(" · ".join(did))
        self.line.show_steps(steps)


def how_far(progress: Progress, seconds_to_next_try: float) -> str:
    """Return how far a run is, or that a service does not answer and when it is asked again."""
    if progress.tries:
        return formats.silence(progress, seconds_to_next_try)
    return formats.progress_line(progress)
