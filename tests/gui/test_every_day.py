"""Info as one sentence, what happened since the last look, the picture of the days, what is remembered."""

import json
import threading
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QLabel, QLineEdit, QPushButton

from ccdesk.core.errors import Refused, StoreError, Unreachable
from ccdesk.core.run_history import Day, Happened, PersonThen
from ccdesk.core.runs import Entry, Outcome, Run, RunKind, RunStatus, Trigger
from ccdesk.gui.app import build
from ccdesk.gui.components.theme import Tone
from ccdesk.gui.components.whole_text import WholeText
from ccdesk.gui.memory import FILE_NAME, Memory
from ccdesk.gui.overall import KIBO, MAIL, overall
from ccdesk.gui.since import LastLook
from ccdesk.gui.standing import Standing, look
from ccdesk.gui.tabs.month_picture import LEAST, day_words, month_words
from ccdesk.service.api import Connection, ConnectionState, PendingWriteBacks
from ccdesk.service.needs_you import Need, NeedKind
from tests.gui.fakes import NOW, FakeLoop, connected_kibo
from tests.gui.helpers import click, dialog, find, rows, texts

NIGHT = Run(7, RunKind.FULL_COMPARE, Trigger.SCHEDULED, RunStatus.FAILED, NOW)
LOOPS = {RunKind.EVENTS: NOW - timedelta(minutes=6), RunKind.INBOUND: NOW - timedelta(minutes=20)}


@pytest.fixture
def snapshot(open_window, desk):
    desk.good, desk.queue = LOOPS, []
    return open_window(desk).context.watch.snapshot


def said(snapshot, since=None, **status):
    return overall(replace(snapshot, status=replace(snapshot.status, **status)), NOW, since or {})


def failing(error, state=ConnectionState.FAILED):
    return Connection(state, "Mystic", error=error)


LOGGED_OUT = failing(None, ConnectionState.LOGIN_NEEDED)

# the sentence


def test_all_is_well_in_one_sentence(snapshot):
    found = said(snapshot)
    assert found.title == "Everything is in step"
    assert found.detail == "9,018 customers in sync · checked 20 minutes ago · next 12/16/2015"
    assert (found.icon, found.tone) == ("check-circle", Tone.GOOD)


@pytest.mark.parametrize(
    ("status", "title"),
    [
        ({"enabled": False}, "Off"),
        ({"needs_you": (Need(NeedKind.PARKED, 3), Need(NeedKind.HELD, 9))}, "2 things need you"),
        ({"kibo": failing(Unreachable())}, "Paused: Kibo does not answer since 10:02 AM; retrying"),
        ({"kibo": failing(Refused())}, "Paused: Kibo: The service refused"),
        (
            {"kibo": failing(Unreachable()), "constant_contact": failing(Unreachable())},
            "Paused: neither Kibo nor Constant Contact answers; retrying",
        ),
        (
            {"kibo": failing(Refused()), "constant_contact": failing(Unreachable())},
            "Paused: Kibo: The service refused",
        ),
        ({"constant_contact": failing(Unreachable())}, "Paused: Constant Contact does not answer; retrying"),
        ({"constant_contact": LOGGED_OUT}, "Paused: Constant Contact is not connected"),
        ({"kibo_app": False}, "Paused: the application is switched off in Kibo"),
        ({"paused_until": NOW + timedelta(minutes=10)}, "Paused until 11:15 AM"),
        ({"needs_you": (Need(NeedKind.LATE, 3, NOW, "inbound"),)}, "1 thing needs you"),
        ({"waiting": 18}, "Changes wait for the next sync"),
        ({"queued": 1}, "Changes wait for the next sync"),
        ({"pending": PendingWriteBacks(opt_outs=1)}, "Changes wait for the next sync"),
        ({"pending": PendingWriteBacks(opt_ins=1)}, "Changes wait for the next sync"),
        ({"last_failed": {RunKind.FULL_COMPARE: NIGHT}}, "Daily comparison: the last run failed"),
        ({"last_good": {}}, "On: the first look at both sides comes next"),
    ],
)
def test_nothing_is_green_that_is_not_well(snapshot, status, title):
    found = said(snapshot, {KIBO: NOW.replace(hour=10, minute=2)}, **status)
    assert found.title == title
    assert found.tone is not Tone.GOOD


def test_an_outage_of_both_began_when_the_second_one_failed(snapshot):
    since = {KIBO: NOW.replace(hour=10, minute=2), MAIL: NOW.replace(hour=10, minute=4)}
    silent = failing(Unreachable())
    found = said(snapshot, since, kibo=silent, constant_contact=silent)
    assert found.title == "Paused: neither Kibo nor Constant Contact answers since 10:04 AM; retrying"


