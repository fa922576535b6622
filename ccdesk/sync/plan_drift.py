"""How both sides differ about one person: what the table of consent decides about them (design §8).

The person is what links tell and both sides show now (`persons`); what `consent.decide` would do says what
kind of difference it is. So what is named here is what the rules themselves see.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from ccdesk.consent.columns import shop_side
from ccdesk.consent.decide import decide
from ccdesk.consent.model import Policy
from ccdesk.consent.rows import Row, mail_side
from ccdesk.core.clock import parse_time
from ccdesk.core.drift import Drift, DriftKind, MailShows, ShopShows, Sides
from ccdesk.core.losses import Answer
from ccdesk.core.models import Customer, Link, LinkState, Standing, WriteBack
from ccdesk.core.words import Text, marked
from ccdesk.sync.agreement import not_exported, wants_mail
from ccdesk.sync.drift_kinds import (
    DELETED_ON,
    REASONS,
    came_opted_out,
    kind_of_decision,
    never_agreed,
    on_day,
)
from ccdesk.sync.mapping import check_email
from ccdesk.sync.persons import as_shown
from ccdesk.sync.plan_inbound import observe
from ccdesk.sync.put_back import reason_of
from ccdesk.sync.readings import LONG_AGO, Kept
from ccdesk.sync.standing_opt_outs import NEWCOMERS, is_added_by_staff, is_back_since, out_words, unasked


@dataclass(frozen=True, slots=True)
class DriftRules:
    """What the comparison goes by, as a run does: see `plan_inbound.observe` for `now`, `skew` and `began`.

    `exported`: an export has been completed. `watched`: the links speak of the active list, not of the one
    before it. `looked`: see `Kept`.
    """

    list_id: str
    guests: bool
    now: datetime
    skew: timedelta = timedelta(0)
    began: datetime | None = None
    exported: bool = True
    watched: bool = True
    looked: datetime | None = None

    @property
    def policy(self) -> Policy:
        """What the table goes by."""
        return Policy(self.list_id, self.began or LONG_AGO, guests=self.guests)

    @property
    def kept(self) -> Kept:
        """What goes for all that is remembered."""
        return Kept(self.policy, self.skew, self.now, self.began, self.watched, looked=self.looked)


def drift_of(sides: Sides, rules: DriftRules) -> Drift | None:
    """Return how both sides differ about a person, None where they are in step or nobody need act."""
    found = PersonSides(sides, rules)
    kind = found.kind()
    if kind is None:
        return None
    ids = sorted({one.id for one in sides.accounts} | {one.customer_id for one in found.links})
    contact = sides.contact
    email = next((one.email for one in sides.accounts if one.email), contact.email if contact else "")
    shop, mail = found.shop(), found.mail()
    shown = "|".join((rules.list_id, kind, shop, mail, *_shown(sides, rules.list_id)))
    return Drift(email or sides.key, tuple(ids), kind, shop, mail, reason_for(found, kind), shown)


def _shown(sides: Sides, list_id: str) -> tuple[str, str]:
    """Return what decides of what both sides show; `store/drift.py` writes a stranger's in the same way."""
    accounts = (
        f"{one.id}:{one.accepts_marketing:d}{one.is_active:d}{one.is_anonymous:d}{one.readable:d}"
        for one in sorted(sides.accounts, key=lambda one: one.id)
    )
    contact = sides.contact
    if contact is None:
        return ",".join(accounts), ""
    dates = (_exactly(contact.opt_in_at), contact.opt_in_source, _exactly(contact.opt_out_at))
    parts = (contact.id, contact.permission, contact.deleted_at, *dates, contact.opt_out_source)
    return ",".join(accounts), ":".join((*parts, "1" if list_id in contact.list_ids else "0"))


def _exactly(moment: datetime | None) -> str:
    return "" if moment is None else f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}Z"


