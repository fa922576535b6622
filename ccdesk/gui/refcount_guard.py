"""Keeps PySide6 6.12 from aborting the process on Python before 3.12.

Measured with 6.12.0 on Python 3.11: every `Signal.emit` gives back one reference to True, every slot called
from C++ one to None, that it never took. Where these objects are immortal (3.12 and later) that is harmless.
Before, their count reaches zero after some hundred signals: “Fatal Python error: bool_dealloc”. 6.8 to 6.11
count rightly, and pyproject.toml asks for those there; this is for who has 6.12 installed all the same.
"""

from __future__ import annotations

import ctypes
import sys

import PySide6

FAULTY = (6, 12)
IMMORTAL_SINCE = (3, 12)
ENOUGH = 1 << 40  # references; at a thousand a second they last for decades


def needs_guard() -> bool:
    """Say whether this Python and this PySide6 are a bad pair."""
    return sys.version_info < IMMORTAL_SINCE and PySide6.__version_info__[:2] >= FAULTY


def hold_singletons() -> None:
    """Take so many references to True, False and None that their count cannot run out."""
    if not needs_guard() or sys.getrefcount(None) > ENOUGH:
        return
    for one in (True, False, None):
        ctypes.c_ssize_t.from_address(id(one)).value += ENOUGH  # CPython keeps the count at the very front
