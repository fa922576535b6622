"""Paging of every collection: an item offset, at most 200 a page, the size used echoed (kibo.md §5)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from flask import request

from ccdesk.sandbox.kibo.model import Json, invalid

DEFAULT_PAGE_SIZE = 20
LARGEST_PAGE_SIZE = 200


class Paging(NamedTuple):
    """Which stretch of a collection is asked for."""

    start: int
    size: int

    def ends_before(self, total: int) -> bool:
        """Say whether more follows behind this page."""
        return self.start + self.size < total

    def collection(self, total: int, items: list[Any]) -> Json:
        """Return the reply; `pageCount` does not depend on the offset."""
        return {
            "startIndex": self.start,
            "pageSize": self.size,
            "pageCount": -(-total // self.size),
            "totalCount": total,
            "items": items,
        }

    def cut(self, items: Sequence[Any]) -> Json:
        """Return the reply for a collection that is at hand as a whole."""
        return self.collection(len(items), list(items[self.start : self.start + self.size]))


def paging(limit: int | None = None) -> Paging:
    """Read `startIndex` and `pageSize` of the present request; `limit` is the deepest offset served."""
    start, size = _number("startIndex", 0), _number("pageSize", DEFAULT_PAGE_SIZE)
    if limit is not None and start > limit:
        raise invalid(f"startIndex must not exceed {limit}")
    return Paging(start, min(size or DEFAULT_PAGE_SIZE, LARGEST_PAGE_SIZE))


def _number(name: str, default: int) -> int:
    raw = request.args.get(name, "").strip()
    if not raw:
        return default
    if not raw.isdecimal():
        raise invalid(f"'{name}' must be a whole number from 0 on")
    return int(raw)
