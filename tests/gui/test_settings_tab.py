import threading
from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel

from ccdesk.core.errors import LoginNeeded, SettingsError, Unreachable
from ccdesk.gui.tabs.settings import saved_words
from ccdesk.service.api import Connection, ConnectionState, SaveResult
from tests.gui.fakes import connected_mail, ready_desk
from tests.gui.helpers import click, dialog, find

FAQ = (
    "Kibo recommends you only link one active contact list to eCommerce at a time. If a customer "
    "unsubscribes from one list but not another in Constant Contact AND you try to sync both lists to "
    "Kibo by changing the Contact List Name in the app, the most recent changes from one list will "
    "overwrite the other, potentially unsubscribing and resubscribing the same contact."
)


@pytest.fixture
def settings(qtbot, window):
    window.tabs.setCurrentWidget(window.settings)
    combo = find(window.settings, "cmb_contact_list")
    sender = find(window.settings, "cmb_from_email")
    qtbot.waitUntil(lambda: combo.count() == 4 and sender.count() == 2)
    return window.settings


def words(settings, name):
    return find(settings, name, QLabel).text()


def name_list(qtbot, settings, name):
    line = find(settings, "inp_contact_list")
    line.clear()
    qtbot.keyClicks(line, name)
    return line


def test_what_is_stored_is_shown(settings):
    assert find(settings, "cmb_contact_list").currentText() == "Kibo customers"
    assert find(settings, "chk_welcome").isChecked()
    assert find(settings, "cmb_from_email").currentText() == "news@example.com"
    assert settings.list_field.hint.text() == "A list of your Constant Contact account, 4,812 contacts."
    assert not find(settings, "btn_settings_save").isEnabled()
    assert not find(settings, "btn_settings_discard").isVisible()


def test_the_words_of_the_seed(settings):
    captions = {label.text().replace("&", "") for label in settings.findChildren(QLabel)}
    assert "Contact List Name" in captions
    assert "Specify From and ReplyTo email for Campaigns" in captions
    assert find(settings, "chk_welcome").text().replace("&", "") == "Send welcome email to customer on signup"


def test_type_ahead_finds_any_part_whatever_its_case(qtbot, settings):
    name_list(qtbot, settings, "BOSTON")
    completer = settings.list_field.combo.completer()
    assert completer.completionCount() == 1
    assert completer.currentCompletion() == "Shop opening Boston"
    completer.popup().hide()


def test_an_existing_list_in_other_letters_is_that_list(qtbot, settings, desk):
    name_list(qtbot, settings, " weekly NEWS ")
    assert settings.list_field.name == "Weekly News"
    assert "12,004 contacts" in settings.list_field.hint.text()


def test_a_new_list_is_announced_asked_about_created_and_told(qtbot, window, settings, desk, loop):
    name_list(qtbot, settings, "Spring sale")
    assert settings.list_field.hint.text() == "New list: it will be created on Save"
    assert words(settings, "lbl_unsaved") == "Unsaved changes"
    settings.list_field.combo.completer().popup().hide()
    click(qtbot, settings, "btn_settings_save")
    question = dialog(qtbot, window, "dlg_list_change")
    said = " ".join(label.text() for label in question.findChildren(QLabel))
    assert FAQ in said
    click(qtbot, question, "btn_question_yes")
    qtbot.waitUntil(lambda: window.toast.title.text() == "Saved")
    assert ("save_settings", ({"contact_list": "Spring sale"}, None)) in desk.calls
    assert "Contact List Name is now “Spring sale”." in window.toast.text.text()
    assert "was created in Constant Contact; it is empty" in window.toast.text.text()
    qtbot.waitUntil(lambda: settings.list_field.hint.text().endswith("0 contacts."))
    assert words(settings, "lbl_unsaved") == ""
    assert loop.woken


def test_the_list_stays_when_the_question_is_answered_by_enter_or_escape(qtbot, window, settings, desk):
    for key in (Qt.Key.Key_Return, Qt.Key.Key_Escape):
        name_list(qtbot, settings, "Weekly News")
        settings.list_field.combo.completer().popup().hide()
        click(qtbot, settings, "btn_settings_save")
        question = dialog(qtbot, window, "dlg_list_change")
        with qtbot.waitSignal(question.destroyed):
            qtbot.keyClick(question.no, key)
    assert "save_settings" not in desk.names()


