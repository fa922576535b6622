"""`ccdesk` without its own pace of four calls a second, to measure its work alone: `python -m benchmarks.unpaced`."""

from __future__ import annotations

import sys

from ccdesk.clients.policy import Pacer


def main() -> int:
    defaults = Pacer.__init__.__kwdefaults__
    if "rate" not in (defaults or {}):
        raise RuntimeError("ccdesk's pace is set elsewhere now")
    defaults["rate"] = 1_000_000_000
    from ccdesk.__main__ import main as ccdesk

    return ccdesk()


if __name__ == "__main__":
    sys.exit(main())
