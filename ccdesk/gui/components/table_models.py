"""Table models that page from the desk: 100 rows at a time, in the background, and never the whole table."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt, Signal

from ccdesk.core.errors import CcdeskError
from ccdesk.gui.components.icons import icon
from ccdesk.gui.components.plain import one_line
from ccdesk.gui.components.theme import Tone
from ccdesk.gui.components.widgets import plain_tip
from ccdesk.gui.tasks import Refresher, Tasks
from ccdesk.gui.translation import say

PAGE = 100
ROW_ROLE = Qt.ItemDataRole.UserRole
LINK_ROLE = Qt.ItemDataRole.UserRole + 1
NOTE_ROLE = Qt.ItemDataRole.UserRole + 2  # the line under a whole row, from whichever cell it is asked
Index = QModelIndex | QPersistentModelIndex


@dataclass(frozen=True, slots=True)
class Column:
    """One column: how a row reads in it. `width` 0 takes what is left; `link` makes the text clickable.

    `note` is a line of words under the whole row, or nothing. `title` is `marked`, and translated where it is
    shown; what the functions return is shown as it is. Where there is no room for all columns, those with a
    `gives_way` are hidden, the lowest first.
    """

    key: str
    title: str
    text: Callable[[Any], str]
    width: int = 0
    right: bool = False
    icon: Callable[[Any], tuple[str, Tone]] | None = None
    link: Callable[[Any], bool] | None = None
    tip: Callable[[Any], str] | None = None
    note: Callable[[Any], str] | None = None
    gives_way: int = 0


@dataclass(frozen=True, slots=True)
class Source:
    """Where rows come from; both are called in the background. `key` names a row across refreshes."""

    fetch: Callable[[int, int], Sequence[Any]]  # offset, limit
    count: Callable[[], int]
    key: Callable[[Any], Hashable] | None = None


def of_rows(rows: Sequence[Any]) -> Source:
    """Return the source of rows that are all there already."""
    return Source(fetch=lambda offset, limit: rows[offset : offset + limit], count=lambda: len(rows))


class PagedModel(QAbstractTableModel):
    """Rows of the desk. A refresh changes only what differs, so selection and scrolling stay."""

    refreshing = Signal()  # rows are about to be compared with fresh ones
    refreshed = Signal()
    load_failed = Signal(object)  # CcdeskError

    def __init__(
        self, tasks: Tasks, columns: Sequence[Column], source: Source | None, parent: QObject
    ) -> None:
        super().__init__(parent)
        self._tasks = tasks
        self.columns = tuple(columns)
        self._source = source
        self._rows: list[Any] = []
        self._total = 0
        self._paging = False
        self._replacing = False  # views ask for more in the middle of a change, at an offset that is not true
        self.loaded = False
        self.error: CcdeskError | None = None
        self._refresher = Refresher(
            tasks, self._load_shown, done=self._on_fresh, failed=self._on_failed, parent=self
        )

    # what the view asks

    def rowCount(self, parent: Index | None = None) -> int:
        """Return how many rows are loaded so far."""
        return 0 if parent is not None and parent.isValid() else len(self._rows)

    def columnCount(self, parent: Index | None = None) -> int:
        """Return the number of columns."""
        return 0 if parent is not None and parent.isValid() else len(self.columns)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return what a cell shows."""
        if not index.isValid() or index.row() >= len(self._rows):
            return None
        row, column = self._rows[index.row()], self.columns[index.column()]
        if role == Qt.ItemDataRole.DisplayRole:
            return one_line(column.text(row))
        if role == Qt.ItemDataRole.ToolTipRole:
            return plain_tip((column.tip(row) if column.tip else "") or column.text(row))
        if role == Qt.ItemDataRole.DecorationRole and column.icon is not None:
            return icon(*column.icon(row))
        if role == Qt.ItemDataRole.TextAlignmentRole:
            side = Qt.AlignmentFlag.AlignRight if column.right else Qt.AlignmentFlag.AlignLeft
            return int(side | Qt.AlignmentFlag.AlignVCenter)
        if role == LINK_ROLE:
            return bool(column.link and column.link(row))
        if role == NOTE_ROLE:
            return self._note(row)
        if role in (Qt.ItemDataRole.AccessibleTextRole, Qt.ItemDataRole.AccessibleDescriptionRole):
            return self._told(row, column, role)
        return row if role == ROW_ROLE else None

    def _told(self, row: Any, column: Column, role: int) -> str | None:
        """Return what a screen reader is told of a cell; to Qt every cell is plain text, links as well."""
        is_link = bool(column.link and column.link(row))
        if role == Qt.ItemDataRole.AccessibleTextRole:  # None: what is shown
            return say("{text}, link").format(text=one_line(column.text(row))) if is_link else None
        if column.note is not None:
            return column.note(row)
        return column.tip(row) if is_link and column.tip else None

    @property
    def has_notes(self) -> bool:
        """Say whether rows may have a line under them."""
        return any(column.note is not None for column in self.columns)

    def _note(self, row: Any) -> str:
        return next((column.note(row) for column in self.columns if column.note is not None), "")

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        """Return the column titles."""
        if orientation != Qt.Orientation.Horizontal or not 0 <= section < len(self.columns):
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return say(self.columns[section].title)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            side = Qt.AlignmentFlag.AlignRight if self.columns[section].right else Qt.AlignmentFlag.AlignLeft
            return int(side | Qt.AlignmentFlag.AlignVCenter)
        return None

    def canFetchMore(self, parent: Index) -> bool:
        """Say whether the desk has rows that are not loaded yet."""
        idle = self.loaded and not self._paging and not self._replacing
        return not parent.isValid() and idle and len(self._rows) < self._total

    def fetchMore(self, parent: Index) -> None:
        """Load the next page in the background."""
        source = self._source
        if source is None or not self.canFetchMore(parent):
            return
        self._paging = True
        offset = len(self._rows)
        self._tasks.run(
            self,
            lambda: list(source.fetch(offset, PAGE)),
            done=lambda rows: self._on_page(offset, rows),
            failed=self._on_failed,
            key="page",
        )

    # what the tabs ask

    def refresh(self) -> None:
        """Compare the loaded rows with the desk's, soon and in the background."""
        if self._source is not None:
            self._refresher.poke()

    def show_source(self, source: Source) -> None:
        """Show other rows; answers for the former ones are dropped."""
        self._source = source
        self._paging = False
        self._tasks.drop(self, "page")
        self.beginResetModel()
        self._rows, self._total, self.loaded, self.error = [], 0, False, None
        self.endResetModel()
        self._refresher.restart()

    @property
    def total(self) -> int:
        """Rows the desk has, loaded or not."""
        return self._total

    @property
    def loaded_rows(self) -> tuple[Any, ...]:
        """Rows that are loaded so far."""
        return tuple(self._rows)

    def row_at(self, index: Index) -> Any:
        """Return the row behind an index, None for no row."""
        return self._rows[index.row()] if index.isValid() and index.row() < len(self._rows) else None

    def index_of(self, key: Hashable) -> QModelIndex:
        """Return the first cell of the row with this key, or an invalid index."""
        keys = self._keys(self._rows)
        return self.index(keys.index(key), 0) if key in keys else QModelIndex()

    def key_at(self, index: Index) -> Hashable | None:
        """Return the key of the row behind an index."""
        return self._keys(self._rows)[index.row()] if index.isValid() else None

    # answers

    def _load_shown(self) -> tuple[list[Any], int, Source]:
        """Read as many rows as are shown, page by page (in the background)."""
        source = self._source
        assert source is not None
        total = source.count()
        wanted = max(PAGE, len(self._rows))
        rows: list[Any] = []
        while len(rows) < wanted:
            page = source.fetch(len(rows), PAGE)
            rows.extend(page)
            if len(page) < PAGE:
                break
        return rows, max(total, len(rows)), source

    def _on_fresh(self, result: tuple[list[Any], int, Source]) -> None:
        rows, total, source = result
        if source is not self._source:
            return
        self.refreshing.emit()
        self.loaded, self.error = True, None
        if self._paging:  # the page under way was asked for at an offset that may have moved
            self._paging = False
            self._tasks.drop(self, "page")
        self._total = total
        self._replacing = True
        self._replace(rows)
        self._replacing = False
        self.refreshed.emit()

    def _on_page(self, offset: int, page: list[Any]) -> None:
        known = set(self._keys(self._rows)) if self._source and self._source.key else set()
        fresh = [row for row in page if self._key(row) not in known] if known else page
        if fresh and offset == len(self._rows):
            self.beginInsertRows(QModelIndex(), offset, offset + len(fresh) - 1)
            self._rows.extend(fresh)
            self.endInsertRows()
        else:
            self._total = len(self._rows)  # there was no more, whatever the count said: do not ask for ever
        self._paging = False

    def _on_failed(self, error: CcdeskError) -> None:
        self._paging = False
        self.error = error
        self.load_failed.emit(error)
        self.refreshed.emit()

    def _replace(self, fresh: list[Any]) -> None:
        old, new = self._keys(self._rows), self._keys(fresh)
        steps = SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
        for tag, start, end, new_start, new_end in reversed(steps):
            if tag in ("delete", "replace"):
                self.beginRemoveRows(QModelIndex(), start, end - 1)
                del self._rows[start:end]
                self.endRemoveRows()
            if tag in ("insert", "replace"):
                self.beginInsertRows(QModelIndex(), start, start + new_end - new_start - 1)
                self._rows[start:start] = fresh[new_start:new_end]
                self.endInsertRows()
        for at, row in enumerate(fresh):
            if self._rows[at] != row:
                self._rows[at] = row
                self.dataChanged.emit(self.index(at, 0), self.index(at, len(self.columns) - 1))

    def _key(self, row: Any) -> Hashable:
        return self._source.key(row) if self._source and self._source.key else None

    def _keys(self, rows: list[Any]) -> list[Hashable]:
        if self._source is None or self._source.key is None:
            return list(range(len(rows)))
        return [self._source.key(row) for row in rows]
