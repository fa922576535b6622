"""A list of points, each behind its bullet: where one wraps, it goes on under its words."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QLabel, QWidget

from ccdesk.gui.components.widgets import label

_GAP = 8  # pixels between a bullet and its words


class Bullets(QWidget):
    """Rows of labels: a label of its own could only indent its lines as HTML, and texts here stay plain."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setObjectName(name)
        self._words: list[QLabel] = []
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(_GAP)
        self._grid.setVerticalSpacing(3)
        self._grid.setColumnStretch(1, 1)

    def show_texts(self, texts: Sequence[str]) -> None:
        """Show these points, in this order; there are always as many of them as at first."""
        if not self._words:
            for at in range(len(texts)):
                self._words.append(label())
                self._grid.addWidget(label("•", wrap=False), at, 0, Qt.AlignmentFlag.AlignTop)
                self._grid.addWidget(self._words[at], at, 1)
        for words, text in zip(self._words, texts, strict=True):
            words.setText(text)

    def text(self) -> str:
        """Return what it shows, a point a line."""
        return "\n".join(words.text() for words in self._words)
