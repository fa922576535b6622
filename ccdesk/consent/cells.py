"""What each cell of the table does with a person (docs/consent.md b); `decide` picks the cell."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from ccdesk.consent.columns import Column, ShopSide, answered_for
from ccdesk.consent.model import Account, Act, Command, Ended, How, Person, Policy, Statement
from ccdesk.consent.reasons import Reason
from ccdesk.consent.rows import MailSide, Row
from ccdesk.consent.table import Cell
from ccdesk.core.models import Permission

REFUSALS = 3  # an add that was refused so often for the same statements waits for a person


@dataclass(frozen=True, slots=True)
class Decision:
    """Commands, why, and what staff are shown.

    `settles` are statements that this decision deals with without a command. `agrees` are the opt-outs of
    both sides, where both have one: the guard counts them like those that a command answers. `named`: the
    two sides differ and no rule mends it, so a person should look. `conflict`: both sides stated something
    and the order decided. `look_again`: what is known does not suffice; the person is to be read directly
    before anything is done.
    """

    reason: Reason
    commands: tuple[Command, ...] = ()
    settles: frozenset[int] = frozenset()
    agrees: frozenset[int] = frozenset()
    named: bool = False
    conflict: bool = False
    look_again: bool = False
    row: Row | None = None
    column: Column | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """One person against the table."""

    person: Person
    policy: Policy
    mail: MailSide
    shop: ShopSide
    unreadable: bool = False  # an account of theirs cannot be read

    def command(self, act: Act, answers: frozenset[int], account: int = 0) -> Command:
        """Return a command about the active list."""
        return Command(act, self.policy.list_id, answers, account)

    @property
    def words(self) -> frozenset[int]:
        """The opt-ins that an add answers."""
        found = (self.person.word(one.id) for one in self.shop.yes)
        return frozenset(one.number for one in found if one is not None)

    @property
    def noes(self) -> frozenset[int]:
        """The standing opt-outs of the shop."""
        return frozenset(one.number for one in self.shop.noes)


def _retry(case: Case) -> Decision:
    return Decision(Reason.UNREADABLE, look_again=True)


def _remove(case: Case) -> Decision:
    if case.noes <= case.person.dropped:
        return Decision(Reason.DROPPED, named=True)
    return Decision(Reason.OPTED_OUT_IN_SHOP, (case.command(Act.REMOVE, case.noes),))


def _ask(case: Case) -> Decision:
    """Ask once for the confirmation; accounts whose own opt-in is not later are opted out meanwhile."""
    asked = [one for one in case.person.statements if one.how is How.ASKED]
    out = case.mail.unsubscribed
    earlier = _opt_outs(case, out) if out is not None else ()
    if not asked:
        answers = case.words | ({out.number} if out is not None else set())
        return Decision(Reason.ASKED, (case.command(Act.ASK, answers), *earlier), conflict=True)
    if out is None or asked[-1].number > out.number:
        return Decision(Reason.WAITING_FOR_CONFIRMATION, earlier, named=True)
    return Decision(Reason.ASKED_BEFORE, earlier, named=True)


def _opt_out(case: Case) -> Decision:
    """Opt out every account whose flag is on, but those whose own opt-in is provably later."""
    out = case.mail.unsubscribed if case.mail.row is Row.UNSUBSCRIBED else case.mail.left
    reason = Reason.UNSUBSCRIBED if case.mail.row is Row.UNSUBSCRIBED else Reason.LEFT
    if out is None or out.number in case.person.dropped:
        return Decision(Reason.DROPPED, named=True)
    commands = _opt_outs(case, out)
    unsure = any(_overlaps(case.person.word(one.id), out) for one in case.shop.yes)
    settles = frozenset() if commands else frozenset({out.number})
    return Decision(reason, commands, settles, conflict=unsure)


def _opt_outs(case: Case, out: Statement) -> tuple[Command, ...]:
    return tuple(
        case.command(Act.OPT_OUT, frozenset({out.number}), one.id)
        for one in case.person.accounts
        if one.opted_in and one.here and not one.gone and one.readable and not _stated_later(case, one, out)
    )


def _stated_later(case: Case, account: Account, out: Statement) -> bool:
    word = case.person.word(account.id)
    return word is not None and word.how is How.FLAG_SET and word.window.surely_after(out.window)


def _overlaps(word: Statement | None, out: Statement) -> bool:
    return word is not None and word.window.after(out.window) is None


def _left_silent(case: Case) -> Decision:
    return replace(_opt_out(case), named=case.mail.member)


def _agreed(case: Case) -> Decision:
    """Settle what both sides agree on, where the contact was read later.

    An opt-out of the mail side still reaches every account, one that does not count as well.
    """
    out = case.mail.unsubscribed if case.mail.row is Row.UNSUBSCRIBED else case.mail.left
    if case.mail.row in (Row.UNSUBSCRIBED, Row.LEFT) and out is not None and _opt_outs(case, out):
        return _opt_out(case)
    contact = case.person.subscriber
    settles = {
        one.number for one in case.shop.noes if contact is None or contact.read.earliest > one.window.latest
    }
    outs = {one.number for one in (case.mail.left, case.mail.unsubscribed) if one is not None}
    return Decision(Reason.AGREED_OUT, settles=frozenset(settles | outs), agrees=case.noes | outs)


def _remove_if_shown(case: Case) -> Decision:
    """Carry an opt-out of the shop to a list that still shows somebody unsubscribed.

    The membership mails nobody now, but it would once staff undo what they unsubscribed (docs/consent.md b5).
    """
    found, contact = _agreed(case), case.person.subscriber
    if contact is None or case.policy.list_id not in contact.lists:
        return found
    removal = _remove(case)
    return replace(removal, commands=(*found.commands, *removal.commands), settles=found.settles - case.noes)


def _ignore(case: Case) -> Decision:
    return Decision(Reason.NOT_OURS)


def _hold(case: Case) -> Decision:
    return Decision(Reason.WAITING)


def _hold_named(case: Case) -> Decision:
    return Decision(Reason.WAITING, named=True)


def _hold_named_if_member(case: Case) -> Decision:
    return Decision(Reason.WAITING, named=case.mail.member)


def _remove_if_member(case: Case) -> Decision:
    return _remove(case) if case.mail.member else _agreed(case)


def _named_if_member(case: Case) -> Decision:
    return _named(case) if case.mail.member else _agreed(case)


def _come_back(case: Case) -> Decision:
    if case.mail.member:
        return Decision(Reason.IN_STEP, settles=case.words)
    if case.mail.deleted_since:
        deleted = case.mail.deleted
        later = deleted is not None and any(
            word is not None and word.window.surely_after(deleted.window)
            for word in (case.person.word(one.id) for one in case.shop.later)
        )
        return _revive(case) if later else _tombstone(case)
    if not case.mail.good:
        return _hold_named(case)
    return _put_on(case, Act.ADD, Reason.CAME_BACK)


def _revive(case: Case) -> Decision:
    contact = case.person.subscriber
    if contact is None or contact.permission not in (Permission.EXPLICIT, Permission.IMPLICIT):
        return _hold_named(case)
    if contact.gone:
        return _put_on(case, Act.CREATE, Reason.REVIVED)
    return _put_on(case, Act.REVIVE, Reason.REVIVED)


def _tombstone(case: Case) -> Decision:
    return Decision(Reason.TOMBSTONE, named=True)


def _left_out(case: Case) -> Decision:
    return Decision(Reason.LEFT_OUT, named=True)


def _add(case: Case) -> Decision:
    return _put_on(case, Act.ADD, Reason.ADDED)


def _create(case: Case) -> Decision:
    return _put_on(case, Act.CREATE, Reason.NEW)


def _put_on(case: Case, act: Act, reason: Reason) -> Decision:
    """Put the person on the list, unless this very opt-in was carried there or refused before."""
    puts_on = (Act.CREATE, Act.ADD, Act.REVIVE)
    answered = answered_for(case.person, case.policy.list_id, *puts_on)
    words = case.words
    if words <= answered:
        return Decision(Reason.LEFT_AND_ANSWERED, named=True)
    refused = [
        one
        for one in case.person.intents
        if one.ended is Ended.REFUSED and one.command.act in puts_on and words <= one.command.answers
    ]
    if len(refused) >= REFUSALS:
        return Decision(Reason.REFUSED, named=True)
    return Decision(reason, (case.command(act, words),))


def _in_step(case: Case) -> Decision:
    return Decision(Reason.IN_STEP, settles=case.words)


def _named(case: Case) -> Decision:
    return Decision(Reason.PUT_ON_BY_STAFF, named=True)


def _nobody_agrees(case: Case) -> Decision:
    """Opt in an account that counts and whose person signed up since its word; else a person has to look."""
    signed_up = _opt_in(case)
    return signed_up if signed_up.commands else Decision(Reason.NOBODY_AGREES, named=True)


def _opt_in(case: Case) -> Decision:
    """Opt in each account that counts and whose own word is earlier than the person's sign-up."""
    sign_up = case.mail.sign_up
    if sign_up is None:
        return _ignore(case)
    commands = tuple(
        case.command(Act.OPT_IN, frozenset({sign_up.number}), one.id)
        for one in case.person.accounts
        if not one.opted_in
        and one.readable
        and one.counts(guests=case.policy.guests)
        and (word := case.person.word(one.id)) is not None
        and sign_up.window.surely_after(word.window)
    )
    return Decision(Reason.SIGNED_UP, commands, settles=frozenset() if commands else case.noes)


