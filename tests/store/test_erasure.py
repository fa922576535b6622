"""Erasing one person on request: not a byte of them stays, of nobody else anything goes (design §8)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import peewee
import pytest

from ccdesk.core.intents import Act, JournalLine
from ccdesk.core.losses import Held, LossKind
from ccdesk.core.models import Contact, Link, LinkState, Permission, WriteBack
from ccdesk.core.runs import Entry, Outcome, QueuedEvent, RunKind, Trigger
from ccdesk.store.db import Database
from ccdesk.store.erasure import emails_of, emails_pattern
from ccdesk.store.store import SqliteStore
from ccdesk.store.tables import TABLES
from tests.store.conftest import NOON, MovedClock, person

EMAIL = "Grace.Hopper@People.example"
KEY = EMAIL.lower()
OTHER = "mrs.grace.hopper@people.example"  # ends like the other one
IN = Link(7, EMAIL, "contact-7", agreed=True, kibo_opted_in=True, on_list=True, written_at=NOON)


def furnish(store: SqliteStore) -> int:
    """Put the person, and somebody with nearly the same email, wherever a person can be kept."""
    run = store.runs.start(RunKind.EVENTS, Trigger.MANUAL, NOON)
    other = replace(IN, customer_id=8, email=OTHER, contact_id="contact-8")
    store.links.save([IN, other, replace(IN, customer_id=9, email=EMAIL.upper())])
    out = {"state": LinkState.UNSUBSCRIBED, "on_list": False, "pending": WriteBack.OPT_OUT, "out_since": NOON}
    store.links.save([replace(one, **out) for one in (IN, other)])  # type: ignore[arg-type]
    store.links.note_seen([(7, KEY), (8, OTHER)], NOON)
    store.links.note_former(7, "contact-6", "L", NOON)
    store.links.leave_list("L", "M", NOON)
    store.intents.begin(
        [JournalLine(Act.OPT_OUT, 7, KEY, "L", NOON), JournalLine(Act.ADD, 8, OTHER, "L", NOON)]
    )
    store.queue.add(QueuedEvent("e7", 7, NOON, email=EMAIL))
    store.queue.add(QueuedEvent("e8", 8, NOON, email=OTHER))
    store.losses.hold([Held(7, LossKind.LEFT, EMAIL, KEY, NOON)])
    store.disagreements.name([7], NOON)
    store.staging.add_contacts([Contact("contact-7", EMAIL, Permission.IMPLICIT, first_name="Grace")])
    store.exports.add([replace(person(7, EMAIL), row=b'{"first_name": "Grace"}'), person(8, OTHER)])
    store.exports.add_seen([KEY, OTHER])
    store.staging.add_scan([Contact("contact-7", EMAIL, Permission.IMPLICIT)])
    store.staging.see_customers([7, 8])
    store.runs.add_entries(
        run.id,
        [
            Entry(7, EMAIL, Outcome.SKIPPED, f"{EMAIL} unsubscribed", acted_at=NOON),
            Entry(8, OTHER, Outcome.SKIPPED, f"taken off, and {EMAIL.upper()}."),
            Entry(None, KEY, Outcome.ERROR, "x"),
            Entry(8, OTHER, Outcome.SKIPPED, f"{OTHER} unsubscribed", acted_at=NOON),
        ],
    )
    store.runs.finish(replace(run, message=f"Refused: {EMAIL}"))
    return run.id


def in_files(path: Path, word: bytes) -> list[str]:
    return [one.name for one in path.parent.iterdir() if word in one.read_bytes().lower()]


def test_not_a_byte_stays(path: Path, opened: Callable[[], SqliteStore]) -> None:
    store = opened()
    furnish(store)
    emails = store.forget_person(KEY, [7, 9], out_since=NOON)
    assert {one.lower() for one in emails} == {KEY}
    assert store.compact()
    store.close_all()
    # The other one's email ends like it: each time it is left it is theirs.
    content = b"".join(one.read_bytes().lower() for one in path.parent.iterdir())
    assert content.count(KEY.encode()) == content.count(OTHER.encode())
    for word in (b'"grace"', b"contact-7", b"contact-6"):
        assert in_files(path, word) == []


def test_nobody_else_loses_anything(store: SqliteStore) -> None:
    run_id = furnish(store)
    link, ledger = store.links.get(8), list(store.ledger.entries(customer_ids=[8]))
    store.forget_person(KEY, [7, 9], out_since=NOON)
    assert store.links.get(8) == link
    assert list(store.ledger.entries(customer_ids=[8])) == ledger
    assert store.queue.get("e8") is not None
    kept = store.runs.entries(run_id, outcome=None, offset=0, limit=9)
    assert [(one.customer_id, one.email, one.reason, one.acted_at) for one in kept] == [
        (None, "", " unsubscribed", None),
        (8, OTHER, "taken off, and .", None),
        (None, "", "x", None),
        (8, OTHER, f"{OTHER} unsubscribed", NOON),
    ]
    assert sum(people for _, _, people in store.runs.entry_kinds(run_id)) == 4
    assert list(store.ledger.entries(key=KEY)) == []


def test_a_keyed_hash_keeps_the_opt_out_and_nothing_else(store: SqliteStore, clock: MovedClock) -> None:
    furnish(store)
    store.forget_person(KEY, [7, 9], out_since=NOON)
    [found] = store.links.by_email(KEY)
    assert (found.email, found.contact_id, found.state) == ("", "", LinkState.CLOSED)
    assert (found.agreed, found.kibo_opted_in, found.out_after) == (False, False, None)
    assert store.links.known_since(7, KEY) is None
    clock.move(timedelta(days=1))
    store.links.save([IN])
    store.forget_person(KEY, [7], out_since=NOON)
    assert len({one.customer_id for one in store.links.by_email(KEY)}) == len(store.links.by_email(KEY))


def test_who_never_opted_out_leaves_nothing(store: SqliteStore) -> None:
    store.links.save([IN])
    store.forget_person(KEY, [7], out_since=None)
    assert store.links.by_email(KEY) == []
    assert store.links.count() == 0


def test_every_table_that_names_people_is_known_by_its_columns() -> None:
    """A table with an email, or an account's number under another name, must be told of in `erasure`."""
    known = {"customer_id", "object_id", "id", "email_key", "mark"}
    for model in TABLES:
        names = set(model._meta.columns)
        if {"email", "email_key", "mark"} & names:
            assert known & names, model._meta.table_name
    assert {"event", "seen_customer", "export_person"} <= {one._meta.table_name for one in TABLES}
    assert all(isinstance(one, type) and issubclass(one, peewee.Model) for one in TABLES)


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("ann@x.example is gone", " is gone"),
        ("<ANN@X.example>, twice: ann@x.example.", "<>, twice: ."),
        ("joann@x.example", "joann@x.example"),
        ("ann@x.example.org", "ann@x.example.org"),
        ("ann@x.example-shop.org", "ann@x.example-shop.org"),
        ("bo.ann@x.example", "bo.ann@x.example"),
    ],
)
def test_an_email_is_not_found_in_another(text: str, left: str) -> None:
    assert emails_pattern(["ann@x.example"]).sub("", text) == left


def test_somebody_of_whom_only_a_change_is_queued_is_known_by_its_email(store: SqliteStore) -> None:
    store.queue.add(QueuedEvent("e7", 7, NOON, email=EMAIL))
    database = Database(store.path)
    assert emails_of(database, "", [7]) == {EMAIL}
    database.close_all()


def test_a_former_email_that_somebody_else_has_by_now_stays_theirs(store: SqliteStore) -> None:
    run = store.runs.start(RunKind.EVENTS, Trigger.MANUAL, NOON)
    former = replace(IN, customer_id=8, email="new@people.example", contact_id="contact-8")
    store.links.save([replace(former, email=EMAIL)])
    store.runs.add_entries(run.id, [Entry(8, EMAIL, Outcome.ADDED, "")])
    store.links.save([former, IN])
    emails = store.forget_person("new@people.example", [8], out_since=None)
    assert emails == {"new@people.example"}
    assert [one.email for one in store.links.by_email(KEY)] == [EMAIL]
