"""The review of held opt-outs: who, why, to search and to save; nobody is opted out by accident."""

import csv
from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog, QLabel, QLineEdit
from shiboken6 import isValid

from ccdesk.core.errors import Busy, ManyHeld
from ccdesk.core.losses import HeldAnswer, LossKind
from ccdesk.core.runs import Entry, Outcome, Run, RunKind, RunStatus, Trigger
from ccdesk.gui.columns import run_icon
from ccdesk.gui.components.theme import Tone
from ccdesk.service.needs_you import Need, NeedKind
from tests.gui.fakes import NOW
from tests.gui.helpers import click, dialog, find, rows, texts

LONG = "a.person.with.a.long.name@the.longest.department.example.org"
ASKED = ManyHeld("93 of 181 people would be opted out in Kibo", meaning="That's more than 20%.")


@pytest.fixture
def held(desk):
    """A run that holds 93 people, as the desk has it."""
    run = Run(
        1200,
        RunKind.INBOUND,
        Trigger.SCHEDULED,
        RunStatus.NEEDS_YOU,
        NOW,
        NOW,
        total_contacts=93,
        counts={"held": 93},
        message=ASKED.text,
    )
    desk.all_runs.insert(0, run)
    desk.people[1200] = [
        Entry(1000 + number, f"person{number}@example.com", Outcome.HELD, "unsubscribed in Constant Contact")
        for number in range(92)
    ] + [
        Entry(
            2000,
            LONG,
            Outcome.HELD,
            "left the list",
        )
    ]
    return run


@pytest.fixture
def view(qtbot, parts, held):
    """The review, opened from the notice of a scheduled run."""
    parts.window.go_to("logs")
    parts.bridge.run_failed(RunKind.INBOUND, ASKED)
    qtbot.waitUntil(parts.window.notice.isVisible)
    click(qtbot, parts.window, "notice_window_action")
    opened = dialog(qtbot, parts.window, "dlg_confirm_run")
    rows(qtbot, find(opened, "tbl_review"), 93)
    yield opened
    if isValid(opened):
        opened.close()


def test_it_lists_the_people_with_the_reason(view):
    assert find(view, "question_title", QLabel).text() == ASKED.title
    assert "more than 20%" in find(view, "lbl_review_text", QLabel).text()
    assert texts(find(view, "tbl_review"), 92) == [
        LONG,
        "2000",
        "left the list",
    ]
    assert find(view, "btn_question_yes").text() == "&Opt out 93 people"
    assert find(view, "btn_question_no").text() == "&Not now"
    assert find(view, "lbl_review_count", QLabel).text() == "93 people"


def test_a_long_email_is_shown_whole(view):
    table = find(view, "tbl_review")
    model, metrics = table.model(), table.fontMetrics()
    assert metrics.horizontalAdvance(model.index(92, 0).data()) > table.columnWidth(0) - 26
    assert table.rowHeight(92) == table.rowHeight(0) + metrics.height()


@pytest.mark.parametrize(
    ("wanted", "found"), [("DEPARTMENT", 1), ("1005", 1), ("left the", 1), ("person9", 3), ("nobody", 0)]
)
def test_it_can_be_searched(qtbot, view, wanted, found):
    qtbot.keyClicks(find(view, "inp_review_search", QLineEdit), wanted)
    rows(qtbot, find(view, "tbl_review"), found)
    qtbot.waitUntil(lambda: find(view, "lbl_review_count", QLabel).text().startswith(f"{found} "))
    if not found:
        assert find(view, "tbl_review").accessibleDescription().startswith("Nobody found")


