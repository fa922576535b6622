"""The scan of the list: who is on it, and who has left (constant-contact.md §10; design R4)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta

from ccdesk.core.errors import CcdeskError, ItemError
from ccdesk.core.limits import DAILY_CALLS
from ccdesk.core.models import Contact, Link, LinkState, Permission, Standing, WriteBack
from ccdesk.core.runs import Entry, Outcome
from ccdesk.sync import state_names as names
from ccdesk.sync.context import RunContext
from ccdesk.sync.item_errors import ITEM_ERRORS
from ccdesk.sync.observing import last_sight, observing
from ccdesk.sync.plan_inbound import Observation, mark_left
from ccdesk.sync.runs.take_in import save, take_in
from ccdesk.sync.sensors.identity import resolve_identity
from ccdesk.sync.sensors.unlinked_contacts import is_own_opt_in

_PAGE = 500


_FEW_SCAN_CALLS = 5


_SCAN_SHARE = 0.05  # of the day's calls


_AT_LEAST = timedelta(days=1)


_FEW_LOOKUPS = 40


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

    A customer who is on the list that follows has left none: staff may have moved everybody there. One who
    was on that list before, when it was in use, was not moved and has left. For one who signed up again after
    leaving nothing is pending any more (docs/consent.md b4, list switch).

    Raises:
        ListGone: the list is not in the account, so nothing can be told.

    """
    for members in _members(ctx):
        ctx.check_cancel()
        save(ctx, _came_back(ctx, members))
    _ask_about_missing(ctx, next_list)


def _came_back(ctx: RunContext, members: Sequence[Contact]) -> list[Observation]:
    """Return the leavings, not carried to Kibo yet, that members of the list have taken back.

    And whose sign-up, later than an opt-out that Kibo was given, no look has shown yet.
    """
    links = ctx.store.links.by_emails([one.email_key for one in members])
    observe = observing(ctx)
    found = [
        observe(contact, link)
        for contact in members
        for link in links.get(contact.email_key, ())
        if link.kibo_opted_in is False or _is_owed_leaving(link)
    ]
    return [one for one in found if one.link.pending is WriteBack.OPT_IN or _is_owed_no_more(one.link)]


def _is_owed_leaving(link: Link) -> bool:
    return link.pending is WriteBack.OPT_OUT and link.state is LinkState.LEFT_LIST


def _is_owed_no_more(link: Link) -> bool:
    return link.pending is WriteBack.NOTHING and link.kibo_opted_in is not False


def _members(ctx: RunContext) -> Iterator[list[Contact]]:
    """Yield the list's members by pages, and note who may be mailed for `Links.off_scan`.

    The others are asked about if a link still has them on the list.
    """
    ctx.store.staging.clear_scan()
    list_id, done = ctx.settings.list_id, 0
    ctx.progress("Looking who left the list")
    for page in ctx.mail.contacts(list_id=list_id):
        found, _ = resolve_identity(ctx, page)
        # By the service's own word they are members, even one whose contact cannot be read.
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
    if next_list and _has_not_left(ctx, contact, link, next_list):
        return []
    observation = observing(ctx)(contact, link)
    # On hold or not readable, and not on the list by the service's own word: there is no later look.
    if next_list and observation.link.on_list:
        observation = mark_left(observation.link, ctx.mail_now())
    return [observation]


def _has_not_left(ctx: RunContext, contact: Contact | None, link: Link, next_list: str) -> bool:
    """Say whether somebody the scan did not show was moved to the next list, or is on this one after all.

    Somebody who was on the next list before, when that was in use, was not moved there; but a sign-up for it
    since the last look is a statement of their own.
    """
    if contact is None:
        return False
    if contact.is_mailed(ctx.settings.list_id):  # the scan could not read it
        return True
    if not ctx.store.links.was_on(link.customer_id, next_list):
        return contact.is_mailed(next_list)
    seen = last_sight(ctx, link)
    return seen is not None and is_own_opt_in(contact, next_list, seen)


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
