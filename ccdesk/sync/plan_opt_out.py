"""What an opt-out in the shop leads to: the table's decision about the person (design R3, R5).

Who keeps the person on the list is asked before the contact is read: for them nothing need be read. Else
`consent.decide` says by the contact what becomes of them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum, auto

from ccdesk.consent.columns import Column, shop_side
from ccdesk.consent.decide import Decision
from ccdesk.consent.model import Act, Person, Policy
from ccdesk.consent.rows import Row, mail_side


class Fate(Enum):
    """What becomes of a person whose account opted out."""

    TAKEN_OFF = auto()
    WAS_OFF = auto()
    STAYS = auto()  # though nobody keeps them: it is named
    SIGNED_UP = auto()  # by an act of their own, later than the opt-out: the shop is to be opted in
    WAITS = auto()  # signed up since as well, which nothing can come of before their contact can be mailed
    UNKNOWN = auto()  # to be read again


@dataclass(frozen=True, slots=True)
class Keepers:
    """Accounts whose opt-in stands although one of the person's accounts opted out.

    `newcomers` are opted in as well, but came after the opt-out: they keep nobody (design §3a R1).
    """

    keep: tuple[int, ...]
    newcomers: tuple[int, ...]


def keepers(person: Person, policy: Policy) -> Keepers:
    """Return who keeps the person on the list, were they on it: the column against the row *on the list*."""
    side = shop_side(person, replace(mail_side(person, policy), row=Row.ON_LIST), policy)
    return Keepers(tuple(one.id for one in side.yes), tuple(one.id for one in side.newcomers))


def plan_opt_out(decision: Decision, *, shown: bool) -> Fate:
    """Return what the decision means for a person whom nobody keeps; `shown`: the list may show them.

    Of somebody unsubscribed the table takes the column without the newcomer rule (docs/consent.md e2), so an
    account that came later may stand there. That one keeps nobody: a membership still shown is ended, too.
    By the column, not by the reason: beside a newcomer every decision gives that as its reason.
    """
    if decision.look_again:
        return Fate.UNKNOWN
    if any(one.act is Act.REMOVE for one in decision.commands):
        return Fate.TAKEN_OFF
    opts_in = any(one.act is Act.OPT_IN for one in decision.commands)
    if opts_in or (decision.column is Column.NO_SIGNED_UP and decision.row is Row.ON_LIST):
        return Fate.SIGNED_UP
    if not shown:
        return Fate.WAS_OFF
    if decision.column is Column.NO_SIGNED_UP:
        return Fate.WAITS
    stands = decision.column in (Column.NO_UNANSWERED, Column.NO_ANSWERED)
    return Fate.TAKEN_OFF if stands or decision.row is Row.UNSUBSCRIBED else Fate.STAYS
