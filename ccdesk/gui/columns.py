"""How runs, people and queue entries read in the tables."""

from __future__ import annotations

from dataclasses import dataclass

from ccdesk.core.runs import Entry, EventStatus, Outcome, QueuedEvent, Run, RunStatus
from ccdesk.gui import formats
from ccdesk.gui.components.table_models import Column
from ccdesk.gui.components.theme import Tone

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
        "Status",
        lambda run: formats.STATUS_WORDS[run.status],
        width=18,
        icon=run_icon,
        tip=_run_tip,
        note=formats.reason,
    ),
    Column("date", "Run Date", _started),
    Column(
        "logs",
        "Logs",
        lambda _: "View",
        width=10,
        link=lambda _: True,
        tip=lambda _: "Show what this run saw",
    ),
)
RUN_COLUMNS = (
    Column(
        "status",
        "Status",
        lambda run: run.status.value,
        width=18,
        icon=run_icon,
        tip=_run_tip,
        note=formats.reason,
    ),
    Column("kind", "Kind", formats.kind_words, width=24),
    Column("date", "Run Date", _started),
    Column("total", "Total Contacts", lambda run: formats.number(run.total_contacts), width=15, right=True),
    Column(
        "errors",
        "Errors",
        lambda run: formats.number(run.error_count),
        width=9,
        right=True,
        link=lambda run: run.error_count > 0,
        tip=lambda run: "Show the error messages" if run.error_count else "",
    ),
)


@dataclass(frozen=True, slots=True)
class Queued:
    """A queue entry with the email of its customer, "" where that is not known yet."""

    event: QueuedEvent
    email: str = ""


EVENT_COLUMNS = (
    Column("event_id", "Event Id", lambda row: row.event.event_id),
    Column("object_id", "Object Id", lambda row: str(row.event.object_id), width=12),
    Column(
        "created",
        "Created Date",
        lambda row: formats.calendar_date(row.event.created_at),
        width=24,
        tip=lambda row: formats.long_date(row.event.created_at),
    ),
    Column(
        "status",
        "Status",
        lambda row: formats.EVENT_WORDS[row.event.status],
        width=14,
        icon=lambda row: EVENT_ICONS[row.event.status],
        tip=lambda row: event_words(row.event),
    ),
    Column("email", "Email", lambda row: row.email or "–", width=26),
)
ENTRY_COLUMNS = (
    Column("email", "Email", lambda entry: entry.email or "(none)", width=30),
    Column("customer", "Customer", lambda entry: customer(entry), width=11),
    Column(
        "outcome",
        "Outcome",
        lambda entry: formats.OUTCOME_WORDS[entry.outcome],
        width=26,
        icon=lambda entry: OUTCOME_ICONS[entry.outcome],
    ),
    Column("reason", "Reason", lambda entry: entry.reason),
)
HELD_COLUMNS = (
    Column("email", "Email", lambda entry: entry.email or "(none)", width=44),
    Column("customer", "Customer", lambda entry: customer(entry), width=11),
    Column("reason", "What they did", lambda entry: entry.reason),
)
ERROR_COLUMNS = (
    Column("customer", "Customer", lambda entry: customer(entry), width=11),
    Column("email", "Email", lambda entry: entry.email or "(none)", width=28),
    Column("message", "Message", lambda entry: entry.reason),
    Column("code", "Code", lambda entry: entry.code, width=18),
)


def customer(entry: Entry) -> str:
    """Return the Kibo customer id, or a dash for a contact who is no customer."""
    return "–" if entry.customer_id is None else str(entry.customer_id)


def event_words(event: QueuedEvent) -> str:
    """Return in words how a queue entry stands and why."""
    if event.status is EventStatus.PROCESSED:
        when = f" {formats.calendar_date(event.processed_at)}" if event.processed_at else ""
        return f"Processed{when}. {event.result}".strip()
    if event.status is EventStatus.PARKED:
        return f"Needs your attention: {event.error or 'no reason was given'}"
    if event.status is EventStatus.RETRY:
        when = formats.in_sentence(event.next_try_at) if event.next_try_at else "at the next run"
        tries = formats.count(event.attempts, "try", "tries")
        return f"Temporary problem ({tries}). Next try {when}. {event.error}".strip()
    return "Waits for the next run."
