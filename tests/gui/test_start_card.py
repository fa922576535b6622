"""The switch “Start when I log in” shows what the system says, and says why it could not be changed."""

import pytest

from ccdesk.system.autostart import AutostartState
from ccdesk.system.program import SystemRefused
from tests.gui.fakes import FakeLoop, ready_desk
from tests.gui.helpers import click, find


class FakeAutostart:
    def __init__(self):
        self.on, self.ours, self.fault = False, True, None

    def state(self):
        if self.fault:
            raise self.fault
        return AutostartState(self.on, "here", "ccdesk --tray" if self.on else "", self.on and self.ours)

    def turn_on(self):
        self._turn(True)

    def turn_off(self):
        self._turn(False)

    def _turn(self, on):
        if self.fault:
            raise self.fault
        self.on, self.ours = on, True


@pytest.fixture
def autostart():
    return FakeAutostart()


@pytest.fixture
def tab(qtbot, open_window, autostart):
    window = open_window(ready_desk(), FakeLoop(), autostart=autostart).window
    window.tabs.setCurrentWidget(window.settings)
    qtbot.waitUntil(window.settings.start_card.switch.isEnabled)
    return window.settings


def test_it_is_switched_on_and_off_at_once(qtbot, tab, autostart):
    switch = find(tab, "chk_autostart")
    assert not switch.isChecked()
    for on in (True, False):
        click(qtbot, tab, "chk_autostart")
        qtbot.waitUntil(switch.isEnabled)
        assert (switch.isChecked(), autostart.on) == (on, on)
    assert not tab.has_changes


def test_what_was_changed_elsewhere_shows_when_the_tab_comes_to_the_front(qtbot, tab, autostart):
    autostart.on = True
    tab.refresh()
    qtbot.waitUntil(tab.start_card.switch.isChecked)


def test_another_copy_is_named_until_this_one_is_used(qtbot, tab, autostart):
    autostart.on, autostart.ours = True, False
    tab.refresh()
    other = find(tab, "lbl_autostart_other")
    qtbot.waitUntil(other.isVisible)
    for _ in range(2):
        click(qtbot, tab, "chk_autostart")
        qtbot.waitUntil(tab.start_card.switch.isEnabled)
    assert not other.isVisible()


def test_what_the_system_refuses_is_said_and_the_switch_goes_back(qtbot, tab, autostart):
    autostart.fault = SystemRefused(detail="a policy")
    click(qtbot, tab, "chk_autostart")
    qtbot.waitUntil(tab.notice.isVisible)
    assert tab.notice.title.text() == SystemRefused.title
    assert not tab.start_card.switch.isChecked()
    assert tab.start_card.switch.isEnabled()


def test_what_cannot_be_read_cannot_be_switched(qtbot, open_window, autostart):
    autostart.fault = SystemRefused()
    window = open_window(ready_desk(), FakeLoop(), autostart=autostart).window
    window.tabs.setCurrentWidget(window.settings)
    qtbot.waitUntil(window.settings.notice.isVisible)
    assert not window.settings.start_card.switch.isEnabled()
    assert not window.settings.start_card.switch.isChecked()


def test_a_demo_or_a_bundle_has_no_such_switch(open_window):
    window = open_window(ready_desk(), FakeLoop()).window
    window.tabs.setCurrentWidget(window.settings)
    assert not window.settings.start_card.isVisible()
