"""Bringing opt-outs and opt-ins from Constant Contact back to Kibo (design R4).

First everything seen is observed, and what Kibo must be given is stored on the links (`pending`) together
with the watermark; then the pending write-backs are made. So a crash, a cancel or a Kibo that is down loses
no opt-out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from ccdesk.core.errors import CcdeskError, ItemError, ListGone, ServiceError
from ccdesk.core.limits import DAILY_CALLS, MAIL_OVERLAP
from ccdesk.core.models import Contact, Link, LinkState, Permission, Standing, WriteBack
from ccdesk.core.runs import Entry, Outcome, RunKind
from ccdesk.sync import context as names
from ccdesk.sync.context import ITEM_ERRORS, RunContext
from ccdesk.sync.outbox.list_remove import list_remove_later
from ccdesk.sync.outbox.shop import write_back
from ccdesk.sync.plan_inbound import UNPROVEN, Observation, mark_left
from ccdesk.sync.put_back import Sightings, note_put_back
from ccdesk.sync.sensors.identity import resolve_identity
from ccdesk.sync.sensors.shop_changes import queue_again
from ccdesk.sync.sensors.unlinked_contacts import acts_since, adopt_opt_out, is_recent_opt_out, take_sign_ups
from ccdesk.sync.standing_opt_outs import NEWCOMERS
from ccdesk.sync.watermarks import begin_polls, is_ahead, not_begun_after, sure_time

_PAGE = 500
_FEW_SCAN_CALLS = 5
_SCAN_SHARE = 0.05  # of the day's calls
_AT_LEAST = timedelta(days=1)
_FEW_LOOKUPS = 40


def run_inbound(ctx: RunContext) -> None:
    """Do one cycle: polls, the scan of the list when it is due, then the pending write-backs."""
    try:
        with ctx.mail.for_opt_outs():
            _begin(ctx)
            not_begun_after(ctx, ctx.store.state.get_time(names.OPT_OUTS_SINCE) or ctx.mail_now())
            seen = _poll_opt_outs(ctx)
            seen += _poll_updates(ctx)
            if scan_due(ctx):
                scan_list(ctx)
    except (ServiceError, ListGone):
        write_back(ctx)  # what was pending before, or seen until now, need not wait for the other service
        raise
    ctx.counts["contacts_seen"] += seen
    write_back(ctx)


def _begin(ctx: RunContext) -> None:
    """Before the very first poll: look from when the list was chosen on, and no further back (§3a R4)."""
    if ctx.store.state.get_time(names.OPT_OUTS_SINCE) is None:
        ctx.require_list()
        begin_polls(ctx.store, ctx.mail_now())


def _poll_opt_outs(ctx: RunContext) -> int:
    since = ctx.store.state.get_time(names.OPT_OUTS_SINCE) or ctx.mail_now()
    began, seen = _poll(ctx, since, opted_out_after=since - MAIL_OVERLAP)
    if is_ahead(since - MAIL_OVERLAP, began):
        since = sure_time(ctx, began)
        not_begun_after(ctx, since)
        began, seen = _poll(ctx, since, opted_out_after=since - MAIL_OVERLAP)
    ctx.store.state.set_time(names.OPT_OUTS_SINCE, max(since, began))
    return seen


def _poll_updates(ctx: RunContext) -> int:
    """Poll by update date, from the watermark less the overlap but not again over what we wrote ourselves."""
    since = ctx.store.state.get_time(names.UPDATES_SINCE) or ctx.mail_now()
    floor = ctx.store.state.get_time(names.UPDATES_FLOOR)
    after = since - MAIL_OVERLAP
    after = max(after, floor) if floor is not None else after
    began, seen = _poll(ctx, since, updated_after=after)
    if is_ahead(after, began):
        since = sure_time(ctx, began)
        not_begun_after(ctx, since)
        ctx.store.state.set_time(names.UPDATES_FLOOR, None)
        began, seen = _poll(ctx, since, updated_after=since - MAIL_OVERLAP)
    ctx.store.state.set_time(names.UPDATES_SINCE, max(since, began))
    return seen


def _poll(
    ctx: RunContext,
    since: datetime,
    *,
    opted_out_after: datetime | None = None,
    updated_after: datetime | None = None,
) -> tuple[datetime, int]:
    """Take in what changed; return the service's time at the first page, and how many contacts came."""
    what = "changes" if opted_out_after is None else "opt-outs"
    began: datetime | None = None
    gone: ListGone | None = None
    seen = 0
    ctx.progress(f"Looking for {what} in Constant Contact")
    for page in ctx.mail.contacts(opted_out_after=opted_out_after, updated_after=updated_after):
        began = began or ctx.mail_now()
        try:
            seen += take_in(ctx, page, since=acts_since(ctx, since))
        except ListGone as error:
            gone = error  # opt-outs on the pages to come count all the same
        ctx.progress(f"Looking for {what} in Constant Contact", seen)
    if gone is not None:
        raise gone
    return began or ctx.mail_now(), seen


