"""How the answer to *why* reads, in the window as on the command line (design §8).

`when` puts a moment as that front end shows it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from ccdesk.core.ledger import LedgerEntry
from ccdesk.core.models import Permission
from ccdesk.core.runs import Outcome
from ccdesk.core.why import AccountView, RunEntry, Why

When = Callable[[datetime], str]

_DOES = {
    "flag_set": "opt-in set in Kibo",
    "flag_cleared": "opt-in cleared in Kibo",
    "seen_off": "first seen in Kibo, not opted in",
    "inherited": "opt-out of the email before",
    "unsubscribed": "unsubscribed",
    "left": "left the list",
    "signed_up": "signed up",
    "deleted": "contact deleted",
    "put_on": "put on the list by others",
    "put_back": "put back on the list",
    "added": "put on the list",
    "removed": "taken off the list",
    "asked": "asked to confirm",
    "answered_add": "answered: add",
    "answered_leave": "answered: leave",
    "undone": "taken back",
}
_AUTHORS = {"us": "ccdesk", "person": "the person", "staff": "staff", "unknown": "not known by whom"}


def headline(found: Why, asked: str) -> str:
    """Return the verdict as one sentence, and whether both sides differ."""
    reason = found.verdict.reason.rstrip(".")
    if not found.known:
        return f"{asked.strip()} is not known here. {reason[:1].upper()}{reason[1:]}."
    who = found.email or f"Customer {asked.strip()}"
    differ = "" if found.verdict.in_step else " Both sides differ."
    return f"{who} {_mailed(found)}: {reason}.{differ}"


def _mailed(found: Why) -> str:
    """Say whether a person is mailed, and whether they should be."""
    should = found.verdict.should_be_on_list
    mail = found.mail
    if mail.on_list is None:
        return f"should {'be mailed' if should else 'not be mailed'}; whether they are is not known"
    mailed = mail.on_list and mail.permission in ("", Permission.EXPLICIT, Permission.IMPLICIT)
    link = "and" if mailed is should else "but"
    return f"{'is' if mailed else 'is not'} mailed, {link} {'should' if should else 'should not'} be"


def shop_line(found: Why, when: When) -> str:
    """Return what the shop shows of all accounts together."""
    flag = {True: "opted in", False: "not opted in", None: "not known"}[found.shop.opted_in]
    return f"{flag}{_since(found.shop.since, when)}"


def account_lines(found: Why, when: When) -> list[str]:
    """Return a line for every account, or that there is none."""
    if not found.accounts:
        return ["no account" if found.live else "no account known"]
    return [_account(one, when) for one in found.accounts]


def mail_line(found: Why, when: When) -> str:
    """Return what Constant Contact shows."""
    mail = found.mail
    listed = {True: "on the list", False: "not on the list", None: "not known whether on the list"}
    permission = f", {mail.permission}" if mail.permission else ""
    never = not found.live and mail.read_at is None and mail.on_list is None
    shown = "never read" if never else f"{listed[mail.on_list]}{permission}"
    return f"{shown}{_since(mail.since, when)}"


def contact_line(found: Why) -> str:
    """Return the contact's id, that there is none, or nothing where that is not known."""
    if found.contact_id:
        return f"contact {found.contact_id}"
    return "no contact" if found.live else ""


def what_happened(one: LedgerEntry | RunEntry, when: When) -> str:
    """Return what one moment of the time line was, and whose act; without its time."""
    if isinstance(one, RunEntry):
        outcome = "error" if one.entry.outcome is Outcome.ERROR else one.entry.outcome.value.replace("_", " ")
        return f"run {one.run_id} {one.kind.value}: {outcome}, {one.entry.reason}"
    what = _DOES.get(one.how.value, one.how.value.replace("_", " "))
    until = f", by {when(one.until)} at the latest" if one.until else ""
    ended = f" ({one.outcome})" if one.outcome and one.outcome != "done" else ""
    said = f"{what}{ended}, {_AUTHORS.get(one.author.value, one.author.value)}{until}"
    return said + (f": {one.evidence}" if one.evidence else "")


def next_line(found: Why, when: When) -> str:
    """Return what happens next."""
    if found.next is None:
        return "nothing, as long as nobody acts."
    at = f" ({when(found.next.when)})" if found.next.when else ""
    return f"{found.next.what.rstrip('.')}{at}."


def _account(one: AccountView, when: When) -> str:
    flag = {True: "opted in", False: "not opted in", None: "opt-in not known"}[one.opted_in]
    changed = f", changed {when(one.updated_at)}" if one.updated_at else ""
    remark = f" ({one.remark})" if one.remark else ""
    return f"customer {one.customer_id} {one.email}: {flag}{changed}{remark}"


def _since(at: datetime | None, when: When) -> str:
    return f", since {when(at)}" if at else ""
