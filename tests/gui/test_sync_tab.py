import threading
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QProgressBar

from ccdesk.core.errors import Busy, ConfirmNeeded, QuotaUsedUp, StoreError
from ccdesk.core.runs import Progress, Run, RunKind, RunStatus, Trigger
from tests.gui.fakes import fresh_desk, play_export, play_failure, ready_desk
from tests.gui.helpers import click, click_cell, dialog, find, rows, texts


@pytest.fixture
def sync(window):
    window.tabs.setCurrentWidget(window.sync)
    return window.sync


def words(sync, name):
    return find(sync, name, QLabel).text()


def held_export(gate, progress=None):
    """Return a script that stays in the middle of an export until the gate opens or somebody cancels."""

    def script(listener, cancel):
        listener.run_started(RunKind.EXPORT, Trigger.MANUAL)
        if progress is not None:
            listener.progress(progress)
        while not gate.wait(0.01) and not cancel.is_set():
            pass
        play_export(fresh_desk(), 1)(listener, cancel)

    return script


def test_the_two_directions_are_as_in_the_seed(qtbot, sync):
    to_button, from_button = find(sync, "btn_to_cc"), find(sync, "btn_from_cc")
    assert (to_button.text(), from_button.text()) == ("To Constant Contact", "From Constant Contact")
    assert sync.pages.currentIndex() == 0
    to_button.setFocus()
    qtbot.keyClick(to_button, Qt.Key.Key_Right)
    assert sync.pages.currentIndex() == 1
    qtbot.keyClick(from_button, Qt.Key.Key_Left)
    assert sync.pages.currentIndex() == 0


def test_the_inbound_table_reads_as_in_the_seed(qtbot, sync):
    click(qtbot, sync, "btn_from_cc")
    table = sync.from_page.table
    rows(qtbot, table, 7)
    model = table.model()
    assert [model.headerData(n, Qt.Orientation.Horizontal) for n in range(3)] == [
        "Status",
        "Run Date",
        "Logs",
    ]
    assert [texts(table, row) for row in range(6)] == [
        ["Completed", "December 16th 2015, 11:00:01 am", "View"],
        ["Completed", "December 16th 2015, 10:45:02 am", "View"],
        ["Completed", "December 16th 2015, 10:30:01 am", "View"],
        ["Completed", "December 16th 2015, 10:15:03 am", "View"],
        ["Completed", "December 16th 2015, 10:00:02 am", "View"],
        ["Completed", "December 16th 2015, 9:45:02 am", "View"],
    ]
    assert words(sync, "lbl_inbound_next") == "Next Run time : December 16th 2015, 11:15:00 am"


def test_view_shows_the_kinds_of_change_and_the_people(qtbot, window, sync):
    click(qtbot, sync, "btn_from_cc")
    rows(qtbot, sync.from_page.table, 7)
    click_cell(qtbot, sync.from_page.table, 0, 2)
    view = dialog(qtbot, window, "dlg_run")
    kinds, people = find(view, "tbl_run_kinds"), find(view, "tbl_run_people")
    rows(qtbot, kinds, 3)
    rows(qtbot, people, 3)
    assert texts(kinds, 0) == ["Opted out", "Unsubscribed in Constant Contact", "1"]
    assert texts(people, 0)[:3] == ["olga.orlova@example.com", "1201", "Opted out"]
    assert texts(people, 2)[1] == "–"
    combo = find(view, "cmb_run_outcome")
    combo.setCurrentIndex(combo.findText("Skipped"))
    rows(qtbot, people, 1)
    kinds.selectRow(0)
    rows(qtbot, people, 2)
    assert combo.currentText() == "Opted out"
    qtbot.keyClick(view, Qt.Key.Key_Escape)
    assert not view.isVisible()


def test_an_export_runs_in_the_loops_thread_and_shows_how_far_it_is(qtbot, sync, desk, loop):
    gate = threading.Event()
    loop.scripts[RunKind.EXPORT] = held_export(
        gate, Progress(1100, RunKind.EXPORT, "Sending contacts", 1_200, 4_812, 3, 95.0)
    )
    click(qtbot, sync, "btn_sync_contacts")
    qtbot.waitUntil(lambda: words(sync, "lbl_sync_phase") == "Sending contacts")
    assert words(sync, "lbl_sync_detail") == "1,200 of 4,812 · 3 errors · about 2 minutes left"
    bar = find(sync, "bar_sync", QProgressBar)
    assert (bar.value(), bar.maximum()) == (1_200, 4_812)
    assert not find(sync, "btn_sync_contacts").isEnabled()
    gate.set()
    qtbot.waitUntil(lambda: words(sync, "lbl_last_export") == "57 contacts: 56 added · 1 error")
    qtbot.waitUntil(lambda: find(sync, "btn_sync_contacts").isEnabled())
    assert not find(sync, "btn_sync_cancel").isVisible()
    assert loop.requests == [(RunKind.EXPORT, False)]


