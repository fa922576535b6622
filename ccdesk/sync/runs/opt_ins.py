"""Opt-ins and new emails of the queue: who is put on the list, and why not (design R3, R5)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ccdesk.consent.route import Method
from ccdesk.core.errors import ItemError
from ccdesk.core.intents import Ended
from ccdesk.core.models import (
    Contact,
    Customer,
    Link,
    LinkState,
    Ownership,
    Standing,
    WriteBack,
)
from ccdesk.core.runs import Entry, Outcome, QueuedEvent
from ccdesk.core.words import marked
from ccdesk.sync import state_names as names
from ccdesk.sync.agreement import as_read, not_exported, passed_over
from ccdesk.sync.context import RunContext
from ccdesk.sync.inherited_opt_out import inherited_opt_out
from ccdesk.sync.item_errors import ITEM_ERRORS, concerning_one
from ccdesk.sync.journal import how_ended
from ccdesk.sync.mapping import BadEmail, check_email
from ccdesk.sync.observing import last_sight
from ccdesk.sync.outbox.former_emails import note_former_email
from ccdesk.sync.outbox.list_add import list_add
from ccdesk.sync.outbox.own_writes import note_own_write
from ccdesk.sync.outbox.single_add import Addition
from ccdesk.sync.outbox.welcomes import hold_welcomes
from ccdesk.sync.plan_events import Change
from ccdesk.sync.plan_export import UNDONE
from ccdesk.sync.plan_opt_in import NONE_TO_ASK, Seen, plan_opt_in
from ccdesk.sync.reconcile import Readings, Reconciler
from ccdesk.sync.runs.export_first import LEFT_TO_EXPORT, has_left_out, is_first_exports_business
from ccdesk.sync.runs.newcomer_rule import unname
from ccdesk.sync.runs.outcomes import fail, settle
from ccdesk.sync.sensors.contact_directory import ContactDirectory
from ccdesk.sync.standing_opt_outs import BEFORE_MOVE, unsubscribed_at

OptIn = tuple[QueuedEvent, Customer, Change]


def process_opt_ins(ctx: RunContext, opted_in: Sequence[OptIn]) -> None:
    """Put people on the list; each entry is settled or fails for itself (design R3)."""
    directory = ContactDirectory(ctx, len(opted_in))
    while opted_in:
        # Two accounts of one person in one batch: the second looks again once the first is done.
        first: dict[str, OptIn] = {}
        others = [one for one in opted_in if first.setdefault(_person(one), one) is not one]
        _process_distinct(ctx, list(first.values()), directory)
        directory.outdate(first)
        opted_in = others


def _person(opt_in: OptIn) -> str:
    """Return what makes two accounts one person; without an email nobody is anybody else."""
    _, customer, _ = opt_in
    return customer.email_key or f"#{customer.id}"


def _process_distinct(ctx: RunContext, opted_in: Sequence[OptIn], directory: ContactDirectory) -> None:
    """Put people on the list, all of them different ones."""
    additions: list[Addition] = []
    reconciler = Reconciler(ctx)
    for event, customer, change in opted_in:
        ctx.check_cancel()
        try:
            with concerning_one(customer.id):
                addition = _decide(ctx, event, customer, change, directory, reconciler)
        except ITEM_ERRORS as error:
            fail(ctx, event, error, customer.email)
            continue
        ctx.answered()
        if addition is not None:
            additions.append(addition)
    list_add(ctx, hold_welcomes(ctx, additions), settle=settle, fail=fail)


def _decide(
    ctx: RunContext,
    event: QueuedEvent,
    customer: Customer,
    change: Change,
    directory: ContactDirectory,
    reconciler: Reconciler,
) -> Addition | None:
    """Decide for one person; settles here and returns None where nothing is sent."""
    known = ctx.store.links.get(customer.id)
    known = as_read(known, customer) if known is not None else None
    if _not_exported(ctx, event, customer, known):
        return None
    if _opted_out_before(ctx, event, customer, known, directory):
        return None
    if change is Change.EMAIL and _stays_undone(ctx, event, customer, known):
        return None
    note_former_email(ctx, customer, known, directory.find)
    link = _for_this_email(known, customer)
    if _unsendable(ctx, event, customer, link):
        return None
    others = [o for o in ctx.store.links.by_email(customer.email_key) if o.customer_id != customer.id]
    found = directory.of(customer, link, others)
    contact, link = found.contact, found.link
    if contact is not None and _left_to_export(ctx, event, customer, contact, known):
        return None
    anew = change is Change.OPTED_IN
    new = anew and _is_true_opt_in(ctx, customer, known)
    seen = Seen(customer, contact, link, anew, welcome=ctx.settings.welcome and new)
    left_out = not anew and not seen.ours and has_left_out(ctx)
    decision = plan_opt_in(reconciler.decide(Readings(customer, found.told, link, others, left_out)), seen)
    if decision.method is Method.RESUBSCRIBE and contact is None:
        contact = directory.unsubscribed([*([link] if link else []), *others])
        decision = decision if contact is not None else NONE_TO_ASK
    if decision.method not in (None, Method.RESUBSCRIBE) or decision.outcome is Outcome.UNCHANGED:
        unname(ctx, others)
    addition = Addition(event, customer, contact, link, decision, new)
    if decision.method is not None:
        return addition
    if decision.state is LinkState.LEFT_LIST:
        ctx.require_list()  # asked after the absence was read: one deleted meanwhile says nothing (§3a R4)
    entry = Entry(customer.id, customer.email, decision.outcome, decision.reason, acted_at=decision.acted_at)
    untouched = _untouched_link(ctx, addition)
    ended = (
        how_ended(link, on_list=untouched.on_list) if link and decision.state is not LinkState.HELD else None
    )
    settle(ctx, event, entry, untouched, conflict=decision.conflict, ended=ended)
    return None


def _is_true_opt_in(ctx: RunContext, customer: Customer, link: Link | None) -> bool:
    """Say whether the person opted in since ccdesk knows the shop: only then is there a welcome (design R3).

    Somebody an export has read was in before. Without an export the first look is the bound, and the audit
    log is asked about accounts older than that.
    """
    if link is not None:
        return link.kibo_opted_in is False
    if ctx.store.state.get(names.BASELINE):
        return True
    began = ctx.store.state.get_time(names.EVENTS_BEGAN)
    if began is None or not ctx.settings.welcome:
        return False
    if customer.created_at is not None and customer.created_at > began:
        return True
    set_at = ctx.shop.opt_in_set_at(customer.id)
    return set_at is not None and set_at > began


def _not_exported(ctx: RunContext, event: QueuedEvent, customer: Customer, link: Link | None) -> bool:
    """Settle what counts for nothing as it is."""
    reason = not_exported(customer, guests=ctx.settings.guests)
    if not reason:
        return False
    seen = replace(passed_over(link, customer, reason), kibo_updated_at=customer.updated_at)
    settle(ctx, event, Entry(customer.id, customer.email, Outcome.SKIPPED, reason), seen)
    return True


def _opted_out_before(
    ctx: RunContext, event: QueuedEvent, customer: Customer, link: Link | None, directory: ContactDirectory
) -> bool:
    """Settle a new email of somebody who had opted out under the old one: that is the person's (design R1).

    The link keeps the old email until Kibo has been told.
    """
    inherited = inherited_opt_out(ctx, customer, link, directory.former)
    if inherited is None:
        return False
    reason, at = BEFORE_MOVE.format(reason=inherited.pending_reason), unsubscribed_at(inherited)
    entry = Entry(customer.id, customer.email, Outcome.SKIPPED, reason, acted_at=at)
    seen = replace(inherited, kibo_updated_at=customer.updated_at, passed_by=False)
    settle(ctx, event, entry, seen, ended=Ended.UNKNOWN)
    return True


def _stays_undone(ctx: RunContext, event: QueuedEvent, customer: Customer, link: Link | None) -> bool:
    """Settle a new email of somebody taken off the list by an undo: it is no new opt-in (design §8)."""
    if link is None or link.state is not LinkState.UNDONE:
        return False
    reason = link.note or UNDONE
    moved = replace(
        link,
        email=customer.email,
        contact_id="",
        ownership=Ownership.NONE,
        kibo_updated_at=customer.updated_at,
        written_hash="",
        read_hash="",
    )
    settle(ctx, event, Entry(customer.id, customer.email, Outcome.SKIPPED, reason), moved)
    return True


def _left_to_export(
    ctx: RunContext, event: QueuedEvent, customer: Customer, contact: Contact, link: Link | None
) -> bool:
    """Settle what no event can tell before the first export: an older opt-in of a person off the list."""
    if contact.standing is not Standing.IN:
        return False
    if not is_first_exports_business(ctx, customer, contact, link):
        return False
    seen = Link(customer.id, email=customer.email, kibo_updated_at=customer.updated_at, note=LEFT_TO_EXPORT)
    entry = Entry(customer.id, customer.email, Outcome.SKIPPED, LEFT_TO_EXPORT)
    settle(ctx, event, entry, as_read(seen, customer))
    return True


def _for_this_email(link: Link | None, customer: Customer) -> Link | None:
    """The link without what it knows of another email's contact, which is left alone (seed: FAQ)."""
    if link is None or link.email_key == customer.email_key:
        return link
    return replace(
        link,
        contact_id="",
        ownership=Ownership.NONE,
        state=LinkState.SYNCED,
        on_list=False,
        written_hash="",
        read_hash="",
        opt_out_at=None,
        out_since=None,
        undated=False,
        out_after=None,
        pending=WriteBack.NOTHING,
        pending_reason="",
    )


