"""Every query of the large tables goes by an index: no table is read whole, nothing is sorted aside."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from typing import Any

import pytest

from ccdesk.core.exporting import Chunk
from ccdesk.core.models import Link, Ownership, WriteBack
from ccdesk.core.runs import Outcome, RunKind, RunStatus, Trigger
from ccdesk.store.store import SqliteStore
from tests.store.conftest import NOON

Look = Callable[[SqliteStore], object]

CHUNK = Chunk(1, "import", 1, 9, 9, NOON)

LOOKS: dict[str, Look] = {
    "link": lambda s: s.links.get(1),
    "links": lambda s: s.links.many([1, 2]),
    "links by email": lambda s: s.links.by_email("a"),
    "links by emails": lambda s: s.links.by_emails(["a", "b"]),
    "links by contacts": lambda s: s.links.by_contacts(["c1", "c2"]),
    "links saved that tell what is stated": lambda s: [
        s.links.save([one]) for one in (Link(1, "a", kibo_opted_in=True), Link(1, "a", kibo_opted_in=False))
    ],
    "links owed": lambda s: s.links.pending(1, 9),
    "links owing": lambda s: s.links.pending_summary(WriteBack.OPT_OUT, until=NOON, shown=5),
    "links off scan": lambda s: s.links.off_scan(1, 9),
    "links settled off list": lambda s: s.links.settled_off_list(1, 9),
    "links on page": lambda s: s.links.page(1, 9),
    "events due": lambda s: s.queue.due(NOON, None, 9),
    "events due after": lambda s: s.queue.due(NOON, (NOON, "e"), 9),
    "events known": lambda s: s.queue.known(["a"]),
    "events page": lambda s: s.queue.page(include_processed=True, offset=0, limit=9),
    "events superseded": lambda s: s.queue.supersede(1, "e", NOON),
    "events parked": lambda s: s.queue.parked(shown=5),
    "events refused": lambda s: s.queue.refused(3, shown=5),
    "runs page": lambda s: s.runs.page(kind=RunKind.EXPORT, offset=0, limit=9),
    "runs last": lambda s: s.runs.last_finished(RunKind.EXPORT, RunStatus.COMPLETE),
    "entries": lambda s: s.runs.entries(1, outcome=None, offset=5, limit=9),
    "entries of a kind": lambda s: s.runs.entries(1, outcome=Outcome.ERROR, offset=5, limit=9),
    "entry count": lambda s: s.runs.entry_count(1, outcome=Outcome.ERROR),
    "staged contacts": lambda s: s.staging.contacts(["a"]),
    "customers seen": lambda s: s.staging.seen_customers([1, 2]),
    "person's accounts": lambda s: s.people.accounts_of("a"),
    "person's entries": lambda s: s.people.entries_of([1, 2], ["a"], 9),
    "person's queue": lambda s: s.people.queued([1]),
    "person held": lambda s: s.people.held([1]),
    "people found": lambda s: s.people.find("12", 9),
    "export people": lambda s: s.exports.many([1, 2]),
    "export undecided": lambda s: s.exports.undecided(("a", 1), 9),
    "export rows": lambda s: s.exports.rows("import", 1, 9),
    "export unsent": lambda s: s.exports.unsent("import", 1, 9),
    "export rows of a part": lambda s: s.exports.rows("import", 1, 9, 2),
    "export unsent of a part": lambda s: s.exports.unsent("import", 1, 9, 2),
    "export parts": lambda s: s.exports.newest_batch(["import", "add"]),
    "export split": lambda s: s.exports.split(CHUNK),
    "export sent by email": lambda s: s.exports.sent_by_email(["a"]),
    "export seen": lambda s: s.exports.seen(["a"]),
    "export strangers": lambda s: s.exports.plan_new_contacts(0, 9, "import", Ownership.OWNED),
    "export settled": lambda s: s.exports.settle(CHUNK, 1, Link(0), Outcome.ADDED, "new"),
    "export unsettled": lambda s: s.exports.unsettled(CHUNK, 0, 9, new_contacts=False),
}
BOUNDED = {"people found"}  # so many of an index, for a part of an email that may be anywhere
SMALL_SORTS = {"staged contacts"}  # of one page's contacts, to choose among those of one email


@pytest.mark.parametrize("name", LOOKS)
def test_by_index(store: SqliteStore, caplog: pytest.LogCaptureFixture, name: str) -> None:
    store.runs.start(RunKind.EXPORT, Trigger.MANUAL, NOON)
    store.exports.begin_plan()
    store.exports.plan_new_contacts(0, 9, "import", Ownership.OWNED)
    store.exports.index_seen()
    with caplog.at_level(logging.DEBUG, logger="peewee"):
        LOOKS[name](store)
    logged: list[Any] = [record.msg for record in caplog.records]
    queries = [(sql, params) for sql, params in logged if re.match(r"\s*(SELECT|UPDATE)", sql)]
    assert queries
    for sql, params in queries:
        plan = store._database.connection().execute(f"EXPLAIN QUERY PLAN {sql}", params).fetchall()
        for *_, step in plan:
            ordered_walk = "SCAN" in step and "USING" in step and "LIMIT" in sql
            bounded = name in BOUNDED and "subquery" in step
            assert "SCAN" not in step or ordered_walk or bounded or "COUNT" in sql, f"{sql}: {step}"
            assert "TEMP B-TREE" not in step or name in SMALL_SORTS, f"{sql}: {step}"