class PersonSides:
    """One person against the table, for `drift` and `why`: what both sides show, and what the rules say."""

    def __init__(self, sides: Sides, rules: DriftRules) -> None:
        self.sides, self.rules, self.contact = sides, rules, sides.contact
        # One whose email was forgotten is known by its hash only, and belongs here.
        self.links = [one for one in sides.links if one.email_key in ("", sides.key)]
        known = {one.customer_id: one for one in sides.links}
        self.accounts = [(one, known.get(one.id)) for one in sides.accounts]
        person = as_shown(sides, rules.kept)
        mail = mail_side(person, rules.policy)
        shop = shop_side(person, mail, rules.policy)
        self.member, self.row, self.column = mail.member, mail.row, shop.column
        self.decision = decide(person, rules.policy)
        self._noes = {one.subject for one in shop.noes}
        willing = {one.id for one in shop.yes}
        self.yes = [(one, link) for one, link in self.accounts if one.id in willing and one.readable]

    # ------------------------------------------------------------ kind

    def kind(self) -> DriftKind | None:
        """Return the kind of difference: the table's, unless something stands before it."""
        if any(not one.readable for one in self.sides.accounts):
            return None if self.yes and self.row is Row.ON_LIST else DriftKind.UNREADABLE
        if self.yes and not self.sides.key:
            return DriftKind.INVALID_EMAIL
        if self.undone() is not None:
            return DriftKind.UNDONE
        kind = self.by_table()
        if kind is None:
            return self._owed() if self.yes else self._asked()
        held = {one.answer for one in self.sides.held}
        if held & {Answer.MISTAKE, Answer.DROPPED}:
            return DriftKind.MISTAKE
        if not kind.repairable:
            return kind
        if kind in (DriftKind.NOT_ADDED, DriftKind.CHANGE_DUE) and self.bad_email():
            return DriftKind.INVALID_EMAIL
        if self.sides.parked:
            return DriftKind.REFUSED
        return DriftKind.HELD if Answer.NONE in held else kind

    def undone(self) -> Link | None:
        """Return the link by which what a run did was taken back, while both sides differ by that.

        An opt-out at Constant Contact comes before it, and whatever is stated later ends it.
        """
        if self.contact is not None and self.contact.standing is Standing.OUT:
            return None
        off = bool(self.yes) and not self.member
        left_on = self.member and not self.yes
        for one in self.links:
            kept = off if one.kibo_opted_in else left_on
            if one.state is LinkState.UNDONE and kept and not self._is_stated_anew(one):
                return one
        return None

    def _is_stated_anew(self, undone: Link) -> bool:
        """Say whether an opt-in came after an undo that no run has acted on yet."""
        known = {link.customer_id for _, link in self.yes if link is not None and link.kibo_opted_in is True}
        new = any(account.id not in known for account, _ in self.yes)
        pending = (undone.pending, self._observed(undone).pending)
        return new or WriteBack.OPT_IN in pending

    def by_table(self) -> DriftKind | None:
        """Return the kind of difference that the decision names, whatever stands before it."""
        kind = kind_of_decision(
            self.decision,
            counting={one.id for one, _ in self.yes},
            member=self.member,
            acted_on=not self._is_new(),
        )
        if kind is not DriftKind.NEVER_OPTED_IN:
            return kind
        return never_agreed([link for _, link in self.accounts], self.sides.key)

    def _is_new(self) -> bool:
        """Say whether an opt-in was not acted on yet: the next run compares it with what bars it."""
        return any(
            self.rules.exported if link is None else link.kibo_opted_in is not True for _, link in self.yes
        )

    def _owed(self) -> DriftKind | None:
        """Name somebody in step with an opt-out pending that being on the list again does not lift.

        Where staff answered *Add* to it, the person stays; only the accounts that it came from are opted out.
        """
        added = [link for _, link in self.yes]
        skew = self.rules.skew
        pending = (
            one
            for one in self.links
            if one.pending is WriteBack.OPT_OUT
            and not any(is_added_by_staff(link, one, skew) or is_back_since(link, one) for link in added)
        )
        still = (one for one in pending if self._observed(one).pending is WriteBack.OPT_OUT)
        link = next(still, None)
        if link is None:
            return None
        return DriftKind.UNSUBSCRIBED if link.state is LinkState.UNSUBSCRIBED else DriftKind.LEFT_LIST

    def _asked(self) -> DriftKind | None:
        """Name somebody about whom staff are asked, though the account counts for nothing by now."""
        named = (one.accepts_marketing and link.state in NEWCOMERS for one, link in self.accounts if link)
        return DriftKind.NEWCOMER if any(named) else None

    def _observed(self, link: Link) -> Link:
        """Return a link as the next poll would leave it, where there is a contact to read."""
        if self.contact is None or link.state is LinkState.CLOSED:
            return link
        r = self.rules
        return observe(self.contact, link, list_id=r.list_id, now=r.now, skew=r.skew, began=r.began).link

    def bad_email(self) -> str:
        """Say why the email cannot be sent, "" if it can."""
        if not self.sides.key:
            return marked("the customer has no email in Kibo")
        bad = check_email(self.yes[0][0].email.strip()) if self.yes else None
        return bad.reason if bad else ""

    def noes(self) -> list[Link]:
        """Return the links whose account opted out, answered or not, gone or not."""
        return [one for one in self.links if str(one.customer_id) in self._noes]

    def _without_account(self) -> list[Link]:
        """Return the links whose account is gone, or has another email now."""
        here = {one.id for one in self.sides.accounts}
        return [one for one in self.links if one.customer_id not in here and one.state not in NEWCOMERS]

    # ------------------------------------------------------------ in words

    def shop(self) -> ShopShows:
        """Return what the accounts show."""
        if any(wants_mail(one, guests=self.rules.guests) and one.readable for one in self.sides.accounts):
            return ShopShows.OPTED_IN
        if any(not one.readable for one in self.sides.accounts):
            return ShopShows.UNREADABLE
        if any(_is_on(one) for one in self.sides.accounts):
            return ShopShows.NOT_COUNTED
        if not self.sides.accounts:
            return ShopShows.NO_ACCOUNT
        return ShopShows.OPTED_OUT if self.noes() or self.sides.flag_was_cleared else ShopShows.NEVER

    def mail(self) -> MailShows:
        """Return what the contact shows."""
        if self.contact is None:
            return MailShows.NO_CONTACT
        if self.contact.standing is Standing.IN:
            return MailShows.ON_LIST if self.member else MailShows.OFF_LIST
        others = {
            Standing.OUT: MailShows.UNSUBSCRIBED,
            Standing.DELETED: MailShows.DELETED,
            Standing.WAITING: MailShows.WAITING,
        }
        return others[self.contact.standing]

    def failed(self) -> str:
        """Return why an opt-in that was sent is not on the list, "" if none was."""
        return next((one.note for one in self.links if one.kibo_opted_in is None and one.seen_set), "")

    def who_does_not_count(self) -> str:
        """Say why no account agrees any more."""
        for one, _ in self.accounts:
            if _is_on(one) and (why := not_exported(one, guests=self.rules.guests)):
                return why
        if any(came_opted_out(link, self.sides.key) for _, link in self.accounts):
            return marked("the account opted out under another email")
        if any(one.state is LinkState.CLOSED for one in self._without_account()):
            return marked("the account is gone from Kibo")
        return marked("the account has another email in Kibo now")


