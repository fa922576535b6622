"""Answers for people: plain text tables."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from ccdesk.cli import needs, words
from ccdesk.cli.console import Console
from ccdesk.cli.documents import People
from ccdesk.core.models import Link
from ccdesk.core.runs import Outcome, QueuedEvent, Run, RunStatus
from ccdesk.service.api import Connection, ConnectionState, Status
from ccdesk.service.gaps import Gap, GapReason
from ccdesk.service.preview import Preview
from ccdesk.service.reason_words import reason_words

Emails = Callable[[Collection[int]], Mapping[int, str]]  # of customer ids

_MOST_ERRORS = 20
_MOST_PEOPLE = 50
_ACTED_ON = (
    Outcome.ADDED, Outcome.UPDATED, Outcome.REMOVED, Outcome.OPTED_IN, Outcome.OPTED_OUT, Outcome.HELD,
)  # fmt: skip

_AHEAD = {  # what a preview says in place of an outcome: nothing was done
    "added": "will be added",
    "updated": "will be updated",
    "removed": "will be removed from the list",
    "opted_in": "will be opted in",
    "opted_out": "will be opted out",
    "skipped": "will be skipped",
    "held": "will wait for an answer",
}


def when(moment: datetime | None) -> str:
    """Return a moment in local time, to the second."""
    return moment.astimezone().strftime("%Y-%m-%d %H:%M:%S") if moment else "–"


def day(moment: datetime) -> str:
    """Return the local day of a moment."""
    return moment.astimezone().strftime("%Y-%m-%d")


def plain(value: Any) -> str:
    """Return a setting as it is typed."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def print_pairs(console: Console, pairs: Mapping[str, str]) -> None:
    """Print names and values in two columns."""
    width = max((len(name) for name in pairs), default=0)
    for name, value in pairs.items():
        console.line(f"{name:<{width}}  {value}")


