"""The signals by which the system, or a person at a terminal, asks a program to end."""

from __future__ import annotations

import signal
import sys


def stop_signals() -> list[signal.Signals]:
    """Return the signals that ask for an orderly end on this system.

    A terminal that was closed is one of them, unless nohup has had it ignored.
    """
    if sys.platform == "win32":
        # Ctrl+Break, and the console's window that is closed: nobody sends SIGTERM there
        return [signal.SIGINT, signal.SIGTERM, signal.SIGBREAK]
    stops = [signal.SIGINT, signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        stops.append(signal.SIGHUP)
    return stops


def is_repeated_by_itself(number: int) -> bool:
    """Say whether a signal comes more than once for one cause: shell and system both tell of a hang-up."""
    return sys.platform != "win32" and number == signal.SIGHUP
