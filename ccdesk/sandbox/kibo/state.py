"""The whole fake Kibo in memory: one tenant's shop, its application, and every act tests and demo need."""

from __future__ import annotations

import json
import time
from collections import deque
from collections.abc import Callable, Iterable
from threading import RLock
from typing import Any

from ccdesk.sandbox.kibo.acts import ShopperActs
from ccdesk.sandbox.kibo.book import Book
from ccdesk.sandbox.kibo.events import EventLog
from ccdesk.sandbox.kibo.fields import matches_text
from ccdesk.sandbox.kibo.model import Account, Json
from ccdesk.sandbox.kibo.query import Finder
from ccdesk.sandbox.kibo.sites import MAIL_GROUPS, SITES, SiteSettings
from ccdesk.sandbox.kibo.switches import KiboSwitches
from ccdesk.sandbox.kibo.tokens import Rate, Tokens
from ccdesk.sandbox.wire.kernel import SandboxClock

__all__ = ["CONTROL_ACTS", "KiboState", "KiboSwitches"]

CONTROL_ACTS: tuple[str, ...] = (
    "activate",
    "add_customer",
    "add_event",
    "change_address",
    "change_email",
    "change_name",
    "change_password",
    "count",
    "customer",
    "customers_by_email",
    "deactivate",
    "delete_customer",
    "expire_tokens",
    "fingerprint",
    "opt_in",
    "opt_out",
    "place_order",
    "set_mail_flag",
    "set_switches",
    "switches_json",
)
"""The methods of `KiboState` whose arguments and results are JSON: what may be called over HTTP."""


class KiboState(ShopperActs):
    """The fake service. One lock guards everything.

    `tick` is real time (for the limit a second), `clock` the sandbox's date (for all dates shown and for
    token lifetimes).
    """

    def __init__(
        self,
        clock: SandboxClock,
        switches: KiboSwitches | None = None,
        tenant_id: int = 12345,
        app_key: str = "acme.cc_sync.1.0.0.Release",
        shared_secret: str = "sandbox-secret",
        tick: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__()
        self.clock, self.switches = clock, switches or KiboSwitches()
        self.tenant_id, self.app_key, self.shared_secret = tenant_id, app_key, shared_secret
        self.lock = RLock()
        self.book = Book()
        self.finder = Finder(self.book, matches_text)
        self.sites = {site.id: SiteSettings(site) for site in SITES}
        self.events = EventLog(self.switches, SITES)
        self.tokens = Tokens()
        self.rate = Rate(tick)
        self.app_initialized = False
        self.after_page: deque[Callable[[], Any]] = deque()
        """Called one by one, each after a page of accounts that is not the last: changes between pages."""

    def load(self, accounts: Iterable[Account]) -> None:
        """Put many accounts in as they may have stood for long, without events and audit entries.

        Their ids have to come from `new_id`, and ascend.
        """
        with self.lock:
            self.book.load(accounts)

    # Looking

    def count(self) -> int:
        """Return the number of accounts."""
        with self.lock:
            return len(self.book)

    def customer(self, customer_id: int) -> Json:
        """Return one account as GET shows it."""
        with self.lock:
            return self.account(customer_id).as_json()

    def customers_by_email(self, email: str) -> list[Json]:
        """Return every account with this email, by id, compared without case and outer blanks."""
        with self.lock:
            return [self.book[found].as_json() for found in self.book.with_email(email)]

    def fingerprint(self, customer_id: int) -> str:
        """Return all of an account but the opt-in and its own dates as one text: equal means untouched."""
        shown = self.customer(customer_id)
        del shown["acceptsMarketing"], shown["auditInfo"]
        return json.dumps(shown, sort_keys=True)

    # The service itself

    def add_event(self, topic: str, entity_id: str, is_test: bool = False) -> None:
        """File an event without a change behind it: noise, a repeat, or a test event (§9)."""
        with self.lock:
            self.events.file(topic, entity_id, self.events.new_id(), self.now_ms(), is_test=is_test)

    def set_mail_flag(
        self,
        site_id: int,
        value: bool | None,
        mail: str = "shopperLoginCreated",
        group: str = "supressedEmailTransactions",
    ) -> None:
        """Set a mail flag of one site, as staff do under System > Settings > General > Email (§11)."""
        with self.lock:
            if site_id not in self.sites:
                raise LookupError(f"No site {site_id}")
            if group not in MAIL_GROUPS:
                raise ValueError(f"No group of mail flags: {group}")
            self.sites[site_id].mails[group][mail] = value

    def expire_tokens(self) -> None:
        """Make every token invalid: calls answer 401 until the application signs in again."""
        with self.lock:
            self.tokens.forget()

    def set_switches(self, **values: Any) -> None:
        """Turn switches by name."""
        with self.lock:
            self.switches.turn(**values)

    def switches_json(self) -> Json:
        """Return every switch with its present value."""
        with self.lock:
            return self.switches.as_json()
