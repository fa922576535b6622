"""What becomes of one person who opted out in Kibo: which contacts are taken off the list (design R3, R5)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from ccdesk.core.errors import Unreadable
from ccdesk.core.intents import Ended
from ccdesk.core.models import Contact, Customer, Link, LinkState, Ownership, Permission, Standing, WriteBack
from ccdesk.core.runs import Entry, Outcome, QueuedEvent
from ccdesk.sync.agreement import as_read
from ccdesk.sync.context import RunContext
from ccdesk.sync.guard import count_as_left
from ccdesk.sync.journal import how_ended
from ccdesk.sync.later import last_set
from ccdesk.sync.outbox.former_emails import still_listed
from ccdesk.sync.outbox.verify import Settle
from ccdesk.sync.persons import OptOut
from ccdesk.sync.plan_opt_out import Fate, plan_opt_out
from ccdesk.sync.reconcile import Reconciler
from ccdesk.sync.sensors.accounts import AccountsByEmail
from ccdesk.sync.sensors.list_contacts import ListContacts


@dataclass(frozen=True, slots=True)
class Removal:
    """One person who opted out in Kibo, with the link as it was while they were in."""

    event: QueuedEvent
    read: OptOut
    kept_by: int | None = None  # another account that keeps the person on the list under the present email

    @property
    def customer(self) -> Customer:
        """The account as read."""
        return self.read.account

    @property
    def link(self) -> Link:
        """The account's link as it was while the person was in."""
        return self.read.link


@dataclass(frozen=True, slots=True)
class Job:
    """What is done for one person: their `own` contacts (one, seldom two) and `former` ones are taken off.

    `close` settles the entry once that is done, given what to add to its reason. `error`: a contact could
    not be read, so the entry is kept all the same.
    """

    removal: Removal
    close: Callable[[str], None]
    own: Sequence[str] = ()
    former: Sequence[Contact] = ()
    error: Unreadable | None = None

    @property
    def contact_ids(self) -> list[str]:
        """Every contact to be taken off the list."""
        return [*self.own, *(one.id for one in self.former)]


def off_link(ctx: RunContext, link: Link, customer: Customer, *, stays: bool = False) -> Link:
    """The link of a customer who opted out in Kibo, once Constant Contact follows.

    A pending opt-out of Constant Contact stays pending: the person's other accounts are to have it (R1).
    `stays`: the person stays on the list, and an account that keeps them may not know of it yet. Should they
    leave it before it does, this link has seen them there.
    """
    link = as_read(link, customer)
    if link.pending is WriteBack.OPT_OUT:
        return replace(
            link,
            kibo_opted_in=False,
            kibo_updated_at=customer.updated_at,
            agreed=False,
            on_list=False,
            passed_by=False,
            seen_set=False,
        )
    moved = link.email_key != customer.email_key
    return replace(
        link,
        email=customer.email,
        contact_id="" if moved else link.contact_id,
        ownership=Ownership.NONE if moved else link.ownership,
        kibo_opted_in=False,
        kibo_updated_at=customer.updated_at,
        agreed=False,
        state=LinkState.SYNCED,
        on_list=stays and link.on_list and not moved,
        written_at=ctx.mail_now(),
        pending=WriteBack.NOTHING,
        pending_reason="",
        out_since=ctx.mail_now(),
        out_after=link.out_after or last_set(link, ctx.skew()),
        note="",
        passed_by=False,
        seen_set=False,
    )


def job_of(
    ctx: RunContext,
    removal: Removal,
    contacts: ListContacts,
    accounts: AccountsByEmail,
    reconciler: Reconciler,
    settle: Settle,
) -> Job:
    """Decide what becomes of one person and which contacts are taken off; none where nobody is listed.

    A contact that cannot be read is no reason to leave the other one on the list.

    Raises:
        CcdeskError: it is not known who stands for the person; the entry is tried again.

    """
    former, error = _former(ctx, removal, contacts, accounts)
    if removal.kept_by is not None:
        why = f"stays on the list: customer {removal.kept_by} with the same email is opted in"
        return Job(removal, partial(_left_on, ctx, removal, settle, why), former=former, error=error)
    off = partial(_settle, ctx, removal, settle, Outcome.REMOVED, "opted out in Kibo: taken off the list")
    try:
        found = contacts.of(removal.link)
    except Unreadable as unreadable:
        fate = plan_opt_out(reconciler.decide_unread(removal.read), shown=True)
        if not removal.link.contact_id or fate is not Fate.TAKEN_OFF:
            raise
        # Opting out needs no reading, but nobody knows what the removal changed.
        return Job(removal, off, [removal.link.contact_id], former, unreadable)
    listed = [contact.id for contact in found if _may_be_listed(ctx, contact)]
    decision = reconciler.decide_opt_out(removal.read, _to_decide_by(ctx, removal.link, found))
    fate = plan_opt_out(decision, shown=bool(listed))
    if fate is Fate.UNKNOWN:
        raise Unreadable(detail=f"customer {removal.customer.id}: what is known does not suffice")
    if fate is Fate.SIGNED_UP:
        came_back = partial(_opted_in_since, ctx, removal, settle, on_list=bool(listed))
        return Job(removal, came_back, former=former, error=error)
    if fate is Fate.TAKEN_OFF:
        return Job(removal, off, listed, former, error)
    if fate in (Fate.STAYS, Fate.WAITS):
        why = f"not taken off the list: {decision.reason.text}"
        named = partial(_left_on, ctx, removal, settle, why, signed_up=fate is Fate.WAITS)
        return Job(removal, named, former=former, error=error)
    left = removal.link.on_list and any(one.standing is Standing.IN for one in found)
    return Job(removal, partial(_was_off, ctx, removal, settle, left=left), former=former, error=error)


