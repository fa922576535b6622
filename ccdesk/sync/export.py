"""The export (design R2): read both sides, plan through the store, act in bulk, read back.

Nothing is sent before Constant Contact's side has been read whole: any add would silently put people back
who left the list (constant-contact.md §14). Customers and contacts live in the staging tables, so memory
stays flat however large the shop is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import groupby

from ccdesk.core.errors import ItemError
from ccdesk.core.limits import IMPORT_MAX_BYTES, IMPORT_MAX_ROWS, LIST_JOB_MAX_IDS
from ccdesk.core.models import Contact, ContactFields, Customer, Link, LinkState, Owed, Ownership, Standing
from ccdesk.core.ports import StagedPerson
from ccdesk.core.runs import Entry, Outcome
from ccdesk.sync import context as names
from ccdesk.sync.context import RunContext
from ccdesk.sync.jobs import finish
from ccdesk.sync.mapping import creation_hash, fields_hash, to_fields
from ccdesk.sync.newcomers import acts_since, take_sign_ups
from ccdesk.sync.plan_export import Action, ExportDecision, plan_group

_PAGE = 500


def run_export(ctx: RunContext) -> None:
    """Do one export from beginning to end; every customer read gets one entry.

    Raises:
        CcdeskError: the run cannot go on; what was done so far stands and the next run goes on from there.

    """
    staging = ctx.store.staging
    staging.clear()
    ctx.require_list()
    mark = ctx.customers.newest_update()
    _read_customers(ctx)
    ctx.expected = staging.count()
    scan_began = _read_contacts(ctx)
    _start_inbound(ctx, scan_began)
    _plan(ctx)
    acted = _import(ctx) + _add_foreign(ctx) + _single_calls(ctx)
    if acted:
        _read_back(ctx)
    _confirm(ctx)
    with ctx.store.transaction():
        if ctx.store.state.get_time(names.EVENTS_SINCE) is None:
            ctx.store.state.set_time(names.EVENTS_SINCE, mark)
        if not ctx.store.state.get(names.BASELINE):
            ctx.store.state.set_time(names.BASELINE, mark or ctx.clock.now())
        if not acted:
            ctx.store.state.set_time(names.SCANNED_AT, ctx.mailing_now())
    staging.clear()


def _read_customers(ctx: RunContext) -> None:
    done = 0
    for page in ctx.customers.opted_in():
        ctx.check_cancel()
        done += ctx.store.staging.add_customers(page)
        ctx.progress("Reading customers from Kibo", done)


def _read_contacts(ctx: RunContext) -> datetime:
    """Scan every contact of every status; return the service's time when the scan began."""
    began = None
    done = 0
    for page in ctx.mailing.contacts(with_fields=True):
        began = began or ctx.mailing_now()
        ctx.check_cancel()
        ctx.store.staging.add_contacts(page)
        done += len(page)
        ctx.progress("Reading contacts from Constant Contact", done)
    return began or ctx.mailing_now()


# ---------------------------------------------------------------- plan


def _groups(ctx: RunContext) -> Iterator[list[list[Customer]]]:
    """Yield pages of groups of customers that share an e-mail; a group is never cut in two."""
    after = ("", -1)
    rest: list[Customer] = []
    while page := ctx.store.staging.customers(after, _PAGE):
        after = (page[-1].email_key, page[-1].id)
        groups = [list(group) for _, group in groupby(rest + page, key=lambda c: c.email_key)]
        rest = groups.pop()
        if groups:
            yield groups
    if rest:
        yield [rest]


def _plan(ctx: RunContext) -> None:
    """Decide for everybody; those who need nothing get their entry at once, the others wait in staging."""
    store = ctx.store
    first_export = not store.state.get(names.BASELINE)
    total = store.staging.count()
    done = 0
    for groups in _groups(ctx):
        ctx.check_cancel()
        contacts = store.staging.contacts([group[0].email_key for group in groups])
        links = store.links.many([customer.id for group in groups for customer in group])
        entries: list[Entry] = []
        saved: list[Link] = []
        planned: list[StagedPerson] = []
        for group in groups:
            contact = contacts.get(group[0].email_key) if group[0].email_key else None
            decisions = plan_group(
                group,
                contact,
                links,
                list_id=ctx.settings.list_id,
                first_export=first_export,
                guests=ctx.settings.guests,
            )
            done += len(group)
            for customer, decision in zip(group, decisions, strict=True):
                if decision.action is Action.NONE:
                    entries.append(_entry(customer, decision))
                    if decision.passed_over and customer.id not in links:
                        saved.append(Link(customer.id, email=customer.email, note=decision.reason))
                    elif not decision.keep_link:
                        saved.append(_settled(ctx, customer, contact, links.get(customer.id), decision))
                else:
                    planned.append(_staged(customer, contact, decision))
                    saved.append(_intended(ctx, customer, links.get(customer.id), decision))
        _keep_plan(ctx, saved, links, planned, entries)
        ctx.progress("Comparing both sides", done, total)


