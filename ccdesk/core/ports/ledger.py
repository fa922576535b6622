"""Reading what was stated and done about people, and erasing a person from all of it (design §8)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Protocol

from ccdesk.core.ledger import LedgerEntry


class Ledger(Protocol):
    """Statements and our own commands, as one account of both (design §8, `ledger`)."""

    def entries(
        self,
        *,
        key: str = "",
        customer_ids: Sequence[int] = (),
        since: datetime | None = None,
        limit: int | None = None,
    ) -> Iterator[LedgerEntry]:
        """Yield entries in time order (`at`, then the order in which they were stored).

        `key` (a compared email) and `customer_ids` pick those of the email or of any of the accounts;
        neither: everybody's. `since`: none that was over before then. `limit`: only the newest so many.
        Whatever there is, memory stays flat. The same thread goes through them that asked for them.
        """
