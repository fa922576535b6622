"""What the window says outside its tabs, and what they all say by it, goes through the window's language."""

from dataclasses import replace
from datetime import UTC, timedelta

import pytest

from ccdesk.core.errors import Refused, Unreachable
from ccdesk.core.runs import (
    Entry,
    EventStatus,
    Outcome,
    Progress,
    QueuedEvent,
    Run,
    RunKind,
    RunStatus,
    Trigger,
)
from ccdesk.gui import columns, formats
from ccdesk.gui.aside import TEXT, TITLE
from ccdesk.gui.needs import things, words
from ccdesk.gui.overall import overall
from ccdesk.gui.standing import look, next_line
from ccdesk.gui.translation import say
from ccdesk.service.api import Connection, ConnectionState
from ccdesk.service.gaps import Gap, GapReason
from ccdesk.service.needs_you import Need, NeedKind
from ccdesk.service.setup import Step, in_words, not_ready
from ccdesk.system.crashes import Crash
from tests.gui.fakes import NOW, ready_desk
from tests.gui.shouted import LETTERS, left_over, unsaid
from tests.gui.test_shouted_tabs import DATA
from tests.gui.test_standing import snapshot
from tests.gui.tray_double import FakeTray

SHORTLY = [NOW + timedelta(days=days) for days in (-40, -3, -1, 0, 1, 3, 40)]
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def not_said(texts, data=()):
    return [text for text in texts if LETTERS.search(left_over(text, (*DATA, *WEEKDAYS, *data)))]


def test_the_window(shouting, window):
    parts = (window.lbl_footer, window.notice, window.gap_notice, window.crash_notice, window.tabs.tabBar())
    assert [unsaid(part, DATA) for part in parts] == [{}] * len(parts)
    assert not_said([window.windowTitle(), *(window.tabs.tabText(n) for n in range(5))]) == []
    assert not_said(window.tabs.tabToolTip(n) for n in range(5)) == []
    found = window.tabs.cornerWidget()
    assert not_said([found.accessibleName(), found.toolTip()]) == []


def test_the_footer_whatever_happens(shouting, window):
    for kind in RunKind:
        window.context.monitor._on_started(kind, Trigger.MANUAL)
        assert not_said([window._footer()]) == []
        window.context.monitor._on_progress(Progress(1, kind, "Sending to Constant Contact"))
        assert not_said([window._footer()]) == []
        window.context.monitor._end(kind)
    for status in ({"enabled": False}, {"paused_until": NOW}, {"needs_you": (Need(NeedKind.LOGIN),)}):
        window._on_snapshot(snapshot(**status))
        assert not_said([window._footer()]) == []
    window._on_unreadable(Refused())
    assert not_said([window._footer()]) == []


@pytest.mark.parametrize("count", [0, 1, 2])
@pytest.mark.parametrize("kind", NeedKind)
def test_what_needs_a_person(shouting, kind, count):
    for subject in ("", "inbound", "events", "export"):
        for need in (Need(kind, count, subject=subject), Need(kind, count, NOW, subject, ("a@example.com",))):
            said = words(need)
            assert not_said([said.line, said.button, things([need])], [subject] if subject else []) == []


def test_how_everything_stands(shouting):
    failed = Connection(ConnectionState.FAILED, "Mystic", error=Unreachable())
    refused = replace(failed, error=Refused())
    unknown = replace(failed, error=None)
    changes = [
        *({}, {"enabled": False}, {"paused_until": NOW}, {"kibo_app": False}, {"last_good": {}}),
        *({"kibo": one} for one in (failed, refused, unknown)),
        {"constant_contact": Connection(ConnectionState.NOT_SET_UP)},
        {"needs_you": (Need(NeedKind.LOGIN),), "enabled": False},
    ]
    for change in changes:
        for since in ({}, {"Kibo": NOW}):
            seen = overall(snapshot(**change), NOW, since)
            assert not_said([seen.title, seen.detail, seen.sentence]) == []
        assert not_said([look(snapshot(**change)).line, next_line(snapshot(**change))]) == []
    fresh = ready_desk()
    fresh.exported = False
    for seen in (look(None), look(snapshot(fresh)), look(snapshot(), RunKind.EXPORT)):
        assert not_said([seen.line]) == []


