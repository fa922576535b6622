"""The last thirty days as a picture: who was added goes up, who opted out goes down; a day opens its runs.

It is painted here: thirty bars are less than a chart library would have to load.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta

from PySide6.QtCore import QDate, QEvent, QPoint, QPointF, QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import (
    QFocusEvent,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPolygonF,
)
from PySide6.QtWidgets import QToolTip, QWidget

from ccdesk.core.clock import MONTHS, ordinal
from ccdesk.core.errors import CcdeskError
from ccdesk.core.run_history import Day, by_day
from ccdesk.core.runs import Run
from ccdesk.gui.components.news import announce
from ccdesk.gui.components.theme import scheme
from ccdesk.gui.components.widgets import Card, label, plain_tip, row
from ccdesk.gui.context import Context
from ccdesk.gui.tasks import Refresher
from ccdesk.gui.translation import is_english, locale, marked, number, plural, say

DAYS = 30
HEIGHT = 96
READ_EVERY_MS = 1_000  # the figures beside it are read as often, else they would contradict it
LEAST = 3.0  # pixels of a bar that stands for anybody at all
KEYS = marked("Arrow keys choose a day, Enter shows its runs.")
TITLE = marked("The last 30 days")


def day_name(on: date) -> str:
    """Return a day of the last month: “November 23rd”."""
    if is_english():
        return f"{MONTHS[on.month - 1]} {ordinal(on.day)}"
    pattern = say("MMMM d", "how a day is written, in the letters of QLocale::toString")
    return locale().toString(QDate(on.year, on.month, on.day), pattern)


def day_words(day: Day) -> str:
    """Return what happened on a day: “November 23rd: 48 runs · 4 added · 1 opted out”."""
    parts = [plural("{n} runs", "{n} run", day.runs) if day.runs else say("nothing ran")]
    if day.added:
        parts.append(plural("{n} added", "{n} added", day.added))
    if day.opted_out:
        parts.append(plural("{n} opted out", "{n} opted out", day.opted_out))
    if day.errors:
        parts.append(plural("{n} errors", "{n} error", day.errors))
    if day.failed:
        parts.append(plural("{n} runs failed", "{n} run failed", day.failed))
    return f"{day_name(day.day)}: {' · '.join(parts)}"


def month_words(days: Sequence[Day]) -> str:
    """Return the picture as a text, for who cannot see it."""
    added, out = sum(day.added for day in days), sum(day.opted_out for day in days)
    failed = [day for day in days if day.failed]
    words = say("The last {days} days: {added} added, {out} opted out.").format(
        days=len(days), added=number(added), out=number(out)
    )
    if failed:
        on = plural("Runs failed on {n} days: {days}.", "Runs failed on {n} day: {days}.", len(failed))
        words += " " + on.format(days=", ".join(day_name(day.day) for day in failed[-5:]))
    return words


class Bars(QWidget):
    """The picture itself. The keyboard walks from day to day."""

    chosen = Signal(object)  # date

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("month_bars")
        self.days: tuple[Day, ...] = ()
        self._at = -1  # the day the keyboard is on
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setMinimumHeight(HEIGHT)
        self.show_days(())

    def sizeHint(self) -> QSize:
        """Return room for thirty bars."""
        return QSize(DAYS * 16, HEIGHT)

    def show_days(self, days: Sequence[Day]) -> None:
        """Show these days, the last one at the end."""
        self.days = tuple(days)
        self._up = max([one.added for one in self.days] + [1])
        self._down = max([one.opted_out for one in self.days] + [1])
        self._at = min(self._at, len(self.days) - 1) if self._at >= 0 else len(self.days) - 1
        self.setAccessibleName(month_words(self.days) if self.days else say(TITLE))
        self.setAccessibleDescription(say(KEYS))
        self.update()

    def area_of(self, place: int) -> QRectF:
        """Return the whole column of a day: it can be clicked from top to bottom."""
        width = self.width() / max(1, len(self.days))
        return QRectF(place * width, 0, width, self.height())

    def _place_at(self, at: QPointF) -> int:
        if not self.days or not 0 <= at.x() < self.width():
            return -1
        return min(len(self.days) - 1, int(at.x() * len(self.days) / self.width()))

    # painting

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the bars on both sides of the line, and marks below it."""
        if not self.days:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        line = round(self.height() * 0.62)
        for place, day in enumerate(self.days):
            self._paint_day(painter, self.area_of(place), day, line)
        painter.setPen(QPen(scheme().colour("border"), 1))
        painter.drawLine(QPointF(0, line), QPointF(self.width(), line))
        if self.hasFocus() and 0 <= self._at < len(self.days):
            painter.setPen(QPen(scheme().colour("focus"), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(self.area_of(self._at).adjusted(1, 1, -1, -1), 4, 4)

    def bars_of(self, day: Day, line: float) -> tuple[float, float]:
        """Return how high a day's bars are, up and down from `line`: a person counts alike on both sides."""
        each = min((line - 6) / self._up, (self.height() - line - 16) / self._down)
        high, low = (max(LEAST, count * each) if count else 0.0 for count in (day.added, day.opted_out))
        return high, low

    def _paint_day(self, painter: QPainter, area: QRectF, day: Day, line: int) -> None:
        colours, (high, low) = scheme(), self.bars_of(day, line)
        wide = min(14.0, area.width() * 0.64)
        left = area.center().x() - wide / 2
        painter.setPen(Qt.PenStyle.NoPen)
        if day.added:
            painter.setBrush(colours.colour("accent"))
            painter.drawRoundedRect(QRectF(left, line - high, wide, high), 2, 2)
        if day.opted_out:
            painter.setBrush(colours.colour("muted"))
            painter.drawRoundedRect(QRectF(left, line + 1, wide, low), 2, 2)
        if day.failed:
            self._paint_mark(painter, QPointF(area.center().x(), self.height() - 7))
        elif day.runs and not day.changes:
            painter.setBrush(colours.colour("border_strong"))
            painter.drawEllipse(QPointF(area.center().x(), line), 2, 2)

    @staticmethod
    def _paint_mark(painter: QPainter, at: QPointF) -> None:
        """Draw the mark of a day on which a run failed: a triangle, so that it needs no colour to be told."""
        painter.setBrush(scheme().colour("error"))
        corners = (QPointF(0, -5), QPointF(5, 4), QPointF(-5, 4))
        painter.drawPolygon(QPolygonF([at + corner for corner in corners]))

    # choosing

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Show the runs of the day that is clicked."""
        place = self._place_at(event.position())
        if event.button() == Qt.MouseButton.LeftButton and place >= 0:
            self._at = place
            self.update()
            self.chosen.emit(self.days[place].day)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Walk from day to day; Enter shows the runs of one."""
        last = len(self.days) - 1
        mirrored = self.layoutDirection() == Qt.LayoutDirection.RightToLeft
        steps = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}
        if event.key() in steps and last >= 0:
            self._go(max(0, min(last, self._at + steps[Qt.Key(event.key())] * (-1 if mirrored else 1))))
        elif event.key() in (Qt.Key.Key_Home, Qt.Key.Key_End) and last >= 0:
            self._go(0 if event.key() == Qt.Key.Key_Home else last)
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space) and self._at >= 0:
            self.chosen.emit(self.days[self._at].day)
        else:
            super().keyPressEvent(event)

    def _go(self, place: int) -> None:
        self._at = place
        self.update()
        words = day_words(self.days[place])
        self.setAccessibleDescription(f"{words}. {say(KEYS)}")
        announce(self, words)
        spot = self.area_of(place).center().toPoint()
        QToolTip.showText(self.mapToGlobal(QPoint(spot.x(), self.height())), plain_tip(words), self)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Show the frame."""
        super().focusInEvent(event)
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Take the frame away."""
        super().focusOutEvent(event)
        self.update()

    def event(self, event: QEvent) -> bool:
        """Say in the tooltip what happened on the day under the pointer."""
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            place = self._place_at(QPointF(event.pos()))
            words = day_words(self.days[place]) if place >= 0 else ""
            QToolTip.showText(event.globalPos(), plain_tip(words), self)
            return True
        return super().event(event)


