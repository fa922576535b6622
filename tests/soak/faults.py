"""Trouble between ccdesk and a service: what one call meets, decided by name."""

from __future__ import annotations

import json
import random
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import requests

from ccdesk.core.clock import parse_time
from tests.soak.inprocess import MAIL, Reply, Services

LAG = timedelta(minutes=9)  # less than the overlap of ten minutes

KINDS = (
    "throttled", "quota", "queue_full", "500", "502_html", "503_empty", "drop_before", "drop_after",
    "timeout_before", "timeout_after", "html", "empty", "cut_json", "wrong_top", "odd_fields", "odd_consent",
    "expired", "revoked", "forbidden", "bad_request", "stale", "slow",
)  # fmt: skip

_HTML = b"<html><body><h1>Bad Gateway</h1></body></html>"


def meet(kind: str, request: requests.PreparedRequest, services: Services, chance: random.Random) -> Reply:
    """Return what a call meets; raises what `requests` raises where no answer comes."""
    mail = urlsplit(str(request.url)).netloc == MAIL
    refused = _refusal(kind, mail=mail)
    if refused is not None:
        return refused
    if kind == "drop_before":
        raise requests.ConnectionError("cut before")
    if kind == "timeout_before":
        services.time.go_on(timedelta(seconds=10))
        raise requests.ConnectTimeout("no connection")
    if kind == "slow":
        services.time.go_on(timedelta(seconds=chance.uniform(5, 55)))
    if kind == "expired":
        (services.cc if mail else services.kibo).expire_tokens()
    if kind == "revoked":
        services.cc.revoke()
    reply = services.answer(request)
    if reply is None or kind == "drop_after":
        raise requests.ConnectionError("cut after")
    if kind == "timeout_after":
        services.time.go_on(timedelta(seconds=60))
        raise requests.ReadTimeout("no answer")
    return _spoiled(kind, reply, services.time.now(), chance)


def _refusal(kind: str, *, mail: bool) -> Reply | None:
    """Return the refusal a kind stands for: nothing was done."""
    as_json = [("Content-Type", "application/json")]
    if kind in ("throttled", "quota", "queue_full"):
        if not mail:
            return Reply(429, [("Retry-After", "60")], b"")
        key = {"throttled": "throttled", "quota": "quota_exceeded"}.get(kind, "activities.queue.full")
        return Reply(429, as_json, json.dumps({"error_key": key, "error_message": "Too many"}).encode())
    if kind == "500":
        return Reply(500, as_json, b'[{"error_key":"contacts.api.internal","error_message":"oops"}]')
    if kind == "502_html":
        return Reply(502, [("Content-Type", "text/html")], _HTML)
    if kind == "503_empty":
        return Reply(503, [], b"")
    if kind == "forbidden":
        return Reply(403, as_json, b'{"error_key":"access_denied","error_message":"Request forbidden"}')
    if kind == "bad_request":
        return Reply(400, as_json, b'[{"error_key":"contacts.api.validation.error","error_message":"no"}]')
    return None


def _spoiled(kind: str, reply: Reply, now: datetime, chance: random.Random) -> Reply:
    """Return an answer to something done, not as it was sent."""
    if kind == "html":
        return Reply(reply.status, [("Content-Type", "text/html")], _HTML)
    if kind == "empty":
        return Reply(reply.status, reply.headers, b"")
    if kind == "cut_json" and reply.body:
        return Reply(reply.status, reply.headers, reply.body[: chance.randrange(len(reply.body))])
    if kind == "wrong_top":
        return Reply(reply.status, reply.headers, chance.choice([b"[]", b"null", b"7", b'"text"', b"{}"]))
    if kind in ("odd_fields", "odd_consent", "stale"):
        try:
            body = json.loads(reply.body)
        except ValueError:
            return reply
        if kind == "stale":
            body = _stale(body, now)
        else:
            body = _odd(body, chance) if kind == "odd_fields" else _odd_consent(body, chance)
        return Reply(reply.status, reply.headers, json.dumps(body).encode())
    return reply


_HARMLESS = ("first_name", "last_name", "firstName", "lastName", "companyOrOrganization", "company_name",
             "street_addresses", "phone_numbers", "contacts", "localeCode", "description", "commerceSummary",
             "create_source", "confirm_status")  # fmt: skip


def _odd(body: Any, chance: random.Random) -> Any:
    """Return JSON with fields nobody knows, and with odd values in those that decide nothing."""
    if isinstance(body, list):
        return [_odd(one, chance) for one in body]
    if not isinstance(body, dict):
        return body
    if "acceptsMarketing" in body:  # an account is written back as it was read
        return {**body, "surprise": "new"}
    odd = {key: _odd(value, chance) for key, value in body.items()}
    for name in _HARMLESS:
        if name in odd and chance.random() < 0.3:
            odd[name] = chance.choice([None, 7, True, [], {}, [[]], "x" * 300])
    odd["surprise"] = {"deep": [1, None, {"x": "y"}]}
    return odd


_CONSENT = (
    "acceptsMarketing", "emailAddress", "isActive", "auditInfo", "email_address", "address",
    "permission_to_send", "list_memberships", "opt_out_date", "opt_out_source", "opt_in_date", "updated_at",
)  # fmt: skip
_ALWAYS_THERE = ("permission_to_send", "list_memberships")  # nobody could tell that another one is missing
_NEVER: tuple[Any, ...] = (7, [7], {"x": 1}, {"y": []}, 1.5)  # in none of these fields


def _odd_consent(body: Any, chance: random.Random) -> Any:
    """Return JSON in which some of what decides is missing, or cannot be what was sent."""
    if isinstance(body, list):
        return [_odd_consent(one, chance) for one in body]
    if not isinstance(body, dict):
        return body
    odd: dict[str, Any] = {}
    for name, value in body.items():
        roll = chance.random() if name in _CONSENT else 1.0
        if roll < 0.1 and name in _ALWAYS_THERE:
            continue
        odd[name] = chance.choice(_NEVER) if roll < 0.2 else _odd_consent(value, chance)
    return odd


def _stale(body: Any, now: datetime) -> Any:
    """Return a page of a poll as it was some minutes ago: what changed since is not in it yet."""
    if not isinstance(body, dict):
        return body
    for key in ("items", "contacts"):
        rows = body.get(key)
        if isinstance(rows, list):
            body[key] = [one for one in rows if not _fresh(one, now)]
    return body


def _fresh(row: Any, now: datetime) -> bool:
    email, audit = row.get("email_address") or {}, row.get("auditInfo") or {}
    email = email if isinstance(email, dict) else {}
    texts = (row.get("updated_at"), email.get("opt_out_date"), audit.get("updateDate"))
    dates = [parse_time(one) for one in texts if one]
    return any(one is not None and one > now - LAG for one in dates)


def may_be_stale(request: requests.PreparedRequest) -> bool:
    """Say whether an index that lags behind may answer: a poll by date."""
    query = urlsplit(str(request.url)).query.lower()
    return request.method == "GET" and ("_after=" in query or "updatedate" in query)
