"""Differences that staff left as they are: remembered, and named anew once a side changes (design §8)."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ccdesk.core.drift import Drift, DriftKind
from ccdesk.core.models import Contact, Customer, Link, Permission
from ccdesk.core.pseudonyms import Pseudonyms
from ccdesk.store.columns import email_mark
from ccdesk.store.pseudonymous import Cover, cover
from ccdesk.store.store import SqliteStore
from ccdesk.sync.agreement import wants_mail
from ccdesk.sync.drift_kinds import REASONS
from ccdesk.sync.plan_drift import DriftRules, drift_of

K, LIST, NOON = DriftKind, "list-1", datetime(2026, 11, 27, 12, tzinfo=UTC)
ANN, BOB = "ann@example.com", "bob@example.com"
OFF = Customer(1, ANN, False)
OUT = Link(1, ANN, "c1", agreed=False, kibo_opted_in=False)
THERE = Contact("c1", ANN, Permission.IMPLICIT, list_ids=frozenset({LIST}))
STRANGER = Contact(
    "c2", BOB, Permission.EXPLICIT, list_ids=frozenset({LIST}), opt_in_at=NOON, opt_in_source="Account"
)
NO_EMAIL = Customer(5, "", True)


def compare(
    store: SqliteStore, shop: list[Customer], mail: list[Contact], list_id: str = LIST
) -> dict[str, Drift]:
    """Compare as a comparison of everything does; return whom it found by email, or by account."""
    rules = DriftRules(list_id, guests=False, now=NOON)
    drifts = store.drifts
    drifts.begin(list_id)
    drifts.add_accounts([(one, wants_mail(one, guests=False), bool(one.email)) for one in shop])
    drifts.add_contacts(mail)
    drifts.sort_out()
    for page in (drifts.without_email(0, 9), drifts.undecided("", 9)):
        ids = [one.contact.id for one in page if one.contact is not None]
        drifts.keep([found for one in page if (found := drift_of(one, rules)) is not None], ids)
    drifts.finish(REASONS)
    people = {one.email or str(one.customer_ids[0]): one for one in drifts.people()}
    kinds = drifts.kinds()
    assert sum(kinds.values()) == len(people)
    assert set(kinds) == {one.kind for one in people.values()}
    drifts.end()
    return people


@pytest.fixture
def known(store: SqliteStore) -> SqliteStore:
    store.links.save([OUT])
    store.disagreements.name([1], NOON)
    return store


def leave(store: SqliteStore, found: dict[str, Drift], *names: str) -> None:
    assert store.left_as_is.leave([found[one] for one in names], NOON) == len(names)


def test_who_is_left_is_named_as_left_and_nobody_else(known: SqliteStore) -> None:
    found = compare(known, [OFF, NO_EMAIL], [THERE, STRANGER])
    assert {name: one.kind for name, one in found.items()} == {
        ANN: K.PUT_BACK,
        BOB: K.NO_ACCOUNT,
        "5": K.INVALID_EMAIL,
    }
    leave(known, found, ANN, "5")
    again = compare(known, [OFF, NO_EMAIL], [THERE, STRANGER])
    assert {name: one.kind for name, one in again.items()} == {
        ANN: K.LEFT_AS_IS,
        BOB: K.NO_ACCOUNT,
        "5": K.LEFT_AS_IS,
    }
    assert again[ANN].reason == f"{found[ANN].reason}; left as it is on November 27th, 2026 by staff"
    assert (again[ANN].shop, again[ANN].mail, again[ANN].customer_ids) == ("opted_out", "on_list", (1,))
    assert list(again)[-2:] != [BOB], "those left come last"
    leave(known, again | found, BOB)
    assert {one.kind for one in compare(known, [OFF, NO_EMAIL], [THERE, STRANGER]).values()} == {K.LEFT_AS_IS}


CHANGES = {
    "another opt-in date": lambda one: replace(one, opt_in_at=NOON + timedelta(hours=1)),
    "a signature of the person": lambda one: replace(one, opt_in_source="Contact", opt_in_at=NOON),
    "an earlier opt-out comes to show": lambda one: replace(one, opt_out_at=NOON),
    "another permission": lambda one: replace(one, permission=Permission.EXPLICIT),
    "another contact": lambda one: replace(one, id="c9"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_once_the_mail_side_changes_it_is_named_again_for_good(known: SqliteStore, change: str) -> None:
    leave(known, compare(known, [OFF], [THERE]), ANN)
    assert known.disagreements.waiting().count == 0
    changed = CHANGES[change](THERE)
    assert compare(known, [OFF], [changed])[ANN].kind is not K.LEFT_AS_IS
    assert known.disagreements.waiting().count == 1
    assert compare(known, [OFF], [THERE])[ANN].kind is K.PUT_BACK, "the answer was about what it was then"


@pytest.mark.parametrize(
    "shop",
    [[replace(OFF, is_active=False)], [OFF, Customer(2, ANN, False)], []],
    ids=["disabled", "a second account", "gone"],
)
def test_once_the_shop_side_changes_it_is_named_again(known: SqliteStore, shop: list[Customer]) -> None:
    leave(known, compare(known, [OFF], [THERE]), ANN)
    found = compare(known, shop, [THERE])
    assert found[ANN].kind is not K.LEFT_AS_IS
    assert known.disagreements.count() == 1


def test_a_stranger_who_changes_is_named_again(store: SqliteStore) -> None:
    leave(store, compare(store, [], [STRANGER]), BOB)
    assert compare(store, [], [STRANGER])[BOB].kind is K.LEFT_AS_IS
    assert compare(store, [], [replace(STRANGER, opt_in_at=None)])[BOB].kind is K.NO_ACCOUNT


def test_another_list_is_another_matter(known: SqliteStore) -> None:
    leave(known, compare(known, [OFF], [THERE]), ANN)
    elsewhere = replace(THERE, list_ids=frozenset({"list-2"}))
    assert compare(known, [OFF], [elsewhere], "list-2")[ANN].kind is K.PUT_BACK


def test_what_cannot_be_read_just_now_changes_no_answer(known: SqliteStore) -> None:
    leave(known, compare(known, [OFF], [THERE]), ANN)
    assert compare(known, [replace(OFF, readable=False)], [THERE])[ANN].kind is K.UNREADABLE
    assert compare(known, [OFF], [THERE])[ANN].kind is K.LEFT_AS_IS


def test_in_step_again_and_then_different_it_is_a_new_difference(known: SqliteStore) -> None:
    leave(known, compare(known, [OFF], [THERE]), ANN)
    assert compare(known, [OFF], [replace(THERE, list_ids=frozenset())]) == {}
    assert compare(known, [OFF], [THERE])[ANN].kind is K.PUT_BACK


def test_one_put_back_is_left_without_a_comparison_as_the_next_one_shows_them(known: SqliteStore) -> None:
    assert known.left_as_is.leave_put_back([1], NOON) == 1
    assert known.disagreements.waiting().count == known.disagreements.count() == 0
    assert known.disagreements.page(0, 9) == []
    assert compare(known, [OFF], [THERE])[ANN].kind is K.LEFT_AS_IS
    assert compare(known, [OFF], [replace(THERE, opt_in_at=NOON)])[ANN].kind is K.PUT_BACK


def test_put_back_anew_counts_anew(known: SqliteStore) -> None:
    leave(known, compare(known, [OFF], [THERE]), ANN)
    known.disagreements.name([1], NOON + timedelta(days=1))
    assert known.disagreements.waiting().count == 0, "a later look at the same"
    known.disagreements.settle([1])
    known.disagreements.name([1], NOON + timedelta(days=1))
    assert known.disagreements.waiting().count == 1


def test_left_before_any_run_has_named_them_no_run_does(store: SqliteStore) -> None:
    store.links.save([OUT])
    leave(store, compare(store, [OFF], [THERE]), ANN)
    store.disagreements.name([1], NOON + timedelta(hours=1))
    assert store.disagreements.waiting().count == 0
    store.disagreements.forget_answered()
    assert store.disagreements.among([1]) == {1}, "it is remembered, not answered"


def test_forgetting_a_person_forgets_that_too(known: SqliteStore) -> None:
    leave(known, compare(known, [OFF, NO_EMAIL], [THERE, STRANGER]), ANN, BOB, "5")
    rows = "SELECT COUNT(*) FROM left_as_is"
    known.forget_person(ANN, [1], out_since=NOON)
    known.forget_person("", [5], out_since=None)
    assert known._database.statement(rows) == [(1,)]
    known.forget_person(BOB, [], out_since=None)
    assert known._database.statement(rows) == [(0,)]


def test_another_account_or_shop_starts_anew(known: SqliteStore) -> None:
    leave(known, compare(known, [OFF], [THERE]), ANN)
    known.forget_people()
    assert known._database.statement("SELECT COUNT(*) FROM left_as_is") == [(0,)]


def test_no_email_is_written_for_it(path: Path, store: SqliteStore) -> None:
    leave(store, compare(store, [], [STRANGER]), BOB)
    store.close_all()
    content = b"".join(one.read_bytes() for one in path.parent.iterdir())
    assert BOB.encode() not in content


def test_in_a_bundle_the_hash_is_another_one(path: Path, store: SqliteStore) -> None:
    """The hash of an email can be tried out with emails that somebody has in mind."""
    leave(store, compare(store, [], [STRANGER]), BOB)
    store.close_all()
    names = Pseudonyms(b"key")
    cover(path, Cover(names, names.emails_inside, names.text, names.text))
    with closing(sqlite3.connect(path)) as database:
        [(mark,)] = database.execute("SELECT mark FROM left_as_is").fetchall()
    assert mark != email_mark(BOB)
