"""Cycles of both loops: with nothing changed, and with changes on both sides."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from benchmarks.shop import Desk, Measured, Shop, limits_word, opened
from benchmarks.table import Row, say

CUSTOMERS = 10_000
CHANGES = (1, 100, 5_000)
LONG_FROM = 5_000  # so many changes take a quarter of an hour at four calls a second
AGO = 3600  # seconds


def measure(limits: Sequence[bool], *, long: bool) -> Iterator[Row]:
    """Export a shop, then run quiet and busy cycles on it."""
    for limited in limits:
        say(f"cycles in a shop of {CUSTOMERS:,}, limits {limits_word(limited)}")
        with opened(CUSTOMERS, limits=limited) as (shop, desk):
            # An hour ago, as far as the services can tell: else the overlap of each poll would reach back
            # to the export, which it does in one cycle only where cycles are half an hour apart.
            shop.order("clock", {"advance_seconds": -AGO})
            _must(desk.measure("sync", "export"))
            shop.order("clock", {"advance_seconds": AGO})
            people = _added(desk)
            yield _row("first after the export", limited, *_cycle(desk))  # carries what the export found
            yield _row("nothing changed", limited, *_cycle(desk))
            for count in CHANGES:
                if count >= LONG_FROM and limited and not long:
                    say(f"  {count:,} changes with limits: left out, ask with --long")
                    continue
                acts, people = changes(people, count)
                shop.acts(acts)
                busy = _cycle(desk)
                quiet = _cycle(desk)
                yield _row(f"{count:,} changes", limited, *busy, wrong=_wrong(shop, acts, quiet))


def changes(people: list[tuple[int, str]], count: int) -> tuple[list[dict[str, Any]], list[tuple[int, str]]]:
    """Return so many changes, half on each side, and the people they leave untouched."""
    shoppers = max(1, count // 2)
    acts: list[dict[str, Any]] = []
    for customer_id, _ in people[:shoppers]:
        acts.append({"service": "kibo", "act": "opt_out", "customer_id": customer_id})
    for _, email in people[shoppers:count]:
        acts.append({"service": "cc", "act": "unsubscribe", "email": email})
    return acts, people[count:]


def _added(desk: Desk) -> list[tuple[int, str]]:
    run = desk.document("runs", str(desk.last_run()["id"]))
    return [(one["customer_id"], one["email"]) for one in run["entries"] if one["outcome"] == "added"]


def _cycle(desk: Desk) -> tuple[list[Measured], list[dict[str, Any]]]:
    """Run both loops once. Confirmed: half of a shop leaving at once would stop at the guard (design R8)."""
    used, runs = [], []
    for kind in ("events", "inbound"):
        used.append(desk.measure("sync", kind, "--confirm"))
        _must(used[-1])
        runs.append(desk.last_run())
    return used, runs


def _must(used: Measured) -> None:
    if used.code:
        raise RuntimeError(f"ended with {used.code}: {used.output[-2000:]}")


def _wrong(
    shop: Shop, acts: Sequence[dict[str, Any]], quiet: tuple[list[Measured], list[dict[str, Any]]]
) -> str:
    """Say what is not as it should be after a busy cycle: both sides agree, and a further one is quiet."""
    left = sum(_changed(run) for run in quiet[1])
    if left:
        return f"{left} changes left for a second cycle!"
    sample = [act for act in acts if act["service"] == "cc"][-20:]
    for act in sample:
        for customer in shop.order("kibo/customers_by_email", {"email": act["email"]}):
            if customer["acceptsMarketing"]:
                return f"{act['email']} unsubscribed and is still opted in!"
    return ""


def _changed(run: dict[str, Any]) -> int:
    return sum(run["counts"].get(name, 0) for name in ("added", "removed", "opted_in", "opted_out"))


def _row(case: str, limited: bool, used: list[Measured], runs: list[dict[str, Any]], wrong: str = "") -> Row:
    cc, kibo = (sum(run["api_calls"][name] for run in runs) for name in ("constant_contact", "kibo"))
    wall = sum(one.wall for one in used)
    errors = sum(run["error_count"] for run in runs)
    idle = case == "nothing changed"
    result = wrong or f"{sum(map(_changed, runs)):,} carried, {errors} errors"
    return Row(
        "cycle",
        f"{case} ({CUSTOMERS:,})",
        limits_word(limited),
        cc,
        kibo,
        wall,
        sum(one.cpu for one in used),
        max(one.peak_mb for one in used),
        sum(one.busy * one.wall for one in used) / wall,
        result,
        "no change" if idle else "both sides agree",
        (not wrong and not errors) if not idle else not sum(map(_changed, runs)),
    )
