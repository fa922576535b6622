"""Buttons that Enter presses as Space does.

Qt has Enter press a button only in dialogs, where it is `autoDefault`, which would also make one of them the
button that Enter in a field presses.
"""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QPushButton, QToolButton

_ENTER = (Qt.Key.Key_Return, Qt.Key.Key_Enter)
_PLAIN = (Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.KeypadModifier)


def _is_enter(event: QKeyEvent) -> bool:
    """Say whether the key is Enter, once: one that is held down presses nothing that comes after."""
    return event.key() in _ENTER and event.modifiers() in _PLAIN and not event.isAutoRepeat()


class PressButton(QPushButton):
    """A push button that Enter presses while it has the keyboard."""

    def __init__(self, text: str = "") -> None:
        super().__init__(text)
        self.setAutoDefault(False)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Press it on Enter."""
        if _is_enter(event):
            self.click()
        else:
            super().keyPressEvent(event)


class PressToolButton(QToolButton):
    """A tool button that Enter presses while it has the keyboard."""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Press it on Enter."""
        if _is_enter(event):
            self.click()
        else:
            super().keyPressEvent(event)