def _signed_up(case: Case) -> Decision:
    return _opt_in(case)


CELLS: Mapping[Cell, Callable[[Case], Decision]] = {
    Cell.RETRY: _retry,
    Cell.REMOVE: _remove,
    Cell.ASK: _ask,
    Cell.OPT_OUT: _opt_out,
    Cell.OPT_OUT_REST: _opt_out,
    Cell.LEFT_SILENT: _left_silent,
    Cell.AGREED: _agreed,
    Cell.REMOVE_IF_SHOWN: _remove_if_shown,
    Cell.IGNORE: _ignore,
    Cell.HOLD: _hold,
    Cell.HOLD_NAMED: _hold_named,
    Cell.HOLD_NAMED_IF_MEMBER: _hold_named_if_member,
    Cell.REMOVE_IF_MEMBER: _remove_if_member,
    Cell.NAMED_IF_MEMBER: _named_if_member,
    Cell.AGREED_IF_NO_MEMBER: _named_if_member,
    Cell.COME_BACK: _come_back,
    Cell.REVIVE: _revive,
    Cell.TOMBSTONE: _tombstone,
    Cell.ADD: _add,
    Cell.LEFT_OUT: _left_out,
    Cell.IN_STEP: _in_step,
    Cell.NAMED: _named,
    Cell.NOBODY_AGREES: _nobody_agrees,
    Cell.OPT_IN: _opt_in,
    Cell.SIGNED_UP: _signed_up,
    Cell.CREATE: _create,
}
