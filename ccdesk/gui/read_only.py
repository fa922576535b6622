"""The window on a bundle: what would change something stays switched off, whatever a tab thinks of it."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence

from PySide6.QtCore import QObject, QTimer, Slot
from PySide6.QtWidgets import QAbstractSpinBox, QCheckBox, QComboBox, QDialog, QLineEdit, QPushButton, QWidget

from ccdesk.core.drift import Chosen
from ccdesk.core.runs import RunKind
from ccdesk.gui.components.messages import Notice
from ccdesk.gui.components.theme import Tone
from ccdesk.gui.components.widgets import Segments
from ccdesk.gui.sync_thread import LoopListener
from ccdesk.gui.tabs.needs_card import NeedRow
from ccdesk.gui.translation import marked, say
from ccdesk.gui.window import SettingsWindow
from ccdesk.service.read_only import refused

TIP = marked("This is a bundle: it can only be looked at.")
LOOKS = frozenset(
    {
        *("btn_find", "btn_logs_view", "btn_logs_errors", "btn_last_export_view", "btn_last_export_errors"),
        *("btn_logs_refresh", "chk_events_processed", "btn_kibo_advanced", "btn_logs_day"),
        *("inp_logs_search", "btn_logs_search_clear", "cmb_logs_what", "cmb_logs_kind", "btn_event_why"),
        "btn_event_run",
    }
)
REVIEW = "dlg_confirm_run"  # its “Not now” only closes it here
LEAVING = ("dlg_quit", "dlg_keep_running")  # questions about this window itself
IN_DIALOGS = (
    *("btn_find_read", "btn_run_undo", "btn_preview_export", "btn_question_yes", "btn_question_mistake"),
    *("btn_newcomers_add", "btn_newcomers_leave", "btn_put_back_leave"),
    *("btn_drift_again", "btn_drift_repair", "btn_drift_leave", "btn_drift_name_again"),
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
        notice = Notice("notice_bundle")  # one of its own: the window's is for what comes and goes
        notice.show_text(
            Tone.NEUTRAL,
            say("You are looking at a bundle of {date}").format(date=made),
            say(
                "It shows what ccdesk knew then, with pseudonyms for people. Nothing is asked of the "
                "services from here, and nothing is changed."
            ),
        )
        notice.stay()
        window.add_standing_notice(notice)
        self._window = window
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._look)
        self._timer.start(_EVERY_MS)
        self._look()

    @Slot()
    def _look(self) -> None:
        """Switch off what a tab has switched on since; what is pressed before that the desk refuses."""
        for widget in (*_acting(self._window.pages()), *_acting_in_dialogs(self._window)):
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


def _acting_in_dialogs(window: QWidget) -> Iterable[QWidget]:
    """Yield the buttons of open dialogs that ask a service or change something; those that close stay."""
    for dialog in window.findChildren(QDialog):
        if dialog.isVisible() and dialog.objectName() not in LEAVING:
            answers = IN_DIALOGS if dialog.objectName() == REVIEW else (*IN_DIALOGS, "btn_question_no")
            yield from (one for one in dialog.findChildren(QPushButton) if one.objectName() in answers)


def _acting(pages: Iterable[QWidget]) -> Iterable[QWidget]:
    for page in pages:
        for kind in _ACTS:
            for widget in page.findChildren(kind):
                if not _only_looks(widget):
                    yield widget


def _only_looks(widget: QWidget) -> bool:
    """Say whether a control shows, filters or leads somewhere; what is done there the desk refuses."""
    name = widget.objectName()
    leads = name.startswith(("btn_step_", "btn_since_")) or name.endswith("_fold")
    if name.startswith("btn_need_"):
        row = widget.parent()
        return not (isinstance(row, NeedRow) and row.does_a_run)
    return leads or name in LOOKS or isinstance(widget.parent(), Segments)
