"""How the reasons of entries read, with the day of the act and without."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from ccdesk.core.runs import Entry, Outcome, RunKind
from ccdesk.core.why import RunEntry
from ccdesk.service.reason_words import drift_words, reason_words, undated_words
from ccdesk.service.why_words import what_happened

NOON = datetime(2026, 5, 3, 12, tzinfo=UTC)
WORDS = {
    "unsubscribed in Constant Contact": "unsubscribed in Constant Contact on 2026-05-03",
    "unsubscribed in Constant Contact, by its staff": (
        "unsubscribed in Constant Contact on 2026-05-03, by its staff"
    ),
    "opted out in Constant Contact; the opt-out stands": (
        "opted out in Constant Contact on 2026-05-03; the opt-out stands"
    ),
    "deleted in Constant Contact": "deleted in Constant Contact on 2026-05-03",
    "Kibo already had it right: unsubscribed in Constant Contact": (
        "Kibo already had it right: unsubscribed in Constant Contact on 2026-05-03"
    ),
    "Kibo already had it right: both sides changed, the opt-out is later or cannot be told to be earlier: "
    "unsubscribed in Constant Contact": (
        "Kibo already had it right: both sides changed, the opt-out is later or cannot be told to be "
        "earlier: unsubscribed in Constant Contact on 2026-05-03"
    ),
    "unsubscribed in Constant Contact before the email changed; the opt-out stands": (
        "unsubscribed in Constant Contact on 2026-05-03 before the email changed; the opt-out stands"
    ),
    "left the list in Constant Contact": "left the list in Constant Contact",
    "of another version": "of another version",
}


def day(moment: datetime) -> str:
    return moment.date().isoformat()


def entry(reason: str, acted_at: datetime | None = NOON) -> Entry:
    return Entry(1, "ann@example.com", Outcome.OPTED_OUT, reason, acted_at=acted_at)


@pytest.mark.parametrize(("reason", "words"), WORDS.items())
def test_a_reason_is_told_with_its_day(reason: str, words: str) -> None:
    assert reason_words(entry(reason), day) == words
    assert reason_words(entry(reason, None), day) == undated_words(reason) == reason


def test_the_time_line_tells_the_day_as_well() -> None:
    one = RunEntry(7, RunKind.INBOUND, NOON, entry("unsubscribed in Constant Contact"))
    assert what_happened(one, str, day).endswith("opted out, unsubscribed in Constant Contact on 2026-05-03")


@pytest.mark.parametrize(
    ("reason", "source"),
    [
        ("deleted in Constant Contact; back by a new opt-in (deleted on 2026-11-18)", "deleted on"),
        ("unsubscribed in Constant Contact, by its staff on 2026-11-18", "{what} on"),
        ("Constant Contact says: no such contact on 2026-13-01", ""),
        ("not exported yet", ""),
    ],
)
def test_the_day_in_the_reason_of_a_difference_can_be_written_otherwise(reason: str, source: str) -> None:
    words = drift_words(reason)
    assert words == reason, "English as it was kept"
    assert source in words.source
    assert ("date" in words.values) is bool(source)
