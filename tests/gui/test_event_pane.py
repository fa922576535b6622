"""The pane beneath the queue: what is known of the event chosen, and what can be done about it."""

from dataclasses import replace
from datetime import timedelta

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QLabel, QScrollArea

from ccdesk.core.errors import StoreError
from ccdesk.core.runs import Entry, EventStatus, Outcome, Run, RunKind, RunStatus, Trigger
from ccdesk.core.why import RunEntry
from ccdesk.gui.components.split import Split
from ccdesk.gui.components.whole_text import WholeText
from ccdesk.gui.memory import Memory
from ccdesk.gui.tabs.event_pane import run_of
from tests.gui.fakes import NOW, UNKNOWN, ready_desk
from tests.gui.helpers import click, dialog, find, rows

FACTS = ("customer", "came", "tries", "next", "processed")


@pytest.fixture
def events(qtbot, window):
    window.tabs.setCurrentWidget(window.events)
    window.events.chk_processed.click()
    rows(qtbot, window.events.table, 4)
    return window.events


def whole(events, name):
    return find(events, name, WholeText).text()


def facts(events):
    labels = [find(events, f"lbl_event_{name}", QLabel) for name in FACTS]
    return [one.text() for one in labels if one.isVisible()]


def buttons(events):
    return [find(events, f"btn_event_{name}").isEnabled() for name in ("why", "run", "retry")]


def test_with_nothing_chosen_it_says_what_to_do(events):
    assert find(events, "lbl_event_hint").isVisible()
    assert not find(events, "btn_event_why").isVisible()
    assert not find(events, "txt_event_who").isVisible()


def test_without_events_it_is_not_there_and_comes_with_the_first(qtbot, events, desk, window):
    window.resize(900, 640)
    pane, before = find(events, "pane_event", QScrollArea), desk.queue
    desk.queue = []
    events.refresh()
    qtbot.waitUntil(lambda: events.model.rowCount() == 0 and not pane.isVisible())
    desk.queue = before
    events.refresh()
    qtbot.waitUntil(pane.isVisible)
    assert pane.height() > 150


def test_an_event_that_waits(events):
    events.table.selectRow(0)
    assert find(events, "badge_event").text() == "Pending"
    assert whole(events, "txt_event_who") == "The email of this customer is not known yet."
    customer, came = facts(events)
    assert customer == "Customer id: 1042"
    assert came.startswith("Changed in Kibo: ")
    assert came.endswith(", 11:00:00 am")
    assert whole(events, "lbl_event_detail") == "Waits for the next run."
    assert find(events, "lbl_event_kind").isVisible()
    assert buttons(events) == [True, False, False]
    assert not find(events, "lbl_event_hint").isVisible()


def test_an_event_that_needs_a_person(events):
    events.table.selectRow(1)
    assert find(events, "badge_event").text() == "Parked"
    assert whole(events, "txt_event_who") == "kim..lee@example.com"
    assert facts(events)[2:] == ["Tries: 1"]
    assert "is not valid. Correct it in Kibo, then retry." in whole(events, "lbl_event_detail")
    assert buttons(events) == [True, True, True]


def test_an_event_that_is_tried_again_and_one_that_is_done(events):
    events.table.selectRow(2)
    assert facts(events)[2:] == ["Tries: 2", "Next try: today at 11:15 AM"]
    assert whole(events, "lbl_event_detail") == (
        "A temporary problem: it is tried again by itself. Constant Contact cannot be reached."
    )
    assert buttons(events) == [True, True, True]
    events.table.selectRow(3)
    assert facts(events)[2:] == ["Tries: 1", "Processed: December 16th 2015, 11:05:00 am"]
    assert whole(events, "lbl_event_detail") == "Added to the list.", "when is said above it"
    assert not find(events, "lbl_event_kind").isVisible(), "its result says what it was"
    assert buttons(events) == [True, True, False]


def test_arrows_in_the_table_change_it_and_it_takes_no_keyboard(qtbot, events):
    events.table.setFocus()
    events.table.selectRow(0)
    qtbot.keyClick(events.table, Qt.Key.Key_Down)
    assert whole(events, "txt_event_who") == "kim..lee@example.com"
    qtbot.keyClick(events.table, Qt.Key.Key_Up)
    assert facts(events)[0] == "Customer id: 1042"
    assert QApplication.focusWidget() is events.table


def test_tab_leads_through_the_whole_pane(qtbot, events):
    events.table.setFocus()
    events.table.selectRow(1)
    seen = []
    for _ in range(8):
        qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Tab)
        seen.append(QApplication.focusWidget().objectName())
    assert seen == [
        *("qt_splithandle_pane_event", "btn_event_why", "btn_event_run", "btn_event_retry"),
        *("txt_event_who", "lbl_event_detail", "chk_events_processed", "btn_events_retry_all"),
    ]