def _keep_plan(
    ctx: RunContext,
    saved: list[Link],
    known: dict[int, Link],
    planned: list[StagedPerson],
    entries: list[Entry],
) -> None:
    changed = [link for link in saved if known.get(link.customer_id) != link]
    with ctx.store.transaction():
        ctx.store.links.save(changed)
        ctx.store.staging.plan(planned)
        ctx.record(entries)


def _entry(customer: Customer, decision: ExportDecision) -> Entry:
    return Entry(customer.id, customer.email, decision.outcome, decision.reason, decision.code)


def _staged(customer: Customer, contact: Contact | None, decision: ExportDecision) -> StagedPerson:
    note = to_fields(customer).note if decision.action is not Action.ADD else ""
    reason = f"{decision.reason}; {note}" if note else decision.reason
    return StagedPerson(
        customer=customer,
        action=decision.action.value,
        reason=reason,
        contact_id=contact.id if contact else "",
        ownership=decision.ownership,
    )


def _settled(
    ctx: RunContext, customer: Customer, contact: Contact | None, link: Link | None, decision: ExportDecision
) -> Link:
    """The link of somebody for whom nothing is sent in this run."""
    link = link or Link(customer.id)
    agreed = decision.outcome is Outcome.UNCHANGED
    owed = link.owed if decision.owed is Owed.NOTHING and not agreed else decision.owed
    out_since = link.out_since
    if decision.owed is Owed.OPT_OUT and link.owed is not Owed.OPT_OUT:
        out_since = (contact.opt_out_at if contact else None) or ctx.mailing_now()
    on_list = contact is not None and ctx.settings.list_id in contact.list_ids
    return replace(
        link,
        email=customer.email,
        contact_id=contact.id if contact else link.contact_id,
        ownership=decision.ownership or link.ownership,
        state=decision.state,
        agreed=True if agreed else link.agreed,
        kibo_opted_in=True,
        kibo_updated_at=customer.updated_at,
        on_list=on_list and contact is not None and contact.standing is Standing.IN,
        owed=owed,
        owed_reason=decision.reason if owed is Owed.OPT_OUT else "",
        out_since=None if agreed else out_since,
        written_hash=link.written_hash if link.contact_id else "",  # else what was noted for a creation
        read_hash=_first_reading(link, contact, decision),
        note=decision.reason if decision.outcome in (Outcome.SKIPPED, Outcome.ERROR) else "",
    )


def _first_reading(link: Link, contact: Contact | None, decision: ExportDecision) -> str:
    """Keep how our contact looked when nothing differed, where that was not learned before."""
    if link.read_hash or contact is None or decision.ownership is not Ownership.OWNED:
        return link.read_hash
    return fields_hash(contact)


def _intended(ctx: RunContext, customer: Customer, link: Link | None, decision: ExportDecision) -> Link:
    """The link before the call: if we are cut off, the next run still knows that this contact is ours."""
    link = link or Link(customer.id)
    created = decision.outcome is Outcome.ADDED and decision.ownership is Ownership.OWNED
    return replace(
        link,
        email=customer.email,
        contact_id="" if created else link.contact_id,
        ownership=decision.ownership,
        written_hash=creation_hash(to_fields(customer).fields) if created else link.written_hash,
        written_at=ctx.mailing_now(),
        on_list=link.on_list and not created,
    )


# ---------------------------------------------------------------- act


def _people(ctx: RunContext, action: Action) -> Iterator[StagedPerson]:
    after = -1
    while page := ctx.store.staging.planned(action.value, after, _PAGE):
        yield from page
        after = page[-1].customer.id


def _import(ctx: RunContext) -> int:
    """Send new people and our own outdated contacts in imports filled up to just under both limits."""
    total, done, size = ctx.store.staging.count(Action.IMPORT.value), 0, 0
    batch: list[ContactFields] = []
    for person in _people(ctx, Action.IMPORT):
        fields = to_fields(person.customer).fields
        weight = ctx.mailing.row_size(fields)
        if batch and (len(batch) >= IMPORT_MAX_ROWS or size + weight > IMPORT_MAX_BYTES):
            done = _send_batch(ctx, batch, done, total)
            batch, size = [], 0
        batch.append(fields)
        size += weight
    if batch:
        done = _send_batch(ctx, batch, done, total)
    return done


def _send_batch(ctx: RunContext, batch: list[ContactFields], done: int, total: int) -> int:
    ctx.check_cancel()
    ctx.progress("Sending to Constant Contact", done, total)
    finish(ctx, ctx.mailing.start_import(batch, ctx.settings.list_id))
    ctx.progress("Sending to Constant Contact", done + len(batch), total)
    return done + len(batch)


def _add_foreign(ctx: RunContext) -> int:
    """Put contacts from other sources on the list without touching a field (seed: never overwrite)."""
    ids: list[str] = []
    done = 0
    for person in _people(ctx, Action.ADD):
        ids.append(person.contact_id)
        if len(ids) == LIST_JOB_MAX_IDS:
            done += _add_batch(ctx, ids)
            ids = []
    return done + (_add_batch(ctx, ids) if ids else 0)


def _add_batch(ctx: RunContext, ids: list[str]) -> int:
    ctx.check_cancel()
    finish(ctx, ctx.mailing.start_add(ids, ctx.settings.list_id))
    return len(ids)