def _unsendable(ctx: RunContext, event: QueuedEvent, customer: Customer, link: Link | None) -> bool:
    link = link or as_read(Link(customer.id), customer)
    email = customer.email.strip()
    bad = check_email(email) if email else BadEmail("no_email", "The customer has no email in Kibo.")
    if bad is None:
        return False
    reason, code = bad.reason, bad.code
    seen = replace(
        link,
        email=customer.email,
        kibo_opted_in=True,
        kibo_updated_at=customer.updated_at,
        state=LinkState.INVALID,
        on_list=False,
        note=reason,
    )
    note_own_write(ctx, ctx.store.links.get(customer.id))
    ctx.store.links.save([seen])
    error = ItemError(
        reason, next_step=marked("Correct the email in Kibo; the change is then taken up."), code=code
    )
    fail(ctx, event, error, customer.email)
    return True


def _untouched_link(ctx: RunContext, addition: Addition) -> Link:
    """The link of somebody for whom nothing is sent: what was seen, and what is pending because of it."""
    customer, contact, decision = addition.customer, addition.contact, addition.decision
    link = addition.link or as_read(Link(customer.id), customer)
    # What was noted for a creation is done with; one seen on the list since then keeps it.
    learned = contact is not None and not link.contact_id and not link.on_list
    agreed = decision.outcome is Outcome.UNCHANGED
    left = decision.state is LinkState.LEFT_LIST
    left_at = ctx.mail_now() if left else None  # known from now on
    dated = contact.opt_out_at if contact is not None else None
    if decision.state is LinkState.HELD:  # neither in nor out: what is known of the list and pending holds
        return replace(
            link,
            email=customer.email,
            state=LinkState.HELD,
            kibo_opted_in=True,
            kibo_updated_at=customer.updated_at,
            note=decision.reason,
        )
    return replace(
        link,
        email=customer.email,
        contact_id=contact.id if contact else link.contact_id,
        ownership=decision.ownership or link.ownership,
        state=decision.state,
        agreed=True if agreed else link.agreed,
        kibo_opted_in=True,
        kibo_updated_at=customer.updated_at,
        on_list=contact is not None and contact.is_mailed(ctx.settings.list_id),
        written_hash="" if learned else link.written_hash,
        pending=decision.pending,
        pending_reason=decision.reason if decision.pending is WriteBack.OPT_OUT else "",
        out_since=None if agreed else dated or link.out_since or left_at,
        undated=link.undated and not agreed and dated is None,
        out_after=None if agreed else link.out_after or (last_sight(ctx, link) if left else None),
        note="" if agreed else decision.reason,
        passed_by=False,
    )
