"""What `why` says of every person after every run, against what the oracle knows (design §8)."""

from __future__ import annotations

from collections.abc import Collection
from random import Random

from ccdesk.core.losses import Answer, LossKind
from ccdesk.core.models import LinkState
from ccdesk.core.why import Why
from tests.soak.truth import Seen, State, Truth

MOVED = "has another email now"


AT_MOST = 4  # people asked about after a run; asking about everybody takes as long as all the rest


def some_verdicts(truth: Truth, chance: Random) -> list[str]:
    """Return what is not so of what `why` says of some people, read now."""
    emails = _emails(truth)
    return _verdicts(truth, chance.sample(emails, min(AT_MOST, len(emails))), remembered=False)


def verdicts(truth: Truth) -> list[str]:
    """Return a line for every person of whom `why` says what is not so, read now and as remembered.

    What is remembered is so only once everything is calm: what was done since no run has seen.
    """
    return _verdicts(truth, _emails(truth), remembered=True)


def _emails(truth: Truth) -> list[str]:
    emails = {state.email for account in truth.states if (state := truth.present(account)) and state.email}
    return sorted(emails | {seen.email for seen in truth.view.values() if seen.email})


def _verdicts(truth: Truth, emails: list[str], *, remembered: bool) -> list[str]:
    lines: list[str] = []
    for email in emails:
        now = truth.bench.desk.why(email, live=True)
        lines += [f"why {email}: {line}" for line in _read_now(truth, email, now)]
        known = truth.bench.desk.why(email)
        wrong = _forgotten(truth, known)
        if remembered:
            wrong += _wrong(truth, email, known, deletions=_unseen(truth, email))
            wrong += _left_behind(truth, email, known)
            wrong += _hides(known, now, deletions=_unseen(truth, email))
        lines += [f"why {email}, as last read: {line}" for line in wrong]
    return lines


def _forgotten(truth: Truth, found: Why) -> list[str]:
    """Return what the store knows and the verdict as last read does not: what is held, waits, or was tried.

    That holds at any time, whatever has happened since.
    """
    store, verdict = truth.bench.container.store, found.verdict
    shown = {one.customer_id: one.opted_in for one in found.accounts if one.remark != MOVED}
    links, waiting = store.links.many(list(shown)), store.people.queued(list(shown))
    lines: list[str] = []
    if waiting and verdict.in_step:
        lines.append(f"in step, though a change waits: “{verdict.reason}”")
    for held in store.people.held(list(shown)):
        asked = held.kind is LossKind.FLAG and held.answer is Answer.NONE
        if asked and shown[held.customer_id]:
            lines.append(f"customer {held.customer_id} is shown as opted in, but that opt-out is held")
    for event in waiting:
        number, link = event.object_id, links.get(event.object_id)
        acts = [line.act for line in store.intents.of(number) if line.event_id == event.event_id]
        was_in = link is not None and link.kibo_opted_in is True  # and may have been seen cleared since
        if acts and acts[-1].puts_on and not was_in and shown[number] is not True:
            lines.append(f"customer {number} was sent as opted in, and is shown otherwise")
    return lines


def _hides(known: Why, now: Why, *, deletions: bool) -> list[str]:
    """Return that what is remembered calls somebody in step as one who agrees, and nobody does.

    Of a contact that no run has had to look at nothing is remembered, so that side may differ unseen.
    """
    agrees = known.verdict.in_step and known.verdict.should_be_on_list
    if deletions or not agrees or now.verdict.in_step or now.verdict.should_be_on_list:
        return []
    return [f"in step (“{known.verdict.reason}”), and read now: “{now.verdict.reason}”"]


def _left_behind(truth: Truth, email: str, found: Why) -> list[str]:
    """Return that a former email is called in step, though we put it on the list and it is mailed still."""
    contact = _contact(truth, email)
    noted = {
        contact_id
        for number in found.customer_ids
        for contact_id, _ in truth.bench.container.store.links.former(number, truth.bench.list_id)
    }
    number = next((one for one, seen in truth.view.items() if seen is contact), "")
    if contact is None or not contact.mailed or number not in noted or _accounts(truth, email):
        return []
    return ["a former email in step, but mailed because of us"] if found.verdict.in_step else []


