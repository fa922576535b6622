"""Commands that need no data at all: licences, and the completion of a shell. They make no base dir."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping

from ccdesk import licences
from ccdesk.cli import tables
from ccdesk.cli.console import Console
from ccdesk.cli.help_layout import walk
from ccdesk.cli.parser import build_parser
from ccdesk.core.errors import ExitCode, SettingsError

_FILES = ("FILE", "OUT.zip", "BUNDLE.zip")  # arguments that name a file, as the help calls them


def _licences(args: argparse.Namespace, console: Console) -> int:
    """List what ccdesk is made of, or show one part, or all, with the texts."""
    found = licences.find_all()
    if args.name:
        found = tuple(one for one in found if one.name.lower() == args.name.lower())
        if not found:
            raise SettingsError(
                f"“{args.name}” is no part of ccdesk", next_step="“ccdesk licences” lists them."
            )
    whole = bool(args.name or args.all)
    if console.as_json:
        console.document({"licences": [_row(one, whole=whole) for one in found]})
    elif whole:
        for one in found:
            console.line(one.title)
            for line in one.text().splitlines():
                console.line(line)
            console.line()
    else:
        rows = [(one.name, one.version, one.licence) for one in found]
        tables.print_table(console, ("Part", "Version", "Licence"), rows, "")
    return int(ExitCode.DONE)


def _row(one: licences.Licence, *, whole: bool) -> dict[str, str]:
    row = {"name": one.name, "version": one.version, "licence": one.licence}
    return {**row, "text": one.text()} if whole else row


def _completion(args: argparse.Namespace, console: Console) -> int:
    """Print the script that completes commands and options."""
    import shtab  # only here: no other command needs it

    parser = build_parser()
    for _, one in walk(parser):
        for action in one._actions:
            complete = shtab.DIRECTORY if action.metavar == "DIR" else shtab.FILE
            if action.metavar == "DIR" or action.metavar in _FILES:
                action.complete = complete  # type: ignore[attr-defined]
    script: str = shtab.complete(parser, shell=args.shell)
    console.text(script)
    return int(ExitCode.DONE)


PAPERS: Mapping[str, Callable[[argparse.Namespace, Console], int]] = {
    "licences": _licences,
    "completion": _completion,
}
"""The commands by name."""
