"""How much of a whole is used, as a bar."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from ccdesk.gui.components.theme import scheme

_HEIGHT = 8


class Gauge(QWidget):
    """Looks like a progress bar and is none: a screen reader reads out every change of those, as “2 percent”.

    What it shows stands in words beside it.
    """

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setObjectName(name)
        self.setFixedHeight(_HEIGHT)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.part = 0.0

    def show_part(self, part: float, tone: str = "") -> None:
        """Show a part of the whole, from 0 to 1; `tone` is `"warning"` where it is nearly used up."""
        self.part = max(0.0, min(part, 1.0))
        self.setProperty("tone", tone)
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the whole, and the part over it from where one begins to read."""
        painter, colours = QPainter(self), scheme(self.palette())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colours.colour("neutral_tint"))
        painter.drawRoundedRect(QRectF(self.rect()), _HEIGHT / 2, _HEIGHT / 2)
        width = max(self.width() * self.part, _HEIGHT) if self.part else 0.0
        begin = self.width() - width if self.layoutDirection() is Qt.LayoutDirection.RightToLeft else 0.0
        painter.setBrush(colours.colour(self.property("tone") or "accent"))
        painter.drawRoundedRect(QRectF(begin, 0, width, _HEIGHT), _HEIGHT / 2, _HEIGHT / 2)
