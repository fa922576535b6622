"""Reading back who is on the list after a bulk job: `completed` is not proof (constant-contact.md §15)."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

from ccdesk.core.errors import CcdeskError
from ccdesk.core.intents import Ended
from ccdesk.core.models import Link, Permission
from ccdesk.core.runs import Entry, QueuedEvent
from ccdesk.sync.context import RunContext
from ccdesk.sync.item_errors import ITEM_ERRORS

_ONE_BY_ONE = 25


class Settle(Protocol):
    """Closes a queue entry with its outcome, link and journal, together."""

    def __call__(
        self,
        ctx: RunContext,
        event: QueuedEvent,
        entry: Entry,
        link: Link | None,
        *,
        conflict: bool = False,
        ended: Ended | None = None,
    ) -> None:
        """Close the entry; `ended`: how what was begun for the account has ended, None if not known."""


class Fail(Protocol):
    """Keeps a queue entry with its error."""

    def __call__(self, ctx: RunContext, event: QueuedEvent, error: CcdeskError, email: str) -> None:
        """Keep the entry."""


def members_among(ctx: RunContext, contact_ids: Collection[str], *, unreadable: bool) -> set[str]:
    """Return those of the given contacts that are active members of the list now.

    A contact that cannot be read is one of them if `unreadable` says so.
    """
    wanted = set(contact_ids)
    if len(wanted) <= _ONE_BY_ONE:
        return {contact_id for contact_id in wanted if _is_member(ctx, contact_id, unreadable=unreadable)}
    found: set[str] = set()
    for page in ctx.mail.contacts(list_id=ctx.settings.list_id):
        ctx.check_cancel()
        doubtful = {c.id for c in page if c.permission is Permission.UNKNOWN}
        found.update(c.id for c in page if c.id in wanted - doubtful and ctx.settings.list_id in c.list_ids)
        found.update(wanted & doubtful if unreadable else ())
    return found


def _is_member(ctx: RunContext, contact_id: str, *, unreadable: bool) -> bool:
    ctx.check_cancel()
    try:
        contact = ctx.mail.get(contact_id)
    except ITEM_ERRORS as error:
        ctx.tolerate_item_error(error)
        return unreadable
    return contact is not None and not contact.deleted_at and ctx.settings.list_id in contact.list_ids