class MonthPicture(Card):
    """The bars with what they mean."""

    day_chosen = Signal(object)  # date

    def __init__(self, context: Context) -> None:
        super().__init__(name=say("The last thirty days"))
        self.setObjectName("month")
        self._context = context
        self.bars = Bars()
        self.bars.chosen.connect(self.day_chosen)
        self.lbl_first = label("", "muted", name="lbl_month_first", wrap=False)
        self.lbl_words = label("", "muted", name="lbl_month_words", wrap=False)
        self.lbl_last = label(say("today"), "muted", name="lbl_month_last", wrap=False)
        self.body.addWidget(label(say(TITLE), "title"))
        self.body.addWidget(self.bars)
        self.body.addLayout(row(self.lbl_first, None, self.lbl_words, None, self.lbl_last))
        self._read = Refresher(
            context.tasks,
            self._ask,
            done=self._on_read,
            failed=self._on_unread,
            parent=self,
            every_ms=READ_EVERY_MS,
        )
        context.bridge.finished.connect(self._on_finished)

    def refresh(self) -> None:
        """Read the days anew."""
        self._read.poke()

    @Slot(object)
    def _on_finished(self, _run: Run) -> None:
        self._read.poke()

    def _ask(self) -> tuple[Day, ...]:
        today = datetime.now().astimezone().date()
        days = [today - timedelta(days=back) for back in range(DAYS - 1, -1, -1)]
        return by_day(self._context.desk.runs_since(begin_of(days[0])), days)

    def _on_read(self, days: tuple[Day, ...]) -> None:
        self.bars.show_days(days)
        self.lbl_first.setText(day_name(days[0].day))
        added, out = sum(day.added for day in days), sum(day.opted_out for day in days)
        failed = sum(day.failed for day in days)
        parts = [plural("▲ {n} added", "▲ {n} added", added)]
        parts.append(plural("▼ {n} opted out", "▼ {n} opted out", out))
        if failed:
            parts.append(plural("{n} runs failed", "{n} run failed", failed))
        self.lbl_words.setText(" · ".join(parts))

    def _on_unread(self, _error: CcdeskError) -> None:
        """Do without: that the data cannot be read is said by the tab itself."""


def begin_of(day: date) -> datetime:
    """Return when a day began on this computer, in UTC."""
    return datetime.combine(day, time()).astimezone().astimezone(UTC)
