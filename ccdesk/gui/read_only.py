"""The window on a bundle: what would change something stays switched off, whatever a tab thinks of it."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence

from PySide6.QtCore import QObject, QTimer, Slot
from PySide6.QtWidgets import QAbstractSpinBox, QCheckBox, QComboBox, QLineEdit, QPushButton, QWidget

from ccdesk.core.drift import Chosen
from ccdesk.core.runs import RunKind
from ccdesk.gui.components.theme import Tone
from ccdesk.gui.components.widgets import Segments
from ccdesk.gui.sync_thread import LoopListener
from ccdesk.gui.translation import marked, say
from ccdesk.gui.window import SettingsWindow
from ccdesk.service.read_only import refused

TIP = marked("This is a bundle: it can only be looked at.")
LOOKS = frozenset(
    {
        *("btn_find", "btn_logs_view", "btn_logs_errors", "btn_last_export_view", "btn_last_export_errors"),
        *("btn_logs_refresh", "chk_events_processed", "btn_kibo_advanced", "btn_logs_day"),
        *("inp_logs_search", "btn_logs_search_clear", "cmb_logs_what", "cmb_logs_kind", "btn_event_why"),
    }
)
_EVERY_MS = 100
_ACTS = (QPushButton, QCheckBox, QLineEdit, QComboBox, QAbstractSpinBox)


class StillLoop:
    """A loop that does nothing (`sync_thread.LoopControl`)."""

    listener: LoopListener

    def __init__(self) -> None:
        self._stopped = threading.Event()

    def run(self) -> None:
        """Wait to be stopped."""
        self._stopped.wait()

    def stop(self) -> None:
        """End waiting."""
        self._stopped.set()

    def request(self, kind: RunKind, *, confirmed: bool = False, leave_out: bool = False) -> None:
        """Do nothing."""

    def repair(self, people: Sequence[Chosen]) -> None:
        """Do nothing."""

    def try_out(self, kind: RunKind) -> None:
        """Do nothing."""

    def undo(self, run_id: int) -> None:
        """Do nothing."""

    def try_out_undo(self, run_id: int) -> None:
        """Say that it can only be looked at: a run's View stays as it is, its button included."""
        self.listener.preview_started(RunKind.UNDO)
        self.listener.preview_failed(RunKind.UNDO, refused())

    def cancel_current(self) -> None:
        """Do nothing."""

    def wake(self) -> None:
        """Do nothing."""


class ReadOnly(QObject):
    """Keeps the controls of a window's pages off, except those that only look."""

    def __init__(self, window: SettingsWindow, made: str) -> None:
        super().__init__(window)
        title = say("{window}: bundle of {date}, read-only")
        window.setWindowTitle(title.format(window=window.windowTitle(), date=made))
        window.notice.show_text(
            Tone.NEUTRAL,
            say("You are looking at a bundle of {date}").format(date=made),
            say(
                "It shows what ccdesk knew then, with pseudonyms for people. Nothing is asked of the "
                "services from here, and nothing is changed."
            ),
        )
        self._window = window
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._look)
        self._timer.start(_EVERY_MS)
        self._look()

    @Slot()
    def _look(self) -> None:
        """Switch off what a tab has switched on since; what is pressed before that the desk refuses."""
        for widget in _acting(self._window.pages()):
            self._switch_off(widget)

    @staticmethod
    def _switch_off(widget: QWidget) -> None:
        if isinstance(widget, QLineEdit):
            if not widget.isReadOnly():
                widget.setReadOnly(True)
        elif widget.isEnabled():
            widget.setEnabled(False)
        if widget.toolTip() != say(TIP):
            widget.setToolTip(say(TIP))


def _acting(pages: Iterable[QWidget]) -> Iterable[QWidget]:
    for page in pages:
        for kind in _ACTS:
            for widget in page.findChildren(kind):
                if not _only_looks(widget):
                    yield widget


def _only_looks(widget: QWidget) -> bool:
    """Say whether a control shows, filters or leads somewhere; what is done there the desk refuses."""
    name = widget.objectName()
    leads = name.startswith(("btn_need_", "btn_step_", "btn_since_")) or name.endswith("_fold")
    return leads or name in LOOKS or isinstance(widget.parent(), Segments)
