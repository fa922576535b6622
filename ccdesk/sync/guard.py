"""The guard (design R8, §3a R8): of unusually many opt-outs the unusual part is held, all others go through.

What is held is not decided: it is weighed anew in every run, so putting people back answers it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from ccdesk.consent.guard import NEW_FOR, REST, SLOWLY, Scales, limit_of, unusual
from ccdesk.core.batches import batched
from ccdesk.core.errors import ManyHeld, Remedy
from ccdesk.core.losses import CARRIED_AFTER, Answer, Held, LossKind
from ccdesk.core.models import Link, LinkState, WriteBack
from ccdesk.core.runs import Entry, Outcome
from ccdesk.core.words import marked
from ccdesk.sync.context import RunContext
from ccdesk.sync.standing_opt_outs import BY_STAFF, LEFT, unsubscribed_at

_PAGE = 500  # people noted in one transaction
_TAKEN_BACK = "held.taken_back."  # name of the time one of a kind was last taken back
_WORDS = {
    LossKind.FLAG: "opted out in Kibo",
    LossKind.LEFT: LEFT,
    LossKind.STAFF: BY_STAFF,
}


@dataclass(frozen=True, slots=True)
class Loss:
    """One customer whose opt-out is to be carried; `key` is the email as people are compared by it.

    `acted_at`: as in `Entry`.
    """

    customer_id: int
    email: str
    key: str
    acted_at: datetime | None = None


def weigh(losses: Collection[Loss], known: Mapping[int, Held], scales: Scales, now: datetime) -> set[int]:
    """Return the customers who are held; `known` are those held before.

    Who was held long enough, or let go by a person, counts no more.
    """
    weighed = [one for one in losses if not _passes(known.get(one.customer_id), now)]
    return unusual({one.customer_id: one.key for one in weighed}, known, scales)


def _passes(held: Held | None, now: datetime) -> bool:
    if held is None:
        return False
    overdue = held.kind is LossKind.FLAG and abs(now - held.since) >= CARRIED_AFTER
    return held.answer is Answer.DO_IT or (overdue and held.answer is Answer.NONE)


def loss_kind(link: Link) -> LossKind | None:
    """Return what kind of loss this write-back would be; None: the person stated it, or none is pending.

    It stays one whatever becomes of the contact or the account meanwhile: that is no statement of the person
    (design §3a R1).
    """
    if link.pending is not WriteBack.OPT_OUT:
        return None
    if link.state is LinkState.LEFT_LIST or link.pending_reason == LEFT:
        return LossKind.LEFT
    return LossKind.STAFF if link.pending_reason == BY_STAFF else None


def hold(ctx: RunContext, kind: LossKind, losses: Collection[Loss], *, gone: Collection[int]) -> set[int]:
    """Weigh what is to be carried, note whom it holds, and return them: nothing is done about those.

    `gone`: customers known not to be losses any more although they were held. Those taken for a mistake are
    never weighed, and returned as well.
    """
    losses_store, now = ctx.store.losses, ctx.clock.now()
    known = {one.customer_id: one for one in losses_store.held(kind)}
    dropped = _dropped(kind, losses, known.values())
    _note_taken_back(ctx, kind, {number: known[number] for number in gone if number in known}, now)
    counted = [one for one in losses if one.customer_id not in dropped]
    held = set() if ctx.confirmed else weigh(counted, known, _scales(ctx, kind, counted, now), now)
    through = [one for one in counted if one.customer_id not in held]
    passed = [one for one in through if ctx.confirmed or _passes(known.get(one.customer_id), now)]
    ordinary = [one for one in through if one not in passed]

    def row(one: Loss) -> Held:
        return known.get(one.customer_id) or Held(one.customer_id, kind, one.email, one.key, now)

    with ctx.store.transaction():
        losses_store.let_go(kind, [one.customer_id for one in ordinary])
        losses_store.carry(kind, {one.key for one in ordinary}, now)
        losses_store.hold(row(one) for one in counted if one.customer_id in held)
        # Let go for good: should a service fail now, nobody is asked again about these.
        losses_store.hold(replace(row(one), answer=Answer.DO_IT) for one in passed)
    _tell(ctx, kind, [one for one in counted if one.customer_id in held])
    ctx.held_anew += len(held - known.keys())
    return held | {one.customer_id for one in losses if one.customer_id in dropped}


def _dropped(kind: LossKind, losses: Iterable[Loss], known: Collection[Held]) -> set[int]:
    """Return the customers whose opt-out a person has called a mistake.

    What the list shows is one statement of the person, whichever of their accounts comes to it later; a flag
    is each account's own.
    """
    numbers = {one.customer_id for one in known if one.dropped}
    if kind is LossKind.FLAG:
        return numbers
    people = {one.email_key for one in known if one.dropped and one.email_key}
    return numbers | {one.customer_id for one in losses if one.key in people}


def _scales(ctx: RunContext, kind: LossKind, losses: Collection[Loss], now: datetime) -> Scales:
    carried = ctx.store.losses.carried(kind, now - SLOWLY)
    back = ctx.store.state.get_time(_TAKEN_BACK + kind.value)
    resting = back is not None and abs(now - back) < REST
    keys = {one.key for one in losses} | carried
    if len(keys) <= limit_of(0):  # as nearly always: nobody needs to be counted
        return Scales(0, carried=frozenset(carried), resting=resting)
    young = ctx.store.losses.young(sorted(keys), now - NEW_FOR)
    old_people = ctx.store.losses.linked_before(now - NEW_FOR)
    return Scales(old_people, frozenset(young), frozenset(carried), resting)


def _note_taken_back(ctx: RunContext, kind: LossKind, gone: Mapping[int, Held], now: datetime) -> None:
    if any(one.answer is Answer.NONE for one in gone.values()):
        ctx.store.state.set_time(_TAKEN_BACK + kind.value, now)
    ctx.store.losses.let_go(kind, gone.keys())


def _tell(ctx: RunContext, kind: LossKind, held: Collection[Loss]) -> None:
    """Name those held in the run; `ask_about_held` ends it so that a person is asked."""
    ctx.held += len(held)
    entries = (
        Entry(one.customer_id, one.email, Outcome.HELD, _WORDS[kind], acted_at=one.acted_at) for one in held
    )
    for some in batched(entries, _PAGE):
        ctx.record(some, read=0)


def hold_write_backs(ctx: RunContext, pending: Iterator[Link]) -> set[int]:
    """Weigh the pending write-backs; return the customers whose opt-out is not written to Kibo now."""
    losses: dict[LossKind, list[Loss]] = {LossKind.LEFT: [], LossKind.STAFF: []}
    for link in pending:
        if kind := loss_kind(link):
            at = unsubscribed_at(link)
            losses[kind].append(Loss(link.customer_id, link.email, link.email_key, at))
    held: set[int] = set()
    for kind, some in losses.items():
        there = {one.customer_id for one in some}
        gone = {
            one.customer_id for one in ctx.store.losses.held(kind) if ctx.concerns(one.customer_id)
        } - there
        held |= hold(ctx, kind, some, gone=gone)
    return held


def count_as_left(ctx: RunContext, link: Link) -> None:
    """Count somebody who was gone from the list before their opt-out in the shop could take them off it.

    That has been weighed as a cleared flag; the list may have been emptied by mistake all the same.
    """
    ctx.store.losses.carry(LossKind.LEFT, {link.email_key}, ctx.clock.now())


def hold_flags(ctx: RunContext, leaving: Mapping[int, Link], stay: Collection[int]) -> set[int]:
    """Weigh whose cleared flag takes them off the list; `stay`: customers seen with the flag set again."""
    ctx.store.losses.forget_settled()
    losses = [Loss(number, link.email, link.email_key) for number, link in leaving.items()]
    return hold(ctx, LossKind.FLAG, losses, gone=stay)


def mistakes(ctx: RunContext) -> dict[int, Held]:
    """Return whose cleared flag a person has called a mistake since the last run."""
    return {
        one.customer_id: one for one in ctx.store.losses.held(LossKind.FLAG) if one.answer is Answer.MISTAKE
    }


def dropped(ctx: RunContext, held: Held) -> None:
    """Note that such a change has been closed without taking anybody off the list."""
    ctx.store.losses.hold([replace(held, answer=Answer.DROPPED)])


def ask_about_held(ctx: RunContext) -> None:
    """End a run that has done everything else.

    Raises:
        ManyHeld: somebody is held; who, is noted with the run.

    """
    ctx.store.losses.forget_settled()
    if not ctx.held:
        return
    error = ManyHeld(
        marked("{held:,} opt-outs are unusually many at once, so they wait for your answer").format(
            held=ctx.held
        ),
        meaning=marked(
            "This can happen when a list is emptied, a file is imported by mistake, or somebody makes up "
            "accounts. Nothing was changed for these people; everything else was done. Opt-outs made in Kibo "
            "go ahead after 24 hours without an answer; people who left the list get no email, and wait."
        ),
        next_step=marked("Check in Constant Contact and Kibo whether this is meant."),
        remedy=Remedy.CONFIRM_RUN,
    )
    error.anew = bool(ctx.held_anew)
    raise error
