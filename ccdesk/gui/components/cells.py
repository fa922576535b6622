"""How the cells of a table are drawn: links, long words, and the line under a row that has one."""

from __future__ import annotations

import re

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QPainter, QPalette, QPen
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem, QTableView

from ccdesk.gui.components.table_models import LINK_ROLE, NOTE_ROLE, Index
from ccdesk.gui.components.theme import scheme

ROW_SPACE = 16
CHOSEN_BAR = 3  # at the left of the row chosen, whose tint alone can hardly be told from the others
NOTE_SPACE = 3  # between a row and the line under it
NOTE_INDENT = 33  # under the words of the first column, not under its icon
CELL_PADDING = 16  # left and right, by the style sheet
LONG_WORD = re.compile(r"\S{16,}")
_PARTS = re.compile(r"@?[^@]+|@")
_LONG_PART = 24
NO_SPACE = "\u200b"  # a place to break a line that takes no room


def breakable(text: str) -> str:
    """Return a text with places where a long word may go on in the next line: emails have no blanks.

    An email does so before its “@”, and only a part of it that is very long by itself anywhere.
    """
    return LONG_WORD.sub(lambda word: NO_SPACE.join(map(_in_pieces, _PARTS.findall(word[0]))), text)


def _in_pieces(part: str) -> str:
    return NO_SPACE.join(part) if len(part) > _LONG_PART else part


class CellDelegate(QStyledItemDelegate):
    """Draws cells that can be clicked as links, and the line under a row that has one."""

    def __init__(self, view: QTableView) -> None:
        super().__init__(view)
        self._view = view
        self.breaks_words = False

    def initStyleOption(self, option: QStyleOptionViewItem, index: Index) -> None:
        """Underline and colour a link; let long words break where rows may grow."""
        super().initStyleOption(option, index)
        if self.breaks_words:
            option.text = breakable(option.text)
        if index.data(LINK_ROLE):
            option.font.setUnderline(True)
            colour = scheme().colour("link")
            option.palette.setColor(QPalette.ColorRole.Text, colour)
            option.palette.setColor(QPalette.ColorRole.HighlightedText, colour)

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        """Leave room above and below a text of several lines, and for the line under the row."""
        note = NOTE_SPACE + option.fontMetrics.height() if index.data(NOTE_ROLE) else 0
        room = QStyleOptionViewItem(option)
        room.rect = option.rect.adjusted(0, 0, -CELL_PADDING, 0)  # which Qt takes off only when it draws
        return super().sizeHint(room, index) + QSize(0, ROW_SPACE + note)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Draw the cell, with a frame round the one the keyboard is on."""
        self._paint_cell(painter, option, index)
        if self._view.hasFocus() and self._view.currentIndex() == index:
            painter.save()
            painter.setPen(QPen(scheme().colour("focus"), 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(option.rect.adjusted(1, 1, -2, -2))
            painter.restore()

    def _paint_cell(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Draw the cell; where the row has a line under it, with this cell's part of that line."""
        note = index.data(NOTE_ROLE)
        if not note:
            super().paint(painter, option, index)
        else:
            self._paint_with_note(painter, option, index, str(note))
        first = self._view.horizontalHeader().visualIndex(index.column()) == 0
        if first and option.state & QStyle.StateFlag.State_Selected:
            bar = QRect(option.rect.topLeft(), QSize(CHOSEN_BAR, option.rect.height()))
            bar = QStyle.visualRect(option.direction, option.rect, bar)
            painter.fillRect(bar, scheme().colour("accent"))

    def _paint_with_note(
        self, painter: QPainter, option: QStyleOptionViewItem, index: Index, note: str
    ) -> None:
        filled = QStyleOptionViewItem(option)
        self.initStyleOption(filled, index)
        filled.text = ""
        filled.features &= ~QStyleOptionViewItem.ViewItemFeature.HasDecoration
        self._view.style().drawControl(QStyle.ControlElement.CE_ItemViewItem, filled, painter, self._view)
        cell = QStyleOptionViewItem(option)
        self.initStyleOption(cell, index)
        cell.rect = option.rect.adjusted(0, ROW_SPACE // 2, 0, 0)
        sides = cell.displayAlignment & Qt.AlignmentFlag.AlignHorizontal_Mask
        cell.displayAlignment = sides | Qt.AlignmentFlag.AlignTop
        cell.decorationAlignment = Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop
        self._view.style().drawControl(QStyle.ControlElement.CE_ItemViewItem, cell, painter, self._view)
        self._paint_note(painter, option, note)

    def _paint_note(self, painter: QPainter, option: QStyleOptionViewItem, note: str) -> None:
        """Draw the part of a row's line that falls into this cell: the cells are drawn one by one."""
        view, metrics = self._view, option.fontMetrics
        reverse = view.layoutDirection() is Qt.LayoutDirection.RightToLeft
        first = view.model().columnCount() - 1 if reverse else 0  # the leftmost column
        left = view.columnViewportPosition(first) + NOTE_INDENT
        width = view.horizontalHeader().length() - 2 * NOTE_INDENT
        top = option.rect.top() + ROW_SPACE // 2 + metrics.height() + NOTE_SPACE
        painter.save()
        painter.setClipRect(option.rect)
        painter.setPen(scheme().colour("muted"))
        text = metrics.elidedText(note, Qt.TextElideMode.ElideRight, width)
        leading = int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft)
        painter.drawText(QRect(left, top, width, metrics.height()), leading, text)
        painter.restore()
