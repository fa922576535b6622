import re
import threading
from dataclasses import replace

import pytest
from PySide6.QtCore import Qt, QUrl
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QComboBox,
    QLabel,
    QLineEdit,
    QTableView,
    QTextBrowser,
    QWidget,
)

from ccdesk.core.errors import (
    Busy,
    CcdeskError,
    ConfirmNeeded,
    ListGone,
    LoginNeeded,
    StoreError,
    Unreachable,
)
from ccdesk.core.runs import Run, RunKind, RunStatus, Trigger
from ccdesk.gui import assets
from tests.gui.fakes import NOW, play_failure
from tests.gui.helpers import click, dialog, find

# Others drive the window by these names: they stay.
NAMES = """
tabs tab_info tab_settings tab_sync tab_sync_logs tab_events btn_help btn_login btn_logout
btn_compare btn_find
btn_login_cancel btn_login_copy btn_check btn_kibo_test btn_kibo_save btn_kibo_advanced inp_kibo_home_url
inp_kibo_tenant_id inp_kibo_app_key inp_kibo_secret inp_kibo_tenant_url inp_cc_client_id inp_cc_api_url
inp_cc_auth_url chk_enabled card_kibo_state card_constant_contact_state lbl_calls lbl_version
btn_step_kibo btn_step_login btn_step_list btn_step_export btn_step_enable cmb_contact_list
inp_contact_list chk_welcome cmb_from_email btn_settings_save btn_settings_discard lbl_unsaved btn_to_cc
btn_from_cc btn_sync_contacts btn_sync_cancel bar_sync lbl_sync_phase lbl_sync_detail lbl_last_export
btn_last_export_view btn_last_export_errors tbl_inbound lbl_inbound_next btn_inbound_now tbl_logs
btn_logs_refresh btn_logs_view btn_logs_errors tbl_events lbl_events_next btn_events_refresh
btn_events_process btn_event_retry chk_events_processed notice_window notice_info notice_settings
notice_sync notice_sync_logs notice_events lbl_footer
"""


def texts_of(notice):
    return notice.title.text(), notice.text.text()


def test_title_and_tabs_are_as_in_the_seed(window):
    assert window.windowTitle() == "Constant Contact Settings"
    titles = [window.tabs.tabText(n) for n in range(window.tabs.count())]
    assert titles == ["Info", "Settings", "Sync", "Sync Logs", "Events"]
    assert find(window, "btn_help").text() == "?"
    assert window.tabs.cornerWidget(Qt.Corner.TopRightCorner) is find(window, "btn_help")


def test_names_others_rely_on(window):
    for name in NAMES.split():
        assert len(window.findChildren(QWidget, name)) == 1, name


def test_every_control_has_a_name_for_screen_readers_and_for_tests(window):
    kinds = (QAbstractButton, QComboBox, QLineEdit, QTableView)
    for control in (w for kind in kinds for w in window.findChildren(kind)):
        inner = control.objectName().startswith("qt_") or isinstance(control.parent(), QTableView)
        if inner or control.metaObject().className() == "CloseButton":
            continue
        assert control.objectName(), control
        named = control.accessibleName() or (isinstance(control, QAbstractButton) and control.text())
        assert named, control.objectName()


def test_keys_lead_through_the_tabs(qtbot, window):
    for number, page in enumerate(window.pages(), start=1):
        qtbot.keyClick(window, Qt.Key(Qt.Key.Key_0 + number), Qt.KeyboardModifier.ControlModifier)
        assert window.current() is page


def test_ctrl_comma_leads_to_the_settings(qtbot, window):
    qtbot.keyClick(window, Qt.Key.Key_Comma, Qt.KeyboardModifier.ControlModifier)
    assert window.current() is window.settings


def test_ctrl_w_closes_the_window_and_asks_first_while_enabled(qtbot, window):
    qtbot.keyClick(window, Qt.Key.Key_W, Qt.KeyboardModifier.ControlModifier)
    question = dialog(qtbot, window, "dlg_quit")
    assert window.isVisible()
    qtbot.keyClick(question, Qt.Key.Key_Escape)
    assert window.isVisible()


def test_f5_refreshes_the_tab_in_front(qtbot, window, desk):
    for place, call in (("logs", "find_runs"), ("events", "look_for_events"), ("list", "contact_lists")):
        window.go_to(place)
        desk.calls.clear()
        qtbot.keyClick(window, Qt.Key.Key_F5)
        qtbot.waitUntil(lambda call=call: call in desk.names())


