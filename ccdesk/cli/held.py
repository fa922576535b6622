"""`ccdesk held`: whose opt-outs the guard holds, and the three answers to that (design R8)."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

from ccdesk.cli.console import Console
from ccdesk.cli.documents import moment
from ccdesk.cli.tables import print_table, when
from ccdesk.container import Container
from ccdesk.core.errors import ExitCode
from ccdesk.core.losses import Answer, Held, HeldAnswer, LossKind

_KINDS = {
    LossKind.FLAG: "opted out in Kibo",
    LossKind.LEFT: "left the list in Constant Contact",
    LossKind.STAFF: "unsubscribed in Constant Contact, by its staff",
}
_DONE = {
    HeldAnswer.DO_IT: "Opt-outs the next runs carry out: {:,}",
    HeldAnswer.NOT_NOW: "Opt-outs that stay held (those from Kibo for 24 hours more, at most twice): {:,}",
    HeldAnswer.MISTAKE: "Opt-outs taken for a mistake, about which nothing is done: {:,}",
}


def held(args: argparse.Namespace, container: Container, console: Console) -> int:
    """Show who is held, or answer for them; ends with 6 while somebody waits for an answer."""
    desk = container.desk
    if args.answer != "list":
        answer = HeldAnswer(args.answer)
        kinds = [LossKind(args.kind)] if args.kind else list(LossKind)
        console.say(_DONE[answer].format(desk.answer_held(answer, kinds)))
    rows = desk.held()
    if console.as_json:
        console.document({"held": [_row(one) for one in rows]})
    elif args.answer == "list":
        _print(console, rows)
    elif rows:
        console.line(f"“ccdesk held” lists the {len(rows):,} people with what comes next; {_next(rows)}")
    waiting = any(one.answer is Answer.NONE for one in rows)
    return int(ExitCode.CONFIRM if waiting and args.answer == "list" else ExitCode.DONE)


def _row(one: Held) -> dict[str, Any]:
    return {
        "customer_id": one.customer_id,
        "email": one.email,
        "kind": one.kind.value,
        "reason": _KINDS[one.kind],
        "since": moment(one.since),
        "carried_at": moment(one.carried_at if one.answer is Answer.NONE else None),
        "answer": one.answer.value or None,
    }


def _print(console: Console, rows: Sequence[Held]) -> None:
    head = ("CUSTOMER", "E-MAIL", "WHAT THEY DID", "HELD SINCE", "CARRIED OUT")
    table = [(str(one.customer_id), one.email, _KINDS[one.kind], _since(one), _outlook(one)) for one in rows]
    print_table(console, head, table, "Nobody is held.")


def _since(one: Held) -> str:
    """Return since when; *later* restarts the time, and the first moment is not kept."""
    return f"put off {when(one.since)}" if one.postponed else when(one.since)


def _next(rows: Sequence[Held]) -> str:
    """Return which runs act on the answer."""
    kinds = {"events" if one.kind is LossKind.FLAG else "inbound" for one in rows}
    return " and ".join(f"“ccdesk sync {kind}”" for kind in sorted(kinds)) + " acts on the answer at once."


def _outlook(one: Held) -> str:
    if one.dropped:
        return "no: a mistake"
    if one.answer is Answer.DO_IT:
        return "with the next run"
    return when(one.carried_at) if one.carried_at else "waits for an answer"
