"""The table all tabs use: links, keyboard, and words where there are no rows."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any

from PySide6.QtCore import QModelIndex, QPoint, QRect, Qt, QTimer, Signal, Slot
from PySide6.QtGui import (
    QAction,
    QContextMenuEvent,
    QFont,
    QFontMetrics,
    QGuiApplication,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QShowEvent,
)
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QMenu,
    QTableView,
    QWidget,
)

from ccdesk.gui.components.cells import (
    CELL_PADDING,
    LONG_WORD,
    NOTE_SPACE,
    ROW_SPACE,
    CellDelegate,
    breakable,
)
from ccdesk.gui.components.icons import icon
from ccdesk.gui.components.messages import body
from ccdesk.gui.components.table_copy import cell_text, rows_as_text
from ccdesk.gui.components.table_models import LINK_ROLE, NOTE_ROLE, ROW_ROLE, PagedModel
from ccdesk.gui.components.theme import Tone, scheme
from ccdesk.gui.memory import memory_of
from ccdesk.gui.translation import marked, say

_STYLE_MARGIN = 6  # left and right within that, by the style
CELL_MARGIN = 26  # left and right of a cell's text, and what breaking a line costs
_WIDEST = 2_000  # pixels of a column that is remembered
_AROUND_TITLE = 30  # pixels: the space at both sides of a column's title, and the arrow of the sort
ICON_SPACE = 22  # pixels: the picture before a cell's text, and the gap between them
_WRAPPED = int(Qt.TextFlag.TextWordWrap | Qt.AlignmentFlag.AlignLeft)
_MOST_GROWN = 2_000  # rows: a sixth of a second
_LEAST = 150  # of one that takes what is left
EMPTY_ICON = 36
COPY, COPY_CELL = marked("&Copy Rows with Headings"), marked("Copy This C&ell")


class PagedTable(QTableView):
    """Shows a `PagedModel`. Links open by click, rows by double click, both by Enter.

    Ctrl+C copies the rows chosen, with the headings. The menu of a row offers that, and what its owner has
    offered (`offer`). Widths of columns are remembered by the table's name. `empty` says title and hint where
    there are no rows; they are `marked`, and translated where they are shown.
    """

    link_activated = Signal(object, str)  # row, column key
    row_activated = Signal(object)
    row_chosen = Signal(object)  # row or None
    rows_chosen = Signal()  # where several can be
    sort_asked = Signal(str, bool)  # column key, descending

    def __init__(self, name: str, model: PagedModel, empty: tuple[str, str], parent: QWidget | None = None):
        super().__init__(parent)
        self.setObjectName(name)
        self.paged = model
        self._empty = empty
        self._anchor: tuple[Hashable | None, Hashable | None] = (None, None)
        self.setModel(model)
        self._cells = CellDelegate(self)
        self.setItemDelegate(self._cells)
        self._offers: list[QAction] = []
        self._remembers = False
        self._wanted: dict[int, int] = {}  # widths of columns that do not take what is left, hidden ones too
        self._fitting = False  # no person resizes the columns just now
        self._set_up()
        self._size_columns()
        self.clicked.connect(self._on_clicked)
        self.doubleClicked.connect(self._on_double_clicked)
        model.refreshing.connect(self._remember)
        model.refreshed.connect(self._restore)
        self.selectionModel().currentRowChanged.connect(self._on_current)
        model.modelReset.connect(self._on_reset)
        if model.has_notes:
            self._watch_heights()

    def show_empty_words(self, title: str, hint: str) -> None:
        """Change what stands where rows would be."""
        self._empty = (title, hint)
        self._describe()
        self.viewport().update()

    def show_whole_texts(self) -> None:
        """Let rows grow instead of cutting texts; for tables of few rows."""
        self.setWordWrap(True)
        self._cells.breaks_words = True
        self.verticalHeader().setMinimumSectionSize(self.verticalHeader().defaultSectionSize())
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)

    def show_long_words(self) -> None:
        """Let a row grow where a text does not fit, an email or a reason; for tables of many rows."""
        self.setWordWrap(True)
        self._cells.breaks_words = True
        self._watch_heights()
        again = QTimer(self, singleShot=True, interval=50)  # dragging an edge changes widths many times
        again.timeout.connect(self._grow_all)
        self.horizontalHeader().sectionResized.connect(again.start)

    @Slot()
    def _grow_all(self) -> None:
        """Fit the rows to other widths; of very many only the first, because nobody may wait for it."""
        if self.paged.rowCount():
            self._on_rows(QModelIndex(), 0, min(self.paged.rowCount(), _MOST_GROWN) - 1)

    def _watch_heights(self) -> None:
        self.paged.rowsInserted.connect(self._on_rows)
        self.paged.dataChanged.connect(self._on_changed)

    @Slot(QModelIndex, int, int)
    def _on_rows(self, _parent: QModelIndex, first: int, last: int) -> None:
        """Make room for the line under a row and for long words, in those rows only that need it."""
        plain, line = self.verticalHeader().defaultSectionSize(), self.fontMetrics().height()
        for row in range(first, last + 1):
            note = line + NOTE_SPACE if self.paged.index(row, 0).data(NOTE_ROLE) else 0
            height = plain + note + (self._lines(row) - 1) * line
            if self.rowHeight(row) != height:
                self.setRowHeight(row, height)

    def _lines(self, row: int) -> int:
        """Return how many lines the longest of a row's texts takes in its column."""
        if not self._cells.breaks_words:
            return 1
        needed = 1
        for column in range(self.paged.columnCount()):
            index = self.paged.index(row, column)
            text = str(index.data() or "")
            picture = ICON_SPACE if self.paged.columns[column].icon is not None else 0
            width = self.fontMetrics().horizontalAdvance(text) + picture
            if width > self.columnWidth(column) - CELL_PADDING - _STYLE_MARGIN:
                needed = max(
                    needed, 2, self._lines_of(text, self.columnWidth(column) - CELL_MARGIN - picture)
                )
        return needed

    def _lines_of(self, text: str, room: int) -> int:
        """Return how many lines a text takes that does not fit into one."""
        room = max(40, room)
        metrics = self.fontMetrics()
        if LONG_WORD.fullmatch(text):
            return -(-metrics.horizontalAdvance(text) // room)
        whole = metrics.boundingRect(QRect(0, 0, room, _WIDEST), _WRAPPED, breakable(text))
        return -(-whole.height() // metrics.lineSpacing())

    @Slot(QModelIndex, QModelIndex)
    def _on_changed(self, first: QModelIndex, last: QModelIndex) -> None:
        self._on_rows(QModelIndex(), first.row(), last.row())

    def chosen(self) -> Any:
        """Return the row that is selected, or None."""
        rows = self.selectionModel().selectedRows()
        return self.paged.row_at(rows[0]) if rows else None

    def let_choose_many(self) -> None:
        """Let several rows be chosen: with Ctrl and Shift, or all by Ctrl+A."""
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.selectionModel().selectionChanged.connect(self._on_selection)

    def all_chosen(self) -> list[Any]:
        """Return the rows that are selected, from the top."""
        places = sorted(self.selectionModel().selectedRows(), key=lambda index: index.row())
        return [row for index in places if (row := self.paged.row_at(index)) is not None]

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
        bold = QFont(self.font())
        bold.setBold(True)
        title = QFontMetrics(bold)
        for section, column in enumerate(self.paged.columns):
            if column.width:
                header.setSectionResizeMode(section, QHeaderView.ResizeMode.Interactive)
                least = (
                    title.horizontalAdvance(say(column.title)) + _AROUND_TITLE
                )  # a language may say it longer
                self._wanted[section] = max(column.width * wide + 28, least)
                header.resizeSection(section, self._wanted[section])
            else:
                header.setSectionResizeMode(section, QHeaderView.ResizeMode.Stretch)

    # columns

    def showEvent(self, event: QShowEvent) -> None:
        """Give the columns the widths they were last given."""
        super().showEvent(event)
        if self._remembers:
            return
        self._remembers = True
        header, memory = self.horizontalHeader(), memory_of(self)
        widths = memory.get(f"columns.{self.objectName()}", dict, {}) if memory else {}
        for section, column in enumerate(self.paged.columns):
            width = widths.get(column.key)
            if column.width and isinstance(width, int) and header.minimumSectionSize() <= width <= _WIDEST:
                self._wanted[section] = width
        self._fit()
        header.sectionResized.connect(self._on_resized)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Fit the columns into the room there is."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        """Hide the columns that give way, as far as there is no room; where that is not enough, it scrolls.

        A column that takes what is left stays wide enough to be read; is it hidden, the widest one takes it.
        """
        room, columns = self.viewport().width(), self.paged.columns
        least = {at: self._wanted.get(at, _LEAST) for at in range(len(columns))}
        shown = set(least)
        for at in sorted((at for at in least if columns[at].gives_way), key=lambda at: columns[at].gives_way):
            if sum(least[one] for one in shown) > room:
                shown.remove(at)
        takers = shown - self._wanted.keys() or {max(shown, key=least.__getitem__)}
        if sum(least[one] for one in shown) > room:
            takers = set()
        self._fitting = True
        for at in least:
            self._fit_column(at, least[at], shown=at in shown, takes=at in takers)
        self._fitting = False

    def _fit_column(self, at: int, width: int, *, shown: bool, takes: bool) -> None:
        header = self.horizontalHeader()
        if header.isSectionHidden(at) is shown:
            header.setSectionHidden(at, not shown)
        mode = QHeaderView.ResizeMode.Stretch if takes else QHeaderView.ResizeMode.Interactive
        if header.sectionResizeMode(at) != mode:
            header.setSectionResizeMode(at, mode)
        if shown and not takes and header.sectionSize(at) != width:
            header.resizeSection(at, width)

    @Slot(int, int, int)
    def _on_resized(self, section: int, _before: int, now: int) -> None:
        """Keep the width that a person gives a column."""
        asked = self.horizontalHeader().sectionResizeMode(section) == QHeaderView.ResizeMode.Interactive
        if self._fitting or not asked or section not in self._wanted:
            return
        self._wanted[section] = now
        memory = memory_of(self)
        if memory is not None:
            widths = {self.paged.columns[at].key: width for at, width in self._wanted.items()}
            memory.put(f"columns.{self.objectName()}", widths)

    def let_sort(self, key: str, *, descending: bool) -> None:
        """Let a click on a heading put the rows in another order: `sort_asked` says which.

        Qt's arrow points up for a descending order, and people know ▼ for the newest first: Qt is told the
        other one.
        """
        header = self.horizontalHeader()
        header.setSectionsClickable(True)
        header.setSortIndicatorShown(True)
        keys = [column.key for column in self.paged.columns]
        order = Qt.SortOrder.AscendingOrder if descending else Qt.SortOrder.DescendingOrder
        header.setSortIndicator(keys.index(key), order)
        header.sortIndicatorChanged.connect(self._on_sort)

    @Slot(int, Qt.SortOrder)
    def _on_sort(self, section: int, order: Qt.SortOrder) -> None:
        if 0 <= section < len(self.paged.columns):
            descending = order == Qt.SortOrder.AscendingOrder  # see `let_sort`
            self.sort_asked.emit(self.paged.columns[section].key, descending)

    # copying, and the menu of a row

    def offer(self, words: str, name: str, act: Callable[[], object]) -> QAction:
        """Add what can be done with the row chosen to its menu; disable the action where it cannot."""
        action = QAction(words, self)
        action.setObjectName(name)
        action.triggered.connect(act)
        self._offers.append(action)
        return action

    @Slot()
    def copy_rows(self) -> None:
        """Copy the rows chosen, with the headings of the columns as they are shown."""
        rows = sorted(index.row() for index in self.selectionModel().selectedRows())
        if not rows and self.currentIndex().isValid():
            rows = [self.currentIndex().row()]
        if rows:
            header = self.horizontalHeader()
            shown = [header.logicalIndex(place) for place in range(header.count())]
            columns = [section for section in shown if not self.isColumnHidden(section)]
            QGuiApplication.clipboard().setText(rows_as_text(self.paged, rows, columns))

    @Slot()
    def copy_cell(self) -> None:
        """Copy the text of the current cell."""
        index = self.currentIndex()
        if index.isValid():
            QGuiApplication.clipboard().setText(cell_text(self.paged, index.row(), index.column()))

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Open the menu of a row, by the mouse or the keyboard."""
        if event.reason() == QContextMenuEvent.Reason.Keyboard:
            index = self.currentIndex()
            at = self.viewport().mapToGlobal(self.visualRect(index).bottomLeft())
        else:
            index = self.indexAt(event.pos())
            at = event.globalPos()
        if index.isValid():
            self._open_menu(index, at)

    def _open_menu(self, index: QModelIndex, at: QPoint) -> None:
        if not self.selectionModel().isRowSelected(index.row()):
            self.setCurrentIndex(index)
        menu = QMenu(self)
        menu.setObjectName("menu_row")
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for action in self._offers:
            menu.addAction(action)
        if self._offers:
            menu.addSeparator()
        copy = menu.addAction(say(COPY), self.copy_rows)
        copy.setShortcut(QKeySequence.StandardKey.Copy)
        menu.addAction(say(COPY_CELL), self.copy_cell)
        menu.popup(at)

    # activation

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Copy on Ctrl+C; open the link or the row under the cursor on Enter."""
        if event.matches(QKeySequence.StandardKey.Copy):
            self.copy_rows()
            return
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
        self.rows_chosen.emit()

    @Slot()
    def _on_selection(self) -> None:
        self.rows_chosen.emit()

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
            return say(self.paged.error.title), body(self.paged.error)
        if not self.paged.loaded:
            return say("Loading…"), ""
        title, hint = self._empty
        return say(title), say(hint)

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
