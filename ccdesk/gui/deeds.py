"""What the window does by a key: one QAction for each deed, which the menu bar shows where there is one.

Two actions with the same key would be one too many: Qt takes such a key for ambiguous, and does nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QApplication

from ccdesk.gui.translation import say

if TYPE_CHECKING:
    from ccdesk.gui.window import SettingsWindow

Keys = QKeySequence | QKeySequence.StandardKey | str


class Deeds:
    """The actions of a window. Chosen in a menu while it is in the tray or minimised, they show it first."""

    def __init__(self, window: SettingsWindow) -> None:
        self._window = window
        go, tabs = self.deed, window.tabs
        self.help = go(
            "act_help", say("ccdesk Help"), window.show_help, QKeySequence.StandardKey.HelpContents
        )
        self.refresh = go("act_refresh", say("Refresh"), window.reload, QKeySequence(Qt.Key.Key_F5))
        self.find = go("act_find", say("Find a person…"), self._find, QKeySequence.StandardKey.Find)
        self.settings = go(
            "act_settings", say("Settings…"), partial(tabs.setCurrentWidget, window.settings), "Ctrl+,"
        )
        self.tabs = tuple(
            go(f"act_tab_{place + 1}", tabs.tabText(place), partial(tabs.setCurrentIndex, place), key)
            for place, key in enumerate(f"Ctrl+{number}" for number in range(1, tabs.count() + 1))
        )
        self.close = go("act_close", say("Close Window"), self._close, "Ctrl+W", shows=False)
        self.quit = go("act_quit", say("&Quit"), window.quit_by_person, "Ctrl+Q", shows=False)

    def deed(
        self, name: str, text: str, act: Callable[[], object], keys: Keys = "", *, shows: bool = True
    ) -> QAction:
        """Return an action of the window, which its key works in; `shows`: it needs the window in sight."""
        action = QAction(text, self._window)
        action.setObjectName(name)
        action.setShortcut(keys)
        action.setMenuRole(QAction.MenuRole.NoRole)  # else macOS takes the tab “Settings” for the program's
        action.triggered.connect(partial(self._in_sight, act) if shows else act)
        self._window.addAction(action)
        return action

    def _in_sight(self, act: Callable[[], object], *_: object) -> None:
        if not self._window.isVisible() or self._window.isMinimized():
            self._window.come_forward()
        act()

    def _find(self) -> None:
        """Look for a person, or in the help for a word: a menu bar's keys work in dialogs as well."""
        guide = self._window.help_in_front()
        if guide is not None:
            guide.search.setFocus()
        else:
            self._window.find_person()

    def _close(self) -> None:
        """Close the window in front; with a menu bar that may be a dialog."""
        front = QApplication.activeWindow()
        if front is not None and front is not self._window:
            front.close()
        else:
            self._window.close_by_person()
