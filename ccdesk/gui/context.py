"""What every tab is handed: the desk, and the means to work with it without waiting."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ccdesk.core.bundles import Made, Wanted
from ccdesk.gui.components.news import News
from ccdesk.gui.since import LastLook
from ccdesk.gui.sync_thread import LoopBridge
from ccdesk.gui.tasks import Tasks
from ccdesk.gui.updates import Updates
from ccdesk.gui.watch import RunMonitor, Watch
from ccdesk.service.api import Desk
from ccdesk.service.read_only import ReadOnlyDesk
from ccdesk.system.autostart import Autostart

OpenUrl = Callable[[str], bool]
SaveBundle = Callable[[Path, Wanted], Made]


@dataclass(frozen=True, slots=True)
class Context:
    """Shared by the window, its tabs and its dialogs. `open_url` shows an address in the browser.

    `last_look`: since when what has happened is news.
    `save_bundle` writes what support needs, `autostart` is the start at login, `updates` looks for newer
    versions; all None on a bundle.
    """

    desk: Desk
    tasks: Tasks
    bridge: LoopBridge
    watch: Watch
    monitor: RunMonitor
    news: News
    open_url: OpenUrl
    last_look: LastLook
    save_bundle: SaveBundle | None = None
    autostart: Autostart | None = None
    updates: Updates | None = None

    @property
    def read_only(self) -> bool:
        """True on a bundle: it can only be looked at."""
        return isinstance(self.desk, ReadOnlyDesk)
