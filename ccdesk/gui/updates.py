"""Looks whether there is a newer ccdesk: when somebody asks, and once a day where that is switched on.

It never downloads or installs anything, and nothing else in the window depends on what it finds.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, wait
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from ccdesk import __version__
from ccdesk.core.errors import CcdeskError
from ccdesk.core.updates import (
    Release,
    ReleasePlace,
    Said,
    UpdatesUnknown,
    decide,
    is_due,
    next_look,
    read_place,
)
from ccdesk.gui import assets
from ccdesk.gui.memory import Memory
from ccdesk.gui.tasks import Tasks
from ccdesk.gui.translation import marked

log = logging.getLogger(__name__)

DAILY, NEXT, PASSED_OVER = "updates.daily", "updates.next", "updates.passed_over"  # what is remembered
FILE = "releases.json"  # which `tools/package.py` puts into a package that is to be published
LOOK_EVERY_MS = 5 * 60_000  # so that the first minutes after a start are for the work
LONGEST = 20.0  # seconds a look may take, whatever holds it up
_GLANCE = 0.1  # seconds between two glances at whether the program ends
TOO_SLOW = marked("{host} did not answer in time.")


@dataclass(frozen=True, slots=True)
class ReleaseSource:
    """Where ccdesk is published, None where this copy does not know it; `ask` waits for the network."""

    place: ReleasePlace | None
    ask: Callable[[ReleasePlace], Release]


def place_of_this_copy() -> ReleasePlace | None:
    """Return where this very package comes from."""
    try:
        return read_place(assets.path(FILE).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        log.warning("%s of this package cannot be used: %s", FILE, error)
        return None


def in_time(place: ReleasePlace, ask: Callable[[ReleasePlace], Release], over: threading.Event) -> Release:
    """Ask, and wait for the answer only so long, and not at all once it is `over`: nobody quits for that.

    Looking up a name, a proxy and TLS have no common time limit that a server could not outlast by dripping.
    So it is done in a thread of its own, which may be left behind: it holds nothing that anybody needs.

    Raises:
        UpdatesUnknown: no answer came in time, or no usable one.

    """
    answer: Future[Release] = Future()

    def work() -> None:
        try:
            answer.set_result(ask(place))
        except BaseException as error:
            answer.set_exception(error)

    threading.Thread(target=work, name="ccdesk-updates", daemon=True).start()
    end = time.monotonic() + LONGEST
    while not over.is_set() and time.monotonic() < end:
        if wait((answer,), timeout=_GLANCE).done:
            return answer.result()
    raise UpdatesUnknown(meaning=TOO_SLOW.format(host=place.host), detail=f"given up after {LONGEST:.0f} s")


class Updates(QObject):
    """The one place that asks. What is chosen is remembered as the window's place is."""

    found = Signal(object)  # Release: newer, and a person wants to be told
    passed_over = Signal()

    def __init__(
        self,
        source: ReleaseSource,
        memory: Memory,
        tasks: Tasks,
        is_busy: Callable[[], bool],
        parent: QObject | None = None,
    ) -> None:
        """Make it, not looking yet. `is_busy`: the daily look waits as long as that is so."""
        super().__init__(parent)
        self.place, self._ask = source.place, source.ask
        self._memory, self._tasks, self._is_busy = memory, tasks, is_busy
        self.version = __version__
        self.now: Callable[[], datetime] = lambda: datetime.now(UTC)
        self._timer = QTimer(self, interval=LOOK_EVERY_MS)
        self._timer.timeout.connect(self.look)

    @property
    def daily(self) -> bool:
        """Whether it looks by itself; off until somebody switches it on."""
        return bool(self._memory.get(DAILY, bool, False))

    @daily.setter
    def daily(self, on: bool) -> None:
        self._memory.put(DAILY, on)

    def start(self) -> None:
        """Begin to look once a day, where that is switched on."""
        if self.place is not None:
            self._timer.start()

    def stop(self) -> None:
        """Look no more."""
        self._timer.stop()

    def said(self, release: Release) -> Said:
        """Return what is to be said of a release."""
        return decide(self.version, release.version, self._memory.get(PASSED_OVER, str, ""))

    def pass_over(self, release: Release) -> None:
        """Tell of this version no more, unless somebody asks."""
        self._memory.put(PASSED_OVER, release.version)
        self.passed_over.emit()

    def ask(
        self, owner: QObject, *, done: Callable[[Release], None], failed: Callable[[CcdeskError], None]
    ) -> None:
        """Ask now, because somebody wants to know."""
        place, ask, over = self.place, self._ask, threading.Event()
        if place is not None:
            work = partial(in_time, place, ask, over)
            self._tasks.run(owner, work, done=done, failed=failed, key="updates", cancel=over)

    @Slot()
    def look(self) -> None:
        """Ask, if it is time to; what goes wrong is no news for anybody."""
        wanted = self.daily and is_due(self._memory.get(NEXT, str, ""), self.now())
        if wanted and not self._is_busy():
            self._memory.put(NEXT, next_look(self.now(), answered=False))
            self.ask(self, done=self._on_answer, failed=self._on_failed)

    def _on_answer(self, release: Release) -> None:
        self._memory.put(NEXT, next_look(self.now(), answered=True))
        said = self.said(release)
        log.info("the latest release is %s: %s", release.version, said.value)
        if said is Said.NEWER:
            self.found.emit(release)

    @staticmethod
    def _on_failed(error: CcdeskError) -> None:
        log.info("the daily look for a newer version failed: %s", error.detail or error.code)
