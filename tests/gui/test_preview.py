"""Preview beside Sync Contacts: what an export would do is shown, and done only when asked (design §8)."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from ccdesk.core.errors import Busy, ListHasMembers
from ccdesk.core.runs import Entry, Outcome, Progress, Run, RunKind, RunStatus
from ccdesk.service.preview import Preview
from tests.gui.fakes import FakeDesk, finished_export
from tests.gui.helpers import click, dialog, find, rows, texts

CLOSED = "closed"


@pytest.fixture
def sync(window: Any) -> Any:
    window.tabs.setCurrentWidget(window.sync)
    return window.sync


def previewed(desk: FakeDesk, calls: list[str], *, welcomes: int = 3, run: Run | None = None) -> Preview:
    desk.people[1100] = [
        *(Entry(n, f"p{n}@example.com", Outcome.ADDED, "new contact") for n in range(56)),
        Entry(99, "no-at", Outcome.ERROR, "The email address is not valid.", "email_malformed"),
    ]
    return Preview(run or finished_export(), welcomes, desk, lambda: calls.append(CLOSED))  # type: ignore[arg-type]


def plays(preview: Preview, gate: threading.Event | None = None) -> Callable[[Any, threading.Event], None]:
    def script(listener: Any, cancel: threading.Event) -> None:
        listener.preview_started(RunKind.EXPORT)
        listener.progress(Progress(1100, RunKind.EXPORT, "Reading customers from Kibo", 20, 57))
        while gate is not None and not gate.wait(0.01) and not cancel.is_set():
            pass
        if cancel.is_set():
            preview.run = replace(preview.run, status=RunStatus.CANCELLED)
        listener.preview_finished(preview)

    return script


def test_the_people_are_shown_and_exported_when_asked(qtbot: Any, sync: Any, desk: Any, loop: Any) -> None:
    calls: list[str] = []
    loop.try_script = plays(previewed(desk, calls))
    click(qtbot, sync, "btn_sync_preview")
    shown = dialog(qtbot, sync.window(), "dlg_preview")
    assert loop.tries == [RunKind.EXPORT]
    assert find(shown, "lbl_preview_nothing").text() == "Nothing was changed in either service."
    assert find(shown, "lbl_preview_counts").text() == "57 people: 56 will be added · 1 error"
    assert find(shown, "lbl_preview_welcomes").text() == "3 welcome emails would be sent."
    assert not shown.badge.isVisible(), "nothing has completed"
    rows(qtbot, shown.tbl_people, 57)
    rows(qtbot, shown.tbl_kinds, 2)
    assert "p0@example.com" in texts(shown.tbl_people, 0)
    assert "Will be added" in texts(shown.tbl_people, 0)
    assert texts(shown.tbl_kinds, 0)[0] == "Will be added"
    assert "Will be added" in [shown.cmb_outcome.itemText(at) for at in range(shown.cmb_outcome.count())]
    shown.cmb_outcome.setCurrentIndex(shown.cmb_outcome.findData(Outcome.ERROR.value))
    rows(qtbot, shown.tbl_people, 1)
    assert shown.btn_export.text() == "&Export 56 people"
    assert loop.requests == []
    click(qtbot, shown, "btn_preview_export")
    assert loop.requests == [(RunKind.EXPORT, False)]
    qtbot.waitUntil(lambda: calls == [CLOSED])


def test_closed_it_does_nothing(qtbot: Any, sync: Any, desk: Any, loop: Any) -> None:
    calls: list[str] = []
    loop.try_script = plays(previewed(desk, calls, welcomes=0))
    click(qtbot, sync, "btn_sync_preview")
    shown = dialog(qtbot, sync.window(), "dlg_preview")
    assert find(shown, "lbl_preview_welcomes").text() == "0 welcome emails would be sent."
    click(qtbot, shown, "btn_preview_close")
    qtbot.waitUntil(lambda: calls == [CLOSED])
    assert loop.requests == []


def test_meanwhile_it_says_so_and_can_be_stopped(qtbot: Any, sync: Any, desk: Any, loop: Any) -> None:
    calls: list[str] = []
    loop.try_script = plays(previewed(desk, calls), threading.Event())
    click(qtbot, sync, "btn_sync_preview")
    qtbot.waitUntil(lambda: find(sync, "lbl_sync_origin").text() == "Preview: nothing is changed.")
    qtbot.waitUntil(lambda: find(sync, "lbl_sync_phase").text() == "Reading customers from Kibo")
    assert not sync.to_page.btn_preview.isEnabled()
    assert not sync.to_page.btn_sync.isEnabled()
    assert sync.window().lbl_footer.text().startswith("Preview: ")
    click(qtbot, sync, "btn_sync_cancel")
    qtbot.waitUntil(lambda: calls == [CLOSED])
    qtbot.waitUntil(lambda: sync.to_page.btn_preview.isEnabled())
    assert not sync.to_page.progress.isVisible()
    assert find(sync, "lbl_sync_origin").text() == ""
    assert sync.window().findChild(object, "dlg_preview") is None


def test_what_the_export_would_ask_is_asked_by_the_export(
    qtbot: Any, sync: Any, desk: Any, loop: Any
) -> None:
    calls: list[str] = []
    error = ListHasMembers(
        "5 customers are contacts but not on the list “News”", meaning="They may have left."
    )
    run = replace(finished_export(), status=RunStatus.FAILED, message=error.text, failure=error, counts={})
    loop.try_script = plays(previewed(desk, calls, run=run))
    click(qtbot, sync, "btn_sync_preview")
    shown = dialog(qtbot, sync.window(), "dlg_preview")
    assert shown.badge.text() == "Would ask you"
    assert "5 customers are contacts" in find(shown, "lbl_preview_message").text()
    assert shown.btn_export.text() == "&Sync Contacts…"
    click(qtbot, shown, "btn_preview_export")
    assert loop.requests == [(RunKind.EXPORT, False)]


def test_where_nobody_would_be_exported_there_is_nothing_to_press(
    qtbot: Any, sync: Any, desk: Any, loop: Any
) -> None:
    run = replace(finished_export(), counts={"unchanged": 57}, error_count=0)
    loop.try_script = plays(previewed(desk, [], run=run))
    click(qtbot, sync, "btn_sync_preview")
    shown = dialog(qtbot, sync.window(), "dlg_preview")
    assert not shown.btn_export.isVisible()


def test_one_that_cannot_begin_says_why(qtbot: Any, window: Any, sync: Any, loop: Any) -> None:
    def script(listener: Any, _cancel: threading.Event) -> None:
        listener.preview_started(RunKind.EXPORT)
        listener.preview_failed(RunKind.EXPORT, Busy(holder="events (process 1 on here)"))

    loop.try_script = script
    told: list[Any] = []
    sync.to_page.failed.connect(told.append)
    click(qtbot, sync, "btn_sync_preview")
    qtbot.waitUntil(lambda: len(told) == 1)
    assert isinstance(told[0], Busy)
    qtbot.waitUntil(lambda: sync.to_page.btn_preview.isEnabled())
