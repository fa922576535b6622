"""Taking people off the list whom a run had put there: membership only, and nobody's opt-out (design §8).

The links say so before the call is made: should its outcome never be seen, nobody has left the list.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ccdesk.core.batches import batched
from ccdesk.core.errors import CcdeskError, ItemError, RequestRefused
from ccdesk.core.intents import Act, Ended
from ccdesk.core.limits import LIST_JOB_MAX_IDS
from ccdesk.core.models import Contact, Link, LinkState
from ccdesk.core.ports.mail import Activity
from ccdesk.core.runs import Entry, Outcome
from ccdesk.core.words import marked
from ccdesk.sync.context import RunContext
from ccdesk.sync.journal import line_of
from ccdesk.sync.outbox import bulk
from ccdesk.sync.outbox.bulk import AllRefused, by_halves
from ccdesk.sync.outbox.jobs import as_item
from ccdesk.sync.outbox.verify import members_among
from ccdesk.sync.undoing import Doing, undone, undone_words

_READ_BACK_AFTER = 10  # jobs: reading back takes a scan of the whole list


class StillShown(ItemError):
    """The removal was done by its own word, but the list still shows the person."""

    title = marked("Still shown on the list after the removal")
    meaning = marked("Constant Contact may show its changes late. Nothing was lost.")
    next_step = marked("Undo the run once more in ten minutes.")
    retry_helps = True


@dataclass(frozen=True, slots=True)
class TakeBack:
    """One person to be taken off: their contact, and their accounts' links as they are until then."""

    doing: Doing
    contact: Contact
    links: tuple[Link, ...]
    reason: str


def taken_off(ctx: RunContext, link: Link, undoes: int, *, own: bool) -> Link:
    """Return the link of an account whose person is taken off the list by an undo.

    One that is opted in stays so, and is off the list until it states something new: the `own` account that
    the run acted for, and those that count beside it. Another one's opt-out stays what it is.
    """
    if (link.kibo_opted_in is False and not own) or link.state in _SETTLED_ELSEWHERE:
        return replace(link, on_list=False, written_at=ctx.mail_now())
    return replace(
        undone(link, undone_words(undoes), ctx.mail_now()), kibo_opted_in=True, on_list=False, out_since=None
    )


_SETTLED_ELSEWHERE = (LinkState.CLOSED, LinkState.NEWCOMER, LinkState.NEWCOMER_LEFT)


def take_back(ctx: RunContext, people: Sequence[TakeBack], undoes: int) -> None:
    """Take people off the list in jobs of up to 500, read back who is off it, and make their entries.

    Raises:
        CcdeskError: the service takes nobody, or cannot be used; those off the list by then are settled,
            and the next undo of the run goes on.

    """
    for some in batched(people, LIST_JOB_MAX_IDS * _READ_BACK_AFTER):
        done: bulk.Outcome[TakeBack] = bulk.Outcome()
        try:
            for group in batched(some, LIST_JOB_MAX_IDS):
                _send(ctx, group, undoes, done)
        except AllRefused as error:
            known = {id(one) for one in (*done.sent, *(one for one, _ in done.refused))}
            done.refused += [(one, error.error) for one in group if id(one) not in known]
            _read_back(ctx, done, undoes)
            raise error.error from error
        _read_back(ctx, done, undoes)


def _send(ctx: RunContext, group: Sequence[TakeBack], undoes: int, done: bulk.Outcome[TakeBack]) -> None:
    ctx.check_cancel()
    with ctx.store.transaction():
        for one in group:
            ctx.store.links.save(_all_off(ctx, one.doing, one.links, undoes))
            line = line_of(ctx, Act.REMOVE, replace(_own(one), contact_id=one.contact.id), by_job=True)
            ctx.store.intents.begin([replace(line, undoes=undoes)])

    def start(people: Sequence[TakeBack]) -> Activity:
        ids = list(dict.fromkeys(one.contact.id for one in people))
        return ctx.mail.start_remove(ids, ctx.settings.list_id)

    outcome = by_halves(ctx, group, start)
    done.sent += outcome.sent
    done.refused += outcome.refused


def _all_off(ctx: RunContext, doing: Doing, links: Sequence[Link], undoes: int) -> list[Link]:
    return [taken_off(ctx, link, undoes, own=link.customer_id == doing.customer_id) for link in links]


def _own(one: TakeBack) -> Link:
    number = one.doing.customer_id
    return next(link for link in one.links if link.customer_id == number)


def _read_back(ctx: RunContext, done: bulk.Outcome[TakeBack], undoes: int) -> None:
    refusals = {id(one): error for one, error in done.refused}
    tried = [*done.sent, *(one for one, _ in done.refused)]
    still = members_among(ctx, [one.contact.id for one in tried], unreadable=True)
    for some in batched(tried, LIST_JOB_MAX_IDS):
        with ctx.store.transaction():  # one for many: ten thousand of their own take minutes
            for one in some:
                if one.contact.id not in still:
                    settle_off(ctx, one.doing, one.links, undoes, one.reason)
                    continue
                refusal = refusals.get(id(one))
                if isinstance(refusal, RequestRefused):  # a job that failed may have been done all the same
                    _put_back(ctx, one)
                failed(ctx, one.doing, as_item(refusal) if refusal else StillShown())


def settle_off(ctx: RunContext, doing: Doing, links: Sequence[Link], undoes: int, reason: str) -> None:
    """Store that somebody is off the list: links, journal and entry move together."""
    with ctx.store.transaction():
        ctx.store.links.save(_all_off(ctx, doing, links, undoes))
        ctx.store.intents.end([link.customer_id for link in links], Ended.DONE)
        ctx.store.disagreements.settle([link.customer_id for link in links])
        ctx.record([Entry(doing.customer_id, doing.email, Outcome.REMOVED, reason)])


def failed(ctx: RunContext, doing: Doing, error: CcdeskError) -> None:
    """Make the entry of somebody for whom it could not be done."""
    ctx.record([Entry(doing.customer_id, doing.email, Outcome.ERROR, error.text, error.code)])


def _put_back(ctx: RunContext, one: TakeBack) -> None:
    """Store of somebody whom the service refused to take off that nothing was done."""
    with ctx.store.transaction():
        ctx.store.links.save(one.links)
        ctx.store.intents.end_last([one.doing.customer_id], Ended.REFUSED)
