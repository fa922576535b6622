"""Both sides read whole and now, and compared person by person (design §8); nothing is written to either."""

from __future__ import annotations

from collections.abc import Sequence

from ccdesk.core.drift import Drift, DriftKind, MailShows, ShopShows, Sides
from ccdesk.core.models import Contact, Customer
from ccdesk.sync.agreement import wants_mail
from ccdesk.sync.context import RunContext
from ccdesk.sync.drift_kinds import REASONS
from ccdesk.sync.mapping import check_email
from ccdesk.sync.plan_drift import DriftRules, drift_of
from ccdesk.sync.reconcile import rules_of_run
from ccdesk.sync.sensors.identity import resolve_identity

_PAGE = 500
_READING_MAIL = "Reading contacts from Constant Contact"
_READING_SHOP = "Reading customers from Kibo"
_COMPARING = "Comparing both sides"


def compare_sides(ctx: RunContext) -> None:
    """Read both sides and leave what differs in `store.drifts`; the caller ends its tables.

    Raises:
        CcdeskError: a service cannot be read; nothing is known then.

    """
    drifts = ctx.store.drifts
    drifts.begin(ctx.settings.list_id)
    ctx.require_list()
    drifts.keep(_unreadable(one) for one in _read_contacts(ctx))
    _read_customers(ctx)
    drifts.sort_out()
    _decide(ctx)
    drifts.finish(REASONS)


def _read_contacts(ctx: RunContext) -> list[Contact]:
    """Keep all contacts; return those of whom it cannot be read whose they are."""
    unreadable: list[Contact] = []
    done = 0
    ctx.progress(_READING_MAIL)
    for page in ctx.mail.contacts():
        ctx.check_cancel()
        known, apart = resolve_identity(ctx, page)
        ctx.store.drifts.add_contacts(known)
        unreadable += apart
        done += len(page)
        ctx.progress(_READING_MAIL, done)
    return unreadable


def _read_customers(ctx: RunContext) -> None:
    done, guests = 0, ctx.settings.guests
    ctx.progress(_READING_SHOP)
    for page in ctx.shop.everyone():
        ctx.check_cancel()
        wanting = [(one, one.readable and wants_mail(one, guests=guests)) for one in page]
        ctx.store.drifts.add_accounts([(one, wants, wants and _is_sendable(one)) for one, wants in wanting])
        done += len(page)
        ctx.progress(_READING_SHOP, done)


def _is_sendable(customer: Customer) -> bool:
    return check_email(customer.email.strip()) is None


def _decide(ctx: RunContext) -> None:
    """Look at everybody who is neither plainly in step nor a stranger."""
    drifts, rules = ctx.store.drifts, rules_of_run(ctx)
    number, done = 0, 0
    while people := drifts.without_email(number, _PAGE):
        ctx.check_cancel()
        number = people[-1].accounts[0].id
        drifts.keep(_found(people, rules))
    key = ""
    ctx.progress(_COMPARING)
    while people := drifts.undecided(key, _PAGE):
        ctx.check_cancel()
        key = people[-1].key
        drifts.keep(_found(people, rules), [one.contact.id for one in people if one.contact is not None])
        done += len(people)
        ctx.progress(_COMPARING, done)


def _found(people: Sequence[Sides], rules: DriftRules) -> list[Drift]:
    return [found for one in people if (found := drift_of(one, rules)) is not None]


def _unreadable(contact: Contact) -> Drift:
    """Return the row of a contact that may be anybody's."""
    reason = f"contact {contact.id or 'without an id'}: it cannot be read whose it is"
    return Drift(contact.email, (), DriftKind.UNREADABLE, ShopShows.NO_ACCOUNT, MailShows.UNREADABLE, reason)
