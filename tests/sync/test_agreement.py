"""What is kept of whether an account counts, and what people read of it (design R1, R2)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from ccdesk.core.models import Customer, Link
from ccdesk.sync.agreement import GUEST, NOT_ACTIVE, agreed_on, as_read, passed_over, remark
from ccdesk.sync.runs.newcomer_rule import named_link
from ccdesk.sync.undoing import undone

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
ADA = "ada@example.com"
ON = Customer(1, ADA, True, updated_at=NOON)
DISABLED, OF_A_GUEST = replace(ON, is_active=False), replace(ON, is_anonymous=True)
IN = Link(1, email=ADA, kibo_opted_in=True, agreed=True, on_list=True)

KEEPING: list[Callable[[Link, Customer], Link]] = [
    as_read,
    lambda link, account: passed_over(link, account, "why"),
    lambda link, account: passed_over(None, account, "why"),
    lambda link, account: agreed_on(link, account, NOON),
    named_link,
]


@pytest.mark.parametrize("keep", KEEPING)
@pytest.mark.parametrize("account", [ON, DISABLED, OF_A_GUEST, replace(DISABLED, is_anonymous=True)])
@pytest.mark.parametrize("before", [IN, replace(IN, active=False), replace(IN, guest=True)])
def test_an_account_is_kept_as_it_was_read(
    keep: Callable[[Link, Customer], Link], account: Customer, before: Link
) -> None:
    kept = keep(before, account)
    assert (kept.active, kept.guest) == (account.is_active, account.is_anonymous)


def test_one_that_cannot_be_read_tells_nothing() -> None:
    before = replace(IN, active=False, guest=True)
    assert as_read(before, replace(ON, readable=False)) == before


def test_an_older_reading_tells_nothing_of_an_account_seen_since() -> None:
    before = replace(IN, active=False, kibo_updated_at=NOON)
    assert not as_read(before, replace(ON, updated_at=NOON - timedelta(seconds=1))).active
    assert as_read(before, ON).active
    assert as_read(before, replace(ON, updated_at=None)).active


@pytest.mark.parametrize("account", [DISABLED, OF_A_GUEST])
def test_another_note_changes_nothing_of_it(account: Customer) -> None:
    kept = passed_over(IN, account, "why")
    noted = undone(kept, "taken off the list by undoing run 7", NOON)
    assert (noted.active, noted.guest) == (kept.active, kept.guest)


@pytest.mark.parametrize(
    ("note", "account", "guests", "words"),
    [
        ("", ON, True, ""),
        ("", DISABLED, True, NOT_ACTIVE),
        ("", OF_A_GUEST, True, ""),
        ("", OF_A_GUEST, False, GUEST),
        (NOT_ACTIVE, ON, True, ""),
        (GUEST, OF_A_GUEST, True, ""),
        (GUEST, DISABLED, True, NOT_ACTIVE),
        ("taken off the list by undoing run 7", DISABLED, True, "taken off the list by undoing run 7"),
        ("taken off the list by undoing run 7", ON, True, "taken off the list by undoing run 7"),
    ],
)
def test_people_read_why_an_account_counts_for_nothing_unless_there_is_more_to_read(
    note: str, account: Customer, guests: bool, words: str
) -> None:
    assert remark(replace(IN, note=note), account, guests=guests) == words