def test_nobody_about_whom_a_change_waits_is_called_in_sync(snapshot):
    found = said(snapshot, waiting=18, needs_you=(Need(NeedKind.HELD, 18),))
    assert found.detail.startswith("9,000 customers in sync · 18 with a change waiting · ")


def test_nobody_is_in_sync_with_a_list_that_was_deleted(snapshot):
    gone = (Need(NeedKind.LIST_DELETED, subject="Kibo customers"),)
    assert said(snapshot, needs_you=gone).detail == "Checked 20 minutes ago · next 12/16/2015"


def test_without_an_export_nothing_is_in_step(snapshot):
    seen = overall(replace(snapshot, first_export_done=False), NOW, {})
    assert (seen.title, seen.tone) == ("On, but nothing was exported yet", Tone.ACCENT)
    assert "Sync tab" in seen.detail


def test_what_a_person_must_do_comes_before_what_passes(snapshot):
    parked = (Need(NeedKind.PARKED, 1),)
    found = said(snapshot, needs_you=parked, kibo=failing(Unreachable()))
    assert (found.title, found.detail) == ("1 thing needs you", "Paused: Kibo does not answer; retrying")
    found = said(snapshot, enabled=False, needs_you=parked)
    assert (found.title, found.detail) == ("1 thing needs you", "Off: nothing syncs automatically")


@pytest.mark.parametrize("enabled", [True, False])
@pytest.mark.parametrize("needs", [(), (Need(NeedKind.PARKED, 1),)])
@pytest.mark.parametrize("kibo", [connected_kibo(), failing(Unreachable())])
def test_the_tray_is_green_exactly_when_info_is(snapshot, enabled, needs, kibo):
    status = replace(snapshot.status, enabled=enabled, needs_you=needs, kibo=kibo)
    seen = replace(snapshot, status=status, quick=False)
    assert (overall(seen, NOW, {}).tone is Tone.GOOD) == (look(seen).standing is Standing.IN_STEP)
    assert (overall(seen, NOW, {}).title == "1 thing needs you") == (
        look(seen).standing is Standing.NEEDS_YOU
    )


def test_the_sentence_follows_what_is_known(qtbot, open_window, desk, monkeypatch):
    desk.good, desk.queue = LOOPS, []
    parts = open_window(desk)
    title = find(parts.window, "lbl_overall", QLabel)
    assert title.text() == "Everything is in step"
    assert find(parts.window, "overall").accessibleName().startswith("Everything is in step. 9,018 customers")
    desk.mail = failing(Unreachable())
    monkeypatch.setattr("ccdesk.gui.watch.SLOW_MS", 50)
    desk.gate["status"] = threading.Event()
    parts.context.watch.check()
    qtbot.waitUntil(lambda: title.text() == "No answer yet, trying again…")
    assert look(parts.context.watch.snapshot).standing is Standing.PAUSED
    desk.gate.pop("status").set()
    qtbot.waitUntil(lambda: title.text().startswith(f"Paused: {MAIL} does not answer since"))
    first = title.text()
    parts.context.watch.check()
    qtbot.wait(100)
    assert title.text() == first, "since it was first seen"
    desk.mail = connected_kibo()
    parts.context.watch.check()
    qtbot.waitUntil(lambda: title.text() == "Everything is in step")


def test_nothing_is_green_while_the_data_cannot_be_read(qtbot, open_window, desk):
    desk.good, desk.queue = LOOPS, []
    parts = open_window(desk)
    card, title = find(parts.window, "overall"), find(parts.window, "lbl_overall", QLabel)
    assert card.property("tone") == "good"
    desk.fail["status"] = StoreError("The data file cannot be opened")
    parts.context.watch.refresh()
    qtbot.waitUntil(lambda: title.text() == "The data file cannot be opened")
    assert card.property("tone") == "error"
    assert find(parts.window, "lbl_overall_detail", QLabel).text() == "What is shown may be out of date."
    parts.context.monitor.changed.emit()
    assert card.property("tone") == "error", "whatever else is told meanwhile"
    desk.fail.clear()
    parts.context.watch.refresh()
    qtbot.waitUntil(lambda: title.text() == "Everything is in step")
    assert card.property("tone") == "good"


# since somebody last looked


@pytest.fixture
def happened(desk):
    people = {
        Happened.ADDED: [Entry(n, f"p{n}@example.com", Outcome.ADDED, "opted in") for n in range(12)],
        Happened.OPTED_OUT: [Entry(50, "bob@example.com", Outcome.OPTED_OUT, "unsubscribed")],
        Happened.INVALID: [Entry(60, "d..e@example.com", Outcome.ERROR, "not valid", "email_malformed")],
    }
    desk.happened = {what: [PersonThen(900, NOW, one) for one in some] for what, some in people.items()}
    return desk


