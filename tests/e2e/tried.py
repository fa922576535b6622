"""A preview, and the run that follows it: the same outcomes, and nothing changed before (design §8)."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ccdesk.core.errors import ConfirmNeeded
from ccdesk.core.runs import Entry, Run, RunKind, RunStatus
from ccdesk.sandbox.wire.received import Received

_COUNTED = ("call_count",)  # what a preview leaves


@dataclass(frozen=True, slots=True)
class Done:
    """What came of a run, or would: comparable."""

    status: RunStatus
    total: int
    errors: int
    counts: dict[str, int]
    entries: list[tuple[int | None, str, str, str, str]]
    message: str


def stored(base: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Return everything in the data file but the calls counted, table by table."""
    with closing(sqlite3.connect(f"{(base / 'ccdesk.sqlite3').as_uri()}?mode=ro", uri=True)) as file:
        tables = file.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name").fetchall()
        return {
            name: sorted(file.execute(f"SELECT * FROM {name}").fetchall(), key=repr)
            for (name,) in tables
            if name not in _COUNTED and not name.startswith("sqlite_")
        }


def done(run: Run, entries: list[Entry]) -> Done:
    rows = sorted(
        ((one.customer_id, one.email, one.outcome.value, one.reason, one.code) for one in entries), key=repr
    )
    counts = {name: number for name, number in run.counts.items() if number}
    return Done(run.status, run.total_contacts, run.error_count, counts, rows, run.message)


def sign_ups(writes: list[Received]) -> int:
    """Count the calls that make Constant Contact send its welcome email."""
    by_form = [one for one in writes if one.path.endswith("/sign_up_form")]
    posts = [one.body for one in writes if one.path.endswith("/contacts") and one.method == "POST"]
    by_person = [body for body in posts if body["create_source"] == "Contact"]
    return len(by_form) + len(by_person)


def previewed(desk: Any, base: Path, kind: RunKind, **options: Any) -> tuple[Done, int]:
    """Try a run out; return what it would do and its welcome emails, having seen that nothing is left."""
    before = stored(base)
    with desk.preview(kind, **options) as preview:
        would = done(preview.run, list(preview.entries(limit=1_000_000)))
        assert preview.run.id == 0
        assert preview.entry_count() == len(would.entries)
        assert sum(people for *_, people in preview.entry_kinds()) == len(would.entries)
    assert list(base.glob("*.preview*")) == [], "no copy is left"
    after = stored(base)
    assert after == before, [name for name in before if before[name] != after.get(name)]
    return would, preview.welcome_emails


def ran(desk: Any, kind: RunKind, **options: Any) -> Done:
    """Do the run; return what it did, also where it asks."""
    try:
        run = desk.run(kind, **options)
    except ConfirmNeeded:
        [run] = desk.runs(limit=1)
    return done(run, desk.entries(run.id, limit=1_000_000))
