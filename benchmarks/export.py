"""The first export of a shop: calls, wall time, processor time and peak memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from benchmarks.shop import latency_word, limits_word, opened
from benchmarks.table import Row, say

LARGEST_SHORT = 100_000
LARGEST_FAR = 100_000  # read as fast as the pace allows, this takes two minutes
CALLS_A_SECOND = 4
AT_MOST = 1.15  # of what the calls take at that pace, by the service that has more of them (design §10)
CALLS_OF_10_000 = 65
DAY, RESERVE = 10_000, 1_000


def measure(sizes: Sequence[int], limits: Sequence[bool], *, long: bool) -> Iterator[Row]:
    """Export each size with and without limits; the largest at four calls a second only when asked for."""
    for customers in sizes:
        for limited in limits:
            if customers > LARGEST_SHORT and limited and not long:
                say(f"  {customers:,} with limits takes half an hour: left out, ask with --long")
                continue
            yield from _one(customers, limited)
        if True in limits and (customers <= LARGEST_FAR or long):
            yield from _one(customers, True, far=True)


def _one(customers: int, limited: bool, *, far: bool = False) -> Iterator[Row]:
    say(f"export of {customers:,}, limits {limits_word(limited)} {latency_word(far)}")
    with opened(customers, limits=limited, far=far) as (shop, desk):
        mark = shop.order("state")["received"]
        # Without --json: printing a million people is not part of exporting them.
        used = desk.measure("sync", "export")
        run = desk.last_run()
        calls = run["api_calls"]
        target, met = _target(customers, calls, used.cpu, used.peak_mb)
        share = used.wall / (max(calls.values()) / CALLS_A_SECOND)
        if far:
            target, met = f"<= {AT_MOST} of the pace", share <= AT_MOST
        counted = sum(run["counts"].values()) + run["error_count"]
        by_path = shop.order(f"calls?since={mark}")
        single = by_path.get("cc POST /v3/contacts", 0)  # what a bulk call does not take
        balance = "" if counted == run["total_contacts"] else f", {counted} of {run['total_contacts']}!"
        yield Row(
            "export",
            f"{customers:,} customers",
            limits_word(limited),
            calls["constant_contact"],
            calls["kibo"],
            used.wall,
            used.cpu,
            used.peak_mb,
            used.busy,
            f"{run['status']}, {run['counts'].get('added', 0):,} added, {run['error_count']} errors, "
            f"{single:,} calls for long emails{balance}" + (f", {share:.2f} of the pace" if far else ""),
            target,
            met and used.code == 0 and not balance,
            by_path,
            latency=latency_word(far),
        )
        say(f"  the sandbox holds {shop.memory_mb():,.0f} MB")


def _target(customers: int, calls: dict[str, int], cpu: float, peak: float) -> tuple[str, bool]:
    """Return what is wanted of a size, and whether it held."""
    if customers == 10_000:
        return f"<= {CALLS_OF_10_000} calls", sum(calls.values()) <= CALLS_OF_10_000
    if customers == 1_000_000:
        met = peak < 250 and cpu <= 60 and calls["constant_contact"] <= DAY - RESERVE
        return "< 250 MB, <= 60 s cpu", met
    return "< 250 MB", peak < 250
