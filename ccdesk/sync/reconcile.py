"""One person decided about: what links tell and what was just read become a person, and the table decides.

Where dates leave open whether an opt-in is later than what bars it, the shop's audit log is asked, once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property

from ccdesk.consent.columns import Column, shop_side
from ccdesk.consent.decide import Decision, decide
from ccdesk.consent.model import How, Person, Policy
from ccdesk.consent.observe_mail import ContactReading, Look, observe_contact
from ccdesk.consent.rows import mail_side
from ccdesk.consent.window import instant
from ccdesk.core.losses import Held
from ccdesk.core.models import Contact, Customer, Link, Permission
from ccdesk.core.ports.store import Links, State
from ccdesk.sync import state_names as names
from ccdesk.sync.context import RunContext
from ccdesk.sync.later import off_until
from ccdesk.sync.moved_contacts import moved_links
from ccdesk.sync.persons import OptOut, after_opt_out, after_opt_out_and_contact, after_reading, left_out
from ccdesk.sync.plan_drift import DriftRules
from ccdesk.sync.plan_opt_out import Keepers, keepers
from ccdesk.sync.readings import Kept, account_reading
from ccdesk.sync.watermarks import last_look


@dataclass(frozen=True, slots=True)
class Readings:
    """One account and its person's contact as just read, and what is remembered.

    `link`: the account's own, as far as it is about this email; `others`: the links of other accounts with
    the email. `left_out`: staff left people out of the list at its first export, and nothing shows that this
    one was on it.
    """

    account: Customer
    contact: Contact | None
    link: Link | None
    others: Sequence[Link] = ()
    left_out: bool = False


class Reconciler:
    """Decides about the people of one batch, by what goes for all of them."""

    def __init__(self, ctx: RunContext) -> None:
        self._ctx, self._rules = ctx, rules_of_run(ctx)

    @cached_property
    def _held(self) -> tuple[Held, ...]:
        return tuple(self._ctx.store.losses.held())

    def decide(self, read: Readings) -> Decision:
        """Decide what is done for the person."""
        return decide(self._person(read, is_in_doubt), self._rules.policy)

    def keepers(self, read: OptOut) -> Keepers:
        """Say who keeps a person on the list whose account opted out, as far as the shop tells."""
        return keepers(after_opt_out(read, self._kept_of(read)), self._rules.policy)

    def decide_opt_out(self, read: OptOut, contact: Contact | None) -> Decision:
        """Decide what becomes of a person whose account opted out."""
        return decide(after_opt_out_and_contact(read, contact, self._kept_of(read)), self._rules.policy)

    def decide_unread(self, read: OptOut) -> Decision:
        """Decide the same for one whose contact cannot be read, by what is remembered of it."""
        kept, number = self._kept_of(read), read.link.contact_id
        unread = ContactReading(number, Permission.UNKNOWN, instant(kept.now), readable=False)
        look = Look(self._rules.list_id, frozenset())
        return decide(observe_contact(after_opt_out(read, kept), unread, look), self._rules.policy)

    def is_later(self, read: Readings) -> bool:
        """Say whether the account's opt-in is provably later than an opt-out that stands at the mail service.

        Whether it counts, or may lift the opt-out, is another question: a later opt-in is not undone. So the
        audit log is asked of an account that is disabled or a guest's, too.
        """
        person = self._person(read, is_untold)
        barriers, word = mail_side(person, self._rules.policy).barriers, person.word(read.account.id)
        if word is None or word.how is not How.FLAG_SET or not barriers:
            return False
        return all(word.window.surely_after(one.window) for one in barriers)

    def _person(self, read: Readings, in_doubt: Callable[[Person, Policy, int], bool]) -> Person:
        person = self._as_read(read)
        if in_doubt(person, self._rules.policy, read.account.id):
            set_at = self._ctx.shop.opt_in_set_at(read.account.id)
            person = person if set_at is None else self._as_read(read, set_at)
        return person

    def _as_read(self, read: Readings, set_at: datetime | None = None) -> Person:
        ctx, account, contact = self._ctx, read.account, read.contact
        links = [*read.others, *([read.link] if read.link is not None else [])]
        asked = ctx.store.intents.asked(contact.id) if contact is not None else None
        numbers = [account.id, *(one.customer_id for one in links)]
        known = known_since(ctx.store.links, account.email_key, numbers)
        kept = replace(self._kept_now(known), asked=asked)
        moved = moved_links(ctx.store.links, [contact] if contact is not None else [])
        elsewhere = [one for some in moved.values() for one in some if one.customer_id not in numbers]
        looked = off_until(read.link, account, ctx.store.state.get_time(names.BASELINE))
        person = after_reading(
            account_reading(account, kept.skew, kept.now, set_at=set_at),
            contact,
            links,
            self._held,
            kept,
            looked - kept.skew if looked is not None else None,
            elsewhere,
        )
        return left_out(person, contact, kept) if read.left_out else person

    def _kept_of(self, read: OptOut) -> Kept:
        numbers = [one.id for one in read.others] + [one.customer_id for one in (*read.links, read.link)]
        known = known_since(self._ctx.store.links, read.link.email_key, numbers)
        return self._kept_now(known)

    def _kept_now(self, known: Mapping[int, datetime]) -> Kept:
        """Return what is kept, by both clocks as of their last answers."""
        ctx = self._ctx
        return replace(self._rules.kept, now=ctx.mail_now(), skew=ctx.skew(), known=known)


def known_since(links: Links, key: str, accounts: Iterable[int]) -> dict[int, datetime]:
    """Return since when accounts are known under a compared email, of those that are."""
    dates = {one: links.known_since(one, key) for one in set(accounts)}
    return {number: since for number, since in dates.items() if since is not None}


def is_in_doubt(person: Person, policy: Policy, account: int) -> bool:
    """Say whether it cannot be told if this account's opt-in is later than what bars it, and that decides.

    The audit log may tell (docs/consent.md b4, Windows).
    """
    column = shop_side(person, mail_side(person, policy), policy).column
    return column is Column.YES_EARLIER and is_untold(person, policy, account)


def is_untold(person: Person, policy: Policy, account: int) -> bool:
    """Say whether it cannot be told if this account's opt-in, counted or not, is later than what bars it."""
    word = person.word(account)
    if word is None or word.how is not How.FLAG_SET:
        return False
    return any(word.window.after(one.window) is None for one in mail_side(person, policy).barriers)


def rules_of(state: State, list_id: str, now: datetime, skew: timedelta, *, guests: bool) -> DriftRules:
    """Return what a comparison goes by, one person's or everybody's: the same as a run does."""
    began = state.get_time(names.INBOUND_BEGAN)
    return DriftRules(
        list_id,
        guests,
        now,
        skew,
        None if began is not None and began > now else began,
        exported=bool(state.get(names.BASELINE)),
        watched=not state.get(names.FORMER_LIST),
        looked=last_look(state, now + skew),
    )


def rules_of_run(ctx: RunContext) -> DriftRules:
    """Return what this very run goes by."""
    of_run, state = ctx.settings, ctx.store.state
    return rules_of(state, of_run.list_id, ctx.mail_now(), ctx.skew(), guests=of_run.guests)
