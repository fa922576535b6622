"""Compare both sides: who differs, with what it means, and why for one person (design §8)."""

import threading
from datetime import timedelta

import pytest

from ccdesk.core.drift import Drift, DriftKind, MailShows, ShopShows
from ccdesk.core.errors import Busy
from ccdesk.core.runs import RunKind
from ccdesk.gui.dialogs import drift_view
from tests.gui.fakes import NOW
from tests.gui.helpers import click, dialog, find, rows, texts

ANN, BOB = "ann@example.com", "bob@example.com"
PUT_BACK = Drift(ANN, (7,), DriftKind.PUT_BACK, ShopShows.OPTED_OUT, MailShows.ON_LIST, "put back by staff")
DUE = Drift(BOB, (8, 9), DriftKind.NOT_ADDED, ShopShows.OPTED_IN, MailShows.NO_CONTACT, "not exported yet")


def opened(qtbot, window):
    click(qtbot, window.info, "btn_compare")
    shown = dialog(qtbot, window, "dlg_drift")
    qtbot.waitUntil(shown.btn_again.isEnabled)
    return shown


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


@pytest.mark.parametrize(
    ("differ", "words", "tone"),
    [
        ([], "In step", "good"),
        ([DUE], "The next runs put it right", "accent"),
        ([PUT_BACK], "1 person differ", "warning"),
    ],
)
def test_it_is_green_only_where_nobody_differs(qtbot, window, desk, differ, words, tone):
    desk.differ = differ
    shown = opened(qtbot, window)
    assert shown.badge.text() == words.replace("person differ", "person differs")
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


def test_why_about_the_person_chosen(qtbot, window, desk):
    desk.differ = [PUT_BACK]
    shown = opened(qtbot, window)
    rows(qtbot, shown.tbl_people, 1)
    assert not shown.btn_why.isEnabled()
    shown.tbl_people.selectRow(0)
    click(qtbot, shown, "btn_drift_why")
    why = dialog(qtbot, shown, "dlg_find_person")
    qtbot.waitUntil(why.answer.isVisible)
    assert ("why", (ANN, False)) in desk.calls


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
