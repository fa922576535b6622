"""Unsubscribes on their way to Kibo: what each of many costs (design §10)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from benchmarks.shop import Shop, latency_word, limits_word, opened
from benchmarks.table import Row, say

CUSTOMERS = 10_000
PEOPLE = 5_000
FEW = 100  # as many as fit into a short look at the pace allowed
CALLS_EACH = 2  # read the account, write it back; who else has the email is found for many at once
PAGES = CUSTOMERS // 200 + 20  # one reading of the shop, and what a cycle costs without anybody


def measure(limits: Sequence[bool], *, long: bool) -> Iterator[Row]:
    """Let people unsubscribe in Constant Contact and carry that to Kibo; the pace allowed only if asked."""
    cases = [(PEOPLE, False, False)] if False in limits else []
    if True in limits:
        cases += [(FEW, True, True), *([(PEOPLE, True, True)] if long else [])]
        if not long:
            say(f"  {PEOPLE:,} unsubscribes with limits: left out, ask with --long")
    for people, limited, far in cases:
        yield _one(people, limited, far)


def _one(people: int, limited: bool, far: bool) -> Row:
    say(f"{people:,} unsubscribes, limits {limits_word(limited)} {latency_word(far)}")
    with opened(CUSTOMERS, limits=limited, far=far) as (shop, desk):
        if desk.measure("sync", "export").code:
            raise RuntimeError("the export failed")
        run = desk.document("runs", str(desk.last_run()["id"]))
        added = [one for one in run["entries"] if one["outcome"] == "added"][:people]
        shop.acts([{"service": "cc", "act": "unsubscribe", "email": one["email"]} for one in added])
        mark = shop.order("state")["received"]
        used = desk.measure("sync", "inbound", "--confirm")
        run = desk.last_run()
        still = [one["email"] for one in added[-20:] if _is_in(shop, one["email"])]
        calls = run["api_calls"]
        carried = run["counts"].get("opted_out", 0)
        return Row(
            "inbound",
            f"{people:,} unsubscribes carried ({CUSTOMERS:,})",
            limits_word(limited),
            calls["constant_contact"],
            calls["kibo"],
            used.wall,
            used.cpu,
            used.peak_mb,
            used.busy,
            f"{carried:,} opted out, {calls['kibo'] / people:.2f} Kibo calls each, "
            f"{run['error_count']} errors" + (f", {still} are not!" if still else ""),
            f"<= {CALLS_EACH} Kibo calls each, and {PAGES}",
            calls["kibo"] <= CALLS_EACH * people + PAGES and carried >= people and not still,
            shop.order(f"calls?since={mark}"),
            latency=latency_word(far),
        )


def _is_in(shop: Shop, email: str) -> bool:
    return any(one["acceptsMarketing"] for one in shop.order("kibo/customers_by_email", {"email": email}))
