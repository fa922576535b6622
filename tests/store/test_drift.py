"""Whom the statement for all passes over is in step or a stranger by the rules as well (design §8)."""

from __future__ import annotations

import itertools
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ccdesk.core.drift import Drift, DriftKind
from ccdesk.core.intents import Act, JournalLine
from ccdesk.core.models import Contact, Customer, Link, LinkState, Permission, WriteBack
from ccdesk.store.store import SqliteStore
from ccdesk.sync.agreement import wants_mail
from ccdesk.sync.drift_kinds import REASONS
from ccdesk.sync.plan_drift import DriftRules, drift_of

LIST, NOON = "list-1", datetime(2026, 5, 1, 12, tzinfo=UTC)
RULES = DriftRules(LIST, guests=False, now=NOON)
EMAILS = ("a@example.com", "b@example.com", "")

accounts = st.builds(
    Customer,
    id=st.integers(1, 4),
    email=st.sampled_from((*EMAILS, "A@example.com", "not an email")),
    accepts_marketing=st.booleans(),
    is_active=st.sampled_from((True, True, True, False)),
    is_anonymous=st.sampled_from((False, False, True)),
    readable=st.sampled_from((True, True, True, True, False)),
)
contacts = st.builds(
    Contact,
    id=st.sampled_from(("c1", "c2", "c3")),
    email=st.sampled_from(("a@example.com", "b@example.com", "c@example.com")),
    permission=st.sampled_from((Permission.IMPLICIT, Permission.IMPLICIT, *Permission)),
    deleted_at=st.sampled_from(("", "", "", "2026-05-01")),
    list_ids=st.sets(st.sampled_from((LIST, LIST, "other"))).map(frozenset),
    opt_in_at=st.sampled_from((None, NOON.replace(microsecond=1))),
    opt_in_source=st.sampled_from(("", "Account")),
    opt_out_at=st.sampled_from((None, NOON)),
    opt_out_source=st.sampled_from(("", "Contact")),
)
links = st.builds(
    Link,
    customer_id=st.integers(1, 5),
    email=st.sampled_from(EMAILS),
    contact_id=st.sampled_from(("", "c1", "c2")),
    state=st.sampled_from((LinkState.SYNCED, LinkState.SYNCED, *LinkState)),
    agreed=st.sampled_from((True, False, None)),
    kibo_opted_in=st.sampled_from((True, False, None)),
    on_list=st.booleans(),
    pending=st.sampled_from((WriteBack.NOTHING, WriteBack.NOTHING, *WriteBack)),
    passed_by=st.sampled_from((False, False, False, True)),
    active=st.sampled_from((True, True, True, False)),
    guest=st.sampled_from((False, False, False, True)),
    begun=st.sampled_from((None, None, None, Act.ADD, Act.REMOVE)),
)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> SqliteStore:
    return SqliteStore(tmp_path_factory.mktemp("drift") / "ccdesk.db")


def read_in(store: SqliteStore, shop: list[Customer], mail: list[Contact], known: list[Link]) -> None:
    store.forget_people()
    store.links.save(known)
    begun = ((one, one.begun) for one in known)
    store.intents.begin(
        JournalLine(act, one.customer_id, one.email_key, LIST, NOON) for one, act in begun if act is not None
    )
    store.drifts.begin(LIST)
    wanting = [(one, one.readable and wants_mail(one, guests=RULES.guests)) for one in shop]
    sendable = ("@" in one.email for one in shop)
    store.drifts.add_accounts(
        [(one, wants, wants and can) for (one, wants), can in zip(wanting, sendable, strict=True)]
    )
    store.drifts.add_contacts(mail)


def once(found: list[Drift]) -> set[tuple[object, ...]]:
    rows = {
        (d.email.lower(), d.customer_ids, d.kind, d.shop, d.mail, d.reason, d.kind.can_be_left and d.shown)
        for d in found
    }
    assert len(rows) == len(found)
    return rows


def compare_both_ways(store: SqliteStore) -> None:
    """See that a person who is not looked at one by one gets the same answer as if they were."""
    store.drifts.sort_out()
    decided: set[str] = set()
    claimed: set[str] = set()
    after = ""
    while page := store.drifts.undecided(after, 200):
        after = page[-1].key
        decided |= {one.key for one in page}
        ids = [one.contact.id for one in page if one.contact is not None]
        claimed.update(ids)
        store.drifts.keep([found for one in page if (found := drift_of(one, RULES)) is not None], ids)
    store.drifts.finish(REASONS)
    in_bulk = once([one for one in store.drifts.people() if one.email.lower() not in decided])
    everybody = store.drifts._database.statement(
        "SELECT email_key FROM drift_account UNION SELECT email_key FROM drift_contact WHERE claimed = 0"
    )
    rest = sorted({key for (key,) in everybody} - decided - {""})
    alone = [found for one in store.drifts._sides(rest) if (found := drift_of(one, RULES)) is not None]
    assert in_bulk == once(alone)
    assert sum(store.drifts.kinds().values()) == len(list(store.drifts.people()))
    store.drifts.end()


@settings(max_examples=60, deadline=None)
@given(
    st.lists(accounts, unique_by=lambda one: one.id, max_size=4),
    st.lists(contacts, unique_by=(lambda one: one.id, lambda one: one.email), max_size=3),
    st.lists(links, unique_by=lambda one: one.customer_id, max_size=4),
)
def test_in_bulk_and_one_by_one_it_is_the_same(
    store: SqliteStore, shop: list[Customer], mail: list[Contact], known: list[Link]
) -> None:
    read_in(store, shop, mail, known)
    compare_both_ways(store)


