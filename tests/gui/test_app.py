import logging
import os
import subprocess
import sys
import threading
from datetime import timedelta
from pathlib import Path

import pytest
from PySide6.QtCore import QMessageLogContext, QtMsgType, qWarning
from PySide6.QtWidgets import QMessageBox

from ccdesk.cli.main import main as cli_main
from ccdesk.core.errors import ExitCode, StoreError
from ccdesk.core.runs import RunKind, Trigger
from ccdesk.gui import app as app_module
from ccdesk.gui import start, sync_thread
from ccdesk.gui.components.messages import error_box, show_fatal
from ccdesk.gui.hooks import Hooks, log_qt
from ccdesk.gui.single_instance import SingleInstance, raise_running
from ccdesk.paths import Paths
from ccdesk.sandbox.wire.kernel import SandboxClock
from ccdesk.service.gaps import SleepWatch
from tests.gui.fakes import FakeLoop, fresh_desk, ready_desk

ROOT = Path(__file__).parents[2]
SECOND_START = """
import sys
from tests.gui.fakes import FakeLoop, fresh_desk
from ccdesk.gui.app import main
sys.exit(main(fresh_desk(), FakeLoop(), base_dir=sys.argv[1]))
"""


def second_start(base_dir):
    return subprocess.Popen(
        [sys.executable, "-c", SECOND_START, str(base_dir)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])},
        stderr=subprocess.PIPE,
        text=True,
    )


def test_a_second_start_brings_the_first_window_forward_and_ends_well(qtbot, window, tmp_path):
    instance = SingleInstance(tmp_path)
    assert instance.claim()
    instance.asked_forward.connect(window.come_forward)
    window.hide()
    second = second_start(tmp_path)
    try:
        with qtbot.waitSignal(instance.asked_forward, timeout=15_000):
            pass
        _, said = second.communicate(timeout=15)
    finally:
        second.kill()
    assert second.returncode == 0
    assert "already open" in said
    assert window.isVisible()
    instance.release()


