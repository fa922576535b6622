"""Customers as read within the present run, so that nobody is read twice without need."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from datetime import datetime

from ccdesk.core.models import Customer
from ccdesk.core.ports.shop import Shop
from ccdesk.sync.item_errors import ITEM_ERRORS

log = logging.getLogger(__name__)

MOST = 50_000  # readings kept in memory, less than 1 kB each; beyond that they are read again by pages
_PAGES_FROM = 3  # so many customers are read by pages, which never takes more calls


class FreshCustomers:
    """Readings of this run, at most `MOST`, and those of the batch that is dealt with now.

    `at`: since when all of them hold, by the clock that only ever grows; `since`: the same on Kibo's clock,
    None where changes since cannot be asked for. `sensors/shop_changes` keeps them fit to be acted on.
    `read_one` reads a customer from the shop; `check_cancel` raises `Cancelled` when the run is to stop.
    """

    def __init__(
        self, shop: Shop, read_one: Callable[[int], Customer], check_cancel: Callable[[], None]
    ) -> None:
        self._shop, self._read_one, self._check_cancel = shop, read_one, check_cancel
        self._kept: dict[int, Customer] = {}
        self._batch: dict[int, Customer] = {}
        self.at = 0.0
        self.since: datetime | None = None

    def take(self, customer_id: int) -> Customer:
        """Return a customer as read now; a reading made earlier in this run serves once.

        Raises:
            NotFound: there is none.

        """
        found = self._kept.pop(customer_id, None) or self._batch.pop(customer_id, None)
        return found or self._read_one(customer_id)

    def peek(self, customer_id: int) -> Customer:
        """Return a customer as read in this run and keep the reading for `take`, while there is room.

        Raises:
            NotFound: there is none.

        """
        found = self._kept.get(customer_id) or self._batch.get(customer_id)
        found = found or self._read_one(customer_id)
        self.keep(found)
        return found

    def read_ahead(self, customer_ids: Iterable[int]) -> None:
        """Read those of a batch whom this run has not read yet, by pages instead of a call each (§3a R3).

        They serve `take` and `peek` until the next batch; who could not be read is asked for alone.
        """
        self._batch = {}
        unread = [number for number in customer_ids if number not in self._kept]
        if len(unread) < _PAGES_FROM:
            return
        try:
            for page in self._shop.many(unread):
                self._check_cancel()
                self._batch.update((one.id, one) for one in page if one.readable)
        except ITEM_ERRORS as error:
            log.info("customers cannot be read by pages: %s", error.title)

    def keep(self, customer: Customer) -> None:
        """Keep a reading for `take` and `peek`, while there is room; it replaces an older one."""
        self._batch.pop(customer.id, None)
        if customer.id in self._kept or len(self._kept) < MOST:
            self._kept[customer.id] = customer

    def drop(self, customer_id: int) -> None:
        """Let go of a reading that holds no more, and cannot be replaced."""
        self._kept.pop(customer_id, None)

    def forget_all(self) -> None:
        """Have everybody read anew."""
        self._kept.clear()
        self._batch.clear()
