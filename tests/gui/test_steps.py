"""The steps of a run: put together from what it reports, shown as a line on the Sync tab."""

from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel

from ccdesk.core.errors import Busy, ConfirmNeeded, Unreachable
from ccdesk.core.runs import Progress, Run, RunKind, RunStatus, Trigger
from ccdesk.gui.components import theme
from ccdesk.gui.components.step_line import MARKS, StepLine
from ccdesk.gui.components.theme import SCHEMES, apply_theme
from ccdesk.gui.steps import BESIDE, PLANS, RunSteps, StepState
from ccdesk.gui.stored_texts import PHASES
from tests.gui.fakes import NOW
from tests.gui.helpers import click, find

CONNECT = "Connecting to Constant Contact"
CUSTOMERS, CONTACTS = "Reading customers from Kibo", "Reading contacts from Constant Contact"
COMPARE, SEND, CHECK = "Comparing both sides", "Sending to Constant Contact", "Checking the result"
SIGNS = {
    StepState.DONE: "+",
    StepState.CURRENT: "*",
    StepState.AHEAD: ".",
    StepState.SKIPPED: "-",
    StepState.FAILED: "x",
    StepState.STOPPED: "s",
    StepState.WAITING: "w",
}


def steps_of(kind, *phases, ended=None):
    steps = RunSteps(kind)
    for phase in phases:
        steps.tell(Progress(7, kind, phase))
    if ended is not None:
        steps.end(ended)
    return steps


def signs(steps):
    return "".join(SIGNS[one.state] for one in steps.steps)


def names(steps):
    return [one.name for one in steps.steps]


# ---------------------------------------------------------------- the plans


def test_the_plans_know_every_phase_a_run_reports_and_no_other():
    planned = {phase for plan in PLANS.values() for step in plan for phase in step.phases}
    assert planned | {*BESIDE} == {*PHASES}
    assert set(PLANS) == set(RunKind)


def test_an_export_from_its_begin_to_its_end():
    steps = steps_of(RunKind.EXPORT)
    assert names(steps) == ["Connect", "Read customers", "Read contacts", "Compare", "Send", "Check"]
    seen = [signs(steps)]
    for phase in (CONNECT, CUSTOMERS, CONTACTS, COMPARE, SEND, CHECK):
        steps.tell(Progress(7, RunKind.EXPORT, phase))
        seen.append(signs(steps))
    steps.end(RunStatus.COMPLETE)
    assert [*seen, signs(steps)] == [
        *("......", "*.....", "+*....", "++*...", "+++*..", "++++*.", "+++++*"),
        "++++++",
    ]


def test_an_export_that_goes_on_shows_what_it_ends_first_and_what_it_need_not_do_again():
    steps = steps_of(RunKind.EXPORT, CONNECT, "Waiting for what was sent last", CONTACTS)
    assert names(steps)[:4] == ["Connect", "End what was sent", "Read customers", "Read contacts"]
    assert signs(steps) == "++-*..."


def test_whoever_is_sent_while_others_are_still_read_does_not_end_the_reading():
    steps = steps_of(RunKind.EXPORT, CONNECT, CUSTOMERS, SEND)
    assert (signs(steps), steps.number, steps.phase) == ("+*....", 2, SEND)
    for phase in (CUSTOMERS, CONTACTS, COMPARE, SEND):
        steps.tell(Progress(7, RunKind.EXPORT, phase))
    assert signs(steps) == "++++*."


@pytest.mark.parametrize(
    ("status", "shown"),
    [
        (RunStatus.COMPLETE, "++++--"),
        (RunStatus.NEEDS_YOU, "++++--"),  # the question before the first export: nobody is sent
        (RunStatus.FAILED, "+++x--"),
        (RunStatus.INTERRUPTED, "+++x--"),
        (RunStatus.CANCELLED, "+++s--"),
        (RunStatus.WAITING, "+++w--"),
    ],
)
def test_what_a_run_has_not_come_to_was_skipped(status, shown):
    assert signs(steps_of(RunKind.EXPORT, CONNECT, CUSTOMERS, CONTACTS, COMPARE, ended=status)) == shown


def test_a_phase_that_comes_again_later_belongs_to_the_step_under_way():
    looking, changes = "Looking for changes in Kibo", "Processing customer events"
    steps = steps_of(RunKind.EVENTS, CONNECT, looking, changes, looking, "Looking for accounts in Kibo")
    assert signs(steps) == "++-*"


def test_the_last_look_at_a_former_list_is_a_step_of_its_own():
    left, poll = "Looking who left the list", "Looking for opt-outs in Constant Contact"
    assert signs(steps_of(RunKind.INBOUND, CONNECT, left, poll)) == "++*..."
    steps = steps_of(RunKind.INBOUND, CONNECT, poll, "Looking for changes in Constant Contact", left)
    assert signs(steps) == "+++*."


# ---------------------------------------------------------------- the line


@pytest.fixture
def sync(window):
    window.tabs.setCurrentWidget(window.sync)
    return window.sync


def line(sync, name="steps_sync"):
    return find(sync, name, StepLine)


