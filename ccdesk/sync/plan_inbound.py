"""What a contact's present state means for its customer: design R4 as a pure function."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from ccdesk.core.limits import A_SECOND
from ccdesk.core.models import Contact, Link, LinkState, Owed, Ownership, Permission, Standing
from ccdesk.sync.later import acted_after
from ccdesk.sync.plan_export import BY_STAFF, NEWCOMERS, UNSUBSCRIBED, is_ours, left_unseen

UNPROVEN = "signed up in Constant Contact, but not provably after the “no” in Kibo; the “no” stands there"


PUT_BACK = "put back on the list: the opt-out that was held is answered"


def unsubscribed(contact: Contact) -> str:
    """Return why somebody counts as unsubscribed: by their own act, or by that of the account's staff."""
    return BY_STAFF if contact.opt_out_source == "Account" else UNSUBSCRIBED


@dataclass(frozen=True, slots=True)
class Judgement:
    """The link as it should be remembered, and the reason if something is new ("" if not).

    `again`: what kept the customer's opt-in from being acted on is gone. `left`: the person is taken for
    having left the list, which holds only if the list still exists after the absence was read.
    """

    link: Link
    reason: str = ""
    again: bool = False
    left: bool = False


def judge(
    contact: Contact | None,
    link: Link,
    *,
    list_id: str,
    now: datetime,
    skew: timedelta = timedelta(0),
    began: datetime | None = None,
) -> Judgement:
    """Read a contact against its link by its standing; membership is never consent.

    `contact` None means the service no longer knows it. `now` is the mailing service's time,
    `skew` how far Kibo's clock is ahead of it, `began` its time at the first poll: nobody came back before
    that. The result's `owed` is what Kibo must be given; it stays on the link until it has been.
    """
    if link.state is LinkState.CLOSED:
        known = _of_nobody(contact, link, list_id, now)
        return Judgement(known, left=link.on_list and not known.on_list and contact is not None)
    other = contact is not None and link.contact_id not in ("", contact.id)
    if contact is None or contact.standing is Standing.DELETED:
        return Judgement(link) if other else _deleted(link)
    unseen = left_unseen(link, contact)
    if link.contact_id != contact.id:
        link = _now_by(contact, link)
    if contact.standing is Standing.OUT:
        return _opted_out(contact, link, now)
    if contact.standing is Standing.WAITING:
        return _waiting(contact, link)
    if list_id in contact.list_ids:
        return _on_list(contact, link, skew, began)
    if unseen:
        return has_left(link, now)
    return _off_list(contact, link, now, skew, began)


def judge_held(
    judging: Callable[[Contact | None, Link], Judgement],
    held: Collection[int],
    list_id: str,
    contact: Contact | None,
    link: Link,
) -> Judgement:
    """Judge as ever, but somebody whose loss is held and who is on the list again has been put back (R8)."""
    back = (
        link.customer_id in held
        and link.owed is Owed.OPT_OUT
        and contact is not None
        and contact.standing is Standing.IN
        and list_id in contact.list_ids
        and link.contact_id in ("", contact.id)
    )
    if not back:
        return judging(contact, link)
    return Judgement(_in_step(link), PUT_BACK)


def _in_step(link: Link) -> Link:
    """The link of somebody opted in who is on the list: no opt-out known before stands.

    Nor does its earliest moment: an account seen since would count as later than the next opt-out, too
    (design §3a R1).
    """
    return replace(
        link,
        state=LinkState.SYNCED,
        on_list=True,
        agreed=True,
        owed=Owed.NOTHING,
        owed_reason="",
        out_since=None,
        out_after=None,
        opt_out_at=None,
        note="" if link.state is LinkState.HELD else link.note,
    )


