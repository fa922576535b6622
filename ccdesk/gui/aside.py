"""The window out of the way while the sync goes on: in the tray, or minimised where there is none."""

from __future__ import annotations

from PySide6.QtCore import QObject, QTimer, Slot
from PySide6.QtWidgets import QWidget

from ccdesk.gui.context import Context
from ccdesk.gui.translation import marked, say
from ccdesk.gui.tray_icon import TrayIcon

TITLE = marked("ccdesk keeps running")
TEXT = marked(
    "It syncs on without its window. Click its icon here to open it again; Quit is in the icon's menu."
)
_TOLD = "keeps_running"
_LOOK_EVERY_MS, _LOOKS = 1_000, 30  # at login the tray may come after us


class Aside(QObject):
    """Puts the window away; what that means is told once, ever."""

    def __init__(self, context: Context, icon: TrayIcon, window: QWidget) -> None:
        super().__init__(window)
        self._context, self._icon, self._window = context, icon, window
        self._looks_left = _LOOKS
        self._look_again = QTimer(self, interval=_LOOK_EVERY_MS)
        self._look_again.timeout.connect(self._look)

    @property
    def has_tray(self) -> bool:
        """Say whether there is a tray to go into now."""
        return self._icon.is_there()

    def hide(self) -> None:
        """Put the window into the tray."""
        self._window.hide()
        desk = self._context.desk
        self._context.tasks.run(self, lambda: desk.first_time(_TOLD), done=self._tell, failed=lambda _: None)

    def _tell(self, is_first: bool) -> None:
        if is_first:
            self._icon.tell(say(TITLE), say(TEXT))

    @Slot()
    def minimise(self) -> None:
        """Make the window small: it can be found again in the list of windows."""
        self._window.showMinimized()

    def start(self) -> None:
        """Begin out of the way, as at login; where no tray comes, minimised."""
        if not self.has_tray:
            self._look_again.start()

    @Slot()
    def _look(self) -> None:
        self._looks_left -= 1
        if self.has_tray or self._window.isVisible():
            self._look_again.stop()
        elif self._looks_left <= 0:
            self._look_again.stop()
            self.minimise()