def test_the_first_list_is_not_asked_about(qtbot, open_window, desk):
    desk.stored.pop("contact_list")
    window = open_window(desk).window
    window.tabs.setCurrentWidget(window.settings)
    name_list(qtbot, window.settings, "Kibo customers")
    window.settings.list_field.combo.completer().popup().hide()
    click(qtbot, window.settings, "btn_settings_save")
    qtbot.waitUntil(lambda: "save_settings" in desk.names())


def test_a_list_must_have_a_name_of_a_fitting_length(qtbot, settings, desk):
    for name, problem in (("", "Enter the name"), ("x" * 256, "at most 255 characters")):
        settings.list_field.combo.setEditText(name)
        click(qtbot, settings, "btn_settings_save")
        assert problem in words(settings, "cmb_contact_list_problem")
    settings.list_field.combo.setEditText("fine")
    assert words(settings, "cmb_contact_list_problem") == ""
    assert "save_settings" not in desk.names()


def test_changes_can_be_discarded(qtbot, settings):
    name_list(qtbot, settings, "Other")
    settings.list_field.combo.completer().popup().hide()
    find(settings, "chk_welcome").click()
    click(qtbot, settings, "btn_settings_discard")
    assert find(settings, "cmb_contact_list").currentText() == "Kibo customers"
    assert find(settings, "chk_welcome").isChecked()
    assert not settings.has_changes


def test_only_what_changed_is_saved(qtbot, window, settings, desk):
    find(settings, "chk_welcome").click()
    find(settings, "cmb_from_email").setCurrentIndex(1)
    click(qtbot, settings, "btn_settings_save")
    expected = {"welcome_email": "false", "from_email": "owner@example.com"}
    qtbot.waitUntil(lambda: ("save_settings", (expected, None)) in desk.calls)
    qtbot.waitUntil(lambda: window.toast.title.text() == "Saved")
    assert "on signup is now off." in window.toast.text.text()
    assert "Campaigns is now “owner@example.com”." in window.toast.text.text()


def test_the_reminder_says_whether_kibos_own_mail_is_on(qtbot, settings, desk, window):
    qtbot.waitUntil(lambda: words(settings, "lbl_kibo_welcome").endswith("appears to be on."))
    assert "you must disable the default Kibo email" in words(settings, "lbl_kibo_welcome")
    assert "Test it first with an email address of your own" in words(settings, "lbl_welcome_test")
    assert "until yours has come" in words(settings, "lbl_welcome_test")
    desk.welcome_on = False
    settings.reload()
    qtbot.waitUntil(lambda: words(settings, "lbl_kibo_welcome").endswith("appears to be off."))
    desk.fail["kibo_welcome_mail"] = LoginNeeded()
    settings.reload()
    qtbot.waitUntil(lambda: "couldn't check" in words(settings, "lbl_kibo_welcome"))


def test_a_save_that_is_refused_keeps_the_changes(qtbot, settings, desk):
    desk.fail["save_settings"] = SettingsError(
        "The value for contact_list (Contact List Name) is not valid", meaning="Not this one."
    )
    find(settings, "chk_welcome").click()
    click(qtbot, settings, "btn_settings_save")
    qtbot.waitUntil(lambda: settings.notice.title.text().startswith("The value for contact_list"))
    assert words(settings, "cmb_contact_list_problem") == "Not this one."
    assert settings.has_changes
    assert find(settings, "btn_settings_save").isEnabled()


def test_without_a_login_the_choices_say_so(qtbot, open_window, desk):
    desk.mail = Connection(ConnectionState.LOGIN_NEEDED)
    settings = open_window(desk).window.settings
    assert "could not be read" in settings.list_field.hint.text()
    assert "could not be read" in settings.sender_field.hint.text()
    assert find(settings, "cmb_from_email").currentData() == "news@example.com"
    assert "contact_lists" not in desk.names()


def test_lists_that_cannot_be_read_lead_to_the_login(qtbot, window, desk):
    desk.fail["contact_lists"] = LoginNeeded()
    window.tabs.setCurrentWidget(window.settings)
    window.settings.reload()
    qtbot.waitUntil(lambda: window.settings.notice.isVisible())
    click(qtbot, window.settings, "notice_settings_action")
    assert window.current() is window.info