def test_f1_and_the_button_open_the_help_at_the_tab(qtbot, window):
    window.go_to("events")
    qtbot.keyClick(window, Qt.Key.Key_F1)
    help_dialog = dialog(qtbot, window, "dlg_help")
    browser = find(help_dialog, "txt_help", QTextBrowser)
    at_events = browser.verticalScrollBar().value()
    assert at_events > 0
    assert "Splitting them into contact lists by site is not supported." in browser.toPlainText()
    qtbot.keyClick(help_dialog, Qt.Key.Key_Escape)
    assert not help_dialog.isVisible()
    window.tabs.setCurrentIndex(0)
    click(qtbot, window, "btn_help")
    assert browser.verticalScrollBar().value() < at_events


def test_the_help_is_the_guide_and_can_be_searched(qtbot, window):
    qtbot.keyClick(window, Qt.Key.Key_F1)
    shown = dialog(qtbot, window, "dlg_help")
    browser = find(shown, "txt_help", QTextBrowser)
    search = find(shown, "inp_help_search", QLineEdit)
    assert not find(shown, "btn_help_next").isEnabled()
    qtbot.keyClicks(search, "draft")
    places = []
    for _ in range(40):
        places.append(browser.textCursor().position())
        assert browser.textCursor().selectedText().lower() == "draft"
        qtbot.keyClick(search, Qt.Key.Key_Return)
        if browser.textCursor().position() == places[0]:
            break
    assert len(places) > 1, "after the last place comes the first"
    qtbot.keyClicks(search, " of nothing that is there")
    assert find(shown, "lbl_help_found").text() == "Not found"


def test_every_tab_and_every_link_has_its_part_in_the_guide(qtbot, window):
    text = assets.text("guide.md")
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    parts = {re.sub(r"\W+", "-", one.lower()).strip("-") for one in headings}
    links = set(re.findall(r"\]\(#([^)]+)\)", text))
    assert len(links) > 8
    assert links <= parts
    assert {page.help_part for page in window.pages()} <= parts
    qtbot.keyClick(window, Qt.Key.Key_F1)
    shown = dialog(qtbot, window, "dlg_help")
    browser = find(shown, "txt_help", QTextBrowser)
    browser.anchorClicked.emit(QUrl("#keys"))
    assert browser.verticalScrollBar().value() > 0


@pytest.mark.parametrize("place", ["login", "list", "export", "inbound", "logs", "events"])
def test_tab_reaches_every_control_of_a_page(qtbot, window, place):
    window.activateWindow()
    window.go_to(place)
    wanted = {
        w.objectName()
        for kind in (QAbstractButton, QComboBox, QLineEdit, QTableView)
        for w in window.current().findChildren(kind)
        if w.isVisible() and w.isEnabled() and w.focusPolicy() & Qt.FocusPolicy.TabFocus and w.objectName()
    } - {"btn_to_cc", "btn_from_cc", "inp_contact_list"}  # one of a group, and the part of a combo box
    seen = set()
    for _ in range(60):
        window.focusNextChild()
        focused = QApplication.focusWidget()
        seen.add(focused.objectName() if focused else "")
    assert wanted <= seen, wanted - seen


def test_no_two_mnemonics_are_the_same_on_one_page(window):
    find(window, "btn_kibo_advanced").click()
    for place in ("login", "list", "export", "inbound", "logs", "events"):
        window.go_to(place)
        letters = [
            w.text()[w.text().index("&") + 1].lower()
            for kind in (QAbstractButton, QLabel)
            for w in window.current().findChildren(kind)
            if w.isVisible() and "&" in w.text() and (not isinstance(w, QLabel) or w.buddy())
        ]
        assert len(letters) == len(set(letters)), (place, sorted(letters))


def test_the_footer_says_whether_anything_runs_by_itself(qtbot, open_window, desk, window):
    assert find(window, "lbl_footer").text() == "Enabled · next run: 12/16/2015 · 1 thing needs you"
    desk.stored["enabled"] = "false"
    other = open_window(desk).window
    assert find(other, "lbl_footer").text() == "Off: nothing syncs automatically · 1 thing needs you"
    desk.queue.clear()
    other.context.watch.refresh()
    qtbot.waitUntil(lambda: find(other, "lbl_footer").text() == "Off: nothing syncs automatically")


