"""A card that shows how one connection stands."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QHBoxLayout

from ccdesk.gui.components.icons import IconLabel
from ccdesk.gui.components.messages import body
from ccdesk.gui.components.theme import Tone
from ccdesk.gui.components.widgets import Badge, Card, ElideLabel, button, label, row
from ccdesk.gui.formats import long_date
from ccdesk.service.api import Connection, ConnectionState

STATES = {
    ConnectionState.NOT_SET_UP: ("Not set up", "circle", Tone.NEUTRAL),
    ConnectionState.UNKNOWN: ("Not checked yet", "circle", Tone.NEUTRAL),
    ConnectionState.CONNECTED: ("Connected", "check-circle", Tone.GOOD),
    ConnectionState.LOGIN_NEEDED: ("Login needed", "warning", Tone.WARNING),
    ConnectionState.FAILED: ("Failed", "error", Tone.ERROR),
}
CHECKING = ("Checking…", "running", Tone.NEUTRAL)
SLOW = ("No answer yet", "waiting", Tone.WARNING)


class ConnectionCard(Card):
    """Name, who, since when and until when; the state as icon, word and colour.

    A service that fails keeps what is known of it on show: an outage is not a set-up undone.
    """

    try_again = Signal()

    def __init__(self, name: str, title: str, picture: str, captions: dict[str, str]) -> None:
        super().__init__()
        self.setObjectName(name)
        self.badge = Badge()
        self.badge.setObjectName(f"{name}_state")
        self._connection: Connection | None = None
        self._checking = self._slow = False
        head = QHBoxLayout()
        head.setSpacing(10)
        head.addWidget(IconLabel(picture, size=22))
        head.addWidget(label(title, "title", wrap=False))
        head.addStretch(1)
        head.addWidget(self.badge)
        self.body.addLayout(head)
        self.error = label("", "problem", name=f"{name}_error")
        self.error.setTextFormat(Qt.TextFormat.PlainText)
        self.body.addWidget(self.error)
        self.btn_try = button("Try again", f"{name}_try", self.try_again.emit, icon="refresh")
        self.body.addLayout(row(self.btn_try, None))
        self.btn_try.hide()
        self.values: dict[str, ElideLabel] = {}
        grid = QGridLayout()
        grid.setHorizontalSpacing(14)
        grid.setVerticalSpacing(5)
        grid.setColumnStretch(1, 1)
        for line, (key, caption) in enumerate(captions.items()):
            value = ElideLabel("–")
            value.setObjectName(f"{name}_{key}")
            value.setAccessibleName(caption)
            grid.addWidget(label(caption, "muted", wrap=False), line, 0)
            grid.addWidget(value, line, 1)
            self.values[key] = value
        self.body.addLayout(grid)
        self.error.hide()
        self.badge.show_state(*CHECKING)

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
        if known is not None and known.state is ConnectionState.NOT_SET_UP:
            self.badge.show_state(*STATES[known.state])
        elif self._checking or known is None:
            self.badge.show_state(*(SLOW if self._slow else CHECKING))
        else:
            self.badge.show_state(*STATES[known.state])

    def show_connection(self, connection: Connection) -> None:
        """Show how it stands."""
        self._connection = connection
        self.btn_try.setVisible(connection.state is ConnectionState.FAILED)
        self._show_badge()
        texts = {
            "name": connection.name,
            "who": connection.who,
            "since": long_date(connection.since) if connection.since else "",
            "expires": long_date(connection.expires) if connection.expires else "",
        }
        for key, value in self.values.items():
            value.setText(texts[key] or "–")
        error = connection.error
        self.error.setText(f"{error.title}. {body(error)}" if error else "")
        self.error.setVisible(error is not None and connection.state is not ConnectionState.NOT_SET_UP)
