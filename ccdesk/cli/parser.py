"""The words of the command line."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Sequence
from typing import NoReturn

from ccdesk import __version__
from ccdesk.cli.help_layout import tell
from ccdesk.core.bundles import USUAL_DAYS
from ccdesk.core.drift import DriftKind
from ccdesk.core.errors import SettingsError

_LARGEST = 2**63 - 1  # SQLite's integers end here
_VALUE = re.compile(r"(ignored explicit argument) .*|(?<=[\w-])=\S+")


class WrongUse(SettingsError):
    """The command line cannot be understood: nothing was done."""

    title = "The command cannot be understood"


class _Parser(argparse.ArgumentParser):
    """Raises what is wrong instead of ending the program: with --json it must come as a document."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong, and how the command is used; no value, which may be a secret typed by mistake.

        Raises:
            WrongUse: always.

        """
        message = _VALUE.sub(lambda found: found[1] or "=…", message)
        usage = " ".join(self.format_usage().split())
        raise WrongUse(
            meaning=f"{message[:1].upper()}{message[1:]}.",
            next_step=f"{usage[:1].upper()}{usage[1:]}",
            code="wrong_use",
        )


def wants_json(words: Sequence[str]) -> bool:
    """Say whether JSON was asked for, of words that may not be understood as a whole."""
    return any(len(word) > 2 and "--json".startswith(word) for word in words)


def _common(*, top: bool) -> _Parser:
    """Options every command takes, before or after its name."""
    default = None if top else argparse.SUPPRESS
    common = _Parser(add_help=False)
    common.add_argument(
        "--base-dir",
        metavar="DIR",
        default=default,
        help="folder for all data: database, settings, logs, vault file",
    )
    common.add_argument(
        "--json",
        action="store_true",
        default=False if top else argparse.SUPPRESS,
        help="print exactly one JSON document on stdout (of “run”: one a line)",
    )
    common.add_argument(
        "--verbose",
        action="store_true",
        default=False if top else argparse.SUPPRESS,
        help="show the log on stderr",
    )
    return common


def _adder(
    parser: argparse.ArgumentParser, dest: str, *, required: bool = False
) -> Callable[[str, str], argparse.ArgumentParser]:
    """Return what adds a command or a verb by its name and its help; `dest` takes the one that is given."""
    commands = parser.add_subparsers(dest=dest, metavar=dest.upper(), required=required)
    shared = _common(top=False)

    def add(name: str, text: str) -> argparse.ArgumentParser:
        return commands.add_parser(name, help=text, description=text, parents=[shared])

    return add


def build_parser() -> argparse.ArgumentParser:
    """Return the parser; no command means the window."""
    parser = _Parser(
        prog="ccdesk",
        description="Keeps marketing consent the same in Kibo eCommerce and Constant Contact. "
        "Without a command it opens the window.",
        parents=[_common(top=True)],
    )
    parser.add_argument(
        "--tray", action="store_true", help="open only the icon in the tray, as the start at login does"
    )
    parser.add_argument("--version", action="version", version=f"ccdesk {__version__}")
    add = _adder(parser, "command")
    demo = add("demo", "open the window on a local pretend Kibo and Constant Contact")
    _world(demo, 480)
    demo.add_argument(
        "--tour", metavar="DIR", help="play the whole walk, save a picture of every step there and check it"
    )
    demo.add_argument(
        "--theme", choices=("light", "dark", "system"), default="system", help=argparse.SUPPRESS
    )
    sandbox = add("sandbox", "run only the pretend services and print their addresses")
    sandbox.add_argument("--port", type=_port, default=0, help="first of two ports (default: free ones)")
    _world(sandbox, 480)
    _account_commands(add)
    _sync_commands(add)
    _people_commands(add)
    _question_commands(add)
    _support_commands(add)
    _system_commands(add)
    _paper_commands(add)
    tell(parser)
    return parser


def _world(parser: argparse.ArgumentParser, customers: int) -> None:
    parser.add_argument(
        "--customers", type=_count, default=customers, metavar="N", help=f"how many customers ({customers})"
    )
    parser.add_argument("--seed", type=int, default=1, metavar="S", help="which pretend shop (1)")


def _account_commands(add: Callable[[str, str], argparse.ArgumentParser]) -> None:
    login = add("login", "log in to Constant Contact in the browser")
    login.add_argument("--no-browser", action="store_true", help="print the address to open and wait")
    login.add_argument("--timeout", type=_seconds, default=300.0, metavar="S", help="seconds to wait (300)")
    login.add_argument(
        "--other-account",
        action="store_true",
        help="accept a login to another account: links and queue of the former one are dropped",
    )
    add("logout", "forget the login to Constant Contact")
    settings = add("settings", "show or change settings")
    verb = _adder(settings, "verb", required=True)
    verb("show", "show every setting")
    change = verb("set", "change settings: KEY=VALUE …")
    change.add_argument("pairs", nargs="*", metavar="KEY=VALUE")
    change.add_argument(
        "--kibo-secret", action="store_true", help="ask for the Kibo shared secret at a prompt and store it"
    )
    change.add_argument(
        "--confirm", action="store_true", help="go on although what is remembered of people is dropped"
    )
    verb("remove-kibo-secret", "remove the Kibo shared secret that is kept")
    setup = add("setup", "write or take over a partner's set-up file, which holds no secret")
    setup_verb = _adder(setup, "verb", required=True)
    written = setup_verb("export", "write addresses, keys and choices to FILE")
    written.add_argument("file", metavar="FILE")
    taken = setup_verb("import", "take over what FILE holds")
    taken.add_argument("file", metavar="FILE")
    taken.add_argument(
        "--confirm",
        action="store_true",
        help="go on although the file names other servers, or what is remembered of people is dropped",
    )


def _sync_commands(add: Callable[[str, str], argparse.ArgumentParser]) -> None:
    add(
        "draft",
        "make a campaign draft in Constant Contact with the chosen From and ReplyTo for the active list",
    )
    sync = add("sync", "do one run now")
    sync.add_argument(
        "kind",
        choices=("export", "events", "inbound", "full-compare"),
        help="export: all customers to Constant Contact (in the window “To Constant Contact”); events: what "
        "changed in Kibo (“Events”); inbound: unsubscribes from Constant Contact (“From Constant Contact”); "
        "full-compare: everybody against both sides (“Daily comparison”)",
    )
    answer = sync.add_mutually_exclusive_group()
    answer.add_argument(
        "--confirm",
        action="store_true",
        help="go on although very many people are affected; the first export onto a list that has members "
        "adds the customers who are not on it",
    )
    answer.add_argument(
        "--leave-out",
        action="store_true",
        help="the first export onto a list that has members leaves out the customers who are not on it",
    )
    sync.add_argument(
        "--dry-run",
        action="store_true",
        help="only show what the run would do: the same run, reading both sides and changing nothing. What "
        "it would ask is shown as its status and message, and ends with 0, for nothing waits for an answer; "
        "a service that fails ends with the code of a run",
    )
    undo = add(
        "undo",
        "take back what a run added to the list and the opt-ins it switched on in Kibo, where the person has "
        "not acted since; no opt-out is undone",
    )
    undo.add_argument("run_id", type=_count, metavar="RUN", help="the run's id, as “ccdesk runs” shows it")
    undo.add_argument("--dry-run", action="store_true", help="only show what it would do; nothing is changed")
    add("run", "do the loops without a window, until stopped; --json writes a line for each event")
    status = add("status", "show both connections, next runs and calls used today")
    status.add_argument("--offline", action="store_true", help="ask neither service")
    runs = add("runs", "list the runs, or show one with its people and errors")
    runs.add_argument("run_id", nargs="?", type=_count, metavar="ID")
    runs.add_argument("--limit", type=_count, default=None, metavar="N", help="only the newest N")


def _people_commands(add: Callable[[str, str], argparse.ArgumentParser]) -> None:
    drift = add("drift", "compare both sides as they are now, and name everybody about whom they differ")
    act = drift.add_mutually_exclusive_group()
    act.add_argument(
        "--repair",
        choices=[kind.value for kind in DriftKind],
        metavar="KIND",
        help="first do the runs that put this kind right, by their ordinary rules and guard; then compare. "
        f"Kinds: {', '.join(kind.value for kind in DriftKind if kind.repairable)}",
    )
    act.add_argument(
        "--leave",
        choices=[kind.value for kind in DriftKind],
        metavar="KIND",
        help="leave this kind as it is: staff have looked at it, and it is named as left until either side "
        f"changes. Kinds: {', '.join(kind.value for kind in DriftKind if kind.can_be_left)}",
    )
    act.add_argument(
        "--name-again",
        action="store_true",
        help="name a person again who was left as they are; needs --person",
    )
    drift.add_argument(
        "--person",
        metavar="WHO",
        help="only this person of the kind: an email or a customer id. A repair is one run about them alone",
    )
    ledger = add("ledger", "show every statement about being mailed, and all that ccdesk did, in time order")
    ledger.add_argument("who", nargs="?", metavar="WHO", help="an email or a customer id (else everybody)")
    ledger.add_argument("--since", metavar="DATE", help="only from then on: 2026-03-01, or with a time (UTC)")
    ledger.add_argument("--csv", metavar="FILE", help="write it to a file that spreadsheets open")
    forget = add(
        "forget",
        "erase a person from everything kept here, recorded runs about them included; an opt-out is still "
        "honoured",
    )
    forget.add_argument("who", metavar="WHO", help="an email or a customer id")
    forget.add_argument("--yes", action="store_true", help="do not ask first")
    why = add(
        "why", "say why a person is mailed or not: the verdict, both sides, what happened, what is next"
    )
    why.add_argument("who", metavar="WHO", help="an email, or a Kibo customer id")
    why.add_argument("--live", action="store_true", help="read both sides now instead of what is remembered")


def _question_commands(add: Callable[[str, str], argparse.ArgumentParser]) -> None:
    held = add("held", "show whose opt-outs are held because they are unusually many, or answer for them")
    held.add_argument(
        "answer",
        nargs="?",
        choices=("list", "do", "later", "mistake"),
        default="list",
        help="do: carry them out; later: ask again in 24 hours; mistake: do nothing about them",
    )
    held.add_argument("--kind", choices=("flag", "left", "staff"), help="only those of one kind")
    newcomers = add("newcomers", "show who opted in after the person had opted out; add or leave them")
    newcomers.add_argument("answer", nargs="?", choices=("add", "leave"), help="what is done with ID")
    newcomers.add_argument("customer_id", nargs="?", type=_count, metavar="ID", help="the customer's id")
    events = add("events", "show the queue of customer changes, or try what waits again")
    events.add_argument("answer", nargs="?", choices=("retry",), help="try an entry, or all, again")
    events.add_argument("event_id", nargs="?", metavar="ID", help="the entry to try again")
    events.add_argument(
        "--all", action="store_true", help="the processed ones too; with retry: everything that waits"
    )
    events.add_argument("--offline", action="store_true", help="do not look at Kibo for new changes first")


def _support_commands(add: Callable[[str, str], argparse.ArgumentParser]) -> None:
    bundle = add("bundle", "write what support needs into one file, with pseudonyms and without secrets")
    bundle.add_argument("out", metavar="OUT.zip", help="the file to write")
    bundle.add_argument("--person", metavar="WHO", help="only what is about this email or customer id")
    bundle.add_argument(
        "--days", type=_count, default=USUAL_DAYS, metavar="N", help=f"of the last N days ({USUAL_DAYS})"
    )
    bundle.add_argument("--plain", action="store_true", help="emails as they are; asks first")
    bundle.add_argument("--yes", action="store_true", help="do not ask first")
    opened = add("open", "open the window on a bundle, to look at only")
    opened.add_argument("bundle", metavar="BUNDLE.zip", help="what ccdesk bundle has written")
    replay = add("replay", "do the recorded runs of a bundle once more, with no service, and compare")
    replay.add_argument("bundle", metavar="BUNDLE.zip", help="what ccdesk bundle has written")
    replay.add_argument("--run", type=_count, metavar="ID", help="only this run")


def _system_commands(add: Callable[[str, str], argparse.ArgumentParser]) -> None:
    autostart = add("autostart", "have ccdesk start in the tray when you log in to this computer")
    autostart.add_argument("verb", choices=("on", "off", "status"), metavar="on|off|status")
    service = add("service", "have “ccdesk run” done without a window, started when you log in")
    service.add_argument("verb", choices=("install", "remove", "status"), metavar="install|remove|status")


def _paper_commands(add: Callable[[str, str], argparse.ArgumentParser]) -> None:
    licences = add("licences", "show what ccdesk is made of, and under which licences")
    licences.add_argument("name", nargs="?", metavar="NAME", help="only this part, with its text")
    licences.add_argument("--all", action="store_true", help="every part with its text")
    completion = add("completion", "print the script with which a shell completes commands and options")
    completion.add_argument("shell", choices=("bash", "zsh"))


def _count(text: str) -> int:
    value = _whole(text)
    if not 0 <= value <= _LARGEST:
        raise argparse.ArgumentTypeError("give a number that is neither negative nor endless")
    return value


def _whole(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"“{text}” is not a whole number") from None


def _port(text: str) -> int:
    value = _whole(text)
    if not 0 <= value <= 65534:
        raise argparse.ArgumentTypeError("give a port from 1 to 65534, or 0 for a free one")
    return value


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"“{text}” is not a number") from None
    if not 0 < value <= 86400:
        raise argparse.ArgumentTypeError("give a number of seconds above 0")
    return value
