"""The loops, on a clock that is moved by hand: nothing here waits."""

import queue
from datetime import UTC, datetime, timedelta

import pytest

from ccdesk.core.clock import Clock
from ccdesk.core.drift import Chosen, DriftKind
from ccdesk.core.errors import Busy, StoreError, Unreachable
from ccdesk.core.runs import Run, RunKind, RunStatus, Trigger
from ccdesk.service.gaps import GapReason
from ccdesk.service.loop import SOON, Loop, Silent

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
HALF_HOUR = timedelta(minutes=30)


class HandClock(Clock):
    def __init__(self) -> None:
        self.at = NOON
        self.asleep = timedelta()

    def now(self):
        return self.at

    def monotonic(self):
        return (self.at - NOON - self.asleep).total_seconds()

    def sleep(self, long):
        """Let the computer be asleep: the steady clock stands still."""
        self.at += long
        self.asleep += long

    def wait(self, event, seconds):
        return event.is_set()


class FakeDesk:
    """Remembers what was run; the loops' memory outlives it as the store's would."""

    def __init__(self, clock, memory=None):
        self.clock, self.memory = clock, {} if memory is None else memory
        self.enabled, self.app, self.exported = True, None, True
        self.done, self.problem, self.asked = [], None, 0
        self.during = lambda: None
        self.cut_short = False
        self.pause_ends, self.gaps, self.notes = None, [], []

    def paused_until(self):
        return self.pause_ends if self.pause_ends and self.clock.now() < self.pause_ends else None

    def look_back(self, reason, since=None, slept=None):
        self.gaps.append((reason, since))

    def loops_end(self):
        self.note_alive()

    def note_alive(self):
        self.notes.append(self.clock.now())

    def export_to_continue(self):
        return self.cut_short

    def settings(self):
        return type("Settings", (), {"enabled": self.enabled})()

    def planned_run(self, kind):
        return self.memory.get(kind)

    def plan_run(self, kind, at):
        self.memory[kind] = at

    def kibo_app_enabled(self):
        self.asked += 1
        if isinstance(self.app, Exception):
            raise self.app
        return self.app

    def first_export_done(self):
        return self.exported

    def run(self, kind, *, trigger, listener, cancel, confirmed):
        if self.problem:
            raise self.problem
        self.done.append((kind, trigger, self.clock.now()))
        self.cut_short = self.cut_short and kind is not RunKind.EXPORT
        self.during()
        return Run(1, kind, trigger, RunStatus.COMPLETE, self.clock.now())

    def repair(self, people, *, listener, cancel):
        if self.problem:
            raise self.problem
        self.done.append((people, Trigger.MANUAL, self.clock.now()))
        return Run(1, RunKind.FULL_COMPARE, Trigger.MANUAL, RunStatus.COMPLETE, self.clock.now())

    def close(self):
        pass


@pytest.fixture
def clock():
    return HandClock()


def started(clock, memory=None, **options):
    desk = FakeDesk(clock, memory)
    for name, value in options.items():
        setattr(desk, name, value)
    loop = Loop(desk, clock, Silent())
    loop.plan()
    return desk, loop


def kinds(desk):
    return [kind for kind, _, _ in desk.done]


def test_both_loops_run_soon_after_start_and_then_every_half_hour(clock):
    desk, loop = started(clock)
    loop.tick()
    assert desk.done == []
    clock.at += SOON
    loop.tick()
    assert set(kinds(desk)) == {RunKind.EVENTS, RunKind.INBOUND}
    clock.at += HALF_HOUR - timedelta(seconds=1)
    loop.tick()
    assert len(desk.done) == 2
    clock.at += timedelta(seconds=1)
    loop.tick()
    assert len(desk.done) == 4
    assert {trigger for _, trigger, _ in desk.done} == {Trigger.SCHEDULED}


