"""Clocks that jump, stand still or disagree: no change is lost or missed, and nothing waits for ever."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ccdesk.core.runs import EventStatus, Progress, RunKind, RunStatus
from ccdesk.sandbox.constant_contact.switches import CcSwitches
from ccdesk.service.api import ConnectionState
from ccdesk.service.loop import SOON, Loop
from ccdesk.sync import state_names as names
from ccdesk.sync.runs import export_batches
from tests.soak.conftest import SOAK
from tests.soak.inprocess import Bench, open_bench

DAY, YEAR = timedelta(days=1), timedelta(days=365)
MINUTES = timedelta(minutes=1)


@contextmanager
def shop(base: Path, **clocks: timedelta) -> Iterator[Bench]:
    """A shop of ten who agreed, exported and at rest."""
    switches = CcSwitches(limits_on=False, activity_seconds=0.0)
    with open_bench(base, cc_switches=switches, **clocks) as bench:
        bench.set_up(enabled="true", keep_days="30")
        for number in range(10):
            bench.kibo.add_customer(f"person{number}@example.com", True)
        complete(bench, RunKind.EXPORT)
        bench.later(5)
        cycle(bench)
        bench.later(30)
        yield bench


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with shop(tmp_path / "base") as bench:
        yield bench


def complete(bench: Bench, kind: RunKind) -> None:
    run = bench.desk.run(kind)
    assert run.status is RunStatus.COMPLETE, run.message


def cycle(bench: Bench) -> None:
    complete(bench, RunKind.EVENTS)
    complete(bench, RunKind.INBOUND)


def number_of(bench: Bench, email: str) -> int:
    return int(bench.kibo.customers_by_email(email)[0]["id"])


def act(bench: Bench, mark: str) -> None:
    """One change of each kind: a newcomer, an opt-out on each side, somebody who leaves the list."""
    members = sorted(bench.cc.members(bench.list_id))
    here, there, leaves = members[:3]
    bench.kibo.add_customer(f"new-{mark}@example.com", True)
    bench.kibo.opt_out(number_of(bench, here))
    bench.cc.unsubscribe(there)
    bench.cc.leave_list(leaves, bench.list_id)


def agreed(bench: Bench) -> list[str]:
    """Return who is on the list without an opt-in in Kibo, or the other way round."""
    members = set(bench.cc.members(bench.list_id))
    people = {one.customer_id for one in bench.container.store.links.page(-1, 1000)}
    opted = {
        str(account["emailAddress"])
        for account in (bench.kibo.customer(number) for number in people)
        if account["acceptsMarketing"]
    }
    return sorted(members ^ opted)


def loops(bench: Bench) -> Loop:
    loop = Loop(bench.desk, bench.container.clock)
    loop.plan()
    return loop


def let_run(bench: Bench, loop: Loop, minutes: int) -> None:
    """Let time pass as the loop's thread sees it: it looks again at least every twenty seconds."""
    for _ in range(minutes):
        bench.later(1)
        loop.tick()


def at_rest(bench: Bench) -> None:
    """Both sides agree, and two further cycles write nothing."""
    assert agreed(bench) == []
    mark = bench.log.mark()
    for _ in range(2):
        bench.later(31)
        cycle(bench)
    writes = [one for one in bench.log.writes(since=mark) if "contact_exports" not in one.path]
    assert writes == []


JUMPS = [
    timedelta(hours=-1),  # summer time ends, on a computer whose clock shows local time as UTC
    timedelta(hours=1),
    -DAY,
    DAY,
    -30 * DAY,
    30 * DAY,
    -20 * YEAR,  # an empty battery
    20 * YEAR,
]


@pytest.mark.parametrize("jump", JUMPS if SOAK else JUMPS[2:5], ids=str)
def test_this_computers_clock_is_set_while_the_loops_run(bench: Bench, jump: timedelta) -> None:
    """Within the next hour all is carried, both after the jump and after it is put right."""
    loop = loops(bench)
    let_run(bench, loop, 2)
    bench.time.wrong = jump
    act(bench, "jump")
    let_run(bench, loop, 65)
    assert agreed(bench) == []
    bench.time.wrong = timedelta(0)
    act(bench, "back")
    let_run(bench, loop, 65)
    at_rest(bench)


