"""What the window remembers: its place, the last tab, widths of columns, when it was looked at.

It is a small file of its own in the base dir (`window.memory.json`). Losing it loses nothing but comfort, so
one that cannot be read or written is done without, and nobody is told.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QWidget

from ccdesk.core.files import read_private, write_private

log = logging.getLogger(__name__)

FILE_NAME = "window.memory.json"
LARGEST = 256 * 1024  # bytes
WRITE_AFTER_MS = 1_500


class Memory(QObject):
    """Named values. They are written a moment after the last change, off the GUI thread; and at the end.

    `path` None: nothing is kept, as for a bundle.
    """

    def __init__(self, path: Path | None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._path = path
        self._values = _read(path)
        self._changed = False
        self.in_background: Callable[[Callable[[], None]], None] = lambda work: work()
        self._timer = QTimer(self, singleShot=True, interval=WRITE_AFTER_MS)
        self._timer.timeout.connect(self._write_soon)

    def get(self, name: str, kind: type, default: Any = None) -> Any:
        """Return what is remembered, the default if that is nothing or not of this kind."""
        value = self._values.get(name)
        fits = isinstance(value, kind) and not (kind is int and isinstance(value, bool))
        return value if fits else default

    def put(self, name: str, value: Any) -> None:
        """Remember a value, which JSON can hold."""
        if self._values.get(name) == value:
            return
        self._values[name] = value
        self._changed = True
        self._timer.start()

    def flush(self) -> None:
        """Write what was not written yet; the window is closing."""
        self._timer.stop()
        self._write()

    def _write_soon(self) -> None:
        self.in_background(self._write)

    def _write(self) -> None:
        if self._path is None or not self._changed:
            return
        self._changed = False
        try:
            write_private(self._path, json.dumps(self._values, sort_keys=True).encode())
        except OSError as error:
            log.warning("what the window remembers could not be written: %s", type(error).__name__)


def memory_of(widget: QWidget) -> Memory | None:
    """Return the memory of the window that a widget or its dialog belongs to."""
    above: QWidget | None = widget
    while above is not None:
        found = getattr(above, "memory", None)
        if isinstance(found, Memory):
            return found
        above = above.parentWidget()
    return None


def _read(path: Path | None) -> dict[str, Any]:
    if path is None:
        return {}
    try:
        held = read_private(path)
        values = json.loads(held) if len(held) <= LARGEST else {}
    except (OSError, ValueError, RecursionError):
        return {}
    return values if isinstance(values, dict) else {}
