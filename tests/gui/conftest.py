import gc
import os
import time

import pytest

os.environ["QT_QPA_PLATFORM"] = "offscreen"

from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QApplication

from ccdesk.gui.app import build
from ccdesk.gui.components.theme import apply_theme
from tests.gui.fakes import FakeLoop, ready_desk
from tests.gui.shouted import Shouting


@pytest.fixture(autouse=True)
def _utc(monkeypatch):
    """Dates on screen are local: let local mean UTC."""
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    """Refresh at once; that the window keeps its distance has a test of its own."""
    monkeypatch.setattr("ccdesk.gui.tasks.REFRESH_EVERY_MS", 5)


@pytest.fixture(autouse=True)
def _application(qapp):
    """Let Qt be there whichever test of a worker comes first, and no dialog from one test to the next.

    One left open is the active modal dialog of whatever runs after it in the same process.
    """
    yield
    for left in qapp.topLevelWidgets():
        if left.isVisible():
            left.close()
            left.deleteLater()
    qapp.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)


@pytest.fixture(autouse=True)
def _no_garbage_in_threads():
    """Collect between tests, in this thread: a worker would free widgets where Qt does not survive it."""
    gc.disable()
    yield
    gc.enable()


@pytest.fixture
def themed(qapp):
    apply_theme(qapp, "light")
    return qapp


@pytest.fixture
def opened():
    """Addresses the window opened in the browser."""
    return []


@pytest.fixture
def open_window(qtbot, qapp, opened):
    """Return a function that opens a window on a desk and has read everything before it returns."""
    built = []

    def open_it(desk=None, loop=None, *, start=True, **more):
        desk = desk or ready_desk()

        def open_url(url):
            opened.append(url)
            return True

        parts = build(desk, loop or FakeLoop(), app=qapp, open_url=open_url, theme="light", **more)
        built.append(parts)
        if start:
            watch = parts.context.watch
            parts.start()
            qtbot.waitUntil(lambda: watch.is_read and watch.checked_at is not None, timeout=5000)
            qtbot.waitExposed(parts.window)
        return parts

    yield open_it
    for parts in built:
        parts.shutdown()
        parts.window.close()
        parts.window.deleteLater()
        QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)


@pytest.fixture
def desk():
    return ready_desk()


@pytest.fixture
def loop():
    return FakeLoop()


@pytest.fixture
def parts(open_window, desk, loop):
    return open_window(desk, loop)


@pytest.fixture
def window(parts):
    return parts.window


@pytest.fixture
def shouting(qapp):
    """Show every text in ⟦…⟧; ask for it before the window."""
    translator = Shouting()
    qapp.installTranslator(translator)
    yield translator
    qapp.removeTranslator(translator)