def test_it_can_be_saved(qtbot, view, tmp_path):
    qtbot.keyClicks(find(view, "inp_review_search", QLineEdit), "department")
    click(qtbot, view, "btn_review_export")
    chooser = find(view, "dlg_export_file", QFileDialog)
    chooser.fileSelected.emit(str(tmp_path / "held.csv"))
    chooser.close()
    qtbot.waitUntil(lambda: view.notice.title.text() == "93 people saved")
    with (tmp_path / "held.csv").open(encoding="utf-8-sig", newline="") as file:
        lines = list(csv.reader(file))
    assert lines[1] == [
        "1000",
        "person0@example.com",
        "Waiting for you",
        "unsubscribed in Constant Contact",
        "",
        "",
    ]


def test_opting_them_out_lets_those_held_now_through_and_nobody_later(qtbot, view, desk, loop):
    click(qtbot, view, "btn_question_yes")
    qtbot.waitUntil(lambda: loop.requests == [(RunKind.INBOUND, False)])
    assert ("answer_held", (HeldAnswer.DO_IT, (LossKind.LEFT, LossKind.STAFF))) in desk.calls
    qtbot.waitUntil(lambda: not isValid(view) or not view.isVisible())


def test_a_run_that_failed_since_does_not_hide_the_question(qtbot, window, desk, held):
    desk.all_runs.insert(0, replace(held, id=1201, status=RunStatus.FAILED, counts={}))
    window._ask_to_go_on(RunKind.INBOUND, ASKED)
    opened = dialog(qtbot, window, "dlg_confirm_run")
    rows(qtbot, find(opened, "tbl_review"), 93)
    opened.close()


def test_where_info_says_that_opt_outs_wait_no_notice_says_it_again(qtbot, window, parts, held):
    with qtbot.waitSignal(parts.context.monitor.failed):
        parts.bridge.run_failed(RunKind.INBOUND, ASKED)
    assert not window.notice.isVisible()
    window.go_to("logs")
    parts.bridge.run_failed(RunKind.INBOUND, ASKED)
    qtbot.waitUntil(window.notice.isVisible)
    window.tabs.setCurrentWidget(window.info)
    assert not window.notice.isVisible()


def test_a_planned_run_that_holds_nobody_new_leaves_the_notice_as_it_is(qtbot, window, parts, held):
    window.go_to("logs")
    parts.bridge.run_failed(RunKind.INBOUND, ASKED)
    qtbot.waitUntil(window.notice.isVisible)
    parts.bridge.run_finished(replace(held, id=1201))
    qtbot.wait(50)
    assert window.notice.isVisible()
    parts.bridge.run_finished(replace(held, id=1202, status=RunStatus.COMPLETE, counts={}))
    qtbot.waitUntil(lambda: not window.notice.isVisible())


@pytest.mark.parametrize("key", [Qt.Key.Key_Escape, Qt.Key.Key_Return])
def test_enter_and_escape_decide_nothing_and_the_row_stays(qtbot, window, view, loop, key):
    qtbot.keyClick(view, key)
    qtbot.waitUntil(lambda: not isValid(view) or not view.isVisible())
    assert loop.requests == []
    window.go_to("logs")
    rows(qtbot, window.logs.table, 7)
    assert texts(window.logs.table, 0)[0] == "NEEDS YOU"


def test_the_row_is_amber_and_its_view_has_the_button(qtbot, window, held, loop):
    assert run_icon(held) == ("warning", Tone.WARNING)
    window.go_to("logs")
    window.logs._open_run(held)
    run_view = dialog(qtbot, window, "dlg_run")
    assert find(run_view, "lbl_run_message", QLabel).property("role") == "warning"
    click(qtbot, run_view, "btn_run_review")
    opened = dialog(qtbot, run_view, "dlg_confirm_run")
    rows(qtbot, find(opened, "tbl_review"), 93)
    assert "93 of 181 people" in find(opened, "lbl_review_text", QLabel).text()
    click(qtbot, opened, "btn_question_yes")
    qtbot.waitUntil(lambda: loop.requests == [(RunKind.INBOUND, False)])
    run_view.close()


