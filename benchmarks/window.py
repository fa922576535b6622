"""Whether the window answers while 100,000 customers are exported and a run of a million people is scrolled."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence

from benchmarks.shop import ROOT, limits_word, opened
from benchmarks.table import Row, say

CUSTOMERS = 100_000
ENTRIES = 1_000_000
GAP_MS, P99_MS, OPEN_S = 50, 16, 0.2


def measure(limits: Sequence[bool], customers: int = CUSTOMERS, entries: int = ENTRIES) -> Iterator[Row]:
    """Run the window in a process of its own, on a sandbox in another."""
    for limited in limits:
        say(f"window during an export of {customers:,}, limits {limits_word(limited)}")
        with opened(customers, limits=limited) as (shop, desk):
            before = shop.cpu()
            pace = [] if limited else ["--unpaced"]
            done = subprocess.run(
                [
                    sys.executable, "-m", "benchmarks.window_child",
                    "--base-dir", str(desk.base), "--entries", str(entries), *pace,
                ],
                env=desk.environment, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True,
            )  # fmt: skip
            found = json.loads(done.stdout.splitlines()[-1])
            busy = (shop.cpu() - before) / found["wall"]
        yield Row(
            "window",
            f"open the view of a run of {entries:,}",
            result=f"{found['opened'] * 1000:.0f} ms",
            target=f"<= {OPEN_S} s",
            met=found["opened"] <= OPEN_S,
        )
        yield Row(
            "window",
            f"export of {customers:,}, that view scrolled",
            limits_word(limited),
            found["calls_cc"],
            found["calls_kibo"],
            found["wall"],
            found["cpu"],
            found["peak_mb"],
            busy,
            f"{found['status']}; longest gap {found['longest_ms']:.1f} ms, p99 {found['p99_ms']:.1f} ms, "
            f"{found['rows_scrolled']:,} rows scrolled (at rest before it: longest {found['quiet_longest_ms']:.1f} ms)",
            f"p99 <= {P99_MS} ms, none > {GAP_MS} ms",
            found["longest_ms"] <= GAP_MS and found["p99_ms"] <= P99_MS,
        )