def take_in(ctx: RunContext, page: Sequence[Contact], *, since: datetime | None = None) -> int:
    """Observe a page of contacts and save what is new; contacts who are no customers are counted only.

    `since`: from when on what unlinked contacts did themselves is looked at.
    """
    ctx.check_cancel()
    page, apart = resolve_identity(ctx, page)
    links = ctx.store.links.by_emails([contact.email_key for contact in page])
    observe = ctx.observing()
    observations: list[Observation] = []
    unlinked: list[Contact] = []
    seen = Sightings()
    for contact in page:
        known = links.get(contact.email_key, [])
        if not known:
            unlinked.append(contact)
        found = [observe(contact, link) for link in known]
        observations += [one for one, link in zip(found, known, strict=True) if one.link != link]
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
        Entry(one.link.customer_id, one.link.email, Outcome.SKIPPED, one.reason)
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
    return replace(observation, link=replace(link, out_after=ctx.last_sight(link)))


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


# ---------------------------------------------------------------- scan of the list


def scan_due(ctx: RunContext) -> bool:
    """Say whether this cycle scans the list: always while cheap, else within 5 % of the day's calls."""
    scanned_at = ctx.store.state.get_time(names.SCANNED_AT)
    if scanned_at is None:
        return True
    calls = -(-max(1, ctx.store.links.count(on_list=True)) // _PAGE)
    if calls <= _FEW_SCAN_CALLS:
        return True
    a_day = max(1.0, DAILY_CALLS * _SCAN_SHARE / calls)
    every = min(timedelta(days=1) / a_day, _AT_LEAST)
    return abs(ctx.mail_now() - scanned_at) >= every


def scan_list(ctx: RunContext) -> None:
    """Read all members, and ask about every remembered member who is missing (constant-contact.md §10)."""
    since = ctx.store.state.get_time(names.SIGN_UPS_SINCE)
    began = ctx.mail_now()
    for members in _members(ctx):
        take_in(ctx, members, since=since)
    _ask_about_missing(ctx)
    with ctx.store.transaction():
        ctx.store.disagreements.settle_off_scan()
        ctx.store.state.set_time(names.SCANNED_AT, began)
        ctx.store.state.set_time(names.SIGN_UPS_SINCE, None)


def final_list_scan(ctx: RunContext, next_list: str) -> None:
    """Scan the list a last time for those who left or are back; whatever stays unclear is taken for leaving.

    A customer who is on the list that follows has left none: staff may have moved everybody there. For one
    who signed up again after leaving nothing is pending any more (docs/consent.md b4, list switch).

    Raises:
        ListGone: the list is not in the account, so nothing can be told.

    """
    for members in _members(ctx):
        ctx.check_cancel()
        save(ctx, _came_back(ctx, members))
    _ask_about_missing(ctx, next_list)


def _came_back(ctx: RunContext, members: Sequence[Contact]) -> list[Observation]:
    """Return the leavings, not carried to Kibo yet, that members of the list have taken back."""
    links = ctx.store.links.by_emails([one.email_key for one in members])
    observe = ctx.observing()
    found = [
        observe(contact, link)
        for contact in members
        for link in links.get(contact.email_key, ())
        if link.pending is WriteBack.OPT_OUT and link.state is LinkState.LEFT_LIST
    ]
    return [one for one in found if one.link.pending is WriteBack.NOTHING]


def _members(ctx: RunContext) -> Iterator[list[Contact]]:
    """Yield the list's members by pages, and note who may be mailed for `Links.off_scan`.

    The others are asked about if a link still has them on the list.
    """
    ctx.store.staging.clear_scan()
    list_id, done = ctx.settings.list_id, 0
    ctx.progress("Looking who left the list")
    for page in ctx.mail.contacts(list_id=list_id):
        found, _ = resolve_identity(
            ctx, page
        )  # by the service's own word they are members, even if it cannot be read
        members = [c for c in found if list_id in c.list_ids or c.permission is Permission.UNKNOWN]
        ctx.store.staging.add_scan([c for c in members if c.standing in (Standing.IN, Standing.WAITING)])
        yield members
        done += len(page)
        ctx.progress("Looking who left the list", done)


def _ask_about_missing(ctx: RunContext, next_list: str = "") -> None:
    """Ask about every member a link remembers and the scan has not shown; `next_list`: for the last time."""
    missing = 0
    after = -1
    while page := ctx.store.links.off_scan(after, _PAGE):
        after = page[-1].customer_id
        ctx.require_list_once()
        missing += len(page)
        if missing > _FEW_LOOKUPS:
            _compare_all(ctx, next_list)
            return
        save(ctx, [found for link in page for found in _ask_about(ctx, link, next_list)])


def _ask_about(ctx: RunContext, link: Link, next_list: str) -> list[Observation]:
    """Read one person's contact; return what it says, nothing where that is not known or not new."""
    ctx.check_cancel()
    try:
        contact = ctx.mail.get(link.contact_id) if link.contact_id else ctx.mail.find(link.email)
    except ITEM_ERRORS as error:
        if not next_list:
            not_known(ctx, link, error)
            return []
        if not isinstance(error, ItemError):
            raise  # a service that does not answer is no reason to take anybody for gone
        return [mark_left(link, ctx.mail_now())]
    ctx.answered()
    return _observe_one(ctx, contact, link, next_list)


def not_known(ctx: RunContext, link: Link, error: CcdeskError) -> None:
    """Tell of somebody whose contact cannot be read just now.

    Raises:
        CcdeskError: the error itself, where it is the service's.

    """
    ctx.tolerate_item_error(error)
    reason = f"Not known whether this person left the list, asked again next time: {error.text}"
    ctx.record([Entry(link.customer_id, link.email, Outcome.ERROR, reason, error.code)])


def _observe_one(ctx: RunContext, contact: Contact | None, link: Link, next_list: str) -> list[Observation]:
    if next_list and _is_on(contact, next_list, ctx.settings.list_id):
        return []  # moved, or on the former one after all and only not to be read in the scan
    observation = ctx.observing()(contact, link)
    # On hold or not readable, and not on the list by the service's own word: there is no later look.
    if next_list and observation.link.on_list:
        observation = mark_left(observation.link, ctx.mail_now())
    return [observation]


def _is_on(contact: Contact | None, *list_ids: str) -> bool:
    return contact is not None and contact.standing is Standing.IN and bool(contact.list_ids & {*list_ids})


def _compare_all(ctx: RunContext, next_list: str) -> None:
    """Many are missing: one scan of all contacts is cheaper than a call for each of them."""
    staging = ctx.store.staging
    staging.clear_contacts()
    unknown = False
    for page in ctx.mail.contacts():
        ctx.check_cancel()
        known, apart = resolve_identity(ctx, page)
        staging.add_contacts(known)
        unknown = unknown or bool(apart)
    after = -1
    while links := ctx.store.links.off_scan(after, _PAGE):
        after = links[-1].customer_id
        contacts = staging.contacts([link.email_key for link in links])
        observations: list[Observation] = []
        for link in links:
            ctx.check_cancel()
            contact = contacts.get(link.email_key)
            elsewhere = contact is not None and link.contact_id not in ("", contact.id)
            moved = contact is None and link.contact_id  # deleted ones are in the scan: another email there
            if elsewhere or moved or (contact is None and unknown):
                observations += _ask_about(ctx, link, next_list)
                continue
            observations += _observe_one(ctx, contact, link, next_list)
        save(ctx, observations)
    staging.clear_contacts()