@pytest.mark.parametrize(
    ("error", "advice"), [(LoginNeeded(), "Log in to Constant Contact"), (Unreachable(), "F5 tries again.")]
)
def test_choices_that_cannot_be_read_say_what_helps(qtbot, settings, desk, error, advice):
    desk.fail["contact_lists"] = desk.fail["senders"] = error
    settings.reload()
    qtbot.waitUntil(lambda: advice in settings.list_field.hint.text())
    assert advice in settings.sender_field.hint.text()


def test_a_connection_that_failed_is_not_taken_for_a_missing_login(qtbot, open_window, desk):
    desk.mail = Connection(ConnectionState.FAILED, error=Unreachable())
    settings = open_window(desk).window.settings
    assert settings.list_field.hint.text() == "The account's lists could not be read. The Info tab says why."
    desk.mail = connected_mail()
    settings.reload()
    qtbot.waitUntil(lambda: "A list of your" in settings.list_field.hint.text())


def test_a_stored_list_that_is_gone_can_be_made_anew(qtbot, settings, desk):
    assert not find(settings, "btn_settings_save").isEnabled()
    desk.lists = desk.lists[1:]
    settings.reload()
    qtbot.waitUntil(lambda: "no longer has a list with this name" in settings.list_field.hint.text())
    assert not settings.has_changes
    click(qtbot, settings, "btn_settings_save")
    qtbot.waitUntil(lambda: "was created" in settings.window().toast.text.text())
    assert "Kibo customers" in [one.name for one in desk.lists]
    qtbot.waitUntil(lambda: not find(settings, "btn_settings_save").isEnabled())


def test_looking_at_the_tab_again_costs_no_calls(qtbot, window, settings, desk):
    desk.calls.clear()
    window.tabs.setCurrentIndex(0)
    window.tabs.setCurrentWidget(settings)
    qtbot.waitUntil(lambda: ("status", False) in desk.calls)
    assert "contact_lists" not in desk.names()
    settings.reload()
    qtbot.waitUntil(lambda: "contact_lists" in desk.names())


def test_an_address_no_longer_confirmed_is_kept_in_sight(qtbot, settings, desk):
    desk.confirmed = ["owner@example.com"]
    settings.reload()
    qtbot.waitUntil(lambda: "not confirmed" in settings.sender_field.hint.text())
    assert settings.sender_field.address == "news@example.com"
    assert not settings.has_changes


def test_an_account_without_confirmed_addresses_says_so(qtbot, settings, desk):
    desk.confirmed, desk.stored["from_email"] = [], ""
    settings.reload()
    qtbot.waitUntil(lambda: "No confirmed address" in settings.sender_field.hint.text())


def test_typing_is_not_overwritten_by_a_fresh_snapshot(qtbot, parts, settings):
    name_list(qtbot, settings, "half a na")
    with qtbot.waitSignal(parts.context.watch.changed):
        parts.context.watch.refresh()
    assert find(settings, "cmb_contact_list").currentText() == "half a na"


def test_saved_words():
    assert saved_words(SaveResult())[0] == "Saved: nothing had changed"
    title, text = saved_words(SaveResult({"from_email": ("", "a@b.c")}, "", ("Log in later.",)))
    assert title == "Saved"
    assert text == "Specify From and ReplyTo email for Campaigns is now “a@b.c”."


# ---------------------------------------------------------------- loading, outages, names that change


def test_while_the_account_is_being_read_nothing_is_said_to_have_failed(qtbot, open_window, desk):
    for name in ("contact_lists", "senders", "kibo_welcome_mail"):
        desk.gate[name] = threading.Event()
    settings = open_window(desk).window.settings
    assert settings.list_field.hint.text() == "Reading the lists of your account…"
    assert settings.sender_field.hint.text() == "Reading the confirmed addresses of your account…"
    assert words(settings, "lbl_kibo_welcome").endswith("Checking whether Kibo's Welcome notification is on…")
    assert find(settings, "cmb_from_email").currentText() == "news@example.com"
    assert not settings.has_changes
    for gate in desk.gate.values():
        gate.set()
    qtbot.waitUntil(lambda: "4,812 contacts" in settings.list_field.hint.text())
    qtbot.waitUntil(lambda: settings.sender_field.hint.text().startswith("Only addresses confirmed"))


