"""What an export does with each person: design R2's table as a pure function."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from ccdesk.core.exporting import Candidate
from ccdesk.core.models import Contact, Customer, Link, LinkState, Ownership, Standing, WriteBack
from ccdesk.core.runs import OffList, Outcome
from ccdesk.sync.agreement import not_exported
from ccdesk.sync.later import acted_after
from ccdesk.sync.mapping import is_long
from ccdesk.sync.ownership import is_ours, is_stale, left_unseen
from ccdesk.sync.standing_opt_outs import (
    ASKED_BEFORE,
    LEFT,
    NEWCOMERS,
    is_added_by_staff,
    is_cleared,
    left_since_gone,
    opted_out_since,
    out_words,
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


NEW_CONTACT = ExportDecision(Action.IMPORT, Outcome.ADDED, "new contact", ownership=Ownership.OWNED)
"""What is done about a plain candidate neither side knows (design R2, first row)."""


def _skip(reason: str, state: LinkState, *, pending: bool = False, keep_link: bool = False) -> ExportDecision:
    return ExportDecision(
        Action.NONE,
        Outcome.SKIPPED,
        reason,
        state,
        pending=WriteBack.OPT_OUT if pending else WriteBack.NOTHING,
        keep_link=keep_link,
    )


def plan_group(
    candidates: Sequence[Candidate],
    contact: Contact | None,
    links: dict[int, Link],
    *,
    list_id: str,
    first_export: bool,
    guests: bool,
    others: Sequence[Link] = (),
    off_list: OffList = OffList.NEWLY,
) -> list[ExportDecision]:
    """Decide for all opted-in accounts that share one email; the answers are in the candidates' order.

    The first account that can be sent stands for the person, and no opt-out of another account stops it if it
    can be helped; the others follow it (design R1). `others` are all links with this email: an account that
    is not opted in any more, or gone from Kibo, may know that the person opted out.
    """
    key = candidates[0].customer.email_key
    own = [links[one.customer.id] for one in candidates if one.customer.id in links]
    known = [link for link in own if link.email_key == key]
    there = {link.customer_id for link in known}
    others = [one for one in others if one.customer_id not in there]
    stopped = _stopped(candidates, links, [*known, *others], first_export=first_export)
    refusals = {
        one.customer.id: _refusal(one, links.get(one.customer.id), guests=guests) for one in candidates
    }
    sendable = [one for one in candidates if refusals[one.customer.id] is None]
    speaker = next((one for one in sendable if one.customer.id not in stopped), next(iter(sendable), None))
    decided: ExportDecision | None = None
    if speaker is not None:
        decided = plan_person(
            speaker,
            contact,
            links.get(speaker.customer.id),
            [*known, *(one for one in others if one.state is not LinkState.CLOSED)],
            list_id=list_id,
            first_export=first_export,
            off_list=off_list,
            stopped=speaker.customer.id in stopped,
        )
    decisions: list[ExportDecision] = []
    for candidate in candidates:
        link, refused = links.get(candidate.customer.id), refusals[candidate.customer.id]
        new = _is_new_opt_in(link, first_export=first_export)
        if refused is not None:
            decisions.append(_unless_out(refused, candidate, contact, new_opt_in=new))
        elif speaker is not None and decided is not None:
            follows = candidate is not speaker
            decisions.append(_follower(speaker.customer, decided, new_opt_in=new) if follows else decided)
    return decisions


def _unless_out(
    refused: ExportDecision, candidate: Candidate, contact: Contact | None, *, new_opt_in: bool
) -> ExportDecision:
    """Return why an account is not sent: its person's opt-out counts all the same (design R1)."""
    out = contact is not None and contact.standing is Standing.OUT
    never_sent = refused.state is LinkState.INVALID or (refused.passed_over and candidate.code != UNREADABLE)
    if never_sent and out and not new_opt_in:
        return _skip(out_words(contact), LinkState.UNSUBSCRIBED, pending=True)
    return refused


def _stopped(
    candidates: Sequence[Candidate], links: Mapping[int, Link], known: Sequence[Link], *, first_export: bool
) -> set[int]:
    """Return the accounts whose opt-in an opt-out of another account of the person may stand against.

    That is one that came since that account was last acted on, and a guest's (design §3a R1); what staff
    added counts. An account known as opted in that is not among those read now is an opt-out nobody has
    looked at yet. One that is gone from Kibo keeps what it knew.
    """
    read = {one.customer.id for one in candidates}
    unseen = any(
        one.kibo_opted_in is True and one.state is not LinkState.CLOSED and one.customer_id not in read
        for one in known
    )
    outs = [one for one in known if is_cleared(one) or left_since_gone(one)]
    found: set[int] = set()
    for candidate in candidates:
        link = links.get(candidate.customer.id)
        new = _is_new_opt_in(link, first_export=first_export)
        others = [one for one in outs if one is not link and (new or not is_added_by_staff(link, one))]
        if (unseen or others) and (new or candidate.customer.is_anonymous):
            found.add(candidate.customer.id)
    return found


def _refusal(candidate: Candidate, link: Link | None, *, guests: bool) -> ExportDecision | None:
    """Return why a candidate is not sent, whatever Constant Contact shows."""
    if candidate.code == UNREADABLE:
        return _unsendable(candidate)
    not_wanted = _not_wanted(candidate.customer, guests=guests)
    if link is not None and link.state in NEWCOMERS and link.email_key == candidate.customer.email_key:
        not_wanted = not_wanted or _skip(link.note, link.state, keep_link=True)
    return not_wanted or _moved(candidate.customer, link) or _unsendable(candidate)


