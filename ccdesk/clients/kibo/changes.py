"""Which customers changed since a moment: by update date if Kibo can, else by reading all (kibo.md §13)."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import NamedTuple, Protocol

from ccdesk.clients.kibo.ahead import PAGE_SIZE
from ccdesk.clients.kibo.lists import Collections, Ignored
from ccdesk.clients.kibo.parse import Row, customer
from ccdesk.core.clock import format_time
from ccdesk.core.models import Customer

log = logging.getLogger(__name__)

_FAR_FUTURE = "2999-01-01T00:00:00Z"
_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


class Memo(Protocol):
    """Remembers small texts between starts; `ports.State` is one."""

    def get(self, name: str) -> str:
        """Return a value, `""` if there is none."""

    def set(self, name: str, value: str) -> None:
        """Store a value."""


class NoMemo:
    """Remembers nothing."""

    def get(self, _name: str) -> str:
        """Return nothing."""
        return ""

    def set(self, _name: str, _value: str) -> None:
        """Forget it at once."""


class DateNames(NamedTuple):
    """What the update date is called in a filter and in a sorting: sources disagree (§5, §15.1)."""

    filter: str
    sort: str


CANDIDATES = (
    DateNames("updateDate", "updateDate"),
    DateNames("auditInfo.updateDate", "auditInfo.updateDate"),
    DateNames("auditInfo.updateDate", "updateDate"),
    DateNames("updateDate", "auditInfo.updateDate"),
)


class Changes:
    """Looks for changes with the names that work here, found out once and remembered."""

    def __init__(self, lists: Collections, *, memo: Memo, memo_name: str) -> None:
        self._lists, self._memo, self._memo_name = lists, memo, memo_name
        self._bad: set[DateNames] = set()
        self._names: DateNames | None = None

    @property
    def by_date(self) -> bool:
        """Whether names are known that work here."""
        return self._names is not None

    def since(self, moment: datetime) -> Iterator[list[Customer]]:
        """Yield customers updated at or after `moment`, oldest change first; repeats are possible."""
        while (names := self._working()) is not None:
            try:
                for page in self._lists.by_date(names.filter, names.sort, moment):
                    yield customers(page)
                return
            except Ignored:
                self._reject(names)
        yield from self._by_reading_all(moment)

    def newest(self) -> datetime | None:
        """Return the greatest update date, None for an empty shop.

        What the sorting shows is believed only if nothing lies above it: too low a mark would make the
        whole shop look changed.
        """
        names = self._working()
        if names is not None:
            page = self._lists.accounts(sort=f"{names.sort} desc", size=1)
            if page is not None and not page.items and not self._lists.some(1):
                return None
            first = customers(page.items)[:1] if page is not None else []
            top = first[0].updated_at if first else None
            if top is not None and self._nothing_above(names, top):
                return top
        dates = (one.updated_at for page in self._lists.by_id() for one in customers(page))
        return max((date for date in dates if date is not None), default=None)

    def _nothing_above(self, names: DateNames, top: datetime) -> bool:
        page = self._lists.accounts([f"{names.filter} ge {format_time(top)}"], f"{names.sort} asc")
        dates = [one.updated_at for one in customers(page.items)] if page is not None else []
        return bool(dates) and all(date == top for date in dates)

    def _by_reading_all(self, moment: datetime) -> Iterator[list[Customer]]:
        """Read everybody and keep the changed ones, sorted: a watermark is saved page by page."""
        log.info("Kibo does not filter by update date; all customers are read instead")
        changed = [
            one
            for page in self._lists.by_id()
            for one in customers(page)
            if one.updated_at is None or one.updated_at >= moment
        ]
        changed.sort(key=lambda one: (one.updated_at or _BEGINNING, one.id))
        for start in range(0, len(changed), PAGE_SIZE):
            yield changed[start : start + PAGE_SIZE]

    def _working(self) -> DateNames | None:
        """Return names that work here: remembered, or probed with dates far ahead and far back (§15.1)."""
        if self._names is None:
            remembered = self._memo.get(self._memo_name)
            known = [names for names in CANDIDATES if "|".join(names) == remembered]
            for names in [*known, *CANDIDATES]:
                if names not in self._bad and (names in known or self._probe(names)):
                    self._names = names
                    self._memo.set(self._memo_name, "|".join(names))
                    break
        return self._names

    def _probe(self, names: DateNames) -> bool:
        page = self._lists.accounts([f"{names.filter} gt {_FAR_FUTURE}"], f"{names.sort} asc,id asc", size=1)
        works = page is not None and not page.items and self._lists.finds_all_dates(*names)
        if not works:
            self._bad.add(names)
        return works

    def _reject(self, names: DateNames) -> None:
        self._bad.add(names)
        self._names = None
        self._memo.set(self._memo_name, "")


def customers(page: list[Row]) -> list[Customer]:
    """Read the accounts of a page."""
    return [one for raw in page if (one := customer(raw)) is not None]
