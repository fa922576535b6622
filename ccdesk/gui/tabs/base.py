"""What all tabs share: a notice at the top, the way to other tabs, and a page that scrolls."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from ccdesk.core.errors import CcdeskError, ListGone, LoginNeeded
from ccdesk.gui.components.messages import Notice
from ccdesk.gui.components.news import subject_of_click
from ccdesk.gui.components.widgets import MARGIN, row
from ccdesk.gui.context import Context
from ccdesk.gui.translation import say

PAGE_WIDTH = 980  # pixels: longer lines are hard to read


class Tab(QWidget):
    """Base of the tabs. `go_to` names a place of the window, see `SettingsWindow.go_to`."""

    go_to = Signal(str)
    help_part = ""

    def __init__(self, name: str, context: Context) -> None:
        super().__init__()
        self.setObjectName(name)
        self.context = context
        self.notice = Notice(f"notice_{name.removeprefix('tab_')}")
        context.news.settled.connect(self.notice.settle)

    def refresh(self) -> None:
        """Read anew what the tab shows, whenever it comes to the front."""

    def reload(self) -> None:
        """Do what F5 means here."""
        self.refresh()

    @Slot(object)
    def show_error(self, error: CcdeskError) -> None:
        """Show an error at the top of the tab, with the way to its remedy."""
        self._show(error)

    @Slot(object)
    def show_failure(self, error: CcdeskError) -> None:
        """Show why something that was clicked failed: that is not over because reading works."""
        self._show(error, subject_of_click(error))

    def _show(self, error: CcdeskError, subject: str = "") -> None:
        words, place = remedy(error)
        self.notice.show_error(error, words, lambda: self.go_to.emit(place), subject=subject)


def remedy(error: CcdeskError) -> tuple[str, str]:
    """Return the button that leads to an error's remedy, and the place it leads to; both empty if none."""
    if isinstance(error, LoginNeeded):
        return say("Go to &Info"), "login"
    if isinstance(error, ListGone):
        return say("&Go to Settings"), "list"
    return "", ""


def page_layout(page: QWidget) -> QVBoxLayout:
    """Return the layout of a page with the margins all tabs have."""
    layout = QVBoxLayout(page)
    layout.setContentsMargins(MARGIN, 18, MARGIN, 18)
    layout.setSpacing(14)
    return layout


def scrolling(tab: QWidget, *, below: QWidget | None = None) -> QVBoxLayout:
    """Fill a widget with a page that scrolls where the window is too low, and return the page's layout.

    The page is no wider than lines can be read. `below` stays in view under it.
    """
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    page, column = QWidget(), QWidget()
    page.setObjectName("page")
    area.setWidget(page)
    _in_the_middle(page, column)
    outer = QVBoxLayout(tab)
    outer.setContentsMargins(0, 0, 0, 0)
    outer.setSpacing(0)
    outer.addWidget(area)
    if below is not None:
        outer.addWidget(below)
    return page_layout(column)


def _in_the_middle(page: QWidget, column: QWidget) -> None:
    column.setMaximumWidth(PAGE_WIDTH)
    line = QHBoxLayout(page)
    line.setContentsMargins(0, 0, 0, 0)
    line.addStretch(1)
    line.addWidget(column, 1_000)  # whatever there is up to its widest
    line.addStretch(1)


def bottom_bar(*items: QWidget | None) -> QFrame:
    """Return a bar with these widgets for below a page, as wide as the page."""
    bar, column = QFrame(), QWidget()
    bar.setObjectName("bottom_bar")
    _in_the_middle(bar, column)
    line = QHBoxLayout(column)
    line.setContentsMargins(MARGIN, 9, MARGIN, 9)
    line.addLayout(row(*items))
    return bar
