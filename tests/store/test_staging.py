from __future__ import annotations

from dataclasses import replace

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ccdesk.core.models import Address, Contact, Permission
from ccdesk.store.store import SqliteStore
from tests.store.conftest import NOON, moments

ids = st.text("0123456789abcdef-", min_size=1, max_size=36)
contacts = st.builds(
    Contact,
    id=ids,
    list_ids=st.frozensets(ids, max_size=4),
    address=st.builds(Address),
    opt_out_at=moments,
    opt_in_at=moments,
    created_at=moments,
    updated_at=moments,
)
quick = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def contact(name: str, email: str = "ann@example.com", **more: object) -> Contact:
    return replace(Contact(name, email, Permission.EXPLICIT), **more)  # type: ignore[arg-type]


@quick
@given(one=contacts)
def test_a_contact_comes_back_as_scanned(store: SqliteStore, one: Contact) -> None:
    store.staging.clear()
    store.staging.add_contacts([one])
    assert store.staging.contacts([one.email_key]) == {one.email_key: one}


def test_contacts_seen_again_and_deleted_ones(store: SqliteStore) -> None:
    live, gone = contact("c1"), contact("c2", deleted_at="2026-01-01", updated_at=NOON)
    store.staging.add_contacts([live, gone])
    store.staging.add_contacts([replace(live, list_ids=frozenset({"l1"}))])
    assert store.staging.contacts(["ann@example.com"])["ann@example.com"].list_ids == {"l1"}
    store.staging.add_contacts([contact("c3", "Bob@Example.com", deleted_at="2026-01-01")])
    assert store.staging.contacts(["bob@example.com"])["bob@example.com"].id == "c3"
    store.staging.clear_contacts()
    assert store.staging.contacts(["ann@example.com"]) == {}


def test_many_contacts_are_found_at_once(store: SqliteStore) -> None:
    store.staging.add_contacts([contact(f"c{n}", f"p{n}@example.com") for n in range(1200)])
    found = store.staging.contacts([f"p{n}@example.com" for n in range(1100, 40_000)])
    assert sorted(found) == sorted(f"p{n}@example.com" for n in range(1100, 1200))


def test_customers_seen(store: SqliteStore) -> None:
    store.staging.see_customers([3, 4000, 3])
    assert store.staging.seen_customers(range(5000)) == {3, 4000}


def test_clear_empties_all_of_it(store: SqliteStore) -> None:
    store.staging.see_customers([1])
    store.staging.add_contacts([contact("c1")])
    store.staging.add_scan([contact("c1")])
    store.staging.clear()
    assert store.staging.seen_customers([1]) == set()
    assert store.staging.contacts(["ann@example.com"]) == {}
    assert store._database.statement("SELECT * FROM list_scan") == []
