"""Compare both sides: who differs, with what it means, and why for one person (design §8)."""

import threading
from dataclasses import replace
from datetime import timedelta

import pytest
from PySide6.QtCore import QItemSelectionModel, Qt
from PySide6.QtWidgets import QLabel

from ccdesk.core.drift import Chosen, Drift, DriftKind, MailShows, ShopShows, as_left
from ccdesk.core.errors import Busy, StoreError
from ccdesk.core.runs import RunKind
from ccdesk.gui.dialogs import drift_view
from ccdesk.gui.dialogs.question import Question
from tests.gui.fakes import NOW
from tests.gui.helpers import click, dialog, find, rows, texts

ANN, BOB = "ann@example.com", "bob@example.com"
PUT_BACK = Drift(ANN, (7,), DriftKind.PUT_BACK, ShopShows.OPTED_OUT, MailShows.ON_LIST, "put back by staff")
DELETED = Drift(
    BOB, (8,), DriftKind.DELETED, ShopShows.OPTED_IN, MailShows.DELETED, "deleted in Constant Contact"
)
DUE = Drift(BOB, (8, 9), DriftKind.NOT_ADDED, ShopShows.OPTED_IN, MailShows.NO_CONTACT, "not exported yet")


def opened(qtbot, window):
    click(qtbot, window.info, "btn_compare")
    shown = dialog(qtbot, window, "dlg_drift")
    qtbot.waitUntil(shown.btn_again.isEnabled)
    return shown


def choose(shown, *places):
    """Choose people as with Ctrl and clicks."""
    chosen = shown.tbl_people.selectionModel()
    chosen.clearSelection()
    for place in places:
        flags = QItemSelectionModel.SelectionFlag.Select | QItemSelectionModel.SelectionFlag.Rows
        chosen.select(shown.people.index(place, 0), flags)


def text(shown, name):
    return find(shown, name).text()


def test_every_kind_has_words_for_the_window():
    assert set(drift_view.KIND_WORDS) == set(DriftKind)


def test_kinds_with_their_meaning_and_the_people(qtbot, window, desk):
    desk.differ = [PUT_BACK, DUE]
    shown = opened(qtbot, window)
    assert text(shown, "lbl_drift_state").startswith("Both services were read as they are now. Nothing was")
    assert shown.badge.text() == "2 people differ"
    rows(qtbot, shown.tbl_kinds, 2)
    assert texts(shown.tbl_kinds, 0) == ["Opted out, put back on the list", "1"]
    assert "Take them off the list" in shown.kinds.data(
        shown.kinds.index(0, 0), drift_view.Qt.ItemDataRole.AccessibleDescriptionRole
    )
    rows(qtbot, shown.tbl_people, 2)
    assert texts(shown.tbl_people, 1) == [BOB, "8, 9", "not exported yet"]
    shown.tbl_kinds.selectRow(0)
    rows(qtbot, shown.tbl_people, 1)
    assert texts(shown.tbl_people, 0)[0] == ANN
    assert text(shown, "lbl_drift_meaning") == DriftKind.PUT_BACK.meaning, "whole, where the row has cut it"
    assert not find(shown, "lbl_drift_more").isVisible()


def test_a_day_is_written_as_everywhere_in_the_window(qtbot, window, desk):
    """It was shown as a comparison keeps it: 2026-11-18."""
    desk.differ = [replace(DELETED, reason="deleted in Constant Contact (deleted on 2026-11-18)")]
    shown = opened(qtbot, window)
    rows(qtbot, shown.tbl_people, 1)
    assert texts(shown.tbl_people, 0)[2] == "deleted in Constant Contact (deleted on November 18th, 2026)"


@pytest.mark.parametrize(
    ("differ", "words", "tone"),
    [
        ([], "In step", "good"),
        ([DUE], "The next runs put it right", "accent"),
        ([PUT_BACK], "1 person differs", "warning"),
        ([PUT_BACK, DELETED], "2 people differ", "warning"),
        ([DELETED], "1 person differs, but nothing needs you", "neutral"),
        ([DELETED, DUE], "2 people differ, but nothing needs you", "neutral"),
    ],
)
def test_it_is_amber_only_where_somebody_has_to_look(qtbot, window, desk, differ, words, tone):
    desk.differ = differ
    shown = opened(qtbot, window)
    assert shown.badge.text() == words
    assert shown.badge.property("tone") == tone


