"""How runs, people and queue entries read in the tables."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ccdesk.core.runs import Entry, EventStatus, Outcome, QueuedEvent, Run, RunStatus
from ccdesk.gui import formats
from ccdesk.gui.components.table_models import Column
from ccdesk.gui.components.theme import Tone
from ccdesk.gui.translation import marked, number, plural, say

RUN_ICONS = {
    RunStatus.RUNNING: ("running", Tone.ACCENT),
    RunStatus.COMPLETE: ("check-circle", Tone.GOOD),
    RunStatus.FAILED: ("error", Tone.ERROR),
    RunStatus.CANCELLED: ("stopped", Tone.NEUTRAL),
    RunStatus.INTERRUPTED: ("warning", Tone.WARNING),
    RunStatus.WAITING: ("waiting", Tone.WARNING),
    RunStatus.NEEDS_YOU: ("warning", Tone.WARNING),
}
EVENT_ICONS = {
    EventStatus.PENDING: ("waiting", Tone.ACCENT),
    EventStatus.RETRY: ("refresh", Tone.WARNING),
    EventStatus.PARKED: ("parked", Tone.ERROR),
    EventStatus.PROCESSED: ("check-circle", Tone.GOOD),
}
OUTCOME_ICONS = {
    Outcome.ADDED: ("check-circle", Tone.GOOD),
    Outcome.UPDATED: ("check-circle", Tone.GOOD),
    Outcome.UNCHANGED: ("circle", Tone.NEUTRAL),
    Outcome.REMOVED: ("stopped", Tone.NEUTRAL),
    Outcome.OPTED_IN: ("check-circle", Tone.GOOD),
    Outcome.OPTED_OUT: ("stopped", Tone.NEUTRAL),
    Outcome.SKIPPED: ("circle", Tone.NEUTRAL),
    Outcome.HELD: ("waiting", Tone.WARNING),
    Outcome.CONFLICT: ("warning", Tone.WARNING),
    Outcome.ERROR: ("error", Tone.ERROR),
}


def run_icon(run: Run) -> tuple[str, Tone]:
    """Return a run's mark. Green is for what is well: one with errors, or that lost somebody, is not."""
    if run.status is RunStatus.COMPLETE and not formats.is_all_well(run):
        return "warning", Tone.WARNING
    return RUN_ICONS[run.status]


def _run_tip(run: Run) -> str:
    parts = (formats.status_words(run), formats.run_words(run))
    return ". ".join(part.rstrip(".") for part in parts if part)


def _started(run: Run) -> str:
    return formats.long_date(run.started_at)


INBOUND_COLUMNS = (
    Column(
        "status",
        marked("Status"),
        lambda run: say(formats.STATUS_WORDS[run.status]),
        width=18,
        icon=run_icon,
        tip=_run_tip,
        note=formats.reason,
    ),
    Column("date", marked("Run Date"), _started),
    Column(
        "logs",
        marked("Logs"),
        lambda _: say("View"),
        width=10,
        link=lambda _: True,
        tip=lambda _: say("Show what this run saw"),
    ),
)
RUN_COLUMNS = (
    Column(
        "status",
        marked("Status"),
        lambda run: say(formats.STATES[run.status]),
        width=21,
        icon=run_icon,
        tip=_run_tip,
        note=formats.reason,
    ),
    Column("kind", marked("Kind"), formats.kind_words, width=22),
    Column("run", marked("Run"), lambda run: str(run.id), width=5, right=True, gives_way=2),
    Column("date", marked("Run Date"), _started),
    Column(
        "total",
        marked("Total Contacts"),
        lambda run: number(run.total_contacts),
        width=15,
        right=True,
        gives_way=1,
    ),
    Column(
        "errors",
        marked("Errors"),
        lambda run: number(run.error_count),
        width=9,
        right=True,
        link=lambda run: run.error_count > 0,
        tip=lambda run: say("Show the error messages") if run.error_count else "",
    ),
)


@dataclass(frozen=True, slots=True)
class Queued:
    """A queue entry with the email of its customer, "" where that is not known yet."""

    event: QueuedEvent
    email: str = ""


EVENT_COLUMNS = (
    Column("event_id", marked("Event Id"), lambda row: row.event.event_id, width=24, gives_way=1),
    Column("object_id", marked("Object Id"), lambda row: str(row.event.object_id), width=12, gives_way=2),
    Column(
        "created",
        marked("Created Date"),
        lambda row: formats.calendar_date(row.event.created_at),
        width=24,
        tip=lambda row: formats.long_date(row.event.created_at),
    ),
    Column(
        "status",
        marked("Status"),
        lambda row: say(formats.EVENT_WORDS[row.event.status]),
        width=14,
        icon=lambda row: EVENT_ICONS[row.event.status],
        tip=lambda row: event_words(row.event),
    ),
    Column("email", marked("Email"), lambda row: row.email or "–"),  # by it people know whom it is about
)
ENTRY_COLUMNS = (
    Column("email", marked("Email"), lambda entry: entry.email or say("(none)"), width=30),
    Column("customer", marked("Customer"), lambda entry: customer(entry), width=11),
    Column(
        "outcome",
        marked("Outcome"),
        lambda entry: say(formats.OUTCOME_WORDS[entry.outcome]),
        width=26,
        icon=lambda entry: OUTCOME_ICONS[entry.outcome],
    ),
    Column("reason", marked("Reason"), formats.entry_reason),
)


def of_preview(columns: Sequence[Column], outcome: Callable[[Any], Outcome]) -> tuple[Column, ...]:
    """Return columns that say what will be done where these say what was; `outcome` is that of a row."""

    def told(row: Any) -> str:
        return say(formats.PREVIEWED[outcome(row)])

    return tuple(replace(one, text=told) if one.key == "outcome" else one for one in columns)


PREVIEW_COLUMNS = of_preview(ENTRY_COLUMNS, lambda entry: entry.outcome)
HELD_COLUMNS = (
    Column("email", marked("Email"), lambda entry: entry.email or say("(none)"), width=44),
    Column("customer", marked("Customer"), lambda entry: customer(entry), width=11),
    Column("reason", marked("What they did"), formats.entry_reason),
)
ERROR_COLUMNS = (
    Column("customer", marked("Customer"), lambda entry: customer(entry), width=11),
    Column("email", marked("Email"), lambda entry: entry.email or say("(none)"), width=28),
    Column("message", marked("Message"), formats.entry_reason),
    Column("code", marked("Code"), lambda entry: entry.code, width=18),
)


def customer(entry: Entry) -> str:
    """Return the Kibo customer id, or a dash for a contact who is no customer."""
    return "–" if entry.customer_id is None else str(entry.customer_id)


def event_words(event: QueuedEvent) -> str:
    """Return in words how a queue entry stands and why."""
    if event.status is EventStatus.PROCESSED:
        done = say("Processed.")
        if event.processed_at:
            done = say("Processed {time}.").format(time=formats.calendar_date(event.processed_at))
        return f"{done} {say(event.result)}".strip()
    if event.status is EventStatus.PARKED:
        why = say(event.error) if event.error else say("no reason was given")
        return say("Needs your attention: {why}").format(why=why)
    if event.status is EventStatus.RETRY:
        when = formats.in_sentence(event.next_try_at) if event.next_try_at else say("at the next run")
        again = plural(
            "Temporary problem ({n} tries). Next try {time}.",
            "Temporary problem ({n} try). Next try {time}.",
            event.attempts,
        ).format(time=when)
        return f"{again} {say(event.error)}".strip()
    return say("Waits for the next run.")
