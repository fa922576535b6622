"""Processing the queue (design R3): each entry is judged by the customer as read now, against the link."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from ccdesk.core.errors import CcdeskError, ItemError, NotFound, Refused
from ccdesk.core.limits import RETRY_MOST
from ccdesk.core.models import (
    Contact,
    Customer,
    Link,
    LinkState,
    Owed,
    Ownership,
    Standing,
    email_key,
)
from ccdesk.core.runs import Entry, EventStatus, Outcome, QueuedEvent
from ccdesk.sync import context as names
from ccdesk.sync.context import PERSONAL, RunContext
from ccdesk.sync.later import opt_in_is_later
from ccdesk.sync.look import look
from ccdesk.sync.mapping import BadEmail, check_email
from ccdesk.sync.named import named
from ccdesk.sync.plan_events import Change, Step, plan_opt_in, what_changed
from ccdesk.sync.plan_export import not_exported, passed_over, wants_mail
from ccdesk.sync.put_on_list import Placing, place
from ccdesk.sync.take_off import Removal, off_link, take_off

_BATCH = 200
_FEW_LOOKUPS = 40  # above this, one scan of all contacts is cheaper than a look-up each
_RETRY_FIRST = timedelta(minutes=5)


@dataclass
class _Work:
    """One batch of entries on its way through the steps."""

    opted_in: list[tuple[QueuedEvent, Customer, Change]] = field(default_factory=list)
    opted_out: list[tuple[QueuedEvent, Customer]] = field(default_factory=list)


def run_events(ctx: RunContext) -> None:
    """Look for changes, then process what is due, oldest first; but no opt-out waits for an opt-in.

    A service that cannot be used ends the run; entries not reached stay as they are. A failure of one
    entry is kept with it and never blocks the others.
    """
    look(ctx)
    now = ctx.clock.now()
    _guard_removals(ctx, now)
    done, total = 0, ctx.store.queue.count()
    for batch in _due(ctx, now):
        leaving = [event for event, customer, _ in _may_leave(ctx, batch) if not customer.accepts_marketing]
        _opt_outs(ctx, _sort_out(ctx, leaving))
        ctx.progress("Processing opt-outs", done, max(total, done))
    for batch in _due(ctx, now):
        work = _sort_out(ctx, batch)
        _opt_outs(ctx, work)
        _opt_ins(ctx, work)
        done += len(batch)
        ctx.progress("Processing customer events", done, max(total, done))


def _due(ctx: RunContext, now: datetime) -> Iterator[list[QueuedEvent]]:
    """Yield what is due in batches, oldest first; what was settled or put off since is not due any more."""
    after: tuple[datetime, str] | None = None
    while batch := ctx.store.queue.due(now, after, _BATCH):
        after = (batch[-1].created_at, batch[-1].event_id)
        yield batch


def _guard_removals(ctx: RunContext, now: datetime) -> None:
    """Count, before anybody is added or removed, who this run would take off the list (design R8)."""
    if ctx.confirmed or ctx.store.queue.count() <= names.GUARD_PEOPLE:
        return
    leaving = 0
    for batch in _due(ctx, now):
        found = _may_leave(ctx, batch)
        leaving += sum(what_changed(customer, link) is Change.OPTED_OUT for _, customer, link in found)
    ctx.guard(leaving, "taken off the list")


def _may_leave(ctx: RunContext, batch: Sequence[QueuedEvent]) -> Iterator[tuple[QueuedEvent, Customer, Link]]:
    """Yield those of a batch who may be on the list through us, with the customer as read now."""
    links = ctx.store.links.many([event.object_id for event in batch])
    for event in batch:
        ctx.check_cancel()
        link = links.get(event.object_id)
        if link is None or not (link.kibo_opted_in or link.adding):
            continue
        try:
            yield event, ctx.peek(event.object_id), link
        except PERSONAL as error:
            ctx.spare(error)  # it fails again when its turn comes, and is kept then
    ctx.answered()


def _sort_out(ctx: RunContext, batch: Sequence[QueuedEvent]) -> _Work:
    """Read each customer and settle at once what needs no call to Constant Contact."""
    work = _Work()
    for event in batch:
        ctx.check_cancel()
        try:
            customer = ctx.customer(event.object_id)
        except NotFound:
            _close_gone(ctx, event)
            continue
        except PERSONAL as error:
            fail(ctx, event, error, "")
            continue
        link = ctx.store.links.get(customer.id)
        change = what_changed(customer, link)
        if change is Change.NOTHING and link is not None and link.state is LinkState.INVALID:
            change = Change.EMAIL if customer.accepts_marketing else change  # never got in: try it again
        if change is Change.OPTED_OUT:
            work.opted_out.append((event, customer))
        elif change is Change.NOTHING:
            _nothing(ctx, event, customer, link)
        else:
            work.opted_in.append((event, customer, change))
    return work


def _nothing(ctx: RunContext, event: QueuedEvent, customer: Customer, link: Link | None) -> None:
    known = link or Link(customer.id, email=customer.email, kibo_opted_in=False)
    opted_in = customer.accepts_marketing and known.kibo_opted_in is True
    seen = replace(
        known,
        email=customer.email if not customer.accepts_marketing and not known.contact_id else known.email,
        kibo_opted_in=opted_in,
        kibo_updated_at=customer.updated_at,
    )
    entry = Entry(customer.id, customer.email, Outcome.UNCHANGED, "no change of opt-in or e-mail")
    settle(ctx, event, entry, seen)


def _close_gone(ctx: RunContext, event: QueuedEvent) -> None:
    link = ctx.store.links.get(event.object_id)
    reason = "customer is gone from Kibo; the contact is left as it is"
    entry = Entry(event.object_id, link.email if link else "", Outcome.SKIPPED, reason)
    closed = replace(link, state=LinkState.CLOSED, owed=Owed.NOTHING, note=reason) if link else None
    settle(ctx, event, entry, closed)


# ---------------------------------------------------------------- outcomes of an entry


def settle(
    ctx: RunContext, event: QueuedEvent, entry: Entry, link: Link | None, *, conflict: bool = False
) -> None:
    """Close an entry: its outcome, the link and the queue move together or not at all."""
    with ctx.store.transaction():
        if link is not None:
            ctx.store.links.save([link])
        ctx.store.queue.save(
            replace(
                event,
                status=EventStatus.PROCESSED,
                processed_at=ctx.clock.now(),
                result=f"{entry.outcome.value}: {entry.reason}",
                error="",
                next_try_at=None,
            )
        )
        ctx.store.queue.supersede(event.object_id, event.event_id, ctx.clock.now())
        ctx.record([entry], conflicts=int(conflict))


def fail(ctx: RunContext, event: QueuedEvent, error: CcdeskError, email: str) -> None:
    """Keep a failed entry: a passing failure is tried again later and later, a lasting one is parked.

    A 403 may lie in the permissions, which are mended without this entry being touched: it is tried again.

    Raises:
        CcdeskError: the error itself, where it is the service's and not this entry's.

    """
    ctx.spare(error)
    attempts = event.attempts + 1
    if error.retry_helps or isinstance(error, Refused):
        status, delay = EventStatus.RETRY, min(_RETRY_FIRST * 2 ** min(attempts - 1, 10), RETRY_MOST)
        next_try = ctx.clock.now() + delay
    else:
        status, next_try = EventStatus.PARKED, None
    entry = Entry(event.object_id, email, Outcome.ERROR, error.text, error.code)
    with ctx.store.transaction():
        ctx.store.queue.save(
            replace(event, status=status, attempts=attempts, error=error.text, next_try_at=next_try)
        )
        ctx.record([entry])


# ---------------------------------------------------------------- opt-outs


def _opt_outs(ctx: RunContext, work: _Work) -> None:
    """Take people off the list, unless another account with the e-mail still wants mail (design R1)."""
    removals: list[Removal] = []
    for event, customer in work.opted_out:
        ctx.check_cancel()
        link = ctx.store.links.get(customer.id) or Link(customer.id, email=customer.email)
        try:
            other = _other_opted_in(ctx, link.email, customer.id)
        except PERSONAL as error:
            fail(ctx, event, error, customer.email)
            continue
        ctx.answered()
        if other is not None:
            reason = f"stays on the list: customer {other} with the same e-mail is opted in"
            entry = Entry(customer.id, customer.email, Outcome.UNCHANGED, reason)
            settle(ctx, event, entry, off_link(ctx, link, customer))
        else:
            removals.append(Removal(event, customer, link))
    take_off(ctx, removals, settle=settle, fail=fail)


def _other_opted_in(ctx: RunContext, email: str, customer_id: int) -> int | None:
    if not email.strip():
        return None
    for account in ctx.accounts(email):
        if account.id != customer_id and wants_mail(account, guests=ctx.settings.guests):
            return account.id
    return None


# ---------------------------------------------------------------- opt-ins and new e-mails


def _opt_ins(ctx: RunContext, work: _Work) -> None:
    lookup = _Lookup(ctx, len(work.opted_in))
    placings: list[Placing] = []
    seen: set[str] = set()
    for event, customer, change in work.opted_in:
        ctx.check_cancel()
        if customer.email_key in seen:
            # Two accounts of one person in one batch: the second looks again once the first is done.
            place(ctx, placings, settle=settle, fail=fail)
            lookup.outdate(seen)
            placings, seen = [], set()
        seen.add(customer.email_key)
        try:
            placing = _decide(ctx, event, customer, change, lookup)
        except PERSONAL as error:
            fail(ctx, event, error, customer.email)
            continue
        ctx.answered()
        if placing is not None:
            placings.append(placing)
    place(ctx, placings, settle=settle, fail=fail)


def _decide(
    ctx: RunContext, event: QueuedEvent, customer: Customer, change: Change, lookup: _Lookup
) -> Placing | None:
    """Decide for one person; settles here and returns None where nothing is sent."""
    known = ctx.store.links.get(customer.id)
    if _not_exported(ctx, event, customer, known) or _opted_out_before(ctx, event, customer, known, change):
        return None
    link = _for_this_email(known, customer)
    if _unsendable(ctx, event, customer, link):
        return None
    contact = lookup.find(customer.email)
    anew = change is Change.OPTED_IN
    new = anew and _is_true_opt_in(ctx, customer, known)
    later = _order(ctx, contact, customer, link) if contact is not None and anew else None
    others = [o for o in ctx.store.links.by_email(customer.email_key) if o.customer_id != customer.id]
    decision = plan_opt_in(
        customer,
        contact,
        link,
        list_id=ctx.settings.list_id,
        welcome=ctx.settings.welcome and new,
        anew=anew,
        later=later,
        left_elsewhere=any(one.state is LinkState.LEFT_LIST for one in others),
        just_left=_left_meanwhile(link)
        or any(one.on_list for one in others)
        or any(_left_later(ctx, one, contact, customer, link) for one in others),
    )
    placing = Placing(event, customer, contact, link, decision, new)
    if decision.step is not Step.NONE:
        return placing
    entry = Entry(customer.id, customer.email, decision.outcome, decision.reason)
    settle(ctx, event, entry, untouched_link(ctx, placing), conflict=decision.conflict)
    return None


def _left_meanwhile(link: Link | None) -> bool:
    """Say whether the person was seen to leave the list after we were cut off putting them on it."""
    return link is not None and link.adding and link.state is LinkState.LEFT_LIST


def _left_later(
    ctx: RunContext, other: Link, contact: Contact | None, customer: Customer, link: Link | None
) -> bool:
    """Say whether the person left the list, known by another account's link, and this opt-in is not later.

    Where that cannot be told the opt-out wins (design R5).
    """
    if other.state is not LinkState.LEFT_LIST or contact is None:
        return False
    if other.owed is Owed.OPT_OUT or other.out_since is None:
        return True
    left = replace(contact, opt_out_at=other.out_since)
    return _order(ctx, left, customer, link) is not True


def _not_exported(ctx: RunContext, event: QueuedEvent, customer: Customer, link: Link | None) -> bool:
    """Settle what counts for nothing as it is."""
    reason = not_exported(customer, guests=ctx.settings.guests)
    if not reason:
        return False
    seen = replace(passed_over(link, customer, reason), kibo_updated_at=customer.updated_at)
    settle(ctx, event, Entry(customer.id, customer.email, Outcome.SKIPPED, reason), seen)
    return True


def _opted_out_before(
    ctx: RunContext, event: QueuedEvent, customer: Customer, link: Link | None, change: Change
) -> bool:
    """Settle a new e-mail of somebody who had said no to the old one: the "no" is the person's (design R1).

    The old contact is looked at, not touched. The link keeps the old e-mail until Kibo has been told.
    """
    if change is not Change.EMAIL or link is None or not (link.contact_id or link.owed is Owed.OPT_OUT):
        return False
    if link.owed is not Owed.OPT_OUT:
        contact = ctx.mailing.get(link.contact_id)
        link = ctx.judging()(contact, link).link
        if link.owed is not Owed.OPT_OUT:
            return False
        ctx.require_list_once()
    reason = f"{link.owed_reason} before the e-mail changed; the opt-out stands"
    entry = Entry(customer.id, customer.email, Outcome.SKIPPED, reason)
    settle(ctx, event, entry, replace(link, kibo_updated_at=customer.updated_at))
    return True


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
    set_at = ctx.customers.opt_in_set_at(customer.id)
    return set_at is not None and set_at > began


def _for_this_email(link: Link | None, customer: Customer) -> Link | None:
    """The link without what it knows of another e-mail's contact, which is left alone (seed: FAQ)."""
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
        resubscribe_asked_at=None,
        owed=Owed.NOTHING,
        owed_reason="",
    )


