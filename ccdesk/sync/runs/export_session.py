"""An export that was cut short is gone on with by the next one (design §4); nothing it did is forgotten.

What it read and sent is in `store.exports`. What it had read of Constant Contact is not: people may have left
the list since, so that side is read anew and everybody not sent yet is planned again.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from ccdesk.core.clock import format_time, parse_time
from ccdesk.core.exporting import Chunk, Planned
from ccdesk.core.intents import Act, JournalLine
from ccdesk.core.models import Link, LinkState, Ownership
from ccdesk.core.runs import OffList
from ccdesk.sync import state_names as names
from ccdesk.sync.agreement import as_read
from ccdesk.sync.context import RunContext
from ccdesk.sync.journal import line_of
from ccdesk.sync.mapping import creation_hash
from ccdesk.sync.outbox.plain import sent_fields
from ccdesk.sync.watermarks import newest_change

log = logging.getLogger(__name__)

PAGE = 500
# A customer who was read longer ago is read again before being sent, and so is everybody where that takes but
# a few calls: an account deleted since shows nowhere else.
_FRESH_FOR = timedelta(hours=1)
_READ_QUICKLY = 2_000
_KEPT_FOR = timedelta(days=7)  # Constant Contact remembers its jobs for ten days


@dataclass(frozen=True, slots=True)
class ExportSession:
    """The export as it is remembered: `mark` is Kibo's newest update date before the first page was read.

    `off_list`: what a person said about customers who are contacts but not on the list (`first_export`).
    """

    run_id: int
    began_at: datetime
    mark: datetime | None
    list_id: str
    guests: bool
    read_at: datetime  # when the reading of customers began
    read: bool = False  # all customers are in
    off_list: OffList = OffList.ASK

    def save(self, ctx: RunContext) -> None:
        """Remember it."""
        stored = {
            "run": self.run_id,
            "began": format_time(self.began_at),
            "mark": format_time(self.mark) if self.mark else "",
            "list": self.list_id,
            "guests": self.guests,
            "read_at": format_time(self.read_at),
            "read": self.read,
            "off_list": self.off_list.value,
        }
        ctx.store.state.set(names.EXPORT_OPEN, json.dumps(stored))


def _remembered(ctx: RunContext) -> ExportSession | None:
    text = ctx.store.state.get(names.EXPORT_OPEN)
    if not text:
        return None
    stored = json.loads(text)
    began = parse_time(stored["began"]) or ctx.clock.now()
    return ExportSession(
        stored["run"],
        began,
        parse_time(stored["mark"]),
        stored["list"],
        bool(stored["guests"]),
        parse_time(stored["read_at"]) or began,
        bool(stored["read"]),
        OffList(stored.get("off_list", "")),
    )


def resume_or_start(ctx: RunContext) -> ExportSession:
    """Return the export to go on with, or begin a new one.

    One made for another list or other people, or too long ago, is not gone on with.
    """
    found = _remembered(ctx)
    if found is not None and _fits(ctx, found):
        ctx.goes_on = True
        former = ctx.store.runs.get(found.run_id)
        if former is None or not former.asks_about_list:  # that one did nothing but ask
            ctx.run = replace(ctx.run, resumes=found.run_id)
            ctx.store.runs.resumes(ctx.run.id, found.run_id)
        log.info("run %s goes on from run %s", ctx.run.id, found.run_id)
        found = replace(found, run_id=ctx.run.id)
        found.save(ctx)
        return found
    note_cut_short(ctx)
    close(ctx)
    begun = ExportSession(
        ctx.run.id,
        ctx.clock.now(),
        newest_change(ctx),
        ctx.settings.list_id,
        ctx.settings.guests,
        ctx.clock.now(),
    )
    with ctx.store.transaction():
        if ctx.store.state.get_time(names.EVENTS_SINCE) is None:
            # A customer who is sent may opt out before this export is done: the first look is at what changed
            # since.
            ctx.store.state.set_time(names.EVENTS_SINCE, begun.mark)
            ctx.store.state.set_time(names.EVENTS_BEGAN, begun.mark)
        begun.save(ctx)
    return begun


def discard_stale(ctx: RunContext, export: ExportSession) -> ExportSession:
    """Forget who has to be read again before they are sent, once it is known who was sent."""
    exports = ctx.store.exports
    long_ago = abs(ctx.clock.now() - export.read_at) > _FRESH_FOR
    if not ctx.goes_on or not (long_ago or exports.count() <= _READ_QUICKLY):
        return export
    export = replace(export, read_at=ctx.clock.now(), read=False)
    with ctx.store.transaction():
        exports.forget_unsent()
        export.save(ctx)
    return export


def _fits(ctx: RunContext, found: ExportSession) -> bool:
    same = (found.list_id, found.guests) == (ctx.settings.list_id, ctx.settings.guests)
    return same and abs(ctx.clock.now() - found.began_at) <= _KEPT_FOR


def close(ctx: RunContext) -> None:
    """Forget the export: it is finished."""
    with ctx.store.transaction():
        ctx.store.state.set(names.EXPORT_OPEN, "")
        ctx.store.exports.clear()


def is_open_export_of(ctx: RunContext, run_id: int) -> bool:
    """Say whether an export that was cut short is that of this run, and would be gone on with."""
    export = _remembered(ctx)
    return export is not None and export.run_id == run_id and export.list_id == ctx.settings.list_id


def note_cut_short(ctx: RunContext) -> None:
    """Before anything else runs: let the links know of everybody sent by an export that was cut short.

    Else an opt-out in Kibo that comes before the export is gone on with would look like no change. What was
    sent to a list that is not the active one any more is not looked at (design R7).
    """
    export = _remembered(ctx)
    if export is None or export.list_id != ctx.settings.list_id:
        return
    for chunk in ctx.store.exports.chunks():
        if not chunk.noted:
            store_intents(ctx, chunk, export.run_id)
            ctx.store.exports.save_chunk(replace(chunk, noted=True))


def store_intents(ctx: RunContext, chunk: Chunk, run_id: int | None = None) -> None:
    """Note on the links that a chunk's people may be on the list through us, except where that is known.

    `run_id`: the run that sent them, None for the one going on.
    """
    after = -1
    while page := ctx.store.exports.unsettled(chunk, after, PAGE, new_contacts=True):
        ctx.check_cancel()
        after = page[-1].customer.id
        links = ctx.store.links.many([one.customer.id for one in page])
        unnoted = [one for one in page if not _is_noted(links.get(one.customer.id), chunk)]
        begin(ctx, unnoted, links, chunk.sent_at, by_job=True, run_id=run_id)


def _is_noted(link: Link | None, chunk: Chunk) -> bool:
    """Say whether the link was written at or after the sending: by this note, or by what came of it since."""
    return link is not None and link.written_at is not None and link.written_at >= chunk.sent_at


def begin(
    ctx: RunContext,
    people: Sequence[Planned],
    links: Mapping[int, Link],
    sent_at: datetime,
    *,
    by_job: bool = False,
    run_id: int | None = None,
) -> None:
    """Store that people are being put on the list since then, in links and journal.

    `run_id`: the run that does it, None for the one going on.
    """
    made = [with_open_intent(ctx, one, links.get(one.customer.id), sent_at) for one in people]
    with ctx.store.transaction():
        ctx.store.links.save(made)
        ctx.store.intents.begin(
            replace(_line(ctx, one, link, sent_at, by_job=by_job), run_id=run_id or ctx.run.id)
            for one, link in zip(people, made, strict=True)
        )


def _line(ctx: RunContext, one: Planned, link: Link, sent_at: datetime, *, by_job: bool) -> JournalLine:
    act = Act.ADD if one.contact_id else Act.CREATE
    return line_of(ctx, act, link, begun=sent_at, by_job=by_job)


def with_open_intent(ctx: RunContext, person: Planned, link: Link | None, sent_at: datetime) -> Link:
    """The link of somebody being put on the list, whose outcome is not known yet."""
    known = as_read(link or Link(person.customer.id), person.customer)
    created = person.ownership is Ownership.OWNED and not person.contact_id
    written = creation_hash(sent_fields(ctx, person)) if created else known.written_hash
    return replace(
        known,
        email=person.customer.email,
        contact_id="" if created else known.contact_id,
        ownership=person.ownership,
        state=LinkState.SYNCED
        if known.state is LinkState.LEFT_LIST and not known.may_be_there
        else known.state,
        written_hash=written,
        written_at=sent_at,
        on_list=known.on_list and not created,
        passed_by=False,
    )


def pages_of(ctx: RunContext, action: str) -> Iterator[list[Planned]]:
    """Yield people with that action who are in no chunk."""
    after = -1
    while page := ctx.store.exports.unsent(action, after, PAGE):
        yield page
        after = page[-1].customer.id
