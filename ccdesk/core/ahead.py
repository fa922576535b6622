"""Asking before it is needed: threads that only fetch, whose results one thread takes in its own order."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import copy_context
from types import TracebackType
from typing import Generic, Self, TypeVar

T = TypeVar("T")

IN_TURN = False  # set by tests that need to know which call comes first: nothing is begun before it is taken


class Begun(Generic[T]):
    """Work that was begun."""

    def __init__(self, work: Callable[[], T], future: Future[T] | None) -> None:
        self._work, self._future = work, future

    @property
    def ready(self) -> bool:
        """True if the result can be taken without waiting for what has begun."""
        return self._future is None or self._future.done()

    def result(self) -> T:
        """Wait for the result and return it, or raise what the work raised."""
        return self._work() if self._future is None else self._future.result()


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

    def begin(self, work: Callable[[], T]) -> Begun[T]:
        """Begin some work, in this thread's context."""
        future = None if self._pool is None else self._pool.submit(copy_context().run, work)
        return Begun(work, future)


@contextmanager
def closing_pages(pages: Iterator[T]) -> Iterator[Iterator[T]]:
    """Give an iterator and close it in the end, if it can be: what it has begun is over then."""
    try:
        yield pages
    finally:
        close = getattr(pages, "close", None)
        if close is not None:
            close()
