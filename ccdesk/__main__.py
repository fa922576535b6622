"""`ccdesk` and `python -m ccdesk`: the command line; the window when no command is given."""

from __future__ import annotations

import sys

from ccdesk.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
