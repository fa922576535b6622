"""Which opt-outs staff's *Add* is about, and which opt-ins came after one (design R3, R5, §3a R1)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from ccdesk.core.models import Link, LinkState, WriteBack
from ccdesk.sync.standing_opt_outs import is_added_by_staff, is_back_since, unsubscribed_at

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
ADDED = Link(1, kibo_opted_in=True, added_at=NOON)
CLEARED = Link(2, kibo_opted_in=False, agreed=False, kibo_updated_at=NOON - HOUR, out_since=NOON - HOUR)
LEFT = replace(CLEARED, state=LinkState.LEFT_LIST)


@pytest.mark.parametrize(
    ("opt_out", "skew", "expected"),
    [
        (CLEARED, 0, True),
        (replace(CLEARED, out_since=NOON + HOUR), 0, True),  # acted on again since
        (replace(CLEARED, out_since=NOON + HOUR, kibo_updated_at=NOON + HOUR), 0, False),
        (replace(CLEARED, out_since=NOON + HOUR, kibo_updated_at=NOON + HOUR), 2, True),
        (LEFT, 0, True),
        (replace(LEFT, out_since=NOON + HOUR), 0, False),
    ],
)
def test_an_add_is_about_the_opt_outs_made_by_then(opt_out: Link, skew: int, expected: bool) -> None:
    assert is_added_by_staff(ADDED, opt_out, skew * HOUR) is expected


def test_who_was_not_added_lifts_nothing() -> None:
    assert not is_added_by_staff(None, CLEARED, timedelta(0))
    assert not is_added_by_staff(replace(ADDED, added_at=None), CLEARED, timedelta(0))


PUT_ON = Link(1, kibo_opted_in=True, on_list=True, written_at=NOON)


@pytest.mark.parametrize(
    ("link", "opt_out", "expected"),
    [
        (PUT_ON, LEFT, True),
        (PUT_ON, replace(LEFT, out_since=NOON + HOUR), False),  # left again since
        (replace(PUT_ON, out_since=NOON + HOUR), LEFT, False),
        (replace(PUT_ON, on_list=False), LEFT, False),
        (replace(PUT_ON, kibo_opted_in=False), LEFT, False),  # on it by somebody else's opt-in
        (replace(PUT_ON, written_at=None), LEFT, False),
        (PUT_ON, replace(LEFT, out_since=None), False),
    ],
)
def test_whose_opt_in_put_them_on_the_list_since(link: Link, opt_out: Link, expected: bool) -> None:
    assert is_back_since(link, opt_out) is expected


OWED = Link(1, pending=WriteBack.OPT_OUT, out_since=NOON)


@pytest.mark.parametrize(
    ("pending", "expected"),
    [
        (replace(OWED, pending_reason="unsubscribed in Constant Contact"), NOON),
        (replace(OWED, pending_reason="unsubscribed in Constant Contact, by its staff"), NOON),
        (replace(OWED, pending_reason="opted out in Constant Contact; the opt-out stands"), NOON),
        (replace(OWED, pending_reason="left the list in Constant Contact"), None),  # known since then only
        (Link(1, pending=WriteBack.OPT_IN, pending_reason="signed up", out_since=NOON), None),
        (Link(1, out_since=NOON), None),
    ],
)
def test_only_an_unsubscription_is_dated(pending: Link, expected: datetime | None) -> None:
    assert unsubscribed_at(pending) == expected
