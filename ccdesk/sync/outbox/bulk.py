"""Many people by one call: where it is refused, or its job fails, by halves until the one at fault is named.

Design §3a R2, for the few hundred of an events run; an export does the same over what it keeps in the store
(`export_send`).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from ccdesk.core.errors import CcdeskError, RequestRefused
from ccdesk.core.ports.mail import Activity
from ccdesk.sync.context import RunContext
from ccdesk.sync.outbox.jobs import failure_of, wait_for

log = logging.getLogger(__name__)

REFUSALS = 3  # calls before anybody was taken: then single people far from those tried are asked for
NOBODY = 3  # and once so many people are refused it is the service, and not one of them
T = TypeVar("T")


@dataclass
class Outcome(Generic[T]):
    """What became of the calls: `sent` are in a job that ended well, or had landed though theirs failed."""

    sent: list[T] = field(default_factory=list)
    refused: list[tuple[T, CcdeskError]] = field(default_factory=list)


class AllRefused(Exception):
    """Nobody was taken: it lies in none of them. Those not in `sent` are as they were before."""

    def __init__(self, error: CcdeskError) -> None:
        super().__init__(error.title)
        self.error = error


def by_halves(
    ctx: RunContext,
    people: Sequence[T],
    start: Callable[[Sequence[T]], Activity],
    landed: Callable[[Sequence[T]], Collection[int]] = lambda _group: (),
) -> Outcome[T]:
    """Send people by bulk calls, and then by halves.

    `landed` tells by their places who shows it though the job failed; without it they are sent again, which
    is the same as once for list jobs. Who is refused for a failed job may show it all the same.
    Two calls for each halving: of one at fault among n people the cost is about 2 log2 n.

    Raises:
        AllRefused: nobody at all was taken, wherever we tried: it is the service and none of them.
        ListGone: there was nobody to be taken, and the list is gone.
        CcdeskError: what else the calls raise; some of the people may be done.

    """
    outcome: Outcome[T] = Outcome()
    groups = [list(people)]
    refusals = 0
    while groups:
        ctx.check_cancel()
        group = groups.pop() if outcome.sent or refusals < REFUSALS else _far_one(groups)
        try:
            job = wait_for(ctx, start(group))
        except RequestRefused as error:
            trouble: CcdeskError | None = error
            left = group
        else:
            trouble = failure_of(job)
            done = set(landed(group)) if trouble else set(range(len(group)))
            outcome.sent += [one for place, one in enumerate(group) if place in done]
            left = [one for place, one in enumerate(group) if place not in done]
        if trouble is None or not left:
            continue
        refusals += 1
        if len(group) > 1:
            log.info("a call for %s people was refused or failed; %s go by halves", len(group), len(left))
            half = (len(left) + 1) // 2
            groups += [part for part in (left[half:], left[:half]) if part]
            continue
        outcome.refused.append((left[0], trouble))
        if len(outcome.refused) >= NOBODY and not outcome.sent and groups:
            raise AllRefused(trouble)
    if outcome.refused and not outcome.sent:
        ctx.require_list()  # nobody was taken at all: it may be gone
    return outcome


def _far_one(groups: list[list[T]]) -> list[T]:
    """Take out the person furthest from those tried so far."""
    far = [groups[0].pop()]
    if not groups[0]:
        del groups[0]
    return far