def test_next_run_times_are_kept_across_restarts(clock):
    desk, loop = started(clock)
    clock.at += SOON
    loop.tick()
    clock.at += timedelta(minutes=10)
    again, loop = started(clock, desk.memory)
    assert again.memory[RunKind.EVENTS] == NOON + SOON + HALF_HOUR
    clock.at += timedelta(minutes=19)
    loop.tick()
    assert again.done == []
    clock.at += timedelta(minutes=1)
    loop.tick()
    assert len(again.done) == 2


def test_a_remembered_time_too_far_ahead_is_not_believed(clock):
    memory = dict.fromkeys((RunKind.EVENTS, RunKind.INBOUND), NOON + timedelta(days=3))
    desk, loop = started(clock, memory)
    clock.at += SOON
    loop.tick()
    assert len(desk.done) == 2


def test_after_a_long_sleep_each_loop_catches_up_once(clock):
    desk, loop = started(clock)
    clock.at += timedelta(hours=9)
    loop.tick()
    loop.tick()
    assert kinds(desk).count(RunKind.EVENTS) == 1
    assert kinds(desk).count(RunKind.INBOUND) == 1


def test_nothing_runs_while_the_application_is_not_enabled(clock):
    desk, loop = started(clock, enabled=False)
    clock.at += timedelta(hours=2)
    loop.tick()
    assert desk.done == []
    desk.enabled = True
    clock.at += SOON
    loop.tick()
    assert len(desk.done) == 2


@pytest.mark.parametrize(
    ("app", "runs"),
    [(True, 2), (None, 2), (Unreachable(), 2), (False, 0)],
    ids=["on", "unknown", "down", "off"],
)
def test_only_a_definite_off_in_kibo_pauses(clock, app, runs):
    desk, loop = started(clock, app=app)
    clock.at += SOON
    loop.tick()
    assert len(desk.done) == runs


def test_kibos_switch_is_asked_once_an_hour_while_it_is_on(clock):
    desk, loop = started(clock, app=True)
    for _ in range(4):
        clock.at += HALF_HOUR
        loop.tick()
    assert desk.asked <= 3


@pytest.mark.parametrize("enabled", [True, False])
def test_an_export_cut_short_goes_on_by_itself(clock, enabled):
    desk, loop = started(clock)
    desk.enabled, desk.cut_short = enabled, True
    loop.tick()
    loop.tick()
    assert [kind for kind, *_ in desk.done] == [RunKind.EXPORT]


def test_a_busy_store_is_tried_again_soon(clock):
    desk, loop = started(clock, problem=Busy())
    clock.at += SOON
    loop.tick()
    assert desk.memory[RunKind.EVENTS] == clock.at + timedelta(seconds=15)
    desk.problem = None
    clock.at += timedelta(seconds=15)
    loop.tick()
    assert len(desk.done) == 2


def test_a_defect_in_a_run_does_not_make_the_loop_run_hot(clock):
    desk, loop = started(clock, problem=RuntimeError("defect"))
    clock.at += SOON
    loop._guarded(loop.tick)
    assert desk.memory[RunKind.EVENTS] >= clock.at + timedelta(minutes=1)


def test_a_request_is_done_and_a_stop_ends_the_loop(clock):
    desk, loop = started(clock, enabled=False)
    loop.request(RunKind.EXPORT)
    desk.during = loop.stop
    loop.run()
    assert [(kind, trigger) for kind, trigger, _ in desk.done] == [(RunKind.EXPORT, Trigger.MANUAL)]


def test_the_daily_compare_waits_for_the_first_export(clock):
    desk, loop = started(clock, exported=False)
    clock.at += timedelta(days=1, minutes=1)
    loop.tick()
    assert RunKind.FULL_COMPARE not in kinds(desk)
    desk.exported = True
    clock.at += timedelta(days=1, minutes=1)
    loop.tick()
    assert RunKind.FULL_COMPARE in kinds(desk)


def test_a_data_file_that_cannot_be_written_is_told(clock):
    """A deleted file can still be read by who has it open: the window would look as if all were well."""
    told = []

    class Told(Silent):
        def run_failed(self, kind, error):
            told.append((kind, error.code))

    desk, loop = started(clock)
    loop.listener = Told()

    def gone(kind, at):
        raise StoreError(code="store_exchanged")

    desk.plan_run = gone
    clock.at += SOON
    with pytest.raises(StoreError):
        loop.tick()
    assert [code for _, code in told] == ["store_exchanged"]
    assert desk.done == []