def print_table(console: Console, head: Sequence[str], rows: Iterable[Sequence[str]], empty: str) -> None:
    """Print rows under a head, or say in words that there are none."""
    table = [list(row) for row in rows]
    if not table:
        console.line(empty)
        return
    widths = [max(len(row[i]) for row in [list(head), *table]) for i in range(len(head))]
    for row in [list(head), *table]:
        console.line("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def summary(run: Run) -> str:
    """Return a run's result in one line."""
    return _with_calls(f"{run.status.value}: " + (_figures(run, {}) or "nothing changed"), run)


def _summary_ahead(preview: Preview) -> str:
    """Return in one line what a run will do, or how it would end if not well."""
    run = preview.run
    ending = "" if run.status is RunStatus.COMPLETE else f"{run.status.value}: "
    return _with_calls(ending + (_figures(run, _AHEAD) or "nothing has to be changed"), run)


def _figures(run: Run, words: Mapping[str, str]) -> str:
    parts = [f"{n:,} {words.get(name, name.replace('_', ' '))}" for name, n in run.counts.items() if n]
    if run.error_count:
        parts.append(f"{run.error_count:,} {'error' if run.error_count == 1 else 'errors'}")
    return ", ".join(parts)


def _with_calls(text: str, run: Run) -> str:
    calls = run.calls_constant_contact + run.calls_kibo
    return f"{text} ({calls:,} calls)" + (f". {run.message}" if run.message else "")


def kind_words(run: Run) -> str:
    """Return what a run does; of an undo, which run it takes back."""
    return run.kind.value if run.undoes is None else f"{run.kind.value} of run {run.undoes}"


def print_run(console: Console, desk: People, run: Run) -> None:
    """Print one run: result, kinds of change, errors."""
    console.line(f"Run {run.id} {kind_words(run)} {when(run.started_at)}")
    console.line(summary(run))
    _print_people(console, desk, run, {})


def print_preview(console: Console, preview: Preview) -> None:
    """Print what a run would do, and everybody for whom it would do something."""
    run = preview.run
    console.line(f"Preview of {kind_words(run)}: nothing was changed.")
    console.line(_summary_ahead(preview))
    console.line(f"Welcome emails: {preview.welcome_emails:,}")
    _print_people(console, preview, run, _AHEAD)
    rows = [
        (
            str(one.customer_id or "–"),
            one.email or "(none)",
            _AHEAD.get(one.outcome.value, one.outcome.value),
            reason_words(one, day),
        )
        for outcome in _ACTED_ON
        for one in preview.entries(outcome=outcome, limit=_MOST_PEOPLE)
    ]
    shown = rows[:_MOST_PEOPLE]
    print_table(console, ("CUSTOMER", "E-MAIL", "OUTCOME", "REASON"), shown, "Nobody would be changed.")
    more = sum(preview.entry_count(outcome=outcome) for outcome in _ACTED_ON) - len(shown)
    if more > 0:
        console.line(f"… and {more:,} more people (--json shows all)")


def _print_people(console: Console, people: People, run: Run, outcomes: Mapping[str, str]) -> None:
    for outcome, reason, number in people.entry_kinds(run.id):
        if outcome is not Outcome.ERROR:
            words = outcomes.get(outcome.value, outcome.value)
            console.line(f"  {number:>7,}  {words}: {reason}")
    for error in people.entries(run.id, outcome=Outcome.ERROR, limit=_MOST_ERRORS):
        who = " ".join(filter(None, (f"customer {error.customer_id}", error.email)))
        console.line(f"  error  {who}: {error.reason}")
    if run.error_count > _MOST_ERRORS:
        console.line(f"  … and {run.error_count - _MOST_ERRORS:,} more errors (--json shows all)")


def print_runs(console: Console, runs: Sequence[Run]) -> None:
    """Print the list of runs."""
    rows = [
        (
            str(run.id),
            run.status.value,
            kind_words(run),
            when(run.started_at),
            f"{run.total_contacts:,}",
            f"{run.error_count:,}",
        )
        for run in runs
    ]
    head = ("ID", "STATUS", "KIND", "RUN DATE", "TOTAL CONTACTS", "ERRORS")
    print_table(console, head, rows, "No runs yet. “ccdesk sync export” does the first.")


def print_events(console: Console, events: Iterable[QueuedEvent], emails_of: Emails) -> None:
    """Print the queue, with the email of each customer as the window shows it."""
    shown = list(events)
    emails = emails_of({one.object_id for one in shown})
    rows = [
        (
            one.event_id,
            str(one.object_id),
            emails.get(one.object_id) or one.email or "–",
            when(one.created_at),
            one.status.value,
            one.error or one.result,
        )
        for one in shown
    ]
    head = ("EVENT ID", "OBJECT ID", "EMAIL", "CREATED", "STATUS", "REMARK")
    print_table(console, head, rows, "The queue is empty.")


def print_newcomers(console: Console, links: Iterable[Link]) -> None:
    """Print who is to be added or left."""
    rows = [(str(one.customer_id), one.email, when(one.kibo_updated_at), one.note) for one in links]
    print_table(
        console, ("CUSTOMER ID", "EMAIL", "OPTED IN", "REASON"), rows, "Nobody is to be added or left."
    )


def _print_connection(console: Console, name: str, connection: Connection) -> None:
    state = "login needed" if connection.state is ConnectionState.LOGIN_NEEDED else connection.state.value
    console.line(f"{name}: {state}{f' – {connection.name}' if connection.name else ''}")
    if connection.error is not None:
        detail = f" ({connection.error.detail})" if connection.error.detail else ""
        console.line(f"  {words.text(connection.error)}{detail}")
    if connection.note:
        console.line(f"  {connection.note}")


_WHY_NOTHING_RAN = {
    GapReason.ASLEEP: "the computer was asleep",
    GapReason.NOT_RUNNING: "ccdesk was not running",
}


def gap_words(gap: Gap) -> str:
    """Return when nothing ran, and why."""
    return f"Nothing ran from {when(gap.since)} to {when(gap.until)}: {_WHY_NOTHING_RAN[gap.reason]}"


NOTHING_RUNS = (
    "Nothing runs by itself: neither the window nor “ccdesk run” is at work here. Keep one of them running "
    "(“ccdesk autostart on”, “ccdesk service install”)."
)


def _parked(changes: int) -> str:
    return f", {changes:,} of them {'needs' if changes == 1 else 'need'} a person" if changes else ""


def print_status(console: Console, status: Status) -> None:
    """Print the state of everything."""
    _print_connection(console, "Kibo", status.kibo)
    _print_connection(console, "Constant Contact", status.constant_contact)
    console.line(f"Enabled: {'yes' if status.enabled else 'no'}")
    if status.paused_until:
        console.line(f"Paused until {when(status.paused_until)}: nothing runs by itself")
    console.line(f"Contact list: {status.contact_list or '(none chosen)'}")
    if status.enabled and not status.loops_at_work:
        console.line(NOTHING_RUNS)
    for kind, at in status.next_runs.items():
        if at is not None:
            console.line(f"Next {kind.value}: {when(at)}")
    calls = status.calls
    by = ", ".join(f"{origin} {used:,}" for origin, used in sorted(calls.by_origin.items()) if used)
    console.line(
        f"Calls to Constant Contact today: {calls.used:,} of {calls.limit:,}{f' ({by})' if by else ''}, "
        f"{calls.left:,} left, {calls.reserved:,} of them for opt-outs"
    )
    console.line(f"Queue: {status.queued:,} waiting{_parked(status.parked)}")
    pending = status.pending
    if pending.opt_outs or pending.opt_ins:
        console.line(f"Owed to Kibo: {pending.opt_outs:,} opt-outs, {pending.opt_ins:,} opt-ins")
    good = ", ".join(f"{kind.value} {when(at)}" for kind, at in status.last_good.items())
    if good:
        console.line(f"Last good run: {good}")
    for run in status.last_failed.values():
        console.line(
            f"Last {run.kind.value} FAILED (run {run.id}, {when(run.finished_at)}): {run.message} "
            f"“ccdesk runs {run.id}” shows it."
        )
    if status.running:
        console.line(f"Running: {status.running}")
    for need in status.needs_you:
        title, next_step = needs.words(need)
        console.line(f"Needs you: {title}. {next_step}")
