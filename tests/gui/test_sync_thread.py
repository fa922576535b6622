import logging
import threading

import pytest
from PySide6.QtCore import QObject, Slot

from ccdesk.core.errors import StoreError
from ccdesk.core.runs import Progress, RunKind, Trigger
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
