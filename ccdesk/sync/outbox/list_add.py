"""Putting people on the list after their events: many by bulk calls, the others one by one (design R3)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from ccdesk.consent.route import Method
from ccdesk.core.errors import ItemError, ListGone, RequestRefused
from ccdesk.core.limits import LIST_JOB_MAX_IDS
from ccdesk.core.models import Contact, Link, Standing
from ccdesk.core.ports.mail import Activity
from ccdesk.core.words import marked
from ccdesk.sync.context import RunContext
from ccdesk.sync.mapping import to_fields
from ccdesk.sync.outbox.bulk import AllRefused, by_halves
from ccdesk.sync.outbox.jobs import JobFailed, as_item
from ccdesk.sync.outbox.single_add import (
    Addition,
    on_list_link,
    put_done,
    put_one,
    store_intents,
    withdraw_intent,
)
from ccdesk.sync.outbox.verify import Fail, Settle, members_among

_EARLIER = timedelta(seconds=2)  # the service's dates have whole seconds
_BULK_FROM = 10  # so many new contacts at once go by one import instead of a call each
_ALONE = 25  # so many whom an import left out are sent by calls of their own at once


class NotOnList(ItemError):
    """The call was done by its own word, but the person is not shown on the list."""

    title = marked("Not on the list after it was sent to Constant Contact; it is tried again")
    meaning = marked("Constant Contact may show its changes late, or has left this person out.")
    retry_helps = True


def list_add(ctx: RunContext, additions: Sequence[Addition], *, settle: Settle, fail: Fail) -> None:
    """Put everybody on the list: many new ones by import, foreign ones by a list job, the rest one by one."""
    many = [p for p in additions if p.bulk_ready]
    if len(many) < _BULK_FROM:
        many = []
    adds = [p for p in additions if p.decision.method is Method.ADD_TO_LIST]
    bulk = {id(p) for p in (*many, *adds)}
    for addition in additions:
        if id(addition) not in bulk:
            ctx.check_cancel()
            put_one(ctx, addition, settle, fail)
    if many:
        _import(ctx, many, settle, fail)
    for start in range(0, len(adds), LIST_JOB_MAX_IDS):
        _add(ctx, adds[start : start + LIST_JOB_MAX_IDS], settle, fail)


def _import(ctx: RunContext, many: Sequence[Addition], settle: Settle, fail: Fail) -> None:
    """Send many by import; whom none takes goes by an own call, which may yet do without the fields."""
    before = store_intents(ctx, many)
    began = ctx.mail_now()

    def start(group: Sequence[Addition]) -> Activity:
        rows = [ctx.mail.import_row(to_fields(addition.customer).fields) for addition in group]
        return ctx.mail.start_import(rows, ctx.settings.list_id)

    def landed(group: Sequence[Addition]) -> list[int]:
        seen = _made_since(ctx, began)
        return [place for place, addition in enumerate(group) if addition.customer.email_key in seen]

    try:
        done = by_halves(ctx, many, start, landed)
    except (AllRefused, ListGone) as error:
        withdraw_intents(ctx, many, before)
        raise (error.error if isinstance(error, AllRefused) else error) from error
    _read_back(ctx, done.sent, settle, fail)
    for addition, refusal in done.refused:
        if isinstance(refusal, RequestRefused):
            withdraw_intent(ctx, addition, before.get(addition.customer.id))
        put_one(ctx, addition, settle, fail)


def withdraw_intents(ctx: RunContext, additions: Sequence[Addition], before: dict[int, Link]) -> None:
    """Withdraw the intents of many of whom nobody was taken."""
    for addition in additions:
        withdraw_intent(ctx, addition, before.get(addition.customer.id))


def _made_since(ctx: RunContext, began: datetime) -> set[str]:
    """Return the emails of contacts made or changed since: a failed import has brought those all the same.

    Who of them has left the list again must not be put back by a second try.
    """
    return {
        contact.email_key
        for page in ctx.mail.contacts(updated_after=began - _EARLIER)
        for contact in page
        if contact.id and contact.email
    }


def _read_back(ctx: RunContext, sent: Sequence[Addition], settle: Settle, fail: Fail) -> None:
    wanted = {addition.customer.email_key: addition for addition in sent}
    found: dict[str, Contact] = {}
    for page in ctx.mail.contacts(list_id=ctx.settings.list_id, with_fields=True) if sent else ():
        ctx.check_cancel()
        found.update((c.email_key, c) for c in page if c.email_key in wanted and c.standing is Standing.IN)
    left_out = []
    for key, addition in wanted.items():
        contact = found.get(key)
        if contact is not None:
            put_done(ctx, addition, on_list_link(ctx, addition, contact.id, contact), settle)
        else:
            left_out.append(addition)
    _try_alone(ctx, left_out, settle, fail)


def _try_alone(ctx: RunContext, left_out: Sequence[Addition], settle: Settle, fail: Fail) -> None:
    """Send those whom an import left out without a word by own calls: they say why, and try the plain fields.

    Another import would leave out the same rows again. Who is there already, but shown late, is a conflict
    and looked at again. The next run goes on where too many are left out.
    """
    for number, addition in enumerate(left_out):
        if number < _ALONE:
            ctx.check_cancel()
            put_one(ctx, addition, settle, fail)
        else:
            fail(ctx, addition.event, NotOnList(), addition.customer.email)


def _add(ctx: RunContext, adds: Sequence[Addition], settle: Settle, fail: Fail) -> None:
    before = store_intents(ctx, adds)

    def ids_of(group: Sequence[Addition]) -> list[str]:
        return [addition.contact.id for addition in group if addition.contact is not None]

    def start(group: Sequence[Addition]) -> Activity:
        return ctx.mail.start_add(ids_of(group), ctx.settings.list_id)

    try:
        done = by_halves(ctx, adds, start)
    except (AllRefused, ListGone) as error:
        withdraw_intents(ctx, adds, before)
        raise (error.error if isinstance(error, AllRefused) else error) from error
    refusals = {id(addition): refusal for addition, refusal in done.refused}
    tried = [*done.sent, *(addition for addition, _ in done.refused)]
    members = members_among(ctx, ids_of(tried), unreadable=False)
    for addition in tried:
        assert addition.contact is not None
        refusal = refusals.get(id(addition))
        if refusal and addition.contact.id not in members:
            withdraw_intent(ctx, addition, before.get(addition.customer.id))
            again = isinstance(refusal, JobFailed)  # by its own word the service, and not this person
            fail(ctx, addition.event, as_item(refusal, retry_helps=again), addition.customer.email)
        elif addition.contact.id in members:
            put_done(
                ctx, addition, on_list_link(ctx, addition, addition.contact.id, addition.contact), settle
            )
        else:
            fail(ctx, addition.event, NotOnList(), addition.customer.email)
