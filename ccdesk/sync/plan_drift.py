"""How both sides differ about one person: the table of consent, read without statements (design §8).

The row and the column come from what both sides show now and from the links; what the table does there says
what kind of difference it is. So what is named here is what the rules themselves see.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from ccdesk.consent.columns import Column
from ccdesk.consent.reasons import Reason
from ccdesk.consent.rows import Row
from ccdesk.consent.table import TABLE, Cell
from ccdesk.core.drift import Drift, DriftKind, MailShows, ShopShows, Sides
from ccdesk.core.losses import Answer
from ccdesk.core.models import Contact, Customer, Link, LinkState, Permission, Standing, WriteBack
from ccdesk.sync.agreement import not_exported, wants_mail
from ccdesk.sync.mapping import check_email
from ccdesk.sync.plan_inbound import observe
from ccdesk.sync.put_back import PUT_ON_BY_OTHERS, reason_of
from ccdesk.sync.standing_opt_outs import NEWCOMERS, out_words


@dataclass(frozen=True, slots=True)
class DriftRules:
    """What the comparison goes by, as a run does: see `plan_inbound.observe` for `now`, `skew` and `began`.

    `exported`: an export has been completed. `watched`: the links speak of the active list, not of the one
    before it.
    """

    list_id: str
    guests: bool
    now: datetime
    skew: timedelta = timedelta(0)
    began: datetime | None = None
    exported: bool = True
    watched: bool = True


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
    """One person against the table, for `drift` and `why`: what both sides show, and how they differ."""

    def __init__(self, sides: Sides, rules: DriftRules) -> None:
        self.sides, self.rules, self.contact = sides, rules, sides.contact
        # One whose email was forgotten is known by its hash only, and belongs here.
        self.links = [one for one in sides.links if one.email_key in ("", sides.key)]
        known = {one.customer_id: one for one in sides.links}
        self.accounts = [(one, known.get(one.id)) for one in sides.accounts]
        self.yes = [
            (one, link)
            for one, link in self.accounts
            if one.readable and wants_mail(one, guests=rules.guests) and not self._silenced(link)
        ]

    def _silenced(self, link: Link | None) -> bool:
        """Say whether an opt-in does not count: a newcomer's, or one overruled under the email before."""
        if link is None:
            return False
        here = link.email_key == self.sides.key
        return (here and link.state in NEWCOMERS) or (not here and link.pending is WriteBack.OPT_OUT)

    @property
    def member(self) -> bool:
        """True for somebody on the list; shown while unsubscribed or deleted, a membership is none."""
        contact = self.contact
        if contact is None or contact.standing in (Standing.OUT, Standing.DELETED):
            return False
        return self.rules.list_id in contact.list_ids

    # ------------------------------------------------------------ kind

    def kind(self) -> DriftKind | None:
        """Return the kind of difference: the table's, unless something stands before it."""
        if any(not one.readable for one in self.sides.accounts):
            return None if self.yes and self.row() is Row.ON_LIST else DriftKind.UNREADABLE
        if self.yes and not self.sides.key:
            return DriftKind.INVALID_EMAIL
        if self.undone() is not None:
            return DriftKind.UNDONE
        kind = self.by_table()
        if kind is None:
            return self.outside_the_table()
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
        return new or self._signed_up(undone)

    def by_table(self) -> DriftKind | None:
        """Return the kind of difference that the table names, whatever stands before it."""
        row = self.row()
        column = self.column(row)
        return _KINDS[TABLE[row, column]](self, row, column)

    def outside_the_table(self) -> DriftKind | None:
        """Name what the table leaves in step: a pending opt-out, newcomers, moves."""
        pending = self._owed()
        if self.yes and pending is not None:
            out = pending.state is LinkState.UNSUBSCRIBED
            return DriftKind.UNSUBSCRIBED if out else DriftKind.LEFT_LIST
        if self.yes:
            return None
        if any(_is_on(one) and link is not None and link.state in NEWCOMERS for one, link in self.accounts):
            return DriftKind.NEWCOMER
        overruled = any(_is_on(one) and self._silenced(link) for one, link in self.accounts)
        return DriftKind.CHANGE_DUE if overruled else None

    def _owed(self) -> Link | None:
        """Return the link with a pending opt-out that being on the list again does not lift."""
        pending = (one for one in self.links if one.pending is WriteBack.OPT_OUT)
        return next((one for one in pending if self._judged(one).pending is WriteBack.OPT_OUT), None)

    def bad_email(self) -> str:
        """Say why the email cannot be sent, "" if it can."""
        if not self.sides.key:
            return "the customer has no email in Kibo"
        bad = check_email(self.yes[0][0].email.strip()) if self.yes else None
        return bad.reason if bad else ""

    # ------------------------------------------------------------ row

    def row(self) -> Row:
        """Return what the mail side says; the order is that of the table."""
        contact, states = self.contact, {one.state for one in self.links}
        if contact is None:
            there = LinkState.CONTACT_DELETED in states or any(one.contact_id for one in self.links)
            return Row.DELETED if there else Row.NEVER_THERE
        if contact.permission is Permission.UNSUBSCRIBED:
            return Row.UNSUBSCRIBED
        if contact.permission is Permission.PENDING and not contact.deleted_at:
            return Row.PENDING
        left = LinkState.LEFT_LIST in states and not self._has_come_back()
        if left or self._has_just_left(contact):
            return Row.LEFT
        if contact.deleted_at or (LinkState.CONTACT_DELETED in states and not self.member):
            return Row.DELETED
        if contact.standing is not Standing.IN:
            return Row.HOLD
        if LinkState.LEFT_OUT in states and not self.member:
            return Row.LEFT_UNWATCHED
        return Row.ON_LIST if self.member else Row.GOOD

    def _has_just_left(self, contact: Contact) -> bool:
        gone = contact.standing is Standing.IN and not self.member and self.rules.watched
        return gone and any(one.on_list and one.contact_id in ("", contact.id) for one in self.links)

    def _has_come_back(self) -> bool:
        """Say whether a sign-up since then, which no run may have seen yet, or a done add ended a leaving.

        An add was done for an account that agrees and is on the list, though the leaving stays with another.
        """
        return self.member and any(self._signed_up(one) or _is_put_on(one) for one in self.links)

    # ------------------------------------------------------------ column

    def column(self, row: Row) -> Column:
        """Return what the shop says, against a row."""
        if self.yes:
            barred = row in (Row.UNSUBSCRIBED, Row.LEFT, Row.DELETED, Row.LEFT_UNWATCHED)
            later = not barred or any(self._is_new(link) for _, link in self.yes)
            return Column.YES_LATER if later else Column.YES_EARLIER
        noes = self.noes()
        if noes:
            if any(self._signed_up(one) for one in noes):
                return Column.NO_SIGNED_UP
            unanswered = any(one.kibo_opted_in is not False or one.may_be_there for one in noes)
            return Column.NO_UNANSWERED if unanswered else Column.NO_ANSWERED
        silent = any(_is_on(one) and not self._silenced(link) for one, link in self.accounts)
        gone = any(one.kibo_opted_in is True for one in self._without_account())
        return Column.SILENT if silent or gone else Column.NEVER

    def noes(self) -> list[Link]:
        """Return the links whose account opted out, answered or not, gone or not."""
        off = {one.id for one, _ in self.accounts if not one.accepts_marketing}
        gone = {one.customer_id for one in self._without_account()}
        return [
            one
            for one in self.links
            if (one.customer_id in off and one.cleared_is_opt_out)
            or (one.customer_id in off | gone and one.kibo_opted_in is False and one.agreed is False)
        ]

    def _without_account(self) -> list[Link]:
        """Return the links whose account is gone, or has another email now."""
        here = {one.id for one in self.sides.accounts}
        return [one for one in self.links if one.customer_id not in here and one.state not in NEWCOMERS]

    def _is_new(self, link: Link | None) -> bool:
        """Say whether an opt-in was not acted on yet: a run compares it with what bars it."""
        if link is None:
            return self.rules.exported
        return link.kibo_opted_in is not True or link.state in _PROVEN_LATER

    def _signed_up(self, link: Link) -> bool:
        """Say whether the opt-in of a sign-up is pending, or will be by the next poll."""
        return link.pending is WriteBack.OPT_IN or self._judged(link).pending is WriteBack.OPT_IN

    def _judged(self, link: Link) -> Link:
        """Return a link as the next poll would leave it, where there is a contact to read."""
        if self.contact is None or link.state is LinkState.CLOSED:
            return link
        r = self.rules
        return observe(self.contact, link, list_id=r.list_id, now=r.now, skew=r.skew, began=r.began).link

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
        return ShopShows.OPTED_OUT if self.noes() else ShopShows.NEVER

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
        closed = any(one.state is LinkState.CLOSED for one in self._without_account())
        return "the account is gone from Kibo" if closed else "the account has another email in Kibo now"


