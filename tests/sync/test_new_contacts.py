"""Whom an export decides for in bulk, the table of consent creates as well (docs/consent.md; design R2)."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ccdesk.consent.decide import decide
from ccdesk.consent.model import Act
from ccdesk.consent.reasons import Reason
from ccdesk.core.drift import Sides
from ccdesk.core.models import Contact, Customer, Link, LinkState, Ownership, Permission, WriteBack
from ccdesk.store.store import SqliteStore
from ccdesk.sync.persons import as_shown
from ccdesk.sync.plan_drift import DriftRules
from ccdesk.sync.plan_export import NEW_CONTACT
from ccdesk.sync.runs.export_candidates import candidate_of

LIST, NOON = "list-1", datetime(2026, 5, 1, 12, tzinfo=UTC)
EMAILS = ("a@example.com", "b@example.com", "c@example.com")
LONG = "x" * 45 + "@example.com"

accounts = st.builds(
    Customer,
    id=st.integers(1, 5),
    email=st.sampled_from((*EMAILS, "A@example.com ", LONG, "", "not an email")),
    accepts_marketing=st.sampled_from((True, True, True, False)),
    is_active=st.sampled_from((True, True, True, False)),
    is_anonymous=st.sampled_from((False, False, True)),
    readable=st.sampled_from((True, True, True, True, False)),
    updated_at=st.sampled_from((None, NOON)),
)
contacts = st.builds(
    Contact,
    id=st.sampled_from(("c1", "c2")),
    email=st.sampled_from(EMAILS[:2]),
    permission=st.sampled_from(list(Permission)),
    deleted_at=st.sampled_from(("", "2026-05-01")),
    list_ids=st.sets(st.sampled_from((LIST, "other"))).map(frozenset),
)
links = st.builds(
    Link,
    customer_id=st.integers(1, 7),
    email=st.sampled_from((*EMAILS, "before@example.com", "")),
    contact_id=st.sampled_from(("", "c1", "c3")),
    state=st.sampled_from(list(LinkState)),
    agreed=st.sampled_from((True, False, None)),
    kibo_opted_in=st.sampled_from((True, False, None)),
    on_list=st.booleans(),
    pending=st.sampled_from(list(WriteBack)),
)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> SqliteStore:
    return SqliteStore(tmp_path_factory.mktemp("export") / "ccdesk.db")


def new_contacts(
    store: SqliteStore, shop: list[Customer], mail: list[Contact], known: list[Link], *, guests: bool
) -> set[int]:
    """Return the accounts that an export sends without looking at each."""
    store.forget_people()
    store.exports.clear()
    store.staging.clear()
    store.links.save(known)
    store.staging.add_contacts(mail)
    store.exports.add([candidate_of(one, guests=guests, import_row=lambda _: b"") for one in shop])
    store.exports.begin_plan()
    action, after = NEW_CONTACT.action.value, 0
    while (end := store.exports.plan_new_contacts(after, 3, action, Ownership.OWNED)) is not None:
        after = end
    return {number for number, _ in store.exports.rows(action, 0, 99)}


@settings(max_examples=150, deadline=None)
@given(
    st.lists(accounts, unique_by=lambda one: one.id, min_size=1, max_size=5),
    st.lists(contacts, unique_by=(lambda one: one.id, lambda one: one.email), max_size=2),
    st.lists(links, unique_by=lambda one: one.customer_id, max_size=3),
    st.booleans(),
)
def test_customers_sent_in_bulk_are_created_by_the_table(
    store: SqliteStore, shop: list[Customer], mail: list[Contact], known: list[Link], guests: bool
) -> None:
    sent = new_contacts(store, shop, mail, known, guests=guests)
    rules = DriftRules(LIST, guests=guests, now=NOON)
    for one in shop:
        key = one.email_key
        people = tuple(other for other in shop if other.email_key == key)
        ids = {other.id for other in people}
        about = tuple(link for link in known if link.email_key == key or link.customer_id in ids)
        contact = next((found for found in mail if found.email_key == key), None)
        if one.id in sent:
            decision = decide(as_shown(Sides(key, people, contact, about), rules.kept), rules.policy)
            assert decision.reason is Reason.NEW
            assert [command.act for command in decision.commands] == [Act.CREATE]


def test_who_is_new_is_sent_in_bulk(store: SqliteStore) -> None:
    shop = [Customer(number, f"p{number}@example.com", True) for number in range(1, 8)]
    assert new_contacts(store, shop, [], [], guests=False) == set(range(1, 8))
