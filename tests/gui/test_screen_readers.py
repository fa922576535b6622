"""What a screen reader is told (`QAccessible`): values, roles, names, and which way a fold goes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from PySide6.QtGui import QAccessible
from PySide6.QtWidgets import (
    QAbstractButton,
    QComboBox,
    QDialog,
    QLabel,
    QLineEdit,
    QProgressBar,
    QTableView,
    QWidget,
)

from ccdesk.core.runs import Progress, RunKind, RunStatus, Trigger
from ccdesk.gui import aloud
from ccdesk.gui.components.widgets import Card
from ccdesk.gui.dialogs.diagnostics import DiagnosticsDialog
from ccdesk.gui.dialogs.drift_view import show_drift
from ccdesk.gui.dialogs.find_person import find_person
from ccdesk.gui.dialogs.run_view import RunDialog
from tests.gui.fakes import finished_export, fresh_desk, ready_desk
from tests.gui.helpers import find

Role = QAccessible.Role


def told(widget: QWidget) -> tuple[Any, str, str]:
    """Role, name and description of a widget as a screen reader gets them."""
    found = QAccessible.queryAccessibleInterface(widget)
    return found.role(), found.text(QAccessible.Text.Name), found.text(QAccessible.Text.Description)


def test_the_window_is_a_window(window: Any) -> None:
    assert told(window)[:2] == (Role.Window, "Constant Contact Settings")


def test_values_are_told_with_their_captions(qtbot: Any, window: Any) -> None:
    value = find(window, "card_kibo_name", QWidget)
    qtbot.waitUntil(lambda: value.text() != "–")
    assert told(value)[1] == f"Tenant: {value.text()}"


def test_cards_are_named(window: Any) -> None:
    cards = [one for one in window.findChildren(Card) if one.objectName() != "needs_you"]
    assert cards
    assert [one.objectName() or one for one in cards if not told(one)[1]] == []


def test_what_folds_is_a_button_that_says_which_way_it_goes(window: Any) -> None:
    fold = find(window, "btn_kibo_advanced")
    assert told(fold) == (Role.Button, "Advanced", "collapsed")
    fold.click()
    assert (fold.is_open, told(fold)[2]) == (True, "expanded")
    for one in window.findChildren(QAbstractButton):
        if one.objectName().endswith(("_fold", "_details", "_advanced")):
            assert told(one)[0] == Role.Button, one.objectName()


def opened(window: Any, name: str) -> QDialog:
    """One of the dialogs, open over the window."""
    known: set[QDialog] = set(window.findChildren(QDialog))
    if name == "run":
        RunDialog(window.context, finished_export(), window).open()
    elif name == "drift":
        show_drift(window.context, window)
    elif name == "find":
        find_person(window.context, window)
    else:
        DiagnosticsDialog(window.context, window).open()
    [dialog] = set(window.findChildren(QDialog)) - known
    return dialog


@pytest.mark.parametrize("name", ["run", "drift", "find", "diagnostics"])
def test_every_control_of_a_dialog_is_named_and_reached_by_tab(qtbot: Any, window: Any, name: str) -> None:
    dialog = opened(window, name)
    qtbot.waitUntil(dialog.isVisible)
    assert told(dialog)[:2] == (Role.Dialog, dialog.windowTitle())
    kinds = (QAbstractButton, QComboBox, QLineEdit, QTableView)
    shown: list[QWidget] = [
        one for kind in kinds for one in dialog.findChildren(kind) if one.isVisibleTo(dialog)
    ]
    ours = [
        one
        for one in shown
        if not one.objectName().startswith("qt_") and not isinstance(one.parent(), (QTableView, QComboBox))
    ]
    assert [one.objectName() for one in ours if not told(one)[1]] == []
    chain, one = set(), dialog.nextInFocusChain()
    while one is not dialog:
        chain.add(one.objectName())
        one = one.nextInFocusChain()
    by_key = [one.objectName() for one in ours if one.focusPolicy().value]
    assert [one for one in by_key if one not in chain] == []
    dialog.reject()


def test_only_what_is_under_way_is_a_progress_bar(window: Any) -> None:
    """Each change of one is read out, wherever the keyboard is."""
    bars = window.info.findChildren(QProgressBar)
    assert [told(one)[1] for one in bars] == ["Progress of the run"]
    assert told(find(window, "bar_calls"))[:2] == (Role.Client, "Calls used today")


def test_a_step_of_the_first_day_is_told_once(open_window: Any) -> None:
    window = open_window(fresh_desk()).window
    steps = window.info.checklist.buttons.values()
    assert [told(one)[1] for one in steps] == [told(one)[2] for one in steps]
    assert told(next(iter(steps)))[1] == "Step 1, Connect Kibo, next"


def test_of_what_one_is_chosen_is_no_check_box(window: Any) -> None:
    assert told(find(window, "btn_to_cc"))[:2] == (Role.RadioButton, "To Constant Contact")
    assert told(find(window, "btn_from_cc"))[:2] == (Role.RadioButton, "From Constant Contact")


def test_every_combo_box_has_a_label(window: Any) -> None:
    """On Linux a screen reader is told the value in place of the name, and takes the label's words for it."""
    labels = {one.buddy(): one.text() for one in window.findChildren(QLabel) if one.buddy() is not None}
    combos = window.findChildren(QComboBox)
    assert len(combos) > 4
    assert [one.objectName() for one in combos if not labels.get(one)] == []


