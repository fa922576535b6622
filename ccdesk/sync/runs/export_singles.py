"""People of an export who go by a call each: emails of 51–80 characters; the import stops at 50 (R2)."""

from __future__ import annotations

from dataclasses import replace

from ccdesk.core.errors import AnswerLost, ItemError
from ccdesk.core.exporting import Planned
from ccdesk.sync.context import RunContext
from ccdesk.sync.outbox.jobs import add_one
from ccdesk.sync.outbox.plain import PLAINLY, has_more, may_be_the_fields, plain_note, sent_fields
from ccdesk.sync.plan_export import Action
from ccdesk.sync.runs.export_session import begin, pages_of

FAILED = "_failed"
"""What follows the action of somebody whose own call was refused."""


def to_send(ctx: RunContext) -> int:
    """Return how many people an export sends in all, as far as that is known."""
    return max(ctx.sent, (ctx.expected or 0) - ctx.total)


def single_calls(ctx: RunContext, action: Action) -> None:
    """Send everybody with that action, each by a call."""
    for page in pages_of(ctx, action.value):
        for person in page:
            ctx.check_cancel()
            try:
                _full_or_plain(ctx, person, action)
                ctx.answered()
            except AnswerLost as error:
                if action is not Action.CREATE:
                    raise  # being on the list does not tell whether the fields were written
                ctx.tolerate_item_error(
                    error
                )  # it may be done: reading back tells, and nobody else waits for that
            except ItemError as error:
                words = f"{error.title}. {error.meaning}" if error.meaning else error.title
                failed = replace(person, action=action.value + FAILED, reason=words)
                ctx.store.exports.decide([failed])
            ctx.sent += 1
            ctx.progress("Sending to Constant Contact", ctx.sent, to_send(ctx))


def _full_or_plain(ctx: RunContext, person: Planned, action: Action) -> None:
    """Send one person with all fields; where these are refused once more with email and list alone."""
    try:
        _single_call(ctx, person, action)
    except ItemError as error:
        if not may_be_the_fields(error) or not has_more(sent_fields(ctx, person)):
            raise
        reason = f"{person.reason}; {plain_note(error)}"
        plainly = replace(person, action=action.value + PLAINLY, reason=reason)
        _single_call(ctx, plainly, action)
        ctx.store.exports.decide([plainly])


def _single_call(ctx: RunContext, person: Planned, action: Action) -> None:
    begin(ctx, [person], ctx.store.links.many([person.customer.id]), ctx.mail_now())
    fields = sent_fields(ctx, person)
    if action is Action.CREATE:
        ctx.mail.create(fields, ctx.settings.list_id, by_person=False)
        return
    if PLAINLY in person.action:
        add_one(ctx, person.contact_id)  # a PUT would clear the fields it leaves out
    else:
        ctx.mail.rewrite(person.contact_id, fields, ctx.settings.list_id)
