"""The people of an export by calls: as many as one call may carry, and no two calls alike."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from ccdesk.core.exporting import Planned
from ccdesk.core.limits import IMPORT_MAX_BYTES, IMPORT_MAX_ROWS, LIST_JOB_MAX_IDS
from ccdesk.core.ports.mail import Activity
from ccdesk.sync.context import RunContext
from ccdesk.sync.outbox.plain import plain
from ccdesk.sync.plan_export import Action

_PAGE = 5_000


_APART = 2  # so much the sizes of two calls under way at once differ


@dataclass(frozen=True, slots=True)
class Batch:
    """People sent by one call: those from `first` to `last` with the action, of that part (0: of none)."""

    action: Action
    first: int
    last: int
    people: int
    call: Callable[[], Activity]
    part: int = 0


def imports(ctx: RunContext, action: Action, part: int = 0, *, at_once: bool = False) -> Iterator[Batch]:
    """Fill imports up to just under both limits, in bytes as they are sent (constant-contact.md §14).

    `at_once`: their calls are made without waiting for each other's answers, see `_unlike`.
    """
    rows: list[tuple[int, bytes]] = []
    sizes: list[int] = []
    size = 0
    after = 0
    while page := ctx.store.exports.rows(action.value, after, _PAGE, part):
        after = page[-1][0]
        for number, row in page:
            if rows and (len(rows) >= IMPORT_MAX_ROWS or size + len(row) + 1 > IMPORT_MAX_BYTES):
                full = _unlike(len(rows), sizes) if at_once else len(rows)
                yield import_of(ctx, action, rows[:full], part)
                rows = rows[full:]
                size = sum(len(row) + 1 for _, row in rows)
            rows.append((number, row))
            size += len(row) + 1
    last = _unlike(len(rows), sizes) if at_once else len(rows)
    if last:
        yield import_of(ctx, action, rows[:last], part)


def _unlike(people: int, sizes: list[int]) -> int:
    """Return how many of so many people go by the next call, unlike any of `sizes`, and note it there.

    A job whose answer was lost is known by its size only, which for an import may count the header as well
    (`export_jobs.find_job`): of two alike one would be taken for the other's, its people left out, and the
    other's sent again. 0: there is no such number; they go later, when those calls have been answered.
    """
    while people > 0 and any(abs(people - other) < _APART for other in sizes):
        people -= 1
    sizes.append(people)
    return people


def import_of(ctx: RunContext, action: Action, rows: Sequence[tuple[int, bytes]], part: int) -> Batch:
    """Return the import of these rows, each with its account's id; `part`: of those split (0: of none)."""
    bodies = [row for _, row in rows]
    if action is Action.PLAIN:
        bodies = [ctx.mail.import_row(plain(ctx.mail.read_row(row))) for row in bodies]

    def call() -> Activity:
        return ctx.mail.start_import(bodies, ctx.settings.list_id)

    return Batch(action, rows[0][0], rows[-1][0], len(rows), call, part)


def adds(ctx: RunContext, action: Action, part: int = 0, *, at_once: bool = False) -> Iterator[Batch]:
    """Put contacts from other sources on the list without touching a field (seed: never overwrite).

    `at_once`: as for `imports`.
    """
    after = -1
    sizes: list[int] = []
    while page := ctx.store.exports.unsent(action.value, after, LIST_JOB_MAX_IDS, part):
        if at_once and not (page := page[: _unlike(len(page), sizes)]):
            return
        after = page[-1].customer.id
        yield add_of(ctx, action, page, part)


def add_of(ctx: RunContext, action: Action, people: Sequence[Planned], part: int) -> Batch:
    """Return the list job that adds these people's contacts; `part`: of those split (0: of none)."""
    ids = [one.contact_id for one in people]

    def call() -> Activity:
        return ctx.mail.start_add(ids, ctx.settings.list_id)

    return Batch(action, people[0].customer.id, people[-1].customer.id, len(people), call, part)
