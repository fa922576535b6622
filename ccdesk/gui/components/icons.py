"""The icons of `resources/icons`, drawn in the colour asked for at the sizes and scales in use."""

from __future__ import annotations

from functools import lru_cache

from PySide6.QtCore import QByteArray, QEvent, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QAbstractButton, QLabel, QWidget

from ccdesk.gui import assets
from ccdesk.gui.components.theme import Tone, scheme

SCALES = (1, 2, 3)
SIZE = 16
IN_ROW = (QIcon.Mode.Normal, QIcon.Mode.Selected, QIcon.Mode.Active)  # the same in a chosen row


def icon(name: str, tone: Tone = Tone.NEUTRAL, size: int = SIZE) -> QIcon:
    """Return an icon in the colour a tone has just now."""
    return _drawn(name, scheme().tone(tone).name(), size)


def app_icon() -> QIcon:
    """Return the program's own icon."""
    return QIcon(str(assets.path("icons/ccdesk.svg")))


@lru_cache(maxsize=256)
def _drawn(name: str, colour: str, size: int) -> QIcon:
    svg = assets.text(f"icons/{name}.svg").replace("currentColor", colour)
    renderer = QSvgRenderer(QByteArray(svg.encode()))
    result = QIcon()
    for scale in SCALES:
        pixmap = QPixmap(QSize(size, size) * scale)
        pixmap.fill(QColor(Qt.GlobalColor.transparent))
        painter = QPainter(pixmap)
        renderer.render(painter, QRectF(0, 0, size * scale, size * scale))
        painter.end()
        pixmap.setDevicePixelRatio(scale)
        for mode in IN_ROW:
            result.addPixmap(pixmap, mode)
    return result


class IconLabel(QLabel):
    """An icon that changes its colour with the theme. It says nothing: the word beside it does."""

    def __init__(self, name: str, tone: Tone = Tone.NEUTRAL, size: int = SIZE, parent: QWidget | None = None):
        super().__init__(parent)
        self._size = size
        self.setFixedSize(size, size)
        self.show_icon(name, tone)

    def show_icon(self, name: str, tone: Tone = Tone.NEUTRAL) -> None:
        """Show another icon."""
        self._name, self._tone = name, tone
        self._draw()

    def changeEvent(self, event: QEvent) -> None:
        """Draw anew in the colours of the new theme."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "_name"):
            self._draw()

    def _draw(self) -> None:
        drawn = icon(self._name, self._tone, self._size)
        self.setPixmap(drawn.pixmap(QSize(self._size, self._size), self.devicePixelRatio()))


class IconKeeper(QWidget):
    """Sits unseen in a button and draws its icon anew when the theme changes."""

    def __init__(self, button: QAbstractButton, name: str, tone: Tone) -> None:
        super().__init__(button)
        self.hide()
        self._button = button
        self.show_icon(name, tone)

    def show_icon(self, name: str, tone: Tone) -> None:
        """Show another icon."""
        self._name, self._tone = name, tone
        self._button.setIcon(icon(name, tone))

    def changeEvent(self, event: QEvent) -> None:
        """Draw anew in the colours of the new theme."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "_name"):
            self.show_icon(self._name, self._tone)


def set_icon(button: QAbstractButton, name: str, tone: Tone = Tone.NEUTRAL) -> None:
    """Give a button an icon that follows the theme."""
    keeper = button.findChild(IconKeeper)
    if keeper is None:
        IconKeeper(button, name, tone)
    else:
        keeper.show_icon(name, tone)
