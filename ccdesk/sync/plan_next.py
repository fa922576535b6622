"""What happens next about one person, and when: by queue, guard, write-backs and plan (design §8)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ccdesk.core.drift import DriftKind
from ccdesk.core.losses import Answer, LossKind
from ccdesk.core.models import LinkState, WriteBack
from ccdesk.core.runs import EventStatus, QueuedEvent, RunKind
from ccdesk.core.why import NextStep
from ccdesk.core.words import Text, counted, marked
from ccdesk.sync.last_read import Remembered, is_begun
from ccdesk.sync.standing_opt_outs import unasked

NOT_ENABLED = marked("ccdesk is not enabled, so nothing runs by itself")
NOT_RUNNING = marked("no loop is running now: open the window, or start a run by hand")
_LATE = timedelta(minutes=10)  # so late may a run begin that waits for another one


@dataclass(frozen=True, slots=True)
class Plan:
    """What runs and when, as the loops have planned it; `enabled`: they may run at all (design R9).

    A time that is long past is no plan: nobody is there to keep it.
    `exported`: the first export is done. `list_gone`: the active list is deleted. `welcomes_until`: changes
    made up to then wait for an answer about their welcome emails (design §3a R3); None: none do.
    `failed`: what the last run of a kind said, where it did not get through.
    """

    next_runs: Mapping[RunKind, datetime | None]
    now: datetime
    enabled: bool = True
    exported: bool = True
    list_gone: bool = False
    welcomes_until: datetime | None = None
    failed: Mapping[RunKind, str] = field(default_factory=dict)

    def by_run(self, what: str, kind: RunKind, not_before: datetime | None = None) -> NextStep:
        """Return a step that the next run of a kind makes, from a moment on; `what` names the run as well."""
        at = self.next_runs.get(kind)
        if kind in self.failed:
            what = marked("{what}; the last one failed: {why}").format(what=what, why=Text(self.failed[kind]))
        if not self.enabled:
            return NextStep(marked("{what}; {but}").format(what=what, but=NOT_ENABLED))
        if at is None or at < self.now - _LATE:
            return NextStep(marked("{what}; {but}").format(what=what, but=NOT_RUNNING))
        return NextStep(what, max(at, not_before) if not_before else at)


def next_step(known: Remembered, kind: DriftKind | None, plan: Plan) -> NextStep | None:
    """Return what happens next about a person, None where nothing does until somebody acts.

    What waits for a person's answer comes first; then what is begun or owed; then what the rules will do
    about the kind of difference that both sides show.
    """
    if plan.list_gone:
        return NextStep(marked("nothing is done before another list is chosen: the active one is gone"))
    return _asked(known, plan) or _owed(known, plan) or _by_kind(known, kind, plan)


def _asked(known: Remembered, plan: Plan) -> NextStep | None:
    """Return what waits for an answer or a person."""
    for held in known.held:
        if held.answer is Answer.NONE:
            return _held(held.kind, held.carried_at)
        if held.answer is Answer.DO_IT:
            run = RunKind.EVENTS if held.kind is LossKind.FLAG else RunKind.INBOUND
            what = marked("the opt-out that was held is carried out, as staff have answered by the next run")
            return plan.by_run(what, run)
    parked = next((one for one in known.queued if one.status is EventStatus.PARKED), None)
    if parked is not None and not _open(known.queued):
        waits = marked("the change is parked and waits for a person, who may retry it: {why}")
        return NextStep(waits.format(why=Text(parked.error)))
    if any(one.state is LinkState.NEWCOMER for one in known.mine):
        return NextStep(marked("staff are asked whether to add this person or to leave them"))
    return None


def _held(kind: LossKind, carried_at: datetime | None) -> NextStep:
    if kind is not LossKind.FLAG:
        return NextStep(
            marked("the opt-out is held, for there were unusually many at once: it waits for an answer")
        )
    what = marked(
        "the opt-out is held, for there were unusually many at once: it waits for an answer, and is carried "
        "out if nobody answers"
    )
    return NextStep(what, carried_at)


def _owed(known: Remembered, plan: Plan) -> NextStep | None:
    """Return what is owed to the shop, waits in the queue, or was begun."""
    pending = {one.pending for one in known.mine}
    if WriteBack.OPT_OUT in pending and not known.dropped:
        return plan.by_run(marked("the opt-out is written to Kibo by the next run"), RunKind.INBOUND)
    if WriteBack.OPT_IN in pending:
        return plan.by_run(marked("the opt-in is written to Kibo by the next run"), RunKind.INBOUND)
    waiting = _open(known.queued)
    if waiting is not None:
        return _queued(waiting, plan)
    if is_begun(known.mine):
        what = marked("how the last call about the list ended is found out by the next run")
        return plan.by_run(what, RunKind.EVENTS)
    return None


def _open(queued: Sequence[QueuedEvent]) -> QueuedEvent | None:
    return next((one for one in queued if one.status is not EventStatus.PARKED), None)


def _queued(event: QueuedEvent, plan: Plan) -> NextStep:
    if event.status is EventStatus.RETRY:
        what = counted(
            "the change in Kibo has failed {n} times ({why}) and is tried again by the next run",
            "the change in Kibo has failed once ({why}) and is tried again by the next run",
            event.attempts,
        )
        return plan.by_run(what.format(why=Text(event.error)), RunKind.EVENTS, event.next_try_at)
    if plan.welcomes_until is not None and event.created_at <= plan.welcomes_until:
        return NextStep(marked("the welcome email waits for an answer: unusually many would be sent at once"))
    return plan.by_run(marked("the change seen in Kibo is looked at by the next run"), RunKind.EVENTS)


_BY_KIND: Mapping[DriftKind, tuple[str, RunKind]] = {
    DriftKind.OPT_OUT_DUE: (marked("they are taken off the list by the next run"), RunKind.EVENTS),
    DriftKind.SIGN_UP_DUE: (marked("they are opted in in Kibo by the next run"), RunKind.INBOUND),
    DriftKind.UNSUBSCRIBED: (marked("they are opted out in Kibo by the next run"), RunKind.INBOUND),
    DriftKind.LEFT_LIST: (marked("they are opted out in Kibo by the next run"), RunKind.INBOUND),
    DriftKind.NOT_ADDED: (marked("they are put on the list by the next run"), RunKind.EVENTS),
    DriftKind.CHANGE_DUE: (marked("the later act is found out and followed by the next run"), RunKind.EVENTS),
    DriftKind.UNREADABLE: (marked("they are read again by the next run"), RunKind.EVENTS),
}
_WAITING: Mapping[DriftKind, str] = {
    DriftKind.CONFIRMING: marked(
        "the person confirms the email that Constant Contact has sent them, or does not"
    ),
    DriftKind.PUT_BACK: marked(
        "staff take them off the list or, if they agreed again, set the opt-in in Kibo"
    ),
    DriftKind.NOBODY_AGREES: marked("staff decide whether they stay on the list"),
    DriftKind.MISTAKE: marked("staff set right what was called a mistake; until then it is named"),
    DriftKind.UNDONE: marked("the person opts in anew in Kibo, or signs up in Constant Contact"),
    DriftKind.INVALID_EMAIL: marked("somebody corrects the email in Kibo; the change is then taken up"),
    DriftKind.WAITING: marked("Constant Contact shows otherwise: a confirmation, or the end of the hold"),
}


def _by_kind(known: Remembered, kind: DriftKind | None, plan: Plan) -> NextStep | None:
    """Return what the rules, or somebody else, will do about a kind of difference."""
    if kind is None:
        return None
    if kind is DriftKind.NOT_ADDED and not plan.exported:
        return NextStep(marked("the first export puts them on the list; it is started by hand"))
    if kind is DriftKind.CONFIRMING and unasked(known.mine):
        return NextStep(marked("nobody could be asked to confirm: the person may sign up by themselves"))
    if kind in _BY_KIND:
        return plan.by_run(*_BY_KIND[kind])
    return NextStep(_WAITING[kind]) if kind in _WAITING else None