def test_the_tray(qtbot, shouting, open_window, desk):
    tray = FakeTray()
    parts = open_window(desk, tray=tray)
    qtbot.waitUntil(lambda: parts.window.context.watch.snapshot is not None)
    assert not_said([tray.tip, *tray.lines, say(TITLE), say(TEXT)]) == []


@pytest.mark.parametrize("reason", GapReason)
def test_what_is_told_once(qtbot, shouting, window, reason):
    window.gap_notice._gap = Gap(NOW, NOW + timedelta(hours=9), reason)
    window.gap_notice.show_it()
    window.crash_notice._crash = Crash(NOW, "mark")
    window.crash_notice.show_it()
    assert unsaid(window.gap_notice, WEEKDAYS) | unsaid(window.crash_notice, WEEKDAYS) == {}


def test_dates_and_figures(shouting):
    said = [
        form(moment, NOW, UTC) for moment in SHORTLY for form in (formats.calendar_date, formats.in_sentence)
    ]
    said += [formats.ago(timedelta(minutes=minutes)) for minutes in (0, 1, 5, 60, 600, 6000)]
    said += [
        form(seconds) for seconds in (1, 42, 61, 600, 9000) for form in (formats.time_left, formats.duration)
    ]
    said += [formats.next_run(NOW), formats.next_run(None), formats.parked(1), formats.pace(3)]
    silent = Progress(1, RunKind.EXPORT, "", silent="Kibo", tries=2, pause=9)
    said += [formats.silence(silent, seconds) for seconds in (0, 9)]
    said += [
        formats.progress_line(Progress(1, RunKind.EXPORT, "", 4, 9, 1, 70, *seen, 3))
        for seen in ((), (9, 4, 2))
    ]
    assert not_said(said) == []


@pytest.mark.parametrize("kind", RunKind)
@pytest.mark.parametrize("status", RunStatus)
def test_a_run(shouting, status, kind):
    counts = {**{outcome.value: 2 for outcome in Outcome}, "ignored": 1, "queued": 3, "contacts_seen": 4}
    run = Run(
        1, kind, Trigger.MANUAL, status, NOW, NOW + timedelta(seconds=3), error_count=2, waiting_until=NOW
    )
    for one in (run, replace(run, counts=counts, total_contacts=9, resumes=7, undoes=3, error_count=0)):
        said = [
            formats.kind_words(one),
            formats.status_words(one),
            formats.run_words(one),
            formats.reason(one),
        ]
        said += [formats.took(one), formats.counts_line(one), formats.summary(one, "9")]
        for column in (*columns.RUN_COLUMNS, *columns.INBOUND_COLUMNS):
            said += [column.text(one), column.tip(one) if column.tip else ""]
        assert not_said(said) == []


@pytest.mark.parametrize("status", EventStatus)
def test_an_entry_of_the_queue_and_of_a_run(shouting, status):
    event = QueuedEvent("e", 1, NOW, status, 2, "no change", NOW, NOW, "new contact")
    for one in (event, replace(event, error="", next_try_at=None, processed_at=None)):
        row = columns.Queued(one)
        said = [column.text(row) for column in columns.EVENT_COLUMNS[2:]]
        assert not_said([*said, columns.event_words(one)]) == []
    for outcome in Outcome:
        entry = Entry(None, "", outcome, "new contact", "")
        for column in (*columns.ENTRY_COLUMNS, *columns.HELD_COLUMNS, *columns.ERROR_COLUMNS):
            assert not_said([column.text(entry), say(column.title)]) == []


def test_what_has_to_be_set_up_first(shouting):
    for steps in ((Step.KIBO,), (Step.KIBO, Step.LIST), tuple(Step)):
        error = not_ready(steps)
        assert (
            not_said(say(text) for text in (in_words(steps), error.title, error.meaning, error.next_step))
            == []
        )
