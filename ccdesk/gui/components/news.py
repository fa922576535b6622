"""Successes are said for some seconds; a newer state of a subject takes the notice about it away.

A subject is what a message is about, so that “logged in” ends “the login has expired” wherever that stands.
"""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QPoint, QRect, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent, QEnterEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QComboBox,
    QFrame,
    QHBoxLayout,
    QLineEdit,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from ccdesk.core.errors import CcdeskError, ListGone, LoginNeeded, ServiceError, StoreError, VaultError
from ccdesk.core.runs import RunKind
from ccdesk.gui.components.icons import IconLabel
from ccdesk.gui.components.plain import one_line
from ccdesk.gui.components.theme import Tone
from ccdesk.gui.components.widgets import MARGIN, label, quiet_button
from ccdesk.gui.translation import say

LOGIN, LIST, SERVICE, STORE, VAULT = "login", "list", "service", "store", "vault"
# What came of a click stays until it is closed or clicked again: that the services answer is no news of it.
LOGIN_TRIED, CLICK = "login tried", "click"
TOAST_MS = 6_000
_WIDEST = 520
_BESIDE_WORDS = 96  # pixels: icon, X, gaps and margins
_TOP_LINE = 27  # pixels: as high as the X
_GAP = 6  # pixels between a success and the controls below it
_CONTROLS = (QAbstractButton, QLineEdit, QComboBox)
_SUBJECTS: tuple[tuple[type[CcdeskError], str], ...] = (
    (LoginNeeded, LOGIN),
    (ListGone, LIST),
    (StoreError, STORE),
    (VaultError, VAULT),
    (ServiceError, SERVICE),
)


def subject_of(error: CcdeskError) -> str:
    """Return what an error is about, `""` if it is about nothing that has a later state."""
    return next((subject for kind, subject in _SUBJECTS if isinstance(error, kind)), "")


def subject_of_click(error: CcdeskError) -> str:
    """Return what the failure of something that was clicked is about.

    It is answered by closing it or by clicking again, not by a service or a store that can be read meanwhile;
    but a login or a list that was needed for it is mended elsewhere, and then it is out of date.
    """
    subject = subject_of(error)
    return subject if subject in (LOGIN, LIST) else CLICK


def run_subject(kind: RunKind) -> str:
    """Return the subject of a run's ending."""
    return f"run:{kind.value}"


def held_subject(kind: RunKind) -> str:
    """Return the subject of people whom runs of this kind hold: it stays while a run has no news of them."""
    return f"held:{kind.value}"


class News(QObject):
    """Where the tabs tell of successes and of subjects whose former notice is out of date."""

    said = Signal(str, str)  # title, text
    settled = Signal(str)  # subject

    def tell(self, title: str, text: str = "", *, subject: str = "") -> None:
        """Show a success for some seconds; it replaces what was said about its subject."""
        self.settle(subject)
        self.said.emit(title, text)

    def settle(self, *subjects: str) -> None:
        """Take away the notices about these subjects: there is a newer state of them."""
        for subject in filter(None, subjects):
            self.settled.emit(subject)


def announce(widget: QWidget, text: str) -> None:
    """Have a screen reader say something that appeared without anybody going there."""
    if QAccessible.isActive():
        QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(widget, text))


def begin_alike(icon: QWidget, title: QWidget) -> None:
    """Put the middle of a message's icon and of its title's first line at one height, with its X."""
    icon.setFixedHeight(_TOP_LINE)
    around = max(0, _TOP_LINE - title.fontMetrics().height()) // 2
    title.setContentsMargins(0, around, 0, around)


class Toast(QFrame):
    """A success over the page for some seconds. It takes no room, so nothing moves under the pointer."""

    def __init__(self, parent: QWidget, page: QWidget) -> None:
        super().__init__(parent)
        self._page = page  # what it lies over: a child of its parent
        self.setObjectName("toast")
        self.setProperty("notice", True)
        self.setProperty("tone", Tone.GOOD.value)
        self.title = label(role="label", name="toast_title")
        self.text = label(name="toast_text")
        self._timer = QTimer(self, singleShot=True)
        self._timer.timeout.connect(self.hide)
        words = QVBoxLayout()
        words.setSpacing(0)
        words.addWidget(self.title)
        words.addWidget(self.text)
        icon = IconLabel("check-circle", size=20)
        icon.show_icon("check-circle", Tone.GOOD)
        begin_alike(icon, self.title)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(12, 10, 8, 10)
        layout.setSpacing(10)
        layout.addWidget(icon, 0, Qt.AlignmentFlag.AlignTop)
        layout.addLayout(words, 1)
        close = quiet_button("close", "toast_close", say("Close this message"), self.hide)
        layout.addWidget(close, 0, Qt.AlignmentFlag.AlignTop)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        page.installEventFilter(self)
        self.hide()

    @Slot(str, str)
    def show_text(self, title: str, text: str) -> None:
        """Show a message instead of the one that is there."""
        title = one_line(title)
        self.title.setText(title)
        self.text.setText(text)
        self.text.setVisible(bool(text))
        self.setAccessibleName(f"{title}. {text}".strip())
        self.show()
        self.raise_()
        self._place()
        self._timer.start(TOAST_MS)
        announce(self, self.accessibleName())

    @Slot()
    def find_place(self) -> None:
        """Go where it covers nothing of what is in front now."""
        if self.isVisible():
            self._place()

    def _place(self) -> None:
        room, layout = self._page.geometry(), self.layout()
        self.ensurePolished()
        width = min(_WIDEST, room.width() - 2 * MARGIN, self._wanted_width())
        if layout is not None:
            layout.invalidate()  # the text is another one, and counts only now that it is visible
            self.setFixedSize(width, layout.totalHeightForWidth(width))
        place = QRect(QPoint(), self.size())
        place.moveTopLeft(QPoint((room.width() - width) // 2, room.height() - self.height() - MARGIN // 2))
        self.move(room.topLeft() + self._clear_of_controls(place).topLeft())

    def _wanted_width(self) -> int:
        """Return how wide it is without a line that wraps: what it does not cover can be clicked."""
        texts = ((self.title, self.title.text()), (self.text, self.text.text()))
        widest = max(
            part.fontMetrics().horizontalAdvance(line) for part, text in texts for line in text.split("\n")
        )
        return widest + _BESIDE_WORDS

    def _clear_of_controls(self, place: QRect) -> QRect:
        """Return the lowest place on the page that covers no button or field, `place` if there is none."""
        controls = [
            QRect(one.mapTo(self._page, QPoint()), one.size())
            for one in self._page.findChildren(QWidget)
            if isinstance(one, _CONTROLS) and one.isVisible() and not one.visibleRegion().isEmpty()
        ]
        free = QRect(place)
        while covered := [one for one in controls if one.intersects(free)]:
            free.moveBottom(min(one.top() for one in covered) - _GAP)
            if free.top() < place.top() // 2:
                return place
        return free

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Stay clear when the page changes its size, or something appears on it."""
        if event.type() == QEvent.Type.Resize and self.isVisible():
            self._place()
        elif event.type() == QEvent.Type.LayoutRequest and self.isVisible():
            QTimer.singleShot(0, self, self.find_place)  # once everything is where it belongs
        return super().eventFilter(watched, event)

    def enterEvent(self, event: QEnterEvent) -> None:
        """Wait while somebody is reading."""
        self._timer.stop()
        super().enterEvent(event)

    def leaveEvent(self, event: QEvent) -> None:
        """Go away in a while."""
        self._timer.start(TOAST_MS)
        super().leaveEvent(event)