def _is_on(account: Customer) -> bool:
    return account.accepts_marketing and account.readable


def reason_for(person: PersonSides, kind: DriftKind) -> str:
    """Return the sentence for one person: the kind's, with what is known of this one."""
    text, contact = REASONS[kind], person.contact
    if kind is DriftKind.UNSUBSCRIBED and contact is not None:
        return on_day(contact.opt_out_at, out_words(contact))
    if kind is DriftKind.UNDONE and (undone := person.undone()) is not None:
        return undone.note or text
    if kind is DriftKind.DELETED and contact is not None and contact.deleted_at:
        deleted = parse_time(contact.deleted_at)
        date = deleted.date() if deleted is not None else contact.deleted_at[:10]
        return DELETED_ON.format(reason=text, date=date)
    if kind is DriftKind.CONFIRMING:
        return unasked(person.links) or text
    if kind is DriftKind.WAITING and contact is not None:
        permission = Text(contact.permission.value)
        return marked("waiting in Constant Contact ({permission})").format(permission=permission)
    if kind is DriftKind.PUT_BACK and contact is not None:
        return next((reason_of(contact, one) for one in person.noes()), text)
    if kind is DriftKind.NOBODY_AGREES:
        return marked("{reason}: {why}").format(reason=text, why=person.who_does_not_count())
    if kind is DriftKind.INVALID_EMAIL:
        return person.bad_email() or text
    if kind is DriftKind.NOT_ADDED and (failed := person.failed()):
        return marked("{reason}: {why}").format(reason=text, why=Text(failed))
    if kind is DriftKind.REFUSED and person.sides.parked:
        return person.sides.parked[0][1] or text
    return text
