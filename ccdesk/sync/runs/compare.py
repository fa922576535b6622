"""The daily compare of everything with the links: the net for whatever the polls missed (design R4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from ccdesk.core.models import Contact, Customer, Link, LinkState
from ccdesk.core.runs import EventStatus
from ccdesk.sync import state_names as names
from ccdesk.sync.agreement import as_read, not_exported
from ccdesk.sync.context import RunContext
from ccdesk.sync.item_errors import ITEM_ERRORS
from ccdesk.sync.observing import observing
from ccdesk.sync.outbox.shop import write_back
from ccdesk.sync.plan_events import Change, what_changed
from ccdesk.sync.plan_inbound import Observation
from ccdesk.sync.put_back import Sightings, links_of, note_put_back
from ccdesk.sync.runs.list_scan import not_known
from ccdesk.sync.runs.take_in import save
from ccdesk.sync.sensors.identity import resolve_identity
from ccdesk.sync.sensors.shop_changes import event_of, with_flag_noted

_PAGE = 500


def run_full_compare(ctx: RunContext) -> None:
    """Read both sides whole; queue what Kibo changed, write back what Constant Contact changed."""
    ctx.store.staging.clear()
    ctx.require_list()
    with ctx.mail.for_opt_outs():
        _scan_contacts(ctx)
        _compare_links(ctx)
    began = _sweep_customers(ctx)
    if not _find_gone(ctx):  # else it is not sure that everybody was seen as they were then
        ctx.store.state.set_time(names.SWEPT_AT, began)
    write_back(ctx)
    ctx.store.state.set_time(names.COMPARED_AT, ctx.clock.now())
    ctx.store.staging.clear()


def _scan_contacts(ctx: RunContext) -> None:
    done = 0
    ctx.progress("Reading contacts from Constant Contact")
    for page in ctx.mail.contacts():
        ctx.check_cancel()
        ctx.store.staging.add_contacts(resolve_identity(ctx, page)[0])
        done += len(page)
        ctx.progress("Reading contacts from Constant Contact", done)


def _compare_links(ctx: RunContext) -> None:
    after = -1
    while links := ctx.store.links.page(after, _PAGE):
        ctx.check_cancel()
        after = links[-1].customer_id
        compare_with(ctx, links, ctx.store.staging.contacts([link.email_key for link in links]))


def compare_with(ctx: RunContext, links: Sequence[Link], contacts: Mapping[str, Contact]) -> None:
    """Compare some links with their contacts, by compared email, and store what is new."""
    observe = observing(ctx)
    observations: list[Observation] = []
    seen = Sightings()
    for link in links:
        try:
            contact = _contact_of(ctx, link, contacts.get(link.email_key))
        except ITEM_ERRORS as error:
            not_known(ctx, link, error)
            continue
        if contact is None and not link.contact_id:
            seen.settled.append(link.customer_id)
            continue
        observation = observe(contact, link)
        if observation.link != link:
            observations.append(observation)
        seen.told.update([link.customer_id] if observation.reason else [])
        if not observation.off:
            seen.add_one(contact, observation.link, links_of(ctx, observation.link), ctx.settings.list_id)
    save(ctx, observations)
    note_put_back(ctx, seen)


def _contact_of(ctx: RunContext, link: Link, found: Contact | None) -> Contact | None:
    """The link's contact: by email, or by id where its email was changed there, which is no deletion."""
    if (
        found is not None
        or not link.contact_id
        or link.state in (LinkState.CONTACT_DELETED, LinkState.CLOSED)
    ):
        return found
    contact = ctx.mail.get(link.contact_id)
    ctx.answered()
    return contact


def _sweep_customers(ctx: RunContext) -> datetime | None:
    """Queue every customer whose consent or email differs from what we last acted on (kibo.md §13.8).

    Before the first export nobody has been acted on: a customer who has no link then is the export's
    business. Returns when the reading began, by Kibo's clock.
    """
    done = 0
    began: datetime | None = None
    exported = bool(ctx.store.state.get(names.BASELINE))
    for page in ctx.shop.everyone():
        began = began or ctx.shop.server_time
        ctx.check_cancel()
        ctx.seen(page)
        ctx.store.staging.see_customers([customer.id for customer in page])
        links = ctx.store.links.many([customer.id for customer in page])
        with ctx.store.transaction():
            for customer in page:
                link = links.get(customer.id)
                differs = _differs(ctx, customer, link)
                if link is not None and customer.readable:
                    _note(ctx, link, customer, differs=differs)
                if differs and (exported or link is not None):
                    ctx.counts["queued"] += int(_queue(ctx, customer))
        done += len(page)
        ctx.progress("Comparing customers in Kibo", done)
    return began


def _note(ctx: RunContext, link: Link, customer: Customer, *, differs: bool) -> None:
    """Note what an account shows: of its flag, and whether it counts where no run is to act on it anyway."""
    noted = with_flag_noted(ctx, link, customer)
    if not differs:
        noted = as_read(noted, customer)
    if noted != link:
        ctx.store.links.save([noted])


def queue_if_changed(ctx: RunContext, customer: Customer, link: Link | None) -> None:
    """Queue a customer whose consent or email differs from what we last acted on."""
    if _differs(ctx, customer, link):
        ctx.counts["queued"] += int(_queue(ctx, customer))


def queue_gone(ctx: RunContext, link: Link) -> None:
    """Queue the account of a link that Kibo does not show any more."""
    gone = Customer(link.customer_id, link.email, False, updated_at=ctx.clock.now())
    ctx.counts["queued"] += int(ctx.store.queue.add(event_of(ctx, gone)))


def _queue(ctx: RunContext, customer: Customer) -> bool:
    """Queue a customer; again if the entry of this very change was closed: it has not led to agreement."""
    event = event_of(ctx, customer)
    known = ctx.store.queue.get(event.event_id)
    if known is not None and known.status is EventStatus.PROCESSED:
        event = event_of(ctx, replace(customer, updated_at=ctx.clock.now()))
    return ctx.store.queue.add(event)


def _differs(ctx: RunContext, customer: Customer, link: Link | None) -> bool:
    if not customer.readable or (link is not None and link.state is LinkState.CLOSED):
        return True
    passed_over = bool(not_exported(customer, guests=ctx.settings.guests))
    if passed_over and (link is None or link.kibo_opted_in is not True):
        return link is not None and not customer.accepts_marketing and link.cleared_is_opt_out
    return what_changed(customer, link) is not Change.NOTHING


def _find_gone(ctx: RunContext) -> bool:
    """Queue links whose customer the sweep did not see; processing asks Kibo about each (404 = gone).

    Returns whether there is any.
    """
    after, found = -1, False
    while links := ctx.store.links.page(after, _PAGE):
        ctx.check_cancel()
        after = links[-1].customer_id
        seen = ctx.store.staging.seen_customers([link.customer_id for link in links])
        with ctx.store.transaction():
            for link in links:
                if link.customer_id not in seen and link.state is not LinkState.CLOSED:
                    queue_gone(ctx, link)
                    found = True
    return found
