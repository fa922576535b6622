"""The rules of consent on their own: schedules of the pretend world in tests/consent, by the thousand."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import pytest

from tests.consent.crowd import play_crowd
from tests.consent.play import play
from tests.soak.tools import only_soak

SCHEDULES, CROWDS = 10_000, 600  # `make test` plays some in tests/consent


def _broken(seed: int) -> list[str]:
    return [f"{seed}: {one}" for one in play(seed).broken]


def _crowd_broken(seed: int) -> list[str]:
    return [f"{seed}: {one}" for one in play_crowd(seed).broken]


@only_soak
@pytest.mark.parametrize(
    ("tried", "number", "share"),
    [(_broken, SCHEDULES, 0.002), (_crowd_broken, CROWDS, 0.002)],
    ids=["schedules", "crowds"],
)
def test_hardly_a_schedule_breaks_a_rule(
    tried: Callable[[int], list[str]], number: int, share: float, seed: int, say: Callable[[str], None]
) -> None:
    """What breaks lies in windows that overlap, or in what no reading has shown (docs/consent.md d, e5)."""
    first = seed * 100_000
    with ProcessPoolExecutor(2, get_context("spawn")) as pool:
        found = list(pool.map(tried, range(first, first + number), chunksize=max(1, number // 40)))
    broken = [one for one in found if one]
    say(f"consent {tried.__name__}: {len(broken)} of {number} broken {[one[0] for one in broken[:10]]}")
    assert len(broken) <= max(1, number * share)
