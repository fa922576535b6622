"""A lock nobody else can take decides who is first, and only our own window's answer counts."""

from __future__ import annotations

import os
import socket
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from ccdesk.core import files
from ccdesk.gui import single_instance
from ccdesk.gui.single_instance import (
    ADDRESS,
    LOCK,
    SOCKET,
    Address,
    SingleInstance,
    Unanswered,
    raise_running,
)

posix = pytest.mark.skipif(os.name != "posix", reason="sockets with a path")
HOLD = """
import sys
from filelock import FileLock
with FileLock(sys.argv[1], mode=0o600):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def first(qapp, tmp_path):
    made = SingleInstance(tmp_path)
    assert made.claim()
    yield made
    made.release()


@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setattr(single_instance, "WAIT_MS", 200)


class Impostor:
    """A program that listens where a window would, takes what is asked, and answers something, or nothing."""

    def __init__(self, path: Path, answer: bytes = b"") -> None:
        self.heard: list[bytes] = []
        self._answer, self._server = answer, socket.socket(socket.AF_UNIX)
        self._server.bind(str(path))
        self._server.listen()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        try:
            while True:
                one, _ = self._server.accept()
                with one:
                    self.heard.append(one.recv(1000))
                    one.sendall(self._answer)
        except OSError:
            return

    def close(self) -> None:
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        self._thread.join(5)


ASK = """
import sys
from ccdesk.gui.single_instance import raise_running
print(raise_running(sys.argv[1]))
"""


def asked_by_another_program(qtbot, base: Path) -> bool:
    with subprocess.Popen(
        [sys.executable, "-c", ASK, str(base)], stdout=subprocess.PIPE, text=True
    ) as asking:
        qtbot.waitUntil(lambda: asking.poll() is not None, timeout=20_000)
        return asking.stdout.read().strip() == "True"


def test_the_window_answers_its_own_kind(qtbot, first, tmp_path):
    with qtbot.waitSignal(first.asked_forward, timeout=20_000):
        assert asked_by_another_program(qtbot, tmp_path)


@posix
def test_what_is_kept_of_it_is_for_its_owner_only(first, tmp_path):
    for name in (LOCK, ADDRESS, SOCKET):
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) & 0o077 == 0, name


def test_nothing_is_left_of_a_window_that_closed(first, tmp_path):
    first.release()
    assert {one.name for one in tmp_path.iterdir()} <= {LOCK}
    assert not raise_running(tmp_path)


@posix
def test_one_who_only_listens_is_no_window(qapp, tmp_path, impatient):
    """The lock decides: a listener without it was taken for a window, and no loop ran (exit 0)."""
    impostor = Impostor(tmp_path / SOCKET, b"ok\n")
    Address(str(tmp_path / SOCKET), "q", "ok").write(tmp_path)
    try:
        assert not raise_running(tmp_path)
        instance = SingleInstance(tmp_path)
        assert instance.claim()
        instance.release()
    finally:
        impostor.close()
    assert impostor.heard == []


@posix
@pytest.mark.parametrize("answer", [b"", b"ok\n", b"\n", b"x" * 5000])
def test_an_answer_that_is_not_the_windows_is_none(qapp, tmp_path, impatient, answer):
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path / LOCK)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert holder.stdout is not None
    holder.stdout.readline()
    impostor = Impostor(tmp_path / SOCKET, answer)
    Address(str(tmp_path / SOCKET), "question", "the answer").write(tmp_path)
    try:
        with pytest.raises(Unanswered):
            raise_running(tmp_path)
        with pytest.raises(Unanswered):
            SingleInstance(tmp_path).claim()
    finally:
        impostor.close()
        holder.communicate(timeout=10)
    assert not raise_running(tmp_path)


@posix
@pytest.mark.parametrize("question", [b"raise\n", b"\n", b"x" * 5000, b""])
def test_who_does_not_know_the_word_moves_no_window(qtbot, first, tmp_path, question):
    with qtbot.assertNotEmitted(first.asked_forward, wait=200), socket.socket(socket.AF_UNIX) as asking:
        asking.connect(str(tmp_path / SOCKET))
        asking.sendall(question)


@posix
def test_another_users_program_is_not_spoken_with(qtbot, first, tmp_path, monkeypatch):
    monkeypatch.setattr(single_instance, "_is_ours", lambda _: False)
    with qtbot.assertNotEmitted(first.asked_forward, wait=200), socket.socket(socket.AF_UNIX) as asking:
        asking.connect(str(tmp_path / SOCKET))
        asking.sendall(f"{Address.read(tmp_path).question}\n".encode())


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"name": 1}', b"\xff"])
def test_an_address_that_cannot_be_read_is_none(qapp, tmp_path, content, impatient):
    files.write_private(tmp_path / ADDRESS, content)
    assert not raise_running(tmp_path)
    instance = SingleInstance(tmp_path)
    assert instance.claim()
    instance.release()


@posix
def test_a_base_dir_with_a_very_long_name_has_a_window_too(qtbot, tmp_path):
    base = tmp_path / ("long" * 30)
    base.mkdir()
    instance = SingleInstance(base)
    assert instance.claim()
    address = Address.read(base)
    assert address is not None
    folder = Path(address.name).parent
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert asked_by_another_program(qtbot, base)
    instance.release()
    assert not folder.exists()


@posix
def test_a_socket_left_behind_by_a_crash_is_no_window(qapp, tmp_path):
    with socket.socket(socket.AF_UNIX) as stale:
        stale.bind(str(tmp_path / SOCKET))
    instance = SingleInstance(tmp_path)
    assert instance.claim()
    assert Address.read(tmp_path) is not None
    instance.release()
