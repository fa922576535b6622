"""Every way out of the window asks the same questions; the end of the session is never held up."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer, Slot
from PySide6.QtGui import QGuiApplication, QSessionManager
from PySide6.QtWidgets import QWidget

from ccdesk.gui.dialogs.question import ask
from ccdesk.gui.dialogs.words import Reasons, leave

SESSION_ENDS_MS = 60_000  # a logout that has not come by then was called off


class Leaving(QObject):
    """Says whether the window may close. The frame, Ctrl+Q and the system's Quit all come by here."""

    def __init__(self, window: QWidget, reasons: Callable[[], Reasons]) -> None:
        super().__init__(window)
        self._window, self._reasons = window, reasons
        self._free = False
        self._called_off = QTimer(self, singleShot=True, interval=SESSION_ENDS_MS)
        self._called_off.timeout.connect(self._hold)
        app = QGuiApplication.instance()
        if isinstance(app, QGuiApplication):
            app.commitDataRequest.connect(self._on_session_ends)

    def may_close(self) -> bool:
        """Say whether the window may close now; else a person is being asked."""
        reasons = self._reasons()
        if self._free or not reasons:
            return True
        ask(leave(reasons), self._window, yes=self._close)
        return False

    def let_go(self) -> None:
        """Ask no more: the program is told to end, or a person has said so."""
        self._free = True

    @Slot()
    def _close(self) -> None:
        self.let_go()
        self._window.close()

    @Slot()
    def _hold(self) -> None:
        self._free = False

    @Slot(QSessionManager)
    def _on_session_ends(self, _session: QSessionManager) -> None:
        """Somebody logs out or shuts the computer down: no question may be in the way of that.

        What is lost by it is what a power cut would lose as well: nothing that was done.
        """
        self.let_go()
        self._called_off.start()
