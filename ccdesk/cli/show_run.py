"""A run that has just been done, or is looked at: its words on stderr, itself on stdout."""

from __future__ import annotations

from ccdesk.cli import documents, tables, words
from ccdesk.cli.console import Console
from ccdesk.container import Container
from ccdesk.core.runs import Run


def show_run(console: Console, container: Container, run: Run) -> None:
    """Show one run with its people and errors."""
    if run.failure is not None:
        console.say(f"ccdesk: {words.text(run.failure)}")
    elif run.message:
        console.say(f"ccdesk: {run.message}")
    if console.as_json:
        console.started_document()
        documents.write_run(console, container.desk, run)
    else:
        tables.print_run(console, container.desk, run)
