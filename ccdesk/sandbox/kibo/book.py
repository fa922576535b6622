"""The accounts of a shop, indexed so that a page out of a million costs little."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator

from ccdesk.sandbox.kibo.model import Account

_ID_BITS = 32
ID_MASK = (1 << _ID_BITS) - 1


def email_key(email: str | None) -> str:
    """Return what makes two emails the same one, mostly the very text; empty for none."""
    key = (email or "").strip().lower()
    return email if email == key else key


def date_key(ms: int, account_id: int = 0) -> int:
    """Return one number that sorts by date, then by account id."""
    return (ms << _ID_BITS) | account_id


class SortedKeys:
    """Ascending numbers; adding many out of order costs one sort at the next look."""

    def __init__(self) -> None:
        self._keys: list[int] = []
        self._tidy = True

    @property
    def keys(self) -> list[int]:
        """The numbers, ascending; to be looked at only."""
        if not self._tidy:
            self._keys.sort()
            self._tidy = True
        return self._keys

    def append(self, key: int) -> None:
        """Add a number of a bulk that will be sorted later."""
        if self._keys and key < self._keys[-1]:
            self._tidy = False
        self._keys.append(key)

    def insert(self, key: int) -> None:
        """Add a number where it belongs."""
        insort(self.keys, key)

    def remove(self, key: int) -> None:
        """Take a number out."""
        keys = self.keys
        at = bisect_left(keys, key)
        if at == len(keys) or keys[at] != key:
            raise LookupError(f"{key} is not indexed")
        del keys[at]


class Book:
    """Accounts by id, email, opt-in and update date; it knows no rule.

    Whoever changes an account calls `unindex` before and `index` after, so that no index goes stale.
    `version` grows with every change: what was computed for one version holds for that version only.
    """

    def __init__(self) -> None:
        self.version = 0
        self.ids = SortedKeys()
        self.opted_in = SortedKeys()
        self.updates = SortedKeys()
        self._accounts: dict[int, Account] = {}
        self._by_email: dict[str, int | tuple[int, ...]] = {}

    def __len__(self) -> int:
        return len(self._accounts)

    def __iter__(self) -> Iterator[Account]:
        return iter(self._accounts.values())

    def get(self, account_id: int) -> Account | None:
        """Return the account with this id."""
        return self._accounts.get(account_id)

    def __getitem__(self, account_id: int) -> Account:
        return self._accounts[account_id]

    def with_email(self, email: str | None) -> list[int]:
        """Return the ids of all accounts with this email, compared without case and outer blanks."""
        found = self._by_email.get(email_key(email), ())
        return [found] if isinstance(found, int) else list(found)

    def load(self, accounts: Iterable[Account]) -> None:
        """Add many new accounts; indexes are sorted at the next look."""
        for account in accounts:
            self._accounts[account.id] = account
            self.ids.append(account.id)
            if account.accepts:
                self.opted_in.append(account.id)
            self.updates.append(date_key(account.updated, account.id))
            self._note_email(account)
        self.version += 1

    def add(self, account: Account) -> None:
        """Add one new account."""
        self._accounts[account.id] = account
        self.ids.insert(account.id)
        self.index(account)

    def remove(self, account: Account) -> None:
        """Delete an account."""
        self.unindex(account)
        self.ids.remove(account.id)
        del self._accounts[account.id]

    def index(self, account: Account) -> None:
        """Note an account under what it holds now."""
        if account.accepts:
            self.opted_in.insert(account.id)
        self.updates.insert(date_key(account.updated, account.id))
        self._note_email(account)
        self.version += 1

    def unindex(self, account: Account) -> None:
        """Forget an account under what it holds now."""
        if account.accepts:
            self.opted_in.remove(account.id)
        self.updates.remove(date_key(account.updated, account.id))
        left = tuple(one for one in self.with_email(account.email) if one != account.id)
        key = email_key(account.email)
        if not left:
            self._by_email.pop(key, None)
        else:
            self._by_email[key] = left[0] if len(left) == 1 else left
        self.version += 1

    def _note_email(self, account: Account) -> None:
        key = email_key(account.email)
        if not key:
            return
        before = self._by_email.get(key)
        if before is None:
            self._by_email[key] = account.id
        else:
            known = (before,) if isinstance(before, int) else before
            self._by_email[key] = tuple(sorted({*known, account.id}))
