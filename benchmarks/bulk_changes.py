"""Very many customers changed in the shop at once, as by a file that was imported: one run of events each.

Design §3a R3: more changes than fit in memory cost pages, about one Kibo call per 200, and not a call each.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from benchmarks.shop import Desk, Shop, limits_word, opened
from benchmarks.table import Row, say

PEOPLE = 10_000
MANY = 50_000
BETWEEN = 3600  # seconds from one change to the next, so that no look overlaps with the one before
BEFORE = 600  # seconds from a change to the run
PAGE = 200
BESIDE = 15  # Kibo calls of a run whatever it finds

Act = dict[str, Any]


def measure(limits: Sequence[bool], *, long: bool) -> Iterator[Row]:
    """Let people move, change their email, opt out and appear, very many at once each time."""
    for limited in limits:
        for people in (PEOPLE, MANY) if long else (PEOPLE,):
            yield from _one_shop(people, limited)
        if not long:
            say(f"  {MANY:,} changes at once: left out, ask with --long")


def _one_shop(people: int, limited: bool) -> Iterator[Row]:
    """Change a shop that is in step; one in five of its customers takes no part."""
    customers = people * 5 // 4
    with opened(customers, limits=limited) as (shop, desk):
        shop.order("clock", {"advance_seconds": -6 * BETWEEN})
        for kind in ("export", "events"):
            if desk.measure("sync", kind).code:
                raise RuntimeError(f"the {kind} run failed")
        ids = _ids(desk)[:people]
        new = [{"act": "add_customer", "email": f"new{n}@bulk.example"} for n in range(people)]
        yield _row(shop, desk, "imported", new, limited, "added")
        moves = [{"act": "change_address", "customer_id": n, "address1": "1 New Street"} for n in ids]
        yield _row(shop, desk, "addresses changed", moves, limited, "unchanged")
        emails = [{"act": "change_email", "customer_id": n, "email": f"{n}@bulk.example"} for n in ids]
        yield _row(shop, desk, "emails changed", emails, limited, "added")
        outs = [{"act": "opt_out", "customer_id": n} for n in ids]
        yield _row(shop, desk, "flags cleared", outs, limited, "removed", shop_read=customers + people)


def _row(
    shop: Shop, desk: Desk, what: str, acts: Sequence[Act], limited: bool, outcome: str, *, shop_read: int = 0
) -> Row:
    """Let the people act, run once and say what it cost; `outcome` is that of everybody.

    `shop_read`: so many customers are read once beside, to see who else has an email (design R1).
    """
    people = len(acts)
    say(f"{people:,} {what}, limits {limits_word(limited)}")
    shop.order("clock", {"advance_seconds": BETWEEN})
    shop.acts([{"service": "kibo", **act} for act in acts])
    shop.order("clock", {"advance_seconds": BEFORE})
    mark = shop.order("state")["received"]
    used = desk.measure("sync", "events", "--confirm")
    run = desk.last_run()
    calls, done = run["api_calls"], run["counts"].get(outcome, 0)
    most = -(-(people + shop_read) // PAGE) + BESIDE
    return Row(
        "bulk",
        f"{people:,} {what} at once",
        limits_word(limited),
        calls["constant_contact"],
        calls["kibo"],
        used.wall,
        used.cpu,
        used.peak_mb,
        used.busy,
        f"{done:,} {outcome}, {run['error_count']} errors",
        f"<= {most} Kibo calls",
        not used.code and done == people and not run["error_count"] and calls["kibo"] <= most,
        shop.order(f"calls?since={mark}"),
    )


def _ids(desk: Desk) -> list[int]:
    """Return the customers whom the first run, the export, has added."""
    run = desk.document("runs", "1")
    return [one["customer_id"] for one in run["entries"] if one["outcome"] == "added"]
