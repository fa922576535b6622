"""The line below the two connections: when they were checked, or that they are being checked."""

from __future__ import annotations

from datetime import UTC, datetime

from PySide6.QtCore import Qt, QTimer, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QWidget

from ccdesk.gui.components.widgets import button, label
from ccdesk.gui.context import Context
from ccdesk.gui.dialogs.drift_view import show_drift
from ccdesk.gui.formats import ago
from ccdesk.gui.overall import NO_ANSWER
from ccdesk.gui.translation import marked, say

COUNT_AGAIN_MS = 20_000
CHECKING = marked("Checking…")
VAULT = marked(
    "Waiting for this computer's keyring, where the login is kept. It may be asking for your password in "
    "another window."
)


class CheckLine(QWidget):
    """A button, and what came of it; and the way to compare both sides whole."""

    jump = Signal(str)  # to a place of the window

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context, self._watch = context, context.watch
        self._checking = self._slow = self._vault = False
        self.button = button(say("Check connections"), "btn_check", context.watch.check, icon="refresh")
        self.words = label(role="muted", name="lbl_checked")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(10)
        layout.addWidget(self.button)
        layout.addWidget(self.words, 1)
        tip = say("Read both services now, and see about whom they differ")
        self.compare = button(say("Compare both sides…"), "btn_compare", self._compare, link=True, tip=tip)
        layout.addWidget(self.compare)
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._show)
        self._timer.start(COUNT_AGAIN_MS)
        context.watch.checking.connect(self._on_checking)
        context.watch.slow.connect(self._on_slow)
        context.watch.waiting_for_vault.connect(self._on_vault)

    @Slot()
    def _compare(self) -> None:
        dialog = show_drift(self._context, self.window())
        dialog.repairing.connect(self._show_logs, Qt.ConnectionType.UniqueConnection)

    @Slot()
    def _show_logs(self) -> None:
        self.jump.emit("logs")

    @Slot(bool)
    def _on_checking(self, checking: bool) -> None:
        self._checking, self._slow = checking, False
        self._show()

    @Slot()
    def _on_slow(self) -> None:
        self._slow = True
        self._show()

    @Slot(bool)
    def _on_vault(self, waiting: bool) -> None:
        self._vault = waiting
        self._show()

    @Slot()
    def _show(self) -> None:
        self.words.setText(self._text())

    def _text(self) -> str:
        if self._vault:
            return say(VAULT)
        if self._checking:
            return say(NO_ANSWER if self._slow else CHECKING)
        checked_at = self._watch.checked_at
        if checked_at is None:
            return ""
        return say("Checked {ago}").format(ago=ago(datetime.now(UTC) - checked_at))
