"""One window per base dir: a second start brings the first window forward and ends.

A lock file in the base dir decides who is first: nobody else can take it there, and the system lets go of it
when the program ends, however it ends. The socket by which the second asks is only for being brought forward;
it lies in a folder that is ours alone, under a name nobody can guess, and both ends prove that they can read
the base dir by a word kept there.
"""

from __future__ import annotations

import hmac
import json
import logging
import os
import secrets
import shutil
import socket
import struct
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout
from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtNetwork import QLocalServer, QLocalSocket

from ccdesk.core import files
from ccdesk.core.errors import Busy
from ccdesk.gui.translation import marked

log = logging.getLogger(__name__)

WAIT_MS = 2000
LONGEST_PATH = 100  # bytes of a socket's path; Linux takes 107, macOS 103
LONGEST_WORD = 200
LOCK, ADDRESS, SOCKET = "window.lock", "window.json", "window.sock"


class Unanswered(Busy):
    """Another window has this base dir and cannot be brought forward."""

    title = marked("ccdesk is already open on this data, but its window does not answer")
    meaning = marked("Only one window at a time works on the same data. Nothing was changed.")
    next_step = marked("Look for that window. If there is none, end the program “ccdesk” and start it again.")


@dataclass(frozen=True, slots=True)
class Address:
    """Where the first window listens, and the words by which each end knows the other."""

    name: str
    question: str
    answer: str

    @classmethod
    def read(cls, base: Path) -> Address | None:
        """Return what the first window wrote down; None if it has not, or not whole."""
        try:
            found = json.loads(files.read_private(base / ADDRESS))
            return cls(str(found["name"]), str(found["question"]), str(found["answer"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def write(self, base: Path) -> None:
        """Write it down for those who come later."""
        content = {"name": self.name, "question": self.question, "answer": self.answer}
        files.write_private(base / ADDRESS, json.dumps(content).encode())


def is_open(base_dir: str | Path) -> bool:
    """Say whether a window is open on this base dir."""
    lock = _lock(Path(base_dir))
    try:
        lock.acquire()
    except Timeout:
        return True
    lock.release()
    return False


def raise_running(base_dir: str | Path) -> bool:
    """Ask a window that is open on this base dir to come forward; False if there is none.

    Raises:
        Unanswered: there is one, and it does not answer.

    """
    until = time.monotonic() + WAIT_MS / 1000
    while is_open(base_dir):
        address = Address.read(Path(base_dir))
        if address is not None and _ask(address):
            return True
        if time.monotonic() > until:  # else it is perhaps just starting
            raise Unanswered
        time.sleep(0.05)
    return False


def _ask(address: Address) -> bool:
    """Ask at that address; True only if our own window has answered."""
    asking = QLocalSocket()
    asking.setReadBufferSize(LONGEST_WORD)
    asking.connectToServer(address.name)
    if not asking.waitForConnected(WAIT_MS) or not _is_ours(int(asking.socketDescriptor())):
        return False
    asking.write(f"{address.question}\n".encode())
    asking.waitForBytesWritten(WAIT_MS)
    while not asking.canReadLine() and asking.bytesAvailable() < LONGEST_WORD:
        if not asking.waitForReadyRead(WAIT_MS):
            break
    reported = bytes(asking.readLine(LONGEST_WORD).data()).strip()
    asking.disconnectFromServer()
    return hmac.compare_digest(reported, address.answer.encode())


class SingleInstance(QObject):
    """Holds the lock and listens for further starts; `claim` says whether this program is the first."""

    asked_forward = Signal()

    def __init__(self, base_dir: str | Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._base = Path(base_dir)
        self._lock = _lock(self._base)
        self._folder: Path | None = None
        self._address: Address | None = None
        self._asking: list[QLocalSocket] = []
        self._server = QLocalServer(self)
        self._server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        self._server.newConnection.connect(self._on_connection)

    def claim(self) -> bool:
        """Become the window of this base dir; False if another one is, and has come forward.

        Raises:
            Unanswered: another one is, and does not answer.

        """
        try:
            self._lock.acquire()
        except Timeout:
            if raise_running(self._base):
                return False
            self._lock.acquire(timeout=WAIT_MS / 1000)  # it has just ended
        self._listen()
        return True

    def _listen(self) -> None:
        """Listen where only we can; without that, further starts say that this window does not answer."""
        address = Address(self._place(), secrets.token_hex(16), secrets.token_hex(16))
        try:
            if not self._server.listen(address.name):
                log.warning("further starts cannot be noticed: %s", self._server.errorString())
                return
            address.write(self._base)
            self._address = address
        except OSError as error:
            log.warning("further starts cannot be noticed: %s", error)

    def _place(self) -> str:
        """Return the socket's name: a path in the base dir, or, if that is too long, in a new folder."""
        if os.name == "nt":
            return f"ccdesk-{secrets.token_hex(16)}"
        place = self._base.resolve() / SOCKET
        if len(os.fsencode(place)) > LONGEST_PATH:
            self._folder = Path(tempfile.mkdtemp(prefix="ccdesk-", dir=_short_folder()))  # made 0700
            place = self._folder / SOCKET
        place.unlink(missing_ok=True)  # left behind by a program that crashed: we hold the lock
        return str(place)

    def release(self) -> None:
        """Listen no more, and let another program be first."""
        if self._lock.is_locked:
            self._server.close()
            (self._base / ADDRESS).unlink(missing_ok=True)
            if self._folder is not None:
                shutil.rmtree(self._folder, ignore_errors=True)
            self._lock.release()

    @Slot()
    def _on_connection(self) -> None:
        while self._server.hasPendingConnections():
            asking = self._server.nextPendingConnection()
            asking.setReadBufferSize(LONGEST_WORD)
            asking.readyRead.connect(self._read)
            asking.disconnected.connect(self._tidy)
            self._asking.append(asking)
        self._read()

    @Slot()
    def _read(self) -> None:
        """Answer whoever has asked by now; one who asks wrongly is hung up on."""
        connected = QLocalSocket.LocalSocketState.ConnectedState
        for asking in [one for one in self._asking if one.state() == connected]:
            if not _is_ours(int(asking.socketDescriptor())):
                log.warning("another user of this computer asked the window to come forward")
                asking.disconnectFromServer()
            elif asking.canReadLine():
                self._answer(asking, bytes(asking.readLine(LONGEST_WORD).data()).strip())
            elif asking.bytesAvailable() >= LONGEST_WORD:
                asking.disconnectFromServer()
        self._tidy()

    def _answer(self, asking: QLocalSocket, question: bytes) -> None:
        address = self._address
        if address is None or not hmac.compare_digest(question, address.question.encode()):
            asking.disconnectFromServer()
            return
        asking.write(f"{address.answer}\n".encode())
        asking.flush()
        self.asked_forward.emit()

    @Slot()
    def _tidy(self) -> None:
        """Let go of those that have gone."""
        for asking in list(self._asking):
            if asking.state() == QLocalSocket.LocalSocketState.UnconnectedState:
                self._asking.remove(asking)
                asking.deleteLater()


def _lock(base: Path) -> FileLock:
    return FileLock(str(base / LOCK), timeout=0, mode=files.OWNER_ONLY)


def _short_folder() -> str | None:
    """Return where a short path can be had: the user's own runtime folder, else /tmp."""
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    if runtime and len(os.fsencode(runtime)) < LONGEST_PATH - 30 and os.access(runtime, os.W_OK):
        return runtime
    return "/tmp"


def _is_ours(descriptor: int) -> bool:
    """Say whether the other end of a socket is a program of ours; True where the system cannot tell.

    There the words decide, and on Windows the pipe's own rights.
    """
    if os.name != "posix" or descriptor < 0:
        return os.name != "posix"
    with socket.socket(fileno=os.dup(descriptor)) as one:
        if sys.platform == "linux":
            size = struct.calcsize("3i")
            _, user, _ = struct.unpack("3i", one.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size))
        elif sys.platform == "darwin":
            found = one.getsockopt(
                0, 1, 76
            )  # SOL_LOCAL, LOCAL_PEERCRED: struct xucred, version and user first
            user = struct.unpack_from("Ii", found)[1]
        else:
            return True
    return bool(user == os.geteuid())
