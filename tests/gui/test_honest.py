"""The window tells the truth about itself (design §5): what needs a person, checks, outages, messages."""

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from PySide6.QtCore import QPoint, QRect
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QAbstractButton, QLabel, QScrollArea

from ccdesk.core.errors import LoginNeeded, Refused, StoreError, Unreachable, VaultError
from ccdesk.core.runs import Progress, Run, RunKind, RunStatus, Trigger
from ccdesk.gui import formats, needs
from ccdesk.gui.components import news
from ccdesk.gui.tabs.checklist import done_steps
from ccdesk.gui.tabs.connection_card import STATES
from ccdesk.service.api import Connection, ConnectionState
from ccdesk.service.connections import secret_missing
from ccdesk.service.needs_you import Need, NeedKind
from tests.gui.fakes import NOW, connected_kibo, connected_mail, fresh_desk
from tests.gui.helpers import click, find


def text(parent, name):
    return find(parent, name, QLabel).text()


def state(info, name):
    return find(info, f"{name}_state").text()


# ---------------------------------------------------------------- needs you


@pytest.mark.parametrize("kind", NeedKind)
@pytest.mark.parametrize("count", [0, 1, 1_234])
@pytest.mark.parametrize("full", [True, False])
def test_the_window_has_words_and_a_button_for_every_kind(kind, count, full):
    need = Need(kind, count, NOW, "inbound", ("ann@example.com",)) if full else Need(kind, count)
    said = needs.words(need)
    assert said.line.endswith(".")
    assert said.button
    assert bool(said.place) != (said.run is not None)
    assert "None" not in said.line
    assert "ccdesk " not in said.line, "no words of the command line"


def test_every_button_leads_somewhere(parts):
    for kind in NeedKind:
        place = needs.words(Need(kind)).place
        if place:
            parts.window.go_to(place)


def test_what_needs_a_person_stands_on_top_with_one_button_each(qtbot, open_window, desk, loop):
    desk.needs = (
        Need(NeedKind.OWED, 20, NOW, people=("ann@example.com",)),
        Need(NeedKind.LATE, 2, NOW, "inbound"),
    )
    window = open_window(desk, loop).window
    card = find(window.info, "needs_you")
    assert card.isVisible()
    assert text(card, "lbl_need_0").startswith("20 people unsubscribed in Constant Contact, but Kibo has not")
    assert text(card, "lbl_need_1").startswith(
        "Unsubscribes could not be fetched from Constant Contact: the last 2"
    )
    assert text(card, "lbl_need_2") == "1 change needs your attention."
    assert "3 things need you" in text(window, "lbl_footer")
    click(qtbot, card, "btn_need_2")
    assert window.current() is window.events
    window.tabs.setCurrentIndex(0)
    button = click(qtbot, card, "btn_need_0")
    assert loop.requests == [(RunKind.INBOUND, False)]
    assert not button.isEnabled(), "it is asked for already"


def test_the_block_goes_when_nothing_needs_a_person_any_more(qtbot, parts, desk):
    card = find(parts.window.info, "needs_you")
    qtbot.waitUntil(card.isVisible)
    desk.queue = []
    parts.context.watch.refresh()
    qtbot.waitUntil(lambda: not card.isVisible())


def test_that_nobody_ran_the_loops_is_not_said_by_the_window_that_runs_them(open_window, desk):
    desk.queue, desk.needs = [], (Need(NeedKind.LATE, 0, NOW, "inbound"),)
    assert not find(open_window(desk).window.info, "needs_you").isVisible()


# ---------------------------------------------------------------- checking


def test_a_check_is_seen_and_its_age_afterwards(qtbot, parts, desk, monkeypatch):
    info = parts.window.info
    assert text(info, "lbl_checked") == "Checked just now"
    monkeypatch.setattr("ccdesk.gui.watch.SLOW_MS", 50)
    desk.gate["status"] = threading.Event()
    click(qtbot, info, "btn_check")
    assert text(info, "lbl_checked") == "Checking…"
    assert state(info, "card_kibo") == "Checking…", "the old green is not known to be true"
    qtbot.waitUntil(lambda: text(info, "lbl_checked") == "No answer yet, trying again…")
    assert state(info, "card_constant_contact") == "No answer yet"
    desk.gate["status"].set()
    qtbot.waitUntil(lambda: text(info, "lbl_checked") == "Checked just now")
    assert state(info, "card_kibo") == "Connected"
    parts.context.watch.checked_at = datetime.now(UTC) - timedelta(minutes=2, seconds=5)
    info.check_line._show()
    assert text(info, "lbl_checked") == "Checked 2 minutes ago"


