"""Two parts of a page one above the other, whose sizes are remembered."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QRectF, QSize, Qt, Slot
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent, QShowEvent
from PySide6.QtWidgets import QSplitter, QSplitterHandle, QWidget

from ccdesk.gui.components.theme import scheme
from ccdesk.gui.memory import memory_of

_BETWEEN = 12  # pixels: the grip, and room around it
_GRIP = QSize(44, 4)
_STEP = 24  # pixels a key moves it
_MOST = 4_000  # pixels of a part that are remembered


class _Grip(QSplitterHandle):
    """What the parts are made larger or smaller by: with the mouse, or with the arrow keys."""

    def __init__(self, split: Split) -> None:
        super().__init__(Qt.Orientation.Vertical, split)
        self._split = split
        self.setAccessibleName(split.accessibleName())
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)

    def sizeHint(self) -> QSize:
        """Return room for the grip."""
        return QSize(_GRIP.width(), _BETWEEN)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw a short bar; in the colour of the focus while it has the keyboard."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(scheme().colour("focus" if self.hasFocus() else "border_strong"))
        bar = QRectF(0, 0, _GRIP.width() + 20 * self.hasFocus(), _GRIP.height())
        bar.moveCenter(QRectF(self.rect()).center())
        painter.drawRoundedRect(bar, 2, 2)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Move it with the arrow keys."""
        steps = {Qt.Key.Key_Up: -_STEP, Qt.Key.Key_Down: _STEP}
        if event.key() in steps:
            upper = self._split.sizes()[0]  # where it belongs: it may not have been moved there yet
            self.moveSplitter(upper + steps[Qt.Key(event.key())])
        else:
            super().keyPressEvent(event)

    def event(self, event: QEvent) -> bool:
        """Show whether it has the keyboard."""
        if event.type() in (QEvent.Type.FocusIn, QEvent.Type.FocusOut):
            self.update()
        return super().event(event)


class Split(QSplitter):
    """A part that takes what is left, over one whose height is remembered by `name`.

    `caption` says what a screen reader calls the grip between them.
    """

    def __init__(self, name: str, caption: str, upper: QWidget, lower: QWidget, height: int) -> None:
        super().__init__(Qt.Orientation.Vertical)
        self.setObjectName(name)
        self.setAccessibleName(caption)
        self._lower = lower
        self._height = height  # of the lower part, as long as nobody has chosen another
        self._remembers = False
        self.setChildrenCollapsible(False)
        self.setHandleWidth(_BETWEEN)
        self.addWidget(upper)
        self.addWidget(lower)
        self.setStretchFactor(0, 1)
        self.setStretchFactor(1, 0)
        self.splitterMoved.connect(self._on_moved)

    def createHandle(self) -> QSplitterHandle:
        """Return the grip."""
        return _Grip(self)

    def showEvent(self, event: QShowEvent) -> None:
        """Give the lower part the height it was last given."""
        super().showEvent(event)
        if self._remembers:
            return
        self._remembers = True
        memory = memory_of(self)
        height = memory.get(self._key, int, self._height) if memory else self._height
        if 0 < height <= _MOST:
            self._height = height
        self._give_height()

    def show_lower(self, shown: bool) -> None:
        """Show the lower part as high as it was, or leave the whole room to the upper one."""
        if self._lower.isHidden() == shown:
            self._lower.setVisible(shown)
            if shown:
                self._give_height()

    def _give_height(self) -> None:
        self.setSizes([max(1, self.height() - self._height - _BETWEEN), self._height])

    @property
    def _key(self) -> str:
        return f"split.{self.objectName()}"

    @Slot()
    def _on_moved(self) -> None:
        self._height = self.sizes()[1]
        memory = memory_of(self)
        if memory is not None and self._remembers:
            memory.put(self._key, self._height)
