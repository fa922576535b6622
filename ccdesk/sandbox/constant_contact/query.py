"""Query parameters, filters and cursor paging (constant-contact.md §6, §8, §10)."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar
from urllib.parse import parse_qsl, urlencode

from flask import request
from werkzeug.datastructures import MultiDict

from ccdesk.sandbox.constant_contact.fields import is_uuid
from ccdesk.sandbox.constant_contact.model import Json, invalid, parse_moment, whole_second_from

T = TypeVar("T")
Params = Mapping[str, str]
Test = Callable[[T], bool]


@dataclass(frozen=True)
class Query:
    """The parameters of a collection request, from its query string or out of its cursor."""

    params: dict[str, str]
    start: int = 0  # where in the collection this page begins
    counted: int | None = None  # what was counted for the first page; counting is not repeated while paging

    def limit(self, most: int) -> int:
        """Return the page size; 50 unless told (§6)."""
        text = self.params.get("limit", "50")
        if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= most:
            raise invalid("limit does not have a valid value")
        return int(text)

    def flag(self, name: str) -> bool:
        """Return a true or false parameter."""
        return self.one_of(name, ("true", "false"), "false") == "true"

    def one_of(self, name: str, allowed: Iterable[str], default: str = "") -> str:
        """Return a parameter that must have one of some values."""
        value = self.params.get(name)
        if value is None:
            return default
        if value not in allowed:
            raise invalid(f"{name} does not have a valid value")
        return value

    def several(self, name: str, allowed: Iterable[str]) -> list[str]:
        """Return a comma-separated parameter whose values must be allowed ones."""
        values = self.split(name)
        if not set(values) <= set(allowed):
            raise invalid(f"{name} does not have a valid value")
        return values

    def ids(self, name: str, most: int) -> list[str]:
        """Return a comma-separated parameter of ids."""
        values = self.split(name)
        if len(values) > most or not all(map(is_uuid, values)):
            raise invalid(f"{name} does not have a valid value")
        return values

    def split(self, name: str) -> list[str]:
        """Return a comma-separated parameter; given but empty is invalid."""
        if name not in self.params:
            return []
        values = [one.strip() for one in self.params[name].split(",")]
        if not all(values):
            raise invalid(f"{name} does not have a valid value")
        return values

    def since(self, name: str, inclusive: bool) -> str | None:
        """Return the first stamp an `..._after` parameter lets through."""
        return self._bound(name, shifted=not inclusive)

    def until(self, name: str, inclusive: bool) -> str | None:
        """Return the first stamp an `..._before` parameter no longer lets through."""
        return self._bound(name, shifted=inclusive)

    def _bound(self, name: str, shifted: bool) -> str | None:
        if name not in self.params:
            return None
        try:
            moment = parse_moment(self.params[name])
        except ValueError as problem:
            raise invalid(f"{name} does not have a valid value") from problem
        on_second = moment.microsecond == 0
        return whole_second_from(moment + timedelta(seconds=1) if shifted and on_second else moment)

    def count(self, items: Iterable[T], tests: Sequence[Test[T]]) -> int | None:
        """Return how many items pass, where `include_count` asks for it."""
        if not self.flag("include_count"):
            return None
        return (
            self.counted
            if self.counted is not None
            else sum(all(test(one) for test in tests) for one in items)
        )

    def links(self, following: int | None, last_page: str, counted: int | None = None) -> Json:
        """Return the `_links` part of a reply: a relative one; on the last page none or empty (§6)."""
        if following is None:
            return {"_links": {}} if last_page == "empty" else {}
        pairs = [*self.params.items(), ("next", str(following))]
        if counted is not None:
            pairs.append(("count", str(counted)))
        cursor = base64.b64encode(urlencode(pairs).encode()).decode()
        return {"_links": {"next": {"href": f"{request.path}?{urlencode({'cursor': cursor})}"}}}


def read_query(known: Iterable[str]) -> Query:
    """Read the query string: known parameters once each, or a cursor with nothing beside it (§6)."""
    sent: MultiDict[str, str] = request.args
    allowed = set(known)
    if "cursor" in sent:
        if len(sent) > 1:
            raise invalid("cursor cannot be combined with other parameters")
        return _from_cursor(sent["cursor"], allowed)
    for name, values in sent.lists():
        if name not in allowed:
            raise invalid(f"{name} is not a valid parameter")
        if len(values) > 1:
            raise invalid(f"{name} does not have a valid value")
    return Query(dict(sent.items()))


def _from_cursor(cursor: str, allowed: set[str]) -> Query:
    try:
        pairs = dict(parse_qsl(base64.b64decode(cursor, validate=True).decode(), strict_parsing=True))
        start, counted = int(pairs.pop("next")), pairs.pop("count", None)
        return _checked(Query(pairs, start, None if counted is None else int(counted)), allowed)
    except (binascii.Error, ValueError, KeyError) as problem:
        raise invalid("cursor does not have a valid value") from problem


def _checked(query: Query, allowed: set[str]) -> Query:
    if not set(query.params) <= allowed or query.start < 0:
        raise ValueError("not a cursor of this collection")
    return query


def take_page(
    items: Sequence[T], start: int, limit: int, tests: Sequence[Test[T]]
) -> tuple[list[T], int | None]:
    """Return up to `limit` items from `start` on that pass, and where the next page begins.

    Reads only as far as the page needs: a full scan is one pass over the items however many pages it has.
    """
    if not tests:
        end = start + limit
        return list(items[start:end]), end if end < len(items) else None
    passes, found = _all_of(tests), list[T]()
    for index in range(start, len(items)):
        item = items[index]
        if passes(item):
            if len(found) == limit:
                return found, index
            found.append(item)
    return found, None


def _all_of(tests: Sequence[Test[T]]) -> Test[T]:
    """Return one test in place of several; mostly there is one, and a million items to try it on."""
    if len(tests) == 1:
        return tests[0]
    return lambda item: all(test(item) for test in tests)
