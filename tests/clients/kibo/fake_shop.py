"""A Kibo in a few lines, each of whose unknowns can be set: which filters and sortings it honours."""

from __future__ import annotations

import json
import re
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import responses

from tests.clients.helpers import HOME, POD

START = datetime(2026, 5, 1, 10, tzinfo=UTC)
SIGN_IN = HOME + "/api/platform/applications/authtickets/oauth"


def account(number: int, *, opted_in: bool = True, minutes: float = 0, **more: Any) -> dict[str, Any]:
    date = (START + timedelta(minutes=minutes)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return {
        "id": number,
        "emailAddress": f"p{number}@example.com",
        "acceptsMarketing": opted_in,
        "isActive": True,
        "contacts": [],
        "auditInfo": {"createDate": date, "updateDate": date},
        **more,
    }


def _value(row: dict[str, Any], name: str) -> Any:
    if name.lower() in ("updatedate", "auditinfo.updatedate"):
        return row["auditInfo"]["updateDate"]
    return next(value for key, value in row.items() if key.lower() == name.lower())


@dataclass
class FakeShop:
    """`refused`, `ignored` and `silent` are names of filters (and of sortings, prefixed `sort:`).

    What is silent is answered with 200 and no rows. `quotes`: emails match only when written in quotes.
    """

    rows: list[dict[str, Any]]
    refused: set[str] = field(default_factory=set)
    ignored: set[str] = field(default_factory=set)
    silent: set[str] = field(default_factory=set)
    quotes: bool = False
    cap: int = 200
    totals: bool = True
    offsets: bool = True
    asked: list[dict[str, str]] = field(default_factory=list)
    _lock: Any = field(default_factory=threading.RLock)

    def __enter__(self) -> FakeShop:
        self._mock = responses.RequestsMock(assert_all_requests_are_fired=False)
        self._mock.start()
        self._mock.post(SIGN_IN, json={"access_token": "a", "expires_in": 3600})
        self._mock.add_callback("GET", POD + "/api/commerce/customer/accounts", callback=self._act_on)
        return self

    def __exit__(self, *exception: object) -> None:
        self._mock.stop(allow_assert=False)
        self._mock.reset()

    def _act_on(self, request: Any) -> tuple[int, dict[str, str], str]:
        return self._act(request)

    def _act(self, request: Any) -> tuple[int, dict[str, str], str]:
        with self._lock:  # two calls may be on their way
            return self._serve(request)

    def _serve(self, request: Any) -> tuple[int, dict[str, str], str]:
        query = {name: values[0] for name, values in parse_qs(urlsplit(request.url).query).items()}
        self.asked.append(query)
        rows = list(self.rows)
        for part in filter(None, query.get("filter", "").split(" and ")):
            name, operator, value = re.fullmatch(r"(\S+) (eq|gt|ge) (.+)", part).groups()  # type: ignore[union-attr]
            if name in self.refused:
                return 400, {"x-vol-correlation": "1"}, '{"errorCode":"BAD_FILTER","message":"no"}'
            if name in self.silent:
                rows = []
            elif name == "emailAddress" and self.quotes:
                rows = [row for row in rows if f"'{row[name]}'".lower() == value.lower()]
            elif name not in self.ignored:
                rows = [row for row in rows if self._keeps(_value(row, name), operator, value)]
        for part in reversed(query.get("sortBy", "").split(",")):
            name, _, way = part.partition(" ")
            if f"sort:{name}" in self.refused:
                return 400, {"x-vol-correlation": "1"}, ""
            if f"sort:{name}" in self.silent:
                rows = []
            elif name and f"sort:{name}" not in self.ignored:
                rows.sort(key=lambda row, name=name: _value(row, name), reverse=way == "desc")  # type: ignore[misc]
        start = int(query["startIndex"]) if self.offsets else 0
        page = rows[start : start + min(int(query["pageSize"]), self.cap)]
        body: dict[str, Any] = {"startIndex": start, "pageSize": self.cap, "items": page}
        if self.totals:
            body["totalCount"] = len(rows)
        return 200, {"x-vol-correlation": "1"}, json.dumps(body)

    @staticmethod
    def _keeps(held: Any, operator: str, value: str) -> bool:
        wanted: Any = value
        if held is None:
            return False
        if isinstance(held, bool):
            held = str(held).lower()
        elif isinstance(held, int):
            wanted = int(value)
        elif operator == "eq":
            held, wanted = held.lower(), value.lower()
        elif re.match(r"\d{4}-", value):
            held, wanted = datetime.fromisoformat(held), datetime.fromisoformat(value)
        return bool({"eq": held == wanted, "gt": held > wanted, "ge": held >= wanted}[operator])
