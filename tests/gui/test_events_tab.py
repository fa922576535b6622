from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel

from ccdesk.core.errors import Busy, Unreachable
from ccdesk.core.runs import EventStatus, RunKind, Trigger
from ccdesk.gui.components.whole_text import WholeText
from tests.gui.fakes import finished_export, fresh_desk
from tests.gui.helpers import click, find, rows, texts


@pytest.fixture
def events(qtbot, window):
    window.tabs.setCurrentWidget(window.events)
    rows(qtbot, window.events.table, 3)
    return window.events


def words(events, name):
    return find(events, name, QLabel).text()


def detail(events):
    return find(events, "lbl_event_detail", WholeText).text()


def test_the_grid_reads_as_in_the_seed(events):
    model = events.table.model()
    titles = [model.headerData(n, Qt.Orientation.Horizontal) for n in range(model.columnCount())]
    assert titles == ["Event Id", "Object Id", "Created Date", "Status", "Email"]
    assert texts(events.table, 0) == [
        "aaec0c44-001a-47ce-905d-a57001182c83",
        "1042",
        "Today at 11:00 AM",
        "Pending",
        "–",
    ]
    assert texts(events.table, 1)[2:] == ["Yesterday at 11:00 AM", "Parked", "kim..lee@example.com"]
    assert words(events, "lbl_events_next") == "Next Run time : December 16th 2015, 11:15:00 am"


def test_a_customer_nobody_has_acted_on_is_shown_by_the_email_that_the_look_read(qtbot, events, desk):
    desk.queue = [
        replace(desk.queue[0], email="new@example.com"),
        replace(desk.queue[1], email="as-it-was-seen@example.com"),
    ]
    events.refresh()
    rows(qtbot, events.table, 2)
    assert texts(events.table, 0)[-1] == "new@example.com"
    assert texts(events.table, 1)[-1] == "kim..lee@example.com", "as last acted on"


def test_refresh_only_looks(qtbot, events, desk, loop):
    desk.new_events = 2
    click(qtbot, events, "btn_events_refresh")
    qtbot.waitUntil(lambda: events.notice.title.text() == "2 new events found")
    assert "look_for_events" in desk.names()
    assert loop.requests == []
    assert find(events, "btn_events_refresh").isEnabled()


def test_what_customers_and_services_wrote_is_never_taken_for_html(qtbot, events, desk):
    said = "“<b>x</b>” is no email address & =1+1 is none"
    desk.queue = [replace(desk.queue[1], error=said)]
    events.refresh()
    rows(qtbot, events.table, 1)
    events.table.selectRow(0)
    assert said in detail(events)
    tip = events.table.model().index(0, 3).data(Qt.ItemDataRole.ToolTipRole)
    assert "&lt;b&gt;x&lt;/b&gt;" in tip


def test_a_look_that_fails_is_told_and_shows_what_is_queued(qtbot, events, desk):
    desk.fail["look_for_events"] = Unreachable()
    desk.queue = desk.queue[:1]
    click(qtbot, events, "btn_events_refresh")
    rows(qtbot, events.table, 1)
    assert events.notice.title.text() == "The service cannot be reached"


def test_a_parked_entry_says_why_and_can_be_tried_again(qtbot, events, desk, loop):
    assert not find(events, "btn_event_retry").isEnabled()
    assert words(events, "lbl_events_parked") == "1 change needs your attention"
    events.table.selectRow(1)
    assert detail(events) == (
        "Needs your attention: The email address “kim..lee@example.com” is not valid. Correct it in Kibo, "
        "then retry."
    )
    click(qtbot, events, "btn_event_retry")
    qtbot.waitUntil(lambda: loop.requests == [(RunKind.EVENTS, False)])
    assert ("retry_event", "aaec0c44-001a-47ce-905d-a57001182c84") in desk.calls
    qtbot.waitUntil(lambda: texts(events.table, 1)[3] == "Pending")
    qtbot.waitUntil(lambda: detail(events) == "Waits for the next run.")
    assert not find(events, "btn_event_retry").isEnabled()


