import threading
from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QLabel, QLineEdit

from ccdesk.core.errors import LoginNeeded, Refused, Unreachable, VaultError
from ccdesk.core.runs import Run, RunKind, RunStatus, Trigger
from ccdesk.gui.tabs.checklist import done_steps
from ccdesk.service.api import AccountChanged, Connection, ConnectionState
from tests.gui.fakes import NOT_SET_UP, NOW, connected_kibo, connected_mail, fresh_desk, ready_desk
from tests.gui.helpers import click, dialog, find


@pytest.fixture
def info(window):
    return unfold(window.info)


@pytest.fixture
def unfolded(window):
    """The window with what can be done about both connections in sight."""
    unfold(window.info)
    return window


def unfold(info):
    for card in ("card_kibo", "card_constant_contact"):
        fold = find(info, f"{card}_fold")
        if fold.isVisible() and not fold.isChecked():
            fold.click()
    return info


def state(info, name):
    return find(info, f"{name}_state").text()


def value(info, name):
    return find(info, name, QLabel).text()


def type_into(qtbot, info, name, text):
    line = find(info, name, QLineEdit)
    line.clear()
    qtbot.keyClicks(line, text)
    return line


def test_both_connections_show_state_names_and_dates(info):
    assert state(info, "card_kibo") == "Connected"
    assert state(info, "card_constant_contact") == "Connected"
    assert value(info, "card_kibo_name") == "Mystic Outdoors DEV"
    assert value(info, "card_constant_contact_name") == "Mystic Outdoors"
    assert value(info, "card_constant_contact_who") == "ada@example.com"
    assert value(info, "card_constant_contact_since") == "November 6th 2015, 11:05:00 am"
    assert value(info, "card_constant_contact_expires") == "May 4th 2016, 11:05:00 am"


def test_calls_and_version(info):
    assert value(info, "lbl_calls") == (
        "1,234 of 10,000 used, 8,766 left · resets at 12:00 AM · 1,000 reserved for unsubscribes"
    )
    origins = value(info, "lbl_call_origins")
    assert origins == "Exports 1,010 · automatic sync 180 · this window 44"
    assert value(info, "lbl_version").startswith("ccdesk 0.1.0 · data in /home/ada")


def test_once_only_the_reserve_is_left_it_says_what_that_means(open_window, desk):
    desk.used = {"export": 9_100}
    info = open_window(desk).window.info
    assert value(info, "lbl_calls").startswith("9,100 of 10,000 used, 900 left · ")
    assert "reserved for unsubscribes" in value(info, "lbl_call_origins")
    bar = find(info, "bar_calls")
    assert (bar.property("tone"), bar.part) == ("warning", 0.91)


def test_the_services_are_asked_once_the_window_is_there(parts, desk):
    assert ("status", True) in desk.calls
    assert threading.main_thread().ident not in desk.threads


def test_a_connection_that_failed_says_why(open_window, desk):
    desk.kibo = Connection(ConnectionState.FAILED, "Mystic", error=Refused(meaning="The secret is wrong."))
    info = open_window(desk).window.info
    assert state(info, "card_kibo") == "Failed"
    assert "The secret is wrong." in value(info, "card_kibo_error")


def test_logging_in_goes_through_the_browser(qtbot, open_window, desk, opened, loop):
    desk.mail = Connection(ConnectionState.LOGIN_NEEDED)
    desk.gate["log_in"] = threading.Event()
    window = open_window(desk, loop).window
    info = window.info
    assert state(info, "card_constant_contact") == "Login needed"
    button = click(qtbot, info, "btn_login")
    qtbot.waitUntil(lambda: "Waiting for the browser" in value(info, "lbl_login_waiting"))
    assert opened == ["http://127.0.0.1:5000/oauth2/authorize?state=x"]
    assert not button.isEnabled()
    click(qtbot, info, "btn_login_copy")
    assert QGuiApplication.clipboard().text() == opened[0]
    desk.gate["log_in"].set()
    qtbot.waitUntil(lambda: state(info, "card_constant_contact") == "Connected")
    assert window.toast.title.text() == "Logged in to Constant Contact as Mystic Outdoors"
    assert not find(info, "login_waiting").isVisible()
    assert loop.woken


