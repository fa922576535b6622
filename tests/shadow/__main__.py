"""`python -m tests.shadow FIRST COUNT`: where table and engine differ in random schedules.

It is no part of the soak, which proves the promise: a difference without a name breaks no rule yet, it is
work for the switch of the engine to the table (docs/decisions/0003).
"""

from __future__ import annotations

import sys
from collections import Counter

from tests.shadow.named import name_of, unnamed
from tests.soak.play import play
from tests.soak.schedule import make


def main(arguments: list[str]) -> int:
    """Play COUNT schedules from seed FIRST on and print what differs; return 1 if any has no name."""
    first, count = (int(argument) for argument in arguments)
    names: Counter[str] = Counter()
    strange = 0
    for seed in range(first, first + count):
        result = play(make(seed), shadow=True)
        names += Counter(name_of(one) for one in result.differences)
        for one in unnamed(result.differences):
            strange += 1
            _say(f"schedule {seed}: {one}")
        for broken in result.broken:
            _say(f"schedule {seed} breaks a rule: {broken}")
    for name, times in names.most_common():
        _say(f"{times:6} {name or 'without a name'}")
    return 1 if strange else 0


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
