"""Reading Kibo's collections whole, whatever filters and sorting it honours (kibo.md §5, §13, §15)."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from ccdesk.clients.caller import Call
from ccdesk.clients.kibo_parse import account_id, updated_at
from ccdesk.clients.kibo_session import TenantPod
from ccdesk.clients.shape import Json, page_object, required_objects, whole
from ccdesk.clients.transport import Answer, Request
from ccdesk.core.clock import format_time
from ccdesk.core.errors import Unreachable

log = logging.getLogger(__name__)

ACCOUNTS = "/api/commerce/customer/accounts"
PAGE_SIZE = 200
_OVERLAP = 10  # with offsets, a deletion or an edit behind us moves everything: read a little again
_REFUSED = frozenset({400})


class Ignored(Exception):
    """Kibo did not honour the filter or the sorting it was given."""


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a collection; `start` is an item offset (§5)."""

    items: list[Json]
    start: int
    total: int | None
    answer: Answer

    @property
    def last(self) -> bool:
        """True if there is nothing behind it; a short page alone does not tell."""
        end = self.start + len(self.items)
        known_end = self.total is not None and end >= self.total
        return not self.items or (known_end and len(self.items) < PAGE_SIZE)


class Collections:
    """Pages of accounts and other collections."""

    def __init__(self, pod: TenantPod) -> None:
        self._pod = pod
        self._trims = True

    def page(
        self,
        request: Request,
        *,
        filters: Sequence[str] = (),
        sort: str = "",
        start: int = 0,
        size: int = PAGE_SIZE,
        strict: bool = False,
        optional: bool = False,
        only: Sequence[str] = (),
    ) -> Page | None:
        """Return one page; None if Kibo refuses the filter or sorting (400), unless `strict`.

        `optional` is for what is nice to have: it is not repeated after trouble.
        """
        params = {"startIndex": str(start), "pageSize": str(size)}
        if filters:
            params["filter"] = " and ".join(filters)
        if sort:
            params["sortBy"] = sort
        if only:
            params["responseFields"] = f"items({','.join(only)}),totalCount"
        asked = Request(request.method, request.url, params, request.headers)
        accept = frozenset() if strict else _REFUSED
        answer = self._pod.call(Call(asked, optional=optional, accept=accept))
        if answer.status == 400:
            log.info("%s: filter or sorting refused", request.label)
            return None
        body = page_object(answer)
        items = required_objects(answer, body, "items")
        return Page(items, start, whole(body, "totalCount"), answer)

    def accounts(
        self,
        filters: Sequence[str] = (),
        sort: str = "",
        *,
        start: int = 0,
        size: int = PAGE_SIZE,
        only: Sequence[str] = (),
    ) -> Page | None:
        """Return one page of accounts, None if the filter or sorting is refused.

        `only` names the fields wanted. Where Kibo refuses to leave out the others, or leaves out wanted
        ones, whole accounts are asked for from then on: a missing flag must not read as a “no”.
        """
        request = self._pod.request("GET", ACCOUNTS)
        if only and self._trims:
            page = self.page(request, filters=filters, sort=sort, start=start, size=size, only=only)
            wanted = frozenset(only)
            if page is not None and all(wanted <= item.keys() for item in page.items):
                return page
            self._trims = False
            log.info("Kibo does not give chosen fields; whole accounts are read")
        return self.page(request, filters=filters, sort=sort, start=start, size=size)

    def _ids(self, page: Page) -> list[int]:
        ids = [account_id(item) for item in page.items]
        if None in ids:
            raise page.answer.unusable("an account without an id")
        return [number for number in ids if number is not None]

    # ------------------------------------------------------------ by id

    def by_id(self, wanted: str = "", after: int = 0, only: Sequence[str] = ()) -> Iterator[list[Json]]:
        """Yield all accounts by ascending id, 200 at a time, moving `id gt` along (§13.7).

        `wanted` is one more filter that may or may not be honoured: check each item. Where moving is
        refused or ignored the offset moves instead, and everybody is read, those up to `after` as well.
        """
        page = self._beyond(wanted, after, only) or self._first(wanted, only)
        if page is None:
            page, wanted = self._first("", only), ""
        if page is None:
            yield from self._by_offset("", sort="", read=0, floor=0)
            return
        last = read = 0
        while True:
            ids = self._ids(page)
            if ids != sorted(ids):
                yield from self._by_offset(wanted, sort="", read=0, floor=0)
                return
            if page.items:
                yield page.items
                last, read = ids[-1], read + len(ids)
            if page.last:
                return
            following = self.accounts([*self._some(wanted), f"id gt {last}"], "id asc", only=only)
            if following is None or any(number <= last for number in self._ids(following)):
                yield from self._by_offset(wanted, sort="id asc", read=read, floor=last)
                return
            page = following

    def _beyond(self, wanted: str, after: int, only: Sequence[str]) -> Page | None:
        """Return the first page above an id; None where that is refused, ignored, or not asked for."""
        if not after:
            return None
        page = self.accounts([*self._some(wanted), f"id gt {after}"], "id asc", only=only)
        return None if page is None or any(number <= after for number in self._ids(page)) else page

    def _first(self, wanted: str, only: Sequence[str]) -> Page | None:
        return self.accounts(self._some(wanted), "id asc", only=only)

    @staticmethod
    def _some(wanted: str) -> list[str]:
        return [wanted] if wanted else []

    def _by_offset(self, wanted: str, *, sort: str, read: int, floor: int) -> Iterator[list[Json]]:
        """Yield accounts with an id above `floor` by moving the offset, from `read` items on.

        Raises:
            Unreachable: the offset is ignored too. Ending quietly would make customers look absent.

        """
        log.info("Kibo does not take a moving filter; the offset is moved instead")
        request = self._pod.request("GET", ACCOUNTS)
        seen: set[int] = set()
        before: list[int] = []
        while True:
            start = max(0, read - _OVERLAP)
            page = self.page(request, filters=self._some(wanted), sort=sort, start=start, strict=True)
            assert page is not None  # strict
            ids = self._ids(page)
            fresh = [item for item, n in zip(page.items, ids, strict=True) if n > floor and n not in seen]
            seen.update(ids)
            if fresh:
                yield fresh
            if page.last or (not fresh and len(ids) <= _OVERLAP):
                return
            if ids == before:
                raise Unreachable("Kibo's paging does not move on", detail=page.answer.detail)
            before, read = ids, start + len(ids)

    # ------------------------------------------------------------ by update date

    def by_date(self, filter_name: str, sort_name: str, since: datetime) -> Iterator[list[Json]]:
        """Yield accounts updated at or after `since` by ascending date, moving the filter along (§13.3).

        While a whole page shares one date the offset moves, a little less than by a page: whoever of them is
        edited meanwhile has a later date, and all behind move up. What a page repeats is left out.

        Raises:
            Ignored: an answer shows that the filter or the sorting is not honoured.

        """
        mark, start = _milliseconds(since), 0
        at_mark: set[tuple[int, datetime]] = set()
        while True:
            page = self.accounts(
                [f"{filter_name} ge {format_time(mark)}"], f"{sort_name} asc,id asc", start=start
            )
            if page is None:
                raise Ignored
            ids, dates = self._ids(page), [updated_at(item) for item in page.items]
            known = [_milliseconds(date) for date in dates if date is not None]
            if len(known) < len(dates) or known != sorted(known) or (known and known[0] < mark):
                raise Ignored
            states = list(zip(ids, known, strict=True))
            if fresh := [item for item, one in zip(page.items, states, strict=True) if one not in at_mark]:
                yield fresh
            if page.last:
                return
            if known[-1] > mark:
                mark, start = known[-1], 0
                at_mark = {one for one in states if one[1] == mark}
            else:
                again = 0 if start and not fresh else min(_OVERLAP, len(ids) // 2)
                start += len(ids) - again
                at_mark.update(states)


def _milliseconds(moment: datetime) -> datetime:
    """Cut to what a filter value can say; comparing finer than that would never move on."""
    moment = moment.astimezone(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)
