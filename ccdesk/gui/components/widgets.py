"""Small widgets the tabs are made of."""

from __future__ import annotations

from collections.abc import Callable
from html import escape

from PySide6.QtCore import QEvent, QPoint, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import (
    QButtonGroup,
    QCheckBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from ccdesk.gui.components.icons import IconLabel, set_icon
from ccdesk.gui.components.plain import lines, one_line
from ccdesk.gui.components.press import PressButton, PressToolButton
from ccdesk.gui.components.theme import Tone, scheme

MARGIN = 24
GAP = 12


def restyle(widget: QWidget, name: str, value: object) -> None:
    """Set a property the style sheet looks at, and have it looked at."""
    if widget.property(name) != value:
        widget.setProperty(name, value)
        widget.style().unpolish(widget)
        widget.style().polish(widget)


def plain_tip(text: str) -> str:
    """Return a tooltip that shows a text as it is: Qt takes what looks like HTML for HTML."""
    text = lines(text)
    return f'<p style="white-space: pre-wrap">{escape(text)}</p>' if "<" in text else text


class PlainLabel(QLabel):
    """A label whose text is never taken for HTML, and in which nothing can turn words round."""

    def __init__(self, text: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setText(text)

    def setText(self, text: str) -> None:
        """Show a text."""
        super().setText(lines(text))


SELECTABLE = Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
"""How a text is that can be copied, with the mouse or without one."""


def label(text: str = "", role: str = "", *, name: str = "", wrap: bool = True) -> QLabel:
    """Return a label; roles are those of the style sheet: title, muted, label, problem, good.

    Its text is never taken for HTML: it may hold what a customer or a service wrote.
    """
    result = PlainLabel(text)
    result.setWordWrap(wrap)
    if role:
        result.setProperty("role", role)
    if name:
        result.setObjectName(name)
    return result


def button(
    text: str,
    name: str,
    on_click: Callable[[], object],
    *,
    icon: str = "",
    primary: bool = False,
    link: bool = False,
    tip: str = "",
) -> QPushButton:
    """Return a push button; `name` is its stable objectName."""
    result = PressButton(text)
    result.setObjectName(name)
    result.setAccessibleName(text.replace("&", ""))
    result.setProperty("primary", primary)
    result.setProperty("flat_link", link)
    result.setToolTip(tip)
    if icon:
        set_icon(result, icon)
    if link:
        result.setCursor(Qt.CursorShape.PointingHandCursor)
    result.clicked.connect(on_click)
    return result


def quiet_button(icon: str, name: str, words: str, on_click: Callable[[], object]) -> QToolButton:
    """Return a button that is only an icon; `words` say what it does."""
    result = PressToolButton()
    result.setObjectName(name)
    result.setAccessibleName(words)
    result.setToolTip(words)
    result.setProperty("quiet", True)
    set_icon(result, icon)
    result.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    result.clicked.connect(on_click)
    return result


def disable(widget: QWidget, instead: QWidget) -> None:
    """Disable a widget; the keyboard goes to `instead`, not to whatever dangerous button comes next."""
    if widget.hasFocus():
        instead.setFocus()
    widget.setEnabled(False)


def row(*items: QWidget | None, spacing: int = 8) -> QHBoxLayout:
    """Return a row of widgets; None is the stretch."""
    layout = QHBoxLayout()
    layout.setSpacing(spacing)
    for item in items:
        if item is None:
            layout.addStretch(1)
        else:
            layout.addWidget(item)
    return layout


class Card(QFrame):
    """A framed part of a page with a title; `name`: what a screen reader calls one that shows none."""

    def __init__(self, title: str = "", parent: QWidget | None = None, *, name: str = "") -> None:
        super().__init__(parent)
        self.setProperty("card", True)
        self.body = QVBoxLayout(self)
        self.body.setContentsMargins(18, 16, 18, 16)
        self.body.setSpacing(GAP)
        self.setAccessibleName(title or name)
        if title:
            self.body.addWidget(label(title, "title"))


class ElideLabel(QLabel):
    """One line that ends in “…” where it does not fit, and then shows the whole in its tooltip.

    `caption`: what a screen reader says before it, where the label beside it is another widget.
    """

    def __init__(self, text: str = "", parent: QWidget | None = None, *, caption: str = "") -> None:
        super().__init__(parent)
        self._caption = caption
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.setMinimumWidth(40)
        self.setText(text)

    def setText(self, text: str) -> None:
        """Show a text, on one line whatever it holds."""
        super().setText(one_line(text))
        if self._caption:
            self.setAccessibleName(f"{self._caption}: {self.text()}")
        self._show_tip()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Say the whole text in the tooltip only where it is cut."""
        super().resizeEvent(event)
        self._show_tip()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Paint as much as fits."""
        painter = QPainter(self)
        painter.setPen(self.palette().color(self.foregroundRole()))
        painter.drawText(self.contentsRect(), int(self.alignment()), self._elided())

    def _elided(self) -> str:
        width = self.contentsRect().width()
        return self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, width)

    def _show_tip(self) -> None:
        self.setToolTip(plain_tip(self.text()) if self._elided() != self.text() else "")


class Badge(QFrame):
    """A state as icon, word and colour together."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("badge", True)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(8, 2, 10, 2)
        layout.setSpacing(5)
        self._icon = IconLabel("circle", size=14)
        self._word = label(wrap=False)
        layout.addWidget(self._icon)
        layout.addWidget(self._word)
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)

    def show_state(self, word: str, icon: str, tone: Tone) -> None:
        """Show a state."""
        self._word.setText(word)
        self._icon.show_icon(icon, tone)
        self.setAccessibleName(word)
        restyle(self, "tone", tone.value)
        restyle(self._word, "tone", tone.value)  # a child's rules are looked at anew only by its own polish

    def text(self) -> str:
        """Return the word shown."""
        return self._word.text()


class Switch(QCheckBox):
    """A check box drawn as a switch."""

    TRACK = QSize(40, 22)
    SPACE = 10

    def sizeHint(self) -> QSize:
        """Return the room for track, text and focus frame."""
        text = self.fontMetrics().size(0, self.text())
        return QSize(
            self.TRACK.width() + self.SPACE + text.width() + 12, max(self.TRACK.height(), text.height()) + 8
        )

    def minimumSizeHint(self) -> QSize:
        """Return the same as the size hint: a cut switch cannot be read."""
        return self.sizeHint()

    def hitButton(self, at: QPoint) -> bool:
        """Take clicks on track and text alike."""
        return self.rect().contains(at)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Paint track, knob and text; the position tells the state without the colour."""
        colours = scheme(self.palette())
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        top = (self.height() - self.TRACK.height()) / 2
        track = QRectF(4, top, self.TRACK.width(), self.TRACK.height())
        self._paint_track(painter, track)
        if self.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(colours.colour("focus"), 2))
            painter.drawRoundedRect(track.adjusted(-2.5, -2.5, 2.5, 2.5), 13, 13)
        painter.setPen(colours.colour("text" if self.isEnabled() else "disabled"))
        text = self.rect().adjusted(self.TRACK.width() + self.SPACE + 4, 0, 0, 0)
        painter.drawText(text, int(Qt.AlignmentFlag.AlignVCenter), self.text())

    def _paint_track(self, painter: QPainter, track: QRectF) -> None:
        colours = scheme(self.palette())
        on = self.isChecked()
        fill = "border" if not self.isEnabled() else "accent" if on else "border_strong"
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colours.colour(fill))
        painter.drawRoundedRect(track, track.height() / 2, track.height() / 2)
        knob = track.height() - 6
        left = track.right() - knob - 3 if on else track.left() + 3
        painter.setBrush(colours.colour("on_accent" if on else "card"))
        painter.drawEllipse(QRectF(left, track.top() + 3, knob, knob))