_PROVEN_LATER = (LinkState.CONFIRMING, LinkState.ASKED_BEFORE)
"""States of links whose opt-in was found to be later than the opt-out."""


def _is_put_on(link: Link) -> bool:
    settled = link.state is LinkState.SYNCED and link.pending is WriteBack.NOTHING
    return settled and link.on_list and link.kibo_opted_in is True and link.agreed is True


def _is_on(account: Customer) -> bool:
    return account.accepts_marketing and account.readable


_Judge = Callable[[PersonSides, Row, Column], DriftKind | None]


def _always(kind: DriftKind | None) -> _Judge:
    return lambda person, row, column: kind


def _if_member(kind: DriftKind) -> _Judge:
    return lambda person, row, column: kind if person.member else None


def _opt_out(person: PersonSides, row: Row, column: Column) -> DriftKind | None:
    return DriftKind.UNSUBSCRIBED if row is Row.UNSUBSCRIBED else DriftKind.LEFT_LIST


def _ask(person: PersonSides, row: Row, column: Column) -> DriftKind | None:
    states = {one.state for one in person.links}
    if LinkState.CONFIRMING in states:
        return DriftKind.CONFIRMING
    return DriftKind.ASKED_BEFORE if LinkState.ASKED_BEFORE in states else DriftKind.CHANGE_DUE


