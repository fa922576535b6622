"""The menu bar, on macOS alone: there every program has one, and is asked for its settings and quit in it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu, QMenuBar

from ccdesk.gui.translation import say

if TYPE_CHECKING:
    from ccdesk.gui.window import SettingsWindow

_ROLE = QAction.MenuRole  # macOS moves these into the menu with the program's name, whichever they stand in


def wants_menu_bar() -> bool:
    """Say whether the window is to have one."""
    return sys.platform == "darwin"


class MenuBar(QMenuBar):
    """The window's deeds in menus. It has no parent: macOS shows it while ccdesk is in the tray as well."""

    def __init__(self, window: SettingsWindow) -> None:
        super().__init__()
        self.setObjectName("menu_bar")
        window.destroyed.connect(self.deleteLater)
        deeds, more = window.deeds, window.deeds.deed
        about = more("act_about", say("About ccdesk"), window.show_about)
        for action, role in (
            (about, _ROLE.AboutRole),
            (deeds.settings, _ROLE.PreferencesRole),
            (deeds.quit, _ROLE.QuitRole),
        ):
            action.setMenuRole(role)
        self._add(
            "menu_file", say("File"), deeds.find, deeds.refresh, deeds.close, deeds.settings, deeds.quit
        )
        self._add("menu_view", say("View", "menu"), *deeds.tabs)
        minimise = more("act_minimise", say("Minimise"), window.showMinimized, "Ctrl+M")
        forward = more("act_forward", window.windowTitle(), window.come_forward)
        self._add("menu_window", say("Window"), minimise, forward)
        diagnostics = more("act_diagnostics", say("Save diagnostics…"), window.save_diagnostics)
        diagnostics.setEnabled(window.context.save_bundle is not None)
        licences = more("act_licences", say("Licences…"), window.show_licences)
        guide = self._add("menu_help", say("Help"), deeds.help, diagnostics, licences, about)
        if window.can_check_for_updates:
            check = more("act_updates", say("Check for updates…"), window.check_for_updates)
            check.setMenuRole(_ROLE.ApplicationSpecificRole)
            guide.addAction(check)

    def _add(self, name: str, title: str, *actions: QAction) -> QMenu:
        menu = self.addMenu(title)
        menu.setObjectName(name)
        menu.addActions(actions)
        return menu
