"""Newer versions: looked for when asked, or once a day; told calmly, never installed."""

import json
import logging
import threading
import time
from datetime import UTC, datetime, timedelta

import pytest
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QLabel, QWidget

from ccdesk import __version__
from ccdesk.core.updates import AFTER_FAILURE, EVERY, Release, ReleasePlace, UpdatesUnknown
from ccdesk.gui import assets, start, updates
from ccdesk.gui.components.theme import Tone
from ccdesk.gui.dialogs.about import AboutDialog
from ccdesk.gui.memory import Memory
from ccdesk.gui.standing import look
from ccdesk.gui.tabs.updates_card import UNKNOWN
from ccdesk.gui.updates import ReleaseSource, place_of_this_copy
from tests.gui.fakes import FakeLoop, ready_desk
from tests.gui.helpers import click, dialog, find
from tests.gui.shouted import unsaid

PLACE = ReleasePlace(
    "https://api.forge.example/repos/us/ccdesk/releases/latest", "https://forge.example/us/ccdesk/releases"
)
NEWER = Release("99.3.0", f"{PLACE.page}/tag/v99.3.0")
SAME = Release(__version__, f"{PLACE.page}/tag/v{__version__}")
FAULT = UpdatesUnknown(meaning="api.forge.example cannot be reached.", detail="GET /repos: refused")
NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)


class Forge:
    """Answers with a release, or raises what it is told to; counts how often it was asked."""

    def __init__(self):
        self.answer, self.asked = NEWER, 0
        self.before = lambda: None

    def __call__(self, place):
        assert place is PLACE
        self.asked += 1
        self.before()
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.fixture
def forge():
    return Forge()


@pytest.fixture
def kept(tmp_path):
    return tmp_path / "window.memory.json"


@pytest.fixture
def opened_with(open_window, forge, kept):
    """Return a function that opens a window which knows where ccdesk is published, or not."""

    def open_it(place=PLACE, **more):
        window = open_window(
            ready_desk(), FakeLoop(), releases=ReleaseSource(place, forge), memory=Memory(kept), **more
        ).window
        window.context.updates.now = lambda: NOW
        return window

    return open_it


@pytest.fixture
def window(opened_with):
    return opened_with()


def asked_by_hand(qtbot, window):
    """Ask as a person does, in the help; return the notice that tells what came of it."""
    window.show_help()
    guide = dialog(qtbot, window, "dlg_help")
    click(qtbot, guide, "btn_updates")
    about = dialog(qtbot, window, "dlg_about")
    assert isinstance(about, AboutDialog)
    qtbot.waitUntil(find(about, "btn_about_check").isEnabled)
    return find(about, "notice_updates")


# ------------------------------------------------------------ when somebody asks


def test_a_newer_version_opens_its_page_in_the_browser(qtbot, window, opened):
    notice = asked_by_hand(qtbot, window)
    assert notice.title.text() == "ccdesk 99.3.0 is available"
    assert __version__ in notice.text.text()
    click(qtbot, notice, "notice_updates_action")
    assert opened == [NEWER.page]


def test_this_very_version_is_said_to_be_the_newest(qtbot, window, forge):
    forge.answer = SAME
    notice = asked_by_hand(qtbot, window)
    assert notice.title.text() == f"ccdesk {__version__} is the newest version"
    assert not notice.also.isVisible()
    assert not notice.action.isVisible()


def test_trouble_is_said_calmly_with_the_page_to_look_at(qtbot, window, forge, opened):
    forge.answer = FAULT
    notice = asked_by_hand(qtbot, window)
    assert notice.title.text() == UpdatesUnknown.title
    assert "works as before" in notice.text.text()
    assert notice.property("tone") == Tone.NEUTRAL.value
    assert "refused" in notice.details.toPlainText()
    qtbot.waitUntil(lambda: notice.text.height() >= notice.text.heightForWidth(notice.text.width()))
    click(qtbot, notice, "notice_updates_action")
    assert opened == [PLACE.page]
    forge.answer = NEWER
    click(qtbot, notice.window(), "btn_about_check")
    qtbot.waitUntil(lambda: notice.title.text() == "ccdesk 99.3.0 is available")
    assert notice.also.isVisible()
    forge.answer = FAULT
    click(qtbot, notice.window(), "btn_about_check")
    qtbot.waitUntil(lambda: notice.title.text() == UpdatesUnknown.title)
    assert not notice.also.isVisible(), "there is no version to pass over"