def test_a_check_asked_for_during_another_is_seen_until_it_is_answered(qtbot, parts, desk):
    info, watch = parts.window.info, parts.context.watch
    first, second = threading.Event(), threading.Event()
    desk.gate["status"] = first
    watch.check()
    qtbot.waitUntil(lambda: watch._live._busy)
    watch.check()  # as after a run that failed
    desk.gate["status"] = second
    with qtbot.waitSignal(watch.answered):
        first.set()
    assert text(info, "lbl_checked") == "Checking…"
    assert state(info, "card_kibo") == "Checking…", "what the first one said is asked again"
    second.set()
    qtbot.waitUntil(lambda: text(info, "lbl_checked") == "Checked just now")


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-5, "just now"),
        (59, "just now"),
        (60, "1 minute ago"),
        (3_599, "59 minutes ago"),
        (3_600, "1 hour ago"),
        (86_399, "23 hours ago"),
        (200_000, "2 days ago"),
    ],
)
def test_ago(seconds, words):
    assert formats.ago(timedelta(seconds=seconds)) == words


def test_f5_on_info_checks_too(qtbot, parts, desk):
    desk.calls.clear()
    parts.window.findChild(QAction, "act_refresh").trigger()
    assert text(parts.window.info, "lbl_checked") == "Checking…"
    qtbot.waitUntil(lambda: ("status", True) in desk.calls)


# ---------------------------------------------------------------- outages


def test_an_outage_keeps_what_is_known_and_offers_to_try_again(qtbot, open_window, desk):
    desk.kibo = replace(connected_kibo(), state=ConnectionState.FAILED, error=Unreachable())
    desk.mail = replace(connected_mail(), state=ConnectionState.FAILED, error=Unreachable())
    parts = open_window(desk)
    info = parts.window.info
    assert not info.checklist.isVisible(), "no step is undone by an outage"
    assert text(info, "card_kibo_since") == "November 6th 2015, 11:05:00 am"
    assert text(info, "card_constant_contact_expires") == "May 4th 2016, 11:05:00 am"
    assert find(info, "btn_login").property("primary") is False
    desk.kibo, desk.mail = connected_kibo(), connected_mail()
    click(qtbot, info, "card_kibo_try")
    qtbot.waitUntil(lambda: state(info, "card_kibo") == "Connected")
    assert not find(info, "card_kibo_try").isVisible()


def test_a_connection_that_never_was_is_no_step_done(parts):
    snapshot = parts.context.watch.snapshot
    for failed in (
        Connection(ConnectionState.FAILED, error=Refused()),
        Connection(ConnectionState.FAILED, "Mystic", error=secret_missing()),
    ):
        undone = replace(snapshot, status=replace(snapshot.status, kibo=failed))
        assert done_steps(undone)["kibo"] is False


# ---------------------------------------------------------------- the keyring


def test_what_needs_no_keyring_is_shown_while_it_waits_for_a_password(qtbot, open_window, desk, monkeypatch):
    monkeypatch.setattr("ccdesk.gui.watch.VAULT_SLOW_MS", 50)
    desk.gate["status"] = threading.Event()
    parts = open_window(desk, start=False)
    parts.start()
    info = parts.window.info
    qtbot.waitUntil(lambda: text(info, "lbl_calls").startswith("1,234 of 10,000"))
    assert text(info, "card_kibo_name") == "Mystic Outdoors DEV"
    assert find(info, "chk_enabled").isChecked()
    assert not info.checklist.isVisible()
    qtbot.waitUntil(lambda: "keyring" in text(info, "lbl_checked"))
    assert "contact_lists" not in desk.names(), "that would wait for the keyring as well"
    desk.gate["status"].set()
    qtbot.waitUntil(lambda: text(info, "lbl_checked") == "Checked just now")
    qtbot.waitUntil(lambda: "contact_lists" in desk.names())


