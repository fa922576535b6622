"""Putting people on the list after an event, by the call design R3 names for each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ccdesk.consent.route import Method
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
from ccdesk.core.models import (
    Contact,
    ContactFields,
    Customer,
    Link,
    LinkState,
    Ownership,
    Standing,
    WriteBack,
)
from ccdesk.core.runs import Entry, Outcome, QueuedEvent
from ccdesk.core.words import marked
from ccdesk.sync.agreement import agreed_on, as_read
from ccdesk.sync.context import RunContext
from ccdesk.sync.item_errors import ITEM_ERRORS
from ccdesk.sync.journal import line_of
from ccdesk.sync.mapping import creation_hash, fields_hash, to_fields
from ccdesk.sync.outbox.jobs import add_one
from ccdesk.sync.outbox.own_writes import note_own_write
from ccdesk.sync.outbox.plain import has_more, may_be_the_fields, plain, plain_note
from ccdesk.sync.outbox.verify import Fail, Settle
from ccdesk.sync.plan_opt_in import OptInDecision
from ccdesk.sync.standing_opt_outs import DELETED_TO_ASK


@dataclass(frozen=True, slots=True)
class Addition:
    """One person to be put on the list: what was seen, and what was decided; `new`: a true new opt-in."""

    event: QueuedEvent
    customer: Customer
    contact: Contact | None
    link: Link | None
    decision: OptInDecision
    new: bool = False
    plainly: bool = False  # with email and list alone, because the service refused the rest

    @property
    def fields(self) -> ContactFields:
        """What is sent of this person."""
        fields = to_fields(self.customer).fields
        return plain(fields) if self.plainly else fields

    @property
    def act(self) -> Act:
        """The command by what it does to the contact, whichever call carries it out."""
        if self.contact is None:
            return Act.CREATE
        return Act.REVIVE if self.contact.standing is Standing.DELETED else Act.ADD

    @property
    def bulk_ready(self) -> bool:
        """True if an import of many may carry this person (no mail wanted, email short enough)."""
        return self.decision.method is Method.IMPORT


class MadeMeanwhile(ItemError):
    """Somebody else created or changed the contact between our look and our call; look again (§4, §12)."""

    title = marked("The contact has just been made or changed in Constant Contact; it is tried again")
    retry_helps = True


def put_one(ctx: RunContext, addition: Addition, settle: Settle, fail: Fail) -> None:
    """Put one person on the list by a call of their own, or ask for the confirmation."""
    before = ctx.store.links.get(addition.customer.id)
    try:
        if addition.decision.method is Method.RESUBSCRIBE:
            _ask_to_confirm(ctx, addition, settle)
            return
        addition, link = _full_or_plain(ctx, addition)
    except ITEM_ERRORS as error:
        again = isinstance(error, ItemError) and error.code == "conflict"
        if _surely_not_done(error):
            withdraw_intent(ctx, addition, before)
        fail(ctx, addition.event, MadeMeanwhile() if again else error, addition.customer.email)
        return
    put_done(ctx, addition, link, settle)


def store_intents(ctx: RunContext, additions: Sequence[Addition]) -> dict[int, Link]:
    """Store an intent for each of many; return their links as they were before."""
    before = ctx.store.links.many([addition.customer.id for addition in additions])
    with ctx.store.transaction():
        for addition in additions:
            _store_intent(ctx, addition, by_job=True)
    ctx.check_cancel()
    return before


def _surely_not_done(error: CcdeskError) -> bool:
    """Say whether the call was refused before it had any effect; after a conflict something may be there."""
    return isinstance(error, ItemRefused | NotFound) and error.code not in ("conflict", "revive_refused")


def withdraw_intent(ctx: RunContext, addition: Addition, before: Link | None) -> None:
    """Withdraw the intent: what shows from now on is not ours, and is observed like anything else."""
    intended = ctx.store.links.get(addition.customer.id)
    if before is None and intended is not None:
        before = Link(intended.customer_id, email=intended.email, kibo_opted_in=intended.kibo_opted_in)
    with ctx.store.transaction():
        if before is not None:
            ctx.store.links.save([before])
        ctx.store.intents.end_last([addition.customer.id], Ended.REFUSED)


def put_done(ctx: RunContext, addition: Addition, link: Link, settle: Settle) -> None:
    """Close the entry of somebody who is on the list now."""
    note = to_fields(addition.customer).note if addition.decision.ownership is Ownership.OWNED else ""
    reason = f"{addition.decision.reason}; {note}" if note else addition.decision.reason
    entry = Entry(addition.customer.id, addition.customer.email, addition.decision.outcome, reason)
    settle(ctx, addition.event, entry, link, conflict=addition.decision.conflict, ended=Ended.DONE)


def _full_or_plain(ctx: RunContext, addition: Addition) -> tuple[Addition, Link]:
    """Make the call; where it is refused for what it holds once more with email and list alone (R2).

    Returns the placing as it was done, whose reason says so, and the link it leads to.
    """
    try:
        return addition, _single_call(ctx, addition)
    except ItemError as error:
        if not (may_be_the_fields(error) and _sends_fields(addition)):
            raise
        decision = replace(addition.decision, reason=f"{addition.decision.reason}; {plain_note(error)}")
        plainly = replace(addition, decision=decision, plainly=True)
        ctx.store.intents.end_last([addition.customer.id], Ended.REFUSED)
        return plainly, _single_call(ctx, plainly)


def _sends_fields(addition: Addition) -> bool:
    """Say whether the call carries anything beside email and list; a PUT repeats what the contact has."""
    if addition.plainly:
        return False
    if addition.decision.method is Method.PUT_CONTACT:
        return True
    owned = addition.decision.ownership is Ownership.OWNED
    return owned and has_more(to_fields(addition.customer).fields)


def _single_call(ctx: RunContext, addition: Addition) -> Link:
    """Make the one call and return the link it leads to."""
    fields, method = addition.fields, addition.decision.method
    list_id = ctx.settings.list_id
    _store_intent(ctx, addition)
    if method in (Method.IMPORT, Method.CREATE, Method.CREATE_BY_PERSON):
        contact = ctx.mail.create(fields, list_id, by_person=method is Method.CREATE_BY_PERSON)
        return on_list_link(ctx, addition, contact.id, contact)
    if method is Method.PUT_CONTACT and addition.contact is not None:
        contact = _revived(ctx, addition, addition.contact)
        return on_list_link(ctx, addition, contact.id, contact)
    with_fields = addition.decision.ownership is Ownership.OWNED
    contact_id = ctx.mail.sign_up(fields, list_id, with_fields=with_fields)
    return on_list_link(ctx, addition, contact_id, None)


def _revived(ctx: RunContext, addition: Addition, former: Contact) -> Contact:
    """Bring a deleted contact back; one from elsewhere keeps its own fields even where a PUT is refused.

    Raises:
        ItemError: it is not on the list all the same.

    """
    list_id, owned = ctx.settings.list_id, addition.decision.ownership is Ownership.OWNED
    if addition.plainly and not owned:
        add_one(ctx, former.id)  # a list job restores a deleted contact (constant-contact.md §15)
        contact = ctx.mail.get(former.id)
    else:
        fields = addition.fields if owned else ContactFields(email=former.email)
        contact = ctx.mail.revive(former, fields, list_id, bare=addition.plainly)
    if contact is None or not contact.is_mailed(list_id):
        raise ItemError(
            marked("Constant Contact keeps this deleted contact off the list"),
            meaning=marked("Its permission there is “{permission}”.").format(
                permission=contact.permission.value if contact else marked("not known")
            ),
            next_step=marked("Ask the person to sign up again through a Constant Contact form."),
            code="revive_refused",
        )
    return contact


def _store_intent(ctx: RunContext, addition: Addition, *, by_job: bool = False) -> None:
    """Store the intent: a lost answer must neither make our contact foreign nor lose a later opt-out."""
    note_own_write(ctx, ctx.store.links.get(addition.customer.id))  # the email may be another now
    # One known to be newly in stays that to the second attempt, welcome mail included.
    known = addition.link or Link(addition.customer.id, kibo_opted_in=False if addition.new else None)
    link = as_read(known, addition.customer)
    # Who left the list once wants mail again: from here on that state tells of leaving after this.
    state = LinkState.SYNCED if link.state is LinkState.LEFT_LIST else link.state
    link = replace(link, email=addition.customer.email, state=state, on_list=False, note="", passed_by=False)
    method = addition.decision.method
    sign_up = method is not None and method.by_person
    if addition.contact is None:
        link = replace(
            link,
            contact_id="",
            ownership=Ownership.OWNED,
            written_hash=creation_hash(addition.fields, by_form=sign_up),
            written_at=ctx.mail_now(),
            # The date stays what it was: only a settled entry counts as acted on.
        )
    line = line_of(
        ctx,
        addition.act,
        replace(link, contact_id=addition.contact.id if addition.contact else ""),
        event_id=addition.event.event_id,
        by_job=by_job,
        sign_up=sign_up,
    )
    with ctx.store.transaction():
        ctx.store.links.save([link])
        ctx.store.intents.begin([line])


def on_list_link(ctx: RunContext, addition: Addition, contact_id: str, read: Contact | None) -> Link:
    """The link of somebody we have just put on the list; `read` is the contact as the service showed it."""
    customer, owned = addition.customer, addition.decision.ownership is Ownership.OWNED
    return replace(
        agreed_on(addition.link or Link(customer.id), customer, ctx.mail_now()),
        contact_id=contact_id,
        ownership=addition.decision.ownership,
        written_hash=fields_hash(to_fields(customer).fields) if owned else "",
        read_hash=fields_hash(read) if owned and read is not None else "",
    )


def _not_asked(contact: Contact) -> str:
    if contact.deleted_at:
        return DELETED_TO_ASK
    return "waiting: the confirmation mail had been sent before"


def _ask_to_confirm(ctx: RunContext, addition: Addition, settle: Settle) -> None:
    """Ask for the one confirmation mail; written down before, for it must never be asked twice (§13)."""
    assert addition.contact is not None
    stored = ctx.store.links.get(addition.customer.id)
    before = stored or Link(addition.customer.id, email=addition.customer.email)
    asked = replace(
        as_read(addition.link or before, addition.customer),
        email=addition.customer.email,  # by it the next attempt knows whom the mail went to
        contact_id=addition.contact.id,
    )
    with ctx.store.transaction():
        ctx.store.links.save([asked])
        ctx.store.intents.begin([line_of(ctx, Act.ASK, asked, event_id=addition.event.event_id)])
    ended = Ended.DONE
    try:
        sent = ctx.mail.resubscribe(addition.contact.id, ctx.settings.list_id)
    except AnswerLost:
        # It may have been sent, and sending it again is the one thing not to do.
        sent, ended = True, Ended.UNKNOWN
    except (ItemError, LoginNeeded, QuotaUsedUp, RateLimited, Refused, Unreachable):
        with ctx.store.transaction():
            ctx.store.links.save([before])
            ctx.store.intents.end([asked.customer_id], Ended.REFUSED, acts=[Act.ASK])
        raise
    reason = addition.decision.reason if sent else _not_asked(addition.contact)
    confirming = replace(
        asked,
        state=LinkState.CONFIRMING,
        kibo_opted_in=True,
        kibo_updated_at=addition.customer.updated_at,
        pending=WriteBack.NOTHING,
        pending_reason="",
        on_list=False,
        out_since=addition.contact.opt_out_at,
        undated=False,
        note=reason,
    )
    entry = Entry(addition.customer.id, addition.customer.email, Outcome.SKIPPED, reason)
    with ctx.store.transaction():
        ctx.store.intents.end([asked.customer_id], ended, acts=[Act.ASK])
        settle(ctx, addition.event, entry, confirming, conflict=addition.decision.conflict)