def test_closing_while_it_is_asked_drops_the_answer(qtbot, window, forge):
    window.check_for_updates()
    window.findChild(AboutDialog).close()
    qtbot.waitUntil(lambda: forge.asked == 1)
    qtbot.wait(50)


def test_a_version_passed_over_is_told_only_to_who_asks(qtbot, window, opened_with):
    updates = window.context.updates
    updates.daily = True
    updates.look()
    qtbot.waitUntil(window.update_notice.isVisible)
    notice = asked_by_hand(qtbot, window)
    click(qtbot, notice, "notice_updates_also")
    assert not window.update_notice.isVisible()
    assert asked_by_hand(qtbot, window).title.text() == "ccdesk 99.3.0 is available"
    window.memory.flush()
    again = opened_with()
    again.context.updates.now = lambda: NOW + EVERY
    with qtbot.assertNotEmitted(again.context.updates.found, wait=100):
        again.context.updates.look()


def test_the_keyboard_is_on_close_not_on_the_x_of_what_is_said(qtbot, window):
    notice = asked_by_hand(qtbot, window)
    assert find(notice.window(), "btn_about_close").hasFocus()


# ------------------------------------------------------------ a server that holds on


@pytest.fixture
def stuck(forge):
    """Have the forge answer only when the test is over."""
    over = threading.Event()
    forge.before = over.wait
    yield
    over.set()


def test_nobody_who_quits_waits_for_an_answer(qtbot, window, forge, stuck):
    window.check_for_updates()
    qtbot.waitUntil(lambda: forge.asked == 1)
    began = time.monotonic()
    assert window.context.tasks.shutdown(5_000)
    assert time.monotonic() - began < 2


def test_an_answer_that_takes_too_long_is_given_up(qtbot, window, forge, stuck, monkeypatch):
    monkeypatch.setattr(updates, "LONGEST", 0.2)
    notice = asked_by_hand(qtbot, window)
    assert notice.title.text() == UpdatesUnknown.title
    assert "api.forge.example did not answer in time." in notice.text.text()


def test_a_look_has_far_less_time_than_an_answer_that_drips():
    assert updates.LONGEST <= 30


# ------------------------------------------------------------ once a day


def test_it_is_off_until_somebody_switches_it_on_and_then_remembered(qtbot, window, forge, kept, opened_with):
    window.context.updates.look()
    window.tabs.setCurrentWidget(window.settings)
    switch = find(window, "chk_updates")
    assert not switch.isChecked()
    assert PLACE.host in find(window, "lbl_updates", QLabel).text()
    click(qtbot, window, "chk_updates")
    assert not window.settings.has_changes
    assert forge.asked == 0, "the first minutes are for the work"
    window.memory.flush()
    assert json.loads(kept.read_text())["updates.daily"] is True
    again = opened_with()
    assert find(again, "chk_updates").isChecked()
    again.tabs.setCurrentWidget(again.settings)
    click(qtbot, again, "chk_updates")
    again.memory.flush()
    assert not opened_with().context.updates.daily


def test_the_daily_look_tells_once_a_day_also_over_restarts(qtbot, window, forge, opened_with):
    window.context.updates.daily = True
    window.context.updates.look()
    qtbot.waitUntil(window.update_notice.isVisible)
    assert window.update_notice.property("tone") == Tone.NEUTRAL.value
    window.dismiss()
    assert not window.update_notice.isVisible()
    window.context.updates.look()
    window.memory.flush()
    again = opened_with()
    again.context.updates.look()
    qtbot.wait(50)
    assert forge.asked == 1
    again.context.updates.now = lambda: NOW + EVERY
    again.context.updates.look()
    qtbot.waitUntil(again.update_notice.isVisible)
    assert forge.asked == 2


def test_it_waits_while_a_run_is_under_way(qtbot, window, forge, monkeypatch):
    busy = window.context.updates
    busy.daily = True
    monkeypatch.setattr(busy, "_is_busy", lambda: True)
    busy.look()
    qtbot.wait(50)
    monkeypatch.setattr(busy, "_is_busy", lambda: False)
    assert forge.asked == 0
    busy.look()
    qtbot.waitUntil(lambda: forge.asked == 1)


