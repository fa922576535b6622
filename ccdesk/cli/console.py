"""What goes to stdout and what to stderr: with --json one document on stdout, all words on stderr."""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import TextIOWrapper
from typing import Any

from ccdesk.cli import words
from ccdesk.cli.documents import error_document
from ccdesk.core.errors import CcdeskError, ExitCode
from ccdesk.core.runs import Progress
from ccdesk.core.text import INVISIBLE, OBEYED, TURNING

_CONTROLS = re.compile(f"[{OBEYED}{TURNING}{INVISIBLE}]")  # a tab as well
# What JSON may hold as it is: as an escape, with which nothing is lost. (JSON itself escapes below a space.)
_UNSEEN = re.compile(f"(?![\\x00-\\x1f])[{OBEYED}{TURNING}{INVISIBLE}\u200c\u200d]")


class AnswerUnwritten(CcdeskError):
    """What was asked for cannot be written where it should go."""

    title = "The answer could not be written"
    meaning = "What was to be done is done; only the place where the answer goes does not take it."
    next_step = "See whether the disk is full that it goes to."
    exit_code = ExitCode.WRONG_USE


@contextmanager
def _written() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        raise  # whoever read it has seen enough
    except OSError as error:
        raise AnswerUnwritten(detail=str(error)) from error


class Console:
    """Prints for people or for programs."""

    def __init__(self, *, as_json: bool) -> None:
        self.as_json = as_json
        self._document_written = False
        self._progress_at = 0.0
        self._live = False
        self.previewing = False  # what a run does is only tried out

    def document(self, value: Any) -> None:
        """Write the one JSON document."""
        self.started_document()
        self.write(json.dumps(value, ensure_ascii=False) + "\n")

    def started_document(self) -> None:
        """Note that the document is being written by somebody else."""
        self._document_written = True

    def line(self, text: str = "") -> None:
        """Write one line of the answer for people, whatever is in the text; errors as `write`."""
        with _written():
            sys.stdout.write(_shown(text) + "\n")

    def write(self, text: str) -> None:
        """Write a part of the JSON document, with nothing in it that a terminal obeys or nobody sees.

        Raises:
            AnswerUnwritten: it cannot be written.

        """
        with _written():
            sys.stdout.write(_UNSEEN.sub(_escaped, text))

    def text(self, whole: str) -> None:
        """Write a text of ours as it is, a script of a shell for example; errors as `write`."""
        with _written():
            sys.stdout.write(whole)

    def flush(self) -> None:
        """See to it that the answer is out; errors as `write`."""
        with _written():
            sys.stdout.flush()

    def say(self, *lines: str) -> None:
        """Write words beside the answer, each one line, to stderr at once."""
        self.end_progress()
        _mutter("".join(f"{_shown(line)}\n" for line in lines))

    def error(self, error: CcdeskError) -> None:
        """Say what went wrong, what it means, what to do."""
        parts = [f"ccdesk: {words.title(error)}", error.meaning, words.next_step(error)]
        if error.detail:
            parts.append(f"({error.detail})")
        first, *more = [part for part in parts if part]
        self.say(first, *(f"  {part}" for part in more))
        if self.as_json and not self._document_written:
            with suppress(AnswerUnwritten, BrokenPipeError):
                self.document({"error": error_document(error)})

    def progress(self, progress: Progress) -> None:
        """Show how far a run is: one line that is written over on a terminal, else a line now and then."""
        now = time.monotonic()
        terminal = sys.stderr.isatty()
        if not progress.tries and now - self._progress_at < (0.1 if terminal else 5.0):
            return
        self._progress_at = now
        preview = "Preview, nothing is written: " if self.previewing else ""
        text = _shown(preview + _progress_text(progress))
        if terminal:
            _mutter(f"\r\x1b[K{text}")
            self._live = True
        else:
            _mutter(text + "\n")

    def end_progress(self) -> None:
        """Leave the progress line before other words."""
        if self._live:
            _mutter("\r\x1b[K")
            self._live = False


def _mutter(text: str) -> None:
    """Write to stderr; who read it may be gone, or its disk full: no run ends, and no loop stops, by that."""
    with suppress(OSError):
        sys.stderr.write(text)
        sys.stderr.flush()


def settle_encodings(*, as_json: bool) -> None:
    """Let no name fail on its way out: JSON is UTF-8 whatever the terminal's letters, words are escaped.

    On Windows what goes into a file or pipe would else be written in the letters of one part of the world. A
    folder's name that is no text comes out as the escape that JSON has for it.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            encoding = "utf-8" if as_json and stream is sys.stdout else None
            stream.reconfigure(encoding=encoding, errors="backslashreplace")


def _shown(text: str) -> str:
    """Return a text as one line, without what a terminal would take for a command, or would turn round."""
    return _CONTROLS.sub("\ufffd", text)


def _escaped(found: re.Match[str]) -> str:
    """Return JSON's escape of one character; beyond the first 65,536 it is a pair."""
    units = found[0].encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2))


def _progress_text(progress: Progress) -> str:
    text = f"Continued: {progress.phase}" if progress.continued else progress.phase
    if progress.sent:
        text += f": {progress.read:,} read, {progress.sent:,} sent, {progress.confirmed:,} done"
    elif progress.total:
        text += f": {progress.done:,} of {progress.total:,}"
    elif progress.done:
        text += f": {progress.done:,}"
    if progress.errors:
        text += f", {progress.errors:,} {'error' if progress.errors == 1 else 'errors'}"
    if progress.tries:
        return f"{text}: no answer from {progress.silent}, trying again in {progress.pause:.0f} s"
    if progress.seconds_left:
        text += f", about {progress.seconds_left:.0f} s left"
    return text
