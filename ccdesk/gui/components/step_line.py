"""The steps of a run as one line: a mark for each with its name below, and the way between them."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPoint, QRect, QSize, Qt
from PySide6.QtGui import QFont, QFontMetrics, QHelpEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QStyle, QToolTip, QWidget

from ccdesk.gui.components.icons import icon
from ccdesk.gui.components.theme import Tone, scheme
from ccdesk.gui.components.widgets import plain_tip
from ccdesk.gui.steps import RunSteps, StepNow, StepState
from ccdesk.gui.translation import marked, say

MARK = 18
_GAP = 5  # between a mark and its name
_SIDE = 2  # left and right of a name
_LINES = 3  # of a name at most; what is longer ends in “…”
_FLAGS = int(Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop | Qt.TextFlag.TextWordWrap)

MARKS = {  # each tells its state by its shape, too
    StepState.DONE: ("check-circle", Tone.GOOD),
    StepState.CURRENT: ("running", Tone.ACCENT),
    StepState.AHEAD: ("circle", Tone.NEUTRAL),
    StepState.SKIPPED: ("skipped", Tone.NEUTRAL),
    StepState.FAILED: ("error", Tone.ERROR),
    StepState.STOPPED: ("stopped", Tone.NEUTRAL),
    StepState.WAITING: ("waiting", Tone.WARNING),
}
WORDS = {
    StepState.DONE: marked("done"),
    StepState.CURRENT: marked("under way"),
    StepState.AHEAD: marked("still to come"),
    StepState.SKIPPED: marked("skipped"),
    StepState.FAILED: marked("failed here"),
    StepState.STOPPED: marked("stopped here"),
    StepState.WAITING: marked("waits here"),
}
_QUIET = (StepState.AHEAD, StepState.SKIPPED)


def step_words(step: StepNow) -> str:
    """Return a step with its state: “Compare: done”."""
    return say("{step}: {state}").format(step=say(step.name), state=say(WORDS[step.state]))


def place_words(steps: RunSteps) -> str:
    """Return where a run is, or where it ended: “Step 3 of 6: Sending to Constant Contact”."""
    shown = steps.steps
    at = shown[steps.number - 1] if steps.number else None
    if at is None or at.state is StepState.DONE:
        return say("Steps of the run")
    if at.state is StepState.CURRENT:
        words = say("Step {n} of {total}: {phase}")
    else:
        words = say("Step {n} of {total}: {phase}, {state}")
    state = say(WORDS[at.state])
    return words.format(n=steps.number, total=len(shown), phase=say(steps.phase), state=state)


class StepLine(QWidget):
    """Shows the steps of a run side by side, however narrow it is: names go on in the next line.

    It is no progress bar: a screen reader reads out every change of those, and the phases are announced
    already (`gui/aloud`). Its name says where the run is, its description how each step stands.
    """

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setObjectName(name)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.steps: tuple[StepNow, ...] = ()
        self.show_steps(None)

    def show_steps(self, run: RunSteps | None) -> None:
        """Show how far a run is; nothing without one."""
        steps = run.steps if run is not None else ()
        self.setVisible(bool(steps))
        where = place_words(run) if run is not None else ""
        if (steps, where) == (self.steps, self.accessibleName()):
            return
        self.steps = steps
        self.setAccessibleName(where)
        self.setAccessibleDescription(", ".join(map(step_words, steps)))
        self.updateGeometry()
        self.update()

    # size

    def hasHeightForWidth(self) -> bool:
        """Say that narrow is high."""
        return True

    def heightForWidth(self, width: int) -> int:
        """Return room for the marks and the longest name."""
        room = QRect(0, 0, self._column(width).width() - 2 * _SIDE, 1_000)
        heights = [
            self._metrics(one).boundingRect(room, _FLAGS, say(one.name)).height() for one in self.steps
        ]
        most = _LINES * self.fontMetrics().lineSpacing()
        return MARK + _GAP + min(most, max(heights, default=0)) + 2

    def sizeHint(self) -> QSize:
        """Return the size at the width it has."""
        width = max(self.width(), 300)
        return QSize(width, self.heightForWidth(width))

    def minimumSizeHint(self) -> QSize:
        """Return that it may be as narrow as need be."""
        return QSize(0, self.sizeHint().height())

    def changeEvent(self, event: QEvent) -> None:
        """Take the room that another font needs."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self.updateGeometry()

    def _column(self, width: int, place: int = 0) -> QRect:
        """Return the column of a step, the first one on the side where one begins to read."""
        count = max(1, len(self.steps))
        left, right = width * place // count, width * (place + 1) // count
        column = QRect(left, 0, right - left, self.height())
        return QStyle.visualRect(self.layoutDirection(), QRect(0, 0, width, self.height()), column)

    def _font(self, step: StepNow) -> QFont:
        font = QFont(self.font())
        if step.state not in (*_QUIET, StepState.DONE):
            font.setWeight(QFont.Weight.DemiBold)
        return font

    def _metrics(self, step: StepNow) -> QFontMetrics:
        return QFontMetrics(self._font(step))

    # painting

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the way first, then marks and names."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        columns = [self._column(self.width(), place) for place in range(len(self.steps))]
        for place in range(1, len(columns)):
            self._paint_way(painter, columns[place - 1], columns[place], self.steps[place])
        for column, step in zip(columns, self.steps, strict=True):
            name, tone = MARKS[step.state]
            mark = QRect(column.center().x() - MARK // 2, 0, MARK, MARK)
            icon(name, tone, MARK).paint(painter, mark)
            self._paint_name(painter, column, step)

    def _paint_way(self, painter: QPainter, one: QRect, other: QRect, to: StepNow) -> None:
        """Draw the way to a step: whole where the run went, dotted where it did not, or not yet."""
        went = to.state not in _QUIET
        style = Qt.PenStyle.SolidLine if went else Qt.PenStyle.DotLine
        painter.setPen(QPen(scheme().colour("accent" if went else "border_strong"), 2, style))
        space, middle = MARK // 2 + 5, MARK // 2
        left, right = sorted((one.center().x(), other.center().x()))
        painter.drawLine(QPoint(left + space, middle), QPoint(right - space, middle))

    def _paint_name(self, painter: QPainter, column: QRect, step: StepNow) -> None:
        painter.setFont(self._font(step))
        painter.setPen(scheme().colour("muted" if step.state in _QUIET else "text"))
        room = column.adjusted(_SIDE, MARK + _GAP, -_SIDE, 0)
        painter.drawText(room, _FLAGS, self._fitting(step, room.width()))

    def _fitting(self, step: StepNow, width: int) -> str:
        """Return a name whose single words fit, the long ones ending in “…”."""
        metrics = self._metrics(step)
        words = say(step.name).split(" ")
        return " ".join(metrics.elidedText(word, Qt.TextElideMode.ElideRight, width) for word in words)

    def event(self, event: QEvent) -> bool:
        """Say in the tooltip how the step under the pointer stands."""
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            places = range(len(self.steps))
            over = [place for place in places if self._column(self.width(), place).contains(event.pos())]
            words = step_words(self.steps[over[0]]) if over else ""
            QToolTip.showText(event.globalPos(), plain_tip(words), self)
            return True
        return super().event(event)
