"""`ccdesk bundle`, `ccdesk replay`: what support needs, made here and done once more there (design §8)."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from ccdesk.cli.console import Console
from ccdesk.container import Container
from ccdesk.core.bundles import Made, Wanted, contents
from ccdesk.core.errors import ConfirmNeeded, ExitCode
from ccdesk.support.bundle_file import open_bundle
from ccdesk.support.replay import Replayed, replay


def bundle(args: argparse.Namespace, container: Container, console: Console) -> int:
    """Write a bundle, saying what goes in; one with emails in plain text is asked about first."""
    out = Path(args.out).expanduser().absolute()
    wanted = Wanted(args.person or "", args.days, args.plain)
    if args.plain and not args.yes:
        _ask(console)
    made = container.save_bundle(out, wanted)
    if console.as_json:
        shown = [{"id": number, "why": why} for number, why in made.only_shown.items()]
        document = {"bundle": str(made.path), "runs": made.runs, "only_shown": shown}
        console.document({**document, "contents": made.contents})
        return int(ExitCode.DONE)
    console.line(f"Written: {made.path}")
    for sentence in made.contents:
        console.line(f"  {sentence}")
    for line in _runs(made):
        console.line(line)
    return int(ExitCode.DONE)


def _runs(made: Made) -> list[str]:
    """Say which runs can be done again from a bundle, and why the others cannot."""
    none = "none" if made.only_shown or made.removed else "none: nothing has happened in a run lately"
    again = ", ".join(map(str, made.runs)) or none
    shown = [f"Run {number} can only be looked at: {why}." for number, why in made.only_shown.items()]
    if made.removed:
        runs = ", ".join(map(str, made.removed))
        shown.append(f"Not in it, because somebody in them was forgotten since: the records of runs {runs}.")
    return [f"Runs that can be done again from it: {again}", *shown]


def _ask(console: Console) -> None:
    """Ask whether emails may be in it as they are.

    Raises:
        ConfirmNeeded: the answer is no, or nobody is there to give one.

    """
    for sentence in contents(plain=True):
        console.say(sentence)
    console.say("Write a bundle that holds emails as they are? [y/N]")
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise ConfirmNeeded(
            "Nothing was written",
            meaning="A bundle with emails as they are has to be confirmed.",
            next_step="Answer y, give --yes, or leave out --plain.",
            code="plain_bundle",
        )


def replay_bundle(args: argparse.Namespace, console: Console) -> int:
    """Do the runs of a bundle once more and say whether they ended as they had."""
    with open_bundle(Path(args.bundle).expanduser()) as opened:
        results = replay(opened, args.run, console.say)
    reproduced = all(one.same for one in results)
    if console.as_json:
        console.document({"reproduced": reproduced, "runs": [_row(one) for one in results]})
    else:
        for one in results:
            console.line(f"Run {one.id} ({one.kind}): {'ended as it had' if one.same else 'ended otherwise'}")
            for difference in one.differences:
                console.line(f"  {difference}")
    return int(ExitCode.DONE if reproduced else ExitCode.NOT_REPRODUCED)


def _row(one: Replayed) -> dict[str, object]:
    return {"id": one.id, "kind": one.kind, "same": one.same, "differences": one.differences}