def tell(qtbot, parts, kind, *phases, run=7, **figures):
    for phase in phases:
        with qtbot.waitSignal(parts.context.monitor.changed):
            parts.bridge.progress(Progress(run, kind, phase, **figures))


def end(qtbot, parts, kind, status=RunStatus.COMPLETE, run=7, **more):
    ended = Run(run, kind, Trigger.MANUAL, status, NOW, NOW, **more)
    with qtbot.waitSignal(parts.bridge.finished):
        parts.bridge.run_finished(ended)
    return ended


def test_the_line_follows_an_export_and_tells_a_screen_reader_where_it_is(qtbot, parts, sync):
    assert not line(sync).isVisible()
    parts.bridge.run_started(RunKind.EXPORT, Trigger.MANUAL)
    qtbot.waitUntil(lambda: line(sync).isVisible())
    assert line(sync).accessibleName() == "Steps of the run"
    tell(qtbot, parts, RunKind.EXPORT, CONNECT, CUSTOMERS)
    assert line(sync).accessibleName() == "Step 2 of 6: Reading customers from Kibo"
    assert line(sync).accessibleDescription().startswith("Connect: done, Read customers: under way, Read")
    figures = {"silent": "Kibo", "tries": 2, "pause": 8.0}
    tell(qtbot, parts, RunKind.EXPORT, CUSTOMERS, **figures)
    assert find(sync, "lbl_sync_detail", QLabel).text().startswith("No answer from Kibo (2 tries)")
    assert line(sync).accessibleName() == "Step 2 of 6: Reading customers from Kibo"


def test_once_it_has_ended_the_last_export_shows_its_steps(qtbot, parts, sync, desk):
    last = line(sync, "steps_last_export")
    tell(qtbot, parts, RunKind.EXPORT, CONNECT, CUSTOMERS)
    assert not last.isVisible()
    desk.all_runs.insert(0, end(qtbot, parts, RunKind.EXPORT, RunStatus.FAILED))
    assert last.isVisible()
    assert not line(sync).isVisible()
    assert last.accessibleName() == "Step 2 of 6: Reading customers from Kibo, failed here"
    sync.to_page.result.show_run(replace(desk.all_runs[0], id=8))
    assert not last.isVisible(), "another program has exported since: these are not its steps"


def test_an_export_that_asks_a_person_shows_how_far_it_came(qtbot, parts, sync, desk):
    tell(qtbot, parts, RunKind.EXPORT, CONNECT, CUSTOMERS, CONTACTS, COMPARE)
    desk.all_runs.insert(0, Run(7, RunKind.EXPORT, Trigger.MANUAL, RunStatus.NEEDS_YOU, NOW, NOW))
    parts.bridge.run_failed(RunKind.EXPORT, ConfirmNeeded())
    last = line(sync, "steps_last_export")
    qtbot.waitUntil(last.isVisible)
    assert last.accessibleDescription().endswith("Compare: done, Send: skipped, Check: skipped")


def test_what_could_not_begin_has_no_steps(qtbot, parts, sync):
    tell(qtbot, parts, RunKind.EVENTS, CONNECT)
    end(qtbot, parts, RunKind.EVENTS)
    parts.bridge.run_started(RunKind.EVENTS, Trigger.MANUAL)
    with qtbot.waitSignal(parts.context.monitor.failed):
        parts.bridge.run_failed(RunKind.EVENTS, Busy())
    kept = parts.context.monitor.steps.last[RunKind.EVENTS]
    assert kept.run is not None, "the run before it is still the last one"


def test_a_sync_of_changes_keeps_its_steps_and_gives_way_to_an_export(qtbot, parts, sync):
    tell(qtbot, parts, RunKind.EVENTS, CONNECT, "Looking for changes in Kibo")
    phase, detail = find(sync, "lbl_sync_phase", QLabel), find(sync, "lbl_sync_detail", QLabel)
    assert phase.text() == "Another run is in progress: Events"
    assert detail.text() == "Looking for changes in Kibo · no errors"
    end(qtbot, parts, RunKind.EVENTS, counts={"added": 2})
    assert phase.text() == "Events, last run: Completed"
    assert detail.text().startswith("2 added · ")
    assert line(sync).accessibleDescription().endswith("Process opt-outs: skipped, Process changes: skipped")
    assert not find(sync, "bar_sync").isVisible()
    tell(qtbot, parts, RunKind.EXPORT, CONNECT)
    assert line(sync).accessibleName() == "Step 1 of 6: Connecting to Constant Contact"
    assert find(sync, "bar_sync").isVisible()