ACCOUNTS = (
    None,
    {"accepts_marketing": True},
    {"accepts_marketing": False},
    {"accepts_marketing": True, "is_active": False},
    {"accepts_marketing": True, "is_anonymous": True},
    {"accepts_marketing": True, "readable": False},
)
CONTACTS = (
    None,
    {"permission": Permission.IMPLICIT, "list_ids": frozenset({LIST})},
    {"permission": Permission.EXPLICIT, "list_ids": frozenset({"other"})},
    {"permission": Permission.UNSUBSCRIBED, "list_ids": frozenset({LIST})},
    {"permission": Permission.PENDING, "list_ids": frozenset({LIST})},
    {"permission": Permission.UNKNOWN, "list_ids": frozenset()},
    {"permission": Permission.IMPLICIT, "deleted_at": "2026-05-01"},
)
LINKS = (
    None,
    *(
        {"state": state, "kibo_opted_in": flag, "agreed": flag, "on_list": bool(flag), "pending": pending}
        for state in LinkState
        for flag in (True, False, None)
        for pending in (WriteBack.NOTHING, WriteBack.OPT_OUT)
    ),
    {"kibo_opted_in": False, "agreed": None},
    {"email": "before@example.com", "kibo_opted_in": True},
    {"email": "before@example.com", "kibo_opted_in": True, "pending": WriteBack.OPT_OUT},
)


def test_no_combination_is_passed_over_in_bulk_that_the_rules_name(store: SqliteStore) -> None:
    shop, mail, known = [], [], []
    for number, (account, contact, link) in enumerate(itertools.product(ACCOUNTS, CONTACTS, LINKS), 1):
        email = f"p{number}@example.com"
        if account is not None:
            shop.append(Customer(number, email, **account))
        if contact is not None:
            mail.append(Contact(f"c{number}", email, **contact))
        if link is not None:
            known.append(Link(number, **{"email": email, "contact_id": f"c{number}", **link}))
    read_in(store, shop, mail, known)
    compare_both_ways(store)


def kinds(store: SqliteStore) -> dict[str, DriftKind]:
    store.drifts.sort_out()
    store.drifts.finish(REASONS)
    return {one.email: one.kind for one in store.drifts.people()}


def test_a_contact_read_twice_counts_as_read_last(store: SqliteStore) -> None:
    there = Contact("c1", "a@example.com", Permission.IMPLICIT, list_ids=frozenset({LIST}))
    gone = Contact("c1", "a@example.com", Permission.IMPLICIT)
    read_in(store, [], [there, gone], [])
    assert kinds(store) == {}
    read_in(store, [], [gone, there], [])
    assert kinds(store) == {"a@example.com": DriftKind.NO_ACCOUNT}


def test_a_former_email_of_an_account_is_told_from_a_strangers(store: SqliteStore) -> None:
    there = [
        Contact(f"c{n}", f"{name}@example.com", Permission.IMPLICIT, list_ids=frozenset({LIST}))
        for n, name in enumerate(("former", "stranger"))
    ]
    read_in(store, [Customer(7, "now@example.com", True)], there, [])
    store.links.note_seen([(7, "former@example.com"), (7, "now@example.com")], NOON)
    assert kinds(store) == {
        "former@example.com": DriftKind.NOBODY_AGREES,
        "stranger@example.com": DriftKind.NO_ACCOUNT,
        "now@example.com": DriftKind.NOT_ADDED,
    }


def test_nobody_known_by_a_forgotten_email_is_a_stranger(store: SqliteStore) -> None:
    """Of such an account only a hash is kept, and no statement for all could compute it."""
    gone = Link(9, email="left@example.com", state=LinkState.CLOSED, kibo_opted_in=False, agreed=False)
    read_in(store, [Customer(7, "left@example.com", True)], [], [])
    store.links.save([gone])
    assert store.forget_gone(datetime(2999, 1, 1, tzinfo=UTC)) == 1
    store.drifts.sort_out()
    [sides] = store.drifts.undecided("", 9)
    assert [one.customer_id for one in sides.links] == [9]


def test_the_tables_are_this_threads_and_leave_nothing(store: SqliteStore, tmp_path: Path) -> None:
    read_in(store, [Customer(1, "secret@example.com", True)], [], [])
    errors: list[Exception] = []

    def other() -> None:
        try:
            store.drifts.kinds()
        except Exception as error:
            errors.append(error)
        finally:
            store.close()

    thread = threading.Thread(target=other)
    thread.start()
    thread.join()
    assert errors, "another thread has no such tables"
    assert kinds(store) == {"secret@example.com": DriftKind.NOT_ADDED}
    store.drifts.end()
    for path in store.path.parent.iterdir():
        assert b"secret@example.com" not in path.read_bytes()


@pytest.mark.parametrize(("wants", "seen"), [(True, False), (False, True)])
def test_a_contact_on_the_list_by_the_account_that_has_its_email_is_there_for_that_one(
    store: SqliteStore, wants: bool, seen: bool
) -> None:
    """Its email was changed there; the account it was put on the list for has opted out since."""
    former, other = Customer(1, "a@example.com", False), Customer(2, "b@example.com", wants)
    store.links.save([Link(1, "a@example.com", "c1", agreed=False, kibo_opted_in=False)])
    store.drifts.begin(LIST)
    store.drifts.add_accounts([(one, one.accepts_marketing, True) for one in (former, other)])
    there = Contact("c1", "b@example.com", Permission.IMPLICIT, list_ids=frozenset({LIST}))
    store.drifts.add_contacts([there])
    store.drifts.sort_out()
    shown = {one.key: one.contact is not None for one in store.drifts.undecided("", 9)}
    assert shown["a@example.com"] is seen