def _read_now(truth: Truth, email: str, found: Why) -> list[str]:
    """What is read now is so; and the verdict on it must be right."""
    accounts, contact = _accounts(truth, email), _contact(truth, email)
    lines: list[str] = []
    if _hidden(truth, email, accounts.keys() - set(found.customer_ids)):
        return lines
    opted_in = any(one.accepts for one in accounts.values()) if accounts else None
    if found.shop.opted_in is not opted_in and set(found.customer_ids) == set(accounts):
        lines.append(f"the shop shows {found.shop.opted_in}, and it is {opted_in}")
    listed = contact is not None and contact.on_list and not contact.deleted
    if found.mail.on_list is not listed:
        lines.append(f"on the list: {found.mail.on_list}, and it is {listed}")
    if contact is not None and found.mail.permission != contact.permission:
        lines.append(f"the permission {found.mail.permission}, and it is {contact.permission}")
    if not found.known:
        lines.append("not known")
    return lines + _wrong(truth, email, found)


def _hidden(truth: Truth, email: str, missing: Collection[int]) -> bool:
    """Say whether accounts are spelled otherwise than they are asked for, so that Kibo's filter hides them.

    Those that a run has acted on are known by their links; the others show with the next look for changes.
    """
    return any(truth.bench.kibo.account(number).email != email for number in missing)


def _unseen(truth: Truth, email: str) -> bool:
    """Say whether an account with this email was deleted and no run could tell: what is kept shows it still.

    A deletion is told by an event alone, until everything is compared (kibo.md §13).
    """
    gone = [number for number, known in truth.states.items() if known[-1].gone and known[-1].email == email]
    links = truth.bench.container.store.links.many(gone).values()
    return any(one.kibo_opted_in is True and one.state is not LinkState.CLOSED for one in links)


def _wrong(truth: Truth, email: str, found: Why, *, deletions: bool = False) -> list[str]:
    """Return what contradicts the oracle: in step though both sides differ, or not to be mailed by us.

    `deletions`: an account may have been deleted unseen, so nothing is asked of who is opted in.

    Where the sides differ for a reason, the verdict must not call it in step; which reason is the rules'.
    """
    accounts, contact = _accounts(truth, email), _contact(truth, email)
    mailed = contact is not None and contact.mailed
    wanting = any(_counts(truth, number, one) for number, one in accounts.items())
    opted_in = deletions or any(one.accepts for one in accounts.values())
    verdict, lines = found.verdict, []
    said = f"“{verdict.reason}” ({verdict.rule})"
    if verdict.in_step and wanting and not mailed:
        lines.append(f"in step, but opted in and not mailed: {said}")
    by_us = contact is not None and any(
        number in truth.put_by_us for number, seen in truth.view.items() if seen.email == email
    )
    if verdict.in_step and mailed and by_us and not opted_in and email not in truth.moved_away:
        lines.append(f"in step, but mailed because of us, and nobody is opted in: {said}")
    stands = any(truth.counts_beside(one, email) for one in accounts if _counts(truth, one, accounts[one]))
    if not verdict.should_be_on_list and mailed and by_us and stands:
        lines.append(f"mailed by us and opted in, but should not be: {said}")
    if verdict.should_be_on_list and accounts and not opted_in and verdict.in_step:
        lines.append(f"should be on the list, but nobody is opted in: {said}")
    return lines


def _accounts(truth: Truth, email: str) -> dict[int, State]:
    present = {number: truth.present(number) for number in truth.states}
    return {number: one for number, one in present.items() if one is not None and one.email == email}


def _contact(truth: Truth, email: str) -> Seen | None:
    found = [one for one in truth.view.values() if one.email == email]
    return min(found, key=lambda one: one.deleted) if found else None


def _counts(truth: Truth, number: int, state: State) -> bool:
    guests = truth.bench.desk.settings().export_guests
    guest = bool(truth.bench.kibo.account(number).anonymous)
    return state.accepts and state.active and (guests or not guest)