def test_a_scheduled_run_that_needs_a_person_asks_without_interrupting(qtbot, parts, loop):
    window = parts.window
    parts.bridge.run_failed(
        RunKind.INBOUND,
        ConfirmNeeded("120 of 400 people would be opted out", meaning="That is more than 20 %."),
    )
    qtbot.waitUntil(lambda: window.notice.isVisible())
    assert texts_of(window.notice) == (
        "From Constant Contact: 120 of 400 people would be opted out",
        "That is more than 20 %.",
    )
    click(qtbot, window, "notice_window_action")
    question = dialog(qtbot, window, "dlg_confirm_run")
    assert loop.requests == []
    click(qtbot, question, "btn_question_yes")
    assert loop.requests == [(RunKind.INBOUND, True)]


def test_a_run_asked_for_by_hand_asks_at_once_and_no_changes_nothing(qtbot, window, loop):
    loop.scripts[RunKind.INBOUND] = play_failure(RunKind.INBOUND, ConfirmNeeded())
    window.go_to("inbound")
    click(qtbot, window, "btn_inbound_now")
    question = dialog(qtbot, window, "dlg_confirm_run")
    click(qtbot, question, "btn_question_no")
    assert loop.requests == [(RunKind.INBOUND, False)]


def test_a_question_is_not_asked_twice_at_once(qtbot, parts):
    for _ in range(2):
        parts.window._ask_to_go_on(RunKind.INBOUND, ConfirmNeeded())
    assert len([d for d in parts.window.findChildren(QWidget, "dlg_confirm_run") if d.isVisible()]) == 1


def test_a_run_without_a_login_leads_to_the_button(qtbot, parts):
    parts.window.go_to("events")
    parts.bridge.run_failed(RunKind.EVENTS, LoginNeeded())
    qtbot.waitUntil(lambda: parts.window.notice.isVisible())
    click(qtbot, parts.window, "notice_window_action")
    assert find(parts.window, "btn_login").hasFocus()
    assert not parts.window.notice.isVisible()


def test_a_login_takes_the_call_for_one_back_and_nothing_else(qtbot, parts):
    parts.bridge.run_failed(RunKind.EVENTS, LoginNeeded())
    qtbot.waitUntil(parts.window.notice.isVisible)
    parts.window.info.login_card.logged_in.emit()
    assert not parts.window.notice.isVisible()
    parts.bridge.run_failed(RunKind.EVENTS, Unreachable())
    qtbot.waitUntil(parts.window.notice.isVisible)
    parts.window.info.login_card.logged_in.emit()
    assert parts.window.notice.isVisible()


def test_a_list_that_is_gone_leads_to_the_settings(qtbot, parts):
    parts.bridge.run_failed(RunKind.EVENTS, ListGone())
    qtbot.waitUntil(parts.window.notice.isVisible)
    click(qtbot, parts.window, "notice_window_action")
    assert parts.window.current() is parts.window.settings


def test_data_that_cannot_be_read_is_said_on_every_tab_until_it_can(qtbot, parts, desk):
    parts.window.go_to("logs")
    desk.fail["status"] = StoreError("The data file is missing")
    parts.context.watch.refresh()
    words = "The data file is missing: what is shown may be out of date"
    qtbot.waitUntil(lambda: find(parts.window, "lbl_footer").text() == words)
    assert not parts.window.info.notice.isHidden()
    del desk.fail["status"]
    parts.context.watch.refresh()
    qtbot.waitUntil(lambda: find(parts.window, "lbl_footer").text().startswith("Enabled"))
    assert parts.window.info.notice.isHidden()


def test_a_run_that_asks_a_person_is_not_left_running_in_the_tables(qtbot, parts, desk):
    window, first = parts.window, desk.all_runs[0]
    window.go_to("inbound")
    desk.all_runs[0] = replace(first, status=RunStatus.RUNNING)
    parts.bridge.run_started(RunKind.INBOUND, Trigger.SCHEDULED)
    for table in (window.sync.from_page.table, window.logs.table):
        qtbot.waitUntil(lambda t=table: t.model().index(0, 0).data() in ("Running", "RUNNING"))
    desk.all_runs[0] = replace(first, status=RunStatus.FAILED)
    parts.bridge.run_failed(RunKind.INBOUND, ConfirmNeeded())
    for table in (window.sync.from_page.table, window.logs.table):
        qtbot.waitUntil(lambda t=table: t.model().index(0, 0).data() in ("Failed", "FAILED"))