class Segments(QWidget):
    """Two or more buttons of which one is chosen; arrow keys move, as in any exclusive button group."""

    def __init__(self, choices: list[tuple[str, str]], on_choice: Callable[[int], object]) -> None:
        super().__init__()
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        self.group = QButtonGroup(self)
        for index, (text, name) in enumerate(choices):
            part = PressButton(text)
            part.setObjectName(name)
            part.setCheckable(True)
            part.setAutoExclusive(True)  # a screen reader calls it a radio button, else a check box
            part.setProperty("segment", True)
            self.group.addButton(part, index)
            layout.addWidget(part)
        layout.addStretch(1)
        self._round_ends()
        self.group.button(0).setChecked(True)
        self.group.idToggled.connect(lambda index, on: on_choice(index) if on else None)

    def choose(self, index: int) -> None:
        """Choose one."""
        self.group.button(index).setChecked(True)

    def changeEvent(self, event: QEvent) -> None:
        """Begin on the side where one begins to read."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LayoutDirectionChange:
            self._round_ends()

    def _round_ends(self) -> None:
        """Round the corners at both ends; a style sheet knows left and right only."""
        parts = self.group.buttons()
        if self.layoutDirection() == Qt.LayoutDirection.RightToLeft:
            parts.reverse()
        for place, part in enumerate(parts):
            restyle(part, "side", {0: "left", len(parts) - 1: "right"}.get(place, "middle"))
