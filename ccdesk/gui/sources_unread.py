"""Keeps PySide6 from reading the source of every module that is imported after it.

It does so to see which modules could use its features (`from __feature__ import snake_case`), of which
ccdesk uses none, and Python keeps every line that was read. Measured at the start of the window with 6.11:
500 files, 13 MB for as long as the program runs, and some 60 ms. In a package there is no source to read:
what is done here makes a program that runs from its sources go the way that a packaged one goes.
"""

from __future__ import annotations

import sys
from types import ModuleType

import PySide6  # noqa: F401  # brings what is looked for below

LOOKS = "shibokensupport.feature"
READS = "_mod_uses_pyside"


def read_no_sources() -> None:
    """Have PySide6 take every module imported from now on for one whose source is not there.

    A PySide6 that works in another way is left alone.
    """
    looks = sys.modules.get(LOOKS)
    if looks is not None and callable(getattr(looks, READS, None)):
        setattr(looks, READS, _has_no_source)


def _has_no_source(_: ModuleType) -> bool:
    return False