def plan_followers(
    candidates: Sequence[Candidate],
    sent: tuple[int, Ownership],
    links: Mapping[int, Link],
    *,
    guests: bool,
) -> list[ExportDecision]:
    """Decide for accounts whose email was sent before they were read or planned, `sent`: for whom, as whose.

    One that nothing is known of yet gets a link, by which its opt-out is seen; what is known of others stays.
    """
    number, ownership = sent
    done = ExportDecision(Action.NONE, Outcome.UNCHANGED, "", ownership=ownership)
    speaker = Customer(number, "", True)
    return [
        _refusal(one, None, guests=guests)
        or replace(_follower(speaker, done, new_opt_in=False), keep_link=one.customer.id in links)
        for one in candidates
    ]


def _not_wanted(customer: Customer, *, guests: bool) -> ExportDecision | None:
    if not customer.accepts_marketing:  # read again, because the export had lain still
        return _skip("opted out in Kibo meanwhile", LinkState.SYNCED, keep_link=True)
    if reason := not_exported(customer, guests=guests):
        return replace(_skip(reason, LinkState.SYNCED, keep_link=True), passed_over=True)
    return None


UNREADABLE = "unreadable"
"""Code of a candidate whose account cannot be read: nothing is decided, it comes up with the next compare."""


def _unsendable(candidate: Candidate) -> ExportDecision | None:
    if candidate.code == UNREADABLE:
        return ExportDecision(
            Action.NONE, Outcome.ERROR, candidate.problem, code=candidate.code, passed_over=True
        )
    if not candidate.customer.email.strip():
        return _skip("no email in Kibo", LinkState.INVALID)
    if not candidate.problem:
        return None
    return ExportDecision(
        Action.NONE, Outcome.ERROR, candidate.problem, LinkState.INVALID, code=candidate.code
    )


def _moved(customer: Customer, link: Link | None) -> ExportDecision | None:
    """Leave a changed email to its event: only there is the contact of the old one looked at (design R3)."""
    if link is None or link.email_key == customer.email_key:
        return None
    if not (link.contact_id or link.on_list or link.may_be_there or link.pending is not WriteBack.NOTHING):
        return None
    return _skip("email changed in Kibo; its event sees to it", LinkState.SYNCED, keep_link=True)


def _is_new_opt_in(link: Link | None, *, first_export: bool) -> bool:
    return not first_export and (link is None or link.kibo_opted_in is not True)


def _follower(first: Customer, decision: ExportDecision, *, new_opt_in: bool) -> ExportDecision:
    """One more account of a person: the same fate, nothing of its own to send.

    Where an opt-out stands in the way of this account's own new opt-in, its event decides (design R5).
    """
    outcome = Outcome.SKIPPED if decision.outcome is Outcome.SKIPPED else Outcome.UNCHANGED
    reason = decision.reason if outcome is Outcome.SKIPPED else f"same email as customer {first.id}"
    return ExportDecision(
        Action.NONE,
        outcome,
        reason,
        decision.state,
        decision.ownership,
        decision.pending,
        keep_link=decision.keep_link or (new_opt_in and outcome is Outcome.SKIPPED),
    )


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
    new_opt_in = _is_new_opt_in(link, first_export=first_export)
    if stopped:
        off = contact is not None and contact.standing is Standing.IN and list_id not in contact.list_ids
        if (
            off and off_list is OffList.LEAVE_OUT
        ):  # staff have just answered, also about what its event may say
            return _skip(LEFT_OUT, LinkState.LEFT_OUT)
        return replace(_skip(LATER, LinkState.SYNCED, keep_link=True), by_event=not new_opt_in)
    out = contact is not None and contact.standing is Standing.OUT
    if not new_opt_in and not out and (undone := _undone(known)):
        return _skip(undone, LinkState.UNDONE, keep_link=True)
    if contact is None:
        if any(one.contact_id for one in known) and not new_opt_in:
            reason = "not in Constant Contact any more (deleted, or its email changed there)"
            return _skip(reason, LinkState.CONTACT_DELETED)
        action = Action.CREATE if is_long(candidate.customer.email) else Action.IMPORT
        return replace(NEW_CONTACT, action=action)
    standing = contact.standing
    if standing is Standing.DELETED:
        return _skip("deleted in Constant Contact", LinkState.CONTACT_DELETED, keep_link=new_opt_in)
    if standing is Standing.OUT:
        if any(one.state is LinkState.CONFIRMING for one in known):
            return _skip("waiting for the person's confirmation", LinkState.CONFIRMING, keep_link=True)
        if any(one.state is LinkState.ASKED_BEFORE and not opted_out_since(contact, one) for one in known):
            return _skip(ASKED_BEFORE, LinkState.ASKED_BEFORE, keep_link=True)
        return _skip(out_words(contact), LinkState.UNSUBSCRIBED, pending=True, keep_link=new_opt_in)
    if standing is Standing.WAITING:
        return _skip(f"waiting ({contact.permission.value})", LinkState.HELD)
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
        return _skip(LEFT, LinkState.LEFT_LIST, pending=True, keep_link=new_opt_in)
    if any(one.pending is WriteBack.OPT_OUT and not acted_after(contact, one.out_since) for one in known):
        return _skip(f"{LEFT}, and was put back by others", LinkState.LEFT_LIST, pending=True, keep_link=True)
    if not on_list and _stays_out(known, off_list):
        # What staff have just answered is about an opt-in whose event still waits as well.
        newer = new_opt_in and off_list is OffList.NEWLY
        return _skip(LEFT_OUT, LinkState.LEFT_OUT, keep_link=newer)
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
    action = Action.REWRITE if is_long(candidate.customer.email) else Action.IMPORT
    what = "fields brought up to date" if stale else BACK_ON_LIST
    if stale and not on_list:
        what = f"{BACK_ON_LIST}, fields brought up to date"
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
