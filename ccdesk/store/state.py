"""Small things kept by name: watermarks, call counts, settings."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from ccdesk.store.columns import from_text, to_text
from ccdesk.store.db import Database, upsert
from ccdesk.store.tables import CallsRow, SettingRow, StateRow

COUNT_CALL = (
    "INSERT INTO call_count (service, day, origin, calls) VALUES (?, ?, ?, 1) "
    "ON CONFLICT (service, day, origin) DO UPDATE SET calls = calls + 1"
)
GET_STATE = "SELECT value FROM state WHERE name = ?"
SET_STATE = upsert(StateRow)
SET_SETTING = upsert(SettingRow)


class SqliteState:
    """`ports.State` on SQLite."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, name: str) -> str:
        """Return a value, `""` if there is none."""
        found = self._database.statement(GET_STATE, (name,))
        return str(found[0][0] or "") if found else ""

    def set(self, name: str, value: str) -> None:
        """Store a value."""
        self._database.many(SET_STATE, [(name, value)])

    def get_time(self, name: str) -> datetime | None:
        """Return a moment, aware UTC."""
        text = self.get(name)
        with self._database.reading():
            return from_text(text) if text else None

    def set_time(self, name: str, value: datetime | None) -> None:
        """Store a moment, or forget it."""
        self.set(name, "" if value is None else to_text(value))


class SqliteCallCounts:
    """`ports.CallCounts` on SQLite."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, service: str, day: str, origin: str) -> None:
        """Count one call sent; one statement, so that window, loop and command line can count at once."""
        self._database.many(COUNT_CALL, [(service, day, origin)])

    def used(self, service: str, day: str) -> dict[str, int]:
        """Return calls per origin on that day."""
        query = CallsRow.select(CallsRow.origin, CallsRow.calls)
        found: Iterable[tuple[str, int]] = self._database.rows(
            query.where(CallsRow.service == service, CallsRow.day == day)
        )
        return dict(found)


class SqliteSettings:
    """`ports.SettingsStore` on SQLite."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def load(self) -> dict[str, str]:
        """Return all stored settings."""
        query = SettingRow.select(SettingRow.key, SettingRow.value)
        found: Iterable[tuple[str, str]] = self._database.rows(query)
        return dict(found)

    def save(self, values: dict[str, str]) -> None:
        """Store the given ones in one transaction; an empty value removes the key."""
        with self._database.transaction():
            self._database.many(SET_SETTING, [(key, value) for key, value in values.items() if value])
            removed = [key for key, value in values.items() if not value]
            self._database.run(SettingRow.delete().where(SettingRow.key.in_(removed)))