def test_many_people_are_counted_and_some_are_listed(qtbot, window, desk, monkeypatch):
    monkeypatch.setattr(drift_view, "KEPT", 3)
    desk.differ = [PUT_BACK] + [DUE] * 5
    shown = opened(qtbot, window)
    rows(qtbot, shown.tbl_people, 4)
    assert text(shown, "lbl_drift_more") == "2 more are counted, but not listed here."
    assert texts(shown.tbl_kinds, 1)[1] == "5"


def test_what_the_next_runs_put_right_can_be_put_right_now(qtbot, window, desk, loop):
    desk.differ = [PUT_BACK, DUE]
    shown = opened(qtbot, window)
    rows(qtbot, shown.tbl_kinds, 2)
    assert not shown.btn_repair.isVisible(), "no kind is chosen"
    shown.tbl_kinds.selectRow(0)
    assert not shown.btn_repair.isVisible(), "only staff can know what to do here"
    shown.tbl_kinds.selectRow(1)
    click(qtbot, shown, "btn_drift_repair")
    assert loop.requests == [(RunKind.EXPORT, False)]
    qtbot.waitUntil(lambda: not window.findChildren(drift_view.DriftDialog))
    assert window.current() is window.logs, "where the runs are followed"


def test_only_the_people_chosen_are_put_right_after_a_question(qtbot, window, desk, loop):
    other = Drift("", (11,), DriftKind.OPT_OUT_DUE, ShopShows.OPTED_OUT, MailShows.ON_LIST, "opted out")
    desk.differ = [PUT_BACK, other, DUE]
    shown = opened(qtbot, window)
    rows(qtbot, shown.tbl_people, 3)
    shown.tbl_people.selectRow(0)
    assert not shown.btn_repair.isVisible(), "only staff can know what to do about her"
    shown.tbl_people.selectAll()
    assert not shown.btn_repair.isVisible()
    assert not shown.btn_why.isEnabled(), "why is asked about one"
    choose(shown, 1, 2)
    assert shown.btn_repair.text() == "&Put Right…"
    assert shown.btn_repair.accessibleName() == "Put Right…"
    click(qtbot, shown, "btn_drift_repair")
    question = dialog(qtbot, shown, "dlg_put_right")
    said = " ".join(label.text() for label in question.findChildren(QLabel))
    assert BOB in said
    assert "nobody else is changed" in said
    assert loop.repaired == []
    click(qtbot, question, "btn_question_yes")
    assert loop.repaired == [[Chosen(DriftKind.OPT_OUT_DUE, "11"), Chosen(DriftKind.NOT_ADDED, BOB)]]
    assert loop.requests == []
    qtbot.waitUntil(lambda: not window.findChildren(drift_view.DriftDialog))
    assert window.current() is window.logs
    assert window.context.monitor.is_pending(RunKind.FULL_COMPARE)


def test_the_question_is_declined_by_escape(qtbot, window, desk, loop):
    desk.differ = [DUE]
    shown = opened(qtbot, window)
    rows(qtbot, shown.tbl_people, 1)
    choose(shown, 0)
    click(qtbot, shown, "btn_drift_repair")
    question = dialog(qtbot, shown, "dlg_put_right")
    qtbot.keyClick(question.no, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: not shown.findChildren(Question))
    assert loop.repaired == []
    assert shown.isVisible()


def test_too_many_people_at_once_are_the_whole_kinds_business(qtbot, window, desk):
    desk.differ = [replace(DUE, email=f"p{n}@example.com") for n in range(26)]
    shown = opened(qtbot, window)
    rows(qtbot, shown.tbl_people, 26)
    shown.tbl_people.selectAll()
    assert not shown.btn_repair.isEnabled()
    assert "at most 25 people" in shown.btn_repair.toolTip()
    shown.tbl_people.clearSelection()
    assert not shown.btn_repair.isVisible(), "no kind is chosen"