def test_figures_since_the_last_look_open_their_people(qtbot, open_window, happened):
    parts = open_window(happened)
    window = parts.window
    assert not find(window, "since_line").isVisible(), "nobody has looked before"
    parts.context.last_look.since = NOW - timedelta(hours=9)
    window.info.refresh()
    figure = find(window, "btn_since_added", QPushButton)
    qtbot.waitUntil(figure.isVisible)
    assert figure.text() == "12 added"
    assert find(window, "btn_since_opted_out", QPushButton).text() == "1 opted out"
    assert find(window, "btn_since_invalid", QPushButton).text() == "1 invalid email"
    assert not find(window, "btn_since_failed", QPushButton).isVisible()
    click(qtbot, window, "btn_since_added")
    people = dialog(qtbot, window, "dlg_people_since")
    table = find(people, "tbl_people_since")
    rows(qtbot, table, 12)
    assert texts(table, 3)[:2] == ["p3@example.com", "3"]
    table.selectRow(3)
    click(qtbot, people, "btn_since_run")
    run = dialog(qtbot, people, "dlg_run")
    assert "To Constant Contact" in run.windowTitle()
    run.close()
    people.close()


def test_nothing_since_the_last_look_is_said(qtbot, open_window, desk):
    parts = open_window(desk)
    parts.context.last_look.since = NOW
    parts.window.info.refresh()
    words = find(parts.window, "lbl_since", QLabel)
    qtbot.waitUntil(lambda: words.text().endswith(": nothing has changed"))


def test_a_short_look_elsewhere_is_no_absence(tmp_path):
    path = tmp_path / FILE_NAME
    memory = Memory(path)
    look = LastLook(memory)
    assert look.since is None
    clock = [NOW]
    look.now = lambda: clock[0]
    look.leave()
    clock[0] += timedelta(minutes=5)
    look.come_back()
    assert look.since is None
    look.leave()
    clock[0] += timedelta(hours=9)
    look.come_back()
    assert look.since == NOW + timedelta(minutes=5)
    memory.flush()
    assert LastLook(Memory(path)).since == NOW + timedelta(minutes=5)


# the picture


def run_at(number, at, status=RunStatus.COMPLETE, **counts):
    return Run(number, RunKind.EVENTS, Trigger.SCHEDULED, status, at, at, counts=counts)


@pytest.fixture
def month(qtbot, open_window, desk):
    now = datetime.now(UTC)
    desk.all_runs = [
        run_at(3, now, added=4, opted_out=1),
        run_at(2, now - timedelta(days=1), RunStatus.FAILED),
        run_at(1, now - timedelta(days=60), added=99),
    ]
    window = open_window(desk).window
    window.info.refresh()
    bars = window.info.month.bars
    qtbot.waitUntil(lambda: bool(bars.days))
    return window, bars


def test_thirty_days_are_shown_and_said(month):
    _, bars = month
    assert len(bars.days) == 30
    assert bars.days[-1].day == datetime.now(UTC).date()
    assert (bars.days[-1].added, bars.days[-1].opted_out) == (4, 1)
    assert bars.days[-2].failed == 1
    said = bars.accessibleName()
    assert said.startswith("The last 30 days: 4 added, 1 opted out. Runs failed on 1 day: ")


@pytest.mark.parametrize(("added", "opted_out"), [(40, 40), (400, 40), (40, 200)])
def test_people_count_alike_above_and_below_the_line(month, added, opted_out):
    _, bars = month
    busy = Day(date(2015, 12, 2), 48, added, opted_out)
    few, none = Day(date(2015, 12, 3), 1, 1, 1), Day(date(2015, 12, 4), 1)
    bars.show_days([busy, few, none])
    line = round(bars.height() * 0.62)
    high, low = bars.bars_of(busy, line)
    assert high / low == pytest.approx(added / opted_out)
    assert high < line
    assert line + low < bars.height()
    assert min(bars.bars_of(few, line)) >= LEAST
    assert bars.bars_of(none, line) == (0, 0)


