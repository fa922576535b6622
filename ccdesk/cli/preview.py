"""`ccdesk sync KIND --dry-run`: what the run would do, with nothing changed (design §8)."""

from __future__ import annotations

import argparse
import threading
from collections.abc import Callable
from contextlib import suppress

from ccdesk.cli import words
from ccdesk.cli.console import Console
from ccdesk.cli.documents import write_preview
from ccdesk.cli.stopping import exit_code, stoppable
from ccdesk.cli.tables import print_preview
from ccdesk.container import Container
from ccdesk.core.errors import CcdeskError, ConfirmNeeded, ExitCode
from ccdesk.core.runs import Run, RunKind
from ccdesk.service.preview import Preview


def preview(args: argparse.Namespace, container: Container, console: Console) -> int:
    """Try out the run that `sync` was asked for, and show it."""
    kind = RunKind(args.kind)
    if kind is RunKind.EXPORT:
        _name_automations(container, console)
    return show_preview(
        console,
        lambda cancel: container.desk.preview(
            kind,
            listener=console.progress,
            cancel=cancel,
            confirmed=args.confirm,
            leave_out=args.leave_out,
        ),
    )


def _name_automations(container: Container, console: Console) -> None:
    """Name what would start for everybody whom the export adds, where that can be read."""
    with suppress(CcdeskError):  # what is wrong is told by the preview itself
        names = container.desk.joining_automations()
        if names:
            quoted = ", ".join(f"“{one}”" for one in names)
            console.say(f"Note: joining the list starts an automation in Constant Contact: {quoted}.")


def show_preview(console: Console, try_out: Callable[[threading.Event], Preview]) -> int:
    """Try a run out and show it; what it would ask is no failure, because nothing waits for an answer."""
    console.previewing = True
    with stoppable() as cancel, try_out(cancel) as tried:
        console.end_progress()
        _tell(console, tried.run)
        if console.as_json:
            console.started_document()
            write_preview(console, tried)
        else:
            print_preview(console, tried)
    return int(ExitCode.DONE) if isinstance(tried.run.failure, ConfirmNeeded) else exit_code(tried.run)


def _tell(console: Console, run: Run) -> None:
    """Say on stderr what would end the run early, or what it would ask."""
    if isinstance(run.failure, ConfirmNeeded):
        console.say(f"ccdesk: the run would ask: {words.text(run.failure)}")
    elif run.failure is not None:
        console.say(f"ccdesk: {words.text(run.failure)}")
    elif run.message:
        console.say(f"ccdesk: {run.message}")
