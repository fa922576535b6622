"""When somebody last looked at the window: what has happened since then is told when they come back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from PySide6.QtCore import QObject, Signal, Slot

from ccdesk.gui.memory import Memory

LOOKED_AT = "looked_at"
AWAY = timedelta(minutes=30)  # shorter is no absence: another program was in front


def _now() -> datetime:
    return datetime.now(UTC)


class LastLook(QObject):
    """Keeps the moment. `since` is None until somebody has looked before."""

    changed = Signal()

    def __init__(self, memory: Memory, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._memory = memory
        self.now: Callable[[], datetime] = _now
        self.since: datetime | None = _moment(memory.get(LOOKED_AT, str, ""))
        self._left_at: datetime | None = None

    @Slot()
    def leave(self) -> None:
        """Note that somebody looks no more: another program is in front, or the window is closed."""
        self._left_at = self.now()
        self._memory.put(LOOKED_AT, self._left_at.isoformat())

    @Slot()
    def come_back(self) -> None:
        """Tell of what happened meanwhile from now on, if it was an absence."""
        left, self._left_at = self._left_at, None
        if left is not None and self.now() - left >= AWAY:
            self.since = left
            self.changed.emit()


def _moment(text: str) -> datetime | None:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return at.astimezone(UTC) if at.tzinfo else None
