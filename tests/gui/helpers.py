"""Short ways to find widgets and to wait for what the window does in the background."""

from PySide6.QtCore import QCoreApplication, QEvent, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QAbstractButton, QWidget


def find(parent, name, kind=QWidget):
    """Return the one widget with this objectName."""
    found = parent.findChild(kind, name)
    assert found is not None, f"there is no {name}"
    return found


def click(qtbot, parent, name):
    """Click a button as a person does; it must be there, visible and enabled."""
    target = find(parent, name, QAbstractButton)
    assert target.isVisible(), f"{name} cannot be seen"
    assert target.isEnabled(), f"{name} cannot be clicked"
    qtbot.mouseClick(target, Qt.MouseButton.LeftButton)
    return target


def dialog(qtbot, parent, name):
    """Wait for a dialog and return it."""
    qtbot.waitUntil(lambda: any(d.isVisible() for d in parent.findChildren(QWidget, name)), timeout=3000)
    return next(d for d in parent.findChildren(QWidget, name) if d.isVisible())


def rows(qtbot, table, count):
    """Wait until a table shows this many rows."""
    qtbot.waitUntil(lambda: table.model().rowCount() == count, timeout=3000)


def texts(table, row):
    """Return what a row shows."""
    model = table.model()
    return [model.index(row, column).data() for column in range(model.columnCount())]


def click_cell(qtbot, table, row, column):
    """Click a cell."""
    at = table.visualRect(table.model().index(row, column)).center()
    qtbot.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=at)


def move_over(widget, at):
    """Tell a widget that the mouse moves over this place, wherever pointer and other windows are."""
    none = Qt.MouseButton.NoButton
    place = QPointF(widget.mapToGlobal(at))
    moved = QMouseEvent(QEvent.Type.MouseMove, QPointF(at), place, none, none, Qt.KeyboardModifier.NoModifier)
    QCoreApplication.sendEvent(widget, moved)