def _of_nobody(contact: Contact | None, link: Link, list_id: str, now: datetime) -> Link:
    """The link of a customer who is gone: nothing is owed, but a "no" is kept (`left_since_gone`).

    Another account of theirs may come, or this one back: Kibo may have called it gone by mistake.
    """
    there = contact is not None and (list_id in contact.list_ids or contact.permission is Permission.UNKNOWN)
    if not link.on_list or (there and contact is not None and contact.standing is not Standing.OUT):
        return link
    if contact is None or contact.standing is Standing.DELETED:
        return replace(link, on_list=False)
    return replace(link, on_list=False, agreed=False, out_since=contact.opt_out_at or now)


def left_since_gone(link: Link) -> bool:
    """Say whether the person left the list, or unsubscribed, after the customer was gone from Kibo."""
    return link.state is LinkState.CLOSED and link.kibo_opted_in is True and link.agreed is False


def _now_by(contact: Contact, link: Link) -> Link:
    """The link with the contact that has its e-mail now: one that we made and were cut off at, or another.

    Another is somebody else's and is never written over; that ours was on the list tells nothing of it.
    """
    ours = is_ours(link, contact)
    if ours and not link.contact_id and link.on_list:
        return replace(link, contact_id=contact.id)  # seen on the list by its e-mail until now
    ownership = Ownership.OWNED if ours else Ownership.FOREIGN
    return replace(
        link,
        contact_id=contact.id,
        ownership=ownership if link.ownership is not Ownership.NONE else Ownership.NONE,
        on_list=link.on_list and not link.contact_id,
        written_hash="",
        read_hash="",
    )


def _deleted(link: Link) -> Judgement:
    """Take somebody's contact as deleted by staff, or gone (docs/consent.md, row *deleted*).

    A sign-up from before the deletion opts nobody in any more: in that row nothing is carried to the shop.
    """
    if link.owed is Owed.OPT_IN:
        link = replace(link, owed=Owed.NOTHING, owed_reason="")
    if link.state in (LinkState.DELETED_THERE, *NEWCOMERS):
        return Judgement(link)
    # An opt-out seen before the deletion is still owed to Kibo; the deletion itself is nobody's opt-out.
    return Judgement(
        replace(link, state=LinkState.DELETED_THERE, on_list=False), "deleted in Constant Contact"
    )


def _opted_out(contact: Contact, link: Link, now: datetime) -> Judgement:
    out_since = contact.opt_out_at or now
    if link.state is LinkState.CONFIRMING:
        asked = link.asked_at
        if asked is None or contact.opt_out_at is None or contact.opt_out_at <= asked:
            return Judgement(link)
    if link.kibo_opted_in is False and link.owed is not Owed.OPT_OUT:  # owed: other accounts are to have it
        return Judgement(
            replace(
                link,
                state=LinkState.OPTED_OUT_THERE,
                on_list=False,
                agreed=False,
                owed=Owed.NOTHING,
                out_since=link.out_since or out_since,
            )
        )
    reason = unsubscribed(contact)
    by_person_since = link.owed_reason == BY_STAFF and reason == UNSUBSCRIBED
    if link.owed is Owed.OPT_OUT and link.state is LinkState.OPTED_OUT_THERE and not by_person_since:
        return Judgement(link)
    return Judgement(
        replace(
            link,
            state=LinkState.OPTED_OUT_THERE,
            on_list=False,
            owed=Owed.OPT_OUT,
            owed_reason=reason,
            out_since=out_since,
        ),
        reason,
    )


def _waiting(contact: Contact, link: Link) -> Judgement:
    """Neither in nor out: nothing changes on either side, but staff see why the person gets no mail."""
    if link.kibo_opted_in is not True or link.state is not LinkState.SYNCED:
        return Judgement(link)
    reason = f"waiting ({contact.permission.value})"
    return Judgement(replace(link, state=LinkState.HELD, note=reason), reason)