def test_the_reason_is_never_cut_and_can_be_copied_as_it_is(qtbot, events, desk, window):
    email = f"{'a' * 60}@{'b' * 15}.com"
    said = f"The email address “{email}” is not valid. " + "Correct it in Kibo, then retry. " * 12
    desk.queue = [replace(desk.queue[1], error=said.strip())]
    desk.emails = {1043: email}
    window.resize(640, 600)
    events.refresh()
    qtbot.waitUntil(lambda: events.table.model().rowCount() == 1)
    events.table.selectRow(0)
    detail, pane = find(events, "lbl_event_detail", WholeText), find(events, "pane_event", QScrollArea)
    qtbot.waitUntil(lambda: detail.height() >= detail.document().size().height())
    assert detail.document().size().width() <= detail.width()
    assert pane.widget().width() <= pane.viewport().width(), "it is scrolled downwards only"
    assert pane.verticalScrollBar().maximum() > 0
    detail.setFocus()
    qtbot.keyClick(detail, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    qtbot.keyClick(detail, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert email in QApplication.clipboard().text()
    assert whole(events, "txt_event_who") == email


def test_it_begins_at_the_right_where_one_reads_from_there(qtbot, themed):
    text = WholeText("txt", "Customer")
    qtbot.addWidget(text)
    text.show_text("kim..lee@example.com")
    text.resize(400, 30)
    text.show()
    text.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
    assert text.cursorRect().left() > 200


def test_a_refresh_leaves_what_is_selected_in_the_text(qtbot, events):
    events.table.selectRow(1)
    detail = find(events, "lbl_event_detail", WholeText)
    detail.selectAll()
    with qtbot.waitSignal(events.model.refreshed):
        events.refresh()
    assert detail.textCursor().selectedText() == detail.text()


def test_an_event_that_goes_away_leaves_the_hint(qtbot, events, desk):
    events.table.selectRow(0)
    desk.queue = desk.queue[1:]
    events.refresh()
    qtbot.waitUntil(lambda: find(events, "lbl_event_hint").isVisible())
    assert buttons(events) == [False, False, False]


# ---------------------------------------------------------------- its size


def height_of(events):
    return find(events, "split_events", Split).sizes()[1]


def test_its_size_is_remembered(qtbot, open_window, desk, loop, tmp_path):
    memory = Memory(tmp_path / "memory.json")
    first = open_window(desk, loop, memory=memory).window
    first.tabs.setCurrentWidget(first.events)
    rows(qtbot, first.events.table, 3)
    before, grip = height_of(first.events), find(first.events, "split_events", Split).handle(1)
    assert before == 168
    qtbot.keyClick(grip, Qt.Key.Key_Down)
    smaller = height_of(first.events)
    assert smaller == before - 24
    memory.flush()
    again = open_window(ready_desk(), memory=Memory(tmp_path / "memory.json")).window
    again.tabs.setCurrentWidget(again.events)
    qtbot.waitUntil(lambda: height_of(again.events) == smaller)


# ---------------------------------------------------------------- its run


def entry_of(run_id, at, customer_id=1043):
    return RunEntry(run_id, RunKind.EVENTS, at, Entry(customer_id, "", Outcome.ERROR, "no"))


@pytest.fixture
def known(desk):
    """Runs that had the customer of the parked event, and another account of the same person."""
    came = desk.queue[1].created_at
    timeline = [entry_of(number, came + timedelta(hours=number)) for number in (-1, 1, 2, 3)]
    timeline.append(entry_of(4, came + timedelta(hours=4), customer_id=9))
    desk.answers["1043"] = replace(UNKNOWN, timeline=tuple(timeline))
    desk.all_runs += [
        Run(one, RunKind.EVENTS, Trigger.SCHEDULED, RunStatus.COMPLETE, NOW, NOW) for one in (1, 2, 3, 4)
    ]
    return desk.queue[1]


def test_the_run_of_an_open_event_is_the_last_one_that_had_its_customer(desk, known):
    assert run_of(desk, known).id == 3


def test_the_run_of_a_processed_event_is_the_one_in_which_it_was_closed(desk, known):
    closed = known.created_at + timedelta(hours=1, minutes=30)
    assert run_of(desk, replace(known, status=EventStatus.PROCESSED, processed_at=closed)).id == 2


def test_the_run_is_opened(qtbot, window, events, desk, known):
    events.table.selectRow(1)
    click(qtbot, events, "btn_event_run")
    view = dialog(qtbot, window, "dlg_run")
    assert view.run.id == 3
    assert ("why", ("1043", False)) in desk.calls
    view.close()


def test_a_run_that_is_not_known_or_cannot_be_read_is_said(qtbot, events, desk):
    events.table.selectRow(1)
    click(qtbot, events, "btn_event_run")
    qtbot.waitUntil(lambda: events.notice.title.text() == "No run is known that dealt with this event")
    desk.fail["why"] = StoreError()
    click(qtbot, events, "btn_event_run")
    qtbot.waitUntil(lambda: events.notice.title.text() == StoreError().title)
