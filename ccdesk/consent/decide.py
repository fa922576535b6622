"""What is done for one person, and why: the only place that decides about consent (docs/consent.md b)."""

from __future__ import annotations

from dataclasses import replace

from ccdesk.consent.cells import CELLS, Case, Decision
from ccdesk.consent.columns import shop_side
from ccdesk.consent.model import Act, Person, Policy
from ccdesk.consent.reasons import Reason
from ccdesk.consent.rows import mail_side
from ccdesk.consent.table import TABLE

__all__ = ["Decision", "decide"]


def decide(person: Person, policy: Policy) -> Decision:
    """Decide for one person: the guards in their order, then the cell of the table."""
    if person.unplaced:
        return Decision(Reason.NOT_KNOWN_YET, look_again=True)
    if any(intent.open for intent in person.intents):
        return Decision(Reason.NOT_KNOWN_YET, look_again=True)
    mail = mail_side(person, policy)
    shop = shop_side(person, mail, policy)
    unreadable = any(not one.readable and not one.gone for one in person.accounts)
    case = Case(person, policy, mail, shop, unreadable)
    found = CELLS[TABLE[mail.row, shop.column]](case)
    found = replace(found, row=mail.row, column=shop.column)
    return _with_newcomers(case, _with_overruled(case, _as_far_as_possible(case, found)))


def _as_far_as_possible(case: Case, found: Decision) -> Decision:
    """Keep the list as it is for people of whom an account cannot be read, and where the list is gone."""
    lists = [one for one in found.commands if not one.act.writes_flag and one.act is not Act.ASK]
    if not lists or not (case.unreadable or not case.policy.list_exists):
        return found
    rest = tuple(one for one in found.commands if one not in lists)
    reason = Reason.UNREADABLE if case.unreadable else Reason.LIST_GONE
    return replace(found, commands=rest, settles=frozenset(), reason=reason, look_again=case.unreadable)


def _with_overruled(case: Case, found: Decision) -> Decision:
    """Opt out, in every cell, the accounts that an opt-out of their former email overrules."""
    done = {one.account for one in found.commands}
    more = tuple(
        case.command(Act.OPT_OUT, frozenset({word.number}), one.id)
        for one in case.shop.overruled
        if one.id not in done and (word := case.person.word(one.id)) is not None
    )
    return replace(found, commands=found.commands + more)


def _with_newcomers(case: Case, found: Decision) -> Decision:
    """Name, in every cell but one that puts the person on the list, accounts that may lift nothing."""
    if not case.shop.newcomers or any(one.act.puts_on for one in found.commands):
        return found
    return replace(found, named=True, reason=Reason.NEWCOMER)
