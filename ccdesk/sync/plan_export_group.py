"""What an export does with all accounts of one email: one of them stands for the person (design R1)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

from ccdesk.core.exporting import Candidate
from ccdesk.core.models import Contact, Customer, Link, LinkState, Ownership, Standing, WriteBack
from ccdesk.core.runs import OffList, Outcome
from ccdesk.sync.agreement import not_exported
from ccdesk.sync.plan_export import (
    Action,
    ExportDecision,
    is_new_opt_in,
    plan_person,
    skip,
    skip_unsubscribed,
)
from ccdesk.sync.standing_opt_outs import (
    NEWCOMERS,
    is_added_by_staff,
    is_cleared,
    left_since_gone,
    opted_out_since,
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
    moved: Sequence[Link] = (),
    off_list: OffList = OffList.NEWLY,
    skew: timedelta = timedelta(0),
) -> list[ExportDecision]:
    """Decide for all opted-in accounts that share one email; the answers are in the candidates' order.

    The first account that can be sent stands for the person, and no opt-out of another account stops it if it
    can be helped; the others follow it (design R1). `others` are all links with this email: an account that
    is not opted in any more, or gone from Kibo, may know that the person opted out. `moved`: links that know
    the contact under another email (`moved_contacts`). `skew`: how far the shop's clock is ahead.
    """
    key = candidates[0].customer.email_key
    own = [links[one.customer.id] for one in candidates if one.customer.id in links]
    known = [link for link in own if link.email_key == key]
    there = {link.customer_id for link in known}
    others = [one for one in others if one.customer_id not in there]
    stopped = _stopped(candidates, links, [*known, *others], first_export=first_export, skew=skew)
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
            [
                *known,
                *(one for one in others if one.state is not LinkState.CLOSED),
                *_leavings(moved, candidates),
            ],
            list_id=list_id,
            first_export=first_export,
            off_list=off_list,
            stopped=speaker.customer.id in stopped,
        )
    decisions: list[ExportDecision] = []
    for candidate in candidates:
        link, refused = links.get(candidate.customer.id), refusals[candidate.customer.id]
        new = is_new_opt_in(link, first_export=first_export)
        if refused is not None:
            decisions.append(_unless_out(refused, candidate, contact, link, new_opt_in=new))
        elif speaker is not None and decided is not None:
            follows = candidate is not speaker
            decisions.append(_follower(speaker.customer, decided, new_opt_in=new) if follows else decided)
    return decisions


def _leavings(moved: Sequence[Link], candidates: Sequence[Candidate]) -> list[Link]:
    """Return what links tell of a contact that they know under another email: off the list, it has left it.

    It is not theirs here to be written over, and a candidate's own link is about the email it had before.
    """
    own = {one.customer.id for one in candidates}
    others = [one for one in moved if one.customer_id not in own]
    return [replace(one, ownership=Ownership.NONE, state=LinkState.LEFT_LIST) for one in others]


def _unless_out(
    refused: ExportDecision,
    candidate: Candidate,
    contact: Contact | None,
    link: Link | None,
    *,
    new_opt_in: bool,
) -> ExportDecision:
    """Return why an account is not sent: its person's opt-out counts all the same (design R1).

    Not that of which the confirmation was asked for this account: its opt-in is the later act (R3).
    """
    if contact is None or contact.standing is not Standing.OUT or new_opt_in:
        return refused
    never_sent = refused.state is LinkState.INVALID or (refused.passed_over and candidate.code != UNREADABLE)
    if not never_sent or (link is not None and _was_asked_over(contact, link)):
        return refused
    return skip_unsubscribed(contact)


def _was_asked_over(contact: Contact, link: Link) -> bool:
    """Say whether an account's opt-in was found to be later than the opt-out that its contact shows."""
    before = link.state is LinkState.ASKED_BEFORE and not opted_out_since(contact, link)
    return link.state is LinkState.CONFIRMING or before


def _stopped(
    candidates: Sequence[Candidate],
    links: Mapping[int, Link],
    known: Sequence[Link],
    *,
    first_export: bool,
    skew: timedelta,
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
        new = is_new_opt_in(link, first_export=first_export)
        others = [one for one in outs if one is not link and (new or not is_added_by_staff(link, one, skew))]
        if (unseen or others) and (new or candidate.customer.is_anonymous):
            found.add(candidate.customer.id)
    return found


def _refusal(candidate: Candidate, link: Link | None, *, guests: bool) -> ExportDecision | None:
    """Return why a candidate is not sent, whatever Constant Contact shows."""
    if candidate.code == UNREADABLE:
        return _unsendable(candidate)
    not_wanted = _not_wanted(candidate.customer, guests=guests)
    if link is not None and link.state in NEWCOMERS and link.email_key == candidate.customer.email_key:
        not_wanted = not_wanted or skip(link.note, link.state, keep_link=True)
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
        return skip("opted out in Kibo meanwhile", LinkState.SYNCED, keep_link=True)
    if reason := not_exported(customer, guests=guests):
        return replace(skip(reason, LinkState.SYNCED, keep_link=True), passed_over=True)
    return None


UNREADABLE = "unreadable"
"""Code of a candidate whose account cannot be read: nothing is decided, it comes up with the next compare."""


def _unsendable(candidate: Candidate) -> ExportDecision | None:
    if candidate.code == UNREADABLE:
        return ExportDecision(
            Action.NONE, Outcome.ERROR, candidate.problem, code=candidate.code, passed_over=True
        )
    if not candidate.customer.email.strip():
        return skip("no email in Kibo", LinkState.INVALID)
    if not candidate.problem:
        return None
    return ExportDecision(
        Action.NONE, Outcome.ERROR, candidate.problem, LinkState.INVALID, code=candidate.code
    )


def _moved(customer: Customer, link: Link | None) -> ExportDecision | None:
    """Leave a changed email to its event: only there is the contact of the old one looked at (design R3).

    Somebody who was forgotten while opted in has no other email: theirs is not known until it is read.
    """
    if link is None or link.email_key in ("", customer.email_key):
        return None
    if not (link.contact_id or link.on_list or link.may_be_there or link.pending is not WriteBack.NOTHING):
        return None
    return skip("email changed in Kibo; its event sees to it", LinkState.SYNCED, keep_link=True)


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
        acted_at=decision.acted_at,
    )
