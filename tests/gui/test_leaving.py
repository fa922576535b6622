"""Every way out asks the same questions; the session's end and a signal are never held up."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import QApplication, QWidget

from ccdesk.core.runs import RunKind, Trigger
from ccdesk.gui import leaving
from tests.gui.fakes import fresh_desk, ready_desk
from tests.gui.helpers import click, dialog, find
from tests.gui.tray_double import FakeTray

ROOT = Path(__file__).parents[2]


def by_frame(qtbot, window):
    class ByHand(QCloseEvent):
        def spontaneous(self):
            return True

    event = ByHand()
    window.closeEvent(event)
    if event.isAccepted():
        window.hide()


def by_key(qtbot, window):
    qtbot.keyClick(window, Qt.Key.Key_Q, Qt.KeyboardModifier.ControlModifier)


def by_system(_qtbot, _window):
    """The system's menu or dock: Qt closes every window first, and quits if all of them let it."""
    QApplication.closeAllWindows()


WAYS = [by_frame, by_key, by_system]


@pytest.fixture
def off(open_window):
    """A window that is not enabled."""
    desk = ready_desk()
    desk.stored["enabled"] = "false"
    return open_window(desk)


def asked(qtbot, window):
    return dialog(qtbot, window, "dlg_quit").accessibleDescription()


@pytest.mark.parametrize("way", WAYS)
def test_closing_while_enabled_says_that_nothing_is_synced_meanwhile(qtbot, window, way):
    with qtbot.assertNotEmitted(window.closed):
        way(qtbot, window)
    assert "syncs only while it is open" in asked(qtbot, window)
    assert window.isVisible()


@pytest.mark.parametrize("way", WAYS)
def test_unsaved_settings_are_asked_about(qtbot, off, way):
    window = off.window
    window.settings.list_field.combo.setEditText("Other")
    way(qtbot, window)
    assert asked(qtbot, window) == "The Settings tab has changes that are not saved."


@pytest.mark.parametrize("way", WAYS)
def test_an_unsaved_kibo_connection_is_asked_about(qtbot, off, way):
    window = off.window
    qtbot.keyClicks(find(window, "inp_kibo_secret"), "s3cret")
    way(qtbot, window)
    assert asked(qtbot, window) == "The Kibo connection on the Info tab has changes that are not saved."


@pytest.mark.parametrize("way", WAYS)
def test_a_running_export_is_asked_about(qtbot, off, way):
    with qtbot.waitSignal(off.context.monitor.changed):
        off.bridge.run_started(RunKind.EXPORT, Trigger.MANUAL)
    way(qtbot, off.window)
    assert "the next export continues from there" in asked(qtbot, off.window)


@pytest.mark.parametrize("way", WAYS)
def test_with_nothing_going_on_it_just_closes(qtbot, off, way):
    with qtbot.waitSignal(off.window.closed):
        way(qtbot, off.window)
    assert not off.window.isVisible()
    assert off.window.findChild(QWidget, "dlg_quit") is None


def test_who_stays_is_asked_again_and_who_quits_is_not(qtbot, window):
    for _ in range(2):
        by_key(qtbot, window)
        click(qtbot, dialog(qtbot, window, "dlg_quit"), "btn_question_no")
    assert window.isVisible()
    by_key(qtbot, window)
    with qtbot.waitSignal(window.closed):
        click(qtbot, dialog(qtbot, window, "dlg_quit"), "btn_question_yes")
    assert not window.isVisible()


def test_enter_and_escape_stay(qtbot, window):
    for key in (Qt.Key.Key_Return, Qt.Key.Key_Escape):
        by_key(qtbot, window)
        question = dialog(qtbot, window, "dlg_quit")
        qtbot.keyClick(question, key)
        qtbot.waitUntil(lambda question=question: not question.isVisible())
    assert window.isVisible()


@pytest.mark.parametrize("way", WAYS)
def test_the_end_of_the_session_is_never_blocked(qtbot, parts, qapp, way):
    window = parts.window
    window.settings.list_field.combo.setEditText("Other")
    window.leaving._on_session_ends(None)
    with qtbot.waitSignal(window.closed):
        way(qtbot, window)
    assert window.findChild(QWidget, "dlg_quit") is None


def test_qt_tells_of_the_end_of_the_session(window, qapp):
    assert qapp.receivers("2commitDataRequest(QSessionManager&)") > 0


def test_a_logout_that_was_called_off_is_no_way_out_for_ever(qtbot, open_window, monkeypatch):
    monkeypatch.setattr(leaving, "SESSION_ENDS_MS", 10)
    window = open_window(ready_desk()).window
    window.leaving._on_session_ends(None)
    qtbot.wait(50)
    by_key(qtbot, window)
    assert "syncs only while it is open" in asked(qtbot, window)


