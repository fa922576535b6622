"""What a contact's present state means for its customer, observed by a pure function (design R4)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from ccdesk.core.limits import A_SECOND, MAIL_OVERLAP
from ccdesk.core.models import Contact, Link, LinkState, Ownership, Permission, Standing, WriteBack
from ccdesk.sync.later import acted_after, deleted_at, known_out
from ccdesk.sync.ownership import is_ours, left_unseen
from ccdesk.sync.standing_opt_outs import (
    BY_STAFF,
    DELETED,
    LEFT,
    NEWCOMERS,
    UNSUBSCRIBED,
    opted_out_since,
    out_words,
)

UNPROVEN = "signed up in Constant Contact, but not provably after the “no” in Kibo; the “no” stands there"

_REMOVAL_LANDS = timedelta(hours=1)
"""So long after it was begun a job may still take somebody off the list (docs/consent.md a, b4)."""


@dataclass(frozen=True, slots=True)
class Observation:
    """The link as it should be remembered, and the reason if something is new ("" if not).

    `acted_at`: as in `Entry`. `again`: what kept the customer's opt-in from being acted on is gone. `left`:
    the person is taken for having left the list, which holds only if the list still exists after the absence
    was read. `off`: on the list although an opt-out in the shop has been seen to, so to be taken off.
    """

    link: Link
    reason: str = ""
    again: bool = False
    left: bool = False
    off: bool = False
    acted_at: datetime | None = None


def observe(
    contact: Contact | None,
    link: Link,
    *,
    list_id: str,
    now: datetime,
    skew: timedelta = timedelta(0),
    began: datetime | None = None,
) -> Observation:
    """Read a contact against its link by its standing; membership is never consent.

    `contact` None means the service no longer knows it. `now` is the mailing service's time,
    `skew` how far Kibo's clock is ahead of it, `began` its time at the first poll: nobody came back before
    that. The result's `pending` is what Kibo must be given; it stays on the link until it has been.
    """
    if link.state is LinkState.CLOSED:
        known = _of_nobody(contact, link, list_id, now)
        return Observation(known, left=link.on_list and not known.on_list and contact is not None)
    other = contact is not None and link.contact_id not in ("", contact.id)
    if contact is None or contact.standing is Standing.DELETED:
        return Observation(link) if other or link.state is LinkState.UNDONE else _deleted(contact, link)
    unseen = left_unseen(link, contact)
    if link.contact_id != contact.id:
        link = _now_by(contact, link)
    if contact.standing is Standing.OUT:
        return _opted_out(contact, link, now)
    if contact.standing is Standing.WAITING:
        return _waiting(contact, link)
    if list_id in contact.list_ids:
        if link.state is LinkState.UNDONE:
            return _undone_on_list(contact, link, now, skew, began)
        return _on_list(contact, link, skew, began)
    if unseen:
        return mark_left(link, now)
    return _off_list(contact, link, now, skew, began)


def in_step(link: Link) -> Link:
    """The link of somebody opted in who is on the list: no opt-out of theirs known there stands.

    Nor does its earliest moment: an account seen since would count as later than the next opt-out, too
    (design §3a R1). That of a flag seen cleared stays, which a run has still to act on.
    """
    of_flag = link.pending is WriteBack.NOTHING and link.out_since is None
    return replace(
        link,
        state=LinkState.SYNCED,
        undated=False,
        on_list=True,
        agreed=True,
        pending=WriteBack.NOTHING,
        pending_reason="",
        out_since=None,
        out_after=link.out_after if of_flag else None,
        opt_out_at=None,
        note="" if link.state is LinkState.HELD else link.note,
    )


def _of_nobody(contact: Contact | None, link: Link, list_id: str, now: datetime) -> Link:
    """The link of a customer who is gone: nothing is pending, but an opt-out is kept (`left_since_gone`).

    Another account of theirs may come, or this one back: Kibo may have called it gone by mistake.
    """
    there = contact is not None and (list_id in contact.list_ids or contact.permission is Permission.UNKNOWN)
    if not link.on_list or (there and contact is not None and contact.standing is not Standing.OUT):
        return link
    if contact is None or contact.standing is Standing.DELETED:
        return replace(link, on_list=False)
    return replace(link, on_list=False, agreed=False, out_since=contact.opt_out_at or now)


def _now_by(contact: Contact, link: Link) -> Link:
    """The link with the contact that has its email now: one that we made and were cut off at, or another.

    Another is somebody else's and is never written over; that ours was on the list tells nothing of it.
    """
    ours = is_ours(link, contact)
    if ours and not link.contact_id and link.on_list:
        return replace(link, contact_id=contact.id)  # seen on the list by its email until now
    ownership = Ownership.OWNED if ours else Ownership.FOREIGN
    return replace(
        link,
        contact_id=contact.id,
        ownership=ownership if link.ownership is not Ownership.NONE else Ownership.NONE,
        on_list=link.on_list and not link.contact_id,
        written_hash="",
        read_hash="",
    )


def _deleted(contact: Contact | None, link: Link) -> Observation:
    """Take somebody's contact as deleted by staff, or gone (docs/consent.md, row *deleted*).

    A sign-up from before the deletion opts nobody in any more: in that row nothing is carried to the shop.
    """
    if link.pending is WriteBack.OPT_IN:
        link = replace(link, pending=WriteBack.NOTHING, pending_reason="")
    if link.state in (LinkState.CONTACT_DELETED, *NEWCOMERS):
        return Observation(link)
    # An opt-out seen before the deletion is still pending; the deletion itself is nobody's opt-out.
    deleted = replace(link, state=LinkState.CONTACT_DELETED, on_list=False)
    return Observation(deleted, DELETED, acted_at=deleted_at(contact) if contact is not None else None)


def _opted_out(contact: Contact, link: Link, now: datetime) -> Observation:
    out_since, undated = contact.opt_out_at or now, contact.opt_out_at is None
    if link.state is LinkState.CONFIRMING:
        asked = link.asked_at
        if asked is None or contact.opt_out_at is None or contact.opt_out_at <= asked:
            return Observation(link)
    if link.state is LinkState.ASKED_BEFORE and not opted_out_since(contact, link):
        return Observation(link)  # the opt-in in the shop is later than this opt-out (design §3a R3)
    if link.is_off and link.pending is not WriteBack.OPT_OUT:  # pending: other accounts are to have it
        return Observation(
            replace(
                link,
                state=LinkState.UNSUBSCRIBED,
                on_list=False,
                agreed=False,
                pending=WriteBack.NOTHING,
                out_since=link.out_since or out_since,
                undated=link.undated if link.out_since and link.state is LinkState.UNSUBSCRIBED else undated,
            )
        )
    reason = out_words(contact)
    by_person_since = link.pending_reason == BY_STAFF and reason == UNSUBSCRIBED
    if link.pending is WriteBack.OPT_OUT and link.state is LinkState.UNSUBSCRIBED and not by_person_since:
        return Observation(link)
    return Observation(
        replace(
            link,
            state=LinkState.UNSUBSCRIBED,
            on_list=False,
            pending=WriteBack.OPT_OUT,
            pending_reason=reason,
            out_since=out_since,
            undated=undated,
        ),
        reason,
    )


def _waiting(contact: Contact, link: Link) -> Observation:
    """Neither in nor out: nothing changes on either side, but staff see why the person gets no mail."""
    if link.kibo_opted_in is not True or link.state is not LinkState.SYNCED:
        return Observation(link)
    reason = f"waiting ({contact.permission.value})"
    return Observation(replace(link, state=LinkState.HELD, note=reason), reason)


def _on_list(contact: Contact, link: Link, skew: timedelta, began: datetime | None) -> Observation:
    if link.kibo_opted_in is True:
        if link.pending is WriteBack.OPT_OUT and not acted_after(contact, known_out(link, skew, began)):
            return Observation(link)  # put back by others: the opt-out stands, and is still pending
        back = in_step(link)
        if link.state is LinkState.CONFIRMING:
            return Observation(back, "confirmed the resubscribe")
        return Observation(back)
    owed = link.kibo_opted_in is None and link.pending is WriteBack.OPT_OUT  # of an account passed over
    if owed and acted_after(contact, known_out(link, skew, began)):
        return Observation(replace(in_step(link), agreed=None))
    if link.being_taken_off:
        return Observation(link)  # the removal may still take effect: that will be nobody's leaving
    if link.may_be_there:
        return Observation(replace(link, on_list=True))  # our own call, whose answer was lost; or theirs
    if link.kibo_opted_in is False and acted_after(contact, known_out(link, skew, began)):
        if link.pending is WriteBack.OPT_IN:
            return Observation(link)
        reason = "resubscribed in Constant Contact"
        return Observation(
            replace(link, on_list=True, pending=WriteBack.OPT_IN, pending_reason=reason), reason
        )
    out = link.kibo_opted_in is False and link.pending is WriteBack.NOTHING
    if (
        out
        and contact.opt_in_source == "Contact"
        and link.note != UNPROVEN
        and not is_from_before(contact, link)
    ):
        return Observation(replace(link, note=UNPROVEN), UNPROVEN)
    if out and link.agreed is not None:
        return Observation(link)
    return Observation(replace(link, on_list=True))  # by no account's agreement: if they go, they have left


def _undone_on_list(
    contact: Contact, link: Link, now: datetime, skew: timedelta, began: datetime | None
) -> Observation:
    """Read somebody on the list for whom an undo has taken back what a run did (design §8, `undo`).

    Whose opt-in was switched off again is opted in by a later sign-up of their own only. Who was taken off
    the list is back on it by that as well, or once a look shows it that cannot be older than the removal: a
    list may lag behind (constant-contact.md §10).
    """
    signed_up = acted_after(contact, known_out(link, skew, began))
    if link.kibo_opted_in is False:
        if not signed_up or link.pending is WriteBack.OPT_IN:
            return Observation(link)
        reason = "signed up in Constant Contact"
        back = replace(link, on_list=True, pending=WriteBack.OPT_IN, pending_reason=reason)
        return Observation(back, reason)
    until = _REMOVAL_LANDS if link.being_taken_off else MAIL_OVERLAP  # one whose end was not seen
    late = link.written_at is None or now - link.written_at <= until
    if late and (link.being_taken_off or not signed_up):
        return Observation(link)
    return Observation(replace(in_step(link), note=""))


def is_from_before(contact: Contact, link: Link) -> bool:
    """Say whether a sign-up is older than the person's being out: then others put them on the list again."""
    out_since = link.out_since.replace(microsecond=0) if link.out_since and link.agreed is False else None
    return out_since is not None and contact.opt_in_at is not None and contact.opt_in_at < out_since