def test_a_passing_failure_says_when_it_is_tried_again(events):
    events.table.selectRow(2)
    assert detail(events).startswith("A temporary problem: it is tried again by itself. ")
    assert find(events, "lbl_event_next").text() == "Next try: today at 11:15 AM"
    assert find(events, "btn_event_retry").isEnabled()


def test_a_retry_before_enabling_waits(qtbot, open_window, desk, loop):
    desk.stored["enabled"] = "false"
    window = open_window(desk, loop).window
    window.go_to("events")
    rows(qtbot, window.events.table, 3)
    window.events.table.selectRow(1)
    click(qtbot, window.events, "btn_event_retry")
    qtbot.waitUntil(lambda: window.events.notice.title.text() == "The event waits again")
    assert loop.requests == []
    assert not find(window, "btn_events_process").isEnabled()


def test_processed_entries_are_shown_on_demand(qtbot, events):
    find(events, "chk_events_processed").click()
    rows(qtbot, events.table, 4)
    assert texts(events.table, 3)[3] == "Processed"
    events.table.selectRow(3)
    assert "Added to the list." in detail(events)
    find(events, "chk_events_processed").click()
    rows(qtbot, events.table, 3)


def test_the_list_empties_when_the_queue_was_processed(qtbot, events, desk, loop, parts):
    def script(listener, _cancel):
        desk.queue = [e for e in desk.queue if e.status is EventStatus.PROCESSED]
        listener.run_finished(finished_export())

    loop.scripts[RunKind.EVENTS] = script
    click(qtbot, events, "btn_events_process")
    rows(qtbot, events.table, 0)
    assert "Click Refresh to look for customer changes" in events.table.accessibleDescription()


def test_an_empty_queue_says_what_to_do(qtbot, open_window):
    window = open_window(fresh_desk()).window
    window.go_to("events")
    qtbot.waitUntil(lambda: window.events.table.accessibleDescription().startswith("No events are waiting"))
    assert (
        words(window.events, "lbl_events_next") == "Next Run time : none while the application is not enabled"
    )


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (RunKind.EXPORT, "An export is running"),
        (RunKind.INBOUND, "A check for unsubscribes is running"),
        (RunKind.EVENTS, "Customer changes are being synced"),
    ],
)
def test_a_look_during_a_run_of_ours_is_put_off_and_done_when_it_ends(qtbot, events, desk, parts, kind, said):
    with qtbot.waitSignal(parts.context.monitor.changed):
        parts.bridge.run_started(kind, Trigger.MANUAL)
    desk.new_events = 2
    click(qtbot, events, "btn_events_refresh")
    assert events.notice.title.text() == f"{said}; the queue is looked at when it ends"
    assert events.notice.property("tone") == "neutral"
    assert "look_for_events" not in desk.names()
    parts.bridge.run_finished(replace(finished_export(), kind=kind))
    qtbot.waitUntil(lambda: events.notice.title.text() == "2 new events found")
    assert desk.names().count("look_for_events") == 1


def test_a_look_that_finds_the_data_in_use_is_put_off_until_it_is_free(qtbot, events, desk, parts):
    held = "export (process 4711 on shop, since 2015-12-16 11:00 UTC)"
    desk.fail["look_for_events"], desk.running = Busy(holder=held), held
    click(qtbot, events, "btn_events_refresh")
    words_of_it = "Another program is working on the same data; the queue is looked at when it ends"
    qtbot.waitUntil(lambda: events.notice.title.text() == words_of_it)
    assert "4711" not in events.notice.accessibleName()
    assert find(events, "btn_events_refresh").isEnabled()
    with qtbot.waitSignal(parts.context.watch.changed):
        parts.context.watch.refresh()
    assert events.notice.title.text() == words_of_it
    del desk.fail["look_for_events"]
    desk.running, desk.new_events = "", 1
    parts.context.watch.refresh()
    qtbot.waitUntil(lambda: events.notice.title.text() == "1 new event found")


def test_nobody_asked_nothing_is_looked_for_after_a_run(qtbot, events, desk, parts):
    parts.bridge.run_started(RunKind.EXPORT, Trigger.MANUAL)
    parts.bridge.run_finished(finished_export())
    qtbot.wait(30)
    assert "look_for_events" not in desk.names()