def test_waiting_for_the_browser_can_be_cancelled(qtbot, open_window, desk):
    desk.mail = Connection(ConnectionState.LOGIN_NEEDED)
    desk.gate["log_in"] = threading.Event()
    window = open_window(desk).window
    info = window.info
    click(qtbot, info, "btn_login")
    qtbot.waitUntil(lambda: "Waiting" in value(info, "lbl_login_waiting"))
    click(qtbot, info, "btn_login_cancel")
    qtbot.waitUntil(lambda: window.toast.title.text() == "The login was cancelled")
    assert find(info, "btn_login").isEnabled()


def test_a_browser_that_does_not_open_is_said(qtbot, open_window, desk):
    desk.gate["log_in"] = threading.Event()
    parts = open_window(desk)
    object.__setattr__(parts.context, "open_url", lambda _url: False)
    info = unfold(parts.window.info)
    click(qtbot, info, "btn_login")
    qtbot.waitUntil(lambda: "could not be opened" in value(info, "lbl_login_waiting"))
    parts.shutdown()  # cancels the waiting login, or this would hang


@pytest.mark.parametrize(("answer", "call"), [("yes", "accept_login"), ("no", "reject_login")])
def test_another_account_is_asked_about(qtbot, unfolded, desk, answer, call):
    desk.fail["log_in"] = AccountChanged(meaning="This login belongs to “Other”.")
    click(qtbot, unfolded.info, "btn_login")
    question = dialog(qtbot, unfolded, "dlg_other_account")
    click(qtbot, question, f"btn_question_{answer}")
    qtbot.waitUntil(lambda: call in desk.names())


def test_a_failed_login_is_told_with_its_next_step(qtbot, unfolded, desk):
    desk.fail["log_in"] = VaultError(detail="no such bus")
    click(qtbot, unfolded.info, "btn_login")
    notice = unfolded.info.notice
    qtbot.waitUntil(lambda: notice.isVisible())
    assert notice.title.text() == "The system's keyring cannot be used"
    assert "protected file" in notice.text.text()
    assert "CCDESK_VAULT" not in notice.text.text()
    assert not notice.details.isVisible()
    notice.fold.click()
    assert notice.details.toPlainText() == "VaultError\nno such bus"
    notice.close_button.click()
    assert not notice.isVisible()


def test_logging_out(qtbot, unfolded, desk):
    click(qtbot, unfolded.info, "btn_logout")
    qtbot.waitUntil(lambda: state(unfolded.info, "card_constant_contact") == "Login needed")
    assert "log_out" in desk.names()
    told = unfolded.info.notice.text.text()
    assert "until you log in again" in told
    assert "withdrawn the login" in told
    assert "Kibo shared secret is still kept" in told
    assert find(unfolded.info, "btn_kibo_remove_secret").text().replace("&", "") in told


def test_the_kibo_secret_can_be_removed(qtbot, unfolded, desk):
    click(qtbot, unfolded.info, "btn_kibo_remove_secret")
    click(qtbot, dialog(qtbot, unfolded, "dlg_remove_secret"), "btn_question_no")
    assert "save_settings" not in desk.names()
    click(qtbot, unfolded.info, "btn_kibo_remove_secret")
    click(qtbot, dialog(qtbot, unfolded, "dlg_remove_secret"), "btn_question_yes")
    qtbot.waitUntil(lambda: unfolded.info.kibo_form.notice.title.text() == "The shared secret is removed")
    assert ("save_settings", ({}, "")) in desk.calls


def test_a_secret_that_is_not_there_cannot_be_removed(open_window):
    assert not find(open_window(fresh_desk()).window.info, "btn_kibo_remove_secret").isVisible()


def test_kibo_values_are_tested_without_being_saved(qtbot, unfolded, desk):
    info = unfolded.info
    type_into(qtbot, info, "inp_kibo_tenant_id", "777")
    type_into(qtbot, info, "inp_kibo_secret", "s3cret")
    click(qtbot, info, "btn_kibo_test")
    toast = unfolded.toast
    qtbot.waitUntil(lambda: toast.title.text().startswith("Kibo answers"))
    values, secret = next(about for name, about in desk.calls if name == "test_kibo")
    assert values["kibo_tenant_id"] == "777"
    assert secret == "s3cret"
    assert "save_settings" not in desk.names()
    assert "2 sites" in toast.text.text()
    assert "signed in · Mystic Outdoors DEV · 480 customers readable" in toast.title.text()


