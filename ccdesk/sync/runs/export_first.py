"""The first export onto a list that has members already (design §3a R2).

Customers who are contacts in good standing but not on this list may have left it, while another program, an
earlier installation or nobody was watching. So a person says what becomes of them: they are left out until
they opt in anew, or they are added. An empty list needs no question: nobody can have left it.
"""

from __future__ import annotations

from dataclasses import replace

from ccdesk.core.errors import ListHasMembers
from ccdesk.core.models import Contact, Customer, Link
from ccdesk.core.ports.store import Store
from ccdesk.core.runs import OffList
from ccdesk.core.words import counted, marked
from ccdesk.sync import state_names as names
from ccdesk.sync.context import RunContext
from ccdesk.sync.runs.export_session import ExportSession

LEFT_TO_EXPORT = (
    "in Constant Contact but not on the list, which they may have left: decided with the first export"
)


def list_has_members(people: int, list_name: str) -> ListHasMembers:
    """Return the question about so many customers."""
    return ListHasMembers(
        counted(
            "{n} customers are contacts but not on the list “{list_name}”",
            "{n} customer is a contact but not on the list “{list_name}”",
            people,
        ).format(list_name=list_name),
        meaning=marked(
            "This list had members before ccdesk's first export to it, and people who once left it would "
            "be mailed again. Nobody was sent yet."
        ),
        code="list_has_members",
    )


def settle_question(ctx: RunContext, export: ExportSession, members: int) -> ExportSession:
    """Return the export with what is known, before planning, of customers who are not on the list.

    An answer given once holds until the export is done, whoever goes on with it.
    """
    answer = export.off_list
    if ctx.off_list is not OffList.ASK:
        answer = ctx.off_list
    elif answer is OffList.ASK and (is_exported(ctx) or not members):
        answer = OffList.NEWLY
    if answer is not export.off_list:
        export = replace(export, off_list=answer)
        export.save(ctx)
    return export


def is_exported(ctx: RunContext) -> bool:
    """Say whether the active list needs no question (`note_exported`)."""
    known = ctx.store.state.get(names.EXPORTED_LISTS)
    if known:
        return ctx.settings.list_id in known.split()
    # Kept by a version that did not note the lists: it had exported the one that people are on.
    return bool(ctx.store.state.get(names.BASELINE)) and ctx.store.links.count(on_list=True) > 0


def has_left_out(ctx: RunContext) -> bool:
    """Say whether staff left people out of the active list at its first export (`note_exported`)."""
    return ctx.settings.list_id in ctx.store.state.get(names.LEFT_OUT_LISTS).split()


def note_exported(store: Store, list_id: str, *, left_out: bool = False) -> None:
    """Remember that a list needs no question: an export onto it is complete, or ccdesk made the list.

    `left_out`: people were left out of it.
    """
    for name, counts in ((names.EXPORTED_LISTS, True), (names.LEFT_OUT_LISTS, left_out)):
        known = store.state.get(name).split()
        if counts and list_id not in known:
            store.state.set(name, " ".join([*known, list_id]))


def forget_answer(store: Store, list_id: str) -> None:
    """Have a list of which people were left out ask again, should it ever be chosen again.

    A link remembers of one list only that its person was left out of it.
    """
    if list_id not in store.state.get(names.LEFT_OUT_LISTS).split():
        return
    for name in (names.EXPORTED_LISTS, names.LEFT_OUT_LISTS):
        rest = [one for one in store.state.get(name).split() if one != list_id]
        # Never empty: that would read as kept by a version that did not note the lists.
        store.state.set(name, " ".join(rest or ["-"]))


def is_first_exports_business(
    ctx: RunContext, customer: Customer, contact: Contact, link: Link | None
) -> bool:
    """Say whether an event is no new opt-in, and the person may have left the list before ccdesk came.

    Before any export, an account nobody has acted on yet is known by this change alone, and that may be an
    order. Opted in since ccdesk's first look it is acted on like any other.
    """
    if link is not None or ctx.store.state.get(names.BASELINE):
        return False
    if ctx.settings.list_id in contact.list_ids:
        return False
    began = ctx.store.state.get_time(names.EVENTS_BEGAN)
    if began is None or (customer.created_at is not None and customer.created_at > began):
        return False
    set_at = ctx.shop.opt_in_set_at(customer.id)
    return set_at is None or set_at <= began
