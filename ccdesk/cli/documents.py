"""The JSON documents of design §6; scripts and checks rely on their keys to the letter."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from datetime import datetime
from itertools import islice
from typing import Any, Protocol

import orjson

from ccdesk.cli import needs, words
from ccdesk.core.clock import format_time
from ccdesk.core.drift import Drift, DriftReport
from ccdesk.core.errors import CcdeskError
from ccdesk.core.ledger import LedgerEntry
from ccdesk.core.models import Link
from ccdesk.core.runs import COUNT_KEYS, Entry, Outcome, QueuedEvent, Run
from ccdesk.core.settings import SETTINGS, Settings
from ccdesk.service.api import Connection, Status
from ccdesk.service.gaps import Gap
from ccdesk.service.logged_out import LoggedOut
from ccdesk.service.needs_you import Need
from ccdesk.service.preview import Preview

_PAGE = 1000


class Writes(Protocol):
    """Where a document goes."""

    def write(self, text: str, /) -> object:
        """Write a part of it."""


def moment(value: datetime | None) -> str | None:
    """Return ISO 8601 UTC, or null."""
    return None if value is None else format_time(value)


def run_head(run: Run) -> dict[str, Any]:
    """Return a run without its people."""
    document: dict[str, Any] = {
        "id": run.id,
        "kind": run.kind.value,
        "trigger": run.trigger.value,
        "status": run.status.value,
        "started_at": moment(run.started_at),
        "finished_at": moment(run.finished_at),
        "total_contacts": run.total_contacts,
        "error_count": run.error_count,
        "counts": {**dict.fromkeys(COUNT_KEYS, 0), **run.counts},
        "api_calls": {"constant_contact": run.calls_constant_contact, "kibo": run.calls_kibo},
        "message": run.message,
    }
    if run.resumes is not None:
        document["continues"] = run.resumes
    if run.undoes is not None:
        document["undoes"] = run.undoes
    if run.waiting_until is not None:
        document["waiting_until"] = moment(run.waiting_until)
    return document


def error_row(entry: Entry) -> dict[str, Any]:
    """Return one error of a run, naming its customer."""
    return {
        "customer_id": entry.customer_id,
        "email": entry.email,
        "code": entry.code,
        "message": entry.reason,
    }


def entry_row(entry: Entry) -> dict[str, Any]:
    """Return one person of a run."""
    outcome = "error" if entry.outcome is Outcome.ERROR else entry.outcome.value
    return {
        "customer_id": entry.customer_id,
        "email": entry.email,
        "outcome": outcome,
        "reason": entry.reason,
    }


class People(Protocol):
    """Where the people of a run are: the desk, or a preview."""

    def entries(
        self, run_id: int, *, outcome: Outcome | None = None, offset: int = 0, limit: int = 100
    ) -> Sequence[Entry]:
        """Return people of a run."""

    def entry_kinds(self, run_id: int) -> Sequence[tuple[Outcome, str, int]]:
        """Return the kinds of change a run saw."""


def write_run(out: Writes, people: People, run: Run) -> None:
    """Write one run with its errors and people, page by page: a run may hold a million."""
    _write_run(out, people, run, run_head(run))


def write_preview(out: Writes, preview: Preview) -> None:
    """Write what a run would do: the document of a run, and that it is none (design §8)."""
    head = {**run_head(preview.run), "dry_run": True, "welcome_emails": preview.welcome_emails}
    _write_run(out, preview, preview.run, head)


def _write_run(out: Writes, people: People, run: Run, head: dict[str, Any]) -> None:
    out.write(json.dumps(head, ensure_ascii=False)[:-1] + ', "errors": [')
    _write_rows(out, (error_row(e) for e in _entries(people, run.id, Outcome.ERROR)))
    out.write('], "entries": [')
    _write_rows(out, (entry_row(e) for e in _entries(people, run.id, None)))
    out.write("]}\n")


def _entries(people: People, run_id: int, outcome: Outcome | None) -> Iterator[Entry]:
    return paged(lambda offset: people.entries(run_id, outcome=outcome, offset=offset, limit=_PAGE))


def paged(read: Callable[[int], Sequence[Any]]) -> Iterator[Any]:
    """Yield everything a paging call has, from offset 0."""
    offset = 0
    while page := read(offset):
        yield from page
        offset += len(page)


def _write_rows(out: Writes, rows: Iterator[dict[str, Any]]) -> None:
    """Write the rows of an array, many at a time: a million of them is more than the export's own work."""
    first = True
    while some := list(islice(rows, _PAGE)):
        out.write(("" if first else ",") + orjson.dumps(some)[1:-1].decode())
        first = False


def write_drift(out: Writes, report: DriftReport) -> None:
    """Write a comparison, page by page: a shop may have a million people whom Constant Contact lacks."""
    kinds = [
        {"kind": kind.value, "people": people, "repairable": kind.repairable, "meaning": kind.meaning}
        for kind, people in report.kinds.items()
    ]
    head = json.dumps({"checked_at": moment(report.checked_at), "kinds": kinds}, ensure_ascii=False)
    out.write(head[:-1] + ', "people": [')
    _write_rows(out, (_drift_row(one) for one in report.people))
    out.write("]}\n")


