"""Puts the window together and takes it apart again: application, hooks, single instance, shutdown order."""

from __future__ import annotations

import logging
import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QApplication

from ccdesk import __version__
from ccdesk.gui.collector import Collector
from ccdesk.gui.components.icons import app_icon
from ccdesk.gui.components.news import News
from ccdesk.gui.components.theme import apply_theme
from ccdesk.gui.context import Context, OpenUrl, SaveBundle
from ccdesk.gui.hooks import Hooks
from ccdesk.gui.leaving import Leaving
from ccdesk.gui.memory import FILE_NAME, Memory
from ccdesk.gui.notices import NEEDS, Notices
from ccdesk.gui.since import LastLook
from ccdesk.gui.single_instance import SingleInstance
from ccdesk.gui.sync_thread import LoopBridge, LoopControl, SyncThread
from ccdesk.gui.tasks import Tasks
from ccdesk.gui.translation import speak, wanted
from ccdesk.gui.tray import Tray
from ccdesk.gui.tray_icon import LOGIN_SECONDS, SystemTray, TrayIcon
from ccdesk.gui.updates import ReleaseSource, Updates
from ccdesk.gui.watch import RunMonitor, Watch
from ccdesk.gui.window import SettingsWindow
from ccdesk.service.api import Desk
from ccdesk.system.autostart import Autostart
from ccdesk.system.crashes import Crash
from ccdesk.system.signals import stop_signals

log = logging.getLogger(__name__)

ALREADY_OPEN = "ccdesk is already open on this data. Its window was brought to the front.\n"
SIGNAL_CHECK_MS = 300
SESSION_LIMIT_MS = 4_000  # Windows ends a program that takes more than 5 s for it
SIGNAL_LIMIT_MS = 20_000  # systemd waits for 45 s or more after the signal with which a session ends
SWITCH_SECONDS = (
    0.001  # how long a busy background thread may keep Python from the window's (5 ms by default)
)


@dataclass(slots=True)
class AppParts:
    """All parts of a built window; `start` shows it, `shutdown` ends everything in order."""

    app: QApplication
    window: SettingsWindow
    context: Context
    thread: SyncThread
    _root: QObject
    _collector: Collector
    tray: Tray | None = None
    tray_icon: TrayIcon | None = None
    _is_down: bool = False

    @property
    def tasks(self) -> Tasks:
        """The short jobs."""
        return self.context.tasks

    @property
    def bridge(self) -> LoopBridge:
        """The loop's news as signals."""
        return self.context.bridge

    def start(self, *, show: bool = True) -> None:
        """Show the window, start the loop's thread and read what there is to show."""
        if show:
            self.window.show()
        elif self.window.leaving.aside is not None:
            self.window.leaving.aside.start()
        if self.tray is not None:
            self.tray.show_state()
        self.thread.start()
        self.context.watch.start()
        if self.context.updates is not None:
            self.context.updates.start()
        self.window.current().refresh()
        self._collector.start()

    def shutdown(self, within_ms: int | None = None) -> bool:
        """Take no more work, stop what is under way, and wait for every thread; may be called twice.

        `within_ms`: how long to wait at most; False if something is still under way then.
        """
        if self._is_down:
            return True
        self._is_down = True
        self.context.watch.stop()
        if self.context.updates is not None:
            self.context.updates.stop()
        self.window.leaving.let_go()
        self.window.hide()
        self.window.memory.flush()
        if self.tray_icon is not None:
            self.tray_icon.remove()
        began = time.monotonic()
        stopped = self.thread.shut_down(within_ms)  # cancels a run between two people
        left = None if within_ms is None else max(0, within_ms - int((time.monotonic() - began) * 1000))
        ended = self.context.tasks.shutdown(left) and stopped  # cancels a login that waits for the browser
        self._collector.stop()
        return ended


def open_in_browser(url: str) -> bool:
    """Open an address in the person's browser."""
    return QDesktopServices.openUrl(QUrl(url))


def application(argv: list[str] | None = None) -> QApplication:
    """Return the QApplication, made if there is none."""
    sys.setswitchinterval(SWITCH_SECONDS)
    existing = QApplication.instance()
    if isinstance(existing, QApplication):
        return existing
    app = QApplication(argv or ["ccdesk"])
    app.setApplicationName("ccdesk")
    app.setApplicationVersion(__version__)
    app.setDesktopFileName("ccdesk")
    app.setWindowIcon(app_icon())
    speak(app, wanted())
    return app