def test_another_base_dir_is_another_window(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    one, other = SingleInstance(tmp_path / "a"), SingleInstance(tmp_path / "b")
    assert one.claim()
    assert other.claim()
    one.release()
    other.release()
    assert not raise_running(tmp_path / "a")


def test_main_opens_the_window_and_leaves_in_order(qtbot, qapp, monkeypatch, tmp_path):
    desk, loop = fresh_desk(), FakeLoop()
    former = (sys.excepthook, threading.excepthook)
    seen = {}

    def exec_():
        windows = [w for w in qapp.topLevelWidgets() if w.objectName() == "settings_window" and w.isVisible()]
        seen["windows"] = len(windows)
        seen["hooked"] = sys.excepthook is not former[0]
        qtbot.waitUntil(lambda: loop.thread is not None)
        windows[0].close()
        return 0

    monkeypatch.setattr(qapp, "exec", exec_, raising=False)
    monkeypatch.setattr(app_module.signal, "signal", lambda *_: None)
    assert app_module.main(desk, loop, base_dir=tmp_path) == 0
    assert seen == {"windows": 1, "hooked": True}
    assert loop.stopped.is_set()
    assert (sys.excepthook, threading.excepthook) == former
    assert not raise_running(tmp_path)


def test_shutdown_cancels_a_run_and_joins_everything(qtbot, open_window):
    loop, begun, ended = FakeLoop(), threading.Event(), threading.Event()

    def script(_listener, cancel):
        begun.set()
        assert cancel.wait(5)
        ended.set()

    loop.scripts[RunKind.EXPORT] = script
    parts = open_window(ready_desk(), loop)
    loop.request(RunKind.EXPORT)
    assert begun.wait(5)
    parts.shutdown()
    assert ended.is_set()
    assert parts.thread.isFinished()
    assert not parts.window.isVisible()
    parts.shutdown()


def test_build_starts_nothing(open_window):
    desk, loop = ready_desk(), FakeLoop()
    parts = open_window(desk, loop, start=False)
    assert not parts.thread.isRunning()
    assert not parts.window.isVisible()
    assert desk.calls == []
    assert loop.listener is parts.bridge


def test_a_loop_that_dies_is_told_in_the_window(qtbot, open_window, caplog):
    loop = FakeLoop()
    loop.fault = RuntimeError("gone")
    window = open_window(ready_desk(), loop).window
    qtbot.waitUntil(lambda: window.notice.isVisible())
    assert window.notice.title.text() == "Something went wrong inside ccdesk"


def test_a_loop_that_dies_twice_needs_a_person_and_is_not_green(qtbot, open_window, caplog, monkeypatch):
    monkeypatch.setattr(sync_thread, "START_AGAIN_AFTER", 0.01)
    desk, loop = ready_desk(), FakeLoop()
    desk.queue = []
    loop.fault = RuntimeError("gone")
    parts = open_window(desk, loop)
    qtbot.waitUntil(lambda: parts.window.info.needs_card.isVisible())
    assert "stopped because of a fault" in parts.window.info.needs_card.rows[0].line.text()
    parts.context.watch.refresh()
    with qtbot.waitSignal(parts.context.watch.changed):
        pass
    assert len(parts.context.watch.snapshot.status.needs_you) == 1, "named once, and for good"
    assert parts.window.info.enabled_card.badge.text() == "On, held up"
    assert "1 thing needs you" in parts.window.lbl_footer.text()


def test_a_run_that_a_crash_cut_short_is_not_under_way_any_more(qtbot, parts):
    with qtbot.waitSignal(parts.context.monitor.changed):
        parts.bridge.run_started(RunKind.EXPORT, Trigger.MANUAL)
    parts.context.monitor.request(RunKind.EVENTS)
    parts.context.monitor.on_crash()
    assert parts.context.monitor.kind is None
    assert not parts.context.monitor.is_pending(RunKind.EVENTS)


SESSION_ENDS = """
import os, signal, sys, threading
from ccdesk.core.runs import RunKind
from ccdesk.gui import app
from tests.gui.fakes import FakeLoop, ready_desk
loop = FakeLoop()
begun = threading.Event()
def stuck(_listener, _cancel):
    begun.set()
    threading.Event().wait(60)
loop.scripts[RunKind.EXPORT] = stuck
def end(window):
    def later():
        assert begun.wait(10)
        print("ending", flush=True)
        if sys.argv[2] == "session":
            window.leaving._on_session_ends(None)
            app.QApplication.quit()
        else:
            os.kill(os.getpid(), signal.SIGTERM)
    loop.request(RunKind.EXPORT)
    app.QTimer.singleShot(300, window, later)
app.SESSION_LIMIT_MS = app.SIGNAL_LIMIT_MS = 300
sys.exit(app.main(ready_desk(), loop, base_dir=sys.argv[1], dress=end, stays=True))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such signals")
@pytest.mark.parametrize("by", ["session", "signal"])
def test_the_end_of_a_session_does_not_wait_for_a_run_that_does_not_stop(tmp_path, by):
    done = subprocess.run(
        [sys.executable, "-c", SESSION_ENDS, str(tmp_path), by],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "QT_QPA_PLATFORM": "offscreen"},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "ending\n"), done.stderr


@pytest.fixture
def hooks(qapp):
    made = Hooks()
    made.install()
    yield made
    made.remove()


def test_a_fault_nobody_caught_is_logged_and_shown(qtbot, hooks, caplog):
    with qtbot.waitSignal(hooks.caught) as caught:
        sys.excepthook(ValueError, ValueError("ada@example.com"), None)
    assert caught.args[0].code == "ValueError"
    assert "ada@" not in caught.args[0].text
    assert "an unexpected fault" in caplog.text


def test_a_fault_in_a_plain_thread_is_caught_too(qtbot, hooks, caplog):
    def work():
        raise StoreError

    with qtbot.waitSignal(hooks.caught) as caught:
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    assert isinstance(caught.args[0], StoreError)


def test_ctrl_c_is_no_fault(qtbot, hooks):
    with qtbot.assertNotEmitted(hooks.caught):
        sys.excepthook(KeyboardInterrupt, KeyboardInterrupt(), None)


def test_qts_messages_go_to_the_log(hooks, caplog):
    with caplog.at_level(logging.WARNING, "qt"):
        qWarning("from Qt")
        log_qt(QtMsgType.QtCriticalMsg, QMessageLogContext(), "worse")
    assert [record.getMessage() for record in caplog.records] == ["from Qt", "worse"]


def test_a_start_that_fails_is_told_in_a_dialog(themed, monkeypatch):
    error = StoreError("The data file is newer", meaning="It was written by a newer ccdesk.", detail="v9")
    box = error_box(error)
    assert box.text() == "The data file is newer"
    assert "newer ccdesk" in box.informativeText()
    assert "v9" in box.detailedText()
    assert box.defaultButton() is box.button(QMessageBox.StandardButton.Close)
    monkeypatch.setattr(QMessageBox, "exec", lambda self: 0)
    assert show_fatal(error) == int(error.exit_code)


def test_a_defect_that_keeps_the_window_from_opening_is_told_in_a_dialog(monkeypatch, tmp_path):
    def broken(*_):
        raise RuntimeError("no")

    told = []
    monkeypatch.setattr("ccdesk.cli.commands.perform", broken)
    monkeypatch.setattr("ccdesk.cli.commands.tell_in_window", told.append)
    assert cli_main(["--base-dir", str(tmp_path)]) == int(ExitCode.OUR_FAULT)
    assert [error.code for error in told] == ["our_fault"]


def test_the_browser_is_opened_by_the_desktop(monkeypatch):
    asked = []
    monkeypatch.setattr(
        app_module.QDesktopServices, "openUrl", lambda url: asked.append(url.toString()) or True
    )
    assert app_module.open_in_browser("http://127.0.0.1:1/x?a=b")
    assert asked == ["http://127.0.0.1:1/x?a=b"]


def test_a_start_at_login_leaves_a_window_alone_that_is_open_already(tmp_path, monkeypatch):
    instance = SingleInstance(tmp_path)
    assert instance.claim()
    asked = []
    instance.asked_forward.connect(lambda: asked.append(1))
    try:
        assert start.window(Paths(tmp_path), in_tray=True) == ExitCode.DONE
        assert asked == []
    finally:
        instance.release()


def test_time_the_sandbox_lets_pass_at_once_is_no_sleep():
    shared = SandboxClock()
    clock = start.SharedClock(shared)
    watch = SleepWatch(clock)
    shared.advance(timedelta(hours=9))
    assert watch.asleep_since() is None