def test_a_kibo_test_that_fails(qtbot, unfolded, desk):
    desk.fail["test_kibo"] = Refused()
    click(qtbot, unfolded.info, "btn_kibo_test")
    notice = unfolded.info.kibo_form.notice
    qtbot.waitUntil(lambda: notice.title.text() == "The service refused")
    assert find(unfolded.info, "btn_kibo_test").isEnabled()


def test_saving_sends_only_what_changed_and_empties_the_secret(qtbot, open_window):
    desk = fresh_desk()
    info = open_window(desk).window.info
    assert not find(info, "btn_kibo_save").isEnabled()
    type_into(qtbot, info, "inp_kibo_tenant_id", "12345")
    type_into(qtbot, info, "inp_kibo_app_key", "app.key")
    secret = type_into(qtbot, info, "inp_kibo_secret", "s3cret")
    assert secret.echoMode() == QLineEdit.EchoMode.Password
    click(qtbot, info, "btn_kibo_save")
    qtbot.waitUntil(lambda: "save_settings" in desk.names())
    saved = next(about for name, about in desk.calls if name == "save_settings")
    assert saved == ({"kibo_tenant_id": "12345", "kibo_app_key": "app.key"}, "s3cret")
    qtbot.waitUntil(lambda: secret.text() == "" and secret.placeholderText() == "stored")
    assert state(info, "card_kibo") == "Connected"
    assert not find(info, "btn_kibo_save").isEnabled()


def test_a_bad_value_is_said_at_its_field_and_nothing_is_sent(qtbot, unfolded, desk):
    info = unfolded.info
    type_into(qtbot, info, "inp_kibo_tenant_id", "abc")
    click(qtbot, info, "btn_kibo_save")
    assert value(info, "inp_kibo_tenant_id_problem") == "Give the tenant's number, digits only."
    assert "save_settings" not in desk.names()
    type_into(qtbot, info, "inp_kibo_tenant_id", "12345")
    assert value(info, "inp_kibo_tenant_id_problem") == ""


def test_another_tenant_is_asked_about_once_people_are_known(qtbot, unfolded, desk):
    desk.drops_people = True
    type_into(qtbot, unfolded.info, "inp_kibo_tenant_id", "99")
    click(qtbot, unfolded.info, "btn_kibo_save")
    question = dialog(qtbot, unfolded, "dlg_other_shop")
    assert "4,812 customers." in question.accessibleDescription()
    assert "save_settings" not in desk.names()
    click(qtbot, question, "btn_question_yes")
    qtbot.waitUntil(lambda: "save_settings" in desk.names())
    assert desk.stored["kibo_tenant_id"] == "99"


def test_without_an_opt_in_nobody_is_dropped(qtbot, unfolded, desk):
    desk.drops_people = True
    type_into(qtbot, unfolded.info, "inp_kibo_tenant_id", "1234")
    click(qtbot, unfolded.info, "btn_kibo_save")
    click(qtbot, dialog(qtbot, unfolded, "dlg_other_shop"), "btn_question_no")
    assert desk.stored["kibo_tenant_id"] == "12345"
    assert find(unfolded.info, "btn_kibo_save").isEnabled(), "what was typed is still there"


def test_typing_is_not_overwritten_by_a_fresh_snapshot(qtbot, parts):
    info = parts.window.info
    line = type_into(qtbot, info, "inp_kibo_app_key", "half a k")
    with qtbot.waitSignal(parts.context.watch.changed):
        parts.context.watch.refresh()
    assert line.text() == "half a k"


def test_what_the_environment_fixes_is_read_only(open_window, desk):
    desk.fixed = {"kibo_home_url", "enabled"}
    info = open_window(desk).window.info
    line = find(info, "inp_kibo_home_url", QLineEdit)
    assert line.isReadOnly()
    assert line.toolTip() == "Set outside ccdesk on this computer, so it cannot be changed here"
    assert not find(info, "chk_enabled").isEnabled()