def _hold(person: PersonSides, row: Row, column: Column) -> DriftKind | None:
    return DriftKind.WAITING if person.yes else None


def _hold_member(person: PersonSides, row: Row, column: Column) -> DriftKind | None:
    if not person.member:
        return None
    return DriftKind.NOBODY_AGREES if column is Column.SILENT else DriftKind.WAITING


def _come_back(person: PersonSides, row: Row, column: Column) -> DriftKind | None:
    return None if person.member else DriftKind.CHANGE_DUE


def _add(person: PersonSides, row: Row, column: Column) -> DriftKind | None:
    return DriftKind.CHANGE_DUE if row is Row.LEFT_UNWATCHED else DriftKind.NOT_ADDED


def _never(person: PersonSides, row: Row, column: Column) -> DriftKind | None:
    return DriftKind.NEVER_OPTED_IN if person.accounts else DriftKind.NO_ACCOUNT


_KINDS: Mapping[Cell, _Judge] = {
    Cell.RETRY: _always(DriftKind.UNREADABLE),
    Cell.REMOVE: _always(DriftKind.OPT_OUT_DUE),
    Cell.ASK: _ask,
    Cell.OPT_OUT: _opt_out,
    Cell.OPT_OUT_REST: _always(None),  # nobody is mailed, and no account counts
    Cell.LEFT_SILENT: _if_member(DriftKind.NOBODY_AGREES),
    Cell.AGREED: _always(None),
    Cell.REMOVE_IF_SHOWN: _always(None),  # nobody is mailed
    Cell.IGNORE: _always(None),
    Cell.HOLD: _hold,
    Cell.HOLD_NAMED: _hold,
    Cell.HOLD_NAMED_IF_MEMBER: _hold_member,
    Cell.REMOVE_IF_MEMBER: _if_member(DriftKind.OPT_OUT_DUE),
    Cell.NAMED_IF_MEMBER: _if_member(DriftKind.PUT_BACK),
    Cell.AGREED_IF_NO_MEMBER: _if_member(DriftKind.PUT_BACK),
    Cell.COME_BACK: _come_back,
    Cell.REVIVE: _always(DriftKind.CHANGE_DUE),
    Cell.TOMBSTONE: _always(DriftKind.DELETED),
    Cell.ADD: _add,
    Cell.LEFT_OUT: _always(DriftKind.LEFT_OUT),
    Cell.IN_STEP: _always(None),
    Cell.NAMED: _always(DriftKind.PUT_BACK),
    Cell.NOBODY_AGREES: _always(DriftKind.NOBODY_AGREES),
    Cell.OPT_IN: _always(DriftKind.SIGN_UP_DUE),
    Cell.SIGNED_UP: _never,
    Cell.CREATE: _add,
}