@pytest.fixture
def without_tray(open_window):
    """An enabled window on a desktop that has no tray."""
    return open_window(ready_desk(), tray=FakeTray(there=False))


def by_ctrl_w(qtbot, window):
    qtbot.keyClick(window, Qt.Key.Key_W, Qt.KeyboardModifier.ControlModifier)


CLOSING = [by_frame, by_ctrl_w]
QUITTING = [by_key, by_system]


@pytest.mark.parametrize("way", CLOSING)
def test_closing_while_enabled_goes_into_the_tray(qtbot, open_window, way):
    window = open_window(ready_desk(), tray=FakeTray()).window
    with qtbot.assertNotEmitted(window.closed):
        way(qtbot, window)
    assert not window.isVisible()
    assert window.findChild(QWidget, "dlg_quit") is None


@pytest.mark.parametrize("way", QUITTING)
def test_quitting_with_a_tray_asks_as_ever(qtbot, open_window, way):
    window = open_window(ready_desk(), tray=FakeTray()).window
    with qtbot.assertNotEmitted(window.closed):
        way(qtbot, window)
    assert "syncs only while it is open or in the tray" in asked(qtbot, window)


@pytest.mark.parametrize("way", CLOSING)
def test_closing_what_is_off_ends_it_tray_or_not(qtbot, open_window, way):
    desk = ready_desk()
    desk.stored["enabled"] = "false"
    window = open_window(desk, tray=FakeTray()).window
    with qtbot.waitSignal(window.closed):
        way(qtbot, window)


@pytest.mark.parametrize("way", CLOSING)
@pytest.mark.parametrize(("answer", "closed"), [("yes", True), ("no", False), ("cancel", False)])
def test_without_a_tray_it_asks(qtbot, without_tray, way, answer, closed):
    window = without_tray.window
    said = []
    window.closed.connect(lambda: said.append("closed"))
    way(qtbot, window)
    click(qtbot, dialog(qtbot, window, "dlg_keep_running"), f"btn_question_{answer}")
    qtbot.wait(20)
    assert bool(said) is closed
    assert window.isMinimized() is (answer == "no")


def test_escape_changes_nothing_and_enter_keeps_it_running(qtbot, without_tray):
    window = without_tray.window
    by_ctrl_w(qtbot, window)
    qtbot.keyClick(dialog(qtbot, window, "dlg_keep_running"), Qt.Key.Key_Escape)
    assert window.isVisible()
    assert not window.isMinimized()
    by_ctrl_w(qtbot, window)
    qtbot.keyClick(dialog(qtbot, window, "dlg_keep_running"), Qt.Key.Key_Return)
    assert window.isMinimized()


def test_who_quits_there_is_still_asked_about_what_is_not_saved(qtbot, without_tray):
    window = without_tray.window
    window.settings.list_field.combo.setEditText("Other")
    by_ctrl_w(qtbot, window)
    click(qtbot, dialog(qtbot, window, "dlg_keep_running"), "btn_question_yes")
    assert asked(qtbot, window) == "The Settings tab has changes that are not saved."


@pytest.mark.parametrize("tray", [FakeTray(), FakeTray(there=False)])
@pytest.mark.parametrize("way", [by_frame, by_ctrl_w, by_key, by_system])
def test_the_end_of_the_session_does_not_end_in_the_tray(qtbot, open_window, way, tray):
    window = open_window(ready_desk(), tray=tray).window
    window.leaving._on_session_ends(None)
    with qtbot.waitSignal(window.closed):
        way(qtbot, window)
    assert window.leaving.session_ends


ENABLED_WINDOW = """
import sys
from tests.gui.fakes import FakeLoop, ready_desk
from ccdesk.gui import app
start = app.AppParts.start
def announce(parts, **kw):
    start(parts, **kw)
    parts.context.watch.changed.connect(lambda _: print("open", flush=True))
app.AppParts.start = announce
sys.exit(app.main(ready_desk(), FakeLoop(), base_dir=sys.argv[1]))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such signals")
@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
def test_a_signal_ends_the_window_without_a_question(tmp_path, name):
    process = subprocess.Popen(
        [sys.executable, "-c", ENABLED_WINDOW, str(tmp_path)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "QT_QPA_PLATFORM": "offscreen"},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        killer = threading.Timer(20, process.kill)
        killer.start()
        assert process.stdout.readline() == "open\n"
        process.send_signal(signal.Signals[name])
        assert process.wait(10) == 0
        killer.cancel()
    finally:
        process.kill()
        process.stdout.close()


def test_a_fresh_start_closes_without_a_word(qtbot, open_window):
    window = open_window(fresh_desk()).window
    with qtbot.waitSignal(window.closed):
        by_key(qtbot, window)
