"""Waiting for Constant Contact's bulk jobs, patiently (constant-contact.md §15)."""

from __future__ import annotations

from ccdesk.core.errors import Cancelled, CcdeskError, ItemRefused, RequestRefused, ServiceError
from ccdesk.core.ports.mail import Activity
from ccdesk.core.words import marked
from ccdesk.sync.context import RunContext

_FIRST_PAUSE = 0.6
_LONGEST_PAUSE = 30.0
_GIVE_UP_AFTER = 15 * 60.0


class JobNotDone(ServiceError):
    """A bulk job failed or takes too long; what it was to do is done again by the next run."""

    title = marked("A bulk job at Constant Contact did not finish")
    meaning = marked("Some people may not have been added or removed yet. Nothing was lost.")
    next_step = marked("Run the sync again in a while; it goes on with those that are missing.")
    retry_helps = True


class JobFailed(JobNotDone):
    """A bulk job ended without success; some of it may be done all the same."""


class JobPoller:
    """Pauses of 0.6, 1.2, 2.4, … 30 s between looks at jobs, and an end to it after a quarter of an hour.

    A job that has little to do is over in about a second (constant-contact.md §15).
    """

    def __init__(self, ctx: RunContext) -> None:
        self._ctx = ctx
        self._next, self._waited = _FIRST_PAUSE, 0.0

    def pause(self) -> None:
        """Wait before the next look.

        Raises:
            Cancelled: asked to stop; the jobs go on at the service and the next run reads their result.
            JobNotDone: waited long enough; the jobs are not given up, only the waiting is.

        """
        if self._waited >= _GIVE_UP_AFTER:
            raise JobNotDone(detail=f"not done after {self._waited:.0f} s")
        if self._ctx.clock.wait(self._ctx.cancel, self._next):
            raise Cancelled()
        self._waited += self._next
        self._next = min(self._next * 2, _LONGEST_PAUSE)
        self._ctx.check_cancel()


def add_one(ctx: RunContext, contact_id: str) -> None:
    """Put one contact on the list by a list job, its fields untouched.

    Raises:
        ItemError: the service does not take this one.

    """
    try:
        finish(ctx, ctx.mail.start_add([contact_id], ctx.settings.list_id))
    except (RequestRefused, JobFailed) as error:
        raise as_item(error, retry_helps=isinstance(error, JobFailed)) from error


def as_item(error: CcdeskError, *, retry_helps: bool = False) -> ItemRefused:
    """Return a refusal of a bulk call, or a failed job, as that of the one person it was about."""
    refusal = ItemRefused(
        marked("Constant Contact did not accept this person"),
        meaning=error.meaning if isinstance(error, RequestRefused) else error.detail,
        next_step=marked("Look at this contact in Constant Contact, for instance on how many lists it is."),
        detail=error.detail,
        code="refused_in_bulk",
    )
    refusal.retry_helps = retry_helps
    return refusal


def finish(ctx: RunContext, job: Activity) -> Activity:
    """Wait for one job; return its last state.

    Raises:
        Cancelled, JobNotDone: see `JobPoller.pause`.
        JobFailed: the job failed.

    """
    job = wait_for(ctx, job)
    if failure := failure_of(job):
        raise failure
    return job


def wait_for(ctx: RunContext, job: Activity) -> Activity:
    """Wait for one job, however it ends; return its last state.

    Raises:
        Cancelled, JobNotDone: see `JobPoller.pause`.

    """
    patience = JobPoller(ctx)
    while not job.finished:
        patience.pause()
        job = ctx.mail.activity(job.id)
    return job


def failure_of(job: Activity) -> JobFailed | None:
    """Return what a job that has ended without success is told as; some of it may be done all the same."""
    if job.succeeded:
        return None
    return JobFailed(detail=f"activity {job.id} {job.state}: {'; '.join(job.errors)[:300]}")
