"""`ccdesk run`: the loops without a window, told in words on stderr or, with --json, in lines on stdout."""

from __future__ import annotations

import argparse
from typing import Any

from ccdesk import __version__
from ccdesk.cli import documents, tables, words
from ccdesk.cli.console import AnswerUnwritten, Console
from ccdesk.cli.stopping import stoppable
from ccdesk.container import Container
from ccdesk.core.errors import CcdeskError, ExitCode
from ccdesk.core.runs import Progress, Run, RunKind, Trigger
from ccdesk.service.loop import Loop, LoopListener, Silent
from ccdesk.system.crashes import RUN, crashes_noted


def run(args: argparse.Namespace, container: Container, console: Console) -> int:
    """Do the loops until stopped."""
    if not container.desk.settings().enabled:
        console.say("The application is not enabled: the loops wait (ccdesk settings set enabled=true).")
    paused = container.desk.paused_until()
    if paused is not None:
        console.say(f"Paused until {tables.when(paused)}: nothing runs by itself before.")
    stream = Stream(container, console) if console.as_json else None
    listener: LoopListener = stream or Narrator(console)
    loop = Loop(container.desk, container.clock, listener)
    with stoppable(loop.stop), crashes_noted(container.paths.base / RUN):
        if stream is not None:
            stream.started()
        loop.run()
    if stream is not None:
        stream.stopped()
    return int(ExitCode.DONE)


class Narrator(Silent):
    """Tells people on stderr what the loops do."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def run_started(self, kind: RunKind, trigger: Trigger) -> None:
        """Say that a run begins."""
        self._console.say(f"{kind.value}: started")

    def progress(self, progress: Progress) -> None:
        """Show how far it is."""
        self._console.progress(progress)

    def run_finished(self, run: Run) -> None:
        """Say how it ended."""
        self._console.say(f"{run.kind.value}: {tables.summary(run)}")

    def run_failed(self, kind: RunKind, error: CcdeskError) -> None:
        """Say why it could not begin."""
        self._console.say(f"{kind.value}: {words.text(error)}")


class Stream(Silent):
    """Writes a line of JSON for each event, out at once: `{"event": …, "at": …}` and what belongs to it.

    Events: `started` first and `stopped` last; `run_started`, `run_ended` and `run_failed` (one that could
    not begin); `needs_you_changed` at the start and whenever the list is another one after a run. Nobody who
    reads is no reason to sync nobody's consent: when a line cannot be written the loops go on, and stderr
    says so.
    """

    def __init__(self, container: Container, console: Console) -> None:
        self._desk, self._clock, self._console = container.desk, container.clock, console
        self._runs = 0
        self._needs: list[dict[str, Any]] | None = None  # None: not told yet
        self._lost = False

    def started(self) -> None:
        """Tell that the loops begin, and what needs a person now."""
        status = self._desk.stored_status()
        self._tell("started", version=__version__, base_dir=status.base_dir, enabled=status.enabled)
        self._tell_needs()

    def stopped(self) -> None:
        """Tell that nothing more comes."""
        self._tell("stopped", runs=self._runs)

    def run_started(self, kind: RunKind, trigger: Trigger) -> None:
        """Tell that a run begins."""
        self._tell("run_started", kind=kind.value, trigger=trigger.value)

    def run_finished(self, run: Run) -> None:
        """Tell how it ended, without its people: “ccdesk runs ID” has them."""
        self._runs += 1
        self._tell("run_ended", run=documents.run_head(run))
        self._tell_needs()

    def run_failed(self, kind: RunKind, error: CcdeskError) -> None:
        """Tell why it could not begin."""
        self._tell("run_failed", kind=kind.value, error=documents.error_document(error))
        self._tell_needs()

    def _tell_needs(self) -> None:
        try:
            found = self._desk.status(live=False).needs_you
        except CcdeskError as error:  # the run told of it, or the next one will
            self._console.say(f"ccdesk: what needs you could not be read. {words.text(error)}")
            return
        rows = [documents.need_row(need) for need in found]
        if rows != self._needs:
            self._needs = rows
            self._tell("needs_you_changed", needs_you=rows)

    def _tell(self, event: str, **more: Any) -> None:
        if self._lost:
            return
        try:
            self._console.document({"event": event, "at": documents.moment(self._clock.now()), **more})
            self._console.flush()
        except (AnswerUnwritten, BrokenPipeError):
            self._lost = True
            self._console.say("ccdesk: nobody takes the lines of “run --json” any more; the loops go on.")