def test_how_far_an_export_is_that_goes_on(qtbot, sync, desk, loop):
    gate = threading.Event()
    figures = {"read": 9_012, "sent": 3_000, "confirmed": 1_200, "rate": 31.7, "continued": True}
    far = Progress(1100, RunKind.EXPORT, "Sending to Constant Contact", 3_000, 9_012, 2, 185.0, **figures)
    loop.scripts[RunKind.EXPORT] = held_export(gate, far)
    under_way = replace(desk.get_run(900), id=1100, status=RunStatus.RUNNING, resumes=900)
    desk.all_runs.insert(0, under_way)
    desk.gate["get_run"] = threading.Event()
    click(qtbot, sync, "btn_sync_contacts")
    qtbot.waitUntil(lambda: words(sync, "lbl_sync_phase") == "Sending to Constant Contact")
    assert words(sync, "lbl_sync_origin") == "Continued from an earlier export."
    assert words(sync, "lbl_sync_detail") == (
        "9,012 read · 3,000 of 9,012 sent · 1,200 done · 2 errors · about 1,900 a minute · "
        "about 3 minutes left"
    )
    desk.gate["get_run"].set()
    qtbot.waitUntil(lambda: "the export of December 16th 2015, 9:30:12 am" in words(sync, "lbl_sync_origin"))
    gate.set()
    qtbot.waitUntil(lambda: not find(sync, "lbl_sync_origin").isVisible())


def test_what_an_export_goes_on_from_is_not_said_of_the_next_one(qtbot, sync, parts, desk):
    bridge = parts.bridge
    bridge.run_started(RunKind.EXPORT, Trigger.MANUAL)
    bridge.progress(Progress(1100, RunKind.EXPORT, "Sending", continued=True))
    qtbot.waitUntil(lambda: words(sync, "lbl_sync_origin") != "")
    bridge.run_finished(replace(desk.get_run(900), id=1100))
    bridge.run_started(RunKind.EXPORT, Trigger.MANUAL)
    qtbot.waitUntil(lambda: words(sync, "lbl_sync_origin") == "")


def test_an_export_can_be_cancelled(qtbot, sync, loop):
    loop.scripts[RunKind.EXPORT] = held_export(threading.Event())
    click(qtbot, sync, "btn_sync_contacts")
    cancel = find(sync, "btn_sync_cancel")
    qtbot.waitUntil(cancel.isVisible)
    qtbot.mouseClick(cancel, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: find(sync, "last_export_state").text() == "Cancelled")
    assert words(sync, "lbl_last_export").startswith(
        "Stopped. What was done stands. The next export goes on where this one stopped."
    )
    assert cancel.text() == "&Cancel"


def test_cancelling_is_answered_at_once_however_long_the_run_takes_to_stop(qtbot, sync, loop):
    gate = threading.Event()

    def deaf(listener, _cancel):
        listener.run_started(RunKind.EXPORT, Trigger.MANUAL)
        gate.wait(5)
        play_export(fresh_desk(), 1)(listener, threading.Event())

    loop.scripts[RunKind.EXPORT] = deaf
    click(qtbot, sync, "btn_sync_contacts")
    cancel = find(sync, "btn_sync_cancel")
    qtbot.waitUntil(cancel.isVisible)
    qtbot.mouseClick(cancel, Qt.MouseButton.LeftButton)
    assert (cancel.text(), cancel.isEnabled()) == ("Stopping…", False)  # no event loop in between
    assert words(sync, "lbl_sync_phase") == "Stopping…"
    gate.set()
    qtbot.waitUntil(lambda: find(sync, "btn_sync_contacts").isEnabled())


def test_an_export_that_waits_for_the_next_day_says_until_when(qtbot, window, sync, parts):
    until = datetime(2015, 12, 17, tzinfo=UTC)
    said = QuotaUsedUp(until).text
    waiting = Run(1100, RunKind.EXPORT, Trigger.MANUAL, RunStatus.WAITING, until, message=said)
    parts.bridge.run_finished(replace(waiting, waiting_until=until))
    words_of_it = "It goes on by itself after December 17th 2015, 12:00:00 am (00:00 UTC)."
    qtbot.waitUntil(lambda: words_of_it in words(sync, "lbl_last_export"))
    assert find(sync, "last_export_state").text() == "Waiting"
    assert words_of_it in window.notice.text.text()
    assert words(sync, "lbl_last_export").count("goes on by itself") == 1


