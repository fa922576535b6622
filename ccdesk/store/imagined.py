"""`ports.Imagined` on SQLite: a table that only the copy of a data file has."""

# ruff: noqa: D106 - peewee's Meta class says only what the table is called

from __future__ import annotations

from collections.abc import Iterable, Sequence

import peewee

from ccdesk.core.models import Contact
from ccdesk.store.db import Database, chunks, upsert
from ccdesk.store.staging import SqliteStaging, contact_of, row_of
from ccdesk.store.tables import StagedContactRow


class ImaginedContactRow(StagedContactRow):
    """A contact as it would be, like one that was scanned."""

    class Meta:
        table_name = "imagined_contact"


_KEEP = upsert(ImaginedContactRow)
_MAKE = """CREATE TABLE imagined_contact AS SELECT * FROM staged_contact LIMIT 0"""
_INDEXES = (
    "CREATE UNIQUE INDEX imagined_by_id ON imagined_contact (id)",
    "CREATE INDEX imagined_by_email ON imagined_contact (email_key)",
)


class SqliteImagined:
    """Contacts as they would be, in a table like that of the contacts scanned."""

    def __init__(self, database: Database) -> None:
        self._database, self._staging = database, SqliteStaging(database)
        self._staging.clear_contacts()  # of the last run: what is scanned from now on is as of now
        with database.transaction():
            for statement in (_MAKE, *_INDEXES):
                database.statement(statement)

    def keep(self, contacts: Iterable[Contact]) -> None:
        """Keep contacts as they would be; one kept before is replaced."""
        self._database.many(_KEEP, [row_of(one) for one in contacts])

    def by_id(self, ids: Sequence[str]) -> dict[str, Contact]:
        """Return those of the given ids that are kept."""
        return self._by_id(ImaginedContactRow, ids)

    def by_email(self, keys: Sequence[str]) -> dict[str, Contact]:
        """Return those kept with the given compared emails."""
        found: dict[str, Contact] = {}
        for some in chunks(keys):
            query = _select(ImaginedContactRow).where(ImaginedContactRow.email_key.in_(some))
            found.update((row[1], contact_of(row)) for row in self._database.rows(query))
        return found

    def scanned(self, ids: Sequence[str]) -> dict[str, Contact]:
        """Return those of the given ids that the run has scanned, as they were."""
        return self._by_id(StagedContactRow, ids)

    def scanned_by_email(self, keys: Sequence[str]) -> dict[str, Contact]:
        """Return those of the given compared emails that the run has scanned."""
        return self._staging.contacts(keys)

    def page(self, after: str, limit: int) -> list[Contact]:
        """Return kept contacts with ids above `after`, ascending."""
        query = _select(ImaginedContactRow).where(ImaginedContactRow.id > after)
        return [
            contact_of(row) for row in self._database.rows(query.order_by(ImaginedContactRow.id).limit(limit))
        ]

    def _by_id(self, model: type[StagedContactRow], ids: Sequence[str]) -> dict[str, Contact]:
        found: dict[str, Contact] = {}
        for some in chunks(ids):
            rows = self._database.rows(_select(model).where(model.id.in_(some)))
            found.update((row[0], contact_of(row)) for row in rows)
        return found


def _select(model: type[StagedContactRow]) -> peewee.ModelSelect[StagedContactRow]:
    return model.select(*model._meta.sorted_fields)
