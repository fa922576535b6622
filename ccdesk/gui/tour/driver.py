"""Plays a person at the window: looks for things by name, clicks, types, waits, takes pictures."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from PySide6.QtCore import QEventLoop, QModelIndex, QPoint, Qt, QTimer
from PySide6.QtGui import QColor, QPainter, QPixmap
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QApplication,
    QComboBox,
    QDialog,
    QLabel,
    QLineEdit,
    QTabWidget,
    QWidget,
)

from ccdesk.gui.app import AppParts

LOOK_EVERY_MS = 20
_W = TypeVar("_W", bound=QWidget)


class TourError(AssertionError):
    """Something the tour expected did not hold; the text says what."""


class Driver:
    """Hands and eyes of the tour; everything is done through widgets a person could use."""

    def __init__(self, parts: AppParts, folder: Path) -> None:
        self.parts, self.folder = parts, folder
        self.pictures: list[Path] = []
        folder.mkdir(parents=True, exist_ok=True)

    # -------------------------------------------------------- looking

    def find(self, kind: type[_W], name: str) -> _W:
        """Return the visible widget with that name, in the window or a dialog above it."""
        for top in [*QApplication.topLevelWidgets(), self.parts.window]:
            found = top if top.objectName() == name else top.findChild(kind, name)
            if isinstance(found, kind) and found.isVisible():
                return found
        raise TourError(f"“{name}” is not to be seen")

    def shown(self, name: str) -> bool:
        """Say whether a widget with that name is visible."""
        try:
            self.find(QWidget, name)
        except TourError:
            return False
        return True

    def text(self, name: str) -> str:
        """Return what a label says."""
        return self.find(QLabel, name).text()

    def rows(self, name: str) -> list[list[str]]:
        """Return a table's rows as they are shown."""
        view = self.find(QAbstractItemView, name)
        model = view.model()
        columns = range(model.columnCount(QModelIndex()))
        return [
            [str(model.index(row, column).data() or "") for column in columns]
            for row in range(model.rowCount(QModelIndex()))
        ]

    def until(self, holds: Callable[[], bool], what: str, seconds: float = 180.0) -> None:
        """Wait, with the window alive, until something holds."""
        wait = QEventLoop()
        deadline = QTimer()
        deadline.setSingleShot(True)
        deadline.timeout.connect(wait.quit)
        look = QTimer()
        look.timeout.connect(lambda: wait.quit() if holds() else None)
        deadline.start(int(seconds * 1000))
        look.start(LOOK_EVERY_MS)
        if not holds():
            wait.exec()
        look.stop()
        if not holds():
            raise TourError(f"waited {seconds:.0f} s in vain: {what}")

    def settle(self, milliseconds: int = 250) -> None:
        """Let the window finish drawing."""
        QTest.qWait(milliseconds)

    # -------------------------------------------------------- doing

    def tab(self, name: str) -> None:
        """Go to a tab by its name, such as `tab_sync`."""
        tabs = self.find(QTabWidget, "tabs")
        for number in range(tabs.count()):
            page = tabs.widget(number)
            if page is not None and page.objectName() == name:
                bar = tabs.tabBar()
                QTest.mouseClick(bar, Qt.MouseButton.LeftButton, pos=bar.tabRect(number).center())
                return
        raise TourError(f"there is no tab {name}")

    def click(self, name: str) -> None:
        """Click a button once it can be clicked."""
        self.until(lambda: self.shown(name) and self.find(QWidget, name).isEnabled(), f"“{name}” to click")
        button = self.find(QAbstractButton, name)
        self.into_view(button)
        hit = button.rect().center()
        if not button.hitButton(hit):  # a check box takes clicks on its box and text only
            hit.setX(12)
        QTest.mouseClick(button, Qt.MouseButton.LeftButton, pos=hit)

    def into_view(self, widget: QWidget) -> None:
        """Scroll as a person would to see a widget."""
        parent = widget.parentWidget()
        while parent is not None:
            scroll = getattr(parent, "ensureWidgetVisible", None)
            if scroll is not None:
                scroll(widget)
            parent = parent.parentWidget()

    def type_into(self, name: str, text: str) -> None:
        """Type into a field or an editable combo box."""
        box = self.find(QWidget, name)
        self.into_view(box)
        box.setFocus()
        line = box.lineEdit() if isinstance(box, QComboBox) else box if isinstance(box, QLineEdit) else None
        if line is None:
            raise TourError(f"{name} cannot be typed into")
        line.selectAll()
        QTest.keyClicks(line, text)

    def choose(self, name: str, text: str) -> None:
        """Choose an entry of a combo box."""
        box = self.find(QComboBox, name)
        self.until(lambda: box.findText(text) >= 0, f"“{text}” in {name}")
        box.setCurrentIndex(box.findText(text))

    def click_cell(self, table: str, row: int, column: int) -> None:
        """Click one cell of a table."""
        view = self.find(QAbstractItemView, table)
        index = view.model().index(row, column)
        view.scrollTo(index)
        QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=view.visualRect(index).center())

    def close_dialog(self, name: str) -> None:
        """Close a dialog with Esc."""
        dialog = self.find(QDialog, name)
        QTest.keyClick(dialog, Qt.Key.Key_Escape)
        self.until(lambda: not self.shown(name), f"{name} to close")

    # -------------------------------------------------------- telling

    def picture(self, name: str, checked: str) -> None:
        """Save what is to be seen as the next numbered picture, and print the step with what it checked."""
        self.settle()
        number = len(self.pictures) + 1
        path = self.folder / f"{number:02d}-{name}.png"
        shot = self._shot()
        if not shot.save(str(path)):
            raise TourError(f"the picture {path} could not be saved")
        self.pictures.append(path)
        sys.stdout.write(f"{number:2d}. {path.name}: {checked}\n")
        sys.stdout.flush()

    def save_problem(self) -> None:
        """Keep a picture of the window as it was when something did not hold."""
        self._shot().save(str(self.folder / "problem.png"))

    def _shot(self) -> QPixmap:
        """The window with its open dialogs over it, as a person sees them."""
        window = self.parts.window
        shot = window.grab()
        for dialog in window.findChildren(QDialog):
            if not dialog.isVisible():
                continue
            above = dialog.grab()
            painter = QPainter(shot)
            painter.fillRect(window.rect(), QColor(0, 0, 0, 90))
            place = QPoint((window.width() - dialog.width()) // 2, (window.height() - dialog.height()) // 2)
            painter.drawPixmap(place, above)
            painter.end()
        return shot


def check(holds: bool, what: str) -> None:
    """Make sure of something.

    Raises:
        TourError: it does not hold.

    """
    if not holds:
        raise TourError(what)
