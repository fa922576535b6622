"""The jobs an export has begun: found again, waited for, and what a failed one did all the same."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from ccdesk.core.errors import Cancelled, NotFound
from ccdesk.core.exporting import Chunk, ChunkState
from ccdesk.core.ports.mail import Activity
from ccdesk.sync.context import RunContext
from ccdesk.sync.outbox.jobs import JobFailed, JobPoller, failure_of
from ccdesk.sync.plan_export import Action
from ccdesk.sync.runs.export_session import PAGE
from ccdesk.sync.sensors.identity import resolve_identity

log = logging.getLogger(__name__)

_EARLIER = timedelta(seconds=2)  # the service's dates have whole seconds
_LOOK_AGAIN = (2.0, 20.0)  # seconds until a job whose answer was lost must be among the account's jobs
_MOST_REPORTED = 1_000
_BY_JOB = (Action.IMPORT.value, Action.PLAIN.value, Action.ADD.value)


class Watched:
    """Jobs asked about together: what one look at all the account's jobs tells serves everybody who waits.

    `also` are those waited for later on, such as that of the members' file.
    """

    def __init__(self, ctx: RunContext) -> None:
        self._ctx = ctx
        self._known: dict[str, Activity] = {}
        self.also: set[str] = set()

    def wait_for(self, job: Activity) -> Activity:
        """Wait for one job, however it ends; return its last state.

        Raises:
            Cancelled, JobNotDone: see `JobPoller.pause`.

        """
        patience = JobPoller(self._ctx)
        while not job.finished:
            job = self.states(patience, [job.id])[job.id]
        return job

    def states(self, patience: JobPoller, asked: Sequence[str]) -> dict[str, Activity]:
        """Return how far the jobs are: as known where one has ended, else asked for after a pause."""
        if not any(self._ended(one) for one in asked):
            patience.pause()
            self._ask(asked, [one for one in self.also if one not in asked and not self._ended(one)])
        return {one: self._known.get(one) or Activity(one, "processing") for one in asked}

    def _ended(self, activity_id: str) -> bool:
        job = self._known.get(activity_id)
        return job is not None and job.finished

    def _ask(self, asked: Sequence[str], also: Sequence[str]) -> None:
        """Ask for one job by itself, for several by the list of all the account's jobs."""
        shown: set[str] = set()
        if len(asked) + len(also) > 1:
            for job in next(iter(self._ctx.mail.activities()), []):
                if job.id in asked or job.id in also:
                    self._known[job.id] = job
                    shown.add(job.id)
        for one in asked:
            if one not in shown:
                self._known[one] = _state(self._ctx, one)


def landed_of(ctx: RunContext, chunk: Chunk) -> set[int]:
    """Return those of a failed import's customers whom it has brought to the service all the same.

    Their contacts were made or changed since. Sent again, who has left the list meanwhile would be put back;
    what became of them is read at the end. A list job leaves no such trace (constant-contact.md §21.2).
    """
    if chunk.action == Action.ADD.value:
        return set()
    seen: set[str] = set()
    for page in ctx.mail.contacts(updated_after=chunk.sent_at - _EARLIER, with_fields=True):
        ctx.check_cancel()
        known, _ = resolve_identity(ctx, page)
        ctx.store.staging.add_contacts(known)
        seen.update(contact.email_key for contact in known)
    landed: set[int] = set()
    after = -1
    while people := ctx.store.exports.unsettled(chunk, after, PAGE, new_contacts=True):
        after = people[-1].customer.id
        landed.update(one.customer.id for one in people if one.customer.email_key in seen)
    return landed


def found_or_begun(ctx: RunContext, chunk: Chunk, call: Callable[[], Activity]) -> Activity:
    """Look for the job of a call whose answer was lost before it is made again, once.

    Whatever ends this leaves the chunk as it is: the first call may have been done, and the next start looks
    for its job.
    """
    for pause in _LOOK_AGAIN:
        if ctx.clock.wait(ctx.cancel, pause):
            raise Cancelled()
        found = find_job(ctx, chunk)
        if found is not None:
            log.info("chunk %s: the job is %s", chunk.number, found.id)
            return found
    return call()


def find_job(ctx: RunContext, chunk: Chunk) -> Activity | None:
    """Return the job that a chunk's call began, None if the account has none that can be it."""
    if chunk.action not in _BY_JOB:
        return None
    ours = {one.activity_id for one in ctx.store.exports.chunks()}
    found: list[Activity] = []
    for page in ctx.mail.activities():
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
    if chunk.action != Action.ADD.value:
        return "list_count" not in job.counts and items in (chunk.people, chunk.people + 1)
    return "list_count" in job.counts and items == chunk.people


def wait_for_some(
    ctx: RunContext,
    under_way: Sequence[Chunk],
    failed: Callable[[Chunk, JobFailed], None],
    done: Callable[[Chunk], None],
    watched: Watched | None = None,
) -> list[Chunk]:
    """Wait until at least one of the jobs has ended; return the chunks that have not."""
    patience, watched = JobPoller(ctx), watched or Watched(ctx)
    while True:
        jobs = watched.states(patience, [chunk.activity_id for chunk in under_way])
        left = [chunk for chunk in under_way if not jobs[chunk.activity_id].finished]
        for chunk in under_way:
            job = jobs[chunk.activity_id]
            if not job.finished:
                continue
            if failure := failure_of(job):
                failed(chunk, failure)
                continue
            ctx.store.exports.save_chunk(
                replace(chunk, state=ChunkState.DONE, reported=job.errors[:_MOST_REPORTED])
            )
            done(chunk)
        if len(left) < len(under_way):
            return left


def _state(ctx: RunContext, activity_id: str) -> Activity:
    try:
        return ctx.mail.activity(activity_id)
    except NotFound:
        # Forgotten by the service: reading back tells who is on the list.
        return Activity(activity_id, "completed")