# ---------------------------------------------------------------- messages


@pytest.mark.parametrize("size", [(900, 640), (780, 440)])
@pytest.mark.parametrize("tab", range(5))
def test_a_success_covers_no_button_or_field(qtbot, parts, tab, size):
    window = parts.window
    window.resize(*size)
    window.tabs.setCurrentIndex(tab)
    settings = window.settings
    settings.chk_welcome.click()  # Discard appears beside Save
    settings.findChild(QScrollArea).verticalScrollBar().setValue(10_000)
    window.context.news.tell(
        "Saved", "Contact List Name is now “Spring sale”.\nSent from “owner@example.com”."
    )
    toast = find(window, "toast")
    place = toast.geometry()
    covered = [
        one.objectName()
        for one in window.tabs.findChildren(QAbstractButton)
        if one.isVisible()
        and QRect(one.mapTo(window, QPoint()), one.size()).intersects(place)
        and not one.visibleRegion().isEmpty()
    ]
    assert covered == []
    assert window.rect().contains(place)


def test_a_success_goes_down_again_where_another_tab_leaves_it_room(qtbot, parts):
    window = parts.window
    window.tabs.setCurrentWidget(window.settings)
    window.settings.chk_welcome.click()
    window.settings.findChild(QScrollArea).verticalScrollBar().setValue(10_000)
    window.context.news.tell(
        "Saved", "\n".join(["Contact List Name is now “Spring sale of this year and the next”."] * 5)
    )
    toast = find(window, "toast")
    above_the_buttons = toast.y()
    window.tabs.setCurrentWidget(window.sync)
    assert toast.y() > above_the_buttons


def test_a_success_is_a_toast_that_goes_by_itself(qtbot, parts, monkeypatch):
    monkeypatch.setattr("ccdesk.gui.components.news.TOAST_MS", 50)
    before = find(parts.window, "tabs").geometry()
    parts.context.news.tell("Saved", "Contact List Name is now “Spring”.")
    toast = find(parts.window, "toast")
    assert toast.isVisible()
    assert find(parts.window, "tabs").geometry() == before, "nothing moves"
    assert parts.window.rect().contains(toast.geometry())
    assert toast.text.height() >= toast.text.heightForWidth(toast.text.width()), "no line is cut"
    parts.window.resize(790, 460)
    qtbot.waitUntil(lambda: parts.window.rect().contains(toast.geometry()) or not toast.isVisible())
    qtbot.waitUntil(lambda: not toast.isVisible())


def test_a_newer_state_replaces_the_notice_about_its_subject(qtbot, parts):
    window = parts.window
    parts.bridge.run_failed(RunKind.INBOUND, LoginNeeded())
    window.settings.show_error(LoginNeeded())
    qtbot.waitUntil(window.notice.isVisible)
    parts.context.news.tell("Logged in to Constant Contact as Mystic", subject=news.LOGIN)
    assert not window.notice.isVisible()
    assert window.settings.notice.isHidden()


def test_a_check_that_finds_all_well_ends_what_was_said_of_the_services(qtbot, parts):
    window = parts.window
    window.settings.show_error(Unreachable())
    window.info.kibo_form.notice.show_error(Refused(), subject="kibo form")
    parts.context.watch.check()
    qtbot.waitUntil(lambda: window.settings.notice.isHidden())
    assert not window.info.kibo_form.notice.isHidden(), "that was about values not saved yet"


def test_a_run_that_ends_well_ends_only_what_was_said_of_its_kind(qtbot, parts):
    notice = parts.window.notice
    parts.bridge.run_failed(RunKind.EXPORT, Unreachable())
    qtbot.waitUntil(notice.isVisible)
    for kind, still in ((RunKind.INBOUND, True), (RunKind.EXPORT, False)):
        parts.bridge.run_finished(Run(1, kind, Trigger.SCHEDULED, RunStatus.COMPLETE, NOW, NOW))
        qtbot.wait(20)
        assert notice.isVisible() is still