def _on_list(contact: Contact, link: Link, skew: timedelta, began: datetime | None) -> Judgement:
    if link.kibo_opted_in is True:
        if link.owed is Owed.OPT_OUT and not acted_after(contact, _out_since(link, skew, began)):
            return Judgement(link)  # put back by others: the "no" stands, and Kibo is still owed it
        back = _in_step(link)
        if link.state is LinkState.CONFIRMING:
            return Judgement(back, "confirmed the resubscribe")
        return Judgement(back)
    if link.being_taken_off:
        return Judgement(link)  # the removal may still take effect: that will be nobody's leaving
    if link.may_be_there:
        return Judgement(replace(link, on_list=True))  # our own call, whose answer was lost; or theirs
    if link.kibo_opted_in is False and acted_after(contact, _out_since(link, skew, began)):
        if link.owed is Owed.OPT_IN:
            return Judgement(link)
        reason = "resubscribed in Constant Contact"
        return Judgement(replace(link, on_list=True, owed=Owed.OPT_IN, owed_reason=reason), reason)
    out = link.kibo_opted_in is False and link.owed is Owed.NOTHING
    if (
        out
        and contact.opt_in_source == "Contact"
        and link.note != UNPROVEN
        and not is_from_before(contact, link)
    ):
        return Judgement(replace(link, note=UNPROVEN), UNPROVEN)
    return Judgement(link)


def is_from_before(contact: Contact, link: Link) -> bool:
    """Say whether a sign-up is older than the person's being out: then others put them on the list again."""
    out_since = link.out_since.replace(microsecond=0) if link.out_since and link.agreed is False else None
    return out_since is not None and contact.opt_in_at is not None and contact.opt_in_at < out_since


def _out_since(link: Link, skew: timedelta, began: datetime | None) -> datetime | None:
    """Since when the person is out: what they did before is no opt-in. None where that is not known."""
    out_since = link.out_since
    if out_since is None and link.kibo_updated_at is not None:
        out_since = link.kibo_updated_at - skew  # Kibo's date on the mailing service's clock
    if out_since is not None and link.written_at is not None:
        out_since = max(out_since, link.written_at)  # until then it may have been a call of ours
    if out_since is not None and began is not None:
        out_since = max(out_since, began)
    return out_since


def _off_list(
    contact: Contact, link: Link, now: datetime, skew: timedelta, began: datetime | None
) -> Judgement:
    if not link.on_list:
        if link.state is LinkState.HELD and link.kibo_opted_in:
            return Judgement(replace(link, state=LinkState.SYNCED, kibo_opted_in=None), again=True)
        return Judgement(_without_joining(contact, link, skew, began))
    left = has_left(link, now)
    return replace(left, link=_without_joining(contact, left.link, skew, began))


def _without_joining(contact: Contact, link: Link, skew: timedelta, began: datetime | None) -> Link:
    """The link of somebody who did something but did not join.

    What they did is no proof of an opt-in once somebody else puts them on the list.
    """
    if link.kibo_opted_in is not False or not acted_after(contact, _out_since(link, skew, began)):
        return link
    return replace(link, written_at=_last_act(contact) + A_SECOND)


def has_left(link: Link, now: datetime) -> Judgement:
    """Take somebody who was on the list as one that left it: Kibo is owed their opt-out (design R4)."""
    if link.state is LinkState.CLOSED:
        return Judgement(replace(link, on_list=False), left=True)
    left = replace(link, state=LinkState.LEFT_LIST, on_list=False, out_since=now)
    if link.kibo_opted_in is False:
        # An opt-in that Kibo has not been given yet is overtaken by this.
        return Judgement(replace(left, agreed=False, owed=Owed.NOTHING, owed_reason=""), left=True)
    reason = "left the list in Constant Contact"
    return Judgement(replace(left, owed=Owed.OPT_OUT, owed_reason=reason), reason, left=True)


def _last_act(contact: Contact) -> datetime:
    acts = ((contact.opt_in_source, contact.opt_in_at), (contact.update_source, contact.updated_at))
    return max(at for source, at in acts if source == "Contact" and at is not None)
