"""A tray for the tests: it keeps what it is asked to show, and can be clicked."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu

from ccdesk.gui.standing import Standing
from ccdesk.gui.tray_icon import TrayIcon


class FakeTray:
    """`TrayIcon` in memory; `there` says whether the desktop has a tray."""

    def __init__(self, there: bool = True) -> None:
        self.there = there
        self.standing: Standing | None = None
        self.tip = ""
        self.messages: list[tuple[str, str]] = []
        self.taken_back = 0
        self.removed = False
        self.menu: QMenu | None = None

    def is_there(self) -> bool:
        return self.there

    def set_up(self, menu: QMenu, on_click: Callable[[], object], on_message: Callable[[], object]) -> None:
        self.menu, self.click, self.click_message = menu, on_click, on_message

    def show(self, standing: Standing, tip: str) -> None:
        self.standing, self.tip = standing, tip

    def tell(self, title: str, text: str) -> None:
        self.messages.append((title, text))

    def take_back(self) -> None:
        self.taken_back += 1

    def remove(self) -> None:
        self.removed = True

    def action(self, name: str) -> QAction:
        assert self.menu is not None
        found = self.menu.findChild(QAction, f"act_tray_{name}")
        assert isinstance(found, QAction)
        return found

    @property
    def lines(self) -> list[str]:
        assert self.menu is not None
        return [action.text().replace("&", "") for action in self.menu.actions() if action.text()]


_HELD: type[TrayIcon] = FakeTray  # for mypy