def test_before_the_first_export_the_automations_are_warned_of(qtbot, open_window, desk, loop):
    desk.exported = False
    window = open_window(desk, loop).window
    window.go_to("export")
    assert find(window, "btn_sync_contacts").hasFocus()
    click(qtbot, window, "btn_sync_contacts")
    question = dialog(qtbot, window, "dlg_first_export")
    said = " ".join(label.text() for label in question.findChildren(QLabel))
    assert "automation" in said
    assert "joins a list" in said
    assert loop.requests == []
    click(qtbot, question, "btn_question_yes")
    assert loop.requests == [(RunKind.EXPORT, False)]


def test_without_a_list_the_button_leads_to_the_settings(qtbot, open_window):
    window = open_window(fresh_desk()).window
    window.go_to("export")
    assert "choose one on the Settings tab" in words(window.sync, "lbl_sync_facts")
    click(qtbot, window, "btn_sync_contacts")
    assert window.current() is window.settings
    assert find(window, "inp_contact_list").hasFocus()
    assert window.settings.notice.title.text() == "Choose a contact list first"
    assert "click Sync Contacts" in window.settings.notice.text.text()


def test_a_list_that_is_typed_and_not_saved_is_said_to_be_so(qtbot, open_window):
    desk = ready_desk()
    del desk.stored["contact_list"]
    window = open_window(desk).window
    window.settings.list_field.combo.setEditText("Spring")
    window.go_to("export")
    click(qtbot, window, "btn_sync_contacts")
    assert window.settings.notice.title.text() == "Save your settings first"
    assert "“Spring” is not saved yet" in window.settings.notice.text.text()


@pytest.fixture
def saving(qtbot, open_window, loop):
    """A window without a list, in the middle of saving one, with an export asked for."""
    desk = ready_desk()
    del desk.stored["contact_list"]
    window = open_window(desk, loop).window
    desk.gate["save_settings"] = threading.Event()
    window.go_to("list")
    window.settings.list_field.combo.setEditText("Spring")
    click(qtbot, window, "btn_settings_save")
    window.go_to("export")
    click(qtbot, window, "btn_sync_contacts")
    return window, desk


def test_an_export_asked_for_during_a_save_waits_for_it(qtbot, saving, loop):
    window, desk = saving
    assert window.current() is window.sync
    assert words(window.sync, "lbl_sync_phase") == "Your settings are being saved"
    assert words(window.sync, "lbl_sync_detail") == "The export starts when that is done."
    assert loop.requests == []
    desk.gate["save_settings"].set()
    qtbot.waitUntil(lambda: loop.requests == [(RunKind.EXPORT, False)])
    assert window.current() is window.sync


def test_an_export_asked_for_during_a_save_that_fails_is_not_done_and_says_so(qtbot, saving, loop):
    window, desk = saving
    desk.fail["save_settings"] = StoreError()
    desk.gate["save_settings"].set()
    qtbot.waitUntil(window.sync.notice.isVisible)
    assert window.sync.notice.title.text() == "The export was not started"
    assert loop.requests == []
    assert find(window, "btn_sync_contacts").isEnabled()
    click(qtbot, window, "notice_sync_action")
    assert window.current() is window.settings


def test_an_export_right_after_a_save_knows_the_list(qtbot, open_window, loop):
    """What was saved is read back a moment later: until then the list is not missing."""
    desk = ready_desk()
    del desk.stored["contact_list"]
    window = open_window(desk, loop).window
    window.go_to("list")
    window.settings.list_field.combo.setEditText("Spring")
    click(qtbot, window, "btn_settings_save")
    qtbot.waitUntil(lambda: window.toast.title.text() == "Saved")
    window.go_to("export")
    click(qtbot, window, "btn_sync_contacts")
    qtbot.waitUntil(lambda: loop.requests == [(RunKind.EXPORT, False)])


def test_an_export_asked_for_during_another_run_waits_and_says_so(qtbot, parts, sync, loop):
    gate = threading.Event()

    def inbound(listener, _cancel):
        listener.run_started(RunKind.INBOUND, Trigger.MANUAL)
        gate.wait(5)

    loop.scripts[RunKind.INBOUND] = inbound
    loop.request(RunKind.INBOUND)
    qtbot.waitUntil(lambda: "From Constant Contact" in words(sync, "lbl_sync_phase"))
    click(qtbot, sync, "btn_sync_contacts")
    assert words(sync, "lbl_sync_detail") == "The export starts when it has ended."
    assert words(parts.window, "lbl_footer") == "Running: From Constant Contact, starting"
    gate.set()


