"""One field of a form: label with mnemonic, input, and the place where its problem is said."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QLineEdit, QVBoxLayout, QWidget

from ccdesk.core.errors import SettingsError
from ccdesk.core.settings import SETTINGS, check
from ccdesk.gui.components.widgets import label, restyle, row
from ccdesk.gui.translation import marked, say

FIXED = marked("Set outside ccdesk on this computer, so it cannot be changed here")


class Field(QWidget):
    """Label over input, with hint and problem below.

    What can be done with the value may stand `beside` the input, and a `remark` about that beside the hint.
    """

    def __init__(
        self,
        caption: str,
        widget: QWidget,
        hint: str = "",
        *,
        beside: QWidget | None = None,
        remark: QWidget | None = None,
    ) -> None:
        super().__init__()
        self.input = widget
        self.caption = QLabel(caption)
        self.caption.setProperty("role", "label")
        self.caption.setBuddy(widget)
        widget.setAccessibleName(caption.replace("&", ""))
        self.hint = label(hint, "muted")
        self.hint.setVisible(bool(hint))
        self.problem = label("", "problem", name=f"{widget.objectName()}_problem")
        self.problem.hide()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(self.caption)
        layout.addLayout(_led_by(widget, beside))
        below = _led_by(self.hint, remark)
        if remark is not None:  # level with the first line of a hint that has several
            below.setAlignment(remark, Qt.AlignmentFlag.AlignTop)
        layout.addLayout(below)
        layout.addWidget(self.problem)

    def show_hint(self, text: str, role: str = "muted") -> None:
        """Show a hint below the input."""
        self.hint.setText(text)
        restyle(self.hint, "role", role)
        self.hint.setVisible(bool(text))

    def show_problem(self, text: str) -> None:
        """Say what is wrong with the value, or nothing."""
        self.problem.setText(text)
        self.problem.setVisible(bool(text))
        self.input.setAccessibleDescription(text)
        restyle(self.input, "invalid", bool(text))


def _led_by(first: QWidget, other: QWidget | None) -> QHBoxLayout:
    """Return a row in which the first has what room the other leaves."""
    line = row(first) if other is None else row(first, other)
    line.setStretch(0, 1)
    return line


class CalmCombo(QComboBox):
    """A combo box that a turn of the wheel scrolls past instead of changing it."""

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Leave the wheel to the page."""
        event.ignore()


class TextSetting(Field):
    """A line for one setting: checked when left, kept as typed when the stored value is read again.

    `choices`: values on offer, each with the words for it; another one may be typed.
    """

    edited = Signal()

    def __init__(
        self,
        key: str,
        caption: str,
        *,
        placeholder: str = "",
        hint: str = "",
        choices: Mapping[str, str] | None = None,
    ) -> None:
        self.line = QLineEdit()
        self.line.setObjectName(f"inp_{key}")
        self.line.setPlaceholderText(placeholder)
        self._choices = dict(choices or {})
        self.combo = self._combo(key) if choices else None
        super().__init__(caption, self.combo or self.line, hint)
        self.line.setAccessibleName(caption.replace("&", ""))
        self.key = key
        self._stored = ""
        self.line.textEdited.connect(self._on_edited)
        self.line.textChanged.connect(self._show_choice)
        self.line.editingFinished.connect(self.is_valid)

    def _combo(self, key: str) -> QComboBox:
        combo = CalmCombo()
        combo.setObjectName(f"cmb_{key}")
        combo.setLineEdit(self.line)
        combo.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        combo.setMinimumContentsLength(12)
        combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        combo.addItems(list(self._choices))
        combo.setCurrentIndex(-1)
        combo.activated.connect(self._on_edited)
        return combo

    def _show_choice(self) -> None:
        """Say what the value on offer is that is shown."""
        if self._choices:
            self.show_hint(self._choices.get(self.value, ""))

    @property
    def value(self) -> str:
        """Return the text without space around it."""
        return self.line.text().strip()

    @property
    def is_changed(self) -> bool:
        """Say whether the value differs from the stored one."""
        return self.value != self._stored

    def show_stored(self, value: str, *, fixed: bool) -> None:
        """Show the stored value, unless somebody is typing another one."""
        if not self.is_changed:
            self.line.setText(value)
            self.line.setCursorPosition(0)
        self._stored = value
        self.line.setReadOnly(fixed)
        if self.combo is not None:
            self.combo.setEnabled(not fixed)
        restyle(self.line, "readOnly", fixed)
        self.line.setToolTip(say(FIXED) if fixed else "")

    def mark_stored(self) -> None:
        """Take what is shown as stored."""
        self._stored = self.value

    def is_valid(self) -> bool:
        """Check the value, say what is wrong, and return whether it can be saved."""
        problem = problem_with(self.key, self.value)
        self.show_problem(problem)
        return not problem

    @Slot()
    @Slot(int)
    @Slot(str)
    def _on_edited(self, _value: object = None) -> None:
        self.show_problem("")
        self.edited.emit()


def problem_with(key: str, value: str) -> str:
    """Return what is wrong with a value for a setting, in words, or nothing."""
    if key not in SETTINGS:
        return ""
    try:
        check(key, value)
    except SettingsError as error:
        return say(error.meaning)
    return ""
