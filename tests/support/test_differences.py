"""What is said of a run that ended otherwise: what says why comes first, and nothing is cut off unsaid."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from ccdesk.core.runs import Entry, Outcome, Run, RunKind, RunStatus, Trigger
from ccdesk.support.differences import MOST, Compared, differences

NOON = datetime(2026, 11, 27, 12, tzinfo=UTC)
RUN = Run(2, RunKind.EXPORT, Trigger.MANUAL, RunStatus.COMPLETE, NOON, total_contacts=40)


def people(*numbers: int, reason: str = "nothing differs") -> list[Entry]:
    return [Entry(number, f"{number}@example.com", Outcome.UNCHANGED, reason) for number in numbers]


def test_a_run_that_ended_as_it_had_has_none_whatever_was_asked() -> None:
    before = Compared(RUN, people(1, 2, reason="“Ann” of ann@example.com since 2026-11-27T10:00:00Z"))
    now = Compared(RUN, people(2, 1, reason="“Ben” of ben@example.com since 2026-11-28T10:00:00Z"))
    assert differences(before, now, ["kibo GET /a"], ["kibo GET /b"]) == []


def test_the_call_that_is_missing_is_named_before_people() -> None:
    failed = replace(RUN, status=RunStatus.FAILED, message="the bundle does not hold this call")
    told = differences(
        Compared(RUN, people(*range(40))), Compared(failed, []), ["kibo POST /a"] * 4, ["kibo GET /b"]
    )
    assert told[:4] == [
        "status: COMPLETE before, FAILED now",
        "message: none — now: the bundle does not hold this call",
        "asked for kibo POST /a, which the bundle does not hold (4 times)",
        "did not ask for kibo GET /b",
    ]
    assert len(told) == 4 + MOST + 1
    assert told[-1] == f"… and {40 - MOST} more lines about people"


def test_each_of_several_alike_counts() -> None:
    before, now = Compared(RUN, people(1, 1)), Compared(RUN, people(1))
    assert differences(before, now, [], []) == ["before, not now: customer 1: unchanged, nothing differs"]


def test_people_a_bundle_does_not_hold_are_not_compared() -> None:
    before, now = (
        Compared(RUN, people(1)),
        Compared(RUN, [*people(1, 2), Entry(None, "Z@x.y", Outcome.SKIPPED, "")]),
    )
    assert len(differences(before, now, [], [])) == 2
    assert differences(before.only({1}, {"1@example.com"}), now.only({1}, {"1@example.com"}), [], []) == []
    assert len(differences(before.only({1}, {"z@x.y"}), now.only({1}, {"z@x.y"}), [], [])) == 1


def test_a_word_of_ours_that_is_a_name_in_the_bundle_is_no_difference() -> None:
    """A customer is called “The”: so it has a pseudonym wherever it stands."""
    before = Compared(
        RUN, people(1, reason="Uwn email has 81 characters; Kiqalgoh Contact takes at most 80.")
    )
    now = Compared(RUN, people(1, reason="The email has 81 characters; Constant Contact takes at most 80."))
    assert differences(before, now, [], []) == []
    other = Compared(RUN, people(1, reason="The email has 82 characters; Constant Contact takes at most 80."))
    assert len(differences(before, other, [], [])) == 2