def test_advanced_holds_addresses_only_and_the_api_key_has_its_guide(qtbot, open_window, unfolded):
    assert not find(unfolded.info, "kibo_advanced").isVisible()
    click(qtbot, unfolded.info, "btn_kibo_advanced")
    assert find(unfolded.info, "inp_cc_api_url").isVisible()
    assert not find(unfolded.info, "inp_cc_client_id").isVisible(), "it is there already"
    click(qtbot, unfolded.info, "btn_portal_fold")
    assert find(unfolded.info, "inp_cc_client_id").isVisible()
    fresh = open_window(fresh_desk()).window.info
    click(qtbot, fresh, "btn_step_login")
    assert find(fresh, "inp_cc_client_id").isVisible()
    assert not find(fresh, "btn_portal_fold").isVisible()
    click(qtbot, fresh, "btn_login")
    assert value(fresh, "inp_cc_client_id_problem") == "Enter the API key that the developer portal shows."


def test_forms_are_folded_while_connected_and_open_when_something_is_wrong(qtbot, open_window, window):
    info = window.info
    assert not find(info, "card_kibo_details").isVisible()
    assert not find(info, "card_constant_contact_details").isVisible()
    assert "Mystic Outdoors · ada@example.com" in find(info, "card_constant_contact_summary", QLabel).text()
    click(qtbot, info, "card_kibo_fold")
    assert find(info, "inp_kibo_tenant_id").isVisible()
    click(qtbot, info, "card_kibo_fold")
    assert not find(info, "inp_kibo_tenant_id").isVisible()
    desk = ready_desk()
    desk.mail = Connection(ConnectionState.LOGIN_NEEDED, "Mystic")
    assert find(open_window(desk).window.info, "btn_login").isVisible()


@pytest.mark.parametrize(("step", "inside"), [("kibo", "inp_kibo_tenant_id"), ("login", "btn_portal_fold")])
def test_going_back_to_a_step_that_is_done_shows_what_is_inside(qtbot, open_window, step, inside):
    desk = ready_desk()
    desk.stored.pop("contact_list")
    info = open_window(desk).window.info
    click(qtbot, info, f"btn_step_{step}")
    assert find(info, inside).isVisible()


def test_an_api_key_is_saved_before_the_browser_opens(qtbot, open_window, opened):
    desk = fresh_desk()
    info = open_window(desk).window.info
    click(qtbot, info, "btn_step_login")
    type_into(qtbot, info, "inp_cc_client_id", "my-key")
    click(qtbot, info, "btn_login")
    qtbot.waitUntil(lambda: bool(opened))
    assert desk.names().index("save_settings") < desk.names().index("log_in")
    assert desk.stored["cc_client_id"] == "my-key"


def test_connect_saves_nothing_that_kibo_refuses_unless_somebody_insists(qtbot, open_window):
    desk = fresh_desk()
    desk.fail["test_kibo"] = Unreachable()
    info = open_window(desk).window.info
    type_into(qtbot, info, "inp_kibo_tenant_id", "12345")
    type_into(qtbot, info, "inp_kibo_app_key", "app.key")
    click(qtbot, info, "btn_kibo_save")
    notice = info.kibo_form.notice
    qtbot.waitUntil(lambda: notice.title.text() == "The service cannot be reached")
    assert "save_settings" not in desk.names()
    click(qtbot, notice, "notice_kibo_action")
    qtbot.waitUntil(lambda: desk.stored.get("kibo_tenant_id") == "12345")


def test_connect_names_what_is_missing_at_its_field(qtbot, open_window):
    desk = fresh_desk()
    info = open_window(desk).window.info
    type_into(qtbot, info, "inp_kibo_tenant_id", "12345")
    click(qtbot, info, "btn_kibo_save")
    assert value(info, "inp_kibo_app_key_problem") == "This is needed."
    assert "test_kibo" not in desk.names()


def test_automations_that_joining_the_list_starts_are_named_where_they_can_be_read(qtbot, open_window):
    desk = fresh_desk()
    info = open_window(desk).window.info
    click(qtbot, info, "btn_step_export")
    warning = find(info, "lbl_automations", QLabel)
    assert "does not tell ccdesk which automations" in warning.text()
    desk.automations = ("Greeting", "A & B")
    click(qtbot, info, "btn_first_preview")
    qtbot.waitUntil(lambda: "“Greeting”, “A & B”" in warning.text())
    assert "There may be others" in warning.text()


def test_the_home_is_chosen_from_the_three_known_ones(open_window):
    desk = fresh_desk()
    info = open_window(desk).window.info
    combo = find(info, "cmb_kibo_home_url")
    assert [combo.itemText(place) for place in range(combo.count())] == [
        "https://home.mozu.com",
        "https://home.euw1.kibocommerce.com",
        "https://home.usc1.gcp.kibocommerce.com",
    ]
    combo.setCurrentIndex(1)
    combo.activated.emit(1)
    assert info.kibo_form.fields["kibo_home_url"].hint.text() == "Europe"
    assert find(info, "btn_kibo_save").isEnabled()


