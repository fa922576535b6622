"""Whether a window can be opened, found out before Qt ends the whole process over it.

Qt aborts (exit 134, a core dump) where its display is not there, refuses it, or a library is missing. So it
is tried in a copy of this process first, which may abort as it likes.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import time

from PySide6.QtGui import QGuiApplication

from ccdesk.core.errors import SettingsError, redact
from ccdesk.core.words import marked

_SECONDS = 15.0  # a display that is far away, or does not answer at all
_NEEDS_NONE = ("offscreen", "minimal")
_VARIABLES = ("QT_QPA_PLATFORM", "WAYLAND_DISPLAY", "DISPLAY")
_ADVICE = marked(
    "Use the command line (ccdesk --help), or start it where there is a desktop. "
    "“ccdesk demo --tour DIR” works without a display."
)


def require_display() -> None:
    """Refuse in words where Qt would abort; errors as `Trial.require`."""
    with Trial() as trial:
        trial.require()


class Trial:
    """Trying the display, begun at once in a copy of this process: other work can be done meanwhile.

    To be made before there are further threads, which a copy would not have.
    """

    def __init__(self) -> None:
        self._child, self._pipe = 0, -1
        chosen = os.environ.get("QT_QPA_PLATFORM", "")
        self._is_needed = (
            os.name == "posix"
            and os.uname().sysname != "Darwin"
            and chosen.partition(":")[0] not in _NEEDS_NONE
            and QGuiApplication.instance() is None  # else one is in use already
        )
        self._named = [f"{name}={os.environ[name]}" for name in _VARIABLES if os.environ.get(name)]
        if self._is_needed and self._named:
            self._begin()

    def __enter__(self) -> Trial:
        return self

    def __exit__(self, *_error: object) -> None:
        self._end(kill=True)

    def require(self) -> None:
        """Wait for how it went.

        Raises:
            SettingsError: there is no display, or Qt cannot use the one there is.

        """
        if not self._is_needed:
            return
        if not self._named:
            raise SettingsError(marked("There is no display to open the window on"), next_step=_ADVICE)
        said = _all_that_comes(self._pipe, time.monotonic() + _SECONDS)
        if self._end(kill=said is None) == 0 and said is not None:
            return
        raise SettingsError(
            marked("The display cannot be used to open the window on"),
            meaning=marked(
                "It is named by {names}, but there is no connection to it: its desktop may have ended, or "
                "may not let this user in; or a system library is missing."
            ).format(names=", ".join(self._named)),
            next_step=_ADVICE,
            detail=redact(said.decode(errors="replace")) if said else "it does not answer",
            code="no_display",
        )

    def _begin(self) -> None:
        self._pipe, writing = os.pipe()
        self._child = os.fork()
        if self._child == 0:
            _connect(writing)
        os.close(writing)

    def _end(self, *, kill: bool) -> int:
        """Take leave of the copy, if there is one; return its status."""
        if not self._child:
            return 0
        child, self._child = self._child, 0
        os.close(self._pipe)
        if kill:
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        return status


def _connect(writing: int) -> None:
    """Begin a Qt application and end at once, whatever comes; only in the copy."""
    try:
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        for stream in (1, 2):
            os.dup2(writing, stream)
        os.close(writing)
        os.environ["QT_QPA_PLATFORMTHEME"] = "none"  # asks the desktop many things that are not wanted here
        QGuiApplication(["ccdesk"])
        os._exit(0)
    finally:
        os._exit(1)


def _all_that_comes(pipe: int, until: float) -> bytes | None:
    """Return what is written until the other end closes it; None if that takes too long."""
    said = b""
    while (left := until - time.monotonic()) > 0:
        if select.select([pipe], [], [], left)[0]:
            piece = os.read(pipe, 4096)
            if not piece:
                return said
            said = (said + piece)[-4096:]
    return None
