"""The way others do it, beside ours: one sign-up call per contact, at the same limits.

A plain loop, as small connectors are written: read the customers who opted in, send each through the sign-up
form. In both shops the same people had unsubscribed in Constant Contact before.
"""

from __future__ import annotations

import resource
import time
from collections.abc import Iterator, Sequence
from typing import Any

import requests

from benchmarks.shop import Desk, Shop, limits_word, opened, sessions
from benchmarks.table import Row, say

SIZES = (1_000, 10_000)
MEASURED_AT_PACE = 1_000  # what is larger is reckoned from its calls
A_SECOND, A_DAY = 4, 10_000
EVERY = 50  # one customer in so many had unsubscribed
_PAGE = 200


def measure(limits: Sequence[bool]) -> Iterator[Row]:
    """Measure both ways on the same shop, one after the other."""
    for customers in SIZES:
        for limited in limits:
            if limited and customers > MEASURED_AT_PACE:
                continue  # reckoned beside the row without limits
            say(f"one call per contact, {customers:,}, limits {limits_word(limited)}")
            with opened(customers, limits=limited) as (shop, desk):
                yield from _theirs(shop, customers, limited)
            with opened(customers, limits=limited) as (shop, desk):
                yield _ours(shop, desk, customers, limited)


def _theirs(shop: Shop, customers: int, limited: bool) -> Iterator[Row]:
    out = _unsubscribe_some(shop)
    kibo, mail, list_id = sessions(shop)
    began, cpu, busy = time.monotonic(), _cpu(), shop.cpu()
    people, kibo_calls = _read(kibo, shop)
    calls, refused = 0, 0
    for one in people:
        if limited:
            time.sleep(max(0.0, began + (kibo_calls + calls) / A_SECOND - time.monotonic()))
        answer = mail.post(
            f"{shop.addresses['cc_api_url']}/contacts/sign_up_form",
            json={
                "email_address": one["emailAddress"],
                "first_name": (one["firstName"] or "")[:50],
                "last_name": (one["lastName"] or "")[:50],
                "list_memberships": [list_id],
            },
            timeout=60,
        )
        calls += 1
        refused += not answer.ok
    wall = time.monotonic() - began
    figures: dict[str, Any] = {
        "calls_cc": calls,
        "calls_kibo": kibo_calls,
        "result": f"{_put_back(shop, out)} of {len(out)} who had unsubscribed put back, "
        f"{_mails(shop):,} mails sent, {refused} refused",
        "target": "nobody put back",
        "met": not _put_back(shop, out),
    }
    case = f"one call each, {customers:,}"
    yield Row(
        "others",
        case,
        limits_word(limited),
        wall=wall,
        cpu=_cpu() - cpu,
        busy=(shop.cpu() - busy) / wall,
        **figures,
    )
    if not limited and customers > MEASURED_AT_PACE:
        days = -(-calls // A_DAY)
        figures["result"] = f"reckoned: {calls:,} calls at {A_SECOND}/s, {days} day(s) of quota"
        yield Row("others", case, "on", wall=(kibo_calls + calls) / A_SECOND, **{**figures, "met": None})


def _ours(shop: Shop, desk: Desk, customers: int, limited: bool) -> Row:
    out = _unsubscribe_some(shop)
    used = desk.measure("sync", "export")
    calls = desk.last_run()["api_calls"]
    back = _put_back(shop, out)
    return Row(
        "others",
        f"ccdesk, {customers:,}",
        limits_word(limited),
        calls["constant_contact"],
        calls["kibo"],
        used.wall,
        used.cpu,
        used.peak_mb,
        used.busy,
        f"{back} of {len(out)} who had unsubscribed put back, {_mails(shop):,} mails sent",
        "nobody put back",
        not back and used.code == 0,
    )


def _unsubscribe_some(shop: Shop) -> list[str]:
    """Let one in `EVERY` opted-in customers be a contact who unsubscribed long ago; returns their emails."""
    kibo, _, _ = sessions(shop)
    people, _ = _read(kibo, shop)
    chosen = [one["emailAddress"] for one in people[::EVERY]]
    known = [email for email in chosen if shop.order("cc/contact", {"email_or_id": email}) is None]
    shop.acts(
        [
            {"service": "cc", "act": "add_contact", "email": email, "permission": "unsubscribed"}
            for email in known
        ]
    )
    return known


def _put_back(shop: Shop, emails: Sequence[str]) -> int:
    """Count who may be mailed again."""
    found = (shop.order("cc/contact", {"email_or_id": email}) for email in emails)
    return sum(one["email_address"]["permission_to_send"] != "unsubscribed" for one in found)


def _mails(shop: Shop) -> int:
    return len(shop.order("outbox"))


def _read(kibo: requests.Session, shop: Shop) -> tuple[list[dict[str, Any]], int]:
    """Read who opted in and could be sent through the form, and count the calls."""
    people: list[dict[str, Any]] = []
    calls, last = 0, 0
    while True:
        answer = kibo.get(
            f"{shop.addresses['kibo_tenant_url']}/api/commerce/customer/accounts",
            params={
                "filter": f"acceptsMarketing eq true and id gt {last}",
                "sortBy": "id asc",
                "pageSize": str(_PAGE),
                "responseFields": "items(id,emailAddress,firstName,lastName,isActive)",
            },
            timeout=60,
        )
        answer.raise_for_status()
        calls += 1
        page = answer.json()["items"]
        people += [one for one in page if one["emailAddress"] and one["isActive"]]
        if len(page) < _PAGE:
            return people, calls
        last = page[-1]["id"]


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime
