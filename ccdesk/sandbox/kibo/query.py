"""Finds a page of accounts without walking through the whole shop, wherever an index answers the question."""

from __future__ import annotations

from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from ccdesk.sandbox.kibo.book import ID_MASK, Book, SortedKeys, date_key
from ccdesk.sandbox.kibo.fields import UPDATE_DATE
from ccdesk.sandbox.kibo.filter import Condition, Order, sort_key
from ccdesk.sandbox.kibo.model import Account

_REMEMBERED = 8
_RANGE = frozenset({"eq", "gt", "ge", "lt", "le"})
_SCATTER = 2654435761  # Knuth's multiplier: spreads consecutive ids all over


class Query(NamedTuple):
    """What a list call asks for."""

    conditions: tuple[Condition, ...] = ()
    order: tuple[Order, ...] = ()
    scattered: bool = False  # nothing sorts, and the service keeps no order of its own
    anonymous: bool | None = None
    text: str = ""


class Found(NamedTuple):
    """Positions of sorted keys whose low bits are account ids: counting and slicing cost nothing."""

    keys: Sequence[int]
    positions: range

    def __len__(self) -> int:
        return len(self.positions)

    def ids(self, start: int, size: int) -> list[int]:
        """Return the ids of one page."""
        return [self.keys[at] & ID_MASK for at in self.positions[start : start + size]]


class Finder:
    """Answers queries on a book; what had to be computed is kept until the book changes."""

    def __init__(self, book: Book, matches_text: Callable[[Account, str], bool]) -> None:
        self._book, self._matches_text = book, matches_text
        self._version = -1
        self._kept: OrderedDict[Query, Found] = OrderedDict()

    def find(self, query: Query) -> Found:
        """Return all accounts a query is for, in its order."""
        straight = self._straight(query)
        if straight is not None:
            return straight
        if self._version != self._book.version:
            self._kept.clear()
            self._version = self._book.version
        if query not in self._kept:
            self._kept[query] = self._computed(query)
            if len(self._kept) > _REMEMBERED:
                self._kept.popitem(last=False)
        return self._kept[query]

    def _straight(self, query: Query) -> Found | None:
        """Answer from one index alone, if its order and its ranges are all that is asked for."""
        if query.text or query.anonymous is not None or query.scattered:
            return None
        by_date = _order_by_date(query.order)
        if by_date is not None:
            return self._range(self._book.updates, query.conditions, UPDATE_DATE, by_date)
        descending = _order_by_id(query.order)
        if descending is None:
            return None
        wanted = [one for one in query.conditions if _is_opt_in(one)]
        rest = tuple(one for one in query.conditions if not _is_opt_in(one))
        keys = self._book.opted_in if wanted else self._book.ids
        return self._range(keys, rest, "id", descending)

    def _range(
        self, index: SortedKeys, conditions: Iterable[Condition], name: str, descending: bool
    ) -> Found | None:
        """Return a stretch of an index, None if a condition is none of its ranges."""
        keys = index.keys
        low, high = 0, len(keys)
        for condition in conditions:
            if condition.field.name != name or condition.op not in _RANGE or condition.value is None:
                return None
            below, above = _bounds(keys, int(condition.value), condition.op, name)
            low, high = max(low, below), min(high, above)
        high = max(low, high)
        return Found(keys, range(high - 1, low - 1, -1) if descending else range(low, high))

    def _computed(self, query: Query) -> Found:
        chosen = [
            account
            for account in self._candidates(query.conditions)
            if all(one.holds(account) for one in query.conditions)
            and query.anonymous in (None, account.anonymous)
            and (not query.text or self._matches_text(account, query.text))
        ]
        for order in reversed(query.order):
            chosen.sort(key=sort_key(order), reverse=order.descending)
        ids = [account.id for account in chosen]
        if query.scattered:
            ids.sort(key=lambda one: one * _SCATTER & ID_MASK)
        return Found(ids, range(len(ids)))

    def _candidates(self, conditions: tuple[Condition, ...]) -> Iterable[Account]:
        """Return accounts by ascending id, at least all that can fulfil the conditions."""
        for one in conditions:
            if one.field.name == "emailAddress" and one.op == "eq" and one.value:
                return [self._book[found] for found in self._book.with_email(str(one.value))]
        for name, index in ((UPDATE_DATE, self._book.updates), ("id", self._book.ids)):
            ranges = [
                one
                for one in conditions
                if one.field.name == name and one.op in _RANGE and one.value is not None
            ]
            found = self._range(index, ranges, name, False) if ranges else None
            if found is not None:
                return [self._book[one] for one in sorted(found.ids(0, len(found)))]
        return [self._book[one] for one in self._book.ids.keys]


def _bounds(keys: Sequence[int], value: int, op: str, name: str) -> tuple[int, int]:
    """Return the stretch of keys for which `op value` holds."""
    first, behind = (date_key(value), date_key(value + 1)) if name == UPDATE_DATE else (value, value + 1)
    low = bisect_left(keys, behind if op == "gt" else first) if op in ("gt", "ge", "eq") else 0
    high = bisect_left(keys, first if op == "lt" else behind) if op in ("lt", "le", "eq") else len(keys)
    return low, high


def _is_opt_in(condition: Condition) -> bool:
    return condition.field.name == "acceptsMarketing" and condition.op == "eq" and condition.value is True


def _order_by_id(order: tuple[Order, ...]) -> bool | None:
    """Return whether the order is by id descending; None if it is another order."""
    if not order:
        return False
    return order[0].descending if order[0].field.name == "id" else None


def _order_by_date(order: tuple[Order, ...]) -> bool | None:
    """Return whether the order is that of the update index, backwards; None if it is another order."""
    if not order or order[0].field.name != UPDATE_DATE:
        return None
    ties = order[1:2]
    if ties and (ties[0].field.name != "id" or ties[0].descending != order[0].descending):
        return None
    return order[0].descending
