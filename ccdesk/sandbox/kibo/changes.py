"""The one way in which accounts change: indexes, dates, audit log and events go along (kibo.md §8, §9)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import RLock
from typing import Any

from ccdesk.sandbox.kibo.book import Book
from ccdesk.sandbox.kibo.events import AuditEntry, EventLog
from ccdesk.sandbox.kibo.model import SERVICE_USER, Account, to_ms
from ccdesk.sandbox.kibo.switches import KiboSwitches
from ccdesk.sandbox.kibo.write import BOOLEANS, STRINGS
from ccdesk.sandbox.wire.kernel import SandboxClock

CREATED, UPDATED, DELETED = (f"customeraccount.{word}" for word in ("created", "updated", "deleted"))
_AUDITED = {**STRINGS, **BOOLEANS, "isActive": "active"}


@dataclass(frozen=True)
class Author:
    """Who changes something: a shopper or staff (`application` is None), or the application itself."""

    user: str = SERVICE_USER
    application: str | None = None
    correlation_id: str = ""


STAFF = Author()


class Ledger:
    """What all acts and the API write through."""

    clock: SandboxClock
    switches: KiboSwitches
    lock: RLock
    book: Book
    events: EventLog

    def __init__(self) -> None:
        self._audit: dict[int, list[AuditEntry]] = {}
        self._audit_entries = 0
        self._last_id = 1000
        self._last_contact_id = 1400

    def now_ms(self) -> int:
        """Return the sandbox's time in whole milliseconds."""
        return to_ms(self.clock.now())

    def new_id(self) -> int:
        """Return the next account id; ids only grow."""
        self._last_id += 1
        return self._last_id

    def new_contact_id(self) -> int:
        """Return the next contact id."""
        self._last_contact_id += 1
        return self._last_contact_id

    def account(self, account_id: int) -> Account:
        """Return an account; LookupError if there is none."""
        account = self.book.get(account_id)
        if account is None:
            raise LookupError(f"No customer {account_id}")
        return account

    def audit_entries(self, account: Account) -> list[AuditEntry]:
        """Return the audit log of an account, oldest first; it begins with the creation."""
        first = AuditEntry(
            account.id, 0, account.created, account.created_by, None, None, None, None, "Account created"
        )
        return [first, *self._audit.get(account.id, ())]

    @contextmanager
    def change(self, account: Account, by: Author = STAFF, *, visible: bool = True) -> Iterator[Account]:
        """Let an account be changed; an error inside leaves its indexes right and tells nobody.

        `visible` False is a change that moves neither the update date nor makes an event (§15.6).
        """
        before = {path: getattr(account, name) for path, name in _AUDITED.items()}
        self.book.unindex(account)
        try:
            yield account
            if visible:
                account.updated, account.updated_by = self.now_ms(), by.user
        finally:
            self.book.index(account)
        self._note_differences(account, before, by)
        if visible:
            self.emit(UPDATED, account.id, by)

    def enter(self, account: Account, by: Author = STAFF) -> None:
        """Add a new account, with its event."""
        self.book.add(account)
        self.emit(CREATED, account.id, by)

    def drop(self, account: Account, by: Author = STAFF) -> None:
        """Delete an account, with its event; its audit log goes with it."""
        self.book.remove(account)
        self._audit.pop(account.id, None)
        self.emit(DELETED, account.id, by)

    def emit(self, topic: str, account_id: int, by: Author = STAFF) -> None:
        """File an event for all sites, unless the subscription hides the application's own (§9)."""
        if by.application is not None and self.switches.no_callback:
            return
        self.events.file(topic, str(account_id), by.correlation_id or self.events.new_id(), self.now_ms())

    def audit(
        self, account: Account, path: str, old: Any, new: Any, by: Author = STAFF, text: str = ""
    ) -> None:
        """Note one changed field in the audit log."""
        self._audit_entries += 1
        entry = AuditEntry(
            account_id=account.id,
            number=self._audit_entries,
            at=self.now_ms(),
            user=by.user,
            application=by.application,
            field_path=path,
            old=_as_text(old),
            new=_as_text(new),
            description=text or f"{path} changed",
        )
        self._audit.setdefault(account.id, []).append(entry)

    def _note_differences(self, account: Account, before: dict[str, Any], by: Author) -> None:
        for path, name in _AUDITED.items():
            after = getattr(account, name)
            if after != before[path]:
                self.audit(account, path, before[path], after, by)


def _as_text(value: Any) -> str | None:
    """Write a value as the audit log does; it holds texts only."""
    return str(value).lower() if isinstance(value, bool) else None if value is None else str(value)
