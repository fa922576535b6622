"""Asking before it is needed: threads that only fetch, whose results one thread takes in its own order."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from types import TracebackType
from typing import Self, TypeVar

T = TypeVar("T")

IN_TURN = False  # set by tests that need to know which call comes first: nothing is begun before it is taken


class Ahead:
    """Up to `threads` pieces of work at once; at the end of `with` all of them are over.

    Work that was begun and never taken is waited for all the same, or left out if its turn had not come.
    """

    def __init__(self, threads: int) -> None:
        self._pool = None if IN_TURN else ThreadPoolExecutor(threads, thread_name_prefix="ahead")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)

    def begin(self, work: Callable[[], T]) -> Callable[[], T]:
        """Begin some work; what is returned waits for its result, or raises what the work raised."""
        if self._pool is None:
            return work
        return self._pool.submit(copy_context().run, work).result
