"""Faults nobody caught, and Qt's own messages: into the log, and the faults into the window too."""

from __future__ import annotations

import logging
import sys
import threading
from types import TracebackType

from PySide6.QtCore import QMessageLogContext, QObject, QtMsgType, Signal, qInstallMessageHandler

from ccdesk.core.errors import CcdeskError
from ccdesk.gui.tasks import unexpected

log = logging.getLogger(__name__)
qt_log = logging.getLogger("qt")

LEVELS = {
    QtMsgType.QtDebugMsg: logging.DEBUG,
    QtMsgType.QtInfoMsg: logging.INFO,
    QtMsgType.QtWarningMsg: logging.WARNING,
    QtMsgType.QtCriticalMsg: logging.ERROR,
    QtMsgType.QtFatalMsg: logging.CRITICAL,
}


class Hooks(QObject):
    """Holds the hooks of the process while the window is open; `caught` reaches the GUI thread by signal."""

    caught = Signal(object)  # CcdeskError

    def install(self) -> None:
        """Take over the hooks."""
        self._former = (sys.excepthook, threading.excepthook)
        sys.excepthook = self.on_exception
        threading.excepthook = self._on_thread_exception
        qInstallMessageHandler(log_qt)

    def remove(self) -> None:
        """Give the hooks back."""
        sys.excepthook, threading.excepthook = self._former
        qInstallMessageHandler(None)

    def on_exception(
        self, kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        """Log a fault and tell the window; Ctrl+C is no fault."""
        if issubclass(kind, KeyboardInterrupt):
            return
        log.critical("an unexpected fault", exc_info=(kind, error, trace))
        self.caught.emit(error if isinstance(error, CcdeskError) else unexpected(error))

    def _on_thread_exception(self, args: threading.ExceptHookArgs) -> None:
        if args.exc_value is not None:
            self.on_exception(args.exc_type, args.exc_value, args.exc_traceback)


def log_qt(kind: QtMsgType, context: QMessageLogContext, message: str) -> None:
    """Write one of Qt's messages to the log."""
    place = f" ({context.file}:{context.line})" if context.file else ""
    qt_log.log(LEVELS.get(kind, logging.WARNING), "%s%s", message, place)
