"""`ccdesk why`: one page about one person, the verdict first (design §8)."""

from __future__ import annotations

import argparse
import textwrap
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from ccdesk.cli.console import Console
from ccdesk.cli.documents import moment
from ccdesk.cli.stopping import stoppable
from ccdesk.cli.tables import day, when
from ccdesk.container import Container
from ccdesk.core.errors import ExitCode
from ccdesk.core.ledger import LedgerEntry
from ccdesk.core.runs import Outcome
from ccdesk.core.why import RunEntry, Why
from ccdesk.service.why_words import (
    account_lines,
    as_of_line,
    contact_line,
    headline,
    mail_line,
    next_line,
    rule_line,
    shop_line,
    what_happened,
)

_WIDTH = 96
_SHOWN = 40  # moments on a terminal, the newest
_SUGGESTED = 5
LIVE = "Give --live to read both sides now."


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
    if found.known:
        _paragraph(console, rule_line(found), indent="  ")
    if not found.live:
        _paragraph(console, f"{as_of_line(found, when)} {LIVE}")
    if not found.known:
        return
    console.line()
    for line in _sides(found):
        _paragraph(console, line, indent="  " if line.startswith("  ") else "", further=" " * 18)
    if found.timeline:
        console.line()
        more = " (there is more: ccdesk ledger)" if _is_cut(found) else ""
        console.line(f"What happened, oldest first{more}")
        for one in found.timeline[-_SHOWN:]:
            _paragraph(
                console, f"{when(one.latest)}  {what_happened(one, when, day)}", indent="  ", further=" " * 23
            )
    console.line()
    _paragraph(console, f"Next: {next_line(found, when)}")


def _is_cut(found: Why) -> bool:
    return found.shortened or len(found.timeline) > _SHOWN


def _sides(found: Why) -> Iterator[str]:
    """Yield the lines of both sides, the shop's account by account."""
    yield f"Kibo              {shop_line(found, when)}{_as_of(found.shop.read_at)}"
    yield from (f"  {line}" for line in account_lines(found, when))
    yield f"Constant Contact  {mail_line(found, when)}{_as_of(found.mail.read_at)}"
    if contact := contact_line(found):
        yield f"  {contact}"


def _suggest(console: Console, container: Container, text: str) -> None:
    people = [one.email for one in container.desk.find_people(text, _SUGGESTED) if one.email]
    if people:
        console.line(f"Known are: {', '.join(people)}")


def _as_of(at: datetime | None) -> str:
    return f" [read {when(at)}]" if at else ""


def _paragraph(console: Console, text: str, *, indent: str = "", further: str | None = None) -> None:
    following = indent if further is None else further
    for line in textwrap.wrap(
        text.strip(), _WIDTH, initial_indent=indent, subsequent_indent=following, break_on_hyphens=False
    ):
        console.line(line)