def test_a_run_that_cannot_begin_is_told(qtbot, window, sync, loop):
    loop.scripts[RunKind.EXPORT] = play_failure(RunKind.EXPORT, Busy())
    click(qtbot, sync, "btn_sync_contacts")
    qtbot.waitUntil(lambda: window.notice.isVisible())
    assert window.notice.title.text() == "Another run is in progress"
    assert find(sync, "btn_sync_contacts").isEnabled()


def test_a_last_export_that_cannot_be_read_is_not_taken_for_none(qtbot, open_window, desk):
    desk.fail["runs"] = StoreError()
    window = open_window(desk).window
    assert words(window.sync, "lbl_last_export") == "Loading…"
    window.go_to("export")
    qtbot.waitUntil(lambda: words(window.sync, "lbl_last_export") == "It could not be read.")


def test_an_export_that_asks_a_person_is_the_last_one(qtbot, window, sync, desk, loop):
    failed = replace(desk.all_runs[6], id=1100, status=RunStatus.FAILED, message="Confirm.", error_count=0)
    loop.scripts[RunKind.EXPORT] = play_failure(RunKind.EXPORT, ConfirmNeeded())
    desk.all_runs.insert(0, failed)
    click(qtbot, sync, "btn_sync_contacts")
    qtbot.waitUntil(lambda: words(sync, "lbl_last_export").startswith("Confirm."))


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (RunStatus.COMPLETE, "found nothing that had to be carried over"),
        (RunStatus.FAILED, "ended before it noted anything"),
        (RunStatus.RUNNING, "has not got to anybody so far"),
    ],
)
def test_a_run_without_entries_says_why(qtbot, window, sync, desk, status, said):
    run = replace(desk.all_runs[1], status=status)
    desk.all_runs[1] = run
    window.logs._open_run(run)
    view = dialog(qtbot, window, "dlg_run")
    qtbot.waitUntil(lambda: said in find(view, "tbl_run_kinds").accessibleDescription())
    view.close()


def test_the_last_export_opens_its_people_and_errors(qtbot, window, sync):
    qtbot.waitUntil(lambda: find(sync, "btn_last_export_errors").isVisible())
    click(qtbot, sync, "btn_last_export_errors")
    errors = dialog(qtbot, window, "dlg_errors")
    rows(qtbot, find(errors, "tbl_errors"), 3)
    errors.close()
    click(qtbot, sync, "btn_last_export_view")
    view = dialog(qtbot, window, "dlg_run")
    rows(qtbot, find(view, "tbl_run_people"), 100)
    click(qtbot, view, "btn_run_errors")
    dialog(qtbot, view, "dlg_errors").close()
    view.close()


def test_check_now_asks_the_loop_and_only_while_enabled(qtbot, open_window, sync, loop):
    click(qtbot, sync, "btn_from_cc")
    click(qtbot, sync, "btn_inbound_now")
    assert loop.requests == [(RunKind.INBOUND, False)]
    idle = open_window(fresh_desk()).window
    idle.go_to("inbound")
    assert not find(idle, "btn_inbound_now").isEnabled()
    assert "not enabled" in words(idle.sync, "lbl_inbound_next")


def test_an_open_run_keeps_up_with_its_progress(qtbot, parts, desk, loop):
    window = parts.window
    run = desk.all_runs[0]
    window.logs._open_run(run)
    view = dialog(qtbot, window, "dlg_run")
    rows(qtbot, find(view, "tbl_run_people"), 3)
    desk.people[run.id].append(desk.people[run.id][0])
    parts.bridge.progress(Progress(run.id, RunKind.INBOUND, "Reading", 4, 4))
    rows(qtbot, find(view, "tbl_run_people"), 4)
    view.close()


def test_the_keyboard_goes_from_starting_an_export_to_stopping_it(qtbot, window, parts):
    window.go_to("export")
    start = find(window, "btn_sync_contacts")
    start.setFocus()
    qtbot.keyClick(start, Qt.Key.Key_Space)
    parts.bridge.run_started(RunKind.EXPORT, Trigger.MANUAL)
    cancel = find(window, "btn_sync_cancel")
    qtbot.waitUntil(cancel.hasFocus)