def test_only_one_card_is_shown_on_the_first_day_but_an_outage_is(qtbot, open_window):
    desk = fresh_desk()
    parts = open_window(desk)
    info = parts.window.info

    def shown():
        return [name for name, card in info.steps.items() if card.isVisible()]

    assert shown() == ["kibo"]
    click(qtbot, info, "btn_step_export")
    assert shown() == ["export"]
    desk.stored.update(kibo_tenant_id="1", kibo_app_key="k", cc_client_id="c")
    desk.kibo = Connection(ConnectionState.FAILED, "Mystic", error=Unreachable())
    desk.mail = connected_mail()
    parts.context.watch.check()
    qtbot.waitUntil(lambda: shown() == ["kibo", "export"])
    assert not find(info, "lbl_calls").isVisible()


def test_turned_off_later_is_no_first_day(qtbot, open_window, desk):
    desk.stored["enabled"] = "false"
    desk.good = {RunKind.EVENTS: NOW}
    assert not open_window(desk).window.info.checklist.isVisible()


def test_the_switch_enables_and_disables(qtbot, window, desk, loop):
    switch = find(window.info, "chk_enabled")
    assert switch.isChecked()
    qtbot.mouseClick(switch, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: state(window.info, "enabled") == "Off")
    assert ("set_enabled", False) in desk.calls
    assert loop.woken
    switch.setFocus()
    qtbot.keyClick(switch, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: state(window.info, "enabled") == "On")


def test_a_switch_that_fails_goes_back(qtbot, window, desk):
    desk.fail["set_enabled"] = LoginNeeded()
    switch = find(window.info, "chk_enabled")
    qtbot.mouseClick(switch, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: window.info.notice.isVisible())
    assert switch.isChecked()
    window.info.notice.action.click()
    assert find(window.info, "btn_login").hasFocus()


def test_kibo_switched_off_there_is_said(open_window, desk):
    desk.kibo_app = False
    info = open_window(desk).window.info
    assert state(info, "enabled") == "Paused"
    assert find(info, "lbl_kibo_off").isVisible()


def test_the_checklist_leads_through_the_first_start(qtbot, open_window):
    desk = fresh_desk()
    parts = open_window(desk)
    info = parts.window.info
    assert info.checklist.isVisible()
    step = find(info, "btn_step_kibo")
    assert step.accessibleName() == "Step 1, Connect Kibo, next"
    click(qtbot, info, "btn_step_kibo")
    assert find(info, "inp_kibo_tenant_id").hasFocus()
    click(qtbot, info, "btn_step_login")
    assert find(info, "btn_login").hasFocus()
    click(qtbot, info, "btn_step_enable")
    assert find(info, "chk_enabled").hasFocus()
    click(qtbot, info, "btn_step_list")
    assert find(info, "cmb_first_list").hasFocus() or find(info, "inp_first_list").hasFocus()
    click(qtbot, info, "btn_step_export")
    assert find(info, "btn_first_preview").hasFocus()
    desk.stored.update(kibo_tenant_id="1", kibo_app_key="k", contact_list="L", enabled="true")
    desk.kibo, desk.mail, desk.exported = connected_mail(), connected_mail(), True
    desk.stored["enabled"] = "false"
    parts.context.watch.refresh()
    qtbot.waitUntil(lambda: info.enabled_card.isVisible())  # the step that was chosen is done
    desk.stored["enabled"] = "true"
    parts.context.watch.refresh()
    qtbot.waitUntil(lambda: not info.checklist.isVisible())


def test_steps_are_done_one_by_one(parts):
    snapshot = parts.context.watch.snapshot
    assert all(done_steps(snapshot).values())
    undone = replace(snapshot, status=replace(snapshot.status, kibo=NOT_SET_UP), first_export_done=False)
    assert done_steps(undone) == {"kibo": False, "login": True, "list": True, "export": False, "enable": True}


def test_check_again_asks_both_services(qtbot, window, desk):
    desk.calls.clear()
    click(qtbot, window.info, "btn_check")
    qtbot.waitUntil(lambda: ("status", True) in desk.calls)


