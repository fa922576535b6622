"""Sending what an export has planned: in chunks that are noted before each call and waited for together."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from ccdesk.core.errors import AnswerLost, Cancelled, CcdeskError, ItemError, NotFound
from ccdesk.core.exporting import Chunk, ChunkState, Planned
from ccdesk.core.limits import IMPORT_MAX_BYTES, IMPORT_MAX_ROWS, LIST_JOB_MAX_IDS
from ccdesk.core.ports import Activity
from ccdesk.sync.context import RunContext
from ccdesk.sync.jobs import JobFailed, Patience, failure_of
from ccdesk.sync.plan_export import Action
from ccdesk.sync.unfinished import intend, intended, last_noted, pages_of

log = logging.getLogger(__name__)

_PAGE = 5_000
_AHEAD = {Action.IMPORT: 4, Action.ADD: 50}  # jobs begun before the first of them is waited for
_EARLIER = timedelta(seconds=2)  # the service's dates have whole seconds
_LOOK_AGAIN = (2.0, 20.0)  # seconds until a job whose answer was lost must be among the account's jobs
_MOST_TOLD = 1_000
FAILED = "_failed"  # what follows the action of somebody whose own call was refused


def send(ctx: RunContext) -> None:
    """Send everybody planned; what was sent before a power cut is not sent again."""
    ctx.progress("Sending to Constant Contact", ctx.sent, _to_send(ctx))
    _send_all(ctx, Action.IMPORT, _imports(ctx))
    _send_all(ctx, Action.ADD, _adds(ctx))
    for action in (Action.CREATE, Action.REWRITE):
        _single_calls(ctx, action)


def _to_send(ctx: RunContext) -> int:
    return max(ctx.sent, (ctx.expected or 0) - ctx.total)


Batch = tuple[int, int, int, Callable[[], Activity]]  # first id, last id, people, the call


def _imports(ctx: RunContext) -> Iterator[Batch]:
    """Fill imports up to just under both limits, in bytes as they are sent (constant-contact.md §14)."""
    rows: list[tuple[int, bytes]] = []
    size = 0
    after = 0
    while page := ctx.store.exports.rows(Action.IMPORT.value, after, _PAGE):
        after = page[-1][0]
        for number, row in page:
            if rows and (len(rows) >= IMPORT_MAX_ROWS or size + len(row) + 1 > IMPORT_MAX_BYTES):
                yield _import_of(ctx, rows)
                rows, size = [], 0
            rows.append((number, row))
            size += len(row) + 1
    if rows:
        yield _import_of(ctx, rows)


def _import_of(ctx: RunContext, rows: Sequence[tuple[int, bytes]]) -> Batch:
    bodies = [row for _, row in rows]
    return rows[0][0], rows[-1][0], len(rows), lambda: ctx.mailing.start_import(bodies, ctx.settings.list_id)


def _adds(ctx: RunContext) -> Iterator[Batch]:
    """Put contacts from other sources on the list without touching a field (seed: never overwrite)."""
    for page in pages_of(ctx, Action.ADD.value):
        for start in range(0, len(page), LIST_JOB_MAX_IDS):
            yield _add_of(ctx, page[start : start + LIST_JOB_MAX_IDS])


def _add_of(ctx: RunContext, people: Sequence[Planned]) -> Batch:
    ids = [one.contact_id for one in people]
    return (
        people[0].customer.id,
        people[-1].customer.id,
        len(people),
        lambda: ctx.mailing.start_add(ids, ctx.settings.list_id),
    )


# ---------------------------------------------------------------- chunks


def _send_all(ctx: RunContext, action: Action, batches: Iterator[Batch]) -> None:
    number = max([last_noted(ctx), *(chunk.number for chunk in ctx.store.exports.chunks())])
    under_way: list[Chunk] = []
    for first, last, people, call in batches:
        ctx.check_cancel()
        number += 1
        chunk = Chunk(number, action.value, first, last, people, ctx.mailing_now())
        under_way.append(_send_chunk(ctx, chunk, call))
        ctx.sent += people
        ctx.progress("Sending to Constant Contact", ctx.sent, _to_send(ctx))
        while len(under_way) >= _AHEAD[action]:
            under_way = _wait_for_some(ctx, under_way)
    while under_way:
        under_way = _wait_for_some(ctx, under_way)


def _send_chunk(ctx: RunContext, chunk: Chunk, call: Callable[[], Activity]) -> Chunk:
    exports = ctx.store.exports
    exports.open_chunk(chunk)
    try:
        job = call()
    except AnswerLost as error:
        log.warning("chunk %s: %s; looking for the job", chunk.number, error.title)
        job = _found_or_begun(ctx, chunk, call)
    except CcdeskError:
        exports.drop_chunk(chunk.number)  # it was certainly not done
        raise
    sent = replace(chunk, state=ChunkState.SENT, activity_id=job.id)
    exports.save_chunk(sent)
    return _ended(ctx, sent, job) if job.finished else sent


def _found_or_begun(ctx: RunContext, chunk: Chunk, call: Callable[[], Activity]) -> Activity:
    """Look for the job of a call whose answer was lost before it is made again, once.

    Whatever ends this leaves the chunk as it is: the first call may have been done, and the next start looks
    for its job.
    """
    for pause in _LOOK_AGAIN:
        if ctx.clock.wait(ctx.cancel, pause):
            raise Cancelled()
        found = _find_job(ctx, chunk)
        if found is not None:
            log.info("chunk %s: the job is %s", chunk.number, found.id)
            return found
    return call()


def _find_job(ctx: RunContext, chunk: Chunk) -> Activity | None:
    """Return the job that a chunk's call began, None if the account has none that can be it."""
    ours = {one.activity_id for one in ctx.store.exports.chunks()}
    found: list[Activity] = []
    for page in ctx.mailing.activities():
        found += [job for job in page if job.id not in ours and _may_be(job, chunk)]
        if _is_past(page, chunk.sent_at - timedelta(days=1)):
            break
    return min(found, key=lambda job: job.created_at or chunk.sent_at, default=None)


