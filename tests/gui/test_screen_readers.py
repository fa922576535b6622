"""What a screen reader is told (`QAccessible`): values, roles, names, and which way a fold goes."""

from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtGui import QAccessible
from PySide6.QtWidgets import QAbstractButton, QComboBox, QDialog, QLineEdit, QTableView, QWidget

from ccdesk.gui.components.widgets import Card
from ccdesk.gui.dialogs.diagnostics import DiagnosticsDialog
from ccdesk.gui.dialogs.drift_view import show_drift
from ccdesk.gui.dialogs.find_person import find_person
from ccdesk.gui.dialogs.run_view import RunDialog
from tests.gui.fakes import finished_export
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
