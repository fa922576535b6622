"""The tray: four states, the menu, the messages, and the window that goes into it and comes back."""

import inspect
import sys
from datetime import timedelta

import pytest
from PySide6.QtCore import QSize
from PySide6.QtWidgets import QSystemTrayIcon

from ccdesk.core.errors import ManyHeld
from ccdesk.core.runs import RunKind, Trigger
from ccdesk.gui import aside, notices, tray_icon
from ccdesk.gui.standing import Standing
from ccdesk.gui.tray_icon import SystemTray, TrayIcon, state_icon
from ccdesk.service.needs_you import Need, NeedKind
from ccdesk.service.status import OF_CONNECTIONS
from tests.gui.fakes import NOW, FakeLoop, fresh_desk, play_failure, ready_desk
from tests.gui.helpers import dialog
from tests.gui.tray_double import FakeTray


@pytest.fixture
def tray():
    return FakeTray()


@pytest.fixture
def desk():
    made = ready_desk()
    made.queue = []
    made.good = dict.fromkeys((RunKind.EVENTS, RunKind.INBOUND), NOW)
    return made


@pytest.fixture
def parts(open_window, desk, loop, tray):
    return open_window(desk, loop, tray=tray)


def look_again(qtbot, parts):
    with qtbot.waitSignal(parts.context.watch.changed):
        parts.context.watch.refresh()


@pytest.mark.parametrize("real", [FakeTray, SystemTray])
def test_the_double_is_like_the_real_one(real):
    for name, method in inspect.getmembers(TrayIcon, inspect.isfunction):
        if not name.startswith("_"):
            assert inspect.signature(getattr(real, name)) == inspect.signature(method), name


def test_the_systems_own_icon_is_set_up_where_there_is_no_tray(qapp, parts):
    """The offscreen platform has none: nothing is shown, and nothing fails."""
    icon = SystemTray()
    icon.set_up(parts.tray.menu, lambda: None, lambda: None)
    icon.show(Standing.IN_STEP, "ccdesk")
    assert not icon.is_there()
    icon.take_back()
    icon.remove()


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere there is one kind of tray")
def test_qt_is_not_asked_about_a_tray_that_may_come_still(parts, monkeypatch):
    """Qt keeps its first answer: asked before the tray has come, it would never find it."""
    asked, on_bus = [], []
    monkeypatch.setattr(tray_icon, "_is_on_bus", lambda: bool(on_bus))
    monkeypatch.setattr(QSystemTrayIcon, "isSystemTrayAvailable", lambda: asked.append(1) or True)
    monkeypatch.setattr(QSystemTrayIcon, "__init__", lambda *_: pytest.fail("it was made too early"))
    early = SystemTray(patience=60)
    early.set_up(parts.tray.menu, lambda: None, lambda: None)
    early.show(Standing.IN_STEP, "ccdesk")
    assert not early.is_there()
    assert asked == []
    on_bus.append(1)
    assert early.is_there()
    on_bus.clear()
    assert SystemTray(patience=0).is_there(), "without patience, or after it, it may be of the older kind"


def test_patience_ends_before_the_window_is_minimised_instead():
    assert tray_icon.LOGIN_SECONDS * 1000 < aside._LOOK_EVERY_MS * aside._LOOKS


def test_every_state_has_a_picture_of_its_own_at_every_size(qapp):
    for size in (16, 22, 32, 64):
        pictures = [state_icon(one).pixmap(QSize(size, size)).toImage() for one in Standing]
        assert all(one != other for i, one in enumerate(pictures) for other in pictures[:i])


def test_it_shows_the_state_the_next_sync_and_the_menu(parts, tray):
    assert tray.standing is Standing.IN_STEP
    assert tray.tip.startswith("ccdesk: Everything is in step\nNext sync: ")
    assert tray.lines[0] == "Everything is in step"
    assert tray.lines[1].startswith("Next sync: ")
    assert tray.lines[2:] == ["Sync now", "Pause for an hour", "Open ccdesk", "Quit"]


def test_a_run_a_need_and_an_outage_show(qtbot, parts, desk, tray):
    with qtbot.waitSignal(parts.context.monitor.changed):
        parts.bridge.run_started(RunKind.EVENTS, Trigger.SCHEDULED)
    assert tray.standing is Standing.WORKING
    assert not tray.action("sync").isEnabled()
    desk.needs = (Need(NeedKind.PARKED, 3),)
    look_again(qtbot, parts)
    assert tray.standing is Standing.NEEDS_YOU


def test_the_state_leads_to_what_it_is_about(qtbot, parts, desk, tray):
    desk.needs = (Need(NeedKind.PARKED, 3),)
    look_again(qtbot, parts)
    parts.window.tabs.setCurrentWidget(parts.window.logs)
    parts.window.hide()
    tray.action("state").trigger()
    assert parts.window.isVisible()
    assert parts.window.current() is parts.window.info