@pytest.fixture
def forgetful(desk, monkeypatch):
    """A desk that knows of no trouble and of no switch unless it asks, as the real one does."""
    asked = desk.status

    def status(*, live):
        found = asked(live=live)
        if live:
            return found
        mail = found.constant_contact
        if mail.state is ConnectionState.FAILED:
            mail = connected_mail()
        elif mail.state is ConnectionState.LOGIN_NEEDED:
            mail = Connection(ConnectionState.LOGIN_NEEDED)
        return replace(found, kibo=connected_kibo(), constant_contact=mail, kibo_app=None)

    monkeypatch.setattr(desk, "status", status)
    return desk


def look_again(qtbot, parts):
    with qtbot.waitSignal(parts.context.watch.changed):
        parts.context.watch.refresh()


def test_a_failed_connection_stays_failed_until_it_is_asked_again(qtbot, open_window, forgetful):
    forgetful.kibo = Connection(ConnectionState.FAILED, "Mystic", error=Unreachable())
    forgetful.mail = Connection(ConnectionState.FAILED, error=Refused(meaning="Nobody knows the key."))
    parts = open_window(forgetful)
    look_again(qtbot, parts)
    assert state(parts.window.info, "card_kibo") == "Failed"
    assert "Nobody knows the key." in value(parts.window.info, "card_constant_contact_error")
    forgetful.kibo, forgetful.mail = connected_kibo(), connected_mail()
    click(qtbot, parts.window.info, "btn_check")
    qtbot.waitUntil(lambda: state(parts.window.info, "card_kibo") == "Connected")
    look_again(qtbot, parts)
    assert state(parts.window.info, "card_constant_contact") == "Connected"


def test_other_settings_make_what_was_said_before_void(qtbot, open_window, forgetful):
    forgetful.kibo = Connection(ConnectionState.FAILED, "Mystic", error=Unreachable())
    parts = open_window(forgetful)
    forgetful.stored["kibo_tenant_id"] = "54321"
    look_again(qtbot, parts)
    assert state(parts.window.info, "card_kibo") == "Connected"


def test_why_a_login_is_needed_stays_said_and_a_new_login_ends_it(qtbot, open_window, forgetful):
    forgetful.mail = Connection(ConnectionState.LOGIN_NEEDED, error=LoginNeeded())
    parts = open_window(forgetful)
    look_again(qtbot, parts)
    assert "no valid login" in value(parts.window.info, "card_constant_contact_error")
    forgetful.mail = connected_mail()  # by the command line
    look_again(qtbot, parts)
    assert state(parts.window.info, "card_constant_contact") == "Connected"


def test_a_login_that_was_refused_needs_a_person_until_there_is_another(qtbot, open_window, forgetful):
    """What is remembered does not know of the refusal: it must not come and go with every look."""
    forgetful.queue = []
    forgetful.mail = Connection(ConnectionState.LOGIN_NEEDED, "Mystic", error=LoginNeeded())
    parts = open_window(forgetful)
    card = parts.window.info.needs_card
    for _ in range(2):
        look_again(qtbot, parts)
        assert card.isVisible()
        assert card.rows[0].line.text() == "Your login to Constant Contact has expired."
    forgetful.mail = connected_mail()
    look_again(qtbot, parts)
    assert not card.isVisible()


def test_a_run_that_fails_or_ends_well_has_the_connections_asked(qtbot, open_window, forgetful):
    parts = open_window(forgetful)
    forgetful.kibo = Connection(ConnectionState.FAILED, "Mystic", error=Unreachable())
    run = Run(1, RunKind.EVENTS, Trigger.SCHEDULED, RunStatus.FAILED, NOW, failure=Unreachable())
    parts.bridge.run_finished(run)
    qtbot.waitUntil(lambda: state(parts.window.info, "card_kibo") == "Failed")
    forgetful.kibo = connected_kibo()
    parts.bridge.run_finished(replace(run, status=RunStatus.COMPLETE, failure=None))
    qtbot.waitUntil(lambda: state(parts.window.info, "card_kibo") == "Connected")


def test_a_run_that_is_well_asks_nobody_while_nothing_is_wrong(qtbot, open_window, forgetful):
    parts = open_window(forgetful)
    forgetful.calls.clear()
    with qtbot.waitSignal(parts.context.watch.changed):
        parts.bridge.run_finished(Run(1, RunKind.EVENTS, Trigger.SCHEDULED, RunStatus.COMPLETE, NOW))
    assert ("status", True) not in forgetful.calls