def test_a_data_file_that_cannot_be_read_is_told_once(clock):
    """Without a window nobody else would say that the loops do nothing any more."""
    told = []

    class Told(Silent):
        def run_failed(self, kind, error):
            told.append(error.code)

    desk, loop = started(clock)
    loop.listener = Told()

    def damaged():
        raise StoreError(code="store_damaged")

    desk.export_to_continue, usable = damaged, desk.export_to_continue
    for _ in range(3):
        with pytest.raises(StoreError):
            loop.tick()
    assert told == ["store_damaged"]
    desk.export_to_continue = usable
    loop.tick()
    desk.export_to_continue = damaged
    with pytest.raises(StoreError):
        loop.tick()
    assert told == ["store_damaged"] * 2


@pytest.mark.parametrize("back", [timedelta(hours=2), timedelta(days=1), timedelta(days=400)])
def test_a_clock_set_back_does_not_stop_the_loops(clock, back):
    desk, loop = started(clock)
    clock.at += SOON
    loop.tick()
    clock.at -= back
    loop.tick()
    assert loop._scheduler.idle_seconds <= SOON.total_seconds()
    clock.at += SOON
    loop.tick()
    assert kinds(desk).count(RunKind.EVENTS) == kinds(desk).count(RunKind.INBOUND) == 2
    clock.at += HALF_HOUR - timedelta(seconds=1)
    loop.tick()
    assert len(desk.done) <= 5


def test_a_preview_is_done_in_the_loops_thread_and_what_fails_is_told(clock):
    desk, loop = started(clock, enabled=False)
    told = []

    class Told(Silent):
        def preview_started(self, kind):
            told.append(("started", kind))

        def preview_finished(self, preview):
            told.append(("finished", preview))

        def preview_failed(self, kind, error):
            told.append(("failed", error))

    loop.listener = Told()
    busy = Busy()
    answers = ["a preview", busy]

    def preview(kind, *, listener, cancel, past_question):
        assert past_question, "the window shows everybody"
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    desk.preview = preview
    for _ in range(2):
        loop.try_out(RunKind.EXPORT)
        loop._take(timeout=0)
    began = ("started", RunKind.EXPORT)
    assert told == [began, ("finished", "a preview"), began, ("failed", busy)]
    assert desk.done == []


def test_people_are_put_right_when_asked_and_told_of_as_a_run(clock):
    class Told(Silent):
        def __init__(self):
            self.told = []

        def run_started(self, kind, trigger):
            self.told.append((kind, trigger))

        def run_finished(self, run):
            self.told.append(run.status)

        def run_failed(self, kind, error):
            self.told.append((kind, error))

    desk, loop = started(clock)
    loop.listener = told = Told()
    people = [Chosen(DriftKind.NOT_ADDED, "ann@example.com")]
    loop.repair(people)
    loop._take(0.01)
    assert [who for who, _, _ in desk.done] == [tuple(people)]
    assert told.told == [(RunKind.FULL_COMPARE, Trigger.MANUAL), RunStatus.COMPLETE]
    desk.problem = problem = Busy()
    loop.repair(people)
    loop._take(0.01)
    assert told.told[-1] == (RunKind.FULL_COMPARE, problem)


# ---------------------------------------------------------------- sleep


def test_a_sleep_is_noticed_and_everything_is_caught_up_once(clock):
    desk, loop = started(clock)
    clock.at += SOON
    loop.tick()
    fell_asleep = clock.now()
    clock.sleep(timedelta(hours=9))
    for _ in range(3):
        loop.tick()
        clock.at += timedelta(seconds=20)
    assert kinds(desk).count(RunKind.EVENTS) == kinds(desk).count(RunKind.INBOUND) == 2
    assert desk.gaps == [(GapReason.ASLEEP, fell_asleep)]


