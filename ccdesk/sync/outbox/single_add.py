"""Putting people on the list after an event, by the call design R3 names for each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ccdesk.core.errors import (
    AnswerLost,
    CcdeskError,
    ItemError,
    ItemRefused,
    LoginNeeded,
    NotFound,
    QuotaUsedUp,
    RateLimited,
    Refused,
    Unreachable,
)
from ccdesk.core.intents import Act, Ended
from ccdesk.core.models import Contact, ContactFields, Customer, Link, LinkState, Owed, Ownership, Standing
from ccdesk.core.runs import Entry, Outcome, QueuedEvent
from ccdesk.sync.context import PERSONAL, RunContext
from ccdesk.sync.journal import line_of
from ccdesk.sync.mapping import creation_hash, fields_hash, is_long, to_fields
from ccdesk.sync.outbox.jobs import add_one
from ccdesk.sync.outbox.own_writes import note_own_call
from ccdesk.sync.outbox.plain import has_more, may_be_the_fields, plain, plain_note
from ccdesk.sync.outbox.verify import Fail, Settle
from ccdesk.sync.plan_events import EventDecision, Step


@dataclass(frozen=True, slots=True)
class Placing:
    """One person to be put on the list: what was seen, and what was decided; `new`: a true new opt-in."""

    event: QueuedEvent
    customer: Customer
    contact: Contact | None
    link: Link | None
    decision: EventDecision
    new: bool = False
    plainly: bool = False  # with e-mail and list alone, because the service refused the rest

    @property
    def fields(self) -> ContactFields:
        """What is sent of this person."""
        fields = to_fields(self.customer).fields
        return plain(fields) if self.plainly else fields

    @property
    def bulk_ready(self) -> bool:
        """True if an import of many may carry this person (no mail wanted, e-mail short enough)."""
        return self.decision.step is Step.CREATE and not is_long(self.customer.email)


class MadeMeanwhile(ItemError):
    """Somebody else created or changed the contact between our look and our call; look again (§4, §12)."""

    title = "The contact has just been made or changed in Constant Contact; it is tried again"
    retry_helps = True


def put_one(ctx: RunContext, placing: Placing, settle: Settle, fail: Fail) -> None:
    """Put one person on the list by a call of their own, or ask for the confirmation."""
    before = ctx.store.links.get(placing.customer.id)
    try:
        if placing.decision.step is Step.RESUBSCRIBE:
            _ask_to_confirm(ctx, placing, settle)
            return
        placing, link = _full_or_plain(ctx, placing)
    except PERSONAL as error:
        again = isinstance(error, ItemError) and error.code == "conflict"
        if _surely_not_done(error):
            take_back(ctx, placing, before)
        fail(ctx, placing.event, MadeMeanwhile() if again else error, placing.customer.email)
        return
    put_done(ctx, placing, link, settle)


def intend_all(ctx: RunContext, placings: Sequence[Placing]) -> dict[int, Link]:
    """Note what is being done with many; return their links as they were before."""
    before = ctx.store.links.many([placing.customer.id for placing in placings])
    with ctx.store.transaction():
        for placing in placings:
            _intend(ctx, placing, by_job=True)
    ctx.check_cancel()
    return before


def _surely_not_done(error: CcdeskError) -> bool:
    """Say whether the call was refused before it had any effect; after a conflict something may be there."""
    return isinstance(error, ItemRefused | NotFound) and error.code not in ("conflict", "revive_refused")


def take_back(ctx: RunContext, placing: Placing, before: Link | None) -> None:
    """Forget the intention: what shows from now on is not ours, and is to be judged like any other."""
    intended = ctx.store.links.get(placing.customer.id)
    if before is None and intended is not None:
        before = Link(intended.customer_id, email=intended.email, kibo_opted_in=intended.kibo_opted_in)
    with ctx.store.transaction():
        if before is not None:
            ctx.store.links.save([before])
        ctx.store.intents.end_last([placing.customer.id], Ended.REFUSED)


def put_done(ctx: RunContext, placing: Placing, link: Link, settle: Settle) -> None:
    """Close the entry of somebody who is on the list now."""
    note = to_fields(placing.customer).note if placing.decision.ownership is Ownership.OWNED else ""
    reason = f"{placing.decision.reason}; {note}" if note else placing.decision.reason
    entry = Entry(placing.customer.id, placing.customer.email, placing.decision.outcome, reason)
    settle(ctx, placing.event, entry, link, conflict=placing.decision.conflict, ended=Ended.DONE)


def _full_or_plain(ctx: RunContext, placing: Placing) -> tuple[Placing, Link]:
    """Make the call; where it is refused for what it holds once more with e-mail and list alone (R2).

    Returns the placing as it was done, whose reason says so, and the link it leads to.
    """
    try:
        return placing, _single_call(ctx, placing)
    except ItemError as error:
        if not (may_be_the_fields(error) and _sends_fields(placing)):
            raise
        decision = replace(placing.decision, reason=f"{placing.decision.reason}; {plain_note(error)}")
        plainly = replace(placing, decision=decision, plainly=True)
        ctx.store.intents.end_last([placing.customer.id], Ended.REFUSED)
        return plainly, _single_call(ctx, plainly)


def _sends_fields(placing: Placing) -> bool:
    """Say whether the call carries anything beside e-mail and list; a PUT repeats what the contact has."""
    if placing.plainly:
        return False
    if placing.decision.step is Step.REVIVE:
        return True
    owned = placing.decision.ownership is Ownership.OWNED
    return owned and has_more(to_fields(placing.customer).fields)


def _single_call(ctx: RunContext, placing: Placing) -> Link:
    """Make the one call and return the link it leads to."""
    fields, step = placing.fields, placing.decision.step
    list_id = ctx.settings.list_id
    _intend(ctx, placing)
    if step in (Step.CREATE, Step.CREATE_BY_PERSON):
        contact = ctx.mailing.create(fields, list_id, by_person=step is Step.CREATE_BY_PERSON)
        return on_list_link(ctx, placing, contact.id, contact)
    if step is Step.REVIVE and placing.contact is not None:
        contact = _revived(ctx, placing, placing.contact)
        return on_list_link(ctx, placing, contact.id, contact)
    with_fields = placing.decision.ownership is Ownership.OWNED
    contact_id = ctx.mailing.sign_up(fields, list_id, with_fields=with_fields)
    return on_list_link(ctx, placing, contact_id, None)


def _revived(ctx: RunContext, placing: Placing, former: Contact) -> Contact:
    """Bring a deleted contact back; one from elsewhere keeps its own fields even where a PUT is refused.

    Raises:
        ItemError: it is not on the list all the same.

    """
    list_id, owned = ctx.settings.list_id, placing.decision.ownership is Ownership.OWNED
    if placing.plainly and not owned:
        add_one(ctx, former.id)  # a list job restores a deleted contact (constant-contact.md §15)
        contact = ctx.mailing.get(former.id)
    else:
        fields = placing.fields if owned else ContactFields(email=former.email)
        contact = ctx.mailing.revive(former, fields, list_id, bare=placing.plainly)
    if contact is None or contact.standing is not Standing.IN or list_id not in contact.list_ids:
        raise ItemError(
            "Constant Contact keeps this deleted contact off the list",
            meaning=f"Its permission there is “{contact.permission.value if contact else 'not known'}”.",
            next_step="Ask the person to sign up again through a Constant Contact form.",
            code="revive_refused",
        )
    return contact


def _intend(ctx: RunContext, placing: Placing, *, by_job: bool = False) -> None:
    """Note what is being done: a lost answer must neither make our contact foreign nor lose a later "no"."""
    note_own_call(ctx, ctx.store.links.get(placing.customer.id))  # the e-mail may be another now
    # One known to be newly in stays that to the second attempt, welcome mail included.
    link = placing.link or Link(placing.customer.id, kibo_opted_in=False if placing.new else None)
    # Who left the list once wants mail again: from here on that state tells of leaving after this.
    state = LinkState.SYNCED if link.state is LinkState.LEFT_LIST else link.state
    link = replace(link, email=placing.customer.email, state=state, on_list=False, note="", passed_by=False)
    if placing.contact is None:
        link = replace(
            link,
            contact_id="",
            ownership=Ownership.OWNED,
            written_hash=creation_hash(placing.fields),
            written_at=ctx.mailing_now(),
            # The date stays what it was: only a settled entry counts as acted on.
        )
    line = line_of(
        ctx,
        _act(placing),
        replace(link, contact_id=placing.contact.id if placing.contact else ""),
        event_id=placing.event.event_id,
        by_job=by_job,
        sign_up=placing.decision.step in (Step.SIGN_UP, Step.CREATE_BY_PERSON),
    )
    with ctx.store.transaction():
        ctx.store.links.save([link])
        ctx.store.intents.begin([line])


def _act(placing: Placing) -> Act:
    """Name the command by what it does to the contact, whichever call carries it out."""
    if placing.contact is None:
        return Act.CREATE
    return Act.REVIVE if placing.contact.standing is Standing.DELETED else Act.ADD


def on_list_link(ctx: RunContext, placing: Placing, contact_id: str, read: Contact | None) -> Link:
    """The link of somebody we have just put on the list; `read` is the contact as the service showed it."""
    customer, owned = placing.customer, placing.decision.ownership is Ownership.OWNED
    return replace(
        placing.link or Link(customer.id),
        email=customer.email,
        contact_id=contact_id,
        ownership=placing.decision.ownership,
        state=LinkState.SYNCED,
        agreed=True,
        kibo_opted_in=True,
        kibo_updated_at=customer.updated_at,
        on_list=True,
        written_hash=fields_hash(to_fields(customer).fields) if owned else "",
        read_hash=fields_hash(read) if owned and read is not None else "",
        written_at=ctx.mailing_now(),
        opt_out_at=None,
        out_since=None,
        out_after=None,
        owed=Owed.NOTHING,
        owed_reason="",
        note="",
        passed_by=False,
    )


def _not_asked(contact: Contact) -> str:
    if contact.deleted_at:
        return "waiting: the contact is deleted in Constant Contact, which asks for no confirmation then"
    return "waiting: the confirmation mail had been sent before"


def _ask_to_confirm(ctx: RunContext, placing: Placing, settle: Settle) -> None:
    """Ask for the one confirmation mail; written down before, for it must never be asked twice (§13)."""
    assert placing.contact is not None
    stored = ctx.store.links.get(placing.customer.id)
    before = stored or Link(placing.customer.id, email=placing.customer.email)
    asked = replace(
        placing.link or before,
        email=placing.customer.email,  # by it the next attempt knows whom the mail went to
        contact_id=placing.contact.id,
    )
    with ctx.store.transaction():
        ctx.store.links.save([asked])
        ctx.store.intents.begin([line_of(ctx, Act.ASK, asked, event_id=placing.event.event_id)])
    ended = Ended.DONE
    try:
        sent = ctx.mailing.resubscribe(placing.contact.id, ctx.settings.list_id)
    except AnswerLost:
        # It may have been sent, and sending it again is the one thing not to do.
        sent, ended = True, Ended.UNKNOWN
    except (ItemError, LoginNeeded, QuotaUsedUp, RateLimited, Refused, Unreachable):
        with ctx.store.transaction():
            ctx.store.links.save([before])
            ctx.store.intents.end([asked.customer_id], Ended.REFUSED, acts=[Act.ASK])
        raise
    reason = placing.decision.reason if sent else _not_asked(placing.contact)
    confirming = replace(
        asked,
        state=LinkState.CONFIRMING,
        kibo_opted_in=True,
        kibo_updated_at=placing.customer.updated_at,
        owed=Owed.NOTHING,
        owed_reason="",
        on_list=False,
        out_since=placing.contact.opt_out_at,
        note=reason,
    )
    entry = Entry(placing.customer.id, placing.customer.email, Outcome.SKIPPED, reason)
    with ctx.store.transaction():
        ctx.store.intents.end([asked.customer_id], ended, acts=[Act.ASK])
        settle(ctx, placing.event, entry, confirming, conflict=placing.decision.conflict)