def _single_calls(ctx: RunContext) -> int:
    """E-mails of 51–80 characters: the import stops at 50 (design R2)."""
    done = 0
    for action in (Action.CREATE, Action.REWRITE):
        for person in _people(ctx, action):
            ctx.check_cancel()
            try:
                _single_call(ctx, person, action)
            except ItemError as error:
                ctx.store.staging.plan([replace(person, action=f"{action.value}_failed", reason=error.title)])
            done += 1
    return done


def _single_call(ctx: RunContext, person: StagedPerson, action: Action) -> None:
    fields = to_fields(person.customer).fields
    if action is Action.CREATE:
        ctx.mailing.create(fields, ctx.settings.list_id, by_person=False)
        return
    ctx.mailing.rewrite(person.contact_id, fields, ctx.settings.list_id)


# ---------------------------------------------------------------- read back


def _read_back(ctx: RunContext) -> None:
    """Read the list's members anew: the bulk calls report no reliable per-person result (§14)."""
    staging = ctx.store.staging
    staging.clear_contacts()
    staging.clear_scan()
    total = staging.count() or 1
    # The next poll begins behind what is read here, so sign-ups since the last one are taken in now.
    since = acts_since(ctx, ctx.store.state.get_time(names.UPDATES_SINCE) or ctx.mailing_now())
    floor = None
    done = 0
    for page in ctx.mailing.contacts(list_id=ctx.settings.list_id, with_fields=True):
        ctx.check_cancel()
        staging.add_contacts(page)
        staging.add_scan([contact.id for contact in page])
        take_sign_ups(ctx, page, since)
        latest = max((c.updated_at for c in page if c.updated_at), default=None)
        floor = max((moment for moment in (floor, latest) if moment), default=None)
        done += len(page)
        ctx.progress("Checking the result", done, max(total, done))
    with ctx.store.transaction():
        ctx.store.state.set_time(names.SCANNED_AT, ctx.mailing_now())
        if floor is not None:
            # Our own writes end here: the next poll need not read all of them again (see inbound.py).
            ctx.store.state.set_time(names.UPDATES_FLOOR, floor + timedelta(seconds=1))


_SENT = (Action.IMPORT, Action.ADD, Action.CREATE, Action.REWRITE)


def _confirm(ctx: RunContext) -> None:
    """Give everybody who was sent an outcome by what the service shows now."""
    for action in _SENT:
        for suffix in ("", "_failed"):
            after = -1
            while page := ctx.store.staging.planned(action.value + suffix, after, _PAGE):
                after = page[-1].customer.id
                _confirm_page(ctx, page, failed=bool(suffix))


def _confirm_page(ctx: RunContext, page: list[StagedPerson], *, failed: bool) -> None:
    contacts = ctx.store.staging.contacts([person.customer.email_key for person in page])
    links = ctx.store.links.many([person.customer.id for person in page])
    entries: list[Entry] = []
    saved: list[Link] = []
    for person in page:
        customer, contact = person.customer, contacts.get(person.customer.email_key)
        on_list = (
            contact is not None
            and contact.standing is Standing.IN
            and ctx.settings.list_id in contact.list_ids
        )
        if contact is None or not on_list:
            reason = person.reason if failed else "Not on the list after it was sent to Constant Contact"
            code = "refused" if failed else "not_on_list"
            entries.append(Entry(customer.id, customer.email, Outcome.ERROR, reason, code))
            continue
        entries.append(Entry(customer.id, customer.email, _outcome(person), person.reason))
        saved.append(confirmed_link(ctx, links.get(customer.id), customer, contact, person.ownership))
    with ctx.store.transaction():
        ctx.store.links.save(saved)
        ctx.record(entries)


def _outcome(person: StagedPerson) -> Outcome:
    known = person.ownership is Ownership.OWNED and person.contact_id
    return Outcome.UPDATED if known else Outcome.ADDED


def confirmed_link(
    ctx: RunContext, link: Link | None, customer: Customer, contact: Contact, ownership: Ownership
) -> Link:
    """The link of somebody seen on the list after we put them there."""
    owned = ownership is Ownership.OWNED
    return replace(
        link or Link(customer.id),
        email=customer.email,
        contact_id=contact.id,
        ownership=ownership,
        state=LinkState.SYNCED,
        agreed=True,
        kibo_opted_in=True,
        kibo_updated_at=customer.updated_at,
        on_list=True,
        written_hash=fields_hash(to_fields(customer).fields) if owned else "",
        read_hash=fields_hash(contact) if owned else "",
        written_at=ctx.mailing_now(),
        opt_out_at=None,
        out_since=None,
        owed=Owed.NOTHING,
        owed_reason="",
        note="",
    )


def _start_inbound(ctx: RunContext, scan_began: datetime) -> None:
    """The scan was complete, so later polls need not look further back than its beginning."""
    for name in (names.OPT_OUTS_SINCE, names.UPDATES_SINCE):
        if ctx.store.state.get_time(name) is None:
            ctx.store.state.set_time(name, scan_began)
            ctx.store.state.set_time(names.INBOUND_BEGAN, scan_began)
