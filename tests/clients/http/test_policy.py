import threading
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccdesk.clients.http.policy import CallMeter, DailyBudget, Retry, next_midnight
from ccdesk.core.errors import QuotaUsedUp
from tests.clients.helpers import Counts, QuickClock


@given(st.integers(1, 60))
def test_pauses_grow_and_stay_below_the_ceiling(failures: int) -> None:
    retry = Retry()
    assert 0.75 <= retry.pause(failures) <= retry.ceiling


def test_every_call_is_counted_by_day_and_origin() -> None:
    clock, counts = QuickClock(datetime(2026, 5, 1, 23, 59, 59, tzinfo=UTC)), Counts()
    meter = CallMeter(counts, "kibo", origin=lambda: "export", clock=clock)
    meter.count()
    clock.at += timedelta(seconds=2)
    meter.count()
    assert counts.rows == {("kibo", "2026-05-01", "export"): 1, ("kibo", "2026-05-02", "export"): 1}


def test_the_last_tenth_is_kept_for_opt_outs() -> None:
    clock, counts = QuickClock(), Counts()
    budget = DailyBudget(counts, "cc", origin=lambda: "export", clock=clock, daily=20)
    for _ in range(18):
        budget.count()
    with pytest.raises(QuotaUsedUp) as refused:
        budget.count()
    assert refused.value.until == datetime(2026, 5, 2, tzinfo=UTC)
    with budget.reserved():
        budget.count()
        budget.count()
        with pytest.raises(QuotaUsedUp):
            budget.count()
    assert budget.used() == 20
    clock.at += timedelta(days=1)
    budget.count()


def test_the_reserve_is_open_to_the_thread_that_asked_for_it_only() -> None:
    budget = DailyBudget(Counts(), "cc", origin=lambda: "x", clock=QuickClock(), daily=10, reserved_share=1.0)
    outcome: list[Exception] = []

    def other() -> None:
        try:
            budget.count()
        except QuotaUsedUp as error:
            outcome.append(error)

    with budget.reserved():
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
        budget.count()
    assert len(outcome) == 1


def test_midnight_is_utc() -> None:
    late = datetime(2026, 5, 1, 23, 30, tzinfo=UTC).astimezone(tz=None)
    assert next_midnight(late) == datetime(2026, 5, 2, tzinfo=UTC)
