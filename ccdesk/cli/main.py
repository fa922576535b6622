"""Entry of the command line: parse, do, print, and one place that turns errors into words and exit codes."""

from __future__ import annotations

import gc
import logging
import os
import sys
from collections.abc import Sequence

from ccdesk.cli import commands
from ccdesk.cli.console import Console
from ccdesk.cli.parser import build_parser
from ccdesk.core.errors import CcdeskError, ExitCode
from ccdesk.logs import faults_reported, redact, start_logging
from ccdesk.paths import find_base

INTERRUPTED = 130  # what shells expect after Ctrl+C


def _quiet_memory() -> None:
    """Keep the garbage collector off what stays, and let whole pages of people come and go under it."""
    gc.freeze()
    gc.set_threshold(20_000, 50, 100)


def main(argv: Sequence[str] | None = None) -> int:
    """Do one command and return its exit code."""
    with faults_reported():
        return _main(argv)


def _main(argv: Sequence[str] | None) -> int:
    args = build_parser().parse_args(argv)
    _quiet_memory()
    console = Console(as_json=args.json)
    paths = find_base(args.base_dir, os.environ)
    try:
        paths.prepare()
        start_logging(paths.log, verbose=args.verbose)
        code = commands.perform(args, paths, console)
        sys.stdout.flush()
        return code
    except CcdeskError as error:
        console.error(error)
        if args.command is None:
            commands.tell_in_window(error)
        return int(error.exit_code)
    except BrokenPipeError:
        # The reader of our output went away (| head): nothing is left to tell anybody.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return int(ExitCode.DONE)
    except Exception as error:
        # The last net: a defect of ours is exit 1 and words, with the details in the log.
        logging.getLogger("ccdesk").exception("a defect")
        console.error(
            CcdeskError(
                "ccdesk itself made a mistake",
                meaning="Nothing that was done before is lost.",
                next_step=f"Send the log to support: {paths.log}",
                detail=redact(f"{type(error).__name__}: {error}"),
                code="our_fault",
            )
        )
        return int(ExitCode.OUR_FAULT)
    except KeyboardInterrupt:
        console.say("Stopped.")
        return INTERRUPTED
    finally:
        start_logging(None)
