import logging
import threading

import pytest
from PySide6.QtCore import QObject, Slot

from ccdesk.core.errors import StoreError
from ccdesk.core.runs import Progress, RunKind, Trigger
from ccdesk.gui import sync_thread
from ccdesk.gui.sync_thread import LoopBridge, SyncThread
from tests.gui.fakes import FakeDesk, FakeLoop, play_export


class Ear(QObject):
    def __init__(self):
        super().__init__()
        self.heard = []

    @Slot(object, object)
    def on_started(self, kind, trigger):
        self.heard.append(("started", kind, trigger, threading.get_ident()))

    @Slot(object)
    def on_progress(self, progress):
        self.heard.append(("progress", progress, threading.get_ident()))

    @Slot(object)
    def on_finished(self, run):
        self.heard.append(("finished", run, threading.get_ident()))


@pytest.fixture
def running(qapp):
    loop, bridge, ear = FakeLoop(), LoopBridge(), Ear()
    loop.listener = bridge
    bridge.started.connect(ear.on_started)
    bridge.progressed.connect(ear.on_progress)
    bridge.finished.connect(ear.on_finished)
    thread = SyncThread(loop)
    thread.start()
    yield loop, bridge, ear, thread
    thread.shut_down()


def test_the_loops_news_arrive_in_the_gui_thread_in_order(qtbot, running):
    loop, bridge, ear, _ = running
    loop.scripts[RunKind.EXPORT] = play_export(FakeDesk())
    with qtbot.waitSignal(bridge.finished):
        loop.request(RunKind.EXPORT)
    qtbot.waitUntil(lambda: ear.heard[-1][0] == "finished")
    assert ear.heard[0][:3] == ("started", RunKind.EXPORT, Trigger.MANUAL)
    assert {news[-1] for news in ear.heard} == {threading.main_thread().ident}
    assert loop.thread != threading.main_thread().ident


def test_fast_progress_is_thinned_but_phases_and_the_end_come_through(qtbot, running):
    loop, _, ear, _ = running

    def script(listener, _cancel):
        listener.run_started(RunKind.EXPORT, Trigger.MANUAL)
        for done in range(1, 2001):
            listener.progress(Progress(1, RunKind.EXPORT, "Reading", done, 2000))
        listener.progress(Progress(1, RunKind.EXPORT, "Sending", 0, 2000))

    loop.scripts[RunKind.EXPORT] = script
    loop.request(RunKind.EXPORT)
    qtbot.waitUntil(
        lambda: bool(ear.heard) and ear.heard[-1][1] == Progress(1, RunKind.EXPORT, "Sending", 0, 2000)
    )
    steps = [news[1].done for news in ear.heard if news[0] == "progress"]
    assert steps[0] == 1
    assert 2000 in steps
    assert len(steps) < 40


@pytest.mark.parametrize("fault", [ZeroDivisionError(), StoreError("The data file is gone")])
def test_a_loop_that_dies_says_so(qtbot, qapp, caplog, fault):
    loop = FakeLoop()
    loop.fault = fault
    thread = SyncThread(loop)
    with caplog.at_level(logging.ERROR), qtbot.waitSignal(thread.crashed) as caught:
        thread.start()
    assert caught.args[0].title
    assert "the loop ended" in caplog.text
    thread.shut_down()
    assert thread.isFinished()


class Crashes(QObject):
    def __init__(self, thread):
        super().__init__()
        self.next_steps, self.for_good = [], 0
        thread.crashed.connect(self.on_crashed)
        thread.stopped_for_good.connect(self.on_stopped)

    @Slot(object)
    def on_crashed(self, error):
        self.next_steps.append(error.next_step)

    @Slot()
    def on_stopped(self):
        self.for_good += 1


class CrashingLoop(FakeLoop):
    """Crashes so many times, then works."""

    def __init__(self, times):
        super().__init__()
        self.left = times

    def run(self):
        self.left -= 1
        if self.left >= 0:
            raise ZeroDivisionError
        super().run()


@pytest.mark.parametrize(("times", "for_good"), [(0, 0), (1, 0), (2, 1), (9, 1)])
def test_a_loop_that_crashes_is_started_again_once(qtbot, qapp, monkeypatch, caplog, times, for_good):
    monkeypatch.setattr(sync_thread, "START_AGAIN_AFTER", 0.01)
    loop = CrashingLoop(times)
    thread = SyncThread(loop)
    seen = Crashes(thread)
    thread.start()
    qtbot.waitUntil(lambda: thread.isFinished() if for_good else loop.thread is not None)
    qtbot.waitUntil(lambda: seen.for_good == for_good)
    assert seen.next_steps == [sync_thread.STARTED_AGAIN, sync_thread.STOPPED][:times]
    assert thread.isRunning() is not bool(for_good)
    assert thread.shut_down()


def test_a_crash_while_the_program_ends_starts_nothing_again(qtbot, qapp, monkeypatch, caplog):
    loop = CrashingLoop(1)
    thread = SyncThread(loop)
    seen = Crashes(thread)
    thread.start()
    qtbot.waitUntil(lambda: bool(seen.next_steps))
    assert thread.shut_down(1_000)
    assert loop.thread is None


def test_at_the_end_of_a_session_the_wait_has_a_limit(qtbot, running):
    loop, _, _, thread = running
    begun, go_on = threading.Event(), threading.Event()

    def script(_listener, _cancel):
        begun.set()
        assert go_on.wait(5)

    loop.scripts[RunKind.EXPORT] = script
    loop.request(RunKind.EXPORT)
    assert begun.wait(5)
    assert not thread.shut_down(10)
    go_on.set()
    assert thread.shut_down(5_000)


def test_shutting_down_stops_the_run_and_joins(qtbot, running):
    loop, _, _, thread = running
    begun = threading.Event()

    def script(_listener, cancel):
        begun.set()
        assert cancel.wait(5)

    loop.scripts[RunKind.EXPORT] = script
    loop.request(RunKind.EXPORT)
    assert begun.wait(5)
    thread.shut_down()
    assert thread.isFinished()


def test_a_slow_end_is_waited_for(qtbot, running, monkeypatch, caplog):
    thread = running[-1]
    waits = iter([False, True])
    monkeypatch.setattr(thread, "wait", lambda _ms: next(waits))
    thread.shut_down()
    assert "still waiting" in caplog.text
    monkeypatch.undo()