def _unsendable(ctx: RunContext, event: QueuedEvent, customer: Customer, link: Link | None) -> bool:
    link = link or Link(customer.id)
    email = customer.email.strip()
    bad = check_email(email) if email else BadEmail("no_email", "The customer has no e-mail in Kibo.")
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
    ctx.store.links.save([seen])
    error = ItemError(reason, next_step="Correct the e-mail in Kibo; the change is then taken up.", code=code)
    fail(ctx, event, error, customer.email)
    return True


def untouched_link(ctx: RunContext, placing: Placing) -> Link:
    """The link of somebody for whom nothing is sent: what was seen, and what is owed because of it."""
    customer, contact, decision = placing.customer, placing.contact, placing.decision
    link = placing.link or Link(customer.id)
    on_list = contact is not None and ctx.settings.list_id in contact.list_ids
    # What was noted for a creation is done with; one seen on the list since then keeps it.
    learned = contact is not None and not link.contact_id and not link.on_list
    agreed = decision.outcome is Outcome.UNCHANGED
    left_at = ctx.mailing_now() if decision.state is LinkState.LEFT_LIST else None  # known from now on
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
        written_hash="" if learned else link.written_hash,
        owed=decision.owed,
        owed_reason=decision.reason if decision.owed is Owed.OPT_OUT else "",
        out_since=None if agreed else (contact.opt_out_at if contact else None) or link.out_since or left_at,
        note="" if agreed else decision.reason,
        adding=False,
    )


