"""One run at a time per store, across window, loop and command line (design §4).

The lease is one row that names its holder. Whether a holder on this computer lives is asked of the system, by
process id and start time (ids are used again), counted from the computer's start where that can be known, for
the wall clock may be set meanwhile. Where the system cannot tell, the heartbeat decides: not by its age,
which is any figure where a clock was set, but by whether it still beats while who wants the lease watches.
"""

from __future__ import annotations

import contextlib
import os
import socket
import sys
import threading
import uuid
from dataclasses import dataclass, fields
from datetime import datetime, timedelta

import psutil

from ccdesk.core.clock import Clock
from ccdesk.core.errors import Busy, StoreError
from ccdesk.store.columns import to_text
from ccdesk.store.db import Database, upsert
from ccdesk.store.tables import LeaseRow

SILENT = timedelta(minutes=2)
RENEW_EVERY = 5.0  # seconds
WATCH = 30.0  # seconds; longer than a living holder's heart usually takes for a beat
START_TOLERANCE = 2.0  # seconds; systems round the start time
OUTERMOST = 0xEFFFFFFC  # Linux's number for the process ids of the computer itself (include/linux/proc_ns.h)
SINCE_BOOT = sys.platform == "linux"  # elsewhere the start time itself does not move with the clock
LONG_AGO = 1e9  # seconds: no computer has run that long, so it is a date, from a ccdesk that kept dates

TAKE = upsert(LeaseRow)


@dataclass(frozen=True, slots=True)
class Holder:
    """The lease's row."""

    owner: str
    pid: int
    process_started: float
    host: str
    what: str
    since: datetime
    heartbeat: datetime

    @property
    def words(self) -> str:
        """The holder as the user knows it."""
        return f"{self.what} (process {self.pid} on {self.host}, since {self.since:%Y-%m-%d %H:%M} UTC)"


COLUMNS = tuple(getattr(LeaseRow, field.name) for field in fields(Holder))


class SqliteLease:
    """`ports.Lease` on SQLite. It belongs to the thread that took it: another's `release` does nothing."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._owner = uuid.uuid4().hex
        self._thread: int | None = None
        self._renewed = 0.0

    def acquire(self, what: str) -> None:
        """Take the lease or raise Busy, which names the holder. A dead holder's lease is taken over."""
        silent, taken = self._watched(), False
        try:
            with self._database.transaction():
                holder = self._read()
                if holder is not None and holder != silent and not self._is_over(holder):
                    raise _busy(holder)
                moment, pid = to_text(self._clock.now()), os.getpid()
                row = (1, self._owner, pid, _started(pid), _place(), what, moment, moment)
                self._database.many(TAKE, [row])
                self._thread, taken = threading.get_ident(), True  # before anybody can see the row
        except StoreError:
            if taken:
                self._thread = None
            raise
        self._renewed = self._clock.monotonic()

    def _is_over(self, holder: Holder) -> bool:
        """Say whether a holder is known to be at work no more: dead, or we could not give it back."""
        return (holder.owner == self._owner and self._thread is None) or _asked(holder) is False

    def _watched(self) -> Holder | None:
        """Return a holder found dead by watching; None where there is nobody, or it is known without.

        Raises:
            Busy: the heart beat while we watched: one of the two clocks is wrong.

        """
        holder, now = self._read(), self._clock.now()
        if holder is None or abs(now - holder.heartbeat) < SILENT or _asked(holder) is not None:
            return None
        self._clock.wait(threading.Event(), WATCH)
        found = self._read()
        if found is not None and found != holder:
            raise _busy(found)
        return holder

    def beat(self) -> None:
        """Show that we are alive while the run's own thread waits for an answer.

        Whether the lease is still ours is for that thread to find out, by `renew`.
        """
        if self._thread is not None:
            self._write_beat()

    def _write_beat(self) -> int:
        beat = LeaseRow.update({LeaseRow.heartbeat: self._clock.now()})
        return self._database.run(beat.where(LeaseRow.owner == self._owner))

    def renew(self) -> None:
        """Show that we are alive; writes every few seconds only, so it can be called for every item.

        Raises:
            Busy: the lease is no longer ours (it was silent too long and another took it): stop the run.

        """
        if self._thread is None or self._clock.monotonic() - self._renewed < RENEW_EVERY:
            return
        if not self._write_beat():
            self._thread = None
            raise _busy(self._read())
        self._renewed = self._clock.monotonic()

    def release(self) -> None:
        """Give the lease back; harmless if not held."""
        if self._thread != threading.get_ident():
            return
        try:
            with self._database.transaction():
                self._delete()
                self._thread = None  # before another thread can take it
        finally:
            self._thread = None if self._thread == threading.get_ident() else self._thread

    def _delete(self) -> None:
        self._database.run(LeaseRow.delete().where(LeaseRow.owner == self._owner))

    def _give_back_late(self) -> None:
        """Give back what could not be given back when its time was: the disk was full, the file locked."""
        with contextlib.suppress(StoreError), self._database.transaction():
            if self._thread is None:
                self._delete()

    def holder(self, *, others: bool = False) -> str:
        """Say who holds it in words, `""` if nobody does; `others` leaves out this very program.

        Only who is known to be dead holds nothing: where that takes watching, it is left to `acquire`.
        """
        holder = self._read()
        if holder is None:
            return ""
        if holder.owner == self._owner and self._thread is None:
            self._give_back_late()
            return ""
        return "" if (others and holder.owner == self._owner) or _asked(holder) is False else holder.words

    def _read(self) -> Holder | None:
        row = self._database.first(LeaseRow.select(*COLUMNS))
        return None if row is None else Holder(*row)


