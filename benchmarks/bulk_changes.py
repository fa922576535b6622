"""Very many customers changed in the shop at once, as by a file that was imported: one run of events each.

Design §3a R3: more changes than fit in memory cost pages, about one Kibo call per 200, and not a call each.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from benchmarks.shop import Desk, Measured, Shop, limits_word, opened
from benchmarks.table import Row, say

PEOPLE = 10_000
MANY = 50_000
BETWEEN = 3600  # seconds from one change to the next
BEFORE = 600  # seconds from a change to the run
PAGE = 200
BESIDE = 15  # Kibo calls of a run whatever it finds
MEMORY = 250  # MB
JOB = 500  # people a job of Constant Contact takes off the list
_OFF = "removed or unchanged"  # somebody else with the email may keep them on the list
_REMOVE = "cc POST /v3/activities/remove_list_memberships"

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
        yield _row(shop, desk, "addresses changed", moves, limited, "unchanged", before=people)
        emails = [{"act": "change_email", "customer_id": n, "email": f"{n}@bulk.example"} for n in ids]
        yield _row(shop, desk, "emails changed", emails, limited, "added")
        outs = [{"act": "opt_out", "customer_id": n} for n in ids]
        yield from _cleared(shop, desk, outs, limited, customers + people)


def _row(
    shop: Shop, desk: Desk, what: str, acts: Sequence[Act], limited: bool, outcome: str, *, before: int = 0
) -> Row:
    """Let the people act, run once and say what it cost; `outcome` is that of everybody.

    `before`: so many others were the last ones to change. All on one date, they are read again with the
    overlap of the next look.
    """
    pages = -(-len(acts) // PAGE) + -(-before // PAGE)
    wanted = _Wanted(f"{len(acts):,} {what} at once", outcome, len(acts), pages)
    mark = _act(shop, what, acts, limited)
    return _result(shop, desk, wanted, desk.measure("sync", "events", "--confirm"), mark)


def _cleared(shop: Shop, desk: Desk, outs: Sequence[Act], limited: bool, customers: int) -> Iterator[Row]:
    """Clear flags: the guard holds them all, staff let them go, and that run is stopped in its middle.

    Who else has an email of theirs is found by one reading of all `customers` (design §3a R1).
    """
    people = len(outs)
    changes, shop_read = -(-people // PAGE), -(-customers // PAGE)
    mark = _act(shop, "flags cleared", outs, limited)
    held = _Wanted(f"{people:,} flags cleared, held", "held", people, changes, code=6)
    yield _result(shop, desk, held, desk.measure("sync", "events"), mark)
    desk.document("held", "do")
    mark = _received(shop)

    def half_done() -> bool:
        return int(shop.order(f"calls?since={mark}").get(_REMOVE, 0)) > people // JOB

    used = desk.measure("sync", "events", stop_if=half_done)
    first = sum(desk.last_run()["counts"].get(outcome, 0) for outcome in _OFF.split(" or "))
    stopped = _Wanted("let go by staff, stopped", _OFF, first, changes + shop_read, code=130)
    yield _result(shop, desk, stopped, used, mark)
    mark = _received(shop)
    # Whose removal was done but not settled yet are found off the list.
    rest = _Wanted("the rest of them", _OFF, people - first, changes + shop_read)
    yield _result(shop, desk, rest, desk.measure("sync", "events"), mark)


def _act(shop: Shop, what: str, acts: Sequence[Act], limited: bool) -> int:
    """Let people act some time after what was before; return the number of calls received until then."""
    say(f"{len(acts):,} {what}, limits {limits_word(limited)}")
    shop.order("clock", {"advance_seconds": BETWEEN})
    shop.acts([{"service": "kibo", **act} for act in acts])
    shop.order("clock", {"advance_seconds": BEFORE})
    return _received(shop)


def _received(shop: Shop) -> int:
    return int(shop.order("state")["received"])


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What one run is to come to: `people` with an `outcome` (or another), by `pages` of Kibo's."""

    case: str
    outcome: str
    people: int
    pages: int
    code: int = 0


def _result(shop: Shop, desk: Desk, wanted: _Wanted, used: Measured, mark: int) -> Row:
    """Say what a run cost that was just measured, and whether that is as it should be."""
    run = desk.last_run()
    calls = run["api_calls"]
    done = sum(run["counts"].get(outcome, 0) for outcome in wanted.outcome.split(" or "))
    most = wanted.pages + BESIDE
    lease = datetime.fromisoformat(run["finished_at"]) - datetime.fromisoformat(run["started_at"])
    good = used.code == wanted.code and done == wanted.people and not run["error_count"]
    return Row(
        "bulk",
        wanted.case,
        limits_word(shop.limits),
        calls["constant_contact"],
        calls["kibo"],
        used.wall,
        used.cpu,
        used.peak_mb,
        used.busy,
        f"{done:,} {wanted.outcome}, {run['error_count']} errors, lease {lease.total_seconds():.0f} s",
        f"<= {most} Kibo calls, {MEMORY} MB",
        good and calls["kibo"] <= most and used.peak_mb <= MEMORY,
        shop.order(f"calls?since={mark}"),
    )


def _ids(desk: Desk) -> list[int]:
    """Return the customers whom the first run, the export, has added."""
    run = desk.document("runs", "1")
    return [one["customer_id"] for one in run["entries"] if one["outcome"] == "added"]
