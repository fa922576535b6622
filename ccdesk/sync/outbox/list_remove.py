"""Taking people off the active list; other lists are not touched, nobody is unsubscribed (design R3)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from ccdesk.core.errors import ItemError, Unreadable
from ccdesk.core.intents import Act, Ended
from ccdesk.core.limits import LIST_JOB_MAX_IDS
from ccdesk.core.models import Contact, Customer, Link, LinkState, Ownership, Permission, Standing, WriteBack
from ccdesk.core.ports.mail import Activity
from ccdesk.core.runs import Entry, Outcome, QueuedEvent
from ccdesk.sync.context import ITEM_ERRORS, RunContext
from ccdesk.sync.guard import count_as_left
from ccdesk.sync.journal import how_ended, line_of
from ccdesk.sync.outbox import bulk
from ccdesk.sync.outbox.bulk import AllRefused, by_halves
from ccdesk.sync.outbox.jobs import as_item
from ccdesk.sync.outbox.verify import Fail, Settle, members_among
from ccdesk.sync.sensors.identity import resolve_identity
from ccdesk.sync.sensors.shop_changes import queue_again

BEING_TAKEN_OFF = "opted out in Kibo: being taken off the list"
"""What staff see of a removal that is under way."""

_ONE_BY_ONE = 40
_PEOPLE_A_JOB = LIST_JOB_MAX_IDS // 2  # a person has at most two contacts
_READ_BACK_AFTER = 10  # jobs: reading back takes a scan of the whole list


@dataclass(frozen=True, slots=True)
class Removal:
    """One person who opted out in Kibo, with the link as it was while they were in."""

    event: QueuedEvent
    customer: Customer
    link: Link
    also: str = ""  # what else was done, for the entry


@dataclass(frozen=True, slots=True)
class _Job:
    """One person's contacts to be taken off the list: one, seldom two.

    `error`: the contact could not be read, so nobody knows what the removal changed.
    """

    removal: Removal
    contact_ids: list[str]
    error: Unreadable | None = None


class StillOnList(ItemError):
    """The removal was done by its own word, but the person is still shown on the list."""

    title = "Still on the list after the removal; it is tried again"
    meaning = "Constant Contact may show its changes late. Nothing was lost."
    retry_helps = True


def list_remove_later(ctx: RunContext, links: Sequence[Link]) -> None:
    """Have customers whose opt-out in Kibo was left as it was taken off the list, by a queue entry."""
    with ctx.store.transaction():
        for link in links:
            _begin(ctx, link)
            queue_again(ctx, link.customer_id)


def _begin(ctx: RunContext, link: Link, event_id: str = "") -> None:
    """Store that somebody is being taken off the list, in link and journal."""
    begun = replace(
        link, kibo_opted_in=False, agreed=False, on_list=False, note=BEING_TAKEN_OFF, passed_by=False
    )
    with ctx.store.transaction():
        ctx.store.links.save([begun])
        ctx.store.intents.begin([line_of(ctx, Act.REMOVE, begun, event_id=event_id, by_job=True)])


def off_link(ctx: RunContext, link: Link, customer: Customer, *, stays: bool = False) -> Link:
    """The link of a customer who opted out in Kibo, once Constant Contact follows.

    A pending opt-out of Constant Contact stays pending: the person's other accounts are to have it (R1).
    `stays`: another account keeps the person on the list, and may not know of it yet. Should they leave it
    before it does, this link has seen them there.
    """
    if link.pending is WriteBack.OPT_OUT:
        return replace(
            link,
            kibo_opted_in=False,
            kibo_updated_at=customer.updated_at,
            agreed=False,
            on_list=False,
            passed_by=False,
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
        out_after=link.out_after or last_set(ctx, link),
        note="",
        passed_by=False,
    )


def last_set(ctx: RunContext, link: Link) -> datetime | None:
    """Until when the flag was surely set, where no look noted more: as it was last acted on."""
    return link.kibo_updated_at - ctx.skew() if link.kibo_updated_at else None


def list_remove(ctx: RunContext, removals: Sequence[Removal], *, settle: Settle, fail: Fail) -> None:
    """Remove people from the list in jobs of up to 500 and read back that they are off it.

    Opt-outs may use the calls kept in reserve (design §4).
    """
    jobs: list[_Job] = []
    with ctx.mail.for_opt_outs():
        read = _reader(ctx, removals)
        for removal in removals:
            ctx.check_cancel()
            try:
                contacts = read(removal.link)
            except ITEM_ERRORS as error:
                if isinstance(error, Unreadable) and removal.link.contact_id:
                    jobs.append(_Job(removal, [removal.link.contact_id], error))  # opting out needs none
                else:
                    fail(ctx, removal.event, error, removal.customer.email)
                continue
            ctx.answered()
            listed = [contact.id for contact in contacts if _may_be_listed(ctx, contact)]
            if any(_came_back_later(contact, removal, ctx.skew()) for contact in contacts):
                _opted_in_since(ctx, removal, settle, on_list=bool(listed))
            elif listed:
                jobs.append(_Job(removal, listed))
            else:
                if removal.link.on_list and any(one.standing is Standing.IN for one in contacts):
                    count_as_left(ctx, removal.link)
                _settle(ctx, removal, Outcome.UNCHANGED, "opted out in Kibo; was not on the list", settle)
        at_once = _PEOPLE_A_JOB * _READ_BACK_AFTER
        for start in range(0, len(jobs), at_once):
            _remove(ctx, jobs[start : start + at_once], settle, fail)


def _reader(ctx: RunContext, removals: Sequence[Removal]) -> Callable[[Link], list[Contact]]:
    """Return a way to read contacts: a call each where they are few, else one scan of the list."""
    if len(removals) <= _ONE_BY_ONE:
        return lambda link: _read(ctx, link)
    staging = ctx.store.staging
    staging.clear_contacts()
    unknown = False
    for page in ctx.mail.contacts(list_id=ctx.settings.list_id):
        ctx.check_cancel()
        known, apart = resolve_identity(ctx, page)
        staging.add_contacts(known)
        unknown = unknown or bool(apart)

    def scanned(link: Link) -> list[Contact]:
        found = staging.contacts([link.email_key]).get(link.email_key)
        if found is not None and found.permission is Permission.UNKNOWN:
            return _read(ctx, link)  # what it shows of the list cannot be relied on
        if found is not None and link.contact_id in ("", found.id):
            return [found]
        moved = ((link.on_list or link.may_be_there) and link.contact_id) or (unknown and found is None)
        return _read(ctx, link) if moved else [found] if found is not None else []

    return scanned


def _may_be_listed(ctx: RunContext, contact: Contact) -> bool:
    return ctx.settings.list_id in contact.list_ids or contact.permission is Permission.UNKNOWN


def _read(ctx: RunContext, link: Link) -> list[Contact]:
    """The contacts that stand for a person: the one we know, and who has the email if that one moved on."""
    known = ctx.mail.get(link.contact_id) if link.contact_id else None
    here = known is not None and not known.deleted_at and known.email_key == link.email_key
    by_email = None if here or "@" not in link.email else ctx.mail.find(link.email)
    found = {one.id: one for one in (known, by_email) if one is not None}
    return [one for one in found.values() if not one.deleted_at]


def _came_back_later(contact: Contact, removal: Removal, skew: timedelta) -> bool:
    """Say whether the person signed up in Constant Contact after opting out in Kibo (design R5).

    Only a dated act of their own counts, later than anything we wrote and than Kibo's last update. While our
    own sign-up has no answer yet, what looks like one may be that.
    """
    acted, out = contact.opt_in_at, removal.customer.updated_at
    own = removal.link.being_added
    if acted is None or out is None or contact.opt_in_source != "Contact" or own:
        return False
    written = removal.link.written_at
    return contact.standing is Standing.IN and acted + skew > out and (written is None or acted > written)


def _opted_in_since(ctx: RunContext, removal: Removal, settle: Settle, *, on_list: bool) -> None:
    reason = "both sides changed: the sign-up in Constant Contact is later than the opt-out in Kibo"
    link = replace(
        removal.link,
        kibo_opted_in=False,
        kibo_updated_at=removal.customer.updated_at,
        pending=WriteBack.OPT_IN,
        pending_reason=reason,
        on_list=on_list,
        note="",
        passed_by=False,
    )
    entry = Entry(removal.customer.id, removal.customer.email, Outcome.SKIPPED, reason)
    ended = how_ended(removal.link, on_list=on_list)
    settle(ctx, removal.event, entry, link, conflict=True, ended=ended)


def _remove(ctx: RunContext, people: Sequence[_Job], settle: Settle, fail: Fail) -> None:
    """Take people off the list by jobs, then read back once who is off it.

    Raises:
        CcdeskError: the service takes nobody; those whose jobs were done before that are settled.

    """
    done: bulk.Outcome[_Job] = bulk.Outcome()
    try:
        for start in range(0, len(people), _PEOPLE_A_JOB):
            _send(ctx, people[start : start + _PEOPLE_A_JOB], done)
    except AllRefused as error:
        _read_back(ctx, done, settle, fail)
        raise error.error from error
    _read_back(ctx, done, settle, fail)


def _send(ctx: RunContext, jobs: Sequence[_Job], done: bulk.Outcome[_Job]) -> None:
    ctx.check_cancel()
    with ctx.store.transaction():
        for job in jobs:
            _store_intent(ctx, job.removal)

    def start(group: Sequence[_Job]) -> Activity:
        return ctx.mail.start_remove(_ids_of(group), ctx.settings.list_id)

    outcome = by_halves(ctx, jobs, start)
    done.sent += outcome.sent
    done.refused += outcome.refused


def _ids_of(jobs: Sequence[_Job]) -> list[str]:
    return list(dict.fromkeys(contact_id for job in jobs for contact_id in job.contact_ids))


def _read_back(ctx: RunContext, done: bulk.Outcome[_Job], settle: Settle, fail: Fail) -> None:
    refusals = {id(job): refusal for job, refusal in done.refused}
    tried = [*done.sent, *(job for job, _ in done.refused)]
    still = members_among(ctx, _ids_of(tried), unreadable=True)
    for job in tried:
        refusal = refusals.get(id(job))
        if not job.error and not still.intersection(job.contact_ids):
            _settle(ctx, job.removal, Outcome.REMOVED, "opted out in Kibo: taken off the list", settle)
        else:
            # An opt-out is never given up: it is tried again and again, whatever refused it.
            why = as_item(refusal, retry_helps=True) if refusal else job.error or StillOnList()
            fail(ctx, job.removal.event, why, job.removal.customer.email)


def _store_intent(ctx: RunContext, removal: Removal) -> None:
    """Store the intent: should its outcome never be seen, nobody left the list, and an opt-in is new."""
    _begin(ctx, removal.link, removal.event.event_id)
    note_others_off(ctx, removal.link)


def note_others_off(ctx: RunContext, link: Link) -> None:
    """Note on the person's other accounts that we took them off the list: nobody left it (design R6).

    Those accounts count for nothing as they are, a disabled one for instance. Once one counts again, its
    opt-in is acted on as if it were new.
    """
    others = [one for one in ctx.store.links.by_email(link.email_key) if one.on_list]
    ctx.store.links.save(
        replace(one, on_list=False, agreed=None, kibo_opted_in=None if one.kibo_opted_in else False)
        for one in others
        if one.customer_id != link.customer_id
    )


def _settle(ctx: RunContext, removal: Removal, outcome: Outcome, reason: str, settle: Settle) -> None:
    entry = Entry(removal.customer.id, removal.customer.email, outcome, f"{reason}{removal.also}")
    off = off_link(ctx, removal.link, removal.customer)
    ended = Ended.DONE if outcome is Outcome.REMOVED else how_ended(removal.link, on_list=False)
    settle(ctx, removal.event, entry, off, ended=ended)