def _asked(holder: Holder) -> bool | None:
    """Ask the system whether the holder lives; None if it cannot tell."""
    return lives(holder.pid, holder.process_started, holder.host)


def lives(pid: int, started: float, where: str) -> bool | None:
    """Say whether a process noted as `this_process` lives; None if the system cannot tell."""
    return _process_lives(pid, started) if where == _place() else None


def this_process() -> tuple[int, float, str]:
    """Return by what this process is known again: its id, when it began, and where."""
    pid = os.getpid()
    return pid, _started(pid), _place()


def _place() -> str:
    """Say where our process id means this process: the computer and, inside a container, the container.

    A container may bear its computer's name (Docker's host network, Flatpak) and still not see its processes:
    whoever lives on the other side would be taken for dead.
    """
    computer = socket.gethostname()
    try:
        ids = os.stat("/proc/self/ns/pid").st_ino
    except OSError:  # not Linux
        return computer
    return computer if ids == OUTERMOST else f"{computer}, container {ids}"


def _process_lives(pid: int, started: float) -> bool | None:
    """Say whether the very process lives; None if that cannot be told.

    Another date of its start need not mean another process: the clock may have been set since.
    """
    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return False
        counted = SINCE_BOOT and started < LONG_AGO
        found = _started(pid) if counted else process.create_time()
        if abs(found - started) < START_TOLERANCE:
            return True
        return False if counted else None
    except psutil.NoSuchProcess:
        return None if _is_hidden(pid) else False
    except psutil.Error:  # not ours to look at
        return None


def _is_hidden(pid: int) -> bool:
    """Say whether there is another user's process that only cannot be looked at (/proc with hidepid)."""
    if sys.platform == "win32":
        return False  # it hides none, and there this call would end the process
    try:
        os.kill(pid, 0)
    except PermissionError:
        return True
    except OSError:
        return False
    return False


def _started(pid: int) -> float:
    """Return when a process began, in a form that does not change when the clock is set.

    On Linux psutil adds the computer's start, which the system reckons from the wall clock: taken off again.
    """
    if not SINCE_BOOT:
        return psutil.Process(pid).create_time()
    while True:
        boot = psutil.boot_time()
        created = psutil.Process(pid).create_time()
        if psutil.boot_time() == boot:  # else the clock was set in between
            return created - boot


def _busy(holder: Holder | None) -> Busy:
    return Busy(holder=holder.words if holder else "")
