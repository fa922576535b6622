"""`ccdesk ledger`: every statement and every command of ours, in time order (design §8)."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from ccdesk.cli.console import Console
from ccdesk.cli.documents import ledger_row, write_ledger
from ccdesk.cli.tables import print_table, when
from ccdesk.container import Container
from ccdesk.core.errors import ExitCode, SettingsError
from ccdesk.core.ledger import LedgerEntry
from ccdesk.core.spreadsheet import write_csv
from ccdesk.core.statements import Author, Side

HEADER = (
    "at", "until", "email", "side", "subject", "author", "says", "how", "evidence", "rule", "run", "outcome",
)  # fmt: skip
_MOST = 200  # entries shown on a terminal
_AUTHORS = {
    Author.US: "ccdesk",
    Author.UNKNOWN: "somebody",
    Author.PERSON: "the person",
    Author.STAFF: "staff",
}
_SIDES = {Side.SHOP: "Kibo", Side.MAIL: "Constant Contact"}


def ledger(args: argparse.Namespace, container: Container, console: Console) -> int:
    """Show the ledger, or write it to a file; ends with 0 though nobody is known by that name."""
    desk, since = container.desk, _since(args.since)
    if args.who == "" or args.csv == "":  # a script's variable that was never set: not everybody
        raise SettingsError("An empty name names nobody and no file", next_step="Leave it out, or give one.")
    who = args.who or ""
    if args.csv is not None:
        count = write_csv(Path(args.csv), HEADER, _cells(desk.ledger(who, since=since)), for_programs=True)
        console.say(f"{count:,} entries written to {args.csv}")
    if console.as_json:
        console.started_document()
        write_ledger(console, desk.ledger(who, since=since))
    elif args.csv is None:
        _print(console, list(desk.ledger(who, since=since, limit=_MOST + 1)))
    return int(ExitCode.DONE)


def _since(text: str | None) -> datetime | None:
    """Return the moment a date names; one without a time begins at midnight UTC.

    Raises:
        SettingsError: it is no date.

    """
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text.strip().replace("z", "Z"))
    except ValueError:
        raise SettingsError(
            f"“{text}” is not a date",
            meaning="--since takes a date, with or without a time, in UTC.",
            next_step="Write for example 2026-03-01 or 2026-03-01T12:00:00Z.",
        ) from None
    if moment.tzinfo is None:
        return moment.replace(tzinfo=UTC)
    try:
        return moment.astimezone(UTC)
    except OverflowError:  # the first or the last hours there are, in another zone
        return (datetime.min if moment.year == 1 else datetime.max).replace(tzinfo=UTC)


def _cells(entries: Iterator[LedgerEntry]) -> Iterator[list[str]]:
    for one in entries:
        row = ledger_row(one)
        yield ["" if row[name] is None else str(row[name]) for name in HEADER]


def _print(console: Console, entries: list[LedgerEntry]) -> None:
    shown = entries[-_MOST:]
    if len(entries) > len(shown):
        console.line(f"The newest {len(shown):,} entries; --json or --csv FILE gives all of them.")
    head = ("WHEN", "E-MAIL", "WHERE", "WHO", "WHAT", "SAYS", "RUN", "ENDED")
    print_table(console, head, map(_row, shown), "Nothing is known.")


def _row(one: LedgerEntry) -> tuple[str, ...]:
    moment = when(one.at) if one.until is None else f"{when(one.at)} – {when(one.until)}"
    return (
        moment,
        one.email or "(forgotten)",
        _SIDES[one.side],
        _AUTHORS[one.author],
        one.evidence,
        one.says.value.replace("_", "-"),
        "" if one.run is None else str(one.run),
        one.outcome,
    )