def _is_past(page: Sequence[Activity], moment: datetime) -> bool:
    """Say whether this page and all after it are older: the newest job may come first (§15 is silent)."""
    dates = [job.created_at for job in page if job.created_at]
    return len(dates) > 1 and dates[-1] < dates[0] < moment


def _may_be(job: Activity, chunk: Chunk) -> bool:
    """Say whether a job is of the chunk's kind and size, and begun since (an import counts its header)."""
    if job.created_at is None or job.created_at < chunk.sent_at - _EARLIER:
        return False
    items = job.counts.get("items_total_count")
    if chunk.action == Action.IMPORT.value:
        return "list_count" not in job.counts and items in (chunk.people, chunk.people + 1)
    return "list_count" in job.counts and items == chunk.people


def _wait_for_some(ctx: RunContext, under_way: Sequence[Chunk]) -> list[Chunk]:
    """Wait until at least one of the jobs has ended; return the chunks that have not."""
    patience = Patience(ctx)
    while True:
        jobs = _states(ctx, patience, under_way)
        left = [chunk for chunk in under_way if not jobs[chunk.activity_id].finished]
        for chunk in under_way:
            if jobs[chunk.activity_id].finished and chunk.state is not ChunkState.DONE:
                _ended(ctx, chunk, jobs[chunk.activity_id])
        if len(left) < len(under_way):
            return left


def _states(ctx: RunContext, patience: Patience, under_way: Sequence[Chunk]) -> dict[str, Activity]:
    """Ask how far the jobs are: one by itself, several by the list of all the account's jobs."""
    known = {
        c.activity_id: Activity(c.activity_id, "completed") for c in under_way if c.state is ChunkState.DONE
    }
    asked = [chunk.activity_id for chunk in under_way if chunk.activity_id not in known]
    if known:
        return known | {one: Activity(one, "processing") for one in asked}
    patience.pause()
    if len(asked) > 1:
        page = next(iter(ctx.mailing.activities()), [])
        known = {job.id: job for job in page if job.id in asked}
    for one in asked:
        if one not in known:
            known[one] = _state(ctx, one)
    return known


def _state(ctx: RunContext, activity_id: str) -> Activity:
    try:
        return ctx.mailing.activity(activity_id)
    except NotFound:
        # Forgotten by the service: reading back tells who is on the list.
        return Activity(activity_id, "completed")


def _ended(ctx: RunContext, chunk: Chunk, job: Activity) -> Chunk:
    """Note what a job that has ended said.

    Raises:
        JobFailed: it failed; its people are planned anew by the next run.

    """
    if failure := failure_of(job):
        intend(ctx, chunk)  # some of them may have landed all the same
        ctx.store.exports.drop_chunk(chunk.number)
        raise failure
    done = replace(chunk, state=ChunkState.DONE, told=job.errors[:_MOST_TOLD])
    ctx.store.exports.save_chunk(done)
    return done


def end_open_chunks(ctx: RunContext) -> None:
    """Bring to an end what an earlier run had sent when it was cut short; nothing is sent again blindly."""
    for chunk in ctx.store.exports.chunks():
        ctx.check_cancel()
        if chunk.state is ChunkState.SENDING:
            ctx.progress("Looking for what was sent last")
            job = _find_job(ctx, chunk)
            if job is None:
                intend(ctx, chunk)  # if it turns up after all, its contacts are known to be ours
                ctx.store.exports.drop_chunk(chunk.number)
                ctx.sent -= chunk.people
                continue
            ctx.store.exports.save_chunk(replace(chunk, state=ChunkState.SENT, activity_id=job.id))
    while under_way := [chunk for chunk in ctx.store.exports.chunks() if chunk.state is ChunkState.SENT]:
        ctx.progress("Waiting for what was sent last", ctx.sent)
        try:
            _wait_for_some(ctx, under_way)
        except JobFailed as error:
            log.warning("%s (%s); its people are planned anew", error.title, error.detail)
            ctx.sent = ctx.store.exports.sent()


# ---------------------------------------------------------------- one by one


def _single_calls(ctx: RunContext, action: Action) -> None:
    """E-mails of 51–80 characters: the import stops at 50 (design R2)."""
    for page in pages_of(ctx, action.value):
        for person in page:
            ctx.check_cancel()
            link = ctx.store.links.get(person.customer.id)
            ctx.store.links.save([intended(ctx, person, link, ctx.mailing_now())])
            try:
                _single_call(ctx, person, action)
            except ItemError as error:
                failed = replace(person, action=action.value + FAILED, reason=error.title)
                ctx.store.exports.decide([failed])
            ctx.sent += 1
            ctx.progress("Sending to Constant Contact", ctx.sent, _to_send(ctx))


def _single_call(ctx: RunContext, person: Planned, action: Action) -> None:
    fields = ctx.mailing.read_row(person.candidate.row)
    if action is Action.CREATE:
        ctx.mailing.create(fields, ctx.settings.list_id, by_person=False)
        return
    ctx.mailing.rewrite(person.contact_id, fields, ctx.settings.list_id)