@pytest.mark.parametrize("hours", [1, 9, 80] if SOAK else [30])
@pytest.mark.parametrize("counted", [True, False], ids=["monotonic goes on", "monotonic stood still"])
def test_the_computer_sleeps(bench: Bench, hours: int, counted: bool) -> None:
    """Systems differ in whether sleep counts; each loop catches up once, within a minute of waking."""
    loop = loops(bench)
    let_run(bench, loop, 35)
    passed = bench.time._passed
    act(bench, "asleep")
    bench.later(60 * hours)
    if not counted:
        bench.time._passed = passed
    before = bench.desk.run_count()
    let_run(bench, loop, 2)
    kinds = [run.kind for run in bench.desk.runs(limit=bench.desk.run_count() - before)]
    assert kinds.count(RunKind.EVENTS) == kinds.count(RunKind.INBOUND) == 1
    assert kinds.count(RunKind.FULL_COMPARE) == (hours > 24)
    let_run(bench, loop, 65)
    at_rest(bench)


def test_a_month_switched_off(bench: Bench) -> None:
    """The login still holds, everything since is seen, the daily compare comes once, old runs go."""
    loop = loops(bench)
    let_run(bench, loop, 65)
    bench.container.close()
    for week in range(4):
        act_while_off(bench, week)
        bench.later(60 * 24 * 8)
    bench.open()
    old = {run.id for run in bench.desk.runs(limit=1000)}
    loop = loops(bench)
    let_run(bench, loop, 2)
    assert agreed(bench) == []
    left = {run.id for run in bench.desk.runs(limit=1000)} & old
    kinds = [run.kind for run in bench.desk.runs(limit=1000)]
    assert len(left) <= 3, "the newest of each kind only"
    assert kinds.count(RunKind.FULL_COMPARE) == 1
    at_rest(bench)


def act_while_off(bench: Bench, week: int) -> None:
    """As `act`, on people not touched before."""
    bench.kibo.add_customer(f"week{week}@example.com", True)
    if week < 3:
        bench.kibo.opt_out(number_of(bench, f"person{week}@example.com"))
        bench.cc.unsubscribe(f"person{week + 3}@example.com")
        bench.cc.leave_list(f"person{week + 6}@example.com", bench.list_id)


def test_half_a_year_switched_off(bench: Bench) -> None:
    """The login has died meanwhile: that is said, nothing is lost, and after a login all goes on."""
    act(bench, "before")
    bench.later(60 * 24 * 181)
    bench.reopen()
    run = bench.desk.run(RunKind.INBOUND)
    assert run.failure is not None
    assert run.failure.exit_code == 3
    assert bench.desk.status(live=True).constant_contact.state is ConnectionState.LOGIN_NEEDED
    bench.log_in()
    for _ in range(2):
        cycle(bench)
    at_rest(bench)


def test_a_login_lasts_for_ever_where_it_is_used(bench: Bench) -> None:
    for _ in range(4):
        bench.later(60 * 24 * 100)
        cycle(bench)
    at_rest(bench)


WATERMARKS = (
    names.EVENTS_SINCE,
    names.EVENTS_POLLED,
    names.OPT_OUTS_SINCE,
    names.UPDATES_SINCE,
    names.UPDATES_FLOOR,
    names.INBOUND_BEGAN,
    names.SCANNED_AT,
    names.COMPARED_AT,
    names.SWEPT_AT,
    names.HINTS_SINCE,
    names.HINTS_ASKED,
)


@pytest.mark.parametrize("ahead", [timedelta(minutes=30), YEAR] if SOAK else [YEAR], ids=str)
@pytest.mark.parametrize("name", [*(WATERMARKS if SOAK else ()), "all", "kibo", "cc"])
def test_a_watermark_in_the_future_blinds_nobody(bench: Bench, name: str, ahead: timedelta) -> None:
    """However it came there (a service's wrong date, a file from elsewhere): soon all is carried."""
    some = {"all": WATERMARKS, "kibo": WATERMARKS[:2], "cc": WATERMARKS[2:7]}
    marks = some.get(name, (name,))
    for one in marks:
        bench.container.store.state.set_time(one, bench.time.now() + ahead)
    act(bench, "blind")
    stranger = bench.kibo.add_customer("stranger@example.com", False)
    bench.later(1)
    cycle(bench)
    bench.cc.sign_up("stranger@example.com", bench.list_id)
    for _ in range(2):
        bench.later(31)
        cycle(bench)
    assert bench.kibo.customer(stranger)["acceptsMarketing"], "they signed up by themselves"
    at_rest(bench)


