"""The working tables of one run at a time: planning goes through the store, so memory stays flat."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from ccdesk.core.models import Address, Contact
from ccdesk.store.columns import to_text
from ccdesk.store.db import Database, Row, chunks, upsert
from ccdesk.store.tables import ScanRow, SeenCustomerRow, StagedContactRow

CONTACT_COLUMNS = tuple(StagedContactRow._meta.sorted_fields)
ADD_CONTACT = upsert(StagedContactRow)
ADD_SEEN = "INSERT OR IGNORE INTO list_scan (contact_id, email_key) VALUES (?, ?)"
ADD_CUSTOMER = "INSERT OR IGNORE INTO seen_customer (id) VALUES (?)"


class SqliteStaging:
    """`ports.Staging` on SQLite."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def clear(self) -> None:
        """Empty the working tables."""
        with self._database.transaction():
            for model in (StagedContactRow, SeenCustomerRow, ScanRow):
                self._database.run(model.delete())

    def add_contacts(self, contacts: Sequence[Contact]) -> None:
        """Keep contacts as scanned; a contact seen again replaces its former reading."""
        self._database.many(ADD_CONTACT, [row_of(contact) for contact in contacts])

    def clear_contacts(self) -> None:
        """Empty the scanned contacts only, before they are read anew."""
        self._database.run(StagedContactRow.delete())

    def contacts(self, keys: Sequence[str]) -> dict[str, Contact]:
        """Return scanned contacts by compared email; one that is not deleted goes before one that is."""
        found: dict[str, Contact] = {}
        for some in chunks(list(dict.fromkeys(keys))):
            query = StagedContactRow.select(*CONTACT_COLUMNS).where(StagedContactRow.email_key.in_(some))
            # Deleted ones first, and the rest by update date: the last one put into the dict stays.
            order = ((StagedContactRow.deleted_at == "").asc(), StagedContactRow.updated_at.asc())
            for row in self._database.rows(query.order_by(*order, StagedContactRow.id)):
                found[row[1]] = contact_of(row)
        return found

    def see_customers(self, customer_ids: Sequence[int]) -> None:
        """Note customers seen in Kibo."""
        self._database.many(ADD_CUSTOMER, [(customer_id,) for customer_id in customer_ids])

    def seen_customers(self, customer_ids: Sequence[int]) -> set[int]:
        """Return those of the given customer ids that were seen."""
        found: set[int] = set()
        for some in chunks(customer_ids):
            query = SeenCustomerRow.select(SeenCustomerRow.id).where(SeenCustomerRow.id.in_(some))
            found.update(row[0] for row in self._database.rows(query))
        return found

    def clear_scan(self) -> None:
        """Empty the scan of the list's members."""
        self._database.run(ScanRow.delete())

    def add_scan(self, members: Sequence[Contact]) -> None:
        """Note members seen on the list."""
        self._database.many(ADD_SEEN, [(member.id, member.email_key) for member in members])


def _moment(value: datetime | None) -> str | None:
    return None if value is None else to_text(value)


def _address_row(address: Address) -> Row:
    return (address.street, address.city, address.state, address.postal_code, address.country)


def row_of(contact: Contact) -> Row:
    """Return a contact as its row, in the order of `CONTACT_COLUMNS`."""
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
        contact.address_read,
    )


def contact_of(row: Row) -> Contact:
    """Return the contact of a row, in the order of `CONTACT_COLUMNS`."""
    contact_id, _, *details = row[:12]
    list_ids, first, last, company, *address, address_read = row[12:]
    members = frozenset(list_ids.split())
    where = Address(*address)
    values: Row = (contact_id, *details, members, first, last, company, where, bool(address_read))
    return Contact(*values)
