"""The long tests of `make soak`: every one takes its randomness from one seed, and says what it did.

`make test` runs them as well, with the small amounts given as their defaults; a failure prints the seed.
"""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest

SOAK = bool(os.environ.get("CCDESK_SOAK"))  # read now: no test sees this computer's CCDESK_ variables

_said = pytest.StashKey[list[str]]()


def amount(small: int, soak: int) -> int:
    """How many of something to do: few in `make test`, many in `make soak`."""
    return soak if SOAK else small


@pytest.fixture(scope="session")
def seed() -> int:
    """The seed of this session; `CCDESK_SOAK_SEED` replays another one's."""
    return int(os.environ.get("CCDESK_SOAK_SEED", "1"))


@pytest.fixture(scope="session")
def say(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Keep a line for the summary printed at the end of `make soak`."""
    return request.config.stash.setdefault(_said, []).append


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    lines = config.stash.get(_said, [])
    if lines:
        terminalreporter.section("soak: what was tried")
        for line in lines:
            terminalreporter.write_line(line)
