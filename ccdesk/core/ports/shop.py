"""Kibo as the engine needs it (docs/api/kibo.md).

Generators hand out one page (a list) at a time, and nothing that grows with the shop is held in memory.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from ccdesk.core.models import Customer


@dataclass(frozen=True, slots=True)
class Tenant:
    """The Kibo tenant: `host` is the address of its tenant pod, `site_ids` its sites."""

    id: str
    name: str
    host: str
    site_ids: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class ConnectionTest:
    """What a test of the Kibo connection tried, one after the other, and found; what fails is raised.

    `customers`: how many can be read, None where Kibo does not count them. A `tenant` without a name: the
    home does not let the application read it, and the address was given by hand.
    """

    tenant: Tenant
    customers: int | None

    @property
    def summary(self) -> str:
        """What was tried, as one line: “signed in · Mystic Outdoors · 480 customers readable”."""
        number = "" if self.customers is None else f"{self.customers:,} "
        noun = "customer" if self.customers == 1 else "customers"
        name = self.tenant.name or f"tenant {self.tenant.id}, whose name may not be read"
        return f"signed in · {name} · {number}{noun} readable"


@dataclass(frozen=True, slots=True)
class HintedEvent:
    """One of Kibo's own events, already freed of per-site copies (kibo.md §9)."""

    event_id: str
    topic: str
    customer_id: int
    created_at: datetime


@dataclass(frozen=True, slots=True)
class KiboWrite:
    """Result of writing the opt-in: the account as Kibo replied, and whether it was written.

    `changed`: it was not as expected, so nothing was written; `customer` is how it is now.
    """

    customer: Customer
    written: bool
    changed: bool = False


@dataclass(frozen=True, slots=True)
class FlagChange:
    """One change of an account's opt-in in Kibo's audit log; `""` where it does not tell.

    `user` is Kibo's id of who did it, `application` the key of the application it was done through.
    """

    at: datetime
    opted_in: bool
    user: str = ""
    application: str = ""


class Shop(Protocol):
    """Kibo's side (kibo.md). Every method raises the errors of `core.errors`."""

    @property
    def server_time(self) -> datetime | None:
        """The server's clock as of its last answer, if it told."""

    @property
    def server_ahead(self) -> timedelta | None:
        """How far the server's clock is ahead of ours, as of its last answer."""

    def tenant(self) -> Tenant:
        """Return the tenant, resolved through the home pod."""

    def test(self) -> ConnectionTest:
        """Sign in, find the tenant and read one page of customers: what any run needs of Kibo."""

    def opted_in(self, after: int = 0) -> Iterator[list[Customer]]:
        """Yield pages of customers whose flag is set, by ascending id above `after` where Kibo can do that.

        Where it cannot, everybody is read again.
        """

    @property
    def left_to_read(self) -> int | None:
        """How many `opted_in` or `everyone` is still to yield, as its last page told; None if it did not."""

    def everyone(self) -> Iterator[list[Customer]]:
        """Yield pages of all customers by ascending id."""

    def changed_since(self, since: datetime) -> Iterator[list[Customer]]:
        """Yield pages of customers updated at or after `since`, each page complete; repeats are possible."""

    @property
    def finds_changes(self) -> bool:
        """False if `changed_since` has to read everybody, for Kibo does not find customers by date."""

    def newest_update(self) -> datetime | None:
        """Return the greatest update date of any customer, None for an empty shop."""

    def get(self, customer_id: int) -> Customer:
        """Return one customer; NotFound if there is none."""

    def many(self, customer_ids: Collection[int]) -> Iterator[list[Customer]]:
        """Yield pages of customers with these ids: a call for about 200 where they lie close together.

        Who does not come is not proven to be gone: ask for them.
        """

    def by_email(self, email: str) -> list[Customer]:
        """Return every account with that email, compared as design R1 says."""

    def set_opt_in(
        self, customer_id: int, value: bool, *, only_as: str = "", expected: Customer | None = None
    ) -> KiboWrite:
        """Read the whole account, change only `acceptsMarketing`, write it back, check the reply.

        `only_as`: nothing is written to an account that has another email than this by now.
        `expected`: the reading by which the write was decided. Nothing is written to an account that has
        changed since (`Customer.stands_as`): the result is `changed`.
        """

    def opt_in_set_at(self, customer_id: int) -> datetime | None:
        """Return when the flag was last switched on according to the audit log, None if it does not tell."""

    def flag_changes(self, customer_id: int) -> list[FlagChange]:
        """Return the changes of the opt-in by the audit log, oldest first; empty if it tells of none."""

    def events_since(self, since: datetime | None) -> list[HintedEvent]:
        """Return customer events Kibo still offers; empty where it offers none (a hint, never the truth)."""

    def app_enabled(self) -> bool | None:
        """Return the application's status in Kibo; None when it cannot be read."""

    def welcome_mail_on(self) -> bool | None:
        """Say whether Kibo's own Welcome mail appears to be on for any site; None when it cannot be read."""
