"""What contacts that were read mean for their customers, stored with what Kibo must be given (design R4)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from ccdesk.core.errors import ListGone
from ccdesk.core.models import Contact, LinkState, WriteBack
from ccdesk.core.runs import Entry, Outcome, RunKind
from ccdesk.sync.context import RunContext
from ccdesk.sync.observing import last_sight, observing
from ccdesk.sync.outbox.list_remove import list_remove_later
from ccdesk.sync.plan_inbound import UNPROVEN, Observation
from ccdesk.sync.put_back import Sightings, note_put_back
from ccdesk.sync.sensors.identity import resolve_identity
from ccdesk.sync.sensors.shop_changes import queue_again
from ccdesk.sync.sensors.unlinked_contacts import (
    adopt_opt_out,
    is_recent_opt_out,
    is_unlinked,
    lift_gone,
    take_sign_ups,
)
from ccdesk.sync.standing_opt_outs import NEWCOMERS


def take_in(ctx: RunContext, page: Sequence[Contact], *, since: datetime | None = None) -> int:
    """Observe a page of contacts and save what is new; contacts who are no customers are counted only.

    `since`: from when on what unlinked contacts did themselves is looked at.
    """
    ctx.check_cancel()
    page, apart = resolve_identity(ctx, page)
    links = ctx.store.links.by_emails([contact.email_key for contact in page])
    observe = observing(ctx)
    observations: list[Observation] = []
    unlinked: list[Contact] = []
    seen = Sightings()
    for contact in page:
        known = links.get(contact.email_key, [])
        if is_unlinked(known):
            unlinked.append(contact)
        found = [observe(contact, link) for link in known]
        observations += [one for one, link in zip(found, known, strict=True) if one.link != link]
        if any(one.link.pending is WriteBack.OPT_IN for one in found):
            lift_gone(ctx, contact, known)
        seen.add(contact, [one.link for one in found if not one.off], ctx.settings.list_id)
        seen.told.update(one.link.customer_id for one in found if one.reason)
    save(ctx, observations)
    note_put_back(ctx, seen)
    ctx.counts["ignored"] += len(unlinked) + len(apart)
    if since is not None:
        take_sign_ups(ctx, unlinked, since)
        for contact in unlinked:
            if is_recent_opt_out(contact, since):
                adopt_opt_out(ctx, contact)
    return len(page) + len(apart)


def save(ctx: RunContext, observations: Sequence[Observation]) -> None:
    """Store what was observed; a pending write-back gets its entry when it is made.

    Raises:
        ListGone: a list deleted meanwhile says nothing about anybody (design §3a R4). Nobody is taken for
            having left it; everything else is stored.

    """
    try:
        if any(one.left for one in observations):
            ctx.require_list()
    except ListGone:
        _store(ctx, [one for one in observations if not one.left])
        raise
    _store(ctx, observations)


def _store(ctx: RunContext, found: Sequence[Observation]) -> None:
    observations = [_dated(ctx, one) if one.left else one for one in found]
    observations = [one for one in observations if not _is_in_already(ctx, one)]
    own_entries = ctx.run.kind is not RunKind.EXPORT  # that tells of those it read only, once each (R2)
    entries = [
        Entry(one.link.customer_id, one.link.email, Outcome.SKIPPED, one.reason, acted_at=one.acted_at)
        for one in observations
        if own_entries and one.reason and one.link.pending is WriteBack.NOTHING
    ]
    with ctx.store.transaction():
        ctx.store.links.save([one.link for one in observations])
        for one in observations:
            if one.again:
                queue_again(ctx, one.link.customer_id)
        list_remove_later(ctx, [one.link for one in observations if one.off])
        ctx.record(entries)


def _dated(ctx: RunContext, observation: Observation) -> Observation:
    """Keep since when at the earliest somebody has left the list: who came later cannot lift that."""
    link = observation.link
    return replace(observation, link=replace(link, out_after=last_sight(ctx, link)))


def _is_in_already(ctx: RunContext, observation: Observation) -> bool:
    """Say whether an opt-in is pending for an account, or missed in it, although the person never was out.

    Another account with the email is opted in, or just being added, and keeps them on the list: that they are
    there, or signed up some time, lifts no opt-out made in this account (design R1).
    """
    link = observation.link
    if link.pending is not WriteBack.OPT_IN and observation.reason != UNPROVEN:
        return False
    others = ctx.store.links.by_email(link.email_key)
    return any(
        (one.kibo_opted_in is True or one.may_be_there) and one.state not in (LinkState.CLOSED, *NEWCOMERS)
        for one in others
        if one.customer_id != link.customer_id
    )
