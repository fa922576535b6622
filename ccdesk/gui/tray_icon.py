"""The icon in the system's tray: what is asked of it, and the system's own."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from functools import lru_cache
from typing import Protocol

from PySide6.QtCore import QByteArray, QObject, Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QMenu, QSystemTrayIcon

from ccdesk.gui import assets
from ccdesk.gui.standing import Standing

MESSAGE_MS = 10_000
LOGIN_SECONDS = 20.0  # so long after the login a tray may come that is not there yet
_WATCHER = "org.kde.StatusNotifierWatcher"
_SIZES = (16, 20, 22, 24, 32, 44, 48, 64)
# Each state has a colour and a shape of its own: the shape tells it without the colour.
_MARKS = {
    Standing.IN_STEP: ("#1f9254", "M35.500 44.500l6 6 11-12"),
    Standing.WORKING: ("#1a66d6", "M53 41a9.500 9.500 0 1 0 0 7M54 33.500v8h-8"),
    Standing.PAUSED: ("#5d6771", "M39.500 36.500v15M48.500 36.500v15"),
    Standing.NEEDS_YOU: ("#c2410c", "M44 34v11.500M44 53v.100"),
}
_MARK = (
    '<circle cx="44" cy="44" r="18" fill="{fill}" stroke="#ffffff" stroke-width="3"/>'
    '<path d="{path}" fill="none" stroke="#ffffff" stroke-width="5" stroke-linecap="round" '
    'stroke-linejoin="round"/></svg>'
)


class TrayIcon(Protocol):
    """An icon with a menu and messages; the tests have one of their own."""

    def is_there(self) -> bool:
        """Say whether this desktop has a tray now: one may come later, and may go."""

    def set_up(self, menu: QMenu, on_click: Callable[[], object], on_message: Callable[[], object]) -> None:
        """Take the menu, and whom to tell of a click on the icon and on a message."""

    def show(self, standing: Standing, tip: str) -> None:
        """Show a state."""

    def tell(self, title: str, text: str) -> None:
        """Show a message for some seconds."""

    def take_back(self) -> None:
        """Take the message away, where the system lets us: what it says is not so any more."""

    def remove(self) -> None:
        """Take the icon away."""


class SystemTray(QObject):
    """`TrayIcon` of the system.

    On Linux Qt decides when it is first asked, once for all, whether the tray is one on the session bus. So
    it is not asked before there is one, until `patience` seconds have passed: it may be of the older kind.
    """

    def __init__(self, parent: QObject | None = None, *, patience: float = 0.0) -> None:
        super().__init__(parent)
        self._wait_until = time.monotonic() + (patience if sys.platform == "linux" else 0.0)
        self._made: QSystemTrayIcon | None = None
        self._shown: tuple[Standing, str] | None = None

    def is_there(self) -> bool:
        """Say whether this desktop has a tray now."""
        if self._made is None and time.monotonic() < self._wait_until and not _is_on_bus():
            return False
        return QSystemTrayIcon.isSystemTrayAvailable()

    def set_up(self, menu: QMenu, on_click: Callable[[], object], on_message: Callable[[], object]) -> None:
        """Take the menu, and whom to tell of clicks."""
        self._menu, self._on_click, self._on_message = menu, on_click, on_message

    def show(self, standing: Standing, tip: str) -> None:
        """Show a state; without a tray, the next one shown after it has come."""
        if not self.is_there():
            return
        icon = self._made = self._made or self._make()
        if icon.isVisible() and self._shown == (standing, tip):
            return  # every change is told to the desktop, and a run gets on several times a second
        self._shown = standing, tip
        icon.setIcon(state_icon(standing))
        icon.setToolTip(tip)
        icon.show()

    def _make(self) -> QSystemTrayIcon:
        icon = QSystemTrayIcon(self)
        icon.setContextMenu(self._menu)
        icon.activated.connect(self._on_activated)
        icon.messageClicked.connect(self._on_message)
        return icon

    def tell(self, title: str, text: str) -> None:
        """Show a message for some seconds."""
        if self._made is not None:
            self._made.showMessage(title, text, QSystemTrayIcon.MessageIcon.Warning, MESSAGE_MS)

    def take_back(self) -> None:
        """Take the message away. Only Windows knows how: by an empty one in its place."""
        if sys.platform == "win32" and self._made is not None:
            self._made.showMessage("", "", QSystemTrayIcon.MessageIcon.NoIcon, 0)

    def remove(self) -> None:
        """Take the icon away."""
        if self._made is not None:
            self._made.hide()

    def _on_activated(self, reason: QSystemTrayIcon.ActivationReason) -> None:
        if reason in (QSystemTrayIcon.ActivationReason.Trigger, QSystemTrayIcon.ActivationReason.DoubleClick):
            self._on_click()


def _is_on_bus() -> bool:
    """Say whether there is a tray on the session bus now, or no bus, so that Qt may be asked at once."""
    from PySide6.QtDBus import QDBusConnection

    bus = QDBusConnection.sessionBus()
    return not bus.isConnected() or bool(bus.interface().isServiceRegistered(_WATCHER).value())


@lru_cache(maxsize=len(Standing))
def state_icon(standing: Standing) -> QIcon:
    """Return the program's icon with the mark of a state, sharp at every size a tray has."""
    fill, path = _MARKS[standing]
    drawing = assets.text("icons/ccdesk.svg").partition("<circle")[0] + _MARK.format(fill=fill, path=path)
    renderer = QSvgRenderer(QByteArray(drawing.encode()))
    icon = QIcon()
    for size in _SIZES:
        pixmap = QPixmap(size, size)
        pixmap.fill(QColor(Qt.GlobalColor.transparent))
        painter = QPainter(pixmap)
        renderer.render(painter)
        painter.end()
        icon.addPixmap(pixmap)
    return icon
