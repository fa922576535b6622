"""Entry of the command line: parse, do, print, and one place that turns errors into words and exit codes."""

from __future__ import annotations

import gc
import logging
import os
import sys
from collections.abc import Sequence

from ccdesk.cli import commands
from ccdesk.cli.console import Console, settle_encodings
from ccdesk.cli.no_dump import leave_no_dump
from ccdesk.cli.papers import PAPERS
from ccdesk.cli.parser import build_parser, wants_json
from ccdesk.core.errors import Cancelled, CcdeskError, ExitCode, our_fault
from ccdesk.logs import faults_reported, start_logging
from ccdesk.paths import find_base


def _quiet_memory() -> None:
    """Keep the garbage collector off what stays, and let whole pages of people come and go under it."""
    gc.freeze()
    gc.set_threshold(20_000, 50, 100)


def main(argv: Sequence[str] | None = None) -> int:
    """Do one command and return its exit code."""
    with faults_reported():
        return _main(argv)


def _main(argv: Sequence[str] | None) -> int:
    words = sys.argv[1:] if argv is None else argv
    leave_no_dump()
    console = Console(as_json=wants_json(words))
    settle_encodings(as_json=console.as_json)
    _quiet_memory()
    try:
        return _perform(words, console)
    except CcdeskError as error:
        console.error(error)
        return int(error.exit_code)
    except BrokenPipeError:
        # The reader of our output went away (| head): nothing is left to tell anybody.
        return int(ExitCode.DONE)
    except KeyboardInterrupt:
        console.error(Cancelled("Stopped", meaning="What was done so far stands.", code="stopped"))
        return int(ExitCode.STOPPED)
    finally:
        _let_go_of_lost_output()
        start_logging(None)


def _perform(words: Sequence[str], console: Console) -> int:
    args = build_parser().parse_args(words)
    if args.command in PAPERS:
        code = PAPERS[args.command](args, console)
        console.flush()
        return code
    try:
        paths = find_base(args.base_dir, os.environ)
        paths.prepare()
        start_logging(paths.log, verbose=args.verbose)
        code = commands.perform(args, paths, console)
        console.flush()
        return code
    except BrokenPipeError:
        raise
    except Exception as error:
        shown = error if isinstance(error, CcdeskError) else _our_fault(error)
        if args.command is None:
            commands.tell_in_window(shown)
        if shown is error:
            raise
        raise shown from error


def _our_fault(error: Exception) -> CcdeskError:
    """The last net: a defect of ours is exit 1 and words, with the details in the log."""
    logging.getLogger("ccdesk").error("a defect", exc_info=error)
    return our_fault(
        error,
        meaning="Nothing that was done before is lost.",
    )


def _let_go_of_lost_output() -> None:
    """Drop what cannot be written: at its own end Python would try again and make another exit code of it."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
