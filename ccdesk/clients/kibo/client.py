"""Kibo eCommerce as the engine sees it: `ports.Customers` (kibo.md)."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Collection, Iterator
from datetime import datetime, timedelta

from ccdesk.clients.http.caller import Call, Caller
from ccdesk.clients.http.pace import Pacer
from ccdesk.clients.http.policy import CallMeter, Retry
from ccdesk.clients.http.shape import Json, required_object
from ccdesk.clients.http.transport import Transport
from ccdesk.clients.kibo import parse
from ccdesk.clients.kibo.changes import Changes, Memo, NoMemo, customers
from ccdesk.clients.kibo.emails import EmailLookup
from ccdesk.clients.kibo.errors import ShopErrorPolicy
from ccdesk.clients.kibo.hints import Hints
from ccdesk.clients.kibo.lists import ACCOUNTS, Collections
from ccdesk.clients.kibo.names import find_by_name
from ccdesk.clients.kibo.session import AppSignIn, TenantPod
from ccdesk.clients.kibo.write import OptInWriter
from ccdesk.core.clock import Clock
from ccdesk.core.errors import ItemError, ServiceError, Unreadable
from ccdesk.core.models import Customer
from ccdesk.core.ports.shop import ConnectionTest, FlagChange, HintedEvent, KiboWrite, Tenant

log = logging.getLogger(__name__)

RETRY = Retry(refusals=3)  # each refusal costs a minute here (§4)


class Kibo:
    """Calls Kibo as the application; the tenant's host is found by itself unless `tenant_url` is given.

    `check_host` is told every host before the bearer goes there for the first time, and may raise.
    """

    def __init__(
        self,
        home_url: str,
        tenant_id: str,
        app_key: str,
        secret: Callable[[], str],
        *,
        meter: CallMeter,
        tenant_url: str = "",
        memo: Memo | None = None,
        check_host: Callable[[str], None] | None = None,
        transport: Transport | None = None,
        pacer: Pacer | None = None,
        retry: Retry = RETRY,
        clock: Clock | None = None,
    ) -> None:
        clock, memo = clock or Clock(), memo or NoMemo()
        home_url = home_url.rstrip("/").removesuffix("/api")
        self._caller = Caller(
            transport=transport or Transport("Kibo"),
            error_policy=ShopErrorPolicy(),
            pacer=pacer or Pacer(clock=clock),
            meter=meter,
            retry=retry,
            clock=clock,
        )
        sign_in = AppSignIn(self._caller, home_url, app_key, secret, clock=clock)
        self._pod = TenantPod(
            self._caller,
            sign_in,
            home_url=home_url,
            tenant_id=tenant_id,
            tenant_url=tenant_url.rstrip("/").removesuffix("/api"),
            check_host=check_host,
        )
        self._lists = Collections(self._pod)
        self._changes = Changes(self._lists, memo=memo, memo_name=f"kibo.dates.{tenant_id}")
        self._emails = EmailLookup(self._lists, memo=memo, memo_name=f"kibo.email_form.{tenant_id}")
        self._hints = Hints(self._pod, self._lists, memo=memo, memo_name=f"kibo.event_filter.{tenant_id}")
        self._writer = OptInWriter(self._pod)

    @property
    def cancel(self) -> threading.Event:
        """The cancellation that interrupts every wait; give each run its own."""
        return self._caller.cancel

    @cancel.setter
    def cancel(self, event: threading.Event) -> None:
        self._caller.cancel = event

    def tell_waits(self, listener: Callable[[int, float], None] | None) -> None:
        """Tell a run from now on when a call is tried again: tries in vain so far, seconds to wait."""
        self._caller.on_wait = listener

    @property
    def calls(self) -> int:
        """Calls sent so far by this client."""
        return self._caller.calls

    @property
    def server_time(self) -> datetime | None:
        """The server's clock as of its last answer, if it told."""
        return self._caller.transport.server_time

    @property
    def server_ahead(self) -> timedelta | None:
        """How far the server's clock is ahead of ours, as of its last answer."""
        return self._caller.transport.server_ahead

    def tenant(self) -> Tenant:
        """Return the tenant, resolved through the home pod (§1)."""
        return self._pod.tenant()

    def test(self) -> ConnectionTest:
        """Sign in, find the tenant and read one page of customers.

        Raises:
            Refused: key, secret, home, tenant or a permission is wrong; says which it may be.
            Unreachable: a service, or one of its addresses, does not answer as Kibo does.

        """
        tenant = self.tenant()
        page = self._lists.accounts(size=1)
        return ConnectionTest(tenant, page.total if page is not None else None)

    # ------------------------------------------------------------ reading

    def opted_in(self, after: int = 0) -> Iterator[list[Customer]]:
        """Yield pages of customers whose flag is set; asked for, and checked here all the same (§15.2).

        With ids above `after`, where Kibo can do that; else everybody's. And those who cannot be read.
        """
        pages = self._lists.by_id(
            "acceptsMarketing eq true",
            after,
            parse.EXPORT_FIELDS,
            opposite="acceptsMarketing eq false",
        )
        for page in pages:
            if found := [one for one in customers(page) if one.accepts_marketing or not one.readable]:
                yield found

    @property
    def left_to_read(self) -> int | None:
        """How many `opted_in` or `everyone` is still to yield, as its last page told; None if it did not."""
        return self._lists.left

    def everyone(self) -> Iterator[list[Customer]]:
        """Yield pages of all customers by ascending id."""
        for page in self._lists.by_id():
            yield customers(page)

    def changed_since(self, since: datetime) -> Iterator[list[Customer]]:
        """Yield pages of customers updated at or after `since`, oldest change first (§13)."""
        return self._changes.since(since)

    @property
    def finds_changes(self) -> bool:
        """False if `changed_since` has to read everybody; known once it has been asked."""
        return self._changes.by_date

    def newest_update(self) -> datetime | None:
        """Return the greatest update date of any customer, None for an empty shop."""
        return self._changes.newest()

    def get(self, customer_id: int) -> Customer:
        """Return one customer; NotFound if there is none, Unreadable if it says what cannot be meant."""
        answer = self._pod.call(Call(self._pod.request("GET", f"{ACCOUNTS}/{customer_id}"), item=True))
        read = parse.customer(required_object(answer))
        if read is None or read.id != customer_id:
            raise Unreadable(detail=f"account {customer_id}: another one came back")
        if not read.readable:
            raise Unreadable(detail=f"account {customer_id}: the opt-in or the email")
        return read

    def many(self, customer_ids: Collection[int]) -> Iterator[list[Customer]]:
        """Yield customers with these ids by pages; who does not come is not proven to be gone."""
        wanted = frozenset(customer_ids)
        for page in self._lists.among(wanted):
            yield [one for one in customers(page) if one.id in wanted]

    def by_email(self, email: str) -> list[Customer]:
        """Return every account with that email, compared as design R1 says, by ascending id.

        Where the filter cannot be trusted with this email, or is not honoured, everybody is read.
        """
        return self._emails.find(email)

    def by_name(self, name: str) -> tuple[list[Customer], bool]:
        """Return accounts whose name has these words, and False if there are too many to have read all.

        Raises:
            ItemError: Kibo cannot be asked for names.

        """
        return find_by_name(self._lists, name)

    # ------------------------------------------------------------ writing

    def set_opt_in(
        self, customer_id: int, value: bool, *, only_as: str = "", expected: Customer | None = None
    ) -> KiboWrite:
        """Read the whole account, change only `acceptsMarketing`, write it back, check the reply (§8)."""
        return self._writer.write(customer_id, value, only_as=only_as, expected=expected)

    # ------------------------------------------------------------ what may or may not be there

    def opt_in_set_at(self, customer_id: int) -> datetime | None:
        """Return when the flag was last switched on according to the audit log, None if it does not tell."""
        return self._hints.opt_in_set_at(customer_id)

    def flag_changes(self, customer_id: int) -> list[FlagChange]:
        """Return the changes of the opt-in by the audit log, oldest first; empty if it tells of none."""
        return self._hints.flag_changes(customer_id)

    def events_since(self, since: datetime | None) -> list[HintedEvent]:
        """Return customer events Kibo still offers; empty where it offers none (§9)."""
        return self._hints.events_since(since)

    def app_enabled(self) -> bool | None:
        """Return the application's status in Kibo; None when it cannot be read (§11)."""
        enabled = self._optional("/api/commerce/settings/applications").get("enabled")
        return enabled if isinstance(enabled, bool) else None

    def welcome_mail_on(self) -> bool | None:
        """Say whether Kibo's own Welcome mail appears to be on for any site; None when unreadable (§11)."""
        try:
            sites = self.tenant().site_ids
        except (ServiceError, ItemError):
            return None
        reported = [self._optional("/api/commerce/settings/general", site=site) for site in sites]
        if any(settings and parse.welcome_mail_on(settings) for settings in reported):
            return True
        return False if reported and all(reported) else None

    def _optional(self, path: str, *, site: int | None = None) -> Json:
        """Return an object that may be missing, refused or broken: then `{}`."""
        try:
            call = Call(self._pod.request("GET", path, site=site), item=True, optional=True)
            return required_object(self._pod.call(call))
        except (ServiceError, ItemError) as error:
            log.info("%s cannot be read: %s", path, error.title)
            return {}
