"""Reading accounts by ascending id with two calls on their way, so that none waits for the answer before.

The page behind the next one is asked for before the next one's last id is known: by an offset from an id that
is. It begins with the last account of the page before, which proves that nobody slipped through between them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from types import TracebackType
from typing import Generic, Self, TypeVar

from ccdesk.clients.http.transport import Answer
from ccdesk.clients.kibo.parse import Row
from ccdesk.core.ahead import Ahead, Begun

PAGE_SIZE = 200
Item = TypeVar("Item")
IN_FLIGHT = 2  # the most that is advised while Kibo's limits are not known (kibo.md §15)
_MOST_MISSED = 3  # pages that did not follow on: offsets do not work, or the shop changes all the time


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    """One page of a collection; `start` is an item offset (§5)."""

    items: list[Item]
    start: int
    total: int | None
    answer: Answer

    @property
    def left(self) -> int | None:
        """How many items lie behind it, None where the service did not tell."""
        return None if self.total is None else max(0, self.total - self.start - len(self.items))

    @property
    def last(self) -> bool:
        """True if there is nothing behind it; a short page alone does not tell."""
        end = self.start + len(self.items)
        known_end = self.total is not None and end >= self.total
        return not self.items or (known_end and len(self.items) < PAGE_SIZE)


@dataclass(frozen=True, slots=True)
class _Begun:
    """A page on its way: those `start` accounts behind the id `after`; `new` of them are to be new."""

    work: Begun[Page[Row] | None]
    after: int
    start: int
    new: int


class Following:
    """The pages that follow on one, two of them on their way while the reader is busy with it.

    `ask(after, start)` returns the page that begins `start` accounts behind those with ids up to `after`;
    `ids` returns those of a page.
    """

    def __init__(
        self, ask: Callable[[int, int], Page[Row] | None], ids: Callable[[Page[Row]], list[int]]
    ) -> None:
        self._ask, self._ids = ask, ids
        self._ahead = Ahead(IN_FLIGHT)
        self._begun: deque[_Begun] = deque()
        self._missed = self._full = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._begun.clear()
        self._ahead.__exit__(kind, error, trace)

    def begin(self, page: Page[Row], last: int) -> None:
        """Ask for what comes behind a page, which ends with the id `last`, as far as there is anything."""
        self._full = max(self._full, len(page.items))
        if page.total is None or self._full < 2 or self._missed >= _MOST_MISSED:
            return
        left = page.total - page.start - len(page.items)
        while len(self._begun) < IN_FLIGHT and (asked := sum(one.new for one in self._begun)) < left:
            start = max(0, asked - 1)  # what will be the last account by then comes once more
            work = self._ahead.begin(partial(self._ask, last, start))
            self._begun.append(_Begun(work, last, start, self._full - (start > 0)))

    def take(self, last: int) -> Page[Row] | None:
        """Return the next page without whom the one before had; None if it has to be asked for anew.

        That is where it does not follow on: somebody before it opted out or was deleted meanwhile.
        """
        if not self._begun:
            return None
        begun = self._begun.popleft()
        page = begun.work.result()
        ids = self._ids(page) if page is not None else []
        follows = bool(ids) and (begun.start == 0 or ids[0] <= last) and begun.after < ids[0]
        if page is None or not follows or ids != sorted(ids) or ids[-1] <= last:
            self._begun.clear()
            self._missed += 1
            return None
        known = sum(number <= last for number in ids)
        return replace(page, items=page.items[known:], start=page.start + known)
