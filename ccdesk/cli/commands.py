"""The commands of design §6, each a small function over the desk."""

from __future__ import annotations

import argparse
import getpass
import sys
from collections.abc import Callable
from pathlib import Path

from ccdesk.cli import documents, tables, words
from ccdesk.cli.console import Console
from ccdesk.cli.draft import draft
from ccdesk.cli.drift import drift
from ccdesk.cli.forget import forget
from ccdesk.cli.held import held
from ccdesk.cli.ledger import ledger
from ccdesk.cli.preview import preview
from ccdesk.cli.run import run
from ccdesk.cli.setup import setup
from ccdesk.cli.show_run import show_run
from ccdesk.cli.stopping import exit_code, stoppable
from ccdesk.cli.undo import undo
from ccdesk.cli.why import why
from ccdesk.container import Container, open_container
from ccdesk.core.clock import format_time
from ccdesk.core.errors import CcdeskError, ExitCode, SettingsError
from ccdesk.core.ports.mail import Account
from ccdesk.core.runs import Run, RunKind, RunStatus
from ccdesk.paths import Paths
from ccdesk.service.api import ConnectionState, Status
from ccdesk.service.setup import in_words, missing

FIRST_EXPORT = (
    "Note: list-join automations in Constant Contact may mail the people an export adds to the list. "
    "If the list has one, switch it off for the time of the export."
)

NOTHING_WAITS = (
    "ccdesk: by itself means while the window or “ccdesk run” is at work. Neither is, so give this command "
    "again then."
)


def perform(args: argparse.Namespace, paths: Paths, console: Console) -> int:
    """Do the command that was asked for and return its exit code."""
    if args.command in (None, "demo", "open"):
        return _window(args, paths, console)
    if args.command == "sandbox":
        from ccdesk.sandbox.run import serve_forever

        serve_forever(args.port, args.customers, args.seed)
        return int(ExitCode.DONE)
    if args.command in ("autostart", "service"):
        from ccdesk.cli.system import perform_with_system

        return perform_with_system(args, paths, console)
    if args.command == "replay":
        from ccdesk.cli.bundle import replay_bundle

        return replay_bundle(args, console)
    with open_container(paths) as container:
        return _COMMANDS[args.command](args, container, console)


def _window(args: argparse.Namespace, paths: Paths, console: Console) -> int:
    """Open the window; Qt is loaded only here."""
    try:
        import ccdesk.gui.start as start
    except ImportError as error:
        raise SettingsError(
            "The window cannot be opened on this computer",
            meaning="A system library the window needs is missing; the command line works without it.",
            next_step="On Debian: apt-get install libegl1 libgl1 libxkbcommon-x11-0 libdbus-1-3 "
            "libfontconfig1 libxcb-cursor0 (the whole list is in the README).",
            detail=str(error),
        ) from error
    if args.command == "demo":
        return start.demo(args, paths, console.say, base_given=bool(args.base_dir))
    if args.command == "open":
        return start.bundle_window(Path(args.bundle).expanduser())
    return start.window(paths, in_tray=args.tray)


def tell_in_window(error: CcdeskError) -> None:
    """Show an error that kept the window from opening to those who started it from the desktop."""
    try:
        import ccdesk.gui.start as start
    except ImportError:
        return
    start.tell(error)


# ---------------------------------------------------------------- login and settings


def _login(args: argparse.Namespace, container: Container, console: Console) -> int:
    import webbrowser

    desk = container.desk

    def open_url(url: str) -> None:
        console.say(f"Open: {url}")
        if not args.no_browser and not webbrowser.open(url):
            console.say("No browser could be opened here: open the address above by hand.")

    with stoppable() as cancel:
        account: Account = desk.log_in(
            open_url=open_url,
            timeout=args.timeout,
            cancel=cancel,
            accept_other_account=args.other_account,
        )
    if console.as_json:
        console.document({"account": account.organization, "account_key": account.key, "user": account.user})
    else:
        console.line(f"Logged in to Constant Contact: {account.organization}")
    return int(ExitCode.DONE)


def _logout(args: argparse.Namespace, container: Container, console: Console) -> int:
    result = container.desk.log_out()
    if console.as_json:
        console.document(documents.logged_out_document(result))
        return int(ExitCode.DONE)
    console.line("Logged out of Constant Contact.")
    for sentence in result.sentences(how_to_remove="To remove it: ccdesk settings remove-kibo-secret"):
        console.line(sentence)
    return int(ExitCode.DONE)


