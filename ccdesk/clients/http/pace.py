"""How fast: at most four calls a second to a service, by whichever of our processes and threads (design §4).

Every call takes a place first. The places are kept in a small file of the base dir, so that a window, its
loops and commands run back to back keep one pace together; nothing is locked while a call is on its way.
Times are those of the monotonic clock: all processes of a computer share it, and setting the clock does not
move it.
"""

from __future__ import annotations

import json
import logging
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from filelock import FileLock, Timeout

from ccdesk.core.clock import Clock
from ccdesk.core.errors import Cancelled

log = logging.getLogger(__name__)

CALLS_A_SECOND = 4
MARGIN = 0.05  # seconds: what one call may take longer to get there than the fourth one behind it
_LOCK_SECONDS = 2.0  # the lock is held for less than a millisecond
_LOCK_POLL = 0.002
_MOST_BYTES = 65_536
_WIDTH = 160  # characters: what the places of four calls and a hold take, so that the file stays as long
_PRIVATE = 0o600


@dataclass
class Places:
    """When the last calls were sent, and until when nothing may be; seconds of the monotonic clock.

    What is later than now was written before the computer was started anew, and is left out.
    """

    sent: list[float] = field(default_factory=list)
    held_at: float = 0.0
    held_until: float = 0.0

    def since(self, now: float, per: float) -> None:
        """Forget what no longer counts."""
        self.sent = sorted(moment for moment in self.sent if now - per < moment <= now)
        if not self.held_at <= now < self.held_until:
            self.held_at = self.held_until = 0.0

    def delay(self, now: float, rate: int, per: float) -> float:
        """Return the seconds until the next call may be sent, 0 or less if it may be now."""
        full = len(self.sent) >= rate
        return max(self.held_until - now, self.sent[-rate] + per - now if full else 0.0)


class Kept(Protocol):
    """Where the places are kept."""

    def open(self) -> Any:
        """Return a context that gives the `Places`, to itself alone, and keeps what they are at its end."""


class KeptHere:
    """Places of this process alone."""

    def __init__(self) -> None:
        self._lock, self._places = threading.Lock(), Places()

    @contextmanager
    def open(self) -> Iterator[Places]:
        """Give the places to one thread at a time."""
        with self._lock:
            yield self._places


class KeptInFile:
    """Places that every process with the same base dir shares.

    A file that cannot be used (a full disk, a lock nobody gives back) leaves each process its own pace: that
    is no reason not to sync, and a service that is asked too often says so (constant-contact.md §5).
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._thread_lock = threading.Lock()
        self._file_lock = FileLock(
            f"{path}.lock", timeout=_LOCK_SECONDS, poll_interval=_LOCK_POLL, mode=_PRIVATE
        )
        self._own = Places()
        self._told = False

    @contextmanager
    def open(self) -> Iterator[Places]:
        """Give the places to one thread of one process at a time."""
        with self._thread_lock:
            try:
                self._file_lock.acquire()
            except (OSError, Timeout) as error:
                self._tell(error)
                yield self._own
                return
            try:
                places = self._read()
                yield places
                self._own = places
                self._write(places)
            finally:
                self._file_lock.release()

    def _read(self) -> Places:
        try:
            with os.fdopen(os.open(self._path, os.O_RDONLY | _NO_LINK), "rb") as file:
                stored = json.loads(file.read(_MOST_BYTES))
            return Places([float(one) for one in stored["sent"]], *map(float, stored["held"]))
        except FileNotFoundError:
            return Places()
        except (OSError, ValueError, TypeError, KeyError) as error:
            self._tell(error)
            return self._own

    def _write(self, places: Places) -> None:
        text = json.dumps({"sent": places.sent, "held": [places.held_at, places.held_until]})
        try:
            # Written over and never emptied: Linux takes a file that is emptied and written for one that must
            # be on the disk when it is closed, and every call would wait for the disk.
            with os.fdopen(os.open(self._path, os.O_WRONLY | os.O_CREAT | _NO_LINK, _PRIVATE), "w") as file:
                file.write(text.ljust(_WIDTH))
                file.truncate()
        except OSError as error:
            self._tell(error)

    def _tell(self, error: Exception) -> None:
        if not self._told:
            log.warning("the pace is not shared with other programs of ccdesk: %s", type(error).__name__)
            self._told = True


_NO_LINK: int = getattr(os, "O_NOFOLLOW", 0)


class Pacer:
    """Lets `rate` calls through in any stretch of `per` seconds; may be shared by clients and threads.

    `per` is longer than the service's second, because calls take differently long to get there. Written by
    hand: the waits of requests-ratelimiter and pyrate-limiter cannot be interrupted.
    """

    def __init__(
        self,
        *,
        rate: int = CALLS_A_SECOND,
        per: float = 1.0 + MARGIN,
        clock: Clock | None = None,
        kept: Kept | None = None,
    ) -> None:
        self._rate, self._per = rate, per
        self._clock = clock or Clock()
        self._kept = kept or KeptHere()

    def take(self, cancel: threading.Event) -> None:
        """Wait for a place and take it.

        Raises:
            Cancelled: asked to stop meanwhile.

        """
        while (delay := self._taken()) > 0:
            if self._clock.wait(cancel, delay):
                raise Cancelled()

    def _taken(self) -> float:
        """Take a place if one is free; else return the seconds until one may be."""
        with self._kept.open() as places:
            now = self._clock.monotonic()
            places.since(now, self._per)
            delay: float = places.delay(now, self._rate, self._per)
            if delay <= 0:
                places.sent.append(now)
            return delay

    def hold(self, seconds: float) -> None:
        """Let nothing through for a while: a Retry-After counts for every call (kibo.md §13)."""
        with self._kept.open() as places:
            now = self._clock.monotonic()
            places.since(now, self._per)
            places.held_at = now
            places.held_until = max(places.held_until, now + seconds)
