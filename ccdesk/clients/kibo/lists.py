"""Reading Kibo's collections whole, whatever filters and sorting it honours (kibo.md §5, §13, §15)."""

from __future__ import annotations

import logging
from bisect import bisect_right
from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, datetime
from functools import partial

from ccdesk.clients.http.caller import Call
from ccdesk.clients.http.shape import Json, page_object, required_objects, whole
from ccdesk.clients.http.transport import Answer, Request
from ccdesk.clients.kibo.ahead import PAGE_SIZE, Following, Page
from ccdesk.clients.kibo.parse import Row, row_id, updated_at
from ccdesk.clients.kibo.session import TenantPod
from ccdesk.clients.kibo.typed import typed_customers
from ccdesk.core.clock import format_time
from ccdesk.core.errors import Unreachable
from ccdesk.core.words import marked

log = logging.getLogger(__name__)

ACCOUNTS = "/api/commerce/customer/accounts"
_OVERLAP = 10  # with offsets, a deletion or an edit behind us moves everything: read a little again
_REFUSED = frozenset({400})


class Ignored(Exception):
    """Kibo did not honour the filter or the sorting it was given."""


class Collections:
    """Pages of accounts and other collections."""

    def __init__(self, pod: TenantPod) -> None:
        self._pod = pod
        self._trims = True
        self._moving = False  # whether `id gt` was seen to work
        self.left: int | None = None  # accounts `by_id` is still to yield behind its last page, if told

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
    ) -> Page[Json] | None:
        """Return one page; None if Kibo refuses the filter or sorting (400), unless `strict`.

        `optional` is for what is nice to have: it is not repeated after trouble.
        """
        asked = _asked(request, filters=filters, sort=sort, start=start, size=size)
        answer = self._answer(asked, strict=strict, optional=optional)
        return _page(answer, start) if answer is not None else None

    def _answer(self, asked: Request, *, strict: bool = False, optional: bool = False) -> Answer | None:
        accept = frozenset() if strict else _REFUSED
        answer = self._pod.call(Call(asked, optional=optional, accept=accept))
        if answer.status == 400:
            log.info("%s: filter or sorting refused", asked.label)
            return None
        return answer

    def accounts(
        self,
        filters: Sequence[str] = (),
        sort: str = "",
        *,
        start: int = 0,
        size: int = PAGE_SIZE,
        only: Sequence[str] = (),
        strict: bool = False,
    ) -> Page[Row] | None:
        """Return one page of accounts, None if the filter or sorting is refused, unless `strict`.

        `only` names the fields wanted. Where Kibo refuses to leave out the others, or leaves out wanted ones,
        whole accounts are asked for from then on: a missing flag must not read as an opt-out.
        """
        ask = partial(
            _asked, self._pod.request("GET", ACCOUNTS), filters=filters, sort=sort, start=start, size=size
        )
        if only and self._trims:
            answer = self._answer(ask(only=only), strict=strict)
            page = _account_page(answer, start, wanted=only) if answer is not None else None
            if page is not None:
                return page
            self._trims = False
            log.info("Kibo does not give chosen fields; whole accounts are read")
        answer = self._answer(ask(), strict=strict)
        return _account_page(answer, start) if answer is not None else None

    def some(self, size: int = PAGE_SIZE) -> list[Json]:
        """Return one page of accounts asked for without filter and sorting: empty only in an empty shop.

        An empty answer to a filter or a sorting proves nothing until it is compared with this (§16).
        """
        page = self.page(self._pod.request("GET", ACCOUNTS), size=size, strict=True)
        return page.items if page is not None else []

    def _ids(self, page: Page[Row]) -> list[int]:
        ids = [row_id(item) for item in page.items]
        if None in ids:
            raise page.answer.unusable("an account without an id")
        return [number for number in ids if number is not None]

    # ------------------------------------------------------------ by id

    def by_id(
        self, wanted: str = "", after: int = 0, only: Sequence[str] = (), *, opposite: str = ""
    ) -> Iterator[list[Row]]:
        """Yield all accounts by ascending id, 200 at a time, moving `id gt` along (§13.7).

        `wanted` is one more filter that may or may not be honoured: check each item. It is believed to leave
        nobody only if `opposite` leaves everybody. Where moving is refused, ignored or answered with no rows
        the offset moves instead, and everybody is read, those up to `after` as well.
        """
        self.left = None
        page = (self._beyond(wanted, after, only) if after else None) or self._first(wanted, only, opposite)
        if page is None:
            page, wanted = self._first("", only), ""
        if page is None:
            yield from self._by_offset("", sort="", read=0, floor=0)
            return
        last = read = 0
        with Following(partial(self._stretch, wanted, only), self._ids) as following:
            while page is not None:
                ids = self._ids(page)
                if ids != sorted(ids):
                    yield from self._by_offset(wanted, sort="", read=0, floor=0)
                    return
                if page.items:
                    last, read = ids[-1], read + len(ids)
                    following.begin(page, last)
                    self.left = page.left
                    yield page.items
                if page.last:
                    return
                page = following.take(last) or self._beyond(wanted, last, only)
        yield from self._by_offset(wanted, sort="id asc", read=read, floor=last)

    def among(self, wanted: Collection[int]) -> Iterator[list[Row]]:
        """Yield the accounts with these ids, as far as there are any, by pages of ascending ids.

        Never more calls than ids, and one for 200 of them where they lie close together, as in an imported
        file. Where ids cannot be asked for, everybody is read if that is fewer calls than one for each.
        """
        left = sorted(set(wanted))
        while left:
            page = self._beyond("", left[0] - 1, ())
            ids = self._ids(page) if page is not None else []
            if page is None or ids != sorted(ids):
                if len(left) > PAGE_SIZE:
                    yield from self.by_id()
                return
            yield [item for item, number in zip(page.items, ids, strict=True) if number in wanted]
            if page.last:
                return
            left = left[bisect_right(left, ids[-1]) :]

    def _stretch(self, wanted: str, only: Sequence[str], after: int, start: int) -> Page[Row] | None:
        """Return the page that many accounts behind those up to an id."""
        return self.accounts([*_listed(wanted), f"id gt {after}"], "id asc", start=start, only=only)

    def _beyond(self, wanted: str, after: int, only: Sequence[str]) -> Page[Row] | None:
        """Return the first page above an id; None where that is refused, ignored, or not to be believed."""
        page = self.accounts([*_listed(wanted), f"id gt {after}"], "id asc", only=only)
        if page is None or any(number <= after for number in self._ids(page)):
            return None
        self._moving = self._moving or bool(page.items) or self._gives(["id gt 0"], "id asc")
        return page if self._moving else None

    def _first(self, wanted: str, only: Sequence[str], opposite: str = "") -> Page[Row] | None:
        """Return the first page; None where it is refused, or empty and not to be believed."""
        page = self.accounts(_listed(wanted), "id asc", only=only)
        if page is None or page.items or not self.some(1):
            return page
        return page if wanted and opposite and self._leaves_everybody(opposite) else None

    def _leaves_everybody(self, filter_text: str) -> bool:
        page, everybody = self.accounts([filter_text], size=1), self.accounts(size=1)
        return (
            page is not None
            and everybody is not None
            and bool(page.items)
            and None is not page.total == everybody.total
        )

    def _gives(self, filters: Sequence[str], sort: str) -> bool:
        """Say whether a filter that must match somebody does."""
        page = self.accounts(filters, sort, size=1)
        return page is not None and bool(page.items)

    def finds_all_dates(self, filter_name: str, sort_name: str) -> bool:
        """Say whether a filter from a far-past date on gives somebody, as it must in any shop with people."""
        beginning = format_time(datetime(1970, 1, 1, tzinfo=UTC))
        return self._gives([f"{filter_name} ge {beginning}"], f"{sort_name} asc,id asc") or not self.some(1)

    def _by_offset(self, wanted: str, *, sort: str, read: int, floor: int) -> Iterator[list[Row]]:
        """Yield accounts with an id above `floor` by moving the offset, from `read` items on.

        Raises:
            Unreachable: the offset is ignored too. Ending quietly would make customers look absent.

        """
        log.info("Kibo does not take a moving filter; the offset is moved instead")
        self.left = None
        seen: set[int] = set()
        before: list[int] = []
        while True:
            start = max(0, read - _OVERLAP)
            page = self.accounts(_listed(wanted), sort, start=start, strict=True)
            assert page is not None  # strict
            ids = self._ids(page)
            fresh = [item for item, n in zip(page.items, ids, strict=True) if n > floor and n not in seen]
            seen.update(ids)
            if fresh:
                yield fresh
            if page.last or (not fresh and len(ids) <= _OVERLAP):
                return
            if ids == before:
                raise Unreachable(marked("Kibo's paging does not move on"), detail=page.answer.detail)
            before, read = ids, start + len(ids)

    # ------------------------------------------------------------ by update date

    def by_date(self, filter_name: str, sort_name: str, since: datetime) -> Iterator[list[Row]]:
        """Yield accounts updated at or after `since` by ascending date, moving the filter along (§13.3).

        While a whole page shares one date the offset moves, a little less than by a page: a customer who
        is edited meanwhile has a later date, and all behind move up. What a page repeats is left out.

        Raises:
            Ignored: an answer shows that the filter or the sorting is not honoured, or does not prove it.

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
            if not start and not ids and not self.finds_all_dates(filter_name, sort_name):
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


def _asked(
    request: Request,
    *,
    filters: Sequence[str],
    sort: str,
    start: int,
    size: int,
    only: Sequence[str] = (),
) -> Request:
    """Return the request for one page of a collection (§5)."""
    params = {"startIndex": str(start), "pageSize": str(size)}
    if filters:
        params["filter"] = " and ".join(filters)
    if sort:
        params["sortBy"] = sort
    if only:
        params["responseFields"] = f"items({','.join(only)}),totalCount"
    return Request(request.method, request.url, params, request.headers)


def _page(answer: Answer, start: int) -> Page[Json]:
    body = page_object(answer)
    items = required_objects(answer, body, "items")
    return Page(items, start, whole(body, "totalCount"), answer)


def _account_page(answer: Answer, start: int, *, wanted: Sequence[str] = ()) -> Page[Row] | None:
    """Read a page the quick way where it is as Kibo's sheet says, else tolerantly.

    None if an account lacks a field that is wanted.
    """
    typed = typed_customers(answer.body, complete=bool(wanted))
    if typed is not None:
        found, total = typed
        return Page(list(found), start, total, answer)
    page = _page(answer, start)
    if not all(item.keys() >= set(wanted) for item in page.items):
        return None
    return Page(list(page.items), start, page.total, answer)


def _listed(wanted: str) -> list[str]:
    return [wanted] if wanted else []


def _milliseconds(moment: datetime) -> datetime:
    """Cut to what a filter value can say; comparing finer than that would never move on."""
    moment = moment.astimezone(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)
