"""The menu bar of macOS: every entry does what its key or button does, and no key is there twice."""

import sys
from collections import Counter
from functools import partial

import pytest
from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QDialog, QMenuBar

from ccdesk.core.bundles import Made
from ccdesk.gui import menu_bar
from ccdesk.gui.translation import speak
from tests.gui.fakes import FakeLoop, ready_desk
from tests.gui.helpers import dialog, find
from tests.gui.shouted import unsaid
from tests.stand_ins import but

ROLE = QAction.MenuRole
MENUS = {
    "menu_file": ["act_find", "act_refresh", "act_close", "act_settings", "act_quit"],
    "menu_view": ["act_tab_1", "act_tab_2", "act_tab_3", "act_tab_4", "act_tab_5"],
    "menu_window": ["act_minimise", "act_forward"],
    "menu_help": ["act_help", "act_diagnostics", "act_licences", "act_about"],
}
PROGRAM = {
    "act_about": ROLE.AboutRole,
    "act_settings": ROLE.PreferencesRole,
    "act_quit": ROLE.QuitRole,
}


@pytest.fixture
def on_a_mac(monkeypatch):
    """Have a menu bar that is an ordinary widget, which tests can look at."""
    monkeypatch.setattr("ccdesk.gui.window.wants_menu_bar", lambda: True)
    QCoreApplication.setAttribute(Qt.ApplicationAttribute.AA_DontUseNativeMenuBar)
    yield
    QCoreApplication.setAttribute(Qt.ApplicationAttribute.AA_DontUseNativeMenuBar, False)


@pytest.fixture
def mac(on_a_mac, open_window, desk):
    return open_window(desk, FakeLoop(), save_bundle=lambda out, wanted: Made(out)).window


def action(window, name):
    return find(window, name, QAction)


def entries(bar):
    return {menu.objectName(): [one.objectName() for one in menu.actions()] for menu in menus(bar)}


def menus(bar):
    return [one.menu() for one in bar.actions()]


@pytest.mark.parametrize(("system", "wants"), [("darwin", True), ("linux", False), ("win32", False)])
def test_only_macos_has_one(monkeypatch, system, wants):
    monkeypatch.setattr(menu_bar, "sys", but(sys, platform=system))
    assert menu_bar.wants_menu_bar() is wants


def test_elsewhere_there_is_none_and_no_key_of_its_own(monkeypatch, open_window):
    monkeypatch.setattr("ccdesk.gui.window.wants_menu_bar", lambda: False)
    window = open_window().window
    assert window.menu_bar is None
    assert window.findChildren(QMenuBar) == []
    assert window.findChild(QAction, "act_minimise") is None


def test_its_menus_hold_the_very_actions_of_the_keys(mac):
    bar = mac.menu_bar
    assert bar.parent() is None, "macOS shows a bar with a parent only while its window is there"
    assert entries(bar) == MENUS
    for menu in menus(bar):
        assert all(one is action(mac, one.objectName()) for one in menu.actions())


def test_macos_takes_three_into_the_menu_of_the_program_and_no_other(mac):
    """By its text alone it would take the tab “Settings” for the program's settings."""
    found = {one.objectName(): one.menuRole() for menu in menus(mac.menu_bar) for one in menu.actions()}
    assert {name: role for name, role in found.items() if role != ROLE.NoRole} == PROGRAM
    assert ROLE.TextHeuristicRole not in found.values()


def keys_of(window):
    return {one: one.shortcut() for one in window.findChildren(QAction) if not one.shortcut().isEmpty()}


def test_every_key_does_one_thing_once(qtbot, mac):
    mac.deeds.quit.triggered.disconnect()
    mac.deeds.close.triggered.disconnect()
    keys = keys_of(mac)
    assert len(keys) == len(set(keys.values())) == 12
    fired = Counter()
    for one in keys:
        one.triggered.connect(partial(fired.update, [one.objectName()]))
    for number, (one, key) in enumerate(keys.items(), start=1):
        for dialog_left in mac.findChildren(QDialog):
            dialog_left.close()
        mac.come_forward()
        qtbot.waitUntil(mac.isActiveWindow)
        QTest.keySequence(mac, QKeySequence(key))
        assert fired[one.objectName()] == 1, key.toString()
        assert fired.total() == number


@pytest.mark.parametrize("name", sorted(PROGRAM | dict.fromkeys(MENUS["menu_help"])))
def test_what_is_chosen_there_opens(qtbot, mac, name):
    opens = {
        "act_about": "dlg_about",
        "act_help": "dlg_help",
        "act_diagnostics": "dlg_diagnostics",
        "act_licences": "dlg_licences",
        "act_quit": "dlg_quit",
    }
    action(mac, name).trigger()
    if name == "act_settings":
        assert mac.current() is mac.settings
    else:
        dialog(qtbot, mac, opens[name]).close()
    assert mac.isVisible()


def test_quit_asks_what_its_key_asks(qtbot, mac):
    action(mac, "act_quit").trigger()
    by_menu = dialog(qtbot, mac, "dlg_quit")
    said = by_menu.accessibleDescription()
    qtbot.keyClick(by_menu, Qt.Key.Key_Escape)
    qtbot.waitUntil(mac.isActiveWindow)
    qtbot.keyClick(mac, Qt.Key.Key_Q, Qt.KeyboardModifier.ControlModifier)
    assert dialog(qtbot, mac, "dlg_quit").accessibleDescription() == said
    assert mac.isVisible()


@pytest.mark.parametrize("put_away", ["hide", "showMinimized"])
@pytest.mark.parametrize("name", ["act_find", "act_settings", "act_tab_4", "act_forward", "act_refresh"])
def test_while_the_window_is_away_it_comes_to_show_what_was_chosen(qtbot, mac, put_away, name):
    getattr(mac, put_away)()
    action(mac, name).trigger()
    assert mac.isVisible()
    assert not mac.isMinimized()


def test_minimise_leaves_the_window_minimised(mac):
    action(mac, "act_minimise").trigger()
    assert mac.isMinimized()


def test_the_keys_mean_the_dialog_that_is_in_front(qtbot, mac):
    """On macOS the keys of the menu bar work wherever the keyboard is."""
    action(mac, "act_help").trigger()
    guide = dialog(qtbot, mac, "dlg_help")
    qtbot.waitUntil(guide.isActiveWindow)
    action(mac, "act_find").trigger()
    assert guide.search.hasFocus()
    action(mac, "act_close").trigger()
    assert not guide.isVisible()
    assert mac.isVisible()


def test_a_bundle_has_no_diagnostics_to_save(on_a_mac, open_window):
    window = open_window(ready_desk(), FakeLoop()).window
    assert not action(window, "act_diagnostics").isEnabled()


def test_it_speaks_the_windows_language(qapp, on_a_mac, open_window):
    speak(qapp, "de")
    try:
        titles = [menu.title() for menu in menus(open_window().window.menu_bar)]
    finally:
        speak(qapp, "en")
    assert titles == ["Ablage", "Darstellung", "Fenster", "Hilfe"]


def test_every_text_of_it_is_translated(shouting, mac):
    assert unsaid(mac.menu_bar) == {}
