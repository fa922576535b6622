"""Which kind of difference a decision of the table is, for `drift` and `why` (design §8)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from ccdesk.consent.columns import Column
from ccdesk.consent.decide import Decision
from ccdesk.consent.model import Act
from ccdesk.consent.reasons import Reason
from ccdesk.consent.rows import Row
from ccdesk.core.drift import DriftKind
from ccdesk.core.models import Link
from ccdesk.core.words import Text, marked
from ccdesk.sync.put_back import PUT_ON_BY_OTHERS

_YES = (Column.YES_LATER, Column.YES_EARLIER)
_BARRED = (DriftKind.UNSUBSCRIBED, DriftKind.LEFT_LIST, DriftKind.DELETED, DriftKind.LEFT_OUT)

BY_REASON: Mapping[Reason, DriftKind | None] = {
    Reason.IN_STEP: None,
    Reason.NEW: DriftKind.NOT_ADDED,
    Reason.ADDED: DriftKind.NOT_ADDED,
    Reason.CAME_BACK: DriftKind.CHANGE_DUE,
    Reason.REVIVED: DriftKind.CHANGE_DUE,
    Reason.SIGNED_UP: DriftKind.SIGN_UP_DUE,
    Reason.OPTED_OUT_IN_SHOP: DriftKind.OPT_OUT_DUE,
    Reason.UNSUBSCRIBED: DriftKind.UNSUBSCRIBED,
    Reason.LEFT: DriftKind.LEFT_LIST,
    Reason.ASKED: DriftKind.CHANGE_DUE,
    Reason.WAITING_FOR_CONFIRMATION: DriftKind.CONFIRMING,
    Reason.ASKED_BEFORE: DriftKind.ASKED_BEFORE,
    Reason.AGREED_OUT: None,
    Reason.TOMBSTONE: DriftKind.DELETED,
    Reason.WAITING: DriftKind.WAITING,
    Reason.LEFT_OUT: DriftKind.LEFT_OUT,
    Reason.PUT_ON_BY_STAFF: DriftKind.PUT_BACK,
    Reason.NOBODY_AGREES: DriftKind.NOBODY_AGREES,
    Reason.NEWCOMER: DriftKind.NEWCOMER,
    Reason.REFUSED: DriftKind.REFUSED,
    Reason.NOT_OURS: None,
    Reason.UNREADABLE: DriftKind.UNREADABLE,
    Reason.NOT_KNOWN_YET: DriftKind.CHANGE_DUE,
    Reason.LIST_GONE: None,
    Reason.DROPPED: DriftKind.MISTAKE,
    Reason.LEFT_AND_ANSWERED: DriftKind.NOT_ADDED,
}
"""What differs, by the reason of the decision; what else it depends on is in `kind_of_decision`."""


def kind_of_decision(
    decision: Decision, *, counting: Collection[int], member: bool, acted_on: bool
) -> DriftKind | None:
    """Return how both sides differ by a decision of the table, None where nobody need act.

    `counting`: accounts whose opt-in counts. `member`: the person is on the list. `acted_on`: so were all
    opt-ins; about others the next run finds out which act came later, where a comparison reads no audit log.
    """
    acts = {one.act for one in decision.commands}
    if decision.column not in _YES:
        return _without_opt_in(decision, acts, member=member)
    kind = BY_REASON[decision.reason]
    if decision.reason is Reason.ADDED and decision.row is Row.LEFT_UNWATCHED:
        return DriftKind.CHANGE_DUE
    if decision.reason is Reason.NEWCOMER:
        kind = _beside_newcomer(decision, counting)
    return DriftKind.CHANGE_DUE if kind in _BARRED and not acted_on else kind


def never_agreed(links: Sequence[Link | None], key: str) -> DriftKind:
    """Return the kind of somebody on the list whose accounts, with these links, never agreed under it."""
    if any(came_opted_out(one, key) for one in links):
        return DriftKind.NOBODY_AGREES
    return DriftKind.NEVER_OPTED_IN if links else DriftKind.NO_ACCOUNT


def came_opted_out(link: Link | None, key: str) -> bool:
    """Say whether an account opted out under another email and has this one since: it was ticked once.

    An unsubscription does not follow it here (docs/TRUST.md), but staff are to look at who is mailed here.
    """
    moved = link is not None and link.email_key not in ("", key)
    return moved and link is not None and link.kibo_opted_in is False and link.agreed is not None


def _beside_newcomer(decision: Decision, counting: Collection[int]) -> DriftKind | None:
    """Return the kind where one account agrees and another is a newcomer to an opt-out.

    Flags of accounts that do not count are no difference, though the rules clear them as well.
    """
    if any(one.act is Act.OPT_OUT and one.account in counting for one in decision.commands):
        return DriftKind.UNSUBSCRIBED if decision.row is Row.UNSUBSCRIBED else DriftKind.LEFT_LIST
    return None if decision.row is Row.ON_LIST else DriftKind.NEWCOMER


def _without_opt_in(decision: Decision, acts: set[Act], *, member: bool) -> DriftKind | None:
    """Return the kind where no account agrees that counts: who is not mailed is in step."""
    if Act.REMOVE in acts:
        return DriftKind.OPT_OUT_DUE if member else None
    nobodys = decision.column is Column.NEVER and not acts  # a sign-up that no account is opted in for, too
    if decision.reason is Reason.NOT_OURS or nobodys:
        return DriftKind.NEVER_OPTED_IN if decision.row is Row.ON_LIST else None
    if decision.reason in (Reason.AGREED_OUT, Reason.NEWCOMER, Reason.DROPPED):
        overruled = decision.reason is Reason.AGREED_OUT and Act.OPT_OUT in acts
        return DriftKind.CHANGE_DUE if overruled else BY_REASON[decision.reason]
    if not member:
        return None
    return DriftKind.NOBODY_AGREES if decision.column is Column.SILENT else BY_REASON[decision.reason]


REASONS: Mapping[DriftKind, str] = {
    DriftKind.PUT_BACK: PUT_ON_BY_OTHERS,
    DriftKind.NOBODY_AGREES: Reason.NOBODY_AGREES.text,
    DriftKind.MISTAKE: Reason.DROPPED.text,
    DriftKind.HELD: marked("opted out together with unusually many others: held until it is answered"),
    DriftKind.OPT_OUT_DUE: Reason.OPTED_OUT_IN_SHOP.text,
    DriftKind.SIGN_UP_DUE: Reason.SIGNED_UP.text,
    DriftKind.NEVER_OPTED_IN: Reason.NOT_OURS.text,
    DriftKind.NO_ACCOUNT: marked("no account in the shop has this email"),
    DriftKind.UNSUBSCRIBED: Reason.UNSUBSCRIBED.text,
    DriftKind.LEFT_LIST: Reason.LEFT.text,
    DriftKind.CONFIRMING: Reason.WAITING_FOR_CONFIRMATION.text,
    DriftKind.ASKED_BEFORE: Reason.ASKED_BEFORE.text,
    DriftKind.DELETED: Reason.TOMBSTONE.text,
    DriftKind.WAITING: Reason.WAITING.text,
    DriftKind.LEFT_OUT: marked("may have left the list before: left out until they opt in again"),
    DriftKind.UNDONE: marked("taken back by undoing a run: left as it is until they opt in anew or sign up"),
    DriftKind.NEWCOMER: Reason.NEWCOMER.text,
    DriftKind.INVALID_EMAIL: marked("the email cannot be sent to Constant Contact"),
    DriftKind.REFUSED: Reason.REFUSED.text,
    DriftKind.NOT_ADDED: marked("opted in in the shop; not on the list yet"),
    DriftKind.CHANGE_DUE: marked("changed in the shop since the last run"),
    DriftKind.UNREADABLE: Reason.UNREADABLE.text,
}
DELETED_ON = marked("{reason} (deleted on {date})")
ON_DAY = marked("{what} on {date}")


def on_day(moment: datetime | None, what: str) -> str:
    """Return what was done with its day, where that is known."""
    if moment is None:
        return what
    return ON_DAY.format(what=Text(what), date=moment.date())
