"""Undoing a run (design §8): what it added to the list, and the opt-ins it switched on in Kibo.

Each person is decided about by `plan_undo`, as they are read now. Whatever cut the undo short, another one of
the same run goes on: who was seen to before is known by link and journal.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from ccdesk.core.errors import SettingsError
from ccdesk.core.intents import Ended
from ccdesk.core.models import LinkState
from ccdesk.core.runs import Entry, Outcome, Run, RunKind
from ccdesk.core.words import marked
from ccdesk.sync.context import RunContext
from ccdesk.sync.outbox.shop import why_stopped
from ccdesk.sync.outbox.shop_account import KeepsChanging
from ccdesk.sync.outbox.switch_back import settle_back, switch_back
from ccdesk.sync.outbox.take_back import TakeBack, failed, settle_off, take_back
from ccdesk.sync.plan_undo import in_doubt, plan_switch_back, plan_take_off
from ccdesk.sync.runs.export_send import end_open_chunks
from ccdesk.sync.runs.export_session import close, is_open_export_of
from ccdesk.sync.runs.undo_people import People, doings_of
from ccdesk.sync.undoing import Doing, Part, PersonNow, Surroundings, UndoDecision

_BATCH = 5_000  # people read together: each batch may cost one reading of the shop
_READINGS = 3  # so often an account may change between the decision and the write


def run_undo(ctx: RunContext) -> None:
    """Take back what one run did, where the person has not acted since; every person gets an entry.

    Raises:
        CcdeskError: the run cannot go on; what was done so far stands.

    """
    run = to_undo(ctx.run.undoes, ctx.store.runs.get(ctx.run.undoes or 0))
    ctx.require_list()
    if is_open_export_of(ctx, run.id):
        _end_export(ctx)
    count = sum(len(page) for page in doings_of(ctx, run))
    if not count:
        ctx.said = f"Run {run.id} put nobody on the list and switched no opt-in on: there is nothing to undo."
        return
    people = People(ctx, count)
    for batch in _batches(ctx, run):
        _undo_batch(ctx, people, batch, run.id)
        ctx.progress("Undoing", ctx.total, max(count, ctx.total))
    ctx.store.staging.clear()


def to_undo(run_id: int | None, run: Run | None) -> Run:
    """Return the run that is to be undone.

    Raises:
        SettingsError: there is none with this id, or it is an undo itself.

    """
    if run is None:
        raise SettingsError(
            marked("There is no run {run_id}").format(run_id=run_id),
            meaning=marked("Nothing was changed."),
            next_step=marked("The list of the runs shows their ids."),
            code="no_such_run",
        )
    if run.kind is RunKind.UNDO:
        raise SettingsError(
            marked("Run {id} is an undo itself, and cannot be undone").format(id=run.id),
            meaning=marked(
                "Nothing was changed. People whom it took off the list are put back by an opt-in of "
                "theirs, or by staff in Constant Contact."
            ),
            code="undo_of_undo",
        )
    return run


def _end_export(ctx: RunContext) -> None:
    """Wait for what an export that was cut short has sent, and end it: it is not gone on with any more.

    Everybody it has sent has a line in the journal by now (`note_cut_short`).
    """
    end_open_chunks(ctx)
    close(ctx)


def _batches(ctx: RunContext, run: Run) -> Iterator[list[Doing]]:
    batch: list[Doing] = []
    for page in doings_of(ctx, run):
        batch += page
        if len(batch) >= _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _undo_batch(ctx: RunContext, people: People, batch: Sequence[Doing], run_id: int) -> None:
    for part in (Part.SWITCHED_ON, Part.ADDED):
        doings = [one for one in batch if one.part is part]
        persons = people.read(doings)
        # Both services have answered by now: only then it is known how their clocks differ.
        by = Surroundings(run_id, ctx.settings.list_id, ctx.settings.guests, ctx.skew())
        if part is Part.SWITCHED_ON:
            for one, person in zip(doings, persons, strict=True):
                ctx.check_cancel()
                _switch_back(ctx, one, person, by)
        else:
            _take_off(ctx, doings, persons, by)


# ---------------------------------------------------------------- the list


def _take_off(
    ctx: RunContext, doings: Sequence[Doing], persons: Sequence[PersonNow], by: Surroundings
) -> None:
    """Take those of a batch off the list who are; everybody else gets an entry at once."""
    found: dict[str, TakeBack] = {}
    entries: list[Entry] = []
    for one, person in zip(doings, persons, strict=True):
        ctx.check_cancel()
        if one.email_key in found:
            reason = f"same person as customer {found[one.email_key].doing.customer_id}"
            entries.append(Entry(one.customer_id, one.email, Outcome.UNCHANGED, reason))
            continue
        decision = plan_take_off(one, person, by)
        if decision.act:
            decision = _asked_about(ctx, one, person, by) or decision
        if decision.act and person.contact is not None:
            found[one.email_key] = TakeBack(one, person.contact, person.links, decision.reason)
        elif decision.settle:
            settle_off(ctx, one, person.links, by.run_id, decision.reason)
        else:
            entries.append(_entry(one, decision))
            _end_given_up(ctx, person)
    ctx.record(entries)
    take_back(ctx, list(found.values()), by.run_id)


def _end_given_up(ctx: RunContext, person: PersonNow) -> None:
    """Close what an undo had begun about somebody who has acted since then: what they show is their own."""
    begun = [one for one in person.links if one.state is LinkState.UNDONE and one.being_taken_off]
    if begun:
        ctx.store.intents.end([one.customer_id for one in begun], Ended.UNKNOWN)


def _asked_about(ctx: RunContext, one: Doing, person: PersonNow, by: Surroundings) -> UndoDecision | None:
    """Ask the audit log about accounts that changed since, and decide again; None where there are none."""
    doubtful = list(in_doubt(one, person.accounts, by))
    if not doubtful or (person.own is not None and person.own.state is LinkState.UNDONE):
        return None
    asked = {account.id: ctx.shop.opt_in_set_at(account.id) for account in doubtful}
    plan = plan_take_off if one.part is Part.ADDED else plan_switch_back
    return plan(one, replace(person, set_at=asked), by)


def _entry(one: Doing, decision: UndoDecision) -> Entry:
    code = "unreadable" if decision.outcome is Outcome.ERROR else ""
    return Entry(one.customer_id, one.email, decision.outcome, decision.reason, code)


# ---------------------------------------------------------------- the flag


def _switch_back(ctx: RunContext, one: Doing, person: PersonNow, by: Surroundings) -> None:
    """Decide about one flag, and write it unless the account has changed since: then decide anew.

    Raises:
        CcdeskError: the service cannot be used.

    """
    for _ in range(_READINGS):
        decision = plan_switch_back(one, person, by)
        if decision.act:
            decision = _asked_about(ctx, one, person, by) or decision
        account = next((found for found in person.accounts if found.id == one.customer_id), None)
        link = person.own
        if account is None or link is None or not (decision.act or decision.settle):
            ctx.record([_entry(one, decision)])
            return
        if decision.settle:
            settle_back(ctx, one, link, account, by.run_id, decision.reason)
            return
        if stopped := why_stopped(ctx):
            failed(ctx, one, stopped)
            return
        if switch_back(ctx, one, link, account, by.run_id, decision.reason):
            return
        now = ctx.shop.get(account.id)
        others = tuple(found for found in person.accounts if found.id != now.id)
        person = replace(person, accounts=(*others, now))
    failed(ctx, one, KeepsChanging())
