"""What the journal and the audit log tell together of a write whose end nobody saw (docs/consent.md b4)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from ccdesk.core.intents import Act, Ended, JournalLine
from ccdesk.sync.journal import taken_back

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def context(set_at: datetime | None, skew: timedelta) -> Any:
    return SimpleNamespace(shop=SimpleNamespace(opt_in_set_at=lambda _: set_at), skew=lambda: skew)


def line(act: Act = Act.OPT_OUT, ended: Ended = Ended.OPEN) -> JournalLine:
    return JournalLine(act, 1, "ann@example.com", "list-1", NOON, ended=ended)


@pytest.mark.parametrize(
    ("lines", "set_at", "skew", "expected"),
    [
        ([line()], NOON + MINUTE, timedelta(0), True),
        ([line()], NOON + MINUTE, 2 * MINUTE, False),  # the shop's clock is ahead
        ([line()], NOON - MINUTE, timedelta(0), False),  # set before: the write may never have been done
        ([line()], NOON, timedelta(0), False),
        ([line()], None, timedelta(0), False),  # no audit log: an edit would look the same
        ([line(ended=Ended.DONE)], NOON + MINUTE, timedelta(0), False),
        ([line(Act.REMOVE)], NOON + MINUTE, timedelta(0), False),
        ([], NOON + MINUTE, timedelta(0), False),
    ],
)
def test_an_opt_out_is_taken_back_if_the_flag_was_set_after_it_began(
    lines: list[JournalLine], set_at: datetime | None, skew: timedelta, expected: bool
) -> None:
    assert taken_back(context(set_at, skew), lines) is expected
