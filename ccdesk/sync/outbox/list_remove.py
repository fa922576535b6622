"""Taking people off the active list; other lists are not touched, nobody is unsubscribed (design R3)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from ccdesk.core.batches import batched
from ccdesk.core.errors import ItemError
from ccdesk.core.intents import Act, Ended
from ccdesk.core.limits import LIST_JOB_MAX_IDS
from ccdesk.core.models import Link
from ccdesk.core.ports.mail import Activity
from ccdesk.core.words import marked
from ccdesk.sync.context import RunContext
from ccdesk.sync.item_errors import ITEM_ERRORS, concerning_one
from ccdesk.sync.journal import line_of
from ccdesk.sync.outbox import bulk
from ccdesk.sync.outbox.bulk import AllRefused, by_halves
from ccdesk.sync.outbox.former_emails import former_ids
from ccdesk.sync.outbox.jobs import as_item
from ccdesk.sync.outbox.removal import Job, Removal, job_of
from ccdesk.sync.outbox.verify import Fail, Settle, members_among
from ccdesk.sync.reconcile import Reconciler
from ccdesk.sync.sensors.accounts import AccountsByEmail
from ccdesk.sync.sensors.list_contacts import ListContacts
from ccdesk.sync.sensors.shop_changes import queue_again

BEING_TAKEN_OFF = "opted out in Kibo: being taken off the list"
"""What staff see of a removal that is under way."""

_READ_BACK_AFTER = 10  # jobs: reading back takes a scan of the whole list


class StillOnList(ItemError):
    """The removal was done by its own word, but the person is still shown on the list."""

    title = marked("Still on the list after the removal; it is tried again")
    meaning = marked("Constant Contact may show its changes late. Nothing was lost.")
    retry_helps = True


def list_remove_later(ctx: RunContext, links: Sequence[Link]) -> None:
    """Have customers whose opt-out in Kibo was left as it was taken off the list, by a queue entry."""
    with ctx.store.transaction():
        for link in links:
            _begin(ctx, link)
            queue_again(ctx, link.customer_id)


def _begin(ctx: RunContext, link: Link, event_id: str = "") -> None:
    """Store that somebody is being taken off the list, in link and journal."""
    begun = replace(
        link,
        kibo_opted_in=False,
        agreed=False,
        on_list=False,
        note=BEING_TAKEN_OFF,
        passed_by=False,
        seen_set=False,
    )
    with ctx.store.transaction():
        ctx.store.links.save([begun])
        ctx.store.intents.begin([line_of(ctx, Act.REMOVE, begun, event_id=event_id, by_job=True)])


def list_remove(
    ctx: RunContext,
    removals: Sequence[Removal],
    accounts: AccountsByEmail,
    *,
    settle: Settle,
    fail: Fail,
) -> None:
    """Remove people from the list in jobs of up to 500 and read back that they are off it.

    Their former emails go in the same jobs (design §3a R3). Opt-outs may use the calls kept in reserve
    (design §4).
    """
    jobs: list[Job] = []
    with ctx.mail.for_opt_outs():
        contacts = _contacts(ctx, removals)
        reconciler = Reconciler(ctx)
        for removal in removals:
            ctx.check_cancel()
            try:
                with concerning_one(removal.customer.id):
                    job = job_of(ctx, removal, contacts, accounts, reconciler, settle)
            except ITEM_ERRORS as error:
                fail(ctx, removal.event, error, removal.customer.email)
                continue
            ctx.answered()
            if job.contact_ids:
                jobs.append(job)
            else:
                _close(ctx, job, fail)
        for groups in batched(_packed(jobs), _READ_BACK_AFTER):
            _remove(ctx, groups, fail)


def _contacts(ctx: RunContext, removals: Sequence[Removal]) -> ListContacts:
    former = former_ids(ctx, (one.link.customer_id for one in removals))
    return ListContacts(ctx, [one.link for one in removals if one.kept_by is None], former)


def _packed(jobs: Iterable[Job]) -> Iterator[list[Job]]:
    """Yield people in groups of as many contacts as one call takes."""
    group: list[Job] = []
    size = 0
    for job in jobs:
        if group and size + len(job.contact_ids) > LIST_JOB_MAX_IDS:
            yield group
            group, size = [], 0
        group.append(job)
        size += len(job.contact_ids)
    if group:
        yield group


def _remove(ctx: RunContext, groups: Sequence[Sequence[Job]], fail: Fail) -> None:
    """Take people off the list by a job for each group, then read back once who is off it.

    Raises:
        CcdeskError: the service takes nobody; those whose jobs were done before that are settled.

    """
    done: bulk.Outcome[Job] = bulk.Outcome()
    try:
        for group in groups:
            _send(ctx, group, done)
    except AllRefused as error:
        for job in group:
            _end_former(ctx, job, Ended.REFUSED)
        _read_back(ctx, done, fail)
        raise error.error from error
    _read_back(ctx, done, fail)


def _send(ctx: RunContext, jobs: Sequence[Job], done: bulk.Outcome[Job]) -> None:
    ctx.check_cancel()
    with ctx.store.transaction():
        for job in jobs:
            _store_intent(ctx, job)

    def start(group: Sequence[Job]) -> Activity:
        return ctx.mail.start_remove(_ids_of(group), ctx.settings.list_id)

    outcome = by_halves(ctx, jobs, start)
    done.sent += outcome.sent
    done.refused += outcome.refused


def _ids_of(jobs: Sequence[Job]) -> list[str]:
    return list(dict.fromkeys(contact_id for job in jobs for contact_id in job.contact_ids))


def _read_back(ctx: RunContext, done: bulk.Outcome[Job], fail: Fail) -> None:
    refusals = {id(job): refusal for job, refusal in done.refused}
    tried = [*done.sent, *(job for job, _ in done.refused)]
    still = members_among(ctx, _ids_of(tried), unreadable=True)
    for job in tried:
        refusal = refusals.get(id(job))
        if not still.intersection(job.contact_ids):
            with ctx.store.transaction():
                _end_former(ctx, job, Ended.DONE)
                _close(ctx, job, fail)
        else:
            _end_former(ctx, job, Ended.UNKNOWN)
            # An opt-out is never given up: it is tried again and again, whatever refused it.
            why = as_item(refusal, retry_helps=True) if refusal else job.error or StillOnList()
            fail(ctx, job.removal.event, why, job.removal.customer.email)


def _close(ctx: RunContext, job: Job, fail: Fail) -> None:
    """Settle the entry of somebody who is off the list, or keep it where a contact could not be read."""
    if job.error is not None:
        fail(ctx, job.removal.event, job.error, job.removal.customer.email)
        return
    names = ", ".join(one.email for one in job.former)
    with ctx.store.transaction():
        ctx.store.links.forget_former(job.removal.link.customer_id, ctx.settings.list_id)
        job.close(f"; taken off under the former email as well: {names}" if names else "")


def _store_intent(ctx: RunContext, job: Job) -> None:
    """Store the intent: should its outcome never be seen, nobody left the list, and an opt-in is new."""
    link = job.removal.link
    if job.own:
        _begin(ctx, link, job.removal.event.event_id)
        _note_others_off(ctx, link)
    for one in job.former:
        _note_others_off(ctx, Link(link.customer_id, email=one.email))
        former = replace(link, email=one.email, contact_id=one.id)
        ctx.store.intents.begin([line_of(ctx, Act.REMOVE, former, by_job=True)])


def _end_former(ctx: RunContext, job: Job, ended: Ended) -> None:
    """Close the lines begun last, one for each former contact; what else is begun for the account stays."""
    with ctx.store.transaction():
        for _ in job.former:
            ctx.store.intents.end_last([job.removal.link.customer_id], ended)


def _note_others_off(ctx: RunContext, link: Link) -> None:
    """Note on the person's other accounts that we took them off the list: nobody left it (design R6).

    Those accounts count for nothing as they are, a disabled one for instance. Once one counts again, its
    opt-in is acted on as if it were new.
    """
    others = [one for one in ctx.store.links.by_email(link.email_key) if one.on_list]
    ctx.store.links.save(
        replace(one, on_list=False, agreed=None, kibo_opted_in=None if one.kibo_opted_in else False)
        for one in others
        if one.customer_id != link.customer_id
    )