@pytest.mark.parametrize(
    ("run", "title"),
    [
        (Run(1, RunKind.EVENTS, Trigger.SCHEDULED, RunStatus.FAILED, NOW, message="No."), "the run failed"),
        (
            Run(1, RunKind.EVENTS, Trigger.SCHEDULED, RunStatus.FAILED, NOW, failure=Unreachable()),
            "The service cannot be reached",
        ),
        (Run(1, RunKind.EXPORT, Trigger.MANUAL, RunStatus.WAITING, NOW, message="Quota."), "the run waits"),
    ],
)
def test_runs_that_end_badly_are_told(qtbot, parts, run, title):
    parts.bridge.run_finished(run)
    qtbot.waitUntil(lambda: parts.window.notice.isVisible())
    assert title in parts.window.notice.title.text()


def test_a_scheduled_run_that_finds_the_data_in_use_comes_again_without_a_word(qtbot, parts):
    with qtbot.waitSignal(parts.context.monitor.failed):
        parts.bridge.run_failed(RunKind.EVENTS, Busy())
    assert not parts.window.notice.isVisible()


def test_a_failure_is_taken_back_when_the_next_run_of_its_kind_is_well(qtbot, parts):
    notice = parts.window.notice
    parts.bridge.run_failed(RunKind.EVENTS, Unreachable())
    qtbot.waitUntil(notice.isVisible)
    well = Run(2, RunKind.EVENTS, Trigger.SCHEDULED, RunStatus.COMPLETE, NOW)
    with qtbot.waitSignal(parts.bridge.finished):
        parts.bridge.run_finished(replace(well, kind=RunKind.INBOUND))
    assert notice.isVisible()
    parts.bridge.run_finished(well)
    qtbot.waitUntil(lambda: not notice.isVisible())


def test_the_footer_names_another_program_at_work(qtbot, parts, desk):
    desk.running = "inbound (process 1 on shop, since 2015-12-16 11:00 UTC)"
    parts.context.watch.refresh()
    words = (
        "Another program works on the same data: "
        "From Constant Contact (on shop, since December 16th 2015, 11:00:00 am)"
    )
    qtbot.waitUntil(lambda: find(parts.window, "lbl_footer").text() == words)


def test_a_button_that_is_disabled_hands_the_keyboard_to_something_harmless(qtbot, parts, desk):
    window = parts.window
    window.activateWindow()
    desk.gate["log_in"] = threading.Event()
    window.go_to("login")
    qtbot.keyClick(find(window, "btn_login"), Qt.Key.Key_Space)
    assert find(window, "btn_login_cancel").hasFocus()
    qtbot.keyClick(find(window, "btn_login_cancel"), Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: find(window, "btn_login").hasFocus())
    window.go_to("events")
    refresh = find(window, "btn_events_refresh")
    refresh.setFocus()
    qtbot.keyClick(refresh, Qt.Key.Key_Space)
    assert window.events.table.hasFocus()


def test_errors_nobody_waits_for_are_shown(qtbot, parts):
    def work():
        raise CcdeskError("Out of the blue", detail="a.b")

    parts.tasks.run(parts.window, work)
    qtbot.waitUntil(lambda: parts.window.notice.title.text() == "Out of the blue")


def test_dialogs_close_with_escape(qtbot, parts, desk):
    window = parts.window
    for opener, name in ((window.logs._open_run, "dlg_run"), (window.logs._open_errors, "dlg_errors")):
        opener(desk.get_run(900))
        opened = dialog(qtbot, window, name)
        qtbot.keyClick(opened, Qt.Key.Key_Escape)
        assert not opened.isVisible()


def test_the_window_never_asks_the_desk_from_the_gui_thread(qtbot, window, desk):
    for place in ("login", "list", "export", "inbound", "logs", "events"):
        window.go_to(place)
    qtbot.waitUntil(lambda: {"runs", "events", "contact_lists", "senders"} <= set(desk.names()))
    assert threading.main_thread().ident not in desk.threads


def test_long_names_are_cut_and_shown_whole_in_the_tooltip(open_window, desk):
    desk.kibo = replace(desk.kibo, name="Mystic Outdoors " * 10)
    window = open_window(desk).window
    assert find(window, "card_kibo_name").toolTip() == "Mystic Outdoors " * 10
    assert find(window, "card_kibo_who").toolTip() == ""


@pytest.mark.parametrize("size", [(900, 600), (780, 440)])
def test_nothing_is_cut_off_sideways(qtbot, window, size):
    window.resize(*size)
    for place in ("login", "list", "export", "inbound", "logs", "events"):
        window.go_to(place)
        page = window.current()
        for button in page.findChildren(QAbstractButton):
            if button.isVisible() and button.objectName():
                right = button.mapTo(page, button.rect().topRight()).x()
                assert right <= page.width(), button.objectName()
                assert button.width() >= button.minimumSizeHint().width(), button.objectName()