def test_an_outage_takes_nothing_away_that_was_read(qtbot, settings, desk):
    desk.fail["contact_lists"] = desk.fail["senders"] = Unreachable()
    settings.reload()
    qtbot.waitUntil(lambda: "could not be read" in settings.list_field.hint.text())
    qtbot.waitUntil(lambda: "could not be read" in settings.sender_field.hint.text())
    combo = find(settings, "cmb_contact_list")
    assert "Weekly News" in [combo.itemText(place) for place in range(combo.count())]
    assert find(settings, "cmb_from_email").count() == 2
    assert not settings.list_field.is_gone
    desk.fail.clear()
    settings.reload()
    qtbot.waitUntil(lambda: "4,812 contacts" in settings.list_field.hint.text())


def test_another_account_has_other_lists(qtbot, open_window, desk):
    parts = open_window(desk)
    settings = parts.window.settings
    qtbot.waitUntil(lambda: "4,812 contacts" in settings.list_field.hint.text())
    desk.mail = replace(desk.mail, name="Another")
    desk.fail["contact_lists"] = Unreachable()
    parts.context.watch.refresh()
    qtbot.waitUntil(lambda: "could not be read" in settings.list_field.hint.text())
    assert find(settings, "cmb_contact_list").count() == 0


def test_a_list_renamed_there_is_not_gone(qtbot, open_window, desk):
    desk.lists[0] = replace(desk.lists[0], name="Weekly letter")
    desk.called = "Weekly letter"
    settings = open_window(desk).window.settings
    qtbot.waitUntil(lambda: "“Weekly letter” in Constant Contact now" in settings.list_field.hint.text())
    assert not settings.list_field.is_gone
    assert not settings.has_changes


def test_stored_values_that_are_not_valid_can_be_put_right_here(qtbot, open_window):
    """The window had no snapshot then, and saved nothing at all."""
    desk = ready_desk()
    desk.stored |= {"from_email": "nobody", "contact_list": "x" * 300}
    parts = open_window(desk, start=False)
    parts.start()
    settings = parts.window.settings
    parts.window.tabs.setCurrentWidget(settings)
    line = find(settings, "inp_contact_list")
    qtbot.waitUntil(lambda: line.text() == "x" * 300)
    title = "The stored value for “Contact List Name” is not valid"
    assert settings.notice.title.text() == title
    assert find(settings, "chk_welcome").isChecked()
    name_list(qtbot, settings, "Weekly News")
    click(qtbot, settings, "btn_settings_save")
    mended = {"contact_list": "Weekly News", "from_email": ""}
    qtbot.waitUntil(lambda: ("save_settings", (mended, None)) in desk.calls)
    qtbot.waitUntil(lambda: not settings.has_changes)
    assert settings.notice.title.text() != title
    assert find(settings, "cmb_from_email").currentIndex() == -1


def test_stored_values_put_right_elsewhere_are_shown_unless_somebody_has_edited_them(qtbot, open_window):
    desk = ready_desk()
    desk.stored["contact_list"] = "x" * 300
    parts = open_window(desk, start=False)
    parts.start()
    settings = parts.window.settings
    line = find(settings, "inp_contact_list")
    qtbot.waitUntil(lambda: line.text() == "x" * 300)
    desk.stored["contact_list"] = "Weekly News"
    parts.context.watch.refresh()
    qtbot.waitUntil(lambda: line.text() == "Weekly News")
    assert not settings.has_changes


def test_a_space_of_another_kind_makes_no_other_list(qtbot, settings):
    name_list(qtbot, settings, "")
    settings.list_field.combo.setEditText("weekly\xa0news")
    assert settings.list_field.name == "Weekly News"
    assert settings.list_field.hint.text() == "A list of your Constant Contact account, 12,004 contacts."
    settings.list_field.show_name("Weekly\u2009News", "Weekly News")
    assert not settings.list_field.is_renamed
    assert settings.list_field.name == "Weekly\u2009News"  # as it is stored: nothing is to be saved
