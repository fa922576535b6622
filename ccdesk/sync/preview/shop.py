"""Kibo with the outbox shut: everything is read as it is, and no flag is written."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from ccdesk.core.clock import Clock
from ccdesk.core.emails import email_key
from ccdesk.core.errors import EmailChanged
from ccdesk.core.models import Customer
from ccdesk.core.ports.shop import ConnectionTest, FlagChange, HintedEvent, KiboWrite, Shop, Tenant


class ShutShop:
    """`ports.Shop` whose one write is answered as Kibo would if all goes well, and shows in what is read.

    Every call that goes through is spelled out: a method that `Shop` is given some day is missing here until
    somebody has decided whether it reads.
    """

    def __init__(self, shop: Shop, clock: Clock) -> None:
        self._shop, self._clock = shop, clock
        self._flags: dict[int, tuple[bool, datetime]] = {}  # as they would be, and since when

    def set_opt_in(
        self, customer_id: int, value: bool, *, only_as: str = "", expected: Customer | None = None
    ) -> KiboWrite:
        """Read the account and tell what the write would do to it.

        Raises:
            EmailChanged: the account has another email than `only_as` by now.

        """
        now = self.get(customer_id)
        if only_as and now.email_key != email_key(only_as):
            raise EmailChanged()
        if expected is not None and not now.stands_as(expected):
            return KiboWrite(now, written=False, changed=True)
        if now.accepts_marketing == value:
            return KiboWrite(now, written=False)
        self._flags[customer_id] = (value, self._shop.server_time or self._clock.now())
        return KiboWrite(self._as_it_would_be(now), written=True)

    def _as_it_would_be(self, customer: Customer) -> Customer:
        """Return an account with the flag as it would be, unless it was changed after that."""
        if customer.id not in self._flags:
            return customer
        value, at = self._flags[customer.id]
        if customer.updated_at is not None and customer.updated_at > at:
            return customer
        return replace(customer, accepts_marketing=value, updated_at=at)

    def _all(self, customers: Sequence[Customer]) -> list[Customer]:
        return [self._as_it_would_be(one) for one in customers]

    # ------------------------------------------------------------ reads

    @property
    def server_time(self) -> datetime | None:
        """The server's clock as of its last answer, if it told."""
        return self._shop.server_time

    @property
    def server_ahead(self) -> timedelta | None:
        """How far the server's clock is ahead of ours, as of its last answer."""
        return self._shop.server_ahead

    @property
    def left_to_read(self) -> int | None:
        """How many `opted_in` or `everyone` is still to yield, as its last page told."""
        return self._shop.left_to_read

    @property
    def finds_changes(self) -> bool:
        """False if `changed_since` has to read everybody."""
        return self._shop.finds_changes

    def tenant(self) -> Tenant:
        """Return the tenant."""
        return self._shop.tenant()

    def test(self) -> ConnectionTest:
        """Sign in, find the tenant and read one page of customers."""
        return self._shop.test()

    def opted_in(self, after: int = 0) -> Iterator[list[Customer]]:
        """Yield pages of customers whose flag is set."""
        for page in self._shop.opted_in(after):
            yield self._all(page)

    def everyone(self) -> Iterator[list[Customer]]:
        """Yield pages of all customers."""
        for page in self._shop.everyone():
            yield self._all(page)

    def changed_since(self, since: datetime) -> Iterator[list[Customer]]:
        """Yield pages of customers updated at or after `since`."""
        for page in self._shop.changed_since(since):
            yield self._all(page)

    def newest_update(self) -> datetime | None:
        """Return the greatest update date of any customer."""
        return self._shop.newest_update()

    def get(self, customer_id: int) -> Customer:
        """Return one customer."""
        return self._as_it_would_be(self._shop.get(customer_id))

    def many(self, customer_ids: Collection[int]) -> Iterator[list[Customer]]:
        """Yield pages of customers with these ids."""
        for page in self._shop.many(customer_ids):
            yield self._all(page)

    def by_email(self, email: str) -> list[Customer]:
        """Return every account with that email."""
        return self._all(self._shop.by_email(email))

    def opt_in_set_at(self, customer_id: int) -> datetime | None:
        """Return when the flag was last switched on according to the audit log."""
        return self._shop.opt_in_set_at(customer_id)

    def flag_changes(self, customer_id: int) -> list[FlagChange]:
        """Return the changes of the opt-in by the audit log."""
        return self._shop.flag_changes(customer_id)

    def events_since(self, since: datetime | None) -> list[HintedEvent]:
        """Return customer events Kibo still offers."""
        return self._shop.events_since(since)

    def app_enabled(self) -> bool | None:
        """Return the application's status in Kibo."""
        return self._shop.app_enabled()

    def welcome_mail_on(self) -> bool | None:
        """Say whether Kibo's own Welcome mail appears to be on."""
        return self._shop.welcome_mail_on()