@pytest.fixture
def announced(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What a screen reader is asked to say of runs."""
    texts: list[str] = []
    monkeypatch.setattr(aloud, "announce", lambda _widget, text: texts.append(text))
    monkeypatch.setattr(aloud, "PHASE_MS", 20)
    return texts


def test_a_run_that_was_asked_for_tells_begin_phases_and_end(
    qtbot: Any, announced: list[str], open_window: Any
) -> None:
    parts = open_window(ready_desk())
    parts.context.monitor.request(RunKind.EXPORT)
    parts.bridge.run_started(RunKind.EXPORT, Trigger.MANUAL)
    for done in (1, 2):
        parts.bridge.progress(Progress(1, RunKind.EXPORT, "Reading Kibo", done, 9))
        qtbot.waitUntil(lambda: len(announced) == 2)
    parts.bridge.progress(Progress(1, RunKind.EXPORT, "Too short to be told", 9, 9))
    with qtbot.waitSignal(parts.bridge.finished):
        parts.bridge.run_finished(finished_export())
    assert announced[:2] == ["To Constant Contact: started", "Reading Kibo"]
    assert len(announced) == 3
    assert announced[2].startswith("To Constant Contact: Completed")


@pytest.mark.parametrize("asked", [True, False])
def test_what_a_notice_tells_and_runs_by_schedule_are_not_told_twice(
    qtbot: Any, announced: list[str], open_window: Any, asked: bool
) -> None:
    parts = open_window(ready_desk())
    if asked:
        parts.context.monitor.request(RunKind.EXPORT)
    parts.bridge.run_started(RunKind.EXPORT, Trigger.SCHEDULED)
    with qtbot.waitSignal(parts.bridge.finished):
        parts.bridge.run_finished(replace(finished_export(), status=RunStatus.FAILED))
    assert announced == (["To Constant Contact: started"] if asked else [])


def test_links_in_tables_are_told_as_links_with_what_they_open(qtbot: Any, window: Any) -> None:
    window.tabs.setCurrentWidget(window.logs)
    table = window.logs.table
    qtbot.waitUntil(lambda: table.model().rowCount() > 0)
    found = QAccessible.queryAccessibleInterface(table)
    cells = [found.child(at) for at in range(found.childCount())]
    said = [(one.text(QAccessible.Text.Name), one.text(QAccessible.Text.Description)) for one in cells]
    assert ("3, link", "Show the error messages") in said
    assert ("0", "") in said, "no errors, nothing to open"
    assert "From Constant Contact" in [name for name, _ in said]
    assert sum("link" in name for name, _ in said) == 1
