"""`ccdesk` and `python -m ccdesk`: the command line; the window when no command is given."""

from __future__ import annotations

import gc
import os
import sys

gc.set_threshold(20_000, 50, 100)  # what is imported stays: looking through it again and again takes time

if __name__ == "__main__" and not sys.flags.safe_path:
    # `python -m` looks for every module in the current folder first: a file there called like one of ours, or
    # of a library's, would run with the login in its hands. (`python -P -m` does not, nor does `ccdesk`.)
    try:
        here = os.getcwd()
    except OSError:  # it was deleted
        here = ""
    if sys.path[:1] in ([here], [""]):
        del sys.path[0]

from ccdesk.cli.main import main  # noqa: E402 (what comes before is for it)

# The windowed program on Windows has neither; on other systems either may have been closed (`>&-`), and the
# next file opened would take its place.
if sys.stdout is None:
    sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 (for the whole life)
if sys.stderr is None:
    sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115

if sys.platform == "win32":
    # Windows then groups and pins the window as the program that its shortcut names.
    import ctypes

    ctypes.windll.shell32.SetCurrentProcessExplicitAppUserModelID("ccdesk.ccdesk")

if __name__ == "__main__":
    sys.exit(main())
