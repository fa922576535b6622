"""Waiting for Constant Contact's bulk jobs, patiently (constant-contact.md §15)."""

from __future__ import annotations

from collections.abc import Callable

from ccdesk.core.errors import Cancelled, ServiceError
from ccdesk.core.ports import Activity
from ccdesk.sync.context import RunContext

_LONGEST_PAUSE = 30.0
_GIVE_UP_AFTER = 15 * 60.0


class JobNotDone(ServiceError):
    """A bulk job failed or takes too long; what it was to do is done again by the next run."""

    title = "A bulk job at Constant Contact did not finish"
    meaning = "Some people may not have been added or removed yet. Nothing was lost."
    next_step = "Run the sync again in a while; it goes on with those that are missing."
    retry_helps = True


def finish(ctx: RunContext, job: Activity, *, on_poll: Callable[[Activity], None] | None = None) -> Activity:
    """Poll at 1, 2, 4, … 30 s until the job has ended; return its last state.

    Raises:
        Cancelled: asked to stop; the job goes on at the service and the next run reads its result.
        JobNotDone: it failed, or we stopped waiting (not the job) after a quarter of an hour.

    """
    pause, waited = 0.5, 0.0
    while not job.finished:
        if waited >= _GIVE_UP_AFTER:
            raise JobNotDone(detail=f"activity {job.id} still {job.state}")
        pause = min(pause * 2, _LONGEST_PAUSE)
        if ctx.clock.wait(ctx.cancel, pause):
            raise Cancelled()
        waited += pause
        ctx.check_cancel()
        job = ctx.mailing.activity(job.id)
        if on_poll is not None:
            on_poll(job)
    if not job.succeeded:
        raise JobNotDone(detail=f"activity {job.id} {job.state}: {'; '.join(job.errors)[:300]}")
    return job
