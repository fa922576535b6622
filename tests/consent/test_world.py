"""Random schedules of the pretend world, each judged by an oracle that knows the true times; see play.py."""

from __future__ import annotations

import pytest

from tests.consent.crowd import play_crowd
from tests.consent.play import play

SCHEDULES, CROWDS = 60, 6
PARTS = 5


@pytest.mark.parametrize("part", range(PARTS))
def test_no_schedule_breaks_a_rule(part: int) -> None:
    broken = {}
    commands = 0
    for seed in range(part * SCHEDULES // PARTS, (part + 1) * SCHEDULES // PARTS):
        played = play(seed)
        commands += played.commands
        if played.broken:
            broken[seed] = played.broken
    assert not broken
    assert commands > 20  # they do something


@pytest.mark.parametrize("seed", range(CROWDS))
def test_no_mistake_and_no_burst_harms_anybody(seed: int) -> None:
    crowd = play_crowd(seed)
    assert not crowd.broken
    assert len(crowd.calls) > 14


def test_a_schedule_is_the_same_each_time() -> None:
    first, second = play(7, trace=True), play(7, trace=True)
    assert first.trace == second.trace
    assert first.commands > 0
