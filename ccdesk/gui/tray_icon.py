"""The icon in the system's tray: what is asked of it, and the system's own."""

from __future__ import annotations

import sys
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
    """`TrayIcon` of the system."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._icon = QSystemTrayIcon(self)
        self._shown: tuple[Standing, str] | None = None

    def is_there(self) -> bool:
        """Say whether this desktop has a tray now."""
        return QSystemTrayIcon.isSystemTrayAvailable()

    def set_up(self, menu: QMenu, on_click: Callable[[], object], on_message: Callable[[], object]) -> None:
        """Take the menu, and whom to tell of clicks."""
        self._on_click = on_click
        self._icon.setContextMenu(menu)
        self._icon.activated.connect(self._on_activated)
        self._icon.messageClicked.connect(on_message)

    def show(self, standing: Standing, tip: str) -> None:
        """Show a state; without a tray, the next one shown after it has come."""
        if not self.is_there() or (self._icon.isVisible() and self._shown == (standing, tip)):
            return  # every change is told to the desktop, and a run gets on several times a second
        self._shown = standing, tip
        self._icon.setIcon(state_icon(standing))
        self._icon.setToolTip(tip)
        self._icon.show()

    def tell(self, title: str, text: str) -> None:
        """Show a message for some seconds."""
        self._icon.showMessage(title, text, QSystemTrayIcon.MessageIcon.Warning, MESSAGE_MS)

    def take_back(self) -> None:
        """Take the message away. Only Windows knows how: by an empty one in its place."""
        if sys.platform == "win32":
            self._icon.showMessage("", "", QSystemTrayIcon.MessageIcon.NoIcon, 0)

    def remove(self) -> None:
        """Take the icon away."""
        self._icon.hide()

    def _on_activated(self, reason: QSystemTrayIcon.ActivationReason) -> None:
        if reason in (QSystemTrayIcon.ActivationReason.Trigger, QSystemTrayIcon.ActivationReason.DoubleClick):
            self._on_click()


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
