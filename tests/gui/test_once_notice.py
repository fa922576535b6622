"""That nothing ran for a while, and that the program had crashed, is told once, to somebody who looks."""

from datetime import timedelta

import pytest

from ccdesk.core.errors import Unreachable
from ccdesk.gui.once_notice import CRASHED, WHY
from ccdesk.service.gaps import Gap, GapReason
from ccdesk.system.crashes import Crash
from tests.gui.fakes import NOW, FakeLoop, ready_desk
from tests.gui.helpers import click, dialog

NIGHT = Gap(NOW - timedelta(hours=9), NOW, GapReason.ASLEEP)


@pytest.fixture
def desk():
    made = ready_desk()
    made.gap = NIGHT
    return made


@pytest.mark.parametrize("reason", GapReason)
def test_it_says_when_and_why(qtbot, open_window, desk, reason):
    desk.gap = Gap(NIGHT.since, NIGHT.until, reason)
    notice = open_window(desk).window.gap_notice
    qtbot.waitUntil(notice.isVisible)
    assert notice.title.text() == "Nothing ran from 12/16/2015 to 12/16/2015"
    assert notice.text.text().startswith(WHY[reason])


def test_it_waits_for_somebody_to_look_and_is_not_told_by_the_next_start(qtbot, open_window, desk):
    parts = open_window(desk, FakeLoop(), start=False)
    parts.start(show=False)
    qtbot.waitUntil(lambda: parts.context.watch.is_read)
    assert "first_time" not in desk.names()
    parts.window.come_forward()
    qtbot.waitUntil(parts.window.gap_notice.isVisible)
    again = open_window(desk).window
    qtbot.wait(50)
    assert not again.gap_notice.isVisible()


def test_a_later_one_takes_its_place(qtbot, open_window, desk):
    parts = open_window(desk)
    notice = parts.window.gap_notice
    qtbot.waitUntil(notice.isVisible)
    notice.clear()
    desk.gap = Gap(NOW, NOW + timedelta(hours=2), GapReason.NOT_RUNNING)
    parts.context.watch.refresh()
    qtbot.waitUntil(notice.isVisible)


def test_on_a_bundle_nobody_is_told(qtbot, open_window, desk):
    desk.fail["first_time"] = Unreachable()
    window = open_window(desk).window
    qtbot.waitUntil(lambda: "first_time" in desk.names())
    qtbot.wait(30)
    assert not window.gap_notice.isVisible()
    assert not window.notice.isVisible()


# ---------------------------------------------------------------- crashes

CRASH = Crash(NOW, "ccdesk.crash:900")


def opened_after(open_window, desk, crash, **more):
    desk.gap = None
    parts = open_window(desk, FakeLoop(), start=False, **more)
    parts.window.crash_notice.offer(crash)
    parts.start()
    return parts.window


def test_a_crash_is_offered_to_support_once(qtbot, open_window, desk):
    window = opened_after(open_window, desk, CRASH, save_bundle=lambda out, wanted: None)
    qtbot.waitUntil(window.crash_notice.isVisible)
    assert window.crash_notice.title.text() == CRASHED
    click(qtbot, window, "notice_crash_action")
    dialog(qtbot, window, "dlg_diagnostics")
    again = opened_after(open_window, desk, CRASH)
    qtbot.wait(50)
    assert not again.crash_notice.isVisible()
    third = opened_after(open_window, desk, Crash(NOW, "ccdesk.crash:1800"))
    qtbot.waitUntil(third.crash_notice.isVisible)