def _order(ctx: RunContext, contact: Contact, customer: Customer, link: Link | None) -> bool | None:
    """Say whether the opt-in is later than the opt-out; the audit log is asked where dates leave it open."""
    baseline = ctx.store.state.get_time(names.BASELINE)
    later = opt_in_is_later(contact=contact, customer=customer, link=link, baseline=baseline, skew=ctx.skew())
    if later is not None or contact.opt_out_at is None:
        return later
    set_at = ctx.customers.opt_in_set_at(customer.id)
    return opt_in_is_later(
        contact=contact, customer=customer, link=link, baseline=baseline, set_at=set_at, skew=ctx.skew()
    )


class _Lookup:
    """Finds contacts by e-mail: a call each where they are few, else from one scan of all contacts."""

    def __init__(self, ctx: RunContext, people: int) -> None:
        self._ctx = ctx
        self._scanned = people > _FEW_LOOKUPS
        self._outdated: set[str] = set()
        if self._scanned:
            self._scan()

    def _scan(self) -> None:
        ctx = self._ctx
        ctx.store.staging.clear()
        for page in ctx.mailing.contacts(with_fields=True):
            ctx.check_cancel()
            known, apart = named(ctx, page)
            if apart:  # it may be anybody's: each is asked about alone
                self._scanned = False
                return
            ctx.store.staging.add_contacts(known)

    def find(self, email: str) -> Contact | None:
        """Return the contact with that e-mail, whatever its status."""
        key = email_key(email)
        if not self._scanned or key in self._outdated:
            return self._ctx.mailing.find(email)
        return self._ctx.store.staging.contacts([key]).get(key)

    def outdate(self, keys: Collection[str]) -> None:
        """Ask anew about these people: the scan is from before they were put on the list."""
        self._outdated.update(keys)