def _settings(args: argparse.Namespace, container: Container, console: Console) -> int:
    desk = container.desk
    if args.verb != "show":
        pairs, secret = _wanted(args)
        confirmed = getattr(args, "confirm", False)
        result = desk.save_settings(pairs, kibo_secret=secret, confirmed=confirmed)
        for note in result.notes:
            console.say(note)
        if result.created_list:
            console.say(f"Created the list “{result.created_list}” in Constant Contact.")
        for key, (old, new) in result.changed.items():
            console.say(f"{key}: {old or '(empty)'} → {new or '(empty)'}")
        if not result.changed:
            console.say("Nothing changed.")
        if "enabled" in result.changed and desk.settings().enabled:
            _say_what_is_missing(container, console)
    document = documents.settings_document(desk.settings(), secret_set=container.kibo_secret_set())
    if console.as_json:
        console.document(document)
    elif args.verb == "show":
        tables.print_pairs(console, {key: tables.plain(value) for key, value in document.items()})
    return int(ExitCode.DONE)


def _wanted(args: argparse.Namespace) -> tuple[dict[str, str], str | None]:
    """Return the settings to change, and the secret: None leaves it, an empty one removes it."""
    if args.verb == "remove-kibo-secret":
        return {}, ""
    pairs = _pairs(args.pairs, with_secret=args.kibo_secret)
    return pairs, _asked_for() if args.kibo_secret else None


def _say_what_is_missing(container: Container, console: Console) -> None:
    """Warn where the application was enabled before it is set up: a script may do the rest later."""
    status = container.desk.status(live=False)
    steps = missing(container.desk.settings(), status.kibo, status.constant_contact)
    if steps:
        console.say(f"Note: nothing is synced until you {in_words(steps)}.")


def _asked_for() -> str:
    try:
        return getpass.getpass("Kibo shared secret: ", stream=sys.stderr)
    except EOFError:
        raise SettingsError(
            "No secret was given",
            meaning="There is nobody to ask: the input has ended. Nothing was changed.",
            next_step="Use a terminal, or CCDESK_KIBO_SHARED_SECRET.",
        ) from None


def _pairs(pairs: list[str], *, with_secret: bool) -> dict[str, str]:
    values: dict[str, str] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals and not with_secret:
            raise SettingsError(
                f"“{pair}” is not KEY=VALUE", next_step="Write for example contact_list=Newsletter."
            )
        if not equals or key.lower().replace("-", "_") in (
            "kibo_shared_secret",
            "shared_secret",
            "kibo_secret",
        ):
            raise SettingsError(
                "Secrets never come from arguments",
                meaning="They would be seen in the list of processes and kept in the shell's history.",
                next_step="Use --kibo-secret (asks at a prompt) or CCDESK_KIBO_SHARED_SECRET.",
            )
        if key in values:
            raise SettingsError(
                f"“{key}” is given twice", meaning="Nothing was changed.", next_step="Give each setting once."
            )
        values[key] = value
    if not values and not with_secret:
        raise SettingsError("Nothing to set", next_step="Name at least one KEY=VALUE.")
    return values


# ---------------------------------------------------------------- runs and loops


def _sync(args: argparse.Namespace, container: Container, console: Console) -> int:
    desk, kind = container.desk, RunKind(args.kind)
    if kind is RunKind.EXPORT and not desk.first_export_done():
        console.say(FIRST_EXPORT)
    if args.dry_run:
        return preview(args, container, console)
    with stoppable() as cancel:
        done = desk.run(
            kind,
            listener=console.progress,
            cancel=cancel,
            confirmed=args.confirm,
            leave_out=args.leave_out,
        )
    console.end_progress()
    show_run(console, container, done)
    if done.status is RunStatus.WAITING and not container.store.loops.at_work():
        console.say(NOTHING_WAITS)
    return exit_code(done)


# ---------------------------------------------------------------- looking


def _status(args: argparse.Namespace, container: Container, console: Console) -> int:
    status = container.desk.status(live=not args.offline)
    if console.as_json:
        console.document(documents.status_document(status))
    else:
        tables.print_status(console, status)
        gap = status.last_gap
        if gap is not None and container.desk.first_time("status.gap", format_time(gap.until)):
            console.line(tables.gap_words(gap))
    return _status_code(status, offline=args.offline)


def _status_code(status: Status, *, offline: bool) -> int:
    """Return 0 only if all is well: a connection's own code comes before that of work that is stuck.

    `offline`: the services were not asked, but a place for secrets that cannot be read, or a secret given for
    other addresses, is seen here all the same. Stuck work comes first then: a missing secret is both.
    """
    stuck = ExitCode.SERVICE if status.is_stuck else ExitCode.DONE
    if offline:
        return int(stuck or _failure_code(status))
    return int(_connections_code(status) or stuck)


