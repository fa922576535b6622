"""Enter presses the button that has the keyboard, everywhere; and the keyboard is not lost."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QLineEdit, QPushButton, QTabBar, QToolButton, QVBoxLayout, QWidget

from ccdesk.core.bundles import Made
from ccdesk.gui.components.fold import fold_button
from ccdesk.gui.components.press import PressButton, PressToolButton
from ccdesk.gui.components.widgets import Segments, button, quiet_button
from ccdesk.gui.dialogs.diagnostics import DiagnosticsDialog
from tests.gui.helpers import dialog, find


@pytest.mark.parametrize("key", [Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space])
@pytest.mark.parametrize("in_dialog", [False, True])
def test_enter_presses_the_button_with_the_keyboard_and_no_other(
    qtbot: Any, key: Qt.Key, in_dialog: bool
) -> None:
    pressed: list[str] = []
    holder: QWidget = QDialog() if in_dialog else QWidget()
    qtbot.addWidget(holder)
    layout = QVBoxLayout(holder)
    made = {
        "push": button("Push", "push", lambda: pressed.append("push")),
        "link": button("Link", "link", lambda: pressed.append("link"), link=True),
        "quiet": quiet_button("close", "quiet", "Close", lambda: pressed.append("quiet")),
        "fold": fold_button("Fold", "fold", lambda: pressed.append("fold")),
    }
    for one in made.values():
        layout.addWidget(one)
    first = made["push"]
    assert isinstance(first, QPushButton)
    first.setDefault(in_dialog)
    holder.show()
    for name, one in made.items():
        one.setFocus()
        qtbot.keyClick(one, key)
        assert pressed == [name]
        pressed.clear()
    qtbot.keyClick(made["link"], Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert pressed == []


def test_enter_in_a_field_presses_the_default_button_of_a_dialog_alone(qtbot: Any) -> None:
    pressed: list[str] = []
    holder = QDialog()
    qtbot.addWidget(holder)
    layout = QVBoxLayout(holder)
    field, default = QLineEdit(), button("Save", "save", lambda: pressed.append("save"))
    default.setDefault(True)
    for one in (button("Other", "other", lambda: pressed.append("other")), field, default):
        layout.addWidget(one)
    holder.show()
    field.setFocus()
    qtbot.keyClick(field, Qt.Key.Key_Return)
    assert pressed == ["save"]


def test_every_button_of_the_window_is_pressed_by_enter(window: Any) -> None:
    """A new one that is made in another way is found here."""
    window.show_help()
    kinds = (QPushButton, QToolButton)
    plain = {
        one.objectName() or type(one).__name__
        for kind in kinds
        for one in window.findChildren(kind)
        if not isinstance(one, PressButton | PressToolButton)
        and one.focusPolicy() != Qt.FocusPolicy.NoFocus
        and not isinstance(one.parent(), QLineEdit | QTabBar)
    }
    assert plain == set()
    assert all(isinstance(part, PressButton) for part in window.findChild(Segments).findChildren(QPushButton))


def test_the_help_has_the_keyboard_again_after_the_diagnostics(
    qtbot: Any, open_window: Any, tmp_path: Path
) -> None:
    window = open_window(save_bundle=lambda out, wanted: Made(out)).window
    window.show_help()
    help_dialog = dialog(qtbot, window, "dlg_help")
    qtbot.waitUntil(help_dialog.isActiveWindow)
    find(help_dialog, "btn_diagnostics").setFocus()
    qtbot.keyClick(find(help_dialog, "btn_diagnostics"), Qt.Key.Key_Return)
    saving = dialog(qtbot, help_dialog, "dlg_diagnostics")
    assert isinstance(saving, DiagnosticsDialog)
    assert saving.btn_save.isDefault()
    qtbot.keyClick(saving, Qt.Key.Key_Escape)
    qtbot.waitUntil(help_dialog.isActiveWindow)
    qtbot.keyClick(help_dialog.focusWidget(), Qt.Key.Key_Escape)
    assert not help_dialog.isVisible()
