"""A layout that goes on in the next line where a row is full, as words do."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QRect, QSize, Qt
from PySide6.QtWidgets import QLayout, QLayoutItem, QWidget


class FlowLayout(QLayout):
    """Widgets one after the other; those that are hidden take no room.

    `gap` is between them, and between the rows, unless `between_rows` says otherwise.
    """

    def __init__(
        self, parent: QWidget | None = None, *, gap: int = 6, between_rows: int | None = None
    ) -> None:
        super().__init__(parent)
        self._items: list[QLayoutItem] = []
        self._gap = gap
        self._between_rows = gap if between_rows is None else between_rows
        self.setContentsMargins(0, 0, 0, 0)

    def addItem(self, item: QLayoutItem) -> None:
        """Take an item at the end."""
        self._items.append(item)

    def count(self) -> int:
        """Return how many there are."""
        return len(self._items)

    def itemAt(self, index: int) -> QLayoutItem | None:
        """Return one of them."""
        return self._items[index] if 0 <= index < len(self._items) else None

    def takeAt(self, index: int) -> QLayoutItem | None:
        """Give one of them away."""
        return self._items.pop(index) if 0 <= index < len(self._items) else None

    def expandingDirections(self) -> Qt.Orientation:
        """Take no more room than is needed."""
        return Qt.Orientation(0)

    def hasHeightForWidth(self) -> bool:
        """Say that narrow is high."""
        return True

    def heightForWidth(self, width: int) -> int:
        """Return how high it is at a width."""
        return self._arrange(QRect(0, 0, width, 0), move=False)

    def sizeHint(self) -> QSize:
        """Return the size with everything in one row."""
        sizes = [item.sizeHint() for item in self._items if not item.isEmpty()]
        wide = sum(size.width() for size in sizes) + self._gap * max(0, len(sizes) - 1)
        return QSize(wide, max((size.height() for size in sizes), default=0))

    def minimumSize(self) -> QSize:
        """Return the size of the widest widget."""
        sizes = [item.minimumSize() for item in self._items if not item.isEmpty()]
        widest = max((size.width() for size in sizes), default=0)
        return QSize(widest, max((size.height() for size in sizes), default=0))

    def setGeometry(self, rect: QRect) -> None:
        """Put the widgets in their places."""
        super().setGeometry(rect)
        self._arrange(rect, move=True)

    def _arrange(self, room: QRect, *, move: bool) -> int:
        """Go along the rows and return the height; a row is as high as its highest widget."""
        y = 0
        for line in self._lines(room.width()):
            high = max(item.sizeHint().height() for item in line)
            x = 0
            for item in line if move else ():
                size = item.sizeHint()
                item.setGeometry(self._placed(room, QPoint(x, y + (high - size.height()) // 2), size))
                x += size.width() + self._gap
            y += high + self._between_rows
        return max(0, y - self._between_rows)

    def _lines(self, width: int) -> list[list[QLayoutItem]]:
        lines: list[list[QLayoutItem]] = []
        x = 0
        for item in self._items:
            if item.isEmpty():
                continue
            if not lines or x + item.sizeHint().width() > width:
                lines.append([])
                x = 0
            lines[-1].append(item)
            x += item.sizeHint().width() + self._gap
        return lines

    def _placed(self, room: QRect, at: QPoint, size: QSize) -> QRect:
        """Return where a widget goes: from the right where one reads from there."""
        widget = self.parentWidget()
        mirrored = widget is not None and widget.layoutDirection() == Qt.LayoutDirection.RightToLeft
        width = min(size.width(), room.width())
        left = room.right() + 1 - at.x() - width if mirrored else room.left() + at.x()
        return QRect(left, room.top() + at.y(), width, size.height())
