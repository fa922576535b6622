"""Runs that hold people until a person answers (design R8): which are open, and when they are answered."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace
from datetime import datetime

from ccdesk.core.losses import POSTPONED_MOST, Answer, Held, HeldAnswer, Losses, LossKind
from ccdesk.core.ports.store import Runs
from ccdesk.core.runs import Run, RunKind, RunStatus
from ccdesk.core.words import marked

ASKED_AGAIN = marked("Looked at again in a later run.")
ANSWERED = marked("Answered: a later run went through.")
# Kinds that hold the same people: each of these writes opt-outs to Kibo; events take people off the list.
_TO_KIBO = (RunKind.INBOUND, RunKind.EXPORT, RunKind.FULL_COMPARE)
_GROUPS = (_TO_KIBO, (RunKind.EVENTS,))
# What is held, by the run that asks about it if no question of another one is open.
QUESTIONS = {RunKind.INBOUND: (LossKind.LEFT, LossKind.STAFF), RunKind.EVENTS: (LossKind.FLAG,)}


def open_questions(runs: Runs) -> Iterator[Run]:
    """Yield the runs that hold people, at most one of each kind: a newer one takes the place of an older."""
    for kind in RunKind:
        run = runs.last_finished(kind, RunStatus.NEEDS_YOU)
        if run is not None and not run.asks_about_list:
            yield run


def question_about(runs: Runs, kind: RunKind) -> Run | None:
    """Return the newest open question about what runs of this kind hold (a key of `QUESTIONS`)."""
    group = next(group for group in _GROUPS if kind in group)
    found = [run for run in open_questions(runs) if run.kind in group]
    return max(found, key=lambda run: run.id, default=None)


def close_answered(runs: Runs, ended: Run) -> None:
    """Close the questions that a run answers, before it is stored itself: it went through, or asks anew.

    What it holds was weighed anew, so putting people back answers a question as well.
    """
    if ended.status not in (RunStatus.COMPLETE, RunStatus.NEEDS_YOU):
        return
    words = ANSWERED if ended.status is RunStatus.COMPLETE else ASKED_AGAIN
    same = next((group for group in _GROUPS if ended.kind in group), ())
    open_ones = list(open_questions(runs))
    if ended.kind is RunKind.EXPORT:
        asked = runs.last_finished(RunKind.EXPORT, RunStatus.NEEDS_YOU)
        open_ones += [asked] if asked is not None and asked.asks_about_list else []
    for run in open_ones:
        if run.kind in same:
            runs.finish(replace(run, status=RunStatus.CANCELLED, message=f"{run.message} {words}".strip()))


def answer_held(losses: Losses, answer: HeldAnswer, kinds: Collection[LossKind], now: datetime) -> int:
    """Answer for those of these kinds who are held and not answered; return how many."""
    asked = [one for one in losses.held() if one.kind in kinds and one.answer is Answer.NONE]
    losses.hold(_answered(one, answer, now) for one in asked)
    return len(asked)


def _answered(held: Held, answer: HeldAnswer, now: datetime) -> Held:
    if answer is HeldAnswer.DO_IT:
        return replace(held, answer=Answer.DO_IT)
    if answer is HeldAnswer.MISTAKE:
        # A cleared flag has an entry in the queue, which the next run closes; the others need no act.
        return replace(held, answer=Answer.MISTAKE if held.kind is LossKind.FLAG else Answer.DROPPED)
    if held.kind is not LossKind.FLAG or held.postponed >= POSTPONED_MOST:
        return held
    return replace(held, since=now, postponed=held.postponed + 1)
