"""What must hold once everything is calm: both sides agree about every person, or say why not."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime

from ccdesk.core.models import Link, LinkState, WriteBack
from ccdesk.core.runs import EventStatus, Outcome, RunKind
from ccdesk.sync import state_names as names
from tests.soak.acts import People
from tests.soak.inprocess import Bench
from tests.soak.truth import Done, Seen, State, Truth

_SECRET = re.compile(r"eyJ[A-Za-z0-9_-]{20,}|Bearer (?!<)\S+")
_LOOKS = (RunKind.EVENTS, RunKind.EXPORT, RunKind.FULL_COMPARE)  # at the flags of accounts in Kibo
_TELLING = (
    LinkState.ASKED_BEFORE,
    LinkState.CONFIRMING,
    LinkState.CONTACT_DELETED,
    LinkState.HELD,
    LinkState.INVALID,
    LinkState.LEFT_OUT,
    LinkState.NEWCOMER,
    LinkState.NEWCOMER_LEFT,
    LinkState.UNDONE,
)


def agreement(truth: Truth, people: People) -> list[str]:
    """Return a line for every person about whom the two sides differ without a reason to be seen."""
    bench = truth.bench
    guests = bench.desk.settings().export_guests
    by_email: dict[str, dict[int, State]] = {}
    for account in truth.states:
        state = truth.present(account)
        if state is not None and state.email:
            by_email.setdefault(state.email, {})[account] = state
    reasons = _Reasons(bench, truth.runs)
    found = [
        line
        for email, accounts in by_email.items()
        for line in _person(truth, email, accounts, reasons, guests)
    ]
    found += [
        f"an entry of the queue is stuck: {event.status.value} {event.error} customer {event.object_id}"
        for event in bench.desk.events(limit=1000)
        if event.status is not EventStatus.PARKED
    ]
    return found


def _person(
    truth: Truth, email: str, accounts: dict[int, State], reasons: _Reasons, guests: bool
) -> list[str]:
    bench = truth.bench
    contact = next((one for one in truth.view.items() if one[1].email == email), None)
    mailed = contact is not None and contact[1].mailed
    opted_in = [number for number, one in accounts.items() if one.accepts]
    wanting = [
        number for number in opted_in if accounts[number].active and (guests or not _guest(bench, number))
    ]
    told = {number: reasons.of(number) for number in accounts}
    lines = []
    if wanting and not mailed and not any(told[number] for number in wanting):
        lines.append(f"{email}: customers {wanting} are opted in, but not mailed, and nothing says why")
    moved = email in truth.moved_away
    by_us = mailed and contact is not None and contact[0] in truth.put_by_us
    if by_us and not opted_in and not moved and not any(told.values()):
        lines.append(f"{email}: mailed because of us, but no customer is opted in, and nothing says why")
    if mailed and not opted_in and not moved:
        lines += _mailed_unnamed(truth, email, accounts, reasons)
    lines += _lost_opt_out(truth, email, opted_in, contact, reasons)
    if contact is not None:
        counting = all(
            one.active and (guests or not _guest(bench, number)) for number, one in accounts.items()
        )
        lines += _last_act_lost(truth, email, accounts, contact[1], reasons, counting=counting)
    return lines


def _began(truth: Truth) -> datetime | None:
    """Return when ccdesk first looked at Constant Contact."""
    began: datetime | None = truth.bench.container.store.state.get_time(names.INBOUND_BEGAN)
    return began


def _mailed_unnamed(truth: Truth, email: str, accounts: dict[int, State], reasons: _Reasons) -> list[str]:
    """Who opted out and is mailed all the same must be named to staff (design §3a, Disagreement).

    Unless they came back by an act of their own since, which may be one that the rules cannot date. Nor is
    somebody named who was forgotten: only a comparison of both sides does that (docs/TRUST.md).
    """
    if email in truth.erased:
        return []
    acts = [one for one in truth.acts if one.email == email or one.account in accounts]
    outs = [one.at for one in acts if one.known and one.kind in ("kibo_out", "left", "unsubscribed")]
    stated = [one for one in acts if one.kind == "kibo_out" and one.known and one.account in accounts]
    if not stated or any(one.kind in ("came", "agreed") and one.at >= max(outs) for one in acts):
        return []
    if any(reasons.of(number) or reasons.is_put_back(number) for number in accounts):
        return []
    return [f"{email}: customers {sorted(accounts)} opted out and are mailed, and nothing names them"]


def _last_act_lost(
    truth: Truth, email: str, accounts: dict[int, State], contact: Seen, reasons: _Reasons, *, counting: bool
) -> list[str]:
    """The last act of somebody who always had this one email must show on both sides, or be explained.

    Only what a run since the act says explains it. A "left" counts if ccdesk had seen the person on the list,
    an opt-out in Kibo if it had seen the opt-in before, an opt-in over there if the service shows when it
    was. A flag cleared in an account that counts for nothing is an opt-out as well (design §3a R1); of the
    other acts it is not `counting`.
    """
    acts = [one for one in truth.acts if one.email == email or one.account in accounts]
    moved = any(len({one.email for one in truth.states[number]}) > 1 for number in accounts)
    if not acts or moved:
        return []
    last = max(acts, key=lambda one: one.at)
    began = _began(truth)
    if began is None or last.at < began:  # the first poll is a baseline (R4)
        return []
    if last.kind == "added" and last.known and reasons.is_newcomer(last.account) and contact.may_be_mailed:
        return [f"{email}: staff added customer {last.account}, and are asked about it again"]
    if any(reasons.is_pending(number) or reasons.told_since(number, last.at) for number in accounts):
        return []
    who = f"{email}: customers {sorted(accounts)}"
    opted_in = any(state.accepts for state in accounts.values())
    if last.kind == "kibo_out" and last.account not in accounts and _was_never_seen_off(truth, last):
        return []
    if last.kind == "kibo_out" and last.known and not opted_in and contact.mailed:
        return [f"{who} opted out as their last act, but are still mailed"]
    if not counting:
        return []
    if last.kind == "came" and last.dated and contact.mailed and not opted_in and _findable(truth, accounts):
        return [f"{who} came back in Constant Contact as their last act, but are opted out"]
    if last.kind == "left" and last.known and not contact.on_list and opted_in:
        return [f"{who} left the list as their last act, but are still opted in"]
    if last.kind == "kibo_in" and opted_in and contact.may_be_mailed and not contact.mailed:
        return [f"{who} opted in as their last act, but are not mailed"]
    return []


def _was_never_seen_off(truth: Truth, out: Done) -> bool:
    """Say whether an account opted in again before any look at Kibo; it has another email by now."""
    latest = truth.states[out.account][-1]
    looks = [one.id for one in truth.bench.desk.runs(limit=1000) if one.kind in _LOOKS]
    seen = any(out.at < truth.runs[one] < latest.at for one in looks if one in truth.runs)
    return latest.accepts and not seen


def _findable(truth: Truth, accounts: Iterable[int]) -> bool:
    """Say whether Kibo can be asked for the accounts of an email, or ccdesk has a link of each.

    A Kibo whose filter matches case (no sheet says so) hides accounts spelled otherwise than the contact.
    """
    links = truth.bench.container.store.links
    return not truth.bench.kibo.switches.email_match_case or all(links.get(one) for one in accounts)


def _lost_opt_out(truth, email, opted_in, contact, reasons) -> list[str]:  # type: ignore[no-untyped-def]
    """The last act of all is an unsubscribe: then Kibo must know, unless that is still pending."""
    acts = [one for one in truth.acts if one.email == email and one.kind != "added"]
    if not acts or contact is None or contact[1].deleted or contact[1].permission != "unsubscribed":
        return []
    last = max(acts, key=lambda one: one.at)
    own = [
        one for one in truth.acts if one.account in opted_in and one.kind == "kibo_in" and one.at > last.at
    ]
    if last.kind != "unsubscribed" or own:
        return []
    return [  # an inactive account is not mailed, and not looked at before it is enabled
        f"{email}: unsubscribed as their last act, but customer {number} is still opted in"
        for number in opted_in
        if truth.states[number][-1].active
        and not reasons.is_pending(number)
        and truth.states[number][-1].at < last.at
        and not _moved_here(truth, number, last.at)
    ]


def _moved_here(truth: Truth, account: int, at) -> bool:  # type: ignore[no-untyped-def]
    return any(one.at > at and one.email != truth.states[account][-1].email for one in truth.states[account])


def _guest(bench: Bench, account: int) -> bool:
    return bool(bench.kibo.account(account).anonymous)


class _Reasons:
    """What staff can see about a customer: link, last run entry, queue."""

    def __init__(self, bench: Bench, began: dict[int, datetime]) -> None:
        store = bench.container.store
        self._links: dict[int, Link] = {link.customer_id: link for link in store.links.page(-1, 10_000)}
        self._queued = {event.object_id: event for event in bench.desk.events(limit=1000)}
        self._put_back = {one.customer_id for one in bench.desk.disagreements(limit=1000)}
        self._last: dict[int, str] = {}
        self._told_at: dict[int, datetime] = {}  # by the services' time
        for run in reversed(bench.desk.runs(limit=1000)):
            for entry in bench.desk.entries(run.id, limit=1000):
                if entry.customer_id is not None:
                    telling = entry.outcome in (Outcome.SKIPPED, Outcome.ERROR)
                    self._last[entry.customer_id] = entry.reason if telling else ""
                    if telling and run.id in began:
                        self._told_at[entry.customer_id] = began[run.id]

    def of(self, account: int) -> str:
        """Return why the person is as they are, `""` if nothing says so."""
        link = self._links.get(account)
        if link is not None and (
            link.state in _TELLING or link.pending is not WriteBack.NOTHING or link.note
        ):
            return f"{link.state.value} {link.pending.value} {link.note}"
        if account in self._queued:
            return self._queued[account].error or "queued"
        return self._last.get(account, "")

    def is_put_back(self, account: int) -> bool:
        """Say whether *needs you* names the customer as opted out and put back on the list by others."""
        return account in self._put_back

    def is_newcomer(self, account: int) -> bool:
        """Say whether staff are asked about the customer."""
        link = self._links.get(account)
        return link is not None and link.state is LinkState.NEWCOMER

    def told_since(self, account: int, at: datetime) -> bool:
        """Say whether a run begun since then gives a reason, or the link's state does."""
        link = self._links.get(account)
        if link is not None and link.state in _TELLING:
            return True
        return account in self._told_at and self._told_at[account] > at

    def is_pending(self, account: int) -> bool:
        """Say whether something is still owed or queued for an account."""
        link = self._links.get(account)
        return (link is not None and link.pending is not WriteBack.NOTHING) or account in self._queued


def logs_clean(texts: list[str], bench: Bench) -> list[str]:
    """Return every log line, and technical detail, that holds an address or a token."""
    told = [*texts, *(run.message for run in bench.desk.runs(limit=1000))]
    return [
        f"in the log: {text[:200]}"
        for text in told
        if "people.example" in text or "pzq" in text or _SECRET.search(text)
    ]
