"""The scan of all contacts that an export plans by, read while Kibo is still being read (design R2, §10).

Nothing is sent before it is complete. It begins late enough to end with the customers, and where it began
long before, what has changed since is asked for once more: nobody is sent on stale consent.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from ccdesk.core.ahead import Ahead, Begun
from ccdesk.core.errors import Unreadable
from ccdesk.core.limits import MAIL_OVERLAP
from ccdesk.core.models import Contact
from ccdesk.core.words import marked
from ccdesk.sync.context import RunContext
from ccdesk.sync.sensors.identity import resolve_identity

_OLD = 120.0  # seconds after which a scan is asked what has changed since
_PHASE = "Reading contacts from Constant Contact"

_Page = tuple[list[Contact] | None, datetime]  # None: there are no more; and the service's time then


class ContactScan:
    """Reads all contacts into the working tables, a page at a time, the next one always on its way."""

    def __init__(self, ctx: RunContext, ahead: Ahead) -> None:
        self._ctx, self._ahead = ctx, ahead
        self._pages: Iterator[list[Contact]] = iter(())
        self._next: Begun[_Page] | None = None
        self._began: datetime | None = None
        self.complete = False  # all contacts are in the working tables
        self._fresh_at = 0.0  # when what is there was asked for, by the clock that only ever grows
        self._fresh_since: datetime | None = None  # the same on the service's clock
        self._done = 0
        self.members = 0  # contacts seen on the active list
        # Both services take about as long for half of a shop that was exported before as for its contacts.
        self._begin_after = ctx.store.links.count() // 2

    def go_on(self, customers: int) -> None:
        """Take in a page that has come; begin once so many customers are read that both end together."""
        if self._next is None:
            if customers >= self._begin_after:
                self._begin()
        elif self._next.ready and not self.complete:
            self._take()

    def end(self) -> datetime:
        """Take in all that is left; return the service's time when the scan began."""
        ctx = self._ctx
        if self._next is None:
            self._begin()
        ctx.progress(_PHASE, self._done)
        while not self.complete and self._take():
            ctx.progress(_PHASE, self._done)
        self.refresh()
        return self.began

    @property
    def began(self) -> datetime:
        """The service's time when the scan began."""
        return self._began or self._ctx.mail_now()

    def refresh(self) -> None:
        """Read what has changed since, where a complete scan is old by now (design R2)."""
        if self._ctx.clock.monotonic() - self._fresh_at > _OLD:
            self._read_changes(self._fresh_since or self.began)

    def _begin(self) -> None:
        self._ctx.store.staging.clear()
        self._fresh_at = self._ctx.clock.monotonic()
        self._pages = self._ctx.mail.contacts(with_fields=True)
        self._next = self._ahead.begin(self._fetch)

    def _fetch(self) -> _Page:
        """Read one page; in another thread, so nothing of the run is touched."""
        return next(self._pages, None), self._ctx.mail_now()

    def _take(self) -> bool:
        """Wait for the page on its way and keep it; False if there was none any more."""
        assert self._next is not None  # begun
        page, now = self._next.result()
        self._began = self._began or now
        if page is None:
            self.complete = True
            return False
        self._next = self._ahead.begin(self._fetch)
        self._keep(page)
        return True

    def _read_changes(self, moment: datetime) -> None:
        """Read what has changed since the contacts were read: the rest took longer than a look does."""
        self._fresh_at, self._fresh_since = self._ctx.clock.monotonic(), self._ctx.mail_now()
        since = moment - MAIL_OVERLAP
        for page in self._ctx.mail.contacts(opted_out_after=since, with_fields=True):
            self._keep(page)
        for page in self._ctx.mail.contacts(updated_after=since, with_fields=True):
            self._keep(page)

    def _keep(self, page: list[Contact]) -> None:
        self._ctx.check_cancel()
        known, apart = resolve_identity(self._ctx, page)
        if apart:
            raise _whose(apart)
        self._ctx.store.staging.add_contacts(known)
        self._done += len(page)
        self.members += sum(self._ctx.settings.list_id in one.list_ids for one in known)


def _whose(contacts: list[Contact]) -> Unreadable:
    """Return why an export stops: anybody taken for new could be this contact, who may have opted out."""
    which = ", ".join(one.id or "one without an id" for one in contacts)
    return Unreadable(
        marked("Constant Contact does not say whose contact this is"),
        meaning=marked(
            "The id or the email of a contact cannot be read ({which}). Nobody was sent, for this may "
            "be somebody who opted out."
        ).format(which=which),
        next_step=marked("Look at this contact in Constant Contact, then start the export again."),
    )
