"""`ccdesk forget`: erase a person on request, once somebody has said yes to it (design §8)."""

from __future__ import annotations

import argparse
import sys

from ccdesk.cli.console import Console
from ccdesk.container import Container
from ccdesk.core.errors import ConfirmNeeded, ExitCode
from ccdesk.service.forgetting import Forgotten, PersonToForget

COMES_BACK = (
    "Kibo showed the customer opted in when it was last read: the next run takes them up again, as it does "
    "anybody who is opted in. Delete or opt out the account in Kibo first."
)
IS_READ_AGAIN = (
    "Kibo still showed the customer opted in when it was last read: the next run reads the account again, "
    "puts nobody on the list, and asks staff about it. Delete or opt out the account in Kibo first."
)
LOOK_FIRST = (
    "What the person did in Constant Contact since the last run is not known here: "
    "“ccdesk sync inbound” looks."
)
NOT_ASKED = (
    "Kibo could not be asked whether the customer has opted out since it was last read. If they have, they "
    "are on the list still: take them off it in Constant Contact."
)

RECORDS = (
    "The records of runs that tell of the person are removed, so support can no longer do these runs again: "
    "make a bundle before if one is needed. The other records stay, without the person."
)


def forget(args: argparse.Namespace, container: Container, console: Console) -> int:
    """Ask, erase, and say what stays."""
    desk = container.desk
    person = desk.whom_to_forget(args.who)
    if not person.known and not person.in_files:
        console.say(f"Nobody is known by “{args.who.strip()}”. Nothing was changed.")
        if console.as_json:
            console.document(_document(Forgotten(person)))
        return int(ExitCode.DONE)
    for line in _before(person):
        console.say(line)
    if not args.yes:
        _ask(console)
    done = desk.forget(args.who)
    if console.as_json:
        console.document(_document(done))
    else:
        for line in _after(done):
            console.line(line)
    return int(ExitCode.DONE)


def _before(person: PersonToForget) -> list[str]:
    if person.customer_ids:
        numbers = ", ".join(map(str, person.customer_ids))
        lines = [f"To be erased: links, statements, commands, queue and entries of customer {numbers}."]
    elif person.known:
        lines = ["No customer has this email now. What is kept under it is to be erased."]
    else:
        lines = ["Nobody is known by this email, but logs or copies of the data file name it: to be erased."]
    lines.append("Backups of the data file are removed: they hold the person too.")
    lines.append(RECORDS)
    if person.opted_out:
        lines.append("The person opted out: a keyed hash of the email stays, by which that is honoured.")
    if person.opted_in:
        lines.append(IS_READ_AGAIN if person.opted_out else COMES_BACK)
        lines.append(LOOK_FIRST)
    return lines


def _ask(console: Console) -> None:
    """Ask on a terminal.

    Raises:
        ConfirmNeeded: there is nobody to ask, or the answer is not yes.

    """
    if sys.stdin is not None and sys.stdin.isatty():
        console.say("This cannot be undone. Type “yes” to go on:")
        if sys.stdin.readline().strip().lower() == "yes":
            return
    raise ConfirmNeeded(
        "Nobody was forgotten",
        meaning="Forgetting cannot be undone, so it has to be confirmed.",
        next_step="Answer “yes” on a terminal, or add --yes.",
        code="forget_unconfirmed",
    )


def _after(done: Forgotten) -> list[str]:
    lines = ["Forgotten."]
    if done.person.opted_out:
        lines.append("The opt-out is honoured by a keyed hash.")
    if done.person.opted_in:
        lines.append(IS_READ_AGAIN if done.person.opted_out else COMES_BACK)
    if not done.shop_asked:
        lines.append(NOT_ASKED)
    if done.copies:
        lines.append(f"Backups removed: {done.copies}.")
    if done.records:
        lines.append(f"Records removed: those of runs {', '.join(map(str, done.records))}.")
    if not done.log_emptied:
        lines.append(
            "Another program reads the data file just now, and its write-ahead log holds former pages until "
            "it is closed. Close it, and run this again."
        )
    return lines


def _document(done: Forgotten) -> dict[str, object]:
    return {
        "customer_ids": list(done.person.customer_ids),
        "opt_out_kept": done.person.opted_out,
        "comes_back": done.person.opted_in,
        "backups_removed": done.copies,
        "complete": done.log_emptied,
    }
