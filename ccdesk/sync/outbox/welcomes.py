"""Many welcome emails at once are asked about first: most likely a file was imported (design §3a R3).

Whom they would go to is not put on the list until a person has answered: *send them*, or *add without*. Who
waits stays in the queue and is weighed anew in every run, so switching the setting off answers as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ccdesk.consent.route import call_for
from ccdesk.core.errors import ManyWelcomes, Remedy
from ccdesk.core.models import Ownership
from ccdesk.core.ports.store import Store
from ccdesk.core.runs import Entry, Outcome
from ccdesk.core.welcomes import Question, WelcomeAnswer
from ccdesk.core.words import marked
from ccdesk.sync.context import RunContext
from ccdesk.sync.outbox.single_add import Addition

MOST = 25  # so many welcome emails in one run are never asked about
WAITS = "waits for an answer: unusually many welcome emails would be sent at once"
_COUNT, _SINCE, _UNTIL, _ANSWER = (f"welcomes.{name}" for name in ("count", "since", "until", "answer"))


def question(store: Store) -> Question:
    """Return the question as it stands; `count` 0: nobody waits, or it is answered."""
    state = store.state
    answer = WelcomeAnswer(state.get(_ANSWER))
    count = 0 if answer is not WelcomeAnswer.NONE else int(state.get(_COUNT) or 0)
    return Question(count, state.get_time(_SINCE), state.get_time(_UNTIL), answer)


def answer_welcomes(store: Store, given: WelcomeAnswer) -> int:
    """Answer for those who wait; return how many. It takes effect with the next run of events."""
    asked = question(store)
    if asked.count:
        store.state.set(_ANSWER, given.value)
    return asked.count


def hold_welcomes(ctx: RunContext, additions: Sequence[Addition]) -> list[Addition]:
    """Return whom nothing keeps from being put on the list; the others stay in the queue as they are."""
    asked = question(ctx.store)
    through, weighed = [], []
    for one in additions:
        method = one.decision.method
        if method is None or not method.by_person or ctx.confirmed:
            through.append(one)
        elif asked.answers(one.event.created_at):
            through.append(one if asked.answer is WelcomeAnswer.SEND else _without(one))
        else:
            weighed.append(one)
    if ctx.welcomes.sent + len(weighed) <= MOST:
        ctx.welcomes.sent += len(weighed)
        return [*through, *weighed]
    _hold(ctx, asked, weighed)
    return through


def _without(addition: Addition) -> Addition:
    """Return the same person put on the list by a call that sends no mail."""
    owned = addition.decision.ownership is Ownership.OWNED
    method = call_for(addition.act, addition.customer.email, owned=owned).method
    reason = f"{addition.decision.reason}; without a welcome email, as a person has said"
    return replace(addition, decision=replace(addition.decision, method=method, reason=reason))


def _hold(ctx: RunContext, asked: Question, weighed: Sequence[Addition]) -> None:
    """Remember who waits; those who are new are named in the run."""
    new = [one for one in weighed if asked.until is None or one.event.created_at > asked.until]
    tally = ctx.welcomes
    tally.waiting += len(weighed)
    tally.anew += len(new)
    latest = max(one.event.created_at for one in weighed)
    tally.until = max(latest, tally.until) if tally.until else latest
    ctx.record([Entry(one.customer.id, one.customer.email, Outcome.SKIPPED, WAITS) for one in new])


def note_welcomes(ctx: RunContext) -> None:
    """At the end of a run of events, store how many wait now; their number is 0 once all went through."""
    asked, tally, state = question(ctx.store), ctx.welcomes, ctx.store.state
    if not tally.waiting and asked.since is None:
        return
    with ctx.store.transaction():
        state.set(_COUNT, str(tally.waiting))
        state.set_time(_SINCE, (asked.since or ctx.clock.now()) if tally.waiting else None)
        if tally.waiting:
            state.set_time(_UNTIL, tally.until)
            state.set(_ANSWER, WelcomeAnswer.NONE.value)


def ask_about_welcomes(ctx: RunContext) -> None:
    """End a run that has done everything else.

    Raises:
        ManyWelcomes: more welcome emails would be sent than in an ordinary run.

    """
    if not ctx.welcomes.waiting:
        return
    error = ManyWelcomes(
        marked("{waiting:,} welcome emails would be sent at once, so they wait for your answer").format(
            waiting=ctx.welcomes.waiting
        ),
        meaning=marked(
            "This can happen when a file of customers is imported. Nobody of them is on the list yet; "
            "everything else was done."
        ),
        next_step=marked("Look in the run's people who they are."),
        remedy=Remedy.WELCOMES,
    )
    error.anew = bool(ctx.welcomes.anew)
    raise error
