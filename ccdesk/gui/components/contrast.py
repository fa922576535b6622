"""Whether the desktop asks for high contrast: then its user's own colours are the only ones.

Asked of Windows itself: Qt's own hint (`QStyleHints.accessibility`) is destroyed by PySide6 6.11 once the
object it returns is let go. Other systems tell nobody but their toolkits.
"""

from __future__ import annotations

import ctypes
import sys

_GET_HIGH_CONTRAST = 0x0042  # SPI_GETHIGHCONTRAST
_IS_ON = 0x1  # HCF_HIGHCONTRASTON


class _HighContrast(ctypes.Structure):
    _fields_ = (("size", ctypes.c_uint), ("flags", ctypes.c_uint), ("scheme", ctypes.c_wchar_p))


def wants_contrast() -> bool:
    """Say whether a contrast theme of Windows is on."""
    if sys.platform == "win32":
        asked = _HighContrast(size=ctypes.sizeof(_HighContrast))
        place = ctypes.byref(asked)
        done = ctypes.windll.user32.SystemParametersInfoW(_GET_HIGH_CONTRAST, asked.size, place, 0)
        return bool(done and asked.flags & _IS_ON)
    return False