def _connections_code(status: Status) -> int:
    if failed := _failure_code(status):
        return failed
    if status.constant_contact.state is ConnectionState.LOGIN_NEEDED:
        return int(ExitCode.LOGIN_NEEDED)
    return int(ExitCode.DONE)


def _failure_code(status: Status) -> int:
    """Return the code of the connection that fails, Kibo's first; 0 if none does."""
    for connection in (status.kibo, status.constant_contact):
        if connection.state is ConnectionState.FAILED:
            return int(connection.error.exit_code if connection.error else ExitCode.SERVICE)
    return int(ExitCode.DONE)


def _runs(args: argparse.Namespace, container: Container, console: Console) -> int:
    desk = container.desk
    if args.run_id is not None:
        found = desk.get_run(args.run_id)
        if found is None:
            raise SettingsError(f"There is no run {args.run_id}", next_step="“ccdesk runs” lists them.")
        show_run(console, container, found)
        return int(ExitCode.DONE)
    limit = args.limit if args.limit is not None else (None if console.as_json else 30)
    newest: list[Run] = []
    for one in documents.paged(lambda offset: desk.runs(offset=offset, limit=200)):
        if limit is not None and len(newest) >= limit:
            break
        newest.append(one)
    if console.as_json:
        console.document({"runs": [documents.run_head(one) for one in newest]})
    else:
        tables.print_runs(console, newest)
    return int(ExitCode.DONE)


def _newcomers(args: argparse.Namespace, container: Container, console: Console) -> int:
    """Show the accounts that staff are asked about (design §3a R1), or take the answer about one."""
    desk = container.desk
    if args.answer:
        if args.customer_id is None:
            raise SettingsError("No customer is named", next_step="Give the customer's id after the answer.")
        if not desk.answer_newcomer(args.customer_id, add=args.answer == "add"):
            raise SettingsError(
                f"Customer {args.customer_id} is not among those to be added or left",
                next_step="“ccdesk newcomers” shows them.",
            )
    rows = desk.newcomers()
    if console.as_json:
        console.document({"newcomers": [documents.newcomer_row(link) for link in rows]})
    else:
        tables.print_newcomers(console, rows)
    return int(ExitCode.DONE)


def _retry(args: argparse.Namespace, container: Container, console: Console) -> int:
    """Make an entry, or all that wait, due now (design §8): the next run of events tries them."""
    desk = container.desk
    if bool(args.event_id) == args.all:
        raise SettingsError("Nothing to retry is named", next_step="Give the id of an entry, or --all.")
    if args.all:
        retried = desk.retry_all_events()
    elif desk.retry_event(args.event_id):
        retried = 1
    else:
        raise SettingsError(
            f"No entry {args.event_id} waits to be tried again",
            next_step="“ccdesk events --offline” shows the queue.",
        )
    if console.as_json:
        console.document({"retried": retried})
    else:
        console.line(f"{retried} due now: the next run of events tries them (ccdesk sync events).")
    return int(ExitCode.DONE)


def _events(args: argparse.Namespace, container: Container, console: Console) -> int:
    desk = container.desk
    if args.answer:
        return _retry(args, container, console)
    if not args.offline and desk.settings().kibo_ready:
        try:
            desk.look_for_events()
        except CcdeskError as error:
            # The queue is shown all the same: it is what is known here, and the words say what is not.
            console.say(f"ccdesk: could not look for new changes. {words.text(error)}")
    rows = documents.paged(lambda offset: desk.events(include_processed=args.all, offset=offset, limit=500))
    if console.as_json:
        console.document({"events": [documents.event_row(event) for event in rows]})
    else:
        tables.print_events(console, rows, desk.emails_of)
    return int(ExitCode.DONE)


def _bundle(args: argparse.Namespace, container: Container, console: Console) -> int:
    """Import what a bundle needs only for one: it is much."""
    from ccdesk.cli.bundle import bundle

    return bundle(args, container, console)


_COMMANDS: dict[str, Callable[[argparse.Namespace, Container, Console], int]] = {
    "login": _login,
    "logout": _logout,
    "settings": _settings,
    "sync": _sync,
    "run": run,
    "status": _status,
    "runs": _runs,
    "setup": setup,
    "events": _events,
    "forget": forget,
    "held": held,
    "ledger": ledger,
    "draft": draft,
    "drift": drift,
    "newcomers": _newcomers,
    "undo": undo,
    "why": why,
    "bundle": _bundle,
}
