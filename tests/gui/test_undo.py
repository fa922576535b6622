"""*Undo This Run…* in a run's View: what it would do is shown, and done only when asked (design §8)."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from PySide6.QtWidgets import QDialog

from ccdesk.core.errors import Busy
from ccdesk.core.runs import Entry, Outcome, Run, RunKind, RunStatus, Trigger
from ccdesk.gui.dialogs.run_view import RunDialog
from ccdesk.gui.read_only import StillLoop
from ccdesk.service.preview import Preview
from tests.gui.fakes import FakeDesk, finished_export
from tests.gui.helpers import click, dialog, find, rows, texts

CLOSED = "closed"
NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
PEOPLE = [
    *(Entry(n, f"p{n}@example.com", Outcome.REMOVED, "taken off the list: run 1100") for n in range(56)),
    Entry(500, "out@example.com", Outcome.SKIPPED, "opted out in Kibo since: the opt-out stands"),
]
UNDO = Run(
    1200,
    RunKind.UNDO,
    Trigger.MANUAL,
    RunStatus.COMPLETE,
    NOON,
    NOON,
    424,
    counts={"removed": 423, "skipped": 1},
    undoes=1100,
)


@pytest.fixture
def shown(qtbot: Any, window: Any, desk: FakeDesk) -> Any:
    run = finished_export()
    desk.all_runs.append(run)
    window.tabs.setCurrentWidget(window.logs)
    RunDialog(window.context, run, window).open()
    return dialog(qtbot, window, "dlg_run")


def plays(desk: FakeDesk, calls: list[str], run: Run = UNDO) -> Callable[[Any, threading.Event], None]:
    desk.people[run.id] = PEOPLE
    preview = Preview(run, 0, desk, lambda: calls.append(CLOSED))  # type: ignore[arg-type]

    def script(listener: Any, _cancel: threading.Event) -> None:
        listener.preview_started(RunKind.UNDO)
        listener.preview_finished(preview)

    return script


def test_what_it_would_do_is_shown_and_done_when_asked(
    qtbot: Any, window: Any, shown: Any, desk: FakeDesk, loop: Any
) -> None:
    calls: list[str] = []
    loop.try_script = plays(desk, calls)
    loop.scripts[RunKind.UNDO] = lambda listener, _cancel: listener.run_finished(UNDO)
    assert shown.btn_undo.text() == "&Undo This Run…"
    click(qtbot, shown, "btn_run_undo")
    preview = dialog(qtbot, window, "dlg_preview")
    assert loop.undo_tries == [1100]
    assert preview.parent() is shown
    assert preview.windowTitle() == "Preview of undoing run 1100"
    counts = find(preview, "lbl_preview_counts").text()
    assert counts == "424 people: 423 will be removed from the list · 1 will be skipped"
    assert "stays off until they opt in anew" in find(preview, "lbl_preview_welcomes").text()
    rows(qtbot, preview.tbl_people, 57)
    assert "taken off the list: run 1100" in texts(preview.tbl_people, 0)
    preview.cmb_outcome.setCurrentIndex(preview.cmb_outcome.findData(Outcome.SKIPPED.value))
    rows(qtbot, preview.tbl_people, 1)
    assert preview.btn_export.text() == "&Undo for 423 people"
    assert loop.undone == []
    click(qtbot, preview, "btn_preview_export")
    assert loop.undone == [1100]
    assert loop.requests == []
    qtbot.waitUntil(lambda: calls == [CLOSED])
    qtbot.waitUntil(lambda: shown.notice.isVisible())
    assert shown.notice.title.text() == "Run 1100 was undone"
    assert "423 removed" in shown.notice.text.text()
    assert shown.btn_undo.isEnabled()
    assert window.findChild(object, "page_to_cc") is not None


def test_closed_it_does_nothing(qtbot: Any, window: Any, shown: Any, desk: FakeDesk, loop: Any) -> None:
    calls: list[str] = []
    loop.try_script = plays(desk, calls)
    click(qtbot, shown, "btn_run_undo")
    click(qtbot, dialog(qtbot, window, "dlg_preview"), "btn_preview_close")
    qtbot.waitUntil(lambda: calls == [CLOSED])
    assert loop.undone == []
    assert shown.isVisible()


def test_where_nobody_would_be_undone_there_is_nothing_to_press(
    qtbot: Any, window: Any, shown: Any, desk: FakeDesk, loop: Any
) -> None:
    loop.try_script = plays(desk, [], replace(UNDO, counts={"skipped": 424}))
    click(qtbot, shown, "btn_run_undo")
    preview = dialog(qtbot, window, "dlg_preview")
    assert not preview.btn_export.isVisible()


def test_meanwhile_it_says_so_and_cannot_be_asked_twice(qtbot: Any, shown: Any, loop: Any) -> None:
    go_on = threading.Event()

    def script(listener: Any, _cancel: threading.Event) -> None:
        listener.preview_started(RunKind.UNDO)
        go_on.wait(5)
        listener.preview_failed(RunKind.UNDO, Busy(holder="events (process 1 on here)"))

    loop.try_script = script
    click(qtbot, shown, "btn_run_undo")
    qtbot.waitUntil(lambda: shown.btn_undo.text() == "Looking…")
    assert not shown.btn_undo.isEnabled()
    go_on.set()
    qtbot.waitUntil(lambda: shown.btn_undo.isEnabled())
    assert shown.btn_undo.text() == "&Undo This Run…"
    qtbot.waitUntil(lambda: shown.notice.isVisible())
    assert shown.notice.title.text() == Busy.title


def test_a_dialog_closed_meanwhile_does_not_lose_the_preview(
    qtbot: Any, window: Any, shown: Any, desk: FakeDesk, loop: Any
) -> None:
    calls: list[str] = []
    script, go_on = plays(desk, calls), threading.Event()

    def waits(listener: Any, cancel: threading.Event) -> None:
        go_on.wait(5)
        script(listener, cancel)

    loop.try_script = waits
    click(qtbot, shown, "btn_run_undo")
    click(qtbot, shown, "btn_run_close")
    go_on.set()
    click(qtbot, dialog(qtbot, window, "dlg_preview"), "btn_preview_close")
    qtbot.waitUntil(lambda: calls == [CLOSED])


def test_a_dialog_of_somebody_else_does_not_take_the_preview(
    qtbot: Any, window: Any, shown: Any, desk: FakeDesk, loop: Any
) -> None:
    foreign = QDialog()
    qtbot.addWidget(foreign)
    loop.try_script = plays(desk, [])
    click(qtbot, shown, "btn_run_undo")
    click(qtbot, shown, "btn_run_close")
    foreign.open()
    assert dialog(qtbot, window, "dlg_preview").parent() is window


@pytest.mark.parametrize(
    ("change", "there"),
    [
        ({}, True),
        ({"kind": RunKind.UNDO}, False),
        ({"counts": {"unchanged": 3}}, False),
        ({"kind": RunKind.INBOUND, "counts": {"opted_in": 2}}, True),
        ({"status": RunStatus.RUNNING}, False),
    ],
)
def test_only_a_run_that_did_something_to_take_back_has_the_button(
    qtbot: Any, window: Any, change: dict[str, Any], there: bool
) -> None:
    RunDialog(window.context, replace(finished_export(), **change), window).open()
    assert dialog(qtbot, window, "dlg_run").btn_undo.isVisible() is there


def test_a_failed_undo_is_told_in_the_dialog(qtbot: Any, shown: Any, loop: Any) -> None:
    loop.scripts[RunKind.UNDO] = lambda listener, _cancel: listener.run_finished(
        replace(UNDO, status=RunStatus.WAITING, message="The daily calls are used up.", counts={})
    )
    shown._context.monitor.undo(1100)
    qtbot.waitUntil(lambda: shown.notice.isVisible())
    assert shown.notice.title.text() == "Undo of run 1100"
    assert "used up" in shown.notice.text.text()


def test_on_a_bundle_it_is_refused_in_words(qtbot: Any, open_window: Any, desk: FakeDesk) -> None:
    window = open_window(desk, StillLoop()).window
    RunDialog(window.context, finished_export(), window).open()
    shown = dialog(qtbot, window, "dlg_run")
    click(qtbot, shown, "btn_run_undo")
    qtbot.waitUntil(lambda: shown.notice.isVisible())
    assert "can only be looked at" in shown.notice.title.text()
    assert shown.btn_undo.isEnabled()