def _to_decide_by(ctx: RunContext, link: Link, found: Sequence[Contact]) -> Contact | None:
    """Return the contact that tells most: one that may be on the list, and rather the email's own.

    A membership of a contact in no known standing cannot be relied on: it may be on the list.
    """
    by_rank = sorted(found, key=lambda one: (_may_be_listed(ctx, one), one.email_key == link.email_key))
    contact = by_rank[-1] if by_rank else None
    if contact is not None and contact.permission is Permission.UNKNOWN:
        return replace(contact, list_ids=contact.list_ids | {ctx.settings.list_id})
    return contact


def _former(
    ctx: RunContext, removal: Removal, contacts: ListContacts, accounts: AccountsByEmail
) -> tuple[list[Contact], Unreadable | None]:
    """Return the former contacts to be taken off as well, and what kept one of them from being read."""
    former: list[Contact] = []
    try:
        former.extend(still_listed(ctx, removal.link, contacts, accounts))
    except Unreadable as error:
        return former, error
    return former, None


def _may_be_listed(ctx: RunContext, contact: Contact) -> bool:
    return ctx.settings.list_id in contact.list_ids or contact.permission is Permission.UNKNOWN


def _opted_in_since(ctx: RunContext, removal: Removal, settle: Settle, also: str, *, on_list: bool) -> None:
    reason = "both sides changed: the sign-up in Constant Contact is later than the opt-out in Kibo"
    link = replace(
        as_read(removal.link, removal.customer),
        kibo_opted_in=False,
        kibo_updated_at=removal.customer.updated_at,
        pending=WriteBack.OPT_IN,
        pending_reason=reason,
        on_list=on_list,
        note="",
        passed_by=False,
        seen_set=False,
    )
    entry = Entry(removal.customer.id, removal.customer.email, Outcome.SKIPPED, f"{reason}{also}")
    ended = how_ended(removal.link, on_list=on_list)
    settle(ctx, removal.event, entry, link, conflict=True, ended=ended)


def _left_on(
    ctx: RunContext, removal: Removal, settle: Settle, reason: str, also: str, *, signed_up: bool = False
) -> None:
    """Settle an opt-out that takes nobody off the list; `signed_up`: since it, though before now."""
    entry = Entry(removal.customer.id, removal.customer.email, Outcome.UNCHANGED, f"{reason}{also}")
    link = off_link(ctx, removal.link, removal.customer, stays=True)
    if signed_up:  # nothing is written that would tell the sign-up from one of before the opt-out
        changed = last_set(link, ctx.skew()) or ctx.mail_now()
        link = replace(link, written_at=removal.link.written_at, out_since=min(changed, ctx.mail_now()))
    settle(ctx, removal.event, entry, link, ended=Ended.UNKNOWN)


def _was_off(ctx: RunContext, removal: Removal, settle: Settle, also: str, *, left: bool) -> None:
    if left:
        count_as_left(ctx, removal.link)
    _settle(ctx, removal, settle, Outcome.UNCHANGED, "opted out in Kibo; was not on the list", also)


def _settle(
    ctx: RunContext, removal: Removal, settle: Settle, outcome: Outcome, reason: str, also: str
) -> None:
    entry = Entry(removal.customer.id, removal.customer.email, outcome, f"{reason}{also}")
    off = off_link(ctx, removal.link, removal.customer)
    ended = Ended.DONE if outcome is Outcome.REMOVED else how_ended(removal.link, on_list=False)
    settle(ctx, removal.event, entry, off, ended=ended)
