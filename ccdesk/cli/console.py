"""What goes to stdout and what to stderr: with --json one document on stdout, all words on stderr."""

from __future__ import annotations

import json
import sys
import time
from typing import Any

from ccdesk.cli.documents import error_document
from ccdesk.core.errors import CcdeskError
from ccdesk.core.runs import Progress


class Console:
    """Prints for people or for programs."""

    def __init__(self, *, as_json: bool) -> None:
        self.as_json = as_json
        self._document_written = False
        self._progress_at = 0.0
        self._live = False

    def document(self, value: Any) -> None:
        """Write the one JSON document."""
        json.dump(value, sys.stdout, ensure_ascii=False)
        sys.stdout.write("\n")
        self._document_written = True

    def started_document(self) -> None:
        """Note that the document is being written by somebody else."""
        self._document_written = True

    def line(self, text: str = "") -> None:
        """Write a line of the answer for people."""
        sys.stdout.write(text + "\n")

    def say(self, text: str) -> None:
        """Write words beside the answer, to stderr at once."""
        self.end_progress()
        sys.stderr.write(text + "\n")
        sys.stderr.flush()

    def error(self, error: CcdeskError) -> None:
        """Say what went wrong, what it means, what to do."""
        parts = [f"ccdesk: {error.title}", error.meaning, error.next_step]
        if error.detail:
            parts.append(f"({error.detail})")
        self.say("\n  ".join(part for part in parts if part))
        if self.as_json and not self._document_written:
            self.document({"error": error_document(error)})

    def progress(self, progress: Progress) -> None:
        """Show how far a run is: one line that is written over on a terminal, else a line now and then."""
        now = time.monotonic()
        terminal = sys.stderr.isatty()
        if now - self._progress_at < (0.1 if terminal else 5.0):
            return
        self._progress_at = now
        text = _progress_text(progress)
        if terminal:
            sys.stderr.write(f"\r\x1b[K{text}")
            self._live = True
        else:
            sys.stderr.write(text + "\n")
        sys.stderr.flush()

    def end_progress(self) -> None:
        """Leave the progress line before other words."""
        if self._live:
            sys.stderr.write("\r\x1b[K")
            self._live = False


def _progress_text(progress: Progress) -> str:
    text = f"Continued: {progress.phase}" if progress.continued else progress.phase
    if progress.sent:
        text += f": {progress.read:,} read, {progress.sent:,} sent, {progress.confirmed:,} confirmed"
    elif progress.total:
        text += f": {progress.done:,} of {progress.total:,}"
    elif progress.done:
        text += f": {progress.done:,}"
    if progress.errors:
        text += f", {progress.errors:,} errors"
    if progress.seconds_left:
        text += f", about {progress.seconds_left:.0f} s left"
    return text
