"""Play one schedule again, and cut it down where it fails: `python -m tests.soak.replay SEED [--whole]`.

With `--shadow` the rules' table decides beside the engine, and where they differ is printed.
"""

from __future__ import annotations

import sys

from tests.shadow.named import name_of
from tests.soak.play import play
from tests.soak.schedule import make
from tests.soak.shrink import shrink, told


def main(arguments: list[str]) -> int:
    """Play the schedule of a seed and print what came of it; 1 if a rule was broken."""
    schedule = make(int(arguments[0]))
    result = play(schedule, shadow="--shadow" in arguments)
    for one in result.differences:
        sys.stdout.write(f"{name_of(one) or 'NO NAME'}: {one.kind} ({one.key})\n")
    if not result.broken:
        sys.stdout.write(f"schedule {schedule.seed}: every rule held, {result.runs} runs\n")
        return 0
    if "--whole" not in arguments:
        schedule, result = shrink(schedule, result)
    sys.stdout.write(told(schedule, result) + "\n")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
