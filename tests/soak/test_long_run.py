"""A month of loops in a busy shop, in fast time: nothing that is kept grows without end."""

from __future__ import annotations

import gc
import logging
import random
import sqlite3
import tracemalloc
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import psutil
import pytest
import requests

from ccdesk.core.runs import RunKind, RunStatus
from ccdesk.logs import LogFile, start_logging
from ccdesk.paths import Paths
from ccdesk.sandbox.constant_contact.switches import CcSwitches
from ccdesk.service.loop import Loop
from ccdesk.support.records import KEPT_RUNS
from tests.soak.conftest import amount
from tests.soak.inprocess import Bench, Handler, Reply, Services, open_bench, plain

KEEP_DAYS = 4
OUTAGES = (1, 5, 15, 25)  # days
OURS = [
    tracemalloc.Filter(True, f"*/ccdesk/{part}/*")
    for part in ("store", "sync", "service", "clients", "core", "auth")
] + [tracemalloc.Filter(True, f"*/{name}*") for name in ("peewee", "requests/*", "schedule/*", "logging/*")]
TABLES = (
    "run",
    "entry",
    "entry_kind",
    "event",
    "link",
    "state",
    "export_person",
    "staged_contact",
    "list_scan",
    "statement",
    "intent",
)


@dataclass(frozen=True)
class Day:
    """What there is at the end of a day."""

    file: int
    log_ahead: int
    logs: int
    resident: int
    traced: int
    rows: dict[str, int]
    queued: int
    recorded: int  # files in which runs are recorded


class Month:
    """The shop's life, one day after the other."""

    def __init__(self, bench: Bench, chance: random.Random) -> None:
        self.bench, self.chance = bench, chance
        self.loop = Loop(bench.desk, bench.container.clock)
        self.numbers = [
            bench.kibo.add_customer(f"person{number}@example.com", chance.random() < 0.7, first_name="Per")
            for number in range(amount(150, 400))
        ]
        self.acts: Counter[str] = Counter()

    def begin(self) -> None:
        """Export, and start the loops; the test runner's own memory of the log would count as ours."""
        logger = logging.getLogger("ccdesk")
        for handler in [one for one in logger.handlers if not isinstance(one, LogFile)]:
            logger.removeHandler(handler)
        run = self.bench.desk.run(RunKind.EXPORT)
        assert run.status is RunStatus.COMPLETE, run.message
        self.loop.plan()

    def day(self, number: int, *, outage: bool = False) -> None:
        """Let a day pass: two acts an hour, and the loops as they come.

        With an outage a tenth of all calls fails, and from six to ten nobody answers at all.
        """
        bench, chance = self.bench, self.chance
        for half_hour in range(48):
            bench.later(30)
            bench.handler = self._failing(all_of_them=12 <= half_hour < 20) if outage else plain
            if chance.random() < 0.9:
                self._act(number)
            self.loop.tick()
        bench.handler = plain
        bench.log._rows.clear()  # the sandbox's memory, not ours

    def _failing(self, *, all_of_them: bool) -> Handler:
        def handle(request: requests.PreparedRequest, services: Services) -> Reply:
            if all_of_them or self.chance.random() < 0.1:
                self.acts["no answer"] += 1
                raise requests.ConnectionError("no answer")
            return plain(request, services)

        return handle

    def failed(self) -> int:
        """Count the runs that are told as failed."""
        runs = self.bench.desk.runs(limit=10_000)
        return sum(run.status is RunStatus.FAILED for run in runs)

    def use_up_the_day(self) -> None:
        """Another program on the same key has made all calls of the day."""
        day = self.bench.time.local().date().isoformat()
        store = self.bench.container.store
        with store.transaction():
            for _ in range(10_000):
                store.calls.add("constant_contact", day, "other")

    def _act(self, day: int) -> None:
        bench, chance = self.bench, self.chance
        kind = chance.choice(
            ("in", "out", "out", "name", "order", "unsubscribe", "leave", "come back", "new")
        )
        number = chance.choice(self.numbers)
        account = bench.kibo.customer(number)
        email = str(account["emailAddress"])
        members = bench.cc.members(bench.list_id)
        if kind == "in":
            bench.kibo.opt_in(number)
        elif kind == "out":
            bench.kibo.opt_out(number)
        elif kind == "name":
            bench.kibo.change_name(number, "Per", f"Son {day}")
        elif kind == "order":
            bench.kibo.place_order(number)
        elif kind == "new" and len(self.numbers) < 600:
            self.numbers.append(bench.kibo.add_customer(f"new{len(self.numbers)}@example.com", True))
        elif kind == "unsubscribe" and email in members:
            bench.cc.unsubscribe(email)
        elif kind == "leave" and email in members:
            bench.cc.leave_list(email, bench.list_id)
        elif kind == "come back" and bench.cc.contact(email):
            bench.cc.join_list(email, bench.list_id)
        self.acts[kind] += 1

    def look(self) -> Day:
        """Measure."""
        gc.collect()
        base = self.bench.base
        with closing(sqlite3.connect(Paths(base).database)) as database:
            rows = {name: _count(database, name) for name in TABLES}
        traced = 0
        if tracemalloc.is_tracing():
            found = tracemalloc.take_snapshot().filter_traces(OURS)
            traced = sum(one.size for one in found.statistics("filename"))
        wal = Paths(base).database.with_name(Paths(base).database.name + "-wal")
        return Day(
            file=Paths(base).database.stat().st_size,
            log_ahead=wal.stat().st_size if wal.exists() else 0,
            logs=sum(one.stat().st_size for one in base.glob("ccdesk.log*")),
            resident=psutil.Process().memory_info().rss,
            traced=traced,
            rows=rows,
            queued=self.bench.desk.event_count(),
            recorded=len(list(base.glob("ccdesk.run*"))),
        )


