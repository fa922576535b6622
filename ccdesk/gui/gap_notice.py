"""“Nothing ran from … to …”: told once, when somebody looks."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QEvent, QObject, Slot
from PySide6.QtWidgets import QWidget

from ccdesk.core.clock import format_time
from ccdesk.gui import formats
from ccdesk.gui.components.messages import Notice
from ccdesk.gui.components.theme import Tone
from ccdesk.gui.context import Context
from ccdesk.gui.watch import Snapshot
from ccdesk.service.gaps import Gap, GapReason

_TOLD = "window.gap"
WHY = {
    GapReason.ASLEEP: "The computer was asleep.",
    GapReason.NOT_RUNNING: "ccdesk was not running.",
}
CAUGHT_UP = "Nothing is lost: what happened meanwhile is caught up by itself."


class GapNotice(Notice):
    """Waits for the window to be on the screen; what was told is remembered beyond this program."""

    def __init__(self, context: Context, window: QWidget) -> None:
        super().__init__("notice_gap")
        self._context, self._window = context, window
        self._asked_about: Gap | None = None
        self._gap: Gap | None = None
        window.installEventFilter(self)
        context.watch.changed.connect(self._on_snapshot)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Notice that the window comes onto the screen."""
        if event.type() == QEvent.Type.Show:
            self._tell()
        return super().eventFilter(watched, event)

    @Slot(object)
    def _on_snapshot(self, snapshot: Snapshot) -> None:
        self._gap = snapshot.status.last_gap
        self._tell()

    def _tell(self) -> None:
        gap = self._gap
        if gap is None or gap == self._asked_about or not self._window.isVisible():
            return
        self._asked_about = gap
        desk = self._context.desk
        self._context.tasks.run(
            self,
            lambda: desk.first_time(_TOLD, format_time(gap.until)),
            done=partial(self._show_gap, gap),
            failed=lambda _: None,  # on a bundle nobody is told anything
        )

    def _show_gap(self, gap: Gap, is_first: bool) -> None:
        if is_first:
            since, until = formats.in_sentence(gap.since), formats.in_sentence(gap.until)
            title = f"Nothing ran from {since} to {until}"
            self.show_text(Tone.NEUTRAL, title, f"{WHY[gap.reason]} {CAUGHT_UP}")
