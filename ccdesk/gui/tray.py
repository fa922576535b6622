"""What the tray shows and does while nobody looks at the window: the state, the next sync, and a menu."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu

from ccdesk.core.errors import CcdeskError
from ccdesk.core.runs import LOOPS
from ccdesk.gui.components.plain import one_line
from ccdesk.gui.context import Context
from ccdesk.gui.standing import Standing, can_sync, look, next_line
from ccdesk.gui.translation import marked, say
from ccdesk.gui.tray_icon import TrayIcon
from ccdesk.gui.watch import Snapshot

PAUSE, RESUME = marked("&Pause for an hour"), marked("&Resume")


class Tray(QObject):
    """Keeps the icon and its menu as the window's snapshot says."""

    opened = Signal()
    quit_asked = Signal()
    message_clicked = Signal()
    needs_opened = Signal()

    def __init__(self, context: Context, icon: TrayIcon, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._context, self._icon = context, icon
        self._snapshot: Snapshot | None = None
        self._unreadable = ""
        self.menu = QMenu()
        self.menu.setObjectName("tray_menu")
        self.state = self._action("act_tray_state", "", self._open_state)
        self.next = self._action("act_tray_next", "", self.opened.emit)
        self.next.setEnabled(False)
        self.menu.addSeparator()
        self.sync = self._action("act_tray_sync", say("&Sync now"), self._sync)
        self.pause = self._action("act_tray_pause", say(PAUSE), self._pause_or_resume)
        self.menu.addSeparator()
        self.open = self._action("act_tray_open", say("&Open ccdesk"), self.opened.emit)
        self.quit = self._action("act_tray_quit", say("&Quit"), self.quit_asked.emit)
        self.menu.setDefaultAction(self.open)
        icon.set_up(self.menu, self.opened.emit, self.message_clicked.emit)
        context.watch.changed.connect(self._on_snapshot)
        context.watch.failed.connect(self._on_unreadable)
        context.monitor.changed.connect(self.show_state)

    def _action(self, name: str, text: str, act: object) -> QAction:
        action = QAction(text, self.menu)
        action.setObjectName(name)
        action.triggered.connect(act)
        self.menu.addAction(action)
        return action

    @Slot(object)
    def _on_snapshot(self, snapshot: Snapshot) -> None:
        self._snapshot, self._unreadable = snapshot, ""
        self.show_state()

    @Slot(object)
    def _on_unreadable(self, error: CcdeskError) -> None:
        self._unreadable = say(error.title)
        self.show_state()

    @Slot()
    def show_state(self) -> None:
        """Show how it stands now."""
        monitor, snapshot = self._context.monitor, self._snapshot
        seen = look(snapshot, monitor.kind, self._unreadable)
        planned = next_line(snapshot)
        self._icon.show(seen.standing, f"ccdesk: {one_line(seen.line)}\n{planned}")
        self.state.setText(one_line(seen.line).replace("&", "&&"))
        self.next.setText(planned)
        busy = any(monitor.is_pending(kind) for kind in LOOPS) or monitor.kind is not None
        self.sync.setEnabled(can_sync(snapshot) and not busy)
        status = snapshot.status if snapshot is not None else None
        self.pause.setText(say(RESUME if status is not None and status.paused_until else PAUSE))
        self.pause.setEnabled(status is not None and status.enabled)

    @Slot()
    def _open_state(self) -> None:
        """Lead to what the state is about."""
        needs = look(self._snapshot).standing is Standing.NEEDS_YOU
        (self.needs_opened if needs else self.opened).emit()

    @Slot()
    def _sync(self) -> None:
        for kind in LOOPS:
            self._context.monitor.request(kind)

    @Slot()
    def _pause_or_resume(self) -> None:
        paused = self._snapshot is not None and self._snapshot.status.paused_until is not None
        (resume if paused else pause)(self._context, self)


def pause(context: Context, owner: QObject) -> None:
    """Begin a pause of an hour."""
    context.tasks.run(owner, context.desk.pause, done=lambda _until: _moved(context), key="pause")


def resume(context: Context, owner: QObject) -> None:
    """End the pause."""
    context.tasks.run(owner, context.desk.resume, done=lambda _none: _moved(context), key="pause")


def _moved(context: Context) -> None:
    context.monitor.wake()
    context.watch.refresh()
