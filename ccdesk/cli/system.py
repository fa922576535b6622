"""`ccdesk autostart` and `ccdesk service`: what the operating system does for ccdesk (design §9)."""

from __future__ import annotations

import argparse
import os

from ccdesk.cli.console import Console
from ccdesk.core.errors import ExitCode
from ccdesk.paths import Paths, default_base
from ccdesk.system.autostart import AutostartState, autostart
from ccdesk.system.program import VAULT, find_program
from ccdesk.system.service import ServiceState, service

_TAKEN_ALONG = ("CCDESK_BASE_DIR", VAULT)
_RUNNING = {True: ", and running", False: ", but not running", None: ""}


def perform_with_system(args: argparse.Namespace, paths: Paths, console: Console) -> int:
    """Do one of the two; always 0, also where a status is “off”."""
    return _autostart(args, paths, console) if args.command == "autostart" else _service(args, paths, console)


def _autostart(args: argparse.Namespace, paths: Paths, console: Console) -> int:
    entry = autostart(find_program(paths.base, default_base()))
    if args.verb == "on":
        entry.turn_on()
        _say_what_stays_behind(console)
    elif args.verb == "off":
        entry.turn_off()
    state = entry.state()
    if console.as_json:
        console.document(
            {"on": state.on, "place": state.place, "command": state.command or None, "current": state.is_ours}
        )
    else:
        console.line(_autostart_words(state))
    return int(ExitCode.DONE)


def _autostart_words(state: AutostartState) -> str:
    if not state.on:
        return "Off: ccdesk does not start by itself."
    other = "" if state.is_ours else " This is another copy of ccdesk; “ccdesk autostart on” takes this one."
    return f"On: ccdesk starts when you log in ({state.place}): {state.command}{other}"


def _service(args: argparse.Namespace, paths: Paths, console: Console) -> int:
    one = service(find_program(paths.base, default_base()))
    if args.verb == "install":
        one.install()
        console.say(one.hint)
        _say_what_stays_behind(console)
    elif args.verb == "remove":
        one.remove()
    state = one.state()
    if console.as_json:
        console.document({"installed": state.installed, "running": state.running, "place": state.place})
    else:
        console.line(_service_words(state))
    return int(ExitCode.DONE)


def _service_words(state: ServiceState) -> str:
    if not state.installed:
        return "Not installed: “ccdesk run” is not started by itself."
    return f"Installed{_RUNNING[state.running]}: {state.place}"


def _say_what_stays_behind(console: Console) -> None:
    """Name the variables in force here that what is started later will not see; never their values."""
    behind = sorted(name for name in os.environ if name.startswith("CCDESK_") and name not in _TAKEN_ALONG)
    if behind:
        console.say(
            f"Note: {', '.join(behind)} {'is' if len(behind) == 1 else 'are'} set here only; what is started "
            "at login does not see it. Store the setting instead."
        )