def test_a_check_for_unsubscribes_is_followed_beside_its_runs(qtbot, parts, sync):
    click(qtbot, sync, "btn_from_cc")
    assert not line(sync, "steps_inbound").isVisible()
    poll = "Looking for opt-outs in Constant Contact"
    parts.bridge.run_started(RunKind.INBOUND, Trigger.SCHEDULED)
    tell(qtbot, parts, RunKind.INBOUND, CONNECT, poll, done=12)
    assert find(sync, "lbl_inbound_phase", QLabel).text() == poll
    assert find(sync, "lbl_inbound_detail", QLabel).text() == "12 read · no errors"
    assert line(sync, "steps_inbound").accessibleName() == f"Step 2 of 5: {poll}"
    parts.context.monitor.started_at -= 75
    sync.from_page._second.timeout.emit()
    assert find(sync, "lbl_inbound_time", QLabel).text().startswith("1 min 1")
    parts.bridge.run_failed(RunKind.INBOUND, Unreachable())
    qtbot.waitUntil(lambda: "failed here" in line(sync, "steps_inbound").accessibleName())
    assert find(sync, "lbl_inbound_phase", QLabel).text() == "From Constant Contact, last run: Failed"
    assert not sync.from_page._second.isActive()


def test_a_preview_leaves_no_steps_behind(qtbot, parts, sync):
    with qtbot.waitSignal(parts.bridge.trying_out):
        parts.bridge.preview_started(RunKind.EXPORT)
    tell(qtbot, parts, RunKind.EXPORT, CONNECT)
    assert line(sync).isVisible()
    parts.bridge.preview_failed(RunKind.EXPORT, Unreachable())
    qtbot.waitUntil(lambda: not line(sync).isVisible())
    assert parts.context.monitor.steps.last == {}


# ---------------------------------------------------------------- how it looks


@pytest.fixture
def drawn(qtbot, themed):
    """A line of an export that sends, by itself."""
    shown = StepLine("steps")
    qtbot.addWidget(shown)
    shown.show_steps(steps_of(RunKind.EXPORT, CONNECT, CUSTOMERS, CONTACTS, COMPARE, SEND))
    shown.resize(900, shown.heightForWidth(900))
    return shown


def test_every_state_has_a_mark_of_its_own_shape():
    assert set(MARKS) == set(StepState)
    assert len({name for name, _ in MARKS.values()}) == len(MARKS)


@pytest.mark.parametrize("name", ["light", "dark"])
def test_marks_and_names_can_be_told_from_the_card(name):
    from tests.gui.test_looks import contrast

    chosen = SCHEMES[name]
    for back in ("card", "window"):
        for _, tone in MARKS.values():
            assert contrast(chosen.tone(tone), chosen.colour(back)) >= 4.5, tone
        assert contrast(chosen.colour("accent"), chosen.colour(back)) >= 3


def test_where_it_is_narrow_names_go_on_in_the_next_line(drawn):
    assert drawn.minimumSizeHint().width() == 0
    low, high = drawn.heightForWidth(900), drawn.heightForWidth(420)
    assert low < high <= low + 2 * drawn.fontMetrics().lineSpacing()


def test_the_window_at_its_narrowest_needs_no_scrolling_sideways(qtbot, parts, sync):
    parts.window.resize(640, 600)
    tell(qtbot, parts, RunKind.EXPORT, CONNECT, "Looking for what was sent last", CUSTOMERS)
    qtbot.waitUntil(lambda: parts.window.width() == 640)
    shown = line(sync)
    right = shown.mapTo(parts.window, shown.rect().topRight()).x()
    assert right < 640
    qtbot.waitUntil(lambda: shown.height() == shown.heightForWidth(shown.width()))


def test_the_lowest_window_has_room_for_a_check_for_unsubscribes(qtbot, parts, sync):
    click(qtbot, sync, "btn_from_cc")
    parts.window.resize(640, 480)
    parts.bridge.run_started(RunKind.INBOUND, Trigger.SCHEDULED)
    tell(qtbot, parts, RunKind.INBOUND, CONNECT, done=12)
    qtbot.waitUntil(lambda: line(sync, "steps_inbound").isVisible())
    table = sync.from_page.table
    qtbot.waitUntil(lambda: table.height() >= table.minimumHeight())
    bottom = table.mapTo(sync, table.rect().bottomLeft()).y()
    assert bottom < sync.height()


def test_it_is_read_from_the_right_where_one_reads_from_there(drawn):
    first = drawn._column(900)
    drawn.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
    mirrored = drawn._column(900)
    assert (first.left(), mirrored.right()) == (0, 899)


def test_its_colours_are_the_themes_and_the_desktops_where_it_asks_for_contrast(qapp, drawn, monkeypatch):
    def colours():
        image = drawn.grab().toImage()
        size = image.size()
        return {image.pixelColor(x, y).name() for x in range(size.width()) for y in range(size.height())}

    assert {SCHEMES["light"].colours[one] for one in ("accent", "good")} <= colours()
    apply_theme(qapp, "dark")
    assert {SCHEMES["dark"].colours[one] for one in ("accent", "good")} <= colours()
    monkeypatch.setattr(theme, "wants_contrast", lambda: True)
    apply_theme(qapp, "light")
    used = colours()
    monkeypatch.undo()
    apply_theme(qapp, "light")
    assert SCHEMES["light"].colours["good"] not in used


def test_a_loop_that_died_leaves_no_run_under_way(qtbot, parts, sync):
    tell(qtbot, parts, RunKind.EXPORT, CONNECT)
    monitor = parts.context.monitor
    assert monitor.steps.now is not None
    monitor.on_crash()
    assert (monitor.kind, monitor.steps.now, monitor.steps.last) == (None, None, {})