@pytest.mark.parametrize("ahead", [-600, 600, -90, 90] if SOAK else [-600, 600])
@pytest.mark.parametrize("which", ["kibo_ahead", "cc_ahead"] if SOAK else ["kibo_ahead"])
@pytest.mark.parametrize(
    "wrong", [-10 * MINUTES, timedelta(0), 10 * MINUTES] if SOAK else [timedelta(0)], ids=str
)
def test_clocks_that_differ_by_ten_minutes(tmp_path: Path, which: str, ahead: int, wrong: timedelta) -> None:
    """Kibo's, Constant Contact's and ours: every change is carried, and the later act of a person wins."""
    with shop(tmp_path / "base", **{which: timedelta(seconds=ahead)}) as bench:
        bench.time.wrong = wrong
        act(bench, "first")
        bench.later(2)
        both = sorted(bench.cc.members(bench.list_id))[0]
        number = number_of(bench, both)
        bench.cc.unsubscribe(both)
        for _ in range(2):
            cycle(bench)
            bench.later(31)
        assert not bench.kibo.customer(number)["acceptsMarketing"]
        assert agreed(bench) == []
        act(bench, "second")
        for _ in range(2):
            cycle(bench)
            bench.later(31)
        at_rest(bench)


@pytest.mark.parametrize("ahead", [-600, 600])
@pytest.mark.parametrize("later", ["in", "out"])
def test_the_later_act_wins_although_the_clocks_differ(tmp_path: Path, ahead: int, later: str) -> None:
    """Design R5: two minutes lie between the two acts, ten between the clocks."""
    with shop(tmp_path / "base", kibo_ahead=timedelta(seconds=ahead)) as bench:
        email = sorted(bench.cc.members(bench.list_id))[0]
        number = number_of(bench, email)
        bench.kibo.opt_out(number)
        cycle(bench)
        bench.later(60)
        if later == "out":
            bench.kibo.opt_in(number)
            bench.later(2)
            bench.cc.unsubscribe(email)
        else:
            bench.cc.unsubscribe(email)
            bench.later(2)
            bench.kibo.opt_in(number)
        bench.later(1)
        for _ in range(2):
            cycle(bench)
            bench.later(31)
        asked = [mail for mail in bench.cc.mails() if mail["kind"] == "resubscribe"]
        assert bool(asked) == (later == "in"), "only a later opt-in is worth asking the person"
        assert email not in bench.cc.members(bench.list_id)


def test_the_days_calls_come_back_at_midnight(bench: Bench) -> None:
    """An export that waits for them goes on by itself, and not before."""
    until_midnight = bench.time.now().replace(hour=23, minute=50, second=0) - bench.time.now()
    bench.later(until_midnight / MINUTES)
    _use_up(bench)
    for number in range(10):
        bench.kibo.add_customer(f"late{number}@example.com", True)
    run = bench.desk.run(RunKind.EXPORT)
    assert run.status is RunStatus.WAITING
    assert run.waiting_until == datetime(2026, 3, 11, tzinfo=UTC)
    loop = loops(bench)
    let_run(bench, loop, 8)
    assert "late0@example.com" not in bench.cc.members(bench.list_id)
    let_run(bench, loop, 12)
    assert "late0@example.com" in bench.cc.members(bench.list_id)
    assert bench.desk.runs(kind=RunKind.EXPORT)[0].status is RunStatus.COMPLETE
    let_run(bench, loop, 65)
    at_rest(bench)


def _use_up(bench: Bench) -> None:
    day = bench.time.local().date().isoformat()
    counts = bench.container.store.calls
    with bench.container.store.transaction():
        for _ in range(10_000 - sum(counts.used("constant_contact", day).values())):
            counts.add("constant_contact", day, "export")


@pytest.mark.parametrize("ahead", [DAY, 40 * DAY], ids=str)
def test_a_wait_noted_by_a_clock_far_ahead_ends_all_the_same(bench: Bench, ahead: timedelta) -> None:
    bench.time.wrong = ahead
    _use_up(bench)
    bench.kibo.add_customer("late@example.com", True)
    assert bench.desk.run(RunKind.EXPORT).status is RunStatus.WAITING
    bench.time.wrong = timedelta(0)
    loop = loops(bench)
    let_run(bench, loop, 35)
    assert bench.desk.runs(kind=RunKind.EXPORT)[0].status is RunStatus.COMPLETE