def test_a_day_opens_its_runs_by_the_mouse_and_by_the_keyboard(qtbot, month):
    window, bars = month
    at = bars.area_of(29).center().toPoint()
    qtbot.mouseClick(bars, Qt.MouseButton.LeftButton, pos=at)
    assert window.current() is window.logs
    rows(qtbot, window.logs.table, 1)
    today = datetime.now(UTC).date()
    assert find(window, "btn_logs_day").isVisible()
    query = window.logs.query
    assert (query.since.date(), query.until.date()) == (today, today + timedelta(days=1))
    window.tabs.setCurrentIndex(0)
    bars.setFocus()
    qtbot.keyClick(bars, Qt.Key.Key_Left)
    assert bars.accessibleDescription().startswith(day_words(bars.days[28]))
    qtbot.keyClick(bars, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: texts(window.logs.table, 0)[0] == "FAILED")
    click(qtbot, window, "btn_logs_day")
    rows(qtbot, window.logs.table, 3)


def test_words_of_a_day_and_of_a_month():
    quiet, busy = Day(date(2015, 12, 1)), Day(date(2015, 12, 2), 48, 4, 1, 2, 1)
    assert day_words(quiet) == "December 1st: nothing ran"
    assert day_words(busy) == "December 2nd: 48 runs · 4 added · 1 opted out · 2 errors · 1 run failed"
    assert month_words([quiet, busy]) == (
        "The last 2 days: 4 added, 1 opted out. Runs failed on 1 day: December 2nd."
    )


# what is remembered, and small comforts


def test_place_tab_and_columns_are_remembered(qtbot, qapp, desk, tmp_path):
    def open_it():
        memory = Memory(tmp_path / FILE_NAME)
        parts = build(desk, FakeLoop(), app=qapp, open_url=lambda _: True, theme="light", memory=memory)
        parts.start()
        qtbot.waitExposed(parts.window)
        return parts

    def close(parts):
        parts.shutdown()
        parts.window.deleteLater()

    first = open_it()
    first.window.resize(777, 555)
    first.window.tabs.setCurrentIndex(3)
    first.window.logs.table.horizontalHeader().resizeSection(1, 231)
    close(first)
    kept = json.loads((tmp_path / FILE_NAME).read_bytes())
    assert kept["window.tab"] == 3
    second = open_it()
    assert second.window.current() is second.window.logs
    assert (second.window.width(), second.window.height()) == (777, 555)
    qtbot.waitUntil(lambda: second.window.logs.table.columnWidth(1) == 231)
    assert second.context.last_look.since is not None
    close(second)


@pytest.mark.parametrize(
    "content", [b"", b"[1]", b"\xff", b'{"window.tab": 99, "window.place": 3}', b"[" * 9_999]
)
def test_a_memory_that_is_damaged_is_done_without(qtbot, qapp, desk, tmp_path, content):
    path = tmp_path / FILE_NAME
    path.write_bytes(content)
    parts = build(desk, FakeLoop(), app=qapp, theme="light", memory=Memory(path))
    assert parts.window.current() is parts.window.info
    parts.shutdown()
    parts.window.deleteLater()


