"""What Kibo may or may not tell: its event pull and its audit log (kibo.md §8, §9, §15.3, §15.4)."""

from __future__ import annotations

import logging
from datetime import datetime

from ccdesk.clients.http.shape import Json
from ccdesk.clients.kibo import parse
from ccdesk.clients.kibo.ahead import PAGE_SIZE, Page
from ccdesk.clients.kibo.changes import Memo
from ccdesk.clients.kibo.lists import ACCOUNTS, Collections
from ccdesk.clients.kibo.session import TenantPod
from ccdesk.core.clock import format_time
from ccdesk.core.errors import ItemError, ProxyRefused, RateLimited, ServiceError
from ccdesk.core.ports.shop import FlagChange, HintedEvent

log = logging.getLogger(__name__)

EVENTS = "/api/event/pull"
_EVENT_PAGES = 50  # while the filter is honoured
_NEWEST_PAGES = 5  # while it is not
_AUDIT_PAGES = 10
_HONOURED = "honoured"


class Hints:
    """Reads what helps but is never relied on."""

    def __init__(self, pod: TenantPod, lists: Collections, *, memo: Memo, memo_name: str) -> None:
        self._pod, self._lists, self._memo, self._memo_name = pod, lists, memo, memo_name
        self._silent: bool | None = None  # whether Kibo answers the filter with no rows; None: not known

    def events_since(self, since: datetime | None) -> list[HintedEvent]:
        """Return customer events since a moment, oldest first; empty where Kibo offers none."""
        try:
            raw = self._raw_events(since)
        except (RateLimited, ProxyRefused):
            raise
        except (ServiceError, ItemError) as error:
            log.info("Kibo's event pull cannot be read: %s", error.title)
            return []
        return parse.events(raw, tenant_id=self._pod.tenant_id, since=since)

    def _raw_events(self, since: datetime | None) -> list[Json]:
        request = self._pod.home(EVENTS)
        filters = ["topic sw customeraccount."]
        if since is not None:
            filters.append(f"createDate ge {format_time(since)}")
        for wanted, sort in ((filters, "createDate desc"), ([], "createDate desc"), ([], "")):
            if wanted and self._silent:
                continue
            page = self._lists.page(request, filters=wanted, sort=sort, optional=True)
            if page is None or (not page.items and self._in_doubt(wanted, sort)):
                continue
            if not wanted:
                self._judge(page.items, since)
            honoured = bool(wanted) and all(_wanted(item, since) for item in page.items)
            return self._further(page, wanted, sort, since, _EVENT_PAGES if honoured else _NEWEST_PAGES)
        return []

    def _in_doubt(self, wanted: list[str], sort: str) -> bool:
        """Say whether no rows prove nothing: an unknown name may be answered like that (§16)."""
        if not wanted:
            return bool(sort)
        return self._silent is None and self._memo.get(self._memo_name) != _HONOURED

    def _judge(self, items: list[Json], since: datetime | None) -> None:
        """Note what a page asked for without a filter tells about one that gave no rows, or was refused."""
        reported = parse.events(items, tenant_id=self._pod.tenant_id, since=since)
        self._silent = bool(reported)
        if items and not reported:
            self._memo.set(self._memo_name, _HONOURED)

    def _further(
        self, first: Page[Json], filters: list[str], sort: str, since: datetime | None, most: int
    ) -> list[Json]:
        """Read on from the first page: to where `since` is passed, or `most` pages; the newest ones count."""
        request, items, page = self._pod.home(EVENTS), list(first.items), first
        ascending = _newest_last(first.items, since)
        for _ in range(most - 1):
            oldest = [at for item in page.items if (at := parse.event_time(item)) is not None]
            passed = not ascending and since is not None and oldest and max(oldest) < since
            if page.last or passed:
                break
            start = page.start + len(page.items)
            if ascending and page is first and page.total is not None:
                start = max(start, page.total - (most - 1) * PAGE_SIZE)
            following = self._lists.page(request, filters=filters, sort=sort, start=start, optional=True)
            if following is None or following.items == page.items:
                break
            items += following.items
            page = following
        return items

    def opt_in_set_at(self, customer_id: int) -> datetime | None:
        """Return when the flag was last switched on, None if the audit log does not tell (all of it)."""
        entries = self._audit_entries(customer_id)
        return None if entries is None else parse.opt_in_set_at(entries)

    def flag_changes(self, customer_id: int) -> list[FlagChange]:
        """Return the changes of the opt-in that the audit log tells of, oldest first."""
        return parse.flag_changes(self._audit_entries(customer_id) or ())

    def _audit_entries(self, customer_id: int) -> list[Json] | None:
        """Return the audit log of an account, all of it; None where it cannot be read."""
        path = f"{ACCOUNTS}/{customer_id}/AuditLog/Entries"
        entries: list[Json] = []
        try:
            request = self._pod.request("GET", path)
            for _ in range(_AUDIT_PAGES):
                page = self._lists.page(request, start=len(entries), strict=True)
                assert page is not None  # strict
                entries += page.items
                if page.last:
                    return entries
        except (RateLimited, ProxyRefused):
            raise
        except (ServiceError, ItemError) as error:
            log.info("The audit log cannot be read: %s", error.title)
        return None


def _wanted(event: Json, since: datetime | None) -> bool:
    at = parse.event_time(event)
    return since is None or at is None or at >= since


def _newest_last(items: list[Json], since: datetime | None) -> bool:
    """Say whether what is new must be looked for at the end: dates rise, or all are old alike."""
    times = [at for item in items if (at := parse.event_time(item)) is not None]
    if not times:
        return False
    return times[0] < times[-1] or (times[0] == times[-1] and since is not None and times[0] < since)