def _count(database: sqlite3.Connection, table: str) -> int:
    return int(database.execute(f"SELECT COUNT(*) FROM {table}").fetchone()[0])


@pytest.fixture
def month(tmp_path: Path, seed: int) -> Iterator[Month]:
    switches = CcSwitches(limits_on=False, activity_seconds=0.0)
    with open_bench(tmp_path / "base", seed=seed, cc_switches=switches) as bench:
        start_logging(Paths(bench.base).log)
        bench.set_up(enabled="true", keep_days=str(KEEP_DAYS))
        yield Month(bench, random.Random(seed))
        start_logging(None)


def test_a_month_stays_level(month: Month, say: Callable[[str], None]) -> None:
    """The third ten days need no more than the second ten, outages included; `make test` has two days."""
    days: list[Day] = []
    whole = amount(2, 30)
    month.begin()
    for number in range(1, whole + 1):
        if number in (7, 17, 27):
            month.use_up_the_day()
        if number == 11:
            tracemalloc.start()
        failed_before = month.failed()
        month.day(number, outage=number in OUTAGES)
        assert number in OUTAGES or month.failed() <= failed_before, f"day {number} fails without an outage"
        days.append(month.look())
    tracemalloc.stop()
    _tell(days, month.acts, say)
    assert month.acts["no answer"] > 20
    assert max(day.queued for day in days) < 60
    if whole < 30:
        return
    _level(days[10:20], days[20:30])


def _level(second: list[Day], third: list[Day]) -> None:
    """Hold what grows to what is meant to: people, and what the ledger keeps for good (design §8)."""
    grown = {one: third[-1].rows[one] - second[-1].rows[one] for one in ("link", "statement", "intent")}
    meant = 2_000 * grown["link"] + 600 * (grown["statement"] + grown["intent"])
    assert max(day.file for day in third) <= max(day.file for day in second) + meant + 65_536
    assert max(day.recorded for day in third) <= 2 * KEPT_RUNS
    assert max(day.log_ahead for day in third) <= max(day.log_ahead for day in second) + 1_000_000
    for table in ("run", "entry", "entry_kind", "event"):
        before = max(day.rows[table] for day in second)
        assert max(day.rows[table] for day in third) <= before * 1.25 + 10, table
    assert third[-1].rows["state"] == second[-1].rows["state"]
    assert third[-1].traced <= second[-1].traced + 100_000
    assert third[-1].resident <= second[-1].resident + 20 * 2**20
    assert third[-1].logs <= 5 * 1_100_000


def _tell(days: list[Day], acts: Counter[str], say: Callable[[str], None]) -> None:
    say(f"long run: {len(days)} days, {acts.total()} acts of people, keeping {KEEP_DAYS} days")
    for number in (2, 10, 20, 30):
        if number <= len(days):
            day = days[number - 1]
            rows = ", ".join(
                f"{name} {day.rows[name]}"
                for name in ("run", "entry", "event", "link", "statement", "intent")
            )
            say(
                f"  day {number}: file {day.file // 1024} kB, its log {day.log_ahead // 1024} kB, "
                f"logs {day.logs // 1024} kB, process {day.resident // 2**20} MB with the sandbox, "
                f"our allocations {day.traced // 1024} kB, queue {day.queued}; rows: {rows}"
            )


def test_no_wait_is_kept_for_ever(month: Month) -> None:
    """Days without calls leave a run each half hour; they go like all others."""
    month.begin()
    for number in range(1, 3):
        month.use_up_the_day()
        month.day(number)
    store = month.bench.container.store
    waiting = [run for run in month.bench.desk.runs(limit=1000) if run.status is RunStatus.WAITING]
    assert len(waiting) > 20
    month.bench.later(60 * 24 * 9)
    store.runs.prune(month.bench.time.now() - timedelta(days=KEEP_DAYS))
    kept = month.bench.desk.runs(limit=1000)
    assert len(kept) <= 6, "the newest of each kind, and each kind's newest complete one"