def test_ctrl_c_copies_the_row_with_its_headings(qtbot, window):
    window.tabs.setCurrentWidget(window.events)
    table = window.events.table
    rows(qtbot, table, 3)
    table.selectRow(1)
    table.setFocus()
    qtbot.keyClick(table, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    head, row = QGuiApplication.clipboard().text().splitlines()
    assert head.split("\t") == ["Event Id", "Object Id", "Email", "Created Date", "Status"]
    assert row.split("\t")[1:3] == ["1043", "kim..lee@example.com"]


def test_a_pasted_cell_is_no_formula(qtbot, open_window, desk):
    desk.emails[1043] = "=cmd|' /C calc'!A0@example.com"
    window = open_window(desk).window
    window.tabs.setCurrentWidget(window.events)
    rows(qtbot, window.events.table, 3)
    window.events.table.selectRow(1)
    window.events.table.copy_rows()
    assert "\t'=cmd" in QGuiApplication.clipboard().text()


def test_the_menu_of_a_row_offers_what_can_be_done(qtbot, window):
    window.tabs.setCurrentWidget(window.logs)
    table = window.logs.table
    rows(qtbot, table, 6)
    table.selectRow(1)
    table._open_menu(table.model().index(1, 0), table.mapToGlobal(table.rect().center()))
    menu = find(table, "menu_row")
    words = [action.text().replace("&", "") for action in menu.actions() if action.text()]
    assert words == ["View…", "Show Errors…", "Copy Rows with Headings", "Copy This Cell"]
    assert menu.actions()[1].isEnabled(), "the export has errors"
    menu.close()


def test_esc_takes_notices_away_and_nothing_else(qtbot, window):
    window.context.news.tell("Saved")
    window.info.notice.show_text(Tone.NEUTRAL, "Logged out")
    window.notice.show_text(Tone.WARNING, "The run waits")
    window.info.overall.setFocus()
    qtbot.keyClick(window, Qt.Key.Key_Escape)
    assert not window.toast.isVisible()
    assert window.notice.isVisible()
    qtbot.keyClick(window, Qt.Key.Key_Escape)
    assert not window.notice.isVisible()
    assert not window.info.notice.isVisible()
    assert window.isVisible()


@pytest.mark.parametrize("width", [640, 1600])
def test_pages_fit_a_narrow_window_and_are_bounded_in_a_wide_one(qtbot, window, width):
    window.resize(width, 480)
    assert window.width() == width
    for page in window.pages():
        window.tabs.setCurrentWidget(page)
        qtbot.wait(20)
        assert page.minimumSizeHint().width() <= 640, page.objectName()
    window.tabs.setCurrentWidget(window.settings)
    save = find(window, "btn_settings_save")
    assert save.isVisible()
    assert not save.visibleRegion().isEmpty(), "Save stays in view"
    assert find(window.info, "overall").width() <= 980


def test_a_narrow_window_keeps_the_columns_that_matter(qtbot, window):
    window.resize(640, 480)
    for page, matters in ((window.events, ("email", "status")), (window.logs, ("status", "date", "errors"))):
        window.tabs.setCurrentWidget(page)
        qtbot.waitUntil(lambda page=page: page.model.rowCount() > 0)
        table = page.table
        keys = [column.key for column in page.model.columns]
        for at in map(keys.index, matters):
            right = table.columnViewportPosition(at) + table.columnWidth(at)
            assert 0 < right <= table.viewport().width(), keys[at]


# Sync Logs


def test_only_runs_that_did_something_are_shown_by_default(qtbot, window):
    window.tabs.setCurrentWidget(window.logs)
    logs = window.logs
    rows(qtbot, logs.table, 6)
    count = find(logs, "lbl_logs_count", QLabel)
    qtbot.waitUntil(lambda: count.text() == "6 runs · 5 without changes not shown")
    logs.cmb_what.setCurrentIndex(1)
    rows(qtbot, logs.table, 11)
    logs.cmb_kind.setCurrentIndex(logs.cmb_kind.findData(RunKind.INBOUND.value))
    rows(qtbot, logs.table, 7)


def test_a_search_waits_for_the_typing_to_end_and_says_when_nothing_fits(qtbot, window, desk):
    window.tabs.setCurrentWidget(window.logs)
    rows(qtbot, window.logs.table, 6)
    desk.calls.clear()
    line = find(window, "inp_logs_search", QLineEdit)
    qtbot.keyClicks(line, "cannot be reached")
    rows(qtbot, window.logs.table, 1)
    asked = [about[0].text for name, about in desk.calls if name == "find_runs"]
    assert set(asked) == {"cannot be reached"}
    line.setText("nobody@example.com")
    rows(qtbot, window.logs.table, 0)
    qtbot.waitUntil(lambda: window.logs.table.accessibleDescription().startswith("No run found"))


def test_a_click_on_a_heading_sorts(qtbot, window, desk):
    window.tabs.setCurrentWidget(window.logs)
    table = window.logs.table
    rows(qtbot, table, 6)
    header = table.horizontalHeader()
    at = header.sectionViewportPosition(4) + 20
    qtbot.mouseClick(header.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(at, 10))
    qtbot.waitUntil(lambda: window.logs.query.sort.value == "total")
    rows(qtbot, table, 6)
    totals = [int(texts(table, row)[4].replace(",", "")) for row in range(6)]
    assert totals == sorted(totals, reverse=window.logs.query.descending)


# Events


def test_all_that_waits_is_tried_again_at_once(qtbot, window, desk, loop):
    window.tabs.setCurrentWidget(window.events)
    rows(qtbot, window.events.table, 3)
    click(qtbot, window, "btn_events_retry_all")
    qtbot.waitUntil(lambda: loop.requests == [(RunKind.EVENTS, False)])
    assert ("retry_all_events", 2) in desk.calls
    rows(qtbot, window.events.table, 3)
    qtbot.waitUntil(lambda: not find(window, "btn_events_retry_all").isVisible())


def test_an_event_leads_to_why(qtbot, window, desk):
    window.tabs.setCurrentWidget(window.events)
    rows(qtbot, window.events.table, 3)
    window.events.table.selectRow(1)
    assert find(window, "txt_event_who", WholeText).text() == "kim..lee@example.com"
    click(qtbot, window, "btn_event_why")
    asked = dialog(qtbot, window, "dlg_find_person")
    assert find(asked, "txt_find_who", QLineEdit).text() == "1043"
    asked.close()
