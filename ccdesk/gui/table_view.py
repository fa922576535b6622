"""The table all tabs use: links, keyboard, and words where there are no rows."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from PySide6.QtCore import QModelIndex, QRect, QSize, Qt, Signal, Slot
from PySide6.QtGui import QFont, QFontMetrics, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from ccdesk.gui.icons import icon
from ccdesk.gui.messages import body
from ccdesk.gui.table_models import LINK_ROLE, ROW_ROLE, Index, PagedModel
from ccdesk.gui.theme import Tone, scheme

ROW_SPACE = 16
EMPTY_ICON = 36


class LinkDelegate(QStyledItemDelegate):
    """Draws cells that can be clicked as links."""

    def initStyleOption(self, option: QStyleOptionViewItem, index: Index) -> None:
        """Underline and colour a link."""
        super().initStyleOption(option, index)
        if index.data(LINK_ROLE):
            option.font.setUnderline(True)
            colour = scheme().colour("link")
            option.palette.setColor(QPalette.ColorRole.Text, colour)
            option.palette.setColor(QPalette.ColorRole.HighlightedText, colour)

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        """Leave room above and below a text of several lines."""
        return super().sizeHint(option, index) + QSize(0, ROW_SPACE)


class PagedTable(QTableView):
    """Shows a `PagedModel`. Links open by click, rows by double click, both by Enter."""

    link_activated = Signal(object, str)  # row, column key
    row_activated = Signal(object)
    row_chosen = Signal(object)  # row or None

    def __init__(self, name: str, model: PagedModel, empty: tuple[str, str], parent: QWidget | None = None):
        super().__init__(parent)
        self.setObjectName(name)
        self.paged = model
        self._empty = empty
        self._anchor: tuple[Hashable | None, Hashable | None] = (None, None)
        self.setModel(model)
        self.setItemDelegate(LinkDelegate(self))
        self._set_up()
        self._size_columns()
        self.clicked.connect(self._on_clicked)
        self.doubleClicked.connect(self._on_double_clicked)
        model.refreshing.connect(self._remember)
        model.refreshed.connect(self._restore)
        self.selectionModel().currentRowChanged.connect(self._on_current)
        model.modelReset.connect(self._on_reset)

    def show_empty_words(self, title: str, hint: str) -> None:
        """Change what stands where rows would be."""
        self._empty = (title, hint)
        self._describe()
        self.viewport().update()

    def show_whole_texts(self) -> None:
        """Let rows grow instead of cutting texts; for tables of few rows."""
        self.setWordWrap(True)
        self.verticalHeader().setMinimumSectionSize(self.verticalHeader().defaultSectionSize())
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)

    def chosen(self) -> Any:
        """Return the row that is selected, or None."""
        rows = self.selectionModel().selectedRows()
        return self.paged.row_at(rows[0]) if rows else None

    def _set_up(self) -> None:
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.setCornerButtonEnabled(False)
        self.setMouseTracking(True)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + ROW_SPACE)
        self.horizontalHeader().setHighlightSections(False)
        self.setMinimumHeight(150)
        self._describe()

    def _size_columns(self) -> None:
        header = self.horizontalHeader()
        wide = self.fontMetrics().averageCharWidth()
        for section, column in enumerate(self.paged.columns):
            if column.width:
                header.setSectionResizeMode(section, QHeaderView.ResizeMode.Interactive)
                header.resizeSection(section, column.width * wide + 28)
            else:
                header.setSectionResizeMode(section, QHeaderView.ResizeMode.Stretch)

    # activation

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Open the link or the row under the cursor on Enter."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.currentIndex().isValid():
            self._activate(self.currentIndex())
            return
        super().keyPressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Show a hand over a link."""
        super().mouseMoveEvent(event)
        over = self.indexAt(event.position().toPoint())
        hand = over.isValid() and bool(over.data(LINK_ROLE))
        self.viewport().setCursor(Qt.CursorShape.PointingHandCursor if hand else Qt.CursorShape.ArrowCursor)

    @Slot(QModelIndex)
    def _on_clicked(self, index: QModelIndex) -> None:
        if index.data(LINK_ROLE):
            self._activate(index)

    @Slot(QModelIndex)
    def _on_double_clicked(self, index: QModelIndex) -> None:
        if not index.data(LINK_ROLE):  # the first of the two clicks has opened it already
            self._activate(index)

    def _activate(self, index: QModelIndex) -> None:
        row = index.data(ROW_ROLE)
        if index.data(LINK_ROLE):
            self.link_activated.emit(row, self.paged.columns[index.column()].key)
        else:
            self.row_activated.emit(row)

    @Slot(QModelIndex, QModelIndex)
    def _on_current(self, index: QModelIndex, _before: QModelIndex) -> None:
        self.row_chosen.emit(self.paged.row_at(index))

    @Slot()
    def _on_reset(self) -> None:
        self.row_chosen.emit(None)

    # refresh

    @Slot()
    def _remember(self) -> None:
        """Keep which row is at the top and which one is chosen: rows may be inserted above them."""
        top = self.indexAt(self.viewport().rect().topLeft())
        scrolled = self.verticalScrollBar().value() > 0
        self._anchor = (
            self.paged.key_at(top) if scrolled and top.isValid() else None,
            self.paged.key_at(self.currentIndex()),
        )

    @Slot()
    def _restore(self) -> None:
        top, chosen = self._anchor
        if top is not None:
            index = self.paged.index_of(top)
            if index.isValid():
                self.scrollTo(index, QAbstractItemView.ScrollHint.PositionAtTop)
        if chosen is not None and not self.paged.index_of(chosen).isValid():
            self.clearSelection()
        self._anchor = (None, None)
        row = self.chosen()
        self.row_chosen.emit(row)
        self._describe()
        self.viewport().update()

    # no rows

    def _words(self) -> tuple[str, str]:
        if self.paged.error is not None:
            return self.paged.error.title, body(self.paged.error)
        return self._empty if self.paged.loaded else ("Loading…", "")

    def _describe(self) -> None:
        words = " ".join(self._words()) if self.paged.rowCount() == 0 else ""
        self.setAccessibleDescription(words)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Say in the empty table why it is empty and what to do."""
        super().paintEvent(event)
        if self.paged.rowCount() == 0:
            painter = QPainter(self.viewport())
            self._paint_words(painter, *self._words())
            painter.end()

    def _paint_words(self, painter: QPainter, title: str, hint: str) -> None:
        area = self.viewport().rect().adjusted(32, 8, -32, -8)
        bold = QFont(self.font())
        bold.setWeight(QFont.Weight.DemiBold)
        flags = int(Qt.AlignmentFlag.AlignHCenter | Qt.TextFlag.TextWordWrap)
        heights = [
            QFontMetrics(font).boundingRect(area, flags, text).height()
            for font, text in ((bold, title), (self.font(), hint))
        ]
        room = area.height() > EMPTY_ICON + sum(heights) + 24
        used = sum(heights) + (EMPTY_ICON + 12 if room else 0) + 6
        y = area.top() + max(0, (area.height() - used) // 2)
        if room:
            failed = self.paged.error is not None
            picture = icon(
                "warning" if failed else "inbox", Tone.WARNING if failed else Tone.NEUTRAL, EMPTY_ICON
            )
            picture.paint(painter, QRect(area.center().x() - EMPTY_ICON // 2, y, EMPTY_ICON, EMPTY_ICON))
            y += EMPTY_ICON + 12
        for font, text, colour, height in (
            (bold, title, "text", heights[0]),
            (self.font(), hint, "muted", heights[1]),
        ):
            painter.setFont(font)
            painter.setPen(scheme().colour(colour))
            painter.drawText(QRect(area.left(), y, area.width(), height + 2), flags, text)
            y += height + 6
