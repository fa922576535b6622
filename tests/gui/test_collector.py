"""Garbage with parts of the window in it is freed in the window's thread, whichever thread made it."""

import gc
import threading
import weakref

import pytest
from PySide6.QtCore import QObject

from ccdesk.gui.collector import Collector


class Ring(QObject):
    """One that only the collector of garbage frees."""

    def __init__(self) -> None:
        super().__init__()
        self.itself = self


@pytest.fixture
def collector(qapp):
    was_on = gc.isenabled()
    gc.enable()
    taken = Collector()
    taken.start()
    yield taken
    taken.stop()
    (gc.enable if was_on else gc.disable)()


def test_what_a_busy_thread_leaves_is_freed_in_the_windows_thread(qtbot, collector):
    freed_in = []
    ring = Ring()
    weakref.finalize(ring, lambda: freed_in.append(threading.current_thread()))
    del ring

    def work():
        keep = [[[]] for _ in range(200_000)]  # far more than the limit at which Python collects
        keep.clear()

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert freed_in == []
    junk = [[] for _ in range(25_000)]
    qtbot.waitUntil(lambda: bool(freed_in), timeout=5_000)
    assert freed_in == [threading.main_thread()]
    assert junk


def test_one_that_finds_the_collection_taken_leaves_it_to_the_other(collector):
    second = Collector()
    second.start()
    second.stop()
    assert not gc.isenabled()
    collector.stop()
    assert gc.isenabled()
