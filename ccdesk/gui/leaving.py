"""Every way out of the window asks the same questions; the end of the session is never held up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from PySide6.QtCore import QObject, QTimer, Slot
from PySide6.QtGui import QGuiApplication, QSessionManager
from PySide6.QtWidgets import QWidget

from ccdesk.gui.aside import Aside
from ccdesk.gui.dialogs.question import ask
from ccdesk.gui.dialogs.words import Reasons, keep_running, leave

SESSION_ENDS_MS = 60_000  # a logout that has not come by then was called off


class Leaving(QObject):
    """Says whether the window may close. The frame, Ctrl+Q and the system's Quit all come by here.

    `aside`: where the program goes on while it is enabled; None where closing the window always ends it.
    """

    def __init__(self, window: QWidget, reasons: Callable[[], Reasons], aside: Aside | None = None) -> None:
        super().__init__(window)
        self._window, self._reasons, self.aside = window, reasons, aside
        self._free = False
        self.session_ends = self.told_to_end = False
        self._called_off = QTimer(self, singleShot=True, interval=SESSION_ENDS_MS)
        self._called_off.timeout.connect(self._hold)
        app = QGuiApplication.instance()
        if isinstance(app, QGuiApplication):
            app.commitDataRequest.connect(self._on_session_ends)

    def steps_aside(self) -> bool:
        """Keep the program running without its window, or ask about it; False if closing ends it.

        Nothing is lost by it: what is not saved stays in the window, and a run goes on.
        """
        if self._free or self.aside is None or not self._reasons().enabled:
            return False
        if self.aside.has_tray:
            self.aside.hide()
        else:
            ask(keep_running(), self._window, yes=self._quit_after_all, no=self.aside.minimise)
        return True

    def may_close(self) -> bool:
        """Say whether the window may close now; else a person is being asked."""
        return self._free or not self._asks(self._reasons())

    def _asks(self, reasons: Reasons) -> bool:
        if reasons:
            if not self._window.isVisible():  # a question needs a window to belong to
                self._window.showNormal()
            ask(leave(reasons), self._window, yes=self._close)
        return bool(reasons)

    @Slot()
    def _quit_after_all(self) -> None:
        """Quit by a person's choice, who was told what being enabled means, but of nothing else."""
        if not self._asks(replace(self._reasons(), enabled=False)):
            self._close()

    def let_go(self) -> None:
        """Ask no more: the program is told to end, or a person has said so."""
        self._free = True

    def end_at_once(self) -> None:
        """Ask nothing, and end soon: a signal says so, from the system or from a person."""
        self.told_to_end = True
        self.let_go()

    @Slot()
    def _close(self) -> None:
        self.let_go()
        self._window.close()

    @Slot()
    def _hold(self) -> None:
        self._free = self.session_ends = False

    @Slot(QSessionManager)
    def _on_session_ends(self, _session: QSessionManager) -> None:
        """Somebody logs out or shuts the computer down: no question may be in the way of that.

        What is lost by it is what a power cut would lose as well: nothing that was done.
        """
        self.let_go()
        self.session_ends = True
        self._called_off.start()
