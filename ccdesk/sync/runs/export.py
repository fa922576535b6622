"""The export (design R2): read both sides, plan through the store, act in bulk, read back.

Nothing is sent before Constant Contact's side has been read whole: any add would silently put people back
who left the list (constant-contact.md §14). Everybody lives in the store, so memory stays flat however large
the shop is, and a power cut loses nothing (`unfinished`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from functools import partial
from itertools import groupby, islice

from ccdesk.core.ahead import Ahead, closing_pages
from ccdesk.core.exporting import Candidate, Planned
from ccdesk.core.limits import KIBO_OVERLAP
from ccdesk.core.models import Customer, Link
from ccdesk.core.runs import Entry, OffList
from ccdesk.sync import state_names as names
from ccdesk.sync.context import RunContext
from ccdesk.sync.moved_contacts import moved_links
from ccdesk.sync.outbox.own_writes import note_own_write
from ccdesk.sync.plan_export import LEFT_OUT, NEW_CONTACT, Action
from ccdesk.sync.plan_export_group import plan_followers, plan_group
from ccdesk.sync.runs import export_early as early
from ccdesk.sync.runs.export_candidates import candidate_of
from ccdesk.sync.runs.export_check import check
from ccdesk.sync.runs.export_first import list_has_members, note_exported, settle_question
from ccdesk.sync.runs.export_jobs import Watched
from ccdesk.sync.runs.export_links import end_begun, planned_of, unsent_of
from ccdesk.sync.runs.export_send import end_open_chunks, send
from ccdesk.sync.runs.export_session import PAGE, ExportSession, close, discard_stale, resume_or_start
from ccdesk.sync.runs.export_unreached import note_unreached
from ccdesk.sync.runs.members_file import MembersFile
from ccdesk.sync.sensors.contact_scan import ContactScan
from ccdesk.sync.sensors.shop_changes import queue_again
from ccdesk.sync.watermarks import begin_polls

_KEPT_AT_ONCE = 2_000  # people read between two writes: what a power cut makes us read again
_WINDOW = 20_000  # people planned by one statement, so that a cancellation is heard within a second


def run_export(ctx: RunContext) -> None:
    """Do one export from beginning to end; every customer read gets one entry.

    Raises:
        ListHasMembers: a person must be asked; a preview that goes on `past_question` ends with it.
        CcdeskError: the run cannot go on; what was done so far stands and the next run goes on from there.

    """
    ctx.require_list()
    export = resume_or_start(ctx)
    ctx.read, ctx.sent = ctx.store.exports.count(), ctx.store.exports.sent()
    end_open_chunks(ctx)
    sent_before = {chunk.number for chunk in ctx.store.exports.chunks()}
    watched, has_links = Watched(ctx), ctx.store.links.count() > 0
    with Ahead(1) as contacts, Ahead(early.THREADS) as calls:
        scan = ContactScan(ctx, contacts)
        plan = partial(_plan_early, ctx, scan, has_links=has_links)
        sending = early.Early(ctx, calls, scan, plan, watched)
        export = _read_customers(ctx, discard_stale(ctx, export), scan, sending)
        ctx.expected = ctx.read = ctx.store.exports.count()
        scan_began = scan.end()
        sending.end()
    _contacts_are_known(ctx, scan_began, has_links=has_links)
    export = settle_question(ctx, export, scan.members)
    asks = export.off_list is OffList.ASK
    if asks and ctx.past_question:
        export = replace(export, off_list=OffList.LEAVE_OUT)
    back = _plan(ctx, export.off_list)
    question = list_has_members(back, ctx.settings.list_name) if asks and back else None
    if question is not None and not ctx.past_question:
        raise question
    file = MembersFile(ctx, watched)
    send(ctx, watched, file.ask)
    check(ctx, scan_began, file, sent_before)
    note_unreached(ctx)
    with ctx.store.transaction():
        if not ctx.store.state.get(names.BASELINE):
            ctx.store.state.set_time(names.BASELINE, export.mark or ctx.clock.now())
        left_out = export.off_list is OffList.LEAVE_OUT
        note_exported(ctx.store, ctx.settings.list_id, left_out=left_out)
        close(ctx)
        ctx.store.staging.clear()
    if question is not None:
        raise question


def _read_customers(
    ctx: RunContext, export: ExportSession, scan: ContactScan, sending: early.Early
) -> ExportSession:
    """Read everybody opted in, from where an earlier run was cut short; then what changed since it began.

    Meanwhile `scan` reads the contacts, and `sending` sends whom it can.
    """
    exports = ctx.store.exports
    ctx.read = exports.count()
    if not export.read:
        ctx.progress("Reading customers from Kibo", ctx.read)
        read: list[Candidate] = []
        with closing_pages(ctx.shop.opted_in(exports.last_id())) as pages:
            for page in pages:
                ctx.check_cancel()
                read += _candidates(ctx, page)
                scan.go_on(ctx.read + len(read))
                if len(read) >= _KEPT_AT_ONCE or sending.begins(ctx.read + len(read)):
                    ctx.seen(one.customer for one in read)
                    ctx.read += exports.add(read)
                    read = []
                ctx.progress("Reading customers from Kibo", ctx.read + len(read))
                export = sending.go_on(ctx.read + len(read), export)
        ctx.seen(one.customer for one in read)
        ctx.read += exports.add(read)
        export = replace(export, read=True)
        export.save(ctx)
    if ctx.goes_on and export.mark is not None:
        for page in ctx.shop.changed_since(export.mark - KIBO_OVERLAP):
            ctx.check_cancel()
            ctx.seen(page)
            exports.refresh(_candidates(ctx, page))
            ctx.progress("Reading what changed in Kibo since", ctx.read)
    return export


def _candidates(ctx: RunContext, page: list[Customer]) -> list[Candidate]:
    guests, import_row = ctx.settings.guests, ctx.mail.import_row
    return [candidate_of(customer, guests=guests, import_row=import_row) for customer in page]


def _contacts_are_known(ctx: RunContext, scan_began: datetime, *, has_links: bool) -> None:
    """Before anybody is sent: a list deleted while it was read says nothing about anybody (design §3a R4).

    `has_links`: customers were linked before this run; without them nobody can be taken for having left.

    Raises:
        ListGone: it was deleted.

    """
    if has_links:
        ctx.require_list()
    _start_inbound(ctx, scan_began)


def _start_inbound(ctx: RunContext, scan_began: datetime) -> None:
    """Begin the polls where none ran yet: with the scan, or before it, when the list was chosen (§3a R4)."""
    if ctx.store.state.get_time(names.OPT_OUTS_SINCE) is None:
        begin_polls(ctx.store, scan_began)


# ---------------------------------------------------------------- plan


def _plan(ctx: RunContext, off_list: OffList) -> int:
    """Decide for everybody not sent yet; return how many contacts are not on the list and may join it.

    Those are put on it, or left out of it as `off_list` says.

    New contacts, whom neither side knows, are decided for in bulk, by the one decision there is for them. The
    others are decided for one by one; those who need nothing get their entry at once.
    """
    exports = ctx.store.exports
    total = ctx.expected or 0
    exports.begin_plan()
    after: int | None = 0
    looked = 0
    while after is not None:
        ctx.check_cancel()
        ctx.progress("Comparing both sides", min(looked, total), total)
        after = exports.plan_new_contacts(after, _WINDOW, NEW_CONTACT.action.value, NEW_CONTACT.ownership)
        looked += _WINDOW
    first_export = not ctx.store.state.get(names.BASELINE)
    back = 0
    for groups in _groups(ctx):
        ctx.check_cancel()
        back += _plan_page(ctx, groups, first_export=first_export, off_list=off_list)
    return back


def _plan_early(
    ctx: RunContext, scan: ContactScan, export: ExportSession, *, has_links: bool
) -> ExportSession:
    """Decide for those customers read so far who can be sent whatever the others are.

    Those are the ones nobody knows, and contacts from another source that are put on the list. Nobody else
    gets an outcome yet, and nobody is sent where a person has to be asked first (design §3a R2).
    """
    _contacts_are_known(ctx, scan.began, has_links=has_links)
    export = settle_question(ctx, export, scan.members)
    if export.off_list is OffList.ASK:
        return export
    exports = ctx.store.exports
    exports.begin_plan()
    after: int | None = 0
    for _ in range(early.MOST_PEOPLE // _WINDOW + 1):
        ctx.check_cancel()
        after = exports.plan_new_contacts(
            after or 0, _WINDOW, NEW_CONTACT.action.value, NEW_CONTACT.ownership
        )
        if after is None:
            break
    first_export = not ctx.store.state.get(names.BASELINE)
    groups = _groups(ctx) if after is None else iter(())
    for page in islice(groups, early.MOST_JUDGED // PAGE):
        ctx.check_cancel()
        _plan_page(ctx, page, first_export=first_export, off_list=export.off_list, sendable_only=True)
    return export


def _groups(ctx: RunContext) -> Iterator[list[list[Candidate]]]:
    """Yield pages of groups of candidates that share an email; a group is never cut in two."""
    after = ("", -1)
    rest: list[Candidate] = []
    while page := ctx.store.exports.undecided(after, PAGE):
        after = (page[-1].customer.email_key, page[-1].customer.id)
        groups = [list(group) for _, group in groupby(rest + page, key=lambda c: c.customer.email_key)]
        rest = groups.pop()
        if groups:
            yield groups
    if rest:
        yield [rest]


def _plan_page(
    ctx: RunContext,
    groups: list[list[Candidate]],
    *,
    first_export: bool,
    off_list: OffList,
    sendable_only: bool = False,
) -> int:
    """Decide for groups of accounts that share an email; `sendable_only`: store who can be sent early.

    Returns how many contacts it puts on the list, or leaves out of it (`_plan`).
    """
    store, guests = ctx.store, ctx.settings.guests
    keys = [group[0].customer.email_key for group in groups]
    contacts = store.staging.contacts([key for key in keys if key])
    sent = store.exports.sent_by_email([key for key in keys if key])
    by_email = store.links.by_emails([key for key in keys if key])
    links = {link.customer_id: link for some in by_email.values() for link in some}
    ids = [one.customer.id for group in groups for one in group]
    links |= store.links.many([number for number in ids if number not in links])  # their email is another now
    off_list_now = [c for c in contacts.values() if ctx.settings.list_id not in c.list_ids]
    moved = moved_links(store.links, off_list_now)
    entries: list[Entry] = []
    saved: list[Link] = []
    by_event: list[int] = []
    planned: list[Planned] = []
    back = 0
    for key, group in zip(keys, groups, strict=True):
        contact = contacts.get(key)
        if key in sent:
            decisions = plan_followers(group, sent[key], links, guests=guests)
        else:
            decisions = plan_group(
                group,
                contact,
                links,
                list_id=ctx.settings.list_id,
                first_export=first_export,
                guests=guests,
                others=by_email.get(key, ()),
                moved=moved.get(contact.id, ()) if contact is not None else (),
                off_list=off_list,
                skew=ctx.skew(),
            )
        for one, decision in zip(group, decisions, strict=True):
            number = one.customer.id
            off = contact is not None and ctx.settings.list_id not in contact.list_ids
            if decision.action is not Action.NONE:
                planned.append(planned_of(one, contact, decision))
                back += off
                continue
            back += off and decision.reason == LEFT_OUT
            told = decision.outcome, decision.reason, decision.code, decision.acted_at
            entries.append(Entry(number, one.customer.email, *told))
            link = unsent_of(ctx, one, contact, links.get(number), decision)
            saved += [] if link is None else [link]
            by_event += [number] if decision.by_event and link is not None else []
    if sendable_only:
        store.exports.decide([one for one in planned if one.action in early.SENT_EARLY])
        return back
    changed = [link for link in saved if links.get(link.customer_id) != link]
    with store.transaction():
        for link in changed:
            note_own_write(ctx, links.get(link.customer_id))
        store.links.save(changed)
        end_begun(ctx, changed, links)
        for number in by_event:
            queue_again(ctx, number)
        store.exports.decide(planned)
        ctx.record(entries)
    return back