def _drift_row(one: Drift) -> dict[str, Any]:
    return {
        "email": one.email,
        "customer_ids": list(one.customer_ids),
        "kind": one.kind.value,
        "shop": one.shop.value,
        "mail": one.mail.value,
        "reason": one.reason,
    }


def write_ledger(out: Writes, entries: Iterator[LedgerEntry]) -> None:
    """Write the ledger, page by page."""
    out.write('{"entries": [')
    _write_rows(out, (ledger_row(one) for one in entries))
    out.write("]}\n")


def ledger_row(one: LedgerEntry) -> dict[str, Any]:
    """Return one statement or command of ours (design §8); what is not known or does not apply is null."""
    return {
        "at": moment(one.at),
        "until": moment(one.until),
        "email": one.email or None,
        "side": one.side.value,
        "subject": one.subject or None,
        "author": one.author.value,
        "says": one.says.value,
        "how": one.how.value,
        "evidence": one.evidence or None,
        "rule": one.rule or None,
        "run": one.run,
        "outcome": one.outcome or None,
    }


def newcomer_row(link: Link) -> dict[str, Any]:
    """Return an account that staff are asked to add or leave (design §3a R1)."""
    return {
        "customer_id": link.customer_id,
        "email": link.email,
        "opted_in_at": moment(link.kibo_updated_at),
        "reason": link.note,
    }


def event_row(event: QueuedEvent) -> dict[str, Any]:
    """Return one entry of the queue."""
    return {
        "event_id": event.event_id,
        "object_id": event.object_id,
        "created_at": moment(event.created_at),
        "status": event.status.value,
        "attempts": event.attempts,
        "error": event.error or None,
        "next_try_at": moment(event.next_try_at),
        "result": event.result or None,
    }


def settings_document(settings: Settings, *, secret_set: bool) -> dict[str, Any]:
    """Return every setting by its key; of the secret only whether it is there."""
    values = asdict(settings)
    return {**{key: values[key] for key in SETTINGS}, "kibo_shared_secret_set": secret_set}


def logged_out_document(result: LoggedOut) -> dict[str, Any]:
    """Return what came of a logout."""
    return {
        "logged_in": False,
        "withdrawn": result.withdrawn,
        "kibo_shared_secret": result.kibo_secret.value,
    }


def _connection(connection: Connection) -> dict[str, Any]:
    return {
        "state": connection.state.value,
        "name": connection.name,
        "who": connection.who,
        "since": moment(connection.since),
        "expires": moment(connection.expires),
        "error": error_document(connection.error) if connection.error else None,
        "note": connection.note or None,
    }


def status_document(status: Status) -> dict[str, Any]:
    """Return the state of everything."""
    app = {True: "on", False: "off", None: "unknown"}[status.kibo_app]
    return {
        "version": status.version,
        "base_dir": status.base_dir,
        "enabled": status.enabled,
        "contact_list": status.contact_list,
        "kibo": {
            **_connection(status.kibo),
            "tenant": status.kibo.name,
            "application_status": app,
        },
        "constant_contact": {
            **_connection(status.constant_contact),
            "account": status.constant_contact.name,
        },
        "calls_today": {
            "used": status.calls.used,
            "limit": status.calls.limit,
            "left": status.calls.left,
            "reserved": status.calls.reserved,
            "by_origin": status.calls.by_origin,
            "resets_at": moment(status.calls.resets_at),
        },
        "next_runs": {kind.value: moment(at) for kind, at in status.next_runs.items()},
        "loops_running": status.loops_at_work,
        "paused_until": moment(status.paused_until),
        "last_gap": _gap(status.last_gap),
        "running": status.running or None,
        "queued": status.queued,
        "parked": status.parked,
        "links": status.links,
        "last_export": moment(status.last_export),
        "last_good_runs": {kind.value: moment(at) for kind, at in status.last_good.items()},
        "last_failed_runs": {kind.value: run_head(run) for kind, run in status.last_failed.items()},
        "owed": {
            "opt_outs": status.pending.opt_outs,
            "opt_ins": status.pending.opt_ins,
            "since": moment(status.pending.since),
        },
        "needs_you": [need_row(need) for need in status.needs_you],
    }


def _gap(gap: Gap | None) -> dict[str, Any] | None:
    if gap is None:
        return None
    return {"from": moment(gap.since), "to": moment(gap.until), "reason": gap.reason.value}


def need_row(need: Need) -> dict[str, Any]:
    """Return one thing that needs a person; `stuck`: work is held up by it, and the exit code is 4."""
    title, next_step = needs.words(need)
    return {
        "kind": need.kind.value,
        "count": need.count,
        "since": moment(need.since),
        "subject": need.subject or None,
        "people": list(need.people),
        "ids": list(need.ids),
        "stuck": need.stuck,
        "title": title,
        "next_step": next_step,
    }


def error_document(error: CcdeskError) -> dict[str, Any]:
    """Return an error in the words staff see."""
    return {
        "code": error.code,
        "title": words.title(error),
        "meaning": error.meaning,
        "next_step": words.next_step(error),
        "detail": error.detail,
        "retry_helps": error.retry_helps,
    }
