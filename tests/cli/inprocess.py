"""One command in the process of the test itself: a start of Python takes longer than most commands do."""

from __future__ import annotations

import contextvars
import gc
import io
import locale
import logging
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import IO
from unittest.mock import patch

import ccdesk.__main__ as program
from ccdesk.core import redaction
from ccdesk.core.clock import Clock
from ccdesk.system.signals import stop_signals


@contextmanager
def hurried() -> Iterator[None]:
    """Let nothing wait: a pause moves only the seconds on that the program measures, as in `tests/e2e`."""
    waited, guard = [0.0], threading.Lock()

    def wait(_clock: Clock, event: threading.Event, seconds: float) -> bool:
        with guard:
            waited[0] += max(0.0, seconds)
        return event.is_set()

    def monotonic(_clock: Clock) -> float:
        with guard:
            return time.monotonic() + waited[0]

    with patch.object(Clock, "wait", wait), patch.object(Clock, "monotonic", monotonic):
        yield


def run_here(
    command: list[str], environment: Mapping[str, str], *, hurry: bool = True
) -> subprocess.CompletedProcess[str]:
    """Do `python -m ccdesk …` without a new process: what `subprocess.run` would have returned.

    Whatever a process takes with it at its end is put back: nothing of one command may reach the next.
    """
    assert threading.current_thread() is threading.main_thread(), "beside another command it takes a process"
    for name, value in environment.items():
        same = os.environ.get(name) == value or not name.startswith("PYTHON")
        assert same, f"{name} is read at the start of Python: it takes a process"
    words = command[command.index("ccdesk") + 1 :]
    letters = locale.getencoding()
    handlers, threads = _signals(), set(threading.enumerate())
    with ExitStack() as stack:
        stdin = stack.enter_context(open(os.devnull, encoding=letters))
        # files, because a pipe that nobody reads meanwhile would be full at some time
        out, err = (stack.enter_context(tempfile.TemporaryFile()) for _ in range(2))
        stdout = _stream(out, letters, "strict")
        stderr = _stream(err, letters, "backslashreplace")
        for name, stream in (("stdin", stdin), ("stdout", stdout), ("stderr", stderr)):
            stack.enter_context(patch.object(sys, name, stream))
        stack.enter_context(patch.object(sys, "__stdout__", stdout))  # whose width the help asks for
        stack.enter_context(patch.object(sys, "argv", [str(program.__file__), *words]))
        stack.enter_context(patch.dict(os.environ, environment, clear=True))
        stack.enter_context(patch.object(redaction, "_known", {}))  # only the secrets it meets itself
        # For the whole process, and for good; tests/cli/test_odd_input.py sees to it in one of its own.
        stack.enter_context(patch("ccdesk.cli.main.leave_no_dump"))
        stack.enter_context(_memory_as_before())
        if hurry:
            stack.enter_context(hurried())
        try:
            code = contextvars.copy_context().run(program.main)
        except SystemExit as ended:
            code = int(ended.code or 0)
        stdout.flush()
        stderr.flush()
        said = [_text(stream, letters) for stream in (out, err)]
        stdout.detach()
        stderr.detach()
    assert _signals() == handlers, "a signal would go to a command that has ended"
    assert not [one for one in logging.getLogger("ccdesk").handlers if type(one) is not logging.NullHandler]
    left = [one for one in threading.enumerate() if one not in threads and not one.daemon]
    assert not left, f"the process would not have ended: {left}"
    return subprocess.CompletedProcess(command, code, *said)


def _signals() -> list[object]:
    return [signal.getsignal(number) for number in stop_signals()]


def _stream(file: IO[bytes], letters: str, errors: str) -> io.TextIOWrapper:
    return io.TextIOWrapper(file, encoding=letters, errors=errors)  # type: ignore[type-var]


def _text(file: IO[bytes], letters: str) -> str:
    file.seek(0)
    return io.TextIOWrapper(io.BytesIO(file.read()), encoding=letters).read()


@contextmanager
def _memory_as_before() -> Iterator[None]:
    """Take the collector's settings back: what it never looks at again is never missed by a test either."""
    before = gc.get_threshold()
    try:
        yield
    finally:
        gc.unfreeze()
        gc.set_threshold(*before)
