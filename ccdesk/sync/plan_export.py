"""What an export does with one person: design R2's table as a pure function."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from ccdesk.consent.route import takes_bulk
from ccdesk.core.exporting import Candidate
from ccdesk.core.models import Contact, Link, LinkState, Ownership, Standing, WriteBack
from ccdesk.core.runs import OffList, Outcome
from ccdesk.core.words import marked
from ccdesk.sync.later import acted_after, deleted_at
from ccdesk.sync.ownership import is_ours, is_stale, left_unseen
from ccdesk.sync.standing_opt_outs import (
    ASKED_BEFORE,
    DELETED,
    LEFT,
    opted_out_since,
    out_words,
    unasked,
)


class Action(StrEnum):
    """How a person reaches the list in an export."""

    NONE = "none"
    IMPORT = "import"  # new, or ours and out of date
    ADD = "add"  # foreign: membership only, fields stay
    CREATE = "create"  # email of 51–80 characters, new
    REWRITE = "rewrite"  # email of 51–80 characters, ours and out of date
    PLAIN = "import_plain"  # by import with email and list alone, once the other fields were refused


@dataclass(frozen=True, slots=True)
class ExportDecision:
    """What is done with one customer and why; `state` and `pending` go to the link unless `keep_link`.

    `acted_at`: as in `Entry`.
    `passed_over`: the account is not exported at all, but remembered as seen opted in: an opt-in that is
    acted on later is then not taken for newer than it is. `by_event`: known as opted in, and decided with an
    event all the same, which is to be queued.
    """

    action: Action
    outcome: Outcome
    reason: str
    state: LinkState = LinkState.SYNCED
    ownership: Ownership = Ownership.NONE
    pending: WriteBack = WriteBack.NOTHING
    code: str = ""
    keep_link: bool = False
    passed_over: bool = False
    by_event: bool = False
    acted_at: datetime | None = None


NEW_CONTACT = ExportDecision(Action.IMPORT, Outcome.ADDED, "new contact", ownership=Ownership.OWNED)
"""What is done about a plain candidate neither side knows (design R2, first row)."""


def skip(
    reason: str,
    state: LinkState,
    *,
    pending: bool = False,
    keep_link: bool = False,
    acted_at: datetime | None = None,
) -> ExportDecision:
    """Return that nothing is sent for an account, and why; `pending`: it is to be opted out in Kibo."""
    return ExportDecision(
        Action.NONE,
        Outcome.SKIPPED,
        reason,
        state,
        pending=WriteBack.OPT_OUT if pending else WriteBack.NOTHING,
        keep_link=keep_link,
        acted_at=acted_at,
    )


def skip_unsubscribed(contact: Contact, *, keep_link: bool = False) -> ExportDecision:
    """Return that nothing is sent for somebody who unsubscribed, and that Kibo is to be told."""
    at = contact.opt_out_at
    return skip(out_words(contact), LinkState.UNSUBSCRIBED, pending=True, keep_link=keep_link, acted_at=at)


def is_new_opt_in(link: Link | None, *, first_export: bool) -> bool:
    """Say whether an account has opted in since it was last acted on; a first export knows no such thing."""
    return not first_export and (link is None or link.kibo_opted_in is not True)


def plan_person(
    candidate: Candidate,
    contact: Contact | None,
    link: Link | None,
    known: Sequence[Link],
    *,
    list_id: str,
    first_export: bool,
    off_list: OffList = OffList.NEWLY,
    stopped: bool = False,
) -> ExportDecision:
    """Decide for one person with a valid email, row by row of design R2.

    `known` are the links of all accounts with this email. A new opt-in since we last looked is left to the
    event queue wherever an earlier opt-out stands in the way, or may (`stopped`: one of another account of
    theirs): only there the two acts are compared (R3, R5).
    """
    new_opt_in = is_new_opt_in(link, first_export=first_export)
    if stopped:
        off = contact is not None and contact.standing is Standing.IN and list_id not in contact.list_ids
        if (
            off and off_list is OffList.LEAVE_OUT
        ):  # staff have just answered, also about what its event may say
            return skip(LEFT_OUT, LinkState.LEFT_OUT)
        return replace(skip(LATER, LinkState.SYNCED, keep_link=True), by_event=not new_opt_in)
    out = contact is not None and contact.standing is Standing.OUT
    if not new_opt_in and not out and (undone := _undone(known)):
        return skip(undone, LinkState.UNDONE, keep_link=True)
    if contact is None:
        if any(one.contact_id for one in known) and not new_opt_in:
            # Nothing is remembered of it: one that is read by its id tells which, and who moved may opt out.
            reason = "not in Constant Contact any more (deleted, or its email changed there)"
            return skip(reason, LinkState.CONTACT_DELETED, keep_link=True)
        action = Action.IMPORT if takes_bulk(candidate.customer.email) else Action.CREATE
        return replace(NEW_CONTACT, action=action)
    standing = contact.standing
    if standing is Standing.DELETED:
        at = deleted_at(contact)
        return skip(DELETED, LinkState.CONTACT_DELETED, keep_link=new_opt_in, acted_at=at)
    if standing is Standing.OUT:
        if any(one.state is LinkState.CONFIRMING for one in known):
            reason = unasked(known) or "waiting for the person's confirmation"
            return skip(reason, LinkState.CONFIRMING, keep_link=True)
        if any(one.state is LinkState.ASKED_BEFORE and not opted_out_since(contact, one) for one in known):
            return skip(ASKED_BEFORE, LinkState.ASKED_BEFORE, keep_link=True)
        return skip_unsubscribed(contact, keep_link=new_opt_in)
    if standing is Standing.WAITING:
        return skip(f"waiting ({contact.permission.value})", LinkState.HELD)
    return _plan_active(candidate, contact, known, list_id=list_id, new_opt_in=new_opt_in, off_list=off_list)


def _undone(known: Sequence[Link]) -> str:
    """Say that an undo has taken the person off the list, "" if none has (design §8, `undo`)."""
    undone = next((one for one in known if one.state is LinkState.UNDONE and not one.on_list), None)
    return "" if undone is None else undone.note or UNDONE


def _plan_active(
    candidate: Candidate,
    contact: Contact,
    known: Sequence[Link],
    *,
    list_id: str,
    new_opt_in: bool,
    off_list: OffList,
) -> ExportDecision:
    on_list = list_id in contact.list_ids
    left = any(
        one.state is LinkState.LEFT_LIST
        or one.on_list
        or one.pending is WriteBack.OPT_OUT
        or left_unseen(one, contact)
        for one in known
    )
    if left and not on_list:
        return skip(LEFT, LinkState.LEFT_LIST, pending=True, keep_link=new_opt_in)
    if any(one.pending is WriteBack.OPT_OUT and not acted_after(contact, one.out_since) for one in known):
        return skip(f"{LEFT}, and was put back by others", LinkState.LEFT_LIST, pending=True, keep_link=True)
    if not on_list and _stays_out(known, off_list):
        # What staff have just answered is about an opt-in whose event still waits as well.
        newer = new_opt_in and off_list is OffList.NEWLY
        return skip(LEFT_OUT, LinkState.LEFT_OUT, keep_link=newer)
    ours = next((one for one in known if is_ours(one, contact)), None)
    if ours is None:
        if on_list:
            reason = "already on the list; contact from another source, left as it is"
            return ExportDecision(Action.NONE, Outcome.UNCHANGED, reason, ownership=Ownership.FOREIGN)
        reason = "contact from another source: added to the list, its fields kept"
        return ExportDecision(Action.ADD, Outcome.ADDED, reason, ownership=Ownership.FOREIGN)
    stale = is_stale(candidate.fields_hash, contact, ours)
    if on_list and not stale:
        return ExportDecision(Action.NONE, Outcome.UNCHANGED, "nothing differs", ownership=Ownership.OWNED)
    action = Action.IMPORT if takes_bulk(candidate.customer.email) else Action.REWRITE
    what = "fields brought up to date" if stale else BACK_ON_LIST
    if stale and not on_list:
        what = marked("put back on the list, fields brought up to date")
    return ExportDecision(action, Outcome.UPDATED, what, ownership=Ownership.OWNED)


BACK_ON_LIST = "put back on the list"
UNDONE = "taken off the list by undoing a run: left off until they opt in anew or sign up"
LATER = "another account of this person opted out: decided with the customer's event"
LEFT_OUT = "may have left the list before its first export: left out until the customer opts in anew"


def _stays_out(known: Sequence[Link], off_list: OffList) -> bool:
    """Say whether somebody in good standing is left off the list (design §3a R2; `export_first`)."""
    if off_list is OffList.NEWLY:
        return any(one.state is LinkState.LEFT_OUT for one in known)
    return off_list is OffList.LEAVE_OUT