# ---------------------------------------------------------------- reasons

REASONS: Mapping[DriftKind, str] = {
    DriftKind.PUT_BACK: PUT_ON_BY_OTHERS,
    DriftKind.NOBODY_AGREES: Reason.NOBODY_AGREES.text,
    DriftKind.MISTAKE: Reason.DROPPED.text,
    DriftKind.HELD: "opted out together with unusually many others: held until it is answered",
    DriftKind.OPT_OUT_DUE: Reason.OPTED_OUT_IN_SHOP.text,
    DriftKind.SIGN_UP_DUE: Reason.SIGNED_UP.text,
    DriftKind.NEVER_OPTED_IN: Reason.NOT_OURS.text,
    DriftKind.NO_ACCOUNT: "no account in the shop has this email",
    DriftKind.UNSUBSCRIBED: Reason.UNSUBSCRIBED.text,
    DriftKind.LEFT_LIST: Reason.LEFT.text,
    DriftKind.CONFIRMING: Reason.WAITING_FOR_CONFIRMATION.text,
    DriftKind.ASKED_BEFORE: Reason.ASKED_BEFORE.text,
    DriftKind.DELETED: Reason.TOMBSTONE.text,
    DriftKind.WAITING: Reason.WAITING.text,
    DriftKind.LEFT_OUT: "may have left the list before: left out until they opt in again",
    DriftKind.UNDONE: "taken back by undoing a run: left as it is until they opt in anew or sign up",
    DriftKind.NEWCOMER: Reason.NEWCOMER.text,
    DriftKind.INVALID_EMAIL: "the email cannot be sent to Constant Contact",
    DriftKind.REFUSED: Reason.REFUSED.text,
    DriftKind.NOT_ADDED: "opted in in the shop; not on the list yet",
    DriftKind.CHANGE_DUE: "changed in the shop since the last run",
    DriftKind.UNREADABLE: Reason.UNREADABLE.text,
}


def reason_for(person: PersonSides, kind: DriftKind) -> str:
    """Return the sentence for one person: the kind's, with what is known of this one."""
    text, contact = REASONS[kind], person.contact
    if kind is DriftKind.UNSUBSCRIBED and contact is not None:
        return f"{out_words(contact)}{_on(contact.opt_out_at)}"
    if kind is DriftKind.UNDONE and (undone := person.undone()) is not None:
        return undone.note or text
    if kind is DriftKind.DELETED and contact is not None and contact.deleted_at:
        return f"{text} (deleted on {contact.deleted_at[:10]})"
    if kind is DriftKind.WAITING and contact is not None:
        return f"waiting in Constant Contact ({contact.permission.value})"
    if kind is DriftKind.PUT_BACK and contact is not None:
        return next((reason_of(contact, one) for one in person.noes()), text)
    if kind is DriftKind.NOBODY_AGREES:
        return f"{text}: {person.who_does_not_count()}"
    if kind is DriftKind.INVALID_EMAIL:
        return person.bad_email() or text
    if kind is DriftKind.NOT_ADDED and (failed := person.failed()):
        return f"{text}: {failed}"
    if kind is DriftKind.REFUSED and person.sides.parked:
        return person.sides.parked[0][1] or text
    return text


def _on(moment: datetime | None) -> str:
    return f" on {moment:%Y-%m-%d}" if moment else ""
