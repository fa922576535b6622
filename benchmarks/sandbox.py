"""How we know that the sandbox is not what is measured: its own processor time for each of the large answers."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import requests

from benchmarks.shop import LIST_NAME, Shop, sessions
from benchmarks.table import Row, say

CUSTOMERS = 100_000
PAGES = 50
ROWS = 40_000
PAGE_MS, IMPORT_S, SEED_S_A_MILLION = 8, 1.5, 60


def measure() -> Iterator[Row]:
    """Ask one sandbox for everything a large export asks for."""
    say("the sandbox itself")
    shop = Shop(CUSTOMERS, limits=False)
    try:
        yield _row(
            f"seeding {CUSTOMERS:,} customers",
            shop.cpu(),
            "s",
            SEED_S_A_MILLION * CUSTOMERS / 1_000_000,
            f", {shop.memory_mb():.0f} MB",
        )
        shop.order("cc/add_list", {"name": LIST_NAME})
        kibo, mail, list_id = sessions(shop)
        accounts = f"{shop.addresses['kibo_tenant_url']}/api/commerce/customer/accounts"
        for case, fields in (("whole", ""), ("some fields", "items(id,emailAddress,firstName,contacts)")):
            used = _each(shop, PAGES, _kibo_page(kibo, accounts, fields))
            yield _row(f"a page of 200 customers, {case}", used, "ms", PAGE_MS)
        yield from _mail(shop, mail, list_id)
    finally:
        shop.stop()


def _mail(shop: Shop, mail: requests.Session, list_id: str) -> Iterator[Row]:
    url = shop.addresses["cc_api_url"]
    shop.order("switches/cc", {"activity_seconds": 0})
    rows = [
        {
            "email": f"person{n}@example.com",
            "first_name": f"Ada{n % 700}",
            "last_name": "Reyes",
            "street": f"{n} M St",
        }
        for n in range(ROWS)
    ]
    body = json.dumps({"import_data": rows, "list_ids": [list_id]}, separators=(",", ":")).encode()

    def activity(path: str, data: bytes) -> dict[str, Any]:
        headers = {"Content-Type": "application/json"}
        job = _asked(mail.post(f"{url}/activities/{path}", data=data, headers=headers, timeout=60)).json()
        done = f"{url}/activities/{job['activity_id']}"
        return dict(_asked(mail.get(done, timeout=60)).json())

    used = _each(shop, 1, lambda _: activity("contacts_json_import", body))
    yield _row(f"an import of {ROWS:,} new people ({len(body) / 2**20:.1f} MB)", used, "s", IMPORT_S)
    used = _each(shop, 1, lambda _: activity("contacts_json_import", body))
    yield _row(f"the same again, {ROWS:,} known", used, "s", IMPORT_S)
    following = f"{url}/contacts?status=all&limit=500&include=list_memberships,street_addresses"

    def contacts(_: int) -> None:
        nonlocal following
        page = _asked(mail.get(following, timeout=60)).json()
        following = url.removesuffix("/v3") + page["_links"]["next"]["href"]

    yield _row("a page of 500 contacts with addresses", _each(shop, PAGES, contacts), "ms", PAGE_MS)
    wanted = {"list_ids": [list_id], "status": "active", "fields": ["email_address"]}

    def file(_: int) -> None:
        report = activity("contact_exports", json.dumps(wanted).encode())
        _asked(mail.get(url.removesuffix("/v3") + report["_links"]["results"]["href"], timeout=60))

    yield _row(f"a file of {ROWS:,} members", _each(shop, 1, file), "s", IMPORT_S)


def _kibo_page(kibo: requests.Session, url: str, fields: str) -> Callable[[int], None]:
    last = 0

    def page(_: int) -> None:
        nonlocal last
        wanted = {
            "filter": f"acceptsMarketing eq true and id gt {last}",
            "sortBy": "id asc",
            "pageSize": "200",
        }
        if fields:
            wanted["responseFields"] = fields
        last = _asked(kibo.get(url, params=wanted, timeout=60)).json()["items"][-1]["id"]

    return page


def _asked(answer: requests.Response) -> requests.Response:
    answer.raise_for_status()
    return answer


def _each(shop: Shop, times: int, ask: Callable[[int], object]) -> float:
    """Return the sandbox's processor time for one of so many."""
    before = shop.cpu()
    for number in range(times):
        ask(number)
    return (shop.cpu() - before) / times


def _row(case: str, seconds: float, unit: str, most: float, more: str = "") -> Row:
    value = seconds * 1000 if unit == "ms" else seconds
    result = f"{value:.1f} {unit}{more}"
    return Row("sandbox", case, "off", result=result, target=f"<= {most:g} {unit}", met=value <= most)