def build(
    desk: Desk,
    loop: LoopControl,
    *,
    app: QApplication | None = None,
    open_url: OpenUrl | None = None,
    save_bundle: SaveBundle | None = None,
    autostart: Autostart | None = None,
    releases: ReleaseSource | None = None,
    tray: TrayIcon | None = None,
    theme: str = "system",
    memory: Memory | None = None,
) -> AppParts:
    """Build everything without showing it, starting a thread or entering the event loop.

    `tray`: where the program goes on while its window is closed; None if closing the window ends it.
    `memory`: what the window remembers of last time; without it, nothing is kept. `releases`: where newer
    versions are looked for; without it, nowhere.
    """
    app = app or application()
    apply_theme(app, theme)
    root = QObject()
    tasks, bridge = Tasks(root, ended=desk.close), LoopBridge(root)
    loop.listener = bridge
    kept = memory or Memory(None, root)
    kept.in_background = lambda work: tasks.run(root, work)
    monitor = RunMonitor(loop, bridge, root)
    context = Context(
        desk=desk,
        tasks=tasks,
        bridge=bridge,
        watch=Watch(desk, tasks, bridge, root),
        monitor=monitor,
        news=News(root),
        open_url=open_url or open_in_browser,
        last_look=LastLook(kept, root),
        save_bundle=save_bundle,
        autostart=autostart,
        updates=Updates(releases, kept, tasks, lambda: monitor.kind is not None, root) if releases else None,
    )
    window = SettingsWindow(context, tray, memory=kept)
    thread = SyncThread(loop, root)
    thread.crashed.connect(context.monitor.on_crash)
    thread.crashed.connect(window.show_error)
    thread.stopped_for_good.connect(context.watch.on_loop_stopped)
    menu = _in_tray(context, window, tray, root) if tray is not None else None
    return AppParts(app, window, context, thread, root, Collector(root), menu, tray)


def _in_tray(context: Context, window: SettingsWindow, icon: TrayIcon, root: QObject) -> Tray:
    """Put the icon's menu and its messages together."""
    tray = Tray(context, icon, root)
    tray.opened.connect(window.come_forward)
    tray.needs_opened.connect(lambda: window.come_forward_at(NEEDS))
    tray.quit_asked.connect(window.quit_by_person)
    notices = Notices(context, icon, lambda: window.is_looked_at, window)
    tray.message_clicked.connect(notices.open_last)
    notices.go_to.connect(window.come_forward_at)
    return tray


def main(
    desk: Desk,
    loop: LoopControl,
    *,
    base_dir: str | Path = "",
    open_url: OpenUrl | None = None,
    save_bundle: SaveBundle | None = None,
    autostart: Autostart | None = None,
    releases: ReleaseSource | None = None,
    stays: bool = False,
    theme: str = "system",
    dress: Callable[[SettingsWindow], object] | None = None,
    crash: Crash | None = None,
    in_tray: bool = False,
) -> int:
    """Open the window and stay until it is closed; returns the exit code.

    `stays`: while the application is enabled, closing the window leaves it running in the tray. `in_tray`: it
    is there from the start. `crash`: how a former program on these data ended; diagnostics are offered.
    `dress` changes the window before.
    """
    app = application()
    instance = SingleInstance(base_dir or desk.status(live=False).base_dir)
    if not instance.claim():
        if sys.stderr is not None:  # the windowed program has none
            sys.stderr.write(ALREADY_OPEN)
        return 0
    app.setQuitOnLastWindowClosed(False)  # the window says when it is over, and may be in the tray
    memory = Memory(Path(base_dir) / FILE_NAME if base_dir and dress is None else None)
    parts = build(
        desk,
        loop,
        app=app,
        open_url=open_url,
        save_bundle=save_bundle,
        autostart=autostart,
        releases=releases,
        tray=SystemTray(patience=LOGIN_SECONDS if in_tray else 0.0) if stays else None,
        theme=theme,
        memory=memory,
    )
    if dress is not None:
        dress(parts.window)
    if crash is not None:
        parts.window.crash_notice.offer(crash)
    hooks = Hooks()
    hooks.install()
    hooks.caught.connect(parts.window.show_error)
    instance.asked_forward.connect(parts.window.come_forward)
    parts.window.closed.connect(app.quit)
    ticker = _let_signals_in(app, parts.window)
    try:
        parts.start(show=not in_tray)
        return int(app.exec())
    finally:
        ticker.stop()
        instance.release()
        if not parts.shutdown(_limit(parts.window.leaving)):
            log.warning("the program has to end in the middle of a run: it goes on with the next start")
            os._exit(0)  # a thread is still at work, and Qt would abort: no more is lost than by a power cut
        hooks.remove()


def _limit(leaving: Leaving) -> int | None:
    """Return how long the end may take: a person who quits is not kept waiting by anybody else."""
    if leaving.session_ends:
        return SESSION_LIMIT_MS
    return SIGNAL_LIMIT_MS if leaving.told_to_end else None


def _let_signals_in(app: QApplication, window: SettingsWindow) -> QTimer:
    """Have Ctrl+C, SIGTERM and a closed terminal end the window.

    Python looks at signals only when its own code runs. Qt's quit closes the windows first, and a question
    would call it off: who sends a signal is not asked.
    """

    def end(*_: object) -> None:
        window.leaving.end_at_once()
        app.quit()

    for number in stop_signals():
        signal.signal(number, end)
    ticker = QTimer(app)
    ticker.timeout.connect(lambda: None)
    ticker.start(SIGNAL_CHECK_MS)
    return ticker
