"""People about whom both sides differ and no rule mends it: named until it is answered (design §3a)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from ccdesk.core.ports.waiting import Waiting


@dataclass(frozen=True, slots=True)
class Disagreement:
    """One customer who opted out, yet is on the active list again by neither their own act nor ours.

    `since`: when that was first seen, on the mailing service's clock.
    """

    customer_id: int
    email: str
    since: datetime


class Disagreements(Protocol):
    """Customers who opted out and whom somebody else has put back on the list.

    Only the customer is kept, never an email. A customer who has opted in since, by this or another account,
    is not among those returned; `forget_answered` removes them for good. Nor is one whom staff left as they
    are.
    """

    def among(self, customer_ids: Collection[int]) -> set[int]:
        """Return those of the given customers that are kept, answered or not."""

    def name(self, customer_ids: Collection[int], at: datetime) -> None:
        """Keep customers as put back since `at`; who is kept already stays as they are."""

    def leave(self, customer_ids: Collection[int], at: datetime) -> None:
        """Keep that staff leave customers as they are: they are not named until they are put back anew."""

    def settle(self, customer_ids: Collection[int]) -> None:
        """Forget customers: they are not on the list any more, or there by an opt-in."""

    def settle_off_scan(self) -> None:
        """Forget those whom the last complete scan of the list has not shown."""

    def forget_answered(self) -> None:
        """Forget those who have opted in since."""

    def clear(self) -> None:
        """Forget everybody: another list is the active one."""

    def waiting(self, *, shown: int = 0) -> Waiting:
        """Return how many people are to be named, and the first `shown` of them."""

    def count(self) -> int:
        """Count the customers to be named."""

    def page(self, offset: int, limit: int) -> list[Disagreement]:
        """Return who is to be named, the longest first, one entry for each customer."""
