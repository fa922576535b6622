"""Sync: To Constant Contact | From Constant Contact."""

from __future__ import annotations

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QStackedWidget

from ccdesk.gui.components.theme import Tone
from ccdesk.gui.components.widgets import Segments
from ccdesk.gui.context import Context
from ccdesk.gui.tabs.base import Tab, page_layout
from ccdesk.gui.tabs.sync_from import FromPage
from ccdesk.gui.tabs.sync_to import ToPage
from ccdesk.gui.translation import say

TO, FROM = 0, 1


class SyncTab(Tab):
    """Hosts the two directions."""

    help_part = "sync"

    def __init__(self, context: Context) -> None:
        super().__init__("tab_sync", context)
        self.segments = Segments(
            [(say("To Constant Contact"), "btn_to_cc"), (say("From Constant Contact"), "btn_from_cc")],
            self._on_choice,
        )
        self.to_page = ToPage(context)
        self.from_page = FromPage(context)
        self.pages = QStackedWidget()
        self.pages.setObjectName("sync_pages")
        self.pages.addWidget(self.to_page)
        self.pages.addWidget(self.from_page)
        layout = page_layout(self)
        layout.addWidget(self.notice)
        layout.addWidget(self.segments)
        layout.addWidget(self.pages, 1)
        self.to_page.failed.connect(self.show_error)
        self.to_page.go_to.connect(self.go_to)
        self.to_page.not_started.connect(self._on_not_started)
        self.from_page.failed.connect(self.show_error)

    def refresh(self) -> None:
        """Read the last export and the inbound runs anew."""
        self.context.watch.refresh()
        self.to_page.refresh()
        self.from_page.refresh()

    @Slot()
    def _on_not_started(self) -> None:
        self.notice.show_text(
            Tone.WARNING,
            say("The export was not started"),
            say("Your settings could not be saved."),
            say("&Go to Settings"),
            lambda: self.go_to.emit("list"),
        )

    def show_page(self, index: int) -> None:
        """Show one direction."""
        self.segments.choose(index)

    @Slot(int)
    def _on_choice(self, index: int) -> None:
        self.pages.setCurrentIndex(index)
