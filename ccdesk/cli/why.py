"""`ccdesk why`: one page about one person, the verdict first (design §8)."""

from __future__ import annotations

import argparse
import textwrap
from collections.abc import Iterator
from typing import Any

from ccdesk.cli.console import Console
from ccdesk.cli.documents import moment
from ccdesk.cli.stopping import stoppable
from ccdesk.cli.tables import when
from ccdesk.container import Container
from ccdesk.core.errors import ExitCode
from ccdesk.core.ledger import LedgerEntry
from ccdesk.core.models import Permission
from ccdesk.core.runs import Outcome
from ccdesk.core.why import AccountView, RunEntry, Why

_WIDTH = 96
_SHOWN = 40  # moments on a terminal, the newest
_SUGGESTED = 5
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
}


def why(args: argparse.Namespace, container: Container, console: Console) -> int:
    """Answer about one person; ends with 0, also for somebody unknown."""
    with stoppable() as cancel:
        found = container.desk.why(args.who, live=args.live, cancel=cancel)
    if console.as_json:
        console.document(why_document(found))
    else:
        _print(console, found, args.who)
        if not found.known:
            _suggest(console, container, args.who)
    return int(ExitCode.DONE)


# ---------------------------------------------------------------- for programs


def why_document(found: Why) -> dict[str, Any]:
    """Return the answer by the keys of design §8."""
    shop, mail, verdict = found.shop, found.mail, found.verdict
    return {
        "known": found.known,
        "email": found.email,
        "customer_ids": list(found.customer_ids),
        "contact_id": found.contact_id or None,
        "shop": {
            "opted_in": shop.opted_in,
            "since": moment(shop.since),
            "read_at": moment(shop.read_at),
        },
        "mail": {
            "permission": mail.permission or None,
            "on_list": mail.on_list,
            "since": moment(mail.since),
            "read_at": moment(mail.read_at),
        },
        "verdict": {
            "wants_mail": verdict.wants_mail,
            "should_be_on_list": verdict.should_be_on_list,
            "in_step": verdict.in_step,
            "rule": verdict.rule,
            "reason": verdict.reason,
        },
        "next": {"what": found.next.what, "when": moment(found.next.when)} if found.next else None,
        "timeline": [timeline_row(one) for one in found.timeline],
    }


def timeline_row(one: LedgerEntry | RunEntry) -> dict[str, Any]:
    """Return one moment; what became of a person in a run has the keys of the ledger's entries as well."""
    if isinstance(one, RunEntry):
        entry = one.entry
        outcome = "error" if entry.outcome is Outcome.ERROR else entry.outcome.value
        return {
            "at": moment(one.at),
            "until": None,
            "email": entry.email,
            "side": None,
            "subject": "" if entry.customer_id is None else str(entry.customer_id),
            "author": "us",
            "says": "neither",
            "how": one.kind.value,
            "evidence": entry.reason,
            "rule": "",
            "run": one.run_id,
            "outcome": outcome,
        }
    return {
        "at": moment(one.at),
        "until": moment(one.until),
        "email": one.email,
        "side": one.side.value,
        "subject": one.subject,
        "author": one.author.value,
        "says": one.says.value,
        "how": one.how.value,
        "evidence": one.evidence,
        "rule": one.rule,
        "run": one.run,
        "outcome": one.outcome,
    }


# ---------------------------------------------------------------- for people


def _print(console: Console, found: Why, asked: str) -> None:
    """Print one page: verdict, both sides, time line, what is next."""
    _paragraph(console, headline(found, asked))
    _paragraph(console, f"Rule {found.verdict.rule}", indent="  ")
    console.line()
    for line in _sides(found):
        _paragraph(console, line, indent="  " if line.startswith("  ") else "", further=" " * 18)
    if found.timeline:
        console.line()
        more = " (there is more: ccdesk ledger)" if _is_cut(found) else ""
        console.line(f"What happened, oldest first{more}")
        for one in found.timeline[-_SHOWN:]:
            _paragraph(console, _moment(one), indent="  ", further=" " * 23)
    console.line()
    _paragraph(console, f"Next: {_next(found)}")
    if not found.live and found.known:
        console.line("As last read. Give --live to read both sides now.")


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


def _is_cut(found: Why) -> bool:
    return found.shortened or len(found.timeline) > _SHOWN


def _sides(found: Why) -> Iterator[str]:
    """Yield the lines of both sides, the shop's account by account."""
    shop, mail = found.shop, found.mail
    flag = {True: "opted in", False: "not opted in", None: "not known"}[shop.opted_in]
    yield f"Kibo              {flag}{_since(shop.since)}{_as_of(shop.read_at)}"
    for one in found.accounts:
        yield f"  {_account(one)}"
    if not found.accounts:
        yield "  no account" if found.live else "  no account known"
    listed = {True: "on the list", False: "not on the list", None: "not known whether on the list"}
    permission = f", {mail.permission}" if mail.permission else ""
    never = not found.live and mail.read_at is None and mail.on_list is None
    shown = "never read" if never else f"{listed[mail.on_list]}{permission}"
    yield f"Constant Contact  {shown}{_since(mail.since)}{_as_of(mail.read_at)}"
    if found.contact_id:
        yield f"  contact {found.contact_id}"
    elif found.live:
        yield "  no contact"


def _account(one: AccountView) -> str:
    flag = {True: "opted in", False: "not opted in", None: "opt-in not known"}[one.opted_in]
    changed = f", changed {when(one.updated_at)}" if one.updated_at else ""
    remark = f" ({one.remark})" if one.remark else ""
    return f"customer {one.customer_id} {one.email}: {flag}{changed}{remark}"


def _moment(one: LedgerEntry | RunEntry) -> str:
    if isinstance(one, RunEntry):
        outcome = "error" if one.entry.outcome is Outcome.ERROR else one.entry.outcome.value.replace("_", " ")
        return f"{when(one.at)}  run {one.run_id} {one.kind.value}: {outcome}, {one.entry.reason}"
    who = {"us": "ccdesk", "person": "the person", "staff": "staff", "unknown": "not known by whom"}
    what = _DOES.get(one.how.value, one.how.value.replace("_", " "))
    until = f", by {when(one.until)} at the latest" if one.until else ""
    ended = f" ({one.outcome})" if one.outcome and one.outcome != "done" else ""
    said = f"{what}{ended}, {who.get(one.author.value, one.author.value)}{until}"
    return f"{when(one.at)}  {said}" + (f": {one.evidence}" if one.evidence else "")


def _next(found: Why) -> str:
    if found.next is None:
        return "nothing, as long as nobody acts."
    at = f" ({when(found.next.when)})" if found.next.when else ""
    return f"{found.next.what.rstrip('.')}{at}."


def _suggest(console: Console, container: Container, text: str) -> None:
    people = [one.email for one in container.desk.find_people(text, _SUGGESTED) if one.email]
    if people:
        console.line(f"Known are: {', '.join(people)}")


def _since(at: Any) -> str:
    return f", since {when(at)}" if at else ""


def _as_of(at: Any) -> str:
    return f" [read {when(at)}]" if at else ""


def _paragraph(console: Console, text: str, *, indent: str = "", further: str | None = None) -> None:
    following = indent if further is None else further
    for line in textwrap.wrap(
        text.strip(), _WIDTH, initial_indent=indent, subsequent_indent=following, break_on_hyphens=False
    ):
        console.line(line)