def test_what_goes_wrong_by_day_is_a_line_in_the_log_and_tried_again_later(qtbot, window, forge, caplog):
    forge.answer = FAULT
    daily = window.context.updates
    daily.daily = True
    with caplog.at_level(logging.INFO):
        daily.look()
        qtbot.waitUntil(lambda: "refused" in caplog.text)
    assert not window.update_notice.isVisible()
    assert not window.notice.isVisible()
    assert not any(isinstance(one, AboutDialog) for one in window.findChildren(QWidget))
    daily.look()
    daily.now = lambda: NOW + AFTER_FAILURE - timedelta(seconds=1)
    daily.look()
    qtbot.wait(50)
    assert forge.asked == 1
    daily.now = lambda: NOW + AFTER_FAILURE
    daily.look()
    qtbot.waitUntil(lambda: forge.asked == 2)


def test_the_timer_starts_with_the_window_and_stops_with_it(opened_with):
    window = opened_with()
    timer = window.context.updates._timer
    assert timer.isActive()
    assert timer.interval() == updates.LOOK_EVERY_MS >= 60_000
    window.context.updates.stop()
    assert not timer.isActive()


@pytest.mark.parametrize("answer", [NEWER, FAULT])
def test_how_everything_stands_does_not_depend_on_it(qtbot, window, forge, answer):
    forge.answer = answer
    before = look(window.context.watch.snapshot), window.lbl_footer.text()
    window.context.updates.daily = True
    window.context.updates.look()
    qtbot.waitUntil(lambda: forge.asked == 1)
    qtbot.wait(50)
    assert (look(window.context.watch.snapshot), window.lbl_footer.text()) == before


# ------------------------------------------------------------ copies that know no place


def test_a_checkout_says_that_it_cannot_look_and_offers_no_button(qtbot, opened_with):
    window = opened_with(place=None)
    window.tabs.setCurrentWidget(window.settings)
    assert find(window, "lbl_updates", QLabel).text() == UNKNOWN
    assert not find(window, "chk_updates").isVisible()
    assert not window.context.updates._timer.isActive()
    window.show_help()
    guide = dialog(qtbot, window, "dlg_help")
    assert guide.findChild(QWidget, "btn_updates") is None
    click(qtbot, guide, "btn_about")
    about = dialog(qtbot, window, "dlg_about")
    assert find(about, "lbl_about_unknown", QLabel).text() == UNKNOWN
    assert about.findChild(QWidget, "btn_about_check") is None
    window.context.updates.daily = True
    window.context.updates.look()


def test_a_bundle_or_a_demo_says_nothing_of_it(qtbot, open_window):
    window = open_window().window
    window.tabs.setCurrentWidget(window.settings)
    assert not window.settings.updates_card.isVisible()
    window.show_about()
    about = dialog(qtbot, window, "dlg_about")
    assert about.findChild(QWidget, "lbl_about_unknown") is None


def test_the_menu_bar_of_a_mac_has_it_in_the_menu_of_the_program(monkeypatch, opened_with, forge, qtbot):
    monkeypatch.setattr("ccdesk.gui.window.wants_menu_bar", lambda: True)
    window = opened_with()
    check = find(window, "act_updates", QAction)
    assert check.menuRole() == QAction.MenuRole.ApplicationSpecificRole
    check.trigger()
    qtbot.waitUntil(lambda: forge.asked == 1)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (json.dumps({"latest": PLACE.latest, "page": PLACE.page}), PLACE),
        ('{"latest": "http://forge.example", "page": ""}', None),
        ("", None),
        (None, None),
    ],
)
def test_a_package_knows_from_its_build_where_it_comes_from(tmp_path, monkeypatch, text, found):
    if text is not None:
        (tmp_path / updates.FILE).write_text(text)
    monkeypatch.setattr(assets, "path", lambda name: tmp_path / name)
    assert place_of_this_copy() == found


def test_the_window_on_real_data_asks_by_the_clients(tmp_path, monkeypatch):
    seen = {}
    monkeypatch.setattr(start.gui_app, "main", lambda *_args, **given: seen.update(given) or 0)
    monkeypatch.setattr(start, "require_display", lambda: None)
    start.window(start.Paths(tmp_path))
    assert seen["releases"] == ReleaseSource(place_of_this_copy(), start.latest_release)


def test_every_text_of_it_is_translated(qtbot, shouting, window, forge):
    data = [NEWER.version, __version__, PLACE.host]
    notice = asked_by_hand(qtbot, window)
    assert unsaid(notice.window(), data) == {}
    window.update_notice.show_release(NEWER)
    assert unsaid(window.update_notice, data) == {}
    assert unsaid(window.settings.updates_card, data) == {}
    forge.answer = SAME
    click(qtbot, notice.window(), "btn_about_check")
    qtbot.waitUntil(lambda: forge.asked == 2 and notice.also.isHidden())
    assert unsaid(notice, data) == {}
