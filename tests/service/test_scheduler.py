"""`schedule` on our clock: the traps of the library that the loops must not fall into."""

import time
from datetime import UTC, datetime, timedelta

import pytest
import schedule

from ccdesk.core.clock import Clock
from ccdesk.service.scheduler import UtcScheduler

HALF_HOUR = timedelta(minutes=30)


class HandClock(Clock):
    def __init__(self, at=datetime(2026, 5, 1, 12, tzinfo=UTC)):
        self.at = at

    def now(self):
        return self.at


@pytest.fixture
def clock():
    return HandClock()


@pytest.fixture(params=["UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu"])
def zone(request, monkeypatch):
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    yield request.param
    monkeypatch.undo()
    time.tzset()


def planned(clock, done, name="job"):
    scheduler = UtcScheduler(clock)
    return scheduler, scheduler.every(1800).seconds.do(done.append, name)


def test_the_library_itself_runs_what_is_due():
    """Its own run_pending, its own order and its own next run: nothing of that is written anew here."""
    for name in ("run_pending", "_run_job", "get_next_run", "clear", "cancel_job"):
        assert getattr(UtcScheduler, name) is getattr(schedule.Scheduler, name)
    assert UtcScheduler(Clock()).jobs is not schedule.jobs


def test_a_job_is_due_by_our_clock_and_not_by_the_computers(clock):
    done = []
    scheduler, job = planned(clock, done)
    job.plan(clock.at)
    clock.at -= timedelta(seconds=1)
    scheduler.run_pending()
    assert done == []
    clock.at += timedelta(seconds=1)
    scheduler.run_pending()
    scheduler.run_pending()
    assert done == ["job"]
    assert job.planned_at == clock.at + HALF_HOUR


@pytest.mark.parametrize("change", [(2026, 3, 29, 0, 50), (2026, 10, 25, 0, 50), (2026, 3, 8, 6, 50)])
def test_half_an_hour_is_half_an_hour_when_the_local_clock_jumps(zone, change):
    clock, done = HandClock(datetime(*change, tzinfo=UTC)), []
    scheduler, job = planned(clock, done)
    job.plan(clock.at)
    for _ in range(120):
        scheduler.run_pending()
        clock.at += timedelta(minutes=1)
    assert len(done) == 4
    assert scheduler.idle_seconds == 0


def test_a_job_that_raises_is_not_due_again_at_once(clock):
    scheduler = UtcScheduler(clock)

    def fails():
        raise RuntimeError("defect")

    job = scheduler.every(1800).seconds.do(fails)
    job.plan(clock.at)
    with pytest.raises(RuntimeError):
        scheduler.run_pending()
    assert not job.should_run
    assert scheduler.idle_seconds == 1800


def test_jobs_behind_one_that_raises_stay_due(clock):
    done = []
    scheduler, behind = planned(clock, done)
    behind.plan(clock.at)

    def fails():
        raise RuntimeError("defect")

    scheduler.every(1800).seconds.do(fails).plan(clock.at - timedelta(seconds=1))
    with pytest.raises(RuntimeError):
        scheduler.run_pending()
    assert behind.should_run
    scheduler.run_pending()
    assert done == ["job"]


def test_what_was_missed_is_done_once_the_longest_overdue_first(clock):
    done = []
    scheduler = UtcScheduler(clock)
    for name, ago in (("second", 1), ("third", 0), ("first", 2)):
        scheduler.every(1800).seconds.do(done.append, name).plan(clock.at - timedelta(hours=ago))
    scheduler.run_pending()
    assert done == ["first", "second", "third"]


def test_a_job_may_plan_itself_sooner(clock):
    scheduler = UtcScheduler(clock)
    job = scheduler.every(1800)
    job.seconds.do(lambda: job.plan(clock.at + timedelta(seconds=15)))
    job.plan(clock.at)
    scheduler.run_pending()
    assert scheduler.idle_seconds == 15


def test_without_jobs_there_is_nothing_to_wait_for(clock):
    assert UtcScheduler(clock).idle_seconds is None