def _off_list(
    contact: Contact, link: Link, now: datetime, skew: timedelta, began: datetime | None
) -> Observation:
    if not link.on_list:
        if link.state is LinkState.HELD and link.kibo_opted_in:
            return Observation(replace(link, state=LinkState.SYNCED, kibo_opted_in=None), again=True)
        return Observation(_without_joining(contact, link, skew, began))
    left = mark_left(link, now)
    return replace(left, link=_without_joining(contact, left.link, skew, began))


def _without_joining(contact: Contact, link: Link, skew: timedelta, began: datetime | None) -> Link:
    """The link of somebody who did something but did not join.

    What they did is no proof of an opt-in once somebody else puts them on the list.
    """
    if link.kibo_opted_in is not False or not acted_after(contact, known_out(link, skew, began)):
        return link
    return replace(link, written_at=_last_act(contact) + A_SECOND)


def mark_left(link: Link, now: datetime) -> Observation:
    """Mark somebody who was on the list as having left it: their opt-out is pending (design R4)."""
    if link.state is LinkState.CLOSED:
        gone = replace(link, on_list=False, agreed=False, out_since=now)
        return Observation(gone, left=True)
    left = replace(link, state=LinkState.LEFT_LIST, on_list=False, out_since=now, undated=False)
    if link.is_off:
        # An opt-in that Kibo has not been given yet is overtaken by this.
        agreed = None if link.agreed is None else False  # None: no flag was cleared, by them or for them
        return Observation(
            replace(left, agreed=agreed, pending=WriteBack.NOTHING, pending_reason=""), left=True
        )
    return Observation(replace(left, pending=WriteBack.OPT_OUT, pending_reason=LEFT), LEFT, left=True)


def _last_act(contact: Contact) -> datetime:
    acts = ((contact.opt_in_source, contact.opt_in_at), (contact.update_source, contact.updated_at))
    return max(at for source, at in acts if source == "Contact" and at is not None)
