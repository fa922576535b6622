"""One window per base dir: a second start brings the first window forward and ends."""

from __future__ import annotations

import getpass
import hashlib
import logging
import os
from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtNetwork import QLocalServer, QLocalSocket

log = logging.getLogger(__name__)

WAIT_MS = 1000
RAISE = b"raise\n"
OK = b"ok\n"


def name_for(base_dir: str | Path) -> str:
    """Return the name of the socket: one for each person and base dir."""
    place = f"{_user()}|{Path(base_dir).resolve()}"
    return f"ccdesk-{hashlib.sha256(place.encode()).hexdigest()[:20]}"


def _user() -> str:
    """Return who we are; in a container that may be a number without a name."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # OSError: from Python 3.13 on
        return str(os.getuid()) if hasattr(os, "getuid") else ""


def raise_running(base_dir: str | Path) -> bool:
    """Ask a window that is open on this base dir to come forward; False if there is none."""
    socket = QLocalSocket()
    socket.connectToServer(name_for(base_dir))
    if not socket.waitForConnected(WAIT_MS):
        return False
    socket.write(RAISE)
    socket.waitForBytesWritten(WAIT_MS)
    socket.waitForReadyRead(WAIT_MS)
    socket.disconnectFromServer()
    return True


class SingleInstance(QObject):
    """Listens for further starts; `claim` says whether this program is the first."""

    asked_forward = Signal()

    def __init__(self, base_dir: str | Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._base_dir = base_dir
        self._server = QLocalServer(self)
        self._server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        self._server.newConnection.connect(self._on_connection)

    def claim(self) -> bool:
        """Become the window of this base dir; False if another one answers."""
        if raise_running(self._base_dir):
            return False
        name = name_for(self._base_dir)
        if self._server.listen(name):
            return True
        if raise_running(self._base_dir):  # it began between our question and our listening
            return False
        QLocalServer.removeServer(name)  # left behind by a program that crashed
        if not self._server.listen(name):
            log.warning("further starts cannot be noticed: %s", self._server.errorString())
        return True

    def release(self) -> None:
        """Listen no more."""
        self._server.close()

    @Slot()
    def _on_connection(self) -> None:
        while (socket := self._server.nextPendingConnection()) is not None:
            socket.disconnected.connect(socket.deleteLater)
            socket.write(OK)
            socket.flush()
            self.asked_forward.emit()