def test_sync_now_asks_for_both_directions_once(qtbot, parts, loop, tray):
    tray.action("sync").trigger()
    assert loop.requests == [(RunKind.EVENTS, False), (RunKind.INBOUND, False)]
    assert not tray.action("sync").isEnabled()


def test_nothing_can_be_synced_before_it_is_set_up(open_window):
    tray = FakeTray()
    open_window(fresh_desk(), tray=tray)
    assert not tray.action("sync").isEnabled()
    assert not tray.action("pause").isEnabled()
    assert tray.standing is Standing.PAUSED


def test_a_pause_shows_everywhere_and_is_ended_from_the_tray_or_the_window(qtbot, parts, desk, loop, tray):
    card = parts.window.info.enabled_card
    assert not card.btn_resume.isVisible()
    for end in (tray.action("pause").trigger, card.btn_resume.click):
        tray.action("pause").trigger()
        qtbot.waitUntil(lambda: tray.standing is Standing.PAUSED)
        assert tray.lines[0] == "Paused until 12:05 PM"
        assert tray.action("pause").text().replace("&", "") == "Resume"
        assert card.badge.text() == "Paused"
        assert "until 12:05 PM" in card.lbl_paused.text()
        assert parts.window.lbl_footer.text().startswith("Paused until 12:05 PM")
        end()
        qtbot.waitUntil(lambda: tray.standing is Standing.IN_STEP)
        assert not card.btn_resume.isVisible()
        assert card.badge.text() == "On"
    assert [name for name in desk.names() if name in ("pause", "resume")] == ["pause", "resume"] * 2
    assert loop.woken == 4


# ---------------------------------------------------------------- going into it and coming back


def test_closing_while_enabled_goes_into_the_tray_and_says_so_once_ever(qtbot, parts, desk, tray):
    window = parts.window
    for _ in range(2):
        with qtbot.assertNotEmitted(window.closed):
            window.close_by_person()
        assert not window.isVisible()
        qtbot.waitUntil(lambda: "first_time" in desk.names())
        qtbot.wait(50)
        tray.click()
        assert window.isVisible()
    assert tray.messages == [(aside.TITLE, aside.TEXT)]
    assert parts.thread.isRunning()


def test_what_is_not_saved_is_still_there_when_it_comes_back(qtbot, parts, tray):
    window = parts.window
    window.settings.list_field.combo.setEditText("Other")
    window.close_by_person()
    assert not window.isVisible()
    tray.action("open").trigger()
    assert window.settings.list_field.combo.currentText() == "Other"


def test_quit_from_the_tray_asks_in_the_window_and_then_ends(qtbot, parts, tray):
    window = parts.window
    window.close_by_person()
    tray.action("quit").trigger()
    question = dialog(qtbot, window, "dlg_quit")
    assert window.isVisible()
    with qtbot.waitSignal(window.closed):
        question.yes.click()


def test_a_question_of_a_run_from_the_tray_brings_the_window(qtbot, open_window, desk, tray):
    loop = FakeLoop()
    loop.scripts[RunKind.INBOUND] = play_failure(RunKind.INBOUND, ManyHeld("93 opt-outs are held"))
    parts = open_window(desk, loop, tray=tray)
    parts.window.close_by_person()
    tray.action("sync").trigger()
    dialog(qtbot, parts.window, "dlg_confirm_run")
    assert parts.window.isVisible()


def test_the_icon_goes_with_the_program(parts, tray):
    parts.shutdown()
    assert tray.removed


def test_a_start_at_login_shows_no_window(qtbot, open_window, desk, tray, monkeypatch):
    monkeypatch.setattr(aside, "_LOOK_EVERY_MS", 5)
    parts = open_window(desk, FakeLoop(), start=False, tray=tray)
    parts.start(show=False)
    qtbot.waitUntil(lambda: tray.standing is Standing.IN_STEP)
    qtbot.wait(50)
    assert not parts.window.isVisible()


@pytest.mark.parametrize("comes", [True, False])
def test_at_login_the_tray_may_come_later_or_never(qtbot, open_window, desk, monkeypatch, comes):
    monkeypatch.setattr(aside, "_LOOK_EVERY_MS", 5)
    monkeypatch.setattr(aside, "_LOOKS", 8)
    tray = FakeTray(there=False)
    parts = open_window(desk, FakeLoop(), start=False, tray=tray)
    parts.start(show=False)
    tray.there = comes
    look = parts.window.leaving.aside._look_again
    qtbot.waitUntil(lambda: not look.isActive())
    assert parts.window.isMinimized() is not comes
    assert parts.window.isVisible() is not comes


