"""Every query of the large tables goes by an index: no table is read whole, nothing is sorted aside."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from typing import Any

import pytest

from ccdesk.core.runs import Outcome, RunKind, RunStatus
from ccdesk.store.store import SqliteStore

from .conftest import NOON

Look = Callable[[SqliteStore], object]

LOOKS: dict[str, Look] = {
    "link": lambda s: s.links.get(1),
    "links": lambda s: s.links.many([1, 2]),
    "links by e-mail": lambda s: s.links.by_email("a"),
    "links by e-mails": lambda s: s.links.by_emails(["a", "b"]),
    "links owed": lambda s: s.links.owed(1, 9),
    "links off scan": lambda s: s.links.off_scan(1, 9),
    "links on page": lambda s: s.links.page(1, 9),
    "events due": lambda s: s.queue.due(NOON, None, 9),
    "events due after": lambda s: s.queue.due(NOON, (NOON, "e"), 9),
    "events known": lambda s: s.queue.known(["a"]),
    "events page": lambda s: s.queue.page(include_processed=True, offset=0, limit=9),
    "events superseded": lambda s: s.queue.supersede(1, "e", NOON),
    "runs page": lambda s: s.runs.page(kind=RunKind.EXPORT, offset=0, limit=9),
    "runs last": lambda s: s.runs.last_finished(RunKind.EXPORT, RunStatus.COMPLETE),
    "entries": lambda s: s.runs.entries(1, outcome=None, offset=5, limit=9),
    "entries of a kind": lambda s: s.runs.entries(1, outcome=Outcome.ERROR, offset=5, limit=9),
    "entry count": lambda s: s.runs.entry_count(1, outcome=Outcome.ERROR),
    "staged contacts": lambda s: s.staging.contacts(["a"]),
    "staged customers": lambda s: s.staging.customers(("a", 1), 9),
    "staged plan": lambda s: s.staging.planned("import", 1, 9),
    "staged count": lambda s: s.staging.count("import"),
}
SMALL_SORTS = {"staged contacts"}  # of one page's contacts, to choose among those of one e-mail


@pytest.mark.parametrize("name", LOOKS)
def test_by_index(store: SqliteStore, caplog: pytest.LogCaptureFixture, name: str) -> None:
    with caplog.at_level(logging.DEBUG, logger="peewee"):
        LOOKS[name](store)
    logged: list[Any] = [record.msg for record in caplog.records]
    queries = [(sql, params) for sql, params in logged if re.match(r"SELECT|UPDATE", sql)]
    assert queries
    for sql, params in queries:
        plan = store._database.connection().execute(f"EXPLAIN QUERY PLAN {sql}", params).fetchall()
        for *_, step in plan:
            ordered_walk = "SCAN" in step and "USING" in step and "LIMIT" in sql
            assert "SCAN" not in step or ordered_walk or "COUNT" in sql, f"{sql}: {step}"
            assert "TEMP B-TREE" not in step or name in SMALL_SORTS, f"{sql}: {step}"
