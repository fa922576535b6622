"""What a customer change leads to: design R3's table as pure functions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from ccdesk.core.models import Contact, Customer, Link, LinkState, Ownership, Permission, Standing, WriteBack
from ccdesk.core.runs import Outcome
from ccdesk.sync.mapping import is_long
from ccdesk.sync.ownership import is_ours
from ccdesk.sync.plan_export import LEFT_OUT
from ccdesk.sync.standing_opt_outs import ASKED_BEFORE, opted_out_since


class Change(StrEnum):
    """What changed about a customer since we last acted on it."""

    NOTHING = "nothing"
    OPTED_IN = "opted_in"
    OPTED_OUT = "opted_out"
    EMAIL = "email"


def what_changed(customer: Customer, link: Link | None) -> Change:
    """Compare the customer as read now with the link; anything but consent and email is NOTHING.

    Who may be on the list without our knowing has opted out like any other once the flag is off.
    """
    known_in = link is not None and link.kibo_opted_in is True
    if customer.accepts_marketing and not known_in:
        return Change.OPTED_IN
    if not customer.accepts_marketing:
        return Change.OPTED_OUT if link is not None and link.cleared_is_opt_out else Change.NOTHING
    if link is not None and (customer.email_key != link.email_key or _cut_off(link)):
        return Change.EMAIL
    return Change.NOTHING


def _cut_off(link: Link) -> bool:
    """Say whether we were cut off putting a new email on the list: it may not be there."""
    settled = link.on_list or link.pending is not WriteBack.NOTHING or link.state is not LinkState.SYNCED
    return link.may_be_there and not settled


class Step(StrEnum):
    """How one person is put on the list, or why not."""

    NONE = "none"
    CREATE = "create"  # no mail
    CREATE_BY_PERSON = "create_by_person"  # welcome mail, email too long for the sign-up form
    SIGN_UP = "sign_up"  # welcome mail
    ADD = "add"
    REVIVE = "revive"
    RESUBSCRIBE = "resubscribe"


@dataclass(frozen=True, slots=True)
class EventDecision:
    """What is done for one person and why; `needs_order` asks for the audit log before deciding."""

    step: Step
    outcome: Outcome
    reason: str
    state: LinkState = LinkState.SYNCED
    ownership: Ownership = Ownership.NONE
    pending: WriteBack = WriteBack.NOTHING
    conflict: bool = False


def plan_opt_in(
    customer: Customer,
    contact: Contact | None,
    link: Link | None,
    *,
    list_id: str,
    welcome: bool,
    anew: bool,
    later: bool | None,
    asked_at: datetime | None = None,
    left_elsewhere: bool = False,
    just_left: bool = False,
    left_out: bool = False,
) -> EventDecision:
    """Decide how a person gets on the list.

    `anew` is True for a new opt-in and False where only the email changed: then no earlier opt-out of the new
    address is lifted. `later` says whether the opt-in is later than the contact's opt-out, or than its
    deletion by staff (None: not known). `asked_at`: when this contact was asked for the one confirmation.
    `left_elsewhere`: another account's link knows that this address left the list; `just_left`: so lately
    that Kibo has not been told, so this opt-in may well be the earlier act (design R5). `left_out`: staff
    left contacts off the list out of its first export, for they may have left it (§3a R2).
    """
    long_email = is_long(customer.email)
    welcome = welcome and anew
    if contact is None:
        step = _creating(welcome=welcome, long_email=long_email)
        return EventDecision(step, Outcome.ADDED, "new contact", ownership=Ownership.OWNED)
    standing = contact.standing
    if standing is Standing.DELETED:
        ours = link is not None and link.email_key == customer.email_key and is_ours(link, contact)
        return _plan_deleted(contact, ours=ours, welcome=welcome and not long_email, anew=anew, later=later)
    if standing is Standing.OUT:
        return _plan_opted_out(contact, link, anew=anew, later=later, asked_at=asked_at)
    if standing is Standing.WAITING:
        return _waiting(contact)
    ours = link is not None and link.email_key == customer.email_key and is_ours(link, contact)
    ownership = Ownership.OWNED if ours else Ownership.FOREIGN
    if list_id in contact.list_ids:
        return EventDecision(Step.NONE, Outcome.UNCHANGED, "already on the list", ownership=ownership)
    if just_left or (left_elsewhere and not anew):
        reason = "left the list in Constant Contact"
        return EventDecision(
            Step.NONE, Outcome.SKIPPED, reason, LinkState.LEFT_LIST, pending=WriteBack.OPT_OUT, conflict=anew
        )
    if left_out and not anew and not ours:
        return EventDecision(Step.NONE, Outcome.SKIPPED, LEFT_OUT, LinkState.LEFT_OUT, ownership)
    step = Step.SIGN_UP if welcome and not long_email else Step.ADD
    return EventDecision(step, Outcome.ADDED, "put on the list", ownership=ownership)


def _creating(*, welcome: bool, long_email: bool) -> Step:
    if not welcome:
        return Step.CREATE
    return Step.CREATE_BY_PERSON if long_email else Step.SIGN_UP


def _waiting(contact: Contact) -> EventDecision:
    reason = f"waiting ({contact.permission.value})"
    return EventDecision(Step.NONE, Outcome.SKIPPED, reason, LinkState.HELD)


def _plan_deleted(
    contact: Contact, *, ours: bool, welcome: bool, anew: bool, later: bool | None
) -> EventDecision:
    """A tombstone: only an opt-in that is provably later than the deletion lifts it (design §3a R2).

    docs/consent.md, row *deleted*: *YES, later* revives who may be mailed, *YES, earlier or not told* leaves
    the tombstone. A contact from another source keeps its own fields and stays foreign.
    """
    if not anew or later is not True:
        return EventDecision(
            Step.NONE, Outcome.SKIPPED, "deleted in Constant Contact", LinkState.CONTACT_DELETED
        )
    if contact.permission not in (Permission.EXPLICIT, Permission.IMPLICIT):
        return _waiting(contact)
    step = Step.SIGN_UP if welcome else Step.REVIVE
    ownership = Ownership.OWNED if ours else Ownership.FOREIGN
    return EventDecision(step, Outcome.ADDED, "deleted contact brought back by the new opt-in",
                         ownership=ownership)  # fmt: skip


def _plan_opted_out(
    contact: Contact, link: Link | None, *, anew: bool, later: bool | None, asked_at: datetime | None
) -> EventDecision:
    confirming = link is not None and link.state is LinkState.CONFIRMING
    if confirming or _asked_since(asked_at, contact):
        return EventDecision(
            Step.NONE, Outcome.SKIPPED, "waiting for the person's confirmation", LinkState.CONFIRMING
        )
    carried = link is not None and link.opt_out_at is not None and link.opt_out_at == contact.opt_out_at
    known_later = (
        link is not None and link.state is LinkState.ASKED_BEFORE and not opted_out_since(contact, link)
    )
    if known_later or (anew and later is True):
        if known_later or asked_at is not None:
            return EventDecision(Step.NONE, Outcome.SKIPPED, ASKED_BEFORE, LinkState.ASKED_BEFORE)
        return EventDecision(
            Step.RESUBSCRIBE,
            Outcome.SKIPPED,
            "waiting for the person's confirmation",
            LinkState.CONFIRMING,
            conflict=not carried,
        )
    reason = "opted out in Constant Contact; the opt-out stands"
    return EventDecision(
        Step.NONE,
        Outcome.SKIPPED,
        reason,
        LinkState.UNSUBSCRIBED,
        pending=WriteBack.OPT_OUT,
        conflict=anew and not carried,
    )


def _asked_since(asked: datetime | None, contact: Contact) -> bool:
    """Say whether the confirmation was asked for after this very opt-out, so that the mail is still out.

    True as well where we were cut off while asking: the mail may have gone, and is never asked for twice.
    """
    out = contact.opt_out_at
    return asked is not None and out is not None and asked >= out
