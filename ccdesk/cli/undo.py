"""`ccdesk undo RUN`: what a run did is taken back where the person has not acted since (design §8)."""

from __future__ import annotations

import argparse

from ccdesk.cli.console import Console
from ccdesk.cli.preview import show_preview
from ccdesk.cli.show_run import show_run
from ccdesk.cli.stopping import exit_code, stoppable
from ccdesk.container import Container


def undo(args: argparse.Namespace, container: Container, console: Console) -> int:
    """Undo one run, or show what that would do; the exit codes are those of a run."""
    desk, run_id = container.desk, args.run_id
    if args.dry_run:
        return show_preview(
            console,
            lambda cancel: desk.preview_undo(run_id, listener=console.progress, cancel=cancel),
        )
    with stoppable() as cancel:
        run = desk.undo(run_id, listener=console.progress, cancel=cancel)
    console.end_progress()
    show_run(console, container, run)
    return exit_code(run)
