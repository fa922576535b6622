"""Chosen people put right by the ordinary rules and guard, and nobody else (design §8, `drift --repair`).

It is the daily comparison of these people alone: what their contacts show is taken in and carried to Kibo,
then what their accounts show goes through the queue, by the code that does it for everybody.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from ccdesk.core.errors import CcdeskError, NotFound
from ccdesk.core.models import Contact, Link, LinkState, email_key
from ccdesk.core.runs import Entry, Outcome
from ccdesk.sync.context import RunContext
from ccdesk.sync.item_errors import ITEM_ERRORS
from ccdesk.sync.outbox.shop import write_back
from ccdesk.sync.runs.compare import compare_with, queue_gone, queue_if_changed
from ccdesk.sync.runs.events import process_due
from ccdesk.sync.runs.outcomes import charge_doubtful
from ccdesk.sync.sensors.accounts import accounts_with


@dataclass(frozen=True, slots=True)
class Affected:
    """One person: an email as written, and the accounts known as theirs."""

    email: str
    customer_ids: tuple[int, ...]


def run_repair(ctx: RunContext, people: Sequence[Affected]) -> None:
    """Put these people right. Every account with one of their emails is theirs (design R1).

    Nobody gets a welcome email by it, as by an export: their opt-in may be an old one that was missed.
    """
    ctx.settings = replace(ctx.settings, welcome=False)
    ctx.require_list()
    ctx.fresh.at = ctx.clock.monotonic()
    ctx.only = frozenset(_accounts_of(ctx, people))
    with ctx.mail.for_opt_outs():
        links = list(ctx.store.links.many(sorted(ctx.only)).values())
        compare_with(ctx, *_with_contacts(ctx, links))
    write_back(ctx)
    _queue_changes(ctx, ctx.only)
    process_due(ctx)
    charge_doubtful(ctx)
    write_back(ctx)


def _accounts_of(ctx: RunContext, people: Sequence[Affected]) -> Iterator[int]:
    for one in people:
        ctx.check_cancel()
        yield from one.customer_ids
        key = email_key(one.email)
        if key:
            yield from (link.customer_id for link in ctx.store.links.by_email(key))
            yield from (account.id for account in accounts_with(ctx, one.email))


def _with_contacts(ctx: RunContext, links: Sequence[Link]) -> tuple[list[Link], dict[str, Contact]]:
    """Read the contacts of links by email; return the links whose contact could be read, and those found."""
    read: list[Link] = []
    found: dict[str, Contact | None] = {}
    for link in links:
        ctx.check_cancel()
        try:
            if link.email and link.email_key not in found:
                found[link.email_key] = ctx.mail.find(link.email)
        except ITEM_ERRORS as error:
            _tell(ctx, link.customer_id, link.email, error)
            continue
        ctx.answered()
        read.append(link)
    return read, {key: contact for key, contact in found.items() if contact is not None}


def _queue_changes(ctx: RunContext, customer_ids: frozenset[int]) -> None:
    links = ctx.store.links.many(sorted(customer_ids))
    for number in sorted(customer_ids):
        ctx.check_cancel()
        link = links.get(number)
        try:
            customer = ctx.fresh.peek(number)
        except NotFound:
            if link is not None and link.state is not LinkState.CLOSED:
                queue_gone(ctx, link)
            continue
        except ITEM_ERRORS as error:
            _tell(ctx, number, link.email if link else "", error)
            continue
        queue_if_changed(ctx, customer, link)


def _tell(ctx: RunContext, customer_id: int, email: str, error: CcdeskError) -> None:
    """Tell of somebody who cannot be read just now.

    Raises:
        CcdeskError: the error itself, where it is the service's.

    """
    ctx.tolerate_item_error(error)
    ctx.record([Entry(customer_id, email, Outcome.ERROR, error.text, error.code)])
