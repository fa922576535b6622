"""Measures everything the README quotes and prints one table: `make bench`, `python -m benchmarks --help`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks import bulk_changes, cycles, export, idle, others, sandbox, unsubscribes, window
from benchmarks.table import Row, line, render, save, say

TOPICS = ("export", "cycles", "unsubscribes", "bulk", "window", "idle", "others", "sandbox")
SIZES = (1_000, 10_000, 100_000, 1_000_000)


def main(argv: Sequence[str] | None = None) -> int:
    """Measure; the table goes to stdout, every row as it is measured to stderr. Returns 1 if a target was missed."""
    args = _parser().parse_args(argv)
    limits = {"on": [True], "off": [False], "both": [False, True]}[args.limits]
    rows: list[Row] = []
    try:
        for row in _rows(args, limits):
            rows.append(row)
            say(f"  {line(row)}")
            if args.json:
                save(args.json, rows)  # after each: an interruption leaves what was measured
    finally:
        print(render(rows))
    return int(any(row.met is False for row in rows if row.topic != "others"))


def _rows(args: argparse.Namespace, limits: list[bool]) -> Iterator[Row]:
    for topic in args.only or TOPICS:
        if topic == "export":
            yield from export.measure(args.sizes, limits, long=args.long)
        elif topic == "cycles":
            yield from cycles.measure(limits, long=args.long)
        elif topic == "unsubscribes":
            yield from unsubscribes.measure(limits, long=args.long)
        elif topic == "bulk":
            yield from bulk_changes.measure(limits, long=args.long)
        elif topic == "window":
            yield from window.measure([True] if args.limits == "both" else limits)
        elif topic == "idle":
            yield from idle.measure(args.idle_minutes)
        elif topic == "others":
            yield from others.measure(limits)
        else:
            yield from sandbox.measure()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--only", type=_names, metavar="NAME,…", help=f"of {', '.join(TOPICS)}")
    parser.add_argument("--sizes", type=_sizes, default=list(SIZES), metavar="N,…", help="of the exports")
    parser.add_argument("--limits", choices=("on", "off", "both"), default="both")
    parser.add_argument("--long", action="store_true", help="also what takes a quarter of an hour or more")
    parser.add_argument("--idle-minutes", type=float, default=10.0)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there as well")
    return parser


def _names(text: str) -> list[str]:
    names = text.split(",")
    if not set(names) <= set(TOPICS):
        raise argparse.ArgumentTypeError(f"choose from {', '.join(TOPICS)}")
    return names


def _sizes(text: str) -> list[int]:
    return [int(one.replace("_", "")) for one in text.split(",")]


if __name__ == "__main__":
    sys.exit(main())