def test_an_entry_put_off_by_a_clock_far_ahead_is_tried_all_the_same(bench: Bench) -> None:
    bench.time.wrong = 40 * DAY
    newcomer = bench.kibo.add_customer("late@example.com", True)
    bench.cc.set_switches(app_deactivated=True)
    bench.desk.run(RunKind.EVENTS)
    bench.cc.set_switches(app_deactivated=False)
    bench.time.wrong = timedelta(0)
    bench.later(60 * 13)
    cycle(bench)
    assert "late@example.com" in bench.cc.members(bench.list_id)
    waiting = [one for one in bench.desk.events() if one.object_id == newcomer]
    assert all(one.status is EventStatus.PROCESSED for one in waiting)


@pytest.mark.parametrize("wrong", [-DAY, 15 * MINUTES, DAY], ids=str)
def test_who_an_import_loses_has_not_left_the_list(bench: Bench, wrong: timedelta) -> None:
    """They were sent in this very run, whatever this computer's clock says of its beginning."""
    bench.time.wrong = wrong
    bench.list_name = "Another"
    bench.desk.save_settings({"contact_list": bench.list_name})
    bench.cc.set_switches(import_loses_every=3)
    run = bench.desk.run(RunKind.EXPORT)
    assert (run.error_count, run.counts["updated"]) == (3, 7)
    bench.cc.set_switches(import_loses_every=0)
    bench.later(5)
    cycle(bench)
    assert all(bench.kibo.customer(number)["acceptsMarketing"] for number in range(1001, 1011))
    complete(bench, RunKind.EXPORT)
    at_rest(bench)


@pytest.mark.parametrize("wrong", [-DAY, timedelta(0), DAY], ids=str)
def test_who_leaves_while_an_export_lies_still_is_not_put_back(
    bench: Bench, wrong: timedelta, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The contact is another source's, so only that it was sent before tells of the leaving."""
    monkeypatch.setattr(export_batches, "LIST_JOB_MAX_IDS", 2)
    other = bench.cc.add_list("Other")
    for name in "abcde":
        bench.cc.add_contact(f"{name}@example.com", lists=[other])
        bench.kibo.add_customer(f"{name}@example.com", True)
    bench.time.wrong = wrong
    stop = threading.Event()

    def listen(progress: Progress) -> None:
        if progress.phase.startswith("Sending") and progress.sent >= 4:
            stop.set()

    bench.desk.run(RunKind.EXPORT, listener=listen, cancel=stop)
    bench.cc.leave_list("a@example.com", bench.list_id)
    bench.later(5)
    for _ in range(2):
        complete(bench, RunKind.EXPORT)
        bench.later(5)
        assert "a@example.com" not in bench.cc.members(bench.list_id)
    cycle(bench)
    at_rest(bench)


def test_the_loops_start_soon_whatever_was_planned(bench: Bench) -> None:
    """Closed while the clock was wrong: what was planned then is not believed."""
    for wrong in (YEAR, -YEAR):
        bench.time.wrong = wrong
        loop = loops(bench)
        let_run(bench, loop, 2)
        bench.time.wrong = timedelta(0)
        bench.reopen()
        act(bench, f"after {wrong.days}".replace(" ", ""))
        loop = loops(bench)
        let_run(bench, loop, 2 + int(SOON / MINUTES))
        let_run(bench, loop, 31)
        assert agreed(bench) == []


@pytest.mark.skipif(not hasattr(time, "tzset"), reason="no way to choose a time zone here")
@pytest.mark.parametrize(
    "night", [datetime(2026, 3, 29, tzinfo=UTC), datetime(2026, 10, 25, tzinfo=UTC)], ids=str
)
def test_the_nights_in_which_the_clock_jumps(
    bench: Bench, night: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Local time skips an hour or has one twice; the loops go on every half hour."""
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    try:
        bench.later((night - bench.time.now()) / MINUTES)
        bench.log_in()
        loop = loops(bench)
        let_run(bench, loop, 5)
        before = bench.desk.run_count(kind=RunKind.EVENTS)
        let_run(bench, loop, 180)
        assert bench.desk.run_count(kind=RunKind.EVENTS) - before == 6
        at_rest(bench)
    finally:
        monkeypatch.undo()
        time.tzset()
