from __future__ import annotations

from dataclasses import replace

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ccdesk.core.models import Address, Contact, Customer, Ownership, Permission
from ccdesk.core.ports import StagedPerson
from ccdesk.store.store import SqliteStore

from .conftest import NOON
from .test_links import moments

ids = st.text("0123456789abcdef-", min_size=1, max_size=36)
customers = st.builds(
    Customer, id=st.integers(0, 2**40), address=st.builds(Address), created_at=moments, updated_at=moments
)
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


def customer(number: int, email: str = "") -> Customer:
    return Customer(number, email or f"p{number}@example.com", True)


def contact(name: str, email: str = "ann@example.com", **more: object) -> Contact:
    return replace(Contact(name, email, Permission.EXPLICIT), **more)  # type: ignore[arg-type]


@quick
@given(one=customers)
def test_a_customer_comes_back_as_read(store: SqliteStore, one: Customer) -> None:
    store.staging.clear()
    assert store.staging.add_customers([one]) == 1
    assert store.staging.customers(("", -1), 9) == [one]


@quick
@given(one=contacts)
def test_a_contact_comes_back_as_scanned(store: SqliteStore, one: Contact) -> None:
    store.staging.clear()
    store.staging.add_contacts([one])
    assert store.staging.contacts([one.email_key]) == {one.email_key: one}


def test_only_new_customers_are_counted_and_the_later_reading_stays(store: SqliteStore) -> None:
    assert store.staging.add_customers([customer(1), customer(2), customer(1, "late@example.com")]) == 2
    assert store.staging.add_customers([customer(2, "later@example.com"), customer(3)]) == 1
    assert store.staging.add_customers([]) == 0
    found = store.staging.customers(("", -1), 9)
    assert {one.id: one.email for one in found} == {
        1: "late@example.com",
        2: "later@example.com",
        3: "p3@example.com",
    }
    assert store.staging.count() == 3


def test_customers_come_by_compared_email_then_id(store: SqliteStore) -> None:
    store.staging.add_customers(
        [customer(5, "B@x.com"), customer(4, "a@x.com"), customer(2, " b@X.com"), customer(9, "c@x.com")]
    )
    walked: list[int] = []
    after = ("", -1)
    while page := store.staging.customers(after, 1):
        walked += [one.id for one in page]
        after = (page[-1].email_key, page[-1].id)
    assert walked == [4, 2, 5, 9]


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


def test_plans_are_kept_with_the_customer(store: SqliteStore) -> None:
    store.staging.add_customers([customer(number) for number in range(6)])
    planned = [
        StagedPerson(customer(number), "import" if number % 2 else "add", "why", "c1", Ownership.OWNED, 3)
        for number in range(5)
    ]
    store.staging.plan(planned)
    assert store.staging.planned("import", -1, 9) == [planned[1], planned[3]]
    assert store.staging.planned("import", 1, 9) == [planned[3]]
    assert store.staging.planned("", -1, 9) == [StagedPerson(customer(5))]
    counts = [store.staging.count(action) for action in ("", "import", "add", "none")]
    assert counts == [6, 2, 3, 0]
    store.staging.add_customers([customer(1, "new@example.com")])
    assert store.staging.planned("import", -1, 1)[0].reason == "why", "a new reading keeps the plan"


def test_known_customers(store: SqliteStore) -> None:
    store.staging.add_customers([customer(number) for number in (3, 4000)])
    assert store.staging.known_customers(range(5000)) == {3, 4000}


def test_clear_empties_all_of_it(store: SqliteStore) -> None:
    store.staging.add_customers([customer(1)])
    store.staging.add_contacts([contact("c1")])
    store.staging.add_scan(["c1"])
    store.staging.clear()
    assert store.staging.count() == 0
    assert store.staging.contacts(["ann@example.com"]) == {}
    assert store._database.statement("SELECT * FROM list_scan") == []
