"""Processing the queue (design R3): each entry is decided by the customer as read now, against the link."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from ccdesk.core.errors import NotFound
from ccdesk.core.intents import Ended
from ccdesk.core.models import Customer, Link, LinkState, WriteBack
from ccdesk.core.runs import Entry, Outcome, QueuedEvent, Trigger
from ccdesk.sync.agreement import not_exported
from ccdesk.sync.context import RunContext
from ccdesk.sync.guard import dropped, hold_flags, mistakes
from ccdesk.sync.inherited_opt_out import inherited_opt_out
from ccdesk.sync.item_errors import ITEM_ERRORS, concerning_one
from ccdesk.sync.outbox.former_emails import former_emails
from ccdesk.sync.outbox.list_remove import list_remove
from ccdesk.sync.outbox.release import release
from ccdesk.sync.outbox.removal import Removal, off_link
from ccdesk.sync.outbox.welcomes import note_welcomes
from ccdesk.sync.persons import OptOut
from ccdesk.sync.plan_events import Change, what_changed
from ccdesk.sync.reconcile import Reconciler
from ccdesk.sync.runs.event_links import cleared_before, close_gone, close_unchanged, open_again
from ccdesk.sync.runs.newcomer_rule import name
from ccdesk.sync.runs.opt_ins import OptIn, process_opt_ins
from ccdesk.sync.runs.outcomes import charge_doubtful, fail, settle
from ccdesk.sync.sensors.accounts import AccountsByEmail
from ccdesk.sync.sensors.shop_changes import freshen, poll_customers

_BATCH = 5_000  # each costs a scan of all contacts where many opt in (`directory`), so a few large ones


@dataclass
class _Work:
    """One batch of entries on its way through the steps."""

    opted_in: list[OptIn] = field(default_factory=list)
    opted_out: list[tuple[QueuedEvent, Customer]] = field(default_factory=list)


def run_events(ctx: RunContext) -> None:
    """Look for changes, then process what is due, oldest first; but no opt-out waits for an opt-in.

    A service that cannot be used ends the run; entries not reached stay as they are. A failure of one
    entry is kept with it and never blocks the others. Whose opt-out the guard holds is left in the queue.
    """
    poll_customers(ctx)
    process_due(ctx)
    note_welcomes(ctx)
    charge_doubtful(ctx)


def process_due(ctx: RunContext) -> None:
    """Process what is due of the customers whom the run is about."""
    now = ctx.clock.now()
    leaving = _leaving(ctx, now)
    _drop_mistakes(ctx, leaving)
    held = hold_flags(ctx, leaving.losses, leaving.stay)
    leaving_ids = leaving.event_ids
    accounts = AccountsByEmail(ctx)
    _read_accounts(ctx, accounts, {n: email for n, email in leaving.emails.items() if n not in held})
    done, total = 0, ctx.store.queue.count()
    for batch in _due(ctx, now) if leaving_ids else ():
        _opt_outs(ctx, _sort_out(ctx, [event for event in batch if event.event_id in leaving_ids
                                       and event.object_id not in held]), accounts)  # fmt: skip
        ctx.progress("Processing opt-outs", done, max(total, done))
    for batch in _due(ctx, now):
        work = _sort_out(ctx, [event for event in batch if event.event_id not in leaving_ids])
        _leave_unweighed(ctx, work, held)
        _read_accounts(ctx, accounts, {customer.id: customer.email for _, customer in work.opted_out})
        _opt_outs(ctx, work, accounts)
        process_opt_ins(ctx, work.opted_in)
        done += len(batch)
        ctx.progress("Processing customer events", done, max(total, done))


def _read_accounts(ctx: RunContext, accounts: AccountsByEmail, emails: Mapping[int, str]) -> None:
    """Have the shop read once for who else has an email, or had one, of those who opted out (design R1)."""
    accounts.read_for([*emails.values(), *former_emails(ctx, emails)])


def _due(ctx: RunContext, now: datetime) -> Iterator[list[QueuedEvent]]:
    """Yield what is due in batches, oldest first; what was settled since is not due any more.

    A run somebody asks for does not leave out what waits for its next try (design §8); parked entries only
    Retry brings back.
    """
    early = ctx.run.trigger is Trigger.MANUAL
    after: tuple[datetime, str] | None = None
    while batch := ctx.store.queue.due(now, after, _BATCH, early=early):
        after = (batch[-1].created_at, batch[-1].event_id)
        yield [event for event in batch if ctx.concerns(event.object_id)]


def _leave_unweighed(ctx: RunContext, work: _Work, held: Collection[int]) -> None:
    """Weigh whose flag was cleared while this run went on (design R8): they had not been looked at yet.

    Where somebody is held already they are left to the next run, which weighs them together.
    """
    links = ctx.store.links.many([customer.id for _, customer in work.opted_out])
    losses = {number: link for number, link in links.items() if not link.being_taken_off}
    wait = set(losses) if held and losses else hold_flags(ctx, losses, ()) if losses else set()
    work.opted_out = [(event, customer) for event, customer in work.opted_out if customer.id not in wait]


@dataclass
class _Leaving:
    """Whose entries take them off the list, and by customer who of those looked at stays."""

    event_ids: dict[str, QueuedEvent] = field(default_factory=dict)
    emails: dict[int, str] = field(default_factory=dict)  # by customer, as we know them
    losses: dict[int, Link] = field(default_factory=dict)
    customers: dict[int, Customer] = field(default_factory=dict)
    stay: set[int] = field(default_factory=set)


def _leaving(ctx: RunContext, now: datetime) -> _Leaving:
    """Find out, before anybody is added or removed, whose entries take them off the list (design R8).

    A removal begun before has been weighed then.
    """
    found = _Leaving()
    for batch in _due(ctx, now):
        for event, customer, link in _may_leave(ctx, batch):
            if what_changed(customer, link) is not Change.OPTED_OUT:
                found.stay.add(customer.id)
                continue
            found.event_ids[event.event_id] = event
            found.emails[customer.id] = link.email
            if not link.being_taken_off:
                found.losses[customer.id] = link
                found.customers[customer.id] = customer
    return found


def _drop_mistakes(ctx: RunContext, leaving: _Leaving) -> None:
    """Close the entries of cleared flags that a person has called a mistake: nobody is taken off the list."""
    wrong = mistakes(ctx)
    for event_id, event in list(leaving.event_ids.items()):
        customer_id = event.object_id
        if customer_id not in wrong or customer_id not in leaving.losses:
            continue
        customer, link = leaving.customers.pop(customer_id), leaving.losses.pop(customer_id)
        reason = "opted out in Kibo by mistake, as a person has said: left on the list"
        entry = Entry(customer_id, customer.email, Outcome.SKIPPED, reason)
        stays = replace(off_link(ctx, link, customer, stays=True), agreed=None, note=reason)
        with ctx.store.transaction():
            settle(ctx, event, entry, stays, ended=Ended.UNKNOWN)
            dropped(ctx, wrong[customer_id])
        del leaving.event_ids[event_id]


def _may_leave(ctx: RunContext, batch: Sequence[QueuedEvent]) -> Iterator[tuple[QueuedEvent, Customer, Link]]:
    """Yield those of a batch who may be on the list through us, with the customer as read now."""
    links = ctx.store.links.many([event.object_id for event in batch])
    may = {number: link for number, link in links.items() if link.cleared_is_opt_out}
    ctx.fresh.read_ahead(may)
    for event in batch:
        ctx.check_cancel()
        if event.object_id not in may:
            continue
        try:
            yield event, ctx.fresh.peek(event.object_id), may[event.object_id]
        except ITEM_ERRORS as error:
            ctx.tolerate_item_error(error)  # it fails again when its turn comes, and is kept then
    ctx.answered()


def _sort_out(ctx: RunContext, batch: Sequence[QueuedEvent]) -> _Work:
    """Read each customer and settle at once what needs no call to Constant Contact."""
    work = _Work()
    freshen(ctx)
    ctx.fresh.read_ahead(event.object_id for event in batch)
    for event in batch:
        ctx.check_cancel()
        try:
            with concerning_one(event.object_id):
                _sort_out_one(ctx, event, work)
        except ITEM_ERRORS as error:
            fail(ctx, event, error, "")
    return work


def _sort_out_one(ctx: RunContext, event: QueuedEvent, work: _Work) -> None:
    try:
        customer = ctx.fresh.take(event.object_id)
    except NotFound:
        if (cleared := cleared_before(ctx, event)) is not None:
            work.opted_out.append((event, cleared))
        else:
            close_gone(ctx, event)
        return
    link = open_again(ctx, customer, _known_again(ctx, customer))
    if link is not None and _lets_go(ctx, customer, link):
        release(ctx, link)
    change = what_changed(customer, link)
    if change is Change.NOTHING and link is not None and link.state is LinkState.INVALID:
        change = Change.EMAIL if customer.accepts_marketing else change  # never got in: try it again
    if change is Change.OPTED_OUT:
        work.opted_out.append((event, customer))
    elif change is Change.NOTHING:
        close_unchanged(ctx, event, customer, link)
    else:
        work.opted_in.append((event, customer, change))


def _known_again(ctx: RunContext, customer: Customer) -> Link | None:
    """Return what is known of an account; one that was forgotten while opted in has its email again."""
    link = ctx.store.links.get(customer.id)
    if link is None or link.email_key or link.state is LinkState.CLOSED or not customer.email_key:
        return link
    if all(one.customer_id != customer.id for one in ctx.store.links.by_email(customer.email_key)):
        return link  # it was another email
    found = replace(link, email=customer.email)
    ctx.store.links.save([found])
    return found


def _lets_go(ctx: RunContext, customer: Customer, link: Link) -> bool:
    """Say whether an account keeps nobody with the email we know it by on the list any more."""
    return link.email_key != customer.email_key or bool(not_exported(customer, guests=ctx.settings.guests))


def _opt_outs(ctx: RunContext, work: _Work, accounts: AccountsByEmail) -> None:
    """Take people off the list, unless another account with the email still wants mail (design R1).

    What `accounts` has read may be minutes old: an account that has changed since has its own event.
    """
    removals: list[Removal] = []
    reconciler = Reconciler(ctx)
    for event, customer in work.opted_out:
        ctx.check_cancel()
        link = ctx.store.links.get(customer.id) or Link(customer.id, email=customer.email)
        try:
            with concerning_one(customer.id):
                removal = _removal(ctx, event, _read(ctx, customer, link, accounts), reconciler)
        except ITEM_ERRORS as error:
            fail(ctx, event, error, customer.email)
            continue
        ctx.answered()
        removals.append(removal)
    list_remove(ctx, removals, accounts, settle=settle, fail=fail)


def _read(ctx: RunContext, customer: Customer, link: Link, accounts: AccountsByEmail) -> OptOut:
    """Return an opt-out with what its person's other accounts show, and what is remembered of them."""
    if not link.email.strip():
        return OptOut(customer, link)
    others = accounts.others(link.email, customer.id)
    remembered = [one for one in ctx.store.links.by_email(link.email_key) if one.customer_id != customer.id]
    return OptOut(customer, link, others, remembered)


def _removal(ctx: RunContext, event: QueuedEvent, read: OptOut, reconciler: Reconciler) -> Removal:
    """Find out who keeps a person on the list; newcomers, who keep nobody, are named (design §3a R1).

    An account that has come by this email since its person opted out under another one keeps nobody on the
    list: once Kibo has been told of that opt-out, nobody would look at this list again. Asked of those alone
    who would keep the person, for it may take a call: nobody's opt-out waits for another account's contact.
    """
    found = reconciler.keepers(read)
    keeping = [one for one in read.others if one.id in found.keep]
    inherited = [inherited_opt_out(ctx, one, ctx.store.links.get(one.id)) for one in keeping]
    if moved := [one for one in inherited if one is not None]:
        read = replace(read, moved=moved)
        found = reconciler.keepers(read)
    if found.keep:
        return Removal(event, read, kept_by=found.keep[0])
    if read.link.pending is not WriteBack.OPT_OUT:  # else Kibo is about to be given it, for all accounts
        name(ctx, [one for one in read.others if one.id in found.newcomers])
    return Removal(event, read)
