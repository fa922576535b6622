"""The plan of the loops' jobs, kept by `schedule` on our clock.

`schedule` counts in naive local time, which jumps twice a year, and leaves a job due that raised, so that it
would fire at every tick. Here its moments are naive UTC of our clock, and a job's next time is set before the
job is done. Which jobs are due, in which order, once however many times they were missed, and which is next,
is left to the library.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import schedule

from ccdesk.core.clock import Clock


def _naive(moment: datetime) -> datetime:
    """Return a moment in the form that `schedule` compares."""
    return moment.astimezone(UTC).replace(tzinfo=None)


class PlannedJob(schedule.Job):
    """A job that goes by the scheduler's clock; `planned_at` is aware UTC."""

    def __init__(self, interval: int, scheduler: UtcScheduler) -> None:
        super().__init__(interval, scheduler)
        self._clock = scheduler.clock

    @property
    def planned_at(self) -> datetime | None:
        """When the job is due next; None before `do` was called."""
        return self.next_run.replace(tzinfo=UTC) if self.next_run is not None else None

    def plan(self, at: datetime) -> None:
        """Make the job due at this moment; afterwards it goes on in its interval."""
        self.next_run = _naive(at)

    @property
    def should_run(self) -> bool:
        """True from the moment the job is due."""
        return self.next_run is not None and self.next_run <= _naive(self._clock.now())

    def run(self) -> Any:
        """Plan the next time, then do the job, which may plan another one.

        Whatever the job raises goes on to the caller of `run_pending`; the jobs behind it stay due.
        """
        self._schedule_next_run()
        self.last_run = _naive(self._clock.now())
        return self.job_func() if self.job_func is not None else None

    def _schedule_next_run(self) -> None:
        self.period = timedelta(**{self.unit or "seconds": self.interval})
        self.next_run = _naive(self._clock.now()) + self.period


class UtcScheduler(schedule.Scheduler):
    """A scheduler of its own, apart from the library's global one, on our clock."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self.clock = clock

    def every(self, interval: int = 1) -> PlannedJob:
        """Return a new job; its unit and `do` are those of the library."""
        return PlannedJob(interval, self)

    @property
    def idle_seconds(self) -> float | None:
        """Seconds until the next job is due, below 0 if one is overdue; None without jobs."""
        at = self.next_run
        return (at - _naive(self.clock.now())).total_seconds() if at is not None else None
