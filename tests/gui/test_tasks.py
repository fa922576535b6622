import logging
import threading

import pytest
from PySide6.QtCore import QObject, QThread
from shiboken6 import delete

from ccdesk.core.clock import Clock
from ccdesk.core.errors import CcdeskError, Unreachable
from ccdesk.gui.tasks import Refresher, Tasks
from ccdesk.store.store import SqliteStore


@pytest.fixture
def tasks(qapp):
    made = Tasks()
    yield made
    made.shutdown()


@pytest.fixture
def owner(qapp):
    return QObject()


def test_work_is_done_elsewhere_and_the_answer_comes_to_the_gui_thread(qtbot, tasks, owner):
    seen = []
    tasks.run(
        owner,
        threading.get_ident,
        done=lambda ident: seen.append((ident, threading.get_ident(), QThread.currentThread())),
    )
    qtbot.waitUntil(lambda: bool(seen))
    worked_in, answered_in, thread = seen[0]
    assert worked_in != answered_in
    assert answered_in == threading.main_thread().ident
    assert thread is owner.thread()


def test_an_error_reaches_the_one_who_asked(qtbot, tasks, owner):
    seen = []

    def work():
        raise Unreachable

    tasks.run(owner, work, failed=seen.append)
    qtbot.waitUntil(lambda: bool(seen))
    assert isinstance(seen[0], Unreachable)


@pytest.mark.parametrize("fault", [None, Unreachable(), ZeroDivisionError()])
def test_after_each_job_its_thread_lets_go_of_what_it_has_opened(qtbot, qapp, owner, fault):
    seen = []

    def work():
        seen.append(threading.get_ident())
        if fault is not None:
            raise fault

    def ended():
        seen.append(threading.get_ident())
        raise CcdeskError("the data file is gone")  # nobody can do anything about it here

    tasks = Tasks(ended=ended)
    tasks.run(owner, work, failed=lambda _: None)
    tasks.shutdown()
    worked_in, ended_in = seen
    assert worked_in == ended_in != threading.get_ident()


def test_jobs_leave_no_connection_to_the_data_file(qtbot, qapp, owner, tmp_path):
    """See store/db: garbage alone would close them, and its collection is the window's thread's work."""
    store = SqliteStore(tmp_path / "ccdesk.db", Clock())
    tasks = Tasks(ended=store.close)
    for _ in range(20):
        tasks.run(owner, store.links.count)
    tasks.shutdown()
    assert not store._database.peewee.opened


def test_an_error_nobody_waits_for_is_not_lost(qtbot, tasks, owner):
    def work():
        raise Unreachable

    with qtbot.waitSignal(tasks.unhandled) as caught:
        tasks.run(owner, work)
    assert isinstance(caught.args[0], Unreachable)


def test_a_fault_of_our_own_is_logged_and_told_without_its_text(qtbot, tasks, owner, caplog):
    seen = []

    def work():
        raise KeyError("ada@example.com")

    with caplog.at_level(logging.ERROR):
        tasks.run(owner, work, failed=seen.append)
        qtbot.waitUntil(lambda: bool(seen))
    assert type(seen[0]) is CcdeskError
    assert seen[0].code == "KeyError"
    assert "ada@" not in seen[0].text + seen[0].detail
    assert "a background job failed" in caplog.text


def test_a_stale_answer_is_dropped(qtbot, tasks, owner):
    gate, seen = threading.Event(), []
    tasks.run(owner, lambda: gate.wait(5) and "old", done=seen.append, key="k")
    tasks.run(owner, lambda: "new", done=seen.append, key="k")
    qtbot.waitUntil(lambda: seen == ["new"])
    with qtbot.waitSignal(tasks._returned):
        gate.set()
    assert seen == ["new"]


def test_another_owners_job_with_the_same_key_is_no_rival(qtbot, tasks, owner):
    other, seen = QObject(), []
    tasks.run(owner, lambda: "one", done=seen.append, key="k")
    tasks.run(other, lambda: "two", done=seen.append, key="k")
    qtbot.waitUntil(lambda: sorted(seen) == ["one", "two"])


def test_an_answer_for_somebody_who_is_gone_is_dropped(qtbot, tasks):
    owner, gate, seen = QObject(), threading.Event(), []
    tasks.run(owner, lambda: gate.wait(5), done=seen.append)
    delete(owner)
    with qtbot.waitSignal(tasks._returned):
        gate.set()
    assert seen == []


def test_shutdown_cancels_waits_and_takes_no_more(qapp, owner):
    tasks, cancel, seen = Tasks(), threading.Event(), []
    ended = threading.Event()

    def work():
        cancel.wait(5)
        ended.set()

    tasks.run(owner, work, cancel=cancel, done=seen.append)
    tasks.shutdown()
    assert ended.is_set()
    tasks.run(owner, lambda: 1, done=seen.append)
    assert seen == []


def test_a_refresher_never_works_twice_at_once_and_catches_up_once(qtbot, tasks, owner):
    gate, begun, answers = threading.Event(), [], []

    def work():
        begun.append(1)
        gate.wait(5)
        return len(begun)

    refresher = Refresher(tasks, work, done=answers.append, parent=owner, every_ms=1)
    refresher.poke()
    qtbot.waitUntil(lambda: len(begun) == 1)
    for _ in range(50):
        refresher.poke()
    gate.set()
    qtbot.waitUntil(lambda: answers == [1, 2])
    assert len(begun) == 2


def test_a_refresher_keeps_its_distance(qtbot, tasks, owner):
    answers = []
    refresher = Refresher(tasks, lambda: 1, done=answers.append, parent=owner, every_ms=60_000)
    refresher.poke()
    qtbot.waitUntil(lambda: len(answers) == 1)
    refresher.poke()
    assert refresher._timer.isActive()
    assert refresher._timer.remainingTime() > 50_000


def test_restart_drops_the_answer_under_way(qtbot, tasks, owner):
    gate, asked, answers, questions = threading.Event(), threading.Event(), [], ["old"]

    def work():
        question = questions[-1]
        if question == "old":
            asked.set()
            gate.wait(60)
        return question

    refresher = Refresher(tasks, work, done=answers.append, parent=owner, every_ms=1)
    refresher.poke()
    qtbot.waitUntil(lambda: refresher._busy)
    qtbot.waitUntil(asked.is_set)
    questions.append("new")
    refresher.restart()
    qtbot.waitUntil(lambda: answers == ["new"])
    with qtbot.waitSignal(tasks._returned):
        gate.set()
    assert answers == ["new"]


def test_a_refreshers_error_is_told(qtbot, tasks, owner):
    def work():
        raise Unreachable

    with qtbot.waitSignal(tasks.unhandled):
        Refresher(tasks, work, done=lambda _: None, parent=owner).poke()
