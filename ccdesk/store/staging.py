"""The working tables of one run at a time: planning goes through the store, so memory stays flat."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from peewee import SQL, fn

from ccdesk.core.models import Address, Contact, Customer
from ccdesk.core.ports import StagedPerson
from ccdesk.store.columns import to_text
from ccdesk.store.db import Database, Row, chunks, upsert
from ccdesk.store.tables import ScanRow, StagedContactRow, StagedCustomerRow

PLAN = ("action", "reason", "contact_id", "ownership", "chunk")

CONTACT_COLUMNS = tuple(StagedContactRow._meta.sorted_fields)
PERSON_COLUMNS = tuple(StagedCustomerRow._meta.sorted_fields)
CUSTOMER_COLUMNS = tuple(field for field in PERSON_COLUMNS if field.name not in PLAN)

ADD_CONTACT = upsert(StagedContactRow)
ADD_CUSTOMER = upsert(StagedCustomerRow, without=PLAN)
ADD_NEW_CUSTOMER = upsert(StagedCustomerRow, without=PLAN, replace=False)
SET_PLAN = (
    "UPDATE staged_customer SET action = ?, reason = ?, contact_id = ?, ownership = ?, chunk = ? WHERE id = ?"
)
ADD_SEEN = "INSERT OR IGNORE INTO list_scan (contact_id) VALUES (?)"


class SqliteStaging:
    """`ports.Staging` on SQLite."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def clear(self) -> None:
        """Empty the working tables."""
        with self._database.transaction():
            for model in (StagedContactRow, StagedCustomerRow, ScanRow):
                self._database.run(model.delete())

    def add_contacts(self, contacts: Sequence[Contact]) -> None:
        """Keep contacts as scanned; a contact seen again replaces its former reading."""
        self._database.many(ADD_CONTACT, [_contact_row(contact) for contact in contacts])

    def clear_contacts(self) -> None:
        """Empty the scanned contacts only, before they are read anew."""
        self._database.run(StagedContactRow.delete())

    def contacts(self, keys: Sequence[str]) -> dict[str, Contact]:
        """Return scanned contacts by compared e-mail; one that is not deleted goes before one that is."""
        found: dict[str, Contact] = {}
        for some in chunks(list(dict.fromkeys(keys))):
            query = StagedContactRow.select(*CONTACT_COLUMNS).where(StagedContactRow.email_key.in_(some))
            # Deleted ones first, and the rest by update date: the last one put into the dict stays.
            order = ((StagedContactRow.deleted_at == "").asc(), StagedContactRow.updated_at.asc())
            for row in self._database.rows(query.order_by(*order, StagedContactRow.id)):
                found[row[1]] = _contact(row)
        return found

    def add_customers(self, customers: Sequence[Customer]) -> int:
        """Keep customers as read (a later reading replaces the former); return how many were new."""
        rows = list({customer.id: _customer_row(customer) for customer in customers}.values())
        with self._database.transaction():
            new = self._database.many(ADD_NEW_CUSTOMER, rows)
            if new < len(rows):
                self._database.many(ADD_CUSTOMER, rows)
        return new

    def customers(self, after: tuple[str, int], limit: int) -> list[Customer]:
        """Return customers ordered by (compared e-mail, id) above `after`."""
        key = StagedCustomerRow.email_key
        # Twice the same bound: the first is what the index is entered by.
        query = StagedCustomerRow.select(*CUSTOMER_COLUMNS).where(
            key >= after[0], (key > after[0]) | (StagedCustomerRow.id > after[1])
        )
        found = self._database.rows(query.order_by(key, StagedCustomerRow.id).limit(limit))
        return [_customer(row) for row in found]

    def plan(self, people: Sequence[StagedPerson]) -> None:
        """Store what is to be done for people already staged."""
        self._database.many(SET_PLAN, [_plan_row(person) for person in people])

    def planned(self, action: str, after: int, limit: int) -> list[StagedPerson]:
        """Return staged people with that action and customer id above `after`, ascending."""
        query = StagedCustomerRow.select(*PERSON_COLUMNS).where(
            StagedCustomerRow.action == action, StagedCustomerRow.id > after
        )
        found = self._database.rows(query.order_by(StagedCustomerRow.id).limit(limit))
        return [StagedPerson(_customer(row), *row[len(CUSTOMER_COLUMNS) :]) for row in found]

    def count(self, action: str = "") -> int:
        """Count staged people, all or those with one action."""
        query = StagedCustomerRow.select(fn.COUNT(SQL("*")))
        if action:
            query = query.where(StagedCustomerRow.action == action)
        return int(self._database.value(query))

    def known_customers(self, customer_ids: Sequence[int]) -> set[int]:
        """Return those of the given customer ids that are staged."""
        found: set[int] = set()
        for some in chunks(customer_ids):
            query = StagedCustomerRow.select(StagedCustomerRow.id).where(StagedCustomerRow.id.in_(some))
            found.update(row[0] for row in self._database.rows(query))
        return found

    def clear_scan(self) -> None:
        """Empty the scan of the list's members."""
        self._database.run(ScanRow.delete())

    def add_scan(self, contact_ids: Sequence[str]) -> None:
        """Note members seen on the list."""
        self._database.many(ADD_SEEN, [(contact_id,) for contact_id in contact_ids])


def _moment(value: datetime | None) -> str | None:
    return None if value is None else to_text(value)


def _address_row(address: Address) -> Row:
    return (address.street, address.city, address.state, address.postal_code, address.country)


def _customer_row(customer: Customer) -> Row:
    return (
        customer.id,
        customer.email_key,
        customer.email,
        int(customer.accepts_marketing),
        int(customer.is_active),
        int(customer.is_anonymous),
        customer.first_name,
        customer.last_name,
        customer.company,
        *_address_row(customer.address),
        _moment(customer.created_at),
        _moment(customer.updated_at),
    )


def _customer(row: Row) -> Customer:
    number, _, email, accepts, active, anonymous, first, last, company, *rest = row
    address, (created, updated) = Address(*rest[:5]), rest[5:7]
    return Customer(
        number, email, accepts, active, anonymous, first, last, company, address, created, updated
    )


def _contact_row(contact: Contact) -> Row:
    return (
        contact.id,
        contact.email_key,
        contact.email,
        contact.permission.value,
        contact.deleted_at,
        _moment(contact.opt_out_at),
        contact.opt_out_source,
        _moment(contact.opt_in_at),
        contact.opt_in_source,
        contact.update_source,
        _moment(contact.created_at),
        _moment(contact.updated_at),
        " ".join(sorted(contact.list_ids)),
        contact.first_name,
        contact.last_name,
        contact.company,
        *_address_row(contact.address),
    )


def _contact(row: Row) -> Contact:
    contact_id, _, *details = row[:12]
    list_ids, first, last, company, *address = row[12:]
    members = frozenset(list_ids.split())
    values: Row = (contact_id, *details, members, first, last, company, Address(*address))
    return Contact(*values)


def _plan_row(person: StagedPerson) -> Row:
    return (
        person.action,
        person.reason,
        person.contact_id,
        person.ownership.value,
        person.chunk,
        person.customer.id,
    )
