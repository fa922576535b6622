"""`ccdesk` that says when its window is painted first, and ends: `python -m benchmarks.first_paint`.

Prints the moment on the clock that all processes share (`time.monotonic`).
"""

from __future__ import annotations

import sys
import time


def main() -> int:
    from ccdesk.gui import window

    class Window(window.SettingsWindow):
        """The window as it is, with a look at its first paint."""

        painted = 0.0

        def paintEvent(self, event):  # type: ignore[no-untyped-def]  # noqa: N802
            super().paintEvent(event)
            if not self.painted:
                from PySide6.QtCore import QTimer

                # Behind the event that paints the window and all in it.
                QTimer.singleShot(0, self._say)
                self.painted = time.monotonic()

        def _say(self) -> None:
            print(time.monotonic(), flush=True)
            self.close()

    from ccdesk.gui import app

    vars(app)["SettingsWindow"] = Window
    from ccdesk.cli.main import main as ccdesk

    return ccdesk()


if __name__ == "__main__":
    sys.exit(main())
