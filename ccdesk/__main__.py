"""`ccdesk` and `python -m ccdesk`: the command line; the window when no command is given."""

from __future__ import annotations

import os
import sys

from ccdesk.cli.main import main

if sys.stderr is None:  # the windowed program on Windows has neither
    sys.stdout = sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 (for the whole life)

if __name__ == "__main__":
    sys.exit(main())