def test_that_kibo_paused_the_application_stays_said(qtbot, open_window, forgetful):
    forgetful.kibo_app = False
    parts = open_window(forgetful)
    look_again(qtbot, parts)
    assert find(parts.window.info, "enabled_state").text() == "Paused"


def test_a_status_that_cannot_be_read_is_said(qtbot, parts, desk):
    desk.fail["status"] = VaultError()
    parts.context.watch.check()
    qtbot.waitUntil(lambda: parts.window.info.notice.isVisible())
    assert find(parts.window.info, "btn_check").isEnabled()


def test_enabled_cannot_be_switched_on_with_nothing_set_up_and_says_what_is_missing(qtbot, open_window):
    desk = fresh_desk()
    window = open_window(desk).window
    said = "first connect Kibo, log in to Constant Contact and choose a contact list."
    assert value(window.info, "lbl_enable_missing") == f"To turn this on, {said}"
    switch = find(window, "chk_enabled")
    assert said in switch.accessibleDescription()
    window.go_to("enable")
    qtbot.keyClick(switch, Qt.Key.Key_Space)
    assert not switch.isChecked()
    assert window.info.notice.title.text() == "ccdesk cannot be enabled yet"
    assert f"F{said[1:]}" in window.info.notice.text.text()
    assert "set_enabled" not in desk.names()


def test_only_what_is_missing_is_named(open_window):
    desk = ready_desk()
    desk.stored.update(enabled="false", contact_list="")
    info = open_window(desk).window.info
    assert value(info, "lbl_enable_missing") == "To turn this on, first choose a contact list."


@pytest.mark.parametrize("enabled", ["true", "false"])
def test_an_outage_keeps_nobody_from_switching(qtbot, open_window, enabled):
    desk = ready_desk()
    desk.stored["enabled"] = enabled
    desk.kibo = Connection(ConnectionState.FAILED, "Mystic", error=Unreachable())
    desk.mail = Connection(ConnectionState.FAILED, "Mystic", error=Unreachable())
    info = open_window(desk).window.info
    assert not find(info, "lbl_enable_missing").isVisible()
    find(info, "chk_enabled").click()
    qtbot.waitUntil(lambda: "set_enabled" in desk.names())


def test_it_can_be_switched_off_whatever_is_missing(qtbot, open_window):
    desk = ready_desk()
    desk.mail = Connection(ConnectionState.LOGIN_NEEDED)
    info = open_window(desk).window.info
    find(info, "chk_enabled").click()
    qtbot.waitUntil(lambda: ("set_enabled", False) in desk.calls)


def test_cards_that_led_through_the_first_day_fold_when_it_is_over(qtbot, open_window, desk):
    desk.stored["enabled"] = "false"
    parts = open_window(desk)
    info = parts.window.info
    click(qtbot, info, "btn_step_kibo")
    assert find(info, "inp_kibo_tenant_id").isVisible()
    desk.stored["enabled"] = "true"
    parts.context.watch.refresh()
    qtbot.waitUntil(lambda: not info.checklist.isVisible())
    assert not find(info, "inp_kibo_tenant_id").isVisible()


def test_an_outage_keeps_the_form_folded_and_says_whom_it_is_about(open_window, desk):
    desk.kibo = Connection(ConnectionState.FAILED, "Mystic", error=Unreachable())
    info = open_window(desk).window.info
    assert find(info, "card_kibo_try").isVisible()
    assert not find(info, "card_kibo_details").isVisible()
    assert value(info, "card_kibo_summary") == "Mystic"


def test_a_stored_tenant_that_is_not_valid_can_be_put_right_in_the_form(qtbot, open_window):
    desk = ready_desk()
    desk.stored["kibo_tenant_id"] = "12a"
    parts = open_window(desk, start=False)
    parts.start()
    form = parts.window.info.kibo_form
    field = form.fields["kibo_tenant_id"]
    qtbot.waitUntil(lambda: field.value == "12a")
    assert form.fields["kibo_app_key"].value == desk.stored["kibo_app_key"]
    field.line.setText("12")
    field.line.textEdited.emit("12")
    form.btn_save.click()
    qtbot.waitUntil(lambda: desk.stored["kibo_tenant_id"] == "12")
