"""What happens next about one person, and when: by queue, guard, write-backs and plan (design §8)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from ccdesk.core.drift import DriftKind
from ccdesk.core.losses import Answer, LossKind
from ccdesk.core.models import LinkState, WriteBack
from ccdesk.core.runs import EventStatus, QueuedEvent, RunKind
from ccdesk.core.why import NextStep
from ccdesk.sync.last_read import Remembered, is_begun

NOT_ENABLED = "ccdesk is not enabled, so nothing runs by itself"
NOT_RUNNING = "no loop is running now: open the window, or start a run by hand"
_LATE = timedelta(minutes=10)  # so late may a run begin that waits for another one


@dataclass(frozen=True, slots=True)
class Plan:
    """What runs and when, as the loops have planned it; `enabled`: they may run at all (design R9).

    A time that is long past is no plan: nobody is there to keep it.
    `exported`: the first export is done. `list_gone`: the active list is deleted. `welcomes_until`: changes
    made up to then wait for an answer about their welcome emails (design §3a R3); None: none do.
    """

    next_runs: Mapping[RunKind, datetime | None]
    now: datetime
    enabled: bool = True
    exported: bool = True
    list_gone: bool = False
    welcomes_until: datetime | None = None

    def by_run(self, what: str, kind: RunKind, not_before: datetime | None = None) -> NextStep:
        """Return a step that the next run of a kind makes, from a moment on."""
        at, what = self.next_runs.get(kind), f"{what} by the next run"
        if not self.enabled:
            return NextStep(f"{what}; {NOT_ENABLED}")
        if at is None or at < self.now - _LATE:
            return NextStep(f"{what}; {NOT_RUNNING}")
        return NextStep(what, max(at, not_before) if not_before else at)


def next_step(known: Remembered, kind: DriftKind | None, plan: Plan) -> NextStep | None:
    """Return what happens next about a person, None where nothing does until somebody acts.

    What waits for a person's answer comes first; then what is begun or owed; then what the rules will do
    about the kind of difference that both sides show.
    """
    if plan.list_gone:
        return NextStep("nothing is done before another list is chosen: the active one is gone")
    return _asked(known, plan) or _owed(known, plan) or _by_kind(known, kind, plan)


def _asked(known: Remembered, plan: Plan) -> NextStep | None:
    """Return what waits for an answer or a person."""
    for held in known.held:
        if held.answer is Answer.NONE:
            return _held(held.kind, held.carried_at)
        if held.answer is Answer.DO_IT:
            run = RunKind.EVENTS if held.kind is LossKind.FLAG else RunKind.INBOUND
            return plan.by_run("the opt-out that was held is carried out, as staff have answered", run)
    parked = next((one for one in known.queued if one.status is EventStatus.PARKED), None)
    if parked is not None and not _open(known.queued):
        return NextStep(f"the change is parked and waits for a person, who may retry it: {parked.error}")
    if any(one.state is LinkState.NEWCOMER for one in known.mine):
        return NextStep("staff are asked whether to add this person or to leave them")
    return None


def _held(kind: LossKind, carried_at: datetime | None) -> NextStep:
    what = "the opt-out is held, for there were unusually many at once: it waits for an answer"
    if kind is LossKind.FLAG:
        return NextStep(f"{what}, and is carried out if nobody answers", carried_at)
    return NextStep(what)


def _owed(known: Remembered, plan: Plan) -> NextStep | None:
    """Return what is owed to the shop, waits in the queue, or was begun."""
    pending = {one.pending for one in known.mine}
    if WriteBack.OPT_OUT in pending and not known.dropped:
        return plan.by_run("the opt-out is written to Kibo", RunKind.INBOUND)
    if WriteBack.OPT_IN in pending:
        return plan.by_run("the opt-in is written to Kibo", RunKind.INBOUND)
    waiting = _open(known.queued)
    if waiting is not None:
        return _queued(waiting, plan)
    if is_begun(known.mine):
        return plan.by_run("how the last call about the list ended is found out", RunKind.EVENTS)
    return None


def _open(queued: Sequence[QueuedEvent]) -> QueuedEvent | None:
    return next((one for one in queued if one.status is not EventStatus.PARKED), None)


def _queued(event: QueuedEvent, plan: Plan) -> NextStep:
    if event.status is EventStatus.RETRY:
        refused = "a refusal" if event.attempts == 1 else f"{event.attempts} refusals"
        what = f"after {refused} ({event.error}) the change in Kibo is tried again"
        return plan.by_run(what, RunKind.EVENTS, event.next_try_at)
    if plan.welcomes_until is not None and event.created_at <= plan.welcomes_until:
        return NextStep("the welcome email waits for an answer: unusually many would be sent at once")
    return plan.by_run("the change seen in Kibo is looked at", RunKind.EVENTS)


_BY_KIND: Mapping[DriftKind, tuple[str, RunKind]] = {
    DriftKind.OPT_OUT_DUE: ("they are taken off the list", RunKind.EVENTS),
    DriftKind.SIGN_UP_DUE: ("they are opted in in Kibo", RunKind.INBOUND),
    DriftKind.UNSUBSCRIBED: ("they are opted out in Kibo", RunKind.INBOUND),
    DriftKind.LEFT_LIST: ("they are opted out in Kibo", RunKind.INBOUND),
    DriftKind.NOT_ADDED: ("they are put on the list", RunKind.EVENTS),
    DriftKind.CHANGE_DUE: ("the later act is found out and followed", RunKind.EVENTS),
    DriftKind.UNREADABLE: ("they are read again", RunKind.EVENTS),
}
_WAITING: Mapping[DriftKind, str] = {
    DriftKind.CONFIRMING: "the person confirms the email that Constant Contact has sent them, or does not",
    DriftKind.PUT_BACK: "staff take them off the list or, if they agreed again, set the opt-in in Kibo",
    DriftKind.NOBODY_AGREES: "staff decide whether they stay on the list",
    DriftKind.MISTAKE: "staff set right what was called a mistake; until then it is named",
    DriftKind.UNDONE: "the person opts in anew in Kibo, or signs up in Constant Contact",
    DriftKind.INVALID_EMAIL: "somebody corrects the email in Kibo; the change is then taken up",
    DriftKind.WAITING: "Constant Contact shows otherwise: a confirmation, or the end of the hold",
}


def _by_kind(known: Remembered, kind: DriftKind | None, plan: Plan) -> NextStep | None:
    """Return what the rules, or somebody else, will do about a kind of difference."""
    if kind is None:
        return None
    if kind is DriftKind.NOT_ADDED and not plan.exported:
        return NextStep("the first export puts them on the list; it is started by hand")
    if kind in _BY_KIND:
        return plan.by_run(*_BY_KIND[kind])
    return NextStep(_WAITING[kind]) if kind in _WAITING else None
