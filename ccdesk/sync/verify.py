"""Reading back who is on the list after a bulk job: `completed` is not proof (constant-contact.md §15)."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

from ccdesk.core.errors import CcdeskError
from ccdesk.core.models import Link, Standing
from ccdesk.core.runs import Entry, QueuedEvent
from ccdesk.sync.context import RunContext

_ONE_BY_ONE = 25


class Settle(Protocol):
    """Closes a queue entry with its outcome and link, together."""

    def __call__(
        self, ctx: RunContext, event: QueuedEvent, entry: Entry, link: Link | None, *, conflict: bool = False
    ) -> None:
        """Close the entry."""


class Fail(Protocol):
    """Keeps a queue entry with its error."""

    def __call__(self, ctx: RunContext, event: QueuedEvent, error: CcdeskError, email: str) -> None:
        """Keep the entry."""


def members_among(ctx: RunContext, contact_ids: Collection[str]) -> set[str]:
    """Return those of the given contacts that are active members of the list now."""
    wanted = set(contact_ids)
    if len(wanted) <= _ONE_BY_ONE:
        return {contact_id for contact_id in wanted if _is_member(ctx, contact_id)}
    found: set[str] = set()
    for page in ctx.mailing.contacts(list_id=ctx.settings.list_id):
        ctx.check_cancel()
        found.update(c.id for c in page if c.id in wanted and ctx.settings.list_id in c.list_ids)
    return found


def _is_member(ctx: RunContext, contact_id: str) -> bool:
    ctx.check_cancel()
    contact = ctx.mailing.get(contact_id)
    return (
        contact is not None
        and contact.standing is not Standing.DELETED
        and ctx.settings.list_id in contact.list_ids
    )