def test_a_sleep_in_the_middle_of_a_run_is_noticed_after_it(clock):
    desk, loop = started(clock)
    desk.during = lambda: clock.sleep(timedelta(hours=2)) if len(desk.done) == 1 else None
    clock.at += SOON
    for _ in range(3):
        loop.tick()
    assert [reason for reason, _ in desk.gaps] == [GapReason.ASLEEP]


@pytest.mark.parametrize("passed", [timedelta(hours=-3), timedelta(seconds=20), timedelta(hours=9)])
def test_time_that_passes_awake_and_a_clock_set_back_are_no_sleep(clock, passed):
    desk, loop = started(clock)
    loop.tick()
    clock.at += passed
    if passed < timedelta():
        clock.asleep += passed  # the steady clock is not set
    loop.tick()
    assert desk.gaps == []


def test_where_the_steady_clock_goes_on_a_wait_that_took_too_long_tells_of_the_sleep(clock, monkeypatch):
    desk, loop = started(clock)
    loop.tick()
    fell_asleep = clock.now()

    def get(timeout):
        clock.at += timedelta(hours=9) if not desk.gaps else timedelta(seconds=timeout)
        raise queue.Empty

    monkeypatch.setattr(loop._inbox, "get", get)
    for _ in range(3):
        loop._take(20.0)
        loop.tick()
    assert desk.gaps == [(GapReason.ASLEEP, fell_asleep)]


def test_a_sleep_in_the_middle_of_a_run_is_noticed_before_the_next_run_hides_it(clock):
    desk, loop = started(clock)
    loop.tick()
    clock.at += SOON
    fell_asleep = clock.now()
    seen = []

    def sleep_once():
        seen.append(list(desk.gaps))
        if len(seen) == 1:
            clock.sleep(timedelta(hours=9))

    desk.during = sleep_once
    loop.tick()
    assert seen == [[], [(GapReason.ASLEEP, fell_asleep)]], "the second run of the same tick knows already"


def test_a_start_looks_back_and_a_stop_notes_until_when_it_was_at_work(clock):
    desk = FakeDesk(clock)
    loop = Loop(desk, clock, Silent())
    loop.stop()
    loop.run()
    assert desk.gaps == [(GapReason.NOT_RUNNING, None)]
    assert desk.notes == [NOON]


def test_that_it_is_at_work_is_noted_now_and_then(clock):
    desk, loop = started(clock)
    loop.look_back()
    for _ in range(61):
        loop.tick()
        clock.at += timedelta(seconds=20)
    assert desk.notes == [NOON + timedelta(minutes=minutes) for minutes in (5, 10, 15, 20)]


# ---------------------------------------------------------------- pause


def test_in_a_pause_nothing_runs_by_itself_and_after_it_everything_due_does_once(clock):
    desk, loop = started(clock, cut_short=True)
    desk.pause_ends = NOON + timedelta(hours=1)
    for _ in range(59):
        clock.at += timedelta(minutes=1)
        loop.tick()
    assert desk.done == []
    clock.at += timedelta(minutes=1)
    loop.tick()
    clock.at += SOON
    loop.tick()
    assert kinds(desk) == [RunKind.EXPORT, RunKind.EVENTS, RunKind.INBOUND]


def test_what_a_person_asks_for_in_a_pause_is_done(clock):
    desk, loop = started(clock)
    desk.pause_ends = NOON + timedelta(hours=1)
    loop.request(RunKind.INBOUND)
    loop._take(1.0)
    assert kinds(desk) == [RunKind.INBOUND]


# ---------------------------------------------------------------- two loops on the same data


def test_two_loops_on_the_same_data_do_what_is_due_once(clock):
    """The window and `ccdesk run` as a service."""
    desk, loop = started(clock)
    other_desk, other = started(clock, desk.memory)
    clock.at += SOON
    loop.tick()
    other.tick()
    for _ in range(4):
        clock.at += HALF_HOUR
        other.tick()
        loop.tick()
    assert len(desk.done) + len(other_desk.done) == 10