def test_a_notice_of_the_window_does_not_move_the_tabs(qtbot, parts):
    bar = parts.window.tabs.tabBar()
    before = bar.mapTo(parts.window, bar.rect().topLeft())
    parts.bridge.run_failed(RunKind.EXPORT, Unreachable())
    qtbot.waitUntil(parts.window.notice.isVisible)
    qtbot.wait(20)
    assert bar.mapTo(parts.window, bar.rect().topLeft()) == before


def test_a_first_start_needs_nobody_and_says_what_is_not_set_up(open_window):
    info = open_window(fresh_desk()).window.info
    assert not find(info, "needs_you").isVisible()
    assert state(info, "card_kibo") == STATES[ConnectionState.NOT_SET_UP][0]


# ---------------------------------------------------------------- starting


def test_a_start_names_its_phase_counts_the_tries_and_shows_the_time_passed(qtbot, parts, monkeypatch):
    page = parts.window.sync.to_page
    monitor = parts.context.monitor
    parts.window.go_to("export")
    parts.bridge.run_started(RunKind.EXPORT, Trigger.MANUAL)
    qtbot.waitUntil(lambda: text(page, "lbl_sync_phase") == "Starting…")
    parts.bridge.progress(Progress(7, RunKind.EXPORT, "Connecting to Constant Contact"))
    qtbot.waitUntil(lambda: text(page, "lbl_sync_phase") == "Connecting to Constant Contact")
    silent = {"silent": "Kibo", "tries": 2, "pause": 8.4}
    parts.bridge.progress(Progress(7, RunKind.EXPORT, "Reading customers from Kibo", **silent))
    expected = "No answer from Kibo (2 tries), trying again in 8 s"
    qtbot.waitUntil(lambda: text(page, "lbl_sync_detail") == expected)
    monitor.started_at -= 75
    monitor.told_at -= 5
    page._second.timeout.emit()
    assert text(page, "lbl_sync_time").startswith("1 min 1")
    assert text(page, "lbl_sync_detail") == "No answer from Kibo (2 tries), trying again in 3 s"
    monitor.told_at -= 5
    page._second.timeout.emit()
    assert text(page, "lbl_sync_detail").endswith("trying again now")
    parts.bridge.progress(Progress(7, RunKind.EXPORT, "Reading customers from Kibo", 200, read=200))
    qtbot.waitUntil(lambda: "200 read" in text(page, "lbl_sync_detail"))
    parts.bridge.run_finished(Run(7, RunKind.EXPORT, Trigger.MANUAL, RunStatus.COMPLETE, NOW, NOW))
    qtbot.waitUntil(lambda: not page._second.isActive())


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(-1, "0 s"), (59.9, "59 s"), (60, "1 min 0 s"), (3_599, "59 min 59 s"), (7_500, "2 h 5 min")],
)
def test_duration(seconds, words):
    assert formats.duration(seconds) == words


@pytest.mark.parametrize("error", [VaultError(), Unreachable(), LoginNeeded()])
def test_a_failed_login_is_not_over_because_the_former_one_still_answers(qtbot, parts, desk, error):
    info = parts.window.info
    desk.fail["log_in"] = error
    find(info, "btn_login").click()
    qtbot.waitUntil(lambda: not info.notice.isHidden())
    with qtbot.waitSignal(parts.context.watch.answered):
        parts.context.watch.check()
    assert not info.notice.isHidden()
    desk.fail.clear()
    find(info, "btn_login").click()
    qtbot.waitUntil(lambda: "Logged in" in parts.window.toast.title.text())
    assert info.notice.isHidden()


def test_a_failed_save_is_not_over_because_reading_works(qtbot, parts):
    window = parts.window
    for error in (StoreError(), Unreachable()):
        window.settings.show_failure(error)
        for is_read in (parts.context.watch.changed, parts.context.watch.answered):
            with qtbot.waitSignal(is_read):
                parts.context.watch.check()
                parts.context.watch.refresh()
        assert not window.settings.notice.isHidden()
