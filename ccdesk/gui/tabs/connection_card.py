"""A row that shows how one connection stands; what can be done about it folds out below."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from ccdesk.core.errors import Unreachable
from ccdesk.gui.components.fold import fold_button
from ccdesk.gui.components.icons import IconLabel
from ccdesk.gui.components.messages import body
from ccdesk.gui.components.theme import Tone
from ccdesk.gui.components.widgets import Badge, Card, ElideLabel, button, label, row
from ccdesk.gui.formats import long_date
from ccdesk.gui.translation import marked, say
from ccdesk.service.api import Connection, ConnectionState

STATES = {
    ConnectionState.NOT_SET_UP: (marked("Not set up"), "circle", Tone.NEUTRAL),
    ConnectionState.UNKNOWN: (marked("Not checked yet"), "circle", Tone.NEUTRAL),
    ConnectionState.CONNECTED: (marked("Connected"), "check-circle", Tone.GOOD),
    ConnectionState.LOGIN_NEEDED: (marked("Login needed"), "warning", Tone.WARNING),
    ConnectionState.FAILED: (marked("Failed"), "error", Tone.ERROR),
}
CHECKING = (marked("Checking…"), "running", Tone.NEUTRAL)
SLOW = (marked("No answer yet"), "waiting", Tone.WARNING)
SET_UP = (ConnectionState.CONNECTED, ConnectionState.UNKNOWN)  # nothing of it has to be seen to


def _passes(connection: Connection) -> bool:
    """Say whether it only does not answer: nothing in the details helps against that."""
    return connection.state is ConnectionState.FAILED and isinstance(connection.error, Unreachable)


class ConnectionCard(Card):
    """One line: which service, who, and its state as icon, word and colour. *Details* fold out below it.

    They are open while there is something to do there. A service that fails keeps what is known of it on
    show: an outage is not a set-up undone.
    """

    try_again = Signal()

    def __init__(self, name: str, title: str, picture: str, captions: Mapping[str, str]) -> None:
        super().__init__(name=title)
        self.setObjectName(name)
        self.body.setContentsMargins(18, 11, 18, 11)
        self.badge = Badge()
        self.badge.setObjectName(f"{name}_state")
        self._connection: Connection | None = None
        self._checking = self._slow = False
        self._wished: bool | None = None
        self.summary = ElideLabel()
        self.summary.setObjectName(f"{name}_summary")
        self.summary.setProperty("role", "muted")
        self.fold = fold_button(say("Details"), f"{name}_fold", self._on_fold)
        self.fold.setAccessibleName(say("Details of {service}").format(service=title))
        head = QHBoxLayout()
        head.setSpacing(10)
        head.addWidget(IconLabel(picture, size=22))
        head.addWidget(label(title, "title", wrap=False))
        head.addWidget(self.summary, 1)
        head.addWidget(self.badge)
        head.addWidget(self.fold)
        self.body.addLayout(head)
        self.error = label("", "problem", name=f"{name}_error")
        self.error.setTextFormat(Qt.TextFormat.PlainText)
        self.body.addWidget(self.error)
        self.btn_try = button(say("Try again"), f"{name}_try", self.try_again.emit, icon="refresh")
        self.body.addLayout(row(self.btn_try, None))
        self.btn_try.hide()
        self.details = QWidget()
        self.details.setObjectName(f"{name}_details")
        self.inside = QVBoxLayout(self.details)
        self.inside.setContentsMargins(0, 0, 0, 4)
        self.inside.setSpacing(12)
        self.grid = QWidget()
        self.inside.addWidget(self.grid)
        self.values = self._grid(name, captions)
        self.body.addWidget(self.details)
        self.error.hide()
        self._show_badge()
        self._show_fold()

    def _grid(self, name: str, captions: Mapping[str, str]) -> dict[str, ElideLabel]:
        values: dict[str, ElideLabel] = {}
        grid = QGridLayout(self.grid)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(14)
        grid.setVerticalSpacing(5)
        grid.setColumnStretch(1, 1)
        for line, (key, words) in enumerate(captions.items()):
            caption = say(words)
            value = ElideLabel("–", caption=caption)
            value.setObjectName(f"{name}_{key}")
            grid.addWidget(label(caption, "muted", wrap=False), line, 0)
            grid.addWidget(value, line, 1)
            values[key] = value
        return values

    # folding

    def unfold(self) -> None:
        """Show the details: somebody was led here."""
        self._wished = True
        self._show_fold()

    def follow_state(self) -> None:
        """Fold by the state again: what somebody was led here for is done."""
        self._wished = None
        self._show_fold()

    @Slot()
    def _on_fold(self) -> None:
        self._wished = self.fold.is_open
        self._show_fold()

    def _show_fold(self) -> None:
        known = self._connection
        needed = known is not None and known.state not in SET_UP and not _passes(known)
        is_open = needed if self._wished is None else self._wished
        self.fold.show_open(is_open)
        self.fold.setVisible(known is not None and known.state is not ConnectionState.NOT_SET_UP)
        self.details.setVisible(is_open)
        self.grid.setVisible(known is not None and known.state is not ConnectionState.NOT_SET_UP)

    # state

    def show_checking(self, checking: bool) -> None:
        """Show that the service is being asked: until it answers, the former state is not its state."""
        self._checking, self._slow = checking, False
        self.btn_try.setEnabled(not checking)
        self._show_badge()

    def show_slow(self) -> None:
        """Show that it has been asked for a while, and again."""
        self._slow = True
        self._show_badge()

    def _show_badge(self) -> None:
        known = self._connection
        is_asked = self._checking and (known is None or known.state is not ConnectionState.NOT_SET_UP)
        if known is None or is_asked:
            word, icon, tone = SLOW if self._slow else CHECKING
        else:
            word, icon, tone = STATES[known.state]
        self.badge.show_state(say(word), icon, tone)

    def show_connection(self, connection: Connection) -> None:
        """Show how it stands."""
        self._connection = connection
        self.btn_try.setVisible(connection.state is ConnectionState.FAILED)
        self._show_badge()
        self.summary.setText(" · ".join(part for part in (connection.name, connection.who) if part))
        texts = {
            "name": connection.name,
            "who": connection.who,
            "since": long_date(connection.since) if connection.since else "",
            "expires": long_date(connection.expires) if connection.expires else "",
        }
        for key, value in self.values.items():
            value.setText(texts[key] or "–")
        error = connection.error
        self.error.setText(f"{say(error.title)}. {body(error)}" if error else "")
        self.error.setVisible(error is not None and connection.state is not ConnectionState.NOT_SET_UP)
        self._show_fold()
