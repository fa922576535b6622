"""What an opt-in of the queue leads to: the table's decision about the person, for one account (design R3).

`consent.decide` says what is done for the person. Here that becomes the step for the account whose entry is
being processed, and what its link is to remember.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from ccdesk.consent.decide import Decision
from ccdesk.consent.model import Act
from ccdesk.consent.reasons import Reason
from ccdesk.consent.route import Method, call_for
from ccdesk.consent.rows import Row
from ccdesk.core.models import Contact, Customer, Link, LinkState, Ownership, WriteBack
from ccdesk.core.runs import Outcome
from ccdesk.sync.later import deleted_at
from ccdesk.sync.ownership import is_ours
from ccdesk.sync.plan_export import LEFT_OUT
from ccdesk.sync.standing_opt_outs import (
    ASKED_BEFORE,
    DELETED,
    DELETED_TO_ASK,
    LEFT,
    NEWCOMER,
    NOBODY_TO_ASK,
    STANDS,
)

CONFIRMING = "waiting for the person's confirmation"


@dataclass(frozen=True, slots=True)
class OptInDecision:
    """What is done for one account's entry and why, and what its link is to remember.

    `method`: the call that is made, None where none is. `acted_at`: as in `Entry`.
    """

    method: Method | None
    outcome: Outcome
    reason: str
    state: LinkState = LinkState.SYNCED
    ownership: Ownership = Ownership.NONE
    pending: WriteBack = WriteBack.NOTHING
    conflict: bool = False
    acted_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """One entry's account and its person's contact as just read, beside what is remembered of the account.

    `anew`: the account opted in, and it is not only its email that changed. `welcome`: the welcome mail is
    wanted for it.
    """

    customer: Customer
    contact: Contact | None
    link: Link | None
    anew: bool
    welcome: bool = False

    @property
    def ours(self) -> bool:
        """True if we created the contact."""
        link, contact = self.link, self.contact
        known = link is not None and link.email_key == self.customer.email_key
        return known and link is not None and contact is not None and is_ours(link, contact)

    @property
    def carried(self) -> bool:
        """True if the shop was given the contact's opt-out before: an opt-in seen since is no conflict."""
        link, contact = self.link, self.contact
        shown = contact.opt_out_at if contact is not None else None
        return link is not None and shown is not None and link.opt_out_at == shown


def plan_opt_in(decision: Decision, seen: Seen) -> OptInDecision:
    """Return what the decision about the person means for the account's own entry."""
    acts = {one.act for one in decision.commands if one.account in (0, seen.customer.id)}
    putting_on = next((one for one in acts if one.puts_on), None)
    if putting_on is not None:
        return _put_on(putting_on, seen)
    if Act.ASK in acts:
        return _skipped(LinkState.CONFIRMING, CONFIRMING, Method.RESUBSCRIBE, conflict=not seen.carried)
    if Act.OPT_OUT in acts:
        return _opted_out(decision, seen)
    return _BY_REASON.get(decision.reason, _held)(seen, decision)


_PUT_ON = {
    Act.CREATE: "new contact",
    Act.ADD: "put on the list",
    Act.REVIVE: "deleted contact brought back by the new opt-in",
}


def _put_on(act: Act, seen: Seen) -> OptInDecision:
    if seen.contact is None:  # the one it was decided by has another email by now, and is left alone
        act = Act.CREATE
    owned = seen.ours or act is Act.CREATE
    call = call_for(act, seen.customer.email, owned=owned, welcome=seen.welcome)
    ownership = Ownership.OWNED if owned else Ownership.FOREIGN
    return OptInDecision(call.method, Outcome.ADDED, _PUT_ON[act], ownership=ownership)


def _skipped(
    state: LinkState, reason: str, method: Method | None = None, *, conflict: bool = False
) -> OptInDecision:
    return OptInDecision(method, Outcome.SKIPPED, reason, state, conflict=conflict)


NONE_TO_ASK = _skipped(LinkState.CONFIRMING, NOBODY_TO_ASK)
"""What is done where the table asks for the confirmation, and no contact is found by its id either."""


def _opted_out(decision: Decision, seen: Seen) -> OptInDecision:
    state, reason, acted_at = LinkState.LEFT_LIST, LEFT, None
    if decision.row is Row.UNSUBSCRIBED:
        state, reason = LinkState.UNSUBSCRIBED, STANDS
        acted_at = seen.contact.opt_out_at if seen.contact is not None else None
    return OptInDecision(
        None,
        Outcome.SKIPPED,
        reason,
        state,
        pending=WriteBack.OPT_OUT,
        conflict=seen.anew and not seen.carried,
        acted_at=acted_at,
    )


def _in_step(seen: Seen, decision: Decision) -> OptInDecision:
    ownership = Ownership.OWNED if seen.ours else Ownership.FOREIGN
    return OptInDecision(None, Outcome.UNCHANGED, "already on the list", ownership=ownership)


def _held(seen: Seen, decision: Decision) -> OptInDecision:
    """Leave what is known as it is: the person is neither in nor out."""
    return _skipped(LinkState.HELD, decision.reason.text)


def _waiting(seen: Seen, decision: Decision) -> OptInDecision:
    permission = seen.contact.permission.value if seen.contact is not None else "unknown"
    return _skipped(LinkState.HELD, f"waiting ({permission})")


def _confirming(seen: Seen, decision: Decision) -> OptInDecision:
    deleted = seen.contact is not None and bool(seen.contact.deleted_at)
    return _skipped(LinkState.CONFIRMING, DELETED_TO_ASK if deleted else CONFIRMING)


def _tombstone(seen: Seen, decision: Decision) -> OptInDecision:
    at = deleted_at(seen.contact) if seen.contact is not None else None
    return replace(_skipped(LinkState.CONTACT_DELETED, DELETED), acted_at=at)


def _left_out(seen: Seen, decision: Decision) -> OptInDecision:
    ownership = Ownership.OWNED if seen.ours else Ownership.FOREIGN
    return OptInDecision(None, Outcome.SKIPPED, LEFT_OUT, LinkState.LEFT_OUT, ownership)


_BY_REASON: Mapping[Reason, Callable[[Seen, Decision], OptInDecision]] = {
    Reason.IN_STEP: _in_step,
    Reason.WAITING: _waiting,
    Reason.LEFT_OUT: _left_out,
    Reason.WAITING_FOR_CONFIRMATION: _confirming,
    Reason.ASKED_BEFORE: lambda *_: _skipped(LinkState.ASKED_BEFORE, ASKED_BEFORE),
    Reason.TOMBSTONE: _tombstone,
    Reason.NEWCOMER: lambda *_: _skipped(LinkState.NEWCOMER, NEWCOMER),
}
