"""A link that folds a part of a page in and out."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt

from ccdesk.gui.components.icons import set_icon
from ccdesk.gui.components.press import PressButton
from ccdesk.gui.translation import say


class FoldButton(PressButton):
    """A link that folds something in or out; to a screen reader a button, and not a check box."""

    def __init__(self, text: str, name: str) -> None:
        super().__init__(text)
        self._open = False
        self.setObjectName(name)
        self.setAccessibleName(text.replace("&", ""))
        self.setProperty("flat_link", True)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.clicked.connect(lambda: self.show_open(not self._open))
        self.show_open(False)

    @property
    def is_open(self) -> bool:
        """True while what it folds is to be seen."""
        return self._open

    def show_open(self, is_open: bool) -> None:
        """Show which way it goes; folding is the owner's."""
        self._open = is_open
        self.setAccessibleDescription(say("expanded") if is_open else say("collapsed"))
        set_icon(self, "chevron-down" if is_open else "chevron-right")


def fold_button(text: str, name: str, on_fold: Callable[[], object]) -> FoldButton:
    """Return a link that folds; `on_fold` is called once `is_open` says what is wanted."""
    result = FoldButton(text, name)
    result.clicked.connect(on_fold)
    return result
