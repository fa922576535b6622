"""What becomes of the links of people an export plans for, and who of them is sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from ccdesk.core.exporting import Candidate, Planned
from ccdesk.core.models import Contact, Link, LinkState, Ownership, Standing, WriteBack
from ccdesk.core.runs import Outcome
from ccdesk.sync.agreement import as_read, passed_over
from ccdesk.sync.context import RunContext
from ccdesk.sync.journal import how_ended
from ccdesk.sync.mapping import fields_hash
from ccdesk.sync.observing import last_sight, observing
from ccdesk.sync.plan_export import Action, ExportDecision


def planned_of(one: Candidate, contact: Contact | None, decision: ExportDecision) -> Planned:
    """Return somebody who is sent, with what staff are told of it."""
    noted = one.note and decision.action is not Action.ADD
    return Planned(
        one,
        decision.action.value,
        f"{decision.reason}; {one.note}" if noted else decision.reason,
        contact.id if contact else "",
        decision.ownership,
    )


def unsent_of(
    ctx: RunContext, one: Candidate, contact: Contact | None, link: Link | None, decision: ExportDecision
) -> Link | None:
    """Return the link of somebody for whom nothing is sent, None where it stays as it is."""
    if decision.by_event and link is not None:  # an opt-in that is acted on later
        return replace(as_read(link, one.customer), kibo_opted_in=None, seen_set=True)
    if decision.passed_over:
        return passed_over(_unless_back(ctx, contact, link), one.customer, decision.reason)
    return None if decision.keep_link else settled_of(ctx, one, contact, link, decision)


def _unless_back(ctx: RunContext, contact: Contact | None, link: Link | None) -> Link | None:
    """Return the link of an account that counts for nothing, without an opt-out that its person took back.

    The export saw them on the list by an act of their own; who is deleted next would be opted out for it.
    """
    if link is None or contact is None or link.pending is not WriteBack.OPT_OUT:
        return link
    seen = observing(ctx)(contact, link).link
    return seen if link.email_key == contact.email_key and seen.pending is WriteBack.NOTHING else link


def settled_of(
    ctx: RunContext, one: Candidate, contact: Contact | None, link: Link | None, decision: ExportDecision
) -> Link:
    """The link of somebody for whom nothing is sent in this run."""
    if link is not None and decision.state is LinkState.HELD:
        return _held(link, one, decision)
    link = as_read(link or Link(one.customer.id), one.customer)
    agreed = decision.outcome is Outcome.UNCHANGED
    pending = link.pending if decision.pending is WriteBack.NOTHING and not agreed else decision.pending
    out_since, undated = link.out_since, link.undated
    if decision.pending is WriteBack.OPT_OUT and link.pending is not WriteBack.OPT_OUT:
        dated = contact.opt_out_at if contact else None
        out_since, undated = dated or ctx.mail_now(), dated is None
    on_list = contact is not None and ctx.settings.list_id in contact.list_ids
    return replace(
        link,
        email=one.customer.email,
        contact_id=contact.id if contact else link.contact_id,
        ownership=decision.ownership or link.ownership,
        state=decision.state,
        agreed=True if agreed else link.agreed,
        kibo_opted_in=True,
        kibo_updated_at=one.customer.updated_at,
        on_list=on_list and contact is not None and contact.standing is Standing.IN,
        pending=pending,
        pending_reason=_pending_reason(link, decision) if pending is WriteBack.OPT_OUT else "",
        out_since=None if agreed else out_since,
        undated=undated and not agreed,
        out_after=last_sight(ctx, link) if decision.state is LinkState.LEFT_LIST else None,
        # A fingerprint noted for a creation that was cut off is done with.
        written_hash=link.written_hash if link.contact_id or link.on_list else "",
        read_hash=_first_reading(link, contact, decision),
        note=decision.reason if decision.outcome in (Outcome.SKIPPED, Outcome.ERROR) else "",
        passed_by=False,
        begun=None,  # ended with this decision, see `_plan_page`
    )


def _held(link: Link, one: Candidate, decision: ExportDecision) -> Link:
    """The link of somebody neither in nor out: what was known of them before holds until they can be read."""
    settled = link.state in (LinkState.SYNCED, LinkState.HELD, LinkState.INVALID)
    if not settled or link.pending is not WriteBack.NOTHING:
        return link
    return replace(
        as_read(link, one.customer),
        email=one.customer.email,
        state=LinkState.HELD,
        kibo_opted_in=True,
        kibo_updated_at=one.customer.updated_at,
        note=decision.reason,
    )


def _pending_reason(link: Link, decision: ExportDecision) -> str:
    """Say why the opt-out is pending: the reason seen before, where this export saw nothing new."""
    return decision.reason if decision.pending is WriteBack.OPT_OUT else link.pending_reason


def _first_reading(link: Link, contact: Contact | None, decision: ExportDecision) -> str:
    """Keep how our contact looked when nothing differed, where that was not learned before."""
    if link.read_hash or contact is None or decision.ownership is not Ownership.OWNED:
        return link.read_hash
    return fields_hash(contact)


def end_begun(ctx: RunContext, settled: Sequence[Link], before: Mapping[int, Link]) -> None:
    """Close what was begun with those for whom nothing is sent; by `before`, their links until now."""
    for link in settled:
        known = before.get(link.customer_id)
        if known is not None and known.begun is not None and link.begun is None:
            ctx.store.intents.end([link.customer_id], how_ended(known, on_list=link.on_list))