def test_people_are_left_as_they_are_and_stay_named_as_left(qtbot, window, desk):
    other = replace(PUT_BACK, email="cyd@example.com", customer_ids=(9,))
    desk.differ = [PUT_BACK, other, DUE]
    shown = opened(qtbot, window)
    rows(qtbot, shown.tbl_people, 3)
    assert not shown.btn_leave.isVisible(), "nobody is chosen"
    choose(shown, 2)
    assert not shown.btn_leave.isVisible(), "the next run puts him right"
    choose(shown, 0)
    click(qtbot, shown, "btn_drift_leave")
    qtbot.waitUntil(lambda: ("leave_as_is", [PUT_BACK]) in desk.calls)
    rows(qtbot, shown.tbl_kinds, 3)
    kinds = [texts(shown.tbl_kinds, row) for row in range(3)]
    assert kinds[0] == ["Opted out, put back on the list", "1"]
    assert kinds[2] == ["Left as it is", "1"]
    rows(qtbot, shown.tbl_people, 3)
    assert texts(shown.tbl_people, 2)[0] == ANN, "at the end"
    assert "; left as it is on " in texts(shown.tbl_people, 2)[2]
    choose(shown, 2)
    assert not shown.btn_leave.isVisible()
    assert shown.badge.text() == "2 people differ"
    choose(shown, 0)
    click(qtbot, shown, "btn_drift_leave")
    qtbot.waitUntil(lambda: shown.badge.text() == "The next runs put it right")


def test_all_left_is_neither_green_nor_a_warning(qtbot, window, desk):
    desk.differ = [as_left(PUT_BACK, NOW)]
    shown = opened(qtbot, window)
    assert shown.badge.text() == "1 person is left as is"
    assert shown.badge.property("tone") == "neutral"
    rows(qtbot, shown.tbl_people, 1)
    rows(qtbot, shown.tbl_kinds, 1)
    shown.tbl_kinds.selectRow(0)
    qtbot.waitUntil(lambda: text(shown, "lbl_drift_meaning") == DriftKind.LEFT_AS_IS.meaning)


def test_who_was_left_is_named_again(qtbot, window, desk):
    desk.differ = [as_left(PUT_BACK, NOW), DUE]
    shown = opened(qtbot, window)
    rows(qtbot, shown.tbl_people, 2)
    choose(shown, 1)
    assert not shown.btn_name.isVisible()
    choose(shown, 0)
    desk.differ = [PUT_BACK, DUE]
    click(qtbot, shown, "btn_drift_name_again")
    qtbot.waitUntil(lambda: ("name_again", [ANN]) in desk.calls)
    qtbot.waitUntil(lambda: shown.badge.text() == "2 people differ")
    assert not shown.btn_name.isVisible()


def test_what_could_not_be_kept_is_said_and_nobody_is_shown_as_left(qtbot, window, desk):
    desk.differ = [PUT_BACK]
    desk.fail["leave_as_is"] = StoreError("The data file is damaged")
    shown = opened(qtbot, window)
    rows(qtbot, shown.tbl_people, 1)
    choose(shown, 0)
    click(qtbot, shown, "btn_drift_leave")
    qtbot.waitUntil(shown.notice.isVisible)
    assert texts(shown.tbl_kinds, 0)[0] == "Opted out, put back on the list"
    assert shown.btn_leave.isEnabled()


def test_why_about_the_person_chosen(qtbot, window, desk):
    desk.differ = [PUT_BACK]
    shown = opened(qtbot, window)
    rows(qtbot, shown.tbl_people, 1)
    assert not shown.btn_why.isEnabled()
    shown.tbl_people.selectRow(0)
    click(qtbot, shown, "btn_drift_why")
    why = dialog(qtbot, shown, "dlg_find_person")
    qtbot.waitUntil(why.answer.isVisible)
    assert ("why", (ANN, True)) in desk.calls, "the comparison read both sides now, so that is told"


def test_a_comparison_that_fails_is_not_called_in_step(qtbot, window, desk):
    desk.fail["drift"] = Busy("export since 11:00")
    shown = opened(qtbot, window)
    assert shown.notice.isVisible()
    assert text(shown, "lbl_drift_state") == "Not compared."
    assert not shown.badge.isVisible()
    del desk.fail["drift"]
    desk.now = NOW + timedelta(hours=1)
    click(qtbot, shown, "btn_drift_again")
    qtbot.waitUntil(shown.badge.isVisible)
    assert not shown.notice.isVisible()


def test_it_says_how_far_it_is_and_closing_stops_it(qtbot, window, desk):
    gate = desk.gate["drift"] = threading.Event()
    click(qtbot, window.info, "btn_compare")
    shown = dialog(qtbot, window, "dlg_drift")
    qtbot.waitUntil(lambda: text(shown, "lbl_drift_state") == "Reading contacts from Constant Contact, 500…")
    assert not shown.btn_again.isEnabled()
    cancel = shown._cancel
    click(qtbot, shown, "btn_drift_close")
    assert cancel.is_set()
    gate.set()
