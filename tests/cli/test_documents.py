from __future__ import annotations

import io
import json
from datetime import UTC, datetime

import pytest

from ccdesk.cli.documents import write_run
from ccdesk.core.runs import Entry, Outcome, Run, RunKind, RunStatus, Trigger


class Entries:
    """As much of a desk as a run's document needs."""

    def __init__(self, count: int) -> None:
        self.all = [Entry(n, f"p{n}@example.com", Outcome.ADDED, "„neu“ \u2028") for n in range(count)]

    def entries(self, run_id: int, *, outcome: Outcome | None, offset: int, limit: int) -> list[Entry]:
        return [] if outcome is Outcome.ERROR else self.all[offset : offset + limit]


@pytest.mark.parametrize("people", [0, 1, 999, 1000, 2500])
def test_a_run_of_any_length_is_one_document(people: int) -> None:
    out = io.StringIO()
    run = Run(
        7, RunKind.EXPORT, Trigger.MANUAL, RunStatus.COMPLETE, datetime(2026, 5, 1, tzinfo=UTC), resumes=3
    )
    write_run(out, Entries(people), run)  # type: ignore[arg-type]
    document = json.loads(out.getvalue())
    assert (document["id"], document["continues"], document["errors"]) == (7, 3, [])
    assert [one["customer_id"] for one in document["entries"]] == list(range(people))
    assert people == 0 or document["entries"][-1]["reason"] == "„neu“ \u2028"
