"""Messages of the tray: only where a person is needed, one for each cause, and gone with it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from ccdesk.gui.context import Context
from ccdesk.gui.needs import words
from ccdesk.gui.standing import needing
from ccdesk.gui.translation import marked, say
from ccdesk.gui.tray_icon import MESSAGE_MS, TrayIcon
from ccdesk.gui.watch import Snapshot
from ccdesk.service.needs_you import Need, NeedKind

TITLE = marked("ccdesk needs you")
NEEDS = "needs"  # the place of the window that lists them all
Cause = tuple[NeedKind, str]


def cause_of(need: Need) -> Cause:
    """Return what makes two items the same cause: more people of it are no new one."""
    return need.kind, need.subject


def _line(need: Need) -> str:
    """Return what is the matter, and names nobody: messages are kept, and shown over a locked screen."""
    return words(replace(need, people=())).line


class Notices(QObject):
    """Tells each cause once, unless somebody looks at the window; told again only if it was gone meanwhile.

    A system shows one message at a time, so they come one after the other, the most pressing first.
    """

    go_to = Signal(str)

    def __init__(
        self,
        context: Context,
        icon: TrayIcon,
        is_looked_at: Callable[[], bool],
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._icon, self._is_looked_at = icon, is_looked_at
        self._needs: dict[Cause, Need] = {}
        self._told: set[Cause] = set()
        self._waiting: list[Cause] = []
        self._last: Cause | None = None  # whose message was shown last
        self._on_show = QTimer(self, singleShot=True, interval=MESSAGE_MS)
        self._on_show.timeout.connect(self._show_next)
        context.watch.changed.connect(self._on_snapshot)

    @Slot(object)
    def _on_snapshot(self, snapshot: Snapshot) -> None:
        self._needs = {cause_of(need): need for need in needing(snapshot)}
        self._forget_what_is_gone()
        new = [cause for cause in self._needs if cause not in self._told]
        self._told.update(new)
        if not self._is_looked_at():
            self._waiting += new
        if not self._on_show.isActive():
            self._show_next()

    def _forget_what_is_gone(self) -> None:
        self._told &= self._needs.keys()
        self._waiting = [cause for cause in self._waiting if cause in self._needs]
        if self._last is not None and self._last not in self._needs:
            self._last = None
            self._on_show.stop()
            self._icon.take_back()

    @Slot()
    def _show_next(self) -> None:
        if self._is_looked_at():
            self._waiting.clear()
        if self._waiting:
            self._last = self._waiting.pop(0)
            self._icon.tell(say(TITLE), _line(self._needs[self._last]))
            self._on_show.start()

    @Slot()
    def open_last(self) -> None:
        """Lead to what the message was about; if that is gone, to whatever else needs a person."""
        need = self._needs.get(self._last) if self._last is not None else None
        self.go_to.emit((words(need).place if need is not None else "") or NEEDS)