def test_an_answered_run_has_no_button_any_more(qtbot, window, parts, desk, held):
    window.logs._open_run(held)
    run_view = dialog(qtbot, window, "dlg_run")
    assert find(run_view, "btn_run_review").isVisible()
    desk.all_runs[0] = replace(held, status=RunStatus.CANCELLED)
    parts.bridge.run_finished(replace(held, id=1201, status=RunStatus.COMPLETE))
    qtbot.waitUntil(lambda: not find(run_view, "btn_run_review").isVisible())
    run_view.close()


def test_people_of_the_shop_are_taken_off_the_list(qtbot, window, desk, held):
    desk.all_runs[0] = replace(held, kind=RunKind.EVENTS, counts={"held": 1})
    window._ask_to_go_on(RunKind.EVENTS, ASKED)
    opened = dialog(qtbot, window, "dlg_confirm_run")
    qtbot.waitUntil(lambda: find(opened, "btn_question_yes").text() == "Take 1 person &off the list")
    opened.close()


def test_many_people_come_page_by_page(qtbot, window, desk, held):
    desk.people[1200] = [
        Entry(number, f"p{number}@example.com", Outcome.HELD, "left the list") for number in range(30_000)
    ]
    window._ask_to_go_on(RunKind.INBOUND, ASKED)
    opened = dialog(qtbot, window, "dlg_confirm_run")
    rows(qtbot, find(opened, "tbl_review"), 100)
    assert find(opened, "lbl_review_count", QLabel).text() == "30,000 people"
    opened.close()


def test_info_keeps_the_question_and_leads_to_the_review(qtbot, window, parts, desk, held, loop):
    desk.needs = (Need(NeedKind.HELD, 93, NOW, "inbound", ids=("1200",)),)
    parts.context.watch.refresh()
    line = find(window, "lbl_need_0", QLabel)
    qtbot.waitUntil(lambda: line.text().startswith("93 opt-outs wait for your answer"))
    click(qtbot, window, "btn_need_0")
    opened = dialog(qtbot, window, "dlg_confirm_run")
    rows(qtbot, find(opened, "tbl_review"), 93)
    assert find(opened, "btn_question_yes").text() == "&Opt out 93 people"
    assert find(opened, "question_title", QLabel).text() == "Should these people be opted out?"
    qtbot.keyClick(opened, Qt.Key.Key_Escape)
    assert find(window, "needs_you").isVisible()
    assert loop.requests == []


def test_it_was_a_mistake_drops_them_and_a_run_closes_the_question(qtbot, view, desk, loop):
    click(qtbot, view, "btn_question_mistake")
    qtbot.waitUntil(lambda: loop.requests == [(RunKind.INBOUND, False)])
    assert ("answer_held", (HeldAnswer.MISTAKE, (LossKind.LEFT, LossKind.STAFF))) in desk.calls


def test_not_now_keeps_those_of_the_shop_held_for_another_day(qtbot, window, desk, held, loop):
    desk.all_runs[0] = replace(held, kind=RunKind.EVENTS)
    window._ask_to_go_on(RunKind.EVENTS, ASKED)
    opened = dialog(qtbot, window, "dlg_confirm_run")
    click(qtbot, opened, "btn_question_no")
    qtbot.waitUntil(lambda: ("answer_held", (HeldAnswer.NOT_NOW, (LossKind.FLAG,))) in desk.calls)
    qtbot.waitUntil(lambda: not isValid(opened) or not opened.isVisible())
    assert loop.requests == []


def test_an_answer_that_is_not_taken_can_be_given_again(qtbot, view, desk, loop):
    desk.fail["answer_held"] = Busy(holder="export (process 4711 on shop, since 2015-12-16 11:00 UTC)")
    click(qtbot, view, "btn_question_mistake")
    qtbot.waitUntil(view.notice.isVisible)
    assert view.notice.property("tone") == "warning"
    assert "4711" not in view.notice.text.text()
    assert find(view, "btn_question_mistake").isEnabled()
    assert find(view, "btn_question_no").hasFocus() or not view.isActiveWindow()
    assert loop.requests == []
