"""The background jobs of an account: one after another, visible as they go (constant-contact.md §15)."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta

from ccdesk.sandbox.constant_contact.book import new_id
from ccdesk.sandbox.constant_contact.model import Json, Refusal, stamp, without_unset
from ccdesk.sandbox.constant_contact.refusals import JobFails
from ccdesk.sandbox.constant_contact.switches import CcSwitches
from ccdesk.sandbox.wire.kernel import SandboxClock

KEPT = timedelta(days=10)
RUNNING = ("initialized", "processing")

Work = Callable[["Job", float], None]
"""Does a job's share (0 to 1) of its work and writes the counts; called once, when the job ends."""


def _done(_job: Job, _share: float) -> None:
    raise RuntimeError("A job does its work once")


@dataclass
class Job:
    """One activity as the service keeps it."""

    number: int
    kind: str
    status: Json
    work: Work
    submitted: float
    created_at: str
    updated_at: str
    activity_id: str = field(default_factory=new_id)
    state: str = "initialized"
    percent_done: int = 1
    started_at: str | None = None
    completed_at: str | None = None
    errors: list[str | Json] = field(default_factory=list)
    results_id: str | None = None
    total_only: bool = False

    def as_json(self) -> Json:
        """Return the activity status report."""
        links = {"self": {"href": f"/v3/activities/{self.activity_id}"}}
        if self.results_id is not None:
            links["results"] = {"href": f"/v3/contact_exports/{self.results_id}"}
        return without_unset(
            {
                "activity_id": self.activity_id,
                "state": self.state,
                "started_at": self.started_at,
                "completed_at": self.completed_at,
                "created_at": self.created_at,
                "updated_at": self.updated_at,
                "percent_done": self.percent_done,
                "activity_errors": list(self.errors),
                "status": self._shown_status(),
                "_links": links,
            }
        )

    def _shown_status(self) -> Json:
        if not self.total_only:
            return dict(self.status)
        return {name: count for name, count in self.status.items() if name == "items_total_count"}


class JobQueue:
    """Takes jobs and ends them one by one; nothing runs by itself, `pump` brings all up to the present.

    A job is `initialized` for `activity_seconds` once its turn has come, then as long `processing`; what it
    does to contacts happens as it ends, not before. How it ends is decided by the switch at that moment.
    """

    def __init__(self, switches: CcSwitches, clock: SandboxClock, tick: Callable[[], float]) -> None:
        self.jobs: dict[str, Job] = {}
        self._switches, self._clock, self._tick = switches, clock, tick
        self._waiting: deque[Job] = deque()
        self._endless: list[Job] = []
        self._free_at = 0.0
        self._taken = 0

    def submit(self, kind: str, status: Json, work: Work, *, endless: bool = False) -> Job:
        """Queue a job, or refuse it when too many wait (429; its body is documented nowhere).

        An `endless` one is taken up and never ends; those behind it go past it.
        """
        if len(self._waiting) >= self._switches.queue_limit:
            raise Refusal(429, "Too many activities are queued for this account.", "too_many_activities")
        self._taken += 1
        now = self._now()
        job = Job(self._taken, kind, status, work, self._tick(), created_at=now, updated_at=now)
        self.jobs[job.activity_id] = job
        job.total_only = self._switches.activity_status == "total_only"
        (self._endless if endless else self._waiting).append(job)
        return job

    def kept(self, activity_id: str) -> Job | None:
        """Return a job that is not older than jobs are kept."""
        job = self.jobs.get(activity_id)
        return job if job is not None and job.created_at >= self._oldest() else None

    def pump(self) -> None:
        """Let every job be where it would be by now."""
        step = self._switches.activity_seconds
        for job in self._endless:
            if job.state == "initialized" and self._tick() >= job.submitted + step:
                self._start(job)
        while self._waiting:
            job, now = self._waiting[0], self._tick()
            begins = max(job.submitted, self._free_at)
            if now < begins + step:
                return
            if job.state == "initialized":
                self._start(job)
            if now < begins + 2 * step:
                return
            self._finish(job)
            self._free_at = begins + 2 * step

    def finish_all(self) -> int:
        """End every waiting job at once, in turn; returns how many."""
        count = len(self._waiting)
        while self._waiting:
            self._start(self._waiting[0])
            self._finish(self._waiting[0])
        return count

    def recent(self, state: str | None, below: int | None, limit: int) -> tuple[list[Job], int | None]:
        """Return a page of the jobs of the last 10 days, newest first, and where the next page begins."""
        oldest = self._oldest()
        found = [
            job
            for job in reversed(self.jobs.values())
            if job.created_at >= oldest
            and state in (None, job.state)
            and (below is None or job.number < below)
        ]
        page = found[:limit]
        return page, page[-1].number if len(found) > limit else None

    def _start(self, job: Job) -> None:
        job.state, job.percent_done = "processing", 50
        job.started_at = job.updated_at = self._now()

    def _finish(self, job: Job) -> None:
        outcome, work = self._switches.activity_outcome, job.work
        job.work = _done  # its rows are many
        self._waiting.popleft()
        job.state, job.updated_at = outcome, self._now()
        if outcome == "completed":
            try:
                work(job, 1.0)
            except JobFails as problem:
                job.state = "failed"
                job.errors.append(str(problem))
                return
            job.percent_done, job.completed_at = 100, job.updated_at
            return
        if outcome in ("timed_out", "time_out"):
            with suppress(JobFails):  # at a row it cannot take; it has timed out all the same
                work(job, 0.5)  # what was done when the time ran out stays done
        job.errors.append(f"The activity ended as {outcome}.")

    def _oldest(self) -> str:
        return stamp(self._clock.now() - KEPT)

    def _now(self) -> str:
        return stamp(self._clock.now())
