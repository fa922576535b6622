"""What became of everybody an export has sent: read back, because a bulk job does not tell (design R2).

A long list is read from the service's own file of its members, which costs a handful of calls; a customer who
is not in it is looked up, so that the file alone never says that somebody is missing. A short one is read by
pages.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator
from datetime import datetime, timedelta

from ccdesk.core.errors import ItemError, Refused, ServiceError
from ccdesk.core.exporting import Chunk, ChunkState, Planned
from ccdesk.core.intents import Ended
from ccdesk.core.models import Contact, Customer, Link, Ownership, Standing, email_key
from ccdesk.core.runs import Entry, Outcome
from ccdesk.sync import state_names as names
from ccdesk.sync.context import RunContext
from ccdesk.sync.item_errors import ITEM_ERRORS
from ccdesk.sync.mapping import creation_hash, shows_creation
from ccdesk.sync.outbox.plain import PLAINLY, sent_fields
from ccdesk.sync.plan_export import NEW_CONTACT, Action
from ccdesk.sync.runs.export_session import PAGE, begin, pages_of, with_open_intent
from ccdesk.sync.runs.export_singles import FAILED
from ccdesk.sync.runs.members_file import MembersFile
from ccdesk.sync.runs.sent_links import (
    NOT_ON_LIST,
    confirmed,
    failed,
    followers,
    out_since_sent,
    seen_to_since,
)
from ccdesk.sync.runs.sent_words import is_refused, reason_of, reported, why_refused
from ccdesk.sync.sensors.identity import resolve_identity
from ccdesk.sync.sensors.shop_changes import queue_again
from ccdesk.sync.sensors.unlinked_contacts import acts_since, rescan_from, take_sign_ups
from ccdesk.sync.standing_opt_outs import LEFT, out_words

log = logging.getLogger(__name__)

_FEW_LOOKUPS = 40
_PHASE = "Checking the result"


def check(ctx: RunContext, scan_began: datetime, file: MembersFile, sent_before: Collection[int]) -> None:
    """Give everybody who was sent an outcome by what the service shows now.

    `sent_before`: the chunks that an earlier run had sent when it was cut short.
    """
    chunks = ctx.store.exports.chunks()
    singles = [s + f for s in (Action.CREATE.value, Action.REWRITE.value) for f in ("", PLAINLY, FAILED)]
    if not chunks and not any(ctx.store.exports.unsent(one, -1, 1) for one in singles):
        ctx.store.state.set_time(names.SCANNED_AT, scan_began)
        return
    checker = _Checker(ctx, file, sent_before)
    checker.read()
    for chunk in chunks:
        checker.chunk(chunk)
    for action in singles:
        for page in pages_of(ctx, action):
            checker.people(page, None)
    ctx.store.state.set_time(names.SCANNED_AT, checker.scanned_at or scan_began)


class _Checker:
    """One reading back: `by_file` until pages had to be read after all."""

    def __init__(self, ctx: RunContext, file: MembersFile, sent_before: Collection[int]) -> None:
        self._ctx, self._file, self._sent_before = ctx, file, sent_before
        self._by_file = self._paged = False
        self._looked_up = 0
        self.scanned_at: datetime | None = None

    def read(self) -> None:
        """Read who is on the list, by the cheaper way."""
        if self._file.is_cheaper:
            self._by_file = self._read_file()
        if not self._by_file:
            self._read_pages()

    def _read_file(self) -> bool:
        """Read the members' file; False where the service does not give one that can be used.

        The next poll need not read again what we wrote ourselves. Who signed up since the last one is no news
        of the file's: the next scan of the list looks for them.
        """
        ctx, exports = self._ctx, self._ctx.store.exports
        exports.clear_seen()
        ctx.progress(_PHASE, ctx.total, ctx.expected or 0)
        written_until = ctx.mail_now() + timedelta(seconds=1)
        try:
            with ctx.mail.members_file(self._file.job()) as batches:
                for emails in batches:
                    ctx.check_cancel()
                    exports.add_seen(map(email_key, emails))
        except (ServiceError, ItemError, Refused) as error:
            log.info("the file of members cannot be used (%s); the list is read by pages", error.title)
            return False
        exports.index_seen()
        self._end_own_writes(written_until)
        return True

    def _end_own_writes(self, until: datetime) -> None:
        """Have the next poll begin behind what we wrote ourselves, and the next scan look for sign-ups.

        Those between the last poll and this moment the poll no longer sees, and reading the list need not
        have shown them: somebody who joins while it is read may come on a page that was read before.
        """
        ctx = self._ctx
        with ctx.store.transaction():
            rescan_from(ctx, self._sign_ups_since())
            ctx.store.state.set_time(names.UPDATES_FLOOR, until)

    def _sign_ups_since(self) -> datetime:
        ctx = self._ctx
        return acts_since(ctx, ctx.store.state.get_time(names.UPDATES_SINCE) or ctx.mail_now())

    def _read_pages(self) -> None:
        """Read the list's members by pages: exact, and the next poll need not read them again."""
        ctx, staging = self._ctx, self._ctx.store.staging
        staging.clear_contacts()
        # The next poll begins behind what is read here, so sign-ups since the last one are taken in now.
        since = self._sign_ups_since()
        floor = None
        done = 0
        for page in ctx.mail.contacts(list_id=ctx.settings.list_id, with_fields=True):
            ctx.check_cancel()
            page, _ = resolve_identity(ctx, page)
            staging.add_contacts(page)
            take_sign_ups(ctx, page, since)
            dates = [c.updated_at for c in page if c.updated_at]
            floor = max([*dates, floor] if floor else dates, default=None)
            done += len(page)
            ctx.progress(_PHASE, done)
        self._paged, self.scanned_at = True, ctx.mail_now()
        if floor is not None:
            self._end_own_writes(floor + timedelta(seconds=1))

    # ------------------------------------------------------------ people

    def chunk(self, chunk: Chunk) -> None:
        """Close a chunk: the usual case in bulk, everybody else one by one."""
        ctx = self._ctx
        ctx.check_cancel()
        sent = chunk.state is not ChunkState.REFUSED
        bulk = self._by_file and chunk.action == Action.IMPORT.value and sent
        if bulk:
            pattern = confirmed(
                Link(0), Customer(0, "", True), None, NEW_CONTACT.ownership, "", chunk.sent_at
            )
            closed = ctx.store.exports.settle(
                chunk, ctx.run.id, pattern, NEW_CONTACT.outcome, NEW_CONTACT.reason
            )
            ctx.settled(closed, NEW_CONTACT.outcome)
        after = -1
        while page := ctx.store.exports.unsettled(chunk, after, PAGE, new_contacts=not bulk):
            after = page[-1].customer.id
            self.people(page, chunk)
        ctx.progress(_PHASE, ctx.total, ctx.expected or 0)

    def people(self, page: list[Planned], chunk: Chunk | None) -> None:
        """Close people one by one."""
        ctx = self._ctx
        links = ctx.store.links.many([one.customer.id for one in page])
        entries: list[Entry] = []
        saved: list[Link] = []
        ended: dict[int, Ended] = {}
        missing: list[Planned] = []
        again: list[int] = []
        left = False
        absent: list[Planned] = []
        for one, contact, on_list in self._found(page):
            link = links.get(one.customer.id) or Link(one.customer.id)
            number, sent_at = one.customer.id, chunk.sent_at if chunk else ctx.mail_now()
            if reason := seen_to_since(link, one.customer, sent_at):
                entries.append(Entry(one.customer.id, one.customer.email, Outcome.SKIPPED, reason))
                continue
            if on_list:
                # Whose new fields were refused is tried again by the next export, and named again.
                kept = one.contact_id and is_refused(one, chunk)
                written = link.written_hash if kept else one.candidate.fields_hash
                saved.append(confirmed(link, one.customer, contact, one.ownership, one.contact_id, sent_at,
                                        written))  # fmt: skip
                ended[number] = Ended.DONE
            elif contact is not None and self._opted_out_since(one, link, contact, chunk, sent_at):
                saved.append(out_since_sent(ctx, link, one, contact, sent_at))
                ended[number] = Ended.DONE if contact.standing is Standing.IN else Ended.UNKNOWN
                left = left or contact.standing is Standing.IN
            else:
                absent.append(one)
                if link.being_added:  # its line is open already
                    saved.append(with_open_intent(ctx, one, link, sent_at))
                else:
                    missing.append(one)
            if not one.customer.accepts_marketing and on_list:
                again.append(one.customer.id)  # they opted out while the export lay still
            entries.append(self._entry(one, link, contact, chunk, sent_at, on_list=on_list))
        if left:
            ctx.require_list()  # asked after the absence was read: one deleted meanwhile says nothing
        saved += followers(ctx, absent)
        with ctx.store.transaction():
            ctx.store.links.save(saved)
            for how in set(ended.values()):
                ctx.store.intents.end([number for number, end in ended.items() if end is how], how)
            begin(ctx, missing, links, chunk.sent_at if chunk else ctx.mail_now(), by_job=chunk is not None)
            ctx.store.links.save(failed(ctx, entries))
            for customer_id in again:
                queue_again(ctx, customer_id)
            ctx.record(entries)

    def _found(self, page: list[Planned]) -> Iterator[tuple[Planned, Contact | None, bool]]:
        """Yield everybody with the contact as read, if it was, and whether they are on the list."""
        exports, staging = self._ctx.store.exports, self._ctx.store.staging
        keys, list_id = [one.customer.email_key for one in page], self._ctx.settings.list_id
        contacts = staging.contacts(keys) if self._paged else {}
        seen = exports.seen(keys) if self._by_file and not self._paged else set()
        for one in page:
            key = one.customer.email_key
            if key in seen:
                yield one, None, True
                continue
            contact = contacts.get(key)
            if contact is None:
                contact = self._look_up(one, key)
            yield one, contact, contact is not None and contact.is_mailed(list_id)

    def _look_up(self, one: Planned, key: str) -> Contact | None:
        """Ask about somebody who was not found: a call each while they are few, then the list by pages."""
        ctx = self._ctx
        if self._looked_up < _FEW_LOOKUPS:
            ctx.check_cancel()
            self._looked_up += 1
            try:
                return ctx.mail.find(one.customer.email)
            except ITEM_ERRORS as error:
                ctx.tolerate_item_error(error)
                return None
        if not self._paged:
            self._read_pages()
        return ctx.store.staging.contacts([key]).get(key)

    def _opted_out_since(
        self, one: Planned, link: Link, contact: Contact, chunk: Chunk | None, sent_at: datetime
    ) -> bool:
        """Say whether somebody not on the list has opted out since, or has left it.

        Left has somebody seen on it, or whose contact shows that our row landed: it was made since, as
        we sent it. Rows that an import lost make nobody a leaver, however the job ended (design §3a R2).
        Only imports lose rows (constant-contact.md §15): a list job that was done put everybody on the list,
        and those who are not there when the export goes on have left meanwhile.
        """
        if contact.standing is Standing.OUT:
            return True
        if contact.standing is not Standing.IN or one.action.endswith(FAILED):
            return False
        if link.on_list and link.contact_id in ("", contact.id):
            return True
        if chunk is not None and self._was_put_on(chunk):
            return True
        created = contact.created_at is not None and contact.created_at >= sent_at.replace(microsecond=0)
        sent = creation_hash(sent_fields(self._ctx, one))
        return not one.contact_id and created and shows_creation(sent, contact)

    def _was_put_on(self, chunk: Chunk) -> bool:
        """Say whether an earlier run's list job put the people of this chunk on the list."""
        listed = chunk.action == Action.ADD.value and chunk.state is ChunkState.DONE
        return listed and chunk.number in self._sent_before

    def _entry(
        self,
        one: Planned,
        link: Link,
        contact: Contact | None,
        chunk: Chunk | None,
        sent_at: datetime,
        *,
        on_list: bool,
    ) -> Entry:
        customer = one.customer
        if not customer.accepts_marketing:
            return Entry(customer.id, customer.email, Outcome.SKIPPED, "opted out in Kibo meanwhile")
        refused = is_refused(one, chunk)
        if on_list and not (refused and one.contact_id):
            known = one.ownership is Ownership.OWNED and one.contact_id
            outcome = Outcome.UPDATED if known else Outcome.ADDED
            if known and link.on_list and PLAINLY in one.action:
                outcome = Outcome.UNCHANGED  # the fields were refused, and the list had them before
            return Entry(customer.id, customer.email, outcome, reason_of(one))
        if contact is not None and self._opted_out_since(one, link, contact, chunk, sent_at):
            no = out_words(contact) if contact.standing is Standing.OUT else LEFT
            return Entry(customer.id, customer.email, Outcome.SKIPPED, no)
        if refused:
            return Entry(customer.id, customer.email, Outcome.ERROR, why_refused(one, chunk), "refused")
        reason = NOT_ON_LIST
        if words := reported(self._ctx, one, chunk):
            reason = f"{reason}, which said: {words}"
        return Entry(customer.id, customer.email, Outcome.ERROR, reason, "not_on_list")