# ---------------------------------------------------------------- messages


@pytest.fixture
def away(qtbot, parts, monkeypatch):
    """Nobody looks at the window, and a message stands for an instant only."""
    parts.window.close_by_person()
    qtbot.waitUntil(lambda: "first_time" in parts.context.desk.names())
    qtbot.wait(30)
    return parts


def needs(desk, *kinds):
    desk.needs = tuple(Need(kind, 2, NOW, "inbound") for kind in kinds)


def told(tray):
    return [text for title, text in tray.messages if title == notices.TITLE]


def test_a_cause_is_told_once_and_again_only_after_it_was_gone(qtbot, away, desk, tray):
    for _ in range(3):
        needs(desk, NeedKind.PARKED)
        look_again(qtbot, away)
    desk.needs = (Need(NeedKind.PARKED, 7, NOW, "inbound"),)
    look_again(qtbot, away)
    assert told(tray) == ["2 changes need your attention."], "more of the same are no new cause"
    needs(desk)
    look_again(qtbot, away)
    assert tray.taken_back == 1
    needs(desk, NeedKind.PARKED)
    look_again(qtbot, away)
    assert len(told(tray)) == 2


def test_a_click_opens_that_very_thing(qtbot, away, desk, tray):
    needs(desk, NeedKind.PARKED)
    look_again(qtbot, away)
    tray.click_message()
    assert away.window.isVisible()
    assert away.window.current() is away.window.events


def test_a_click_after_the_cause_has_gone_opens_the_window_only(qtbot, away, desk, tray):
    needs(desk, NeedKind.PARKED)
    look_again(qtbot, away)
    needs(desk)
    look_again(qtbot, away)
    tray.click_message()
    assert away.window.isVisible()
    assert away.window.current() is away.window.info


def test_several_causes_are_told_one_after_the_other(qtbot, open_window, desk, tray, monkeypatch):
    monkeypatch.setattr(notices, "MESSAGE_MS", 20)
    parts = open_window(desk, FakeLoop(), start=False, tray=tray)
    needs(desk, NeedKind.WRITES_STOPPED, NeedKind.PARKED)
    parts.start(show=False)
    qtbot.waitUntil(lambda: len(told(tray)) == 2)
    assert "Writing to Kibo is stopped" in told(tray)[0]
    tray.click_message()
    assert parts.window.current() is parts.window.events


def test_what_waits_to_be_told_and_has_gone_is_not_told(qtbot, away, desk, tray):
    needs(desk, NeedKind.LIST_DELETED, NeedKind.PARKED)
    look_again(qtbot, away)
    needs(desk, NeedKind.LIST_DELETED)
    look_again(qtbot, away)
    qtbot.wait(50)
    assert len(told(tray)) == 1


def test_who_looks_at_the_window_is_not_told_again_in_the_tray(qtbot, parts, desk, tray, monkeypatch):
    monkeypatch.setattr(type(parts.window), "is_looked_at", True)
    needs(desk, NeedKind.PARKED)
    look_again(qtbot, parts)
    monkeypatch.setattr(type(parts.window), "is_looked_at", False)
    look_again(qtbot, parts)
    assert told(tray) == []


def test_what_waited_is_not_told_to_who_has_come_to_look(qtbot, open_window, desk, tray, monkeypatch):
    monkeypatch.setattr(notices, "MESSAGE_MS", 30)
    parts = open_window(desk, FakeLoop(), start=False, tray=tray)
    needs(desk, NeedKind.LIST_DELETED, NeedKind.PARKED)
    parts.start(show=False)
    qtbot.waitUntil(lambda: len(told(tray)) == 1)
    monkeypatch.setattr(type(parts.window), "is_looked_at", True)
    qtbot.wait(80)
    monkeypatch.setattr(type(parts.window), "is_looked_at", False)
    look_again(qtbot, parts)
    assert len(told(tray)) == 1


@pytest.mark.parametrize("kind", [kind for kind in NeedKind if kind not in OF_CONNECTIONS])
def test_a_message_names_nobodys_email(qtbot, away, desk, tray, kind):
    desk.needs = (Need(kind, 1, NOW, "inbound", ("ann@example.com",), ("1042",)),)
    look_again(qtbot, away)
    assert len(told(tray)) == 1
    assert "ann@" not in told(tray)[0]


def test_ordinary_runs_and_failures_that_pass_are_not_told(qtbot, away, loop, desk, tray):
    desk.now += timedelta(hours=1)
    with qtbot.waitSignal(away.context.monitor.changed):
        away.bridge.run_started(RunKind.EVENTS, Trigger.SCHEDULED)
    desk.needs = (Need(NeedKind.LATE, 0, NOW, "events"),)
    look_again(qtbot, away)
    assert told(tray) == []
