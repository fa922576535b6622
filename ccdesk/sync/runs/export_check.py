"""What became of everybody an export has sent: read back, because a bulk job does not tell (design R2).

A long list is read from the service's own file of its members, which costs a handful of calls; whoever is not
in it is looked up, so that the file alone never says that somebody is missing. A short one is read by pages.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from ccdesk.core.emails import spellings
from ccdesk.core.errors import ItemError, Refused, ServiceError
from ccdesk.core.exporting import Chunk, ChunkState, Planned
from ccdesk.core.intents import Ended
from ccdesk.core.models import Contact, Customer, Link, LinkState, Ownership, Standing, WriteBack, email_key
from ccdesk.core.ports.mail import Activity
from ccdesk.core.runs import Entry, Outcome
from ccdesk.sync import context as names
from ccdesk.sync.context import ITEM_ERRORS, RunContext
from ccdesk.sync.mapping import creation_hash, fields_hash, shows_creation
from ccdesk.sync.outbox.jobs import failure_of
from ccdesk.sync.outbox.plain import PLAINLY, sent_fields
from ccdesk.sync.plan_export import NEW_CONTACT, Action
from ccdesk.sync.runs.export_jobs import Watched
from ccdesk.sync.runs.export_session import PAGE, begin, pages_of, with_open_intent
from ccdesk.sync.runs.export_singles import FAILED
from ccdesk.sync.sensors.identity import resolve_identity
from ccdesk.sync.sensors.shop_changes import queue_again
from ccdesk.sync.sensors.unlinked_contacts import acts_since, rescan_from, take_sign_ups
from ccdesk.sync.standing_opt_outs import LEFT, out_words

log = logging.getLogger(__name__)

FILE_FROM = 2_500  # people on the list from which the file is cheaper than pages of 500
_FEW_LOOKUPS = 40
_LINE = re.compile(r"\bline\s+(\d{1,9})\b", re.IGNORECASE)
_PHASE = "Checking the result"
_NOT_ON_LIST = "Not on the list after it was sent to Constant Contact"


class MembersFile:
    """The file of the list's members, asked for before the jobs it has to come after have ended."""

    def __init__(self, ctx: RunContext, watched: Watched) -> None:
        self._ctx, self._watched = ctx, watched
        self._job: Activity | None = None
        self._chunks: list[tuple[int, datetime]] = []

    @property
    def is_cheaper(self) -> bool:
        """True if the list is so long that the file costs fewer calls than its pages."""
        return self._ctx.store.links.count(on_list=True) + self._ctx.sent >= FILE_FROM

    def ask(self) -> None:
        """Ask for it if it will be wanted; where that fails it is asked for again, or pages are read."""
        if not self.is_cheaper:
            return
        try:
            self._job = self._ctx.mail.start_members_file(self._ctx.settings.list_id)
        except (ServiceError, ItemError, Refused) as error:
            log.info("the file of members is not begun yet: %s", error.title)
            return
        self._watched.also.add(self._job.id)
        self._chunks = self._sent()

    def job(self) -> Activity:
        """Return the job that has written it, begun anew if somebody was sent after it was asked for.

        Raises:
            CcdeskError: there is none.

        """
        if self._job is None or self._chunks != self._sent():
            self._job = self._ctx.mail.start_members_file(self._ctx.settings.list_id)
        job = self._watched.wait_for(self._job)
        if failure := failure_of(job):
            raise failure
        return job

    def _sent(self) -> list[tuple[int, datetime]]:
        return [(chunk.number, chunk.sent_at) for chunk in self._ctx.store.exports.chunks()]


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
            pattern = _confirmed(
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
            if reason := _seen_to_since(link, one.customer, sent_at):
                entries.append(Entry(one.customer.id, one.customer.email, Outcome.SKIPPED, reason))
                continue
            if on_list:
                # Whose new fields were refused is tried again by the next export, and named again.
                kept = one.contact_id and _is_refused(one, chunk)
                written = link.written_hash if kept else one.candidate.fields_hash
                saved.append(_confirmed(link, one.customer, contact, one.ownership, one.contact_id, sent_at,
                                        written))  # fmt: skip
                ended[number] = Ended.DONE
            elif contact is not None and self._opted_out_since(one, link, contact, chunk, sent_at):
                saved.append(_out(ctx, link, one, contact, sent_at))
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
        saved += _followers(ctx, absent)
        with ctx.store.transaction():
            ctx.store.links.save(saved)
            for how in set(ended.values()):
                ctx.store.intents.end([number for number, end in ended.items() if end is how], how)
            begin(ctx, missing, links, chunk.sent_at if chunk else ctx.mail_now(), by_job=chunk is not None)
            for customer_id in again:
                queue_again(ctx, customer_id)
            ctx.record(entries)

    def _found(self, page: list[Planned]) -> Iterator[tuple[Planned, Contact | None, bool]]:
        """Yield everybody with the contact as read, if it was, and whether they are on the list."""
        exports, staging = self._ctx.store.exports, self._ctx.store.staging
        keys = [one.customer.email_key for one in page]
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
            yield one, contact, self._is_member(contact)

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

    def _is_member(self, contact: Contact | None) -> bool:
        return (
            contact is not None
            and contact.standing is Standing.IN
            and self._ctx.settings.list_id in contact.list_ids
        )

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
        refused = _is_refused(one, chunk)
        if on_list and not (refused and one.contact_id):
            known = one.ownership is Ownership.OWNED and one.contact_id
            outcome = Outcome.UPDATED if known else Outcome.ADDED
            if known and link.on_list and PLAINLY in one.action:
                outcome = Outcome.UNCHANGED  # the fields were refused, and the list had them before
            return Entry(customer.id, customer.email, outcome, _reason(one))
        if contact is not None and self._opted_out_since(one, link, contact, chunk, sent_at):
            no = out_words(contact) if contact.standing is Standing.OUT else LEFT
            return Entry(customer.id, customer.email, Outcome.SKIPPED, no)
        if refused:
            words = chunk.reported[0] if chunk is not None and chunk.reported else one.reason
            return Entry(customer.id, customer.email, Outcome.ERROR, words, "refused")
        reason = _NOT_ON_LIST
        if reported := self._reported(one, chunk):
            reason = f"{reason}, which said: {reported}"
        return Entry(customer.id, customer.email, Outcome.ERROR, reason, "not_on_list")

    def _reported(self, one: Planned, chunk: Chunk | None) -> str:
        """Return what the job said about this person; shown to staff, and nothing is decided by it (§15)."""
        if chunk is None or not chunk.reported:
            return ""
        ways = [way.lower() for way in spellings(one.customer.email)]
        named = next((text for text in chunk.reported if any(way in text.lower() for way in ways)), "")
        if named:
            return named
        line = self._ctx.store.exports.place_in_chunk(chunk, one.customer.id) + 2  # line 1 is the header
        for text in chunk.reported:
            found = _LINE.search(text)
            if found and int(found.group(1)) == line and "@" not in text:
                return text
        return ""


def _followers(ctx: RunContext, absent: Sequence[Planned]) -> list[Link]:
    """Return the links of further accounts of people who are not on the list after they were sent.

    They counted as seen to with the account that was sent; now each is an opt-in that waits, so that the
    person is not forgotten if that account goes its own way.
    """
    by_email = ctx.store.links.by_emails([one.customer.email_key for one in absent])
    sent = {one.customer.id for one in absent}
    return [
        replace(link, kibo_opted_in=None, seen_set=True, note=f"{_NOT_ON_LIST} as customer {one.customer.id}")
        for one in absent
        for link in by_email.get(one.customer.email_key, ())
        if link.customer_id not in sent and _only_follows(link)
    ]


def _only_follows(link: Link) -> bool:
    quiet = link.pending is WriteBack.NOTHING and not link.may_be_there and not link.on_list
    return quiet and link.state is LinkState.SYNCED and link.kibo_opted_in is True


def _is_refused(one: Planned, chunk: Chunk | None) -> bool:
    """Say whether the service does not take this person, by whichever call."""
    return one.action.endswith(FAILED) or (chunk is not None and chunk.state is ChunkState.REFUSED)


def _reason(one: Planned) -> str:
    if one.reason:
        return one.reason
    return f"{NEW_CONTACT.reason}; {one.candidate.note}" if one.candidate.note else NEW_CONTACT.reason


def _seen_to_since(link: Link, customer: Customer, sent_at: datetime) -> str:
    """Say what another run saw to while the export lay still, "" if nothing: its link knows more than we do.

    Somebody it took off, or found out, is not on the list, or back on it by a later act: neither is news,
    least of all an opt-out or an opt-in. Where it followed a changed email, what we sent tells of the former
    only.
    """
    if link.written_at is None or link.written_at < sent_at:
        return ""
    if link.email_key != customer.email_key:
        return "email changed in Kibo after this was sent; its event saw to it"
    if link.kibo_opted_in is False and not link.may_be_there:
        return "opted out after this was sent; what is newer is decided with the customer's event"
    return ""


def _out(ctx: RunContext, link: Link, one: Planned, contact: Contact, sent_at: datetime) -> Link:
    """The link of somebody who unsubscribed or left after they were sent: pending like any opt-out."""
    known = _confirmed(link, one.customer, contact, one.ownership, one.contact_id, sent_at)
    return ctx.observing()(contact, known).link


def _confirmed(
    link: Link,
    customer: Customer,
    contact: Contact | None,
    ownership: Ownership,
    contact_id: str,
    sent_at: datetime,
    written: str = "",
) -> Link:
    """The link of somebody seen on the list after we put them there.

    Where only the email was seen, the contact's id is learned by the next poll (`plan_inbound`); until then a
    contact made since `sent_at` is taken for ours.
    """
    owned = ownership is Ownership.OWNED
    return replace(
        link,
        email=customer.email,
        contact_id=contact.id if contact else contact_id,
        ownership=ownership,
        state=LinkState.SYNCED,
        agreed=True,
        kibo_opted_in=True,
        kibo_updated_at=customer.updated_at,
        on_list=True,
        written_hash=written if owned else "",
        read_hash=fields_hash(contact) if owned and contact else "",
        written_at=sent_at,
        opt_out_at=None,
        out_since=None,
        out_after=None,
        pending=WriteBack.NOTHING,
        pending_reason="",
        note="",
        passed_by=False,
        begun=None,  # ended by this sight, see `people`
    )
