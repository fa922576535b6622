"""Keeping what is in this program's memory out of files: it holds tokens, a secret and customers' emails."""

from __future__ import annotations

import contextlib
import ctypes
import sys

_PR_SET_DUMPABLE = 4
_NO_FAULT_BOX = 0x0001 | 0x0002  # SEM_FAILCRITICALERRORS | SEM_NOGPFAULTERRORBOX: no report with a dump


def leave_no_dump() -> None:
    """Have the system write no image of this program, however it ends.

    On Linux no other program of the same user can read its memory from then on either. The limit alone would
    not do: where the kernel hands images to a program (systemd-coredump, apport) it does not count.
    """
    if sys.platform == "win32":
        ctypes.windll.kernel32.SetErrorMode(_NO_FAULT_BOX)
        return
    import resource

    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
